"""The demo world as landing days: a seeded shop with communities of taste. It proves plumbing, never quality."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.vocabulary import Entity
from socialrec.lake.schemas import arrow_type
from socialrec.sources.demo.activity import Comments, make_comments, make_events, make_looks
from socialrec.sources.demo.faults import Counts, Record, Records, deliver
from socialrec.sources.demo.gallery import Gallery, make_gallery, write_pictures
from socialrec.sources.demo.ids import comment_id, product_id, user_id
from socialrec.sources.demo.records import (
    comment_records,
    follow_records,
    interaction_records,
    product_records,
)
from socialrec.sources.demo.service import DemoService
from socialrec.sources.demo.texts import Tongues, make_tongues
from socialrec.sources.demo.words.vocabulary import ASPECTS, SENTIMENTS, ProductTraits
from socialrec.sources.demo.world import DemoCatalogue, DemoWorld, People, make_catalogue, make_follows, make_people
from socialrec.sources.landing import Format, Imported, write_day
from socialrec.sources.landing import deliver as deliver_days

PLATFORM = "demo"
FORMATS: dict[Entity, Format] = {
    Entity.PRODUCTS: "parquet",
    Entity.INTERACTIONS: "jsonl.gz",
    Entity.COMMENTS: "jsonl",
    Entity.FOLLOWS: "csv",
    Entity.QUESTIONS: "jsonl",
    Entity.ANSWERS: "jsonl.gz",
    Entity.TEMPLATES: "csv",
}
"""Formats of the demo's files, which cover every format of ingest."""

_DEFAULT = DemoWorld()


@dataclass(frozen=True)
class _Scene:
    people: People
    catalogue: DemoCatalogue
    comments: Comments
    tongues: Tongues
    gallery: Gallery
    traits: Sequence[ProductTraits]
    personal: Sequence[str]
    questions: list[Record]
    records: Mapping[Entity, Records]


def write_demo(landing: Path, last_day: date, truth: Path, settings: DemoWorld = _DEFAULT) -> Imported:
    """Write the demo world's landing days up to `last_day` below `<landing>/demo`, and its planted facts into `truth`.

    `truth` gets users.parquet, products.parquet, pictures.parquet, comments.parquet, questions.parquet, and counts.json
    (`faults.Counts` by entity, and those of pictures).
    In a world that is not English, users.parquet has the `language` of each, products.parquet the `languages` of each
    and if its text tells style and category, comments.parquet the kind of the personal data in it, or "". The same
    settings and day give the same bytes. Where the demo world has landed before, nothing is written.
    """
    first = last_day - timedelta(days=settings.days - 1)
    days = [(first + timedelta(days=number)).isoformat() for number in range(settings.days)]

    def write(platform: str) -> Mapping[str, int]:
        scene = _make_scene(settings, first)
        deliveries = {entity: deliver(settings, entity, records, first) for entity, records in scene.records.items()}
        folders = [landing / platform / ds for ds in days]
        pictures = write_pictures(settings, scene.gallery, scene.traits, scene.records[Entity.PRODUCTS], folders)
        for entity, delivery in deliveries.items():
            for number, records in delivery.by_day.items():
                write_day(landing, platform, days[number], entity, _content(entity, records), form=FORMATS[entity])
        counts = {entity.value: delivery.counts for entity, delivery in deliveries.items()} | {"pictures": pictures}
        _write_truth(truth, settings, scene, counts)
        return {entity.value: delivery.counts.records for entity, delivery in deliveries.items()}

    return deliver_days(landing, PLATFORM, write)


