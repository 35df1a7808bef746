"""What the network sees on its way to an answer."""

from motorscope.inspection.feature_maps import encoder_maps

__all__ = ["encoder_maps"]
