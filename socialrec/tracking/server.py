"""Client of one MLflow server with time limits on its answers.

MLflow's own time limit applies only to silence: for a server that sends a byte now and then it waits forever.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from socialrec.errors import ServiceUnavailableError, UserError
from socialrec.tracking.access import PASSWORD_VARIABLE, USER_VARIABLE
from socialrec.tracking.places import is_own_place

SILENCE_VARIABLE, SILENCE_SECONDS = "MLFLOW_HTTP_REQUEST_TIMEOUT", 10
RETRIES_VARIABLE, RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES", 2
PAUSES_SECONDS = 10.0
"""Seconds that MLflow sleeps between retries, and a little more."""
DOWNLOAD_SECONDS = 600.0
SLOWEST_UPLOAD = 256 * 1024
"""Bytes per second that a transfer must reach."""
TROUBLE = frozenset({"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE"})
"""Error codes of unreachable or failing servers; other codes mean that a request was refused."""

Answer = TypeVar("Answer")


class Server:
    """MLflow's client, with a time limit on each call.

    Calls raise ServiceUnavailableError where the server cannot be reached, fails, or does not finish its answer in
    time: by default within 40 seconds. Refusals, such as an unknown name, raise MLflow's own errors. sign_in: variables
    with which MLflow's client signs in to a server of our own; none for other servers, to which it signs in as the
    environment says.
    """

    def __init__(self, uri: str, sign_in: Mapping[str, str] | None = None) -> None:
        # Imported here: it takes seconds, and most programs never get this far.
        from mlflow import MlflowClient

        silence = int(os.environ.setdefault(SILENCE_VARIABLE, str(SILENCE_SECONDS)))
        retries = int(os.environ.setdefault(RETRIES_VARIABLE, str(RETRIES)))
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        # MLflow's client reads only these variables, at each request.
        os.environ.update(sign_in or {})
        self._is_ours = bool(sign_in)
        self.uri = uri
        self._patience = silence * (1 + retries) + PAUSES_SECONDS
        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        return lambda *args, **kwargs: self.within(self._patience, partial(method, *args, **kwargs))

    def upload(self, run_id: str, folder: Path, name: str) -> None:
        """Upload a folder to a run, with additional time for its files."""
        n_bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        seconds = self._patience + n_bytes / SLOWEST_UPLOAD
        self.within(seconds, partial(self._client.log_artifacts, run_id, str(folder), name))

    def download(self, model: str, version: str, folder: Path) -> Path:
        """Download a version's files into a folder; returns their place in it.

        Raises UserError where our own server leads to another place: our password would go there too.
        """
        from mlflow.artifacts import download_artifacts

        source = self.get_model_version_download_uri(model, version)
        if self._is_ours and not is_own_place(source):
            raise UserError(
                f"{model} version {version} is refused: its files are not in MLflow's own store, but {source!r}"
            )
        fetch = partial(download_artifacts, artifact_uri=source, dst_path=str(folder), tracking_uri=self.uri)
        return Path(self.within(DOWNLOAD_SECONDS, fetch))

    def close_failed(self, run_id: str, seconds: float) -> None:
        """Close a run as FAILED, within this time limit."""
        self.within(seconds, partial(self._client.set_terminated, run_id, "FAILED"))

    def within(self, seconds: float, act: Callable[[], Answer]) -> Answer:
        """Return or raise the result of a call; ServiceUnavailableError where that takes longer."""
        from mlflow.exceptions import MlflowException

        answer: Future[Answer] = Future()

        def work() -> None:
            try:
                answer.set_result(act())
            except BaseException as error:
                answer.set_exception(error)

        # Nothing else ends a call that keeps receiving; a daemon thread does not keep the program from ending.
        Thread(target=work, daemon=True).start()
        try:
            return answer.result(seconds)
        except TimeoutError:
            raise ServiceUnavailableError(self.complaint(f"it did not finish its answer in {seconds:.0f} s")) from None
        except MlflowException as error:
            if error.error_code not in TROUBLE:
                raise
            raise ServiceUnavailableError(self.complaint(str(error))) from None

    def refusal(self) -> str:
        """Message about a server that refuses the sign-in, with the remedy."""
        remedy = "run `make down`, then `make up`" if self._is_ours else f"set {USER_VARIABLE} and {PASSWORD_VARIABLE}"
        return f"MLflow at {self.uri} refuses the user name or the password: {remedy}"

    def complaint(self, why: str) -> str:
        """Message about the server, with the remedy."""
        # The cause is at the end, after the whole request.
        why = " ".join(why.split())[-150:]
        return f"MLflow does not answer at {self.uri}: run `make up`, or set services.mlflow_uri to a server (… {why})"
