"""A network that runs: on a device, watched layer by layer."""
