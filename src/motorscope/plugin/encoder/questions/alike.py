"""What looks, to the open stage, like a few picks, without Qt."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from psygnal import Signal

from motorscope.batch.queue import Like
from motorscope.contract.stages import Alike, AlikeRequest, stage_to_ask
from motorscope.engine.question import Question, Runner
from motorscope.errors import PicksError
from motorscope.picks import PickTable
from motorscope.plugin.connections import listen
from motorscope.plugin.document import OpenTomogram
from motorscope.plugin.encoder.controller import EncoderController
from motorscope.plugin.encoder.maps.layer import put_map
from motorscope.plugin.layers.kinds import ALIKE
from motorscope.plugin.review.controller import ReviewController
from motorscope.review import Review, intake
from motorscope.words import counted

NO_EXAMPLE = "Like what? Select a pick, or several, or accept some."


@dataclass(frozen=True)
class _Search:
    """What is looked for: in which tomogram and stage, like which picks, and how far apart."""

    tomogram: OpenTomogram
    review: Review
    stage: str
    examples: tuple[int, ...]
    distance: float


class AlikeController:
    """Finds what looks like chosen picks; every decision about what is found refines it.

    Attributes
    ----------
    words
        What was found last.
    asking
        What is asked.
    changed
        Emitted when `words` has changed.
    """

    changed = Signal()

    def __init__(self, encoder: EncoderController, new_runner: Callable[[], Runner]) -> None:
        self.encoder = encoder
        workspace = self.workspace = encoder.workspace
        self.words = ""
        self.asking: Question[Alike] = Question(new_runner(), workspace.engine)
        self._search: _Search | None = None
        self._asked: AlikeRequest | None = None
        self._waiting: str | None = None  # the stage in which to find, once it is open
        self._ends = ExitStack()
        self._ends.callback(self.changed.disconnect)
        self._ends.callback(self.asking.drop)
        listen(self._ends, self.asking.failed, self._on_failed)
        listen(self._ends, ReviewController.of(workspace).changed, self._on_review)
        listen(self._ends, workspace.events.current, self.stop)
        listen(self._ends, encoder.opened, self._on_opened)
        listen(self._ends, encoder.finished, self._on_finished)

    def close(self) -> None:
        """Drop what is asked, and let go of the workspace; layers and picks stay."""
        self._search = None
        self._ends.close()

    @property
    def examples(self) -> tuple[int, ...]:
        """Ids of the picks to look for: the selected ones, else all that are accepted."""
        review = self._review
        if review is None:
            return ()
        accepted = review.table.with_status("accepted").ids.tolist()
        return review.selected or tuple(accepted)

    @property
    def looking(self) -> bool:
        """Whether decisions refine a search."""
        return self._search is not None

    def find(self) -> None:
        """Look for what is like the examples.

        Raises
        ------
        PicksError
            If there are none, or no stage is open.
        """
        stage, review, tomogram = self.encoder.open_stage, self._review, self.workspace.tomogram
        option = self.encoder.network.option
        if stage is None or option is None:
            raise PicksError(
                "Compute a stage first; the last of the decoder knows most about motors."
            )
        if review is None or tomogram is None or not self.examples:
            raise PicksError(NO_EXAMPLE)
        distance = option.card.minimum_distance
        self._search = _Search(tomogram, review, stage.key, self.examples, distance)
        self._asked = None
        self._ask(first=True)

    @property
    def elsewhere(self) -> str | None:
        """The stage that knows most about motors, if it is another than the open one."""
        encoder = self.encoder
        names = [each.spec.name for each in encoder.facts]
        best = stage_to_ask(names, encoder.network.bare is None) if names else None
        there = encoder.open_stage is not None
        return None if there and best == encoder.stage else best

    def find_elsewhere(self) -> None:
        """Open the stage that knows most about motors, and look there for what is like them.

        Raises
        ------
        MotorscopeError
            If there is no example, or the stage cannot be computed.
        """
        stage, encoder = self.elsewhere, self.encoder
        if stage is None:
            self.find()
            return
        if not self.examples:
            raise PicksError(NO_EXAMPLE)
        encoder.choose_stage(stage)
        if encoder.open_stage is None and not encoder.opening.busy:
            encoder.compute()
        if encoder.open_stage is None:
            self._waiting = stage
        else:
            self.find()

    def like(self) -> Like:
        """Return what to look for in other tomograms: the examples, and what was rejected.

        Raises
        ------
        PicksError
            If nothing was looked for here.
        """
        search, option = self._search, self.encoder.network.option
        if search is None or option is None:
            raise PicksError("Find alike in this tomogram first, to see what comes of it.")
        sides, settings = _sides(search), self.workspace.run_settings
        return Like(option.choice, search.stage, *sides, search.distance, settings)

    def stop(self) -> None:
        """Let decisions refine nothing any longer; what was found stays."""
        self.asking.drop()
        self._search, self._asked, self.words = None, None, ""
        self.changed.emit()

    # Inner parts

    @property
    def _review(self) -> Review | None:
        return ReviewController.of(self.workspace).review(self.workspace.layer)

    def _ask(self, first: bool = False) -> None:
        search = self._search
        assert search is not None
        wanted, rejected = _sides(search)
        request = AlikeRequest(search.stage, wanted, rejected, search.distance)
        if self._asked is not None and _same(request, self._asked):
            return
        self._asked = request
        if len(wanted):
            self.asking.ask(request, lambda found: self._take(search, found, amend=not first))

    def _take(self, search: _Search, found: Alike, amend: bool) -> None:
        if self._search is not search or search.tomogram.review is not search.review:
            return
        tomograms = self.encoder.tomograms
        put_map(tomograms, search.tomogram, ALIKE, found.similarity, found.grid, "similarity")
        intake.take_alike(search.review, found.candidates, search.distance, amend)
        names = ", ".join(str(channel) for channel, _ in found.channels)
        wanted = self._asked.wanted if self._asked is not None else PickTable.empty()
        self.words = (
            f"Like {counted(len(wanted), 'example')}: the best of {len(found.candidates)} places "
            f"are in the review. Channels {names} decide most."
        )
        self.changed.emit()

    def _on_review(self, layer_id: str) -> None:
        """Refine the search after a decision; an undo brings back what there was."""
        search = self._search
        if search is None or search.tomogram.id != layer_id:
            return
        if search.tomogram.review is not search.review:
            self.stop()
        elif search.review.history.can_redo:
            self.asking.drop()
        else:
            self._ask()

    def _on_opened(self) -> None:
        """End a search when another stage is open."""
        stage, search = self.encoder.open_stage, self._search
        if search is not None and stage is not None and stage.key != search.stage:
            self.stop()

    def _on_finished(self, there: bool) -> None:
        """Look for what was to be looked for once the stage is open."""
        stage, self._waiting = self._waiting, None
        if not there or stage != self.encoder.stage:
            return
        try:
            self.find()
        except PicksError as error:
            self._on_failed(str(error))

    def _on_failed(self, text: str) -> None:
        if text:
            self.encoder.failed.emit(text)


def _sides(search: _Search) -> tuple[PickTable, PickTable]:
    """Return what to look for, and what not, by what was decided until now."""
    table = search.review.table
    accepted = (table.origins == "alike") & (table.statuses == "accepted")
    rejected = table.statuses == "rejected"
    chosen = np.isin(table.ids, search.examples) & ~rejected
    return table.select(chosen | accepted), table.select(rejected)


def _same(one: AlikeRequest, other: AlikeRequest) -> bool:
    return np.array_equal(one.wanted.positions, other.wanted.positions) and np.array_equal(
        one.rejected.positions, other.rejected.positions
    )
