"""Take the pictures of the page *Reading the encoder* anew, and print the numbers that it tells.

xvfb-run -s "-screen 0 1280x800x24 +extension GLX" python benchmarks/encoder_pictures.py FOLDER

The story is that of the sample tomogram and the built-in model; do it again when either changes,
and read the page against what is printed. Set `MOTORSCOPE_CACHE` and `NAPARI_CONFIG` to files of
your own first, so that nothing of yours is in the pictures.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import napari
import numpy as np
from PIL import Image
from qtpy.QtWidgets import QApplication, QScrollArea

from motorscope.engine.torch_import import import_torch
from motorscope.plugin.layers.looks import tomogram_arguments
from motorscope.plugin.layers.viewport import zoom_to
from motorscope.plugin.manifest import sample_tomogram
from motorscope.plugin.qt.dock import ENCODER, PANEL, show_dock

CLOSE = 2500.0  # Å, of the views of one motor


def wait(condition: Callable[[], object], seconds: float = 1800) -> None:
    end = time.monotonic() + seconds
    while not condition():
        QApplication.processEvents()
        time.sleep(0.005)
        assert time.monotonic() < end, "it takes too long"


def settle(seconds: float = 1.0) -> None:
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() > end)


def in_few_colors(picture: np.ndarray) -> Image.Image:
    """Return a picture with a palette: the most frequent colors as they are, others near."""
    image = Image.fromarray(picture).convert("RGB")
    colors, counts = np.unique(np.asarray(image).reshape(-1, 3), axis=0, return_counts=True)
    frequent = colors[np.argsort(-counts)[:64]].ravel().tolist()
    others = image.quantize(192, method=Image.Quantize.MAXCOVERAGE).getpalette()[: 3 * 192]
    palette = Image.new("P", (1, 1))
    palette.putpalette([*frequent, *others])
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


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
    panel.find_when_ready()
    wait(lambda: workspace.tomogram is not None and workspace.tomogram.review is not None)
    wait(lambda: not panel.runner.busy)
    review, layer = workspace.tomogram.review, workspace.layer
    shown = review.table.above(review.threshold)
    print(shown.frame[["id", "z", "y", "x", "score"]].to_string())

    dock = show_dock(viewer, ENCODER)
    area = dock.findChildren(QScrollArea)[0].verticalScrollBar()

    def shot(name: str, bottom: bool = False) -> None:
        settle()
        area.setValue(area.maximum() if bottom else 0)
        settle()
        picture = viewer.screenshot(canvas_only=False, flash=False)
        in_few_colors(picture).save(folder / f"encoder-{name}.png", optimize=True)

    wait(lambda: dock.encoder.facts)
    if dock.encoder.open_stage is None and not dock.encoder.opening.busy:
        dock.maps.start()
    wait(lambda: dock.encoder.open_stage is not None and len(dock.channels.table) > 0)
    motor = int(shown.ids[shown.scores.argmax()])
    review.go_to(motor)
    review.decide("accepted")
    review.go_to(motor)
    wait(lambda: dock.channels.by.startswith("acc") and "percentile" in dock.channels.table)
    dock.channels.sort("auc")
    dock.channels.select((int(dock.channels.table["channel"].iloc[0]),))
    viewer.reset_view()
    print(dock.channels.table.head(3).to_string())
    shot("maps")

    dock.table.start()
    wait(lambda: dock.channels.effects is not None)
    print(dock.table.words.text())
    print(dock.channels.table[["channel", "effect"]].head(3).to_string())
    shot("effects")

    dock.reasons.start()
    wait(lambda: dock.why.words)
    print(dock.why.words)
    dock.encoder.layer.visible = False
    zoom_to(viewer, layer, list(review.position(motor)), CLOSE)
    shot("why", bottom=True)

    for other in viewer.layers:
        if "HiResCAM" in other.name:
            other.visible = False
    dock.likeness.start()
    wait(lambda: dock.alike.words)
    print(dock.alike.words)
    found = review.table.select(review.table.origins == "alike")
    print(found.frame[["id", "z", "y", "x", "score"]].to_string())
    review.go_to(motor)
    viewer.reset_view()
    shot("alike", bottom=True)

    best = int(found.ids[found.scores.argmax()])
    review.go_to(best)
    dock.why.words = ""
    dock.reasons.start()
    wait(lambda: dock.why.words)
    print(dock.why.words)
    zoom_to(viewer, layer, list(review.position(best)), CLOSE)
    shot("false", bottom=True)

    dock.encoder.show("pca")
    wait(lambda: dock.encoder.pictures.known(dock.encoder.open_stage, "pca") is not None)
    review.go_to(motor)
    viewer.reset_view()
    for other in viewer.layers:
        if "HiResCAM" in other.name or other.name.startswith("similarity"):
            other.visible = False
    shot("colors")
    print(np.round(dock.encoder.pictures.known(dock.encoder.open_stage, "pca").explained, 2))
    viewer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
