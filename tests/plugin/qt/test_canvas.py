"""The real window lives on when layers are removed by hand.

In a process of its own: what goes wrong here ends the process.
"""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, time

import napari
import numpy as np
from qtpy.QtWidgets import QApplication


def draw():
    for _ in range(3):
        QApplication.processEvents()
        time.sleep(0.01)


viewer = napari.Viewer()
viewer.window.add_plugin_dock_widget("napari-motorscope", "Motorscope")
place = {"scale": (16,) * 3, "units": ("angstrom",) * 3}
rng = np.random.default_rng(0)
for ndisplay in (2, 2, 3, 2, 3):
    viewer.dims.ndisplay = ndisplay
    tomogram = viewer.add_image(rng.integers(0, 99, (24, 40, 40)).astype(np.int8), **place)
    heatmap = viewer.add_image(rng.random((24, 40, 40)), blending="additive", **place)
    points = viewer.add_points(rng.uniform(0, 20, (5, 3)), size=40, **place)
    draw()
    for layer in (tomogram, heatmap, points):
        viewer.layers.remove(layer)
        draw()
print("alive", flush=True)
os._exit(0)
"""


@pytest.mark.slow
def test_tomogram_heatmap_and_points_are_removed_by_hand(qapp, tmp_path):
    environment = {**os.environ, "NAPARI_CONFIG": str(tmp_path / "settings.yaml")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr[-2000:]
