"""Tomograms kept for measuring: which they are, and what a model scores there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from motorscope.evaluate import Scores
from motorscope.files import replacing
from motorscope.network import Model, load_model
from motorscope.training.data.labelled import LabelledTomogram
from motorscope.training.errors import TrainingError
from motorscope.training.measuring.validation import examine, figures, labelled, measure

FEW = 10
"""Tomograms below which a difference is likely to be chance: one of them moves F2 by 0.1."""

SHOWN = 5
"""Tomograms that are named when the data are described."""
TOO_FEW = (
    "There are too few tomograms with motors to hold any out, so the new model will not be "
    "compared with the one before; give more of them, or a larger share with --held-out."
)


@dataclass(frozen=True)
class Split:
    """Tomograms to learn from, and tomograms to measure on."""

    training: tuple[LabelledTomogram, ...] = ()
    held_out: tuple[LabelledTomogram, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """What a training changed on tomograms that it did not see.

    Attributes
    ----------
    before
        Of the model that the training began with, at its own default threshold; ``None`` if it
        began with random weights.
    after
        Of the new model, at its own default threshold.
    """

    before: Scores | None
    after: Scores

    @property
    def is_better(self) -> bool:
        """Whether the new model has the better F2, or the same and a better average precision."""
        return self.before is None or _merit(self.after) > _merit(self.before)


def split_tomograms(tomograms: Sequence[LabelledTomogram], share: float, seed: int) -> Split:
    """Choose by chance which tomograms to hold out: the same ones for the same names and seed.

    The share is taken of those with motors and of those without, rounded. One with candidates on
    which nobody decided is not held out, because nobody knows what is right there, and one with
    motors is always trained on. Where no tomogram with motors would be held out, none is.
    """
    rng = np.random.default_rng([seed, 4])
    chosen: set[str] = set()
    with_motors = [one for one in tomograms if len(one.motors)]
    without = [one for one in tomograms if not len(one.motors)]
    for group in (with_motors, without):
        decided = [one.name for one in group if not len(one.undecided)]
        count = min(int(share * len(decided) + 0.5), len(group) - (group is with_motors))
        if group is with_motors and count < 1:
            break
        chosen |= set(rng.permutation(sorted(decided))[: max(count, 0)].tolist())
    return Split(
        tuple(one for one in tomograms if one.name not in chosen),
        tuple(one for one in tomograms if one.name in chosen),
    )


def score_held_out(model: Model, tomograms: Sequence[LabelledTomogram], radius: float) -> Scores:
    """Score a model as people use it: with its own calibration, threshold, and flips if any.

    Parameters
    ----------
    radius
        Distance in Å within which a motor counts as found.

    Raises
    ------
    TomogramError
        If a tomogram cannot be read.
    """
    findings = examine(model, labelled(tomograms))
    card = model.card
    return measure(findings, card.calibration, radius, card.default_threshold)


def compare_models(
    before: str | None, after: Path, tomograms: Sequence[LabelledTomogram], radius: float
) -> Comparison:
    """Score the model that a training began with, by name or file, and the new one.

    Raises
    ------
    ModelError
        If a model cannot be loaded.
    TomogramError
        If a tomogram cannot be read.
    """
    return Comparison(
        None if before is None else score_held_out(load_model(before), tomograms, radius),
        score_held_out(load_model(after), tomograms, radius),
    )


def write_comparison(path: Path, comparison: Comparison) -> None:
    """Write a CSV with a row for each model.

    Raises
    ------
    TrainingError
        If it cannot be written.
    """
    rows = []
    for name, scores in (("before", comparison.before), ("after", comparison.after)):
        if scores is not None:
            low, high = scores.f2_interval
            more = {"f2_low": low, "f2_high": high, "best_threshold": scores.curve.best_threshold}
            rows.append({"model": name, **figures(scores), **more})
    with replacing(path, TrainingError) as partial:
        pd.DataFrame(rows).to_csv(partial, index=False, lineterminator="\n", float_format="%.3g")


def write_split(path: Path, split: Split) -> None:
    """Write a CSV that says of each tomogram whether it was trained on or held out.

    Raises
    ------
    TrainingError
        If it cannot be written.
    """
    rows = [
        (one.name, part, len(one.motors), len(one.rejected), len(one.undecided))
        for part, group in (("training", split.training), ("held out", split.held_out))
        for one in group
    ]
    table = pd.DataFrame(rows, columns=["tomogram", "part", "motors", "rejected", "undecided"])
    with replacing(path, TrainingError) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def format_split(split: Split) -> str:
    """Say what there is to learn from."""
    every = (*split.training, *split.held_out)
    motors, rejected, undecided = (
        sum(len(getattr(one, name)) for one in every)
        for name in ("motors", "rejected", "undecided")
    )
    empty = sum(not len(one.motors) for one in every)
    names = [one.name for one in split.held_out]
    shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    return (
        f"{len(every)} tomograms, {empty} of them free of motors; {motors} motors, {rejected} "
        f"rejected and {undecided} undecided picks. Held out: {len(names)}"
        f"{f' ({shown})' if names else ''}."
    )


def format_comparison(comparison: Comparison) -> str:
    """Return the table of before and after, and what to make of it."""
    before, after = comparison.before, comparison.after
    counts = after.motors
    lines = [
        f"On {len(after.tomograms)} held-out tomograms with {counts.tp + counts.fn} motors, found "
        f"within {after.radius:g} Å:",
        f"  {'':<20}{'' if before is None else 'before':>10}{'after':>10}",
    ]
    columns = [{} if before is None else _shown(before), _shown(after)]
    for name, value in columns[1].items():
        lines.append(f"  {name:<20}{columns[0].get(name, ''):>10}{value:>10}")
    if before is not None and comparison.is_better:
        lines.append("The new model is better there.")
    elif before is not None:
        lines.append(
            "The new model is NOT better there: keep the one before, or give more tomograms."
        )
    if len(after.tomograms) < FEW:
        lines.append("With so few tomograms, much of a difference can be chance.")
    return "\n".join(lines)


def _shown(scores: Scores) -> dict[str, str]:
    return {
        "F2": f"{scores.f2:.3f}",
        "recall": f"{scores.motors.recall:.3f}",
        "precision": f"{scores.motors.precision:.3f}",
        "average precision": f"{scores.curve.average_precision:.3f}",
        "error, median (Å)": f"{scores.localisation.median:.1f}",
        "threshold": f"{scores.threshold:.3f}",
    }


def _merit(scores: Scores) -> tuple[float, float]:
    """Order scores; what cannot be said counts as nothing."""
    return tuple(np.nan_to_num([scores.f2, scores.curve.average_precision]).tolist())
