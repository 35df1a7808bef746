"""The queue: many tomograms, searched in the background, reviewed one after the other."""
