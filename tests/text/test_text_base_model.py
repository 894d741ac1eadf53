"""The base model of a shop: chosen by its texts at the first training, and the same one from then on."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from four_products import DS, NEXT_DS, call, write
from mlflow import MlflowClient
from ten_languages import SENTENCES

from socialrec.contracts.gold import TEXTS
from socialrec.encoders.weights import BUNDLED
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.local_stack.nights.overview import overview
from socialrec.settings import HOME_VARIABLE, Settings, load_settings
from socialrec.text import base_model
from socialrec.text.base_model import read_choice, with_base_model
from socialrec.tracking import ENCODER

MULTILINGUAL = "multilingual-e5-small"


def texts(*said: str, kind: str = "comment") -> list[dict[str, Any]]:
    return [
        {"text_hash": hashlib.sha256(text.encode()).hexdigest(), "kind": kind, "text": text, "language": "und"}
        for text in said
    ]


@pytest.fixture
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    return load_settings(home)


@pytest.fixture
def lake(settings: Settings) -> Lake:
    return Lake(settings.lake)


def chosen(settings: Settings, lake: Lake, ds: str = DS) -> str:
    return with_base_model(settings, lake, ds)[0].text.model


def test_the_choice_of_the_first_training_counts_whatever_lands_later(settings: Settings, lake: Lake) -> None:
    write(lake, TEXTS, DS, texts(*SENTENCES["en"]))
    assert chosen(settings, lake) == BUNDLED
    write(lake, TEXTS, NEXT_DS, texts(*(said for language in ("zh", "ja", "ko") for said in SENTENCES[language])))
    assert chosen(settings, lake, NEXT_DS) == BUNDLED
    said = read_choice(settings)
    assert said is not None
    assert said.why == with_base_model(settings, lake, NEXT_DS)[1].why
    assert said.why.startswith(f"{BUNDLED} knows 100.0% of the texts' tokens, at ")


def test_a_chinese_shop_has_the_multilingual_model_and_status_says_so(settings: Settings, lake: Lake) -> None:
    assert "text_model" not in overview(settings)
    write(lake, TEXTS, DS, texts(*SENTENCES["zh"]))
    assert chosen(settings, lake) == MULTILINGUAL
    assert overview(settings)["text_model"].startswith(f"{MULTILINGUAL} ({BUNDLED} knows ")


def test_only_what_people_and_shops_wrote_is_measured(settings: Settings, lake: Lake) -> None:
    """Homes from before hold profiles, a kind that the contract does not have any more."""
    columns = (replace(column, choices=None) if column.name == "kind" else column for column in TEXTS.columns)
    before = replace(TEXTS, columns=tuple(columns))
    write(lake, before, DS, [*texts(*SENTENCES["en"], kind="product"), *texts(*SENTENCES["zh"], kind="profile")])
    assert chosen(settings, lake) == BUNDLED


def test_without_texts_nothing_is_written_down(settings: Settings, lake: Lake) -> None:
    assert chosen(settings, lake) == BUNDLED
    assert read_choice(settings) is None
    write(lake, TEXTS, DS, texts(*SENTENCES["zh"]))
    assert chosen(settings, lake) == MULTILINGUAL


def test_of_many_texts_the_same_are_measured_in_any_order_and_partitioning(
    settings: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(base_model, "MEASURED_TEXTS", 100)
    rows = texts(*(f"text number {number}" for number in range(1_000)))
    write(lake, TEXTS, DS, rows)
    other = Lake(tmp_path / "other")
    write(other, TEXTS, DS, rows[:300:-1])
    write(other, TEXTS, "2026-01-30", rows[:301])
    drawn = base_model._sample(lake, DS)
    assert sorted(drawn) == sorted(base_model._sample(other, DS))
    assert 60 < len(drawn) < 140


def test_a_model_that_the_settings_name_is_taken_and_nothing_measured(settings: Settings, lake: Lake) -> None:
    write(lake, TEXTS, DS, texts(*SENTENCES["zh"]))
    named = settings.model_copy(update={"text": settings.text.model_copy(update={"model": BUNDLED})})
    assert chosen(named, lake) == BUNDLED
    assert read_choice(settings) is None
    assert overview(named)["text_model"] == f"{BUNDLED} (text.model names it)"


def test_a_damaged_choice_is_refused_with_the_remedy(settings: Settings, lake: Lake) -> None:
    settings.text_model_file.parent.mkdir(parents=True)
    settings.text_model_file.write_text("{")
    with pytest.raises(UserError, match="delete it, and the next training chooses again, or set text.model"):
        with_base_model(settings, lake, DS)


@pytest.mark.slow
def test_the_training_says_in_mlflow_and_on_the_card_which_model_it_chose(shop: Settings) -> None:
    toml = shop.home / "settings.toml"
    toml.write_text("\n".join(line for line in toml.read_text().splitlines() if not line.startswith("model = ")))
    write(Lake(shop.lake), TEXTS, DS, texts(*SENTENCES["en"]))
    receipt = call(shop, "finetune_encoder")
    client = MlflowClient(shop.services.mlflow_uri)
    params = client.get_run(receipt["mlflow_run_id"]).data.params
    assert params["text.model"] == BUNDLED
    assert params["text_model_chosen"].startswith(f"{BUNDLED} knows 100.0%")
    card = client.get_model_version(ENCODER, receipt["encoder_model_version"]).description
    assert f"Its base model is `{BUNDLED}`: {BUNDLED} knows 100.0%" in card
    assert receipt["encoder_version"].startswith("all-minilm-l6-v2-")
