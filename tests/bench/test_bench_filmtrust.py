"""The benchmark of opinions of trusted people, on ratings that one can see through."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from socialrec.bench.ranking.filmtrust import FilmTrustTables, run
from socialrec.bench.ranking.without import signals_of
from socialrec.errors import UserError
from socialrec.settings import RecommendSettings, Settings

SETTINGS = RecommendSettings(factor_dim=4, factor_iterations=2)


def put(folder: Path, ratings: list[str], trust: list[str]) -> Path:
    for name, lines in (("ratings", ratings), ("trust", trust)):
        with gzip.open(folder / f"{name}.txt.gz", "wt", encoding="utf-8") as file:
            file.write("\r\n".join(lines) + "\r\n")
    return folder


def test_ratings_are_opinions_and_likes_and_trust_goes_one_way(tmp_path: Path) -> None:
    rated = ["ann kite 4", "bob kite 1", "bob kite 0.5", "cid kite 3"]
    problem = FilmTrustTables(put(tmp_path, rated, ["ann bob 1", "ann cid 1"])).problem(0)
    data = problem.data_at("validation")(SETTINGS)
    # 3 of 4 are 3.9 of 5 stars: a good opinion, and no like. Bob's last word counts.
    assert data.opinions.toarray()[:, 0] == pytest.approx([1, -1, 3 / 7])
    assert (data.affinity.toarray()[:, 0] > 0).tolist() == [True, False, False]
    assert data.ties.toarray().tolist() == [[0, 0.5, 0.5], [0, 0, 0], [0, 0, 0]]


def test_films_that_were_not_liked_are_seen_and_held_out_ratings_are_unknown(tmp_path: Path) -> None:
    rated = [f"dan film{number:02} {4 if number % 4 else 1}" for number in range(40)]
    problem = FilmTrustTables(put(tmp_path, rated, [])).problem(1)
    for window, n_known in (("validation", 32), ("test", 36)):
        held, opinions = problem.held_out(window), problem.data_at(window)(SETTINGS).opinions
        assert held.seen.nnz == opinions.nnz == n_known
        assert held.relevant.nnz > 0
        assert held.relevant.multiply(opinions).nnz == 0


def test_a_run_says_what_opinions_add(tmp_path: Path) -> None:
    # Two circles of six who trust each other: each likes eight of ten films of their own, and none of the others.
    rated, trust = [], []
    for circle in "ab":
        for user in range(6):
            rated += [
                f"{circle}{user} {kind}{(film + user) % 10} {4 if kind == circle else 1}"
                for film in range(8)
                for kind in "ab"
            ]
            trust += [f"{circle}{user} {circle}{(user + step) % 6} 1" for step in (1, 2)]
    settings = Settings(home=tmp_path, recommend=SETTINGS)
    folder = put(tmp_path, rated, trust)
    found = json.loads(run(1, folder, settings, progress=lambda line: None, without=("opinion", "social")).to_json())
    metrics = found["metrics"]
    for signal in ("opinion", "social"):
        gain = metrics["ndcg_at_10"] - metrics[f"without_{signal}_ndcg_at_10"]
        assert metrics[f"gain_{signal}_ndcg_at_10"] == pytest.approx(gain, abs=1e-9)
        assert 0 < metrics[f"gain_{signal}_ndcg_at_10_p"] <= 1


@pytest.mark.parametrize(
    ("ratings", "message"),
    [(["ann kite"], r"ratings.txt.gz line 1 has not three columns"), (["ann kite 5"], r"outside 0.5 to 4")],
)
def test_a_mistake_in_the_files_is_one_line(tmp_path: Path, ratings: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        FilmTrustTables(put(tmp_path, ratings, []))


def test_an_unknown_signal_or_a_missing_file_is_named(tmp_path: Path) -> None:
    assert signals_of("social, opinion") == ("social", "opinion")
    with pytest.raises(UserError, match="--without 'gossip' is no signal; use some of aspects, "):
        signals_of("gossip")
    with pytest.raises(UserError, match="ratings.txt.gz is missing"):
        FilmTrustTables(tmp_path)
