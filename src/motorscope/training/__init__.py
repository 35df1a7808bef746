"""Training of the detector: data, augmentation, loss, loop, calibration."""

from motorscope.training.config import TrainConfig
from motorscope.training.config_file import read_config
from motorscope.training.loop import Hardware, TrainingError, fit
from motorscope.training.loss import LossTerms, heatmap_loss, prior_logit, weighted_bce
from motorscope.training.samples import CropSource, MixedSource, Samples
from motorscope.training.scenes import ScenePool
from motorscope.training.target import heatmap_target
from motorscope.training.train import make_card, train
from motorscope.training.validation import choose_threshold, examine, fit_calibration, score

__all__ = [
    "CropSource",
    "Hardware",
    "LossTerms",
    "MixedSource",
    "Samples",
    "ScenePool",
    "TrainConfig",
    "TrainingError",
    "choose_threshold",
    "examine",
    "fit",
    "fit_calibration",
    "heatmap_loss",
    "heatmap_target",
    "make_card",
    "prior_logit",
    "read_config",
    "score",
    "train",
    "weighted_bce",
]
