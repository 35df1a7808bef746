"""Open napari on tomograms with the panel docked; the window's picture and the picks on request."""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motorscope.batch.worklist import scan
from motorscope.display import check_display
from motorscope.engine.torch_import import import_torch
from motorscope.errors import MotorscopeError, SpacingError, TomogramError
from motorscope.files import replacing
from motorscope.picks import write_picks
from motorscope.tomogram import Tomogram, find_tomograms, open_tomogram
from motorscope.tomogram.formats.shortcut import is_shortcut

if TYPE_CHECKING:
    from motorscope.plugin.panel_widget import MotorscopeWidget

SIZE = (1280, 800)
"""Width and height of the window in a picture."""

PathLike = str | os.PathLike[str]


def view(
    paths: Sequence[PathLike] = (),
    *,
    model: str | None = None,
    spacing: float | None = None,
    detect: bool = False,
    stage: int | None = None,
    sample: bool = False,
    queue: PathLike | None = None,
    screenshot: PathLike | None = None,
    picks: PathLike | None = None,
) -> None:
    """Open the viewer, and stay until it is closed, or until what was asked for is written.

    Parameters
    ----------
    paths
        Tomograms to open; the panel begins with the last one. Those on servers, by their shortcuts,
        are fetched in the window.
    model
        A listed model or a model file, instead of the one of the preferences.
    spacing
        Voxel spacing in Å to use instead of the files' own.
    detect
        Whether to find motors at once.
    stage
        Number of an encoder stage (stem 0) to show after the detection.
    sample
        Whether to open the simulated sample tomogram as well.
    queue
        A folder or a list of tomograms to open in the queue.
    screenshot, picks
        A PNG of the whole window and a CSV of the motors, written when the detection has finished;
        then the viewer is closed.

    Raises
    ------
    MotorscopeError
        If a tomogram or a model cannot be used, the detection fails, or a file cannot be written.
    """
    unattended = screenshot is not None or picks is not None
    if unattended and queue is not None:
        raise MotorscopeError(
            "A queue is for working in a window: leave out --queue, or --screenshot and --picks; "
            "motorscope detect FOLDER searches a folder without one."
        )
    if queue is not None:
        scan(Path(queue))  # says what is wrong with it before a window opens
    fetched = [] if unattended else [Path(path) for path in paths if is_shortcut(path)]
    tomograms = [_open(Path(path), spacing) for path in paths if Path(path) not in fetched]
    if sample:
        from motorscope.plugin.manifest import sample_tomogram

        tomograms.append(sample_tomogram())
    if unattended and not tomograms:
        raise MotorscopeError("There is no tomogram to look at; name a file.")
    if unattended and tomograms[-1].grid.spacing is None:
        raise SpacingError(
            f"{paths[-1]} does not say its voxel spacing; give it in Å with --spacing."
        )
    check_display()
    import_torch()  # before Qt: on Windows it cannot be loaded after it
    import napari

    from motorscope.plugin.qt.dock import PORTAL, QUEUE, show_dock
    from motorscope.plugin.workspace import workspace_of

    viewer = napari.Viewer(title="Motorscope")
    if unattended:
        with tempfile.TemporaryDirectory() as scratch:
            try:
                viewer.window.resize(*SIZE)
                # Nothing of an earlier review plays a part, and nothing is left but what was
                # asked for.
                workspace = workspace_of(viewer)  # which the panel will hold
                workspace.scratch = Path(scratch)
                widget = _panel(viewer)
                _add(viewer, tomograms)
                if model is not None:
                    widget.model.choose(model)
                _find(widget, stage)
                if screenshot is not None:
                    _take_picture(viewer, screenshot)
                if picks is not None:
                    _write_picks(widget, picks)
            finally:
                viewer.close()
        return
    _add(viewer, tomograms)
    widget = _panel(viewer)
    if model is not None:
        widget.model.choose(model)
    if queue is not None:
        show_dock(viewer, QUEUE).open(Path(queue))
    if fetched:
        show_dock(viewer, PORTAL).open(fetched, spacing)
    if detect:
        widget.run.finished.connect(lambda found: _after_detection(widget, found, stage))
        widget.find_when_ready()
    napari.run()


