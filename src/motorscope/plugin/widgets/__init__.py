"""Qt: one group of controls a file, no computing."""
