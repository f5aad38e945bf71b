"""What a request to Axiom may cost: tries, waits, seconds and bytes. No answer is read here."""

from __future__ import annotations

import time
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError
from urllib3.util.retry import Retry
from urllib3.util.timeout import Timeout

_LARGEST = 20_000_000
"""Bytes of an answer: a table of 10,000 groups is a tenth of that."""
_CONNECT, _READ = 5.0, 20.0
_LONGEST_WAIT = 5
"""Seconds of a Retry-After that are waited."""
RETRY_STATUS = (429, 500, 502, 503, 504)


class BrokenError(requests.RequestException):
    """An answer that could not be read to its end; the text says what was got instead."""


class Patience(Retry):
    """Three tries, short waits; where the service asks for a longer one, its refusal is the answer."""

    def __init__(self, **options: Any) -> None:
        ours = {
            "total": 2,
            "connect": 1,
            "read": 0,
            "status": 2,
            "other": 0,
            "redirect": 0,
            "backoff_factor": 0.25,
            "backoff_max": 1,
            "status_forcelist": RETRY_STATUS,
            "allowed_methods": {"GET", "POST"},
            "raise_on_status": False,
        }
        super().__init__(**{**ours, **options})

    def parse_retry_after(self, retry_after: str) -> float:
        """Read the header; one that says nothing counts as none."""
        try:
            return super().parse_retry_after(retry_after)
        except (InvalidHeader, ValueError, OverflowError):
            return 0.0

    def increment(self, *args: Any, **options: Any) -> Self:
        """Count a try; MaxRetryError where there may be no other."""
        response = options.get("response")
        if response is not None and (self.get_retry_after(response) or 0.0) > _LONGEST_WAIT:
            raise MaxRetryError(options["_pool"], "", None)
        return super().increment(*args, **options)


class Bounded(HTTPAdapter):
    """Reads an answer whole, within its time and size: a server that drips would otherwise hold us for ever."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        super().__init__(max_retries=Patience())

    def send(self, request: Any, *_: Any, **options: Any) -> Any:
        """Send a request and read its answer.

        Raises:
            requests.RequestException: there is none, or it is not whole.
        """
        end = time.monotonic() + self._seconds
        options["timeout"] = Timeout(connect=min(_CONNECT, self._seconds), read=min(_READ, self._seconds))
        options["stream"] = True
        response = super().send(request, **options)
        try:
            body = _read(response, end)
        except HTTPError as error:  # cut off, timed out, not what its header says
            if "Timeout" in type(error).__name__:
                raise requests.exceptions.ReadTimeout("timed out", request=request) from None
            raise BrokenError("one that broke off or cannot be unpacked", request=request) from None
        finally:
            response.raw.close()
        response._content, response._content_consumed = body, True
        return response


def _read(response: Any, end: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        left = end - time.monotonic()
        if left <= 0:
            raise requests.exceptions.ReadTimeout("timed out", request=response.request)
        socket = getattr(getattr(response.raw, "connection", None), "sock", None)
        if socket is not None:
            socket.settimeout(min(left, _READ))
        part = response.raw.read1(65_536, decode_content=True)
        if not part:
            return b"".join(parts)
        size += len(part)
        if size > _LARGEST:
            raise BrokenError(f"one of more than {_LARGEST // 1_000_000} MB", request=response.request)
        parts.append(part)
