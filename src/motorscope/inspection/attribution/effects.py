"""What each channel of a stage adds to the network's answer at a point."""

import threading

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from motorscope.contract import CancelToken, Progress, Run, RunSettings
from motorscope.contract.attribution import Effects
from motorscope.detection import choose_device
from motorscope.detection.calibration import probability
from motorscope.detection.forward.watch import Cancelled, stop_if
from motorscope.errors import ModelError
from motorscope.inspection.attribution.crop import cut_crop
from motorscope.inspection.attribution.explain import highest
from motorscope.inspection.attribution.network import ask
from motorscope.network import EncoderModel, Model, Split, UNet3d
from motorscope.tomogram import Tomogram, Vector, level_for

_AT_ONCE = 2**20
"""Values of the stage's maps in a batch on a CPU, which larger ones make no faster."""


def channel_effects(
    tomogram: Tomogram,
    model: Model | EncoderModel,
    stage: str,
    at: Vector,
    means: ArrayLike,
    settings: RunSettings | None = None,
    cancel: CancelToken | None = None,
) -> Run[Effects]:
    """Set each channel of a stage to its mean, one at a time, and see what is left of the score.

    The channel is changed all over the crop that the network looks at to answer for the point, and
    the rest of the network computed of that, the skips to the decoder included.

    Parameters
    ----------
    stage
        Name of a tap.
    at
        The point (z, y, x) in Å.
    means
        Of the channels over the tomogram, ``(channel,)``.
    cancel
        Looked at between the network's layers.

    Yields
    ------
    Progress or Notice
        Progress in layers of the network; a notice for each fallback.

    Raises
    ------
    ModelError
        If it is an encoder without a detector, there is no such stage, or an answer is not finite.
    SpacingError
        If the tomogram's voxel spacing is unknown.
    TomogramError
        If the point lies outside of the tomogram, or the voxels cannot be read.
    DeviceError
        If the device is not to be had, or memory runs out even on the CPU.
    """
    cancel = threading.Event() if cancel is None else cancel
    if isinstance(model, EncoderModel):
        raise ModelError(
            f"{model.card.name} is an encoder without a detector, so there is no score that its "
            "channels could change; choose a detector."
        )
    settings = settings or RunSettings()
    constants = np.asarray(means, np.float32)
    split = Split(model.network, stage)
    at_once = _AT_ONCE if choose_device(settings.device).type == "cpu" else 16 * _AT_ONCE
    try:
        stop_if(cancel)
        yield Progress("Preparing the tomogram", 0, 1)
        crop = cut_crop(level_for(tomogram, model.card.input), model, at)
        size = crop.values.size // split.spec.stride**3
        batch = max(at_once // (split.spec.channels * size), 1)

        def work(network: UNet3d, x: Tensor) -> tuple[NDArray[np.float32], ...]:
            with torch.inference_mode():
                here = Split(network, stage)
                y, others = here.before(x)
                logits = here.after(y, others)[0, 0].cpu().numpy()
                voxel = highest(logits, crop)
                left = []
                for start in range(0, len(constants), batch):
                    chosen = range(start, min(start + batch, len(constants)))
                    changed = y.repeat(len(chosen), 1, 1, 1, 1)
                    for row, channel in enumerate(chosen):
                        changed[row, channel] = float(constants[channel])
                    left.append(here.after(changed, others)[(slice(None), 0, *voxel)].cpu().numpy())
            return np.asarray(logits[voxel]), np.asarray(voxel, np.float32), np.concatenate(left)

        batches = -(-len(constants) // batch)
        (logit, voxel, without), _ = yield from ask(
            f"Setting channels of {stage} to their means",
            model,
            crop.values,
            work,
            1 + batches * split.share,
            False,
            settings.device,
            cancel,
        )
    except Cancelled:
        return None
    z, y, x = crop.map_grid(crop.output.stride, crop.output.offset).to_world(voxel).tolist()
    calibration = model.card.calibration
    return Effects(
        stage=stage,
        target=(z, y, x),
        logit=float(logit),
        score=float(probability(logit, calibration)),
        without=probability(without, calibration),
        logits_without=without,
    )
