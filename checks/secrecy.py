"""Whether a value of a configuration may be a secret, so that no report shows it. Better one too many than one too few.

What is shown, and where, may not enter.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from checks.run import Scalar

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_SURELY = frozenset(
    (
        *("password", "passwords", "passwd", "passwort", "pwd", "pswd", "pw", "passphrase", "passcode", "otp", "totp"),
        *("secret", "secrets", "credential", "credentials", "cred", "creds", "apikey", "apikeys", "pin", "mnemonic"),
    )
)
"""Words of a key that name a secret, even where the value is a number."""
_MAYBE = frozenset(
    (
        *(
            "pass",
            "token",
            "tokens",
            "key",
            "keys",
            "auth",
            "oauth",
            "authorization",
            "authentication",
            "bearer",
            "jwt",
        ),
        *("cookie", "cookies", "private", "login", "dsn", "signing", "conn", "webhook", "psk", "netrc"),
    )
)
"""Those that name one where the value is a text."""
_PAIRS = frozenset((("api", "key"), ("api", "keys"), ("connection", "string"), ("connection", "str"), ("pass", "word")))
"""Two words that name one together."""
_ENDS = ("password", "passwords", "passwd", "passphrase", "pwd", "apikey", "secret", "credentials")
_MAYBE_ENDS = ("key", "keys", "token", "pass")
_WORDS = frozenset(
    (
        *("monkey", "turkey", "whiskey", "hockey", "jockey", "donkey", "hotkey", "lackey"),
        *("compass", "bypass", "lowpass", "highpass", "bandpass", "multipass", "trespass", "encompass"),
    )
)
"""Words that only end like one that names a secret."""
_MEASURES = frozenset(
    (
        *("dim", "dims", "head", "heads", "rate", "rates", "ratio", "size", "sizes", "len", "length", "lengths"),
        *("count", "counts", "proj", "bias", "norm"),
    )
)
"""What a key or token of a model has: behind it these make a hyper-parameter of it."""
_AMOUNTS = frozenset(("max", "min", "num", "n", "total", "per"))
"""With several keys or tokens these make a hyper-parameter of them."""
_MARKS = frozenset(
    ("pad", "padding", "eos", "bos", "unk", "sep", "cls", "mask", "stop", "image", "special", "additional")
)
"""Tokens of a text."""
_COLUMNS = frozenset(("prompt", "input", "output", "label", "reward", "answer", "response", "target", "fn", "image"))
"""What the keys of a data set's columns are of, as trainers call them."""
_PLAIN = re.compile(r"[a-z_]{1,24}")
"""What names a column: no digits."""

# Names are taken whole and never tried again from their middle (`++`), and of what is given only the beginning is
# looked at: a long text is gone through once.
_GIVEN = re.compile(r"(?<![\w.-])([\w.-]++)[\"']?\s*+[=:](?=\s*+[\"']?([^\s\"',;&]{1,25}))", re.ASCII)
"""A setting inside a value: `Password=x`, `"api_key": "x"`."""
_SPACED = re.compile(r"(?<![\w.-])--?([A-Za-z][\w.-]*+)(?=\s++[\"']?([^\s\"'-][^\s\"']{0,24}))", re.ASCII)
"""An option with its value behind a blank, `--hf-token x`."""
_VALUE = re.compile(
    # Every part begins where its run of characters does, for the same reason.
    # A long run of letters and digits together, as names of models and data have none.
    r"(?<![A-Za-z\d+=])(?=[A-Za-z+=]*\d)(?=[\d+=]*[A-Za-z])[A-Za-z\d+=]{20,}"
    # The same with slashes, as Base64 has them: letters of both cases and digits, and none of `-._` that names have.
    r"|(?<![\w/+.-])(?=[a-z\d/+]*[A-Z])(?=[A-Z\d/+]*[a-z])(?=[A-Za-z/+]*\d)[A-Za-z\d/+]{32,}={0,2}(?![\w.-])"
    # Hexadecimal that is no number, with its mark and in groups too.
    r"|(?<![A-Za-z\d])(?:0x)?(?!\d+(?![A-Za-z\d]))(?:[\da-f]{12,}|[\dA-F]{12,})(?![A-Za-z\d])"
    r"|(?<![A-Za-z\d])[\dA-Fa-f]{8}(?:-[\dA-Fa-f]{4}){3}-[\dA-Fa-f]{12}(?![A-Za-z\d])"
    # Known beginnings of keys.
    r"|(?<![A-Za-z\d])(?:(?:xaat|xapt|xox[abeprs]|glpat|ntn|pypi|dop_v1)[-_]|(?:sk|pk|rk)[-_](?=[\w-]{6})[\w-]*"
    r"|(?:hf|gh[oprsu]|github_pat|npm)_[A-Za-z\d]|AKIA|ASIA|AIza|ya29\.|SG\.|eyJ)"
    # user:word@host, in an address or alone.
    r"|(?<![A-Za-z\d+.-])[A-Za-z][A-Za-z\d+.-]*://(?:[^/\s@]{0,250}|[^/\s:@]{0,250}:[^\s@]{0,250})@"
    r"|(?<![^\s:/@,;\"'=(])[^\s:/@,;\"'=(]+:[^\s:/@]{1,250}@[\w.-]"
    # Addresses that open a door by themselves.
    r"|hooks\.slack\.com/services/\w"
    # Headers and files of keys; curl's user and word.
    r"|\b(?i:bearer)\s+\S|\b(?i:basic)\s+(?=\S{0,250}?[a-z][A-Z])\S{8}|-----BEGIN|(?<!\S)(?:-u|--user)\s+[^\s:]{1,250}:\S",
    re.ASCII,
)


