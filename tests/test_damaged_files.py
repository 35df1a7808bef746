"""A short run of ``benchmarks/damaged_files.py``: small files of every format, damaged."""

import os
from collections import Counter

import pytest

from damage import damaged
from damaged_files import Outcome, Worker, failures
from damaged_samples import OPENERS, Sample, of_file, small_samples

SEED = int(os.environ.get("MOTORSCOPE_SEED", "0"))
CASES = range(12)


@pytest.fixture(scope="module")
def samples():
    return small_samples()


@pytest.mark.slow
def test_every_damaged_file_is_read_or_refused_at_once_with_a_sentence_that_names_it(samples):
    tally: Counter[tuple[str, str]] = Counter()
    assert [
        (sample.name, case, outcome.result, outcome.said)
        for sample, case, outcome in failures(samples, SEED, CASES, tally)
    ] == []
    results = Counter[str]()
    for (_, result), count in tally.items():
        results[result] += count
    assert results.total() == len(samples) * len(CASES)
    assert min(results["read"], results["refused"]) > len(samples)


def test_the_same_seed_damages_a_file_in_the_same_way():
    data = bytes(range(256)) * 8
    cases = [damaged(f"0/{case}", data) for case in range(200)]
    assert cases == [damaged(f"0/{case}", data) for case in range(200)]
    assert data not in cases
    assert len(set(cases)) > 190


def test_there_is_a_sample_of_each_way_to_open_a_file(samples):
    assert {sample.kind for sample in samples} == set(OPENERS)
    assert len({sample.name for sample in samples}) == len(samples)


def test_a_file_is_known_for_what_it_is(samples, tmp_path):
    for sample in samples:
        if sample.kind in ("coordinates", "tomogram") and sample.damaged == sample.opened:
            path = tmp_path / sample.damaged
            path.write_bytes(sample.files[sample.damaged])
            assert of_file(path) == Sample(
                sample.kind, {path.name: path.read_bytes()}, *[path.name] * 2
            )


def test_a_file_that_hangs_is_a_failure_and_the_next_one_is_opened():
    worker = Worker()
    csv = next(sample for sample in small_samples() if sample.damaged.endswith("labels.csv"))
    whole = csv.files[csv.damaged]
    try:
        assert worker.open(csv, whole, 60) == Outcome("read")
        first = worker.process
        assert worker.open(csv, whole, 0.0).result == "hang"
        assert not first.is_alive()
        assert worker.open(csv, whole, 60) == Outcome("read")
        assert worker.open(csv, b"nothing", 60).result == "refused"
    finally:
        worker.close()
