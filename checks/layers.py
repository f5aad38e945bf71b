"""A policy laid over the profiles it extends: one document, in which every key still knows its file and line.

What keys mean may not enter, beyond which of them belong together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checks.document import Document, Fault, Path, Value, did_you_mean, parse_document, quote
from checks.place import Where

KINDS = ("metric", "logs", "axiom", "elo")
RULE = ("pass", "fail")
OFF = "off"
BASE = "base"
"""The profile below every policy: the roles. Not one to be extended, since it always is."""


@dataclass(frozen=True, kw_only=True)
class PolicyLayers:
    """The one document, and which profiles are in it."""

    document: Document
    profiles: tuple[str, ...]
    faults: tuple[Fault, ...]


def lay_over(own: Document, profiles: Mapping[str, str]) -> PolicyLayers:
    """Lay a policy over its profiles, in the order of `extends`; the later one wins.

    Checks are laid over key by key, so that a policy can change one bound; `pass` and `fail` are one rule and replaced
    together; another `metric`, `logs` or `axiom` makes it another check. Roles and fields are replaced by name. `off`
    takes a check of a profile out.
    """
    names, faults = _extended(own, {name: text for name, text in profiles.items() if name != BASE})
    values: dict[str, Value] = {}
    places: dict[Path, Where] = {}
    for name in (BASE, *names) if BASE in profiles else names:
        below, found = parse_document(profiles[name], f"profile {name}")
        faults += found
        _lay(values, places, below)
    # A profile's version does not answer for the policy's.
    values.pop("version", None)
    places.pop(("version",), None)
    known = frozenset(_mapping(values.get("checks")))
    _lay(values, places, own)
    merged = Document(file=own.file, values=values, places=places)
    checks = _mapping(values.get("checks"))
    for check, ask in list(checks.items()):
        if ask == OFF:
            del checks[check]
            if check not in known:
                advice = did_you_mean(check, known) if known else "this policy extends no profile"
                faults.append(own.fault(("checks", check), f"expected a check of a profile to switch off; {advice}"))
    if "checks" in values and isinstance(values["checks"], dict):
        values["checks"] = checks
    return PolicyLayers(document=merged, profiles=names, faults=tuple(faults))


def _extended(own: Document, profiles: Mapping[str, str]) -> tuple[tuple[str, ...], list[Fault]]:
    asked = own.values.get("extends")
    listed = [asked] if isinstance(asked, str) else asked
    names: list[str] = []
    faults: list[Fault] = []
    for i, name in enumerate(listed if isinstance(listed, list) else []):
        path: Path = ("extends",) if isinstance(asked, str) else ("extends", i)
        if not isinstance(name, str):
            continue  # its type is told when the document is validated
        if name not in profiles:
            faults.append(own.fault(path, f"expected a profile, got `{quote(name)}`; {did_you_mean(name, profiles)}"))
        elif name in names:
            faults.append(own.fault(path, f"expected each profile once, got `{name}` again; remove one"))
        else:
            names.append(name)
    return tuple(names), faults


def _mapping(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def _lay(values: dict[str, Value], places: dict[Path, Where], top: Document) -> None:
    """Lay one document over what is there, in place."""
    for key, value in top.values.items():
        if key == "extends" and isinstance(value, str):
            values[key] = [value]
        elif key == "checks" and isinstance(value, dict):
            below = _mapping(values.get(key))
            values[key] = below | {name: _check(below.get(name), ask) for name, ask in value.items()}
        elif key in ("roles", "fields") and isinstance(value, dict):
            one_or_more: dict[str, Value] = {name: [v] if isinstance(v, str) else v for name, v in value.items()}
            values[key] = _mapping(values.get(key)) | one_or_more
        else:
            values[key] = value
    places.update(top.places)


def _check(below: Value, ask: Value) -> Value:
    if not isinstance(below, dict) or not isinstance(ask, dict):
        return ask
    if any(kind in ask and ask[kind] != below.get(kind) for kind in KINDS):
        return ask
    dropped = RULE if any(key in ask for key in RULE) else ()
    return {key: value for key, value in below.items() if key not in dropped} | ask
