"""What the network sees on its way to an answer."""

from motorscope.inspection.feature_maps import (
    FeatureRequest,
    FeatureResult,
    FeatureRun,
    encoder_maps,
)

__all__ = ["FeatureRequest", "FeatureResult", "FeatureRun", "encoder_maps"]
