"""Find bacterial flagellar motors in cryo-electron tomograms.

Importing this package is cheap on purpose: it loads none of torch, napari or Qt. Import the room
you need, ``motorscope.tomogram``, ``motorscope.network``, ``motorscope.detection`` and so on.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("napari-motorscope")  # from git's tags, when it was installed
except PackageNotFoundError:
    __version__ = "0+unknown"
