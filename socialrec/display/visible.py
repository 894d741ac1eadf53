"""External text made safe to display: no hidden characters, no terminal control sequences, no endless names.

Call `visible` at the outputs where text leaves for people (terminal, logs, notes, pages, cards), and `label` wherever a
name of the shop's own appears in a plot, a table or a sentence. Data for programs (JSON, Parquet) keeps its characters.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping

LONGEST = 60
"""Maximum length of a displayed name, in characters."""
MOST_LABELS = 30
"""Maximum number of names in one plot."""
EMPTY = "(empty)"
_JOINERS = "\u200b-\u200d"
_SHAPED_BY_JOINERS = "[^\x00-\u058f]"
"""Characters beside which a joiner changes the visible text: emoji, Arabic, Persian, Indian scripts, Thai and others.
"""
_HIDDEN = re.compile(
    "(?P<flag>\U0001f3f4[\U000e0020-\U000e007e]{2,8}\U000e007f)"
    "|[\x00-\x1f\x7f-\x9f\u115f\u1160\u180e\u2028\u2029\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff]"
    "|[\ud800-\udfff\U000e0000-\U000e007f]"
    f"|(?<!{_SHAPED_BY_JOINERS})[{_JOINERS}](?!{_SHAPED_BY_JOINERS})"
)
"""Control characters, marks that turn the direction of text, invisible characters, and halves of surrogate pairs.

A regional flag is made of invisible characters and stays.
"""
_LEADS_AWAY = re.compile(r"[\[<]|\\(?=[\\\[<])")
"""Beginnings of links, pictures and HTML in Markdown, and the character that escapes them."""


def visible(text: str, keep: str = "") -> str:
    r"""Write out hidden characters of a text, such as `\x1b` or `\u202e`, except for those in `keep`."""
    if text.isascii() and text.isprintable():
        return text

    def written(found: re.Match[str]) -> str:
        if found["flag"] or found[0] in keep:
            return found[0]
        return found[0].encode("unicode_escape").decode("ascii")

    return _HIDDEN.sub(written, text)


def lines(text: str) -> str:
    """Make a text of several lines visible; its line ends and tabs stay."""
    return visible(text, "\n\t")


def label(name: object, most: int = LONGEST) -> str:
    """Make a name one line: visible, cut to `most` characters, `(empty)` where there is nothing to see."""
    text = visible(str(name))
    if not text.strip():
        return EMPTY
    return text if len(text) <= most else f"{text[: most - 1]}…"


def plain_markdown(text: str) -> str:
    """Escape links, pictures and HTML of Markdown in a text, so that a browser loads nothing from elsewhere."""
    return _LEADS_AWAY.sub(r"\\\g<0>", text)


def plot_label(name: object, most: int = LONGEST) -> str:
    r"""Make a label for matplotlib, which otherwise sets text between two `$` as mathematics."""
    return label(name, most).replace("$", r"\$")


def and_more(n: int) -> str:
    """Words for the number of names left out: `and 9,950 more`."""
    return f"and {n:,} more"


def named(names: Iterable[object], most: int) -> str:
    """First names, separated by commas, and the number of the others."""
    every = list(names)
    rest = [and_more(len(every) - most)] if len(every) > most else []
    return ", ".join([*map(label, every[:most]), *rest])


def first_values(values: Mapping[str, float], most: int = MOST_LABELS) -> list[tuple[str, float]]:
    """Pairs of a name and its value; where there are more than `most`, the last pair is the sum of the others."""
    pairs = list(values.items())
    if len(pairs) <= most:
        return pairs
    rest = pairs[most - 1 :]
    return [*pairs[: most - 1], (and_more(len(rest)), sum(value for _, value in rest))]


def say(line: str = "") -> None:
    """Print one line for people."""
    print(visible(line))


def say_error(error: object) -> None:
    """Print an error for people, in one line, on standard error."""
    print(f"error: {visible(str(error))}", file=sys.stderr)
