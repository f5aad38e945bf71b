"""What one answer may cost: seconds, bytes and redirects. No answer is understood here."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import requests
from github.Requester import HTTPSRequestsConnectionClass, RequestsResponse
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util.timeout import Timeout

_LARGEST = 40_000_000
"""Bytes of an answer: a hundred comments of 65,536 characters, most of them escaped."""


class TooLargeError(requests.RequestException):
    """An answer has more bytes than may be."""


class Connection(HTTPSRequestsConnectionClass):
    """What PyGithub sends its requests through, to one host alone."""

    def __init__(self, url: str, seconds: float) -> None:
        parts = urlsplit(url)
        super().__init__(parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443), retry=0)
        self.protocol = parts.scheme
        self.session.mount(f"{parts.scheme}://", Bounded(seconds, _LARGEST))
        self._spent = False

    def renew(self) -> None:
        """Begin another request."""
        self._spent = False

    def getresponse(self) -> RequestsResponse:
        """Send the request and read its answer. One request is one: PyGithub follows 301, but without the query.

        Raises:
            requests.RequestException: there is none, it is not whole, or it leads on.
        """
        if self._spent:
            raise requests.exceptions.TooManyRedirects
        self._spent = True
        return super().getresponse()


class Bounded(HTTPAdapter):
    """Reads an answer whole, within its time and size: a server that drips would otherwise hold us for ever."""

    def __init__(self, seconds: float, largest: int) -> None:
        self._seconds, self._largest = seconds, largest
        super().__init__(max_retries=0)

    def send(self, request: Any, *_: Any, **options: Any) -> requests.Response:
        """Send a request and read its answer.

        Raises:
            requests.RequestException: there is none, or it is not whole.
        """
        end = time.monotonic() + self._seconds
        options["timeout"] = Timeout(total=self._seconds)
        options["stream"] = True
        response = super().send(request, **options)
        try:
            body = self._read(response, end)
        except HTTPError as error:  # cut off, timed out, not what its header says
            if "Timeout" in type(error).__name__:
                raise requests.exceptions.ReadTimeout from None
            raise requests.exceptions.ChunkedEncodingError from None
        finally:
            response.raw.close()
        response._content, response._content_consumed = body, True
        response.encoding = "utf-8"
        return response

    def _read(self, response: requests.Response, end: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise requests.exceptions.ReadTimeout
            socket = getattr(getattr(response.raw, "connection", None), "sock", None)
            if socket is not None:
                socket.settimeout(left)
            part = response.raw.read1(65_536, decode_content=True)
            if not part:
                return b"".join(parts)
            size += len(part)
            if size > self._largest:
                raise TooLargeError
            parts.append(part)
