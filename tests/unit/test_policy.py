"""From a policy's text to what it asks: keys, bounds, waivers, and every fault at once with file, line and key path."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from checks.check import BaselineAsk, LogAsk, QueryAsk, SeriesAsk, Tolerance
from checks.place import Where
from checks.policy import PolicyError
from checks.result import Severity
from checks.run import Scalar
from checks.schema import policy_schema
from checks.statistic import NAMES
from tests.builders import TODAY, asking, check_faults, faults, policy, rule

WHOLE = """\
version: 1
extends: [grpo, pipeline]
trial: false
roles: {kl: [my/kl, kl], mine: a/b}
fields: {duration_s: [took_ms / 1000, duration_s]}
integrity: {planned-steps: trainer.steps}
checks:
  kl-p95:
    pass: "< 0.1"
    fail: ">= 0.15"
    window: last 50%
    min-samples: 20
    severity: warn
    remedy: Increase beta.
  mine: {metric: mine, stat: share-above, above: 0.5, pass: "<= 1e-3", title: A share, if-present: true}
  slow: {logs: rollout-timing, value: p95_s, pass: "< 120"}
  queue: {axiom: "['x'] | count", pass: "< 40", when-missing: No Axiom here.}
  better: {metric: reward, stat: median, baseline: {run: old, max-drop: 5%, max-rise: 0.5}}
  grad-norm: off
waivers:
  - {check: kl-p95, run: healthy, reason: warm-up, expires: 2099-12-31}
