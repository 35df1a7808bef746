"""Units of length in the metadata of images."""

_ANGSTROMS = {
    **dict.fromkeys(("å", "a", "angstrom", "angstroms", "ångström", "ångstrom"), 1.0),
    **dict.fromkeys(("pm", "picometer", "picometre"), 0.01),
    **dict.fromkeys(("nm", "nanometer", "nanometers", "nanometre"), 10.0),
    **dict.fromkeys(("µm", "μm", "um", "micron", "microns", "micrometer", "micrometre"), 1e4),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 1e7),
    **dict.fromkeys(("m", "meter", "metre"), 1e10),
}
"""Å per unit, for the names that ImageJ, OME and OME-Zarr give units of such sizes."""


def angstroms_per(unit: object) -> float | None:
    """Return how many Å a unit is, or ``None`` if its name is none of a length."""
    name = str(unit).strip().lower()
    for escaped, sign in (("\\u00b5", "µ"), ("\\u00c5", "å"), ("\\u00e5", "å"), ("\\u03bc", "μ")):
        name = name.replace(escaped, sign)  # ImageJ escapes what is not ASCII
    return _ANGSTROMS.get(name)
