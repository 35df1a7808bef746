"""The pieces of a page of HTML that needs nothing else: its style, its frame, a table."""

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = """
:root { --ink: #1d2733; --soft: #5b6876; --line: #d8dee5; --paper: #fff; --tile: #f4f6f8;
  --picked: #b4530a; --other: #8fa3b8; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaef; --soft: #9aa7b5; --line: #36414d;
  --paper: #14191f; --tile: #1e252d; --picked: #f0913f; --other: #5f7489; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.25rem; max-width: 76rem; color: var(--ink);
  background: var(--paper); font: 16px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0 .75rem; max-width: 46rem; }
.soft { color: var(--soft); overflow-wrap: anywhere; }
.tiles { display: grid; gap: .6rem; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); }
.tile { background: var(--tile); border-radius: .5rem; padding: .6rem .8rem; }
.tile b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.cards { display: grid; gap: .8rem;
  grid-template-columns: repeat(auto-fill, minmax(18.5rem, 1fr)); }
.card { background: var(--tile); border-radius: .5rem; padding: .5rem; min-width: 0; }
.card .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .35rem; }
.pair img { width: 100%; aspect-ratio: 1; display: block; border-radius: .25rem; background: #000; }
.pair figure { margin: 0; position: relative; }
.pair figcaption { position: absolute; left: .3rem; top: .2rem; font-size: .75rem; color: #fff;
  background: rgb(0 0 0 / .6); border-radius: .2rem; padding: 0 .25rem; }
.none { padding: 2rem .5rem; text-align: center; color: var(--soft); font-size: .85rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
svg { width: 100%; height: auto; max-width: 44rem; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
pre { overflow-x: auto; font-size: .8rem; }
a { color: inherit; }
@media (max-width: 30rem) { body { padding: .8rem; font-size: 15px; }
  .tiles { grid-template-columns: 1fr 1fr; } .cards { grid-template-columns: 1fr; } }
"""


def document(title: str, parts: Iterable[str]) -> str:
    """Return a whole page of its parts; empty ones are left out."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} – motorscope</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body>\n</html>\n"
    )


def table(
    heading: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    remark: str = "",
    raw: Sequence[int] = (),
) -> str:
    """Return a table; a head with ``#`` is a column of numbers, `raw` columns are HTML already."""
    number = ["n" if head.startswith("#") else "" for head in heads]
    head = "".join(
        f'<th class="{kind}">{escape(text.lstrip("#"))}</th>'
        for kind, text in zip(number, heads, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="{kind}">{cell if column in raw else escape(cell)}</td>'
            for column, (kind, cell) in enumerate(zip(number, row, strict=True))
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<h2>{heading}</h2>{remark}<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
