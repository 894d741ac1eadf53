"""`socialrec explain`: score one user again with the model and the evidence of a published day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow.compute as pc

from socialrec import tracking
from socialrec.contracts.gold import MODEL_DECISIONS, RECOMMENDATIONS, USER_PROFILES
from socialrec.display.messages.catalogue import Messages, messages_in
from socialrec.errors import UserError
from socialrec.features.context import Stamp
from socialrec.lake import Lake
from socialrec.local_stack.nights.overview import require_published
from socialrec.recommend.explain.explanation import Explanation, explain_product
from socialrec.recommend.explain.sentences import describe
from socialrec.recommend.lists.night import Night, read_users
from socialrec.recommend.lists.product_labels import described, labels_of, product_ids_of
from socialrec.recommend.lists.published import user_keys_of
from socialrec.recommend.lists.readers import Readers
from socialrec.recommend.model import Recommender
from socialrec.recommend.model_files import require_unchanged
from socialrec.settings import Settings
from socialrec.tracking import RECOMMENDER

Explained = tuple[Explanation, str, str]


def explain(settings: Settings, user: str, product_id: str, ds: str | None) -> list[Explained]:
    """Explain a product on every platform that has the user, with its title and the reasons in one line, in the
    user's language.

    Raises UserError where user, product or day is not known, or the model cannot be fetched.
    """
    lake = Lake(settings.lake)
    newest = require_published(settings, lake, ds)
    keys = user_keys_of(user, lake, settings, newest)
    versions = lake.dataset(RECOMMENDATIONS, [newest]).head(1, columns=["recommender_version", "encoder_version"])
    if not versions.num_rows:
        raise UserError(f"nobody has a list of {newest}")
    stamp = Stamp(newest, **versions.to_pylist()[0])
    folder = tracking.connect(settings).fetch(RECOMMENDER, stamp.recommender_version)
    require_unchanged(lake.read(MODEL_DECISIONS), stamp.recommender_version, folder)
    model = Recommender.load(folder)
    night = Night.read(lake, model.products.to_pylist(), stamp, settings.recommend)
    context = night.snapshot(read_users(lake, newest, keys))
    profiles = lake.read(USER_PROFILES, [newest], ["user_key", "platform", "language"], pc.field("user_key").isin(keys))
    profile_of = {row["user_key"]: row for row in profiles.to_pylist()}
    known = product_ids_of(lake, newest, product_id)
    # A user's own platform first, then any that has the product.
    asked = {key: known.get(profile_of[key]["platform"]) or next(iter(known.values()), product_id) for key in keys}
    found = [explain_product(model, context, key, asked[key]) for key in keys]
    behind = {product for one in found for reason in one.reasons for product in reason["products"]}
    products = described(lake, newest, {*asked.values(), *behind})
    readers = Readers.of_day(lake, newest, settings.lists.language)
    languages = [readers.language(profile_of[key]["platform"], profile_of[key]["language"]) for key in keys]
    return [_in_words(one, products, messages_in(language)) for one, language in zip(found, languages, strict=True)]


def _in_words(one: Explanation, products: Sequence[Mapping[str, Any]], messages: Messages) -> Explained:
    names = labels_of(products, messages)
    reasons = messages.side_by_side([describe(reason, names.titles, messages) for reason in one.reasons])
    theirs = tuple(names.in_reason(reason) for reason in one.reasons)
    shown = replace(one, product_id=names.source_id(one.product_id), reasons=theirs)
    return shown, names.title(one.product_id), reasons
