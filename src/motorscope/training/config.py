"""What a training run is told: frozen tables, checked before anything starts."""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from motorscope.errors import ConfigError
from motorscope.network.card import Architecture
from motorscope.simulation import SimulationConfig
from motorscope.tomogram.grid import Shape
from motorscope.tomogram.recipe import InputRecipe

Range = tuple[float, float]


@dataclass(frozen=True)
class NetworkConfig:
    """The network to train; see :class:`~motorscope.network.card.Architecture`.

    Attributes
    ----------
    drop_path_rate
        Stochastic depth of the encoder's last block; rises linearly from 0.
    start_from
        Name or file of a model whose weights training starts from, or ``None`` for random weights.
    start_share
        Share of that model in the weights of the finished one, which are otherwise the trained
        ones; a mean of both is often better than either (Wortsman et al. 2022, arXiv 2109.01903).
    encoder_weights
        A file with weights for the encoder alone (``r3d*_KM_200ep.pth``), or ``None``.
    """

    backbone: Literal["r3d18", "r3d200"] = "r3d18"
    base_width: int = 16
    decoder_channels: tuple[int, ...] = (96, 48)
    drop_path_rate: float = 0.1
    checkpointing: bool = False
    start_from: str | None = None
    start_share: float = 0.0
    encoder_weights: str | None = None

    def __post_init__(self) -> None:
        _require(self.base_width >= 1, "base_width", self.base_width, "at least 1")
        _require(0 <= self.drop_path_rate < 1, "drop_path_rate", self.drop_path_rate, "in [0, 1)")
        widths = self.decoder_channels
        _require(
            1 <= len(widths) <= 4 and min(widths) >= 1,
            "decoder_channels",
            widths,
            "one to four positive numbers",
        )

        _require(0 <= self.start_share < 1, "start_share", self.start_share, "in [0, 1)")
        _require(
            not self.start_share or self.start_from is not None,
            "start_share",
            self.start_share,
            "0 where start_from names no model",
        )
        both = self.start_from is not None and self.encoder_weights is not None
        _require(not both, "encoder_weights", self.encoder_weights, "unset beside start_from")

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
class DataConfig:
    """Where the crops come from.

    Attributes
    ----------
    spacing
        Voxel size in Å of the network's input.
    crops
        Shapes (z, y, x) of training crops in voxels, multiples of 32; the steps take them in turn.
        Small ones are quick, large ones show the network what a tomogram's middle looks like.
    scenes
        Number of simulated noise-free scenes in the pool; 0 where only real tomograms are used.
    scene_shape
        Shape (z, y, x) of a scene in voxels.
    distractor_share
        Share of scenes that show other things than bacteria, or nothing.
    motor_share, structure_share
        Shares of crops placed near a motor or near something dense; the others lie anywhere.
    mistake_share
        Share of crops that are placed near a place where the model that training starts from is
        wrong; the other shares divide the rest. Above 0 it needs ``network.start_from``, and every
        scene is searched before training.
    closing_share
        Share of the steps, the last ones, whose crops lie anywhere, whatever the other shares say:
        a search of whole tomograms meets such places.
    jitter
        Furthest distance, per axis and as a fraction of the crop, of that object from the crop's
        centre.
    tomograms, picks
        A folder of tomograms and the file of their picks, to train on beside the scenes (or instead
        of them): our own CSV, or the competition's ``train`` and ``train_labels.csv``.
    tomogram_spacing
        Voxel size of those tomograms in Å, where neither they nor the picks say it, or wrongly.
    real_share
        Share of crops from those tomograms, where there are both.
    rejected_share
        Share of the crops of tomograms that are placed near a rejected pick, where there are any.
    held_out
        Share of the tomograms that is not trained on, but scored in the end.
    workers
        Processes that prepare crops; 0 prepares them in the main process.
    """

    spacing: float = 16.0
    crops: tuple[Shape, ...] = ((64, 96, 96),)
    scenes: int = 200
    scene_shape: tuple[int, int, int] = (96, 256, 256)
    distractor_share: float = 0.15
    motor_share: float = 0.5
    structure_share: float = 0.25
    mistake_share: float = 0.0
    closing_share: float = 0.0
    jitter: float = 0.3
    tomograms: str | None = None
    picks: str | None = None
    tomogram_spacing: float | None = None
    real_share: float = 0.5
    rejected_share: float = 0.25
    held_out: float = 0.0
    workers: int = 1

    def __post_init__(self) -> None:
        InputRecipe(spacing=self.spacing)
        _require(
            len(self.crops) > 0
            and all(side > 0 and side % 32 == 0 for crop in self.crops for side in crop),
            "crops",
            self.crops,
            "shapes whose sides are multiples of 32",
        )
        _require(self.scenes >= 0, "scenes", self.scenes, "0 or more")
        _require(min(self.scene_shape) >= 32, "scene_shape", self.scene_shape, "at least 32 a side")
        shares = self.motor_share, self.structure_share
        _require(
            min(shares) >= 0 and sum(shares) <= 1,
            "motor_share, structure_share",
            shares,
            "shares that sum to at most 1",
        )
        share = self.distractor_share
        _require(0 <= share <= 1, "distractor_share", share, "in [0, 1]")
        _require(0 <= self.jitter <= 0.5, "jitter", self.jitter, "in [0, 0.5]")
        for name in ("mistake_share", "closing_share", "real_share", "rejected_share"):
            value = getattr(self, name)
            _require(0 <= value <= 1, name, value, "in [0, 1]")
        _require(0 <= self.held_out < 1, "held_out", self.held_out, "in [0, 1)")
        spacing = self.tomogram_spacing
        _require(spacing is None or spacing > 0, "tomogram_spacing", spacing, "positive")
        _require(self.workers >= 0, "workers", self.workers, "0 or more")
        _require(
            (self.tomograms is None) == (self.picks is None),
            "tomograms, picks",
            (self.tomograms, self.picks),
            "given together or not at all",
        )
        _require(
            self.scenes > 0 or self.tomograms is not None,
            "scenes",
            self.scenes,
            "positive where no tomograms are given",
        )

    def anywhere(self) -> "DataConfig":
        """Return the same data with crops that lie anywhere."""
        return replace(
            self, motor_share=0.0, structure_share=0.0, mistake_share=0.0, rejected_share=0.0
        )

    def recipe(self) -> InputRecipe:
        """Return how tomograms become the network's input."""
        return InputRecipe(spacing=self.spacing)


