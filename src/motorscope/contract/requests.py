"""What can be asked for.

A request that travels holds references (`ModelRef`, `VolumeRef`); where it is computed, they are
replaced by what they refer to: a network, which only rooms with torch know, and a `Tomogram`.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from motorscope.contract.models import Inventory, ModelOption
from motorscope.contract.refs import ModelRef
from motorscope.contract.results import DetectionResult
from motorscope.tomogram.grid import Vector

R = TypeVar("R", covariant=True)
M = TypeVar("M")
V = TypeVar("V")

Region = tuple[Vector, Vector]
"""Two corners (z, y, x) in Å of a box, in any order."""


@dataclass(frozen=True)
class RunSettings:
    """Where and how a network is run.

    Attributes
    ----------
    device
        ``auto``, ``cuda``, ``cuda:1``, ``mps`` or ``cpu``.
    precision
        ``auto``, ``fp32``, ``fp16`` or ``bf16``.
    flips
        Whether a detection averages over flips along z, y and x (test-time augmentation) wherever
        they can make a candidate; ``None`` for what the model's card says, for which calibration
        and threshold hold.
    flips_everywhere
        Whether it computes the flips of the whole volume, which is 4 times the work of one pass.
    """

    device: str = "auto"
    precision: str = "auto"
    flips: bool | None = None
    flips_everywhere: bool = False


class Request(Generic[R]):
    """A request, and the type of what answers it."""

    @property
    def device(self) -> str | None:
        """Name of the device that it needs for itself; ``None`` for none."""
        return None


class NetworkRequest(Request[R]):
    """A request that runs a network, on the device that its settings name."""

    settings: RunSettings

    @property
    def device(self) -> str:
        """Name of the device that it needs for itself."""
        return self.settings.device


@dataclass(frozen=True)
class InventoryRequest(Request[Inventory]):
    """Look at the shipped models, at a default model that may be a file, and at the devices.

    A default that cannot be read is left out.
    """

    default: str = "built-in"


@dataclass(frozen=True)
class ModelRequest(Request[ModelOption]):
    """Load a model, or an encoder alone, to see whether it can be used, and what its card says."""

    model: ModelRef


@dataclass(frozen=True)
class DetectionRequest(NetworkRequest[DetectionResult], Generic[V, M]):
    """Find motors in a tomogram.

    Attributes
    ----------
    tomogram, model
        What to look at with which network: these, or references to them.
    region
        The box to look at, or ``None`` for the whole tomogram.
    """

    tomogram: V
    model: M
    region: Region | None = None
    settings: RunSettings = RunSettings()
