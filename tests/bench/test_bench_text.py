"""The text benchmark: its splits, its scores, and a run on a tiny task of one's own."""

from __future__ import annotations

import gzip
import json
import os
import zipfile
from pathlib import Path

import pytest

from socialrec.bench.text.benchmark import run, scores, tfidf_regression
from socialrec.bench.text.few import run as run_few
from socialrec.bench.text.model import together
from socialrec.bench.text.tasks import Examples, SplitTask, load_beside, load_files, load_task, load_together
from socialrec.bench.text.together import run as compare
from socialrec.encoders.weights import BUNDLED
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings
from socialrec.text.tasks import MISSING, Output


def write(file: Path, n: int) -> Path:
    lines = [f"a {mood} thing number {number}\t{mood}" for number in range(n) for mood in ("lovely", "broken", "plain")]
    file.write_text("\n".join(["text\tlabel", *lines]))
    return file


def test_macro_f1_is_the_mean_over_the_classes_that_are_there() -> None:
    found = scores(["a", "a", "b", "b"], ["a", "a", "a", "b"])
    assert found["accuracy"] == 0.75
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)


def test_a_task_of_ones_own_is_trained_and_scored_beside_both_baselines(tmp_path: Path) -> None:
    task = load_files(write(tmp_path / "train.txt", 30), write(tmp_path / "test.txt", 5))
    assert (len(task.training.texts), len(task.validation.texts), len(task.test.texts)) == (81, 9, 15)
    settings = TextSettings(model=BUNDLED, train_steps=3, train_tokens=64, max_tokens=16)
    found = json.loads(run(task, settings, n_seeds=1).to_json())
    assert set(found["peers"]) == {"tfidf-logistic-regression", "frozen-encoder-logistic-regression"}
    assert found["peers"]["tfidf-logistic-regression"]["metrics"]["macro_f1"] == 1
    assert 0 <= found["metrics"]["macro_f1"] <= 1
    assert 0 <= found["metrics"]["flips_dropped_words"] <= 1
    assert found["metrics"]["gain"] == pytest.approx(found["metrics"]["macro_f1"] - 1, abs=1e-3)


def test_an_unknown_task_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no task 'x'; there are sst2, womens-sentiment, .*myntra-brand"):
        load_task("x", tmp_path)


def zipped_reviews(data: Path, rows: list[tuple[str, str, str]]) -> None:
    (data / "zh-shopping").mkdir()
    lines = "\n".join(f'{kind},{label},"{text}"' for kind, label, text in rows)
    with zipfile.ZipFile(data / "zh-shopping" / "online_shopping_10_cats.zip", "w") as archive:
        archive.writestr("online_shopping_10_cats.csv", f"cat,label,review\n{lines}\n")


def all_texts(task: SplitTask) -> list[str]:
    return sorted(task.training.texts + task.validation.texts + task.test.texts)


def test_chinese_reviews_count_once_and_those_with_two_labels_not_at_all(tmp_path: Path) -> None:
    rows = [(kind, label, f"{kind}{label}的第{n}条\n好") for n in range(30) for kind in "书酒" for label in "01"]
    odd = [("书", "1", "一样"), ("书", "1", " 一样"), ("书", "0", "两种"), ("书", "1", "两种"), ("书", "1", "")]
    odd += [("书", "1", "两类"), ("酒", "1", "两类")]
    zipped_reviews(tmp_path, [*rows, *odd])
    moods, kinds = load_task("zh-sentiment", tmp_path), load_task("zh-category", tmp_path)
    own = [text for _, _, text in rows]
    assert all_texts(moods) == sorted([*own, "一样", "两类"])
    assert all_texts(kinds) == sorted([*own, "一样", "两种"])
    assert (len(moods.training.texts), len(moods.validation.texts), len(moods.test.texts)) == (87, 10, 25)
    assert {*moods.training.labels} == {"negative", "positive"} and {*kinds.test.labels} == {"书", "酒"}
    assert (moods.metric, kinds.metric, moods.is_spaced) == ("accuracy", "macro_f1", False)


def test_a_split_is_named_by_its_texts_in_any_order() -> None:
    texts = Examples(["a", "b"], ["x", "y"])
    assert texts.sha256 == texts.take([1, 0]).sha256 != texts.take([0]).sha256


