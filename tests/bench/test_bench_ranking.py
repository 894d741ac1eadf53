"""The ranking benchmark: honest parts, and a whole run on a shop that one can see through."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from socialrec.bench.ranking.benchmark import cutoffs_of, read_problem, run
from socialrec.bench.ranking.lastfm import LastFmTables, recbole_split
from socialrec.bench.ranking.peers import peer_lists
from socialrec.bench.ranking.problem import Problem, hold_out, shuffled_places, tie_shares
from socialrec.errors import UserError
from socialrec.settings import RecommendSettings, Settings


def quiet(line: str) -> None:
    del line


NEIGHBOURS = {"bm25_item_knn": 2, "bm25_user_knn": 2}


def pairs_table(pairs: list[tuple[str, str]]) -> pa.Table:
    return pa.table(
        {"user": [u for u, _ in pairs], "item": [i for _, i in pairs], "weight": [1.0] * len(pairs)},
        pa.schema([("user", pa.string()), ("item", pa.string()), ("weight", pa.float64())]),
    )


def problem_of(
    train: list[tuple[str, str]], test: list[tuple[str, str]], valid: list[tuple[str, str]] | None = None
) -> Problem:
    tables = pairs_table(train), None if valid is None else pairs_table(valid), pairs_table(test)
    return Problem.of_tables(
        tables, None, lambda products: lambda window: np.zeros((len(products), 1), np.float32), 0, ordered=True
    )


def put(folder: Path, name: str, header: str, rows: list[tuple[str, ...]]) -> Path:
    file = folder / f"{name}.tsv"
    file.write_text("\n".join(["\t".join(header.split()), *("\t".join(row) for row in rows)]) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path | None]:
    """Readers like books, players games, each knows six of eight; `new` is tied to a reader, b8 has only a text."""
    kinds = {"b": "paper novel story", "g": "board dice rules"}
    known, wanted = [], []
    for kind in kinds:
        for user in range(12):
            own = [f"{kind}{(user + step) % 8}" for step in range(7)]
            known += [(f"{kind}user{user}", item) for item in own[:6]]
            wanted.append((f"{kind}user{user}", own[6]))
    wanted += [("new", "b0"), ("new", "b1"), ("buser0", "b8")]
    texts = [(f"{kind}{i}", words) for kind, words in kinds.items() for i in range(9)]
    return {
        "train": put(tmp_path, "train", "user item", known),
        "test": put(tmp_path, "test", "user item", wanted),
        "valid": None,
        "social": put(tmp_path, "social", "user friend", [("new", "buser0"), ("new", "new")]),
        "item_text": put(tmp_path, "texts", "item text", texts),
    }


def test_a_run_finds_each_taste_and_prints_one_line_of_json(files: dict[str, Path | None], settings: Settings) -> None:
    lines: list[str] = []
    line = run(files, [2, 4], settings, lines.append).to_json()
    result = json.loads(line)
    assert "\n" not in line
    assert result["name"] == "ranking"
    assert result["metrics"]["recall_at_4"] > 0.9
    assert result["metrics"]["n_tested_users"] == 25
    assert set(result["peers"]) == {"popularity", "item_knn", "implicit_als", "bm25_item_knn", "bm25_user_knn"}
    assert {"read", "search", "fit", "score"} <= set(result["seconds"])
    assert sum(result["chosen"]["blend"].values()) == pytest.approx(1)
    assert result["ratio_best_peer"] > 0
    assert result["peak_mib"] > 0
    assert lines


def test_texts_have_vectors_of_the_length_that_was_asked_for(files: dict[str, Path | None]) -> None:
    assert read_problem(files, 0, text_dim=2).text("test").shape == (17, 2)


def test_a_run_gives_the_same_figures_again(files: dict[str, Path | None], settings: Settings) -> None:
    first, second = (run(files, [2], settings, quiet) for _ in range(2))
    assert first.metrics == second.metrics
    assert first.chosen == second.chosen


def test_one_product_no_text_no_ties_still_gives_figures(tmp_path: Path, settings: Settings) -> None:
    only = [(f"u{i}", "a") for i in range(4)]
    files: dict[str, Path | None] = {
        "train": put(tmp_path, "train", "user item", only[:2]),
        "valid": put(tmp_path, "valid", "user item", only[2:3]),
        "test": put(tmp_path, "test", "user item", only[3:]),
    }
    assert run(files, [10], settings, quiet).metrics["recall_at_10"] == 1.0


@pytest.mark.parametrize("empty", ["train", "test"])
def test_an_empty_part_is_a_users_error(empty: str) -> None:
    parts = {"train": [("u", "a")], "test": [("u", "b")]} | {empty: []}
    with pytest.raises(UserError, match=f"the {empty} file has no pairs"):
        problem_of(parts["train"], parts["test"])


def test_pairs_that_were_seen_before_are_not_to_be_found() -> None:
    problem = problem_of([("u", "a"), ("u", "b")], [("u", "a"), ("u", "c")], [("u", "b")])
    assert problem.held_out("test").relevant.toarray().tolist() == [[0, 0, 1]]
    with pytest.raises(UserError, match="validation part has no pair that is new"):
        problem.held_out("validation")


def test_nothing_of_a_later_part_is_learned_from_earlier_ones() -> None:
    problem = problem_of([("u", "a")], [("u", "c")], [("u", "b")])
    before_validation, before_test = (problem.data_at(w)(RecommendSettings()) for w in ("validation", "test"))
    assert (before_validation.affinity > 0).toarray().tolist() == [[True, False, False]]
    assert (before_test.affinity > 0).toarray().tolist() == [[True, True, False]]
    assert before_test.recency.toarray().tolist() == [[2, 1, 0]]


def test_a_peer_gives_a_user_without_history_the_popular_list() -> None:
    train = [("u", "c"), ("v", "c"), ("v", "b"), ("w", "c"), ("w", "b"), ("w", "a")]
    problem = problem_of(train, [("new", "a")], [("u", "b")])
    chosen = RecommendSettings()
    lists = peer_lists(problem.data_at("test")(chosen), problem.held_out("test"), 3, chosen, NEIGHBOURS)
    assert set(lists) == {"popularity", "item_knn", "implicit_als", *NEIGHBOURS}
    assert all(ranked.tolist() == [[1, 2, 0]] for ranked in lists.values())


def test_ties_go_both_ways_and_never_to_oneself() -> None:
    social = pa.table({"user": ["a", "a", "c"], "friend": ["b", "c", "c"]})
    assert tie_shares(social, pa.array(["a", "b", "c"])).toarray().tolist() == [[0, 0.5, 0.5], [1, 0, 0], [1, 0, 0]]
    assert tie_shares(social.slice(2), pa.array(["c"])).nnz == 0


def test_validation_takes_a_tenth_of_each_user_and_one_of_three() -> None:
    users = np.repeat(np.arange(3), [2, 3, 30])
    assert np.bincount(users[hold_out(users, 0.1, 7)], minlength=3).tolist() == [0, 1, 3]
    assert np.array_equal(hold_out(users, 0.1, 7), hold_out(users, 0.1, 7))


def test_places_are_a_permutation_of_each_users_rows() -> None:
    place, size = shuffled_places(np.array([0, 1, 0, 1, 1]), 3)
    assert sorted(place[[0, 2]]) == [0, 1]
    assert sorted(place[[1, 3, 4]]) == [0, 1, 2]
    assert size.tolist() == [2, 3, 2, 3, 3]


def test_the_recbole_split_keeps_one_pair_in_train_before_it_fills_test_and_validation() -> None:
    users = np.repeat(np.arange(4), [1, 2, 3, 40])
    validation, test = recbole_split(users, 0)
    assert np.bincount(users[test], minlength=4).tolist() == [0, 1, 1, 4]
    assert np.bincount(users[validation], minlength=4).tolist() == [0, 0, 1, 4]
    assert not (validation & test).any()


@pytest.mark.parametrize("text", ["", "10,", "ten", "0", "-1"])
def test_cutoffs_are_whole_numbers_above_zero(text: str) -> None:
    with pytest.raises(UserError, match="is not a list of whole numbers above 0"):
        cutoffs_of(text)
    assert cutoffs_of("10,20") == [10, 20]


@pytest.fixture(scope="module")
def lastfm() -> LastFmTables:
    folder = Path(os.environ.get("SOCIALREC_DATA_DIR", "absent")) / "lastfm"
    if not folder.is_dir():
        pytest.skip("SOCIALREC_DATA_DIR does not hold lastfm")
    return LastFmTables(folder)


@pytest.mark.parametrize(("protocol", "n_test", "n_users"), [("recbole", 9270, 1884), ("sociallgn", 18567, 1881)])
def test_lastfm_is_split_as_published(lastfm: LastFmTables, protocol: str, n_test: int, n_users: int) -> None:
    problem = lastfm.problem(protocol, 1)
    assert len(problem.test.users) == n_test
    assert len(problem.held_out("test").rows) == n_users
    assert len(problem.train.users) + len(problem.validation.users) + n_test == 92834
    assert protocol != "recbole" or len(problem.validation.users) == 9269


def test_tags_of_held_out_pairs_are_left_out(lastfm: LastFmTables, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []

    def counted(texts: list[str], owners: np.ndarray, n_products: int, dim: int) -> np.ndarray:
        given.append(len(texts))
        return np.zeros((n_products, dim), dtype=np.float32)

    monkeypatch.setattr("socialrec.bench.ranking.lastfm.lexical_vectors", counted)
    nothing = np.zeros(len(lastfm.pairs.users), dtype=np.bool_)
    lastfm.text_without(nothing)
    lastfm.text_without(~nothing)
    assert given[0] > given[1]
    problem = lastfm.problem("recbole", 0)
    problem.text("test")
    problem.text("validation")
    assert given[0] > given[2] > given[3]
