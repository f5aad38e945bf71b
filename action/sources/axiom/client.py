"""The real Axiom client, bounded in time, tries and size; its errors become ours, and its token nobody's.

axiom_py has no timeout, obeys any Retry-After up to six hours, follows ~/.netrc before its own token and puts a token
with a line break into its exceptions. All of that ends here. No query is written here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import axiom_py
import dacite
import requests
from axiom_py import client as sdk
from urllib3.exceptions import NewConnectionError

from action.errors import GatekeeperError, InputError, ServiceError
from action.files import show_name
from action.secret import Secret
from action.sources.axiom.wire import RETRY_STATUS, Bounded, BrokenError

SECONDS = 30.0
"""For one try to get an answer; what all take together is bounded by the deadline of the one who asks."""
_TOTALS = "_totals"
"""The table of a grouped answer's totals, a name that Axiom reserves."""
_HOST = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}|[0-9a-f:.]+")


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where Axiom is, and what opens it."""

    token: Secret
    url: str | None = None
    """None: Axiom's own."""
    org: str | None = None
    dataset: str


_CALM, _BROKEN = frozenset({"trace", "debug", "info"}), frozenset({"error", "fatal"})
"""Priorities of messages that say nothing of the answer, and of those that say it is not whole."""
_HOW_READ = "apl_implicit"
"""How codes begin of warnings that tell how a query was read, not what was left out (an operand that was converted)."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The table of an answer: Axiom gives the totals of a grouped one in another, which nobody may add to it."""

    rows: tuple[Mapping[str, object], ...]
    warnings: tuple[str, ...]
    """What Axiom says of the answer."""
    errors: tuple[str, ...]
    """What of that it calls an error: it left something out."""
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
        self._client = axiom_py.Client(token=token, url=_address(access.url), org_id=access.org)
        # It only closes the session, and would keep the client, and so the token, until the process ends.
        sdk.atexit.unregister(self._client.shutdown_hook)
        session = self._client.session
        for scheme in ("https://", "http://"):
            session.mount(scheme, Bounded(seconds))
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
        table = next((one for one in result.tables or () if one.name != _TOTALS), None)
        if table is None:
            raise _odd("an answer with a table", "one without")
        names, columns = [field.name for field in table.fields], table.columns or [[] for _ in table.fields]
        if not len(columns) == len(names) == len(set(names)) or len({len(column) for column in columns}) > 1:
            raise _odd("a table with a column of one length for each field", "another")
        rows = tuple(dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
        messages = [
            (str(message.priority.value), str(message.msg).replace(self._token, "…"))
            for message in result.status.messages or ()
            if not str(message.code).startswith(_HOW_READ)
        ]
        return Answered(
            rows=rows,
            warnings=tuple(text for priority, text in messages if priority not in _CALM),
            errors=tuple(text for priority, text in messages if priority in _BROKEN),
            partial=bool(result.status.isPartial),
        )

    def columns(self, dataset: str) -> tuple[str, ...]:
        """Give the names of a dataset's fields.

        Raises:
            ServiceError: Axiom could not be reached, or refused; the token needs to read datasets.
        """
        path = f"/v2/datasets/{quote(dataset, safe='')}/fields"
        answer = self._call(lambda: self._client.session.get(path).json(), "fields")
        if not isinstance(answer, list):
            raise _odd("a list of fields", type(answer).__name__)
        return tuple(str(one["name"]) for one in answer if isinstance(one, dict) and isinstance(one.get("name"), str))

    def _call(self, call: Any, wanted: str) -> Any:
        try:
            return call()
        except axiom_py.client.AxiomError as error:
            failed: GatekeeperError = self._refused(error)
        except requests.exceptions.JSONDecodeError:
            failed = _odd(f"{wanted} in JSON", "something else (a login page of a proxy?)")
        except requests.RequestException as error:
            failed = ServiceError(
                f"Axiom: expected {wanted}, {_failure(error)}; check AXIOM_URL and the network, then run again"
            )
        # An answer of another shape fails wherever the client first looks for what is not there.
        except (dacite.DaciteError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            failed = _odd(f"{wanted} as its documentation says", f"another ({type(error).__name__})")
        # Raised out here, it does not hold the client's error, in whose text the service may have repeated the token.
        raise failed

    def _refused(self, error: Any) -> ServiceError | InputError:
        said = show_name(str(getattr(error, "message", "") or "").replace(self._token, "…"))
        status = int(getattr(error, "status", 0) or 0)
        if status in (401, 403):
            return ServiceError(
                f"Axiom: expected access, got {status} ({said}); check AXIOM_TOKEN: it must be valid and allowed to "
                "query the dataset"
            )
        if status == 404:
            return ServiceError(f"Axiom: expected the dataset, got 404 ({said}); check AXIOM_DATASET and AXIOM_URL")
        if status == 400:
            return InputError(
                f"Axiom: expected a query that it accepts, got 400 ({said}); change the query or fields, or check "
                "AXIOM_DATASET"
            )
        if status == 429:
            return ServiceError(f"Axiom: expected an answer, got 429, too many requests ({said}); run again later")
        then = "run again later" if status in RETRY_STATUS else "check AXIOM_URL, then run again"
        return ServiceError(f"Axiom: expected an answer, got {status} ({said}); {then}")


def _address(url: str | None) -> str | None:
    """Check the address; it is not shown, since a token may stand in its place by mistake."""
    if not url:
        return None
    try:
        parts = urlsplit(url.strip())
        fine = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:
        fine = False
    if not fine:
        raise InputError("AXIOM_URL: expected an address like https://api.axiom.co, got another; correct it")
    return url.strip()


def _keep(request: Any) -> Any:
    return request


def _odd(wanted: str, got: str) -> ServiceError:
    return ServiceError(f"Axiom: expected {wanted}, got {got}; check AXIOM_URL, then run again")


def _failure(error: requests.RequestException) -> str:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, BrokenError):
        return f"got {error}"
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return "got a redirect"
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in str(error).lower():
        return "got none in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "got a certificate that is not trusted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "got none from the proxy"
    if isinstance(reason, NewConnectionError):
        return "got no connection"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "got a connection that broke off"
    return f"got a broken one ({type(error).__name__})"
