"""Many tomograms: each becomes one outcome, wherever it is computed; tables are made of them."""
