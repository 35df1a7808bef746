"""The report of a batch as one page that needs nothing else: no script, no file, no network."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from html import escape

import numpy as np

from motorscope.batch.reporting.html import document, table
from motorscope.batch.reporting.tables import Result, Row
from motorscope.batch.reporting.thumbnails import REACH, SLAB, Thumbnail
from motorscope.words import duration

_BINS = 40
_MOST = 200  # rows of a table
_SLOWEST = 10


def page(
    title: str, result: Result, best: Sequence[Thumbnail], doubtful: Sequence[Thumbnail]
) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    title
        What the batch is called.
    best, doubtful
        The best candidates, and those nearest to the threshold.
    """
    parts = [
        f"<h1>{escape(title)}</h1>",
        _settings(result),
        _tiles(result),
        "<h2>Scores</h2>",
        _histogram(result),
        _cards("Best candidates", "Of all tomograms, best first.", best),
        _cards(
            "Most doubtful candidates",
            "Of the others, those nearest to the threshold: a look at them says most about whether "
            "it is a good one.",
            doubtful,
        ),
        _failed(result),
        _slowest(result),
        _machines(result),
        _notes(result),
        '<p class="soft">All tomograms: <a href="summary.csv">summary.csv</a>. All picks: '
        '<a href="picks.csv">picks.csv</a>.</p>',
    ]
    return document(title, parts)


def _settings(result: Result) -> str:
    settings, threshold = result.settings, result.threshold
    said = [
        f"Model {settings.model} ({settings.sha256[:8]}…)",
        "averaged over flips" if settings.flips else "no flips",
        f"precision {settings.precision}",
        "spacing of the files" if settings.spacing is None else f"spacing {settings.spacing:g} Å",
        *([] if settings.density is None else [f"dense things {settings.density}"]),
        f"threshold {threshold.value:.3g} ({threshold.why})",
    ]
    return f'<p class="soft">{escape(" · ".join(said))}</p>'


def _tiles(result: Result) -> str:
    searched, failed = result.searched, result.failed
    with_picks = sum(row.picks > 0 for row in searched)
    seconds = [row.outcome.effort.seconds for row in searched]
    tiles = [
        ("tomograms", len(result.rows) + result.missing),
        ("with picks", with_picks),
        ("without", len(searched) - with_picks),
        ("failed", len(failed)),
        ("not done yet", result.missing),
        ("picks", sum(row.picks for row in searched)),
        ("of computing", duration(sum(seconds)) if seconds else "–"),
        ("each (median)", duration(statistics.median(seconds)) if seconds else "–"),
    ]
    return (
        '<div class="tiles">'
        + "".join(f'<div class="tile"><b>{value}</b>{name}</div>' for name, value in tiles)
        + "</div>"
    )


