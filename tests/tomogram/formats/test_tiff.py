import struct
import tracemalloc

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from motorscope.errors import TomogramError
from motorscope.tomogram.formats.units import angstroms_per
from motorscope.tomogram.open import can_open, open_tomogram

VOLUME = np.random.default_rng(0).normal(60, 10, (6, 7, 9))


@pytest.mark.parametrize(
    "dtype", [np.int8, np.uint8, np.int16, np.uint16, np.float16, np.float32, np.float64, np.int32]
)
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_every_type_and_byte_order(tmp_path, dtype, byteorder, compression):
    path = tmp_path / "t.tif"
    data = VOLUME.astype(dtype)
    tifffile.imwrite(path, data, byteorder=byteorder, compression=compression)
    assert can_open(path)
    tomogram = open_tomogram(path)
    np.testing.assert_array_equal(tomogram.data, data)
    assert tomogram.data.dtype.newbyteorder("=") == dtype
    assert isinstance(tomogram.data, np.memmap) == (compression is None)
    assert tomogram.grid.spacing is None


@pytest.mark.parametrize("options", [{"bigtiff": True}, {"metadata": None}, {"imagej": True}])
def test_kinds_of_tiff(tmp_path, options):
    path = tmp_path / "T.TIFF"
    data = VOLUME.astype(np.float32)
    tifffile.imwrite(path, data, photometric="minisblack", **options)
    np.testing.assert_array_equal(open_tomogram(path).data, data)


def test_pages_written_one_by_one(tmp_path):
    path = tmp_path / "t.tif"
    data = VOLUME.astype(np.float32)
    with tifffile.TiffWriter(path) as writer:
        for page in data:
            writer.write(page, contiguous=False, metadata=None)
    np.testing.assert_array_equal(open_tomogram(path).data, data)


@pytest.mark.parametrize(
    ("unit", "angstroms"),
    [("nm", 10), ("angstrom", 1), ("\\u00C5", 1), ("\\u00B5m", 1e4), ("um", 1e4)],
)
def test_spacing_of_imagej(tmp_path, unit, angstroms):
    path = tmp_path / "t.tif"
    tifffile.imwrite(
        path,
        VOLUME.astype(np.uint8),
        imagej=True,
        resolution=(angstroms / 13.1, angstroms / 12.5),
        metadata={"axes": "ZYX", "unit": unit, "spacing": 20 / angstroms},
    )
    assert open_tomogram(path).grid.spacing == pytest.approx((20, 12.5, 13.1), rel=1e-6)


@pytest.mark.parametrize(
    "metadata",
    [
        {"axes": "ZYX", "spacing": 1.31},
        {"axes": "ZYX", "unit": "pixel", "spacing": 1.31},
        {"axes": "ZYX", "unit": "nm"},
        {"axes": "TYX", "unit": "nm", "spacing": 1.31},
        {"axes": "ZYX", "unit": "nm", "spacing": -1.31},
        {"axes": "ZYX", "unit": "cm", "spacing": 1.31},
    ],
)
def test_spacing_of_imagej_in_doubt_is_unknown(tmp_path, metadata):
    path = tmp_path / "t.tif"
    data = VOLUME.astype(np.uint8)
    tifffile.imwrite(path, data, imagej=True, resolution=(1 / 1.31,) * 2, metadata=metadata)
    assert open_tomogram(path).grid.spacing is None
    assert open_tomogram(path).grid.shape == VOLUME.shape


def test_spacing_of_ome(tmp_path):
    path = tmp_path / "t.ome.tif"
    sizes = {"PhysicalSizeX": 1.31, "PhysicalSizeY": 12.5, "PhysicalSizeZ": 0.002}
    units = {"PhysicalSizeXUnit": "nm", "PhysicalSizeYUnit": "Å"}
    tifffile.imwrite(
        path, VOLUME.astype(np.uint8), metadata={"axes": "ZYX", **sizes, **units}, ome=True
    )
    assert open_tomogram(path).grid.spacing == pytest.approx((20, 12.5, 13.1))


@pytest.mark.parametrize(
    "metadata",
    [
        {"axes": "ZYX"},
        {"axes": "ZYX", "PhysicalSizeX": 1.31, "PhysicalSizeXUnit": "nm"},
        {"axes": "ZYX", **{f"PhysicalSize{a}": 2 for a in "XYZ"}},  # µm by default
        {
            "axes": "ZYX",
            **{f"PhysicalSize{a}": 2 for a in "XYZ"},
            **{f"PhysicalSize{a}Unit": "pixel" for a in "XYZ"},
        },
    ],
)
def test_spacing_of_ome_in_doubt_is_unknown(tmp_path, metadata):
    path = tmp_path / "t.ome.tif"
    tifffile.imwrite(path, VOLUME.astype(np.uint8), metadata=metadata, ome=True)
    assert open_tomogram(path).grid.spacing is None


def test_a_unit_that_is_no_unit():
    assert angstroms_per("furlong") is None
    assert angstroms_per(None) is None


def test_an_image_is_no_volume(tmp_path):
    path = tmp_path / "t.tif"
    tifffile.imwrite(path, VOLUME[0].astype(np.uint8))
    with pytest.raises(TomogramError, match="7 × 9, not a volume"):
        open_tomogram(path)


def test_four_dimensions_are_no_volume(tmp_path):
    path = tmp_path / "t.tif"
    tifffile.imwrite(path, np.zeros((2, 3, 4, 5), np.uint8), photometric="minisblack")
    with pytest.raises(TomogramError, match="2 × 3 × 4 × 5, not a volume"):
        open_tomogram(path)


