"""The jobs around the encoder on a tiny lake: fine-tuning registers one, and embedding encodes each text once."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from four_products import DS, NEXT_DS, PRODUCTS, action, call, comment, register, texts, write
from mlflow import MlflowClient
from pyspark.sql import SparkSession

from socialrec import tracking
from socialrec.contracts import TABLES
from socialrec.contracts.flow import reads
from socialrec.contracts.gold import PASSAGES, SOCIAL_TIES, TEXT_EMBEDDINGS, TEXTS
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_QUESTIONS
from socialrec.encoders.encoder import Encoder, load_encoder, load_saved
from socialrec.encoders.prompts import Prompts, Role, write_prompts
from socialrec.encoders.weights import load_weights
from socialrec.errors import UserError
from socialrec.etl.schemas import spark_schema
from socialrec.etl.tables import write_stage
from socialrec.lake import Lake
from socialrec.privacy.tombstones import add_tombstones, erasure_key, tombstone
from socialrec.settings import Settings
from socialrec.settings.text import TextSettings
from socialrec.text.pretraining.retrieval import Retrieval, measure_retrieval
from socialrec.text.tasks import TextPairs
from socialrec.text.understanding.heads import load_heads
from socialrec.tracking import BASE, ENCODER


def test_fine_tuning_learns_from_before_the_cut_and_registers_what_it_learned(shop: Settings, encoder: Encoder) -> None:
    receipt = call(shop, "finetune_encoder")
    # The newest tenth of 20 days is for testing, the tenth before it for validation.
    assert (receipt["status"], receipt["counts"]) == ("trained", {"examples": 16, "validation_examples": 2})
    run = MlflowClient(shop.services.mlflow_uri).get_run(receipt["mlflow_run_id"])
    assert run.info.status == "RUNNING"
    assert {"val/pair_recall_at_10_before", "val/pair_recall_at_10", "train/loss"} <= set(run.data.metrics)
    assert run.data.params["text.model"] == encoder.base.name
    assert run.data.params["evaluate.test_share"] == str(shop.evaluate.test_share)
    assert run.info.run_name.endswith(" · training")
    pages = shop.runs / receipt["run_id"] / "pages" / "finetune_encoder.json"
    assert json.loads(pages.read_text()) == {"mlflow_url": receipt["mlflow_url"]}
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
        file.write('\ntasks = ["retrieval", "topic", "attributes", "next_action", "next_product"]\n')
    receipt = call(shop, "finetune_encoder")
    assert receipt["counts"] == {"examples": 16, "validation_examples": 2}
    left_out = [line for line in capfd.readouterr().err.splitlines() if "a task is left out" in line]
    names = ["topic", "attributes", "next_action", "next_product"]
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
    # Nor does training go on from a champion that learned from people who were erased since.
    monkeypatch.delenv("SOCIALREC_TEXT__LORA_RANK")
    tracker.mark_erased([ENCODER], DS, dry_run=False)
    anew = call(shop, "finetune_encoder", ds=NEXT_DS)
    assert client.get_run(anew["mlflow_run_id"]).data.params["starts_from"] == "base"


@pytest.mark.parametrize(("name", "work"), [("finetune_encoder", "learn"), ("pretrain_encoder", "train")])
def test_what_learned_from_people_who_are_erased_meanwhile_is_not_registered(
    shop: Settings, monkeypatch: pytest.MonkeyPatch, name: str, work: str
) -> None:
    shop_texts(shop)
    with (shop.home / "settings.toml").open("a") as file:
        file.write("\n[pretrain]\nmax_tokens = 16\nheld_out_share = 0.3\ntrain_steps = 2\n")
    module = importlib.import_module(name)
    original = getattr(module, work)

    def erased_meanwhile(*args: Any) -> Any:
        made = original(*args)
        add_tombstones(shop.secrets, [tombstone(erasure_key(shop.secrets), "shop", "ann-0001")])
        return made

    client = MlflowClient(shop.services.mlflow_uri)
    before = len(client.search_model_versions())
    with monkeypatch.context() as patched, pytest.raises(UserError, match="erased while this training ran"):
        patched.setattr(module, work, erased_meanwhile)
        call(shop, name)
    assert len(client.search_model_versions()) == before
    # Begun after it, a training knows nothing of them.
    call(shop, name)
    assert len(client.search_model_versions()) == before + 1


def shop_texts(shop: Settings) -> None:
    """What gold.texts holds of the shop: 4 products, 20 comments of which 16 are before the cut."""
    said = [(f"c{day}", "comment", f"a {PRODUCTS[thing]} {thing} {day}") for day, thing in enumerate([*PRODUCTS] * 5)]
    said += [(thing, "product", f"{thing} {colour}") for thing, colour in PRODUCTS.items()]
    rows = [{"text_hash": key, "kind": kind, "text": text, "language": "en"} for key, kind, text in said]
    write(Lake(shop.lake), TEXTS, DS, rows)


def test_a_base_model_is_pre_trained_registered_and_then_fine_tuned(
    shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop_texts(shop)
    tie = {"is_follow": True, "is_mutual": False, "replies_micros": 0}
    write(Lake(shop.lake), SOCIAL_TIES, DS, [tie | {"user_key": "u0", "neighbour_key": "u1", "settled_micros": 0}])
    with (shop.home / "settings.toml").open("a") as file:
        file.write("\n[pretrain]\nmax_tokens = 16\nheld_out_share = 0.3\nlearning_rate = 0.003\n")
    dry = call(shop, "pretrain_encoder", "--steps", "3", "--dry-run")
    assert (dry["status"], "folder" in dry, any((shop.models / "base").glob("*"))) == ("dry_run", False, False)
    receipt = call(shop, "pretrain_encoder", "--steps", "20")
    assert ({*receipt["read"]}, receipt["wrote"]) == ({*reads("pretrain_encoder")}, {})
    counts = receipt["counts"]
    assert (receipt["status"], counts["texts"] + counts["held_out"], counts["steps"]) == ("written", 20, 20)
    assert receipt["perplexity"] < receipt["perplexity_before"]
    client = MlflowClient(shop.services.mlflow_uri)
    run = client.get_run(receipt["mlflow_run_id"])
    assert run.info.status == "FINISHED"
    assert client.get_experiment(run.info.experiment_id).name == "socialrec/pretrain"
    assert run.data.metrics["val/perplexity"] == pytest.approx(receipt["perplexity"])
    assert run.data.params["pretrain.train_steps"] == "20"
    # Each of the four products is among the ten nearest.
    assert (run.data.metrics["val/pair_recall_at_10_before"], run.data.metrics["val/pair_recall_at_10"]) == (1, 1)
    assert (run.data.params["retrieval_pairs"], run.data.tags["retrieval"]) == ("2", "kept")
    # The same run again ends in the same folder, as it must when its task is tried again.
    assert call(shop, "pretrain_encoder", "--steps", "20")["folder"] == receipt["folder"]
    fetched = tracking.connect(shop).fetch(BASE, receipt["base_model_version"])
    assert load_weights(str(fetched)).sha256 == load_weights(receipt["folder"]).sha256
    monkeypatch.setenv("SOCIALREC_TEXT__MODEL", receipt["folder"])
    tuned = call(shop, "finetune_encoder")
    assert tuned["encoder_version"].startswith(Path(receipt["folder"]).name)
    folder = tracking.connect(shop).fetch(ENCODER, tuned["encoder_model_version"])
    assert load_saved(folder, shop.text).base.name == receipt["folder"]


def test_a_model_that_finds_fewer_products_does_not_become_the_base(
    shop: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shop_texts(shop)
    with (shop.home / "settings.toml").open("a") as file:
        file.write("\n[pretrain]\nmax_tokens = 16\nheld_out_share = 0.3\n")
    module = importlib.import_module("pretrain_encoder")
    monkeypatch.setattr(module, "measure_retrieval", lambda *_: Retrieval(before=0.433, after=0.34, n_pairs=300))
    receipt = call(shop, "pretrain_encoder", "--steps", "2")
    assert "folder" not in receipt
    assert list((shop.models / "base").iterdir()) == []
    client = MlflowClient(shop.services.mlflow_uri)
    version = client.get_model_version(BASE, receipt["base_model_version"])
    assert "Not a base model" in version.description
    assert "folder" not in version.tags
    run = client.get_run(receipt["mlflow_run_id"])
    assert (run.data.metrics["val/pair_recall_at_10"], run.data.tags["retrieval"]) == (0.34, "fell")
    challenger = client.get_registered_model(BASE).aliases.get("challenger")
    assert challenger != receipt["base_model_version"]
    assert "(recall at 10 0.340, before 0.433): it does not become the base" in capfd.readouterr().err


def test_retrieval_is_measured_on_the_same_pairs_before_and_after(
    tiny: TextSettings, bert_of_other_weights: Path
) -> None:
    comments, products = [f"{thing} a" for thing in PRODUCTS], list(PRODUCTS)
    pairs = TextPairs(comments, products, np.arange(len(products)))
    found = measure_retrieval(str(bert_of_other_weights), pairs, tiny)
    assert found is not None
    assert (found.before, found.after, found.n_pairs) == (1, 1, 4), "ten of four products are all of them"
    assert not found.has_fallen
    assert Retrieval(0.5, 0.4, 4).has_fallen
    assert measure_retrieval(str(bert_of_other_weights), pairs.take([]), tiny) is None


def test_the_course_of_a_training_is_logged(shop: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    receipt = call(shop, "finetune_encoder")
    client = MlflowClient(shop.services.mlflow_uri)
    run = client.get_run(receipt["mlflow_run_id"])
    assert run.data.params["resumed_after_step"] == "0"
    assert 0 < run.data.metrics["train/trained_share"] < 1
    assert run.data.metrics["train/weight_retrieval"] == 1
    history = client.get_metric_history(receipt["mlflow_run_id"], "train/loss_retrieval")
    total = client.get_metric_history(receipt["mlflow_run_id"], "train/loss")
    assert [point.value for point in history] == pytest.approx([point.value for point in total])
    assert run.data.metrics["train/last_loss_retrieval"] == pytest.approx(history[-1].value)
    said = capfd.readouterr().err
    assert "the encoder is measured before training" in said
    assert "train/trained_share" in said


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
    monkeypatch.setenv("SOCIALREC_TEXT__FEW_TEXTS", "0")
    lake, asked = Lake(shop.lake), ("--encoder-folder", str(register(shop, encoder)))
    write(lake, TEXTS, DS, texts("red shoe", "blue lamp", "😀"))
    assert call(shop, "embed_texts", *asked)["counts"] == {"encoded": 3, "reused": 0}
    write(lake, TEXTS, NEXT_DS, texts("green book"))
    assert call(shop, "embed_texts", *asked)["status"] == "up_to_date"
    receipt = call(shop, "embed_texts", *asked, ds=NEXT_DS)
    assert receipt["counts"] == {"encoded": 1, "reused": 3}
    # The shop has no pictures.
    assert {*receipt["read"]} == {*reads("embed_texts")} & {*TABLES} - {"gold.picture_embeddings"}
    rows = lake.read(TEXT_EMBEDDINGS, [encoder.version]).sort_by("text_hash")
    said = ["blue lamp", "green book", "red shoe", "😀"]
    assert rows["text_hash"].to_pylist() == [f"hash of {text}" for text in said]
    np.testing.assert_allclose(np.array(rows["embedding"].to_pylist()), encoder.encode(said), atol=1e-5)


def test_passages_are_encoded_once_beside_texts_and_neither_job_begins_again(
    shop: Settings, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socialrec.etl.session", None)
    lake, asked = Lake(shop.lake), ("--encoder-folder", str(register(shop, encoder)))
    write(lake, TEXTS, DS, texts("red shoe", "blue lamp"))
    with pytest.raises(UserError, match=r"gold\.passages has no snapshot of 2026-01-31: run build_passages"):
        call(shop, "embed_passages", *asked)
    said = ["red shoe", "green book", "green book"]
    found = [
        {"passage_id": str(n), "source": "comment", "place": 0, "n_agreeing": 1, **row}
        for n, row in enumerate(texts(*said))
    ]
    write(lake, PASSAGES, DS, [{name: row[name] for name in row if name != "kind"} for row in found])
    # A question about the lamp, in words that a passage has too.
    here = {"platform": "shop", "is_late": False, "ds": DS}
    [about] = texts("blue lamp")
    question = {"question_id": "q1", "user_key": "ann", **about, **here}
    write(lake, SILVER_QUESTIONS, DS, [{name: question[name] for name in question if name != "kind"}])
    assert call(shop, "embed_texts", *asked)["counts"] == {"encoded": 2, "reused": 0}
    receipt = call(shop, "embed_passages", *asked)
    assert receipt["counts"] == {"encoded": 1, "reused": 3}
    assert {*receipt["read"]} == {*reads("embed_passages")} & {*TABLES}
    assert [call(shop, name, *asked)["status"] for name in ("embed_texts", "embed_passages")] == ["up_to_date"] * 2
    assert lake.read(TEXT_EMBEDDINGS, [encoder.version]).num_rows == 3


def test_passages_have_vectors_of_their_own_under_a_model_with_a_prompt_for_them(
    shop: Settings, own_bert: Path, tiny: TextSettings
) -> None:
    """The question has the words of a passage, and each is read after its own prompt."""
    write_prompts(Prompts("red ", "blue "), own_bert)
    encoder = load_encoder(str(own_bert), tiny)
    lake, asked = Lake(shop.lake), ("--encoder-folder", str(register(shop, encoder)))
    [row] = [{name: text[name] for name in text if name != "kind"} for text in texts("lamp")]
    write(lake, PASSAGES, DS, [{"passage_id": "1", "source": "comment", "place": 0, "n_agreeing": 1, **row}])
    question = {"question_id": "q1", "user_key": "ann", "is_late": False}
    write(lake, SILVER_QUESTIONS, DS, [{**question, **row}])
    assert call(shop, "embed_passages", *asked)["counts"] == {"encoded": 2, "reused": 0}
    for role, prompt in ((Role.QUERY, "red"), (Role.PASSAGE, "blue")):
        [vector] = lake.read(TEXT_EMBEDDINGS, [encoder.reading(role).version])["embedding"].to_pylist()
        plain = load_encoder(tiny.model, tiny).encode([f"{prompt} lamp"])[0]
        np.testing.assert_allclose(vector, plain, atol=1e-5)
    assert call(shop, "embed_passages", *asked)["status"] == "up_to_date"


def test_few_new_texts_do_not_start_spark(shop: Settings, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIALREC_TEXT__FEW_TEXTS", "2")
    monkeypatch.setitem(sys.modules, "socialrec.etl.session", None)
    lake, asked = Lake(shop.lake), ("--encoder-folder", str(register(shop, encoder)))
    write(lake, TEXTS, DS, texts("red shoe", "blue lamp"))
    assert call(shop, "embed_texts", *asked)["counts"] == {"encoded": 2, "reused": 0}
    write(lake, TEXTS, NEXT_DS, texts("green book", "red book", "blue book"))
    with pytest.raises(ImportError, match=r"socialrec\.etl\.session"):
        call(shop, "embed_texts", *asked, ds=NEXT_DS)


def test_a_day_on_which_nothing_new_is_said_encodes_nothing(
    shop: Settings, encoder: Encoder, spark: SparkSession
) -> None:
    lake, asked = Lake(shop.lake), ("--encoder-folder", str(register(shop, encoder)))
    write(lake, TEXTS, DS, texts("red shoe"))
    call(shop, "embed_texts", *asked)
    with lake.stage(TEXTS, job="test", partitions=[NEXT_DS]) as stage:
        write_stage(spark.createDataFrame([], spark_schema(TEXTS)), stage)
        stage.commit(fingerprint="test")
    assert call(shop, "embed_texts", *asked, ds=NEXT_DS)["counts"] == {"encoded": 0, "reused": 1}
    assert lake.read(TEXT_EMBEDDINGS, [encoder.version])["text_hash"].to_pylist() == ["hash of red shoe"]


def test_embedding_a_day_without_texts_says_what_to_run(shop: Settings) -> None:
    with pytest.raises(UserError, match=r"gold\.texts has nothing up to 2026-01-31: run build_gold"):
        call(shop, "embed_texts", "--encoder-folder", "anywhere")


def test_embedding_with_a_folder_that_is_gone_says_what_to_run(shop: Settings) -> None:
    write(Lake(shop.lake), TEXTS, DS, texts("red shoe"))
    with pytest.raises(UserError, match="gone holds no encoder: run pin_models"):
        call(shop, "embed_texts", "--encoder-folder", str(shop.home / "gone"))
