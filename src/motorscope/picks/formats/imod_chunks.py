"""The parts of an IMOD model that we read, checked against the file before a library reads them.

A model is a header and a chain of chunks, each with a name of four letters; most say their length.
The library believes all lengths and goes on for ever where the last chunk, ``IEOF``, is missing. So
the chain is followed here, and the library gets a model whose lengths are true and that has an end.
Source: IMOD's description of its binary file format (binspec.html).
"""

from pathlib import Path

from motorscope.errors import PicksError

_HEADER = 240
_OBJECT, _CONTOUR, _MESH, _REFERENCE = 176, 16, 16, 72
_POINT, _VERTEX, _INDEX = 12, 12, 4
_NAME = 4
_END = b"IEOF"


def checked_model(path: Path) -> bytes:
    """Return a model with its header, objects, contours and image reference alone.

    Raises
    ------
    PicksError
        If a chunk reaches beyond the file's end, or the chain breaks off.
    OSError
        If the file cannot be read.
    """
    data = path.read_bytes()
    if len(data) < _HEADER:
        raise PicksError(
            f"{path} holds {len(data)} bytes, less than the header of an IMOD model; copy or save "
            "it again."
        )
    kept = [data[:_HEADER]]
    at = _HEADER
    while (name := data[at : at + _NAME]) != _END:
        end = at + _NAME + _length(data, name, at + _NAME)
        if len(name) < _NAME or end > len(data):
            raise PicksError(
                f"{path} is cut short or damaged: the part {_shown(name)} at byte {at} reaches "
                f"beyond the file's end ({len(data)} bytes); copy or save it again."
            )
        if name in (b"OBJT", b"CONT") or (name == b"MINX" and end - at == 8 + _REFERENCE):
            kept.append(data[at:end])
        at = end
    return b"".join([*kept, _END])


def _length(data: bytes, name: bytes, at: int) -> int:
    """Return how many bytes follow the name of a chunk."""
    if name == b"OBJT":
        return _OBJECT
    first = _count(data, at)
    if name == b"CONT":
        return _CONTOUR + _POINT * first
    if name == b"MESH":
        return _MESH + _VERTEX * first + _INDEX * _count(data, at + 4)
    return 4 + first


def _count(data: bytes, at: int) -> int:
    """Return a number without a sign; a negative one is so large that no file can hold it."""
    return int.from_bytes(data[at : at + 4], "big")


def _shown(name: bytes) -> str:
    return repr(name.decode("ascii", "replace"))
