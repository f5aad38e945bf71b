"""The real Axiom client, bounded in time, tries and size; its errors become ours, and its token nobody's.

axiom_py has no timeout, obeys any Retry-After up to six hours, follows ~/.netrc before its own token and puts a token
with a line break into its exceptions. All of that ends here. No query is written here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import axiom_py
import dacite
import requests
from axiom_py import client as sdk
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry
from urllib3.util.timeout import Timeout

from action.errors import InputError, ServiceError
from action.secret import Secret

SECONDS = 30.0
"""For one request, all tries together."""
_LARGEST = 20_000_000
"""Bytes of an answer: a table of 10,000 groups is a tenth of that."""
_CONNECT, _READ = 5.0, 20.0
_RETRY_STATUS = (429, 500, 502, 503, 504)
_LONGEST_WAIT = 5
"""Seconds of a Retry-After that are obeyed."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where Axiom is, and what opens it."""

    token: Secret
    url: str | None = None
    """None: Axiom's own."""
    org: str | None = None
    dataset: str


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The first table of an answer: Axiom gives the totals of a grouped one in a second, which nobody may add to it."""

    rows: tuple[Mapping[str, object], ...]
    warnings: tuple[str, ...]
    """What Axiom says of the answer, as that it left something out."""
    partial: bool


class AxiomClient:
    """One connection. Not to be shared between threads."""

    def __init__(self, access: Access, seconds: float = SECONDS) -> None:
        token = access.token.reveal().strip()
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            raise InputError(
                "AXIOM_TOKEN: expected a token of printable characters, got an empty one or other characters; copy "
                "it again"
            )
        self._token = token
        self._client = axiom_py.Client(token=token, url=access.url, org_id=access.org)
        # It only closes the session, and would keep the client, and so the token, until the process ends.
        sdk.atexit.unregister(self._client.shutdown_hook)
        retry = Retry(
            total=2,
            connect=1,
            read=0,
            status=2,
            other=0,
            redirect=0,
            backoff_factor=0.25,
            backoff_max=1,
            retry_after_max=_LONGEST_WAIT,
            status_forcelist=_RETRY_STATUS,
            allowed_methods={"GET", "POST"},
            raise_on_status=False,
        )
        session = self._client.session
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Bounded(seconds, max_retries=retry))
        session.max_redirects = 0  # a redirect would carry the token elsewhere
        session.auth = _keep  # else ~/.netrc replaces the token

    def query(self, apl: str, since: datetime, until: datetime) -> Answered:
        """Ask one query.

        Raises:
            InputError: Axiom does not accept the query.
            ServiceError: Axiom could not be reached, refused, or answered something else.
        """
        options = sdk.AplOptions(start_time=since, end_time=until)
        result = self._call(lambda: self._client.query(apl, options), "an answer")
        if result.tables is None or not result.tables:
            raise _odd("an answer with a table", "one without")
        try:
            rows = tuple(result.tables[0].events())
        except (IndexError, TypeError) as error:
            raise _odd("a table with columns of one length", "another") from error
        told = tuple(str(message.msg) for message in result.status.messages or ())
        return Answered(rows=rows, warnings=told, partial=bool(result.status.isPartial))

    def columns(self, dataset: str) -> tuple[str, ...]:
        """Give the names of a dataset's fields.

        Raises:
            ServiceError: Axiom could not be reached, or refused; the token needs to read datasets.
        """
        answer = self._call(lambda: self._client.session.get(f"/v2/datasets/{dataset}/fields").json(), "fields")
        if not isinstance(answer, list):
            raise _odd("a list of fields", type(answer).__name__)
        return tuple(str(one["name"]) for one in answer if isinstance(one, dict) and isinstance(one.get("name"), str))

    def _call(self, call: Any, wanted: str) -> Any:
        try:
            return call()
        except axiom_py.client.AxiomError as error:
            raise self._refused(error) from None
        except requests.exceptions.JSONDecodeError:
            raise _odd(f"{wanted} in JSON", "something else (a login page of a proxy?)") from None
        except requests.RequestException as error:
            raise ServiceError(
                f"Axiom: expected {wanted}, {_failure(error)}; check AXIOM_URL and the network, then run again"
            ) from None
        except (dacite.DaciteError, ValueError, TypeError, KeyError) as error:
            raise _odd(f"{wanted} as its documentation says", f"another ({type(error).__name__})") from None

    def _refused(self, error: Any) -> ServiceError | InputError:
        said = str(getattr(error, "message", "") or "").replace(self._token, "…")[:300]
        status = int(getattr(error, "status", 0) or 0)
        if status in (401, 403):
            return ServiceError(
                f"Axiom: expected access, got {status} ({said}); check AXIOM_TOKEN: it must be valid and allowed to "
                "query the dataset"
            )
        if status == 404:
            return ServiceError(f"Axiom: expected the dataset, got 404 ({said}); check AXIOM_DATASET and AXIOM_URL")
        if status == 400:
            return InputError(f"Axiom: expected a query that it accepts, got 400 ({said}); change the query or fields")
        if status == 429:
            return ServiceError(f"Axiom: expected an answer, got 429, too many requests ({said}); run again later")
        return ServiceError(f"Axiom: expected an answer, got {status} ({said}) after three tries; run again later")


def _keep(request: Any) -> Any:
    return request


def _odd(wanted: str, got: str) -> ServiceError:
    return ServiceError(f"Axiom: expected {wanted}, got {got}; check AXIOM_URL, then run again")


def _failure(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return "got a redirect"
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in str(error).lower():
        return "got none in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "got a certificate that is not trusted"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "could not connect"
    return f"got a broken one ({type(error).__name__})"


class _Bounded(HTTPAdapter):
    """Reads an answer whole, within its time and size: a server that drips would otherwise hold us for ever."""

    def __init__(self, seconds: float, **options: Any) -> None:
        self._seconds = seconds
        super().__init__(**options)

    def send(self, request: Any, *_: Any, **options: Any) -> Any:
        end = time.monotonic() + self._seconds
        options["timeout"] = Timeout(connect=min(_CONNECT, self._seconds), read=min(_READ, self._seconds))
        options["stream"] = True
        response = super().send(request, **options)
        parts, size = [], 0
        try:
            while True:
                left = end - time.monotonic()
                if left <= 0:
                    raise requests.exceptions.ReadTimeout("timed out", request=request)
                socket = getattr(getattr(response.raw, "connection", None), "sock", None)
                if socket is not None:
                    socket.settimeout(min(left, _READ))
                part = response.raw.read1(65_536, decode_content=True)
                if not part:
                    break
                size += len(part)
                if size > _LARGEST:
                    raise requests.exceptions.ContentDecodingError("too large", request=request)
                parts.append(part)
        except HTTPError as error:  # cut off, timed out, not what its header says
            kind = requests.exceptions.ReadTimeout if "Timeout" in type(error).__name__ else _BrokenError
            raise kind("timed out" if kind is not _BrokenError else "broken off", request=request) from None
        finally:
            response.raw.close()
        response._content, response._content_consumed = b"".join(parts), True
        return response


class _BrokenError(requests.RequestException):
    """An answer that ended before its end."""
