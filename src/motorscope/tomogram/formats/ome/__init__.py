"""OME-Zarr: pyramids of volumes in chunks, here and on servers."""
