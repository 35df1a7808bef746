"""Names cut to the room there is where they are alike, so that they can still be told apart."""

from collections.abc import Callable, Sequence

Ends = tuple[str, str]
"""What names have in common at their beginning and at their end."""


def common_ends(names: Sequence[str]) -> Ends:
    """Return how all names begin and end; numbers are not cut through. Nothing for a single one."""
    if len(set(names)) < 2:
        return "", ""
    start = _start(names)
    if any(name[len(start) :][:1].isdigit() for name in names):
        start = start.rstrip("0123456789")
    rests = [name[len(start) :] for name in names]
    end = _start([rest[::-1] for rest in rests])[::-1]
    if any(rest.removesuffix(end)[-1:].isdigit() for rest in rests):
        end = end.lstrip("0123456789")
    return start, end


def shortened(name: str, ends: Ends, fits: Callable[[str], bool]) -> str:
    """Return as much of a name as there is room for.

    Parameters
    ----------
    ends
        What it has in common with the names beside it: that goes first.
    fits
        Tells whether there is room for a text.
    """
    core = name.removeprefix(ends[0]) or name
    inner = core.removesuffix(ends[1]) or core
    before = "…" * (core != name)
    for text in (name, f"{before}{core}", f"{before}{inner}…"):
        if fits(text):
            return text
    for left in range(len(inner) - 1, 1, -1):
        text = f"{inner[: left // 2]}…{inner[-(left - left // 2) :]}"
        if fits(text):
            return text
    return f"…{inner[-1:]}"


def _start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)  # what these two have in common, all between them have
    pairs = enumerate(zip(first, last, strict=False))
    return first[
        : next((at for at, (one, other) in pairs if one != other), min(len(first), len(last)))
    ]
