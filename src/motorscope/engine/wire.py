"""Values on their way between this process and its worker.

They are pickled; large arrays go through shared memory, and arrays that are mapped from a file say
where they lie in it. Both ends are one program on one machine: nothing that came from a file or
from elsewhere is ever read in this way.
"""

import base64
import io
import mmap
import os
import pickle
import uuid
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from appose import SharedMemory
from numpy.typing import NDArray

_INLINE = 1 << 20  # bytes of arrays from which on they go through shared memory


class Packed(TypedDict):
    """A value that fits into JSON: the pickle without its arrays, their sizes, and the arrays."""

    data: str
    sizes: list[int]
    arrays: str
    block: SharedMemory | None


def new_name() -> str:
    """Return a name for a block of shared memory that nobody else has."""
    return f"motorscope-{uuid.uuid4().hex[:12]}"  # macOS allows 30 letters


def pack(value: object, name: str | None = None) -> Packed:
    """Pack a value; whoever unpacks it removes the block, see `remove`.

    Parameters
    ----------
    name
        Of the block of shared memory that is made where the arrays are large; ``None`` for no
        block.
    """
    buffers: list[pickle.PickleBuffer] = []
    stream = io.BytesIO()
    _Pickler(stream, protocol=5, buffer_callback=buffers.append).dump(value)
    views = [buffer.raw() for buffer in buffers]
    sizes = [view.nbytes for view in views]
    arrays, block = "", None
    if name is None or sum(sizes) < _INLINE:
        arrays = _text(b"".join(views))
    else:
        block = SharedMemory(name=name, create=True, rsize=sum(sizes))
        start = 0
        for view in views:
            block.buf[start : start + view.nbytes] = view
            start += view.nbytes
        if os.name != "nt":  # Windows frees a block that nobody has open
            block.close()
    return Packed(data=_text(stream.getvalue()), sizes=sizes, arrays=arrays, block=block)


def unpack(packed: Packed) -> Any:
    """Return the value; its arrays have memory of their own."""
    block = packed["block"]
    source = base64.b64decode(packed["arrays"]) if block is None else block.buf
    buffers, start = [], 0
    for size in packed["sizes"]:
        buffers.append(bytearray(source[start : start + size]))
        start += size
    value = pickle.loads(base64.b64decode(packed["data"]), buffers=buffers)
    if block is not None:
        block.close()
    return value


def remove(name: str) -> None:
    """Free a block of shared memory, if there is one of that name."""
    try:
        block = SharedMemory(name=name)
    except FileNotFoundError:
        return
    block.close()
    block.unlink()


class _Pickler(pickle.Pickler):
    """Names the place of arrays that are mapped from a file, rather than sending their values."""

    def reducer_override(self, value: object) -> Any:
        if not isinstance(value, np.memmap):
            return NotImplemented
        place = _place(value)
        if place is None:
            return np.asarray, (np.ascontiguousarray(value.view(np.ndarray)),)
        return _mapped, place


def _place(
    array: "np.memmap[Any, Any]",
) -> tuple[str, np.dtype[Any], int, tuple[int, ...]] | None:
    """Return file, type, first byte and shape; ``None`` if the values do not lie in one piece."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if not isinstance(base, mmap.mmap) or array.filename is None or not array.flags.c_contiguous:
        return None
    mapped: NDArray[np.uint8] = np.frombuffer(base, np.uint8)
    begin = array.offset - array.offset % mmap.ALLOCATIONGRANULARITY
    return (
        str(Path(array.filename).absolute()),
        array.dtype,
        begin + _address(array) - _address(mapped),
        array.shape,
    )


def _mapped(
    path: str, dtype: np.dtype[Any], offset: int, shape: tuple[int, ...]
) -> "np.memmap[Any, Any]":
    return np.memmap(path, dtype, "r", offset, shape)


def _address(array: NDArray[Any]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
