"""One MLflow server, and how long its answers are waited for.

MLflow's own time limit is one of silence alone: a server that sends a byte now and then is waited for without end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from socialrec.errors import AwayError, UserError
from socialrec.tracking.access import PASSWORD_VARIABLE, USER_VARIABLE
from socialrec.tracking.places import is_own_place

SILENCE_VARIABLE, SILENCE_SECONDS = "MLFLOW_HTTP_REQUEST_TIMEOUT", 10
RETRIES_VARIABLE, RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES", 2
PAUSES_SECONDS = 10.0
"""What MLflow sleeps between its tries, and a little more."""
DOWNLOAD_SECONDS = 600.0
SLOWEST_UPLOAD = 256 * 1024
"""Bytes a second."""
TROUBLE = frozenset({"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE"})
"""Error codes of servers that cannot be reached, or fail; with others they refuse what they were asked for."""

Answer = TypeVar("Answer")


class Server:
    """MLflow's client, whose calls come to an end.

    They raise AwayError where the server cannot be reached, fails, or does not finish its answer in time: by default
    within 40 seconds. What it refuses, such as a name that it does not know, raises MLflow's own errors.

    sign_in: variables with which MLflow's client signs in to a server of our own; none for other servers, to which it
    signs in as the environment says.
    """

    def __init__(self, uri: str, sign_in: Mapping[str, str] | None = None) -> None:
        # Imported here: it takes seconds, and most programs never get this far.
        from mlflow import MlflowClient

        silence = int(os.environ.setdefault(SILENCE_VARIABLE, str(SILENCE_SECONDS)))
        retries = int(os.environ.setdefault(RETRIES_VARIABLE, str(RETRIES)))
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        # MLflow's client looks nowhere else, at each request.
        os.environ.update(sign_in or {})
        self._is_ours = bool(sign_in)
        self.uri = uri
        self._patience = silence * (1 + retries) + PAUSES_SECONDS
        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        return lambda *args, **kwargs: self.within(self._patience, partial(method, *args, **kwargs))

    def upload(self, run_id: str, folder: Path, name: str) -> None:
        """Keep a folder with a run, in as much more time as its files need."""
        n_bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        seconds = self._patience + n_bytes / SLOWEST_UPLOAD
        self.within(seconds, partial(self._client.log_artifacts, run_id, str(folder), name))

    def download(self, model: str, version: str, folder: Path) -> Path:
        """Copy a version's files into a folder; returns where in it they lie.

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
        """Close a run as FAILED, and wait no longer than this."""
        self.within(seconds, partial(self._client.set_terminated, run_id, "FAILED"))

    def within(self, seconds: float, act: Callable[[], Answer]) -> Answer:
        """What a call returns or raises; AwayError where that takes longer."""
        from mlflow.exceptions import MlflowException

        answer: Future[Answer] = Future()

        def work() -> None:
            try:
                answer.set_result(act())
            except BaseException as error:
                answer.set_exception(error)

        # Nothing else ends a call that goes on receiving; a daemon does not keep the program from ending.
        Thread(target=work, daemon=True).start()
        try:
            return answer.result(seconds)
        except TimeoutError:
            raise AwayError(self.complaint(f"it did not finish its answer in {seconds:.0f} s")) from None
        except MlflowException as error:
            if error.error_code not in TROUBLE:
                raise
            raise AwayError(self.complaint(str(error))) from None

    def refusal(self) -> str:
        """One line about a server that does not know who asks, and what to do."""
        remedy = "run `make down`, then `make up`" if self._is_ours else f"set {USER_VARIABLE} and {PASSWORD_VARIABLE}"
        return f"MLflow at {self.uri} refuses the user name or the password: {remedy}"

    def complaint(self, why: str) -> str:
        """One line about the server, and what to do."""
        # What went wrong stands at the end, after the whole request.
        why = " ".join(why.split())[-150:]
        return f"MLflow does not answer at {self.uri}: run `make up`, or set services.mlflow_uri to a server (… {why})"
