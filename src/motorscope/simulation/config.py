"""What a simulated tomogram may look like: every range that the simulator draws from.

Lengths are in Å, angles in degrees. A pair is a range ``(low, high)`` drawn from uniformly unless
the comment says otherwise; a single number between 0 and 1 is a probability; a tuple of names is
drawn from with equal chances, so that a name given twice comes twice as often.
"""

from dataclasses import dataclass, fields
from pathlib import Path

from motorscope.errors import ConfigError
from motorscope.tables import from_table, read_toml
from motorscope.tomogram.grid import Shape

Range = tuple[float, float]

# How many motors a tomogram holds, 0 to 19: a quarter have none, most have one, one in seven
# several, the more the rarer.
_SEVERAL = tuple(0.62**n for n in range(18))
MOTOR_COUNTS = (0.25, 0.61, *(0.14 * p / sum(_SEVERAL) for p in _SEVERAL))

CELL_SHAPES = ("rod", "bent", "comma", "spiral", "sphere")
SPECIES_NAMES = (
    "enteric",
    "vibrio",
    "pseudomonas",
    "campylobacter",
    "helicobacter",
    "spirochete",
    "caulobacter",
    "firmicute",
)
SWEPT_SPECIES = (
    "salmonella",
    "vibrio",
    "campylobacter",
    "helicobacter",
    "borrelia",
    "treponema",
    "bdellovibrio",
    "caulobacter",
    "shewanella",
    "leptospira",
    "bacillus",
    "wolinella",
    "hylemonella",
    "squat",
)
_SWEPT_TIMES = (3, 3, 3, 2, 3, 1, 2, 2, 2, 1, 1, 1, 1, 1)
LOOKALIKES = (
    "injectisome",
    "array",
    "pilus",
    "phage",
    "vesicle",
    "filament",
    "invagination",
    "clump",
)


