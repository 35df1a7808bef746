"""From a density to a tomogram: what microscope, reconstruction and writing to a file do."""
