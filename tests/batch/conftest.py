"""Tiny batches."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from motorscope.batch.folder.store import Store
from motorscope.batch.items import Item, list_items
from motorscope.batch.settings import Settings
from motorscope.batch.workers.job import Job

HERE = str(Path(__file__).parent)
sys.path.insert(0, HERE)  # worker processes import the detectors of `tiny`


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., tuple[Job, tuple[Item, ...]]]:
    """Return a function that makes a job with a tomogram for each name."""

    def make(names: Sequence[str], owner: str = "run") -> tuple[Job, tuple[Item, ...]]:
        for name in names:
            (tmp_path / f"{name}.mrc").write_bytes(b"")
        items = list_items([str(tmp_path / f"{name}.mrc") for name in names]).items
        job = Job(tmp_path / "out", Settings("tiny", "0" * 64), "tiny", owner=owner)
        Store(job.out, job.settings.key).write_items(items)
        return job, items

    return make
