"""Several tomograms open: each owns what belongs to it, and one of them is shown."""

from copy import deepcopy

import numpy as np
import pytest
from napari.layers import Image, Layer

from motorscope.picks import PickTable
from motorscope.plugin.compare.controller import CompareController
from motorscope.plugin.document import Tomograms
from motorscope.plugin.layers.kinds import COMPARISON, COORDINATES, FEATURES, HEATMAP, KINDS, PICKS
from motorscope.plugin.layers.looks import heatmap_arguments, map_arguments, tomogram_arguments
from motorscope.plugin.layers.tag import LayerTag, kind_of, tag_of
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.review.journals import journal_of
from motorscope.plugin.workspace import Workspace
from motorscope.review import Journal
from motorscope.tomogram import Tomogram, VoxelGrid

GRID = VoxelGrid((8, 16, 16), (20.0,) * 3)
PLACES = np.array([[60.0, 100.0, 100.0], [80.0, 200.0, 200.0]])


@pytest.fixture
def workspace(viewer):
    workspace = Workspace(viewer)
    yield workspace
    workspace.close()


def add(workspace, name):
    tomogram = Tomogram(data=np.full(GRID.shape, len(name), np.uint8), grid=GRID, name=name)
    return workspace.viewer.add_image(tomogram.data, **tomogram_arguments(tomogram))


def add_results(workspace, layer):
    """Add everything that a tomogram can have; return its kinds with their layers."""
    tomograms, reviews = workspace.tomograms, ReviewController.of(workspace)
    tomogram = tomograms.of(layer)
    heat = np.zeros(GRID.shape, np.float32)
    tomograms.add(tomogram, Image(**heatmap_arguments(heat, GRID, layer.name, tomogram.id)))
    reviews.take_in(layer, PickTable.from_positions(PLACES, [0.9, 0.8]), 10.0, 0.5)
    theirs = workspace.viewer.add_points(
        PLACES / 20, scale=GRID.spacing, units=("angstrom",) * 3, name=f"theirs {layer.name}"
    )
    CompareController.of(workspace).compare(layer, theirs, 100.0)
    return {kind_of(each): each for each in tomogram.layers}


def shown(workspace):
    return {layer.name for layer in workspace.viewer.layers if layer.visible}


OF_A = {"a", "a heatmap", "a motors", "a comparison"}
OF_B = {"b", "b heatmap", "b motors", "b comparison"}
THEIRS = {"theirs a", "theirs b"}


@pytest.fixture
def both(workspace):
    """Return the layers of two tomograms with results; the second is chosen."""
    a, b = add(workspace, "a"), add(workspace, "b")
    for layer in (a, b):
        add_results(workspace, layer)
    workspace.current = workspace.tomograms.of(b).id
    return a, b


def test_the_chosen_tomogram_is_shown_with_its_results_and_no_other(workspace, both):
    viewer, tomograms = workspace.viewer, workspace.tomograms
    a, b = both
    assert shown(workspace) == OF_B | THEIRS
    viewer.layers.selection.active = viewer.layers["b heatmap"]
    workspace.current = tomograms.of(a).id
    assert shown(workspace) == OF_A | THEIRS
    assert viewer.layers.selection.active == a
    viewer.layers["a heatmap"].visible = False  # by a person, and so it stays
    viewer.layers.selection.active = viewer.layers["b motors"]
    assert workspace.layer == b
    assert workspace.layer == b
    assert shown(workspace) == OF_B | THEIRS
    viewer.layers.selection.active = a
    assert shown(workspace) == (OF_A | THEIRS) - {"a heatmap"}
    viewer.layers.selection.active = viewer.layers["theirs b"]  # which is nobody's
    assert workspace.layer == a
    c = add(workspace, "c")
    assert workspace.layer == c
    assert shown(workspace) == {"c"} | THEIRS


