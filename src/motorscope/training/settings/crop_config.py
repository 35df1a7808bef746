"""What a training run is told about its crops: where they come from, how they are changed."""

from dataclasses import dataclass, replace

from motorscope.simulation.config import Range
from motorscope.tomogram.grid import Shape
from motorscope.tomogram.recipe import InputRecipe
from motorscope.training.settings.checks import require


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
        require(
            len(self.crops) > 0
            and all(side > 0 and side % 32 == 0 for crop in self.crops for side in crop),
            "crops",
            self.crops,
            "shapes whose sides are multiples of 32",
        )
        require(self.scenes >= 0, "scenes", self.scenes, "0 or more")
        require(min(self.scene_shape) >= 32, "scene_shape", self.scene_shape, "at least 32 a side")
        shares = self.motor_share, self.structure_share
        require(
            min(shares) >= 0 and sum(shares) <= 1,
            "motor_share, structure_share",
            shares,
            "shares that sum to at most 1",
        )
        share = self.distractor_share
        require(0 <= share <= 1, "distractor_share", share, "in [0, 1]")
        require(0 <= self.jitter <= 0.5, "jitter", self.jitter, "in [0, 0.5]")
        for name in ("mistake_share", "closing_share", "real_share", "rejected_share"):
            value = getattr(self, name)
            require(0 <= value <= 1, name, value, "in [0, 1]")
        require(0 <= self.held_out < 1, "held_out", self.held_out, "in [0, 1)")
        spacing = self.tomogram_spacing
        require(spacing is None or spacing > 0, "tomogram_spacing", spacing, "positive")
        require(self.workers >= 0, "workers", self.workers, "0 or more")
        require(
            (self.tomograms is None) == (self.picks is None),
            "tomograms, picks",
            (self.tomograms, self.picks),
            "given together or not at all",
        )
        require(
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
        return InputRecipe(spacing=self.spacing, density="dark")


@dataclass(frozen=True)
class AugmentationConfig:
    """How far a crop is changed, and how often; ranges are drawn from uniformly.

    Attributes
    ----------
    rescale
        Factor on all axes.
    stretch
        Further factor on each axis of its own.
    invert, mirror, edge, dropout, blur_share, thick_share
        Probabilities of grey inversion, of a mirrored end, of an edge of the field of view, of
        coarse dropout, of blurring and of sections thicker than the voxels.
    thickness
        Of such sections, in voxels.
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
    thick_share: float = 0.0
    thickness: Range = (2.0, 6.0)
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
        probabilities = "invert", "mirror", "edge", "dropout", "blur_share", "thick_share"
        for name in (*probabilities, "mixup", "cutmix"):
            value = getattr(self, name)
            require(0 <= value <= 1, name, value, "a probability")
        for name in ("rescale", "stretch", "gamma", "contrast"):
            value = getattr(self, name)
            require(0 < value[0] <= value[1] <= 4, name, value, "a rising range in (0, 4]")
        for name in ("noise", "blur", "slope"):
            value = getattr(self, name)
            require(0 <= value[0] <= value[1], name, value, "a rising range from 0")
        thickness = self.thickness
        require(1 <= thickness[0] <= thickness[1], "thickness", thickness, "a rising range from 1")
        require(
            self.brightness[0] <= self.brightness[1],
            "brightness",
            self.brightness,
            "a rising range",
        )
        low, high = self.clip_low, self.clip_high
        require(
            0 <= low[0] <= low[1] < high[0] <= high[1] <= 100,
            "clip_low, clip_high",
            (low, high),
            "two rising ranges of percentiles, the first below the second",
        )
