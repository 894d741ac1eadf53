"""What may be published, how it is written, and how a night is summed up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.errors import UserError
from socialrec.lake.export import Beside
from socialrec.recommend.explain.reason import make_reason
from socialrec.recommend.lists.publishing import (
    audit_lists,
    export_lists,
    with_lake_ids,
    with_languages,
    with_sentences,
    with_source_ids,
)
from socialrec.recommend.lists.readers import Readers
from socialrec.report.summary import headline, read_receipts, refusal_of, summarise

PROFILES = pa.table({"user_key": ["a", "b"]})
OFFERED = pa.array(["p1", "p2", "p3"])
SEEN = pa.table({"user_key": ["b", "b"], "product_id": ["p2", "gone"]})


def lists(*rows: tuple[str, int, str], reasons: int = 1) -> pa.Table:
    users, ranks, products = zip(*rows, strict=True)
    return pa.table(
        {
            "user_key": pa.array(users),
            "rank": pa.array(ranks, pa.int32()),
            "product_id": pa.array(products),
            "score": [1.0] * len(rows),
            "reasons": [[{"kind": "popular"}] * reasons] * len(rows),
        }
    )


GOOD = [("a", 1, "p1"), ("a", 2, "p2"), ("b", 1, "p3"), ("b", 2, "p1")]


def audit(rows: pa.Table, length: int = 2) -> None:
    audit_lists(rows, PROFILES, SEEN, OFFERED, length)


def test_whole_lists_pass_and_so_do_short_ones_where_products_run_out() -> None:
    audit(lists(*GOOD))
    audit(lists(*GOOD, ("a", 3, "p3")), length=3)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (lists(*GOOD[:2]), "1 users with a short list"),
        (lists(*GOOD[:3]), "1 users with a short list"),
        (lists(*GOOD[:3], ("b", 3, "p1")), "1 lists with gaps"),
        (lists(*GOOD[:3], ("b", 2, "p3")), "1 lists that repeat a product"),
        (lists(*GOOD[:3], ("b", 2, "px")), "1 places with a product that is not offered"),
        (lists(*GOOD[:3], ("b", 2, "p2")), "1 places with a product the user has seen"),
        (lists(*GOOD, ("c", 1, "p1")), "1 places of users who are not in gold.user_profiles"),
        (lists(*GOOD, reasons=0), "4 places without a reason"),
    ],
)
def test_every_fault_is_counted_and_stops_publishing(rows: pa.Table, fault: str) -> None:
    with pytest.raises(UserError, match=fault):
        audit(rows)


def test_an_export_is_one_sorted_file_and_a_pointer(tmp_path: Path) -> None:
    assert export_lists(lists(*reversed(GOOD)), tmp_path, "2026-03-01") == 4
    exported = pq.read_table(tmp_path / "2026-03-01" / "recommendations.parquet")
    assert exported.select(["user_key", "rank", "product_id"]).to_pylist() == [
        {"user_key": u, "rank": r, "product_id": p} for u, r, p in GOOD
    ]
    assert (tmp_path / "CURRENT").read_text() == "2026-03-01\n"
    assert [f.name for f in (tmp_path / "2026-03-01").iterdir()] == ["recommendations.parquet"]


def test_the_same_rows_again_touch_nothing(tmp_path: Path) -> None:
    export_lists(lists(*GOOD), tmp_path, "2026-03-01")
    file = tmp_path / "2026-03-01" / "recommendations.parquet"
    before = file.stat().st_mtime_ns
    assert export_lists(lists(*GOOD), tmp_path, "2026-03-01") == 0
    assert file.stat().st_mtime_ns == before


def test_changed_rows_are_counted(tmp_path: Path) -> None:
    export_lists(lists(*GOOD), tmp_path, "2026-03-01")
    assert export_lists(lists(*GOOD[:3], ("b", 2, "p2")), tmp_path, "2026-03-01") == 1
    assert export_lists(lists(*GOOD[:3]), tmp_path, "2026-03-01") == 1


def test_a_backfilled_day_does_not_take_readers_back(tmp_path: Path) -> None:
    export_lists(lists(*GOOD), tmp_path, "2026-03-02")
    export_lists(lists(*GOOD), tmp_path, "2026-03-01")
    assert (tmp_path / "CURRENT").read_text() == "2026-03-02\n"
    assert (tmp_path / "2026-03-01" / "recommendations.parquet").exists()


def test_an_export_names_products_as_their_source_does_and_on_which_platform() -> None:
    said = {"kind": "because_you", "products": ["north:p2", "north:p:3"]}
    rows = [
        {"user_key": "a", "rank": 1, "product_id": "north:p1", "reasons": [said, {"kind": "popular", "products": []}]},
        {"user_key": "a", "rank": 2, "product_id": "south:p1", "reasons": [said]},
    ]
    found = pa.Table.from_pylist([{**row, "platform": "north"} for row in rows])
    exported = with_source_ids(found, is_shared=False)
    assert exported["product_id"].to_pylist() == ["p1", "p1"]
    assert exported["product_platform"].to_pylist() == ["north", "south"]
    behind = [[reason["products"] for reason in reasons] for reasons in exported["reasons"].to_pylist()]
    assert behind == [[["p2", "p:3"], []], [["p2", "p:3"]]]
    assert with_lake_ids(exported, is_shared=False).equals(found)
    # A part of it, as a reader gets it who leaves rows out.
    assert with_lake_ids(exported.slice(1), is_shared=False).to_pylist() == found.slice(1).to_pylist()


def test_an_export_has_each_reason_as_a_sentence_in_the_language_of_its_reader(tmp_path: Path) -> None:
    """Ann writes Chinese, Bob nothing: he reads what most users of his platform write."""
    profiles = pa.table({"user_key": ["ann", "bob", "eve"], "language": ["zh", None, "en"]})
    because = {**make_reason(ReasonKind.BECAUSE_YOU), "products": ["north:p2"]}
    friends = {**make_reason(ReasonKind.FRIENDS), "friends": ["f" * 64], "is_followed": True}
    rows = [
        {"user_key": user, "rank": 1, "product_id": "north:p1", "reasons": [because, friends], "platform": "north"}
        for user in ("bob", "ann")
    ]
    readers, titles = Readers("auto", {"north": "en"}), {"north:p2": "风筝"}
    found = pa.Table.from_pylist(rows)
    export_lists(
        found, tmp_path, "2026-03-01",
        lambda rows: with_source_ids(with_sentences(with_languages(rows, readers), titles), is_shared=False),
        Beside(profiles, ("language",)),
    )  # fmt: skip
    exported = pq.read_table(tmp_path / "2026-03-01" / "recommendations.parquet")
    assert exported.select(["user_key", "language", "sentences"]).to_pylist() == [
        {"user_key": "ann", "language": "zh", "sentences": ["因为你对“风筝”感兴趣", "你关注的1个人喜欢它"]},
        {"user_key": "bob", "language": "en", "sentences": ["because of 风筝", "liked by 1 person you follow"]},
    ]
    again = with_lake_ids(exported, is_shared=False)
    assert again.drop_columns("language").to_pylist() == found.sort_by("user_key").to_pylist()


def test_ids_that_platforms_share_are_exported_as_they_are() -> None:
    rows = [{"product_id": "urn:1", "reasons": [{"products": ["urn:2"]}], "platform": "north"}]
    found = pa.Table.from_pylist(rows)
    exported = with_source_ids(found, is_shared=True)
    assert exported.to_pylist() == [{**rows[0], "product_platform": "north"}]
    assert with_lake_ids(exported, is_shared=True).equals(found)


def receipt(job: str, counts: dict[str, int], **values: Any) -> dict[str, Any]:
    return {"job": job, "status": "written", "counts": counts, "seconds": 2.0, "peak_mib": 100, **values}


def test_a_night_is_summed_up_from_its_receipts(tmp_path: Path) -> None:
    for content in (
        receipt("build_silver", {"comments_in": 10}),
        receipt("embed_texts", {"encoded": 2}),
        receipt("pin_models", {}, recommender_version="3", encoder_version="e", evaluation_label="time cut"),
        receipt("publish_recommendations", {"users": 5}, changed_rows=4, drift={"score": 0.5}, warnings=["it drifts"]),
        receipt("report_run", {}),
    ):
        (tmp_path / f"{content['job']}.json").write_text(json.dumps(content))
    receipts = read_receipts(tmp_path, leave_out=("report_run",))
    rows = {"comments": {"in": 10, "published": 7, "duplicate": 2, "quarantined": 1, "adds_up": True}}
    training = {"embed_texts": receipt("embed_texts", {"encoded": 40})}
    figures = {"test/ndcg_at_10": 0.2, "val/ndcg_at_10": 0.3}
    summary = summarise("2026-03-01", "r1", receipts, training=training, rows=rows, figures=figures)
    assert summary["rows"] == rows
    assert (summary["encoded"], summary["trained"]) == (42, True)
    assert summary["models"] == {"recommender_version": "3", "encoder_version": "e"}
    assert (summary["evaluation"], summary["evaluation_label"]) == ({"test/ndcg_at_10": 0.2}, "time cut")
    assert summary["changed_rows"] == 4
    assert summary["metrics"]["publish_recommendations/users"] == 5
    assert (summary["metrics"]["drift/score"], summary["warnings"]) == (0.5, ["it drifts"])
    assert "report_run" not in summary["status"]


def test_what_the_jobs_cost_is_added_up_and_told_per_thousand_users() -> None:
    wrote = {"gold.texts": {"rows": 3, "bytes": 100}, "gold.social_ties": {"rows": 1, "bytes": 50}}
    receipts = {
        "build_gold": receipt("build_gold", {}, cpu_seconds=4.0, gpu_seconds=0.0, wrote=wrote),
        "embed_texts": receipt("embed_texts", {}, cpu_seconds=1.0, gpu_seconds=2.0, wrote={}),
        "publish_recommendations": receipt("publish_recommendations", {"users": 50}),
    }
    summary = summarise("2026-03-01", "r1", receipts, training={}, rows={}, figures={})
    nothing = {"cpu_seconds": 0.0, "gpu_seconds": 0.0, "rows_written": 0, "bytes_written": 0}
    assert summary["cost"] == {
        "jobs": {
            "build_gold": {"cpu_seconds": 4.0, "gpu_seconds": 0.0, "rows_written": 4, "bytes_written": 150},
            "embed_texts": {**nothing, "cpu_seconds": 1.0, "gpu_seconds": 2.0},
            "publish_recommendations": nothing,
        },
        "total": {"cpu_seconds": 5.0, "gpu_seconds": 2.0, "rows_written": 4, "bytes_written": 150},
        "per_thousand_users": {"cpu_seconds": 100.0, "gpu_seconds": 40.0, "rows_written": 80, "bytes_written": 3000},
    }
    assert summary["metrics"]["cost/cpu_seconds"] == 5.0
    assert summary["metrics"]["cost/cpu_seconds_per_thousand_users"] == 100.0


def test_a_night_without_users_has_costs_and_no_share_of_them() -> None:
    summary = summarise("2026-03-01", "r1", {"build_gold": receipt("build_gold", {})}, training={}, rows={}, figures={})
    assert summary["cost"]["per_thousand_users"] == {}
    assert summary["metrics"]["cost/cpu_seconds"] == 0.0


def night(changed_rows: int = 0, silver: str = "up_to_date", training: bool = False, **pins: Any) -> dict[str, Any]:
    """The summary of a night of 5 users with 10 recommendations; pins: what pin_models says of the model."""
    receipts = {
        "build_silver": {**receipt("build_silver", {}), "status": silver},
        "pin_models": receipt("pin_models", {}, recommender_version="3", encoder_version="e", **pins),
        "publish_recommendations": receipt(
            "publish_recommendations", {"users": 5, "published": 10}, changed_rows=changed_rows
        ),
    }
    rows = {"comments": {"in": 1200, "published": 1190, "duplicate": 7, "quarantined": 3, "adds_up": True}}
    refusal = {"status": "refused", "recommender_version": "4", "reasons": ["not better than popularity"], "checks": []}
    trained = {"promote_model": receipt("promote_model", {}, **refusal)} if training else {}
    return summarise("2026-03-01", "r1", receipts, training=trained, rows=rows, figures={})


def test_a_repeat_of_a_night_says_that_nothing_changed_and_counts_no_records() -> None:
    assert night()["is_repeat"]
    assert headline(night()) == "A repeat of 2026-03-01: nothing changed. Lists by recommender 3."


def test_a_later_run_of_a_day_that_changes_lists_took_in_no_new_records() -> None:
    told = night(changed_rows=4)
    assert not told["is_repeat"]
    assert headline(told).startswith(
        "4 of 10 recommendations for 5 users changed. No new records came in; 0 texts were encoded."
    )
    first = headline(night(changed_rows=10, silver="written"))
    assert "1,200 records came in, 3 of them went to quarantine; 0 texts were encoded." in first


def test_the_headline_says_by_which_model_the_lists_are_and_why() -> None:
    baseline = night(model_kind="baseline", missing="12 more users with 2 products each")
    assert headline(baseline).endswith(
        "Lists by the baseline (version 3); needed for a trained model: 12 more users with 2 products each."
    )
    chosen = night(chosen_by="person", gate="refused", gate_reasons="coverage 0.01", gate_warnings=["slow: wait"])
    assert headline(chosen).endswith(
        "Lists by recommender 3, chosen by a person; the gate had refused it: coverage 0.01. "
        "The gate has 1 warning about this model."
    )


def test_the_headline_says_that_the_gate_refused_this_nights_training() -> None:
    told = headline(night(changed_rows=10, silver="written", training=True))
    assert "trained tonight" not in told
    assert told.endswith("The gate refused version 4 of this night's training: not better than popularity.")


def test_a_refusal_has_the_remedies_of_the_checks_that_failed() -> None:
    checks = [
        {"name": "slices", "is_passed": False, "remedy": "set evaluate.max_slice_loss = 0.05"},
        {"name": "leak", "is_passed": True, "remedy": ""},
    ]
    refused = refusal_of({"status": "refused", "recommender_version": "4", "reasons": ["worse"], "checks": checks})
    assert refused is not None
    assert (refused["remedies"], refused["is_broken"]) == (["set evaluate.max_slice_loss = 0.05"], False)
    assert refusal_of({"status": "promoted", "recommender_version": "4"}) is None
    assert refusal_of({}) is None
