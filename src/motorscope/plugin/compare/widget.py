"""Another set of picks - a colleague's, another program's, the truth: take it over, or compare."""

from contextlib import ExitStack
from pathlib import Path

from napari.layers import Layer, Points
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QLabel, QSizePolicy, QWidget
from superqt.utils import signals_blocked

from motorscope.errors import PicksError
from motorscope.plugin.compare.controller import CompareController
from motorscope.plugin.compare.import_points import take_into_review
from motorscope.plugin.compare.layer import COLOURS, other_sets
from motorscope.plugin.connections import listen
from motorscope.plugin.coordinates.open_widget import FILES, open_asking
from motorscope.plugin.layers.kinds import COORDINATES
from motorscope.plugin.layers.source import by_identity, identity, path_of
from motorscope.plugin.layers.tag import tag_of
from motorscope.plugin.qt.choice_box import ChoiceBox
from motorscope.plugin.qt.layouts import NONE, in_column, in_form, in_row
from motorscope.plugin.qt.making import button, number_box
from motorscope.plugin.qt.parts import AMBER, Hint, StatusLine
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.workspace import Workspace
from motorscope.review.comparison import RADIUS, summary
from motorscope.words import counted

_WORDS = {"both": "both", "mine": "only mine", "theirs": "only theirs"}


