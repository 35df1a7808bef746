"""Training of the detector: data, augmentation, loss, loop, calibration."""
