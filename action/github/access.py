"""Which repository is meant, and what opens it. No request is made here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from action.errors import InputError
from action.files import show_name
from action.secret import Secret

API = "https://api.github.com"
_REPOSITORY = re.compile(r"(?!\.+/)[A-Za-z0-9_.-]+/(?!\.+$)[A-Za-z0-9_.-]+")


@dataclass(frozen=True, kw_only=True)
class Access:
    """One repository, and what opens it."""

    repository: str
    """`owner/name`."""
    token: Secret
    url: str = API

    def check(self) -> None:
        """Check what would else break inside a client; neither address nor token is shown, which may be mixed up.

        Raises:
            InputError: it cannot be meant.
        """
        token = self.token.reveal()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise InputError(
                "token: expected printable characters, got an empty text or other characters; copy it again"
            )
        if not _REPOSITORY.fullmatch(self.repository):
            raise InputError(f"repository: expected owner/name, got {show_name(self.repository)}; correct it")
        try:
            parts = urlsplit(self.url)
            fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fine = False
        if not fine or "@" in self.url or self.url != self.url.strip():
            raise InputError(f"GITHUB_API_URL: expected an address like {API}, got another; correct it")
