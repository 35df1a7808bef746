"""Small whole files of every format that is read, and how each is opened."""

import bz2
import gzip
import importlib.util
import io
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

Opener = Callable[[Path], None]
Files = dict[str, bytes]
"""Contents by name."""


@dataclass(frozen=True)
class Sample:
    """Files of which one gets damaged.

    Attributes
    ----------
    kind
        How to open it: a key of `OPENERS`.
    files
        A file, and those that belong beside it.
    damaged, opened
        Names of the file that is damaged, and of the one that is opened; "" for the folder.
    """

    kind: str
    files: Files
    damaged: str
    opened: str

    @property
    def name(self) -> str:
        """What it is called in reports."""
        return f"{self.kind} {self.damaged}"


def of_file(path: Path) -> Sample:
    """Return a file of coordinates or of a tomogram as a sample."""
    from motorscope.tomogram import can_open

    kind = "tomogram" if can_open(path) else "coordinates"
    return Sample(kind, {path.name: path.read_bytes()}, path.name, path.name)


def small_samples() -> list[Sample]:
    """Return a sample of each format, a few kilobytes each."""
    return [*_coordinates(), *_tomograms(), *_journals(), *_configurations(), *_models()]


def _coordinates() -> list[Sample]:
    from motorscope.picks import PickTable
    from motorscope.picks.formats import FORMATS, write_coordinates
    from motorscope.tomogram import VoxelGrid

    grid = VoxelGrid((60, 200, 180), (13.0, 13.0, 13.0))
    places = np.random.default_rng(0).uniform(0, 700, (12, 3))
    table = PickTable.from_positions(places, np.linspace(0.3, 0.9, 12))
    samples = []
    for form in FORMATS:
        if form.package and importlib.util.find_spec(form.package) is None:
            continue
        sets = {"one": (table, grid)}
        if form.several and form.name not in ("star", "copick"):  # which write one at a time
            sets["two"] = (table, grid)
        name = f"points-{form.name}{form.suffixes[0]}"
        files = _written(name, partial(write_coordinates, sets=sets, format_=form))
        samples += [Sample("coordinates", files, damaged, name) for damaged in files]
        if form.name == "relion5":
            tomograms = {**files, "tomograms.star": _TOMOGRAMS_STAR}
            samples.append(Sample("coordinates", tomograms, "tomograms.star", name))
    return samples


_TOMOGRAMS_STAR = b"""
data_global

loop_
_rlnTomoName #1
_rlnTomoTiltSeriesPixelSize #2
_rlnTomoSizeX #3
_rlnTomoSizeY #4
_rlnTomoSizeZ #5
one 3.25 720 800 240
two 3.25 720 800 240
"""


def _tomograms() -> list[Sample]:
    import tifffile
    from PIL import Image

    from motorscope.tomogram import VoxelGrid, write_mrc

    grid = VoxelGrid((6, 20, 24), (13.0, 13.0, 13.0))
    rng = np.random.default_rng(1)
    data = rng.normal(size=grid.shape).astype(np.float32)
    grey = (40 * data).clip(-128, 127).astype(np.int8)
    volumes = _written("plain.mrc", partial(write_mrc, data=data, grid=grid))
    volumes |= _written("bytes.rec", partial(write_mrc, data=grey, grid=grid))
    volumes["packed.mrc.gz"] = gzip.compress(volumes["plain.mrc"], mtime=0)
    volumes["packed.mrc.bz2"] = bz2.compress(volumes["plain.mrc"])
    inches = {"resolution": (1e7, 1e7), "metadata": {"axes": "ZYX", "spacing": 1.3, "unit": "nm"}}
    size = {f"PhysicalSize{axis}": 1.3 for axis in "ZYX"}
    ome = {"metadata": {"axes": "ZYX", **size, "PhysicalSizeXUnit": "nm"}, "ome": True}
    for name, options in {
        "plain.tif": {},
        "zlib.tif": {"compression": "zlib", "predictor": True},
        "lzw.tiff": {"compression": "lzw"},
        "tiles.tif": {"tile": (16, 16), "compression": "zlib"},
        "big.tif": {"bigtiff": True, "contiguous": False, "metadata": None},
        "imagej.tif": {"imagej": True, **inches},
        "ome.tif": ome,
        "pages.tif": {"metadata": None, "compression": "packbits"},
    }.items():
        stream = io.BytesIO()
        tifffile.imwrite(stream, data, photometric="minisblack", **options)
        volumes[name] = stream.getvalue()
    samples = [Sample("tomogram", {name: content}, name, name) for name, content in volumes.items()]
    for suffix in ("png", "jpg", "tif"):
        slices = {}
        for number, plane in enumerate(rng.integers(0, 255, grid.shape, dtype=np.uint8)):
            stream = io.BytesIO()
            Image.fromarray(plane).save(stream, {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix))
            slices[f"slice_{number:03d}.{suffix}"] = stream.getvalue()
        samples.append(Sample("tomogram", slices, f"slice_002.{suffix}", ""))
    return samples


