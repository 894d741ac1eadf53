"""The training chain and the scoring chain on a tiny lake, with a real MLflow server and real Spark."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mlflow import MlflowClient
from pyspark.sql import SparkSession
from tiny_shop import DS, ENCODER_VERSION, LENGTH, N_USERS, call, train, write

from socialrec import tracking
from socialrec.contracts.gold import COMMUNITY_LIKES, ITEM_FEATURES, RECOMMENDATIONS, TEXT_EMBEDDINGS, USER_FEATURES
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.errors import UserError
from socialrec.features.context import Stamp, build_snapshot
from socialrec.features.inputs import read_night
from socialrec.features.tables import feature_tables
from socialrec.lake import Lake
from socialrec.recommend.lists.night import Night
from socialrec.recommend.lists.scoring import recommend_everyone
from socialrec.recommend.model import Recommender
from socialrec.recommend.training.reference import load_reference
from socialrec.runtime import job
from socialrec.settings import Settings
from socialrec.tracking import ENCODER, RECOMMENDER


def test_the_first_training_becomes_champion_with_its_encoder(shop: Settings) -> None:
    tracker = tracking.connect(shop)
    champion, encoder = tracker.champion(RECOMMENDER), tracker.champion(ENCODER)
    assert champion is not None
    assert encoder is not None
    assert champion.tags["encoder_model_version"] == encoder.version
    assert champion.tags["split_kind"] == "time"
    figures = tracker.metrics(champion.run_id)
    assert figures["test/ndcg_at_5"] > figures["test/popularity_ndcg_at_5"]
    assert {"val/ndcg_at_5", "val/social_ndcg_at_5", "blend/content"} <= set(figures)
    client = MlflowClient(shop.services.mlflow_uri, shop.services.mlflow_uri)
    samples = Path(client.download_artifacts(champion.run_id, "tables/samples.csv")).read_text().splitlines()
    assert samples[0] == "user,products_met,rank,product_id,product,taken_later"
    assert len(samples) == 1 + 10 * LENGTH
    assert not [line for line in samples if "user0" in line or "user1" in line]
    card = client.get_model_version(RECOMMENDER, champion.version).description
    assert card.startswith("**Promoted** to champion.")
    assert f"| silver.products | {Lake(shop.lake).version(SILVER_PRODUCTS)} |" in card


def test_a_trainings_run_in_mlflow_shows_its_version_split_decision_and_main_figures_and_its_tables(
    shop: Settings,
) -> None:
    champion = tracking.connect(shop).champion(RECOMMENDER)
    assert champion is not None
    run = MlflowClient(shop.services.mlflow_uri).get_run(champion.run_id)
    assert run.info.run_name == f"{DS} · version {champion.version} promoted"
    shown = {name: run.data.tags[name] for name in ("model", "decision")}
    assert shown == {"model": f"version {champion.version}", "decision": "promoted"}
    assert run.data.tags["split"].startswith("time cut")
    metrics = run.data.metrics
    assert metrics["at_a_glance/ndcg"] == metrics["test/ndcg_at_5"]
    # MLflow sorts by name: the main figures come first, and what each signal is worth comes last.
    assert sorted(metrics)[:3] == ["at_a_glance/coverage", "at_a_glance/ndcg", "at_a_glance/recall"]
    assert max(metrics).startswith("worth/")
    assert "silver.products" in {table.dataset.name for table in run.inputs.dataset_inputs}


def test_the_same_recipe_on_the_same_day_is_refused_and_the_champion_stays(shop: Settings) -> None:
    before = tracking.connect(shop).champion(RECOMMENDER)
    receipt = train(shop, "train2")
    assert receipt["status"] == "refused"
    (champion,) = [check for check in receipt["checks"] if check["name"] == "champion"]
    assert "not better" in champion["line"]
    assert champion["figure"] == 0
    assert tracking.connect(shop).champion(RECOMMENDER) == before


def test_a_training_that_tunes_keeps_its_trials_as_nested_runs_and_fits_with_the_best(shop: Settings) -> None:
    tracker = tracking.connect(shop)
    parent = tracker.start_training("tuned", {}, {})
    call(shop, "fit_recommender", *("--mlflow-run", parent, "--encoder-version", ENCODER_VERSION), "--tuning-trials=4")
    client = MlflowClient(shop.services.mlflow_uri, shop.services.mlflow_uri)
    experiment = client.get_experiment_by_name("socialrec/train").experiment_id
    trials = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent}'")
    of_closed_form = [trial for trial in trials if trial.info.run_name.endswith("collaborative")]
    best = max(of_closed_form, key=lambda trial: trial.data.metrics["val/ndcg_at_5"])
    recipe = Recommender.load(shop.candidate(parent) / "recommender").info.settings["recommend"]
    assert sorted(trial.info.run_name for trial in trials) == [
        *("trial 0 collaborative", "trial 1 collaborative", "trial 2 factors", "trial 3 factors")
    ]
    assert float(best.data.params["recommend.regularization"]) == pytest.approx(recipe["regularization"])
    table = client.download_artifacts(parent, "tables/ablation.csv")
    assert Path(table).read_text().splitlines()[0] == "signal,weight,alone,without"
    tracker.finish(parent)


def test_a_dry_run_of_fitting_keeps_nothing(shop: Settings) -> None:
    mlflow_run = tracking.connect(shop).start_training("dry", {}, {})
    about = ("--mlflow-run", mlflow_run, "--encoder-version", ENCODER_VERSION)
    receipt = call(shop, "fit_recommender", *about, "--dry-run")
    assert receipt["status"] == "dry_run"
    assert not shop.candidate(mlflow_run).exists()


def test_fitting_without_vectors_says_what_to_run(shop: Settings) -> None:
    with pytest.raises(UserError, match="run embed_texts first"):
        call(shop, "fit_recommender", "--mlflow-run", "x", "--encoder-version", "other")


def test_a_night_scores_everyone_publishes_once_and_reports(shop: Settings, spark: SparkSession) -> None:
    assert call(shop, "pin_models", "--check")["has_champion"]
    pins = call(shop, "pin_models")
    assert Path(pins["recommender_folder"], "model.json").exists()
    built = call(shop, "build_features", "--encoder-version", ENCODER_VERSION)
    assert built["counts"]["user_features"] == N_USERS + 1
    scored = call(shop, "score_recommendations")
    counts = scored["counts"]
    assert (counts["users"], counts["published"]) == (N_USERS + 1, (N_USERS + 1) * LENGTH)
    # Everyone but `nobody` has met ten products.
    assert (counts["removed_seen"], counts["removed_inactive"], counts["removed_category"]) == (N_USERS * 10, 0, 0)
    published = call(shop, "publish_recommendations")
    assert (published["status"], published["changed_rows"]) == ("written", (N_USERS + 1) * LENGTH)
    # The model was trained on this very night.
    assert published["drift"] == pytest.approx(
        dict.fromkeys(["products_per_user", "ties_per_user", "affinity", "score"], 0), abs=1e-9
    )
    assert published["warnings"] == []
    exported = pq.read_table(shop.export / DS / "recommendations.parquet")
    assert set(exported["recommender_version"].to_pylist()) == {pins["recommender_version"]}
    report = call(shop, "report_run")
    summary = json.loads(Path(report["report"]).with_name("summary.json").read_text())
    assert summary["evaluation"]["test/ndcg_at_5"] > 0
    assert summary["evaluation_label"].startswith("time cut")
    run = MlflowClient(shop.services.mlflow_uri).get_run(report["mlflow_run_id"])
    assert run.info.run_name == f"{DS} · version {pins['recommender_version']}"
    assert run.data.tags["decision"] == "gate: champion"
    assert run.data.metrics["at_a_glance/ndcg"] == summary["evaluation"]["test/ndcg_at_5"]
    assert "gold.recommendations" in {table.dataset.name for table in run.inputs.dataset_inputs}
    again = call(shop, "score_recommendations")
    assert again["status"] == "up_to_date"
    assert call(shop, "build_features", "--encoder-version", ENCODER_VERSION)["status"] == "up_to_date"
    assert call(shop, "publish_recommendations")["changed_rows"] == 0


def test_features_stay_where_passages_alone_were_encoded(shop: Settings, spark: SparkSession) -> None:
    lake = Lake(shop.lake)
    for name, status in (("embed_passages", "up_to_date"), ("embed_texts", "written")):
        row = lake.read(TEXT_EMBEDDINGS, [ENCODER_VERSION]).slice(0, 1)
        place = row.column_names.index("text_hash")
        row = row.set_column(place, "text_hash", pa.array([f"a text of {name}"]))
        with lake.stage(TEXT_EMBEDDINGS, job=name, partitions=[ENCODER_VERSION], append=True) as stage:
            stage.write(row.to_batches())
            stage.commit(fingerprint=name)
        assert call(shop, "build_features", "--encoder-version", ENCODER_VERSION)["status"] == status


def test_features_built_by_partitions_are_those_of_one_process_row_by_row(shop: Settings, spark: SparkSession) -> None:
    lake = Lake(shop.lake)
    made = feature_tables(read_night(lake, DS, ENCODER_VERSION), DS, ENCODER_VERSION, shop)
    for table, rows in (
        (USER_FEATURES, made.users),
        (ITEM_FEATURES, made.items),
        (COMMUNITY_LIKES, made.community_likes),
    ):
        order = [(name, "ascending") for name in table.key]
        assert rows.num_rows
        assert lake.read(table, [DS]).sort_by(order).equals(rows.sort_by(order)), table.name


def test_features_of_another_encoder_are_refused_before_anything_is_scored(shop: Settings) -> None:
    lake = Lake(shop.lake)
    with pytest.raises(UserError, match=f"is made of vectors of encoder {ENCODER_VERSION}, but the model needs those"):
        Night.read(lake, [], Stamp(DS, "1", "another"), shop.recommend)


def test_a_night_unlike_the_training_is_published_with_a_warning(
    shop: Settings, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(shop, "pin_models", run_id="drifted")
    call(shop, "score_recommendations", run_id="drifted")
    model = Path(job.receipt(shop, "drifted", "pin_models")["recommender_folder"])
    trained = load_reference(model)
    moved = {**trained, "score": {**trained["score"], "counts": trained["score"]["counts"][::-1]}}
    moved["score"]["counts"][0] += 1000
    monkeypatch.setattr("publish_recommendations.load_reference", lambda folder: moved)
    published = call(shop, "publish_recommendations", run_id="drifted")
    assert published["drift"]["score"] > 0.25
    (warning,) = published["warnings"]
    assert warning.startswith("score has drifted from the model's training")


def test_the_same_night_scored_by_other_partitions_gives_the_same_rows(shop: Settings, spark: SparkSession) -> None:
    call(shop, "pin_models", run_id="r2")
    call(shop, "score_recommendations", run_id="r2")
    order = [("user_key", "ascending"), ("rank", "ascending")]
    rows = Lake(shop.lake).read(RECOMMENDATIONS, [DS]).sort_by(order)
    pins = job.receipt(shop, "r2", "pin_models")
    model = Recommender.load(Path(pins["recommender_folder"]))
    stamp = Stamp(DS, *(pins[name] for name in ("recommender_version", "encoder_version", "model_kind")))
    night = read_night(Lake(shop.lake), DS, ENCODER_VERSION)
    snapshot = build_snapshot(night, catalogue=model.products, stamp=stamp, settings=shop)
    assert recommend_everyone(model, snapshot).sort_by(order).equals(rows)
    assert list((shop.scratch / "score_recommendations").iterdir()) == []


@pytest.mark.parametrize(("flags", "status"), [(("--sample", "0.5"), "sample"), (("--dry-run",), "dry_run")])
def test_a_sample_and_a_dry_run_commit_and_publish_nothing(
    shop: Settings, spark: SparkSession, flags: tuple[str, ...], status: str
) -> None:
    call(shop, "pin_models", run_id=status)
    before = Lake(shop.lake).version(RECOMMENDATIONS)
    scored = call(shop, "score_recommendations", *flags, run_id=status)
    assert scored["status"] == status
    assert 0 < scored["counts"]["users"] <= N_USERS + 1
    assert call(shop, "publish_recommendations", *flags, run_id=status)["status"] == status
    assert Lake(shop.lake).version(RECOMMENDATIONS) == before


def test_a_home_without_a_champion_says_so_and_why(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIALREC_SERVICES__MLFLOW_URI", f"sqlite:///{settings.home}/mlflow.db")
    assert call(settings, "pin_models", "--check")["has_champion"] is False
    with pytest.raises(UserError, match="no champion model: none was ever trained"):
        call(settings, "pin_models")


def test_a_version_that_does_not_exist_is_named(shop: Settings) -> None:
    with pytest.raises(UserError, match="has no version 999"):
        call(shop, "pin_models", "--model-version", "999", run_id="r9")


def test_a_model_of_other_product_ids_is_trained_again_and_never_pinned(shop: Settings) -> None:
    assert call(shop, "pin_models", "--check", run_id="r10")["trains_first"] is False
    lake, later = Lake(shop.lake), "2026-12-01"
    known = lake.read(SILVER_PRODUCTS, [DS]).to_pylist()
    write(
        lake, SILVER_PRODUCTS, later, [{**row, "product_id": f"shop:{row['product_id']}", "ds": later} for row in known]
    )
    assert call(shop, "pin_models", "--check", run_id="r10", ds=later)["trains_first"] is True
    with pytest.raises(UserError, match=r"knows none of the products of 2026-12-01: it was trained on other product"):
        call(shop, "pin_models", run_id="r10", ds=later)


def test_a_champion_of_an_earlier_format_trains_a_new_one_first_and_cannot_score(shop: Settings) -> None:
    folder = Path(call(shop, "pin_models", run_id="now")["recommender_folder"])
    document = (folder / "model.json").read_text(encoding="utf-8")
    try:
        (folder / "model.json").write_text(document.replace('"format": 4', '"format": 3'), encoding="utf-8")
        assert call(shop, "pin_models", "--check", run_id="earlier")["trains_first"] is True
        with pytest.raises(
            UserError, match="holds a model of format 3, and this code scores with 4: train a new model"
        ):
            Recommender.load(folder)
    finally:
        (folder / "model.json").write_text(document, encoding="utf-8")
    assert call(shop, "pin_models", "--check", run_id="today")["trains_first"] is False
