"""Values on their way to another process and back."""

import json

import numpy as np
import pytest

from motorscope.tomogram import Tomogram, VoxelGrid, open_tomogram, write_mrc

pytest.importorskip("appose")

from appose import SharedMemory
from appose.util import message

from motorscope.engine import wire


def sent(value, name=None):
    """What comes out at the other end of a line of text."""
    return wire.unpack(message.decode(message.encode(wire.pack(value, name))))


def test_large_arrays_go_through_shared_memory_and_are_then_our_own():
    name = wire.new_name()
    large, small = np.arange(1e6, dtype=np.float32), np.arange(3)
    packed = wire.pack([large, small], name)
    assert len(json.dumps({**packed, "block": None})) < 2000
    got = wire.unpack(message.decode(message.encode(packed)))
    wire.remove(name)
    assert np.array_equal(got[0], large)
    assert np.array_equal(got[1], small)
    got[0][:] = 0
    with pytest.raises(FileNotFoundError):
        SharedMemory(name=name)


def test_small_values_are_in_the_text():
    got = sent(np.arange(12).reshape(3, 4))
    assert np.array_equal(got, np.arange(12).reshape(3, 4))


def test_tomogram_in_a_file_is_mapped_again_and_not_sent(tmp_path):
    path = tmp_path / "t.mrc"
    data = np.random.default_rng(0).normal(size=(40, 50, 60)).astype(np.float32)
    write_mrc(path, data, VoxelGrid(data.shape, (10.0,) * 3))
    opened = open_tomogram(path)
    for part in (opened.data, opened.data[7:19]):
        packed = wire.pack(Tomogram(part, opened.grid, "t"))
        assert packed["sizes"] == []
        got = wire.unpack(packed).data
        assert isinstance(got, np.memmap)
        assert np.array_equal(got, part)
    assert np.array_equal(sent(opened.data[:, 3:9, ::2]), data[:, 3:9, ::2])