def _journals() -> list[Sample]:
    from motorscope.picks import PickTable
    from motorscope.review.journal.file import SUFFIX, Journal

    def write(path: Path) -> None:
        table = PickTable.from_positions([[1, 2, 3], [400, 500, 600], [7, 8, 9]], [0.9, 0.5, 0.1])
        with Journal(path) as journal:
            journal.record(table, {"threshold": 0.4, "spacing": (13.0, 13.0, 13.0)}, "first")
            journal.record(table.set_status([0], "accepted", who="me"), {"reviewed": True})
            journal.record(table.add([[1.0, 1.0, 1.0]], note="weak"))
            journal.record(table, step=-1)

    name = f"tomogram{SUFFIX}"
    files = {name: _written(name, write)[name]}
    return [Sample("journal", files, name, name), Sample("summary", files, name, name)]


def _configurations() -> list[Sample]:
    simulation = b"shape = [40, 80, 80]\nspacing = 15.0\nmotor_counts = [0, 1]\nsnr = [0.1, 0.2]\n"
    training = b"[data]\nspacing = 15.0\n[network]\nbackbone = 'r3d18'\n[optimiser]\nsteps = 10\n"
    for text in (simulation, training):
        tomllib.loads(text.decode())
    return [
        Sample("simulation", {"simulation.toml": simulation}, "simulation.toml", "simulation.toml"),
        Sample("training", {"training.toml": training}, "training.toml", "training.toml"),
    ]


def _models() -> list[Sample]:
    import torch

    from motorscope.contract import Architecture
    from motorscope.network import build_network, save_model
    from tiny_model import tiny_card

    architecture = Architecture(base_width=1, decoder_channels=(1,), auxiliary_head=False)
    card = tiny_card(architecture)
    network = build_network(architecture)
    pickle = io.BytesIO()
    torch.save({"state_dict": network.state_dict()}, pickle)
    with TemporaryDirectory() as folder:
        save_model(network, card, folder)
        files = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    content = json.loads(files["tiny.json"])
    open_card = json.dumps({**content, "sha256": None}).encode()
    beside = {**files, "tiny.json": open_card}
    return [
        Sample("card", {"tiny.json": files["tiny.json"]}, "tiny.json", "tiny.json"),
        Sample("model", beside, "tiny.safetensors", "tiny.json"),
        Sample("model", beside, "tiny.json", "tiny.json"),
        Sample("weights", {"tiny.pt": pickle.getvalue()}, "tiny.pt", "tiny.pt"),
    ]


def _written(name: str, write: Callable[[Path], Any]) -> Files:
    with TemporaryDirectory() as folder:
        write(Path(folder) / name)
        return {
            path.name: path.read_bytes()
            for path in Path(folder).iterdir()
            if not path.name.endswith(".lock")
        }


def _open_coordinates(path: Path) -> None:
    from motorscope.picks.formats import read_coordinates
    from motorscope.tomogram import VoxelGrid

    read_coordinates(path, VoxelGrid((60, 200, 180), (13.0, 13.0, 13.0)))


def _open_without_spacing(path: Path) -> None:
    from motorscope.picks.formats import UNKNOWN_GRID, read_coordinates

    read_coordinates(path, UNKNOWN_GRID)


def _drop_coordinates(path: Path) -> None:
    from motorscope.picks.coordinates.file import CoordinateFile
    from motorscope.picks.formats import format_inside
    from motorscope.tomogram import VoxelGrid

    form = format_inside(path)  # never raises
    if form is not None:
        CoordinateFile(path, form).read(VoxelGrid((60, 200, 180), None))


def _open_tomogram(path: Path) -> None:
    from motorscope.tomogram import open_tomogram

    data = open_tomogram(path).data
    for index in (0, -1):
        np.asarray(data[index]).max()


def _recognise_tomogram(path: Path) -> None:
    from motorscope.tomogram import is_tomogram

    is_tomogram(path)


def _open_journal(path: Path) -> None:
    from motorscope.review.journal.file import Journal

    with Journal(path) as journal:
        journal.record(journal.table.add([[1.0, 2.0, 3.0]]))


def _open_summary(path: Path) -> None:
    from motorscope.review.summary import read_summary

    read_summary(path)


def _open_simulation(path: Path) -> None:
    from motorscope.simulation.config import read_simulation_config

    read_simulation_config(path)


def _open_training(path: Path) -> None:
    from motorscope.training.settings.config_file import read_config

    read_config(path)


def _open_card(path: Path) -> None:
    from motorscope.network import read_card

    read_card(path)


def _open_model(path: Path) -> None:
    from motorscope.network import load_model

    load_model(path)


def _open_weights(path: Path) -> None:
    from motorscope.network.checkpoint import read_state_dict

    read_state_dict(path)


OPENERS: dict[str, tuple[Opener, ...]] = {
    "coordinates": (_open_coordinates, _open_without_spacing, _drop_coordinates),
    "tomogram": (_open_tomogram, _recognise_tomogram),
    "journal": (_open_journal,),
    "summary": (_open_summary,),
    "simulation": (_open_simulation,),
    "training": (_open_training,),
    "card": (_open_card,),
    "model": (_open_model,),
    "weights": (_open_weights,),
}
"""Ways to read a file as far as a person waits for it; the first one needs nothing else."""
