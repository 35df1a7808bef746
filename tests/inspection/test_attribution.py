import importlib.util
import threading
from dataclasses import replace

import mrcfile
import numpy as np
import pytest
import torch

import motorscope.inspection.attribution.network as attribution_network
from motorscope.cli import main
from motorscope.contract import Architecture, Notice, Progress, RunSettings
from motorscope.contract.attribution import AttributionRequest, DeletionRequest
from motorscope.detection import run_to_end
from motorscope.errors import ConfigError, ModelError, SpacingError, TomogramError
from motorscope.inspection.attribution.crop import cut_crop
from motorscope.inspection.attribution.deletion import deletion_test
from motorscope.inspection.attribution.explain import attribute
from motorscope.inspection.attribution.methods import METHODS
from motorscope.inspection.regrid import resampled
from motorscope.network import Model, build_network, save_model
from motorscope.tomogram import InputRecipe, Tomogram, VoxelGrid, write_mrc

CPU = RunSettings(device="cpu")
ORIGIN = (1000.0, -300.0, 20.0)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """On tiny arrays threads cost more than they bring."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def model(make_card):
    torch.manual_seed(5)
    architecture = Architecture(base_width=2, decoder_channels=(4, 4), align_corners=False)
    recipe = InputRecipe(spacing=16.0, rescale_8bit=False)
    card = make_card(architecture, input=recipe)
    return Model(card=card, network=build_network(architecture).eval())


@pytest.fixture
def tents(model):
    """A network of tents alone: its answer is brightness nearby."""
    for module in model.network.modules():
        if isinstance(module, torch.nn.ConvTranspose3d):
            module.weight.data.fill_(1 / module.in_channels)
        elif isinstance(module, torch.nn.Conv3d):
            side = module.kernel_size[0]
            tent = 1.0 + side // 2 - (torch.arange(side) - side // 2).abs()
            kernel = tent[:, None, None] * tent[None, :, None] * tent[None, None, :]
            module.weight.data[:] = kernel / (module.in_channels * kernel.sum())
        if isinstance(module, torch.nn.Conv3d | torch.nn.ConvTranspose3d):
            if module.bias is not None:
                module.bias.data.zero_()
    return model


def tomogram_of(values, spacing=(16.0, 16.0, 16.0), origin=ORIGIN):
    return Tomogram(values, VoxelGrid(values.shape, spacing, origin), "test")


@pytest.fixture
def noise():
    return tomogram_of(np.random.default_rng(0).normal(size=(70, 100, 130)).astype(np.float32))


def explained(tomogram, model, at, method="hirescam", messages=None, **settings):
    request = AttributionRequest(tomogram, model, tuple(at), method, settings=CPU, **settings)
    return run_to_end(attribute(request), None if messages is None else messages.append)


def with_a_point(spacing):
    """A dark tomogram with a bright block of a network's voxel, and where that is."""
    shape = tuple(round(16 * n / s) for n, s in zip((96, 128, 160), spacing, strict=True))
    values = np.zeros(shape, np.uint8)
    grid = VoxelGrid(shape, spacing, ORIGIN)
    wanted = grid.to_world(np.array([50, 70, 99]) * 16 / np.array(spacing))
    place = np.round(grid.to_voxels(wanted)).astype(int)
    values[tuple(slice(p, p + 2) for p in place)] = 255
    return Tomogram(values, grid, "test"), grid.to_world(place + 0.5)


@pytest.mark.parametrize("spacing", [(16.0, 16.0, 16.0), (10.0, 8.0, 20.0)])
@pytest.mark.parametrize("method", METHODS)
def test_a_map_is_highest_where_the_point_is(tents, method, spacing):
    if METHODS[method].captum:
        pytest.importorskip("captum")
    tomogram, world = with_a_point(spacing)
    found = explained(tomogram, tents, world, method, steps=2, block=100.0, reach=100.0)
    assert found.values.dtype == np.float32
    assert found.grid.shape == found.values.shape
    tolerance = {"hirescam": 0.5 * 8 * 16, "occlusion": 50}.get(method, 20)
    assert (np.abs(np.array(found.maximum) - world) <= tolerance).all()
    assert np.abs(np.array(found.target) - world).max() <= 1.5 * 4 * 16
    assert found.values.max() > 0


