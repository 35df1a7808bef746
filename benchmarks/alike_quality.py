r"""How well does *Find alike* find motors in other tomograms, from one example and from three?

    motorscope simulate --set standard-2 --out standard-2
    motorscope detect standard-2/*.mrc --threshold 0.01 -o picks.csv
    python benchmarks/alike_quality.py standard-2/*.mrc --truth standard-2/truth.csv \
        --picks picks.csv

Each of up to ``--singles`` motors, evenly spread over the list of all, is the one example, and
``--triples`` times three are drawn (seed 0). Searched are all tomograms but the examples'; what is
found there goes into one list, the best first, and is right within 500 Å of a motor (one to one).
Printed is the average precision (without interpolation) as mean and range over the examples, and,
with ``--picks``, how many of the motors that the detector scored below its threshold are among the
first 20, motors that it found left out of the list.

Stages are computed once and kept in the cache (``MOTORSCOPE_CACHE``). ``truth.csv`` may have a
column ``kind``: then ``--kind`` says what to look for.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from motorscope.detection import run_to_end
from motorscope.inspection import (
    Entry,
    StageCache,
    StageRequest,
    best_places,
    deviations_at,
    find_alike,
    look_for,
    open_stage,
    similarity,
)
from motorscope.network import load_to_inspect
from motorscope.picks import PickTable, match_picks, pick_tables, read_picks
from motorscope.tomogram import open_tomogram

RADIUS = 500.0  # Å
FIRST = 20
Example = tuple[str, int]  # a tomogram's name, and which of its motors


def main() -> None:
    """Measure and print a row for each stage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tomograms", nargs="+", type=Path)
    parser.add_argument("--truth", type=Path, required=True, help="CSV of motors")
    parser.add_argument("--kind", help="of the truth's column 'kind'")
    parser.add_argument("--picks", type=Path, help="what the detector found, with low scores too")
    parser.add_argument("--model", default="built-in")
    parser.add_argument("--stages", nargs="+", default=["layer2", "layer3", "decoder2"])
    parser.add_argument("--matches", type=int, default=0, help="as of the command 'alike'")
    parser.add_argument("--singles", type=int, default=16)
    parser.add_argument("--triples", type=int, default=10)
    options = parser.parse_args()
    model = load_to_inspect(options.model)
    cache = StageCache.default()
    tomograms = [open_tomogram(path) for path in options.tomograms]
    names = [tomogram.name for tomogram in tomograms]
    truth = read_truth(options.truth, options.kind, names)
    everyone = [(name, row) for name in names for row in range(len(truth[name]))]
    spread = np.linspace(0, len(everyone) - 1, min(options.singles, len(everyone))).astype(int)
    draw = np.random.default_rng(0)
    groups = {
        "one": [[everyone[i]] for i in spread],
        "three": [
            [everyone[i] for i in draw.choice(len(everyone), 3, replace=False)]
            for _ in range(options.triples)
        ],
    }
    seen = detected(options.picks, truth, model.card.default_threshold) if options.picks else {}
    mark = model.fingerprint[:8]
    print(f"{len(names)} tomograms, {len(everyone)} to find; {model.card.name} {mark}")
    print("| stage | examples | average precision, mean (range) | missed, among the first 20 |")
    print("| --- | --- | --- | --- |")
    for stage in options.stages:
        entries = {}
        for tomogram in tomograms:
            entry = run_to_end(open_stage(StageRequest(tomogram, model, stage), cache))
            assert entry is not None
            entries[tomogram.name] = entry
        for label, chosen in groups.items():
            found = [search(entries, truth, examples, options.matches) for examples in chosen]
            values = [average_precision(tables, truth) for tables in found]
            share = f"{np.mean(values):.2f} ({min(values):.2f}–{max(values):.2f})"
            missed = " "
            if options.picks:
                shares = [recall(tables, truth, seen) for tables in found]
                missed = f"{np.nanmean(shares):.2f}"
            print(f"| {stage} | {label} of {len(chosen)} | {share} | {missed} |", flush=True)


def read_truth(path: Path, kind: str | None, names: Sequence[str]) -> dict[str, PickTable]:
    """Return what there is in each tomogram."""
    frame = pd.read_csv(path)
    if kind is not None:
        frame = frame[frame["kind"] == kind]
    columns = ["z_angstrom", "y_angstrom", "x_angstrom"]
    return {
        name: PickTable.from_positions(
            frame.loc[frame["tomogram"] == name, columns], status="accepted", origin="user"
        )
        for name in names
    }


def search(
    entries: dict[str, Entry],
    truth: dict[str, PickTable],
    examples: list[Example],
    matches: int = 0,
) -> dict[str, PickTable]:
    """Return what is found like some examples in all other tomograms."""
    own = list(dict.fromkeys(name for name, _ in examples))
    wanted = np.concatenate(
        [deviations_at(entries[name], truth[name].positions[[row]]) for name, row in examples]
    )
    known = [entries[name].moments for name in own]
    tables: dict[str, PickTable] = {}
    for further in (0, matches) if matches else (0,):
        for name, places in best_places(tables, further).items():
            wanted = np.concatenate((wanted, deviations_at(entries[name], places)))
        for name, entry in entries.items():
            if name not in own:
                what = look_for(wanted, wanted[:0], known, entry.moments)
                tables[name] = find_alike(similarity(entry, what), entry.grid, RADIUS)
    return tables


def average_precision(found: dict[str, PickTable], truth: dict[str, PickTable]) -> float:
    """Return it over one list of all tomograms; the best of several at one motor counts."""
    rows: list[tuple[float, bool]] = []
    for name, table in found.items():
        far = cdist(table.positions, truth[name].positions)
        for score, distances in zip(table.scores, far, strict=True):  # best first
            free = int(distances.argmin()) if distances.size else -1
            right = free >= 0 and bool(distances[free] <= RADIUS)
            if right:
                far[:, free] = np.inf
            rows.append((float(score), right))
    hits = np.array([right for _, right in sorted(rows, key=lambda row: -row[0])])
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].sum() / sum(len(truth[name]) for name in found))


def detected(
    path: Path, truth: dict[str, PickTable], threshold: float
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Tell which motors the detector found, by the rows of the truth."""
    tables = pick_tables(read_picks(path))
    found = {}
    for name, motors in truth.items():
        picks = tables.get(name, PickTable.empty()).above(threshold)
        found[name] = np.zeros(len(motors), dtype=bool)
        found[name][match_picks(picks.positions, motors.positions, RADIUS).pairs[:, 1]] = True
    return found


def recall(
    found: dict[str, PickTable],
    truth: dict[str, PickTable],
    seen: dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]],
) -> float:
    """Return the share of the detector's missed motors among the first that it did not show."""
    rows = []
    for name, table in found.items():
        shown = truth[name].select(seen[name])
        left = table.away_from(shown, RADIUS)
        rows += [
            (s, name, p) for s, p in zip(left.scores[:FIRST], left.positions[:FIRST], strict=True)
        ]
    rows.sort(key=lambda row: -row[0])
    hits, total = 0, 0
    for name in found:
        missed = truth[name].select(~seen[name])
        here = np.array([place for _, other, place in rows[:FIRST] if other == name])
        hits += len(match_picks(here.reshape(-1, 3), missed.positions, RADIUS).pairs)
        total += len(missed)
    return hits / total if total else float("nan")


if __name__ == "__main__":
    main()
