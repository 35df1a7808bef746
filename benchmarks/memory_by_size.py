"""How much memory runs take, by the size of the tomogram; writes its section of docs/speed.md.

    python benchmarks/memory_by_size.py                               # all sizes: half an hour
    python benchmarks/memory_by_size.py --sizes 100x100x100 --ways first-look --output /tmp/speed.md

A tomogram is noise with a simulated one with motors in its middle, where mirror images are needed
(those of everything take as much memory, in windows of the same size). Each run is a process of its
own that is watched from outside. What counts is what is resident but for the pages of files that
were mapped for their voxels or feature maps, which the system takes back whenever it needs room.
Linux only.
"""

import argparse
import itertools
import json
import math
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

SIZES = ("100x100x100", "200x480x480", "300x960x928", "500x1912x1847")
TAPS = ("stem", "layer1", "layer2", "layer3", "layer4", "decoder1", "decoder2", "logits")
WAYS = ("first-look", "flips", "stem", "layer1")
HEADING = "### Memory by size, built-in"
_SHIFTS = 200
_EVERY = 0.02  # seconds between two looks
_SEPARATE = 100  # looks between two at the pages of mapped files, which take longer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=SIZES, metavar="ZxYxX")
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=("first-look", "flips", *TAPS))
    parser.add_argument("--spacing", type=float, default=13.1, help="of the tomograms, in Å")
    parser.add_argument("--folder", type=Path, help="where to keep the tomograms for another time")
    parser.add_argument("--figures", type=Path, help="JSON: what is in it is not measured again")
    parser.add_argument("--only-known", action="store_true", help="measure nothing")
    parser.add_argument("--output", type=Path, default=Path("docs/speed.md"))
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        run(*arguments.child)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        figures = arguments.figures or Path(temporary) / "figures.json"
        if not arguments.only_known:
            measure(arguments.sizes, arguments.ways, folder, arguments.spacing, figures)
        section = memory_section(arguments.sizes, arguments.ways, figures)
    replace_section(arguments.output, HEADING, section)


def measure(
    sizes: Sequence[str], ways: Sequence[str], folder: Path, spacing: float, figures: Path
) -> None:
    """Measure what is not in a file of figures, and put it there."""
    for size, way in itertools.product(sizes, ways):
        known = known_in(figures)
        if (name := f"{size} {way}") not in known:
            known[name] = watched(way, embedded(folder, size, spacing))
            figures.write_text(json.dumps(known, indent=1))
            print(name, cell(known, name), flush=True)


def known_in(figures: Path) -> dict[str, tuple[float, float] | None]:
    """Return peak in MiB and CPU seconds by size and way; ``None`` where it cannot be."""
    return json.loads(figures.read_text()) if figures.exists() else {}


def memory_section(sizes: Sequence[str], ways: Sequence[str], figures: Path) -> str:
    """Return a section of the page with the figures in a file."""
    known = known_in(figures)
    lines = [
        HEADING,
        "",
        "MiB at the peak beside the mapped file; in brackets CPU seconds. The tomograms are noise "
        "with a simulated one with motors in their middle. A stage is computed and kept on disk, "
        "as the dock does it; — where it is larger than what the disk's cache may hold.",
        "",
        "| | " + " | ".join(sizes) + " |",
        "| --- " * (1 + len(sizes)) + "|",
    ]
    for way in ways:
        row = " | ".join(cell(known, f"{size} {way}") for size in sizes)
        lines.append(f"| {SAID.get(way, f'the stage `{way}`')} | {row} |")
    return "\n".join(lines)


def cell(known: dict[str, tuple[float, float] | None], name: str) -> str:
    if name not in known:
        return "not measured"
    figures = known[name]
    return "—" if figures is None else f"{figures[0]:.0f} ({figures[1]:.0f})"


SAID = {
    "first-look": "`motorscope detect --no-flips`",
    "flips": "`motorscope detect`",
}


