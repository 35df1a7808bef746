"""Runs that end before their time: killed, with a full disk, with bad input."""

import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from torch._utils import ExceptionWrapper

from motorscope import cli
from motorscope.errors import ConfigError
from motorscope.training.fitting.loop import _sentences

CONFIG = """
name = "tiny"
[network]
base_width = 4
decoder_channels = [8]
[data]
crops = [[32, 32, 32]]
scenes = 1
scene_shape = [32, 64, 64]
workers = {workers}
[optimiser]
steps = 4
batch = 2
checkpoint_every = 1
[validation]
tomograms = 0
final_tomograms = 0
"""

KILLED = """
import os, signal, sys
import torch
from motorscope import cli

torch.set_num_threads(1)
save, calls = torch.save, []

def save_half(content, path, *rest, **named):
    calls.append(path)
    save(content, path, *rest, **named)
    if len(calls) == 3:
        os.truncate(path, os.path.getsize(path) // 2)
        os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "kill":
    torch.save = save_half
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(CONFIG.format(workers=0))
    return path


def command(script: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    words = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, env=environment, timeout=1100)


def in_process(*arguments: object) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return cli.main([*map(str, arguments)])


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_killed_while_it_wrote_its_checkpoint_goes_on(config, tmp_path):
    out = tmp_path / "run"
    killed = command(KILLED, "kill", "train", config, "--out", out)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert torch.load(out / "last.ckpt", weights_only=True)["step"] == 2
    assert len(list(out.glob(".last-*"))) == 1  # the half that was written
    assert in_process("train", config, "--out", out, "--resume") == 0
    assert not list(out.glob(".*"))
    rows = (out / "log.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "4"]
    assert (out / "tiny.safetensors").exists()


@pytest.fixture
def small_disk(tmp_path: Path):
    """Mount a disk of 1 MB; only root can."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk cannot be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_an_error_in_a_process_that_prepares_crops_is_one_sentence(config, small_disk):
    config.write_text(CONFIG.format(workers=1))
    (small_disk / "rest").write_bytes(b"x" * 900_000)
    said = command(KILLED, "", "train", config, "--out", small_disk / "run")
    assert said.returncode == 2, said.stderr
    assert "scene-00000.npy cannot be written" in said.stderr.strip().splitlines()[-1]
    assert "Traceback" not in said.stderr


def test_the_sentence_is_found_in_what_another_process_says():
    try:
        try:
            raise OSError("disk full")
        except OSError as error:
            raise ConfigError("run/a.npy cannot be written: the disk is full.") from error
    except ConfigError:
        caught = ExceptionWrapper(where="in DataLoader worker process 0")

    def batches():
        yield 1
        caught.reraise()

    passed = _sentences(batches())
    assert next(passed) == 1
    with pytest.raises(ConfigError) as raised:
        next(passed)
    assert str(raised.value) == "run/a.npy cannot be written: the disk is full."


@pytest.mark.parametrize(("taken", "file"), [(900_000, "scene-00000.npy"), (600_000, "last.ckpt")])
def test_a_full_disk_is_one_sentence(config, small_disk, capfd, taken, file):
    (small_disk / "rest").write_bytes(b"x" * taken)
    assert in_process("train", config, "--out", small_disk / "run") == 2
    said = capfd.readouterr().err
    sentence = said.strip().splitlines()[-1]
    assert f"{file} cannot be written" in sentence
    assert "free some space" in sentence
    assert "Traceback" not in said
    assert not list((small_disk / "run").rglob(".*"))
    assert not list((small_disk / "run").rglob(file))


def test_a_folder_that_cannot_be_made_is_one_sentence(config, tmp_path, capfd):
    (tmp_path / "file").write_text("")
    assert in_process("train", config, "--out", tmp_path / "file" / "run") == 2
    said = capfd.readouterr().err.strip().splitlines()[-1]
    assert str(tmp_path / "file" / "run") in said
    assert "Traceback" not in said
