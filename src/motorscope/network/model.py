"""A network together with its card."""

from dataclasses import dataclass

from motorscope.contract import FeatureSpec, ModelCard
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
