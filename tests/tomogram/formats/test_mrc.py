import bz2
import errno
import gzip
import os
import tracemalloc
import warnings

import mrcfile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from motorscope.errors import TomogramError
from motorscope.tomogram.formats.mrc import write_mrc
from motorscope.tomogram.grid import VoxelGrid
from motorscope.tomogram.open import open_tomogram

VOLUME = np.random.default_rng(0).normal(0, 20, (4, 5, 6)).clip(-100, 100)
GRID = VoxelGrid((4, 5, 6), (13.1, 12.5, 20.0), (10.0, -20.0, 30.5))
SHIFTS = {"x": 0, "y": 4, "z": 8}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tomo.mrc"


def write(path, data=VOLUME, byteorder="<", **fields):
    """Write with mrcfile, then set fields of the header to whatever they should not be."""
    with mrcfile.new(path, overwrite=True) as mrc:
        mrc.set_data(np.asarray(data, data.dtype if data.dtype != np.float64 else np.float32))
        mrc.voxel_size = 10.0
        mrc.header.ispg = 1
        mrc.header.mz = data.shape[0]
        mrc.update_header_from_data()
        for name, value in fields.items():
            if "_" in name:
                field, axis = name.split("_")
                mrc.header[field][axis] = value
            else:
                mrc.header[name] = value
        header, voxels = mrc.header.copy(), mrc.data.copy()
    if byteorder == ">":
        swapped = np.array(header).astype(header.dtype.newbyteorder(">"))
        if "machst" not in fields:
            swapped["machst"] = (0x11, 0x11, 0, 0)
        path.write_bytes(
            swapped.tobytes() + voxels.astype(voxels.dtype.newbyteorder(">")).tobytes()
        )
    return path


def imod(flags):
    """Return the bytes of the header that IMOD sets."""
    extra = np.zeros(21, "<i4")
    extra[10:12] = (1146047817, flags)
    return extra.tobytes()


# What may be wrong with a spacing or an origin


def test_plain(path):
    tomogram = open_tomogram(write(path))
    np.testing.assert_array_equal(tomogram.data, VOLUME.astype(np.float32))
    assert isinstance(tomogram.data, np.memmap)
    assert tomogram.grid == VoxelGrid((4, 5, 6), (10.0, 10.0, 10.0))


@pytest.mark.parametrize("field", ["cella_x", "cella_y", "cella_z"])
@pytest.mark.parametrize("value", [0, -52.4, np.nan, np.inf, 1e-3, 1e9])
def test_a_broken_axis_makes_the_spacing_unknown(path, field, value):
    assert open_tomogram(write(path, **{field: value})).grid.spacing is None
    assert open_tomogram(path, spacing=13.1).grid.spacing == (13.1, 13.1, 13.1)


@pytest.mark.parametrize("field", ["mx", "my", "mz"])
@pytest.mark.parametrize("value", [0, -4])
def test_broken_intervals_make_the_spacing_unknown(path, field, value):
    assert open_tomogram(write(path, **{field: value})).grid.spacing is None


def test_spacing_may_differ_by_axis(path):
    write(path, cella_x=60.0, cella_y=75.0, cella_z=80.0)
    assert open_tomogram(path).grid.spacing == (20.0, 15.0, 10.0)


@pytest.mark.parametrize(
    ("cell_z", "spacing_z"), [(13.0, 13.0), (13.0 * 40, 13.0), (0.0, None), (4000.0, None)]
)
def test_spacing_of_an_image_stack(path, cell_z, spacing_z):
    """One interval in z: the cell is that of one image, or of all of them."""
    data = np.zeros((40, 5, 6), np.float32)
    write(path, data, ispg=0, mz=1, cella_x=78.0, cella_y=65.0, cella_z=cell_z)
    tomogram = open_tomogram(path)
    assert tomogram.data.shape == (40, 5, 6)
    assert tomogram.grid.spacing == (spacing_z and (spacing_z, 13.0, 13.0))


