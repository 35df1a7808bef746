"""Find bacterial flagellar motors in cryo-electron tomograms.

Importing this package is cheap on purpose: it loads none of torch, napari or Qt. Import the room
you need, ``motorscope.tomogram``, ``motorscope.network``, ``motorscope.detection`` and so on.
"""

__version__ = "0.1.0"
