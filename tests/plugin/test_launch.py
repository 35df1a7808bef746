"""What can be said before a window opens, and one whole unattended run."""

import napari
import numpy as np
import pytest
from PIL import Image

from motorscope.cli import main
from motorscope.contract import Inventory
from motorscope.errors import MotorscopeError, SpacingError
from motorscope.picks import PickTable, read_picks
from motorscope.plugin.launch import SIZE, view
from motorscope.plugin.queue.widget import QueueWidget
from motorscope.review import open_journal
from motorscope.tomogram import VoxelGrid, write_mrc

# Windows of the application itself: what other tests have registered in napari stays out of them.
pytestmark = pytest.mark.usefixtures("mock_app_model")

SPOT = (36, 44, 20)


def write_spot(path, spacing):
    data = np.zeros((64, 96, 80), dtype=np.uint8)
    data[SPOT] = 255
    write_mrc(path, data, VoxelGrid(data.shape, spacing))
    return path


@pytest.fixture
def opened(monkeypatch):
    """Return the windows that a command opens; they close whatever becomes of the test."""
    viewers = []
    monkeypatch.setattr("napari.run", lambda: viewers.append(napari.current_viewer()))
    yield viewers
    for viewer in viewers:
        viewer.close()


def test_missing_things_are_said_before_a_window_opens(tmp_path):
    picture = tmp_path / "picture.png"
    with pytest.raises(MotorscopeError, match="no tomogram"):
        view(screenshot=picture)
    with pytest.raises(MotorscopeError, match="absent"):
        view([tmp_path / "absent.mrc"], screenshot=picture)
    with pytest.raises(SpacingError, match="--spacing"):
        view([write_spot(tmp_path / "bare.mrc", None)], screenshot=picture)
    assert not picture.exists()
    with pytest.raises(MotorscopeError, match="leave out --queue"):
        view(queue=tmp_path, screenshot=picture)
    with pytest.raises(MotorscopeError, match="absent"):
        view(queue=tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MotorscopeError, match="no tomograms"):
        view(queue=tmp_path / "empty")
    with pytest.raises(MotorscopeError, match=f"motorscope view --queue {tmp_path}"):
        view([tmp_path])


def test_queue_of_a_folder_is_opened_from_the_command_line(
    tmp_path, qtbot, monkeypatch, spot_option, opened
):
    monkeypatch.setattr(
        "motorscope.engine.models.take_inventory",
        lambda default: Inventory((spot_option,), (("auto", "Automatic"),)),
    )
    write_spot(tmp_path / "tomo.mrc", (16.0,) * 3)
    assert main(["view", "--queue", str(tmp_path)]) == 0
    (viewer,) = opened
    docks = viewer.window.dock_widgets.values()
    (queue,) = (each for each in docks if isinstance(each, QueueWidget))
    qtbot.waitUntil(lambda: [each.name for each in queue.table.rows.entries] == ["tomo"])
    qtbot.waitUntil(lambda: not queue.scans.busy)
    qtbot.waitUntil(lambda: not queue.table.visibleRegion().isEmpty())  # the panel is behind it


def test_unattended_run_writes_picture_and_picks(
    tmp_path, qtbot, monkeypatch, spot_model, spot_option
):
    monkeypatch.setattr(
        "motorscope.engine.models.take_inventory",
        lambda default: Inventory((spot_option,), (("auto", "Automatic"),)),
    )
    monkeypatch.setattr("motorscope.network.load_to_inspect", lambda _: spot_model)
    tomogram = write_spot(tmp_path / "tomo.mrc", (16.0,) * 3)
    view([tomogram], stage=1, screenshot=tmp_path / "a.png", picks=tmp_path / "a.csv")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv", "a.png", "tomo.mrc"]
    table = read_picks(tmp_path / "a.csv")
    assert table.loc[0, ["z", "y", "x"]].tolist() == pytest.approx(SPOT, abs=4)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == pytest.approx(SIZE, abs=60)
        assert np.asarray(picture).std() > 10


def test_an_unattended_run_neither_reads_nor_writes_a_review(
    tmp_path, qtbot, monkeypatch, spot_model, spot_option
):
    monkeypatch.setattr(
        "motorscope.engine.models.take_inventory",
        lambda default: Inventory((spot_option,), (("auto", "Automatic"),)),
    )
    monkeypatch.setattr("motorscope.network.load_to_inspect", lambda _: spot_model)
    tomogram = write_spot(tmp_path / "tomo.mrc", (16.0,) * 3)
    with open_journal(tomogram, "tomo") as journal:
        journal.record(PickTable.empty().add((1.0, 2.0, 3.0)))
        before = journal.path.read_bytes()
        # Nor does it mind that somebody reviews the tomogram at the same time.
        view([tomogram], picks=tmp_path / "a.csv")
        assert journal.path.read_bytes() == before
    assert len(read_picks(tmp_path / "a.csv")) == 1
