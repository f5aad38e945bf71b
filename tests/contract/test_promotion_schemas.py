"""What `verify` and `promote` print and write, against the schemas that ship: fields and their order are a promise."""

import importlib.resources
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from action.promotion import Promotion, record_of
from action.registries.local import LocalRegistry
from action.registry import Change, Happened, Moved, Order, Stored
from action.report.promotion_document import (
    REFUSED,
    WOULD_MOVE,
    events_document,
    promotion_document,
    refused_document,
    verification_document,
)
from action.verified import Trust, Verified
from checks.refusal import Reason, Refusal
from checks.run import Checkpoint, Origin
from tests.builders import asking, evidence
from tests.verdicts import policy, verdict, waiver

SHA = "0123456789abcdef" * 4
NAMES = ("promotion", "promotions", "registry", "verification")


def schema(name: str) -> dict[str, Any]:
    text = importlib.resources.files("action").joinpath("schemas", f"{name}.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def require(name: str, document: Any) -> None:
    whole = schema(name)
    assert [error.message for error in Draft202012Validator(whole).iter_errors(document)] == []
    assert (
        list(document) == list(whole["properties"]) == [*whole["required"], *whole.get("else", {}).get("required", [])]
    )


@pytest.fixture
def verified() -> Verified:
    judged = replace(
        verdict(),
        judged_at="2026-01-05T08:00:00Z",
        checkpoint=Checkpoint(name="adapter", digest=f"sha256:{SHA}"),
        origin=Origin(repository="team/league", sha="c" * 40, attempt=1),
        waivers=(waiver(used=True, approved_by=("bob",), pull_request=7), waiver(used=False)),
        policy=policy(sha256=SHA),
        evidence_sha256=SHA,
    )
    return Verified(
        verdict=judged,
        sha256=SHA,
        trust=Trust.WORKFLOW,
        policy=asking('metric: kl, stat: mean, pass: "< 1"'),
        evidence=evidence(),
        files={"verdict.json": b"{}"},
    )


def order(verified: Verified, registry: LocalRegistry | None = None, place: Path = Path()) -> Order:
    wanted = Promotion(artifact="a", alias="production", by="ada", why="", at="2026-01-05T09:00:00Z")
    to = Stored(name="a", digest=f"sha256:{SHA}", key="k") if registry is None else registry.find(str(place))
    files = dict(verified.files)
    return Order(alias="production", to=to, expected=None, record=record_of(wanted, verified.verdict, SHA), proof=files)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_names_no_host(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$id"] == f"urn:experiment-gatekeeper:{name}:1"


def test_a_verification_is_as_promised(verified: Verified) -> None:
    refusals = [Refusal(reason=reason, text="expected …") for reason in Reason]

    require("verification", verification_document(verified, ()))
    require("verification", verification_document(None, refusals))


@pytest.mark.parametrize("change", [*Change, None])
def test_a_promotion_is_as_promised(verified: Verified, change: Change | None) -> None:
    moved = None if change is None else Moved(change=change, before=None, notes=("a note",))

    require("promotion", promotion_document(order(verified), "W&B", moved, verified.verdict.waivers))


def test_a_promotion_that_was_refused_is_as_promised() -> None:
    whole, refusals = schema("promotion"), [Refusal(reason=reason, text="expected …") for reason in Reason]
    document = refused_document("production", "models", refusals)

    assert [error.message for error in Draft202012Validator(whole).iter_errors(document)] == []
    assert list(document) == whole["required"]
    assert not Draft202012Validator(whole).is_valid({**document, "refusals": []})
    assert not Draft202012Validator(whole).is_valid({**document, "change": "moved"})


def test_an_entry_of_a_local_registry_is_as_promised(verified: Verified, tmp_path: Path) -> None:
    (tmp_path / "adapter").write_text("weights")
    registry = LocalRegistry(tmp_path / "registry")
    asked = order(verified, registry, tmp_path / "adapter")
    registry.refuse("production", asked.to, asked.record, ["not-a-pass"])
    registry.move(replace(asked, record=replace(asked.record, verdict_sha256=SHA[::-1])))

    for path in sorted((tmp_path / "registry" / "log").iterdir()):
        require("registry", json.loads(path.read_text("ascii")))
    require("promotions", events_document(registry.history()))


def test_the_words_of_a_schema_are_those_of_the_code() -> None:
    defined = schema("verification")["$defs"]
    assert defined["refusal"]["properties"]["reason"]["enum"] == [reason.value for reason in Reason]
    assert defined["verdict"]["properties"]["trust"]["enum"] == [trust.value for trust in Trust]
    promotion = schema("promotion")
    assert all(promotion["$defs"][name] == defined[name] for name in ("refusal", "waiver"))
    assert promotion["properties"]["change"]["enum"] == [*(change.value for change in Change), WOULD_MOVE, REFUSED]
    event = schema("promotions")["properties"]["events"]["items"]["properties"]["event"]
    assert event["enum"] == [one.value for one in Happened]


def test_a_rehearsal_tells_who_holds_the_alias_and_what_would_become_of_it(verified: Verified) -> None:
    asked = order(verified)
    other = replace(asked, expected=Stored(name="b", digest=None, key="o"))

    told = promotion_document(other, "W&B", None, ())
    idle = promotion_document(replace(asked, expected=asked.to), "W&B", None, ())

    assert (told["change"], told["dry_run"], told["holder"]) == ("would-move", True, {"name": "b", "digest": None})
    assert (idle["change"], idle["dry_run"]) == ("already", True)
    assert promotion_document(other, "W&B", Moved(change=Change.MOVED, before=None), ())["dry_run"] is False
