"""Shortcuts to tomograms on servers: files ``.url`` that name an OME-Zarr by its address.

Such a file is made of an address where a path is wanted, so that picks, journals and heatmaps of a
tomogram on a server have a place, and a folder of shortcuts can be searched like any other.
"""

import configparser
import hashlib
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
_SECTION = "InternetShortcut"
_SCHEMES = ("http", "https")


def is_address(text: str) -> bool:
    """Whether a text is an address of a server, not a path."""
    return text.lower().startswith(tuple(f"{scheme}://" for scheme in _SCHEMES))


def shortcuts() -> Path:
    """Return where shortcuts are made: in the user's data, because edits are kept beside them."""
    return user_data_path("motorscope") / "remote"


def shortcut_to(address: str, folder: Path | None = None, remark: str = "") -> Path:
    """Return the shortcut to an address, which is made unless it is there.

    Parameters
    ----------
    folder
        Its own folder; by default one of `shortcuts`.
    remark
        What to say of it in the file, in a line.

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
        lines = [f"[{_SECTION}]", f"URL={address}", *([f"; {remark}"] if remark else []), ""]
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
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"))
        address = parser.get(_SECTION, "URL")
    except (configparser.Error, UnicodeDecodeError):
        return None
    return address.rstrip("/") if is_address(address) else None


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
