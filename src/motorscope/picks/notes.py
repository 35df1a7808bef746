"""Notes on picks: any words, among them one that stands for doubt."""

UNSURE = "unsure"
"""The word of a note that says that its pick is in doubt."""

_BETWEEN = "; "


def is_unsure(note: str) -> bool:
    """Whether a note says that its pick is in doubt."""
    return UNSURE in note.split(_BETWEEN)


def with_doubt(note: str, doubt: bool) -> str:
    """Return a note with the word of doubt at its end, or without it; the rest stays."""
    words = [word for word in note.split(_BETWEEN) if word not in ("", UNSURE)]
    return _BETWEEN.join([*words, UNSURE] if doubt else words)
