"""Why here: which voxels of the tomogram make the network see a motor, or none, at a point."""

import threading
import time

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from motorscope.contract import CancelToken, Progress, Run
from motorscope.contract.attribution import Attribution, AttributionRequest, Crop
from motorscope.detection.calibration import probability
from motorscope.detection.forward.watch import Cancelled, stop_if
from motorscope.detection.tiling.stitch import Slices
from motorscope.inspection.attribution.crop import cut_crop
from motorscope.inspection.attribution.methods import Method, Question, Settings, method_of
from motorscope.inspection.attribution.network import ask
from motorscope.network.model import Model
from motorscope.network.unet import UNet3d
from motorscope.tomogram import Shape, Tomogram, Vector, VoxelGrid, level_for

Map = NDArray[np.float32]


def attribute(
    request: AttributionRequest[Tomogram, Model], cancel: CancelToken | None = None
) -> Run[Attribution]:
    """Explain the network's answer at a point: yield messages, then return the map.

    Parameters
    ----------
    request
        What to do.
    cancel
        Looked at between the steps and between the network's layers.

    Yields
    ------
    Progress or Notice
        Progress in layers of the network over all passes; a notice for each fallback.

    Raises
    ------
    ConfigError
        If there is no such method, or what it needs is not installed.
    SpacingError
        If the tomogram's voxel spacing is unknown.
    TomogramError
        If the point lies outside of the tomogram, or the voxels cannot be read.
    DeviceError
        If the device is not to be had, or memory runs out even on the CPU.
    ModelError
        If the map is not finite.
    """
    cancel = threading.Event() if cancel is None else cancel
    began = time.monotonic()
    method = method_of(request.method)
    model = request.model
    try:
        stop_if(cancel)
        yield Progress("Preparing the tomogram", 0, 1)
        tomogram = level_for(request.tomogram, model.card.input)
        crop = cut_crop(tomogram, model, request.at, request.intensity)
        settings = _settings(request, crop)

        def work(network: UNet3d, x: Tensor) -> tuple[Map, Map]:
            question = Question(
                network=network,
                x=x,
                baseline=crop.mean,
                choose=lambda logits: highest(logits.cpu().numpy(), crop),
                settings=settings,
            )
            logits, values = method.compute(question)
            return logits.cpu().numpy(), values.cpu().numpy()

        (logits, values), device = yield from ask(
            method.label,
            model,
            crop.values,
            work,
            method.passes(settings),
            method.gradients,
            request.settings.device,
            cancel,
        )
    except Cancelled:
        return None
    values, grid = _placed(values, crop, method, model, settings)
    voxel = highest(logits, crop)
    logit = logits[voxel]
    heatmap = crop.map_grid(crop.output.stride, crop.output.offset)
    return Attribution(
        method=request.method,
        values=values,
        grid=grid,
        target=_vector(heatmap.to_world(voxel)),
        voxel=voxel,
        logit=float(logit),
        score=float(probability(logit, model.card.calibration)),
        crop=crop,
        device=device,
        seconds=time.monotonic() - began,
    )


def highest(logits: Map, crop: Crop) -> Shape:
    """Return the highest heatmap voxel within one voxel of the target, within the tomogram."""
    shape = crop.map_grid(crop.output.stride, crop.output.offset).shape
    near = [slice(max(t - 1, 0), min(t + 2, n)) for t, n in zip(crop.target, shape, strict=True)]
    part = logits[tuple(near)]
    place = np.unravel_index(int(part.argmax()), part.shape)
    z, y, x = (int(p) + axis.start for p, axis in zip(place, near, strict=True))
    return z, y, x


def _settings(request: AttributionRequest[Tomogram, Model], crop: Crop) -> Settings:
    spacing = crop.grid.known_spacing()
    block, box = [], []
    for v, s, n in zip(crop.target, spacing, crop.inside, strict=True):
        centre = v * crop.output.stride + crop.output.offset
        low = max(round(centre - request.reach / s), 0)
        box.append(slice(low, max(min(round(centre + request.reach / s) + 1, n), low + 1)))
        block.append(max(round(request.block / s), 1))
    return Settings(
        steps=request.steps,
        box=(box[0], box[1], box[2]),
        block=(block[0], block[1], block[2]),
    )


def _placed(
    values: Map, crop: Crop, method: Method, model: Model, settings: Settings
) -> tuple[Map, VoxelGrid]:
    """Return the part of a map that lies within the tomogram, and its grid."""
    if method.boxed:
        start = tuple(axis.start for axis in settings.box)
        return values, crop.grid.cropped((start[0], start[1], start[2]), _shape(settings.box))
    spec = method.spec(model.network)
    grid = crop.map_grid(spec.stride, spec.offset)
    z, y, x = grid.shape
    return np.ascontiguousarray(values[:z, :y, :x]), grid


def _shape(box: Slices) -> Shape:
    z, y, x = (axis.stop - axis.start for axis in box)
    return z, y, x


def _vector(values: NDArray[np.float64]) -> Vector:
    return (float(values[0]), float(values[1]), float(values[2]))
