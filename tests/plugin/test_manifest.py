"""What napari reads of us before anything is used, and what it costs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from napari.components import ViewerModel
from napari.settings import get_plugin_settings
from npe2 import PluginManifest
from npe2.manifest.utils import import_python_name

from motorscope.picks.formats import FORMATS, SUFFIXES
from motorscope.plugin.settings import Preferences, preferences
from motorscope.tomogram import formats, open_tomogram
from motorscope.tomogram.formats.base import TomogramFormat

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_distribution("napari-motorscope")


def test_manifest_is_found_and_every_command_can_be_imported(manifest):
    manifest.validate_imports()
    for command in manifest.contributions.commands:
        assert callable(import_python_name(command.python_name))


def test_every_format_of_coordinates_can_be_opened_and_saved(manifest):
    contributions = manifest.contributions
    opened = [each.filename_patterns for each in contributions.readers]
    assert [f"*{suffix}" for suffix in SUFFIXES] in opened
    written = {each.command.split("write_")[1] for each in contributions.writers}
    # napari writes its own CSV; a copick project is no single file.
    assert written == {form.name for form in FORMATS} - {"napari", "copick"}


def test_package_and_repository_hold_the_same_manifest(manifest):
    link = ROOT / "src" / "motorscope" / "napari.yaml"
    assert link.is_symlink()
    assert link.resolve() == ROOT / "napari.yaml"


def test_nothing_heavy_is_loaded_to_show_the_panel():
    code = """
import sys
from motorscope.plugin import manifest
from motorscope.plugin import panel_widget
from motorscope.plugin.coordinates import save_widget
print(*(name for name in ("torch", "timm", "motorscope.network") if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_preferences_have_defaults_and_are_read(npe2pm, manifest, plugin_settings):
    assert preferences() == Preferences()  # not registered here yet
    npe2pm.register(manifest)
    assert preferences() == Preferences("built-in", "auto", "auto")
    settings = get_plugin_settings("napari-motorscope")
    settings.detection.device = "cpu"
    settings.detection.precision = "fp32"
    assert preferences() == Preferences("built-in", "cpu", "fp32")
    with pytest.raises(ValueError, match="precision"):
        settings.detection.precision = "fp7"


def test_queue_gallery_and_review_open_without_torch(tmp_path):
    code = """
import sys
import numpy as np
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication
from motorscope.plugin.review.gallery_widget import GalleryWidget
from motorscope.plugin.queue.widget import QueueWidget
from motorscope.plugin.review.commands import ReviewActions
from motorscope.plugin.review.controller import ReviewController
app, viewer = QApplication([]), ViewerModel()
queue, gallery = QueueWidget(viewer), GalleryWidget(viewer)
viewer.add_image(np.zeros((8, 8, 8)), scale=(16,) * 3, units=("angstrom",) * 3)
review = ReviewController.of(queue.workspace).begin(queue.workspace.layer)
review.add([[64.0, 64.0, 64.0]])
for action in ("next", "reject", "zoom"):
    ReviewActions.of(queue.workspace).run(action)
assert len(gallery.ids) == len(review.table) == 1
print(*(name for name in ("torch", "timm") if name in sys.modules))
for widget in (queue, gallery):
    widget.ends.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_DATA_HOME": str(tmp_path)},
    )
    assert done.stdout.strip() == ""


def test_queue_names_the_formats_of_tomograms(qtbot, monkeypatch):
    from motorscope.plugin.queue.widget import QueueWidget

    made_up = TomogramFormat("made-up", "made-up volumes", "", (".mup",), read=open_tomogram)
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, made_up))
    queue = QueueWidget(ViewerModel())
    qtbot.addWidget(queue)
    assert "made-up volumes" in queue.list.folder.toolTip()
    queue.ends.close()