def embedded(folder: Path, size: str, spacing: float) -> Path:
    """Return an 8-bit tomogram of noise with a simulated one in it; made if it is not there."""
    import mrcfile

    from speed import simulated

    path = folder / f"embedded-{size}.mrc"
    if path.exists():
        return path
    shape = [int(side) for side in size.split("x")]
    with mrcfile.mmap(simulated(folder, "150x480x464", spacing)) as mrc:
        inner = np.asarray(mrc.data)
    random = np.random.default_rng(0)
    sides = [side + _SHIFTS for side in shape[1:]]
    noise = random.normal(inner.mean(), inner.std(), sides).clip(-128, 127).astype(np.int8)
    room = [min(a, b) for a, b in zip(shape, inner.shape, strict=True)]
    starts = [(side - n) // 2 for side, n in zip(shape, room, strict=True)]
    with mrcfile.new_mmap(path, tuple(shape), mrc_mode=0) as mrc:
        for section in mrc.data:  # the same noise, each time from another place on
            y, x = random.integers(_SHIFTS, size=2)
            section[:] = noise[y : y + shape[1], x : x + shape[2]]
        z, y, x = (slice(start, start + n) for start, n in zip(starts, room, strict=True))
        mrc.data[z, y, x] = inner[tuple(slice(n) for n in room)]
        mrc.voxel_size = spacing
    return path


def run(way: str, tomogram: str, folder: str) -> None:
    """Detect, or compute a stage, in this process."""
    if way not in TAPS:
        from motorscope import cli

        command = ["detect", tomogram, "-o", f"{folder}/picks.csv", "--quiet"]
        command += ["--no-flips"] if way == "first-look" else []
        status = cli.main(command)
    else:
        status = compute_stage(way, Path(tomogram), Path(folder))
    print(time.process_time())
    sys.exit(status)


def compute_stage(name: str, tomogram: Path, folder: Path) -> int:
    """Compute a stage and keep it in a cache in a folder; return 3 if it does not fit there."""
    from motorscope.threads import wait_asleep

    wait_asleep()
    from motorscope.contract import run_to_end
    from motorscope.errors import ConfigError
    from motorscope.files import cache_limit
    from motorscope.inspection import StageCache
    from motorscope.inspection.run import open_stage
    from motorscope.inspection.stage import StageRequest
    from motorscope.network import load_model
    from motorscope.tomogram import open_tomogram

    request = StageRequest(open_tomogram(tomogram), load_model("built-in"), name)
    try:
        run_to_end(open_stage(request, StageCache(folder / "stages", cache_limit())))
    except ConfigError:
        return 3
    return 0


def watched(way: str, tomogram: Path) -> tuple[float, float] | None:
    """Run one way; return its peak in MiB and its CPU seconds, or ``None`` if it cannot be."""
    with tempfile.TemporaryDirectory(dir=tomogram.parent) as folder:
        command = [sys.executable, __file__, "--child", way, str(tomogram), folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            peak = watch(child, (tomogram.name, Path(folder).name))
            assert child.stdout is not None
            said = child.stdout.read()
    if child.returncode == 3:
        return None
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return peak, float(said.splitlines()[-1])


def watch(child: "subprocess.Popen[str]", names: tuple[str, ...]) -> float:
    """Return the most MiB that a process has resident beside pages of files with such names.

    Its own memory is looked at often. Pages of libraries change little and are looked at now and
    then; the most of both are added.
    """
    own = files = 0
    for look in itertools.count():
        if child.poll() is not None:
            return (own + files) / 1024
        try:
            status = Path(f"/proc/{child.pid}/status").read_text()
            shared = re.search(r"RssShmem:\s+(\d+)", status)
            anonymous = re.search(r"RssAnon:\s+(\d+)", status)
            if anonymous and shared:
                own = max(own, int(anonymous[1]) + int(shared[1]))
            if look % _SEPARATE == 0:
                files = max(files, pages_of_others(child.pid, names))
        except (FileNotFoundError, ProcessLookupError):
            pass
        time.sleep(_EVERY)
    return math.nan


def pages_of_others(process: int, names: tuple[str, ...]) -> int:
    """Return how many kiB of files are resident whose path holds none of the names."""
    found = 0
    text = Path(f"/proc/{process}/smaps").read_text()
    for part in re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", text):
        path = part.split("\n", 1)[0]
        if "/" in path and not any(name in path for name in names):
            sizes = dict(re.findall(r"^(Rss|Anonymous):\s+(\d+)", part, re.MULTILINE))
            found += int(sizes["Rss"]) - int(sizes["Anonymous"])
    return found


def replace_section(page: Path, heading: str, section: str) -> None:
    """Put a section into a page in place of the one under the same heading, or at its end."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    found = re.search(rf"^{re.escape(heading)}$.*?(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        text = f"{text.rstrip()}\n\n{section}\n".lstrip()
    else:
        text = f"{text[: found.start()]}{section}\n\n{text[found.end() :]}".rstrip() + "\n"
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
