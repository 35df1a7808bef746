"""Tomograms of the CryoET Data Portal, fetched and opened in the window."""