@dataclass(frozen=True)
class SimulationConfig:
    """Everything that the simulator draws from.

    Raises
    ------
    ConfigError
        If a value is impossible: a range that falls, a probability above 1, an unknown name.
    """

    shape: Shape = (128, 512, 512)
    """Voxels (z, y, x)."""
    spacing: float = 16.0
    """Voxel size in Å."""

    motor_counts: tuple[float, ...] = MOTOR_COUNTS
    """Relative frequency of 0, 1, 2, … motors in a tomogram; at most 20 numbers."""
    species: tuple[str, ...] = SPECIES_NAMES
    """Kinds of motor in Gram-negative cells; Gram-positive ones always have `firmicute`."""
    motor_density: Range = (0.5, 1.1)
    """Density of a motor's parts; protein is about 1, ice is 0."""
    ring_motors: float = 0.15
    """How many of the motors are drawn as plain rings rather than by profiles of real averages."""
    hook: float = 0.9
    """How many of the motors carry a hook."""
    filament: float = 0.8
    """How many of the hooks carry a filament."""

    swept_cells: float = 0.0
    """Scenes that are drawn the second way, with swept cells and painted motors; of the settings of
    scenes these heed `shape`, `spacing`, `motor_counts` and `swept_species` alone."""
    swept_species: tuple[str, ...] = tuple(
        name for name, times in zip(SWEPT_SPECIES, _SWEPT_TIMES, strict=True) for _ in range(times)
    )
    """Kinds of cell and motor in scenes that are drawn the second way, one kind in each."""

    no_cell: float = 0.04
    """Tomograms without any cell, of those without motors."""
    second_cell: float = 0.2
    cell_shapes: tuple[str, ...] = (
        "rod",
        "rod",
        "rod",
        "bent",
        "bent",
        "comma",
        "spiral",
        "sphere",
    )
    gram_positive: float = 0.1
    radius: Range = (1500.0, 4000.0)
    """Cell radius, to the inner membrane."""
    length: Range = (4000.0, 25000.0)
    """Length of a cell's centre line."""
    periplasm: Range = (230.0, 380.0)
    """Distance of the middles of the two membranes."""
    wave: Range = (5.0, 45.0)
    """Waviness (standard deviation) of the outer membrane."""
    outer_membrane: Range = (0.9, 1.6)
    """Density of the outer membrane, the darkest line of a real section."""
    inner_membrane: Range = (0.4, 0.95)
    """Density of the inner membrane."""
    periplasm_density: Range = (0.06, 0.3)
    """Mean density of the periplasm."""
    cytoplasm: Range = (0.18, 0.5)
    """Mean density of the cytoplasm; it is never below the periplasm's."""
    grain: Range = (0.03, 0.22)
    """Standard deviation of the cytoplasm's density, small proteins and the like."""
    grain_size: Range = (10.0, 26.0)
    """Standard deviation of a grain's Gaussian."""
    ribosomes: Range = (5000.0, 40000.0)
    """Ribosomes per cubic µm outside the nucleoid."""
    ribosome_density: Range = (0.4, 1.0)
    """Density of the ribosomes."""
    lysed: float = 0.12
    """Cells that have burst: little in them, the envelope torn, motors still in it."""
    granules: tuple[int, int] = (0, 4)
    """Storage granules in a cell."""
    lookalikes: tuple[int, int] = (0, 5)
    """Number of structures that could be mistaken for a motor."""
    lookalike_kinds: tuple[str, ...] = LOOKALIKES
    gold: tuple[int, int] = (0, 16)
    """Gold beads."""
    carbon: float = 0.2
    """Tomograms with the edge of the carbon film."""
    contamination: tuple[int, int] = (0, 8)
    """Pieces of ice and dirt."""

    back_projection: bool = False
    """Whether to project a tilt series and to put it together, rather than to filter in Fourier
    space: several times slower, for evaluation; `tilt_axis` is then not used."""
    tilt_range: Range = (50.0, 65.0)
    """Largest tilt, drawn for each side by itself."""
    tilt_step: Range = (1.0, 3.0)
    tilt_axis: Range = (-6.0, 6.0)
    """Angle between the tilt axis and y."""
    defocus: Range = (50000.0, 120000.0)
    """Underfocus."""
    amplitude_contrast: Range = (0.25, 0.9)
    """Effective; thickness contrast included."""
    ctf_correction: float = 0.5
    """Tomograms with corrected (flipped) phases."""
    resolution: Range = (22.0, 45.0)
    """Where the envelope of dose, motion and alignment has fallen to 1/e."""
    highpass: Range = (700.0, 4000.0)
    """Structures much larger than this have lost `highpass_share` of their contrast."""
    highpass_share: Range = (0.0, 0.8)
    """Share of the contrast of large structures that preprocessing has taken away."""
    snr: Range = (0.08, 3.0)
    """Variance of signal to noise inside a cell per voxel of 16 Å; drawn evenly in the logarithm.
    Smaller voxels hold more noise, larger ones less."""
    noise_lowpass: Range = (20.0, 60.0)
    """Where the noise's envelope has fallen to 1/e; large values look like SIRT."""
    processing: float = 0.0
    """Tomograms that were processed in ways that are not known: band-pass, iterations that have not
    converged, noise of another colour (`simulation.imaging.processing`)."""
    borders: float = 0.6
    """Tomograms whose field of view is rotated, so that grey corners and edges show."""
    gradient: Range = (0.0, 1.0)
    """Rise of the grey value from side to side, in standard deviations of the volume."""
    clipping: Range = (0.05, 3.0)
    """Percentage of voxels clipped at either end of the 8-bit range."""
    inverted: float = 0.0
    """Tomograms with light density on dark."""

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or any(not isinstance(n, int) or n < 8 for n in self.shape):
            raise ConfigError(f"shape needs three whole numbers of at least 8, not {self.shape!r}.")
        if not 1.0 <= self.spacing <= 100.0:
            raise ConfigError(f"spacing must lie between 1 and 100 Å, not {self.spacing!r}.")
        if not 1 <= len(self.motor_counts) <= 20 or min(self.motor_counts) < 0:
            raise ConfigError("motor_counts needs 1 to 20 numbers, none below 0.")
        if not sum(self.motor_counts) > 0:
            raise ConfigError("motor_counts needs a number above 0.")
        for name in _PROBABILITIES:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"{name} is a probability, 0 to 1, not {getattr(self, name)!r}.")
        for name in _RANGES:
            low, high = getattr(self, name)
            if low > high or (low < 0 and name != "tilt_axis"):
                raise ConfigError(f"{name} must be a rising pair of numbers, not {(low, high)!r}.")
        for name in ("snr", "resolution", "noise_lowpass", "radius", "tilt_step", "highpass"):
            if getattr(self, name)[0] <= 0:
                raise ConfigError(f"{name} must be above 0, not {getattr(self, name)!r}.")
        if self.clipping[1] >= 50 or self.tilt_range[1] > 90:
            raise ConfigError("clipping stays below 50 %, tilt_range at or below 90°.")
        for name, known in _NAMES.items():
            unknown = set(getattr(self, name)) - set(known)
            if unknown or not getattr(self, name):
                raise ConfigError(
                    f"{name} takes names out of {', '.join(known)}, "
                    f"not {', '.join(sorted(unknown)) or 'nothing'}."
                )


_PROBABILITIES = (
    "ring_motors",
    "hook",
    "filament",
    "swept_cells",
    "lysed",
    "no_cell",
    "second_cell",
    "gram_positive",
    "carbon",
    "ctf_correction",
    "processing",
    "borders",
    "inverted",
)
_RANGES = tuple(
    field.name
    for field in fields(SimulationConfig)
    if isinstance(field.default, tuple)
    and len(field.default) == 2
    and not isinstance(field.default[0], str)
)
_NAMES = {
    "species": SPECIES_NAMES,
    "swept_species": SWEPT_SPECIES,
    "cell_shapes": CELL_SHAPES,
    "lookalike_kinds": LOOKALIKES,
}


def read_simulation_config(path: str | Path) -> SimulationConfig:
    """Read a TOML file, from its table ``[simulation]`` if it has one, else from the top.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no TOML, has an unknown key, or a value is of the wrong kind
        or impossible.
    """
    values = read_toml(path)
    table = values.get("simulation", values)
    if not isinstance(table, dict):
        raise ConfigError(f"[simulation] in {path} must be a table.")
    try:
        return from_table(SimulationConfig, table)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
