"""Twenty-five people are erased at once from a shop with real lists: an eye of its own looks for them everywhere."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.parquet as pq
import pytest
from crowd import ENCODER_VERSION, PEOPLE, PRODUCTS, make_champion, make_crowd, only_they_say
from landed_world import D2, load, rows, run
from mlflow import MlflowClient
from pyspark.sql import SparkSession

from socialrec import tracking
from socialrec.contracts import TABLES
from socialrec.contracts.gold import (
    COMMENT_INSIGHTS,
    RECOMMENDATIONS,
    SOCIAL_TIES,
    TEXT_EMBEDDINGS,
    TEXTS,
    USER_FEATURES,
    USER_PRODUCT_AFFINITY,
    USER_PROFILES,
)
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_PRODUCTS
from socialrec.contracts.vocabulary import ReasonKind
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.privacy.pseudonyms import identity_key, pseudonym
from socialrec.recommend.explain.reason import make_reason
from socialrec.settings import Settings
from socialrec.tracking import ENCODER, RECOMMENDER

N_ERASED, MIN_NAMED = 25, 2
ERASED = sorted(random.Random(25).sample(PEOPLE, N_ERASED))
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def crowd(mlflow_server: str, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    client = MlflowClient(mlflow_server, mlflow_server)
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)
    return make_crowd(tmp_path_factory.mktemp("crowd").resolve(), mlflow_server)


def texts_below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file as text, Parquet by its rows."""
    for file in folder.rglob("*"):
        if file.is_file() and "secrets" not in file.parts:
            is_rows = file.suffix == ".parquet" and "_delta_log" not in file.parts
            yield file, str(pq.ParquetFile(file).read().to_pylist()) if is_rows else file.read_text(errors="replace")


def recorded(client: MlflowClient, folder: Path) -> Path:
    """All that the server keeps with runs: parameters, tags, metrics and files."""
    for one in client.search_runs([found.experiment_id for found in client.search_experiments()]):
        target = folder / one.info.run_id
        target.mkdir(parents=True)
        (target / "run.txt").write_text(str(one.to_dictionary()))
        if client.list_artifacts(one.info.run_id):
            client.download_artifacts(one.info.run_id, "", str(target))
    return folder


def files_with(words: re.Pattern[str], *folders: Path) -> list[str]:
    """Files that hold one of the words."""
    return [
        str(file.relative_to(folder)) for folder in folders for file, text in texts_below(folder) if words.search(text)
    ]


def lists_without(people: set[str], lists: Rows, ties: Rows, affinity: Rows) -> tuple[Rows, set[str]]:
    """Everybody else's lists as they have to be without these people, and whose had to change, by plain reckoning.

    The crowd only clicks, and gives products four stars or none: nobody is a fan, and everybody looked.
    """
    likes, met = defaultdict(set), defaultdict(set)
    for row in affinity:
        if row["user_key"] not in people:
            met[row["product_id"]].add(row["user_key"])
        if row["affinity_micros"] > 0:
            likes[row["product_id"]].add(row["user_key"])
    n_users = {f"shop:{name}": len(likes[f"shop:{name}"] - people) for name in PRODUCTS}
    middle = median(n_users.values())
    neighbours = defaultdict(set)
    for row in ties:
        neighbours[row["user_key"]].add(row["neighbour_key"])
    wanted, changed = [], set()
    for row in lists:
        if row["user_key"] in people:
            continue
        behind = neighbours[row["user_key"]] & likes[row["product_id"]]
        reasons = []
        for reason in row["reasons"]:
            if reason["kind"] == "looked_at" and behind & people:
                left = behind - people
                named = [friend for friend in reason["friends"] if friend not in people]
                if left:
                    reasons.append({**reason, "friends": named if len(left) >= MIN_NAMED else []})
            else:
                reasons.append(reason)
        product = row["product_id"]
        reach = "new" if not met[product] else "popular" if n_users[product] >= max(1, middle) else "few"
        if (reasons := reasons or [make_reason(ReasonKind(reach))]) != row["reasons"]:
            changed.add(row["user_key"])
        wanted.append({**row, "reasons": reasons})
    return wanted, changed


def their_texts(before: dict[str, Rows], keys: set[str]) -> set[str]:
    """Hashes of the texts that these people said, and nobody else."""
    told = before[SILVER_COMMENTS.name]
    of_others = {row["text_hash"] for row in told if row["user_key"] not in keys}
    of_others |= {row["text_hash"] for row in before[SILVER_PRODUCTS.name]}
    return {row["text_hash"] for row in told if row["user_key"] in keys} - of_others