def test_few_texts_are_read_by_the_frozen_encoder_and_by_tfidf_alike(tmp_path: Path) -> None:
    task = load_files(write(tmp_path / "train.txt", 30), write(tmp_path / "test.txt", 5))
    settings = TextSettings(model=BUNDLED, max_tokens=16)
    found = json.loads(run_few(task, 30, settings, n_draws=2).to_json())
    assert found["peers"]["tfidf-logistic-regression"]["metrics"]["macro_f1"] == 1
    assert found["metrics"]["gain"] == pytest.approx(found["metrics"]["macro_f1"] - 1, abs=1e-3)
    assert (found["metrics"]["labelled"], found["metrics"]["draws"], found["metrics"]["n_test"]) == (30, 2, 15)
    with pytest.raises(UserError, match="--few 81: train has 81 training texts"):
        run_few(task, 81, settings, n_draws=1)


def test_texts_without_spaces_are_compared_by_their_characters() -> None:
    nothing = Examples([], [])
    assert tfidf_regression(SplitTask("zh-sentiment", "accuracy", nothing, nothing, nothing))[0].analyzer == "char"
    assert tfidf_regression(SplitTask("sst2", "accuracy", nothing, nothing, nothing))[0].analyzer == "word"


@pytest.mark.skipif("SOCIALREC_DATA_DIR" not in os.environ, reason="SOCIALREC_DATA_DIR names no folder with real data")
def test_the_published_split_of_the_chinese_reviews_is_made_again() -> None:
    task = load_task("zh-sentiment", Path(os.environ["SOCIALREC_DATA_DIR"]))
    assert [len(part.texts) for part in (task.training, task.validation, task.test)] == [45_147, 5_017, 12_541]
    assert task.test.sha256 == "e343c17957ac6d0b61a75f19de0a0995046ff3c312a8e9472153524d3765fce1"


@pytest.mark.skipif("SOCIALREC_DATA_DIR" not in os.environ, reason="SOCIALREC_DATA_DIR names no folder with real data")
@pytest.mark.parametrize(
    ("name", "n_classes"),
    [("sst2", 2), ("womens-sentiment", 3), ("womens-department", 6), ("myntra-gender", 6), ("zh-category", 10)],
)
def test_no_text_that_is_scored_was_learned_from(name: str, n_classes: int) -> None:
    task = load_task(name, Path(os.environ["SOCIALREC_DATA_DIR"]))
    assert len(set(task.training.labels)) == n_classes
    assert not set(task.test.texts) & set(task.training.texts + task.validation.texts)


def test_texts_of_several_tasks_are_read_once_and_what_a_task_does_not_say_is_missing() -> None:
    moods, kinds = Examples(["a b", "c d"], ["good", "bad"]), Examples(["c d", "e f"], ["shoe", "hat"])
    joined = together([moods, kinds], [Output("mood", ("bad", "good")), Output("kind", ("hat", "shoe"))])
    assert joined.texts == ["a b", "c d", "e f"]
    assert joined.labels.tolist() == [[1, MISSING], [0, 1], [MISSING, 0]]


def test_one_model_for_two_tasks_is_scored_beside_a_model_for_each() -> None:
    texts = [
        f"{mood} {kind} number {number}" for number in range(12) for mood in ("good", "bad") for kind in ("hat", "shoe")
    ]
    parts = [slice(0, 32), slice(32, 40), slice(40, 48)]
    tasks = [
        SplitTask(name, "accuracy", *(Examples(texts[at], [text.split()[place] for text in texts[at]]) for at in parts))
        for place, name in enumerate(("mood", "kind"))
    ]
    found = json.loads(
        compare(tasks, TextSettings(model=BUNDLED, train_steps=3, train_tokens=64, max_tokens=16)).to_json()
    )
    single = found["peers"]["a-model-each"]["metrics"]
    assert set(single) == {"mood", "kind"}
    assert found["metrics"]["lost_mood"] == pytest.approx(100 * (single["mood"] - found["metrics"]["mood"]), abs=0.02)
    assert found["metrics"]["lost"] == max(found["metrics"]["lost_mood"], found["metrics"]["lost_kind"])


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (("womens-class", "x"), "no task 'x'"),
        (("womens-class", "myntra-brand"), "one data set"),
        (("womens-class", "womens-class"), "womens-class is named twice"),
    ],
)
def test_tasks_that_do_not_go_together_are_refused(names: tuple[str, ...], why: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=why):
        load_together(names, tmp_path)
    nothing = Examples([], [])
    with pytest.raises(UserError, match=why):
        load_beside(SplitTask(names[0], "macro_f1", nothing, nothing, nothing), names[1:], tmp_path)


