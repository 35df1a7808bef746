"""Pictures with a scale bar and words."""

import numpy as np
import pytest
from PIL import Image

from motorscope.errors import ConfigError
from motorscope.figures import bar_length, write_figure

PICTURE = np.full((200, 400, 3), 40, np.uint8)


def test_a_bar_is_round_and_no_longer_than_a_quarter():
    assert bar_length(4000) == 1000
    assert bar_length(3999) == 500
    assert bar_length(1) == 10


def test_a_png_has_the_bar_at_its_length_and_the_words(tmp_path):
    path = tmp_path / "a.png"
    write_figure(path, PICTURE, 10.0, ["tomogram, slice z = 5 Å", "word " * 60])
    with Image.open(path) as image:
        assert image.text["Description"].startswith("tomogram, slice z = 5 Å\n")
        values = np.array(image)
    assert values.shape[0] > 300
    row = (values[:200] == 255).all(axis=2).sum(axis=1).max()
    assert row == pytest.approx(1000 / 10, abs=3)


def test_an_svg_keeps_bar_and_words(tmp_path):
    path = tmp_path / "a.svg"
    write_figure(path, PICTURE, 10.0, ["a < b"])
    text = path.read_text(encoding="utf-8")
    assert 'width="100.00"' in text
    assert "a &lt; b" in text
    assert "100 nm" in text
    write_figure(path, PICTURE, None, [])
    assert "nm" not in path.read_text(encoding="utf-8").replace("xmlns", "").split("base64")[0]


def test_other_names_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"\.png or \.svg"):
        write_figure(tmp_path / "a.pdf", PICTURE, None, [])
