"""Long work as generators, which yield messages, poll a cancel token, and return.

What needs a network is asked of an engine.
"""

from dataclasses import dataclass

from motorscope.contract import (
    CancelToken,
    DetectionRequest,
    DetectionResult,
    FeatureRequest,
    FeatureResult,
    Inventory,
    InventoryRequest,
    ModelCard,
    ModelOption,
    ModelRef,
    ModelRequest,
    Run,
    RunSettings,
)
from motorscope.engine import Engine, run_on
from motorscope.plugin.layers.viewport import Box
from motorscope.tomogram import Tomogram


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be done with which tomogram layer.

    Attributes
    ----------
    layer_id
        Identity of the tomogram's layer.
    tomogram, region
        The volume, and the two corners (z, y, x) in Å of the part to look at, or ``None`` for all
        of it.
    model, card
        Which network, and its card.
    device, precision, flips
        See `motorscope.contract.RunSettings`.
    stage, memory_limit
        For feature maps: number of the encoder's stage, stem 0, and the most bytes they may take.
    """

    layer_id: str
    tomogram: Tomogram
    region: Box | None
    model: ModelRef
    card: ModelCard
    device: str = "auto"
    precision: str = "auto"
    flips: bool | None = None
    stage: int = 0
    memory_limit: int = 2_000_000_000

    @property
    def settings(self) -> RunSettings:
        """Where and how the network is run."""
        return RunSettings(self.device, self.precision, self.flips)


def inventory_job(engine: Engine, default: str, cancel: CancelToken) -> Run[Inventory]:
    """Look at models and devices."""
    return run_on(engine, InventoryRequest(default), cancel)


def open_model_job(engine: Engine, ref: ModelRef, cancel: CancelToken) -> Run[ModelOption]:
    """Load a model from a file."""
    return run_on(engine, ModelRequest(ref), cancel)


def detection_job(task: Task, engine: Engine, cancel: CancelToken) -> Run[DetectionResult]:
    """Find motors; see `motorscope.detection.detect` for the messages."""
    request = DetectionRequest(
        tomogram=task.tomogram,
        model=task.model,
        region=task.region,
        settings=task.settings,
    )
    return run_on(engine, request, cancel)


def features_job(task: Task, engine: Engine, cancel: CancelToken) -> Run[FeatureResult]:
    """Compute one stage's maps; see `motorscope.inspection.encoder_maps`."""
    request = FeatureRequest(
        tomogram=task.tomogram,
        model=task.model,
        stage=task.stage,
        region=task.region,
        settings=task.settings,
        memory_limit=task.memory_limit,
    )
    return run_on(engine, request, cancel)
