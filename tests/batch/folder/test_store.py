"""Outcomes on disk: whole or not at all, and what counts as done."""

import json
import os
import time
from dataclasses import replace

import pytest
import tiny

from motorscope.batch.errors import BatchError
from motorscope.batch.folder import claims
from motorscope.batch.folder.claims import claimed, is_held, release
from motorscope.batch.folder.outcome import Effort
from motorscope.batch.folder.plan import make_plan
from motorscope.batch.folder.store import Record, Store, read_record, write_record
from motorscope.batch.settings import Choice
from motorscope.batch.workers.job import Place
from motorscope.batch.workers.work import BUSY, DONE, work


def test_outcome_comes_back_bit_for_bit(make_job):
    job, items = make_job("abcdef")
    for item in items:
        outcome = replace(
            tiny.instant(job, item, Place()),
            notes=("smaller windows",),
            effort=Effort(1.5, "cuda:1", 10, 20, "node", "2026-01-01T00:00:00+00:00"),
        )
        job.store.write(outcome)
        again = job.store.outcome(item)
        assert again.summits.candidates == outcome.summits.candidates
        assert again.summits.remarks == outcome.summits.remarks
        assert replace(again, summits=None) == replace(outcome, summits=None)
        assert job.store.facts(item) == replace(outcome, summits=None)


def test_torn_outcome_counts_as_none(make_job):
    job, (item,) = make_job("a")
    job.store.write(tiny.instant(job, item, Place()))
    path = job.store.path(item)
    os.truncate(path, 40)
    assert job.store.facts(item) is None
    assert make_plan(job.out, job.settings, [item]).left == (item,)
    assert work(job, item, tiny.instant) == DONE
    assert job.store.outcome(item).summits is not None


def test_plan_leaves_out_what_is_done_and_says_what_is_done_again(make_job, tmp_path):
    job, items = make_job(["a", "broken", "c", "d"])
    write_record(job.out, Record(job.settings, Choice(0.5)))
    for item in items[:3]:
        work(job, item, tiny.deadly)
    plan = make_plan(job.out, job.settings, items)
    assert (plan.left, plan.done, plan.failed) == ((items[3],), 3, 1)
    assert any("--retry-failed" in remark for remark in plan.remarks)
    assert make_plan(job.out, job.settings, items, retry_failed=True).left == (items[1], items[3])
    bare = make_plan(job.out, job.settings, items, heatmaps=True)
    assert bare.again == (items[0], items[2])
    touched = replace(items[0], modified=items[0].modified + 1)
    again = make_plan(job.out, job.settings, [touched, *items[1:]])
    assert again.again == (touched,)
    assert any("changed on disk" in remark for remark in again.remarks)
    other = replace(job.settings, model="other", sha256="1" * 64, flips=True)
    changed = make_plan(job.out, other, items)
    assert changed.left == items
    (remark,) = changed.remarks
    assert "the model was tiny and is other" in remark
    assert "flips was off and is on" in remark
    assert "3 tomograms are done again" in remark
    assert make_plan(job.out, job.settings, items).done == 3  # what was found stays


def test_record_is_read_as_written_and_a_damaged_one_is_named(tmp_path, make_job):
    job, _ = make_job("a")
    record = Record(job.settings, Choice(0.3, 0.55))
    assert read_record(job.out) is None
    write_record(job.out, record)
    assert read_record(job.out) == record
    (job.out / "batch.json").write_text("{")
    with pytest.raises(BatchError, match=r"batch\.json is damaged"):
        read_record(job.out)


def test_claim_is_for_one_and_passes_on_from_the_dead_and_the_silent(tmp_path, monkeypatch):
    path = tmp_path / "claim"
    with claimed(path, "me") as mine, claimed(path, "you") as yours:
        assert (mine, yours) == (True, False)
        assert is_held(path)
        with claimed(path, "me") as again:  # its process died, says who shares the work out
            assert again
    assert not path.exists()
    said = {"owner": "gone", "host": "elsewhere", "pid": 1}
    path.write_text(json.dumps(said))
    with claimed(path, "you") as yours:
        assert not yours
    os.utime(path, (0, time.time() - claims.STALE - 1))
    with claimed(path, "you") as yours:
        assert yours
    monkeypatch.setattr(claims.socket, "gethostname", lambda: "elsewhere")
    path.write_text(json.dumps(said | {"pid": 2**22 + 1}))  # beyond all processes
    assert not is_held(path)
    path.write_text(json.dumps(said))
    release(path, "other")
    assert path.exists()
    release(path, "go")
    assert not path.exists()


def test_claim_is_kept_alive(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "BEAT", 0.01)
    path = tmp_path / "claim"
    with claimed(path, "me"):
        os.utime(path, (0, 0))
        end = time.monotonic() + 10
        while path.stat().st_mtime == 0 and time.monotonic() < end:
            time.sleep(0.01)
        assert path.stat().st_mtime > 0


def test_nothing_is_done_twice_by_two_runs(make_job):
    job, (item,) = make_job("a")
    with claimed(job.store.claim(item), "another run"):
        assert work(job, item, tiny.instant) == BUSY
        (remark,) = make_plan(job.out, job.settings, [item]).remarks
        assert "worked on by another run" in remark
    assert work(job, item, tiny.instant) == DONE
    before = job.store.path(item).stat().st_mtime_ns
    assert work(job, item, tiny.instant) == DONE
    assert job.store.path(item).stat().st_mtime_ns == before


def test_worker_of_another_version_and_one_without_the_folder_say_so(make_job, tmp_path):
    job, (item,) = make_job("a")
    with pytest.raises(BatchError, match=r"has motorscope .* was started with 0\.0"):
        work(replace(job, version="0.0"), item, tiny.instant)
    with pytest.raises(BatchError, match="does not see"):
        work(replace(job, out=tmp_path / "elsewhere"), item, tiny.instant)


def test_full_disk_ends_the_run_and_leaves_no_half_outcome(make_job, monkeypatch):
    job, (item, other) = make_job("ab")
    work(job, other, tiny.instant)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("motorscope.files.os.replace", full)
    with pytest.raises(BatchError, match="no space left"):
        work(job, item, tiny.instant)
    assert Store(job.out, job.settings.key).ids() == {other.id}
    assert not job.store.claim(item).exists()
