"""The ways to say which voxels made the network's answer; one function each, and their registry."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import torch
from torch import Tensor

from motorscope.contract import FeatureSpec
from motorscope.contract.attribution import MethodFacts
from motorscope.detection.tiling.stitch import Slices
from motorscope.errors import ConfigError
from motorscope.network.unet import UNet3d
from motorscope.tomogram import Shape

INPUT = FeatureSpec(name="input", channels=1, stride=1, offset=0.0)


@dataclass(frozen=True)
class Settings:
    """What the methods can be told.

    Attributes
    ----------
    steps
        Points on the way from the baseline to the crop (integrated gradients).
    box
        The part of the crop that is covered, block by block (occlusion).
    block
        Side (z, y, x) in voxels of what is covered at once; it is moved by half of that.
    """

    steps: int
    box: Slices
    block: Shape


@dataclass(frozen=True)
class Question:
    """What is asked of the network: which voxels make its logit at a voxel what it is.

    Attributes
    ----------
    network
        In evaluation mode, its parameters without gradients.
    x
        The crop, ``(1, c, z, y, x)``.
    baseline
        Value of a voxel that says nothing.
    choose
        Returns the heatmap voxel to explain, from the logits ``(z, y, x)``.
    """

    network: UNet3d
    x: Tensor
    baseline: float
    choose: Callable[[Tensor], Shape]
    settings: Settings

    def logit_at(self, voxel: Shape) -> Callable[[Tensor], Tensor]:
        """Return what gives the logits ``(n,)`` at a voxel for a batch of crops."""
        return lambda x: self.network(x)[(slice(None), 0, *voxel)]

    def answer(self) -> tuple[Tensor, Shape]:
        """Return the logits ``(z, y, x)``, without gradients, and the voxel to explain."""
        with torch.no_grad():
            logits = self.network(self.x)[0, 0]
        return logits, self.choose(logits)


@dataclass(frozen=True)
class Method:
    """A way to explain.

    Attributes
    ----------
    label
        What a person calls it.
    shows
        What its map shows, in one sentence.
    compute
        Returns the heatmap's logits and the map, both ``(z, y, x)``. The map is positive where the
        tomogram speaks for a motor at the chosen voxel.
    spec
        Geometry of the map.
    passes
        How often the network is run.
    boxed
        Whether the map is of the box in the settings alone.
    gradients
        Whether it needs gradients, which take memory.
    captum
        Whether it needs captum.
    """

    label: str
    shows: str
    compute: Callable[[Question], tuple[Tensor, Tensor]]
    spec: Callable[[UNet3d], FeatureSpec]
    passes: Callable[[Settings], int] = lambda settings: 1
    boxed: bool = False
    gradients: bool = True
    captum: bool = False


def finest_stage(network: UNet3d) -> int:
    """Return the index of the finest encoder stage that the decoder reads."""
    return len(network.encoder.channels) - 1 - len(network.decoder.blocks)


def method_of(name: str) -> Method:
    """Return a method by its name.

    Raises
    ------
    ConfigError
        If there is none of this name, or what it needs is not installed.
    """
    method = METHODS.get(name)
    if method is None:
        raise ConfigError(f"There is no method '{name}'; choose one of: {', '.join(METHODS)}.")
    if missing := _missing(name):
        raise ConfigError(missing)
    return method


def list_methods() -> tuple[MethodFacts, ...]:
    """Return what can be said of all methods, the quickest first."""
    return tuple(
        MethodFacts(name, method.label, method.shows, _missing(name))
        for name, method in METHODS.items()
    )


def _missing(name: str) -> str:
    """Return what is missing for a method, in a sentence; empty if nothing is."""
    if not METHODS[name].captum or find_spec("captum") is not None:
        return ""
    without = " or ".join(name for name, each in METHODS.items() if not each.captum)
    return (
        f"The method '{name}' needs captum; install it with "
        f"'pip install \"napari-motorscope[inspect]\"', or choose {without}."
    )


def _hirescam(question: Question) -> tuple[Tensor, Tensor]:
    network = question.network
    x = question.x.detach().requires_grad_()
    with torch.enable_grad():
        features = network.encoder.forward_features(x, first=finest_stage(network))
        finest = features[0]  # the decoder empties the list
        logits = network.seg_head(network.decoder(features))[0, 0]
        (gradient,) = torch.autograd.grad(logits[question.choose(logits.detach())], finest)
    return logits.detach(), (finest.detach() * gradient)[0].sum(dim=0)


def _gradients(question: Question) -> tuple[Tensor, Tensor]:
    x = question.x.detach().requires_grad_()
    with torch.enable_grad():
        logits = question.network(x)[0, 0]
        (gradient,) = torch.autograd.grad(logits[question.choose(logits.detach())], x)
    return logits.detach(), ((x.detach() - question.baseline) * gradient)[0].sum(dim=0)


def _integrated(question: Question) -> tuple[Tensor, Tensor]:
    from captum.attr import IntegratedGradients

    logits, voxel = question.answer()
    with torch.enable_grad():
        values: Tensor = IntegratedGradients(question.logit_at(voxel)).attribute(
            question.x,
            baselines=question.baseline,
            n_steps=question.settings.steps,
            internal_batch_size=1,  # else all steps are in memory at once
        )
    return logits, values.detach()[0].sum(dim=0)


def _occlusion(question: Question) -> tuple[Tensor, Tensor]:
    from captum.attr import Occlusion

    logits, voxel = question.answer()
    logit_at = question.logit_at(voxel)
    z, y, x = question.settings.box
    channels = question.x.shape[1]
    block, strides = _blocks(question.settings)

    def logit(box: Tensor) -> Tensor:
        crop = question.x.clone()
        crop[:, :, z, y, x] = box
        return logit_at(crop)

    with torch.no_grad():
        values: Tensor = Occlusion(logit).attribute(
            question.x[:, :, z, y, x],
            sliding_window_shapes=(channels, *block),
            strides=(channels, *strides),
            baselines=question.baseline,
        )
    return logits, values[0].mean(dim=0)  # all channels are covered at once and share one value


def _occlusion_passes(settings: Settings) -> int:
    block, strides = _blocks(settings)
    sides = [axis.stop - axis.start for axis in settings.box]
    places = [1 + -(-(n - b) // s) for n, b, s in zip(sides, block, strides, strict=True)]
    total: int = math.prod(places)
    return 2 + total  # the answer first, and once with nothing covered


def _blocks(settings: Settings) -> tuple[Shape, Shape]:
    """Return sides and steps of the blocks, no larger than the box."""
    sides = [axis.stop - axis.start for axis in settings.box]
    z, y, x = (min(b, n) for b, n in zip(settings.block, sides, strict=True))
    return (z, y, x), (max(z // 2, 1), max(y // 2, 1), max(x // 2, 1))


METHODS: dict[str, Method] = {
    "hirescam": Method(
        label="HiResCAM",
        shows="Where the finest maps that the decoder reads speak for a motor here, at once but in "
        "large voxels.",
        compute=_hirescam,
        spec=lambda network: network.encoder.feature_specs[finest_stage(network)],
    ),
    "gradients": Method(
        label="Gradients × input",
        shows="Which voxels would change the score at once if they were a little different; fine "
        "and noisy.",
        compute=_gradients,
        spec=lambda network: INPUT,
    ),
    "integrated": Method(
        label="Integrated gradients",
        shows="How much each voxel adds to the score on the way from plain grey to the tomogram; "
        "the sum is the whole score.",
        compute=_integrated,
        spec=lambda network: INPUT,
        passes=lambda settings: 1 + settings.steps,
        captum=True,
    ),
    "occlusion": Method(
        label="Occlusion",
        shows="How much the score falls when a block is covered with plain grey; coarse, slow, and "
        "nothing but the network's answers.",
        compute=_occlusion,
        spec=lambda network: INPUT,
        passes=_occlusion_passes,
        boxed=True,
        gradients=False,
        captum=True,
    ),
}
"""All ways to explain, by the name that the command line knows."""