@pytest.mark.parametrize("shape", [(20, 30, 3), (5, 20, 30, 3), (20, 30, 4)])
def test_colour_is_refused(tmp_path, shape):
    path = tmp_path / "t.tif"
    tifffile.imwrite(path, np.zeros(shape, np.uint8), photometric="rgb")
    with pytest.raises(TomogramError, match="RGB"):
        open_tomogram(path)


def test_channels_are_refused(tmp_path):
    path = tmp_path / "t.tif"
    data = np.zeros((5, 2, 6, 7), np.uint8)
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": "ZCYX"})
    with pytest.raises(TomogramError, match="2 channels"):
        open_tomogram(path)
    tifffile.imwrite(path, data[0], imagej=True, metadata={"axes": "CYX"})
    with pytest.raises(TomogramError, match="2 channels"):
        open_tomogram(path)


def test_slices_mistaken_for_channels_are_a_volume(tmp_path):
    path = tmp_path / "t.tif"
    data = VOLUME.astype(np.uint8)
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": "CYX"})
    np.testing.assert_array_equal(open_tomogram(path).data, data)


def test_pages_of_different_sizes_are_refused(tmp_path):
    path = tmp_path / "t.tif"
    with tifffile.TiffWriter(path) as writer:
        for side in (5, 6, 7):
            writer.write(np.zeros((side, side), np.uint8), metadata=None)
    with pytest.raises(TomogramError, match="3 images of different kinds"):
        open_tomogram(path)


@pytest.mark.parametrize("dtype", [np.complex64, np.bool_])
def test_other_types_are_refused(tmp_path, dtype):
    path = tmp_path / "t.tif"
    tifffile.imwrite(path, np.zeros((4, 5, 6), dtype), photometric="minisblack")
    with pytest.raises(TomogramError, match="type"):
        open_tomogram(path)


@pytest.mark.parametrize("content", [b"", b"II", b"hello, I am a text file", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_tiff(tmp_path, content):
    path = tmp_path / "t.tif"
    path.write_bytes(content)
    assert not can_open(path)
    with pytest.raises(TomogramError, match=r"t\.tif is (not a TIFF|empty)"):
        open_tomogram(path)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("metadata", [None, {}])
@given(part=st.floats(0.001, 0.99))
def test_cut_short(tmp_path_factory, compression, metadata, part):
    path = tmp_path_factory.mktemp("cut") / "t.tif"
    data = np.random.default_rng(0).normal(0, 1, (6, 32, 32)).astype(np.float32)
    tifffile.imwrite(path, data, compression=compression, metadata=metadata)
    whole = path.read_bytes()
    path.write_bytes(whole[: max(4, int(part * len(whole)))])
    with pytest.raises(TomogramError, match=r"t\.tif.*again"):
        open_tomogram(path)


def test_real_files(real_file):
    microtubule = open_tomogram(real_file("microtubule_13pf.tif"))
    assert microtubule.grid.shape == (36, 206, 94)
    assert microtubule.grid.spacing == pytest.approx((10.52, 10.52, 10.52), rel=1e-3)
    virus = open_tomogram(real_file("hiv_tomogram_bin4.tif"), spacing=5.4)
    assert virus.grid.shape == (101, 135, 135)
    assert virus.grid.spacing == (5.4, 5.4, 5.4)
    assert virus.name == "hiv_tomogram_bin4"


@pytest.mark.parametrize(
    ("tag", "said"), [("ImageWidth", "cannot hold"), ("StripByteCounts", "end")]
)
def test_a_stack_that_claims_more_than_there_is_takes_no_memory(tmp_path, tag, said):
    path = tmp_path / "t.tif"
    tifffile.imwrite(path, np.ones((2, 64, 64), np.float32), compression="zlib", metadata=None)
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        for page in tiff.pages:
            page.tags[tag].overwrite(10**7 if tag == "ImageWidth" else [10**9], dtype="I")
    tracemalloc.start()
    try:
        with pytest.raises(TomogramError, match=rf"t\.tif .*{said}"):
            open_tomogram(path)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_tiles_larger_than_the_file_can_fill_take_no_memory(tmp_path):
    path = tmp_path / "t.tif"
    data = np.ones((2, 64, 64), np.float32)
    tifffile.imwrite(path, data, compression="zlib", tile=(32, 32), metadata=None)
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        for page in tiff.pages:
            page.tags["TileWidth"].overwrite(10**7, dtype="I")
    with pytest.raises(TomogramError, match=r"t\.tif does not fit the file"):
        open_tomogram(path)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("back_to", [0, 1, 2])
def test_pages_in_a_circle_are_refused(tmp_path, back_to):
    path = tmp_path / "t.tif"
    data = np.ones((3, 8, 8), np.float32)
    tifffile.imwrite(path, data, photometric="minisblack", metadata=None, compression="zlib")
    with tifffile.TiffFile(path) as tiff:
        offsets = [page.offset for page in tiff.pages]
    content = bytearray(path.read_bytes())
    (tags,) = struct.unpack_from("<H", content, offsets[-1])
    struct.pack_into("<I", content, offsets[-1] + 2 + 12 * tags, offsets[back_to])
    path.write_bytes(content)
    with pytest.raises(TomogramError, match=r"t\.tif is damaged: after 3 pages"):
        open_tomogram(path)
