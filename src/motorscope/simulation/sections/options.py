"""What a drawn section may show: the shares, counts and ranges that it draws from."""

from dataclasses import dataclass, fields

from motorscope.errors import ConfigError
from motorscope.simulation.config import Range

SECTION_SPECIES = (
    "enteric",
    "vibrio",
    "pseudomonas",
    "campylobacter",
    "helicobacter",
    "caulobacter",
)


@dataclass(frozen=True)
class SectionConfig:
    """Everything that `draw_section` and `image_section` draw from.

    Lengths are in Å. A pair is a range drawn from uniformly; densities are of protein, which is
    about 1, above ice, which is 0.

    Raises
    ------
    ConfigError
        If a value is impossible: a range that falls, a share above 1, an unknown species.
    """

    side: int = 232
    """Pixels along y and x."""
    spacing: float = 18.0
    """Size of a pixel."""

    motor_share: float = 0.65
    """Sections with motors."""
    second_motor: float = 0.15
    """Cells with two motors, of those with any."""
    species: tuple[str, ...] = SECTION_SPECIES
    """Kinds of motor in Gram-negative cells; Gram-positive ones have `firmicute`."""
    motor_density: Range = (0.2, 0.85)
    """Of a motor's parts, as a share of its outer membrane's."""
    motor_width: Range = (0.85, 1.35)
    """Distance of the membranes at a motor, as a share of its species'."""
    filament: float = 0.92
    """Motors with a hook, nearly always with a filament."""
    filament_density: Range = (0.25, 0.85)
    """As a share of the outer membrane's."""

    no_cell: float = 0.08
    """Sections without any cell, of those without motors."""
    second_cell: float = 0.25
    ghost: float = 0.13
    """Sections of the remains of burst cells, with motors in what is left of their membranes."""
    gram_positive: float = 0.04
    round_cell: float = 0.3
    """Cells without a straight part."""
    at_pole: float = 0.5
    """Of the others, those that are seen at their pole."""
    radius: Range = (1300.0, 6500.0)
    """Of a cell; drawn evenly in the logarithm."""
    periplasm: Range = (230.0, 620.0)
    """Distance of the middles of the two membranes, away from motors."""
    plasmolysis: float = 0.12
    """Cells whose inner membrane has come off in places."""
    lysed: float = 0.1
    """Cells that have burst: little in them, the envelope often torn."""
    outer_membrane: Range = (0.6, 1.3)
    """Density."""
    inner_membrane: Range = (0.15, 0.75)
    """Density as a share of the outer one's."""
    periplasm_density: Range = (0.05, 0.45)
    cytoplasm: Range = (0.05, 0.5)
    """How much denser the cytoplasm is than the periplasm."""
    grain: Range = (0.03, 0.22)
    """Standard deviation of the cytoplasm's density."""
    ribosomes: Range = (0.0, 22.0)
    """In a square of 100 nm, as far as they show."""
    ribosome_density: Range = (0.05, 0.4)
    granules: float = 0.7
    """Mean number of granules and vesicles in a cell."""
    array: float = 0.2
    """Cells with a chemoreceptor array."""
    surface_layer: float = 0.07
    blebs: float = 0.15
    """Cells with blebs of their outer membrane."""
    pili: float = 0.15
    """Cells with pili or fibres."""

    carbon: float = 0.13
    """Sections with the edge of the carbon film."""
    gold: float = 1.0
    """Mean number of gold beads; they come in crowds."""
    dirt: float = 1.2
    """Mean number of pieces of ice and dirt."""
    free_filaments: float = 0.5
    """Mean number of filaments without a motor."""
    debris: float = 0.1
    """Sections with rough pieces of membranes."""
    streaks: float = 0.35
    """Sections with faint streaks of one direction."""

    contrast_transfer: float = 0.15
    """Sections under a contrast transfer function; the others are under a band-pass, as which a
    corrected or filtered tomogram appears."""
    defocus: Range = (10000.0, 120000.0)
    """Underfocus."""
    low_pass: float = 0.75
    """Sections that end well below their Nyquist frequency, but for a floor of noise."""
    noise: Range = (0.06, 0.3)
    """Standard deviation of the noise; drawn evenly in the logarithm."""
    strong_noise: Range = (0.15, 0.4)
    """The same, for one in five."""
    border: float = 0.25
    """Sections that the border of the field of view crosses."""

    def __post_init__(self) -> None:
        if self.side < 32:
            raise ConfigError(f"side must be at least 32 pixels, not {self.side!r}.")
        if not 4.0 <= self.spacing <= 60.0:
            raise ConfigError(f"spacing must lie between 4 and 60 Å, not {self.spacing!r}.")
        unknown = set(self.species) - set(SECTION_SPECIES)
        if unknown or not self.species:
            raise ConfigError(
                f"species takes names out of {', '.join(SECTION_SPECIES)}, "
                f"not {', '.join(sorted(unknown)) or 'nothing'}."
            )
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in _MEANS:
                if not value >= 0:
                    raise ConfigError(f"{item.name} must be 0 or more, not {value!r}.")
            elif isinstance(item.default, tuple) and item.name != "species":
                if not 0 <= value[0] <= value[1]:
                    raise ConfigError(
                        f"{item.name} must be a rising pair of numbers, not {value!r}."
                    )
            elif isinstance(item.default, float) and item.name != "spacing":
                if not 0 <= value <= 1:
                    raise ConfigError(f"{item.name} is a share, 0 to 1, not {value!r}.")
        for name in ("radius", "noise"):
            if getattr(self, name)[0] <= 0:
                raise ConfigError(f"{name} must be above 0, not {getattr(self, name)!r}.")


_MEANS = ("granules", "gold", "dirt", "free_filaments")