def test_origin(path):
    write(path, origin_x=1.0, origin_y=2.0, origin_z=-3.0)
    assert open_tomogram(path).grid.origin == (-3.0, 2.0, 1.0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_origin_that_is_not_finite_is_zero(path, value):
    write(path, origin_x=value, origin_y=2.0)
    assert open_tomogram(path).grid.origin == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("flags", "version", "sign"), [(0, 0, -1), (4, 0, 1), (0, 20140, 1), (4, 20141, 1)]
)
def test_imod_has_its_own_sign_of_the_origin(path, flags, version, sign):
    write(path, origin_x=1.0, origin_y=2.0, origin_z=3.0, extra2=imod(flags), nversion=version)
    assert open_tomogram(path).grid.origin == (3.0 * sign, 2.0 * sign, 1.0 * sign)


def test_before_mrc2000_there_was_no_origin(path):
    write(path, map=b"", machst=(0, 0, 0, 0), origin_x=1.0)
    assert open_tomogram(path).grid == VoxelGrid((4, 5, 6), (10.0, 10.0, 10.0))


# Voxels


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint16, np.float16, np.float32])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("stamp", [None, (0, 0, 0, 0), "wrong"])
def test_every_mode_and_byte_order(path, dtype, byteorder, stamp):
    data = np.abs(VOLUME).astype(dtype)
    fields = {}
    if stamp == "wrong":
        fields["machst"] = (0x11, 0x11, 0, 0) if byteorder == "<" else (0x44, 0x44, 0, 0)
    elif stamp:
        fields["machst"] = stamp
    write(path, data, byteorder, **fields)
    tomogram = open_tomogram(path)
    np.testing.assert_array_equal(tomogram.data, data)
    assert tomogram.data.dtype.newbyteorder("=") == dtype
    assert tomogram.grid.spacing == (10.0, 10.0, 10.0)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize(("flags", "dtype"), [(0, np.uint8), (1, np.int8), (12, np.uint8)])
def test_imod_says_whether_bytes_are_signed(path, byteorder, flags, dtype):
    data = (np.abs(VOLUME) - 100).astype(np.int8)
    extra = imod(flags)
    if byteorder == ">":
        extra = np.frombuffer(extra, "<i4").astype(">i4").tobytes()
    write(path, data, byteorder, extra2=extra)
    tomogram = open_tomogram(path)
    assert tomogram.data.dtype == dtype
    np.testing.assert_array_equal(tomogram.data, data.view(dtype))


def test_bytes_without_a_word_from_imod_are_signed(path):
    assert open_tomogram(write(path, VOLUME.astype(np.int8))).data.dtype == np.int8


@pytest.mark.parametrize(
    "order", [(1, 2, 3), (2, 1, 3), (1, 3, 2), (3, 2, 1), (2, 3, 1), (3, 1, 2)]
)
def test_the_order_of_axes_in_the_file(path, order):
    """Fields mapc, mapr, maps say which of x, y, z (1, 2, 3) runs fastest, next and slowest."""
    in_file = np.transpose(VOLUME, [3 - axis for axis in reversed(order)])
    columns, rows, sections = order
    write(path, in_file, mapc=columns, mapr=rows, maps=sections)
    with mrcfile.open(path, "r+") as mrc:
        mrc.header.mx, mrc.header.my, mrc.header.mz = 6, 5, 4
        mrc.header.cella = (60.0, 75.0, 80.0)
    tomogram = open_tomogram(path)
    np.testing.assert_array_equal(tomogram.data, VOLUME.astype(np.float32))
    assert np.shares_memory(tomogram.data, tomogram.data.base)
    assert tomogram.grid == VoxelGrid((4, 5, 6), (20.0, 15.0, 10.0))


@pytest.mark.parametrize("order", [(0, 0, 0), (1, 1, 1), (1, -2, 3), (7, 8, 9)])
def test_axes_that_make_no_sense_are_taken_as_usual(path, order):
    write(path, mapc=order[0], mapr=order[1], maps=order[2])
    np.testing.assert_array_equal(open_tomogram(path).data, VOLUME.astype(np.float32))


def test_extended_header(path):
    with mrcfile.new(path) as mrc:
        mrc.set_data(VOLUME.astype(np.float32))
        mrc.set_extended_header(np.zeros(1000, "V1"))
    np.testing.assert_array_equal(open_tomogram(path).data, VOLUME.astype(np.float32))


