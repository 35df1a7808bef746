import torch

from motorscope.contract import Architecture
from motorscope.network import build_network
from motorscope.network.flat import forward_flat


def network(backbone="r3d18", base_width=4):
    torch.manual_seed(0)
    built = build_network(
        Architecture(
            backbone=backbone,
            base_width=base_width,
            decoder_channels=(8, 6),
            align_corners=False,
        )
    )
    for module in built.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
        if isinstance(module, torch.nn.ConvTranspose3d):  # even planes like odd ones
            module.weight.data[:] = module.weight.data.mean(2, keepdim=True)
    return built.eval()


def assert_same_plane(flat, whole):
    plane = whole[:, :, whole.shape[2] // 2]
    torch.testing.assert_close(flat[:, :, 0], plane, rtol=1e-3, atol=1e-3)


def test_a_picture_gives_what_its_volume_gives_far_from_the_ends_of_z():
    built, picture = network(), torch.rand(1, 1, 1, 32, 64)
    with torch.no_grad():
        flat = forward_flat(built, picture)
        whole = built.forward_with_auxiliary(picture.expand(-1, -1, 512, -1, -1))
    assert flat.main.shape == (1, 1, 1, 8, 16)
    assert_same_plane(flat.main, whole.main)
    assert_same_plane(flat.auxiliary, whole.auxiliary)


def test_bottlenecks_are_flattened_too():
    built, picture = network("r3d200", base_width=2), torch.rand(1, 1, 1, 32, 32)
    for module in built.modules():  # nothing depends on neighbouring planes, so no end is felt
        if isinstance(module, torch.nn.Conv3d) and module.kernel_size[0] > 1:
            middle = module.weight.data.sum(2)
            module.weight.data.zero_()[:, :, module.kernel_size[0] // 2] = middle
    with torch.no_grad():
        flat = forward_flat(built, picture)
        whole = built.forward_with_auxiliary(picture.expand(-1, -1, 32, -1, -1))
    assert_same_plane(flat.main, whole.main)


def test_gradients_and_running_statistics_are_the_networks_own():
    built = network().train()
    before = built.backbone.bn1.running_mean.clone()
    names = list(built.state_dict())
    forward_flat(built, torch.rand(2, 1, 1, 64, 64)).main.sum().backward()
    assert all(p.grad is not None for n, p in built.named_parameters() if "aux" not in n)
    assert not torch.equal(before, built.backbone.bn1.running_mean)
    assert list(built.state_dict()) == names
    assert isinstance(built.backbone.conv1, torch.nn.Conv3d)
