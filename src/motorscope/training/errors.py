"""What can go wrong in training."""

from motorscope.errors import MotorscopeError


class TrainingError(MotorscopeError):
    """A training run cannot start, go on or be resumed."""
