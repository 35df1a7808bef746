"""What pieces of the simulator and of the recipe are worth: training goes on without one.

motorscope simulate --set standard --out standard
python benchmarks/ablation.py standard runs/ablation [VARIANT ...]

Every variant goes on from the built-in model as `configs/built-in.toml` says, for a few steps and
with one change: what the model forgets or learns wrongly is what the piece is worth. Its candidates
in the set are scored without any threshold and without flips. The table of all variants that were
run so far is printed.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from motorscope.evaluate import read_evaluation, score_picks
from motorscope.network import load_model
from motorscope.tables import overlaid, read_toml
from motorscope.tomogram import open_tomogram
from motorscope.training import train
from motorscope.training.config_file import make_config
from motorscope.training.validation import examine

CONFIG = "configs/built-in.toml"
RADIUS = 1000.0
SHORT: dict[str, Any] = {
    "network": {"start_from": "built-in"},
    "data": {"scenes": 300, "mistake_share": 0.0, "workers": 0},
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
    "crops anywhere": {"data": {"motor_share": 0.0, "structure_share": 0.0}},
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


def scores(card: str | Path, folder: Path) -> dict[str, float]:
    """Return a model's average precision and best F2 on a set."""
    truth = read_evaluation(folder / "truth.csv", folder / "truth.csv").truth
    tomograms = (
        (name, open_tomogram(folder / f"{name}.mrc"), table.positions)
        for name, table in truth.items()
    )
    model = load_model(str(card))
    model = replace(model, card=replace(model.card, flips=False))
    curve = score_picks(examine(model, tomograms).found, truth, RADIUS).curve
    return {"average precision": curve.average_precision, "best F2": curve.best_f2}


def main(folder: Path, out: Path, names: list[str]) -> None:
    """Train and score the variants that are not in the table yet."""
    table = overlaid(read_toml(CONFIG), SHORT)
    for name in names or ["before", *VARIANTS]:
        run = out / name.replace(" ", "-").replace(",", "")
        result = run / "scores.csv"
        if result.exists():
            continue
        card: str | Path = "built-in"
        if name != "before":
            trained = train(make_config(overlaid(table, VARIANTS[name])), run)
            assert trained is not None
            card = trained.card
        run.mkdir(parents=True, exist_ok=True)
        row = {"variant": name, **scores(card, folder)}
        pd.DataFrame([row]).to_csv(result, index=False, float_format="%.3f")
    rows = pd.concat(pd.read_csv(path) for path in sorted(out.glob("*/scores.csv")))
    print(rows.to_string(index=False))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
