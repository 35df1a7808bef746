import numpy as np
import pytest

from motorscope.batch.worklist import scan
from motorscope.contract import ModelRef
from motorscope.engine import ThreadEngine
from motorscope.review.worklist import with_journal
from motorscope.tomogram import VoxelGrid, write_mrc

SHAPE, SPACING = (48, 64, 64), 18.0


@pytest.fixture
def folder(tmp_path):
    """Return a folder of two tomograms, one that does not say its spacing, and a damaged one."""
    rng = np.random.default_rng(0)
    for name, spacing in (("a", SPACING), ("b", SPACING), ("silent", None)):
        grid = VoxelGrid(SHAPE, None if spacing is None else (spacing,) * 3)
        write_mrc(tmp_path / f"{name}.mrc", rng.normal(0, 20, SHAPE).astype(np.int8), grid)
    (tmp_path / "torn.mrc").write_bytes((tmp_path / "a.mrc").read_bytes()[:5000])
    return tmp_path


@pytest.fixture
def entries(folder):
    return {each.name: with_journal(each) for each in scan(folder).entries.values()}


@pytest.fixture(scope="session")
def engine():
    made = ThreadEngine()
    yield made
    made.close()


@pytest.fixture
def model():
    return ModelRef("built-in")
