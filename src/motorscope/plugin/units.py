"""Units of length, read before the first layer needs them."""

import threading

import pint
from pint.registry import LazyRegistry


def read_units_ahead() -> threading.Thread | None:
    """Read pint's definitions of units in a thread, unless they were read.

    Napari asks for them when the first layer is added, and would stand still meanwhile.
    """
    application = pint.get_application_registry()
    if not isinstance(application.get(), LazyRegistry):
        return None

    def read() -> None:
        units = pint.UnitRegistry()
        # If a layer was quicker, its units are of the registry that it made.
        if isinstance(application.get(), LazyRegistry):
            pint.set_application_registry(units)

    thread = threading.Thread(target=read, name="motorscope units", daemon=True)
    thread.start()
    return thread
