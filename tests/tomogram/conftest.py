from pathlib import Path

import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def real_file():
    """Return the path of a real file by its name; skip the test where there is none."""

    def find(name):
        path = DATA / name
        if not path.exists():
            pytest.skip(f"needs {path}")
        return path

    return find