def test_maps_are_those_of_the_network(model, noise):
    """Against the network's own gradients, taken here in the plainest way."""
    at = noise.grid.to_world((30, 50, 60))
    x = torch.from_numpy(cut_crop(noise, model, tuple(at)).values)[None, None].requires_grad_()
    features = model.network.encoder.forward_features(x)
    finest = features[2]
    logits = model.network.seg_head(model.network.decoder(list(features)))[0, 0]
    found = explained(noise, model, at)
    by_input, by_stage = torch.autograd.grad(logits[found.voxel], (x, finest))
    assert found.logit == pytest.approx(logits[found.voxel].item(), rel=1e-4)
    expected = (finest * by_stage)[0].sum(dim=0).detach().numpy()
    z, y, x_ = found.grid.shape
    np.testing.assert_allclose(found.values, expected[:z, :y, :x_], rtol=1e-3, atol=1e-6)
    mean = found.crop.mean
    found = explained(noise, model, at, "gradients")
    expected = ((x.detach() - mean) * by_input)[0, 0].numpy()
    z, y, x_ = found.grid.shape
    np.testing.assert_allclose(found.values, expected[:z, :y, :x_], rtol=1e-3, atol=1e-6)


def test_integrated_gradients_sum_up_to_the_score(model, noise):
    pytest.importorskip("captum")
    found = explained(noise, model, noise.grid.to_world((30, 50, 60)), "integrated", steps=30)
    grey = torch.full_like(torch.from_numpy(found.crop.values), found.crop.mean)[None, None]
    with torch.no_grad():
        nothing = float(model.network(grey)[(0, 0, *found.voxel)])
    assert found.values.sum() == pytest.approx(found.logit - nothing, rel=0.05, abs=1e-3)


