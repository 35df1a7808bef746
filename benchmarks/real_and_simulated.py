"""How like real pictures are the simulator's? Spectra, greys, contrasts, a two-sample test.

python benchmarks/real_and_simulated.py --real FOLDER [--simulated DIR ...] [--drawn] -o OUT

FOLDER has 256 × 256 pictures of 15 Å a pixel, axial sections of real tomograms, and
index.csv (file, motor, tomogram, y, x); with axial_average_2d.mrc, their mean motor. DIR is
what `motorscope simulate` writes; its tomograms are cut in the same way, and `--second` takes
another's. `--drawn` draws a section for each real picture. OUT gets figures.json, figures.png,
and sheets that show pictures: keep those to yourself where the real ones are not yours to pass
on.
"""

import argparse
import json
from pathlib import Path

import mrcfile
import numpy as np

from picture_measures import (
    frequencies,
    level_figures,
    likeness,
    patches,
    spectrum,
    upright_figures,
)
from picture_sections import Picture, drawn_pictures, real_pictures, simulated_pictures
from picture_sheets import draw_figures, side_by_side, where_it_looks
from picture_two_sample import two_sample


def measure(pictures: list[Picture], mean: np.ndarray | None) -> dict[str, object]:
    """Measure one kind of picture: figures of pictures as lists, spectra of patches."""
    motors = [p for p in pictures if p.motor is not None]
    figures: dict[str, list[float]] = {}
    for group, rows in {
        "": [f for p in motors if (f := level_figures(p))],
        "no motor: ": [f for p in pictures if p.motor is None and (f := level_figures(p))],
    }.items():
        for row in rows:
            for key, value in row.items():
                figures.setdefault(group + key, []).append(value)
    for picture in motors:
        angle = 0.0
        if mean is not None:
            best, angle = likeness(picture, mean)
            figures.setdefault("correlation with the mean motor", []).append(best)
        for key, value in (upright_figures(picture, angle) or {}).items():
            figures.setdefault(key, []).append(value)
    spectra = np.array([spectrum(p) for picture in pictures for p in patches(picture)])
    counts = {"pictures": len(pictures), "motors": len(motors)}
    return {"figures": figures, "spectra": spectra, **counts}


def summary(measured: dict[str, dict]) -> dict[str, dict[str, list[float]]]:
    """Percentiles 5, 50, 95 of each figure of each kind of picture."""
    names = next(iter(measured.values()))["figures"]
    table = {
        name: {
            kind: np.percentile(m["figures"].get(name, [np.nan]), (5, 50, 95)).round(3).tolist()
            for kind, m in measured.items()
        }
        for name in names
    }
    steep = (frequencies() > 0.05) & (frequencies() < 0.4)
    slopes = {
        kind: np.polyfit(np.log10(frequencies()[steep]), m["spectra"][:, steep].T, 1)[0]
        for kind, m in measured.items()
    }
    table["spectrum's slope, 0.05-0.4 cycles/px"] = {
        kind: np.percentile(slope, (5, 50, 95)).round(3).tolist() for kind, slope in slopes.items()
    }
    for i in range(0, len(frequencies()), 2):
        table[f"log10 power at {frequencies()[i]:.3f} cycles/px"] = {
            kind: np.percentile(m["spectra"][:, i], (5, 50, 95)).round(2).tolist()
            for kind, m in measured.items()
        }
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--simulated", type=Path, nargs="+", default=[])
    parser.add_argument("--second", type=Path, nargs="+", default=[], help="another's")
    parser.add_argument("--drawn", action="store_true", help="sections as draw_section draws them")
    parser.add_argument("--seeds", type=int, default=3, help="of the two-sample test; 0: none")
    parser.add_argument("-o", "--out", type=Path, required=True)
    args = parser.parse_args()
    if not (args.simulated or args.second or args.drawn):
        parser.error("what to compare with? --simulated DIR, --drawn")
    args.out.mkdir(parents=True, exist_ok=True)
    average = args.real / "axial_average_2d.mrc"
    mean = np.squeeze(mrcfile.read(average)) if average.exists() else None
    kinds = {"real": real_pictures(args.real)}
    places = np.array([p.motor for p in kinds["real"] if p.motor is not None])
    for kind, folders in (("simulated", args.simulated), ("second", args.second)):
        if folders:
            kinds[kind] = [p for folder in folders for p in simulated_pictures(folder, places)]
    if args.drawn:
        kinds["drawn"] = drawn_pictures(kinds["real"])
    measured = {kind: measure(pictures, mean) for kind, pictures in kinds.items()}
    table = summary(measured)
    for kind in kinds:
        counts = measured[kind]
        print(f"{kind}: {counts['pictures']} pictures, {counts['motors']} with a motor")
    print("| 50 % (5-95 %) | " + " | ".join(kinds) + " |\n|---|" + "---|" * len(kinds))
    for name, row in table.items():
        cells = [f"{m:.3g} ({a:.3g} to {b:.3g})" for a, m, b in row.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")
    spectra = {k: m["spectra"] for k, m in measured.items()}
    draw_figures(spectra, kinds, table, args.out / "figures.png")
    side_by_side(kinds, args.out / "side_by_side.png")
    result: dict[str, object] = {"table": table, "two-sample": {}}
    for kind in list(kinds)[1:] if args.seeds else ():
        test = two_sample(kinds["real"], kinds[kind], args.seeds)
        where_it_looks(test.pop("where"), args.out / f"where_{kind}.png")
        result["two-sample"][kind] = test
        for name, value in test["auc"].items():
            low, high = min(value["runs"]), max(value["runs"])
            print(f"AUC real/{kind}, {name}: {value['mean']:.3f} ({low:.3f} to {high:.3f})")
        print("AUC bin by bin:", " ".join(f"{v:.2f}" for v in test["spectrum bin by bin"]))
    (args.out / "figures.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
