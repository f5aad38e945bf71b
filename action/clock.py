"""The time that a server says it is. Nothing else of its answer is looked at."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_PATIENCE = 5.0


def server_time(address: str) -> datetime | None:
    """Ask a server for the time; None where it does not answer or does not say.

    The address has to begin with http:// or https://. Nothing secret is sent.
    """
    request = urllib.request.Request(address, method="HEAD")  # noqa: S310 - an address that was checked to be of the web
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310 - as above
            told = answer.headers.get("Date")
    except urllib.error.HTTPError as error:
        told = error.headers.get("Date")
        error.close()
    except (OSError, ValueError):
        return None
    try:
        return None if told is None else parsedate_to_datetime(told).astimezone(UTC)
    except ValueError:
        return None
