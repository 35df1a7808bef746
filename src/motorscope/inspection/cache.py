"""Computed stages on disk, so that changing back to one is instant.

An entry is a folder named by what it was computed from. It appears whole or not at all, and the
entries that were not used for the longest time go when room is needed.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motorscope.contract import FeatureSpec
from motorscope.errors import ConfigError, MotorscopeError
from motorscope.files import cache_folder, cache_limit, surplus
from motorscope.inspection.reducers import Moments
from motorscope.inspection.stage import Maps, StageRequest
from motorscope.tomogram import Tomogram, VoxelGrid, read_block

_FORMAT = 1
_FACTS, _MAPS, _SAMPLE, _MOMENTS = "stage.json", "maps.npy", "sample.npy", "moments.npz"
_STALE_SECONDS = 86_400.0  # what a killed process left half written


@dataclass(frozen=True)
class Entry:
    """A computed stage.

    Attributes
    ----------
    spec, grid
        Its geometry.
    maps
        float16 ``(channel, z, y, x)``, mapped from the disk.
    sample
        Values of voxels drawn at random, float16 ``(n, channel)``, mapped from the disk.
    moments
        Mean, covariance and range of the channels over the whole grid.
    """

    spec: FeatureSpec
    grid: VoxelGrid
    maps: Maps
    sample: Maps
    moments: Moments


@dataclass(frozen=True)
class StageCache:
    """A folder of computed stages.

    Attributes
    ----------
    folder
        Where they are; made when first written to.
    limit
        Most bytes that they may take together.
    """

    folder: Path
    limit: int

    @classmethod
    def default(cls) -> "StageCache":
        """Return the user's own.

        Raises
        ------
        ConfigError
            See `motorscope.files.cache_limit`.
        """
        return cls(cache_folder() / "stages", cache_limit())

    def __contains__(self, key: str) -> bool:
        """Whether there is an entry, be it damaged; nothing of it is read."""
        return (self.folder / key / _FACTS).exists()

    def get(self, key: str) -> Entry | None:
        """Return an entry, or ``None`` if there is none that can be read."""
        folder = self.folder / key
        try:
            facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
            with np.load(folder / _MOMENTS) as arrays:
                moments = Moments(
                    count=int(arrays["count"]),
                    **{name: arrays[name] for name in ("mean", "covariance", "least", "greatest")},
                )
            entry = Entry(
                spec=FeatureSpec(**facts["spec"]),
                grid=VoxelGrid(**{name: tuple(v) for name, v in facts["grid"].items()}),
                maps=np.load(folder / _MAPS, mmap_mode="r"),
                sample=np.load(folder / _SAMPLE, mmap_mode="r"),
                moments=moments,
            )
            os.utime(folder)  # it was used just now
        except (OSError, ValueError, KeyError, TypeError, EOFError):
            return None
        return entry if entry.maps.shape == (entry.spec.channels, *entry.grid.shape) else None

    def check_room(self, size: int, what: str) -> None:
        """Raise `ConfigError` if something of this size can never be kept."""
        if size > self.limit:
            raise ConfigError(
                f"{what} would take {size / 1e9:.3g} GB, but the cache holds "
                f"{self.limit / 1e9:.3g} GB; choose a region or a deeper stage, or give it more "
                "with MOTORSCOPE_CACHE_GB."
            )

    @contextmanager
    def adding(self, key: str, size: int) -> Iterator["Draft"]:
        """Make room, and give a folder to write an entry into, which appears after the body.

        Raises
        ------
        MotorscopeError
            If it cannot be written: no permission, or the disk is full.
        """
        temporary: Path | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._clear(size)
            temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
            yield Draft(temporary)
            target = self.folder / key
            if target.exists():  # another process was as fast, or it could not be read
                shutil.rmtree(target, ignore_errors=True)
            with suppress(FileExistsError):
                os.replace(temporary, target)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise MotorscopeError(
                f"Computed stages cannot be kept in {self.folder} ({reason}); free some space, or "
                "name another folder with MOTORSCOPE_CACHE."
            ) from error
        finally:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)

    def _clear(self, size: int) -> None:
        """Remove what was not used for the longest time, until there is room for `size` bytes."""
        now = time.time()
        entries = []
        for folder in self.folder.iterdir():
            with suppress(OSError):
                used = folder.stat().st_mtime
                if folder.name.startswith("."):
                    if now - used > _STALE_SECONDS:
                        shutil.rmtree(folder, ignore_errors=True)
                    continue
                entries.append((used, sum(f.stat().st_size for f in folder.iterdir()), folder))
        for folder in surplus(entries, self.limit - size):
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Draft:
    """An entry that is being written."""

    folder: Path

    @property
    def maps(self) -> Path:
        """Where the maps go, as ``.npy``."""
        return self.folder / _MAPS

    def finish(self, spec: FeatureSpec, grid: VoxelGrid, sample: Maps, moments: Moments) -> None:
        """Write all but the maps."""
        np.save(self.folder / _SAMPLE, sample)
        np.savez(
            self.folder / _MOMENTS,
            count=moments.count,
            mean=moments.mean,
            covariance=moments.covariance,
            least=moments.least,
            greatest=moments.greatest,
        )
        facts = {"spec": asdict(spec), "grid": asdict(grid)}
        (self.folder / _FACTS).write_text(json.dumps(facts), encoding="utf-8")


def key_of(request: StageRequest, precision: str, mark: Mapping[str, Any] | None = None) -> str:
    """Return what a stage's maps depend on, as the name of a folder.

    `mark` is `mark_of` the tomogram, if that is known already: parts of it are read for it.
    """
    card = request.model.card
    told = {
        "format": _FORMAT,
        "tomogram": mark_of(request.tomogram) if mark is None else mark,
        "density": request.tomogram.density,
        "model": request.model.fingerprint,
        "input": asdict(card.input),
        "window": (card.window, card.context),
        "stage": request.stage,
        "part": (request.part.start, request.part.shape, request.grid.shape),
        "precision": precision,
    }
    text = json.dumps(told, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def mark_of(tomogram: Tomogram) -> dict[str, Any]:
    """Return what tells a tomogram from others: its grid, its file, and some of its voxels."""
    grid, path = tomogram.grid, tomogram.path
    files: list[Any] = []
    if path is not None:
        found = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in found:
            state = file.stat()
            files.append((file.name, state.st_size, state.st_mtime_ns))
        files.append(str(path.resolve()))
    # Without a file all voxels count; with one, those of a few sections, should they be others.
    depth = grid.shape[0]
    sections = range(depth) if path is None else sorted({0, depth // 2, depth - 1})
    digest = hashlib.blake2b(digest_size=16)
    for z in sections:
        section = read_block(tomogram.data, (slice(z, z + 1), slice(None), slice(None)))
        digest.update(np.ascontiguousarray(section).tobytes())
    return {
        "grid": asdict(grid),
        "files": files,
        "type": str(np.dtype(tomogram.data.dtype)),
        "voxels": digest.hexdigest(),
    }
