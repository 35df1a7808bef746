"""Flagellar motors: their parts, kinds and places in a cell."""
