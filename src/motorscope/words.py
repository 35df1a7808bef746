"""How numbers are said to a person."""


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
