"""Ways in which files get damaged, each given by a seed so that it can be had again."""

import random
import re
from collections.abc import Callable

Damage = Callable[[random.Random, bytes], bytes]

_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
_WORDS = (
    b"nan", b"inf", b"-inf", b"1e999", b"-1", b"0", b"1e-320", b"", b"null", b"true", b"x", b"''",
    b"[]", b"{}", b"[[1]]", b'"a"', b"9" * 30, b"9" * 5000, b"1000000000", b"2147483648",
)  # fmt: skip
_SEPARATORS = (b'"', b"{", b"}", b"[", b"]", b",", b"\n", b"\r", b"\t", b":", b"\0", b"\xff", b" ")
_NUMBERS = (-1, 0, 1, 255, 10**9, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1, -(2**63))
_DEEP = 100_000
_HEAD = 1024
"""Bytes in which most of what a format says of itself stands."""


def damaged(seed: str, data: bytes) -> bytes:
    """Return a file's bytes damaged in one to three ways; the same seed does the same."""
    rng = random.Random(seed)
    before = data
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data = rng.choice(_WAYS)(rng, data)
    return data if data != before else data[: len(data) // 2]


def _place(rng: random.Random, data: bytes) -> int:
    """Return a position, half of the times in the head, where one wrong byte does the most."""
    end = len(data) if rng.random() < 0.5 else min(len(data), _HEAD)
    return rng.randrange(end) if end else 0


def _length(rng: random.Random) -> int:
    return int(2 ** rng.uniform(0, 12))


def _flip_bits(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8) if data else 0):
        changed[_place(rng, data)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _overwrite(rng: random.Random, data: bytes) -> bytes:
    at, length = _place(rng, data), _length(rng)
    filling = rng.choice((rng.randbytes(length), bytes(length), b"\xff" * length))
    return (data[:at] + filling + data[at + length :])[: len(data)]


def _set_number(rng: random.Random, data: bytes) -> bytes:
    width = rng.choice((1, 2, 4, 4, 4, 8))
    at = _place(rng, data) // width * width
    order = "little" if rng.random() < 0.5 else "big"
    value = rng.choice(_NUMBERS) % 2 ** (8 * width)
    return data[:at] + value.to_bytes(width, order) + data[at + width :]


def _cut_off(rng: random.Random, data: bytes) -> bytes:
    return data[: _place(rng, data)]


def _cut_out(rng: random.Random, data: bytes) -> bytes:
    at = _place(rng, data)
    return data[:at] + data[at + _length(rng) :]


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = _place(rng, data)
    return data[:at] + rng.randbytes(_length(rng)) + data[at:]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    at, to = _place(rng, data), _place(rng, data)
    return data[:to] + data[at : at + _length(rng)] + data[to:]


def _change_number(rng: random.Random, data: bytes) -> bytes:
    """Replace a number that is written out."""
    found = _NUMBER.search(data, _place(rng, data))
    if found is None:
        return data
    return data[: found.start()] + rng.choice(_WORDS) + data[found.end() :]


def _insert_separator(rng: random.Random, data: bytes) -> bytes:
    at = _place(rng, data)
    return data[:at] + rng.choice(_SEPARATORS) + data[at + rng.randint(0, 1) :]


def _lose_line(rng: random.Random, data: bytes) -> bytes:
    end = data.find(b"\n", _place(rng, data)) + 1
    return data[:end] + data[data.find(b"\n", end) + 1 :]


def _nest(rng: random.Random, data: bytes) -> bytes:
    at = _place(rng, data) if rng.random() < 0.5 else 0
    return data[:at] + rng.choice((b"[", b'{"a":', b"<a>")) * _DEEP + data[at:]


_WAYS: tuple[Damage, ...] = (
    _flip_bits, _flip_bits, _overwrite, _set_number, _set_number, _cut_off, _cut_out, _insert,
    _repeat, _change_number, _change_number, _insert_separator, _lose_line, _nest,
)  # fmt: skip
