"""Which services there are and what opens them, out of the environment. No service may enter."""

from __future__ import annotations

import netrc
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from action.errors import UsageError
from action.secret import Secret

WANDB_URL = "https://api.wandb.ai"


@dataclass(frozen=True, kw_only=True)
class AxiomService:
    """Axiom, where it is set up."""

    token: Secret
    dataset: str | None
    url: str | None
    org: str | None


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the environment opens."""

    wandb_key: Secret
    """Empty: there is none."""
    wandb_url: str
    axiom: AxiomService | None


def read_services(environ: Mapping[str, str]) -> Services:
    """Read what opens the services.

    `WANDB_API_KEY` (else what `wandb login` wrote into ~/.netrc), `WANDB_BASE_URL`, `AXIOM_TOKEN`, `AXIOM_DATASET`,
    `AXIOM_URL`, `AXIOM_ORG_ID`.

    Raises:
        UsageError: an address is none.
    """
    url = _address(environ, "WANDB_BASE_URL") or WANDB_URL
    token = environ.get("AXIOM_TOKEN", "").strip()
    return Services(
        wandb_key=Secret(environ.get("WANDB_API_KEY", "").strip() or _login(url)),
        wandb_url=url.rstrip("/"),
        axiom=None
        if not token
        else AxiomService(
            token=Secret(token),
            dataset=environ.get("AXIOM_DATASET", "").strip() or None,
            url=_address(environ, "AXIOM_URL"),
            org=environ.get("AXIOM_ORG_ID", "").strip() or None,
        ),
    )


def _address(environ: Mapping[str, str], name: str) -> str | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    if not _is_address(text):
        raise UsageError(f"{name}: expected an address such as https://api.example.com, got another; correct it")
    return text


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:  # brackets that are not closed, a port that is no number
        return False


def _login(url: str) -> str:
    """Give the key that `wandb login` left; empty without one."""
    try:
        found = netrc.netrc().authenticators(urlsplit(url).hostname or "")
    except (OSError, ValueError, netrc.NetrcParseError):  # also bytes that are no text
        return ""
    return (found[2] or "") if found else ""
