"""Kinds of cell and motor that the second way knows, and what one scene shall hold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from motorscope.simulation.config import Range, SimulationConfig
from motorscope.simulation.swept import anatomy
from motorscope.simulation.swept.stage import Streams
from motorscope.simulation.swept.turned import Part

Arrangement = Literal["single", "bipolar", "tuft", "row", "around"]

_CROWDED = 0.35
_SEVERAL_CELLS = (0.68, 0.25, 0.07)
_RIBOSOMES = (12000.0, 38000.0)


@dataclass(frozen=True)
class Kind:
    """A bacterium and its motor; lengths in Å.

    Attributes
    ----------
    parts
        Returns the motor's parts.
    width, hook
        Heights of the outer membrane at the motor and of the hook's beginning.
    flat
        Radius within which the outer membrane keeps its height.
    shapes, radius, periplasm
        What cells look like: shapes with equal chances, ranges to draw from.
    places
        Weights of a pole, near a pole, the side.
    arrangements
        Of several motors on a cell.
    surface_layer
        How many cells have one.
    label
        Height of the labelled centre, between MS ring and C ring.
    unusual
        Whether it differs more from one cell to the next and lacks parts more often.
    """

    name: str
    parts: Callable[[], list[Part]]
    width: float
    hook: float
    flat: float
    shapes: tuple[str, ...]
    radius: Range
    periplasm: Range
    places: tuple[float, float, float]
    arrangements: tuple[Arrangement, ...] = ("single",)
    sheathed: bool = False
    surface_layer: float = 0.0
    gram_positive: bool = False
    periplasmic: bool = False
    label: float = -50.0
    unusual: bool = False


# fmt: off
KINDS = {kind.name: kind for kind in (
    Kind("salmonella", anatomy.salmonella, 300, 295, 220, ("rod", "rod", "mini"), (1300, 2600),
         (240, 320), (0.35, 0.2, 0.45), ("single", "single", "around")),
    Kind("vibrio", anatomy.vibrio, 315, 305, 340, ("comma", "rod"), (1400, 2600), (250, 330),
         (0.85, 0.15, 0.0), ("single", "single", "single", "tuft"), sheathed=True),
    Kind("campylobacter", anatomy.campylobacter, 380, 380, 620, ("spiral", "comma"), (900, 1650),
         (300, 400), (0.9, 0.1, 0.0), ("single", "bipolar")),
    Kind("helicobacter", anatomy.helicobacter, 385, 385, 520, ("spiral", "rod"), (1300, 2300),
         (300, 380), (0.75, 0.25, 0.0), ("single", "tuft"), sheathed=True),
    Kind("borrelia", anatomy.borrelia, 440, 210, 420, ("wave",), (950, 1500), (260, 360),
         (0.0, 0.85, 0.15), ("single", "row"), periplasmic=True, label=-60),
    Kind("treponema", anatomy.treponema, 460, 230, 400, ("spiral", "wave"), (800, 1400),
         (260, 380), (0.05, 0.85, 0.1), ("single", "row"), periplasmic=True, label=-60),
    Kind("bdellovibrio", anatomy.bdellovibrio, 330, 320, 300, ("comma",), (1000, 1700), (260, 340),
         (0.95, 0.05, 0.0), sheathed=True),
    Kind("caulobacter", anatomy.caulobacter, 310, 305, 260, ("comma", "rod"), (1300, 2200),
         (260, 340), (0.9, 0.1, 0.0), surface_layer=0.8),
    Kind("shewanella", anatomy.shewanella, 310, 300, 280, ("rod", "comma"), (1400, 2500),
         (250, 330), (0.8, 0.1, 0.1), ("single", "single", "tuft")),
    Kind("leptospira", anatomy.leptospira, 480, 240, 480, ("wave", "spiral"), (850, 1300),
         (300, 420), (0.0, 0.9, 0.1), periplasmic=True, label=-65, unusual=True),
    Kind("bacillus", anatomy.bacillus, 420, 400, 150, ("rod",), (1800, 2800), (340, 420),
         (0.05, 0.15, 0.8), ("single", "around"), gram_positive=True, unusual=True),
    Kind("wolinella", anatomy.wolinella, 460, 460, 740, ("spiral", "comma"), (1200, 1900),
         (340, 460), (0.95, 0.05, 0.0), ("single", "bipolar"), unusual=True),
    Kind("hylemonella", anatomy.hylemonella, 340, 340, 380, ("spiral",), (1100, 1800), (280, 380),
         (0.9, 0.1, 0.0), ("single", "bipolar", "tuft"), unusual=True),
    Kind("squat", anatomy.squat, 260, 250, 220, ("mini", "rod", "sphere"), (1200, 2300), (220, 280),
         (0.4, 0.1, 0.5), ("single", "around"), unusual=True),
)}
# fmt: on


@dataclass(frozen=True)
class Plan:
    """What a scene shall hold.

    Attributes
    ----------
    kind
        Of all its cells.
    motors, arrangement
        How many, and how they stand.
    scale
        Factor of the motors' size.
    without_studs, hook_only
        Chances that a motor has no stators, and no more than a hook.
    ice
        Thickness, Å.
    neighbours
        Number of other cells.
    ribosomes
        Per cubic µm of cytoplasm.
    crowded
        Whether more lies about than usual.
    """

    kind: Kind
    motors: int
    arrangement: Arrangement
    scale: float
    without_studs: float
    hook_only: float
    ice: float
    neighbours: int
    ribosomes: float
    crowded: bool


def draw_plan(config: SimulationConfig, streams: Streams) -> Plan:
    """Draw what a scene shall hold."""
    rng = streams.of("plan")
    chances = np.array(config.motor_counts, dtype=float)
    count = int(rng.choice(len(chances), p=chances / chances.sum()))
    names = config.swept_species
    if count > 1:
        able = [name for name in names if set(KINDS[name].arrangements) != {"single"}]
        names = tuple(able) or names
    kind = KINDS[str(rng.choice(names))]
    arrangements = [a for a in kind.arrangements if a != "single"] or ["around"]
    arrangement = arrangements[int(rng.integers(len(arrangements)))]
    if arrangement == "bipolar" and count > 2:
        arrangement = "tuft"
    depth = config.shape[0] * config.spacing
    return Plan(
        kind,
        count,
        arrangement,
        scale=float(rng.normal(1.0, 0.07 if kind.unusual else 0.035)),
        without_studs=0.25 if kind.unusual else 0.15,
        hook_only=0.3 if kind.unusual else 0.18,
        ice=float(depth * rng.uniform(0.72, 0.98)),
        neighbours=int(rng.choice(3, p=_SEVERAL_CELLS)),
        ribosomes=float(rng.uniform(*_RIBOSOMES)),
        crowded=bool(rng.random() < _CROWDED),
    )
