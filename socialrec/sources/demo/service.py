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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from socialrec.sources.demo.activity import DAY_SECONDS, Comments
from socialrec.sources.demo.faults import Record, Records
from socialrec.sources.demo.ids import product_id, question_id, user_id
from socialrec.sources.demo.records import stamp
from socialrec.sources.demo.texts import Tongues
from socialrec.sources.demo.words.vocabulary import ASPECTS, ProductTraits, ServiceWords, at, pick
from socialrec.sources.demo.world import DemoCatalogue, DemoWorld, Flags, People

_PART = 20
"""Part of the world's random numbers; see `DemoWorld.rng`."""
_OPENING_SHARE = 0.5
"""Share of the earlier questions that were asked on the first day, when the form was new."""
_KINDS = {"template": 0.3, "attribute": 0.2, "description": 0.15, "comment": 0.2, "none": 0.1, "out_of_scope": 0.05}
"""Kinds of questions, with their shares."""
_CUSTOMER_SHARE = 0.35
"""Share of questions about a product to which a customer answers too."""
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
    """Maker of questions and answers about a world: settings, people, products with traits and rows, comments,
    languages.
    """

    world: DemoWorld
    people: People
    catalogue: DemoCatalogue
    comments: Comments
    products: Records
    traits: Sequence[ProductTraits]
    tongues: Tongues
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
        new = [self._question(last, kind) for kind in kinds] + [
            self._odd(last, name) for name in self.tongues.shop.service.odd
        ]
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
        rng, shop = self._rng, self.tongues.shop.service
        second = day * DAY_SECONDS + int(rng.integers(_OPEN, _CLOSE))
        if kind == "out_of_scope":
            return self._asked(second, _NOBODY, rng.random(), lambda words: words.out_of_scope, (kind, kind))
        if kind == "comment" and (place := self._comment_before(second)) is not None:
            topic = ASPECTS[self.comments.aspect[place]]
            product = int(self.comments.product[place])
            return self._asked(second, product, rng.random(), lambda words: words.comments[topic], (topic, kind))
        # Before the first comments people ask what the page says.
        kind = kind if kind in shop.topics else "description"
        topic = pick(rng, tuple(shop.topics[kind]))
        product = _NOBODY if kind == "template" else self._offered(day, kind)
        truth = topic, self._evidence(kind, topic)
        return self._asked(second, product, rng.random(), lambda words: words.topics[kind][topic], truth)

    def _evidence(self, kind: str, topic: str) -> str:
        if kind == "description":
            return f"description/{list(self.tongues.shop.service.descriptions).index(topic)}"
        return topic if kind == "attribute" else kind

    def _odd(self, day: int, name: str) -> _Asked:
        """Question that holds personal data, an insult or instructions, about a product that is on offer."""
        _, *truth = self.tongues.shop.service.odd[name]
        second = day * DAY_SECONDS + int(self._rng.integers(_OPEN, _CLOSE))
        product = self._offered(day, "description")
        return self._asked(second, product, 0.0, lambda words: words.odd[name][:1], truth)

    def _asked(
        self,
        second: int,
        product: int,
        mark: float,
        forms: Callable[[ServiceWords], Sequence[str]],
        truth: Sequence[str],
    ) -> _Asked:
        """Question in the form at `mark` among those that its asker's language has for it; `truth` is topic and
        evidence.
        """
        user = int(self._rng.choice(np.flatnonzero(~self.people.is_cold)))
        words = self.tongues.of_user(user)
        noun = words.noun(self.traits[product]) if product != _NOBODY else ""
        return _Asked(second, user, product, at(mark, forms(words.service)).format(noun=noun), *truth)

    def _offered(self, day: int, kind: str) -> int:
        """Draw a product that is on offer on that day, and whose description tells what it is asked for."""
        fits = self._on_offer(day)
        if kind == "description":
            fits = fits & self.tongues.tells_style
        return int(self._rng.choice(np.flatnonzero(fits)))

    def _on_offer(self, day: int) -> Flags:
        offered: Flags = (self.catalogue.first_day <= day) & (day < self.catalogue.last_day)
        return offered

    def _comment_before(self, second: int) -> int | None:
        """Draw a comment about an aspect that people ask for, on a product that is on offer; None without any."""
        aspects = [ASPECTS.index(topic) for topic in self.tongues.shop.service.comments]
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
        rng, topics = self._rng, self.tongues.shop.service.comments
        base = {"question_id": question_id(number)}
        if one.evidence != "comment":
            greeting = pick(rng, self.tongues.of_user(one.user).service.greetings)
            yield self._dated({**base, "text": greeting + self._shop_says(one), "author_kind": "shop"}, one)
        if one.evidence == "comment" or (one.product != _NOBODY and rng.random() < _CUSTOMER_SHARE):
            aspect = one.topic if one.topic in topics else pick(rng, tuple(topics))
            sentiment, mark = int(rng.integers(3)), rng.random()
            author = int(rng.choice(np.flatnonzero(~self.people.is_cold)))
            words = self.tongues.of_user(author)
            text = pick(rng, words.service.opinions).format(said=at(mark, words.comments.aspects[aspect][sentiment]))
            row = {**base, "text": text, "author_kind": "customer", "user_id": user_id(author)}
            yield self._dated({**row, "n_votes": int(rng.poisson(2.0))}, one)

    def _shop_says(self, one: _Asked) -> str:
        """Answer in the asker's language; a description is quoted as it is."""
        words = self.tongues.of_user(one.user)
        if one.evidence == "out_of_scope":
            return words.service.refusal
        if one.topic in words.service.unanswered:
            return words.service.unanswered[one.topic][1].format(noun=words.noun(self.traits[one.product]))
        if one.evidence.startswith("description/"):
            full_stop = self.tongues.languages_of_product(one.product)[0].full_stop
            sentences = str(self._described(one.product, one.day)["description"]).split(full_stop)
            return sentences[int(one.evidence.removeprefix("description/"))]
        text = self.tongues.shop.service.templates[one.topic][words.language]
        if one.evidence == "template":
            return text
        row = self._described(one.product, one.day)
        return text.format(brand=row["brand"], price=f"{row['price_cents'] / 100:.2f} {row['currency']}")

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
            for intent, texts in self.tongues.shop.service.templates.items()
            for language, text in texts.items()
        ]
        return Records(rows, np.zeros(len(rows), dtype=np.int64))
