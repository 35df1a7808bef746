"""How threads of PyTorch wait for each other; to be said before it is imported."""

import os


def wait_asleep() -> None:
    """Let OpenMP's threads sleep while they wait, unless the environment says otherwise.

    If they spin, as they do by default, and other programs use the processors too (a viewer, a
    second search), each waits for one that is not running: a window took ten times the CPU seconds
    on a busy machine with two cores.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
