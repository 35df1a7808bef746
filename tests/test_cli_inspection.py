"""The commands that look into a network."""

import mrcfile
import numpy as np
import pandas as pd
import pytest
import torch

from motorscope.cli import main
from motorscope.picks import PickTable, write_picks
from motorscope.tomogram import (
    VoxelGrid,
    find_tomograms,
    is_map,
    map_label,
    open_tomogram,
    write_mrc,
)

SPACING, ORIGIN = 18.0, (90.0, -180.0, 36.0)


@pytest.fixture
def tomogram(tmp_path, monkeypatch):
    """A noisy file with three equal blobs."""
    monkeypatch.setenv("MOTORSCOPE_CACHE", str(tmp_path / "cache"))
    values = np.random.default_rng(1).normal(0, 0.2, (48, 64, 96)).astype(np.float32)
    for place in ((16, 24, 24), (24, 40, 56), (24, 16, 80)):
        z, y, x = (slice(p - 4, p + 5) for p in place)
        values[z, y, x] -= 4
    path = tmp_path / "cell.mrc"
    grid = VoxelGrid(values.shape, (SPACING,) * 3, ORIGIN)
    write_mrc(path, values, grid)
    places = grid.to_world([(16, 24, 24), (24, 40, 56), (24, 16, 80)])
    status = ["accepted", "candidate", "candidate"]
    write_picks(
        tmp_path / "picks.csv", {"cell": (PickTable.from_positions(places, status=status), grid)}
    )
    return path


def run(*words):
    return main([str(word) for word in (*words, "--precision", "fp32")])


def test_features(tomogram, tmp_path):
    out = tmp_path / "out.mrc"
    assert run("features", tomogram, "--stage", "layer1", "--stat", "max", "-o", out) == 0
    found = open_tomogram(out)
    assert found.grid == VoxelGrid((12, 16, 24), (72.0,) * 3, ORIGIN)

    several = tmp_path / "several.mrc"
    box = (200, 0, 300, 700, 500, 1000)
    chosen = ("--channels", "5,2", "--box", *box)
    assert run("features", tomogram, "--stage", "layer1", *chosen, "-o", several) == 0
    with mrcfile.open(several) as file:
        assert file.is_volume_stack()
        assert file.voxel_size.x == pytest.approx(72)
        origin = [float(file.header.origin[axis]) for axis in "zyx"]
        stack = np.array(file.data)
    # The box's voxels, and no more than half a voxel around them.
    np.testing.assert_allclose((np.array(origin) - ORIGIN) % 72, 0, atol=1e-3)
    assert (np.abs(np.array(origin) - box[:3]) <= 36).all()
    whole = tmp_path / "all.mrc"
    assert run("features", tomogram, "--stage", "layer1", "-o", whole) == 0
    with mrcfile.open(whole) as file:
        z, y, x = (round((o - p) / 72) for o, p in zip(origin, ORIGIN, strict=True))
        _, d, h, w = stack.shape
        expected = file.data[[5, 2], z : z + d, y : y + h, x : x + w]
    np.testing.assert_allclose(stack, expected, atol=2e-2 * np.abs(expected).max())


def test_a_stage_is_described_before_it_is_computed(tomogram, tmp_path, capsys):
    assert (
        run("features", tomogram, "--stage", "layer1", "--stat", "max", "-o", tmp_path / "o.mrc")
        == 0
    )
    said = capsys.readouterr().err
    assert "layer1: 24 channels, stride 4; voxels of 72 × 72 × 72 Å" in said
    assert "774 × 774 × 774 Å at most" in said
    assert f"{2 * 24 * 12 * 16 * 24 / 1e6:.1f} MB" in said


