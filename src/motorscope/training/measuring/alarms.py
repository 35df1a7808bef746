"""How high drawn sections without a motor score: a floor for a model's default threshold.

The best F2 over simulated motors pays for the faintest of them with false alarms; a person who
searches tomograms most of which have one motor or none pays more dearly.
"""

from dataclasses import replace

import numpy as np
import torch

from motorscope.contract import Calibration
from motorscope.detection import probability
from motorscope.network import UNet3d
from motorscope.network.flat import forward_flat
from motorscope.simulation import draw_section, image_section
from motorscope.training.settings.config import TrainConfig


def alarm_score(network: UNet3d, config: TrainConfig, calibration: Calibration) -> float:
    """Return the score that the best place of a motor-free section exceeds in few of them.

    The share of them is ``validation.false_alarms``. The sections, ``validation.sections`` of the
    size that ``pictures.drawing`` says, are never seen in training.

    Parameters
    ----------
    network
        In evaluation mode.
    calibration
        Of its logits.
    """
    options, spacing = config.validation, config.data.spacing
    drawing = replace(config.pictures.drawing, motor_share=0.0, spacing=spacing)
    low, high = config.data.recipe().percentiles
    best = []
    for number in range(options.sections):
        rng = np.random.default_rng([config.seed, 6, number])
        section = draw_section(drawing, rng)
        image = image_section(section.density, section.motors, spacing, drawing, rng)
        side = image.shape[0] // 32 * 32
        image = image[:side, :side]
        dark, bright = np.percentile(image, [low, high])
        grey = np.clip((image - dark) / max(bright - dark, 1e-6), 0, 1).astype(np.float32)
        with torch.no_grad():
            best.append(
                float(forward_flat(network, torch.from_numpy(grey)[None, None, None]).main.max())
            )
    logit = np.quantile(np.array(best, np.float32), 1 - options.false_alarms)
    return float(probability(np.array([logit], np.float32), calibration)[0])