def assert_others_stay(before: dict[str, Rows], after: dict[str, Rows], keys: set[str], words: re.Pattern[str]) -> None:
    """Everybody else's rows are as they were; numbers of follows are those of the follows that are left."""
    special = {RECOMMENDATIONS.name, USER_PROFILES.name, COMMENT_INSIGHTS.name, USER_FEATURES.name}
    for name in set(TABLES) - special:
        assert after[name] == [row for row in before[name] if not words.search(str(row))], name
    others = [row for row in before[USER_FEATURES.name] if row["user_key"] not in keys]
    left = [{**row, "ties": [tie for tie in row["ties"] if tie["neighbour_key"] not in keys]} for row in others]
    assert left != others
    assert after[USER_FEATURES.name] == sorted(left, key=lambda row: json.dumps(row, default=str, sort_keys=True))
    gone = {row["comment_id"] for row in before[SILVER_COMMENTS.name] if row["user_key"] in keys}
    insights = [row for row in before[COMMENT_INSIGHTS.name] if row["comment_id"] not in gone]
    assert after[COMMENT_INSIGHTS.name] == insights
    n_follows: dict[tuple[str, str], int] = defaultdict(int)
    for tie in before[SOCIAL_TIES.name]:
        n_follows[tie["ds"], tie["user_key"]] += tie["is_follow"] and tie["neighbour_key"] not in keys
    profiles = [
        {**row, "n_follows": n_follows[row["ds"], row["user_key"]]}
        for row in before[USER_PROFILES.name]
        if row["user_key"] not in keys
    ]
    assert sorted(map(str, after[USER_PROFILES.name])) == sorted(map(str, profiles))


@pytest.mark.slow
@pytest.mark.chaos(16, "people erased at once", "no trace in any file, everybody else as before, models listed")
def test_twenty_five_people_are_gone_from_every_file_and_nobody_else_is(
    crowd: Settings, mlflow_server: str, tmp_path: Path, blow: Callable[..., None]
) -> None:
    lake, client = Lake(crowd.lake), MlflowClient(mlflow_server, mlflow_server)
    before = {table.name: rows(lake, table) for table in TABLES.values()}
    keys = {pseudonym(identity_key(crowd.secrets), "shop", user) for user in ERASED}
    only_theirs = their_texts(before, keys)
    own_words = [only_they_say(PEOPLE.index(user)) for user in ERASED]
    # Pages show the beginnings of pseudonyms.
    shown = [rf"(?<!\w){key[:8]}(?!\w)" for key in keys]
    words = re.compile("|".join((*ERASED, *keys, *only_theirs, *own_words, *shown)))
    started = make_champion(crowd)
    assert len(files_with(words, crowd.home, recorded(client, tmp_path / "before"))) > 30
    request = crowd.requests / "people.txt"
    request.parent.mkdir()
    request.write_text("\n".join(ERASED))

    told = run(crowd.home, D2, "--users-file", request.name, "--reason", "asked for it", jobs=("erase_users",))

    receipt = told["erase_users"]
    assert files_with(words, crowd.home, recorded(client, tmp_path / "after")) == []
    after = {table.name: rows(lake, table) for table in TABLES.values()}
    assert_others_stay(before, after, keys, words)
    theirs = (rows_of_day(before[table.name]) for table in (RECOMMENDATIONS, SOCIAL_TIES, USER_PRODUCT_AFFINITY))
    wanted, changed = lists_without(keys, *theirs)
    assert sorted(map(str, after[RECOMMENDATIONS.name])) == sorted(map(str, wanted))
    assert receipt["counts"]["changed_lists"] == len(changed) > N_ERASED
    assert {row["text_hash"] for row in after[TEXT_EMBEDDINGS.name]} == {row["text_hash"] for row in after[TEXTS.name]}
    assert receipt["counts"]["people"] == N_ERASED
    assert receipt["counts"]["old_files"] > 0
    assert receipt["models_to_train_again"] == [
        f"{name} {version}" for name in (ENCODER, RECOMMENDER) for version in (1, 2)
    ]
    champion = tracking.connect(crowd).champion(RECOMMENDER)
    assert champion is not None
    assert tracking.ERASED in champion.tags
    blow(N_ERASED)

    # What began before they were erased may have learned from them.
    arguments = ["--ds", D2, "--home", str(crowd.home), "--run-id", "late", "--mlflow-run", started]
    arguments += ["--encoder-version", ENCODER_VERSION, "--encoder-model-version", "2"]
    with pytest.raises(UserError, match="people were erased while this training ran"):
        load("promote_model").main(arguments)


def rows_of_day(found: Rows) -> Rows:
    return [row for row in found if row["ds"] == D2]
