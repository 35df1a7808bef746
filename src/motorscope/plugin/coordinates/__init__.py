"""Files of coordinates: opened over their tomograms, and saved."""
