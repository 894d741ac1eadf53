"""Customer service of the demo world: questions, answers by the shop and by customers, templates.

Each question has a planted topic and evidence, the place where its answer is:

template           the template of the topic's intent
brand, price       an attribute of the product, through the template of that intent
description/<n>    sentence n of the product's description
comment            a comment on the product about the aspect
none               nowhere, but in earlier answers about the same product
out_of_scope       nowhere: it is no question to this shop
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from socialrec.sources.demo_activity import DAY_SECONDS, Comments
from socialrec.sources.demo_faults import Record
from socialrec.sources.demo_records import Records, product_id, stamp, user_id
from socialrec.sources.demo_service_words import (
    ATTRIBUTE_TOPICS,
    COMMENT_TOPICS,
    DESCRIPTION_TOPICS,
    GENERAL_TOPICS,
    GREETINGS,
    ODD,
    OPINIONS,
    OUT_OF_SCOPE,
    TEMPLATES,
    UNANSWERED_TOPICS,
)
from socialrec.sources.demo_words import ASPECT_WORDS, ASPECTS, pick
from socialrec.sources.demo_world import DemoCatalogue, DemoWorld, Flags, People

_PART = 20
"""Part of the world's random numbers; see `DemoWorld.rng`."""
_OPENING_SHARE = 0.5
"""Share of the earlier questions that were asked on the first day, when the form was new."""
_KINDS = {"template": 0.3, "attribute": 0.2, "description": 0.15, "comment": 0.2, "none": 0.1, "out_of_scope": 0.05}
"""Kinds of questions, with their shares."""
_CUSTOMER_SHARE = 0.35
"""Share of questions about a product to which a customer answers too."""
TOPICS: dict[str, dict[str, tuple[str, ...]]] = {
    "template": GENERAL_TOPICS,
    "attribute": ATTRIBUTE_TOPICS,
    "description": DESCRIPTION_TOPICS,
    "none": {topic: forms for topic, (forms, _) in UNANSWERED_TOPICS.items()},
}
"""Questions by kind and topic; those about comments are by the aspects of comments."""
_PLACES = {topic: f"description/{place}" for place, topic in enumerate(DESCRIPTION_TOPICS)}
_NOBODY = -1
_OPEN, _CLOSE = 6 * 3_600, 22 * 3_600


@dataclass(frozen=True)
class Service:
    """Records of questions, answers and templates, and the truth of each question."""

    questions: Records
    answers: Records
    templates: Records
    truth: list[Record]


@dataclass(frozen=True)
class _Asked:
    """One question: the second of the world, who asks, about which product (-1: none), what, and its truth."""

    second: int
    user: int
    product: int
    text: str
    topic: str
    evidence: str

    @property
    def day(self) -> int:
        return self.second // DAY_SECONDS


