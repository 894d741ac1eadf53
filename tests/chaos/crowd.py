"""A shop of 120 people, two landing days in three formats, and lists that a real model and real jobs made of them."""

from __future__ import annotations

import csv
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from landed_world import D1, D2, JOBS, comment, event, land, put, rows, run

from socialrec import tracking
from socialrec.contracts.gold import BEHAVIOUR_PROPENSITIES, COMMENT_INSIGHTS, TEXT_EMBEDDINGS, TEXTS, USER_OPINIONS
from socialrec.contracts.silver import SILVER_COMMENTS
from socialrec.contracts.vocabulary import Entity
from socialrec.lake import Lake
from socialrec.privacy.erasure.trainings import erased_before
from socialrec.settings import Settings, load_settings
from socialrec.tracking import ENCODER, RECOMMENDER

PEOPLE = [f"person-{number:03}" for number in range(120)]
ENCODER_VERSION = "tiny-000000000000"
SHARED = ("It flies well", "The colours fade", "My children love it")
PRODUCTS = [f"p{number:02}" for number in range(40)]


def only_they_say(number: int) -> str:
    """A word that one person alone uses."""
    return "".join(random.Random(number).choices("bdfgklmnprst", k=14))


def land_crowd(home: Path) -> None:
    """Everybody clicks, comments, answers and follows; some records are broken, and name people too."""
    rng, newest = random.Random(16), date.fromisoformat(D1)
    described = [{"product_id": p, "title": f"Thing {p}", "category": f"kind {int(p[1:]) % 5}"} for p in PRODUCTS]
    land(home, D1, Entity.PRODUCTS, *described)
    clicks = []
    for number, user in enumerate(PEOPLE):
        liked = rng.sample(PRODUCTS[: 20 if number % 2 else 40], 8)
        days = sorted(rng.sample(range(40), 8), reverse=True)
        clicks += [
            event(f"e{number}-{n}", str(newest - timedelta(days=back)), user_id=user, product_id=product)
            for n, (product, back) in enumerate(zip(liked, days, strict=True))
        ]  # fmt: skip
    land(home, D1, Entity.INTERACTIONS, *clicks[::2])
    with (home / "landing" / "shop" / D1 / "interactions-more.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(clicks[0]))
        writer.writeheader()
        writer.writerows(clicks[1::2])
    said = []
    for number, user in enumerate(PEOPLE):
        product = rng.choice(PRODUCTS)
        said.append(comment(f"own{number}", user, f"This {only_they_say(number)} pleases", product_id=product))
        said.append(comment(f"shared{number}", user, SHARED[number % 3], product_id=product, rating=4))
        answered = f"own{rng.randrange(len(PEOPLE))}"
        said.append(comment(f"reply{number}", user, f"No {only_they_say(number)} here", parent_comment_id=answered))
    land(home, D1, Entity.COMMENTS, *said)
    follows = home / "landing" / "shop" / D1 / "follows.csv"
    edges = {(n, (n + step) % len(PEOPLE)) for n in range(len(PEOPLE)) for step in (1, 7, rng.randrange(20, 100))}
    lines = [f"{PEOPLE[one]},{PEOPLE[other]}\n" for one, other in sorted(edges)]
    follows.write_text("follower_id,followee_id\n" + "".join(lines))
    again = [event(f"f{n}", D2, user_id=user, product_id=rng.choice(PRODUCTS)) for n, user in enumerate(PEOPLE)]
    file = home / "landing" / "shop" / D2 / "interactions.parquet"
    file.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(again), file)
    land(home, D2, Entity.COMMENTS, *(comment(f"bad{n}", user, "Fine", rating=9) for n, user in enumerate(PEOPLE[::4])))
    cut = "".join(f'{{"event_id": "cut{n}", "user_id": "{user}", "prod\n' for n, user in enumerate(PEOPLE[::4]))
    (file.parent / "interactions-cut.jsonl").write_text(cut)


def make_crowd(home: Path, server: str) -> Settings:
    """Two nights, what an encoder would say of them, a champion, and its lists, exported and on a page."""
    lines = [f'services.mlflow_uri = "{server}"', "etl.max_quarantine_share = 1.0", "recommend.regularization = 5.0"]
    lines += ["recommend.block_users = 50", "recommend.list_length = 6", "evaluate.cutoff = 5"]
    (home / "settings.toml").write_text("\n".join(lines))
    land_crowd(home)
    for ds in (D1, D2):
        run(home, ds, jobs=JOBS)
    settings = load_settings(home)
    predict(Lake(settings.lake))
    make_champion(settings)
    # Lists of another length first: the table keeps an old version with everybody in it.
    run(home, D2, "--encoder-version", ENCODER_VERSION, jobs=("build_features",))
    for length in (4, 6):
        (home / "settings.toml").write_text("\n".join(lines).replace("length = 6", f"length = {length}"))
        run(home, D2, jobs=("pin_models", "score_recommendations"))
    run(home, D2, jobs=("publish_recommendations", "report_run"))
    return load_settings(home)


def predict(lake: Lake) -> None:
    """Vectors of all texts, and a prediction of each kind about everybody."""
    rng = np.random.default_rng(16)
    hashes = sorted(set(lake.read(TEXTS)["text_hash"].to_pylist()))
    made = {"encoder_version": ENCODER_VERSION}
    vectors = [{"text_hash": h, "embedding": rng.normal(size=4).tolist(), **made} for h in hashes]
    put(lake, TEXT_EMBEDDINGS, ENCODER_VERSION, vectors)
    comments = rows(lake, SILVER_COMMENTS, D1)
    here = {"platform": "shop", **made}
    insights = [{"comment_id": row["comment_id"], "aspects": [], **here, "ds": D1} for row in comments]
    put(lake, COMMENT_INSIGHTS, D1, insights)
    own: dict[str, list[str]] = {}
    for row in comments:
        own.setdefault(row["user_key"], []).append(row["comment_id"])
    thinks: dict[str, Any] = {"kind": "category", "subject": "toys", "sentiment": 1.0, "platform": "shop", "ds": D2}
    opinions = [{"user_key": user, "n_comments": len(c), **thinks} for user, c in own.items()]
    put(lake, USER_OPINIONS, D2, opinions)
    may = {"product_id": "shop:p01", "action": "click", "probability": 0.5, **here, "ds": D2}
    put(lake, BEHAVIOUR_PROPENSITIES, D2, [{"user_key": user, **may} for user in own])


def make_champion(settings: Settings) -> str:
    """Fit on all of it and put it into use without asking the gate, which would find so few people too few; the run."""
    tracker = tracking.connect(settings)
    made = tracker.start_training("crowd", {}, {"ds": D2, **erased_before(settings)})
    tracker.log_dict(made, {}, "encoder/encoder.json")
    encoder = tracker.register(made, "encoder", ENCODER, {"encoder_version": ENCODER_VERSION, "ds": D2})
    run(settings.home, D2, "--mlflow-run", made, "--encoder-version", ENCODER_VERSION, jobs=("fit_recommender",))
    tags = {"encoder_version": ENCODER_VERSION, "encoder_model_version": encoder, "ds": D2, "label": "time cut"}
    tracker.promote(ENCODER, encoder)
    # The baseline's fixed weights give reasons by people; what is learned of so random a crowd gives none.
    tracker.promote(RECOMMENDER, tracker.register(made, "baseline", RECOMMENDER, tags))
    return made
