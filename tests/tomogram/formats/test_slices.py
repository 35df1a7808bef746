import numpy as np
import pytest
import tifffile
from PIL import Image

from motorscope.errors import TomogramError
from motorscope.tomogram.formats.slices import slice_number
from motorscope.tomogram.open import can_open, is_tomogram, open_tomogram

VOLUME = np.random.default_rng(0).integers(60, 200, (12, 7, 9), np.uint8)


def write_slices(folder, volume=VOLUME, first=0, pattern="slice_{:04d}.png"):
    folder.mkdir(exist_ok=True)
    for number, pixels in enumerate(volume, first):
        Image.fromarray(pixels).save(folder / pattern.format(number))
    return folder


@pytest.mark.parametrize(
    "pattern", ["slice_{:04d}.png", "s{}.png", "tomo2-{:03d}.tif", "{}.tiff", "A_{:d}.PNG"]
)
@pytest.mark.parametrize("first", [0, 1])
def test_slices_become_a_volume_in_the_order_of_their_numbers(tmp_path, pattern, first):
    folder = write_slices(tmp_path / "tomo_00e047", first=first, pattern=pattern)
    assert can_open(folder)
    tomogram = open_tomogram(folder)
    np.testing.assert_array_equal(tomogram.data, VOLUME)
    assert tomogram.grid.shape == VOLUME.shape
    assert tomogram.grid.spacing is None
    assert tomogram.name == "tomo_00e047"


def test_jpeg_slices(tmp_path):
    smooth = np.add.outer(np.arange(5) * 10, np.add.outer(np.arange(16), np.arange(16) * 2))
    folder = write_slices(tmp_path / "t", smooth.astype(np.uint8), pattern="slice_{:04d}.jpg")
    tomogram = open_tomogram(folder, spacing=13.1)
    np.testing.assert_allclose(tomogram.data, smooth, atol=4)
    assert tomogram.grid.spacing == (13.1, 13.1, 13.1)


@pytest.mark.parametrize("options", [{}, {"imagej": True}, {"metadata": None}])
def test_stacks_are_no_slices(tmp_path, options):
    for number in range(2):
        path = tmp_path / f"TS_{number:03}.tif"
        tifffile.imwrite(path, VOLUME, photometric="minisblack", **options)
        assert is_tomogram(path)
    assert not can_open(tmp_path)
    with pytest.raises(TomogramError, match="is a stack of 12 images, not a slice"):
        open_tomogram(tmp_path)


def test_single_image_is_no_tomogram(tmp_path):
    folder = write_slices(tmp_path / "t", pattern="slice_{:04d}.tif")
    assert is_tomogram(folder)
    assert not is_tomogram(folder / "slice_0000.tif")


def test_other_files_in_the_folder_are_ignored(tmp_path):
    folder = write_slices(tmp_path / "t")
    (folder / "README.txt").write_text("tilt series 3")
    (folder / ".slice_0099.png").write_bytes(b"")
    (folder / "Thumbs.db").write_bytes(b"")
    (folder / "preview.png").write_bytes(b"")
    (folder / "sub7.png").mkdir()
    assert open_tomogram(folder).grid.shape == VOLUME.shape


def test_missing_slices_are_named(tmp_path):
    folder = write_slices(tmp_path / "t")
    (folder / "slice_0003.png").unlink()
    (folder / "slice_0007.png").unlink()
    with pytest.raises(TomogramError, match=r"lacks 2 .* 0 to 11: 3, 7;"):
        open_tomogram(folder)


def test_missing_slices_at_the_beginning_are_named(tmp_path):
    folder = write_slices(tmp_path / "t", first=4)
    with pytest.raises(TomogramError, match=r"lacks 3 .* 1 to 15: 1, 2, 3;"):
        open_tomogram(folder)


def test_many_missing_slices_are_not_all_listed(tmp_path):
    folder = write_slices(tmp_path / "t", VOLUME[:2])
    Image.fromarray(VOLUME[0]).save(folder / "slice_20260101120000.png")
    with pytest.raises(TomogramError, match="2, 3, 4, 5, 6, 7, 8, 9, 10, 11 …"):
        open_tomogram(folder)


def test_a_number_may_not_come_twice(tmp_path):
    folder = write_slices(tmp_path / "t")
    Image.fromarray(VOLUME[0]).save(folder / "slice_3.png")
    with pytest.raises(TomogramError, match="slice 3 twice"):
        open_tomogram(folder)


def test_two_series_in_one_folder_are_refused(tmp_path):
    folder = write_slices(tmp_path / "t", VOLUME[:3], pattern="a{}.png")
    write_slices(folder, VOLUME[:3], first=3, pattern="b{}.png")
    with pytest.raises(TomogramError, match=r"a\*\.png, b\*\.png"):
        open_tomogram(folder)


def test_sizes_must_agree(tmp_path):
    folder = write_slices(tmp_path / "t")
    Image.fromarray(VOLUME[0, :5]).save(folder / "slice_0005.png")
    with pytest.raises(TomogramError, match=r"slice_0005.png is 9 × 5 pixels.* 9 × 7"):
        open_tomogram(folder)


@pytest.mark.parametrize(
    ("mode", "message"),
    [("RGB", "colour"), ("RGBA", "colour"), ("P", "colour"), ("I;16", "8-bit"), ("1", "8-bit")],
)
def test_only_8_bit_grey(tmp_path, mode, message):
    folder = write_slices(tmp_path / "t")
    Image.new(mode, (9, 7)).save(folder / "slice_0004.png")
    with pytest.raises(TomogramError, match=rf"slice_0004\.png is .*{message}"):
        open_tomogram(folder)


@pytest.mark.parametrize("number", [0, 5])
@pytest.mark.parametrize("content", [b"", b"not an image", "cut"])
def test_a_damaged_slice_is_named(tmp_path, number, content):
    folder = write_slices(tmp_path / "t")
    path = folder / f"slice_{number:04d}.png"
    path.write_bytes(path.read_bytes()[:50] if content == "cut" else content)
    with pytest.raises(TomogramError, match=rf"{path.name} cannot be read"):
        open_tomogram(folder)


def test_a_folder_without_slices(tmp_path):
    assert not can_open(tmp_path)
    with pytest.raises(TomogramError, match="no numbered slices"):
        open_tomogram(tmp_path)
    (tmp_path / "tomogram.mrc").write_bytes(b"")
    with pytest.raises(TomogramError, match="open a tomogram file"):
        open_tomogram(tmp_path)


def test_one_slice_is_no_volume(tmp_path):
    with pytest.raises(TomogramError, match="flat image"):
        open_tomogram(write_slices(tmp_path / "t", VOLUME[:1]))


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("slice_0042.jpg", 42),
        ("2026_tomo_7.TIF", 7),
        ("0.png", 0),
        ("slice.png", None),
        ("slice_0001.mrc", None),
        ("slice_0001", None),
        (".slice_0001.png", None),
        ("slice_0001.png.part", None),
    ],
)
def test_slice_number(name, number):
    assert slice_number(name) == number
