"""Sheets: spectra and greys as curves, pictures side by side, where the classifier looks."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image

from picture_measures import frequencies
from picture_sections import Picture

mpl.use("Agg")
from matplotlib import pyplot as plt

SHOWN = (
    "correlation with the mean motor",
    "ice minus cytoplasm (ice sigmas)",
    "outer membrane below ice (ice sigmas)",
    "cytoplasm sigma / ice sigma",
    "low-pass span 5-95 % / fine noise",
    "neighbours' correlation",
)


def draw_figures(
    spectra: dict[str, np.ndarray],
    kinds: dict[str, list[Picture]],
    table: dict[str, dict[str, list[float]]],
    target: Path,
) -> None:
    """Draw mean spectra with 5-95 %, histograms, and figures as medians with 5-95 %."""
    figure, axes = plt.subplots(2, 4, figsize=(16, 8), layout="constrained")
    for kind, pictures in kinds.items():
        low, high = np.percentile(spectra[kind], (5, 95), axis=0)
        (line,) = axes[0, 0].plot(frequencies(), spectra[kind].mean(0), label=kind)
        axes[0, 0].fill_between(frequencies(), low, high, alpha=0.15, color=line.get_color())
        greys = np.concatenate([p.pixels[p.clean] for p in pictures])
        counts = np.bincount(greys, minlength=256)[2:254]
        axes[0, 1].plot(np.arange(2, 254), counts / counts.sum(), label=kind)
    axes[0, 0].set(title="power spectrum", xlabel="cycles / pixel", ylabel="log10 power")
    axes[0, 1].set(title="grey values", xlabel="grey value")
    axes[0, 0].legend()
    for axis, name in zip(axes.flat[2:], (n for n in SHOWN if n in table), strict=False):
        for at, (low, middle, high) in enumerate(table[name].values()):
            axis.errorbar([at], [middle], [[middle - low], [high - middle]], fmt="o", capsize=4)
        axis.set(title=name, xticks=range(len(kinds)), xticklabels=list(kinds))
    figure.savefig(target, dpi=80)
    plt.close(figure)


def side_by_side(kinds: dict[str, list[Picture]], target: Path) -> None:
    """Put pictures of all kinds beside each other, those with a motor first."""
    gap, rows, columns = 4, 8, 4
    width = columns * (256 + gap) + 12
    page = Image.new("L", (width * len(kinds), rows * (256 + gap)), 255)
    for number, pictures in enumerate(kinds.values()):
        with_motor = [p for p in pictures if p.motor is not None]
        without = [p for p in pictures if p.motor is None]
        most = rows * columns // 4 * 3
        shown = _spread(with_motor, most)
        shown += _spread(without, rows * columns - len(shown))
        for i, picture in enumerate(shown):
            y, x = divmod(i, columns)
            place = (number * width + x * (256 + gap), y * (256 + gap))
            page.paste(Image.fromarray(picture.pixels), place)
    page.save(target)


def _spread(pictures: list[Picture], most: int) -> list[Picture]:
    chosen = np.unique(np.linspace(0, len(pictures) - 1, most).round().astype(int))
    return [pictures[i] for i in chosen] if pictures else []


def where_it_looks(found: list[tuple[np.ndarray, np.ndarray, bool, float]], target: Path) -> None:
    """Show patches, and what covering parts of them takes from the right answer's score."""
    figure, axes = plt.subplots(2, len(found), figsize=(2 * len(found), 4.4), layout="constrained")
    for (top, bottom), (patch, change, simulated, score) in zip(axes.T, found, strict=True):
        top.imshow(patch, cmap="gray", vmin=-2.5, vmax=2.5)
        top.set_title(f"{'simulated' if simulated else 'real'} {score:.1f}", fontsize=8)
        most = max(float(abs(change).max()), 1e-6)
        bottom.imshow(change, cmap="RdBu_r", vmin=-most, vmax=most)
        for axis in (top, bottom):
            axis.axis("off")
    figure.savefig(target, dpi=80)
    plt.close(figure)
