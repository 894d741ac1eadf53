"""`socialrec ask`: one question answered now."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from socialrec.cli.options import HomeOption, JsonOption
from socialrec.display.visible import label, say
from socialrec.settings import load_settings

SHOWN_CHARS = 300


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
    from socialrec.contracts.vocabulary import AnswerDecision, HandOverReason
    from socialrec.local_stack.nights.asking import ask as asked
    from socialrec.report.answers import REASONS

    found = asked(load_settings(home), question, product, user)
    if as_json:
        print(json.dumps(found))
        return
    if found["decision"] == AnswerDecision.HAND_OVER:
        say(f"handed over to a person: {REASONS[HandOverReason(found['reason'])]}")
        return
    say(label(found["text"], SHOWN_CHARS * 2))
    for citation in found["citations"]:
        say(f"  {citation['source']}: {label(citation['quote'], SHOWN_CHARS)}")
    if found["products"]:
        say(f"  in the user's list: {', '.join(map(label, found['products']))}")
    phrased = f", phrased by {found['phrased_by']}" if found["phrased_by"] else ""
    say(f"confidence {found['confidence']:.2f}, model of answers {found['answers_version']}{phrased}")
