"""The jobs around the encoder on a tiny lake: fine-tuning registers one, and embedding encodes each text once."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from mlflow import MlflowClient
from pyspark.sql import SparkSession

from socialrec import job, tracking
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import (
    BEHAVIOUR_PROPENSITIES,
    COMMENT_INSIGHTS,
    PRODUCT_ATTRIBUTES,
    TEXT_EMBEDDINGS,
    TEXTS,
    USER_OPINIONS,
    USER_PRODUCT_AFFINITY,
)
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.settings import Settings, load_settings
from socialrec.text.encoder import Encoder, load_saved
from socialrec.text.heads import load_heads
from socialrec.text.weights import load_weights
from socialrec.tracking import BASE, ENCODER

sys.path.insert(0, str(Path(__file__).parents[2] / "jobs"))
START, DS, NEXT_DS = datetime(2026, 1, 1, tzinfo=UTC), "2026-01-31", "2026-02-01"
PRODUCTS = {"shoe": "red", "lamp": "blue", "book": "green", "chair": "grey"}
"""What products are, and what comments call them."""


def write(lake: Lake, table: Table, ds: str, rows: Sequence[dict[str, Any]]) -> None:
    full = [{column.name: None for column in table.columns} | row | {"platform": "shop", "ds": ds} for row in rows]
    with lake.stage(table, job="test", partitions=[ds]) as stage:
        stage.write(pa.Table.from_pylist(full, schema=arrow_schema(table)))
        stage.commit(fingerprint="test")


def action(day: int, product: str) -> dict[str, Any]:
    when = {"event_ts": START + timedelta(days=day), "is_late": False}
    return {"event_id": f"e{day}", "user_key": f"u{day}", "product_id": product, "event_type": "click"} | when


def comment(day: int, product: str) -> dict[str, Any]:
    said = {"text": f"the {PRODUCTS[product]}", "text_hash": f"c{day}", "language": "en"}
    when = {"created_ts": START + timedelta(days=day), "is_late": False}
    return {"comment_id": f"c{day}", "user_key": f"u{day}", "product_id": product} | said | when


def description(product: str) -> dict[str, Any]:
    words = {"title": product, "text": product, "text_hash": product}
    return {"product_id": product, "is_active": True, "first_seen_ds": DS} | words


def texts(*said: str) -> list[dict[str, Any]]:
    return [{"text_hash": f"hash of {text}", "kind": "comment", "text": text, "language": "en"} for text in said]


@pytest.fixture
def shop(home: Path, bert: Path, mlflow_server: str) -> Settings:
    """Twenty days of one click and one comment a day on four described products."""
    lines = [
        f'services.mlflow_uri = "{mlflow_server}"',
        "[text]",
        f'model = "{bert}"',
        "max_tokens = 16",
        'precision = "float32"',
    ]
    lines += ["train_steps = 10", "train_tokens = 32", "learning_rate = 0.02"]
    (home / "settings.toml").write_text("\n".join(lines), encoding="utf-8")
    settings = load_settings(home)
    lake, days = Lake(settings.lake), list(enumerate([*PRODUCTS] * 5))
    write(lake, SILVER_INTERACTIONS, DS, [action(*day) | {"quantity": 1.0} for day in days])
    write(lake, SILVER_COMMENTS, DS, [comment(*day) for day in days])
    write(lake, SILVER_PRODUCTS, DS, [description(product) for product in PRODUCTS])
    return settings


def call(settings: Settings, name: str, *arguments: str, ds: str = DS) -> dict[str, Any]:
    module = importlib.import_module(name)
    assert module.main(["--ds", ds, "--home", str(settings.home), *arguments]) == 0
    return job.receipt(settings, "manual", name)


def register(settings: Settings, encoder: Encoder) -> str:
    tracker = tracking.connect(settings)
    run_id = tracker.start_training("an encoder", {}, {})
    encoder.save(settings.home / "made")
    tracker.log_folder(run_id, settings.home / "made", "encoder")
    tracker.finish(run_id)
    return tracker.register(run_id, "encoder", ENCODER, {})


def test_fine_tuning_learns_from_before_the_cut_and_registers_what_it_learned(shop: Settings, encoder: Encoder) -> None:
    receipt = call(shop, "finetune_encoder")
    # The newest tenth of 20 days is for testing, the tenth before it for validation.
    assert (receipt["status"], receipt["counts"]) == ("trained", {"examples": 16, "validation_examples": 2})
    run = MlflowClient(shop.services.mlflow_uri).get_run(receipt["mlflow_run_id"])
    assert run.info.status == "RUNNING"
    assert {"val/pair_recall_at_10_before", "val/pair_recall_at_10", "train/loss"} <= set(run.data.metrics)
    assert run.data.params["text.model"] == encoder.base.name
    folder = tracking.connect(shop).fetch(ENCODER, receipt["encoder_model_version"])
    tuned = load_saved(folder, shop.text)
    assert tuned.version == receipt["encoder_version"] != encoder.version


def test_without_comments_the_base_model_is_registered_as_it_is(shop: Settings, encoder: Encoder) -> None:
    write(Lake(shop.lake), SILVER_COMMENTS, DS, [])
    receipt = call(shop, "finetune_encoder")
    assert (receipt["status"], receipt["encoder_version"]) == ("no_examples", encoder.version)


def test_the_tasks_that_the_settings_name_are_trained_together_and_their_heads_kept(
    shop: Settings,
) -> None:
    with (shop.home / "settings.toml").open("a") as file:
        file.write('\ntasks = ["retrieval", "sentiment"]\ntuning = "bottleneck"\n')
    lake = Lake(shop.lake)
    rated = [comment(*day) | {"rating": 5.0 if day[0] % 2 else 1.0} for day in enumerate([*PRODUCTS] * 5)]
    write(lake, SILVER_COMMENTS, DS, rated)
    receipt = call(shop, "finetune_encoder")
    assert receipt["counts"] == {"examples": 32, "validation_examples": 4}
    folder = tracking.connect(shop).fetch(ENCODER, receipt["encoder_model_version"])
    heads = load_heads(folder)
    figures = MlflowClient(shop.services.mlflow_uri).get_run(receipt["mlflow_run_id"]).data.metrics
    assert 0 <= figures["val/flips_swapped_letters_sentiment"] <= 1
    assert [output.classes for output in heads["sentiment"].outputs] == [("negative", "positive")]
    assert load_saved(folder, shop.text).version == receipt["encoder_version"]
    client = MlflowClient(shop.services.mlflow_uri)
    metrics = client.get_run(receipt["mlflow_run_id"]).data.metrics
    assert {f"val/sentiment_sentiment_{name}" for name in ("accuracy", "macro_f1", "calibration_error")} <= set(metrics)
    kept = {artifact.path for artifact in client.list_artifacts(receipt["mlflow_run_id"], "confusion")}
    assert kept == {f"confusion/sentiment_sentiment.{kind}" for kind in ("csv", "png")}


def test_tasks_that_this_shop_states_nothing_for_are_left_out(
    shop: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    with (shop.home / "settings.toml").open("a") as file:
        file.write('\ntasks = ["retrieval", "topic", "attributes", "next_action"]\n')
    receipt = call(shop, "finetune_encoder")
    assert receipt["counts"] == {"examples": 16, "validation_examples": 2}
    left_out = [line for line in capfd.readouterr().err.splitlines() if "a task is left out" in line]
    names = ["topic", "attributes", "next_action"]
    assert [name for name in names if f"task={name} " in "".join(left_out)] == names


@pytest.mark.slow
def test_in_two_processes_one_run_is_opened_and_one_encoder_registered(
    shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("SOCIALREC_TEXT__PROCESSES", "2")
    monkeypatch.setenv("SOCIALREC_TEXT__HARD_NEGATIVES", "1")
    client = MlflowClient(shop.services.mlflow_uri)

    def counted() -> tuple[int, int]:
        experiments = [found.experiment_id for found in client.search_experiments()]
        return len(client.search_runs(experiments)), len(client.search_model_versions(f"name = '{ENCODER}'"))

    runs, versions = counted()
    receipt = call(shop, "finetune_encoder")
    assert (receipt["status"], receipt["counts"]) == ("trained", {"examples": 16, "validation_examples": 2})
    assert counted() == (runs + 1, versions + 1)
    folder = tracking.connect(shop).fetch(ENCODER, receipt["encoder_model_version"])
    assert load_saved(folder, shop.text).version == receipt["encoder_version"]
    history = client.get_metric_history(receipt["mlflow_run_id"], "train/loss")
    assert [point.step for point in history] == list(range(1, 11))


def test_a_training_that_cannot_load_its_model_is_closed_as_failed(
    shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOCIALREC_TEXT__MODEL", str(shop.home / "nothing"))
    with pytest.raises(UserError, match=r"text\.model .* cannot be loaded"):
        call(shop, "finetune_encoder")
    client = MlflowClient(shop.services.mlflow_uri)
    experiment = client.get_experiment_by_name("socialrec/train")
    newest, *_ = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time DESC"])
    assert newest.info.status == "FAILED"


def test_an_update_goes_on_from_the_champion_and_tells_what_it_forgot(
    shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOCIALREC_TEXT__START_FROM", "champion")
    tracker, client = tracking.connect(shop), MlflowClient(shop.services.mlflow_uri)
    lake, days = Lake(shop.lake), list(enumerate([*PRODUCTS] * 10))
    said = [comment(*day) | {"text": f"so {PRODUCTS[day[1]]} {day[0]}"} for day in days]
    write(lake, SILVER_COMMENTS, DS, said[:20])
    first = call(shop, "finetune_encoder")
    assert client.get_run(first["mlflow_run_id"]).data.params["starts_from"] == "base"
    tracker.promote(ENCODER, first["encoder_model_version"])
    again = call(shop, "finetune_encoder")
    assert (again["status"], again["encoder_version"]) == ("no_examples", first["encoder_version"])
    # Twenty more days: of the forty the first 32 are before the cut, and 16 of them new.
    write(lake, SILVER_INTERACTIONS, NEXT_DS, [action(*day) | {"quantity": 1.0} for day in days[20:]])
    write(lake, SILVER_COMMENTS, NEXT_DS, said[20:])
    update = call(shop, "finetune_encoder", ds=NEXT_DS)
    run = client.get_run(update["mlflow_run_id"])
    assert run.data.params["starts_from"].startswith(f"{first['encoder_model_version']}-")
    # Of the 16 old ones two are measured on; the other 14 are replayed, where half of all would be 16.
    assert update["counts"]["examples"] == 16 + 14
    figures = run.data.metrics
    rise = figures["val/old_loss_retrieval"] - figures["val/old_loss_before_retrieval"]
    assert figures["val/forgetting_retrieval"] == pytest.approx(rise)
    assert update["encoder_version"] != first["encoder_version"]
    assert tracker.model(ENCODER, update["encoder_model_version"]).tags["learned_until"].startswith("2026-02-02")
    # Another rank cannot go on from it: the base model is where it starts, with all examples.
    monkeypatch.setenv("SOCIALREC_TEXT__LORA_RANK", "4")
    other = call(shop, "finetune_encoder", ds=NEXT_DS)
    assert client.get_run(other["mlflow_run_id"]).data.params["starts_from"] == "base"
    assert other["counts"]["examples"] == 32


def shop_texts(shop: Settings) -> None:
    """What gold.texts holds of the shop: 4 products, 20 comments of which 16 are before the cut, and a profile."""
    said = [(f"c{day}", "comment", f"a {PRODUCTS[thing]} {thing} {day}") for day, thing in enumerate([*PRODUCTS] * 5)]
    said += [(thing, "product", f"{thing} {colour}") for thing, colour in PRODUCTS.items()]
    said += [("p", "profile", "likes a shoe")]
    rows = [{"text_hash": key, "kind": kind, "text": text, "language": "en"} for key, kind, text in said]
    write(Lake(shop.lake), TEXTS, DS, rows)


def test_a_base_model_is_pre_trained_registered_and_then_fine_tuned(
    shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop_texts(shop)
    with (shop.home / "settings.toml").open("a") as file:
        file.write("\n[pretrain]\nmax_tokens = 16\nheld_out_share = 0.3\nlearning_rate = 0.003\n")
    dry = call(shop, "pretrain_encoder", "--steps", "3", "--dry-run")
    assert (dry["status"], "folder" in dry, (shop.models / "base").exists()) == ("dry_run", False, False)
    receipt = call(shop, "pretrain_encoder", "--steps", "20")
    counts = receipt["counts"]
    assert (receipt["status"], counts["texts"] + counts["held_out"], counts["steps"]) == ("written", 20, 20)
    assert receipt["perplexity"] < receipt["perplexity_before"]
    client = MlflowClient(shop.services.mlflow_uri)
    run = client.get_run(receipt["mlflow_run_id"])
    assert run.info.status == "FINISHED"
    assert client.get_experiment(run.info.experiment_id).name == "socialrec/pretrain"
    assert run.data.metrics["val/perplexity"] == pytest.approx(receipt["perplexity"])
    assert run.data.params["pretrain.train_steps"] == "20"
    # The same run again ends in the same folder, as it must when its task is tried again.
    assert call(shop, "pretrain_encoder", "--steps", "20")["folder"] == receipt["folder"]
    fetched = tracking.connect(shop).fetch(BASE, receipt["base_model_version"])
    assert load_weights(str(fetched)).sha256 == load_weights(receipt["folder"]).sha256
    monkeypatch.setenv("SOCIALREC_TEXT__MODEL", receipt["folder"])
    tuned = call(shop, "finetune_encoder")
    assert tuned["encoder_version"].startswith(Path(receipt["folder"]).name)
    folder = tracking.connect(shop).fetch(ENCODER, tuned["encoder_model_version"])
    assert load_saved(folder, shop.text).base.name == receipt["folder"]


def test_from_scratch_is_asked_for_by_an_argument(shop: Settings) -> None:
    shop_texts(shop)
    with (shop.home / "settings.toml").open("a") as file:
        file.write("\n[pretrain]\nmax_tokens = 16\nheld_out_share = 0.3\nvocabulary = 300\nhidden_dim = 16\n")
    receipt = call(shop, "pretrain_encoder", "--from-scratch", "--steps", "2")
    assert load_weights(receipt["folder"]).model.config.hidden_size == 16


def test_pre_training_without_texts_says_what_to_run(shop: Settings) -> None:
    with pytest.raises(UserError, match=r"gold\.texts has nothing up to 2026-01-31: run the ETL of that day first"):
        call(shop, "pretrain_encoder")
    with pytest.raises(UserError, match="--steps 0 must be at least 1"):
        call(shop, "pretrain_encoder", "--steps", "0")


@pytest.mark.parametrize("engine", ["spark", "process"])
def test_each_text_is_encoded_once(
    shop: Settings, encoder: Encoder, spark: SparkSession, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOCIALREC_TEXT__ENCODE_WITH", engine)
    lake, version = Lake(shop.lake), register(shop, encoder)
    asked = ("--encoder-model-version", version)
    write(lake, TEXTS, DS, texts("red shoe", "blue lamp", "😀"))
    assert call(shop, "embed_texts", *asked)["counts"] == {"encoded": 3, "reused": 0}
    write(lake, TEXTS, NEXT_DS, texts("green book"))
    assert call(shop, "embed_texts", *asked)["status"] == "up_to_date"
    assert call(shop, "embed_texts", *asked, ds=NEXT_DS)["counts"] == {"encoded": 1, "reused": 3}
    rows = lake.read(TEXT_EMBEDDINGS, [encoder.version]).sort_by("text_hash")
    said = ["blue lamp", "green book", "red shoe", "😀"]
    assert rows["text_hash"].to_pylist() == [f"hash of {text}" for text in said]
    np.testing.assert_allclose(np.array(rows["embedding"].to_pylist()), encoder.encode(said), atol=1e-5)


def test_embedding_a_day_without_texts_says_what_to_run(shop: Settings) -> None:
    with pytest.raises(UserError, match=r"gold\.texts has nothing up to 2026-01-31: run build_gold"):
        call(shop, "embed_texts", "--encoder-model-version", "1")


INSIGHTS = (COMMENT_INSIGHTS, PRODUCT_ATTRIBUTES, BEHAVIOUR_PROPENSITIES, USER_OPINIONS)


def liked(day: int, product: str) -> dict[str, Any]:
    numbers = {"affinity_micros": 1_000_000, "n_events": 1}
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


def encoded(settings: Settings) -> str:
    """A tuned encoder under which all texts have vectors; its registered version."""
    version = str(call(settings, "finetune_encoder")["encoder_model_version"])
    call(settings, "embed_texts", "--encoder-model-version", version)
    return version


def versions(lake: Lake) -> list[int | None]:
    return [lake.version(table) for table in INSIGHTS]


def test_what_texts_say_is_predicted_once_and_anew_only_where_something_changed(talkative: Settings) -> None:
    lake = Lake(talkative.lake)
    version = encoded(talkative)
    asked = ("--encoder-model-version", version)
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
    assert (said["c0"]["topic"], said["c0"]["topic_confidence"]) == ("colour", 1.0)
    assert said["c1"]["topic"] in {"colour", "touch"}
    assert 0.5 <= said["c1"]["topic_confidence"] <= 1
    chances = lake.read(BEHAVIOUR_PROPENSITIES, [DS]).group_by("user_key").aggregate([("probability", "sum")])
    np.testing.assert_allclose(chances["probability_sum"].to_numpy(), np.ones(20), rtol=1e-5)
    opinions = {
        (row["user_key"], row["kind"], row["subject"]): (row["sentiment"], row["comment_ids"])
        for row in lake.read(USER_OPINIONS, [DS]).to_pylist()
    }
    assert opinions["u1", "category", "tool"] == (1.0, ["c1"])
    assert opinions["u0", "aspect", "colour"] == (-1.0, ["c0"])

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

    other = call(talkative, "finetune_encoder")["encoder_model_version"]
    assert call(talkative, "predict_insights", "--encoder-model-version", other)["counts"]["comment_insights"] == 20


def test_a_changed_setting_makes_anew_only_what_rests_on_it(
    talkative: Settings, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("--encoder-model-version", register(talkative, encoder))
    call(talkative, "predict_insights", *asked)
    monkeypatch.setenv("SOCIALREC_TEXT__OPINION_COMMENTS", "1")
    assert set(call(talkative, "predict_insights", *asked)["counts"]) == {"user_opinions"}


def test_a_shop_where_nobody_comments_has_no_insights_and_no_opinions(shop: Settings, encoder: Encoder) -> None:
    lake = Lake(shop.lake)
    write(lake, SILVER_COMMENTS, DS, [])
    write(lake, USER_PRODUCT_AFFINITY, DS, [])
    receipt = call(shop, "predict_insights", "--encoder-model-version", register(shop, encoder))
    assert receipt["status"] == "written"
    assert set(receipt["counts"].values()) == {0}


def test_a_model_without_heads_leaves_what_nobody_states_open(talkative: Settings, encoder: Encoder) -> None:
    lake, version = Lake(talkative.lake), register(talkative, encoder)
    call(talkative, "predict_insights", "--encoder-model-version", version)
    said = {row["comment_id"]: row for row in lake.read(COMMENT_INSIGHTS, [DS]).to_pylist()}
    assert (said["c0"]["sentiment"], said["c0"]["topic"], said["c1"]["topic"]) == ("negative", "colour", None)
    assert lake.read(BEHAVIOUR_PROPENSITIES, [DS]).num_rows == 0
    assert {row["origin"] for row in lake.read(PRODUCT_ATTRIBUTES, [DS]).to_pylist()} == {"stated"}


def test_predicting_what_has_no_vector_or_no_catalogue_says_what_to_run(talkative: Settings) -> None:
    version = str(call(talkative, "finetune_encoder")["encoder_model_version"])
    asked = ("--encoder-model-version", version)
    with pytest.raises(UserError, match=r"lacks 4 of 4 texts under .*: run embed_texts of 2026-01-31 first"):
        call(talkative, "predict_insights", *asked)
    with pytest.raises(UserError, match=r"silver\.products and .* has no rows of 2026-02-01: run the ETL of that day"):
        call(talkative, "predict_insights", *asked, ds=NEXT_DS)
