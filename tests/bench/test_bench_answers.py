"""The benchmark of answers: its figures by hand, its split, and a run on small files."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from tiny_encoders import bert
from tiny_llama import make_llama

from socialrec.answers.phrasing import rouge_l
from socialrec.bench.answers import product_qa
from socialrec.bench.answers.benchmark import run
from socialrec.bench.answers.night import FULL, NightSize
from socialrec.bench.answers.scores import (
    average_precision,
    decision_scores,
    ranking_scores,
    surest,
    uncited_words,
)
from socialrec.errors import UserError
from socialrec.settings import Settings
from socialrec.settings.answers import AnswersSettings
from socialrec.settings.text import Precision, TextSettings, Tuning

__all__ = ["bert"]
COLORS, THINGS = ("red", "blue", "green", "grey"), ("shoe", "lamp", "book", "chair")
Row = dict[str, str]


def test_average_precision_is_the_mean_precision_at_right_places() -> None:
    assert average_precision(np.array([True, False, True])) == pytest.approx((1 + 2 / 3) / 2)
    found = ranking_scores([np.array([False, True]), np.array([True]), np.array([False, False])])
    assert found == {"map": 0.75, "p_at_1": 0.5}


def test_the_decision_is_scored_on_the_most_confident_share_of_all_questions() -> None:
    confidences = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    is_right = np.array([True, False, True, False, False])
    is_answerable = np.array([True, False, True, True, False])
    found = decision_scores(confidences, is_right, is_answerable, 0.4)
    assert found == {"precision_at_coverage_40": 0.5, "unanswerable_answered": 0.5}
    assert surest(np.array([0.9, 0.9, 0.1]), 0.3).tolist() == [True, True, False]


def test_rouge_l_is_the_f1_of_the_longest_common_subsequence() -> None:
    assert rouge_l("the red kite flies", "the kite flies high") == pytest.approx(2 * 3 / 8)
    assert rouge_l("red", "blue") == 0.0


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        ("num_batteries:  { quantity:4, type:aa }", "num batteries: quantity 4, type aa"),
        ('brand:  { value:"Acme" }', "brand: Acme"),
        (
            "weight:  { unit:kilograms, normalized_value:{ unit:pounds, value:0.44 }, value:0.2 }",
            "weight: unit kilograms, 0.2",
        ),
        ("color:  { value:red }; { value:blue }", "color: red, blue"),
        ("it is 2 m long: { or so", "it is 2 m long: { or so"),
    ],
)
def test_attributes_are_read_as_words(attribute: str, words: str) -> None:
    assert product_qa.as_words(attribute) == words


def write(file: Path, rows: list[Row]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(file, "wt", encoding="utf-8", newline="") as opened:
        lines = csv.DictWriter(opened, list(rows[0]), delimiter="\t")
        lines.writeheader()
        lines.writerows(rows)


SMALL = NightSize(passages=80, questions=6, passages_a_product=4, products_a_category=10)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two hundred questions for a colour, one of two passages right; every fifth has none."""
    folder = tmp_path / "data" / product_qa.FOLDER
    judged, known = [], []
    for number in range(200):
        color, thing = COLORS[number % 4], THINGS[number // 4 % 4]
        asked = {"ASIN": f"B{number}", "question": f"a {color} {thing} {number}"}
        for said in (color, COLORS[(number + 1) % 4]):
            is_right = said == color and number % 5 > 0
            passage = {"candidate": f"the {said} {thing}", "label": str(int(is_right)), "source": "review"}
            judged.append({"qid": str(number)} | asked | passage)
        known.append(asked | {"candidate": f"the {color} {thing}", "answer": f"the {color}", "source": "CQA"})
    write(folder / product_qa.RANKING, judged)
    write(folder / product_qa.OTHER_RANKING, judged)
    write(folder / product_qa.POSITIVES, known)
    write(folder / product_qa.WRITTEN, known)
    pairs = [[f"the {color} {thing}", color] for color in COLORS for thing in THINGS]
    said = dict.fromkeys(("train", "val", "test"), pairs) | {
        f"oos_{part}": [["warm", "oos"]] for part in ("val", "test", "train")
    }
    (tmp_path / "data" / "clinc150").mkdir()
    (tmp_path / "data" / "clinc150" / "data_full.json.gz").write_bytes(gzip.compress(json.dumps(said).encode()))
    return tmp_path / "data"


@pytest.fixture
def settings(bert: Path, tmp_path: Path) -> Settings:
    text = TextSettings(
        model=str(bert), precision=Precision.FLOAT32, max_tokens=16, train_steps=3, probe_texts=16, tuning=Tuning.FROZEN
    )
    answers = AnswersSettings(min_pairs=10, min_calibration_questions=10, train_epochs=0.3, max_tokens=24)
    return Settings(home=tmp_path, text=text, answers=answers)


def test_a_run_on_small_files_gives_every_figure_beside_its_peers(
    data: Path, settings: Settings, one_thread: None
) -> None:
    own = data / "own.tsv"
    own.write_text("qid\tquestion\tcandidate\tlabel\n1\ta red shoe\tthe red shoe\t1\n1\ta red shoe\tthe lamp\t0\n")
    found = json.loads(run(data, settings, ranking=own, decide=own, size=SMALL).to_json())
    assert {
        *("hetpqa_map", "hetpqa_p_at_1", "semipqa_map", "precision_at_coverage_40", "unanswerable_answered"),
        *("clinc_accuracy", "clinc_oos_recall", "deletion_valid", "rouge_l", "rouge_l_passage"),
        *("own_map", "own_p_at_1", "own_precision_at_coverage_40"),
        *("one_question_cpu_seconds", "night_block_cpu_seconds", "night_minutes_on_2_cores", "night_peak_mib"),
    } <= set(found["metrics"])
    assert found["metrics"]["deletion_valid"] == 1.0
    assert found["peers"]["bm25"]["metrics"]["hetpqa_map"] > 0.9
    assert found["peers"]["always-answering"]["metrics"]["unanswerable_answered"] == 1.0
    assert found["chosen"]["skipped"] == []


def test_a_large_shops_night_is_cut_into_blocks_that_hold_all_its_questions_and_passages() -> None:
    assert (FULL.n_blocks, FULL.passages_a_block, FULL.questions_a_block) == (200, 10_000, 500)
    assert (SMALL.n_blocks, SMALL.passages_a_block, SMALL.questions_a_block) == (2, 40, 3)


def test_a_generator_adds_what_became_of_its_words(
    data: Path, settings: Settings, tmp_path: Path, one_thread: None
) -> None:
    (data / "clinc150").rename(data / "elsewhere")
    answers = settings.answers.model_copy(update={"generator": str(make_llama(tmp_path / "llama"))})
    found = json.loads(run(data, settings.model_copy(update={"answers": answers}), size=SMALL).to_json())["metrics"]
    assert found["rouge_l_phrased"] == found["rouge_l"]
    assert (found["phrased"], found["phrased_rejected"], found["phrased_words_uncited"]) == (0.0, 1.0, 0.0)
    assert found["phrasings_per_second"] > 0


def test_words_that_a_passage_lacks_are_counted_by_plain_comparison() -> None:
    assert uncited_words("It is 3 metres of nylon.", "Two metres, nylon") == ["3"]
    assert uncited_words("The Acme kite", "the kite") == ["acme"]


def test_parts_without_data_are_skipped_and_named(data: Path, settings: Settings, one_thread: None) -> None:
    for name in product_qa.OPTIONAL:
        (data / product_qa.FOLDER / name).unlink()
    found = json.loads(run(data, settings, size=SMALL).to_json())
    assert found["chosen"]["skipped"] == sorted(product_qa.OPTIONAL)
    assert not {"semipqa_map", "rouge_l"} & set(found["metrics"])
    (data / product_qa.FOLDER).rename(data / "elsewhere")
    found = json.loads(run(data, settings, size=SMALL).to_json())
    assert found["chosen"]["skipped"] == ["product-qa"]
    assert set(found["metrics"]) == {"clinc_accuracy", "clinc_accuracy_without_bound", "clinc_oos_recall"}
    with pytest.raises(UserError, match="holds neither product-qa nor clinc150"):
        run(data / "elsewhere", settings)


def test_no_product_or_question_that_is_scored_was_learned_from(data: Path) -> None:
    known, learned, scored = (
        {row["product_id"] for row in rows.to_pylist()}
        for rows in (
            product_qa.known_answers(data),
            product_qa.judged_products(data, training=True),
            product_qa.judged_products(data, training=False),
        )
    )
    assert known == learned
    assert not scored & learned
    assert len(scored | learned) == 200


def test_a_file_that_lacks_a_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.tsv").write_text("qid\tquestion\n1\twhy\n")
    with pytest.raises(UserError, match="it lacks \\['candidate', 'label'\\]"):
        product_qa.judged_file(tmp_path / "own.tsv")
