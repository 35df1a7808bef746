"""Heatmaps as files."""

import numpy as np

from motorscope.tomogram import heatmap_fingerprint


def test_heatmaps_are_told_apart_by_their_values_and_shape():
    one = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    assert heatmap_fingerprint(one) == heatmap_fingerprint(one.astype(">f4"))
    assert heatmap_fingerprint(one) != heatmap_fingerprint(one.reshape(4, 3, 2))
    assert heatmap_fingerprint(one) != heatmap_fingerprint(one + 1)
