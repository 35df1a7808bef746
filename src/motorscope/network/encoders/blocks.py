"""Residual blocks (He et al. 2016, arXiv 1512.03385, in 3D)."""

from torch import Tensor, nn

from motorscope.network.convolution import Conv3d
from motorscope.network.encoders.base import Folds
from motorscope.network.timm_parts import drop_path


class BasicBlock(nn.Module):
    """Two 3³ convolutions and a shortcut; the first carries the stride."""

    expansion = 1
    folds: Folds = (("conv1", "bn1"), ("conv2", "bn2"))

    def __init__(self, in_channels: int, width: int, stride: int, drop_path_rate: float) -> None:
        super().__init__()
        self.conv1 = Conv3d(in_channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = Conv3d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.drop_path = drop_path(drop_path_rate)
        self.downsample = _shortcut(in_channels, width * self.expansion, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, in_channels, z, y, x)`` to ``(n, width, z/stride, …)``."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.drop_path(self.bn2(self.conv2(y)))
        y += self.downsample(x)
        out: Tensor = self.relu(y)
        return out


class Bottleneck(nn.Module):
    """1³, 3³ (with the stride) and 1³ convolutions, the last four times as wide, and a shortcut."""

    expansion = 4
    folds: Folds = (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3"))

    def __init__(self, in_channels: int, width: int, stride: int, drop_path_rate: float) -> None:
        super().__init__()
        self.conv1 = Conv3d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = Conv3d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3 = Conv3d(width, width * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(width * self.expansion)
        self.drop_path = drop_path(drop_path_rate)
        self.downsample = _shortcut(in_channels, width * self.expansion, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, in_channels, z, y, x)`` to ``(n, 4 * width, z/stride, …)``."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.drop_path(self.bn3(self.conv3(y)))
        y += self.downsample(x)
        out: Tensor = self.relu(y)
        return out


class _Projection(nn.Sequential):
    """A shortcut that fits the block's channels and stride."""

    folds: Folds = (("0", "1"),)


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return _Projection(
        Conv3d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm3d(out_channels)
    )
