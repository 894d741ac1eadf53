"""Answer one question that a person typed into the form of socialrec_answers; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence

from socialrec.display.visible import label, plain_markdown
from socialrec.local_stack.nights.asking import ask
from socialrec.report.answers import said_of
from socialrec.runtime import job

NAME = "ask_question"
LONGEST = 300
"""Characters of the question in the note."""


def main(argv: list[str] | None = None) -> int:
    """Answer by the newest passages, and put the answer on the run's note. The day does not matter."""
    parser = job.parser(__doc__)
    parser.add_argument("--question", required=True, help="the question")
    parser.add_argument("--product", help="id of the product that it is about, as landed")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run:
        found = ask(run.settings, args.question, args.product or None)
        run.done(
            status="asked",
            decision=found["decision"],
            reason=found["reason"],
            answer=found["text"],
            citations=found["citations"],
            confidence=found["confidence"],
            answers_version=found["answers_version"],
            note=plain_markdown(note(found["question"], said_of(found))),
        )
    return 0


def note(question: str, said: Sequence[str]) -> str:
    """Answer as Markdown, then what it rests on and the question: pages show the first line alone at first."""
    answer, *beside = said
    return "\n".join([f"{answer}\n", *(f"* {line}" for line in (*beside, f"asked: {label(question, LONGEST)}"))])


if __name__ == "__main__":
    job.end(main)
