"""GitHub's own description of its REST API (npm `@octokit/openapi`), held against what was asked and answered.

It is stricter than it needs to be: what the description does not name is a fault too. No service may enter.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from jsonschema import Draft202012Validator, FormatChecker

from tests.services.loopback import Exchange

Schema: TypeAlias = dict[str, Any]

_FILE = Path(sys.prefix) / "node/node_modules/@octokit/openapi/generated/api.github.com.json"
_PATHS = (
    "/repos/{owner}/{repo}",
    "/repos/{owner}/{repo}/contents/{path}",
    "/repos/{owner}/{repo}/commits/{ref}/statuses",
    "/repos/{owner}/{repo}/statuses/{sha}",
    "/repos/{owner}/{repo}/commits/{ref}/check-runs",
    "/repos/{owner}/{repo}/check-runs",
    "/repos/{owner}/{repo}/check-runs/{check_run_id}",
    "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations",
    "/repos/{owner}/{repo}/pulls",
    "/repos/{owner}/{repo}/pulls/{pull_number}",
    "/repos/{owner}/{repo}/pulls/{pull_number}/merge",
    "/repos/{owner}/{repo}/commits/{commit_sha}/pulls",
    "/repos/{owner}/{repo}/commits",
    "/repos/{owner}/{repo}/pulls/{pull_number}/reviews",
    "/repos/{owner}/{repo}/compare/{basehead}",
    "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
    "/repos/{owner}/{repo}/git/matching-refs/{ref}",
    "/repos/{owner}/{repo}/git/refs",
    "/repos/{owner}/{repo}/git/refs/{ref}",
    "/repos/{owner}/{repo}/git/commits",
    "/repos/{owner}/{repo}/git/commits/{commit_sha}",
    "/repos/{owner}/{repo}/git/trees",
    "/repos/{owner}/{repo}/git/trees/{tree_sha}",
    "/repos/{owner}/{repo}/git/blobs",
    "/repos/{owner}/{repo}/git/blobs/{file_sha}",
    "/repos/{owner}/{repo}/issues/{issue_number}/labels",
    "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}",
    "/repos/{owner}/{repo}/actions/runs/{run_id}",
    "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts",
    "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}",
    "/repos/{owner}/{repo}/attestations/{subject_digest}",
    "/repos/{owner}/{repo}/branches/{branch}",
    "/user",
)
"""What the gatekeeper uses, and how people merge, in the description's words."""
_FORMATS = FormatChecker(())


@_FORMATS.checks("date-time")
def _is_moment(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        return "T" in value and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


@_FORMATS.checks("uri")
def _is_address(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme)


def faults(exchange: Exchange, prefix: str = "", *, answered: bool = True) -> list[str]:
    """Say what of a request, and of its answer if there is one, is not as GitHub describes them."""
    request = exchange.request
    found = _operation(request.method, request.path.removeprefix(prefix))
    if found is None:
        return [f"{request.method} {request.path}: GitHub has no such operation"]
    template, operation = found
    place = f"{request.method} {template}"
    faulty = [f"{place}: ?{name}" for name in request.query if name not in _parameters(operation)]
    sent = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if request.body or sent is not None:
        faulty += _against(sent, request.json if request.body else None, f"{place}: request")
    if not answered:
        return faulty
    status, answer = exchange.replied or (0, None)
    described = _content(operation["responses"], status)
    if described is None and status >= 400:
        described = {"$ref": "#/components/schemas/basic-error"}
    if described is None:
        return [*faulty, f"{place}: {status} is not described"]
    return faulty + _against(described, answer, f"{place}: {status}")


def _against(schema: Schema | None, value: object, place: str) -> list[str]:
    if not schema:
        return [] if value in (b"", None) else [f"{place}: a body"]
    validator = Draft202012Validator({**_plain(schema), "components": _components()}, format_checker=_FORMATS)
    return [f"{place}: {'/'.join(map(str, one.path))}: {one.message[:300]}" for one in validator.iter_errors(value)]


def _content(responses: Mapping[str, Any], status: int) -> Schema | None:
    """Give the schema of an answer: {} for one without a body; None: it is not described."""
    found = responses.get(str(status))
    if found is None:
        return None
    if "$ref" in found:
        found = _description()["components"]["responses"][found["$ref"].rsplit("/", 1)[-1]]
    schema: Schema = found.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _parameters(operation: Schema) -> set[str]:
    shared = _description()["components"]["parameters"]
    named = [shared[one["$ref"].rsplit("/", 1)[-1]] if "$ref" in one else one for one in operation["parameters"]]
    return {one["name"] for one in named if one["in"] == "query"}


def _operation(method: str, path: str) -> tuple[str, Schema] | None:
    """Find an operation; of several paths that fit, the one with the fewest places."""
    for template in sorted(_PATHS, key=lambda one: one.count("{")):
        pattern = re.sub(
            r"\\\{(\w+)\\\}", lambda one: ".+" if one[1] in ("path", "ref") else "[^/]+", re.escape(template)
        )
        if re.fullmatch(pattern, unquote(path)):
            operation = _description()["paths"][template].get(method.lower())
            if operation is not None:
                return template, operation
    return None


@cache
def _description() -> Schema:
    if not _FILE.is_file():
        raise RuntimeError(f"{_FILE}: expected GitHub's description, found nothing there; run: make .venv/.node")
    found: Schema = json.loads(_FILE.read_text("utf-8"))
    return found


@cache
def _components() -> Schema:
    """Give the schemas that the operations lead to, and no others."""
    known, needed, left = _description()["components"], {}, ["basic-error"]
    operations = [_description()["paths"][path] for path in _PATHS]
    left += [name for name in _names(operations) if name in known["schemas"]]
    left += [name for response in known["responses"].values() for name in _names(response)]
    while left:
        name = left.pop()
        if name not in needed:
            needed[name] = _plain(known["schemas"][name])
            left += _names(known["schemas"][name])
    return {"schemas": needed}


def _names(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        ref = value.get("$ref")
        if isinstance(ref, str) and ref.startswith("#/components/schemas/"):
            yield ref.rsplit("/", 1)[-1]
        for one in value.values():
            yield from _names(one)
    elif isinstance(value, list):
        for one in value:
            yield from _names(one)


def _plain(schema: Any, *, open_end: bool = False) -> Any:
    """Write a schema of OpenAPI 3.0 as one of JSON Schema, closed where it names fields; `null` is one more type."""
    if isinstance(schema, bool):
        return schema
    plain = {name: value for name, value in schema.items() if name not in ("nullable", "example", "discriminator")}
    for name in ("properties",):
        if name in plain:
            plain[name] = {field: _plain(one) for field, one in plain[name].items()}
    for name in ("items", "additionalProperties", "not"):
        if isinstance(plain.get(name), dict):
            plain[name] = _plain(plain[name])
    for name in ("allOf", "anyOf", "oneOf"):
        if name in plain:
            plain[name] = [_plain(one, open_end=name == "allOf" or "properties" in plain) for one in plain[name]]
    if "properties" in plain and "allOf" not in plain and not open_end:
        plain.setdefault("additionalProperties", False)
    return _nullable(plain) if schema.get("nullable") else plain


def _nullable(plain: Schema) -> Schema:
    if isinstance(plain.get("type"), str) and not {"allOf", "anyOf", "oneOf"} & set(plain):
        plain["type"] = [plain["type"], "null"]
        if "enum" in plain:
            plain["enum"] = [*plain["enum"], None]
        return plain
    return {"anyOf": [plain, {"type": "null"}]}
