"""Take the pictures of the panel, a review and the gallery anew.

xvfb-run -s "-screen 0 1280x800x24 +extension GLX" python benchmarks/panel_pictures.py FOLDER

They are of the sample tomogram and the built-in model. Set `MOTORSCOPE_CACHE` and `NAPARI_CONFIG`
to files of your own first, so that nothing of yours is in the pictures.
"""

import sys
import tempfile
from pathlib import Path

import napari
from qtpy.QtWidgets import QPushButton, QScrollArea

from encoder_pictures import in_few_colors, settle, wait
from motorscope.engine.torch_import import import_torch
from motorscope.plugin.layers.looks import tomogram_arguments
from motorscope.plugin.manifest import sample_tomogram
from motorscope.plugin.qt.dock import PANEL, show_dock


def main(folder: Path) -> None:
    import_torch()
    folder.mkdir(parents=True, exist_ok=True)
    viewer = napari.Viewer(title="Motorscope")
    viewer.window.resize(1280, 800)
    tomogram = sample_tomogram()
    viewer.add_image(tomogram.data, **tomogram_arguments(tomogram))
    panel = show_dock(viewer, PANEL)
    workspace = panel.workspace
    workspace.scratch = Path(tempfile.mkdtemp())
    area = panel.findChildren(QScrollArea)[0].verticalScrollBar()

    def shot(name: str, bottom: bool = False) -> None:
        settle()
        area.setValue(area.maximum() if bottom else 0)
        settle()
        picture = viewer.screenshot(canvas_only=False, flash=False)
        in_few_colors(picture).save(folder / f"{name}.png", optimize=True)

    panel.find_when_ready()
    wait(lambda: workspace.tomogram is not None and workspace.tomogram.review is not None)
    wait(lambda: not panel.runner.busy)
    review = workspace.tomogram.review
    first, second, third = (int(each) for each in review.table.ids[:3])
    viewer.dims.set_point(0, float(review.position(first)[0]))
    viewer.reset_view()
    shot("panel")

    for each in (first, second):
        review.go_to(each)
        review.decide("accepted")
    review.go_to(third)
    review.annotate([third], "weak C ring; unsure")
    viewer.reset_view()
    review.go_to(third)
    shot("review", bottom=True)

    (gallery,) = (b for b in panel.findChildren(QPushButton) if b.text() == "Gallery…")
    gallery.click()
    settle()
    review.go_to(third)
    shot("gallery", bottom=True)
    viewer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
