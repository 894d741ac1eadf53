"""Update of the catalogues after a message changed: `python -m socialrec.display.messages.updating`.

Writes `messages.pot`, all messages of the package with the files that hold them, and brings each `.po` up to date: new
messages are empty in it, messages that are gone are taken out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from socialrec.display.messages.catalogue import FOLDER
from socialrec.display.visible import say

PACKAGE = FOLDER.parents[1]
TEMPLATE = FOLDER / "messages.pot"
KEYWORDS = {"translatable": None, "translatable_plural": (1, 2), "translate": None, "translate_plural": (1, 2)}
"""Functions whose arguments are messages, with their places, from 1; None is the first argument alone."""
WIDTH = 100


def extracted(folder: Path = PACKAGE) -> Catalog:
    """Read the messages out of the modules of a folder."""
    catalogue = Catalog(project="socialrec", charset="utf-8")
    found = extract_from_dir(folder, [("**.py", "python")], keywords=KEYWORDS, comment_tags=("For translators:",))
    for file, line, text, comments, context in sorted(found, key=lambda one: (one[0], one[1])):
        catalogue.add(text, locations=[(f"{folder.name}/{file}", line)], auto_comments=comments, context=context)
    return catalogue


def messages_of(catalogue: Catalog) -> Iterator[Message]:
    """Messages of a catalogue without its header."""
    return (message for message in catalogue if message.id)


def read_catalogue(file: Path) -> Catalog:
    """Read one `.po` file."""
    with file.open("rb") as content:
        return read_po(content, locale=file.stem)


def update(file: Path, source: Catalog) -> list[str]:
    """Bring a `.po` file up to date; returns the messages that it does not translate yet."""
    catalogue = read_catalogue(file)
    catalogue.update(source, no_fuzzy_matching=True, update_creation_date=False)
    _write(file, catalogue)
    return [str(message.id) for message in messages_of(catalogue) if not message.string or not all(message.string)]


def _write(file: Path, catalogue: Catalog) -> None:
    with file.open("wb") as content:
        is_template = catalogue.locale is None
        # Without numbers of lines and dates, so that a catalogue changes only where a message does.
        write_po(content, catalogue, WIDTH, omit_header=is_template, ignore_obsolete=True, include_lineno=False)


def main() -> None:
    """Write the template and update all catalogues; print the messages without a translation."""
    source = extracted()
    _write(TEMPLATE, source)
    for file in sorted(FOLDER.glob("*.po")):
        for missing in update(file, source):
            say(f"{file.name}: not translated: {missing}")


if __name__ == "__main__":
    main()
