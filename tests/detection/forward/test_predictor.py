import itertools

import numpy as np
import pytest
import torch

from motorscope.contract import Architecture
from motorscope.detection.forward.predictor import Predictor, mirror
from motorscope.detection.forward.watch import Watch
from motorscope.detection.tiling.mirrors import MIRRORED, PLAIN
from motorscope.network import build_network

AXES = [axes for n in range(4) for axes in itertools.combinations((2, 3, 4), n)]


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("shape", [(1, 1, 4, 6, 8), (2, 3, 5, 3, 1)])
def test_a_batch_is_mirrored_in_place(axes, shape):
    x = torch.arange(float(np.prod(shape))).reshape(shape)
    expected = x.flip(axes)
    mirror(x, axes)
    assert torch.equal(x, expected)


def test_a_block_is_as_before_when_its_mirror_images_were_computed():
    architecture = Architecture(backbone="r3d18", base_width=4, decoder_channels=(8,))
    network = build_network(architecture).eval()
    images = PLAIN + MIRRORED
    predictor = Predictor(network, torch.device("cpu"), torch.float32, images, Watch())
    block = np.random.default_rng(0).random((32, 64, 32), dtype=np.float32)
    before = block.copy()
    predictor(block)
    np.testing.assert_array_equal(block, before)
