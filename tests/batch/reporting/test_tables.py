"""Tables and page are made of outcomes, and say what is in them."""

import numpy as np
import pandas as pd
import pytest
import tiny

from motorscope.batch.folder.store import Record, write_record
from motorscope.batch.reporting.report import chosen, report
from motorscope.batch.settings import Choice
from motorscope.batch.threshold import find_threshold
from motorscope.batch.workers.job import Place
from motorscope.batch.workers.work import work
from motorscope.errors import MotorscopeError
from motorscope.picks import read_picks
from motorscope.tomogram import VoxelGrid, write_mrc


def test_tables_are_what_the_outcomes_hold(make_job):
    names = ["a", "b<i>", "broken", "faulty", *"cdefgh"]
    job, items = make_job(names)
    record = Record(job.settings, Choice(0.5))
    write_record(job.out, record)
    for item in items[:-1]:
        work(job, item, tiny.deadly)
    result = report(job.out, record)
    summary = pd.read_csv(job.out / "summary.csv", keep_default_na=False).set_index("tomogram")
    assert sorted(summary.index) == sorted(item.name for item in items[:-1])
    assert result.missing == 1
    assert "damaged" in summary.error["broken"]
    picks = read_picks(job.out / "picks.csv")
    for item in items[:-1]:
        if item.name in ("broken", "faulty"):
            continue
        wanted = tiny.instant(job, item, Place()).summits.candidates.above(0.5)
        mine = picks[picks.tomogram == item.name]
        np.testing.assert_allclose(mine.score, wanted.scores, atol=1e-6)
        np.testing.assert_allclose(mine[["z", "y", "x"]], wanted.positions / 16, atol=1e-4)
        assert summary.picks[item.name] == len(wanted)
    text = (job.out / "report.html").read_text()
    assert "<b>10</b>tomograms" in text
    assert "<b>2</b>failed" in text
    assert "<b>1</b>not done yet" in text
    assert "b&lt;i&gt;" in text
    assert "<i>" not in text
    assert "ZeroDivisionError" in text
    assert "http" not in text.replace("http-equiv", "")  # nothing is fetched


def test_threshold_of_a_quantile_leaves_that_share_of_tomograms_empty():
    best = [0.9, 0.2, None, 0.5, 0.1, 0.7, None, 0.6, 0.05, 0.8]
    found = find_threshold(Choice(0.5, 0.6), best)
    assert found.value == 0.6
    assert sum(score is not None and score >= found.value for score in best) == 4
    assert "60 % of 10" in found.why
    assert find_threshold(Choice(0.3), best).value == 0.3
    assert find_threshold(Choice(0.5, 1.0), best).value == 1.0
    assert find_threshold(Choice(0.5, 0.5), []).value == 1.0


def test_another_threshold_needs_no_detection_and_is_kept(make_job):
    job, items = make_job("abcdefgh")
    write_record(job.out, Record(job.settings, Choice(0.5)))
    for item in items:
        work(job, item, tiny.instant)
    few = report(job.out, chosen(job.out, None, 0.75))
    assert sum(row.picks > 0 for row in few.rows) == 2
    assert chosen(job.out, None, None).choice == Choice(0.5, 0.75)
    many = report(job.out, chosen(job.out, 0.0, None))
    assert sum(row.picks for row in many.rows) == sum(
        tiny.instant(job, item, Place()).count for item in items
    )
    with pytest.raises(MotorscopeError, match="between 0 and 1"):
        chosen(job.out, 1.5, None)
    with pytest.raises(MotorscopeError, match="is not the folder of a batch"):
        chosen(job.out / "outcomes", None, None)


def test_candidates_are_drawn_where_their_tomograms_are(make_job):
    job, items = make_job("abcd")
    drawn = max(items, key=lambda item: tiny.instant(job, item, Place()).count)
    count = tiny.instant(job, drawn, Place()).count
    data = np.random.default_rng(0).integers(0, 127, (16, 40, 40)).astype(np.int8)
    write_mrc(drawn.path, data, VoxelGrid(data.shape, (16.0,) * 3))
    for item in items:
        work(job, item, tiny.instant)
    report(job.out, Record(job.settings, Choice(0.5)))
    text = (job.out / "report.html").read_text()
    assert text.count("data:image/png;base64,") == 2 * count > 0
    assert "cannot be opened any more" in text
