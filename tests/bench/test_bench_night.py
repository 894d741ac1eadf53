"""The benchmark of a night's lists on a shop small enough to see through, and the load that others make."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from socialrec.bench.load import MAX_OTHERS, LoadMeter, MachineLoad
from socialrec.bench.night import MadeNight, make_night, on_one_core, run, same_lists
from socialrec.bench.result import BenchResult
from socialrec.bench.scale import ShopSizes
from socialrec.recommend.policy import Policy
from socialrec.recommend.scores import DenseScores
from socialrec.recommend.signals.pruned_side import PrunedSide
from socialrec.settings import RecommendSettings, Settings

SIZES = ShopSizes(100, 120, 2000)
SMALL = RecommendSettings(factor_dim=4, factor_iterations=1, closed_form_weights=5, list_length=5)
BUSY = "import time\nstarted = time.process_time()\nwhile time.process_time() - started < 1.5:\n    pass"


def quiet(line: str) -> None:
    """Nobody reads along."""


@pytest.fixture(scope="module")
def night() -> MadeNight:
    return make_night(SIZES, SMALL)


def test_every_side_lists_for_all_users_and_ours_are_those_of_written_out_scores(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, recommend=RecommendSettings(factor_dim=4))
    found = json.loads(run(SIZES, settings, quiet).to_json())
    assert found["metrics"]["same_lists"] == 1.0
    assert found["metrics"]["n_users"] == 100
    assert set(found["peers"]) == {"implicit", "faiss"}
    assert min(found[f"ratio_{name}"] for name in ("to_implicit", "to_faiss", "cpu_to_implicit", "cpu_to_faiss")) > 0
    assert found["quiet"] == (found["other_load"] <= MAX_OTHERS)


def test_lists_of_the_night_hold_no_product_that_the_user_has(night: MadeNight) -> None:
    rows = np.arange(100)
    listed = night.lists(Policy(night.context), rows)
    assert listed.shape == (100, 5)
    seen = night.context.seen.toarray()[rows[:, None], listed]
    assert not seen.any()
    assert isinstance(night.recommender.collaborative.side, PrunedSide)


def test_other_lists_are_not_the_same(night: MadeNight, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.arange(20)
    assert same_lists(night, rows) == 1.0
    opposite = DenseScores.whole(np.tile(-np.arange(120, dtype=np.float32), (20, 1)))
    monkeypatch.setattr("socialrec.bench.night.TopKRanker.top_k", lambda *_: (np.full((20, 5), 119), opposite))
    assert same_lists(night, rows) < 0.5


def test_a_side_runs_on_one_core_and_gives_the_others_back() -> None:
    before = os.sched_getaffinity(0)
    with on_one_core():
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def test_the_work_of_our_own_children_is_no_load_of_others() -> None:
    alone, beside = LoadMeter(), LoadMeter()
    # As if this process had not started the child.
    beside._look = lambda: None  # type: ignore[method-assign]
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    found, others = alone.load(), beside.load()
    assert others.other_load > found.other_load
    assert others.quiet is (others.other_load <= MAX_OTHERS)


def test_a_result_says_how_much_others_ran_beside_it() -> None:
    result = BenchResult("x", {}, {}, 1, {}, {"ratio": 2.0}, {}, load=MachineLoad(0.42, False))
    found = json.loads(result.to_json())
    assert (found["ratio"], found["other_load"], found["quiet"]) == (2.0, 0.42, False)
    assert "quiet" not in json.loads(BenchResult("x", {}, {}, 1, {}, {}, {}).to_json())