HIDDEN = "***"
"""What stands for a secret."""


def may_be_secret(key: str, value: Scalar) -> bool:
    """Tell whether a value may be a secret, by its key and by itself.

    Numbers are hyper-parameters unless their key surely names a secret; truth values and nothing never are one.

    >>> may_be_secret("openaiApiKey", "abc"), may_be_secret("max_tokens", 512), may_be_secret("cmd", "x --api-key=1")
    (True, False, True)
    """
    if value is None or isinstance(value, bool):
        return False
    surely, maybe = _named(key, value)
    if surely or not isinstance(value, str):
        return surely
    return maybe or holds_secret(value)


def names_secret(key: str, value: str) -> bool:
    """Tell whether a key names a secret, whatever the value looks like; what names a column of data does not."""
    return any(_named(key, value))


def holds_secret(text: str) -> bool:
    """Tell whether a text may hold a secret: by how it looks, or since it gives it its name. A masked one counts not.

    >>> holds_secret("curl -H 'Authorization: Bearer x'"), holds_secret("--api-key ***"), holds_secret("--lr 1e-5")
    (True, False, False)
    """
    return _VALUE.search(text) is not None or any(
        names_secret(key, value)
        for form in (_GIVEN, _SPACED)
        for key, value in form.findall(text)
        if not value.startswith(HIDDEN)
    )


def _named(key: str, value: Scalar) -> tuple[bool, bool]:
    """Tell whether a key surely names a secret, and whether it names one if its value is a text."""
    words = [word.lower() for word in _WORD.findall(key)]
    surely = any(_is_sure(word, words) for word in words) or not _PAIRS.isdisjoint(itertools.pairwise(words))
    maybe = any(_is_likely(at, words, value) for at in range(len(words)))
    return surely, maybe


def _is_sure(word: str, words: Sequence[str]) -> bool:
    if word == "pin":
        return "memory" not in words  # of a data loader
    return word in _SURELY or word.endswith(_ENDS)


def _is_likely(at: int, words: Sequence[str], value: Scalar) -> bool:
    word = words[at]
    if word not in _MAYBE and (word in _WORDS or not word.endswith(_MAYBE_ENDS)):
        return False
    if not _MEASURES.isdisjoint(words[at + 1 : at + 3]):
        return False
    before = words[at - 1] if at else ""
    if word in ("token", "tokens") and before in _MARKS:
        return False
    if word in ("tokens", "keys") and not _AMOUNTS.isdisjoint(words):
        return False
    column = word == "key" and before in _COLUMNS and at == len(words) - 1
    return not (column and isinstance(value, str) and _PLAIN.fullmatch(value))
