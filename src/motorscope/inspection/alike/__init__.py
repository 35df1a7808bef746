"""Similarity: places of tomograms that look, to a network, like a few examples."""
