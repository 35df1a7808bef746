"""The pictures of a stage, and other maps, in the viewer."""
