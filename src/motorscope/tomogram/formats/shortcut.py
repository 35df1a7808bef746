"""Shortcuts to tomograms on servers: files ``.url`` that name an OME-Zarr by its address.

Such a file is made of an address where a path is wanted, so that picks, journals and heatmaps of a
tomogram on a server have a place, and a folder of shortcuts can be searched like any other.
"""

import configparser
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from platformdirs import user_data_path

from motorscope.errors import TomogramError
from motorscope.files import as_file_name, make_folder, replacing
from motorscope.tomogram.formats.base import TomogramFormat
from motorscope.tomogram.formats.ome.read import OME_SUFFIXES
from motorscope.tomogram.formats.ome.remote import open_address
from motorscope.tomogram.volume import Tomogram

SUFFIX = ".url"
_SECTION, _FACTS = "InternetShortcut", "Motorscope"
_SCHEMES = ("http", "https")


def is_address(text: str) -> bool:
    """Whether a text is an address of a server, not a path."""
    return text.lower().startswith(tuple(f"{scheme}://" for scheme in _SCHEMES))


def is_shortcut(path: str | os.PathLike[str]) -> bool:
    """Whether a path is called like a shortcut."""
    return Path(path).suffix.lower() == SUFFIX


def shortcuts() -> Path:
    """Return where shortcuts are made: in the user's data, because edits are kept beside them."""
    return user_data_path("motorscope") / "remote"


def shortcut_to(
    address: str, folder: Path | None = None, facts: Mapping[str, str] | None = None
) -> Path:
    """Return the shortcut to an address, which is made unless it is there.

    Parameters
    ----------
    folder
        Its own folder; by default one of `shortcuts`.
    facts
        What to say of the tomogram in the file; see `facts_in`.

    Raises
    ------
    TomogramError
        If it is no address, or the shortcut cannot be written.
    """
    address = address.rstrip("/")
    parts = urlsplit(address)
    if not is_address(address) or not parts.netloc or not parts.path.strip("/"):
        raise TomogramError(
            f"{address} is no address of a tomogram; give that of an OME-Zarr, such as "
            "https://SERVER/NAME.zarr."
        )
    folder = folder or shortcuts() / hashlib.sha256(address.encode()).hexdigest()[:10]
    path = make_folder(folder, TomogramError) / f"{as_file_name(name_in(address))}{SUFFIX}"
    if not path.exists():
        sections = {_SECTION: {"URL": address}} | ({_FACTS: facts} if facts else {})
        lines = [
            line
            for title, values in sections.items()
            for line in (f"[{title}]", *(f"{key}={value}" for key, value in values.items()), "")
        ]
        with replacing(path, TomogramError) as partial:
            partial.write_text("\n".join(lines), encoding="utf-8")
    return path


def name_in(address: str) -> str:
    """Return the name of a tomogram that its address ends in, without the suffix."""
    name = unquote(urlsplit(address).path.rsplit("/", 1)[-1])
    for suffix in sorted(OME_SUFFIXES, key=len, reverse=True):
        name = name.removesuffix(suffix)
    return name


def address_in(path: Path) -> str | None:
    """Return the address in a shortcut, or ``None`` if it has none.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    address = _section(path, _SECTION).get("url", "").rstrip("/")
    return address if is_address(address) else None


def facts_in(path: Path) -> Mapping[str, str]:
    """Return what a shortcut says of its tomogram, by names in lower case; nothing if it is none.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    return _section(path, _FACTS)


def _section(path: Path, name: str) -> Mapping[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"))
    except (configparser.Error, UnicodeDecodeError):
        return {}
    return dict(parser[name]) if name in parser else {}


def _read(path: Path) -> Tomogram:
    address = address_in(path)
    if address is None:
        raise TomogramError(
            f"{path} is no shortcut to a server; it has two lines, [{_SECTION}] and "
            "URL=https://SERVER/NAME.zarr."
        )
    return open_address(address)


def _is_to_zarr(path: Path) -> bool:
    address = address_in(path)
    return address is not None and address.lower().endswith(OME_SUFFIXES)


SHORTCUT = TomogramFormat(
    name="url",
    title="shortcuts (.url) to OME-Zarr on servers",
    hint="a shortcut (.url) to an OME-Zarr on a server",
    suffixes=(SUFFIX,),
    read=_read,
    recognises=_is_to_zarr,
)
