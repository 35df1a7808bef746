"""Whether there is a screen to open a window on."""

import ctypes
import ctypes.util
import os
import sys

from motorscope.errors import MotorscopeError

_REMEDY = (
    "log in with one (ssh -Y), run it with xvfb-run, or use motorscope detect, which needs none."
)


def check_display() -> None:
    """Make sure that there is a screen for a window; without one Qt ends the process.

    Raises
    ------
    MotorscopeError
        If there is none, or it does not let us in.
    """
    if not sys.platform.startswith("linux"):
        return
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    wayland = bool(os.environ.get("WAYLAND_DISPLAY"))
    if platform not in ("", "xcb") or (wayland and not platform):
        return
    display = os.environ.get("DISPLAY", "")
    if not display:
        raise MotorscopeError(f"There is no display to open a window on; {_REMEDY}")
    if not _x_server_answers():
        raise MotorscopeError(f"The display {display} cannot be reached; {_REMEDY}")


def _x_server_answers() -> bool:
    """Whether the X server of ``DISPLAY`` can be connected to; true where nobody can tell."""
    name = ctypes.util.find_library("xcb")
    if name is None:
        return True
    xcb = ctypes.CDLL(name)
    xcb.xcb_connect.restype = ctypes.c_void_p
    for function in (xcb.xcb_connection_has_error, xcb.xcb_disconnect):
        function.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    try:
        return bool(xcb.xcb_connection_has_error(connection) == 0)
    finally:
        xcb.xcb_disconnect(connection)
