"""The tomograms on which models are measured: two sets that training never sees."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from motorscope.errors import ConfigError
from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.files import Plan

SETS = ("standard-2", "hard-2")
FIRST_SEED = 7_000_000
"""Evaluation draws from seeds of seven millions alone, training never from these."""

_EXTENT = (2050.0, 6150.0, 6150.0)  # Å: 128 × 384 × 384 voxels of 16 Å
_SMALL = (1560.0, 3900.0, 3900.0)  # Å: what stays affordable with small voxels

# Motors of real tomograms: 24.8 % have none, 61.3 % one, 13.9 % several, the more the rarer.
_STANDARD_MOTORS = (0,) * 11 + (1,) * 27 + (2, 2, 3, 3, 4, 7)
_STANDARD_SPACINGS = (13.1, 15.6, 13.1, 15.6, 10.0, 19.7)

_BASE = SimulationConfig(back_projection=True)  # as real volumes are made; training does not
_HARD_MOTORS = (0, 0, 1, 1, 1, 3)
_LOW_SNR = (0.04, 0.1)
_FEW_TILTS = (40.0, 48.0)


def evaluation_set(name: str) -> tuple[Plan, ...]:
    """Return what to simulate for one of `SETS`; the same tomograms every time.

    ``standard-2`` has 44 tomograms as the simulator draws them, with the real distribution of the
    number of motors and the usual spacings. ``hard-2`` has 36, with three to eight look-alikes
    each: six each that are also very noisy, tilted little, inverted, finely sampled (6.5 Å),
    coarsely sampled (19.7 Å), and, of the last six, noisy, tilted little and inverted at once. A
    third of them have no motor. All are projected and back-projected, which no training
    crop is. The number grows when the simulator changes what is in them; earlier sets cannot be
    made again.

    Raises
    ------
    ConfigError
        If there is no set of this name.
    """
    if name == "standard-2":
        return _standard()
    if name == "hard-2":
        return _hard()
    raise ConfigError(f"There is no evaluation set {name!r}; there are {' and '.join(SETS)}.")


def _standard() -> tuple[Plan, ...]:
    plans = []
    for i, motors in enumerate(_STANDARD_MOTORS):
        spacing = _STANDARD_SPACINGS[i % len(_STANDARD_SPACINGS)]
        config = _with_motors(_sized(_BASE, spacing, _EXTENT), motors)
        plans.append(Plan(f"standard-2-{i:02}", config, FIRST_SEED + 100_000 + i))
    return tuple(plans)


def _hard() -> tuple[Plan, ...]:
    base = _sized(replace(_BASE, lookalikes=(3, 8), no_cell=0.0), 15.6, _EXTENT)
    kinds = {
        "noisy": replace(base, snr=_LOW_SNR),
        "tilt": replace(base, tilt_range=_FEW_TILTS),
        "inverted": replace(base, inverted=1.0),
        "fine": _sized(base, 6.5, _SMALL),
        "coarse": _sized(base, 19.7, _EXTENT),
        "all": replace(base, snr=_LOW_SNR, tilt_range=_FEW_TILTS, inverted=1.0),
    }
    return tuple(
        Plan(f"hard-2-{kind}-{i}", _with_motors(config, motors), FIRST_SEED + 200_000 + 100 * k + i)
        for k, (kind, config) in enumerate(kinds.items())
        for i, motors in enumerate(_HARD_MOTORS)
    )


def _sized(config: SimulationConfig, spacing: float, extent: Sequence[float]) -> SimulationConfig:
    z, y, x = (ceil(side / spacing) for side in extent)
    return replace(config, spacing=spacing, shape=(z, y, x))


def _with_motors(config: SimulationConfig, count: int) -> SimulationConfig:
    return replace(config, motor_counts=(0.0,) * count + (1.0,))
