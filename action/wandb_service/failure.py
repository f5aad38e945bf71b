"""What went wrong between W&B's client and W&B, in one sentence of our own words.

Nothing of what the client or a service says is quoted: it holds signed addresses, and whatever a service wants to be
seen, the key among it. No connection may enter.
"""

from __future__ import annotations

import re

from action.errors import GatekeeperError, ServiceError

MISREAD = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError)
"""What is raised where an answer is not what it should be."""
_STATUS = re.compile(r"(?:HTTP|HTTP status|returned error|status(?: code)?:?) ([1-5]\d\d)\b")
_REASONS = (
    ("connection refused", "no connection: nothing listens there", "check WANDB_BASE_URL"),
    ("no such host", "no connection: there is no such host", "check WANDB_BASE_URL"),
    ("certificate", "no connection: its certificate cannot be trusted", "set SSL_CERT_FILE to your proxy's authority"),
    ("invalid character", "something else than JSON", "check WANDB_BASE_URL, and whether a proxy wants a login"),
    ("cannot unmarshal", "something else than its JSON", "check WANDB_BASE_URL"),
    ("reset by peer", "a connection that was cut off", "run again later"),
    ("protocol scheme", "an address that is none", "run again later"),
    ("invalid URL", "an address that is none", "run again later"),
    ("Cannot query field", "a refusal: it does not know a field of the query", "update the W&B server"),
    ("permission", "a refusal: it permits that to nobody with this key", "ask who owns the project"),
    ("handshake", "no connection: no secure one could be made", "check WANDB_BASE_URL"),
    ("file too large", "a file of more than 2 GB", "judge a shorter run"),
    ("no space left", "no space to write it here", "free some"),
    ("EOF", "nothing, or only a part", "run again later"),
)
"""What the client's error holds → what was got; what to do."""


def find_status(text: str) -> int:
    """Find the status of HTTP that only the text of an error tells; 0 without one.

    >>> find_status("POST http://h/graphql giving up after 3 attempt(s) while retrying: HTTP 429: slow down")
    429
    """
    found = _STATUS.search(text)
    return int(found[1]) if found else 0


def explain_status(status: int, what: str | None, url: str) -> str | None:
    """Say what an answer of HTTP means; `what`: a file that was wanted. None: nothing in particular."""
    wanted = what or "an answer"
    if status in (401, 403) and what is None:
        return (
            f"W&B: expected access, got {status}; check WANDB_API_KEY: it must be valid for {url} and may read the "
            "project"
        )
    if status == 404 and what is None:
        return "W&B: expected an answer, got 404; check WANDB_BASE_URL"
    if status in (400, 401, 403, 404, 410) and what is not None:
        return f"W&B: expected {wanted}, got {status}; run again: its address may have expired, or it was deleted"
    if status == 409:
        return f"W&B: expected {wanted}, got 409, something else that was done at the same time; run again"
    if status == 429:
        return f"W&B: expected {wanted}, got 429, too many requests; run again later"
    if status >= 500:
        return f"W&B: expected {wanted}, got {status} each time; run again later"
    return None


def explain_error(text: str, what: str) -> str:
    """Say what an error means of which nothing else is known, without quoting it.

    >>> explain_error("GET https://h/x?sig=1 giving up: read: connection reset by peer", "the table")
    'W&B: expected the table, got a connection that was cut off; run again later'
    >>> explain_error("your key k is a teapot: HTTP 418", "an answer")
    'W&B: expected an answer, got a failure (HTTP 418); run again later'
    """
    for part, got, advice in _REASONS:
        if part in text:
            return f"W&B: expected {what}, got {got}; {advice}"
    status = find_status(text)
    return f"W&B: expected {what}, got a failure{f' (HTTP {status})' if status else ''}; run again later"


def failure_of(error: Exception) -> GatekeeperError:
    """Give an error as the one that is told: an answer that cannot be taken apart is none that the client knows."""
    if isinstance(error, GatekeeperError):
        return error
    return ServiceError(
        f"W&B: expected the answers that its client knows, got others ({type(error).__name__}); check WANDB_BASE_URL, "
        "or judge the run's local files"
    )
