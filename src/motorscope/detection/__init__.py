"""Detection: from a tomogram and a model to a heatmap and candidates.

What is asked and answered is in `motorscope.contract`; the request and the result can be had here
too, so that a script needs one import.
"""

from motorscope.contract import DetectionRequest, DetectionResult, run_to_end
from motorscope.detection.calibration import probability
from motorscope.detection.hardware.device import available_devices, choose_device
from motorscope.detection.hardware.precision import PrecisionChoice, choose_precision
from motorscope.detection.run import detect
from motorscope.detection.tiling.plan import Window, plan_windows
from motorscope.detection.tiling.stitch import Stitcher
from motorscope.picks.maxima.candidates import find_candidates, find_maxima

__all__ = [
    "DetectionRequest",
    "DetectionResult",
    "PrecisionChoice",
    "Stitcher",
    "Window",
    "available_devices",
    "choose_device",
    "choose_precision",
    "detect",
    "find_candidates",
    "find_maxima",
    "plan_windows",
    "probability",
    "run_to_end",
]
