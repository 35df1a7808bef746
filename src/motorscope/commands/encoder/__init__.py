"""The commands that look into the network."""
