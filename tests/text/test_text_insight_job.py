"""The job that tells what texts say, on a tiny lake: once, and anew only where something changed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from four_products import (
    DS,
    NEXT_DS,
    PRODUCTS,
    START,
    action,
    call,
    comment,
    description,
    register,
    texts,
    train_encoder,
    write,
)

from socialrec.contracts.gold import (
    BEHAVIOUR_PROPENSITIES,
    COMMENT_INSIGHTS,
    PRODUCT_ATTRIBUTES,
    TEXTS,
    USER_OPINIONS,
    USER_PRODUCT_AFFINITY,
)
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.encoders.encoder import Encoder
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.recommend.training.steps import forget_steps
from socialrec.settings import Settings, load_settings
from socialrec.text.understanding.aspect_learning import aspects_beside, save_aspects

INSIGHTS = (COMMENT_INSIGHTS, PRODUCT_ATTRIBUTES, BEHAVIOUR_PROPENSITIES, USER_OPINIONS)


def liked(day: int, product: str) -> dict[str, Any]:
    numbers = {"affinity_micros": 1_000_000, "settled_micros": 1_000_000, "settled_ds": "2026-01-01", "n_events": 1}
    numbers |= {"n_favourable": 0, "n_returns": 0}
    return {"user_key": f"u{day}", "product_id": product, **numbers}


def stated(product: str) -> dict[str, Any]:
    """Shoes and chairs are wear, lamps and books are tools; of the book the shop does not say so."""
    category = None if product == "book" else "wear" if product in {"shoe", "chair"} else "tool"
    text = product if category is None else f"{product}. {category}"
    return description(product) | {"category": category, "text": text, "text_hash": f"hash of {text}"}


@pytest.fixture
def talkative(shop: Settings) -> Settings:
    """Each click follows a view, comments have stars, and every other one a topic; all texts are to be encoded."""
    lines = ['tasks = ["retrieval", "sentiment", "topic", "next_action"]', 'encode_with = "process"']
    lines += ["min_attribute_confidence = 0.0", 'aspects = { colour = ["red", "blue"], touch = ["soft"] }']
    with (shop.home / "settings.toml").open("a") as file:
        file.write("\n" + "\n".join(lines) + "\n")
    settings, days = load_settings(shop.home), list(enumerate([*PRODUCTS] * 5))
    lake = Lake(settings.lake)
    views = [
        action(*day)
        | {"event_id": f"v{day[0]}", "event_type": "view", "event_ts": START + timedelta(days=day[0], seconds=-9)}
        for day in days
    ]
    carts = [action(*day) | {"event_id": f"k{day[0]}", "event_type": "cart"} for day in days[::2]]
    clicks = [action(*day) for day in days]
    write(lake, SILVER_INTERACTIONS, DS, [event | {"quantity": 1.0} for event in [*views, *clicks, *carts]])
    said = [
        comment(*day) | {"rating": 5.0 if day[0] % 2 else 1.0, "topic": ("colour", None, "touch", None)[day[0] % 4]}
        for day in days
    ]
    write(lake, SILVER_COMMENTS, DS, [{**row, "text_hash": f"hash of {row['text']}"} for row in said])
    write(lake, SILVER_PRODUCTS, DS, [stated(product) for product in PRODUCTS])
    write(lake, USER_PRODUCT_AFFINITY, DS, [liked(*day) for day in days])
    worded = {row["text"] for row in said} | {stated(product)["text"] for product in PRODUCTS}
    write(lake, TEXTS, DS, texts(*sorted(worded)))
    return settings


def asking(folder: Path) -> tuple[str, str]:
    return "--encoder-folder", str(folder)


def encoded(settings: Settings) -> tuple[str, str]:
    """A tuned encoder under which all texts have vectors, as an argument."""
    asked = asking(train_encoder(settings))
    call(settings, "embed_texts", *asked)
    return asked


def versions(lake: Lake) -> list[int | None]:
    return [lake.version(table) for table in INSIGHTS]


def test_comments_are_read_for_what_the_training_learned_beyond_the_lists(talkative: Settings) -> None:
    folder = train_encoder(talkative)
    assert aspects_beside(folder) == {}
    save_aspects({"beginning": ("the",)}, folder)
    call(talkative, "embed_texts", *asking(folder))
    call(talkative, "predict_insights", *asking(folder))
    said = {row["comment_id"]: row for row in Lake(talkative.lake).read(COMMENT_INSIGHTS, [DS]).to_pylist()}
    assert said["c0"]["aspects"] == ["beginning", "colour"]
    assert said["c0"]["aspect_sentiments"] == ["negative", "negative"]


def test_what_texts_say_is_predicted_once_and_anew_only_where_something_changed(talkative: Settings) -> None:
    lake = Lake(talkative.lake)
    asked = encoded(talkative)
    assert call(talkative, "predict_insights", *asked, "--dry-run")["status"] == "dry_run"
    assert [lake.partitions(table) for table in INSIGHTS] == [[]] * 4
    receipt = call(talkative, "predict_insights", *asked)
    # Three of the four products state a category; nobody named a brand. Two actions can follow: cart and click.
    counts = {"comment_insights": 20, "product_attributes": 3, "behaviour_propensities": 40}
    assert {name: receipt["counts"][name] for name in counts} == counts
    said = {row["comment_id"]: row for row in lake.read(COMMENT_INSIGHTS, [DS]).to_pylist()}
    assert [(said[f"c{n}"]["sentiment"], said[f"c{n}"]["aspects"]) for n in range(3)] == [
        *(("negative", ["colour"]), ("positive", ["colour"]), ("negative", []))
    ]
    assert said["c0"]["topic"] == "colour"
    assert said["c1"]["topic"] in {"colour", "touch"}
    chances = lake.read(BEHAVIOUR_PROPENSITIES, [DS]).group_by("user_key").aggregate([("probability", "sum")])
    np.testing.assert_allclose(chances["probability_sum"].to_numpy(), np.ones(20), rtol=1e-5)
    opinions = {
        (row["user_key"], row["kind"], row["subject"]): (row["sentiment"], row["n_comments"])
        for row in lake.read(USER_OPINIONS, [DS]).to_pylist()
    }
    assert opinions["u1", "category", "tool"] == (1.0, 1)
    assert opinions["u0", "aspect", "colour"] == (-1.0, 1)

    before, first = versions(lake), lake.last_commit(COMMENT_INSIGHTS, DS)
    assert call(talkative, "predict_insights", *asked)["status"] == "up_to_date"
    assert call(talkative, "embed_texts", *asked)["status"] == "up_to_date"
    assert versions(lake) == before

    write(
        lake, SILVER_COMMENTS, NEXT_DS, [{**comment(1, "lamp"), "comment_id": "new", "text_hash": "hash of the blue"}]
    )
    for table in (SILVER_PRODUCTS, USER_PRODUCT_AFFINITY):
        write(lake, table, NEXT_DS, lake.read(table, [DS]).drop_columns(["ds"]).to_pylist())
    counts = call(talkative, "predict_insights", *asked, ds=NEXT_DS)["counts"]
    assert (counts["comment_insights"], counts["behaviour_propensities"]) == (1, 0)
    assert lake.last_commit(COMMENT_INSIGHTS, DS) == first

    # As once its candidate was promoted: else the same training would be taken up.
    for folder in talkative.candidates.iterdir():
        forget_steps(folder)
    other = asking(train_encoder(talkative))
    assert call(talkative, "predict_insights", *other)["counts"]["comment_insights"] == 20


def test_a_changed_setting_makes_anew_only_what_rests_on_it(
    talkative: Settings, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asking(register(talkative, encoder))
    call(talkative, "predict_insights", *asked)
    monkeypatch.setenv("SOCIALREC_TEXT__MIN_ATTRIBUTE_CONFIDENCE", "0.9")
    assert set(call(talkative, "predict_insights", *asked)["counts"]) == {"product_attributes"}


def test_a_shop_where_nobody_comments_has_no_insights_and_no_opinions(shop: Settings, encoder: Encoder) -> None:
    lake = Lake(shop.lake)
    write(lake, SILVER_COMMENTS, DS, [])
    write(lake, USER_PRODUCT_AFFINITY, DS, [])
    receipt = call(shop, "predict_insights", *asking(register(shop, encoder)))
    assert receipt["status"] == "written"
    assert set(receipt["counts"].values()) == {0}


def test_a_model_without_heads_leaves_what_nobody_states_open(talkative: Settings, encoder: Encoder) -> None:
    lake = Lake(talkative.lake)
    call(talkative, "predict_insights", *asking(register(talkative, encoder)))
    said = {row["comment_id"]: row for row in lake.read(COMMENT_INSIGHTS, [DS]).to_pylist()}
    assert (said["c0"]["sentiment"], said["c0"]["topic"], said["c1"]["topic"]) == ("negative", "colour", None)
    assert lake.read(BEHAVIOUR_PROPENSITIES, [DS]).num_rows == 0
    assert {row["origin"] for row in lake.read(PRODUCT_ATTRIBUTES, [DS]).to_pylist()} == {"stated"}


def test_predicting_what_has_no_vector_or_no_catalogue_says_what_to_run(talkative: Settings) -> None:
    asked = asking(train_encoder(talkative))
    with pytest.raises(UserError, match=r"lacks 4 of 4 texts under .*: run embed_texts of 2026-01-31 first"):
        call(talkative, "predict_insights", *asked)
    with pytest.raises(UserError, match=r"silver\.products and .* has no rows of 2026-02-01: run the ETL of that day"):
        call(talkative, "predict_insights", *asked, ds=NEXT_DS)


def test_stars_without_words_are_opinions_that_need_no_vector(talkative: Settings) -> None:
    lake = Lake(talkative.lake)
    stars = comment(20, "lamp") | {"text": "", "text_hash": "hash of nothing", "rating": 5.0, "topic": None}
    write(lake, SILVER_COMMENTS, DS, [*lake.read(SILVER_COMMENTS, [DS]).to_pylist(), stars])
    call(talkative, "predict_insights", *encoded(talkative))
    said = {row["comment_id"]: row for row in lake.read(COMMENT_INSIGHTS, [DS]).to_pylist()}["c20"]
    assert (said["sentiment"], said["sentiment_confidence"], said["topic"], said["aspects"]) == (
        "positive",
        1.0,
        None,
        [],
    )
    held = {(row["user_key"], row["kind"], row["sentiment"]) for row in lake.read(USER_OPINIONS, [DS]).to_pylist()}
    assert ("u20", "category", 1.0) in held
