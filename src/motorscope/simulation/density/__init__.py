"""Densities without noise: a canvas to draw on, cells, what is in and around them."""
