"""Passages that are made of people's words, by the records of bronze, which hold every wording that ever landed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.bronze import BRONZE
from socialrec.contracts.product_ids import qualified_id
from socialrec.contracts.vocabulary import Entity, PassageSource
from socialrec.etl.wording.cleaning import cleaned
from socialrec.features.passages import normalised, passage_id, passages_in
from socialrec.lake import Lake
from socialrec.settings.etl import EtlSettings

Record = dict[str, Any]


@dataclass(frozen=True)
class CitedWords:
    """Words of people that passages may hold.

    passage_ids: of the passages that repeat a sentence of theirs, whoever else says it, and of the answers to their
    questions. text_hashes: of their own sentences.
    """

    passage_ids: frozenset[str]
    text_hashes: frozenset[str]


def cited_words(lake: Lake, etl: EtlSettings, ids: Sequence[str]) -> CitedWords:
    """Find the words of users by their ids as landed."""
    people = pa.array(ids, pa.string())
    own = pc.field("user_id").isin(people)
    comments = lake.read(BRONZE[Entity.COMMENTS], columns=["platform", "product_id", "text"], filter=own)
    found = [
        (_subject(row, etl), PassageSource.COMMENT, sentence, True)
        for row in comments.to_pylist()
        for sentence in _sentences(row, PassageSource.COMMENT, etl)
    ]
    found += [
        (subject, PassageSource.ANSWER, sentence, row["user_id"] in ids)
        for row, subject in _answers(lake, etl, own)
        for sentence in _sentences(row, PassageSource.ANSWER, etl)
    ]
    return CitedWords(
        frozenset(passage_id(subject, source, normalised(sentence)) for subject, source, sentence, _ in found),
        frozenset(hashlib.sha256(sentence.encode()).hexdigest() for *_, sentence, is_theirs in found if is_theirs),
    )


def _answers(lake: Lake, etl: EtlSettings, own: pc.Expression) -> Iterator[tuple[Record, str]]:
    """Answers by the users and to their questions, each with the subject of its passages."""
    named = ["platform", "question_id", "product_id"]
    asked = lake.read(BRONZE[Entity.QUESTIONS], columns=named, filter=own)
    to_them = pc.field("question_id").isin(pc.unique(asked["question_id"]))
    columns = ["platform", "question_id", "user_id", "text"]
    answers = lake.read(BRONZE[Entity.ANSWERS], columns=columns, filter=own | to_them)
    answered = pc.field("question_id").isin(pc.unique(answers["question_id"]))
    questions = lake.read(BRONZE[Entity.QUESTIONS], columns=named, filter=answered).to_pylist()
    subjects = {_key(row, etl): _subject(row, etl) for row in questions}
    return ((row, subjects[_key(row, etl)]) for row in answers.to_pylist() if _key(row, etl) in subjects)


def _key(row: Record, etl: EtlSettings) -> tuple[str, ...]:
    """Key of the question that a record names."""
    return (row["question_id"],) if Entity.QUESTIONS in etl.shared_ids else (row["platform"], row["question_id"])


def _subject(row: Record, etl: EtlSettings) -> str:
    if row["product_id"] is None:
        return str(row["platform"])
    is_shared = Entity.PRODUCTS in etl.shared_ids
    return str(row["product_id"] if is_shared else qualified_id(row["platform"], row["product_id"]))


def _sentences(row: Record, source: PassageSource, etl: EtlSettings) -> Iterator[str]:
    return (sentence for _, sentence in passages_in(cleaned(row["text"] or "", etl.mask), source))