def test_a_list_of_numbers_that_is_none_is_refused_in_a_sentence(tomogram, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        run(
            "features", tomogram, "--stage", "layer1", "--channels", "5,x", "-o", tmp_path / "o.mrc"
        )
    assert ended.value.code == 2
    assert "whole numbers with commas between, such as 5,17, not '5,x'" in capsys.readouterr().err


def test_maps_are_no_tomograms_of_the_folder_that_they_are_put_into(tomogram, tmp_path):
    """They were searched and listed in the queue; a name beyond ASCII was a traceback."""
    maps = tmp_path / "maps.mrc", tmp_path / "why.mrc"
    assert run("features", tomogram, "--stage", "layer2", "--stat", "max", "-o", maps[0]) == 0
    at = ("--at", "400", "300", "500")
    assert main(["explain", str(tomogram), *at, "-o", str(maps[1])]) == 0
    found = find_tomograms(tmp_path)
    assert list(found.names.values()) == ["cell"]
    assert found.maps == maps
    named = tmp_path / "modèle.mrc"
    write_mrc(
        named,
        np.zeros((2, 3, 4), np.float32),
        VoxelGrid((2, 3, 4), None),
        label=map_label("modèle"),
    )
    assert is_map(named)


def test_components_use_a_kept_basis(tomogram, tmp_path, capsys):
    basis, out = tmp_path / "colors.safetensors", tmp_path / "pca.mrc"
    words = ("features", tomogram, "--stage", "layer2", "-o", out, "--overwrite", "--pca")
    assert run(*words, 3, "--basis", basis) == 0
    assert "explain" in capsys.readouterr().err
    with mrcfile.open(out) as file:
        first = np.array(file.data[0])
    assert run(*words, 1, "--basis", basis) == 0
    np.testing.assert_allclose(open_tomogram(out).data, first, rtol=1e-3, atol=1e-4)


def test_zarr_is_in_its_place(tomogram, tmp_path):
    zarr = pytest.importorskip("zarr")
    out = tmp_path / "maps.zarr"
    assert run("features", tomogram, "--stage", "layer2", "--stat", "mean", "-o", out) == 0
    group = zarr.open_group(out, mode="r")
    (scale, translation) = group.attrs["ome"]["multiscales"][0]["datasets"][0][
        "coordinateTransformations"
    ]
    assert scale["scale"] == [144, 144, 144]
    assert translation["translation"] == [*ORIGIN]
    assert group["0"].shape == (6, 8, 12)
    assert is_map(out)


def test_channels(tomogram, tmp_path, capsys):
    out = tmp_path / "channels.csv"
    assert (
        run("channels", tomogram, "--picks", tmp_path / "picks.csv", "--stage", "layer2", "-o", out)
        == 0
    )
    table = pd.read_csv(out)
    assert list(table.columns[:2]) == ["channel", "auc"]
    assert sorted(table["channel"]) == list(range(48))
    assert table["auc"].is_monotonic_decreasing
    assert table["auc"].iloc[0] > 0.95
    assert run("channels", tomogram, "--stage", "layer2", "-o", out, "--overwrite") == 0
    assert "no accepted picks" in capsys.readouterr().err
    assert pd.read_csv(out)["variance"].is_monotonic_decreasing


def test_effects_of_channels_on_a_score(tomogram, tmp_path, capsys):
    out = tmp_path / "channels.csv"
    at = ("--at", 378, 252, 468)
    assert run("channels", tomogram, "--stage", "layer3", *at, "-o", out) == 0
    table = pd.read_csv(out)
    assert table["effect"].notna().all()
    assert (np.sign(table["effect_logit"].round(3)) * table["effect"] >= 0).all()
    assert "score " in capsys.readouterr().err


def test_alike_finds_the_other_two(tomogram, tmp_path):
    out = tmp_path / "alike.csv"
    words = ("alike", tomogram, "--like", tmp_path / "picks.csv", "--stage", "layer1")
    assert run(*words, "-o", out) == 0
    found = pd.read_csv(out)
    assert list(found.columns) == list(pd.read_csv(tmp_path / "picks.csv").columns)
    assert set(found["origin"]) == {"alike"}
    best = found[["z", "y", "x"]].to_numpy()[:2]
    for place in ((24, 40, 56), (24, 16, 80)):
        assert np.linalg.norm(best - place, axis=1).min() < 6
    first = np.linalg.norm(found[["z", "y", "x"]].to_numpy() - (16, 24, 24), axis=1)
    assert first.min() * SPACING >= 500


def test_matches_become_examples_of_a_second_round(tomogram, tmp_path):
    out = tmp_path / "alike.csv"
    words = ("alike", tomogram, "--like", tmp_path / "picks.csv", "--stage", "layer1")
    scores = {}
    for matches in (0, 2):
        assert run(*words, "--matches", matches, "-o", out, "--overwrite") == 0
        scores[matches] = pd.read_csv(out)["score"].to_numpy()
    # Two of three examples are found again, and are nearer to the examples' mean than before.
    assert scores[2][:2].mean() > scores[0][:2].mean()


def test_a_bare_encoder_will_do(tomogram, tmp_path):
    from motorscope.network import load_model

    encoder = load_model("built-in").network.encoder
    torch.save({"state_dict": encoder.state_dict()}, tmp_path / "encoder.pth")
    out = tmp_path / "out.mrc"
    words = ("features", tomogram, "--model", tmp_path / "encoder.pth", "--stat", "std", "-o", out)
    assert run(*words, "--stage", "layer2") == 0
    assert open_tomogram(out).grid.known_spacing() == (128.0,) * 3
    assert run(*words, "--stage", "logits", "--overwrite") == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("features", "--stage", "layer9", "-o", "o.mrc"), "no stage 'layer9'; choose one of stem"),
        (("features", "--stage", "stem", "-o", "o.png"), "let its name end in .mrc or .zarr"),
        (("features", "--stage", "stem", "--channels", "24", "-o", "o.mrc"), "0 to 23"),
        (("features", "--stage", "stem", "--box", *"111222", "-o", "no/o.mrc"), "does not exist"),
        (("features", "--stage", "stem", "--box", *"111222", "-o", "o.mrc"), "lies outside"),
        (("channels", "--stage", "stem", "-o", "cell.mrc"), "is also an input"),
        (("alike", "--like", "picks.csv", "--ids", "7", "--stage", "stem", "-o", "o.csv"), "id 7"),
        (("alike", "--like", "picks.csv", "--matches", "-1", "-o", "o.csv"), "must be 0 or more"),
    ],
)
def test_wrong_words_say_what_to_do(tomogram, tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    assert run(words[0], tomogram, *words[1:]) == 2
    assert said in capsys.readouterr().err