def _make_scene(world: DemoWorld, first: date) -> _Scene:
    people, catalogue = make_people(world), make_catalogue(world)
    follows = make_follows(world, people)
    looks = make_looks(world, people, catalogue, follows)
    comments = make_comments(world, people, catalogue, looks, follows)
    tongues, gallery = make_tongues(world), make_gallery(world)
    products, traits = product_records(world, catalogue, tongues, gallery, first)
    said, personal = comment_records(world, people, comments, products=traits, tongues=tongues, first=first)
    records = {
        Entity.PRODUCTS: products,
        Entity.INTERACTIONS: interaction_records(make_events(world, people, catalogue, looks), first),
        Entity.COMMENTS: said,
        Entity.FOLLOWS: follow_records(follows, first),
    }
    service = DemoService(world, people, catalogue, comments, products, traits, tongues, first).make()
    records |= {
        Entity.QUESTIONS: service.questions,
        Entity.ANSWERS: service.answers,
        Entity.TEMPLATES: service.templates,
    }
    return _Scene(people, catalogue, comments, tongues, gallery, traits, personal, service.truth, records)


def _content(entity: Entity, records: Sequence[Record | str]) -> pa.Table | list[str]:
    if FORMATS[entity].startswith("jsonl"):
        return [record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records]
    # Times stay text in both, so that an invalid time can be delivered too.
    fields = {
        column.name: pa.string() if column.type == "timestamp" else arrow_type(column.type)
        for column in ENTITIES[entity].columns
    }
    return pa.Table.from_pylist(list(records), schema=pa.schema(fields))


def _write_truth(truth: Path, world: DemoWorld, scene: _Scene, counts: Mapping[str, Counts]) -> None:
    shutil.rmtree(truth, ignore_errors=True)
    truth.mkdir(parents=True)
    for name, columns in (
        ("users", _user_truth(world, scene)),
        ("products", _product_truth(world, scene)),
        ("pictures", scene.gallery.truth()),
        ("comments", _comment_truth(world, scene)),
        ("questions", {name: [row[name] for row in scene.questions] for name in scene.questions[0]}),
    ):
        pq.write_table(pa.table(columns), truth / f"{name}.parquet")
    planted = {name: asdict(own) for name, own in counts.items()}
    (truth / "counts.json").write_text(json.dumps(planted, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _user_truth(world: DemoWorld, scene: _Scene) -> dict[str, Any]:
    def best(taste: Any, names: Sequence[str], n: int) -> list[list[str]]:
        return [[names[place] for place in row] for row in np.argsort(-taste, axis=1, kind="stable")[:, :n]]

    people, tongues = scene.people, scene.tongues
    columns = {
        "user_id": [user_id(number) for number in range(world.users)],
        "community": people.community,
        "categories": best(people.category_taste, tongues.categories, 3),
        "styles": best(people.style_taste, tongues.styles, 2),
        "is_cold": people.is_cold,
        "is_hub": np.arange(world.users) == people.hub,
    }
    if world.language == "en":
        return columns
    return columns | {"language": [tongues.of_user(number).language for number in range(world.users)]}


def _product_truth(world: DemoWorld, scene: _Scene) -> dict[str, Any]:
    catalogue, tongues = scene.catalogue, scene.tongues
    columns = {
        "product_id": [product_id(number) for number in range(world.products)],
        "category": [tongues.categories[place] for place in catalogue.category],
        "style": [tongues.styles[place] for place in catalogue.style],
        "is_cold": catalogue.is_cold,
        "is_active": catalogue.last_day >= world.days,
    }
    if world.language == "en":
        return columns
    return columns | {
        "languages": [
            [words.language for words in tongues.languages_of_product(number)] for number in range(world.products)
        ],
        "text_tells_style": tongues.tells_style,
        "text_tells_category": tongues.tells_category,
    }


def _comment_truth(world: DemoWorld, scene: _Scene) -> dict[str, Any]:
    comments = scene.comments
    columns = {
        "comment_id": [comment_id(number) for number in range(len(comments.user))],
        "sentiment": [SENTIMENTS[place] for place in comments.sentiment],
        "aspect": [ASPECTS[place] for place in comments.aspect],
        "is_reply": comments.parent >= 0,
    }
    return columns if world.language == "en" else columns | {"personal_data": list(scene.personal)}
