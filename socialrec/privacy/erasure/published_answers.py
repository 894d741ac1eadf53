"""Published answers and their pages after an erasure: made again from what the table still holds."""

from __future__ import annotations

from socialrec.answers.days import open_days
from socialrec.answers.publishing import FILE, export_answers
from socialrec.contracts.gold import ANSWERS
from socialrec.contracts.silver import SILVER_QUESTIONS
from socialrec.lake import Lake
from socialrec.report.answers import read_answers
from socialrec.report.page import ANSWERS_PAGE, write_answers
from socialrec.settings import Settings


def publish_answers_again(settings: Settings, lake: Lake) -> None:
    """Export the answers of all published days again, with their pages; those of days that the table no longer holds
    are deleted, because nobody can tell whose questions they are.
    """
    held, asked = set(lake.partitions(ANSWERS)), lake.partitions(SILVER_QUESTIONS)
    for file in (*settings.export.glob(f"*/{FILE}"), *settings.reports.glob(f"*/{ANSWERS_PAGE}")):
        ds = file.parent.name
        if ds not in held:
            file.unlink()
        elif file.name == FILE:
            export_answers(lake, settings.export, ds)
        else:
            days = open_days(asked, ds, settings.answers.open_days)
            write_answers(settings.reports / ds, read_answers(lake, ds, days))
