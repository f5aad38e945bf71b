"""`run: last-promoted`: the holder of the alias when evidence is collected is what a run is compared with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from action.cli.registries import find_holder
from action.deadline import Deadline
from action.errors import InputError
from action.evidence.store import read_bundle
from action.ports import Held
from action.registries.local import LocalRegistry
from checks.baseline import check_baseline
from checks.check import LAST_PROMOTED, PromotionPlan, SeriesAsk
from checks.context import Holder
from checks.policy import PolicyError
from checks.result import CheckResult, Outcome
from checks.run import Checkpoint, Identity
from checks.weakening import compare
from tests.builders import PROFILES, evidence, noise, only, policy, series
from tests.killing import order, sha
from tests.runs import judge_path, reward, rows, write_output, write_run

POLICY = """\
version: 1
promotion: {alias: production, registry: %s}
checks:
  kl-p95: {metric: kl, stat: p95, pass: "< 0.1", min-samples: 5}
  reward-kept: {metric: reward, window: last 50%%, baseline: {run: last-promoted, max-drop: 5%%}}
"""
HOLDER = Holder(alias="production", registry="models", checkpoint="adapter_v3", digest=None, run="old1")


def asked(own: Any, theirs: Any, holder: Holder | None = HOLDER, digest: str | None = None) -> CheckResult:
    text = "checks: {a: {metric: reward, baseline: {run: last-promoted, max-drop: 5%}}}"
    one = policy(text, profiles={"base": PROFILES["base"]})
    [check] = one.checks
    assert isinstance(check.ask, SeriesAsk)
    checkpoint = Checkpoint(name="adapter_v9", digest=digest)
    given = evidence(own, baselines={LAST_PROMOTED: theirs}, holder=holder, checkpoint=checkpoint)
    return check_baseline(check, check.ask, one, given)


def rewards(level: float, name: str = "new", seed: int = 1) -> Any:
    return replace(
        only(series(level + 0.01 * noise(100, seed), "reward"), n=100), identity=Identity(id=name, name=name)
    )


def test_the_reason_names_who_held_the_alias() -> None:
    result = asked(rewards(1.0), rewards(1.0, "old1", 2))

    assert result.outcome is Outcome.PASS
    assert "in old1 (adapter_v3 held production of models) " in result.reason


def test_a_fall_against_what_was_promoted_last_fails() -> None:
    assert asked(rewards(0.8), rewards(1.0, "old1", 2)).outcome is Outcome.FAIL


def test_the_checkpoint_that_was_promoted_last_itself_is_met_without_a_comparison() -> None:
    result = asked(rewards(1.0, "old1"), rewards(1.0, "old1"), replace(HOLDER, digest="sha256:1"), "sha256:1")

    assert (result.outcome, result.observed, result.bound) == (Outcome.PASS, 0.0, "drop <= 5%")
    assert "nothing to compare" in result.reason


@pytest.mark.parametrize(("ours", "theirs"), [("sha256:2", "sha256:1"), (None, None), (None, "sha256:1")])
def test_another_checkpoint_of_the_run_that_was_promoted_last_is_not_met_by_that(
    ours: str | None, theirs: str | None
) -> None:
    worse = asked(rewards(0.1, "old1"), rewards(1.0, "old1", 2), replace(HOLDER, digest=theirs), ours)

    assert worse.outcome is Outcome.INCONCLUSIVE
    assert "is this run itself" in worse.reason


def test_a_comparison_with_nobody_is_inconclusive() -> None:
    result = asked(rewards(1.0), "nobody holds production in models yet.", None)

    assert result.outcome is Outcome.INCONCLUSIVE
    assert "last-promoted cannot be compared with: nobody holds production" in result.reason


def test_a_policy_says_where_it_promotes() -> None:
    text = 'checks: {a: {metric: kl, stat: mean, pass: "< 1"}}'

    assert policy(text).promotion == PromotionPlan(alias="production", registry=None)
    named = policy(f"promotion: {{alias: staging, registry: team/league/adapter}}\n{text}").promotion
    assert named == PromotionPlan(alias="staging", registry="team/league/adapter")


@pytest.mark.parametrize("value", ["{alias: 'a b'}", "{alias: ''}", "{registry: ''}", "{to: x}", "production"])
def test_a_place_that_cannot_be_meant_is_refused(value: str) -> None:
    with pytest.raises(PolicyError, match=r"policy\.yml:2: promotion"):
        policy(f'promotion: {value}\nchecks: {{a: {{metric: kl, stat: mean, pass: "< 1"}}}}')


def test_another_alias_or_registry_is_told_where_something_is_compared_with_it() -> None:
    text = "checks: {a: {metric: reward, baseline: {run: last-promoted, max-drop: 5%}}}"
    old, new = policy(text), policy(f"promotion: {{alias: staging, registry: models}}\n{text}")
    apart = policy('promotion: {alias: x}\nchecks: {a: {metric: kl, stat: mean, pass: "< 1"}}')

    told = [(one.key, one.text) for one in compare(old, new)]

    assert told == [
        ("promotion.alias", "it was production, and is staging now."),
        ("promotion.registry", "it was the checkpoint's own, and is models now."),
    ]
    one = policy(f"promotion: {{registry: models}}\n{text}")
    assert [change.key for change in compare(old, one)] == ["promotion.registry"]
    assert list(compare(apart, policy('checks: {a: {metric: kl, stat: mean, pass: "< 1"}}'))) == []


def promoted(folder: Path) -> Path:
    """Promote an earlier run in a local registry; the registry."""
    (folder / "old").mkdir()
    (folder / "old" / "adapter.bin").write_text("old weights")
    earlier = judge_path(write_run(folder / "old", name="old.jsonl"), POLICY % folder.joinpath("models"))
    registry = LocalRegistry(folder / "models")
    asked_for = order(registry, folder / "old" / "adapter.bin", "production", "1")
    files = {f"evidence/{name}": content for name, content in earlier.files.files.items()}
    record = replace(asked_for.record, verdict_sha256=sha(b"{}"), evidence_sha256=earlier.files.sha256)
    registry.move(replace(asked_for, record=record, proof={"verdict.json": b"{}", **files}))
    return folder / "models"


def test_the_holder_in_a_local_registry_is_found_recorded_and_judged_again_to_the_same_bytes(tmp_path: Path) -> None:
    models = promoted(tmp_path)
    better = rows(reward={step: reward(step) + 0.5 for step in range(40)})

    judged = judge_path(write_run(tmp_path / "new", better, "new.jsonl"), POLICY % models)
    out = write_output(judged, tmp_path / "out")
    (models / "log" / "000001.json").unlink()  # what is there later has no say
    again = judge_path(out, policy=None)

    result = next(one for one in judged.verdict.checks if one.id == "reward-kept")
    assert result.outcome is Outcome.PASS
    assert f"in old (adapter.bin held production of {models})" in result.reason
    holder = read_bundle(out / "evidence").evidence.holder
    assert holder is not None
    assert (holder.alias, holder.checkpoint, holder.run) == ("production", "adapter.bin", "adapter.bin")
    assert again.verdict == judged.verdict


@pytest.mark.parametrize("file", ["verdict.json", "evidence/manifest.json", "evidence/run/series.jsonl"])
def test_what_a_registry_kept_of_its_holder_is_no_baseline_once_it_was_changed(tmp_path: Path, file: str) -> None:
    models = promoted(tmp_path)
    [kept] = (models / "verdicts").glob(f"*/{file}")
    kept.write_bytes(kept.read_bytes().replace(b"0.", b"9.") + b" ")

    judged = judge_path(write_run(tmp_path / "new", name="new.jsonl"), POLICY % models)

    result = next(one for one in judged.verdict.checks if one.id == "reward-kept")
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "last-promoted cannot be compared with" in result.reason


def test_a_name_that_may_be_a_collection_and_is_a_folder_has_to_be_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    promoted(tmp_path).rename(tmp_path / "models.old")
    (tmp_path / "ml" / "models").mkdir(parents=True)
    (tmp_path / "models.old").rename(tmp_path / "ml" / "models" / "reg")

    with pytest.raises(InputError, match=r"got a name of both; write \./ml/models/reg for the latter"):
        find_holder("ml/models/reg", "production", Deadline(seconds=5))
    found = find_holder("./ml/models/reg", "production", Deadline(seconds=5))

    assert found is not None
    assert found.holder.checkpoint == "adapter.bin"


def test_a_registry_without_a_holder_says_what_to_do_for_the_first_one(tmp_path: Path) -> None:
    judged = judge_path(write_run(tmp_path), POLICY % (tmp_path / "models"))

    result = next(one for one in judged.verdict.checks if one.id == "reward-kept")
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "nobody holds production in " in result.reason
    assert "waive this check for the first run" in result.reason
    assert "last_promoted" not in judged.files.files["manifest.json"].decode()


def test_without_a_registry_the_policy_is_asked_to_name_one(tmp_path: Path) -> None:
    text = (POLICY % "x").replace("promotion: {alias: production, registry: x}\n", "")

    result = next(one for one in judge_path(write_run(tmp_path), text).verdict.checks if one.id == "reward-kept")
    assert "name it in the policy as `promotion: {registry: …}`" in result.reason


def test_a_registry_on_wandb_is_not_asked_without_a_network(tmp_path: Path) -> None:
    result = next(
        one
        for one in judge_path(write_run(tmp_path), POLICY % "team/league/adapter").verdict.checks
        if one.id == "reward-kept"
    )
    assert "expected a local registry here, got one on W&B" in result.reason


def test_what_a_registry_says_wrong_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_registry: str, _alias: str, _deadline: Deadline) -> Held | None:
        raise InputError("models: expected a log, got none")

    monkeypatch.setattr("action.cli.ports.find_local_holder", fail)

    result = judge_path(write_run(tmp_path), POLICY % "models").verdict.checks[-1]
    assert "cannot be compared with: models: expected a log, got none." in result.reason
