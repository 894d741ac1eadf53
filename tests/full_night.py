"""A night with something in every part of its report: the facts and the summary, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from socialrec.contracts.vocabulary import Entity
from socialrec.features.suspicion import Suspect
from socialrec.recommend.lists.published import Place, PublishedList
from socialrec.report.changes import Changes, Mover
from socialrec.report.facts import Exposure, Liked, NightFacts, Rejected
from socialrec.report.summary import model_of, refusal_of, summarise

DS, KEY = "2026-03-31", "0123456789abcdef" * 4
TITLE = "Handcrafted gold-plated metal bookend for large encyclopedias"
DAYS = [f"2026-03-{day:02}" for day in range(1, 32)]


def a_list(number: int) -> PublishedList:
    reasons = ("liked by 3 people you follow (00454676, d2b5770e and cda47705)", f"because of {TITLE}")
    places = tuple(Place(rank, f"p{rank}", TITLE, 6.0 / rank, reasons, "; ".join(reasons)) for rank in range(1, 11))
    return PublishedList(f"{number:08}{KEY[8:]}", "en", "Likes furniture, games and books.", DS, "2", "mini", places)


def full_facts() -> NightFacts:
    """A night with something in every part of the page."""
    at = datetime(2026, 3, 31, 2, 5, tzinfo=UTC)
    groups = [f"slice/activity/{name}" for name in ("high", "low", "middle")]
    figures = [
        {"name": f"{group}/{metric}", "value": value}
        for group in groups
        for metric, value in (("ndcg_at_10", 0.125), ("n_users", 1200.0))
    ]
    decision = {"decided_ts": at, "kind": "baseline", "reasons": [], "figures": figures}
    return NightFacts(
        rejected=tuple(Rejected(e, "missing_value", 12, f"shop/{DS}/{e}.jsonl.gz:1204, user_id") for e in Entity),
        growth={
            name: {day: 900 + 40 * place for place, day in enumerate(DAYS)} for name in ("interactions", "comments")
        },
        said={"sentiment": {"positive": 310, "negative": 80, "neutral": 40}, "topic": {"price": 90, "delivery": 30}},
        liked=tuple(Liked("aspect", f"{TITLE} {n}", 1_200, 3_400, 1 - n / 5) for n in range(10)),
        expected={"view": 612.5, "cart": 40.25, "return": 1.5},
        exposure=Exposure(0.62, np.arange(500)[::-1], tuple((TITLE, 300 - n) for n in range(10))),
        samples=tuple(a_list(number) for number in range(10)),
        changes=Changes(
            "2026-03-30", 0.125, 2, True, tuple(Mover(KEY, 4, "+3 interactions, +1 comments") for _ in DAYS)
        ),
        suspects=tuple(Suspect(KEY, ("burst", "closed_ties"), "p3") for _ in range(50)),
        decision=decision,
    )


def full_summary() -> dict[str, Any]:
    said = {"status": "written", "seconds": 12.5, "peak_mib": 900}
    spent = {"cpu_seconds": 10.25, "wrote": {"gold.texts": {"rows": 12_345, "bytes": 3 << 20}}}
    jobs = ("ingest_landing", "build_silver", "build_gold", "embed_texts", "predict_insights", "score_recommendations")
    receipts: dict[str, dict[str, Any]] = {name: {**said, **spent, "counts": {}} for name in jobs}
    published = {**said, "counts": {"users": 1500, "published": 30_000}, "changed_rows": 29_000}
    published["warnings"] = ["score has drifted from the model's training: index 0.31, above 0.25; train again"]
    receipts["publish_recommendations"] = published
    receipts["pin_models"] = {**said, "counts": {}, "recommender_version": "2", "encoder_version": "mini-0123456789ab"}
    counts = {"in": 30_100, "published": 30_000, "duplicate": 60, "quarantined": 40, "adds_up": True, "total": 900_000}
    rows = {entity.value: {**counts, "masked": {"mail": 12, "phone": 3}} for entity in Entity}
    metrics = ("ndcg", "recall", "precision", "mrr", "hit_rate", "coverage")
    figures = {f"test/{name}_at_10": 0.25 for name in metrics} | {
        f"test/popularity_{name}_at_10": 0.125 for name in metrics
    }
    figures |= {"test/exposure_small_sellers_at_10": 0.21, "test/exposure_new_products_at_10": 1.3}
    warnings = [
        "small sellers get 34% less exposure than with popularity, at most 30%: raise evaluate.max_exposure_loss"
    ] * 2
    model = {"model_kind": "baseline", "missing": "12 more users with 2 products each", "gate_warnings": warnings}
    reasons = ["ndcg_at_10 0.1000 against 0.1200 of popularity (p 0.900): not better"]
    refused = refusal_of({"status": "refused", "recommender_version": "1", "reasons": reasons, "checks": []})
    made = summarise(DS, "manual__2026-04-01T02:00:00+00:00", receipts, training={}, rows=rows, figures=figures)
    return {**made, "evaluation_label": "time cut 2026-03-20", "model": model_of(model), "refused": refused}
