"""Search tomograms of a queue in the background: start, follow, stop."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QLineEdit, QWidget

from motorscope.batch.loop import Begun, Done, Standing
from motorscope.batch.queue import Like, QueueTask, Spacing, alike_job, search_job
from motorscope.contract import Progress
from motorscope.engine import Failure
from motorscope.errors import ModelError, PicksError, SpacingError
from motorscope.plugin.detect.models import look_for_models
from motorscope.plugin.qt.layouts import NONE, in_column, in_row
from motorscope.plugin.qt.making import button
from motorscope.plugin.qt.parts import AMBER, JobBar, StatusLine
from motorscope.plugin.qt.runner import Job, JobRunner
from motorscope.plugin.queue.controller import QueueController
from motorscope.plugin.queue.table_view import QueueTable
from motorscope.plugin.workspace import Workspace
from motorscope.review.worklist import FAILED, NEW, NO_SPACING, OUTDATED, Entry
from motorscope.tomogram.grid import parse_spacing
from motorscope.words import duration

_STEPS = 1000  # of the progress bar for each tomogram


class SearchControls(QWidget):
    """Run all, run selected; the spacing of files that do not say it; progress and stop.

    Model, device and flips are those of the workspace.

    Signals
    -------
    found
        Emitted with a tomogram's path when it was searched.
    settled
        Emitted when a search has ended.
    """

    found = Signal(object)
    settled = Signal()

    def __init__(
        self,
        desk: QueueController,
        workspace: Workspace,
        table: QueueTable,
        runner: JobRunner,
        status: StatusLine,
    ) -> None:
        super().__init__()
        self._desk, self._workspace, self._table, self._status = desk, workspace, table, status
        self.runner = runner
        self._begun: Begun[Entry] | None = None
        self._left: float | None = None  # seconds for all
        self._unspaced = 0
        self._make_parts()
        self.spacing.textChanged.connect(lambda: self._ask_for_spacing(False))

    def run_all(self) -> None:
        """Search every tomogram of the list that was not searched yet, or could not be."""
        wanted = (NEW, OUTDATED, NO_SPACING, FAILED)
        self._run([each for each in self._table.rows.entries if each.status in wanted])

    def run_selected(self) -> None:
        """Search the selected tomograms, also those that were searched before."""
        chosen = set(self._table.selected_paths())
        self._run([each for each in self._table.rows.entries if each.path in chosen])

    def find_alike(self, like: Like) -> None:
        """Find what looks like examples: in the selected tomograms, or with one or none in all.

        Raises
        ------
        MotorscopeError
            If there is nothing to search, or a search runs already.
        """
        if self.runner.busy:
            raise PicksError("The queue is being searched; wait, or stop it first.")
        chosen = set(self._table.selected_paths())
        (spacing,) = self.given_spacing()
        current = self._desk.current
        entries = [
            (entry, spacing)
            for entry in self._table.rows.entries
            if not entry.shut
            and (entry.path in chosen if len(chosen) > 1 else True)
            and (current is None or entry.path != current.path)
        ]
        if not entries:
            raise PicksError("There are no other tomograms in the queue; open a folder there.")
        self._start(alike_job, entries, like, self._workspace.engine)

    def given_spacing(self) -> tuple[Spacing | None]:
        """Return the spacing in Å for files that do not say it, in a tuple.

        Raises
        ------
        SpacingError
            If what was typed is none.
        """
        text = self.spacing.text().strip()
        return (parse_spacing(text) if text else None,)

    def update_buttons(self, ready: bool) -> None:
        """Let a search begin if the list is ready, and none runs."""
        for each in (self.job.button, self.selected):
            each.setEnabled(ready and not self.runner.busy)

    def _make_parts(self) -> None:
        self.spacing = QLineEdit()
        self.spacing.setToolTip(
            "Voxel spacing in Å for tomograms whose files do not say it; the others keep theirs."
        )
        self.selected = button(
            "Run selected",
            "Search the selected tomograms, also those that were searched before:\n"
            "what you decided or added stays.",
            self.run_selected,
        )
        self.job = JobBar(
            "Run all",
            "Search every tomogram of the list that is new, outdated, failed or lacked a spacing,\n"
            "with the model, device and flips of the Motorscope panel.",
            self.selected,
        )
        self.job.cancel.setText("Stop")
        self.job.cancel.setToolTip("Stop the search; tomograms that are done keep their results.")
        words = QLabel("Spacing where unknown")
        spacing = in_row(words, self.spacing, QLabel("Å"), wide=1, spacing=3)
        in_column(self, spacing, self.job, around=NONE, spacing=4)
        self.job.started.connect(self.run_all)
        self.job.cancelled.connect(self.runner.cancel)
        self.runner.busy_changed.connect(self.job.set_running)

    def _run(self, entries: Sequence[Entry]) -> None:
        if not self._workspace.options:  # no panel has looked for the models
            then = partial(self._on_models, entries)
            look_for_models(self._workspace, self.runner, self._status.warn, then)
            self.job.text.setText("Loading the models…")
            return
        task = self._status.guard(lambda: self._task(entries))
        if task is None:
            return
        self._start(search_job, task, self._workspace.engine)

    def _start(self, job: Job, *about: Any) -> None:
        self._begun, self._left, self._unspaced = None, None, 0
        self._status.say("")
        self.runner.start(job, *about, on_message=self._on_message, on_result=self._on_result)

    def _task(self, entries: Sequence[Entry]) -> QueueTask:
        workspace = self._workspace
        option, problem = workspace.model, workspace.model_problem
        if problem or option is None:
            raise ModelError(problem)
        entries = [entry for entry in entries if not entry.shut]
        if not entries:
            raise PicksError("There is nothing to search; select tomograms, or choose 'all'.")
        (spacing,) = self.given_spacing()
        return QueueTask(
            entries=[(self._desk.as_said(entry), spacing) for entry in entries],
            model=option.choice,
            device=workspace.device,
            precision=workspace.precision,
            flips=workspace.flips,
        )

    def _on_models(self, entries: Sequence[Entry], known: bool) -> None:
        if known:
            self._run(entries)
        else:
            self.settled.emit()

    def _on_message(self, message: Any) -> None:
        if isinstance(message, Begun):
            self._begun = message
            self._desk.begin(message.item.path)
            self.job.bar.setRange(0, message.total * _STEPS)
            self.job.bar.setValue((message.number - 1) * _STEPS)
        elif isinstance(message, Standing):
            self._left = message.seconds_left
        elif isinstance(message, Done):
            self._desk.finish(message)
            self._unspaced += isinstance(message.error, SpacingError)
            if message.error is None:
                self.found.emit(message.item.path)
        elif isinstance(message, Progress):
            self._show_progress(message)

    def _show_progress(self, message: Any) -> None:
        words = message.what
        begun = self._begun
        if begun is not None:
            words = f"{begun.number} of {begun.total}, {begun.item.path.name}: {words.lower()}"
            done = _STEPS * message.done // max(message.total, 1)
            self.job.bar.setValue((begun.number - 1) * _STEPS + done)
        if message.seconds_left is not None and message.done < message.total:
            words += f", {duration(message.seconds_left)} left"
        if self._left is not None and begun is not None and begun.total > 1:
            words += f"; {duration(self._left)} left for all"
        self.job.text.setText(words)

    def _on_result(self, result: Any) -> None:
        self._desk.end_search()
        if isinstance(result, Failure):
            self._status.warn(result.text)
        elif result is None:
            self._status.say("Stopped; what was found so far is kept.")
        elif self._unspaced:
            self._ask_for_spacing(True)
            several = self._unspaced > 1
            self._status.warn(
                f"{self._unspaced} tomogram{'s do' if several else ' does'} not say the voxel "
                "spacing: type it under 'Spacing where unknown', then press Run all."
            )
        else:
            self._status.say("Every tomogram was searched.")
        self.settled.emit()

    def _ask_for_spacing(self, wanted: bool) -> None:
        self.spacing.setStyleSheet(f"border: 1px solid {AMBER};" if wanted else "")
