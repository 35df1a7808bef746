"""How far the score falls when what a map marks is replaced: a test that all maps can take."""

import threading

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motorscope.contract import CancelToken, Run
from motorscope.contract.attribution import Deletion, DeletionRequest
from motorscope.detection.calibration import probability
from motorscope.detection.forward.watch import Cancelled
from motorscope.inspection.attribution.network import ask
from motorscope.inspection.regrid import resampled
from motorscope.network.model import Model
from motorscope.network.unet import UNet3d
from motorscope.tomogram import Shape, VoxelGrid


def deletion_test(
    request: DeletionRequest[Model], cancel: CancelToken | None = None
) -> Run[Deletion]:
    """Replace what a map marks: yield messages, then return what is left of the score.

    Raises
    ------
    DeviceError
        If the device is not to be had, or memory runs out even on the CPU.
    ModelError
        If the network's output is not finite.
    """
    cancel = threading.Event() if cancel is None else cancel
    crop = request.crop
    order = _marked(request)
    most = [_ball(radius, crop.grid) for radius in request.radii]
    counts = tuple(min(count, len(order)) for count in most)

    def work(network: UNet3d, x: Tensor) -> tuple[NDArray[np.float32], ...]:
        logits = [_logit(network, x, request.voxel)]
        for count in counts:
            z, y, x_ = (torch.from_numpy(axis).to(x.device) for axis in order[:count].T.copy())
            covered = x.clone()
            covered[:, :, z, y, x_] = crop.mean
            logits.append(_logit(network, covered, request.voxel))
        return (np.array(logits, np.float32),)

    try:
        (logits,), _ = yield from ask(
            "Replacing what the map marks",
            request.model,
            crop.values,
            work,
            1 + len(counts),
            False,
            request.settings.device,
            cancel,
        )
    except Cancelled:
        return None
    score, *scores = probability(logits, request.model.card.calibration).tolist()
    return Deletion(score=score, radii=request.radii, voxels=counts, scores=tuple(scores))


def _marked(request: DeletionRequest[Model]) -> NDArray[np.intp]:
    """Return the voxels ``(n, 3)`` where the map is positive, the highest first."""
    inside = request.crop.inside_grid
    values = resampled(request.values, request.grid, inside)
    flat = values.ravel()
    positive = np.flatnonzero(flat > 0)
    ordered = positive[np.argsort(-flat[positive], kind="stable")]
    return np.stack(np.unravel_index(ordered, inside.shape), axis=1)


def _ball(radius: float, grid: VoxelGrid) -> int:
    volume = float(np.prod(grid.known_spacing()))
    return max(round(4 / 3 * np.pi * radius**3 / volume), 1)


def _logit(network: UNet3d, x: Tensor, voxel: Shape) -> float:
    with torch.inference_mode():
        return float(network(x)[(0, 0, *voxel)])
