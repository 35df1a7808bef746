"""Maxima of a heatmap: the candidates of all of it, the one near a place or on a line of sight."""
