"""How a home stands: its servers, its newest lists and the models behind them."""

from __future__ import annotations

from typing import Any

from socialrec.contracts.bronze import BRONZE
from socialrec.contracts.gold import RECOMMENDATIONS
from socialrec.contracts.runs import NIGHTLY
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.orchestration.airflow_api import AirflowApi
from socialrec.service.record import read_record
from socialrec.service.servers import status
from socialrec.settings import Settings
from socialrec.sources import newest_day
from socialrec.tracking import RECOMMENDER
from socialrec.tracking.pages import version_page


def overview(settings: Settings) -> dict[str, Any]:
    """Facts by name, None where there is nothing yet."""
    lake, health = Lake(settings.lake), status(settings)
    record = read_record(settings)
    facts: dict[str, Any] = {"home": str(settings.home), **health}
    if record is not None and health["airflow"] == "healthy":
        facts |= {"airflow_url": record.airflow["url"], "last_night": _last_night(AirflowApi.of(record.airflow))}
    if record is not None and health["mlflow"] == "healthy":
        facts["mlflow_url"] = record.mlflow["url"]
    published = lake.last_partition(RECOMMENDATIONS)
    made_by = _made_by(lake, published) if published else {}
    if "mlflow_url" in facts and made_by:
        made_by["recommender_page"] = version_page(facts["mlflow_url"], RECOMMENDER, made_by["recommender_version"])
    return {
        **facts,
        "newest_landing": newest_day(settings.landing),
        "newest_bronze": lake.last_partition(BRONZE[Entity.INTERACTIONS]),
        "newest_lists": published,
        **made_by,
    }


def _last_night(api: AirflowApi) -> str | None:
    try:
        run = api.last_run(NIGHTLY)
    except UserError as error:
        return str(error)
    return f"{run['dag_run_id']}: {run['state']}" if run else None


def _made_by(lake: Lake, ds: str) -> dict[str, Any]:
    """How many places, and whose they are; nothing where a day has none."""
    rows = lake.dataset(RECOMMENDATIONS, [ds])
    head = rows.head(1, columns=["recommender_version", "encoder_version"]).to_pylist()
    return {"places": rows.count_rows(), **head[0]} if head else {}