"""


def test_a_whole_policy_is_read() -> None:
    found = policy(WHOLE)
    by_id = {check.id: check for check in found.checks}

    assert found.profiles == ("grpo", "pipeline")
    assert hashlib.sha256(WHOLE.encode()).hexdigest() == found.sha256
    assert (found.text, found.source) == (WHOLE, "policy.yml")
    assert found.trial is False
    assert ("my/kl", "kl") == found.roles["kl"] == found.metric_names("kl")
    assert found.roles["mine"] == ("a/b",)
    assert found.metric_names("unknown") == ("unknown",)
    assert found.fields["duration_s"] == ("took_ms / 1000", "duration_s")
    assert found.fields["event"] == ("event", "event_name", "event_type")
    assert found.planned_steps == "trainer.steps"
    assert "grad-norm" not in by_id
    assert rule("< 0.1", ">= 0.15") == by_id["kl-p95"].rule
    assert (
        by_id["kl-p95"].min_samples,
        by_id["kl-p95"].severity,
        by_id["kl-p95"].remedy,
    ) == (20, Severity.WARN, "Increase beta.")
    assert by_id["kl-p95"].title == "KL divergence, 95th percentile"
    assert Where(file="policy.yml", line=8) == by_id["kl-p95"].where
    assert by_id["mine"].if_present
    assert by_id["mine"].title == "A share"
    assert LogAsk(question="rollout-timing", value="p95_s") == by_id["slow"].ask
    assert QueryAsk(apl="['x'] | count") == by_id["queue"].ask
    assert by_id["queue"].when_missing == "No Axiom here."
    assert (
        BaselineAsk(
            run="old",
            max_drop=Tolerance(amount=0.05, relative=True),
            max_rise=Tolerance(amount=0.5, relative=False),
        )
        == by_id["better"].baseline
    )
    assert by_id["better"].rule is None
    assert found.baseline_runs == ("old",)
    assert found.questions == ("errors", "extraction", "health", "inference", "rollout-timing")
    assert {"my/kl", "kl", "a/b", "train/global_step"} <= found.series_names
    assert found.series_names.isdisjoint({"train/grad_norm", "train/kl"})
    assert date(2099, 12, 31) == found.waivers[0].expires


def test_defaults_are_the_strict_ones() -> None:
    (check,) = asking('metric: kl, stat: mean, pass: "< 1"').checks

    assert check.severity is Severity.BLOCK
    assert check.if_present is False
    assert check.min_samples == 10
    assert check.title == "kl: mean, all steps"
    assert (check.remedy, check.when_missing, check.baseline) == (None, None, None)


@pytest.mark.parametrize(
    ("check", "least", "title"),
    [
        ('metric: kl, stat: last, pass: "< 1"', 1, "kl: last, all steps"),
        ('metric: kl, stat: slope, pass: "< 1"', 10, "kl: slope, all steps"),
        ('metric: kl, stat: share-above, above: 0.2, pass: "< 1"', 10, "kl: share-above 0.2, all steps"),
        ('logs: errors, value: rate, pass: "< 1"', 10, "errors: rate"),
        ('axiom: "x", pass: "< 1"', 10, "query a"),
        ("metric: kl, baseline: {run: x, max-drop: 1}", 10, "kl: mean, all steps"),
    ],
)
def test_what_is_not_said_is_filled_in(check: str, least: int, title: str) -> None:
    (found,) = asking(check).checks

    assert (least, title) == (found.min_samples, found.title)


@pytest.mark.parametrize("stat", [*NAMES, "p1", "p97"])
def test_every_statistic_can_be_asked_for(stat: str) -> None:
    above = ", above: 0.2" if stat.endswith("-above") else ""
    (found,) = asking(f'metric: kl, stat: {stat}{above}, fail: "> 1"').checks

    assert isinstance(found.ask, SeriesAsk)
    assert stat == found.ask.statistic.name


def test_queries_of_ones_own_are_listed_once() -> None:
    asked = policy('checks: {a: {axiom: y, pass: "< 1"}, b: {axiom: x, pass: "< 1"}, c: {axiom: x, fail: "> 9"}}')

    assert asked.queries == ("x", "y")


MEAN = "metric: kl, stat: mean, "
BASED = "metric: kl, baseline: "


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ('stat: mean, pass: "< 1"', "checks.a: expected exactly one of `metric`, `logs`, `axiom`, `elo`, got none"),
        (
            'metric: kl, axiom: x, pass: "< 1"',
            "checks.a: expected exactly one of `metric`, `logs`, `axiom`, `elo`, got",
        ),
        ('metric: kl, pass: "< 1"', "checks.a: expected `stat`, got none"),
        ('metric: kl, stat: average, pass: "< 1"', "checks.a.stat: expected a statistic, got `average`"),
        ('metric: kl, stat: p05, pass: "< 1"', "checks.a.stat: expected a statistic, got `p05`"),
        ('metric: kl, stat: p100, pass: "< 1"', "checks.a.stat: expected a statistic, got `p100`"),
        ('metric: kl, stat: share-above, pass: "< 1"', "checks.a: expected `above` with share-above, got none"),
        (MEAN + 'above: 1, pass: "< 1"', "checks.a: expected no `above` with mean"),
        (MEAN + 'value: p95_s, pass: "< 1"', "checks.a.value: expected no `value` beside `metric`"),
        (MEAN + 'window: last, pass: "< 1"', 'checks.a.window: expected a window, got "last"'),
        (MEAN + 'window: last 0%, pass: "< 1"', "checks.a.window: expected a window"),
        (MEAN + 'window: last 101%, pass: "< 1"', "checks.a.window: expected a window"),
        (MEAN + 'window: last 0 steps, pass: "< 1"', "checks.a.window: expected a window"),
        (MEAN + f'window: last {"9" * 5000} steps, pass: "< 1"', "checks.a.window: expected a window"),
        (MEAN + f'window: "step >= {"9" * 5000}", pass: "< 1"', "checks.a.window: expected a window"),
        ('logs: error, value: rate, pass: "< 1"', "checks.a.logs: expected a log question, got `error`; did you mean"),
        ('logs: errors, pass: "< 1"', "checks.a: expected a `value` of errors, got none"),
        ('logs: errors, value: p95_s, pass: "< 1"', "checks.a.value: expected a `value` of errors, got `p95_s`"),
        ('logs: health, value: status, pass: "< 1"', "checks.a.value: expected a `value` of health, got `status`"),
        ('logs: errors, value: rate, stat: mean, pass: "< 1"', "checks.a.stat: expected no `stat` beside `logs`"),
        ('axiom: x, window: all, pass: "< 1"', "checks.a.window: expected no `window` beside `axiom`"),
        (
            'axiom: "x | where run == {run.nme}", pass: "< 1"',
            "checks.a.axiom: expected placeholders {run.name} or {run.id}, got `{run.nme}`; did you mean",
        ),
        (
            "axiom: \"x | where run == '{run.name}'\", pass: '< 1'",
            "checks.a.axiom: expected {run.name} alone, got it in or behind quotes: it brings its own; remove them",
        ),
        (MEAN, "checks.a: expected `pass` or `fail` with a bound, got neither"),
        (MEAN + "pass: 1", "checks.a.pass: expected text, got `1`; put it in quotes"),
        (MEAN + 'pass: "0.1"', 'checks.a.pass: expected a sign and a finite number, got "0.1"'),
        (MEAN + 'pass: "< nan"', 'checks.a.pass: expected a sign and a finite number, got "< nan"'),
        (MEAN + 'pass: "< inf"', "checks.a.pass: expected a sign and a finite number"),
        (MEAN + 'pass: "< 1e999"', "checks.a.pass: expected a sign and a finite number"),
        (MEAN + 'pass: "== 1"', "checks.a.pass: expected a sign and a finite number"),
        (MEAN + 'pass: "< 1", fail: "> 0.5"', "checks.a: expected `pass` and `fail` not to overlap"),
        (MEAN + 'pass: "< 1", fail: "< 2"', "checks.a: expected `pass` and `fail` to look in opposite directions"),
        (MEAN + 'pass: "< 1", min-samples: 0', "checks.a.min-samples: expected a number of at least 1, got `0`"),
        (MEAN + 'pass: "< 1", min-samples: 1.5', "checks.a.min-samples: expected a whole number, got `1.5`"),
        (MEAN + 'pass: "< 1", min-samples: 1e3', "checks.a.min-samples: expected a whole number, got the text"),
        (MEAN + 'pass: "< 1", min-samples: true', "checks.a.min-samples: expected a whole number, got `true`"),
        (MEAN + 'pass: "< 1", if-present: yes', 'checks.a.if-present: expected true or false, got the text "yes"'),
        (MEAN + 'pass: "< 1", severity: warning', "checks.a.severity: expected 'block' or 'warn', got the text"),
        (MEAN + 'pass: "< 1", severty: warn', "checks.a.severty: expected a known key, got `severty`; did you mean"),
        (MEAN + 'pass: "< 1", pass_: "< 2"', "checks.a.pass_: expected a known key"),
        (MEAN + 'pass: "< 1", min_samples: 2', "checks.a.min_samples: expected a known key, got `min_samples`; did"),
        (MEAN + 'pass: "< 1", title: ""', "checks.a.title: expected a text that is not empty"),
        (MEAN + f'pass: "< 1", title: {"x" * 121}', "checks.a.title: expected a shorter text"),
        (MEAN + 'pass: "< 1", title: 2099-12-31', "checks.a.title: expected text, got `2099-12-31`; put it in quotes"),
        (MEAN + 'pass: ["< 1"]', "checks.a.pass: expected text, got a list; change it"),
        (MEAN + 'pass: {"<": 1}', "checks.a.pass: expected text, got a mapping; change it"),
        ('metric: kl, stat: share-above, above: .nan, pass: "< 1"', "checks.a.above: expected a finite number"),
        (f'metric: kl, stat: share-above, above: {"9" * 400}, pass: "< 1"', "checks.a.above: expected a number"),
        ('metric: kl, stat: share-above, above: true, pass: "< 1"', "checks.a.above: expected a number, got `true`"),
        (BASED + "{run: x}", "checks.a.baseline: expected `max-drop` or `max-rise`, got neither"),
        (BASED + "{max-drop: 1}", "checks.a.baseline.run: expected this key, got nothing"),
        (BASED + "{run: x, max-fall: 1}", "checks.a.baseline.max-fall: expected a known key, got `max-fall`"),
        (BASED + "{run: x, max-drop: -1}", "checks.a.baseline.max-drop: expected a number of at least 0"),
        (BASED + "{run: x, max-drop: 101%}", "checks.a.baseline.max-drop: expected a number of at least 0"),
        (BASED + "{run: x, max-drop: '0.5'}", "checks.a.baseline.max-drop: expected a number of at least 0"),
        (BASED + "{run: x, max-drop: .inf}", "checks.a.baseline.max-drop: expected a finite number"),
        (BASED + "{run: x, max-drop: %s}" % ("9" * 400), "checks.a.baseline.max-drop: expected a number"),
        (BASED + "{run: x, max-drop: true}", "checks.a.baseline.max-drop: expected a number"),
        (BASED + '{run: x, max-drop: 1}, pass: "< 1"', "checks.a.pass: expected no `pass` beside `baseline`"),
        (BASED + "{run: x, max-drop: 1}, stat: max", "checks.a.stat: expected mean, median or a quantile"),
        (BASED + "{run: x, max-drop: 1}, stat: maximum", "checks.a.stat: expected a statistic, got `maximum`"),
        ("logs: errors, value: rate, baseline: {run: x, max-drop: 1}", "checks.a.baseline: expected no `baseline`"),
    ],
)
def test_a_check_that_cannot_be_asked_is_refused(check: str, expected: str) -> None:
    (found, *others) = check_faults(check)

    assert f"policy.yml:3: {expected}" in found
    assert not others


KEYS: dict[str, str] = {
    "title": "x",
    "metric": "kl",
    "stat": "mean",
    "above": "1",
    "window": "all",
    "logs": "errors",
    "value": "rate",
    "axiom": "x",
    "elo": "{}",
    "baseline": "{run: x, max-drop: 1}",
    "pass": '"< 1"',
    "fail": '"> 2"',
    "min-samples": "3",
    "if-present": "true",
    "severity": "warn",
    "remedy": "x",
    "when-missing": "x",
}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_without_a_value_is_refused(key: str) -> None:
    """`pass:` with nothing behind it is a slip, not the wish for no bound."""
    keys = {"metric": "kl", "stat": "mean", "pass": '"< 1"'} | {key: ""}

    assert f"policy.yml:3: checks.a.{key}: expected a value, got nothing; write one or remove the key" in check_faults(
        ", ".join(f"{name}: {value}" for name, value in keys.items())
    )


def test_the_schema_allows_no_null_and_knows_every_key_of_a_check() -> None:
    schema = policy_schema()

    assert "null" not in str(schema)
    assert set(KEYS) == set(schema["$defs"]["CheckDocument"]["properties"])
    assert schema["properties"]["checks"]["additionalProperties"] == {
        "anyOf": [{"$ref": "#/$defs/CheckDocument"}, {"const": "off"}]
    }
    assert schema["properties"]["extends"]["anyOf"] == [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}},
    ]


GOOD = '\nchecks: {a: {metric: kl, stat: mean, pass: "< 1"}}\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD, "policy.yml:1: version: expected this key, got nothing; add it"),
        ("version: 2" + GOOD, "policy.yml:1: version: expected 1, got `2`"),
        ("version: '1'" + GOOD, 'policy.yml:1: version: expected 1, got the text "1"'),
        ("version: true" + GOOD, "policy.yml:1: version: expected 1, got `true`"),
        ("version: 1.0" + GOOD, "policy.yml:1: version: expected 1, got `1.0`"),
        ("version:" + GOOD, "policy.yml:1: version: expected a value, got nothing"),
        ("version: 1", "policy.yml:1: expected at least one check, got none"),
        ("version: 1\nchecks: {}", "policy.yml:1: expected at least one check, got none"),
        ("version: 1\nchecks:", "policy.yml:2: checks: expected a value, got nothing"),
        ("version: 1\nchecks: [a]", "policy.yml:2: checks: expected a mapping, got a list"),
        ("version: 1\nchecks: {a: }", "policy.yml:2: checks.a: expected a mapping, got nothing"),
        ("version: 1\nchecks: {a: on}", 'policy.yml:2: checks.a: expected a mapping, got the text "on"'),
        ("version: 1\nchecks: {a: false}", "policy.yml:2: checks.a: expected a mapping, got `false`"),
        ("version: 1\nchecks: {a: OFF}", 'policy.yml:2: checks.a: expected a mapping, got the text "OFF"'),
        ("{}", "policy.yml:1: expected keys such as `version: 1`, got none"),
        ("version: 1\ncheck: {a: 1}" + GOOD, "policy.yml:2: check: expected a known key, got `check`; did you mean"),
        (
            "version: 1\n? ''\n: 1" + GOOD,
            "policy.yml:2: expected a known key, got ``; allowed: checkpoints, checks, expected-progress, extends",
        ),
        ("version: 1\n1: 1" + GOOD, "policy.yml:2: 1: expected a known key, got `1`"),
        ("version: 1\ntrial: yes" + GOOD, 'policy.yml:2: trial: expected true or false, got the text "yes"'),
        ("version: 1\ntrial: 1" + GOOD, "policy.yml:2: trial: expected true or false, got `1`"),
        ("version: 1\nroles: [kl]" + GOOD, "policy.yml:2: roles: expected a mapping, got a list"),
        ("version: 1\nroles: {kl: []}" + GOOD, "policy.yml:2: roles.kl: expected at least one metric name, got none"),
        ("version: 1\nroles: {kl: 5}" + GOOD, "policy.yml:2: roles.kl: expected a list, got `5`"),
        ("version: 1\nroles: {kl: [5]}" + GOOD, "policy.yml:2: roles.kl[0]: expected text, got `5`"),
        ("version: 1\nfields: {duration: x}" + GOOD, "policy.yml:2: fields.duration: expected a log field, got"),
        ("version: 1\nfields: {duration_s: 'a;b'}" + GOOD, "policy.yml:2: fields.duration_s[0]: expected a field name"),
        ("version: 1\nfields: {duration_s: x / 0}" + GOOD, "policy.yml:2: fields.duration_s[0]: expected a factor"),
        ("version: 1\nfields: {event: x / 2}" + GOOD, "policy.yml:2: fields.event[0]: expected the name of event"),
        ("version: 1\nintegrity: 5" + GOOD, "policy.yml:2: integrity: expected a mapping, got `5`"),
        ("version: 1\nintegrity: {off: 1}" + GOOD, "policy.yml:2: integrity.off: expected a known key"),
        ("version: 1\nintegrity: off" + GOOD, 'policy.yml:2: integrity: expected a mapping, got the text "off"'),
        ("version: 1\nintegrity: {planned-steps: 0}" + GOOD, "integrity.planned-steps: expected a number of at least"),
        ("version: 1\nintegrity: {planned-steps: 1.5}" + GOOD, "integrity.planned-steps: expected a whole number"),
        ("version: 1\nextends: 5" + GOOD, "policy.yml:2: extends: expected a list, got `5`"),
        ("version: 1\nextends: [5]" + GOOD, "policy.yml:2: extends[0]: expected text, got `5`"),
        ("version: 1\nextends: gpro" + GOOD, "policy.yml:2: extends: expected a profile, got `gpro`; did you mean"),
        ("version: 1\nextends: base" + GOOD, "policy.yml:2: extends: expected a profile, got `base`"),
        ("version: 1\nextends: [grpo, grpo]" + GOOD, "policy.yml:2: extends[1]: expected each profile once"),
        ("version: 1\nchecks: {a b: {metric: kl, stat: mean, pass: '< 1'}}", "checks.a b: expected a name of letters"),
        ("version: 1\nchecks: {%s: {metric: kl, stat: mean, pass: '< 1'}}" % ("x" * 81), "expected a name of letters"),
        (
            "version: 1\nextends: grpo\nchecks: {integrity/gaps: off}",
            "checks.integrity/gaps: expected a check of a profile to switch",
        ),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused(text: str, expected: str) -> None:
    (found, *others) = faults(text)

    assert expected in found
    assert not others


SHA = "c0ffee" + "0" * 34
WAIVER = {"check": "a", "run": "healthy", "reason": "warm-up", "expires": "2099-12-31"}


def waived(**changes: Scalar) -> str:
    keys = {name: value for name, value in (WAIVER | changes).items() if value is not None}
    return "version: 1" + GOOD + "waivers:\n- {" + ", ".join(f"{name}: {value}" for name, value in keys.items()) + "}\n"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"check": "b"}, "waivers[0].check: expected a check of the policy, got `b`"),
        ({"check": '"\\0"'}, "waivers[0].check: expected text, got the character `\\x00`"),
        ({"check": "integrity"}, "waivers[0].check: expected a check of the policy, got data integrity, which cannot"),
        ({"check": "integrity/gaps"}, "waivers[0].check: expected a check of the policy, got data integrity"),
        ({"check": None}, "waivers[0].check: expected this key, got nothing"),
        (
            {"check": "'*'"},
            "waivers[0].check: expected one check of the policy, got the pattern `*`; write a waiver",
        ),
        ({"check": "'a?'"}, "waivers[0].check: expected one check of the policy, got the pattern `a?`"),
        ({"check": "[a]"}, "waivers[0].check: expected text, got a list"),
        ({"check": "'[a]'"}, "waivers[0].check: expected one check of the policy, got the pattern `[a]`"),
        (
            {"run": None},
            "waivers[0]: expected exactly one of `run`, `commit`, got none of them; say which run",
        ),
        ({"commit": SHA}, "waivers[0]: expected exactly one of `run`, `commit`, got both; keep one"),
        ({"run": ""}, "waivers[0].run: expected a value, got nothing"),
        ({"run": "' \t'"}, "waivers[0].run: expected the name or id of a run, got a blank text; write one"),
        ({"run": '"\u200b"'}, "waivers[0].run: expected the name or id of a run, got a blank text"),
        (
            {"run": "'*'"},
            "waivers[0].run: expected the name or id of a run, got the pattern `*`; a waiver holds",
        ),
        ({"run": "grpo-*"}, "waivers[0].run: expected the name or id of a run, got the pattern `grpo-*`"),
        ({"run": "'grpo-?'"}, "waivers[0].run: expected the name or id of a run, got the pattern `grpo-?`"),
        ({"run": "'grpo-[0-9]'"}, "waivers[0].run: expected the name or id of a run, got the pattern `grpo-[0-9]`"),
        ({"run": "[grpo-1, grpo-2]"}, "waivers[0].run: expected text, got a list"),
        (
            {"run": f"commit {SHA}"},
            f"waivers[0].run: expected the name or id of a run, got `commit {SHA}`; write",
        ),
        (
            {"run": None, "commit": "main"},
            "waivers[0].commit: expected a whole commit of 40 or 64",
        ),
        (
            {"run": None, "commit": "HEAD"},
            "waivers[0].commit: expected a whole commit of 40 or 64",
        ),
        ({"run": None, "commit": SHA[:7]}, "waivers[0].commit: expected a whole commit of 40 or 64"),
        (
            {"run": None, "commit": SHA + "0"},
            "waivers[0].commit: expected a whole commit of 40 or 64",
        ),
        (
            {"run": None, "commit": f"'{SHA} '"},
            "waivers[0].commit: expected a whole commit of 40 or 64",
        ),
        ({"run": None, "commit": "1" * 40}, "waivers[0].commit: expected text, got `1"),
        ({"run": None, "commit": ""}, "waivers[0].commit: expected a value, got nothing"),
        (
            {"reason": "' '"},
            "waivers[0].reason: expected why the check may be waived, got a blank text; say",
        ),
        ({"reason": ""}, "waivers[0].reason: expected a value, got nothing"),
        ({"reason": "''"}, "waivers[0].reason: expected a text that is not empty"),
        ({"expires": None}, "waivers[0].expires: expected this key, got nothing"),
        ({"expires": "never"}, "waivers[0].expires: expected a day as 2099-12-31, got `never`"),
        ({"expires": "2099-02-30"}, "waivers[0].expires: expected a day as 2099-12-31, got `2099-02-30`"),
        ({"expires": 5}, "waivers[0].expires: expected a day, as 2099-12-31, got `5`"),
        (
            {"expires": "2026-11-21"},
            "waivers[0].expires: expected a day from 2026-11-22 on, got 2026-11-21: the waiver",
        ),
        ({"scope": "all"}, "waivers[0].scope: expected a known key"),
    ],
)
def test_a_waiver_that_cannot_hold_is_refused(changes: dict[str, Scalar], expected: str) -> None:
    found = faults(waived(**changes))

    assert any(line.startswith(f"policy.yml:4: {expected}") for line in found)


@pytest.mark.parametrize("text", ["waivers: all", "waivers: {a: healthy}", "waivers: [a]", "waivers: [[a]]"])
def test_waivers_are_a_list_of_mappings(text: str) -> None:
    (found,) = faults("version: 1" + GOOD + text)

    assert found.startswith("policy.yml:3: waivers")


def test_a_waiver_holds_to_the_end_of_its_last_day() -> None:
    last = "expires: 2026-11-22"
    text = waived().replace("expires: 2099-12-31", last)

    assert last in text
    assert policy(text, today=date(2026, 11, 22)).waivers[0].expires == TODAY
    with pytest.raises(PolicyError, match="the waiver has expired"):
        policy(text, today=date(2026, 11, 23))


def test_faults_of_waivers_keep_their_numbers() -> None:
    text = waived(check=None) + "- 5\n- {check: zzz, run: x, reason: y, expires: 2099-12-31}\n"

    assert [found.split(": expected")[0] for found in faults(text)] == [
        "policy.yml:4: waivers[0].check",
        "policy.yml:5: waivers[1]",
        "policy.yml:6: waivers[2].check",
    ]


def test_every_fault_comes_at_once_and_in_the_order_of_lines() -> None:
    found = faults(
        """\
