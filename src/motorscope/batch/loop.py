"""The loop over many items: in they go, and each has one outcome, whoever asks and who computes.

A *way* says by whom and in which order items are worked on: one after the other (`in_turn`), or by
a pool (`motorscope.batch.executors.handing_out`). `follow` goes it: it counts, and tells the time
left. What fails stops nothing else; what is done already is left out by whoever makes the list of
items.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

from motorscope.batch.pace import Pace
from motorscope.contract import CancelToken, Message, Progress, Run
from motorscope.errors import MotorscopeError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Begun(Generic[T]):
    """Work on an item begins, the `number`-th of `total`; messages that follow are about it."""

    item: T
    number: int
    total: int


@dataclass(frozen=True)
class Done(Generic[T, R]):
    """An item has its outcome; `error` says why it has failed, if it has."""

    item: T
    value: R | None = None
    error: MotorscopeError | OSError | None = None


@dataclass(frozen=True)
class Standing:
    """How far a loop is: outcomes, failures among them, and the seconds left, if known."""

    done: int
    failed: int
    total: int
    seconds_left: float | None


@dataclass(frozen=True)
class Totals:
    """What a loop did in the end: outcomes, and failures among them."""

    done: int
    failed: int


Way = Generator[Begun[T] | Message | Done[T, R] | None, None, None]
"""Works on items; ``None`` is a sign of life."""

Loop = Generator[Begun[T] | Message | Done[T, R] | Standing, None, Totals]


def in_turn(
    items: Sequence[T], work: Callable[[T], Run[R]], cancel: CancelToken, before: int = 0
) -> Way[T, R]:
    """Work on one item after the other.

    Parameters
    ----------
    work
        Yields messages and returns an outcome, or ``None`` when it was cancelled. A
        `MotorscopeError` or an ``OSError`` is the item's alone.
    cancel
        When set, no further item is begun.
    before
        How many were done before, for the numbers.
    """
    for number, item in enumerate(items, start=1):
        if cancel.is_set():
            return
        yield Begun(item, before + number, before + len(items))
        failed: MotorscopeError | OSError | None = None
        value: R | None = None
        try:
            value = yield from work(item)
        except (MotorscopeError, OSError) as error:
            failed = error
        if value is None and failed is None:
            return
        yield Done(item, value, failed)


def follow(items: Sequence[T], way: Way[T, R], size: Callable[[T], int]) -> Loop[T, R]:
    """Go through items; `Standing` comes after each `Done`, before each `Progress`, and with ticks.

    Parameters
    ----------
    items
        Those that `way` works on.
    size
        Tells the bytes of an item, for the time left.
    """
    pace = Pace(map(size, items))
    done = failed = at_hand = 0

    def standing(item_left: float | None = None) -> Standing:
        return Standing(done, failed, len(items), pace.left(at_hand, item_left))

    with closing(way):
        for event in way:
            if isinstance(event, Begun):
                at_hand = size(event.item)
            elif isinstance(event, Progress) or event is None:
                yield standing(None if event is None else event.seconds_left)
            elif isinstance(event, Done):
                done, failed = done + 1, failed + (event.error is not None)
                pace.add(size(event.item), worked=event.error is None)
            if event is not None:
                yield event
            if isinstance(event, Done):
                yield standing()
    return Totals(done, failed)
