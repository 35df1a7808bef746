"""The command line as a whole: help, closed pipes, what there is to work with."""

import subprocess
import sys

import pytest
import torch

from motorscope import __version__, cli
from motorscope.contract import Architecture, write_card_file
from motorscope.display import check_display
from motorscope.errors import MotorscopeError
from motorscope.plugin.settings import Preferences


def test_without_a_command_the_help_is_printed(capsys):
    assert cli.main([]) == 0
    assert "usage: motorscope" in capsys.readouterr().out


def test_closed_pipe_is_no_traceback(tmp_path):
    """The reader has gone before anything is written."""
    script = "import sys; from motorscope import cli; sys.exit(cli.main(['info']))"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait() == 141
    assert "BrokenPipe" not in said
    assert "Traceback" not in said


def test_info_tells_versions_devices_and_models(capsys, tmp_path, monkeypatch, make_card):
    """Models of a person's own trainings, and the one of their preferences, too."""
    mine = Preferences(model="/else/mine.json")
    monkeypatch.setattr("motorscope.plugin.settings.preferences", lambda: mine)
    card = make_card(Architecture(), name="fine-tuned", weights="fine-tuned.safetensors")
    for name in ("done", "unfinished"):
        (tmp_path / name).mkdir()
        write_card_file(card, tmp_path / name / "fine-tuned.json")
        (tmp_path / name / "settings.json").write_text("{}")
    (tmp_path / "done" / "fine-tuned.safetensors").touch()
    assert cli.main(["info", "--runs", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert f"motorscope {__version__}" in said
    assert f"torch {torch.__version__.split('+')[0]}" in said
    assert "  cpu: fp32: " in said or "  cpu: bf16: " in said
    assert "  built-in\n" in said
    own = [line.strip() for line in said.splitlines() if str(tmp_path) in line]
    assert own == [str(tmp_path / "done" / "fine-tuned.json")]
    assert "  /else/mine.json (in your preferences)\n" in said


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a display")
def test_viewer_without_a_display_is_a_sentence(monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MotorscopeError, match="no display"):
        check_display()
    assert cli.main(["view"]) == 2
    assert capsys.readouterr().err.startswith("motorscope: There is no display")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    check_display()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a display")
def test_display_that_cannot_be_reached_is_a_sentence_not_an_abort(monkeypatch):
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    check_display()  # that of the tests
    monkeypatch.setenv("DISPLAY", ":4999")
    with pytest.raises(MotorscopeError, match=":4999 cannot be reached"):
        check_display()
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    check_display()
