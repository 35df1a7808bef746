"""Folders of synthetic tomograms, the sample, and the command."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from motorscope.cli import main
from motorscope.errors import ConfigError, MotorscopeError
from motorscope.picks import read_picks
from motorscope.simulation import (
    SimulationConfig,
    draw_finish,
    draw_imaging,
    sample_tomogram_path,
    simulate_density,
    simulate_folder,
    simulate_tomogram,
)
from motorscope.simulation import files as files_module
from motorscope.simulation import sample as sample_module
from motorscope.tomogram import open_tomogram

SMALL = SimulationConfig(
    shape=(32, 64, 64),
    spacing=30.0,
    radius=(500.0, 700.0),
    length=(800.0, 1200.0),
    motor_counts=(1, 1, 1),
)


def test_folder_holds_tomograms_and_their_truth(tmp_path: Path) -> None:
    made = list(simulate_folder(tmp_path / "new", 3, 4, SMALL))
    truth = read_picks(tmp_path / "new" / "truth.csv")
    listing = pd.read_csv(tmp_path / "new" / "tomograms.csv")
    assert [name for name, _ in made] == list(listing["tomogram"])
    for i, (name, motors) in enumerate(made):
        expected = simulate_tomogram(SMALL, (4, i), name)
        tomogram = open_tomogram(tmp_path / "new" / f"{name}.mrc")
        np.testing.assert_array_equal(np.asarray(tomogram.data), expected.tomogram.data)
        assert tomogram.grid.known_spacing() == pytest.approx((30.0, 30.0, 30.0))
        rows = truth[truth["tomogram"] == name]
        assert len(rows) == motors == len(expected.motors)
        np.testing.assert_allclose(
            rows[["axis_z", "axis_y", "axis_x"]].to_numpy(float).reshape(-1, 3),
            np.array([motor.axis for motor in expected.motors]).reshape(-1, 3),
            atol=1e-5,
        )
        assert list(rows["species"]) == [motor.species for motor in expected.motors]


def test_full_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        simulate_folder(tmp_path, 1, 0, SMALL)
    list(simulate_folder(tmp_path, 2, 0, SMALL, overwrite=True))
    list(simulate_folder(tmp_path, 1, 1, SMALL, overwrite=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "precious.txt",
        "simulated-1-0000.mrc",
        "tomograms.csv",
        "truth.csv",
    ]


def test_failed_table_leaves_no_tomogram_without_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise ConfigError("no space left on device")

    run = simulate_folder(tmp_path, 2, 0, SMALL)
    next(run)
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(files_module, "write_truth", full)
    with pytest.raises(ConfigError, match="no space"):
        next(run)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(("count", "seed"), [(0, 1), (1, -1)])
def test_impossible_counts_are_refused(tmp_path: Path, count: int, seed: int) -> None:
    with pytest.raises(ConfigError, match="count"):
        simulate_folder(tmp_path, count, seed, SMALL)


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file"):
        simulate_folder(tmp_path / "file", 1, 0, SMALL)


def test_command_reads_a_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "few.toml"
    config.write_text("motor_counts = [1]\nshape = [16, 32, 32]\nspacing = 40\n")
    out = tmp_path / "out"
    arguments = ["simulate", "--out", str(out), "--config", str(config), "--spacing", "50"]
    assert main(arguments) == 0
    assert "0 motors" in capsys.readouterr().err
    assert open_tomogram(out / "simulated-0-0000.mrc").grid.known_spacing()[0] == pytest.approx(50)
    config.write_text("motors = 1\n")
    assert main(arguments) == 2
    assert "motors" in capsys.readouterr().err


def test_sample_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTORSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        sample_module, "CONFIG", replace(SMALL, shape=(72, 128, 128), motor_counts=(0, 1))
    )
    path = sample_tomogram_path()
    changed = path.stat().st_mtime_ns
    assert sample_tomogram_path() == path
    assert path.stat().st_mtime_ns == changed
    truth = read_picks(path.with_suffix(".csv"))
    assert set(truth["tomogram"]) == {open_tomogram(path).name}


def test_a_new_motor_makes_a_new_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folders inside of the simulator count too."""
    package = tmp_path / "simulation"
    source = Path(sample_module.__file__).parent
    for path in (source / "sample.py", *(source / "motors").glob("*.py")):
        copy = package / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(sample_module, "__file__", str(package / "sample.py"))
    monkeypatch.setattr(sample_module, "write_simulation", lambda path, made: path.touch())
    monkeypatch.setattr(sample_module, "simulate_tomogram", lambda *_: None)
    monkeypatch.setenv("MOTORSCOPE_CACHE", str(tmp_path / "cache"))
    before = sample_tomogram_path()
    assert sample_tomogram_path() == before
    changed = next((package / "motors").glob("*.py"))
    changed.write_text(changed.read_text() + "# changed")
    assert sample_tomogram_path() != before


def test_sample_shows_three_motors_well() -> None:
    # Fails when a changed simulator draws another scene: look at it, and choose another seed.
    rng = np.random.default_rng(sample_module.SEED)
    draw_imaging(sample_module.CONFIG, rng)
    draw_finish(sample_module.CONFIG, rng)
    motors = simulate_density(sample_module.CONFIG, rng).motors
    positions = np.array([motor.position for motor in motors])
    extent = (np.array(sample_module.CONFIG.shape) - 1) * sample_module.CONFIG.spacing
    assert len(motors) == 3
    assert (positions[:, 1:] > 600).all()
    assert (positions[:, 1:] < extent[1:] - 600).all()
    assert all(abs(motor.axis[0]) < 0.5 for motor in motors)
    gaps = np.linalg.norm(positions[:, None] - positions, axis=-1)
    assert gaps[~np.eye(3, dtype=bool)].min() > 700


def test_sample_needs_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MOTORSCOPE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(MotorscopeError, match="MOTORSCOPE_CACHE"):
        sample_tomogram_path()
