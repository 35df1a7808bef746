"""Layers of ours: what they say of themselves, how they look, and where the viewer looks."""
