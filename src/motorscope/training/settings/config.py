"""What a training run is told: frozen tables, checked before anything starts."""

import math
from dataclasses import dataclass, field
from typing import Literal

from motorscope.contract import Architecture
from motorscope.network.encoders import backbones
from motorscope.simulation import SimulationConfig
from motorscope.tomogram.grid import Shape
from motorscope.training.settings.checks import require
from motorscope.training.settings.crop_config import AugmentationConfig, DataConfig
from motorscope.training.settings.picture_config import PictureConfig


@dataclass(frozen=True)
class NetworkConfig:
    """The network to train; see :class:`~motorscope.contract.card.Architecture`.

    Attributes
    ----------
    drop_path_rate
        Stochastic depth of the encoder's last block; rises linearly from 0.
    start_from
        Name or file of a model whose weights training starts from, or ``None`` for random weights.
    start_share
        Share of that model in the weights of the finished one, which are otherwise the trained
        ones; a mean of both is often better than either (Wortsman et al. 2022, arXiv 2109.01903).
        What is looked at during training is the trained ones alone.
    encoder_weights
        A file with weights for the encoder alone (``r3d*_KM_200ep.pth``), or ``None``.
    """

    backbone: str = "r3d18"
    base_width: int = 16
    decoder_channels: tuple[int, ...] = (96, 48)
    drop_path_rate: float = 0.1
    checkpointing: bool = False
    start_from: str | None = None
    start_share: float = 0.0
    encoder_weights: str | None = None

    def __post_init__(self) -> None:
        known = backbones()
        require(self.backbone in known, "backbone", self.backbone, f"one of {', '.join(known)}")
        require(self.base_width >= 1, "base_width", self.base_width, "at least 1")
        require(0 <= self.drop_path_rate < 1, "drop_path_rate", self.drop_path_rate, "in [0, 1)")
        widths = self.decoder_channels
        require(
            1 <= len(widths) <= 4 and min(widths) >= 1,
            "decoder_channels",
            widths,
            "one to four positive numbers",
        )

        require(0 <= self.start_share < 1, "start_share", self.start_share, "in [0, 1)")
        require(
            not self.start_share or self.start_from is not None,
            "start_share",
            self.start_share,
            "0 where start_from names no model",
        )
        both = self.start_from is not None and self.encoder_weights is not None
        require(not both, "encoder_weights", self.encoder_weights, "unset beside start_from")

    def architecture(self) -> Architecture:
        """Return what a model card says of this network."""
        return Architecture(
            backbone=self.backbone,
            in_channels=1,
            base_width=self.base_width,
            decoder_channels=self.decoder_channels,
            auxiliary_head=True,
            align_corners=False,
        )


