"""Whether a value of a configuration may be a secret, so that no report shows it. Better one too many than one too few.

What is shown, and where, may not enter.
"""

from __future__ import annotations

import re

from checks.run import Scalar

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_SECRET = frozenset(
    (
        *("password", "passwords", "passwd", "pwd", "pw", "pass", "passphrase", "secret", "secrets", "token", "tokens"),
        *("key", "keys", "apikey", "apikeys", "credential", "credentials", "auth", "authorization", "authentication"),
        *("bearer", "cookie", "cookies", "private", "jwt", "login", "dsn", "signing", "otp", "pin", "connection"),
        *("conn", "webhook"),
    )
)
"""Words of a key that name a secret, where the value is a text."""
_SURELY = frozenset(["password", "passwd", "pwd", "passphrase", "secret", "otp", "pin"])
"""Those that name one even where the value is a number."""
_ENDS = ("apikey", "key", "token", "secret", "password", "passwd", "pwd")
_HARMLESS = frozenset(["monkey", "turkey", "whiskey", "hockey", "jockey", "donkey", "tokenkey"])
_VALUE = re.compile(
    # A long run of letters and digits together, as names of models and data have none; known beginnings of keys.
    r"(?=[A-Za-z+=]*\d)(?=[\d+=]*[A-Za-z])[A-Za-z\d+=]{20,}|[a-z+]+://[^/\s]*@"
    r"|\b(?:xaat|xapt|sk|xox[abp])[-_]|\b(?:hf|gh[pousr]|github_pat|glpat)[_-]|\bAKIA|\beyJ"
    # Hexadecimal, which words are not; user:password@host; what follows the name of a secret; headers and key files.
    r"|\b(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,}\b|[^\s:/@]+:[^\s:/@]+@[\w.-]+"
    r"|(?i:\b(?:api[-_ ]?key|password|passwd|pwd|secret|token|auth)\s*[=:]\s*\S)"
    r"|(?i:--?(?:api[-_]?key|password|token|secret)\b)"
    r"|(?i:\bbearer\s+\S|\bauthorization\s*:)|-----BEGIN",
    re.ASCII,
)


HIDDEN = "***"
"""What stands for a secret."""


def masked_command(command: str) -> str:
    """Mask what may be a secret in a command line: the value after `--key`, `KEY=value`, or a word by itself.

    >>> masked_command("WANDB_API_KEY=abc python train.py --hub-token hf_x --lr 1e-5 --user=bob")
    'WANDB_API_KEY=*** python train.py --hub-token *** --lr 1e-5 --user=bob'
    """
    told, key = [], ""
    for word in command.split(" "):
        name, equals, value = word.partition("=")
        option = name.lstrip("-")
        if equals and option:
            told.append(f"{name}={HIDDEN}" if may_be_secret(option, value) else word)
            key = ""
        elif word.startswith("-"):
            told.append(word)
            key = option
        else:
            told.append(HIDDEN if may_be_secret(key, word) else word)
            key = ""
    return " ".join(told)


def may_be_secret(key: str, value: Scalar) -> bool:
    """Tell whether a value may be a secret, by its key and by itself.

    Numbers are hyper-parameters unless their key surely names a secret; truth values and nothing never are one.

    >>> may_be_secret("openaiApiKey", "abc"), may_be_secret("max_tokens", 512), may_be_secret("cmd", "x --api-key=1")
    (True, False, True)
    """
    if value is None or isinstance(value, bool):
        return False
    words = {word.lower() for word in _WORD.findall(key)}
    if not isinstance(value, str):
        return bool(words & _SURELY)
    joined = any(word.endswith(_ENDS) and word not in _HARMLESS for word in words)
    return joined or bool(words & _SECRET) or _VALUE.search(value) is not None
