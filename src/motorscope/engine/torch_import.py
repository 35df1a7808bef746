"""Importing torch in a process that shows windows already."""

import importlib
import os
import sys
from pathlib import Path

from motorscope.errors import ModelError
from motorscope.threads import wait_asleep

_TRITON = "triton._C.libtriton"


def import_torch() -> None:
    """Import torch; call it before anything that needs torch, in a worker thread.

    Raises
    ------
    ModelError
        If torch cannot be loaded beside Qt; starting with ``motorscope view`` loads it first.
    """
    wait_asleep()
    if _driver_brings_llvm():
        load_triton_apart()
    try:
        importlib.import_module("torch")
    except OSError as error:  # seen on Windows, where Qt's libraries get in the way
        raise ModelError(
            f"torch cannot be loaded after the viewer has started ({error}); "
            "start with 'motorscope view', which loads it first."
        ) from error


def _driver_brings_llvm() -> bool:
    """Whether an LLVM library is loaded, as Mesa's drivers do (software rendering, AMD)."""
    try:
        return "libLLVM" in Path("/proc/self/maps").read_text()
    except OSError:
        return False


def load_triton_apart() -> None:
    """Load triton's library so that it prefers its own symbols; torch imports it when it likes.

    It exports an LLVM of its own; bound to the driver's, it crashes the process at its import.
    """
    if _TRITON in sys.modules:
        return
    flags = sys.getdlopenflags()
    sys.setdlopenflags(flags | os.RTLD_DEEPBIND)
    try:
        importlib.import_module(_TRITON)
    except ImportError:
        pass  # torch does without
    finally:
        sys.setdlopenflags(flags)
