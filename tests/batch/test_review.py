"""What a batch found is reviewed in the queue, which opens its folder without torch."""

import subprocess
import sys
from dataclasses import replace

import pytest
import tiny

from motorscope.batch.errors import BatchError
from motorscope.batch.folder.store import Record, write_record
from motorscope.batch.reporting.report import chosen
from motorscope.batch.settings import Choice
from motorscope.batch.workers.job import Place
from motorscope.batch.workers.work import work
from motorscope.batch.worklist import scan
from motorscope.review import Journal
from motorscope.review.worklist import FAILED, NOTHING, TO_REVIEW, with_journal


@pytest.fixture
def batch(make_job):
    job, items = make_job([*"abcdef", "broken"])
    write_record(job.out, Record(job.settings, Choice(0.5)))
    for item in items:
        work(job, item, tiny.deadly)
    return job, items


def opened(out):
    queue = scan(out)
    return {each.name: with_journal(each) for each in queue.entries.values()}


def test_queue_of_a_batch_has_its_candidates_and_keeps_decisions(batch):
    job, items = batch
    entries = opened(job.out)
    assert list(entries) == [item.name for item in items]
    found = {each.name: tiny.instant(job, each, Place()).summits.candidates for each in items}
    for name, entry in entries.items():
        if name == "broken":
            assert (entry.status, "damaged" in entry.problem) == (FAILED, True)
            continue
        shown = len(found[name].above(0.5))
        assert entry.summary.undecided == shown
        assert entry.status == (TO_REVIEW if shown else NOTHING)
        assert entry.summary.best == (found[name].scores.max() if len(found[name]) else None)
    name = max(found, key=lambda name: len(found[name]) if name != "broken" else -1)
    with Journal(entries[name].journal) as journal:
        assert len(journal.table) == len(found[name])
        assert journal.remarks["searched"]["model"] == "tiny"
        journal.record(journal.table.set_status([int(journal.table.ids[0])], "rejected"))
        before = journal.path.read_bytes()
    assert opened(job.out)[name].summary.rejected == 1
    assert entries[name].journal.read_bytes() == before  # it is not news any more


def test_later_batch_is_news_and_an_earlier_one_is_not(batch):
    job, items = batch
    opened(job.out)
    item = next(each for each in items if tiny.instant(job, each, Place()).count > 1)
    outcome = job.store.outcome(item)
    later = replace(outcome, effort=replace(outcome.effort, when="2999-01-01T00:00:00+00:00"))
    job.store.write(later)
    entry = opened(job.out)[item.name]
    assert entry.summary.record.searched.when.startswith("2999")
    job.store.write(outcome)
    assert opened(job.out)[item.name].summary.record.searched.when.startswith("2999")


def test_threshold_of_the_batch_is_that_of_the_review(batch):
    job, _ = batch
    write_record(job.out, chosen(job.out, None, 0.5))
    undecided = [entry.summary.undecided > 0 for entry in opened(job.out).values()]
    assert sum(undecided) == 3  # of six


def test_batch_without_an_outcome_says_so(make_job):
    job, _ = make_job("a")
    write_record(job.out, Record(job.settings, Choice(0.5)))
    with pytest.raises(BatchError, match="no outcomes"):
        scan(job.out)


def test_queue_of_a_batch_needs_no_torch(batch):
    code = (
        "import sys; from pathlib import Path\n"
        "from motorscope.batch.worklist import scan\n"
        "from motorscope.review.worklist import with_journal\n"
        f"queue = scan(Path({str(batch[0].out)!r}))\n"
        "print(len([with_journal(entry) for entry in queue.entries.values()]))\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["7", "False"]