def test_occlusion_is_what_covering_takes(model, noise):
    pytest.importorskip("captum")
    at = noise.grid.to_world((30, 50, 60))
    found = explained(noise, model, at, "occlusion", block=5000.0, reach=160.0)
    start = np.round(found.crop.grid.to_voxels(found.grid.origin)).astype(int)
    box = tuple(slice(s, s + n) for s, n in zip(start, found.values.shape, strict=True))
    covered = found.crop.values.copy()
    covered[box] = found.crop.mean
    with torch.no_grad():
        left = model.network(torch.from_numpy(covered)[None, None])[(0, 0, *found.voxel)]
    np.testing.assert_allclose(found.values, found.logit - float(left), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("voxel", [(0, 0, 0), (69, 99, 129)])
def test_at_the_ends_the_map_stays_in_the_tomogram(model, noise, voxel):
    at = noise.grid.to_world(voxel)
    found = explained(noise, model, at, "gradients")
    low, high = found.grid.to_world([(0, 0, 0), np.array(found.grid.shape) - 1])
    first, last = noise.grid.to_world([(0, 0, 0), np.array(noise.grid.shape) - 1])
    assert (low >= first - 1e-6).all()
    assert (high <= last + 1e-6).all()
    assert np.abs(np.array(found.target) - at).max() <= 2 * 4 * 16


def test_crop_looks_as_far_as_the_card_says(model, noise):
    near = cut_crop(noise, model, noise.grid.to_world((30, 50, 60)))
    assert near.values.shape == (64, 64, 64)
    far = replace(model, card=replace(model.card, window=(256,) * 3, context=(32, 60, 96)))
    # Never more than the tomogram, filled up to multiples of 32.
    assert cut_crop(noise, far, noise.grid.to_world((30, 50, 60))).values.shape == (64, 128, 160)


def test_checkpointing_saves_memory_and_changes_nothing(model, noise, monkeypatch):
    at = noise.grid.to_world((30, 50, 60))
    plain = explained(noise, model, at, "gradients")
    x = torch.rand(1, 1, 64, 64, 64)
    before, _ = attribution_network.kept_bytes(model.network, x)
    model.network.encoder.checkpointing = True
    after, _ = attribution_network.kept_bytes(model.network, x)
    model.network.encoder.checkpointing = False
    assert after - x.nbytes < 0.5 * (before - x.nbytes)
    used = []
    monkeypatch.setattr(attribution_network, "free_memory", lambda device: used.append(1) or 1)
    spared = explained(noise, model, at, "gradients")
    assert used
    np.testing.assert_allclose(spared.values, plain.values, rtol=1e-4, atol=1e-7)


def test_out_of_memory_is_tried_again_in_parts(model, noise, monkeypatch):
    compute = attribution_network._compute

    def scarce(network, crop, setup, checkpointing, *rest):
        if not checkpointing:
            raise torch.OutOfMemoryError("out of memory")
        return compute(network, crop, setup, checkpointing, *rest)

    monkeypatch.setattr(attribution_network, "_compute", scarce)
    messages = []
    found = explained(noise, model, noise.grid.to_world((30, 50, 60)), messages=messages)
    assert found is not None
    assert any("twice" in m.text for m in messages if isinstance(m, Notice))


def test_progress_counts_all_passes(model, noise):
    pytest.importorskip("captum")
    messages = []
    explained(noise, model, noise.grid.to_world((30, 50, 60)), "integrated", messages, steps=3)
    last = messages[-1]
    assert isinstance(last, Progress)
    assert last.done == last.total
    layers = sum(not any(m.children()) for m in model.network.modules())
    assert 3 * layers < last.total < 5 * layers


def test_cancelling(model, noise):
    request = AttributionRequest(noise, model, tuple(noise.grid.to_world((30, 50, 60))))
    cancel = threading.Event()
    run = attribute(request, cancel)
    next(run)
    cancel.set()
    assert run_to_end(run) is None


def test_cancelling_within_the_network(model, noise):
    cancel = threading.Event()
    model.network.encoder.layer1.register_forward_hook(lambda *_: cancel.set())
    request = AttributionRequest(noise, model, tuple(noise.grid.to_world((30, 50, 60))))
    assert run_to_end(attribute(request, cancel)) is None


def test_the_original_network_is_left_alone(model, noise):
    explained(noise, model, noise.grid.to_world((30, 50, 60)), "gradients")
    assert all(p.grad is None and p.requires_grad for p in model.network.parameters())
    assert not any(m._forward_pre_hooks for m in model.network.modules())
    assert not model.network.encoder.checkpointing


def test_wrong_requests(model, noise, monkeypatch):
    inside = noise.grid.to_world((30, 50, 60))
    with pytest.raises(TomogramError, match=r"5000 0 0 lies outside of test, .* z from 1000 to"):
        explained(noise, model, (5000.0, 0.0, 0.0))
    with pytest.raises(ConfigError, match="no method 'gradcam'; choose one of: hirescam"):
        explained(noise, model, inside, "gradcam")
    with pytest.raises(SpacingError):
        explained(replace(noise, grid=replace(noise.grid, spacing=None)), model, inside)
    with pytest.raises(ConfigError, match="must be positive"):
        explained(noise, model, inside, steps=0)
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "motorscope.inspection.attribution.methods.find_spec",
        lambda name: None if name == "captum" else found(name),
    )
    with pytest.raises(ConfigError, match=r"napari-motorscope\[inspect\].* hirescam or gradients"):
        explained(noise, model, inside, "occlusion")


