"""What pieces of the drawing, the simulator and the recipe are worth: training goes on without one.

python benchmarks/ablation.py runs/ablation --pictures FOLDER [--tomograms standard-2] [VARIANT ...]

Every variant goes on from the built-in model for ``--steps`` steps, at the full learning rate of
``configs/built-in-further.toml``, with one change: what the network forgets or learns wrongly is
what the piece is worth. It is less than a training from the start without the piece would say,
since the network has seen it. ``--pictures`` names a folder of pictures of sections and their
``index.csv`` (columns file, y and x: the pixel of the motor's centre, -1 where there is none), each
taken as a volume that is the same at every z; ``--tomograms`` one of `motorscope simulate --set`.
Both measure without flips and without any threshold, and teach nothing.

The table of all variants that were run so far is printed. Its differences are to going on without a
change; their standard deviation is that of the difference when the same pictures (or tomograms) are
drawn with replacement for both, which knows nothing of the chance in a training: run ``as it is``
with other seeds (``as it is, seed 2``) to see that.
"""

import argparse
import hashlib
from collections.abc import Callable, Sequence
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
from motorscope.training.settings.config import TrainConfig
from motorscope.training.settings.config_file import make_config
from pictures_scoring import Found, average_precision, best_is_motor, search_pictures

CONFIG = "configs/built-in-further.toml"
BASE = "as it is"
RADIUS = 1000.0
DRAWS = 200
SHORT: dict[str, Any] = {
    "network": {"start_from": "built-in", "start_share": 0.0},
    "data": {"scenes": 120, "mistake_share": 0.0, "closing_share": 0.0, "workers": 0,
             "crops": [[64, 64, 64]]},
    "pictures": {"sections": 400},
    "optimiser": {
        "steps": 150, "batch": 2, "cycles": 1, "cycle_share": 0.0, "ema_decay": 0.98,
        "checkpoint_every": 150,
    },
    "validation": {"final_tomograms": 0, "sections": 0, "flips": False},
}  # fmt: skip
NO_CHANGE_OF_GREY = {
    "invert": 0.0, "edge": 0.0, "mirror": 0.0, "dropout": 0.0, "blur_share": 0.0,
    "slope": [0.0, 0.0], "clip_low": [1.0, 1.0], "clip_high": [99.0, 99.0], "gamma": [1.0, 1.0],
    "contrast": [1.0, 1.0], "brightness": [0.0, 0.0], "noise": [0.0, 0.0],
}  # fmt: skip


def drawing(**changes: Any) -> dict[str, Any]:
    """Return a change of what is in the drawn sections."""
    return {"pictures": {"drawing": changes}}


VARIANTS: dict[str, dict[str, Any]] = {
    BASE: {},
    "as it is, seed 2": {"seed": 2},
    "volumes alone": {"pictures": {"sections": 0}},
    "scenes of the first way alone": {"simulation": {"swept_cells": 0.0}},
    "scenes of the second way alone": {"simulation": {"swept_cells": 1.0}},
    "no unknown processing": {"simulation": {"processing": 0.0}},
    "sections without hook and filament": drawing(filament=0.0),
    "sections without ghosts and debris": drawing(ghost=0.0, debris=0.0, lysed=0.0),
    "sections of one cell, clean": drawing(
        second_cell=0.0, carbon=0.0, gold=0.0, dirt=0.0, free_filaments=0.0, debris=0.0, streaks=0.0
    ),
    "sections without borders": drawing(border=0.0),
    "sections with one periplasm, 350 Å": drawing(periplasm=[350.0, 350.0]),
    "sections of one species": drawing(species=["enteric"]),
    "sections under a CTF alone": drawing(contrast_transfer=1.0, low_pass=0.0),
    "sections of much noise": drawing(noise=[0.2, 0.4]),
    "sections of clear membranes": drawing(
        inner_membrane=[0.75, 0.75], cytoplasm=[0.05, 0.1], grain=[0.03, 0.05]
    ),
    "no changes of grey": {"augmentation": NO_CHANGE_OF_GREY},
    "no changes of size": {"augmentation": {"rescale": [1.0, 1.0], "stretch": [1.0, 1.0]}},
    "no pooled, auxiliary loss": {"loss": {"pooled_weight": 0.0, "auxiliary_weight": 0.0}},
}


