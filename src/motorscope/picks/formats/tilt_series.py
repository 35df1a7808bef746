"""What a RELION project says of its tomograms: ``tomograms.star`` beside a file of particles.

RELION 5 counts from the middle of a tomogram whose size is given in pixels of the tilt series
(``rlnTomoSizeX/Y/Z``). A binned tomogram has that size divided by the binning and rounded, so its
own middle may lie up to half a voxel elsewhere.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motorscope.picks.formats.base import library

NAME = "tomograms.star"
SIZE = ["rlnTomoSizeX", "rlnTomoSizeY", "rlnTomoSizeZ"]
PIXEL = "rlnTomoTiltSeriesPixelSize"


@dataclass(frozen=True)
class TiltSeries:
    """The size x, y, z of a tomogram in pixels of its tilt series, and what a pixel is in Å."""

    size: NDArray[np.float64]
    pixel: float

    @property
    def middle(self) -> NDArray[np.float64]:
        """Return the point from which RELION 5 counts, x, y, z in Å from the first voxel."""
        return self.size / 2 * self.pixel


def tilt_series_beside(path: Path) -> dict[str, TiltSeries]:
    """Return the tilt series of the project's tomograms, by name; empty where nothing is said."""
    beside = path.with_name(NAME)
    if not beside.is_file() or beside == path:
        return {}
    blocks = library("starfile").read(beside, always_dict=True, parse_as_string=["rlnTomoName"])
    known: dict[str, TiltSeries] = {}
    for block in blocks.values():
        # A block of a single line is read as a dictionary.
        frame = block if isinstance(block, pd.DataFrame) else pd.DataFrame([block])
        if not {"rlnTomoName", PIXEL, *SIZE} <= set(frame.columns):
            continue
        sizes, pixels = frame[SIZE].to_numpy(dtype=float), frame[PIXEL].to_numpy(dtype=float)
        for name, size, pixel in zip(frame["rlnTomoName"].astype(str), sizes, pixels, strict=True):
            if size.min() > 0 and pixel > 0:  # RELION writes -999 for a size that it does not know
                known[name] = TiltSeries(size, float(pixel))
    return known
