"""What preparing pictures in another way, or batch norms fitted to each, would do for a model.

python benchmarks/pictures_inputs.py FOLDER [MODEL]

FOLDER is as `pictures_scoring` says. Each row is one way, without mirror images.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy.fft import irfft2, rfft2, rfftfreq
from scipy.ndimage import gaussian_filter

from motorscope.network import Model, load_model
from motorscope.simulation import SectionConfig, draw_section, image_section
from pictures_scoring import (
    Prepare,
    average_precision,
    best_is_motor,
    grey_range,
    search_pictures,
)

Hook = Callable[[torch.nn.BatchNorm3d, tuple[torch.Tensor]], torch.Tensor]
FITTED = 0.3
"""Weight of a picture's own statistics where batch norms are fitted to it in part."""


def percentiles(low: float, high: float) -> Prepare:
    """Return a way that clips at other percentiles."""

    def prepare(image: np.ndarray) -> np.ndarray:
        dark, bright = np.percentile(image, [low, high])
        return np.clip((image - dark) / max(bright - dark, 1e-6), 0, 1).astype(np.float32)

    return prepare


def local_contrast(size: float) -> Prepare:
    """Return a way that divides by the contrast about each pixel (`size` in pixels, Gaussian)."""

    def prepare(image: np.ndarray) -> np.ndarray:
        flat = image - gaussian_filter(image, size)
        spread = np.sqrt(gaussian_filter(flat**2, size))
        return grey_range(image.mean() + flat / (spread + 0.1 * flat.std()))

    return prepare


def radial_amplitude(image: np.ndarray, bins: int = 24) -> np.ndarray:
    """Return the mean amplitude in rings of frequency from 0 to Nyquist."""
    ring = rings(image.shape, bins)
    amplitude = np.abs(rfft2((image - image.mean()) / image.std(), norm="ortho"))
    return np.bincount(ring.ravel(), amplitude.ravel(), bins) / np.bincount(
        ring.ravel(), None, bins
    )


def rings(shape: tuple[int, ...], bins: int) -> np.ndarray:
    """Return the ring of each frequency of a real transform."""
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], rfftfreq(shape[1]))
    return np.minimum(frequency * 2 * bins, bins - 1).astype(int)


def like_drawn(count: int = 60) -> Prepare:
    """Return a way that gives a picture the mean spectrum of drawn sections."""
    amplitudes, config = [], SectionConfig(spacing=18.0)
    for number in range(count):
        rng = np.random.default_rng(number)
        section = draw_section(config, rng)
        image = image_section(section.density, section.motors, config.spacing, config, rng)
        amplitudes.append(radial_amplitude(image))
    wanted = np.mean(amplitudes, axis=0)

    def prepare(image: np.ndarray) -> np.ndarray:
        gain = np.clip(wanted / radial_amplitude(image), 0.25, 4.0)
        gain[0] = 1.0
        spectrum = rfft2(image) * gain[rings(image.shape, len(gain))]
        return grey_range(irfft2(spectrum, image.shape))

    return prepare


def with_own_statistics(model: Model, weight: float) -> Model:
    """Let batch norms take part of their statistics from each picture."""
    for module in model.network.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            module.register_forward_pre_hook(blend(weight))
    return model


def blend(weight: float) -> Hook:
    """Return a hook that shifts a batch norm's input as if its statistics were blended."""

    def hook(norm: torch.nn.BatchNorm3d, inputs: tuple[torch.Tensor]) -> torch.Tensor:
        values = inputs[0]
        axes = (0, 2, 3, 4)
        known_mean, known = norm.running_mean, norm.running_var
        mean = (1 - weight) * known_mean + weight * values.mean(axes)
        variance = (1 - weight) * known + weight * values.var(axes)
        shape = (1, -1, 1, 1, 1)
        relative = torch.sqrt((known + norm.eps) / (variance + norm.eps)).view(shape)
        return (values - mean.view(shape)) * relative + known_mean.view(shape)

    return hook


def main() -> None:
    """Print a row for each way."""
    folder, name = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "built-in"
    torch.set_num_threads(1)
    spacing = load_model(name).card.input.spacing
    ways: dict[str, tuple[Prepare, float]] = {
        "as detection does": (grey_range, 0.0),
        "percentiles 0.1 and 99.9": (percentiles(0.1, 99.9), 0.0),
        "percentiles 5 and 95": (percentiles(5, 95), 0.0),
        "local contrast, 300 Å": (local_contrast(300 / spacing), 0.0),
        "local contrast, 1000 Å": (local_contrast(1000 / spacing), 0.0),
        "spectrum of drawn sections": (like_drawn(), 0.0),
        f"batch norms fitted, {FITTED:.0%}": (grey_range, FITTED),
        "batch norms fitted": (grey_range, 1.0),
    }
    print(f"{'':30} average precision  best candidate", flush=True)
    for way, (prepare, weight) in ways.items():
        model = with_own_statistics(load_model(name), weight)
        found = search_pictures(model.network.eval(), folder, spacing, prepare)
        precision, first = average_precision(found), best_is_motor(found)
        print(f"{way:30} {precision:17.3f} {first:15.3f}", flush=True)


if __name__ == "__main__":
    main()