def test_damaged_weights_are_an_error(model, noise):
    model.network.encoder.bn1.bias.data.fill_(torch.nan)
    with pytest.raises(ModelError, match="not a finite number"):
        explained(noise, model, noise.grid.to_world((30, 50, 60)))


def test_resampling_keeps_places():
    coarse = VoxelGrid((4, 4, 4), (80.0, 80.0, 80.0), (100.0, 0.0, -40.0))
    fine = VoxelGrid((40, 40, 40), (10.0, 10.0, 10.0), (60.0, -20.0, -40.0))
    values = np.zeros(coarse.shape, np.float32)
    values[1, 2, 0] = 1
    found = resampled(values, coarse, fine)
    place = np.unravel_index(found.argmax(), found.shape)
    np.testing.assert_allclose(fine.to_world(place), coarse.to_world((1, 2, 0)))
    assert found.max() == pytest.approx(1)


def test_deletion_tells_a_true_map_from_a_wrong_one(tents):
    tents = replace(
        tents, card=replace(tents.card, calibration=replace(tents.card.calibration, scale=1000.0))
    )
    tomogram, world = with_a_point((16.0, 16.0, 16.0))
    found = explained(tomogram, tents, world)
    request = replace(DeletionRequest.of(tents, found, CPU), radii=(40.0, 80.0))
    true = run_to_end(deletion_test(request))
    assert true.score == pytest.approx(found.score, rel=1e-4)
    assert true.voxels == tuple(round(4 / 3 * np.pi * r**3 / 16**3) for r in (40.0, 80.0))
    elsewhere = replace(request, values=found.values[::-1, ::-1, ::-1].copy())
    wrong = run_to_end(deletion_test(elsewhere))
    assert true.fall > 10 * abs(wrong.fall)
    nothing = run_to_end(deletion_test(replace(request, values=-np.ones_like(found.values))))
    assert nothing.voxels == (0, 0)
    assert nothing.fall == pytest.approx(0)


@pytest.fixture
def files(tmp_path, model, noise):
    save_model(model.network, model.card, tmp_path)
    write_mrc(tmp_path / "test.mrc", noise.data, noise.grid)
    return tmp_path


def run_explain(files, *arguments):
    return main(
        [
            "explain",
            str(files / "test.mrc"),
            "--model",
            str(files / "tiny.json"),
            "--device",
            "cpu",
            "-o",
            str(files / "map.mrc"),
            *arguments,
        ]
    )


def test_command_writes_the_map_in_its_place(files, noise, model, capsys):
    at = noise.grid.to_world((30, 50, 60))
    point = [f"{v:g}" for v in at]
    assert run_explain(files, "--at", *point, "--deletion") == 0
    expected = explained(noise, model, at)
    with mrcfile.open(files / "map.mrc") as mrc:
        np.testing.assert_allclose(mrc.data, expected.values, rtol=1e-3, atol=1e-6)
        assert [float(mrc.voxel_size[a]) for a in "zyx"] == pytest.approx([128.0] * 3)
        assert [float(mrc.header.origin[a]) for a in "zyx"] == pytest.approx(expected.grid.origin)
    out, err = capsys.readouterr()
    assert f"score {expected.score:.3f}" in err
    assert out.splitlines()[0] == "radius_angstrom,voxels,score"
    assert len(out.splitlines()) == 5
    assert run_explain(files, "--at", *point) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert run_explain(files, "--at", "0", "0", "0", "--overwrite") == 2
    assert "outside" in capsys.readouterr().err


def test_command_draws_a_figure(files, noise):
    pytest.importorskip("matplotlib")
    point = [f"{v:g}" for v in noise.grid.to_world((30, 50, 60))]
    assert run_explain(files, "--at", *point, "--figure", str(files / "why.svg")) == 0
    text = (files / "why.svg").read_text()
    for words in ("HiResCAM", "model tiny", "nm", "slice z = ", "score 0."):
        assert words in text
