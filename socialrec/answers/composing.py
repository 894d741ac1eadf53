"""Composition of an answer from passages: their own sentences, who says them, and who says the opposite."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from socialrec.answers.passages import PassageIndex
from socialrec.answers.retrieval import KIND
from socialrec.answers.tables import ANSWER, ATTRIBUTE_SOURCES, COMMENT, DESCRIPTION, PREDICTED, STATED
from socialrec.answers.verifying import shown
from socialrec.answers.words import content, n_negations, numbers, tokens
from socialrec.display.messages.catalogue import Messages, translatable, translatable_plural
from socialrec.features.passages import attribute_of

Citation = dict[str, object]
_MIN_OVERLAP = 0.5
"""Share of the content words of the shorter of two sentences that must be common for one to contradict the other."""
_PERSON = r"(?:user|customer|buyer|owner|wearer|shopper)"
_MODAL = r"(?:can|must|should|may|will|could)"
_SECOND_PERSON = (
    (re.compile(rf"\b(?:the|a|an|each|every) {_PERSON}(?= {_MODAL}\b)", re.IGNORECASE), "you"),
    (re.compile(rf"\b(?:the )?{_PERSON}s(?= (?:{_MODAL}|need|get|have)\b)", re.IGNORECASE), "you"),
    (re.compile(rf"\b(?:the|a|an) {_PERSON}'s\b|\b(?:the )?{_PERSON}s'(?=\s)", re.IGNORECASE), "your"),
)
_YES_OR_NO = re.compile(
    r"^\s*(?:(?:yes|no|yeah|nope)\b[\s,.!:;-]*"
    r"|(?:是的?|不是|对|不对|有的?|没有|会的?|不会|能|不能|可以的?|不可以|行|不行)[\s,.!;\uff0c\u3002\uff01\uff1b]+)",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|me|my|mine|myself)\b|我|咱|俺|本人", re.IGNORECASE)
_DATA_SAY = {
    STATED: translatable("The product data say: {quote}"),
    PREDICTED: translatable("Its texts suggest: {quote}"),
    DESCRIPTION: translatable("The description says: {quote}"),
}
_PEOPLE_SAY = {
    COMMENT: translatable_plural("{n} buyer says: {quote}", "{n} buyers say: {quote}"),
    ANSWER: translatable_plural("An earlier answer says: {quote}", "{n} earlier answers say: {quote}"),
}


@dataclass(frozen=True)
class Composed:
    """Text of an answer, its citations, and if a generator phrased it."""

    text: str
    citations: list[Citation]
    is_phrased: bool = False


def compose(
    best: int, others: Sequence[int], origin: int, index: PassageIndex, messages: Messages, *, phrased: str = ""
) -> Composed:
    """Compose an answer from the best passage and, of the others that may answer too, those that say the opposite.

    best and others: rows of the index. Passages with the same words as a cited one are cited beside it. messages: those
    of the reader's language. phrased: the best passage in other words, which are used if it holds all their facts.
    """
    rows = [best, *(row for row in others if row != best)]
    agreeing = [row for row in rows if _same_words(index, row, best)]
    contrary = [row for row in rows[1:] if row not in agreeing and contradict(index, best, row)]
    if contrary:
        against = [row for row in contrary if _same_words(index, row, contrary[0])]
        more, fewer = sorted((agreeing, against), key=lambda side: -_n_saying(index, side))
        text = messages.one_after_the_other([_said(index, side, messages) for side in (more, fewer)])
        return Composed(text, [cite(index, row) for row in (*agreeing, *against)])
    worded = shown(phrased, index.texts[best], [index.texts[best]]) if phrased else index.texts[best]
    is_phrased = tokens(worded) != tokens(index.texts[best])
    text = _alone(index, agreeing, messages, worded if is_phrased else "")
    if origin == KIND:
        text = messages.translate("About a similar product: {answer}", answer=text)
    return Composed(text, [cite(index, row) for row in agreeing], is_phrased)


def contradict(index: PassageIndex, one: int, other: int) -> bool:
    """Check if two passages say the opposite: another value of one attribute, or the same words with a negation."""
    (text, other_text), columns = (index.texts[one], index.texts[other]), index.columns
    if columns["source"][one] in ATTRIBUTE_SOURCES and columns["source"][other] in ATTRIBUTE_SOURCES:
        (name, value), (other_name, other_value) = attribute_of(text), attribute_of(other_text)
        return bool(name) and name == other_name and value != other_value
    if numbers(text) != numbers(other_text):
        return False
    words, other_words = content(text), content(other_text)
    least = max(1.0, _MIN_OVERLAP * min(len(words), len(other_words)))
    is_close = len(words & other_words) >= least
    return is_close and _negates(text) != _negates(other_text)


def cite(index: PassageIndex, row: int, start: int = 0, end: int | None = None) -> Citation:
    """Cite characters of a passage, by default all of them."""
    text = index.texts[row]
    return {
        "passage_id": index.columns["passage_id"][row],
        "sentence": index.columns["place"][row],
        "start": start,
        "end": len(text) if end is None else end,
    }


def second_person(text: str) -> str:
    """Address the reader where an English sentence speaks of users or buyers: `the user can`, `you can`."""
    changed = text
    for pattern, word in _SECOND_PERSON:
        changed = pattern.sub(word, changed)
    if text[:1].isupper():
        changed = changed[:1].upper() + changed[1:]
    return changed


def _negates(text: str) -> bool:
    """Check if the sentence after a `yes` or `no` at its start is negated; two negations are none."""
    return n_negations(_YES_OR_NO.sub("", text)) % 2 == 1


def _alone(index: PassageIndex, rows: Sequence[int], messages: Messages, phrased: str) -> str:
    source, text = index.columns["source"][rows[0]], index.texts[rows[0]]
    if source == COMMENT or _FIRST_PERSON.search(text):
        return _said(index, rows, messages, phrased)
    return phrased or second_person(text)


def _said(index: PassageIndex, rows: Sequence[int], messages: Messages, phrased: str = "") -> str:
    """Quote a passage with those who say it; in other words it has no quotation marks."""
    source, quote = str(index.columns["source"][rows[0]]), phrased or messages.quoted(index.texts[rows[0]])
    if source in _DATA_SAY:
        return messages.translate(_DATA_SAY[source], quote=quote)
    return messages.translate_plural(*_PEOPLE_SAY[source], _n_saying(index, rows), quote=quote)


def _n_saying(index: PassageIndex, rows: Sequence[int]) -> int:
    """Number of those who say the same as the first passage, in sources like its own."""
    sources = index.columns["source"]
    return sum(int(str(index.columns["n_agreeing"][row])) for row in rows if sources[row] == sources[rows[0]])


def _same_words(index: PassageIndex, one: int, other: int) -> bool:
    return tokens(index.texts[one]) == tokens(index.texts[other])
