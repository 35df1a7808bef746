"""Which channels of the open stage matter, by the picks of its tomogram, without Qt."""

from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
import pandas as pd
from psygnal import Signal

from motorscope.contract import RunSettings
from motorscope.contract.attribution import Effects, EffectsRequest
from motorscope.contract.stages import BY_VARIANCE, Ranking, RankingRequest
from motorscope.engine.question import Question, Runner
from motorscope.errors import ConfigError, ModelError
from motorscope.plugin.connections import listen
from motorscope.plugin.encoder.controller import EncoderController
from motorscope.plugin.encoder.subject import chosen_volume, current_pick
from motorscope.plugin.review.controller import ReviewController
from motorscope.review import Review
from motorscope.tomogram import Vector

COLUMNS = ("channel", "auc", "auc_rejected", "percentile", "effect", "variance")
"""By which channels can be ordered."""

_ASCENDING = ("channel",)


class ChannelsController:
    """Ranks the channels anew whenever picks are decided on or another one is gone to.

    Attributes
    ----------
    table
        The channels in their order; columns are those of `Ranking`, empty without a ranking.
    by
        What they were ranked by at first.
    order, backwards
        The column that they are ordered by, and whether it is turned round; ``order`` is empty for
        the ranking's own.
    selected
        Channels that are chosen: with several, these are those to go through.
    effects
        What each channel adds to the score at `at`; ``None`` until it was measured.
    ranking, measuring
        What is asked.
    changed
        Emitted when any of these has changed.
    """

    changed = Signal()

    def __init__(self, encoder: EncoderController, new_runner: Callable[[], Runner]) -> None:
        self.encoder = encoder
        workspace = encoder.workspace
        self.table, self.by = pd.DataFrame(), ""
        self.order, self.backwards = "", False
        self.selected: tuple[int, ...] = ()
        self.effects: Effects | None = None
        self.ranking: Question[Ranking] = Question(new_runner(), workspace.engine)
        self.measuring: Question[Effects] = Question(new_runner(), workspace.engine)
        self._key = ""
        self._place: tuple[str, Vector | None] = ("", None)
        self._asked: RankingRequest | None = None
        self._fresh = True
        self._review: Review | None = None
        self._review_ends = ExitStack()
        self._ends = ExitStack()
        self._ends.callback(self.changed.disconnect)
        self._ends.callback(self._leave_review)
        listen(self._ends, encoder.opened, self.refresh)
        listen(self._ends, ReviewController.of(workspace).changed, self.refresh)
        for question in (self.ranking, self.measuring):
            self._ends.callback(question.drop)
            listen(self._ends, question.failed, self._on_failed)
        self.refresh()

    def close(self) -> None:
        """Let go of everything; may be called more than once."""
        self._ends.close()

    @property
    def at(self) -> Vector | None:
        """The current pick, in Å."""
        review = self._review
        if review is None or review.current is None:
            return None
        z, y, x = review.position(review.current)
        return float(z), float(y), float(x)

    def refresh(self, *_: object) -> None:
        """Rank the channels, if something has changed by which they are ranked."""
        encoder = self.encoder
        self._follow_review()
        stage = encoder.open_stage
        key = "" if stage is None else stage.key
        if key != self._key:
            self._key, self._asked = key, None
            self._fresh, self.selected = True, ()
            self.table, self.by = pd.DataFrame(), ""
            self.changed.emit()
        place = (key, self.at)
        if place != self._place:
            self._place, self.effects = place, None
            self.measuring.drop()
        if stage is None:
            self.ranking.drop()
            return
        request = RankingRequest(
            stage.key, self._places("accepted"), self._places("rejected"), self.at
        )
        if self._asked is None or not _same(request, self._asked):
            self._asked = request
            self.ranking.ask(request, self._take)

    def measure(self) -> None:
        """Measure what each channel adds to the score at the current pick, and order by that.

        Raises
        ------
        MotorscopeError
            If something needed is missing; it says what.
        """
        workspace, stage = self.encoder.workspace, self.encoder.open_stage
        if stage is None:
            raise ConfigError("Compute a stage first.")
        if self.encoder.network.bare is not None:
            raise ModelError("An encoder alone has no score; choose a detector as the model.")
        volume, option = chosen_volume(workspace)
        _, at = current_pick(workspace)

        def then(effects: Effects) -> None:
            self.effects = effects
            self.order, self.backwards = "effect", False
            self._sort()
            self.encoder.show(self.encoder.channels[0])

        settings = RunSettings(workspace.device)
        request = EffectsRequest(volume, option.choice, stage.key, at, settings)
        self.measuring.ask(request, then)

    def sort(self, column: str) -> None:
        """Order the channels by a column; a second time the other way round."""
        self.backwards = column == self.order and not self.backwards
        self.order = column
        self._sort()

    def select(self, channels: tuple[int, ...]) -> None:
        """Choose channels: one is shown, several are those to go through."""
        self.selected = channels
        self._offer()
        if channels and self.encoder.shown not in channels:
            self.encoder.show(channels[0])
        self.changed.emit()

    def _take(self, ranking: Ranking) -> None:
        self.table, self.by = ranking.table, ranking.by
        self._sort()
        if self._fresh:
            self._fresh = False
            if isinstance(self.encoder.shown, int):
                self.encoder.show(self.encoder.channels[0])

    def _on_failed(self, text: str) -> None:
        self.encoder.failed.emit(text or "Cancelled.")

    def _sort(self) -> None:
        if len(self.table):
            self.table = self.table.drop(columns="effect", errors="ignore")
            if self.effects is not None:
                order = self.table["channel"].to_numpy()
                self.table["effect"] = self.effects.effect_logit[order]
            own = "variance" if self.by == BY_VARIANCE else "auc"
            column = self.order if self.order in self.table else own
            up = (column in _ASCENDING) != (self.backwards and bool(self.order))
            self.table = self.table.sort_values(
                column, ascending=up, kind="stable", ignore_index=True, na_position="last"
            )
        self._offer()
        self.changed.emit()

    def _offer(self) -> None:
        """Let the encoder go through the chosen channels, or through all, in their order."""
        if not len(self.table):
            return
        ordered = self.table["channel"].to_numpy()
        if len(self.selected) > 1:
            ordered = ordered[np.isin(ordered, self.selected)]
        self.encoder.go_through(tuple(int(channel) for channel in ordered))

    def _places(self, status: str) -> np.ndarray:
        review = self._review
        return np.empty((0, 3)) if review is None else review.table.with_status(status).positions

    def _follow_review(self) -> None:
        workspace = self.encoder.workspace
        review = ReviewController.of(workspace).review(workspace.layer)
        if review is not self._review:
            self._leave_review()
            self._review = review
            if review is not None:
                listen(self._review_ends, review.selection_changed, self.refresh)

    def _leave_review(self) -> None:
        self._review = None
        self._review_ends.close()


def _same(one: RankingRequest, other: RankingRequest) -> bool:
    return (
        one.at == other.at
        and np.array_equal(one.accepted, other.accepted)
        and np.array_equal(one.rejected, other.rejected)
    )
