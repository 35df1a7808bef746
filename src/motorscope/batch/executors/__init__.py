"""Where the tomograms of a batch are worked on: behind one interface, `concurrent.futures`."""

from motorscope.batch.executors.pool import Pool, open_pool

__all__ = ["Pool", "open_pool"]
