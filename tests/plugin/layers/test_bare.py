"""The bare tomogram for a moment, and everything as it was afterwards."""

import numpy as np
import pandas as pd
import pytest

from motorscope.plugin.layers.bare import BareView
from motorscope.plugin.layers.kinds import (
    COMPARISON,
    COORDINATES,
    FEATURES,
    HEATMAP,
    PICKS,
    TOMOGRAM,
)
from motorscope.plugin.layers.tag import LayerTag


@pytest.fixture
def layers(viewer):
    """Return the layers of a viewer by role: ours, of which one is hidden, and a person's."""
    added = {}
    for kind in (TOMOGRAM, HEATMAP, FEATURES, None):
        metadata = {} if kind is None else LayerTag(kind, "tomo", "1").metadata
        added[kind] = viewer.add_image(np.zeros((4, 4, 4)), metadata=metadata)
    for kind in (PICKS, COMPARISON, COORDINATES):
        added[kind] = viewer.add_points(
            np.ones((2, 3)),
            features=pd.DataFrame({"id": [0, 1]}),
            metadata=LayerTag(kind, "tomo", "1").metadata,
        )
    added[FEATURES].visible = False
    return added


def shown(layers):
    return {kind for kind, layer in layers.items() if layer.visible}


def test_ours_are_hidden_while_it_is_held_and_come_back_as_they_were(viewer, layers):
    before = shown(layers)
    points = layers[PICKS]
    viewer.layers.selection.active = points
    points.mode = "select"
    points.selected_data = {1}
    bare = BareView(viewer)
    bare.hold()
    assert shown(layers) == {TOMOGRAM, None}
    bare.hold()  # a key that repeats
    bare.release()
    assert shown(layers) == before
    assert points.mode == "select"
    assert set(points.selected_data) == {1}
    assert viewer.layers.selection.active == points
    bare.release()
    assert shown(layers) == before


def test_what_goes_while_it_is_held_does_not_come_back(viewer, layers):
    bare = BareView(viewer)
    bare.hold()
    viewer.layers.remove(layers[HEATMAP])
    bare.release()
    assert layers[PICKS].visible
    assert not layers[HEATMAP].visible
