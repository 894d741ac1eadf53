"""State of a home: its servers, its last night, its newest lists and their models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from socialrec.contracts.bronze import LANDED_DAYS
from socialrec.contracts.gold import RECOMMENDATIONS
from socialrec.contracts.runs import NIGHTLY
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.local_stack.home.commands import RunCommand
from socialrec.local_stack.home.missing import damaged_logs, find_missing
from socialrec.local_stack.nights import night
from socialrec.local_stack.nights.past_runs import FAILED, past_runs
from socialrec.local_stack.nights.serving import Serving, newest_candidate, next_steps, serving
from socialrec.local_stack.record import read_record, sign_in_words
from socialrec.local_stack.servers import running_airflow, status
from socialrec.recommend.lists.published import NothingPublishedError, published_day
from socialrec.settings import Settings
from socialrec.settings.text import AUTO
from socialrec.sources import newest_day
from socialrec.text.base_model import read_choice
from socialrec.tracking import RECOMMENDER
from socialrec.tracking.pages import version_page


def overview(settings: Settings) -> dict[str, Any]:
    """Facts by name, None where there is nothing yet.

    last_night: the newest run of the nightly DAG and, where it failed, `error`, the line with the cause. model: the
    model of the newest lists. missing: a line for each part of the home that is gone or was changed; if a table's log
    is one of them, most other facts are left out. refused: the newest candidate, where the gate refused it. next_steps:
    the person's options then.
    """
    lake, health = Lake(settings.lake), status(settings)
    missing = find_missing(settings, lake)
    if damaged_logs(lake):
        return {"home": str(settings.home), **health, "missing": missing}
    record = read_record(settings)
    facts: dict[str, Any] = {"home": str(settings.home), **health}
    for name in ("airflow", "mlflow"):
        if record is not None and health[name] == "healthy":
            server: Mapping[str, str] = getattr(record, name)
            facts |= {f"{name}_url": server["url"], f"{name}_sign_in": sign_in_words(server)}
    published = lake.last_partition(RECOMMENDATIONS)
    facts |= {
        "newest_landing": newest_day(settings.landing),
        "newest_bronze": lake.last_partition(LANDED_DAYS),
        "newest_lists": published,
        **(_made_by(lake, published) if published else {}),
        "last_night": _last_night(settings),
        **_text_model(settings),
    }
    model = None
    if published and (version := facts.get("recommender_version")):
        model = serving(settings, lake, published, version)
        page = version_page(facts["mlflow_url"], RECOMMENDER, version) if "mlflow_url" in facts else None
        facts["model"] = {"sentence": model.sentence, **asdict(model), "page": page}
    return {**facts, **({"missing": missing} if missing else {}), **_refusal(settings, model)}


def _text_model(settings: Settings) -> dict[str, str]:
    """Base model of the encoder, with the reason for it; nothing while it is still to be chosen."""
    if settings.text.model != AUTO:
        return {"text_model": f"{settings.text.model} (text.model names it)"}
    choice = read_choice(settings)
    return {"text_model": f"{choice.model} ({choice.why})"} if choice else {}


def why_nothing(settings: Settings) -> str:
    """Reason why a home has no lists: the failed or running night, with the remedy, or that none was started."""
    last = _last_night(settings)
    why = f"run `{RunCommand.here(settings).text()}` first" if last is None else _why_without(settings, last)
    return f"nothing was published yet: {why}"


def _why_without(settings: Settings, last: Mapping[str, Any]) -> str:
    again, day, step = RunCommand.here(settings).text(), last["ds"] or "an unknown day", last["step"]
    match last["state"]:
        case "unknown":
            return str(last["error"])
        case "running":
            return f"the night of {day} is under way, now at {step or 'its start'}"
        case "failed" | "unfinished" if refused := _refused_words(settings, step):
            return refused
        case "failed":
            why = f" ({last['error']})" if last["error"] else ""
            return f"the night of {day} failed at {step}{why}; correct that, then run `{again}`"
        case "unfinished":
            return f"the night of {day} stopped at {step}; see {settings.home / 'logs'}, then run `{again}`"
    return f"the night of {day} published nothing ({last['outcome']}); run `{again}`"


def _refused_words(settings: Settings, step: str) -> str:
    """Refusal that left a night without a model, with the next steps; empty where it failed at another step."""
    candidate = newest_candidate(settings)
    if step != night.PINNING or candidate is None or not candidate.is_refused:
        return ""
    steps = next_steps(candidate, None, RunCommand.here(settings), settings)
    ways = " or ".join(dict.fromkeys(f"{step.what.lower()}: `{step.command}`" for step in steps))
    return f"the gate refused the candidate ({'; '.join(candidate.reasons)}); {ways}"


def require_published(settings: Settings, lake: Lake, ds: str | None) -> str:
    """Day asked for, or the newest with lists; UserError with the failure where there is none."""
    try:
        return published_day(lake, ds)
    except NothingPublishedError:
        raise UserError(why_nothing(settings)) from None


def _last_night(settings: Settings) -> dict[str, Any] | None:
    """Newest run of the nightly DAG, with the failed task of its training where that is the cause."""
    try:
        api = running_airflow(settings)
        run = next((run for run in past_runs(settings, api, most=100) if run.dag == NIGHTLY), None)
        if run is None:
            return None
        facts = {**asdict(run), "error": ""}
        if api is not None and run.state == FAILED and run.airflow_run is not None:
            failure = night.failure(api, run.airflow_run)
            facts |= {"step": failure.name, "outcome": f"failed at {failure.name}", "error": failure.line}
    except UserError as error:
        return {"state": "unknown", "ds": None, "step": "", "outcome": "unknown", "error": str(error)}
    return facts


def _refusal(settings: Settings, model: Serving | None) -> dict[str, Any]:
    """Newest candidate where the gate refused it, with the next steps; nothing where it serves anyway."""
    candidate = newest_candidate(settings)
    if candidate is None or not candidate.is_refused or (model is not None and model.version == candidate.version):
        return {}
    steps = next_steps(candidate, model, RunCommand.here(settings), settings)
    return {"refused": asdict(candidate), "next_steps": [asdict(step) for step in steps]}


def _made_by(lake: Lake, ds: str) -> dict[str, Any]:
    """Number of recommendations, and the models that made them; nothing where a day has none."""
    rows = lake.dataset(RECOMMENDATIONS, [ds])
    head = rows.head(1, columns=["recommender_version", "encoder_version"]).to_pylist()
    return {"recommendations": rows.count_rows(), **head[0]} if head else {}
