"""Edits written to disk as they happen, so that a crash loses nothing.

A journal is a file of JSON lines beside the tomogram, ``NAME.motorscope.jsonl``. The first line
says what it is; every further one holds one edit (see `motorscope.review.journal.changes`). The
system has it before the call returns, so that a program that is killed loses nothing of it; a
thread sees that the disk has it, too, which may take a quarter of a second. A last line that a
crash tore is dropped; all before it counts.

An edit says by ``step`` what it is in the history (see `motorscope.review.journal.lines`), so that
what was done before can still be undone when the journal is opened again.
"""

import os
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from motorscope.errors import PicksError
from motorscope.picks.files import cannot_write, write_text
from motorscope.picks.table import PickTable
from motorscope.review.history import History
from motorscope.review.journal.changes import difference
from motorscope.review.journal.lines import (
    FORMAT,
    STEPS,
    Step,
    as_lines,
    encode,
    followed,
    of_all,
    of_step,
    read_content,
    updated,
    whoami,
)
from motorscope.review.record import UNFIT, TomogramRecord

SUFFIX = ".motorscope.jsonl"
_BINARY = getattr(os, "O_BINARY", 0)  # Windows would change line ends
_COMPACT_AFTER = 2 * STEPS  # edits: a file of a few hundred kB that is read in a moment


class JournalInUseError(PicksError):
    """Another window works on the same tomogram."""


