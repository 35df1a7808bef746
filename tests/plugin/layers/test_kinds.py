"""A kind of layer that is declared is known everywhere: nothing else keeps a list."""

import numpy as np
import pytest
from napari.layers import Image, Layer, Points

from motorscope.plugin.document import Tomograms
from motorscope.plugin.layers import kinds
from motorscope.plugin.layers.kinds import KINDS, TOMOGRAM, TOP, Ending, LayerKind
from motorscope.plugin.layers.source import is_source
from motorscope.plugin.layers.tag import LayerTag

MADE_UP = LayerKind(
    "made up", {"colormap": "green", "opacity": 0.5}, order=1, dies_with=Ending.SPACING
)
RESULTS = [kind for kind in (*KINDS, MADE_UP) if kind is not TOMOGRAM]
SHAPE = (4, 6, 6)


def layer_of(kind: LayerKind, tomogram: str) -> Layer:
    """Return the layer of a result, of what its looks are meant for."""
    metadata = LayerTag(kind, "a", tomogram=tomogram).metadata
    if kind.marks_motors:
        features = {"status": ["candidate"], "verdict": ["both"]}
        return Points(np.ones((1, 3)), features=features, metadata=metadata, **kind.looks)
    shape = (*SHAPE, 3) if kind.looks.get("rgb") else SHAPE
    return Image(np.zeros(shape, np.float32), metadata=metadata, **kind.looks)


@pytest.fixture
def tomograms(viewer):
    tomograms = Tomograms(viewer)
    viewer.add_image(np.zeros(SHAPE, np.float32), name="a")
    yield tomograms
    tomograms.close()


def test_all_kinds_are_listed_once():
    declared = [each for each in vars(kinds).values() if isinstance(each, LayerKind)]
    assert sorted(kind.name for kind in KINDS) == sorted(kind.name for kind in declared)
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.name)
def test_a_result_is_owned_placed_and_never_taken_for_a_tomogram(tomograms, kind):
    (tomogram,) = tomograms
    layer = tomograms.add(tomogram, layer_of(kind, tomogram.id))
    assert not is_source(layer)
    assert list(tomograms) == [tomogram]
    assert tomogram.layers == [layer]
    assert tomogram.layer_of(kind) is layer
    assert tomograms.viewer.layers.index(layer) > tomograms.viewer.layers.index(tomogram.layer)


@pytest.mark.parametrize("why", [Ending.TOMOGRAM, Ending.SPACING, Ending.EXCHANGE])
@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.name)
def test_a_result_dies_with_what_its_kind_says(tomograms, kind, why):
    (tomogram,) = tomograms
    layer = tomograms.add(tomogram, layer_of(kind, tomogram.id))
    tomograms.drop_results(tomogram, why)
    assert (layer in tomograms.viewer.layers) == (why not in kind.dies_with)


def test_results_lie_in_the_order_of_their_kinds(tomograms):
    (tomogram,) = tomograms
    for kind in reversed(RESULTS):
        tomograms.add(tomogram, layer_of(kind, tomogram.id))
    found = [layer.metadata["motorscope"].kind.order for layer in tomogram.layers]
    shown = [layer.metadata["motorscope"].kind.order for layer in tomograms.viewer.layers[1:]]
    assert sorted(found) == sorted(shown)
    below = [order for order in shown if order < TOP]
    assert below == sorted(below)
