"""First nights of four small worlds by the jobs' own programs, and what the proof counts as a fault, by hand."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from socialrec.bench.first_nights.benchmark import choose, line_of, read_facts, run, to_json
from socialrec.bench.first_nights.checks import DayFacts, faults_of_lists, lists_of
from socialrec.bench.first_nights.night_jobs import night_steps, training_steps
from socialrec.bench.first_nights.program import FirstNight, said
from socialrec.bench.first_nights.shops import CHINESE, GeneratedShop, records_of
from socialrec.bench.first_nights.worlds import LACKS, README_RECORDS, SHOP_DAY, worlds
from socialrec.contracts import TABLES
from socialrec.contracts.flow import READ, reads, writes
from socialrec.contracts.runs import LANDING_FILES, PUBLISHED_LISTS
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError

REPOSITORY = Path(__file__).parents[2]
SMALL = ("readme", "nobody-buys", "shop-14", "chinese")
LAST = date.fromisoformat(SHOP_DAY)
OF_OTHER_RUNS = {
    *("pretrain_encoder", "roll_back_model", "build_passages", "embed_passages"),
    *("pin_answers", "answer_questions", "publish_answers", "fit_answers", "roll_back_answers"),
}
"""Jobs that are neither in a night nor in its training."""
PICTURES = {"gold.picture_embeddings", "gold.aligned_pictures"}
SEEN_ELSEWHERE = {
    "embed_texts": {"gold.text_embeddings", "gold.picture_embeddings"},
    "ingest_landing": {"bronze.pictures", "quarantine.pictures"},
    "build_silver": {"bronze.pictures"},
    "embed_images": {"gold.picture_embeddings"},
    "report_run": {"quarantine.pictures"},
    "score_recommendations": {"gold.list_inputs"},
    "finetune_encoder": {"gold.picture_embeddings"},
    "predict_insights": {"gold.picture_embeddings"},
    "build_features": PICTURES,
    "fit_recommender": {"gold.comment_insights", "gold.product_attributes", *PICTURES},
    "evaluate_recommender": {"gold.comment_insights", "gold.product_attributes", *PICTURES},
}
"""No first night adds to vectors or keeps lists, its training comes before the first insights, and these shops have no
pictures: see test_text_jobs.py, test_jobs_keeping.py, test_features_inputs.py and test_jobs_pictures.py.
"""

WRITTEN_ELSEWHERE = {"gold.list_inputs", *PICTURES, "bronze.pictures", "quarantine.pictures"}


@pytest.fixture(scope="module")
def nights() -> dict[str, Any]:
    """All four, two at once; module-wide because each takes most of a minute."""
    found: dict[str, Any] = json.loads(run(SMALL))
    return found


@pytest.mark.parametrize("name", SMALL)
def test_a_first_night_ends_with_a_whole_list_and_true_reasons_for_everybody(nights: dict[str, Any], name: str) -> None:
    facts = nights["facts"][name]
    assert facts["faults"] == []
    assert facts["outcome"] == "succeeded"
    # Every recommendation has a reason, and every profile a sentence, that was held against the tables.
    assert facts["n_reasons"] >= facts["places"]
    assert facts["n_profile_parts"] >= facts["users"]
    assert facts["n_untrue"] == 0
    assert facts["places"] >= facts["lists"] > 0


def test_jobs_read_and_write_what_their_assets_say(nights: dict[str, Any]) -> None:
    """Both ways, over all tables and files that receipts count, for each job of a night and of a training."""
    counted = {*TABLES, LANDING_FILES, PUBLISHED_LISTS}
    worlds_facts = nights["facts"].values()
    jobs = {*READ} - OF_OTHER_RUNS
    assert {job for facts in worlds_facts for job in facts["read"]} == jobs
    for job in sorted(jobs):
        read = {name for facts in worlds_facts for name in facts["read"][job]}
        wrote = {name for facts in worlds_facts for name in facts["wrote"][job]}
        own = {name for name in read if name in TABLES and TABLES[name].writers == (job,)}
        elsewhere = SEEN_ELSEWHERE.get(job, set())
        assert (job, sorted(read - own)) == (job, sorted(counted & {*reads(job)} - elsewhere))
        assert (job, sorted(wrote)) == (job, sorted(counted & {*writes(job)} - WRITTEN_ELSEWHERE))


def test_the_four_records_of_the_readme_give_the_one_list_that_they_allow(nights: dict[str, Any]) -> None:
    facts = nights["facts"]["readme"]
    # There is one product, which Ann has met: only Bob can be recommended it.
    assert (facts["users"], facts["products"], facts["lists"], facts["places"]) == (2, 1, 1, 1)
    assert facts["model_kind"] == "baseline"
    assert facts["missing"]


def test_the_result_counts_the_worlds(nights: dict[str, Any]) -> None:
    assert (nights["worlds"], nights["succeeded"], nights["skipped"]) == (4, 4, 0)


def test_there_are_the_worlds_that_were_promised() -> None:
    known = worlds()
    demos = [name for name in known if re.fullmatch(r"demo-\d", name)]
    assert len(known) >= 24
    assert len(demos) == len({known[name].ds for name in demos}) == 8
    sizes = [f"shop-{users}" for users in (1, 4, 14, 50, 300, 1500)]
    others = ["readme", "chinese", "nobody-buys", "everybody-buys-one-thing", "one-seller-has-half", "three-platforms"]
    assert {*sizes, *others, *(f"without-{lack}" for lack in LACKS), "demo-zh", "demo-mixed", "lastfm"} <= known.keys()


def test_an_unknown_world_is_named_with_those_that_there_are() -> None:
    with pytest.raises(UserError, match=r"no world 'shop-15'; there are: readme, shop-1, "):
        choose(["readme", "shop-15"])


def test_lastfm_is_skipped_and_counted_as_skipped_where_its_files_are_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOCIALREC_DATA_DIR", str(tmp_path))
    found = json.loads(run(["lastfm"]))
    assert (found["worlds"], found["succeeded"], found["skipped"]) == (0, 0, 1)
    assert found["facts"]["lastfm"]["faults"] == [
        f"no folder {tmp_path}/lastfm/raw: SOCIALREC_DATA_DIR names where it lies"
    ]


def test_the_readme_shows_the_records_of_its_world() -> None:
    shown = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for entity, records in README_RECORDS.items():
        for record in records:
            assert re.search(rf"echo '{re.escape(json.dumps(record))}' +> {entity}\.jsonl", shown)


def test_the_steps_are_those_of_the_dag_files_in_their_order() -> None:
    receipts = {
        "pin_models": {"has_champion": True, "encoder_folder": "e", "encoder_version": "v"},
        "finetune_encoder": dict.fromkeys(
            ("mlflow_run_id", "encoder_version", "encoder_folder", "encoder_model_version"), "x"
        ),
    }
    night = [step.job for step in night_steps(SHOP_DAY, "r", lambda run_id, job: receipts[job])]
    training = [step.job for step in training_steps(SHOP_DAY, "r", lambda run_id, job: receipts[job])]
    assert (night, training) == (jobs_of("socialrec_nightly"), jobs_of("socialrec_train"))


def jobs_of(dag: str) -> list[str]:
    """The jobs that a DAG file names, in the order in which it does."""
    text = (REPOSITORY / "dags" / f"{dag}.py").read_text(encoding="utf-8")
    found = re.findall(r'(?:_job\(\s*settings, "(\w+)")|(?:job="(\w+)")|(embed_texts)\(settings', text)
    return ["".join(names) for names in found]


def test_without_a_champion_the_training_comes_before_the_models_are_pinned() -> None:
    made = dict.fromkeys(("mlflow_run_id", "encoder_version", "encoder_folder", "encoder_model_version"), "x")
    receipts = {
        "pin_models": {"has_champion": False, "encoder_folder": "e", "encoder_version": "v"},
        "finetune_encoder": made,
    }
    steps = list(night_steps(SHOP_DAY, "r", lambda run_id, job: receipts[job]))
    names = [step.name for step in steps]
    assert names[4:11] == [
        *("ensure_champion", "finetune_encoder", "train.embed_texts", "fit_recommender", "evaluate_recommender"),
        *("promote_model", "pin_models"),
    ]
    assert steps[5].arguments == ("--ds", SHOP_DAY, "--run-id", "for__r")


EVIDENCE = DayFacts(
    users=frozenset({"ann", "bob", "eve"}),
    offered=frozenset({"kite", "lamp", "book"}),
    met={"ann": frozenset({"kite"}), "eve": frozenset({"kite", "lamp", "book", "gone"})},
)


def test_a_list_is_whole_where_it_is_full_or_the_catalogue_allows_no_more() -> None:
    # Eve has met everything that is offered: no list is her whole list.
    assert faults_of_lists({"ann": ["lamp", "book"], "bob": ["kite", "lamp"]}, EVIDENCE, length=2) == []


@pytest.mark.parametrize(
    ("lists", "fault"),
    [
        ({"ann": ["lamp"]}, "1 lists of another length than the catalogue allows, at most 2, such as of user ann"),
        ({"ann": ["lamp", "kite"]}, "1 lists with a product that is not offered, or that the user has met"),
        ({"ann": ["lamp", "gone"]}, "1 lists with a product that is not offered, or that the user has met"),
        ({"ann": ["lamp", "lamp"]}, "1 lists with a product twice, such as of user ann"),
        ({"ann": ["lamp", "book"], "tom": ["kite", "lamp"]}, "1 lists of unknown users, such as of user tom"),
    ],
)
def test_a_list_that_is_not_whole_is_a_fault(lists: dict[str, list[str]], fault: str) -> None:
    (found,) = faults_of_lists({"bob": ["kite", "lamp"], **lists}, EVIDENCE, length=2)
    assert found.startswith(fault)


def test_a_rank_that_is_missing_leaves_a_gap_that_is_no_product() -> None:
    rows = [{"user_key": "ann", "rank": rank, "product_id": name} for rank, name in ((1, "lamp"), (3, "book"))]
    assert lists_of(rows) == {"ann": ["lamp", ""]}


@pytest.mark.parametrize(
    ("lack", "entity", "column"),
    [
        ("ratings", Entity.COMMENTS, "rating"),
        ("categories", Entity.PRODUCTS, "category"),
        ("brands", Entity.PRODUCTS, "brand"),
        ("times", Entity.INTERACTIONS, "event_ts"),
    ],
)
def test_a_shop_lacks_a_column_and_nothing_else(lack: Any, entity: Entity, column: str) -> None:
    whole = records_of(GeneratedShop(20, 24, 6), "shop", LAST)
    without = records_of(GeneratedShop(20, 24, 6, lacks=frozenset({lack})), "shop", LAST)
    assert without[entity] == [{name: row[name] for name in row if name != column} for row in whole[entity]]


@pytest.mark.parametrize(("lack", "entity"), [("comments", Entity.COMMENTS), ("ties", Entity.FOLLOWS)])
def test_a_shop_lacks_an_entity(lack: Any, entity: Entity) -> None:
    assert entity not in records_of(GeneratedShop(20, 24, 6, lacks=frozenset({lack})), "shop", LAST)


def test_a_shop_of_one_taste_after_another_praises_what_it_likes_in_its_own_language() -> None:
    records = records_of(GeneratedShop(20, 24, 6, words=CHINESE), "shop", LAST)
    assert len(records[Entity.PRODUCTS]) == 24
    assert not any(re.search("[a-z]", row["text"]) for row in records[Entity.COMMENTS])
    assert {row["rating"] for row in records[Entity.COMMENTS] if "很好" in row["text"]} == {4, 5}


def test_where_everybody_buys_one_thing_there_is_one_purchase_a_user() -> None:
    events = records_of(GeneratedShop(30, 40, 6, all_buy_one=True), "shop", LAST)[Entity.INTERACTIONS]
    purchases = [(row["user_id"], row["product_id"]) for row in events if row["event_type"] == "purchase"]
    assert purchases == [(f"u{number}", "shop-p0") for number in range(30)]


def test_the_first_brand_has_the_share_of_products_that_it_was_given() -> None:
    products = records_of(GeneratedShop(20, 40, 6, largest_seller_share=0.5), "shop", LAST)[Entity.PRODUCTS]
    assert [row["brand"] for row in products].count("Astera") == 20


def test_a_world_whose_process_died_is_a_failure_that_names_its_log(tmp_path: Path) -> None:
    facts = read_facts(tmp_path, worlds()["readme"], 137)
    facts.kept = str(tmp_path)
    assert line_of(facts).splitlines()[1:] == [
        f"    its process ended with exit code 137: see {tmp_path}/night.log",
        f"    log: {tmp_path}/night.log",
    ]
    found = json.loads(to_json([facts], 1.0))
    assert (found["worlds"], found["succeeded"]) == (1, 0)


def test_an_error_is_told_with_the_line_of_this_project_that_it_met() -> None:
    def wrong() -> None:
        records_of(GeneratedShop(0, 0, 0), "nowhere", LAST)

    with pytest.raises(ValueError) as met:
        wrong()
    assert re.fullmatch(r"ValueError: .+ at socialrec/bench/first_nights/shops\.py:\d+", said(met.value))
    assert said(UserError("deliver it again")) == "deliver it again"


def test_facts_survive_their_file(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(json.dumps(vars(FirstNight("readme", SHOP_DAY, lists=1))), encoding="utf-8")
    assert read_facts(tmp_path, worlds()["readme"], 0).lists == 1
