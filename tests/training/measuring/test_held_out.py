from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorscope.evaluate import score_picks
from motorscope.picks import PickTable
from motorscope.tomogram import VoxelGrid
from motorscope.training.data.labelled import LabelledTomogram
from motorscope.training.measuring.held_out import (
    Comparison,
    format_comparison,
    format_split,
    split_tomograms,
    write_comparison,
    write_split,
)

GRID = VoxelGrid((40, 48, 56), (8.0, 8.0, 8.0))


def tomogram(name, motors=1, undecided=0):
    places = [np.full((count, 3), 100.0) for count in (motors, 0, undecided)]
    return LabelledTomogram(Path(f"{name}.mrc"), GRID, *places)


@st.composite
def folders(draw):
    counts = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), max_size=30))
    return [tomogram(f"t{number:02}", *said) for number, said in enumerate(counts)]


@given(folders(), st.floats(0, 0.99), st.integers(0, 5))
def test_a_split_keeps_what_there_is_and_measures_on_what_is_known(every, share, seed):
    split = split_tomograms(every, share, seed)
    names = [one.name for one in (*split.training, *split.held_out)]
    assert sorted(names) == [one.name for one in every]
    assert not any(len(one.undecided) for one in split.held_out)
    with_motors = [one for one in every if len(one.motors)]
    if split.held_out:
        assert any(len(one.motors) for one in split.held_out)
        assert any(len(one.motors) for one in split.training)
        held = sum(len(one.motors) > 0 for one in split.held_out)
        assert held <= share * len(with_motors) + 0.5
    again = split_tomograms(every, share, seed)
    assert [one.name for one in again.held_out] == [one.name for one in split.held_out]


def test_the_share_is_taken_of_tomograms_with_and_without_motors():
    every = [tomogram(f"m{i}") for i in range(10)] + [tomogram(f"e{i}", 0) for i in range(5)]
    held = [one.name for one in split_tomograms(every, 0.2, 0).held_out]
    assert [name[0] for name in held].count("m") == 2
    assert [name[0] for name in held].count("e") == 1
    assert held != [one.name for one in split_tomograms(every, 0.2, 1).held_out]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_tomograms_are_all_trained_on(count):
    split = split_tomograms([tomogram(f"m{i}") for i in range(count)], 0.2, 0)
    assert len(split.training) == count
    assert "Held out: 0." in format_split(split)


def test_a_split_is_told_and_written(tmp_path):
    every = [tomogram(f"m{i}", 2) for i in range(5)] + [tomogram("open", 0, 3)]
    split = split_tomograms(every, 0.2, 0)
    text = format_split(split)
    assert (
        "6 tomograms, 1 of them free of motors; 10 motors, 0 rejected and 3 undecided picks" in text
    )
    assert f"Held out: 1 ({split.held_out[0].name})." in text
    write_split(tmp_path / "split.csv", split)
    table = pd.read_csv(tmp_path / "split.csv").set_index("tomogram")
    assert table["part"].value_counts().to_dict() == {"training": 5, "held out": 1}
    assert table.loc["open", "undecided"] == 3


def scores(found, threshold=0.5):
    """Score three motors, in a tomogram each, of which so many are found, and a wrong pick."""
    names = ("a", "b", "c")
    motors = {name: PickTable.from_positions([[0.0, 0, 0]]) for name in names}
    picks = {n: PickTable.from_positions([[0.0, 0, 40]], 0.9) for n in names[:found]}
    picks["empty"] = PickTable.from_positions([[0.0, 0, 0]], 0.6)
    return score_picks(picks, {**motors, "empty": PickTable.empty()}, 1000.0, threshold)


def test_a_better_model_is_called_better(tmp_path):
    comparison = Comparison(scores(1), scores(3))
    assert comparison.is_better
    text = format_comparison(comparison)
    assert "On 4 held-out tomograms with 3 motors, found within 1000 Å" in text
    rows = {line[:22].strip(): line[22:].split() for line in text.splitlines()[1:]}
    assert rows["recall"] == ["0.333", "1.000"]
    assert rows["precision"] == ["0.500", "0.750"]
    assert rows["error, median (Å)"] == ["40.0", "40.0"]
    assert "The new model is better there." in text
    assert "can be chance" in text
    write_comparison(tmp_path / "held-out.csv", comparison)
    table = pd.read_csv(tmp_path / "held-out.csv").set_index("model")
    assert table.loc["after", "recall"] == 1
    assert table.loc["before", "f2"] < table.loc["after", "f2"]
    assert table.loc["before", "f2_low"] <= table.loc["before", "f2"]


@pytest.mark.parametrize(("before", "after"), [(2, 2), (3, 0)])
def test_a_model_that_is_not_better_is_said_to_be_none(before, after):
    text = format_comparison(Comparison(scores(before), scores(after)))
    assert "The new model is NOT better there" in text


def test_without_a_model_before_there_is_one_column(tmp_path):
    comparison = Comparison(None, scores(2))
    text = format_comparison(comparison)
    assert "before" not in text
    assert "better" not in text
    write_comparison(tmp_path / "held-out.csv", comparison)
    assert list(pd.read_csv(tmp_path / "held-out.csv")["model"]) == ["after"]
