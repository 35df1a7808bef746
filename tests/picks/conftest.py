"""Files that the tests of picks share."""

from pathlib import Path

import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def shared_data() -> Path:
    """The folder of real files, where there is one."""
    if not DATA.is_dir():
        pytest.skip("the folder of real files is absent")
    return DATA