@pytest.mark.skipif("SOCIALREC_DATA_DIR" not in os.environ, reason="SOCIALREC_DATA_DIR names no folder with real data")
def test_a_text_that_one_task_is_scored_on_is_in_no_tasks_training() -> None:
    tasks = load_together(("womens-sentiment", "womens-class"), Path(os.environ["SOCIALREC_DATA_DIR"]))
    held = {text for task in tasks for part in (task.validation, task.test) for text in part.texts}
    assert held
    assert not held & {text for task in tasks for text in task.training.texts}


def test_a_review_of_clothes_is_read_with_its_title_and_once_where_its_text_is_repeated(tmp_path: Path) -> None:
    folder = tmp_path / "womens-clothing"
    folder.mkdir()
    rows = [f"Nope,It itches {n},1\n,It is fine {n},3\nDreamy!,I wear it daily {n},5\n" for n in range(10)]
    content = "Title,Review Text,Rating\n" + "".join(rows) + "Another title,It itches 0,1\nNo text at all,,5\n"
    (folder / "womens_clothing_reviews.csv.gz").write_bytes(gzip.compress(content.encode()))
    task = load_task("womens-sentiment", tmp_path)
    read = {
        text: label
        for part in (task.training, task.validation, task.test)
        for text, label in zip(part.texts, part.labels, strict=True)
    }
    assert len(read) == 30
    assert (read["Nope. It itches 0"], read["It is fine 9"]) == ("negative", "neutral")
    assert read["Dreamy!. I wear it daily 3"] == "positive"


def test_what_is_learned_beside_a_task_is_learned_of_its_training_texts_alone(tmp_path: Path) -> None:
    folder = tmp_path / "womens-clothing"
    folder.mkdir()
    rows = [f",Text {n},{1 + n % 5},{'Tops' if n % 2 else ''}\n" for n in range(100)]
    content = "Title,Review Text,Rating,Department Name\n" + "".join(rows)
    (folder / "womens_clothing_reviews.csv.gz").write_bytes(gzip.compress(content.encode()))
    task = load_task("womens-sentiment", tmp_path)
    stars, department = load_beside(task, ["womens-stars", "womens-department"], tmp_path)
    for part in ("training", "validation", "test"):
        assert set(getattr(stars, part).texts) == set(getattr(task, part).texts)
        assert set(getattr(department, part).texts) < set(getattr(task, part).texts)
    said = dict(zip(stars.training.texts, stars.training.labels, strict=True))
    mine = dict(zip(task.training.texts, task.training.labels, strict=True))
    assert {(mine[text], said[text]) for text in mine} == {
        *(("negative", "1"), ("negative", "2"), ("neutral", "3"), ("positive", "4"), ("positive", "5"))
    }


def test_a_task_is_scored_alone_whatever_is_learned_beside_it() -> None:
    texts = [f"{mood} {kind} number {n}" for n in range(12) for mood in ("good", "bad") for kind in ("hat", "shoe")]
    parts = [slice(0, 32), slice(32, 40), slice(40, 48)]
    mood, kind = (
        SplitTask(name, "accuracy", *(Examples(texts[at], [text.split()[place] for text in texts[at]]) for at in parts))
        for place, name in enumerate(("mood", "kind"))
    )
    settings = TextSettings(model=BUNDLED, train_steps=3, train_tokens=64, max_tokens=16)
    found = json.loads(run(mood, settings, n_seeds=1, beside=[kind]).to_json())
    assert (found["metrics"]["task"], found["metrics"]["beside"]) == ("mood", "kind")
    # Moods are told, not kinds: of those names none would be right.
    assert found["metrics"]["accuracy"] > 0.5
    assert {name for name in found["metrics"] if name.startswith("flips") and not name.endswith("_sd")} == {
        *("flips_swapped_letters", "flips_dropped_letters", "flips_doubled_letters"),
        *("flips_case", "flips_emoji", "flips_dropped_words"),
    }
