"""One question answered now, as the next run of answers would: `socialrec ask`, and the form of socialrec_answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from socialrec import tracking
from socialrec.answers.evidence import read_evidence
from socialrec.answers.model import FILES, AnswersModel, digest_of, phrasing_version
from socialrec.answers.night import AnsweringNight, AnswersStamp
from socialrec.answers.questions import UNKNOWN_LANGUAGE
from socialrec.answers.tables import QUESTIONS
from socialrec.contracts.gold import MOST_PRODUCTS, PASSAGES, PRODUCT_ATTRIBUTES, RECOMMENDATIONS
from socialrec.contracts.runs import UNTRAINED
from socialrec.contracts.silver import SILVER_PRODUCTS, SILVER_TEMPLATES
from socialrec.encoders.prompts import Role, vectors_version
from socialrec.errors import UserError
from socialrec.etl.wording.cleaning import cleaned
from socialrec.features.passages import PRICE, price_of
from socialrec.lake import Lake
from socialrec.language.detecting import language_of
from socialrec.recommend.lists.product_labels import product_ids_of
from socialrec.recommend.lists.published import user_keys_of
from socialrec.settings import Settings
from socialrec.settings.paths import below
from socialrec.tracking import ANSWERS, ENCODER


@dataclass(frozen=True)
class PinnedAnswers:
    """Versions and folders of a model of answers and of the encoder that it was trained on."""

    answers_version: str
    answers_folder: Path
    encoder_version: str
    encoder_model_version: str
    encoder_folder: Path
    generator_version: str
    """Name and hash of the model that phrases answers; empty where none does."""


def pin_answers(settings: Settings, tracker: tracking.Tracker) -> PinnedAnswers:
    """Fetch the champion of the models of answers with its encoder; without one, the untrained model with the encoder
    of the nights.

    Raises UserError where there is no encoder yet, or `answers.generator` names no model.
    """
    champion, encoder = tracker.champion(ANSWERS), tracker.champion(ENCODER)
    if encoder is None:
        raise UserError("there is no encoder yet: run the socialrec_nightly DAG, whose first night trains one")
    model_version = champion.tags["encoder_model_version"] if champion else encoder.version
    encoder_folder = tracker.fetch(ENCODER, model_version)
    encoder_version = vectors_version(encoder_folder, Role.QUERY)
    if champion is not None:
        folder = fetch_answers(tracker, champion)
        phrasing = phrasing_version(folder, settings.answers.generator)
        return PinnedAnswers(champion.version, folder, encoder_version, model_version, encoder_folder, phrasing)
    folder = below(settings.models, ANSWERS, f"{UNTRAINED}-{encoder_version}")
    AnswersModel.untrained(encoder_version, settings.answers).save(folder)
    phrasing = phrasing_version(folder, settings.answers.generator)
    return PinnedAnswers(UNTRAINED, folder, encoder_version, model_version, encoder_folder, phrasing)


def fetch_answers(tracker: tracking.Tracker, model: tracking.ModelRef) -> Path:
    """Fetch a version of the models of answers. Raises UserError where its files are not those that were decided on."""
    folder = tracker.fetch(ANSWERS, model.version)
    if digest_of(folder) != model.tags.get(FILES):
        raise UserError(
            f"files of version {model.version} of {ANSWERS} changed or went since it was decided on: delete {folder}, "
            "which is then fetched from MLflow again; if that does not help, go back to another version "
            "(socialrec_rollback_answers) or train the answers again"
        )
    return folder


def ask(settings: Settings, text: str, product: str | None = None, user: str | None = None) -> dict[str, Any]:
    """Answer one question by the newest passages: a row of gold.answers, and the question as it was read.

    product: its id as landed. user: an id as landed, or the beginning of a user key; their list adds products. Raises
    UserError where there are no passages, or no such user.
    """
    lake = Lake(settings.lake)
    ds = lake.last_partition(PASSAGES)
    if ds is None:
        raise UserError("nothing may be cited yet: run the socialrec_answers DAG once")
    desk = Desk(settings, lake, ds, pin_answers(settings, tracking.connect(settings)))
    product_id = desk.product_id(product)
    evidence = desk.evidence(product_id)
    read = " ".join(cleaned(text, settings.etl.mask).split())
    question = desk.question(read, product_id, desk.listed(user, product_id, evidence))
    is_about = pc.is_valid(evidence["product_id"])
    night = desk.night(evidence.filter(pc.invert(is_about)))
    model = night.stamp.load(desk.pins.answers_folder, settings.text, settings.answers)
    [row] = night.answers(question, evidence.filter(is_about), model).to_pylist()
    return {"question": read, **row}


@dataclass(frozen=True)
class Desk:
    """Tables and pinned models of a day, by which one question is answered."""

    settings: Settings
    lake: Lake
    ds: str
    pins: PinnedAnswers

    def product_id(self, product: str | None) -> str | None:
        """Silver's id of a product as landed; an unknown one stays as it is, and is answered so."""
        return next(iter(product_ids_of(self.lake, self.ds, product).values()), product) if product else None

    def evidence(self, product_id: str | None) -> pa.Table:
        """Passages of the product's category, or else of the product alone, and about no product, with vectors."""
        about = pc.field("product_id") == (product_id or "")
        categories = self.lake.read(PASSAGES, [self.ds], ["category"], filter=about)["category"].to_pylist()
        category = next(iter(categories), None)
        version = vectors_version(self.pins.encoder_folder, Role.PASSAGE)
        return read_evidence(self.lake, self.ds, version, product_id, category)

    def listed(self, user: str | None, product_id: str | None, evidence: pa.Table) -> list[str]:
        """Products of the user's list that are of the category asked about."""
        if user is None or product_id is None:
            return []
        keys = pa.array(user_keys_of(user, self.lake, self.settings, self.ds), pa.string())
        own = pc.field("user_key").isin(keys)
        places = self.lake.read(RECOMMENDATIONS, [self.ds], ["rank", "product_id"], filter=own)
        of_kind = set(evidence["product_id"].to_pylist()) - {product_id}
        ranked: list[str] = places.sort_by("rank")["product_id"].to_pylist()
        return [product for product in ranked if product in of_kind][:MOST_PRODUCTS]

    def night(self, general: pa.Table) -> AnsweringNight:
        """Night of these passages about no product."""
        templates = self.lake.read(SILVER_TEMPLATES, [self.ds])
        pins = self.pins
        stamp = AnswersStamp(self.ds, pins.answers_version, pins.encoder_version, pins.generator_version)
        active = templates.filter(templates["is_active"])
        return AnsweringNight(active, self.attribute_names(), general, stamp, self.settings.answers)

    def question(self, text: str, product_id: str | None, listed: list[str]) -> pa.Table:
        """The question as a row of `etl.gold.questions.QuestionBlocks`."""
        # torch is imported only here, so that pinning does not pay for it.
        from socialrec.encoders.encoder import load_saved
        from socialrec.text.understanding.intents import has_intents, intents_of

        vector = load_saved(self.pins.encoder_folder, self.settings.text).encode([text])
        intent: dict[str, Any] = {"intent": None, "intent_confidence": None}
        if has_intents(self.pins.encoder_folder):
            [intent] = intents_of(self.pins.encoder_folder, vector).to_pylist()
        offered, attributes = self._known(product_id)
        row = {
            **dict.fromkeys((*QUESTIONS.names, "user_key", "platform", "text_hash"), ""),
            **{"question_id": "asked now", "text": text, "product_id": product_id},
            "language": language_of(text) or UNKNOWN_LANGUAGE,
            **{"is_offered": offered, "attributes": attributes, "products": listed},
            **intent,
            **{"embedding": vector[0].tolist(), "earlier": None},
        }
        types = {field.name: field.type for field in QUESTIONS} | {"embedding": pa.list_(pa.float32())}
        return pa.table({name: pa.array([value], types.get(name)) for name, value in row.items()})

    def attribute_names(self) -> list[str]:
        """Names of the attributes that any product has, `price` among them, in alphabetical order."""
        named = self.lake.read(PRODUCT_ATTRIBUTES, [self.ds], ["attribute"])["attribute"].unique().to_pylist()
        priced = self.lake.dataset(SILVER_PRODUCTS, [self.ds]).head(1, filter=pc.field("price_cents").is_valid())
        return sorted({*named, PRICE} if priced.num_rows else named)

    def _known(self, product_id: str | None) -> tuple[bool | None, list[dict[str, Any]]]:
        """Check if a product is offered (None without one), and read its attributes with its price."""
        if product_id is None:
            return None, []
        about = pc.field("product_id") == product_id
        names = ["attribute", "value", "confidence"]
        attributes: list[dict[str, Any]] = self.lake.read(
            PRODUCT_ATTRIBUTES, [self.ds], names, filter=about
        ).to_pylist()
        products = self.lake.read(SILVER_PRODUCTS, [self.ds], ["is_active", "price_cents", "currency"], filter=about)
        for product in products.to_pylist():
            if product["price_cents"] is not None:
                price = price_of(product["price_cents"], product["currency"])
                attributes.append({"attribute": PRICE, "value": price, "confidence": 1.0})
            return product["is_active"], attributes
        return False, attributes