@dataclass(frozen=True)
class DemoService:
    """Maker of questions and answers about a world: settings, people, products with nouns and rows, comments."""

    world: DemoWorld
    people: People
    catalogue: DemoCatalogue
    comments: Comments
    products: Records
    nouns: Sequence[str]
    first: date

    def make(self) -> Service:
        """Draw earlier questions with their answers, and the new ones of the last day."""
        world, rng, last = self.world, self._rng, self.world.days - 1
        is_opening = rng.random(world.questions) < _OPENING_SHARE
        days = np.where(is_opening, 0, rng.integers(0, last, world.questions))
        names, shares = list(_KINDS), list(_KINDS.values())
        kinds = rng.choice(names, world.questions, p=shares).tolist()
        earlier = [self._question(day, kind) for day, kind in zip(np.sort(days).tolist(), kinds, strict=True)]
        kinds = [kind for kind in names for _ in range(round(_KINDS[kind] * world.new_questions))]
        new = [self._question(last, kind) for kind in kinds] + [self._odd(last, name) for name in ODD]
        asked = [*earlier, *new]
        rows = [self._row(number, one) for number, one in enumerate(asked)]
        questions = Records(rows, np.array([one.day for one in asked]))
        truth = [
            {"question_id": row["question_id"], "user_id": row["user_id"], "topic": one.topic, "evidence": one.evidence}
            for row, one in zip(rows, asked, strict=True)
        ]
        return Service(questions, self._answer_records(earlier), self._templates(), truth)

    def _answer_records(self, asked: Sequence[_Asked]) -> Records:
        """Answers to these questions in order of time."""
        dated = [answer for number, one in enumerate(asked) for answer in self._answers(number, one)]
        dated.sort(key=lambda answer: answer[0])
        rows: list[Record] = [{"answer_id": f"a{number:05d}", **row} for number, (_, row) in enumerate(dated)]
        return Records(rows, np.array([second // DAY_SECONDS for second, _ in dated]))

    @cached_property
    def _rng(self) -> np.random.Generator:
        return self.world.rng(_PART)

    @cached_property
    def _rows(self) -> dict[str, list[tuple[int, Record]]]:
        """By product its rows, oldest first, with their days."""
        found: dict[str, list[tuple[int, Record]]] = {}
        for row, day in zip(self.products.rows, self.products.days.tolist(), strict=True):
            found.setdefault(row["product_id"], []).append((day, row))
        return found

    def _described(self, product: int, day: int) -> Record:
        """A product's newest row of that day."""
        return [row for begun, row in self._rows[product_id(product)] if begun <= day][-1]

    def _question(self, day: int, kind: str) -> _Asked:
        rng = self._rng
        second = day * DAY_SECONDS + int(rng.integers(_OPEN, _CLOSE))
        if kind == "out_of_scope":
            return self._asked(second, _NOBODY, pick(rng, OUT_OF_SCOPE), kind, kind)
        if kind == "comment" and (place := self._comment_before(second)) is not None:
            topic = ASPECTS[self.comments.aspect[place]]
            product = int(self.comments.product[place])
            return self._asked(second, product, pick(rng, COMMENT_TOPICS[topic]), topic, kind)
        # Before the first comments people ask what the page says.
        topics = TOPICS.get(kind, DESCRIPTION_TOPICS)
        topic = pick(rng, tuple(topics))
        product = _NOBODY if kind == "template" else self._offered(day)
        evidence = topic if topic in ATTRIBUTE_TOPICS else _PLACES.get(topic, kind)
        return self._asked(second, product, pick(rng, topics[topic]), topic, evidence)

    def _odd(self, day: int, name: str) -> _Asked:
        """Question that holds personal data, an insult or instructions, about a product on which somebody commented."""
        form, topic, evidence = ODD[name]
        second = day * DAY_SECONDS + int(self._rng.integers(_OPEN, _CLOSE))
        return self._asked(second, self._offered(day), form, topic, evidence)

    def _asked(self, second: int, product: int, form: str, topic: str, evidence: str) -> _Asked:
        users = np.flatnonzero(~self.people.is_cold)
        noun = self.nouns[product] if product != _NOBODY else ""
        return _Asked(second, int(self._rng.choice(users)), product, form.format(noun=noun), topic, evidence)

    def _offered(self, day: int) -> int:
        """Draw a product that is on offer on that day."""
        return int(self._rng.choice(np.flatnonzero(self._on_offer(day))))

    def _on_offer(self, day: int) -> Flags:
        offered: Flags = (self.catalogue.first_day <= day) & (day < self.catalogue.last_day)
        return offered

    def _comment_before(self, second: int) -> int | None:
        """Draw a comment about an aspect that people ask for, on a product that is on offer; None without any."""
        aspects = [ASPECTS.index(topic) for topic in COMMENT_TOPICS]
        fits = (self.comments.second < second) & np.isin(self.comments.aspect, aspects)
        fits &= self._on_offer(second // DAY_SECONDS)[self.comments.product]
        places = np.flatnonzero(fits)
        return int(self._rng.choice(places)) if len(places) else None

    def _row(self, number: int, one: _Asked) -> Record:
        about = {} if one.product == _NOBODY else {"product_id": product_id(one.product)}
        row = {"question_id": question_id(number), "user_id": user_id(one.user), **about, "text": one.text}
        return {**row, "asked_ts": stamp(self.first, one.second)}

    def _answers(self, number: int, one: _Asked) -> Iterator[tuple[int, Record]]:
        """Answers of the shop and of customers, with their seconds."""
        rng = self._rng
        base = {"question_id": question_id(number)}
        if one.evidence != "comment":
            yield self._dated({**base, "text": pick(rng, GREETINGS) + self._shop_says(one), "author_kind": "shop"}, one)
        if one.evidence == "comment" or (one.product != _NOBODY and rng.random() < _CUSTOMER_SHARE):
            aspect = one.topic if one.topic in COMMENT_TOPICS else pick(rng, tuple(COMMENT_TOPICS))
            said = pick(rng, ASPECT_WORDS[aspect][int(rng.integers(3))])
            author = user_id(int(rng.choice(np.flatnonzero(~self.people.is_cold))))
            row = {**base, "text": pick(rng, OPINIONS).format(said=said), "author_kind": "customer", "user_id": author}
            yield self._dated({**row, "n_votes": int(rng.poisson(2.0))}, one)

    def _shop_says(self, one: _Asked) -> str:
        if one.evidence == "out_of_scope":
            return "I am afraid that we cannot help you with that."
        if one.topic in UNANSWERED_TOPICS:
            return UNANSWERED_TOPICS[one.topic][1].format(noun=self.nouns[one.product])
        if one.evidence == "template":
            return TEMPLATES[one.topic]["en"]
        row = self._described(one.product, one.day)
        if one.topic in ATTRIBUTE_TOPICS:
            price = f"{row['price_cents'] / 100:.2f} {row['currency']}"
            return TEMPLATES[one.topic]["en"].format(brand=row["brand"], price=price)
        return str(row["description"].split(". ")[int(one.evidence.removeprefix("description/"))])

    def _dated(self, row: Record, one: _Asked) -> tuple[int, Record]:
        """The answer some hours later, within the world's time."""
        second = one.second + 600 + int(self._rng.exponential(DAY_SECONDS / 4))
        second = min(second, self.world.days * DAY_SECONDS - 1)
        return second, {**row, "answered_ts": stamp(self.first, second)}

    def _templates(self) -> Records:
        rows: list[Record] = [
            {
                "template_id": f"{intent}-{language}",
                "intent": intent,
                "text": text,
                "language": language,
                "updated_ts": stamp(self.first, _OPEN),
            }
            for intent, texts in TEMPLATES.items()
            for language, text in texts.items()
        ]
        return Records(rows, np.zeros(len(rows), dtype=np.int64))


def question_id(number: int) -> str:
    """Shop's identifier of a question."""
    return f"q{number:05d}"