def test_results_of_a_tomogram_that_is_not_shown_wait_for_it(workspace):
    viewer = workspace.viewer
    a, b = add(workspace, "a"), add(workspace, "b")
    viewer.layers.selection.active = b
    found = PickTable.from_positions(PLACES, [0.9, 0.8])
    ReviewController.of(workspace).take_in(a, found, 10.0, 0.5)
    assert shown(workspace) == {"b"}
    assert viewer.layers.selection.active == b
    assert workspace.layer == b
    viewer.layers.selection.active = a
    assert shown(workspace) == {"a", "a motors"}


@pytest.mark.parametrize("number", [0, 1])
def test_results_go_with_their_tomogram_and_with_no_other(workspace, both, number):
    gone, stays = both[number], both[1 - number]
    viewer, tomograms = workspace.viewer, workspace.tomograms
    review = ReviewController.of(workspace).review(gone)
    journal = review.journal.path
    other = tomograms.of(stays)
    viewer.layers.remove(gone)
    expected = (OF_A, OF_B)[1 - number]
    assert {layer.name for layer in viewer.layers} == expected | THEIRS
    assert workspace.layer == stays
    assert shown(workspace) == expected | THEIRS
    assert list(tomograms) == [other]
    assert other.review is not None
    assert other.comparison is not None
    assert review.journal is None
    with Journal(journal) as kept:
        assert len(kept.table) == 2


def test_tomograms_are_removed_together_with_some_of_their_results(workspace, both):
    layers = workspace.viewer.layers
    layers.selection = {both[0], layers["a heatmap"], layers["a motors"]}
    layers.remove_selected()
    assert {layer.name for layer in layers} == OF_B | THEIRS
    layers.move(layers.index(both[1]), len(layers))
    layers.clear()
    assert not list(workspace.tomograms)
    assert workspace.current == ""


def test_what_is_not_on_disk_stays_as_a_layer(workspace):
    layer = add(workspace, "a")
    with Journal(journal_of(layer)) as other_window:
        ReviewController.of(workspace).begin(layer).add(PLACES)
        workspace.viewer.layers.remove(layer)
        assert not len(other_window.table)
    (motors,) = workspace.viewer.layers
    assert motors.name == "a motors"
    assert "not on disk" in workspace.news[0]
    assert len(tag_of(motors).table) == 2


def test_results_lie_above_their_tomogram_in_the_order_of_their_kinds(workspace, spot_option):
    layer = add(workspace, "a")
    above = workspace.viewer.add_points([[1, 1, 1]], ndim=3, name="mine")
    add_results(workspace, layer)
    tomogram = workspace.tomograms.of(layer)
    maps = np.zeros(GRID.shape, np.float16)
    arguments = map_arguments(FEATURES, maps, GRID, "stem", ("a", tomogram.id), limits=(0, 1))
    workspace.tomograms.add(tomogram, Image(**arguments))
    kinds = [kind_of(each) for each in workspace.viewer.layers]
    assert kinds[1:3] == [FEATURES, HEATMAP]
    assert workspace.viewer.layers[3] == above
    assert kinds[4:] == [PICKS, None, COMPARISON]


def test_a_copied_layer_is_a_tomogram_of_its_own(viewer):
    tag = LayerTag(KINDS[0], "a", tomogram="of the queue", queued=True)
    layer = viewer.add_image(np.zeros(GRID.shape), metadata=tag.metadata)
    tomograms = Tomograms(viewer)
    copy = viewer.add_layer(Layer.create(*deepcopy(layer.as_layer_data_tuple())))
    assert kind_of(copy) is KINDS[0]
    assert tomograms.of(copy) is not tomograms.of(layer)
    assert tomograms.of(layer).id == "of the queue"
    assert not tag_of(copy).queued
    tomograms.close()


def test_every_kind_is_declared_whole():
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert [kind for kind in KINDS if not kind.dies_with] == [KINDS[0], COORDINATES]