def test_nan_and_infinity_open(path):
    data = VOLUME.astype(np.float32)
    data[0, 0, :3] = (np.nan, np.inf, -np.inf)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(path, data)
    np.testing.assert_array_equal(open_tomogram(path).data, data)


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_compressed(tmp_path, suffix, compress):
    plain = write(tmp_path / "a.rec", origin_x=3.0)
    packed = tmp_path / f"a.rec{suffix}"
    packed.write_bytes(compress(plain.read_bytes()))
    np.testing.assert_array_equal(open_tomogram(packed).data, VOLUME.astype(np.float32))
    assert open_tomogram(packed).grid == open_tomogram(plain).grid
    assert open_tomogram(packed).name == "a"


def test_a_large_file_opens_at_once(path):
    with path.open("wb") as stream:
        stream.write(write(path.with_name("small.mrc"), VOLUME.astype(np.int8)).read_bytes()[:1024])
        stream.seek(0)
        stream.write(np.array((1912, 1912, 500), "<i4").tobytes())
        stream.truncate(1024 + 500 * 1912 * 1912)  # sparse: it takes no room on the disk
    tomogram = open_tomogram(path)
    assert tomogram.grid.shape == (500, 1912, 1912)
    assert isinstance(tomogram.data, np.memmap)


def test_real_files(real_file):
    tomogram = open_tomogram(real_file("int8_23A.mrc"))
    assert tomogram.data.dtype == np.int8
    assert tomogram.grid.shape == (78, 64, 32)
    assert tomogram.grid.spacing == pytest.approx((23.2, 23.2, 23.2), abs=1e-3)
    density = open_tomogram(real_file("EMD-3197.map"))
    assert density.grid == VoxelGrid((20, 20, 20), (11.4, 11.4, 11.4))
    assert density.data.mean() == pytest.approx(0.783612)


# What cannot be read


def refused(path, message):
    with pytest.raises(TomogramError, match=message) as caught:
        open_tomogram(path)
    assert path.name in str(caught.value)


@given(part=st.floats(0, 0.999))
@pytest.mark.parametrize("compress", [None, gzip.compress, bz2.compress])
def test_cut_short(tmp_path_factory, compress, part):
    path = write(tmp_path_factory.mktemp("cut") / "t.mrc")
    whole = path.read_bytes()
    if compress is not None:
        path = path.with_name("t.mrc.gz" if compress is gzip.compress else "t.mrc.bz2")
        whole = compress(whole)
    path.write_bytes(whole[: int(part * len(whole))])
    refused(path, "short|empty|bytes|is not")


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
def test_cut_short_before_it_was_compressed(path, compress):
    packed = path.with_name("t.mrc.gz" if compress is gzip.compress else "t.mrc.bz2")
    packed.write_bytes(compress(write(path).read_bytes()[:-1]))
    refused(packed, "cut short.*6 × 5 × 4 voxels of float32.*1504 bytes.*1503 bytes")


def test_damage_within_compressed_data(path):
    packed = path.with_name("t.mrc.gz")
    content = bytearray(gzip.compress(write(path).read_bytes()))
    content[200:260] = bytes(60)
    packed.write_bytes(content)
    refused(packed, "decompressed|cut short|header")


@pytest.mark.parametrize("nz", [5, 40, 900_000])
def test_a_header_that_promises_more_than_there_is(path, nz):
    refused(write(path, nz=nz), "cut short.*copy or export")


@pytest.mark.parametrize("side", [1000, 999_999])
def test_a_compressed_header_that_promises_more_than_there_is_takes_no_memory(path, side):
    packed = path.with_name("t.mrc.gz")
    packed.write_bytes(gzip.compress(write(path, nx=side, ny=side, nz=side).read_bytes()))
    tracemalloc.start()
    try:
        refused(packed, "cut short")
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("fields", [{"nz": 3}, {"mode": 0}, {"nx": 3}])
def test_a_header_that_tells_of_less_than_there_is(path, fields):
    refused(write(path, **fields), "does not fit the file")


