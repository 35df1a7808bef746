"""How whoever computes is told to stop."""

from typing import Protocol


class CancelToken(Protocol):
    """What a run looks at to know whether it is still wanted, such as a `threading.Event`."""

    def is_set(self) -> bool:
        """Whether the run shall return soon."""
        ...
