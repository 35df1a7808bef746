"""What kinds of motors there are: their sizes, what they carry, and where they sit."""

from dataclasses import dataclass

CENTRE_HEIGHT = -60.0
"""Where the labelled centre lies on the axis, Å from the middle of the inner membrane: between MS
ring and C ring."""


@dataclass(frozen=True)
class Species:
    """Sizes of one kind of motor, Å, and where it sits.

    Attributes
    ----------
    c_ring, ms_ring, stators
        Outer diameters.
    stator_strength
        Density of the studs as a share of the motor's.
    studs
        Number of the stators.
    disks
        ``(place between the membranes 0…1, diameter, thickness, strength)`` of each periplasmic
        disk.
    width
        Distance of the two membranes' middles at the motor; elsewhere on the cell it may differ.
    flat
        Radius within which the membranes keep this distance.
    filament
        ``plain``, ``sheathed`` or ``periplasmic``.
    places
        Chances of a motor at one pole, at either pole, in a tuft at a pole, anywhere.
    """

    name: str
    c_ring: float
    ms_ring: float
    stators: float
    stator_strength: float
    studs: int
    disks: tuple[tuple[float, float, float, float], ...]
    width: float
    flat: float
    filament: str
    places: tuple[float, float, float, float]


SPECIES = {
    species.name: species
    for species in (
        Species("enteric", 450, 270, 560, 0.25, 11, (), 320, 220,
                "plain", (0.15, 0.1, 0.05, 0.7)),
        Species("vibrio", 490, 280, 600, 0.6, 13, ((0.35, 520, 45, 0.5), (0.72, 560, 45, 0.6)),
                320, 340, "sheathed", (0.7, 0.1, 0.2, 0.0)),
        Species("pseudomonas", 440, 270, 520, 0.3, 12, ((0.66, 400, 40, 0.7),), 380, 240,
                "plain", (0.75, 0.1, 0.15, 0.0)),
        Species("campylobacter", 520, 290, 700, 0.8, 17,
                ((0.25, 620, 40, 0.6), (0.5, 760, 40, 0.6), (0.85, 1100, 40, 0.75)), 380, 600,
                "plain", (0.4, 0.6, 0.0, 0.0)),
        Species("helicobacter", 540, 290, 780, 0.8, 18,
                ((0.28, 660, 45, 0.6), (0.55, 820, 45, 0.6), (0.86, 860, 45, 0.6)), 385, 500,
                "sheathed", (0.4, 0.1, 0.5, 0.0)),
        Species("spirochete", 560, 290, 760, 0.9, 16, ((0.35, 700, 70, 0.6),), 440, 420,
                "periplasmic", (0.5, 0.5, 0.0, 0.0)),
        Species("caulobacter", 400, 250, 520, 0.5, 12, ((0.26, 370, 30, 0.6),), 310, 260,
                "plain", (1.0, 0.0, 0.0, 0.0)),
        Species("firmicute", 440, 270, 540, 0.4, 12, (), 420, 200,
                "plain", (0.1, 0.1, 0.0, 0.8)),
    )
}  # fmt: skip
