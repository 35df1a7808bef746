"""Tomograms of the CryoET Data Portal, from a local server that speaks its GraphQL."""

import http.server
import json
import threading
from importlib.resources import files

import graphql
import pytest

from motorscope.commands.arguments import tomogram_path
from motorscope.errors import TomogramError
from motorscope.picks.formats import read_coordinates
from motorscope.tomogram import located
from motorscope.tomogram.formats.portal import look_up
from motorscope.tomogram.formats.shortcut import address_in
from motorscope.tomogram.grid import VoxelGrid

TOMOGRAM = {
    "id": 7, "name": "TS_026", "voxelSpacing": 13.48, "reconstructionMethod": "WBP",
    "processing": "denoised", "tomogramVoxelSpacingId": 3, "alignmentId": 5, "runId": 1,
}  # fmt: skip
POINTS = '{"type": "point", "location": {"x": 3, "y": 2, "z": 1}}\n'


DEFAULTS = {"Int": 0, "Float": 0.0, "String": "", "Boolean": False, "DateTime": "2024-01-01"}


def filled(schema, kind, known):
    """Return an object with something in each field that may not be empty."""
    fields = schema.type_map[kind].fields
    named = {name: graphql.get_named_type(each.type) for name, each in fields.items()}
    enums = {
        name: next(iter(type_.values))
        for name, type_ in named.items()
        if isinstance(type_, graphql.GraphQLEnumType)
    }
    return {name: DEFAULTS.get(type_.name) for name, type_ in named.items()} | enums | known


class Handler(http.server.BaseHTTPRequestHandler):
    """The portal's API with its own schema, and a file of points."""

    schema = graphql.build_schema(
        files("cryoet_data_portal").joinpath("data/schema.graphql").read_text("utf-8")
    )
    asked: int

    def do_POST(self):
        type(self).asked += 1
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = graphql.graphql_sync(
            self.schema,
            query["query"],
            {"tomograms": self.tomograms, "annotationFiles": self.annotation_files},
            variable_values=query.get("variables"),
        )
        self.answer(json.dumps(found.formatted), "application/json")

    def do_GET(self):
        self.answer(POINTS, "application/json")

    def answer(self, text, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def tomograms(self, info, where=None, **_):
        number = where["id"]["_eq"]
        address = None if number == 8 else f"{self.home()}/10000/TS_026.zarr"
        if number not in (7, 8):
            return []
        known = TOMOGRAM | {"id": number, "httpsOmezarrDir": address}
        return [filled(self.schema, "Tomogram", known)]

    def annotation_files(self, info, where=None, **_):
        assert where["tomogramVoxelSpacingId"] == {"_eq": 3}
        assert where["alignmentId"] == {"_eq": 5}
        known = {"id": 1, "format": "ndjson", "httpsPath": f"{self.home()}/motors.ndjson"}
        return [filled(self.schema, "AnnotationFile", known)]

    def home(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def log_message(self, *_):
        pass


@pytest.fixture
def portal(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    Handler.asked = 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        home = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("MOTORSCOPE_PORTAL", f"{home}/graphql")
        yield home
        server.shutdown()
        thread.join()


def test_number_becomes_a_shortcut_with_the_motors_beside_it(portal, capsys):
    path = tomogram_path("portal:7")
    assert path.name == "TS_026.url"
    assert address_in(path) == f"{portal}/10000/TS_026.zarr"
    said = capsys.readouterr().err
    assert "TS_026, 13.48 Å, WBP, denoised" in said
    assert "CC0" in said
    motors = path.with_suffix(".ndjson")
    assert str(motors) in said
    grid = VoxelGrid((4, 5, 6), (10.0,) * 3)
    ((table, _),) = read_coordinates(motors, grid).values()
    assert table.positions.tolist() == [[10, 20, 30]]
    asked = Handler.asked
    assert located("portal:7") == path
    assert Handler.asked == asked  # known by now
    for text, message in {
        "portal:9": "has no tomogram 9",
        "portal:8": "no OME-Zarr of tomogram 8",
        "portal:TS_026": "give its number",
    }.items():
        with pytest.raises(TomogramError, match=message):
            look_up(text)


def test_portal_that_cannot_be_reached_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("MOTORSCOPE_PORTAL", "http://127.0.0.1:9/graphql")
    with pytest.raises(TomogramError, match="cannot be asked for portal:7") as caught:
        located("portal:7")
    assert "\n" not in str(caught.value)
