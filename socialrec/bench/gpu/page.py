"""Page of a run: what was reached of each target, bars of ours beside peers, and every figure of every part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from socialrec.report.charts import share

STYLE = """
:root { color-scheme: light dark; --ink: #1a232d; --soft: #55616f; --line: #d8dfe6; --ours: #1c6a8c; --rival: #8f7420;
  --ground: #f5f7f9; --good: #1a6a43; --bad: #a4261b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --soft: #a6b2bf; --line: #35404b; --ours: #6db8d8;
  --rival: #cdb265; --ground: #12171c; --good: #72d09c; --bad: #ff988d; } }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.5rem; color: var(--ink); background: var(--ground);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, .soft { color: var(--soft); font-weight: normal; }
.met, .done { color: var(--good); } .missed, .failed { color: var(--bad); }
.bar { display: block; height: .7rem; border-radius: .2rem; background: var(--ours); min-width: 1px; }
.bar.peer { background: var(--rival); }
"""


def render(result: Mapping[str, Any]) -> str:
    """Write the page as HTML."""
    where = result["machine"].get("gpu", "a processor")
    note = (
        ""
        if result["measured_on_a_gpu"]
        else "<p><strong>Not measured on a GPU</strong>: these figures show that the parts run.</p>"
    )
    parts = "".join(_part(name, found) for name, found in result["parts"].items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>GPU path</title><style>{STYLE}</style><h1>GPU path on {escape(str(where))}</h1>{note}"
        f"<p class=soft>{result['seconds']} seconds, {'small' if result['small'] else 'full'} sizes</p>"
        f"<h2>Targets</h2>{_targets(result['targets'])}<h2>Ours and peers</h2>{_rates(result['parts'])}{parts}"
        f"<h2>Versions and machine</h2>{_table(result['versions'] | result['machine'])}</html>\n"
    )


def _targets(targets: Iterable[Mapping[str, Any]]) -> str:
    rows = (
        f"<tr><td>{_words(one['part'])}</td><td>{_words(one['figure'])}</td><td class=number>{_bound(one)}</td>"
        f"<td class={one['state'].split()[0]}>{one['state']}</td></tr>"
        for one in targets
    )
    return f"<table><tr><th>part<th>figure<th>target<th>state</tr>{''.join(rows)}</table>"


def _bound(target: Mapping[str, Any]) -> str:
    if target["bound"] is True:
        return "true"
    return f"{'≤' if target['is_most'] else '≥'} {target['bound']:,}"


def _words(name: str) -> str:
    return escape(name.replace("_", " "))


def _rates(parts: Mapping[str, Any]) -> str:
    """Bars of each rate (figures that end in `per_second`), and of the peers' by the same scale per part and unit."""
    rows = []
    for name, found in parts.items():
        ours = {key: value for key, value in found.get("figures", {}).items() if key.endswith("per_second")}
        theirs = {
            f"{peer}, {key}": value
            for peer, figures in found.get("peers", {}).items()
            if isinstance(figures, dict)
            for key, value in figures.items()
            if key.endswith("per_second")
        }
        longest = max([*ours.values(), *theirs.values()], default=0)
        rows += [_bar(f"{name}: {key}", value, longest, "") for key, value in ours.items()]
        rows += [_bar(f"{name}: {key}", value, longest, "peer") for key, value in theirs.items()]
    return f"<table>{''.join(rows)}</table>"


def _bar(name: str, value: float, longest: float, kind: str) -> str:
    length = share(value, longest)
    return (
        f'<tr><td>{_words(name)}</td><td class=number>{value:,.1f}</td><td style="width:45%">'
        f'<span class="bar {kind}" style="width:{length}%"></span></td></tr>'
    )


def _part(name: str, found: Mapping[str, Any]) -> str:
    kind = "done" if found["state"] == "done" else "failed" if found["state"].startswith("failed") else "soft"
    peers = {f"{peer}: {key}": it for peer, given in found.get("peers", {}).items() for key, it in _figures(given)}
    return (
        f"<h2>{escape(name)}</h2><p class={kind}>{escape(found['state'])}</p>"
        f"{_table(found.get('figures', {}) | peers | found.get('ratios', {}))}"
    )


def _figures(given: Mapping[str, Any] | str) -> Iterable[tuple[str, Any]]:
    return [("state", given)] if isinstance(given, str) else given.items()


def _table(values: Mapping[str, Any]) -> str:
    rows = (f"<tr><td>{_words(key)}</td><td class=number>{escape(str(it))}</td></tr>" for key, it in values.items())
    return f"<table>{''.join(rows)}</table>" if values else ""