def _histogram(result: Result) -> str:
    best = [row.outcome.best for row in result.searched if row.outcome.best is not None]
    empty = len(result.searched) - len(best)
    if not best:
        return "<p>No tomogram has a candidate.</p>"
    threshold = result.threshold.value
    counts, edges = np.histogram(best, bins=_BINS, range=(0.0, 1.0))
    width, height, left, bottom, top = 480, 200, 34, 34, 14
    across, high = width - left - 10, height - bottom - top
    step = across / _BINS
    tallest = math.log1p(int(counts.max()))
    bars = []
    for number, count in enumerate(counts.tolist()):
        if count:
            tall = high * math.log1p(count) / tallest
            colour = "picked" if edges[number + 1] > threshold else "other"
            bars.append(
                f'<rect x="{left + number * step + 1:.1f}" y="{top + high - tall:.1f}" '
                f'width="{step - 2:.1f}" height="{tall:.1f}" fill="var(--{colour})">'
                f"<title>{edges[number]:.3g} to {edges[number + 1]:.3g}: {count}</title></rect>"
            )
    base = top + high
    marks = [
        f'<text x="{left + across * share:.1f}" y="{base + 16}" text-anchor="middle">{share:g}'
        "</text>"
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    for count in _ticks(int(counts.max())):
        y = base - high * math.log1p(count) / tallest
        marks.append(
            f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{count}</text>'
            f'<line x1="{left}" x2="{left + across}" y1="{y:.1f}" y2="{y:.1f}" '
            'stroke="var(--line)"/>'
        )
    place = left + across * min(threshold, 1.0)
    marks.append(
        f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{top - 8}" y2="{base}" stroke="var(--ink)" '
        'stroke-dasharray="4 3"/>'
    )
    none = f" {empty} have no candidate at all." if empty else ""
    return (
        f"<p>Best score of each tomogram; heights are logarithmic, the dashed line is the "
        f"threshold.{none}</p>"
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Histogram of best scores">'
        + "".join(marks[:5] + marks[5:-1] + bars + marks[-1:])
        + f'<text x="{left + across / 2:.0f}" y="{height - 4}" text-anchor="middle">best score'
        "</text></svg>"
    )


def _ticks(most: int) -> list[int]:
    return [tick for power in range(7) for tick in (10**power, 3 * 10**power) if tick <= most]


def _cards(heading: str, remark: str, thumbnails: Sequence[Thumbnail]) -> str:
    if not thumbnails:
        return ""
    cards = []
    for each in thumbnails:
        z, y, x = (round(value) for value in each.voxel)
        pictures = (
            f'<div class="none">{escape(each.problem)}</div>'
            if each.problem
            else '<div class="pair">'
            + "".join(
                f'<figure><img src="{url}" alt="{plane} slab at z {z}, y {y}, x {x}" '
                f'loading="lazy"><figcaption>{plane}</figcaption></figure>'
                for plane, url in (("XY", each.xy), ("XZ", each.xz))
            )
            + "</div>"
        )
        label = escape(each.label)
        cards.append(
            f'<div class="card"><div class="name" title="{label}"><b>{each.score:.3f}</b> {label}'
            f'</div>{pictures}<div class="soft">z {z}, y {y}, x {x}</div></div>'
        )
    side = round(2 * REACH / 10)
    return (
        f"<h2>{heading}</h2><p>{remark} The candidate is in the middle of slabs of {SLAB} "
        f"planes, {side} nm wide; positions in voxels.</p>"
        f'<div class="cards">{"".join(cards)}</div>'
    )


def _failed(result: Result) -> str:
    rows = []
    for row in result.failed[:_MOST]:
        trace = row.outcome.trace
        more = f"<details><summary>where</summary><pre>{escape(trace)}</pre></details>"
        rows.append((row.label, escape(row.outcome.error) + (more if trace else "")))
    remark = _cut(len(result.failed))
    return table("Failed", ("Tomogram", "Why"), rows, remark, raw=(1,)) if rows else ""


def _slowest(result: Result) -> str:
    rows = sorted(result.searched, key=lambda row: -row.outcome.effort.seconds)[:_SLOWEST]
    if not rows:
        return ""
    heads = ("Tomogram", "#Time", "Device", "#Memory", "#On the device", "Voxels (z, y, x)")
    return table("Slowest", heads, [_cost(row) for row in rows])


def _cost(row: Row) -> tuple[str, ...]:
    effort = row.outcome.effort
    return (
        row.label,
        duration(effort.seconds),
        f"{effort.device}, {row.outcome.precision}",
        _gigabytes(effort.memory),
        _gigabytes(effort.device_memory),
        " × ".join(map(str, row.outcome.shape or ())),
    )


def _machines(result: Result) -> str:
    places: dict[tuple[str, str], list[Row]] = {}
    for row in result.searched:
        places.setdefault((row.outcome.effort.host, row.outcome.effort.device), []).append(row)
    if not places:
        return ""
    rows = [
        (
            host,
            device,
            str(len(some)),
            duration(statistics.median(row.outcome.effort.seconds for row in some)),
            _gigabytes(max((row.outcome.effort.memory or 0 for row in some), default=0)),
        )
        for (host, device), some in sorted(places.items())
    ]
    heads = ("Computer", "Device", "#Tomograms", "#Median time", "#Most memory")
    return table("Where it ran", heads, rows)


def _notes(result: Result) -> str:
    notes = Counter(note for row in result.rows for note in row.outcome.notes)
    if not notes:
        return ""
    rows = [(note, str(count)) for note, count in notes.most_common(_SLOWEST)]
    return table("Fallbacks", ("What", "#Tomograms"), rows)


def _cut(count: int) -> str:
    return f"<p>The first {_MOST} of {count}.</p>" if count > _MOST else ""


def _gigabytes(number: int | None) -> str:
    return f"{number / 1e9:.2f} GB" if number else "–"
