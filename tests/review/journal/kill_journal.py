"""Kill scripted editing at random moments and look what is left; run by `test_journal.py`.

A light interpreter of its own: it forks, which a test process with threads should not.
"""

import json
import os
import random
import signal
import struct
import sys
import time
from pathlib import Path

from motorscope.picks import PickTable
from motorscope.review import History, Journal
from motorscope.review.journal.lines import Step


def done_next(history: History, number: int) -> tuple[History, Step]:
    """Return what number `number` of the script makes of a history; the same at every time."""
    rng = random.Random(number)
    step = rng.choice([-2, -1, 1, 0, 0, 0])
    gone = history.go(step)
    if gone.present != history.present:
        return gone, step
    return history.do(edited(history.present, rng)), "new"


def edited(table: PickTable, rng: random.Random) -> PickTable:
    """Return a table with a random edit."""
    place = [rng.uniform(0, 1000) for _ in range(3)]
    ids = table.ids.tolist()
    kind = rng.choice(["add", "add", "move", "status", "remove"]) if ids else "add"
    if kind == "add":
        return table.add(place, note="α" * rng.randrange(200))
    chosen = rng.choice(ids)
    if kind == "move":
        return table.move(chosen, place)
    if kind == "status":
        status = table.frame["status"][table.rows_of(chosen)[0]]
        return table.set_status(chosen, "rejected" if status != "rejected" else "accepted")
    return table.remove(chosen)


def edit_until_killed(path: Path, first: int, tell: int) -> None:
    """Edit from edit `first` on; tell the number of every edit once it is recorded."""
    with Journal(path) as journal:
        os.write(tell, struct.pack("i", first - 1))
        for number in range(first, first + 1_000_000):
            history, step = done_next(journal.history, number)
            journal.record(history.present, step=step)
            os.write(tell, struct.pack("i", number))
            if number % 7 == 0:
                journal.compact()


def told(descriptor: int, data: bytes) -> int:
    """Return the last number that the killed process told; `data` was read already."""
    while part := os.read(descriptor, 1 << 16):
        data += part
    return struct.unpack("i", data[-4:])[0] if data else -1


def same(one: History, other: History) -> bool:
    """Tell whether two histories have the same tables throughout."""
    return (
        one.present == other.present
        and list(one.past) == list(other.past)
        and list(one.future) == list(other.future)
    )


def main(folder: Path, kills: int) -> None:
    """Kill again and again; stop with an error when more than the edit in flight is lost."""
    path, rng = folder / "cell.motorscope.jsonl", random.Random(1)
    expected, done = History.of(PickTable.empty()), 0
    for _ in range(kills):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            edit_until_killed(path, done, writer)
        os.close(writer)
        # Most are killed after a few edits, some maybe while they still restore.
        begun = b""
        for _ in range(rng.choice([0, 1, 2, 3, 5, 8])):
            begun = os.read(reader, 4)
        time.sleep(rng.uniform(0.0, 0.01))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        last = told(reader, begun)
        os.close(reader)
        while done <= last:
            expected, done = done_next(expected, done)[0], done + 1
        with Journal(path) as journal:
            if not same(journal.history, expected):
                expected, done = done_next(expected, done)[0], done + 1  # recorded, but not told
            if not same(journal.history, expected):
                raise SystemExit(f"lost after edit {last}:\n{journal.history}\n{expected}")
    print(json.dumps({"kills": kills, "edits": done}))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