class Journal:
    """An open journal; only one program can have it open at a time.

    Attributes
    ----------
    path
        The file.
    history
        The picks as the journal has them, with the steps that can be undone and done again.
    remarks
        What else was recorded about the tomogram, as it is in the file; see `said`.
    """

    def __init__(self, path: Path) -> None:
        """Open or begin a journal; `open_journal` finds its place.

        Raises
        ------
        JournalInUseError
            If another window has it open.
        PicksError
            If it cannot be read or written, or is damaged.
        """
        self.path = path
        self._descriptor: int | None = None
        self._closed = False
        self._flusher = ThreadPoolExecutor(1, "journal")
        self._flushes = deque[Future[None]]()
        self._lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout:
            raise JournalInUseError(_in_use(path)) from None
        except OSError as error:
            raise cannot_write(path, error) from error
        try:
            content = read_content(path)
            self.history, self.remarks = content.history, content.remarks
            _ = self.said  # one that makes no sense is told now
            if content.size == 0 or content.edits > _COMPACT_AFTER:
                self.compact()
            else:
                os.truncate(path, content.size)  # no torn line
                self._append(self._attach(), {"opened": whoami()})
        except BaseException:
            self.close()
            raise

    @property
    def table(self) -> PickTable:
        """The picks as the journal has them."""
        return self.history.present

    @property
    def said(self) -> TomogramRecord:
        """What the remarks mean.

        Raises
        ------
        PicksError
            If one is none that a journal ever had.
        """
        try:
            return TomogramRecord.from_json(self.remarks)
        except UNFIT as error:
            raise PicksError(
                f"{self.path} is damaged ({error}); move the file elsewhere to begin anew."
            ) from error

    def record(
        self,
        table: PickTable,
        remarks: Mapping[str, Any] | None = None,
        step: Step = "new",
    ) -> None:
        """Write the step from the last recorded table to `table`; return when the system has it.

        Where the disk did not take what was written before, or somebody removed the file, all of it
        is written anew.

        Parameters
        ----------
        remarks
            They are added to those there are (see `motorscope.review.record.to_json`); a value of
            ``None`` removes one. To change one of `motorscope.review.history.STEP_REMARKS` is a
            step, also where the table stays.
        step
            What the step is in the history.

        Raises
        ------
        PicksError
            If the file cannot be written, or another program has changed it. The step is then not
            recorded, and what was recorded before stays.
        """
        if self._closed:
            raise PicksError(f"{self.path} is closed; open the tomogram again to go on editing.")
        line: dict[str, Any] = {}
        new = {
            key: value for key, value in (remarks or {}).items() if self.remarks.get(key) != value
        }
        known, history = updated(self.remarks, new), self.history
        forgets = step == "first" and (history.can_undo or history.can_redo)
        returns = isinstance(step, int) and history.go(step) is not history  # to an equal table
        changed = table != self.table or of_step(known) != of_step(self.remarks)
        if changed or forgets or returns:
            line |= {"edit": difference(self.table, table), "step": step}
            history = followed(history, table, step, known)
        if new:
            line["remarks"] = new
        if not line:
            return
        if self._descriptor is None or self._flush_failed() or not self.path.exists():
            self.rewrite(history, known)
        else:
            self._append(self._descriptor, line)
            self.history, self.remarks = history, known

    def compact(self) -> None:
        """Write the file anew with the steps of the history alone; it is whole at every moment.

        Raises
        ------
        PicksError
            If the file cannot be written; the journal then stays as it was.
        """
        self.rewrite(self.history, self.remarks)

    def rewrite(self, history: History, remarks: Mapping[str, Any]) -> None:
        """Write another history and other remarks in place of all; the file is always whole.

        Of remarks that are undone with a step those of the history count.

        Raises
        ------
        PicksError
            If the file cannot be written; the journal then stays as it was.
        """
        lines = [FORMAT, *as_lines(history, remarks), {"opened": whoami()}]
        self._detach()  # a file that is open cannot be replaced everywhere
        try:
            write_text(self.path, "".join(encode(line) for line in lines))
            self.history = history
            self.remarks = {**of_all(remarks), **history.now.remarks}
            self._flushes.clear()
        finally:
            if self.path.exists():
                self._attach()

    def close(self) -> None:
        """Close the file when the disk has all of it, and let others have it.

        Closing twice does no harm.

        Raises
        ------
        PicksError
            If the disk did not take all that was recorded.
        """
        self._closed = True
        try:
            wait(self._flushes)
            if self._flush_failed():
                self.compact()
        finally:
            self._flushes.clear()
            self._detach()
            self._flusher.shutdown()
            self._unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _unlock(self) -> None:
        """Let others have the file, and leave no lock beside it.

        Whoever has opened the lock's file meanwhile gets none: filelock sees that it has no name.
        """
        if self._lock.is_locked:
            with suppress(OSError):  # Windows removes no file that is open; filelock does, then
                os.unlink(self._lock.lock_file)
        self._lock.release()

    def _attach(self) -> int:
        try:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | _BINARY)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        self._size = os.fstat(self._descriptor).st_size
        return self._descriptor

    def _detach(self) -> None:
        if self._descriptor is not None:
            wait(self._flushes)
            os.close(self._descriptor)
            self._descriptor = None

    def _flush_failed(self) -> bool:
        """Whether the disk did not take something that was written; it is not waited for."""
        while self._flushes and self._flushes[0].done() and not self._flushes[0].exception():
            self._flushes.popleft()
        return bool(self._flushes) and self._flushes[0].done()

    def _append(self, descriptor: int, line: dict[str, Any]) -> None:
        data = encode(line).encode()
        try:
            if not self._is_ours(descriptor):
                raise PicksError(
                    f"{self.path} was changed by another program; close the other window, then "
                    "open the tomogram again."
                )
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
        except OSError as error:
            os.ftruncate(descriptor, self._size)  # no half a line
            raise cannot_write(self.path, error) from error
        self._size += len(data)
        # On the main thread this would now and then stop the window for longer than a person likes.
        self._flushes.append(self._flusher.submit(os.fsync, descriptor))

    def _is_ours(self, descriptor: int) -> bool:
        """Whether the file at the path is the one that is open, with what was written to it."""
        try:
            there, ours = os.stat(self.path), os.fstat(descriptor)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, ours) and there.st_size == self._size


def _in_use(path: Path) -> str:
    who = read_content(path).opened
    by = f" by {who['user']} on {who['host']} since {who['when']}" if who else ""
    return (
        f"{path.name} is open in another window{by} (process {who.get('process', 'unknown')}); "
        "close that one first."
    )
