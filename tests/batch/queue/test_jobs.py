"""What a queue does in a thread, without a window."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from motorscope.batch.loop import Begun, Done, Standing
from motorscope.batch.queue import QueueTask, scan_job, search_job
from motorscope.batch.queue.jobs import open_entry
from motorscope.errors import MotorscopeError, SpacingError
from motorscope.review import TomogramRecord
from motorscope.review.searches import read_heatmap
from motorscope.review.summary import Summary
from motorscope.review.worklist import Worklist


def said(entry, **values):
    """Return an entry whose journal says something of its tomogram."""
    return replace(entry, summary=Summary(record=TomogramRecord(**values)))


def outcome(job):
    """Return a job's messages, and what it returned."""
    messages = []
    while True:
        try:
            messages.append(next(job))
        except StopIteration as end:
            return messages, end.value


def test_a_folder_is_listed_before_its_journals_are_read(folder):
    messages, whole = outcome(scan_job(folder, None, threading.Event()))
    assert whole
    assert isinstance(messages[0], Worklist)
    names = [entry.name for entry in messages[0].entries.values()]
    assert [entry.name for batch in messages[1:] for entry in batch] == names
    stopped = threading.Event()
    stopped.set()
    messages, whole = outcome(scan_job(folder, None, stopped))
    assert not whole
    assert len(messages) == 1


def test_every_tomogram_is_searched_and_what_fails_stops_nothing(entries, engine, model):
    task = QueueTask([(entry, None) for entry in entries.values()], model, "cpu", "fp32", False)
    messages, whole = outcome(search_job(task, engine, threading.Event()))
    assert whole
    done = {each.item.name: each for each in messages if isinstance(each, Done)}
    assert list(done) == list(entries)
    assert [each.number for each in messages if isinstance(each, Begun)] == [1, 2, 3, 4]
    last = [each for each in messages if isinstance(each, Standing)][-1]
    assert (last.done, last.failed, last.total) == (4, 2, 4)
    assert isinstance(done["silent"].error, SpacingError)
    assert "torn.mrc" in str(done["torn"].error)
    for name in "ab":
        found = done[name].value
        assert found.search.model == "built-in"
        assert found.threshold == pytest.approx(0.5, abs=0.4)
        values, grid = read_heatmap(entries[name].heatmap)  # written as it goes
        np.testing.assert_allclose(values, found.heatmap[0], atol=2e-3)
        assert grid == found.heatmap[1]
        assert not entries[name].journal.exists()  # the main thread writes it


def test_a_search_is_stopped_between_tomograms(entries, engine, model):
    task = QueueTask([(entries[name], None) for name in "ab"], model, "cpu", "fp32", False)
    cancel, finished = threading.Event(), []
    for message in search_job(task, engine, cancel):
        if isinstance(message, Done):
            finished.append(message.item.name)
            cancel.set()
    assert finished == ["a"]


def test_what_the_file_does_not_say_comes_from_the_journal_or_a_person(entries):
    silent = entries["silent"]
    assert open_entry(silent, None).grid.spacing is None
    assert open_entry(silent, (20.0, 20.0, 20.0)).grid.spacing == (20.0, 20.0, 20.0)
    known = said(silent, spacing=(15.0, 15.0, 15.0))
    assert open_entry(known, (20.0, 20.0, 20.0)).grid.spacing == (15.0, 15.0, 15.0)
    assert open_entry(entries["a"], (20.0, 20.0, 20.0)).grid.spacing == (18.0, 18.0, 18.0)


def test_density_that_a_person_said_is_searched_by(entries, engine, model):
    entry = said(entries["a"], density="bright")
    assert open_entry(entry, None).density == "bright"
    task = QueueTask([(entry, None)], model, "cpu", "fp32", False)
    (done,) = (each for each in search_job(task, engine, threading.Event()) if type(each) is Done)
    assert done.value.search.density == "bright"


def test_a_damaged_tomogram_is_named(entries):
    with pytest.raises(MotorscopeError, match=r"torn\.mrc"):
        open_entry(entries["torn"], None)