def _open(path: Path, spacing: float | None) -> Tomogram:
    """Open a tomogram; a folder of many is for the queue."""
    try:
        return open_tomogram(path, spacing=spacing)
    except TomogramError as error:
        if path.is_dir() and _holds_tomograms(path):
            raise TomogramError(
                f"{path} is a folder of tomograms; go through them with: motorscope view --queue "
                f"{path}"
            ) from error
        raise


def _holds_tomograms(folder: Path) -> bool:
    try:
        return bool(find_tomograms(folder).names)
    except TomogramError:
        return False


def _add(viewer: Any, tomograms: Sequence[Tomogram]) -> None:
    from motorscope.plugin.layers.looks import tomogram_arguments, tomogram_data

    for tomogram in tomograms:
        viewer.add_image(tomogram_data(tomogram), **tomogram_arguments(tomogram))


def _panel(viewer: Any) -> "MotorscopeWidget":
    from motorscope.plugin.qt.dock import PANEL, show_dock

    panel: MotorscopeWidget = show_dock(viewer, PANEL)  # before others, which come before it
    return panel


def _after_detection(
    widget: "MotorscopeWidget",
    found: bool,
    stage: int | None,
    on_end: Callable[[bool], None] | None = None,
) -> None:
    """Show the whole slice of the best motor, and open a stage of the encoder behind the panel.

    `on_end` is told whether the stage could be opened.
    """
    from motorscope.plugin.layers.viewport import look_at
    from motorscope.plugin.qt.dock import ENCODER, PANEL, show_dock

    tomogram, viewer = widget.workspace.tomogram, widget.workspace.viewer
    if not found or tomogram is None or tomogram.review is None:
        return
    review = tomogram.review
    shown = review.listed("score")
    if len(shown):
        look_at(viewer, tomogram.layer, list(review.position(int(shown[0]))))
        viewer.reset_view()
    if stage is None:
        return
    dock = show_dock(viewer, ENCODER)
    show_dock(viewer, PANEL)

    def on_stage(opened: bool) -> None:
        if not opened:
            widget.status.warn(dock.status.text())
        if on_end is not None:
            on_end(opened)

    dock.encoder.finished.connect(on_stage)
    dock.encoder.open_number(stage)


def _find(widget: "MotorscopeWidget", stage: int | None) -> None:
    """Find motors and wait until everything has finished.

    Raises
    ------
    MotorscopeError
        If it fails.
    """
    from motorscope.plugin.qt.waiting import wait_for

    outcome: list[bool] = []

    def start(done: Callable[[], object]) -> None:
        def on_detection(found: bool) -> None:
            _after_detection(widget, found, stage, on_end)
            if not found or stage is None:
                on_end(found)

        def on_end(success: bool) -> None:
            outcome.append(success)
            done()

        def on_idle(busy: bool) -> None:
            problem = widget.workspace.tomogram_problem or widget.workspace.model_problem
            if not busy and problem:  # the models have loaded, and none of them will do
                widget.status.warn(problem)
                on_end(False)

        widget.run.finished.connect(on_detection)
        widget.runner.busy_changed.connect(on_idle)
        widget.find_when_ready()

    wait_for(start)
    if not outcome[0]:
        raise MotorscopeError(widget.status.text())


def _take_picture(viewer: Any, path: PathLike) -> None:
    from PIL import Image

    from motorscope.plugin.qt.waiting import pause

    pause(500)
    picture = viewer.screenshot(canvas_only=False, flash=False)
    with replacing(path) as partial:
        Image.fromarray(picture).convert("RGB").save(partial, format="PNG")


def _write_picks(widget: "MotorscopeWidget", path: PathLike) -> None:
    from motorscope.plugin.layers.picks_layer import picks_of
    from motorscope.plugin.layers.source import tomogram_name
    from motorscope.plugin.review.controller import ReviewController

    layer = widget.workspace.layer
    assert layer is not None
    table, grid = picks_of(ReviewController.of(widget.workspace).points(layer))
    write_picks(Path(path), {tomogram_name(layer): (table, grid)})
