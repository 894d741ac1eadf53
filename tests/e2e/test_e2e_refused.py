"""A first night whose training is refused: it ends with lists by the baseline, and its printed commands are ways on."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest
from e2e_shop import N_PLACES, Shop

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def refused_night(shop: Shop) -> subprocess.CompletedProcess[str]:
    """Nothing that eight people do is certain to one in ten million, so the gate refuses the candidate."""
    file = shop.settings.home / "settings.toml"
    file.write_text(file.read_text().replace("evaluate.max_p_value = 0.5", "evaluate.max_p_value = 1e-7"))
    done = shop.socialrec("run")
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def commands(shop: Shop, said: str) -> list[str]:
    """The commands for this home among the lines of an output."""
    return [line.strip() for line in said.splitlines() if line.startswith("    ") and str(shop.settings.home) in line]


def test_a_refused_first_night_ends_with_lists_by_the_baseline_and_says_why(
    shop: Shop, refused_night: subprocess.CompletedProcess[str]
) -> None:
    said = refused_night.stdout
    assert f"{N_PLACES} of {N_PLACES} recommendations changed" in said
    assert "a first training refused by the gate" in said
    assert "The gate refused version 1" in said
    assert "Lists by version 2, the baseline" in said
    assert [line.split()[1] for line in said.splitlines() if "socialrec_train.promote_model" in line] == [
        *("running", "refused")
    ]
    runs = {run["dag"]: run for run in shop.read_json("runs")}
    assert runs["socialrec_train"]["outcome"] == "refused at promote_model"
    night = runs["socialrec_nightly"]
    assert (night["outcome"], night["recommender_version"], night["model_kind"]) == ("succeeded", "2", "baseline")
    told = shop.read_json("status")
    assert (told["model"]["kind"], told["refused"]["version"]) == ("baseline", "1")


@pytest.mark.usefixtures("refused_night")
def test_the_same_day_again_trains_nothing_and_still_names_the_refusal(shop: Shop) -> None:
    done = shop.socialrec("run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"0 of {N_PLACES} recommendations changed, 0 texts encoded, nothing trained" in done.stdout
    assert "The gate refused version 1" in done.stdout


def test_the_printed_command_takes_the_refused_version(
    shop: Shop, refused_night: subprocess.CompletedProcess[str]
) -> None:
    [command] = [
        line for line in commands(shop, refused_night.stdout) if "MODEL=1" in line or "--model-version" in line
    ]
    # The fixture's Makefile would install first, so its command is typed without that.
    words = shlex.split(command.replace("make run", "make --assume-old=.venv/installed run"))
    done = subprocess.run(["env", *words], capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Lists by version 1, chosen by a person; the gate had refused it: ndcg_at_5" in done.stdout
    assert shop.read_json("status")["model"]["by_person"]
