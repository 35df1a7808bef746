"""A second way of drawing a scene: cells as chains of swept spheres, motors as painted profiles.

It shares the canvas, the coarse grid and all of the imaging with the first way and nothing of how
things look: profiles, membranes, textures, packing, what lies about, and how often, are its own.
"""
