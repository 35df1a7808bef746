"""What a model is worth, and what its scores mean: held-out tomograms, empty sections."""
