"""Where the tomograms of a batch are worked on: behind one interface, `concurrent.futures`."""

from motorscope.batch.executors.opening import open_pool
from motorscope.batch.executors.pool import Pool

__all__ = ["Pool", "open_pool"]
