"""Flagellar motors: their parts, and how they are set into an envelope."""
