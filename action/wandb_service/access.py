"""Where W&B is, and what opens it. No request is made here."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from action.errors import InputError
from action.secret import Secret

_PAGES = {"api.wandb.ai": "https://wandb.ai"}
_ALSO = ("www.wandb.ai", "app.wandb.ai")


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where W&B is, and what opens it."""

    key: Secret
    url: str = "https://api.wandb.ai"

    @property
    def host(self) -> str:
        """The name of the server."""
        return urlsplit(self.url).hostname or self.url

    @property
    def page(self) -> str:
        """The address of W&B's pages, which is not that of its service."""
        return _PAGES.get(self.host, self.url.rstrip("/"))

    def shows(self, host: str | None) -> bool:
        """Tell whether a page of that host is one of this server; None is any.

        >>> access = Access(key=Secret("k"))
        >>> [access.shows(host) for host in (None, "wandb.ai", "app.wandb.ai", "wandb.example.com")]
        [True, True, True, False]
        """
        return host in (None, self.host, urlsplit(self.page).hostname, *(_ALSO if self.host in _PAGES else ()))

    def require_key(self, purpose: str, advice: str) -> None:
        """Refuse what cannot be a key.

        Raises:
            InputError: there is none, or one of other characters; it says what it is wanted for.
        """
        key = self.key.reveal()
        if not key:
            raise InputError(f"WANDB_API_KEY: expected a key to {purpose}, got none; {advice}")
        if not key.isascii() or not key.isprintable() or " " in key or len(key) < 40:
            raise InputError("WANDB_API_KEY: expected a key of at least 40 characters, got another; copy it again")
