"""What is left to do of a batch, and why: outcomes of before are looked through."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from motorscope.batch.folder.claims import is_held
from motorscope.batch.folder.store import Store, read_record
from motorscope.batch.items import Item
from motorscope.batch.settings import Settings
from motorscope.words import counted


@dataclass(frozen=True)
class Plan:
    """What a run has to do.

    Attributes
    ----------
    items
        All tomograms that were asked for.
    left
        Those of them that have no outcome that counts.
    again
        Those of them whose outcome is to be made again.
    failed
        How many failed before and are left as they are.
    remarks
        What a person should know before it starts, in sentences.
    """

    items: tuple[Item, ...]
    left: tuple[Item, ...]
    again: tuple[Item, ...]
    failed: int
    remarks: tuple[str, ...]

    @property
    def done(self) -> int:
        """How many need nothing any more."""
        return len(self.items) - len(self.left)


def make_plan(
    out: Path,
    settings: Settings,
    items: Sequence[Item],
    retry_failed: bool = False,
    heatmaps: bool = False,
) -> Plan:
    """Return what is left to do for these settings; nothing is written.

    Parameters
    ----------
    retry_failed
        Whether those that failed are tried again.
    heatmaps
        Whether outcomes without a heatmap are made again.

    Raises
    ------
    BatchError
        If what is there cannot be read.
    """
    store = Store(out, settings.key)
    known = store.ids()
    left: list[Item] = []
    again: dict[str, list[Item]] = {"replaced": [], "failed": [], "bare": []}
    failed = 0
    for item in items:
        before = store.facts(item) if item.id in known else None
        if before is None:
            left.append(item)
            continue
        why = ""
        if (before.item.size, before.item.modified) != (item.size, item.modified):
            why = "replaced"
        elif before.error and retry_failed:
            why = "failed"
        elif before.error:
            failed += 1
        elif heatmaps and not before.heatmap:
            why = "bare"
        if why:
            again[why].append(item)
            left.append(item)
    remarks = [*_changed(out, settings, left), *_again(again)]
    if failed:
        remarks.append(
            f"{counted(failed, 'tomogram')} failed before and {_is(failed)} left out; "
            f"--retry-failed tries {'it' if failed == 1 else 'them'} again."
        )
    claimed = store.claimed()
    asked = left if claimed else []  # ids are not worth making for nothing
    held = sum(is_held(store.claim(item)) for item in asked if item.id in claimed)
    if held:
        remarks.append(
            f"{counted(held, 'tomogram')} {_is(held)} being worked on by another run; "
            f"{'it is' if held == 1 else 'they are'} waited for."
        )
    made_again = tuple(item for some in again.values() for item in some)
    return Plan(tuple(items), tuple(left), made_again, failed, tuple(remarks))


def _changed(out: Path, settings: Settings, left: Sequence[Item]) -> list[str]:
    record = read_record(out)
    if record is None or record.settings == settings:
        return []
    before = Store(out, record.settings.key)
    known = before.ids()
    count = sum(item.id in known for item in left)
    if not count:
        return []
    changes = ", ".join(settings.changes(record.settings))
    return [
        f"Since the last run: {changes}. So {counted(count, 'tomogram')} {_is(count)} done again; "
        f"what was found before stays in {before.folder}."
    ]


def _again(again: dict[str, list[Item]]) -> list[str]:
    why = {
        "replaced": "changed on disk since",
        "failed": "failed before",
        "bare": "{} no heatmap yet",
    }
    texts = []
    for reason, items in again.items():
        if items:
            has = "has" if len(items) == 1 else "have"
            texts.append(
                f"{counted(len(items), 'tomogram')} {why[reason].format(has)} and "
                f"{_is(len(items))} done again."
            )
    return texts


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
