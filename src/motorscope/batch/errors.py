"""What can go wrong with a batch as a whole."""

from motorscope.errors import MotorscopeError


class BatchError(MotorscopeError):
    """A batch cannot start or go on; what is done stays done."""


class WorkerLostError(MotorscopeError):
    """The process that worked on a tomogram ended without an answer, more than once."""
