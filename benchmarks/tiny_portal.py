"""A server on this machine that speaks the CryoET Data Portal's API, with its own schema.

It knows tomogram 7 with motors, 6 without, and 8 of which there is no OME-Zarr.
"""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.resources import files
from pathlib import Path

import graphql

ZARR = "10000/TS_026.zarr"
"""Where the OME-Zarr of both tomograms lies under the folder that is served."""

MOTORS = "motors.ndjson"
TOMOGRAM = {
    "voxelSpacing": 13.48, "reconstructionMethod": "WBP", "processing": "denoised",
    "tomogramVoxelSpacingId": 3, "alignmentId": 5, "runId": 1,
}  # fmt: skip
NAMES = {6: "TS_027", 7: "TS_026", 8: "TS_028"}
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


class Handler(http.server.SimpleHTTPRequestHandler):
    """The portal's API, and its files."""

    schema = graphql.build_schema(
        files("cryoet_data_portal").joinpath("data/schema.graphql").read_text("utf-8")
    )
    asked = 0
    pause = 0.0  # seconds before a chunk is sent

    def do_POST(self):
        type(self).asked += 1
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = graphql.graphql_sync(
            self.schema,
            query["query"],
            {"tomograms": self.tomograms, "annotationFiles": self.annotation_files},
            variable_values=query.get("variables"),
        )
        text = json.dumps(found.formatted).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        if "/c/" in self.path:
            time.sleep(self.pause)
        super().do_GET()

    def tomograms(self, info, where=None, **_):
        number = where["id"]["_eq"]
        if number not in NAMES:
            return []
        address = None if number == 8 else f"{self.home()}/{ZARR}"
        known = TOMOGRAM | {"id": number, "name": NAMES[number], "httpsOmezarrDir": address}
        if number == 6:
            known["alignmentId"] = 6
        return [filled(self.schema, "Tomogram", known)]

    def annotation_files(self, info, where=None, **_):
        assert where["tomogramVoxelSpacingId"] == {"_eq": 3}
        if where["alignmentId"] != {"_eq": 5}:
            return []
        known = {"id": 1, "format": "ndjson", "httpsPath": f"{self.home()}/{MOTORS}"}
        return [filled(self.schema, "AnnotationFile", known)]

    def home(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def log_message(self, *_):
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the files of a folder; gives the server's address, whose API is ``/graphql``."""
    Handler.asked, Handler.pause = 0, 0.0
    handler = partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