def test_a_little_padding_is_allowed(path):
    with write(path).open("ab") as stream:
        stream.write(bytes(100))
    assert open_tomogram(path).grid.shape == (4, 5, 6)


@pytest.mark.parametrize("fields", [{"nx": 0}, {"ny": -5}, {"nz": 2**31 - 1}, {"mode": 77}])
def test_nonsense_in_the_header(path, fields):
    refused(write(path, **fields), "damaged.*export")


def test_a_nonsensical_extended_header(path):
    refused(write(path, nsymbt=-1), "damaged")
    refused(write(path, nsymbt=2**31 - 1), "cut short")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mode": 3}, "complex"),
        ({"mode": 4}, "complex"),
        ({"mode": 16}, "RGB"),
        ({"mode": 101}, "4-bit"),
        ({"mode": 0, "extra2": imod(17)}, "4-bit"),
        ({"ispg": 401, "mz": 2}, "stack of 2 volumes"),
    ],
)
def test_kinds_of_data_that_are_no_volume(path, fields, message):
    refused(write(path, **fields), message)


def test_a_stack_of_one_volume_is_a_volume(path):
    assert open_tomogram(write(path, ispg=401)).grid.shape == (4, 5, 6)


@pytest.mark.parametrize("shape", [(1, 5, 6), (4, 1, 6), (4, 5, 1)])
def test_a_flat_image(path, shape):
    refused(write(path, np.zeros(shape, np.float32)), "flat image")


def test_no_mrc_at_all(path):
    path.write_bytes(b"")
    refused(path, "empty")
    path.write_text("tilt 1\n")
    refused(path, "holds 7 bytes")
    path.write_text("These are notes on the tilt series.\n" * 100)
    refused(path, "not an MRC file")
    path.write_bytes(bytes(5000))
    refused(path, "not an MRC file")
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    refused(path, "not an MRC file")


@pytest.mark.parametrize("suffix", [".gz", ".bz2"])
def test_plain_under_the_name_of_compressed(path, suffix):
    renamed = write(path).rename(path.with_name(f"t.mrc{suffix}"))
    refused(renamed, f"rename it without {suffix}")


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_compressed_under_the_name_of_plain(path, suffix, compress):
    path.write_bytes(compress(write(path).read_bytes()))
    refused(path, f"rename it to tomo.mrc{suffix}")


# Writing

DTYPES = {
    np.int8: np.int8,
    np.uint8: np.uint16,
    np.bool_: np.int8,
    np.int16: np.int16,
    np.uint16: np.uint16,
    np.float16: np.float16,
    np.float32: np.float32,
    np.float64: np.float32,
}
shapes = st.tuples(*[st.integers(2, 7)] * 3)


@given(
    st.data(),
    shapes,
    st.sampled_from(list(DTYPES)),
    st.none() | st.tuples(*[st.floats(0.5, 200, width=32)] * 3),
    st.tuples(*[st.floats(-1e4, 1e4, width=32)] * 3),
    st.sampled_from("<>"),
)
def test_round_trip(tmp_path_factory, data, shape, dtype, spacing, origin, byteorder):
    path = tmp_path_factory.mktemp("round") / "t.mrc"
    values = data.draw(hnp.arrays(np.dtype(dtype).newbyteorder(byteorder), shape))
    write_mrc(path, values, VoxelGrid(shape, spacing, origin))
    with mrcfile.open(path) as mrc:  # not forbearing: it is a good file
        stored = mrc.data.copy()
        assert mrc.header.nversion == 20141
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(stored, values.astype(stored.dtype))
    tomogram = open_tomogram(path)
    assert tomogram.data.dtype == DTYPES[dtype]
    np.testing.assert_array_equal(np.asarray(tomogram.data), stored)
    assert tomogram.grid.shape == shape
    assert tomogram.grid.origin == origin
    assert tomogram.grid.spacing == (spacing and pytest.approx(spacing, rel=1e-6))


