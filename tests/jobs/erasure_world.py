"""A world of four people to take some of them out of: two landing days, and what models make of the second."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from landed_world import D1, D2, comment, event, land, put, rows

from socialrec import tracking
from socialrec.contracts.gold import (
    BEHAVIOUR_PROPENSITIES,
    COMMENT_INSIGHTS,
    LIST_INPUTS,
    PASSAGES,
    RECOMMENDATIONS,
    SUSPECTS,
    TEXT_EMBEDDINGS,
    TEXTS,
    USER_OPINIONS,
)
from socialrec.contracts.silver import SILVER_COMMENTS
from socialrec.contracts.vocabulary import Entity, PassageSource, ReasonKind
from socialrec.display.messages.catalogue import AUTO
from socialrec.features.passages import normalised, passage_id
from socialrec.lake import Lake
from socialrec.privacy.pseudonyms import identity_key, pseudonym
from socialrec.recommend.explain.reason import make_reason
from socialrec.recommend.lists.publishing import export_lists, with_sentences, with_source_ids
from socialrec.report.facts import read_facts
from socialrec.report.page import write_report
from socialrec.report.summary import rows_of, summarise
from socialrec.settings import Settings

ANN, BOB, CYD, DOT = "ann-0001", "bob-0002", "cyd-0003", "dot-0004"
ONLY_BOBS, SHARED = "Strings tangle like a bowl of eels", "It flies well"
BOB_ASKS, BOB_ANSWERS = "Does it survive a night among eels?", "Mine never tangles where I live"
SHOP_ANSWERS, ANN_ANSWERS = "We never tried it among eels.", "Keep the string on its reel."


def key(settings: Settings, user: str) -> str:
    return pseudonym(identity_key(settings.secrets), "shop", user)


def land_two_days(home: Path) -> None:
    """Three formats; Bob is in all of them, beside others, in a broken record, and in a reply to him."""
    products = [{"product_id": name, "title": name, "category": "toys"} for name in ("kite", "ball", "drum")]
    land(home, D1, Entity.PRODUCTS, *products)
    everyone = (ANN, BOB, CYD, DOT)
    land(home, D1, Entity.INTERACTIONS, *(event(f"e{n}", D1, user_id=user) for n, user in enumerate(everyone)))
    land(
        home,
        D1,
        Entity.COMMENTS,
        comment("c1", BOB, ONLY_BOBS, rating=2),
        comment("c2", BOB, SHARED),
        comment("c3", ANN, SHARED),
        comment("c4", ANN, "Untangle them", parent_comment_id="c1"),
    )
    follows = home / "landing" / "shop" / D1 / "follows.csv"
    edges = [(ANN, BOB), (CYD, BOB), (CYD, ANN), (BOB, ANN), (DOT, CYD)]
    follows.write_text("follower_id,followee_id\n" + "".join(f'"{one}",{other}\n' for one, other in edges))
    asked = {"q1": (BOB, BOB_ASKS), "q2": (ANN, "How do I keep the string from tangling?")}
    questions = [
        {"question_id": name, "user_id": user, "product_id": "kite", "text": text}
        for name, (user, text) in asked.items()
    ]
    land(home, D1, Entity.QUESTIONS, *questions)
    answers = [("q1", SHOP_ANSWERS, None), ("q2", BOB_ANSWERS, BOB), ("q2", ANN_ANSWERS, ANN)]
    land(
        home,
        D1,
        Entity.ANSWERS,
        *(
            {"answer_id": f"a{n}", "question_id": name, "text": text}
            | ({"author_kind": "customer", "user_id": user} if user else {"author_kind": "shop"})
            for n, (name, text, user) in enumerate(answers)
        ),
    )
    second = [event(f"f{n}", D2, user_id=user, product_id="ball") for n, user in enumerate((BOB, CYD, ANN))]
    file = home / "landing" / "shop" / D2 / "interactions.parquet"
    file.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(second), file)
    land(
        home,
        D2,
        Entity.COMMENTS,
        comment("c5", BOB, "Fine", rating=9),
        *(comment(f"d{n}", DOT, f"Say {n}") for n in range(30)),
    )


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


CITED = (
    (PassageSource.COMMENT, ONLY_BOBS),
    (PassageSource.COMMENT, SHARED),
    (PassageSource.ANSWER, SHOP_ANSWERS),
    (PassageSource.ANSWER, BOB_ANSWERS),
    (PassageSource.ANSWER, ANN_ANSWERS),
    (PassageSource.COMMENT, "Untangle them"),
)
"""Passages about the kite, as `build_passages` makes them."""


def passage(source: PassageSource, text: str) -> dict[str, Any]:
    about = {"passage_id": passage_id("shop:kite", source, normalised(text)), "product_id": "shop:kite"}
    said = {"source": source.value, "place": 0, "text": text, "n_agreeing": 1, "text_hash": text_hash(text)}
    return {**about, **said, "language": "en", "platform": "shop", "ds": D2}


def reason(kind: str, **named: Any) -> dict[str, Any]:
    return {**make_reason(ReasonKind(kind)), "share": 0.5, **named}


def publish(settings: Settings) -> None:
    """What models make of the second day, by hand: vectors, insights, opinions, lists, an export and a page."""
    lake = Lake(settings.lake)
    ann, bob, cyd, dot = (key(settings, user) for user in (ANN, BOB, CYD, DOT))
    here = {"platform": "shop", "ds": D2}
    hashes = [*lake.read(TEXTS)["text_hash"].to_pylist(), "what bob did last"]
    put(lake, TEXT_EMBEDDINGS, "v1", [{"text_hash": h, "embedding": [1.0], "encoder_version": "v1"} for h in hashes])
    told = [{"comment_id": row["comment_id"], "aspects": [], "encoder_version": "v1", "platform": "shop", "ds": D1}
            for row in rows(lake, SILVER_COMMENTS, D1)]  # fmt: skip
    put(lake, COMMENT_INSIGHTS, D1, told)
    thinks = {"kind": "category", "subject": "toys", "sentiment": 1.0, "n_comments": 1, **here}
    put(lake, USER_OPINIONS, D2, [{"user_key": user, **thinks} for user in (ann, bob)])
    may = {"product_id": "shop:kite", "action": "click", "probability": 0.5, "encoder_version": "v1", **here}
    put(lake, BEHAVIOUR_PROPENSITIES, D2, [{"user_key": user, **may} for user in (ann, bob)])
    put(lake, SUSPECTS, D2, [{"user_key": bob, "ds": D2}])
    put(lake, PASSAGES, D2, [passage(*said) for said in CITED])
    sentences = [{"text_hash": text_hash(text), "embedding": [1.0], "encoder_version": "v2"} for _, text in CITED]
    put(lake, TEXT_EMBEDDINGS, "v2", sentences)
    made = {"recommender_version": "1", "model_kind": "trained", "encoder_version": "v1", **here}
    own = reason("because_you", products=["shop:kite"])
    places = [
        # Bob and Ann stand behind Cyd's ball: without Bob one is left, too few to be named.
        (cyd, 1, "shop:ball", [own, reason("looked_at", friends=[bob, ann], is_followed=True)]),
        # Bob alone stands behind Ann's ball, and is not named: without him nobody does.
        (ann, 1, "shop:ball", [reason("looked_at")]),
        (ann, 2, "shop:drum", [own]),
        (dot, 1, "shop:ball", [reason("looked_at"), own]),
        (bob, 1, "shop:drum", [own]),
    ]
    names = ("user_key", "rank", "product_id", "reasons")
    put(lake, RECOMMENDATIONS, D2, [{**dict(zip(names, place, strict=True)), "score": 1.0, **made} for place in places])
    rests = [{"user_key": user, "inputs_hash": n, "made_ds": D2, **here} for n, user in enumerate((ann, bob, cyd, dot))]
    put(lake, LIST_INPUTS, D2, rests)
    titles = dict.fromkeys(("shop:kite", "shop:ball", "shop:drum"), "Toy")
    read = lake.read(RECOMMENDATIONS, [D2])
    said_to_all = with_sentences(read.append_column("language", pa.array(["en"] * read.num_rows)), titles)
    export_lists(with_source_ids(said_to_all, is_shared=False), settings.export, D2)
    pins = {"recommender_version": "1", "encoder_version": "v1", "encoder_model_version": "1"}
    said = {"status": "done", "counts": {"users": 4, "published": 5}, "seconds": 0.1, "peak_mib": 1}
    receipts = {"pin_models": {**said, **pins}, "publish_recommendations": said}
    summary = summarise(D2, "r1", receipts, training={}, rows=rows_of(lake, D2), figures={})
    page = settings.reports / D2
    write_report(page, summary, read_facts(lake, D2, AUTO))
    tracking.connect(settings).log_nightly("night", {}, {}, {"ds": D2}, page)
