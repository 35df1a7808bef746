"""How numbers are said to a person."""

from collections.abc import Sequence


def duration(seconds: float) -> str:
    """Return a time as a person says it."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 motor``, ``2 motors``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def in_angstrom(sides: Sequence[float]) -> str:
    """Return lengths in Å: ``20 Å`` where all are the same, else ``20 × 25 × 25 Å``."""
    numbers = [f"{side:,.0f}" for side in sides]
    return (numbers[0] if len(set(numbers)) == 1 else " × ".join(numbers)) + " Å"


def in_bytes(size: int) -> str:
    """Return how much room something takes: ``1.5 GB``, ``20.0 MB``."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
