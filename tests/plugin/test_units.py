import pint
import pytest
from pint.registry import LazyRegistry

from motorscope.plugin.units import read_units_ahead


@pytest.fixture
def unread():
    """No definitions read yet, and afterwards those of before."""
    application = pint.get_application_registry()
    before = application.get()
    pint.set_application_registry(LazyRegistry())
    yield application
    pint.set_application_registry(before)


def test_units_are_there_before_the_first_layer_asks(unread):
    thread = read_units_ahead()
    assert thread is not None
    thread.join()
    assert not isinstance(unread.get(), LazyRegistry)
    assert (1 * unread.nanometer).to("angstrom").magnitude == pytest.approx(10)


def test_units_that_were_read_stay(unread):
    unread.get().meter  # noqa: B018 - reads the definitions
    read = unread.get()
    assert read_units_ahead() is None
    assert unread.get() is read
