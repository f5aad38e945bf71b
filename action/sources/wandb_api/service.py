"""The real W&B client, bounded: GraphQL and downloads through its own service, each within what is left of the time.

`wandb.Api` waits without end in history and files, and turns every outage into a wrong key; its transport takes a
timeout a request. Its errors become ours, without the signed addresses that they quote. Runs in a process of its own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import wandb
from wandb.apis.public.service_api import ServiceApi
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from action.errors import InputError, ServiceError

_ADDRESS = re.compile(r"https?://\S+")
_TRIES = 2
"""After the first: three in all."""
_LARGEST = 4 * 10**9
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
            x_file_transfer_timeout_seconds=60,
        )
        self._key, self._url = key, url
        self._end = time.monotonic() + seconds
        self._api = ServiceApi(settings=settings, timeout=min(20.0, seconds))
        self.requests = 0

    @property
    def _left(self) -> float:
        return max(0.1, self._end - time.monotonic())

    def ask(self, document: str, variables: Mapping[str, object]) -> Mapping[str, Any]:
        """Ask one GraphQL query; its `data`.

        Raises:
            ServiceError: W&B could not be reached, refused, or answered something else.
        """
        self.requests += 1
        try:
            data: Any = self._api.execute_graphql(document, dict(variables), timeout=min(self._left, 60.0))
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

    def _failed(self, error: Exception, what: str = "an answer") -> ServiceError | InputError:
        response = getattr(error, "response", None)
        status = int(getattr(response, "http_status", 0) or 0) or _status_in(str(error))
        said = _ADDRESS.sub("…", str(error)).replace(self._key, "…").replace("\n", " ")[:200]
        if status in (401, 403):
            return ServiceError(
                f"W&B: expected access, got {status}; check WANDB_API_KEY: it must be valid for {self._url} and may "
                "read the project"
            )
        if status == 404:
            return ServiceError(
                f"W&B: expected {what}, got 404; check WANDB_BASE_URL and the names of entity and project"
            )
        if status == 429:
            return ServiceError("W&B: expected an answer, got 429, too many requests; run again later")
        if time.monotonic() >= self._end or "busy" in said or "deadline" in said.lower():
            return ServiceError(f"W&B: expected {what} in time, got none; run again, or give --deadline SECONDS")
        return ServiceError(f"W&B: expected {what}, got a failure ({said or type(error).__name__}); run again later")


def _status_in(text: str) -> int:
    """Find the status that only the text of an error tells."""
    found = re.search(r"(?:returned error|status(?: code)?:?) (\d{3})\b", text)
    return int(found[1]) if found else 0
