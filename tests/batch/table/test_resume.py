"""A run over many files that goes on where it ended, however it ended."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from motorscope.batch.table import FileDone, FilesRequest, FilesResumed, detect_files
from motorscope.batch.table.ledger import alone, record_of, summary_of
from motorscope.contract import ModelRef, run_to_end
from motorscope.engine import ThreadEngine
from motorscope.errors import ConfigError, PicksError
from motorscope.network import save_model
from motorscope.tomogram import VoxelGrid, write_mrc

NAMES = ("a", "b", "c", "d")
MODEL = ModelRef("tiny")


@pytest.fixture
def request_(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "tomograms").mkdir()
    paths = [tmp_path / "tomograms" / f"{name}.mrc" for name in NAMES]
    for path in paths:
        data = rng.integers(0, 127, size=(16, 40, 40)).astype(np.int8)
        write_mrc(path, data, VoxelGrid(data.shape, (16.0,) * 3))
    return FilesRequest(
        paths, tmp_path / "picks.csv", MODEL, device="cpu", precision="fp32", threshold=0.0
    )


def holding(model):
    engine = ThreadEngine()
    engine.models.put(MODEL, model)
    return engine


def run(request, model):
    """Run to the end; return how many were done before, what was searched now, and all."""
    messages = []
    done = run_to_end(detect_files(request, holding(model)), messages.append)
    resumed = [message.done for message in messages if isinstance(message, FilesResumed)]
    return resumed, [m.path.stem for m in messages if isinstance(m, FileDone)], done


def stop_after(request, model, count):
    with closing(detect_files(request, holding(model))) as messages:
        for _ in range(count):
            next(message for message in messages if isinstance(message, FileDone))


def tables(output):
    return pd.read_csv(output), pd.read_csv(summary_of(output), keep_default_na=False)


def test_killed_twice_and_resumed_nothing_is_lost_and_nothing_searched_twice(
    request_, model, tmp_path
):
    """The process is killed in the middle of its work, and what it wrote is torn besides."""
    save_model(model.network, model.card, tmp_path)
    output, log = request_.output, tmp_path / "log"
    command = [sys.executable, "-m", "motorscope.cli", "detect", str(tmp_path / "tomograms")]
    command += ["-o", str(output), "--resume", "--threshold", "0", "--device", "cpu"]
    command += ["--model", str(next(tmp_path.glob("*.safetensors"))), "--precision", "fp32"]
    for count in (1, 3):
        with log.open("a") as stderr, subprocess.Popen(command, stderr=stderr) as process:
            while process.poll() is None and log.read_text().count(", best candidate") < count:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
        for path in (output, summary_of(output)):
            with path.open("a") as table:
                table.write("d,0,3.5,1")
    with log.open("a") as stderr:
        assert subprocess.run(command, stderr=stderr, check=False).returncode == 0
    picks, summary = tables(output)
    assert summary["tomogram"].tolist() == list(NAMES)
    assert picks["tomogram"].unique().tolist() == list(NAMES)
    assert not picks.duplicated(["tomogram", "id"]).any()
    assert picks.groupby("tomogram").size().tolist() == summary["picks"].tolist()
    searched = re.findall(r"\] (\w)\.mrc: \d+ motor", log.read_text())
    assert len(searched) == len(set(searched)) >= len(NAMES) - 2  # a kill may swallow a line
    assert log.read_text().count("were searched before") == 2
    whole = output.with_name("whole.csv")
    run(replace(request_, output=whole), model)
    assert whole.read_bytes() == output.read_bytes()


def test_summary_names_the_empty_and_the_failed_ones_too(request_, model):
    os.truncate(request_.paths[1], 1500)
    run(replace(request_, threshold=1.0), model)
    picks, summary = tables(request_.output)
    assert len(picks) == 0
    assert summary["tomogram"].tolist() == list(NAMES)
    assert summary["picks"].tolist() == [0] * 4
    assert ["b.mrc" in error for error in summary["error"]] == [False, True, False, False]
    record = json.loads(record_of(request_.output).read_text())
    assert record["finished"]
    assert record["settings"]["threshold"] == 1.0
    assert [each["tomogram"] for each in record["tomograms"]] == list(NAMES)
    assert record["tomograms"][0]["error"] is None
    assert record["tomograms"][0]["best"] == pytest.approx(float(summary["best"][0]), rel=1e-5)


def test_stopped_run_goes_on_and_a_whole_one_has_nothing_to_do(request_, model):
    stop_after(request_, model, 2)
    assert not json.loads(record_of(request_.output).read_text())["finished"]
    again = replace(request_, resume=True)
    resumed, searched, done = run(again, model)
    assert (resumed, searched) == ([2], ["c", "d"])
    assert [file.path.stem for file in done] == list(NAMES)
    before = request_.output.read_bytes()
    assert run(again, model)[:2] == ([4], [])
    assert request_.output.read_bytes() == before


def test_failed_one_is_searched_again(request_, model):
    whole = request_.paths[1].read_bytes()
    os.truncate(request_.paths[1], 1500)
    run(request_, model)
    request_.paths[1].write_bytes(whole)
    assert run(replace(request_, resume=True), model)[:2] == ([3], ["b"])
    assert sorted(tables(request_.output)[1]["tomogram"]) == list(NAMES)


def test_tomogram_whose_picks_are_not_all_there_is_searched_again(request_, model):
    run(request_, model)
    lines = request_.output.read_text().splitlines(keepends=True)
    request_.output.write_text("".join(lines[:-1]))
    assert run(replace(request_, resume=True), model)[:2] == ([3], ["d"])
    assert request_.output.read_text() == "".join(lines)


def test_other_settings_or_another_model_are_refused_in_a_sentence(request_, model, with_card):
    stop_after(request_, model, 1)
    before = request_.output.read_bytes()
    again = replace(request_, resume=True)
    with pytest.raises(
        ConfigError, match=r"begun with threshold 0\.0, spacing unset, not 0\.3, 20"
    ):
        run(replace(again, threshold=0.3, spacing=20.0), model)
    with pytest.raises(ConfigError, match="begun with model tiny, not other"):
        run(again, with_card(model, name="other"))
    with pytest.raises(ConfigError, match="flips off, not on"):
        run(replace(again, flips=True), model)
    assert request_.output.read_bytes() == before


def test_table_of_unknown_origin_is_not_gone_on_with(request_, model):
    stop_after(request_, model, 1)
    record_of(request_.output).unlink()
    with pytest.raises(ConfigError, match=r"picks\.summary\.json"):
        run(replace(request_, resume=True), model)


def test_other_tomogram_of_the_same_name_is_refused(request_, model, tmp_path):
    stop_after(request_, model, 1)
    moved = tmp_path / "a.mrc"
    moved.write_bytes(request_.paths[0].read_bytes())
    other = replace(request_, paths=[moved], resume=True)
    with pytest.raises(ConfigError, match="has the name of"):
        run(other, model)


def test_only_one_run_writes_to_a_table(request_, model):
    with alone(request_.output), pytest.raises(PicksError, match="Another run"):
        run(request_, model)
    run(request_, model)
    assert not list(request_.output.parent.glob(".*"))