@dataclass(frozen=True)
class AugmentationConfig:
    """How far a crop is changed, and how often; ranges are drawn from uniformly.

    Attributes
    ----------
    rescale
        Factor on all axes.
    stretch
        Further factor on each axis of its own.
    invert, mirror, edge, dropout, blur_share
        Probabilities of grey inversion, of a mirrored end, of an edge of the field of view, of
        coarse dropout and of blurring.
    slope
        Rise of the grey value from end to end, in standard deviations.
    clip_low, clip_high
        Percentiles at which the crop is clipped before it is scaled to 0…1; the whole tomogram's 1
        and 99 lie anywhere near these in a crop.
    gamma, contrast, brightness, noise, blur
        Exponent, factor about 0.5, shift, standard deviation of added white noise (all on grey
        values 0…1), standard deviation of a Gaussian filter in voxels.
    mixup, cutmix
        Probabilities that a batch is blended with, or gets boxes of, itself in another order.
    """

    rescale: Range = (0.85, 1.15)
    stretch: Range = (0.95, 1.05)
    invert: float = 0.25
    mirror: float = 0.1
    edge: float = 0.1
    dropout: float = 0.2
    blur_share: float = 0.3
    slope: Range = (0.0, 1.0)
    clip_low: Range = (0.2, 3.0)
    clip_high: Range = (97.0, 99.8)
    gamma: Range = (0.7, 1.4)
    contrast: Range = (0.7, 1.2)
    brightness: Range = (-0.1, 0.1)
    noise: Range = (0.0, 0.1)
    blur: Range = (0.3, 1.0)
    mixup: float = 0.0
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        for name in ("invert", "mirror", "edge", "dropout", "blur_share", "mixup", "cutmix"):
            value = getattr(self, name)
            _require(0 <= value <= 1, name, value, "a probability")
        for name in ("rescale", "stretch", "gamma", "contrast"):
            value = getattr(self, name)
            _require(0 < value[0] <= value[1] <= 4, name, value, "a rising range in (0, 4]")
        for name in ("noise", "blur", "slope"):
            value = getattr(self, name)
            _require(0 <= value[0] <= value[1], name, value, "a rising range from 0")
        _require(
            self.brightness[0] <= self.brightness[1],
            "brightness",
            self.brightness,
            "a rising range",
        )
        low, high = self.clip_low, self.clip_high
        _require(
            0 <= low[0] <= low[1] < high[0] <= high[1] <= 100,
            "clip_low, clip_high",
            (low, high),
            "two rising ranges of percentiles, the first below the second",
        )


