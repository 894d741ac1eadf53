"""Descriptions of nights and model versions in MLflow, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from socialrec.display.visible import and_more, label, lines, plain_markdown, visible
from socialrec.evaluate.gate import Decision
from socialrec.report.facts import NightFacts
from socialrec.report.summary import headline

COMPARED = ("ndcg", "recall", "hit_rate", "coverage", "novelty", "diversity")
WHO = ("candidate", "champion", "popularity")
MOST_ROWS = 200
CELL_CHARS = 500
SAMPLE_COLUMNS = ("user", "rank", "product_id", "title", "score", "reasons")


def version_card(decision: Decision, evaluation: Mapping[str, Any], document: Mapping[str, Any], training: str) -> str:
    """Describe a recommender's version: the decision, every check, the figures, and its tables.

    evaluation: the result of evaluate_recommender. document: the candidate's model.json, empty where it has none.
    training: the page of the run that made it.
    """
    champion = evaluation.get("champion_version")
    names = {"candidate": "this version", "champion": f"version {champion}, the champion at that time"}
    verdict = "**Promoted** to champion" if decision.promote else "**Refused**"
    deciding = [check for check in decision.checks if check.decides]
    info = document.get("info", {})
    return _paragraphs(
        f"{verdict}. [The training]({training}) has every figure, plots and the ablation.",
        "#### Checks that decide",
        _table(("passed", "check", "what to do"), ((_yes(c.is_passed), c.line, c.remedy) for c in deciding)),
        "#### Warnings" if decision.warnings else "",
        _list(f"{check.line}: {check.remedy}" for check in decision.warnings),
        f"#### How it compares\n\nHeld-out test, {evaluation['label']}.",
        _figures({names.get(who, who): evaluation[who] for who in WHO if evaluation.get(who)}),
        plain_markdown(evaluation.get("note", "")),
        "#### Trained on",
        _table(("table", "version"), sorted(info.get("lake_versions", {}).items())),
        f"Landing day {info['ds']}, encoder `{info['encoder_version']}`." if info else "Its files cannot be read.",
        "#### Blend",
        _table(("signal", "weight"), ((name, f"{w:.3f}") for name, w in document.get("weights", {}).items() if w)),
    )


def baseline_card(missing: str, training: str) -> str:
    """Describe a baseline's version; training: the page of the run that made it."""
    return _paragraphs(
        "**Baseline**: popularity by what is known of the user (connected people, category, text), with fixed "
        f"weights. [The training]({training}) gave no sound model, so the baseline makes the lists until one does.",
        f"Missing for a trained model: {plain_markdown(missing)}.",
    )


def encoder_card(figures: Mapping[str, float], ds: str, n_examples: int, base: str, training: str) -> str:
    """Describe an encoder's version: its examples and its figures. base: its base model, with the reason for it.
    training: the page of its run.
    """
    return _paragraphs(
        f"Fine-tuned on {n_examples:,} examples up to {ds} in [this training]({training}), which also says whether it "
        "was promoted.",
        f"Its base model is {base}.",
        _table(("figure", "value"), ((name, f"{value:.4f}") for name, value in figures.items())),
    )


def base_card(figures: Mapping[str, float], ds: str, training: str, *, is_worse: bool) -> str:
    """Describe a pre-trained model's version: its figures before and after. training: the page of its run."""
    verdict = (
        "**Not a base model**: it finds fewer products of comments than `text.model` did, so that no folder was made "
        "for a setting to name."
        if is_worse
        else "Set `text.model` to the folder in its tags, and run `socialrec_train`, to fine-tune it."
    )
    return _paragraphs(
        f"Pre-trained on texts up to {ds} in [this run]({training}). {verdict}",
        _table(("figure", "value"), ((name, f"{value:.4f}") for name, value in figures.items())),
    )


def night_card(summary: Mapping[str, Any], facts: NightFacts, versions: Mapping[str, int]) -> str:
    """Describe a night's run: its results, the model of the lists with the reason for it, and the data.

    versions: of the lake's tables, by name.
    """
    decision, pages = facts.decision, summary["pages"]
    number = summary["models"]["recommender_version"]
    return _paragraphs(
        plain_markdown(headline(summary)),
        "#### Which model",
        f"[socialrec-recommender version {number}]({pages['version']}), from [this training]({pages['training']}), "
        f"with encoder `{summary['models']['encoder_version']}`.",
        *(
            (f"Decided {decision['decided_ts']:%Y-%m-%d %H:%M} UTC ({decision['kind']}):", _list(decision["reasons"]))
            if decision
            else ("No decision about this version is recorded.",)
        ),
        "#### What changed",
        _changes(facts),
        "#### On which data",
        _table(("table", "version"), versions.items()),
    )


def samples(facts: NightFacts) -> list[tuple[str | int | float, ...]]:
    """Rows of the sample lists; columns are SAMPLE_COLUMNS."""
    return [
        (found.user_key, place.rank, place.product_id, place.title, place.score, place.why)
        for found in facts.samples
        for place in found.places
    ]


def _changes(facts: NightFacts) -> str:
    changes = facts.changes
    if changes is None:
        return "These are the first lists."
    model = "another model" if changes.is_other_model else "the same model"
    return (
        f"{changes.new_share:.1%} of the recommendations are of products that were not in the user's list of "
        f"{changes.previous_ds}, which {model} made; {changes.new_users:,} users are new."
    )


def _figures(models: Mapping[str, Mapping[str, float | None]]) -> str:
    """Table with a column per model and a row per metric that all have; empty where nothing was measured."""
    if not models:
        return ""
    names = [
        name
        for name in next(iter(models.values()), {})
        if name.split("_at_")[0] in COMPARED and all(model.get(name) is not None for model in models.values())
    ]
    return _table(("", *models), ((name, *(f"{model[name]:.4f}" for model in models.values())) for name in names))


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Table in Markdown; of many rows the first, the rest counted."""
    every = list(rows)
    rest = [[and_more(len(every) - MOST_ROWS), *[""] * (len(columns) - 1)]] if len(every) > MOST_ROWS else []
    shown = [columns, ["---"] * len(columns), *every[:MOST_ROWS], *rest]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in shown)


def _cell(value: object) -> str:
    """Value in one cell, without bars and line ends, which would begin another one."""
    return plain_markdown(label(value, CELL_CHARS)).replace("|", "\\|") if str(value) else ""


def _yes(is_true: bool) -> str:
    return "yes" if is_true else "**no**"


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {plain_markdown(visible(line))}" for line in items)


def _paragraphs(*parts: str) -> str:
    return lines("\n\n".join(part for part in parts if part))
