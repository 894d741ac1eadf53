"""`socialrec ask`: one question answered now."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from socialrec.cli.options import HomeOption, JsonOption
from socialrec.display.visible import say
from socialrec.settings import load_settings


def ask(
    question: Annotated[str, typer.Argument(help="The question")],
    product: Annotated[
        str | None, typer.Option("--product", help="The product it is about: its id as it landed")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="Who asks: their list adds products")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from what the shop and its customers said, with what the answer rests on; writes nothing."""
    from socialrec.local_stack.nights.asking import ask as asked
    from socialrec.report.answers import said_of

    found = asked(load_settings(home), question, product, user)
    if as_json:
        print(json.dumps(found))
        return
    answer, *beside = said_of(found)
    say(answer)
    for line in beside:
        say(f"  {line}")
