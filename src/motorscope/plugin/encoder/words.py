"""What the encoder's dock says."""

from collections.abc import Sequence

from motorscope.contract.stages import BY_BACKGROUND, OverviewMap, StageFacts
from motorscope.words import counted, duration

COLUMN_NAMES = {
    "channel": "Ch.",
    "auc": "Picks",
    "auc_rejected": "Rej.",
    "percentile": "Here",
    "variance": "Var.",
}
COLUMN_HELP = {
    "channel": "Number of the channel.",
    "auc": "How well it tells accepted picks from the background:\n"
    "the chance that a pick stands out against a voxel drawn at random, 0.5 to 1;\n"
    "↑ where picks are brighter, ↓ where they are darker.",
    "auc_rejected": "The same for accepted against rejected picks.",
    "percentile": "How much of the volume, in percent, lies below the value at the current pick.",
    "variance": "Variance over the volume.",
}


def facts_in_words(fact: StageFacts, seconds: float | None) -> str:
    """Return what is known of a stage; `seconds` is how long it takes, if that is known."""
    spec = fact.spec
    lines = [
        f"{counted(spec.channels, 'channel')}; voxels of {_angstrom(fact.spacing)}, "
        f"{spec.stride} of the network's wide",
        f"each sees {_angstrom(fact.sees)} at most",
    ]
    room = f"{_bytes(fact.bytes)} on disk"
    if fact.kept:
        room += ", computed already"
    elif seconds is not None:
        room += f", about {duration(seconds)} to compute"
    return "; ".join((*lines, room)) + "."


def ranking_in_words(by: str, table_length: int) -> str:
    """Return what the channels are ranked by."""
    if not table_length:
        return ""
    if by == BY_BACKGROUND:
        return f"Ranked by {by}."
    return "No picks are accepted: ranked by variance instead."


def colors_in_words(colors: OverviewMap) -> str:
    """Return what the colors of principal components mean."""
    shares = [f"{100 * share:.0f} %" for share in colors.explained]
    names = ("red", "green", "blue")[: len(shares)]
    parts = ", ".join(f"{name} {share}" for name, share in zip(names, shares, strict=True))
    end = (
        "fitted to this tomogram: a color means nothing in another one"
        if colors.own
        else "the model's own: a color means the same in every tomogram"
    )
    return f"Share of the variance: {parts}; {end}."


def _angstrom(sides: Sequence[float]) -> str:
    numbers = [f"{side:,.0f}" for side in sides]
    return (numbers[0] if len(set(numbers)) == 1 else " × ".join(numbers)) + " Å"


def _bytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
