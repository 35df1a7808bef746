"""The network as a worker's detector."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from motorscope.batch.workers.job import Place
from motorscope.batch.workers.network import detect_item
from motorscope.contract import Architecture
from motorscope.network import build_network, read_card, save_model
from motorscope.tomogram import VoxelGrid, write_mrc


@pytest.fixture
def job_and_item(make_job, make_card, tmp_path):
    job, (item,) = make_job(["a"])
    data = np.random.default_rng(0).normal(size=(20, 60, 40)).astype(np.float32)
    write_mrc(tmp_path / "a.mrc", data, VoxelGrid(data.shape, (16.0,) * 3))
    architecture = Architecture(base_width=4, decoder_channels=(8,), auxiliary_head=False)
    card = make_card(architecture, minimum_distance=100.0)
    card = replace(card, input=replace(card.input, density="dark"))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = save_model(build_network(architecture), card, tmp_path)
    settings = replace(job.settings, sha256=read_card(model).sha256)
    return replace(job, settings=settings, model=str(model), device="cpu"), item


def test_what_is_said_of_dense_things_reaches_the_tomogram(job_and_item):
    job, item = job_and_item
    best = {
        density: detect_item(
            replace(job, settings=replace(job.settings, density=density)), item, Place()
        ).best
        for density in (None, "dark", "bright")
    }
    assert best[None] == best["dark"]  # noise is not clear
    assert best["bright"] != best["dark"]
