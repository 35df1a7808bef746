"""What each piece of the simulator and of the recipe is worth: short trainings with it left out.

motorscope simulate --set standard --out sets/standard
motorscope simulate --set hard --out sets/hard
python benchmarks/ablation.py configs/ablation.toml sets runs/ablation [VARIANT ...]

Every variant is the configuration with one change. It is trained as `motorscope train` would, and
its candidates in both sets are scored without any threshold. The table of all variants that were
run so far is printed and kept as `ablation.csv`.
"""

import sys
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from motorscope.evaluate import read_evaluation, score_picks
from motorscope.network import load_model
from motorscope.tables import overlaid
from motorscope.tomogram import open_tomogram
from motorscope.training import train
from motorscope.training.config_file import make_config
from motorscope.training.validation import examine

RADIUS = 1000.0
NO_CHANGE_OF_GREY = {
    "invert": 0.0, "edge": 0.0, "mirror": 0.0, "dropout": 0.0, "blur_share": 0.0,
    "slope": [0.0, 0.0], "clip_low": [1.0, 1.0], "clip_high": [99.0, 99.0], "gamma": [1.0, 1.0],
    "contrast": [1.0, 1.0], "brightness": [0.0, 0.0], "noise": [0.0, 0.0],
}  # fmt: skip
VARIANTS: dict[str, dict[str, Any]] = {
    "all": {},
    "all, other seed": {"seed": 2},
    "no look-alikes": {"simulation": {"lookalikes": [0, 0]}},
    "no ribosomes, granules": {"simulation": {"ribosomes": [0.0, 0.0], "granules": [0, 0]}},
    "no scenes without bacteria": {"data": {"distractor_share": 0.0}},
    "no missing wedge": {"simulation": {"tilt_range": [90.0, 90.0]}},
    "no CTF": {"simulation": {"defocus": [0.0, 0.0], "amplitude_contrast": [1.0, 1.0]}},
    "one SNR, 0.3": {"simulation": {"snr": [0.3, 0.3]}},
    "no changes of grey": {"augmentation": NO_CHANGE_OF_GREY},
    "no changes of size": {"augmentation": {"rescale": [1.0, 1.0], "stretch": [1.0, 1.0]}},
    "crops anywhere": {"data": {"motor_share": 0.0, "structure_share": 0.0}},
    "positives weighted 1": {"loss": {"pos_weight": 1.0}},
    "positives weighted 24": {"loss": {"pos_weight": 24.0, "smoothing": 1e-4}},
    "no pooled, auxiliary loss": {"loss": {"pooled_weight": 0.0, "auxiliary_weight": 0.0}},
    "no average of weights": {"optimiser": {"ema_decay": 0.0}},
    "half of the steps": {"optimiser": {"steps": 500}},
    "half of the width": {"network": {"base_width": 6, "decoder_channels": [16, 12]}},
}


def scores(card: Path, folder: Path) -> dict[str, float]:
    """Return a model's average precision and best F2 on a set."""
    truth = read_evaluation(folder / "truth.csv", folder / "truth.csv").truth
    tomograms = (
        (name, open_tomogram(folder / f"{name}.mrc"), table.positions)
        for name, table in truth.items()
    )
    found = examine(load_model(str(card)), tomograms).found
    curve = score_picks(found, truth, RADIUS).curve
    return {"AP": curve.average_precision, "F2": curve.best_f2}


def main(config: Path, sets: Path, out: Path, names: list[str]) -> None:
    """Train and score the variants that are not in the table yet."""
    table = tomllib.loads(config.read_text(encoding="utf-8"))
    for name in names or list(VARIANTS):
        folder = out / name.replace(" ", "-").replace(",", "")
        result = folder / "scores.csv"
        if not result.exists():
            trained = train(make_config(overlaid(table, VARIANTS[name])), folder)
            assert trained is not None
            row = {"variant": name}
            for one in ("standard", "hard"):
                row |= {f"{one} {k}": v for k, v in scores(trained.card, sets / one).items()}
            pd.DataFrame([row]).to_csv(result, index=False, float_format="%.3f")
    rows = pd.concat(pd.read_csv(path) for path in sorted(out.glob("*/scores.csv")))
    order = {name: number for number, name in enumerate(VARIANTS)}
    rows = rows.sort_values("variant", key=lambda column: column.map(order))
    rows.to_csv(out / "ablation.csv", index=False)
    print(rows.to_string(index=False))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
