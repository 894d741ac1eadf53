"""Lineage in OpenLineage's form: job runs with their times, inputs and outputs."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime

from openlineage.client import OpenLineageClient, set_producer
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    DatasetFacet,
    RunFacet,
    dataset_version_dataset,
    error_message_run,
    input_statistics_input_dataset,
    nominal_time_run,
    output_statistics_output_dataset,
    tags_run,
)
from openlineage.client.transport.file import FileConfig, FileTransport
from openlineage.client.uuid import generate_new_uuid

from socialrec import __version__
from socialrec.lake.traffic import Amount, Traffic
from socialrec.settings import Settings

NAMESPACE = "socialrec"
"""Namespaces of jobs, by their own names, and of data sets, such as `silver.comments`."""
log = logging.getLogger(__name__)


class Lineage:
    """Lineage events of one run of one job: START, then COMPLETE or FAIL.

    They are appended to `<home>/logs/lineage.jsonl`, unless OpenLineage's own variables (`OPENLINEAGE_URL` and others)
    say otherwise. A failure to emit an event is only a warning, because the job matters more.
    """

    def __init__(self, settings: Settings, job: str, ds: str, run_id: str) -> None:
        set_producer(f"urn:socialrec:{__version__}")
        self._settings = settings
        self._job = Job(NAMESPACE, job)
        self._id = str(generate_new_uuid())
        self._facets: dict[str, RunFacet] = {
            "nominalTime": nominal_time_run.NominalTimeRunFacet(f"{ds}T00:00:00Z"),
            "tags": tags_run.TagsRunFacet([tags_run.TagsRunFacetFields("run_id", run_id, NAMESPACE)]),
        }

    def started(self) -> None:
        """Emit the start of the job; its inputs and outputs are not known yet."""
        self._tell(RunState.START, Traffic())

    def completed(self, traffic: Traffic) -> None:
        """Emit the success of the job."""
        self._tell(RunState.COMPLETE, traffic)

    def failed(self, traffic: Traffic, error: BaseException) -> None:
        """Emit the failure of the job; the message stays in the job's log, because it may name a person."""
        message = f"{type(error).__name__}: the job's log says more"
        self._facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(message, "PYTHON")
        self._tell(RunState.FAIL, traffic)

    def _tell(self, state: RunState, traffic: Traffic) -> None:
        event = RunEvent(
            eventTime=datetime.now(UTC).isoformat(),
            eventType=state,
            run=Run(self._id, self._facets),
            job=self._job,
            inputs=[_input(name, amount) for name, amount in traffic.read.items()],
            outputs=[_output(name, amount) for name, amount in traffic.written.items()],
        )
        try:
            client = OpenLineageClient(transport=_file(self._settings))
            client.emit(event)
            client.close()
        except Exception as error:
            log.warning("no lineage of %s: %s", self._job.name, error)


def _file(settings: Settings) -> FileTransport | None:
    """Path of the events' file, or None where the environment names another transport."""
    if any(name.startswith("OPENLINEAGE_") for name in os.environ):
        return None
    settings.lineage_file.parent.mkdir(parents=True, exist_ok=True)
    return FileTransport(FileConfig(str(settings.lineage_file), append=True))


def _input(name: str, amount: Amount) -> InputDataset:
    statistics = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(amount.rows, amount.bytes)
    return InputDataset(NAMESPACE, name, facets=_version(amount), inputFacets={"inputStatistics": statistics})


def _output(name: str, amount: Amount) -> OutputDataset:
    statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(amount.rows, amount.bytes)
    return OutputDataset(NAMESPACE, name, facets=_version(amount), outputFacets={"outputStatistics": statistics})


def _version(amount: Amount) -> dict[str, DatasetFacet]:
    if amount.version is None:
        return {}
    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(str(amount.version))}
