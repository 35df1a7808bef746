"""Tomograms of the CryoET Data Portal, from a local server that speaks its GraphQL."""

import pytest

pytest.importorskip("cryoet_data_portal")

from motorscope.commands.arguments import tomogram_path
from motorscope.errors import TomogramError
from motorscope.picks.formats import read_coordinates
from motorscope.tomogram import located
from motorscope.tomogram.formats.portal import look_up, motors_beside, portal_shortcut
from motorscope.tomogram.formats.shortcut import address_in
from motorscope.tomogram.grid import VoxelGrid
from tiny_portal import MOTORS, ZARR, Handler, serving

POINTS = '{"type": "point", "location": {"x": 3, "y": 2, "z": 1}}\n'


@pytest.fixture
def portal(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / MOTORS).write_text(POINTS)
    with serving(tmp_path / "served") as home:
        monkeypatch.setenv("MOTORSCOPE_PORTAL", f"{home}/graphql")
        yield home


def test_number_becomes_a_shortcut_with_the_motors_beside_it(portal, capsys):
    path = tomogram_path("portal:7")
    assert path.name == "TS_026.url"
    assert address_in(path) == f"{portal}/{ZARR}"
    said = capsys.readouterr().err
    assert "TS_026, 13.48 Å, WBP, denoised" in said
    assert "CC0" in said
    motors = motors_beside(path)
    assert str(motors) in said
    grid = VoxelGrid((4, 5, 6), (10.0,) * 3)
    ((table, _),) = read_coordinates(motors, grid).values()
    assert table.positions.tolist() == [[10, 20, 30]]
    asked = Handler.asked
    assert located("portal:7") == path
    assert portal_shortcut("portal:7")[1].summary in said
    assert Handler.asked == asked  # known by now
    for text, message in {
        "portal:9": "has no tomogram 9",
        "portal:8": "no OME-Zarr of tomogram 8",
        "portal:TS_026": "give its number",
        "portal:99999999999": "has no tomogram 99999999999",
    }.items():
        with pytest.raises(TomogramError, match=message):
            look_up(text)


def test_a_tomogram_without_motors_says_so(portal, capsys):
    assert motors_beside(tomogram_path("portal:6")) is None
    assert "the portal knows no flagellar motors" in capsys.readouterr().err


def test_portal_that_cannot_be_reached_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("MOTORSCOPE_PORTAL", "http://127.0.0.1:9/graphql")
    with pytest.raises(TomogramError, match="cannot be asked for portal:7") as caught:
        located("portal:7")
    assert str(caught.value).endswith("(Connection refused); check the connection.")
