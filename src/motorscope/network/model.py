"""A network together with its card."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from motorscope.contract import FeatureSpec, ModelCard
from motorscope.network.encoders import Encoder
from motorscope.network.taps import Network, taps_of
from motorscope.network.unet import UNet3d


@dataclass(frozen=True)
class Model:
    """A network in evaluation mode and the card that says how to use it."""

    card: ModelCard
    network: UNet3d

    @property
    def output(self) -> FeatureSpec:
        """Geometry of the heatmap."""
        return self.network.output_spec

    @property
    def features(self) -> tuple[FeatureSpec, ...]:
        """Geometry of the encoder's maps, stem first."""
        return self.network.encoder.feature_specs

    @property
    def taps(self) -> tuple[FeatureSpec, ...]:
        """Geometry of all maps that can be looked at, from the stem to the logits."""
        return taps_of(self.network)

    @cached_property
    def fingerprint(self) -> str:
        """What tells this network from others: a checksum of its weights."""
        return self.card.sha256 or _checksum(self.network)


@dataclass(frozen=True)
class EncoderModel:
    """An encoder alone, in evaluation mode: it can be looked into, but detects nothing.

    The card says how its input is made; what it says of an output means nothing.
    """

    card: ModelCard
    network: Encoder

    @property
    def taps(self) -> tuple[FeatureSpec, ...]:
        """Geometry of its maps, stem first."""
        return taps_of(self.network)

    @cached_property
    def fingerprint(self) -> str:
        """What tells this network from others: a checksum of its weights."""
        return _checksum(self.network)


def _checksum(network: Network) -> str:
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
