"""Save picks where a person says."""

from pathlib import Path

from napari.layers import Layer, Points
from napari.utils.notifications import show_error, show_info
from qtpy.QtWidgets import QFileDialog, QWidget

from motorscope.errors import MotorscopeError, PicksError
from motorscope.files import keep_backup
from motorscope.picks import write_picks
from motorscope.picks.formats import (
    FORMATS,
    Format,
    replaced_files,
    with_suffix_of,
    write_coordinates,
    written_picks,
)
from motorscope.picks.formats.own import OWN
from motorscope.plugin.layers.kinds import PICKS
from motorscope.plugin.layers.points import picks_of_points
from motorscope.plugin.layers.source import identity
from motorscope.plugin.layers.tag import kind_of, tag_of
from motorscope.review.summary import statuses_in_words
from motorscope.words import counted

_OTHERS = [each for each in FORMATS if each.name not in ("csv", "npy")]
_KINDS: dict[str, tuple[Format, bool]] = {
    "All motors that are shown, with their status (*.csv)": (OWN, False),
    "Accepted motors only (*.csv)": (OWN, True),
    **{f"{each.title} (*{each.suffixes[0]})": (each, False) for each in _OTHERS},
    **{f"{each.title}, accepted only (*{each.suffixes[0]})": (each, True) for each in _OTHERS},
}
"""Format, and whether to write accepted motors only, by what the dialog says.

Other programs never get rejected motors.
"""


def ask_and_save(points: Points, folder: Path, parent: QWidget | None = None) -> str:
    """Ask for a file, write the picks that a layer shows, and say so; empty if nothing was written.

    Raises
    ------
    PicksError
        If the file cannot be written.
    """
    tag = tag_of(points)
    name = points.name if tag is None else tag.name
    proposed = folder / f"{name}_motors.csv"
    # The dialog asks before it returns a file that exists.
    chosen, kind = QFileDialog.getSaveFileName(
        parent, "Save motors", str(proposed), ";;".join(_KINDS)
    )
    if not chosen:
        return ""
    form, accepted = _KINDS.get(kind, (OWN, False))
    path = with_suffix_of(form, Path(chosen))
    picks, grid = picks_of_points(points)
    if accepted:
        picks = picks.with_status("accepted")
    sets = {name: (picks, grid)}
    before = [keep_backup(each, PicksError) for each in replaced_files(path, sets, form)]
    if form is OWN:
        write_picks(path, sets, details=True)
    else:
        write_coordinates(path, sets, format_=form)
    written = written_picks(picks, form)
    text = f"{counted(len(written), 'motor')} written to {path.name}{statuses_in_words([written])}"
    kept = ", ".join(each.name for each in before if each is not None)
    return f"{text}; the file before is {kept}." if kept else f"{text}."


def save_picks_of_active(viewer: "napari.viewer.Viewer") -> None:  # type: ignore[name-defined]  # noqa: F821
    """Save the picks of the selected layer or tomogram, or the only picks there are."""
    all_picks = [layer for layer in viewer.layers if kind_of(layer) is PICKS]
    active = viewer.layers.selection.active
    chosen = [layer for layer in all_picks if active is not None and _belongs(layer, active)]
    try:
        wanted = chosen or all_picks
        if len(wanted) != 1:
            raise PicksError(
                "Select the layer of the motors to save."
                if wanted
                else "There are no motors to save; find some with the Motorscope panel first."
            )
        text = ask_and_save(wanted[0], Path())
    except MotorscopeError as error:
        show_error(str(error))
    else:
        if text:
            show_info(text)


def _belongs(picks: Points, active: Layer) -> bool:
    """Whether picks are the selected layer, or those of the selected tomogram."""
    tag = tag_of(picks)
    return picks == active or (tag is not None and tag.tomogram == identity(active))
