"""Draw the picture of docs/simulation.md: slices of the set *standard-2*, motors ringed.

motorscope simulate --set standard-2 --out standard-2
python benchmarks/simulated_slices.py standard-2 docs/images/simulated.png
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from motorscope.tomogram import open_tomogram

NAMES = tuple(f"standard-2-{number}" for number in (12, 20, 16, 19, 11, 13))
SIDE, COLUMNS, RING = 400, 3, 450.0  # pixels, tiles in a row, Å


def tile(folder: Path, name: str, truth: pd.DataFrame) -> Image.Image:
    """Show the slice through a tomogram's first motor, and below it the x, z section."""
    tomogram = open_tomogram(folder / f"{name}.mrc")
    grey = np.asarray(tomogram.data).astype(np.int16) + 128
    z, y, x = truth.loc[truth["tomogram"] == name, ["z", "y", "x"]].iloc[0]
    spacing = tomogram.grid.spacing[0]
    scale = SIDE / grey.shape[2]
    depth = round(grey.shape[0] * scale)
    result = Image.new("L", (SIDE, SIDE + 4 + depth))
    for plane, top, row in ((grey[round(z)], 0, y), (grey[:, round(y)], SIDE + 4, z)):
        height = SIDE if not top else depth
        picture = Image.fromarray(plane.astype(np.uint8)).resize((SIDE, height))
        ring = RING / spacing * scale
        centre = (x * scale, row * scale)
        box = [c - ring for c in centre] + [c + ring for c in centre]
        ImageDraw.Draw(picture).ellipse(box, outline=255, width=1)
        result.paste(picture, (0, top))
    return result


def main(folder: Path, target: Path) -> None:
    """Put the tiles of all tomograms side by side."""
    truth = pd.read_csv(folder / "truth.csv")
    tiles = [tile(folder, name, truth) for name in NAMES]
    height = max(picture.height for picture in tiles) + 6
    rows = -(-len(tiles) // COLUMNS)
    page = Image.new("L", (COLUMNS * (SIDE + 6), rows * height), 255)
    for number, picture in enumerate(tiles):
        row, column = divmod(number, COLUMNS)
        page.paste(picture, (column * (SIDE + 6), row * height))
    page.convert("P", palette=Image.Palette.ADAPTIVE, colors=48).save(target, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
