"""Training of the detector: data, augmentation, loss, loop, calibration."""

from motorscope.training.data.samples import CropSource, MixedSource, Samples
from motorscope.training.data.scenes import ScenePool
from motorscope.training.data.target import heatmap_target
from motorscope.training.errors import TrainingError
from motorscope.training.fitting.hardware import Hardware
from motorscope.training.fitting.loop import fit
from motorscope.training.fitting.loss import LossTerms, heatmap_loss, prior_logit, weighted_bce
from motorscope.training.measuring.held_out import Comparison, format_comparison
from motorscope.training.settings.config import TrainConfig
from motorscope.training.settings.config_file import fine_tuning, read_config
from motorscope.training.train import Trained, train

__all__ = [
    "Comparison",
    "CropSource",
    "Hardware",
    "LossTerms",
    "MixedSource",
    "Samples",
    "ScenePool",
    "TrainConfig",
    "Trained",
    "TrainingError",
    "fine_tuning",
    "fit",
    "format_comparison",
    "heatmap_loss",
    "heatmap_target",
    "prior_logit",
    "read_config",
    "train",
    "weighted_bce",
]
