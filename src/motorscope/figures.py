"""A picture with a scale bar and words below it, as a file to put into a paper or a note."""

import base64
import io
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from motorscope.errors import ConfigError
from motorscope.files import replacing

FIGURE_SUFFIXES = (".png", ".svg")

_BARS = tuple(step * 10**power for power in range(1, 7) for step in (1, 2, 5))  # Å
_SIZE = 15  # pixels of a letter
_LINE = 21
_FONTS = ("DejaVuSans.ttf", "arial.ttf", "Arial.ttf", "Helvetica.ttc")
_EDGE = 12


def bar_length(width: float) -> float:
    """Return a round length in Å, of a scale bar for a picture that is this wide in Å."""
    return float(max((bar for bar in _BARS if bar <= width / 4), default=_BARS[0]))


def write_figure(
    path: Path, picture: NDArray[np.uint8], angstrom: float | None, caption: Sequence[str]
) -> None:
    """Write a picture with a scale bar in it and a caption below.

    Parameters
    ----------
    path
        Ends in ``.png`` or ``.svg``; in an SVG bar and words stay what they are. A file that exists
        is replaced.
    picture
        ``(y, x, 3)``, red, green and blue.
    angstrom
        Å of a pixel, or ``None`` for no scale bar.
    caption
        Lines; long ones are wrapped.

    Raises
    ------
    ConfigError
        If the name ends otherwise, or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in FIGURE_SUFFIXES:
        raise ConfigError(f"{path.name} is no figure; let its name end in .png or .svg.")
    height, width = picture.shape[:2]
    lines = [part for line in caption for part in textwrap.wrap(line, int(width / 0.55 / _SIZE))]
    tall = height + 2 * _EDGE + _LINE * len(lines)
    bar = None if angstrom is None else bar_length(width * angstrom)
    pixels = 0.0 if bar is None or angstrom is None else bar / angstrom
    words = "" if bar is None else f"{bar / 10:g} nm"
    image = Image.fromarray(np.ascontiguousarray(picture))
    with replacing(path, ConfigError) as partial:
        if suffix == ".svg":
            text = _svg(image, tall, pixels, words, lines)
            partial.write_text(text, encoding="utf-8")
        else:
            about = PngInfo()
            about.add_itxt("Description", "\n".join(caption))
            drawn = _png(image, tall, pixels, words, lines)
            drawn.save(partial, format="png", pnginfo=about)


def _png(
    image: Image.Image, tall: int, pixels: float, words: str, lines: Sequence[str]
) -> Image.Image:
    result = Image.new("RGB", (image.width, tall), "white")
    result.paste(image)
    draw, font = ImageDraw.Draw(result), _font()
    if pixels:
        left, low = 2 * _EDGE, image.height - 2 * _EDGE
        draw.rectangle((left, low - 5, left + pixels, low), fill="white", outline="black")
        middle = (left + pixels / 2, low - 10)
        draw.text(middle, words, "white", font, anchor="ms", stroke_width=1, stroke_fill="black")
    for number, line in enumerate(lines):
        draw.text((_EDGE, image.height + _EDGE + number * _LINE), line, "black", font)
    return result


def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Return a font of the machine with many letters, or else Pillow's, which knows few."""
    for name in _FONTS:
        with suppress(OSError):
            return ImageFont.truetype(name, _SIZE)
    return ImageFont.load_default(_SIZE)


def _svg(image: Image.Image, tall: int, pixels: float, words: str, lines: Sequence[str]) -> str:
    stream = io.BytesIO()
    image.save(stream, format="png")
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    width, height = image.size
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {tall}" width="{width}" '
        f'height="{tall}" font-family="sans-serif" font-size="{_SIZE}">',
        f'<rect width="{width}" height="{tall}" fill="white"/>',
        f'<image width="{width}" height="{height}" href="data:image/png;base64,{data}"/>',
    ]
    if pixels:
        left, low = 2 * _EDGE, height - 2 * _EDGE
        parts += [
            f'<rect x="{left}" y="{low - 5}" width="{pixels:.2f}" height="5" fill="white" '
            'stroke="black" stroke-width="0.5"/>',
            f'<text x="{left + pixels / 2:.2f}" y="{low - 10}" text-anchor="middle" fill="white" '
            f'stroke="black" stroke-width="2" paint-order="stroke">{escape(words)}</text>',
        ]
    parts += [
        f'<text x="{_EDGE}" y="{height + _EDGE + _SIZE + number * _LINE}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
    return "\n".join([*parts, "</svg>", ""])
