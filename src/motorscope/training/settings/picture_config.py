"""What a training run is told of the pictures that it learns from beside volumes."""

from dataclasses import dataclass, field

from motorscope.simulation import SectionConfig
from motorscope.training.settings.checks import require


@dataclass(frozen=True)
class PictureConfig:
    """Drawn sections, each taken as a volume that is the same at every z.

    A picture costs a fraction of a volume, and shows a motor as a person knows it: from the side.

    Attributes
    ----------
    sections
        Number of noise-free sections in the pool; 0 trains on volumes alone.
    batch
        Pictures in each step.
    side
        Pixels of a picture's sides, a multiple of 32.
    near_share
        Share of the pictures of sections with motors that are placed near one of them; the others
        lie anywhere.
    jitter
        Furthest distance, per axis and as a fraction of the picture, of that motor from the
        picture's centre.
    weight
        Of the pictures' loss beside that of the volumes.
    drawing
        How sections are drawn; their spacing is that of `DataConfig`.
    """

    sections: int = 0
    batch: int = 8
    side: int = 160
    near_share: float = 0.6
    jitter: float = 0.42
    weight: float = 1.0
    drawing: SectionConfig = field(default_factory=SectionConfig)

    def __post_init__(self) -> None:
        require(self.sections >= 0, "sections", self.sections, "0 or more")
        require(self.batch >= 1, "batch", self.batch, "at least 1")
        fits = self.side >= 64 and self.side % 32 == 0
        require(fits, "side", self.side, "a multiple of 32, at least 64")
        require(0 <= self.near_share <= 1, "near_share", self.near_share, "in [0, 1]")
        require(0 <= self.jitter <= 0.5, "jitter", self.jitter, "in [0, 0.5]")
        require(self.weight > 0, "weight", self.weight, "positive")
