"""Questions to answers by the jobs' own programs: pinned, cited, kept, exported, asked once more, and trained."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from tiny_llama import make_llama
from tiny_shop import call, forget_models, write

from socialrec import tracking
from socialrec.answers.generator import load_generator
from socialrec.answers.model import AnswersModel
from socialrec.answers.night import AnswersStamp
from socialrec.contracts import TABLES
from socialrec.contracts.flow import reads, writes
from socialrec.contracts.gold import ANSWERS, PRODUCT_ATTRIBUTES, RECOMMENDATIONS
from socialrec.contracts.runs import PUBLISHED_ANSWERS
from socialrec.contracts.silver import (
    SILVER_ANSWERS,
    SILVER_COMMENTS,
    SILVER_FOLLOWS,
    SILVER_INTERACTIONS,
    SILVER_PRODUCTS,
    SILVER_QUESTIONS,
    SILVER_TEMPLATES,
)
from socialrec.encoders.encoder import load_encoder
from socialrec.encoders.weights import BUNDLED
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.local_stack.nights.asking import ask, pin_answers
from socialrec.settings import Settings, load_settings
from socialrec.tracking import ANSWERS as MODEL
from socialrec.tracking import ENCODER

D1, D2, D3 = "2026-03-30", "2026-03-31", "2026-04-02"
NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
HERE = {"platform": "shop", "is_late": False}
LONG = "The string of this kite is 30 metres long."
JOBS = ("pin_answers", "build_passages", "embed_passages", "answer_questions", "publish_answers")


def question(number: str, text: str, product: str | None = "shop:kite", **values: Any) -> dict[str, Any]:
    about = {"product_id": product, "text": text, "text_hash": f"h{number}", "language": "en", "asked_ts": NOON}
    return {"question_id": number, "user_key": f"asker{number}", **about, **HERE, **values}


def snapshot(lake: Lake, ds: str) -> None:
    """A kite that is sold, a second one, and a drum that is not any more."""
    made = {"category": "toys", "currency": "EUR", "is_active": True, "first_seen_ds": D1, "platform": "shop", "ds": ds}
    kites = [
        {"product_id": "shop:kite", "title": "Kite", "description": LONG, "text": "k", "text_hash": "tk", **made},
        {"product_id": "shop:dart", "title": "Dart", "description": "", "text": "d", "text_hash": "td", **made},
    ]
    drum = {"product_id": "shop:drum", "title": "Drum", "text": "r", "text_hash": "tr", **made, "is_active": False}
    write(lake, SILVER_PRODUCTS, ds, [*kites, drum])
    stated = {"confidence": 1.0, "origin": "stated", "platform": "shop", "ds": ds}
    toys = [{"product_id": one["product_id"], "attribute": "category", "value": "toys", **stated} for one in kites]
    write(lake, PRODUCT_ATTRIBUTES, ds, toys)
    template = {"template_id": "t1", "intent": "brand", "text": "It is by {brand}.", "language": "en"}
    write(lake, SILVER_TEMPLATES, ds, [{**template, "is_active": True, "platform": "shop", "ds": ds}])
    write(lake, SILVER_FOLLOWS, ds, [])
    place = {"user_key": "askerq1", "score": 1.0, "reasons": [], "recommender_version": "1", "encoder_version": "e"}
    listed = [{**place, "rank": 1, "product_id": "shop:dart", "model_kind": "trained", "platform": "shop", "ds": ds}]
    write(lake, RECOMMENDATIONS, ds, listed)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


FirstDay = tuple[Settings, dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def first_day(mlflow_server: str, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> FirstDay:
    """A shop with an encoder, five questions of one day, and the answers of that day; with the receipts of its jobs."""
    home = tmp_path_factory.mktemp("home")
    forget_models(mlflow_server)
    (home / "settings.toml").write_text(f'services.mlflow_uri = "{mlflow_server}"\n')
    settings = load_settings(home)
    tracker = tracking.connect(settings)
    mlflow_run = tracker.start_training("encoder", {}, {})
    load_encoder(BUNDLED, settings.text).save(home / "encoder")
    tracker.log_folder(mlflow_run, home / "encoder", "encoder")
    tracker.promote(ENCODER, tracker.register(mlflow_run, "encoder", ENCODER, {}))
    lake = Lake(settings.lake)
    snapshot(lake, D1)
    write(lake, SILVER_INTERACTIONS, D1, [])
    write(lake, SILVER_COMMENTS, D1, [])
    asked = [
        question("q1", "Is the string of this kite 30 metres long?"),
        question("q2", "You idiots, how long is the string?"),
        question("q3", "Is it loud?", "shop:drum"),
        question("q4", "When does your shop open?", None),
        question("q5", "Which colour does this kite have?"),
    ]
    write(lake, SILVER_QUESTIONS, D1, [{**one, "ds": D1} for one in asked])
    given = {"answer_id": "a4", "question_id": "q4", "text": "We open at nine.", "text_hash": "ha", "language": "en"}
    write(lake, SILVER_ANSWERS, D1, [{**given, "author_kind": "shop", "answered_ts": NOON, **HERE, "ds": D1}])
    return settings, answer_all(settings, D1)


@pytest.fixture(scope="module")
def desk(first_day: FirstDay) -> Settings:
    """The shop after its first day."""
    return first_day[0]


def answer_all(settings: Settings, ds: str) -> dict[str, dict[str, Any]]:
    receipts: dict[str, dict[str, Any]] = {}
    for name in JOBS:
        encoder = ["--encoder-folder", receipts["pin_answers"]["encoder_folder"]] if name == "embed_passages" else []
        receipts[name] = call(settings, name, *encoder, run_id=f"answers-{ds}", ds=ds)
    return receipts


def answers_of(settings: Settings, ds: str) -> dict[str, dict[str, Any]]:
    return {row["question_id"]: row for row in Lake(settings.lake).read(ANSWERS, [ds]).to_pylist()}


def test_a_question_is_answered_by_the_sentence_that_it_cites_or_handed_over_with_a_reason(desk: Settings) -> None:
    found = answers_of(desk, D1)
    assert {name: (row["decision"], row["reason"]) for name, row in found.items()} == {
        "q1": ("evidence", None),
        "q2": ("hand_over", "insult"),
        "q3": ("hand_over", "unknown_product"),
        "q5": ("hand_over", "unsure"),
    }
    [citation] = found["q1"]["citations"]
    assert (citation["source"], citation["quote"]) == ("description", LONG)
    assert LONG in found["q1"]["text"]
    assert (found["q1"]["answers_version"], found["q1"]["products"]) == ("untrained", ["shop:dart"])
    assert [row["text"] for row in found.values() if row["decision"] == "hand_over"] == ["", "", ""]


def test_a_second_run_of_unchanged_questions_changes_nothing(desk: Settings) -> None:
    file = desk.export / D1 / "answers.parquet"
    before = file.stat().st_mtime_ns
    receipts = answer_all(desk, D1)
    assert [receipts[name]["status"] for name in JOBS[1:]] == ["up_to_date"] * 4
    assert receipts["publish_answers"]["changed_rows"] == 0
    assert file.stat().st_mtime_ns == before


def test_the_export_has_the_shops_own_ids_and_nobodys_pseudonym(desk: Settings) -> None:
    exported = pq.read_table(desk.export / D1 / "answers.parquet")
    assert {"user_key", "inputs_hash"}.isdisjoint(exported.column_names)
    rows = {row["question_id"]: row for row in exported.to_pylist()}
    assert (rows["q1"]["product_id"], rows["q1"]["products"]) == ("kite", ["dart"])


def test_the_page_counts_decisions_shows_examples_and_lists_what_nothing_tells(desk: Settings) -> None:
    page = (desk.reports / D1 / "answers.html").read_text()
    assert "an insult" in page
    assert "about an unknown or withdrawn product" in page
    assert "Which colour does this kite have?" in page
    assert f"cited: {LONG}" in page


def test_asking_now_gives_the_answer_of_the_night(desk: Settings) -> None:
    now = ask(desk, "Is the string of this kite 30 metres long?", "kite")
    night = answers_of(desk, D1)["q1"]
    same = ("decision", "text", "citations", "confidence")
    assert {name: now[name] for name in same} == {name: night[name] for name in same}
    assert ask(desk, "Is it loud?", "drum")["reason"] == "unknown_product"
    assert ask(desk, "", "kite")["reason"] == "empty"
    assert ask(desk, "Quelle est la longueur de la ficelle de ce cerf-volant ?", "kite")["reason"] == "other_language"


def test_a_question_of_the_form_is_answered_in_the_note_with_what_the_answer_rests_on(desk: Settings) -> None:
    text = "Is the string of this kite 30 metres long?"
    receipt = call(desk, "ask_question", f"--question={text}", "--product=kite", run_id="form")
    answer, _, cited, model, asked = receipt["note"].splitlines()
    assert (answer, cited, asked) == (LONG, f"* description: {LONG}", f"* asked: {text}")
    assert model.endswith("model of answers untrained")
    receipt = call(desk, "ask_question", "--question=Is it loud?", "--product=drum", run_id="form")
    assert receipt["note"].startswith("handed over to a person: about an unknown or withdrawn product\n")


def test_a_generator_phrases_nothing_before_a_training_found_its_words_better(desk: Settings, llama: Path) -> None:
    night, text = answers_of(desk, D1)["q1"], "Is the string of this kite 30 metres long?"
    answers = desk.answers.model_copy(update={"generator": str(llama)})
    now = ask(desk.model_copy(update={"answers": answers}), text, "kite")
    assert (now["text"], now["phrased_by"]) == (night["text"], None)
    gone = desk.answers.model_copy(update={"generator": str(llama / "gone")})
    with pytest.raises(UserError, match=r"answers.generator .* does not exist"):
        ask(desk.model_copy(update={"answers": gone}), text, "kite")


def test_a_generator_that_changed_since_the_run_began_is_refused(desk: Settings, llama: Path, tmp_path: Path) -> None:
    pins = pin_answers(desk, tracking.connect(desk))
    untrained = AnswersModel.untrained(pins.encoder_version, desk.answers)
    replace(untrained, generator=load_generator(str(llama), desk.text)).save(tmp_path)
    stamp = AnswersStamp(D1, "1", pins.encoder_version, "tiny-llama-other")
    settings = desk.answers.model_copy(update={"generator": str(llama)})
    with pytest.raises(UserError, match="was tiny-llama-other when this run began, and is tiny-llama-"):
        stamp.load(tmp_path, desk.text, settings)


def test_an_answer_is_kept_until_what_it_rests_on_changes(desk: Settings) -> None:
    lake = Lake(desk.lake)
    snapshot(lake, D2)
    write(lake, SILVER_QUESTIONS, D2, [{**question("q6", "Is the string of this kite 30 metres long?"), "ds": D2}])
    assert answer_all(desk, D2)["answer_questions"]["counts"]["questions"] == 5
    before, after = answers_of(desk, D1), answers_of(desk, D2)
    assert {name: row["inputs_hash"] for name, row in after.items() if name != "q6"} == {
        name: row["inputs_hash"] for name, row in before.items()
    }
    assert after["q6"]["text"] == before["q1"]["text"]
    said = {
        "comment_id": "c1",
        "user_key": "bob",
        "product_id": "shop:kite",
        "text": "My string is only 20 metres long.",
    }
    said |= {"text_hash": "hc", "language": "en", "created_ts": NOON, **HERE, "ds": D2}
    write(lake, SILVER_COMMENTS, D2, [said])
    answer_all(desk, D2)
    assert answers_of(desk, D2)["q1"]["inputs_hash"] != before["q1"]["inputs_hash"]


def test_jobs_read_and_write_what_their_assets_say(first_day: FirstDay) -> None:
    for name in ("answer_questions", "publish_answers"):
        receipt = first_day[1][name]
        # Receipts count tables and exports; models and pages are no rows.
        assert (name, {*receipt["read"]}) == (name, {*reads(name)} & {*TABLES})
        assert (name, {*receipt["wrote"]}) == (name, {*writes(name)} & {*TABLES, PUBLISHED_ANSWERS})


def test_jobs_out_of_order_name_the_job_to_run_first(desk: Settings) -> None:
    call(desk, "pin_answers", run_id="early", ds="2026-04-01")
    with pytest.raises(UserError, match="run build_passages of that day first"):
        call(desk, "answer_questions", run_id="early", ds="2026-04-01")
    with pytest.raises(UserError, match="run answer_questions of that day first"):
        call(desk, "publish_answers", run_id="early", ds="2026-04-01")


def test_a_training_with_too_few_answered_questions_trains_nothing(desk: Settings) -> None:
    receipt = call(desk, "fit_answers", run_id=f"answers-{D1}", ds=D1)
    assert receipt["status"] == "nothing_to_learn"
    assert "for 0 of 0 answered questions a passage says what their answer says, 50 " in receipt["note"]


def test_a_training_that_cannot_be_sure_is_refused_with_a_reason_and_moves_no_champion(
    desk: Settings, llama: Path
) -> None:
    lake = Lake(desk.lake)
    home = desk.home / "settings.toml"
    home.write_text(
        home.read_text()
        + f'[answers]\nmin_calibration_questions = 10\ngenerator = "{llama}"\n'
        + "[evaluate]\ntest_share = 0.2\n"
    )
    things = [f"thing{n}" for n in range(12)]
    made = {"category": "toys", "currency": "EUR", "is_active": True, "first_seen_ds": D3, "platform": "shop", "ds": D3}
    described = [
        {"product_id": f"shop:{name}", "title": name, "description": f"The {name} is {n + 2} metres long.", **made}
        for n, name in enumerate(things)
    ]
    write(lake, SILVER_PRODUCTS, D3, [{**row, "text": row["title"], "text_hash": row["title"]} for row in described])
    write(lake, PRODUCT_ATTRIBUTES, D3, [])
    for table in (SILVER_TEMPLATES, SILVER_FOLLOWS, RECOMMENDATIONS):
        write(lake, table, D3, [])
    asked = [question(name, f"How long is the {name}?", f"shop:{name}") for name in things]
    write(
        lake,
        SILVER_QUESTIONS,
        D3,
        [{**one, "asked_ts": NOON + timedelta(days=n), "ds": D3} for n, one in enumerate(asked)],
    )
    given = [
        {"answer_id": name, "question_id": name, "text": f"It is {n + 2} metres long.", "text_hash": f"a{n}", **HERE}
        for n, name in enumerate(things)
    ]
    shop = {"author_kind": "shop", "language": "en", "ds": D3}
    write(lake, SILVER_ANSWERS, D3, [{**one, **shop} for one in given])
    settings = load_settings(desk.home)
    answer_all(settings, D3)
    receipt = call(settings, "fit_answers", run_id=f"answers-{D3}", ds=D3)
    assert (receipt["status"], receipt["counts"]) == ("refused", {"questions": 12, "tested": 2})
    assert "answers none of the held-out questions" in receipt["note"]
    tracker = tracking.connect(settings)
    assert tracker.model(MODEL, receipt["answers_version"]).tags["gate"] == "refused"
    assert tracker.champion(MODEL) is None
    # A person may decide otherwise: then it answers, as long as its files are those that were decided on.
    tracker.promote(MODEL, receipt["answers_version"])
    pinned = call(settings, "pin_answers", run_id="chosen", ds=D3)
    assert pinned["answers_version"] == receipt["answers_version"]
    # What a model without sense writes is not shown, so that nothing speaks for it.
    assert "answers stay the passages' own sentences: ROUGE-L to " in receipt["note"]
    assert pinned["generator_version"] == ""
    folder = tracker.fetch(MODEL, receipt["answers_version"])
    (folder / "answers.json").write_text((folder / "answers.json").read_text() + "\n")
    with pytest.raises(UserError, match=r"files of version 1 of socialrec-answers changed or went"):
        call(settings, "pin_answers", run_id="chosen", ds=D3)