@dataclass(frozen=True)
class LossConfig:
    """Target and loss; see :mod:`motorscope.training.fitting.loss`."""

    sigma: float = 1.0
    pos_weight: float = 256.0
    smoothing: float = 1e-3
    pooled_weight: float = 0.25
    auxiliary_weight: float = 0.1

    def __post_init__(self) -> None:
        require(self.sigma > 0, "sigma", self.sigma, "positive")
        require(self.pos_weight > 0, "pos_weight", self.pos_weight, "positive")
        require(0 <= self.smoothing < 1, "smoothing", self.smoothing, "in [0, 1)")
        for name in ("pooled_weight", "auxiliary_weight"):
            value = getattr(self, name)
            require(value >= 0, name, value, "0 or more")


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW, its schedule, and the running average of the weights, which is what is saved.

    Attributes
    ----------
    schedule
        The learning rate rises and falls once (``onecycle``), or stays.
    cycles
        How often it rises and falls.
    cycle_share
        Weight, in the finished model, of the running average at the end of the cycle before the
        last; what either has learned too well, their mean has not.
    """

    steps: int = 4000
    batch: int = 4
    learning_rate: float = 1e-3
    schedule: Literal["onecycle", "constant"] = "onecycle"
    cycles: int = 1
    cycle_share: float = 0.0
    weight_decay: float = 1e-4
    gradient_clip: float = 1.0
    ema_decay: float = 0.999
    checkpoint_every: int = 200
    log_every: int = 20

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "checkpoint_every", "log_every"):
            value = getattr(self, name)
            require(value >= 1, name, value, "at least 1")
        fitting = 1 <= self.cycles <= self.steps
        require(fitting, "cycles", self.cycles, f"from 1 to the number of steps, {self.steps}")
        require(0 <= self.cycle_share < 1, "cycle_share", self.cycle_share, "in [0, 1)")
        require(
            not self.cycle_share or self.cycles > 1,
            "cycle_share",
            self.cycle_share,
            "0 where there is one cycle",
        )
        for name in ("learning_rate", "gradient_clip"):
            value = getattr(self, name)
            require(0 < value and math.isfinite(value), name, value, "positive")
        require(self.weight_decay >= 0, "weight_decay", self.weight_decay, "0 or more")
        require(0 <= self.ema_decay < 1, "ema_decay", self.ema_decay, "in [0, 1)")


@dataclass(frozen=True)
class ValidationConfig:
    """The held-out simulated tomograms on which the model is scored and calibrated.

    Attributes
    ----------
    tomograms
        How many are looked at during training.
    final_tomograms
        How many calibrate the finished model; with 0 its scores are only shifted by
        ln(pos_weight), and its card has no figures.
    shape, spacings
        Their shape (z, y, x), and voxel sizes in Å, taken in turn.
    simulation
        What else they are drawn from: the simulator's own ranges where it does not say otherwise,
        not those of the training. They are always projected and back-projected. Where the model
        makes no mistakes in them, nothing says where its threshold should be.
    every
        Steps between two looks.
    radius
        Distance in Å within which a motor counts as found.
    minimum_distance
        Closest distance of two motors in Å, written to the model's card.
    flips
        Whether the model is measured and calibrated, and by its card then used, with averages over
        flips along z, y and x: fewer wrong picks for four times the work.
    seed
        First seed of the held-out tomograms; training draws its scenes from other streams.
    sections, false_alarms
        So many drawn sections without a motor raise the threshold, if need be, until at most this
        share of them has a candidate above it; 0 leaves the threshold alone.
    """

    tomograms: int = 12
    final_tomograms: int = 40
    shape: Shape = (128, 384, 384)
    spacings: tuple[float, ...] = (13.1, 15.6, 16.0)
    simulation: SimulationConfig = field(default_factory=SimulationConfig)
    every: int = 1000
    radius: float = 1000.0
    minimum_distance: float = 500.0
    flips: bool = False
    seed: int = 900_000
    sections: int = 0
    false_alarms: float = 0.05

    def __post_init__(self) -> None:
        for name in ("tomograms", "final_tomograms", "seed", "sections"):
            value = getattr(self, name)
            require(value >= 0, name, value, "0 or more")
        alarms = self.false_alarms
        require(0 < alarms < 1, "false_alarms", alarms, "a share between 0 and 1")
        require(self.every >= 1, "every", self.every, "at least 1")
        require(min(self.shape) >= 32, "shape", self.shape, "at least 32 a side")
        spacings = self.spacings
        require(len(spacings) > 0 and min(spacings) > 0, "spacings", spacings, "positive")
        for name in ("radius", "minimum_distance"):
            value = getattr(self, name)
            require(value > 0, name, value, "a positive number of Å")


@dataclass(frozen=True)
class LoggingConfig:
    """Where the losses go beside ``log.csv``.

    Attributes
    ----------
    tensorboard
        Whether to write files for TensorBoard, into the folder ``tensorboard`` of the run.
    """

    tensorboard: bool = False


@dataclass(frozen=True)
class TrainConfig:
    """One training run, wholly: the same file and seed give the same model.

    The simulation's shape and spacing are replaced by those of `data`.
    """

    name: str = "motors"
    seed: int = 0
    network: NetworkConfig = field(default_factory=NetworkConfig)
    data: DataConfig = field(default_factory=DataConfig)
    pictures: PictureConfig = field(default_factory=PictureConfig)
    simulation: SimulationConfig = field(default_factory=SimulationConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    validation: ValidationConfig = field(default_factory=ValidationConfig)
    logging: LoggingConfig = field(default_factory=LoggingConfig)

    def __post_init__(self) -> None:
        plain = self.name.replace("-", "").replace("_", "").replace(".", "").isalnum()
        require(plain, "name", self.name, "letters, digits, '-', '_' and '.'")
        require(self.seed >= 0, "seed", self.seed, "0 or more")
        share = self.data.mistake_share
        require(
            not share or self.network.start_from is not None,
            "data.mistake_share",
            share,
            "0 where network.start_from names no model whose mistakes could be looked for",
        )
        fewest = min(math.prod(side // 32 for side in crop) for crop in self.data.crops)
        require(
            self.optimiser.batch * fewest > 1,
            "optimiser.batch",
            self.optimiser.batch,
            "at least 2 where a crop is 32 × 32 × 32 (batch normalisation needs two values)",
        )
