from pathlib import Path

import pytest

from motorscope.training.errors import TrainingError
from motorscope.training.fitting.logs import CsvLog, open_tensorboard


def test_rows_of_later_steps_and_cut_ones_go_when_a_run_goes_on(tmp_path):
    path = tmp_path / "log.csv"
    first = CsvLog(path, 0)
    for step in (1, 2, 3):
        first.write(step=step, loss=step / 3, where="here, and there")
    with path.open("a") as file:
        file.write("4,0.3")  # killed in the middle of a row
    again = CsvLog(path, 2)
    again.write(step=3, loss=1.0, where="")
    assert path.read_text().splitlines() == [
        "step,loss,where",
        '1,0.333333,"here, and there"',
        '2,0.666667,"here, and there"',
        "3,1,",
    ]


def test_a_file_with_nothing_whole_is_begun_anew(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,lo")
    CsvLog(path, 5).write(step=6, loss=0.5)
    assert path.read_text() == "step,loss\n6,0.5\n"


def test_a_full_disk_is_said_with_the_remedy():
    log = CsvLog(Path("/dev/absent.csv"), 0)
    log.path = Path("/dev/full")
    with pytest.raises(TrainingError, match=r"no space left on device.*--resume"):
        log.write(step=1, loss=0.5)


def test_tensorboard_that_is_not_there_is_named(tmp_path, monkeypatch):
    from lightning_fabric.loggers import tensorboard

    monkeypatch.setattr(tensorboard, "_TENSORBOARD_AVAILABLE", False)
    monkeypatch.setattr(tensorboard, "_TENSORBOARDX_AVAILABLE", False)
    with pytest.raises(TrainingError, match="pip install tensorboard"):
        open_tensorboard(tmp_path, 0)


def test_tensorboard_gets_the_figures(tmp_path):
    pytest.importorskip("tensorboard")
    board = open_tensorboard(tmp_path / "tensorboard", 0)
    board.log_metrics({"loss": 0.5}, 1)
    board.finalize("success")
    assert list((tmp_path / "tensorboard").glob("events*"))