@dataclass(frozen=True)
class LossConfig:
    """Target and loss; see :mod:`motorscope.training.loss`."""

    sigma: float = 1.0
    pos_weight: float = 256.0
    smoothing: float = 1e-3
    pooled_weight: float = 0.25
    auxiliary_weight: float = 0.1

    def __post_init__(self) -> None:
        _require(self.sigma > 0, "sigma", self.sigma, "positive")
        _require(self.pos_weight > 0, "pos_weight", self.pos_weight, "positive")
        _require(0 <= self.smoothing < 1, "smoothing", self.smoothing, "in [0, 1)")
        for name in ("pooled_weight", "auxiliary_weight"):
            value = getattr(self, name)
            _require(value >= 0, name, value, "0 or more")


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW, its schedule, and the running average of the weights, which is what is saved."""

    steps: int = 4000
    batch: int = 4
    learning_rate: float = 1e-3
    schedule: Literal["onecycle", "constant"] = "onecycle"
    weight_decay: float = 1e-4
    gradient_clip: float = 1.0
    ema_decay: float = 0.999
    checkpoint_every: int = 200
    log_every: int = 20

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "checkpoint_every", "log_every"):
            value = getattr(self, name)
            _require(value >= 1, name, value, "at least 1")
        for name in ("learning_rate", "gradient_clip"):
            value = getattr(self, name)
            _require(0 < value and math.isfinite(value), name, value, "positive")
        _require(self.weight_decay >= 0, "weight_decay", self.weight_decay, "0 or more")
        _require(0 <= self.ema_decay < 1, "ema_decay", self.ema_decay, "in [0, 1)")


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

    def __post_init__(self) -> None:
        for name in ("tomograms", "final_tomograms", "seed"):
            value = getattr(self, name)
            _require(value >= 0, name, value, "0 or more")
        _require(self.every >= 1, "every", self.every, "at least 1")
        _require(min(self.shape) >= 32, "shape", self.shape, "at least 32 a side")
        spacings = self.spacings
        _require(len(spacings) > 0 and min(spacings) > 0, "spacings", spacings, "positive")
        for name in ("radius", "minimum_distance"):
            value = getattr(self, name)
            _require(value > 0, name, value, "a positive number of Å")


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
    simulation: SimulationConfig = field(default_factory=SimulationConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    validation: ValidationConfig = field(default_factory=ValidationConfig)
    logging: LoggingConfig = field(default_factory=LoggingConfig)

    def __post_init__(self) -> None:
        plain = self.name.replace("-", "").replace("_", "").replace(".", "").isalnum()
        _require(plain, "name", self.name, "letters, digits, '-', '_' and '.'")
        _require(self.seed >= 0, "seed", self.seed, "0 or more")
        share = self.data.mistake_share
        _require(
            not share or self.network.start_from is not None,
            "data.mistake_share",
            share,
            "0 where network.start_from names no model whose mistakes could be looked for",
        )
        fewest = min(math.prod(side // 32 for side in crop) for crop in self.data.crops)
        _require(
            self.optimiser.batch * fewest > 1,
            "optimiser.batch",
            self.optimiser.batch,
            "at least 2 where a crop is 32 × 32 × 32 (batch normalisation needs two values)",
        )


def _require(holds: bool, name: str, value: object, wanted: str) -> None:
    if not holds:
        raise ConfigError(f"{name} must be {wanted}, not {value}.")
