"""From logits to probabilities that mean what they say."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from motorscope.contract import Calibration


def probability(logits: NDArray[np.float32], calibration: Calibration) -> NDArray[np.float32]:
    """Return ``sigmoid(scale * logit - shift)`` as float32.

    A network trained with a positive weight *w* has logits that are ln *w* too high;
    `Calibration.shift` takes that off.
    """
    scaled = np.float32(calibration.scale) * logits - np.float32(calibration.shift)
    return np.asarray(expit(scaled), dtype=np.float32)
