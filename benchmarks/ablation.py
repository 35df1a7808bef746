"""What pieces of the simulator and of the recipe are worth: training goes on without one.

motorscope simulate --set standard-2 --out standard-2
python benchmarks/ablation.py standard-2 runs/ablation [VARIANT ...]

Every variant goes on from the built-in model as `configs/built-in.toml` says, for a few steps and
with one change: what the model forgets or learns wrongly is what the piece is worth. Its candidates
in the set are scored without any threshold and without flips. The table of all variants that were
run so far is printed, each compared with going on without any change.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from motorscope.evaluate import EvaluationData, read_evaluation, score_picks
from motorscope.network import load_model
from motorscope.picks import write_picks
from motorscope.tables import overlaid, read_toml
from motorscope.tomogram import open_tomogram
from motorscope.training import train
from motorscope.training.measuring.validation import Known, examine
from motorscope.training.settings.config_file import make_config

CONFIG = "configs/built-in.toml"
BASE = "as it is"
RADIUS = 1000.0
DRAWS = 100
SHORT: dict[str, Any] = {
    "network": {"start_from": "built-in"},
    "data": {"scenes": 300, "mistake_share": 0.0, "closing_share": 0.0, "workers": 0},
    "optimiser": {
        "steps": 250, "learning_rate": 6e-4, "ema_decay": 0.98, "checkpoint_every": 250,
    },
    "validation": {"final_tomograms": 0, "flips": False},
}  # fmt: skip
NO_CHANGE_OF_GREY = {
    "invert": 0.0, "edge": 0.0, "mirror": 0.0, "dropout": 0.0, "blur_share": 0.0,
    "slope": [0.0, 0.0], "clip_low": [1.0, 1.0], "clip_high": [99.0, 99.0], "gamma": [1.0, 1.0],
    "contrast": [1.0, 1.0], "brightness": [0.0, 0.0], "noise": [0.0, 0.0],
}  # fmt: skip
VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "crops anywhere": {"data": {"closing_share": 1.0}},
    "crops at its mistakes": {"data": {"mistake_share": 0.4}},
    "more look-alikes": {"simulation": {"lookalikes": [2, 12]}},
    "positives weighted 256": {"loss": {"pos_weight": 256.0, "smoothing": 1e-3}},
    "no missing wedge": {"simulation": {"tilt_range": [90.0, 90.0]}},
    "no CTF": {"simulation": {"defocus": [0.0, 0.0], "amplitude_contrast": [1.0, 1.0]}},
    "one SNR, 0.3": {"simulation": {"snr": [0.3, 0.3]}},
    "no look-alikes": {"simulation": {"lookalikes": [0, 0]}},
    "no ribosomes, granules": {"simulation": {"ribosomes": [0.0, 0.0], "granules": [0, 0]}},
    "no changes of grey": {"augmentation": NO_CHANGE_OF_GREY},
    "no changes of size": {"augmentation": {"rescale": [1.0, 1.0], "stretch": [1.0, 1.0]}},
    "no pooled, auxiliary loss": {"loss": {"pooled_weight": 0.0, "auxiliary_weight": 0.0}},
    "no average of weights": {"optimiser": {"ema_decay": 0.0}},
}


def candidates(card: str | Path, folder: Path, file: Path) -> None:
    """Write a model's candidates in the tomograms of a set, without flips."""
    model = load_model(str(card))
    model = replace(model, card=replace(model.card, flips=False))
    tomograms = {path.stem: open_tomogram(path) for path in sorted(folder.glob("*.mrc"))}
    nowhere = np.empty((0, 3))
    known = [Known(name, lambda one=one: (one, nowhere)) for name, one in tomograms.items()]
    found = examine(model, known).found
    write_picks(file, {name: (table, tomograms[name].grid) for name, table in found.items()})


def average_precision(evaluation: EvaluationData, names: Sequence[str]) -> float:
    """Return the average precision over tomograms, each as often as it is named."""
    found = {f"{i} {name}": evaluation.found[name] for i, name in enumerate(names)}
    truth = {f"{i} {name}": evaluation.truth[name] for i, name in enumerate(names)}
    return score_picks(found, truth, RADIUS).curve.average_precision


def compared(files: dict[str, Path], truth: Path, with_: str) -> pd.DataFrame:
    """Return the scores of each variant, and how its average precision differs from that of one.

    The last column is the standard deviation of the difference when the same tomograms are drawn
    with replacement for both.
    """
    read = {name: read_evaluation(file, truth) for name, file in files.items()}
    names = sorted(read[with_].truth)
    rng = np.random.default_rng(0)
    draws = [names, *(list(rng.choice(names, len(names))) for _ in range(DRAWS))]
    values = {
        name: np.array([average_precision(evaluation, draw) for draw in draws])
        for name, evaluation in read.items()
    }
    rows = []
    for name, evaluation in read.items():
        difference = values[name] - values[with_]
        rows.append(
            {
                "variant": name,
                "average precision": values[name][0],
                "best F2": score_picks(evaluation.found, evaluation.truth, RADIUS).curve.best_f2,
                "difference": difference[0],
                "sd": difference[1:].std(),
            }
        )
    return pd.DataFrame(rows)


def main(folder: Path, out: Path, wanted: list[str]) -> None:
    """Train what is not trained yet, search the set, and print the table of all that is there."""
    table = overlaid(read_toml(CONFIG), SHORT)
    files = {}
    for name in ["before", *VARIANTS]:
        run = out / name.replace(" ", "-").replace(",", "")
        card = "built-in" if name == "before" else run / "built-in.json"
        file = run / f"{folder.name}.csv"
        if not file.exists():
            if wanted and name not in (BASE, *wanted):
                continue
            if name != "before" and not Path(card).exists():
                train(make_config(overlaid(table, VARIANTS[name])), run)
            run.mkdir(parents=True, exist_ok=True)
            candidates(card, folder, file)
        files[name] = file
    result = compared(files, folder / "truth.csv", BASE)
    print(result.to_string(index=False, float_format="%.3f"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