def test_what_is_written_is_valid(path):
    write_mrc(path, VOLUME.astype(np.float32), GRID)
    assert mrcfile.validate(path)
    tomogram = open_tomogram(path)
    assert tomogram.grid == GRID  # 13.1, not 13.100000381
    with mrcfile.open(path) as mrc:
        assert mrc.voxel_size.x == pytest.approx(20)
        assert mrc.header.rms == pytest.approx(VOLUME.std(), rel=1e-5)


def test_statistics_are_those_of_the_finite_values(path):
    data = VOLUME.astype(np.float32)
    data[1, 2, :3] = (np.nan, np.inf, -np.inf)
    write_mrc(path, data, GRID)
    finite = data[np.isfinite(data)]
    with mrcfile.open(path) as mrc:
        header = mrc.header
        assert header.dmin == finite.min()
        assert header.dmax == finite.max()
        assert header.dmean == pytest.approx(finite.mean(), rel=1e-4)


def test_statistics_of_nothing_are_marked_as_unknown(path):
    write_mrc(path, np.full((4, 5, 6), np.nan, np.float32), GRID)
    with mrcfile.open(path) as mrc:
        assert mrc.header.dmax < mrc.header.dmin
        assert mrc.header.rms < 0


def test_a_volume_of_many_slabs(path, monkeypatch):
    monkeypatch.setattr("motorscope.tomogram.formats.mrc._SLAB_BYTES", 200)
    write_mrc(path, VOLUME.astype(np.float32), GRID)
    np.testing.assert_array_equal(open_tomogram(path).data, VOLUME.astype(np.float32))
    assert mrcfile.validate(path)


def test_what_is_not_contiguous(path):
    data = np.asfortranarray(VOLUME.astype(np.float32))
    write_mrc(path, data, GRID)
    np.testing.assert_array_equal(open_tomogram(path).data, data)


def test_an_open_tomogram_may_be_replaced(path):
    """The old file lives on under the memory map."""
    write_mrc(path, VOLUME.astype(np.int16), GRID)
    before = open_tomogram(path)
    write_mrc(path, before.data + 1, GRID)
    np.testing.assert_array_equal(before.data + 1, open_tomogram(path).data)


@pytest.mark.parametrize("dtype", [np.int32, np.complex64, np.int64])
def test_types_that_mrc_has_not(path, dtype):
    with pytest.raises(TomogramError, match="float32"):
        write_mrc(path, VOLUME.astype(dtype), GRID)
    assert not path.exists()


def test_shapes_must_agree(path):
    with pytest.raises(ValueError, match="shape"):
        write_mrc(path, VOLUME[1:], GRID)


@pytest.mark.parametrize("name", ["heat.tif", "heat", "heat.mrc.gz"])
def test_the_name_must_be_that_of_an_mrc_file(tmp_path, name):
    with pytest.raises(TomogramError, match=r"end in \.mrc"):
        write_mrc(tmp_path / name, VOLUME, GRID)


def test_a_missing_folder(tmp_path):
    with pytest.raises(TomogramError, match="cannot be written"):
        write_mrc(tmp_path / "nowhere" / "t.mrc", VOLUME, GRID)


class Failing:
    """A lazy array that can only be read half."""

    def __init__(self, error):
        self.shape, self.dtype, self.error = (4, 5, 6), np.dtype(np.float32), error

    def __getitem__(self, box):
        if box[0].start:
            raise self.error
        return VOLUME[box].astype(np.float32)


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), TomogramError), (KeyboardInterrupt(),) * 2],
)
def test_nothing_half_made_is_left(path, monkeypatch, error, raised):
    monkeypatch.setattr("motorscope.tomogram.formats.mrc._SLAB_BYTES", 1)
    path.write_bytes(b"old")
    with pytest.raises(raised if isinstance(raised, type) else type(raised)):
        write_mrc(path, Failing(error), GRID)
    assert [entry.name for entry in path.parent.iterdir()] == ["tomo.mrc"]
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is always full")
def test_a_full_disk(path, monkeypatch):
    real = type(path).open
    monkeypatch.setattr(
        type(path), "open", lambda self, *mode: real(type(self)("/dev/full"), *mode)
    )
    with pytest.raises(TomogramError, match="space"):
        write_mrc(path, VOLUME, GRID)
    assert list(path.parent.iterdir()) == []
