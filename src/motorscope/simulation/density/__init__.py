"""The noise-free density of a scene: cells and what is in and around them."""