class ComparisonControls(QWidget):
    """The other set and the match radius; what came out; the way through the disagreements.

    Signals
    -------
    arrived
        A file of coordinates was opened on the tomogram.

    Attributes
    ----------
    foot
        A row for the foot of the panel that offers to take in points that have just been opened.
    """

    arrived = Signal()

    def __init__(self, workspace: Workspace, status: StatusLine, ends: ExitStack) -> None:
        super().__init__()
        self._workspace, self._status = workspace, status
        self._reviews = ReviewController.of(workspace)
        self._comparisons = CompareController.of(workspace)
        self._seen: set[str] = set()
        self.other = ChoiceBox("A points layer: a colleague's picks, another program's, the truth.")
        self.other.setPlaceholderText("no points layer yet")
        tip = "Open a file of coordinates on this tomogram."
        self.file = button("File…", tip, self._on_file)
        tip = "Picks that are no farther apart than this are the same motor."
        self.radius = number_box(1.0, 100_000.0, 0, 50.0, " Å", tip)
        self.radius.setValue(RADIUS)
        self.take = button(
            "Take into review",
            "Correct these points like motors that were found: they come into the review, but for "
            "those that are the same as a motor which is decided. One step to undo.",
        )
        self.button = button(
            "Compare",
            "Compare the accepted picks, and the undecided ones that reach the threshold, with the "
            "other set. Rejected picks do not count.",
            self._on_compare,
        )
        self.verdicts, self.scores, self.hint = QLabel(), QLabel(), Hint(AMBER)
        self.scores.setToolTip("With the other set as the truth.")
        tip = "Go through the motors that only one of the sets has."
        self.previous = button("◀ Previous", tip, lambda: self._on_step(-1))
        self.next = button("Next ▶", tip, lambda: self._on_step(1))
        self.number = QLabel()
        self.number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.foot = _Offer()
        self.foot.button.setToolTip(self.take.toolTip())
        self._lay_out()
        self.other.currentIndexChanged.connect(lambda _: self.refresh())
        for each in (self.take, self.foot.button):
            each.clicked.connect(lambda: self._status.guard(self._take))
        self.radius.valueChanged.connect(self._on_radius)
        listen(ends, workspace.tomograms.changed, self.offer)
        listen(ends, self._comparisons.changed, self._on_changed)
        self.refresh()  # the panel has the sets offered once it hears of what arrives

    def _lay_out(self) -> None:
        self.results = QWidget()
        steps = in_row(self.previous, self.number, self.next, wide=1)
        in_column(self.results, self.verdicts, self.scores, steps, around=NONE, spacing=4)
        in_form(
            self,
            ("Points", in_row(self.other, self.file)),
            ("Same within", self.radius),
            in_row(self.take, self.button, wide=-1),
            self.hint,
            self.results,
        )

    def offer(self) -> None:
        """List the sets to compare the chosen tomogram with; the one that was chosen stays so."""
        sets = other_sets(self._workspace.viewer, self._workspace.layer)
        compared = self._comparisons.compared(self._workspace.layer)
        wanted = self.other.currentData() if compared is None else compared.other
        with signals_blocked(self.other):
            self.other.fill((points.name, identity(points)) for points in sets)
            index = self.other.findData(wanted)
            self.other.setCurrentIndex(index if index >= 0 else self._likely(sets))
        self._notice(sets)
        self.refresh()

    def refresh(self) -> None:
        """Show what came out."""
        compared = self._comparisons.compared(self._workspace.layer)
        self.setEnabled(self._workspace.layer is not None)
        for each in (self.take, self.button):
            each.setEnabled(self.other.count() > 0)
        self.results.setVisible(compared is not None)
        if compared is None:
            self.hint.setText("")
            return
        comparison = compared.comparison
        numbers = {verdict: comparison.verdicts.count(verdict) for verdict in _WORDS}
        self.verdicts.setText(
            "&nbsp;&nbsp; ".join(
                f'<span style="color: {COLOURS[verdict]};">■</span> {number} {_WORDS[verdict]}'
                for verdict, number in numbers.items()
            )
        )
        self.scores.setText(summary(comparison.counts))
        self.hint.setText(
            "The picks have changed; compare again." if compared.stale else compared.remark
        )
        count = numbers["mine"] + numbers["theirs"]
        for each in (self.previous, self.next):
            each.setEnabled(count > 0)
        self.number.setText(counted(count, "disagreement") if count else "all agree")

    def _likely(self, sets: list[Points]) -> int:
        """Return the number of the set that was opened last on this tomogram, else of the last."""
        for number in reversed(range(len(sets))):
            if self._is_opened(sets[number]):
                return number
        return len(sets) - 1

    def _is_opened(self, points: Points) -> bool:
        """Whether points were read from a file and placed on the tomogram."""
        tag = tag_of(points)
        return (
            tag is not None
            and tag.kind is COORDINATES
            and tag.tomogram == self._workspace.current != ""
        )

    def _notice(self, sets: list[Points]) -> None:
        """Choose a file's points that have just been opened on the tomogram, and say so."""
        new = [each for each in sets if self._is_opened(each) and identity(each) not in self._seen]
        self._seen |= {identity(each) for each in new}
        if new:
            with signals_blocked(self.other):
                self.other.setCurrentIndex(self.other.findData(identity(new[-1])))
            self._offer_at_foot(new[-1])
            self.arrived.emit()
        elif self.foot.points not in {identity(each) for each in sets}:
            self._offer_at_foot(None)

    def _offer_at_foot(self, points: Points | None) -> None:
        """Offer to take points in at the foot, and then at no other place; ``None``: in here."""
        self.foot.offer(points)
        self.take.setVisible(points is None)

    def _on_changed(self, layer_id: str) -> None:
        if layer_id == self._workspace.current:
            self.refresh()

    def _on_compare(self) -> None:
        self._status.guard(self._compare)

    def _on_radius(self) -> None:
        if self._comparisons.compared(self._workspace.layer) is not None:
            self._on_compare()

    def _compare(self) -> None:
        tomogram, other = self._chosen()
        self._comparisons.compare(tomogram, other, self.radius.value())

    def _take(self) -> None:
        tomogram, other = self._chosen()
        self._offer_at_foot(None)
        self._status.say(take_into_review(self._reviews, tomogram, other, self.radius.value()))

    def _chosen(self) -> tuple[Layer, Points]:
        layer = self._workspace.layer
        other = by_identity(self._workspace.viewer.layers, self.other.currentData() or "")
        if layer is None or not isinstance(other, Points):
            raise PicksError("There is no other set of picks; open one with File….")
        return layer, other

    def _on_step(self, step: int) -> None:
        layer = self._workspace.layer
        if layer is None:
            return
        where = self._status.guard(lambda: self._comparisons.step(layer, step))
        if where is not None:
            self.number.setText(f"{where[0]} of {where[1]}")

    def _on_file(self) -> None:
        layer = self._workspace.layer
        if layer is None:
            return
        folder = (path_of(layer) or Path("x")).absolute().parent
        path, _ = QFileDialog.getOpenFileName(
            self, "Open coordinates", str(folder), f"{FILES};;All files (*)"
        )
        if path:
            self._status.guard(lambda: self._open(Path(path), layer))

    def _open(self, path: Path, tomogram: Layer) -> None:
        viewer = self._workspace.viewer
        opened = open_asking(path, tomogram, self)
        if opened is None:
            return
        data, remarks = opened
        selection = set(viewer.layers.selection)
        layer = viewer.add_layer(Layer.create(*data))
        viewer.layers.selection = selection
        self._status.say(" ".join(remarks) or f"{len(layer.data)} points opened.")
        if self._reviews.review(tomogram) is not None:
            self._compare()


class _Offer(QWidget):
    """What was opened, and a button that takes it into the review."""

    def __init__(self) -> None:
        super().__init__()
        self.points = ""
        self._text = QLabel()
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.button = button("Take into review")
        in_column(self, in_row(self._text, self.button), around=(6, 2, 6, 2))
        self.hide()

    def offer(self, points: Points | None) -> None:
        """Show the row for a points layer, or hide it."""
        self.points = "" if points is None else identity(points)
        if points is not None:
            self._text.setText(f"{counted(len(points.data), 'point')} of {points.name}")
            self._text.setToolTip(points.name)
        self.setVisible(points is not None)
