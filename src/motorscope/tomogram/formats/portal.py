"""Tomograms of the CryoET Data Portal, by their numbers.

The portal's data are public under CC0, and lie as OME-Zarr on a server that needs no signing in.
"""

import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from motorscope.errors import TomogramError
from motorscope.files import as_file_name, make_folder, replacing
from motorscope.tomogram.formats.ome.chunks import reason
from motorscope.tomogram.formats.ome.remote import CONNECT_SECONDS
from motorscope.tomogram.formats.shortcut import (
    SUFFIX,
    address_in,
    facts_in,
    is_shortcut,
    name_in,
    shortcut_to,
    shortcuts,
)

PREFIX = "portal:"
LICENCE = "CC0 1.0"
"""Of all data in the portal, as its documentation says."""

_POINTS = ".ndjson"
_SERVER = "MOTORSCOPE_PORTAL"  # environment: another address of the portal's GraphQL
_MOST = 2**31 - 1  # GraphQL's largest integer


@dataclass(frozen=True)
class PortalTomogram:
    """A tomogram as the portal knows it.

    Attributes
    ----------
    number
        Its id in the portal.
    name
        Its own, or that of its run.
    address
        Of its OME-Zarr.
    spacing
        In Å.
    processing
        How it was reconstructed and processed, in the portal's words.
    points
        Addresses of files (ndjson) with the places of flagellar motors in it; none where they were
        fetched before.
    """

    number: int
    name: str
    address: str
    spacing: float
    processing: str
    points: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """What it is, in a line."""
        return (
            f"{PREFIX}{self.number} is {self.name}, {self.spacing:g} Å, {self.processing}; CryoET "
            f"Data Portal, {LICENCE}"
        )


def portal_shortcut(text: str) -> tuple[Path, PortalTomogram]:
    """Return the shortcut to ``portal:NUMBER``, and what it is; the portal is asked once.

    The places of flagellar motors that the portal knows of lie beside it: see `motors_beside`.

    Raises
    ------
    TomogramError
        See `look_up`; or a file cannot be written.
    """
    folder = shortcuts() / as_file_name(text.lower().replace(PREFIX, "portal-"))
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        found = _remembered(path)
        if found is not None:
            return path, found
    found = look_up(text)
    points = "".join(_fetched(address) for address in found.points)
    path = folder / f"{as_file_name(name_in(found.address))}{SUFFIX}"
    if points:
        make_folder(folder, TomogramError)
        with replacing(path.with_suffix(_POINTS), TomogramError) as partial:
            partial.write_text(points, encoding="utf-8")
    return shortcut_to(found.address, folder, _facts(found)), found


def motors_beside(path: Path) -> Path | None:
    """Return the file of the portal's flagellar motors in a tomogram, by its shortcut, if any."""
    points = path.with_suffix(_POINTS)
    return points if is_shortcut(path) and points.is_file() else None


def _facts(found: PortalTomogram) -> dict[str, str]:
    return {
        "Portal": str(found.number),
        "Name": found.name,
        "Spacing": f"{found.spacing:g}",
        "Processing": found.processing,
        "License": LICENCE,
    }


def _remembered(path: Path) -> PortalTomogram | None:
    """Return what a shortcut says of its tomogram."""
    try:
        facts, address = facts_in(path), address_in(path)
        return PortalTomogram(
            int(facts["portal"]),
            facts["name"],
            address or "",
            float(facts["spacing"]),
            facts["processing"],
        )
    except (OSError, KeyError, ValueError):
        return None


def _fetched(address: str) -> str:
    """Return the lines of a small file on a server."""
    try:
        with urlopen(address, timeout=CONNECT_SECONDS) as answer:
            text = answer.read().decode("utf-8")
    except (OSError, ValueError) as error:
        raise TomogramError(
            f"{address} cannot be fetched ({reason(error)}); check the connection."
        ) from error
    return text if text.endswith("\n") else f"{text}\n"


def is_number(text: str) -> bool:
    """Whether a text names a tomogram of the portal."""
    return text.lower().startswith(PREFIX)


def look_up(text: str) -> PortalTomogram:
    """Ask the portal for ``portal:NUMBER``.

    Raises
    ------
    TomogramError
        If it is no number, the portal has no such tomogram or cannot be reached, or its client is
        not installed.
    """
    word = text[len(PREFIX) :].strip()
    if not word.isdecimal():
        raise TomogramError(f"{text} is no tomogram of the portal; give its number, portal:NUMBER.")
    library = _library()
    try:
        client = library.Client(url=os.environ.get(_SERVER))
        number = int(word)
        found = None if number > _MOST else library.Tomogram.get_by_id(client, number)
        points = () if found is None else _points(library, client, found)
        run = None if found is None or found.name else found.run
    except Exception as error:  # gql, requests and the client have errors of their own
        raise TomogramError(
            f"The CryoET Data Portal cannot be asked for {text} ({_first_reason(error)}); check "
            "the connection."
        ) from error
    if found is None:
        raise TomogramError(
            f"The CryoET Data Portal has no tomogram {word}; give the number of a tomogram, not of "
            "a run or a dataset."
        )
    if not found.https_omezarr_dir:
        raise TomogramError(f"The portal has no OME-Zarr of tomogram {word}; choose another.")
    return PortalTomogram(
        int(word),
        str(found.name or (run.name if run is not None else word)),
        str(found.https_omezarr_dir).rstrip("/"),
        float(found.voxel_spacing),
        ", ".join(str(each) for each in (found.reconstruction_method, found.processing) if each),
        points,
    )


def _first_reason(error: BaseException) -> str:
    """Return what an error that passed through several libraries began with."""
    before = error.__cause__ or error.__context__
    return reason(error) if before is None else _first_reason(before)


def _points(library: Any, client: Any, tomogram: Any) -> tuple[str, ...]:
    """Return the addresses of point annotations of flagellar motors on the tomogram's grid."""
    file = library.AnnotationFile
    wanted = [
        file.tomogram_voxel_spacing_id == tomogram.tomogram_voxel_spacing_id,
        file.alignment_id == tomogram.alignment_id,
        file.format == "ndjson",
        file.annotation_shape.annotation.object_name.ilike("%flagell%motor%"),
    ]
    return tuple(str(each.https_path) for each in file.find(client, wanted) if each.https_path)


def _library() -> Any:
    try:
        return import_module("cryoet_data_portal")
    except ImportError as error:
        raise TomogramError(
            f"The CryoET Data Portal needs the package {error.name}; install it with pip install "
            "'napari-motorscope[portal]'."
        ) from error
