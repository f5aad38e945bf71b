"""The JSON Schema of a policy file. What the nouns of a policy are, and whether a text is one, may not enter."""

from __future__ import annotations

from typing import Any

from checks.policy import PolicyDocument

_MEASURED = {
    "type": "object",
    "description": "A reference's rating that was measured elsewhere.",
    "properties": {
        "rating": {"type": "number", "description": "Elo."},
        "se": {"type": "number", "minimum": 0, "description": "Its standard error in Elo; default: none, it is exact."},
    },
    "required": ["rating"],
    "additionalProperties": False,
}


def policy_schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of a policy file, for editors and `policy schema`."""
    schema = PolicyDocument.model_json_schema(by_alias=True)
    properties = schema["properties"]
    for model in schema["$defs"].values():
        model["properties"] = {name: _not_null(asked) for name, asked in model["properties"].items()}
    properties["checks"]["additionalProperties"] = {"anyOf": [{"$ref": "#/$defs/CheckDocument"}, {"const": "off"}]}
    rating = {"anyOf": [{"type": "number"}, {"const": "free"}, {"$ref": "#/$defs/MeasuredDocument"}]}
    schema["$defs"]["MeasuredDocument"] = _MEASURED
    properties["references"] |= {
        "anyOf": [{"type": "object", "additionalProperties": rating}, {"type": "array", "items": {"type": "string"}}]
    }
    # A key that is absent is None, so that `required` alone cannot say it.
    schema["$defs"]["WaiverDocument"]["oneOf"] = [{"required": ["run"]}, {"required": ["commit"]}]
    properties["expected-progress"]["propertyNames"] = {"pattern": "^[1-9][0-9]*$"}
    one_or_more = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    properties["extends"] |= one_or_more
    del properties["extends"]["type"], properties["extends"]["items"]
    for name in ("roles", "fields"):
        properties[name]["additionalProperties"] = one_or_more
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:experiment-gatekeeper:policy:1",
    } | schema


def _not_null(asked: dict[str, Any]) -> dict[str, Any]:
    """Take null out of the schema of a key: a key that is absent is None, one that is written needs a value."""
    kept = {name: part for name, part in asked.items() if name != "anyOf" and not (name == "default" and part is None)}
    rest = [part for part in asked.get("anyOf", ()) if part != {"type": "null"}]
    return kept | (rest[0] if len(rest) == 1 else {"anyOf": rest} if rest else {})