version: 3
extends: [grpo, leage]
trail: true
checks:
  a: {metric: kl, stat: p95, pass: "0.1"}
  b: {metric: kl, stat: middle, pass: "< 1", pass: "< 2"}
  c: {logs: rollouts, value: p95_s, pass: "< 1", min-samples: ten}
  zzz: off
waivers:
  - {check: a, run: x, reason: y, expires: 2020-01-01}
"""
    )

    assert [line.split(": expected")[0] for line in found] == [
        "policy.yml:1: version",
        "policy.yml:2: extends[1]",
        "policy.yml:3: trail",
        "policy.yml:5: checks.a.pass",
        "policy.yml:6: checks.b.pass",
        "policy.yml:6: checks.b.stat",
        "policy.yml:7: checks.c.logs",
        "policy.yml:7: checks.c.min-samples",
        "policy.yml:8: checks.zzz",
        "policy.yml:10: waivers[0].expires",
    ]


def test_a_fault_is_told_once_and_leaves_no_fault_that_follows_from_it() -> None:
    assert len(check_faults('metric: kl, stat: 5, pass: "< 1"')) == 1
    assert len(check_faults("metric: kl, stat: mean, pass: 5")) == 1
    assert len(faults("version: 1\nchecks: {a: 5}")) == 1


@pytest.mark.parametrize(
    ("above", "advice"),
    [
        ("1e-3", "YAML reads this as text: write 0.001"),
        ("1e-20", "YAML reads this as text: write 1.0e-20"),
        ("'1.5e-20'", "YAML reads this as text: write 1.5e-20"),
        ("'0.2'", "YAML reads this as text: write 0.2"),
        ("1e3", "YAML reads this as text: write 1000.0"),
        ("inf", "write a number without quotes"),
        ("much", "write a number without quotes"),
    ],
)
def test_a_number_that_yaml_takes_for_text_is_told_as_yaml_wants_it(above: str, advice: str) -> None:
    (found,) = check_faults(f'metric: kl, stat: share-above, above: {above}, pass: "< 1"')

    assert found.endswith(f"; {advice}")
    if "write 1" in advice or "write 0" in advice:
        written = advice.rpartition(" ")[2]
        assert not check_faults(f'metric: kl, stat: share-above, above: {written}, pass: "< 1"')


@pytest.mark.parametrize(
    ("count", "advice"),
    [("1e3", "YAML reads this as text: write 1000"), ("1.5e0", "write a whole number without quotes")],
)
def test_a_whole_number_that_yaml_takes_for_text_is_told_without_a_point(count: str, advice: str) -> None:
    (found,) = check_faults(f'metric: kl, stat: mean, pass: "< 1", min-samples: {count}')

    assert found.endswith(f"; {advice}")


def test_hostile_names_are_shown_on_one_printable_line() -> None:
    (found,) = faults('version: 1\n"\u202e\\n</details>{}": 1{}'.format("x" * 5_000, GOOD))

    assert found.isprintable()
    assert len(found) < 400


ODD_PIECES = ("off", "5", "[]", "{}", "~", "", "true", ".nan", "1e-3", "'", '"', "[", "}", "- ", ": ", "\n", "  ", "\t")
PIECES = st.sampled_from(
    (*ODD_PIECES, "2020-01-01", "checks", "grpo", "< 0.1", "!!float x", "&a", "*a", "\\U00110000", "\ufeff", "\0")
)


@given(st.text(max_size=300) | st.lists(PIECES, max_size=12).map("".join))
def test_arbitrary_text_is_a_policy_error_and_nothing_else(text: str) -> None:
    assert faults(text)


@given(st.data())
def test_a_damaged_policy_is_read_or_refused_with_faults_in_order(data: st.DataObject) -> None:
    lines = WHOLE.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        at = data.draw(st.integers(0, len(lines[place])))
        to = data.draw(st.integers(at, len(lines[place])))
        lines[place] = lines[place][:at] + data.draw(PIECES) + lines[place][to:]
    found = faults("\n".join(lines))

    assert all("\n" not in line and ": expected " in line for line in found)


ODD: st.SearchStrategy[object] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["off", "x", "", "5%", "< 1", 0.5, 10**400, TODAY]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "check", "run"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def _replace(tree: object, data: st.DataObject) -> object:
    """Put an odd value in the place of a random part of a tree."""
    if isinstance(tree, dict) and tree and data.draw(st.integers(0, 4)):
        key = data.draw(st.sampled_from(sorted(tree)))
        return tree | {key: _replace(tree[key], data)}
    if isinstance(tree, list) and tree and data.draw(st.booleans()):
        return [_replace(tree[0], data), *tree[1:]]
    return data.draw(ODD)


@given(st.data())
def test_odd_values_in_any_place_are_faults_and_never_break_the_reader(data: st.DataObject) -> None:
    tree = yaml.safe_load(WHOLE.replace(": off", ": 'off'"))
    for _ in range(data.draw(st.integers(1, 3))):
        tree = _replace(tree, data)
    found = faults(yaml.safe_dump(tree))

    assert all("\n" not in line and ": expected " in line for line in found)


def test_a_baseline_that_is_no_mapping_is_shown_how_to_write_one() -> None:
    """`baseline: ../last-week` is the likeliest slip."""
    found = check_faults("metric: kl, stat: mean, baseline: ../last-week")

    assert any("write baseline: {run: PATH, max-drop: 5%}" in fault for fault in found)