def main() -> None:
    """Train what is not trained yet, measure it, and print the table of all that is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=", ".join(VARIANTS))
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--tomograms", type=Path)
    parser.add_argument("--steps", type=int, default=SHORT["optimiser"]["steps"])
    options = parser.parse_args()
    unknown = set(options.variants) - set(VARIANTS)
    if unknown or not (options.pictures or options.tomograms):
        parser.error(f"no such variant: {', '.join(unknown)}" if unknown else "nothing to measure")
    torch.set_num_threads(1)
    short = overlaid(SHORT, {"optimiser": {"steps": options.steps}})
    table = overlaid(read_toml(CONFIG), short)
    cards: dict[str, str | Path] = {"before": "built-in"}
    for name, change in VARIANTS.items():
        run = options.out / name.replace(" ", "-").replace(",", "")
        card = run / "built-in.json"
        if not card.exists() and (not options.variants or name in (BASE, *options.variants)):
            config = make_config(overlaid(table, change))
            share_scenes(config, options.out, run)
            train(config, run)
        if card.exists():
            cards[name] = card
    result = pd.DataFrame({"variant": list(cards)})
    if options.pictures:
        result = result.merge(on_pictures(cards, options.pictures, options.out), on="variant")
    if options.tomograms:
        result = result.merge(on_tomograms(cards, options.tomograms, options.out), on="variant")
    print(result.to_string(index=False, float_format="%.3f"))


def share_scenes(config: TrainConfig, out: Path, run: Path) -> None:
    """Let a run draw its scenes where those of other runs with the same scenes lie."""
    what = repr((config.seed, config.simulation, config.data.scenes)).encode()
    pool = out / f"scenes-{hashlib.sha256(what).hexdigest()[:12]}"
    pool.mkdir(parents=True, exist_ok=True)
    run.mkdir(exist_ok=True)
    if not (run / "scenes").exists():
        (run / "scenes").symlink_to(pool.resolve())


def on_pictures(cards: dict[str, str | Path], folder: Path, out: Path) -> pd.DataFrame:
    """Return how well each model finds the motors of pictures."""
    found: dict[str, list[Found]] = {}
    for name, card in cards.items():
        file = out / f"{name}, pictures.npy".replace(" ", "-")
        if not file.exists():
            model = load_model(str(card))
            each = search_pictures(model.network, folder, model.card.input.spacing)
            np.save(file, np.array(each, dtype=object))
        found[name] = np.load(file, allow_pickle=True).tolist()
    numbers = list(range(len(found["before"])))
    rows = compared(found, numbers, lambda each, draw: average_precision([each[i] for i in draw]))
    rows["best is motor"] = [best_is_motor(found[name]) for name in rows["variant"]]
    return rows


def on_tomograms(cards: dict[str, str | Path], folder: Path, out: Path) -> pd.DataFrame:
    """Return how well each model finds the motors of a simulated set."""
    read: dict[str, EvaluationData] = {}
    for name, card in cards.items():
        file = out / f"{name}, {folder.name}.csv".replace(" ", "-")
        if not file.exists():
            candidates(card, folder, file)
        read[name] = read_evaluation(file, folder / "truth.csv")

    def value(evaluation: EvaluationData, names: Sequence[str]) -> float:
        found = {f"{i} {name}": evaluation.found[name] for i, name in enumerate(names)}
        truth = {f"{i} {name}": evaluation.truth[name] for i, name in enumerate(names)}
        return score_picks(found, truth, RADIUS).curve.average_precision

    rows = compared(read, sorted(read["before"].truth), value)
    return rows.rename(columns={name: f"{name}, tomograms" for name in rows.columns[1:]})


def candidates(card: str | Path, folder: Path, file: Path) -> None:
    """Write a model's candidates in the tomograms of a set, without flips."""
    model = load_model(str(card))
    model = replace(model, card=replace(model.card, flips=False))
    tomograms = {path.stem: open_tomogram(path) for path in sorted(folder.glob("*.mrc"))}
    nowhere = np.empty((0, 3))
    known = [Known(name, lambda one=one: (one, nowhere)) for name, one in tomograms.items()]
    found = examine(model, known).found
    write_picks(file, {name: (table, tomograms[name].grid) for name, table in found.items()})


def compared(
    found: dict[str, Any], things: Sequence[Any], value: Callable[[Any, Sequence[Any]], float]
) -> pd.DataFrame:
    """Return the average precision of each variant, and its difference from going on unchanged."""
    rng = np.random.default_rng(0)
    picked = [rng.integers(len(things), size=len(things)) for _ in range(DRAWS)]
    draws = [things, *([things[i] for i in draw] for draw in picked)]
    values = {name: np.array([value(each, draw) for draw in draws]) for name, each in found.items()}
    base = values.get(BASE, values["before"])
    return pd.DataFrame(
        [
            {
                "variant": name,
                "average precision": each[0],
                "difference": (each - base)[0],
                "sd": (each - base)[1:].std(),
            }
            for name, each in values.items()
        ]
    )


if __name__ == "__main__":
    main()
