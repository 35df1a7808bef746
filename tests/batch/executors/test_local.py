"""Worker processes on this machine, and the loop that hands out tomograms."""

from collections import Counter

import tiny

from motorscope.batch.executors import open_pool
from motorscope.batch.executors.handing_out import run_items
from motorscope.batch.executors.pool import Wanted
from motorscope.batch.loop import Done, Totals
from motorscope.batch.workers.work import work
from motorscope.contract import run_to_end


def test_one_that_kills_its_process_and_others_that_fail_stop_nobody(make_job):
    names = ["deadly", "broken", "faulty", *"abcdef"]
    job, items = make_job(names)
    messages = []
    with open_pool(Wanted(workers=2)) as pool:
        totals = run_to_end(run_items(job, items, pool, tiny.deadly), messages.append)
    assert totals == Totals(9, 3)
    finished = Counter(m.item.name for m in messages if isinstance(m, Done))
    assert finished == Counter(names)
    outcomes = {outcome.item.name: outcome for outcome in job.store.outcomes()}
    assert "damaged; copy it again" in outcomes["broken"].error
    assert "ZeroDivisionError" in outcomes["faulty"].error
    assert "in deadly" in outcomes["faulty"].trace
    assert "want of memory" in outcomes["deadly"].error
    assert all(not outcomes[name].error for name in "abcdef")
    assert {each.path for each in items if job.store.claim(each).exists()} <= {
        outcomes["deadly"].item.path  # of the process that was killed
    }


def test_failure_names_its_tomogram_once(make_job):
    job, (broken, nameless) = make_job(["broken", "nameless"])
    for item in (broken, nameless):
        work(job, item, tiny.deadly)
    errors = [outcome.error for outcome in job.store.outcomes()]
    assert errors == [
        f"{broken.path} is damaged; copy it again.",
        f"{nameless.path}: The voxel spacing is unknown; give it.",
    ]
