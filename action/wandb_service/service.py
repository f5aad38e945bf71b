"""The real W&B client, bounded: GraphQL and downloads through its own service, each within what is left of the time.

`wandb.Api` waits without end in history and files, and turns every outage into a wrong key; its transport takes a
timeout a request. Its errors become ours, without the signed addresses that they quote. Runs in a process of its own.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import wandb
from wandb.apis.public.service_api import ServiceApi
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from action.errors import ServiceError
from action.wandb_service.failure import explain_error, explain_status, find_status

_TRIES = 2
"""After the first: three in all."""
_LARGEST = 2 * 10**9
"""Bytes of one file."""


class Connection:
    """W&B for a limited time; counts its requests."""

    def __init__(self, key: str, url: str, seconds: float) -> None:
        settings = wandb.Settings(
            base_url=url,
            api_key=key,
            silent=True,
            x_graphql_retry_max=_TRIES,
            x_graphql_retry_wait_min_seconds=1,
            x_graphql_retry_wait_max_seconds=2,
            x_graphql_timeout_seconds=15,
            x_file_transfer_retry_max=_TRIES,
            x_file_transfer_retry_wait_min_seconds=1,
            x_file_transfer_retry_wait_max_seconds=2,
            # Of a whole file: a large one may take its time where the user gives it.
            x_file_transfer_timeout_seconds=max(60, int(seconds / 2)),
        )
        self._url = url
        self._end = time.monotonic() + seconds
        self._api = ServiceApi(settings=settings, timeout=min(20.0, seconds))
        self.requests = 0

    @property
    def _left(self) -> float:
        return max(0.1, self._end - time.monotonic())

    def ask(self, document: str, variables: Mapping[str, object], *, seconds: float | None = None) -> Mapping[str, Any]:
        """Ask one GraphQL query, within so many seconds; its `data`.

        Raises:
            ServiceError: W&B could not be reached, refused, or answered something else.
        """
        self.requests += 1
        try:
            data: Any = self._api.execute_graphql(document, dict(variables), timeout=min(self._left, seconds or 60.0))
        except (WandbApiFailedError, wandb.Error, ValueError, OSError, TypeError) as error:
            raise self._failed(error) from None
        if not isinstance(data, dict):
            raise ServiceError("W&B: expected an answer with data, got one without; check WANDB_BASE_URL")
        return data

    def download(self, address: str, path: Path, *, what: str) -> None:
        """Download a file.

        Raises:
            ServiceError: it could not be had.
        """
        self.requests += 1
        messages: Any = import_module("wandb.proto.wandb_api_pb2")  # made by protobuf, without types
        request = messages.ApiRequest(
            download_file_request=messages.DownloadFileRequest(path=str(path), url=address, size=0)
        )
        try:
            self._api.send_api_request(request, timeout=self._left)
        except (WandbApiFailedError, wandb.Error, ValueError, OSError, TypeError) as error:
            raise self._failed(error, what) from None
        if not path.is_file() or path.stat().st_size == 0:
            raise ServiceError(f"W&B: expected {what}, got an empty file; run again")
        if path.stat().st_size > _LARGEST:
            raise ServiceError(f"W&B: expected {what} of at most {_LARGEST:,} bytes, got more; judge a shorter run")

    def _failed(self, error: Exception, what: str | None = None) -> ServiceError:
        text, wanted = str(error), what or "an answer"
        response = getattr(error, "response", None)
        # With the status of an answer that it could not read to its end, the client says 200.
        told = int(getattr(response, "http_status", 0) or 0)
        known = explain_status(told if told >= 400 else find_status(text), what, self._url)
        if known is not None:
            return ServiceError(known)
        # The client says `busy` where it has waited as long as it was told to.
        if time.monotonic() >= self._end or "busy" in text or "deadline" in text.lower():
            return ServiceError(f"W&B: expected {wanted} in time, got none; run again, or give --deadline SECONDS")
        return ServiceError(explain_error(text, wanted))
