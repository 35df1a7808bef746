import os
import subprocess
import sys

import pytest

from motorscope.threads import wait_asleep


@pytest.mark.parametrize(("before", "after"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_sleep_while_they_wait_unless_somebody_said_otherwise(before, after, monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if before is not None:
        monkeypatch.setenv("OMP_WAIT_POLICY", before)
    wait_asleep()
    assert os.environ["OMP_WAIT_POLICY"] == after


def test_the_commands_say_so_before_torch_is_imported():
    """OpenMP looks at it once, when it is loaded."""
    script = (
        "import os, sys; from motorscope import cli; cli.main([]); "
        "print('torch' in sys.modules, os.environ['OMP_WAIT_POLICY'])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert answer.stdout.split()[-2:] == ["False", "PASSIVE"]
