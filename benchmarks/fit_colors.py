"""Fit the colors of a model's stages to several tomograms, and keep them beside the model.

motorscope simulate --set standard-1 --out standard-1
python benchmarks/fit_colors.py built-in standard-1 layer1 layer2 layer3

Do it again whenever the weights change: a basis belongs to the network that it was fitted to, and
is refused for another. For each stage it says how much of the variance three components explain,
over all tomograms and in each of them, and how far the axes of the first half of the tomograms
are from those of the second.
"""

import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np

from motorscope.detection import run_to_end
from motorscope.inspection import (
    Basis,
    Moments,
    Momentum,
    StageCache,
    StageRequest,
    basis_path,
    fit_basis,
    reduce_stage,
    save_basis,
)
from motorscope.network import list_models, load_model
from motorscope.tomogram import find_tomograms, open_tomogram


def moments_of(request: StageRequest) -> Moments:
    momentum = Momentum()
    run_to_end(reduce_stage(request, [momentum], StageCache.default()))
    return momentum.result()


def explained(basis: Basis, moments: Moments) -> float:
    """Return the share of a tomogram's variance that lies along the axes."""
    along = np.einsum("kc,cd,kd->", basis.axes, moments.covariance, basis.axes)
    return float(along / np.trace(moments.covariance))


def apart(one: Basis, other: Basis) -> float:
    """Return the largest angle in degrees between the spaces that two bases span."""
    cosines = np.linalg.svd(one.axes @ other.axes.T, compute_uv=False)
    return float(np.degrees(np.arccos(np.clip(cosines.min(), -1, 1))))


def main(name: str, folder: str, stages: Sequence[str]) -> None:
    model = load_model(name)
    paths = list(find_tomograms(Path(folder)).names)
    shipped = Path(str(files("motorscope.network") / "models")) / f"{name}.json"
    home = shipped if name in list_models() else Path(name)
    for stage in stages:
        known = [moments_of(StageRequest(open_tomogram(p), model, stage)) for p in paths]
        basis = fit_basis(known, stage, model.fingerprint)
        shares = ", ".join(f"{100 * share:.0f} %" for share in basis.explained)
        each = [100 * explained(basis, moments) for moments in known]
        line = f"{stage}: {shares} of the variance; {min(each):.0f} to {max(each):.0f} % in each"
        if len(known) > 1:
            halves = [fit_basis(known[start::2], stage, model.fingerprint) for start in (0, 1)]
            line += f"; halves {apart(*halves):.0f}° apart"
        path = basis_path(home, stage)
        save_basis(basis, path)
        print(f"{line}; {path}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:] or ["layer1", "layer2", "layer3"])
