"""What a policy asks less than another: found however it is written, and nothing told of what was tightened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.check import Policy
from checks.result import Outcome
from checks.rule import Bound, Rule
from checks.weakening import Change, Effect, compare
from tests.builders import policy

SHA = "c0ffee" + "0" * 34
BASE = 'metric: kl, stat: p95, window: last 50%, pass: "< 0.1", fail: ">= 0.15", min-samples: 20'
STRENGTH = "elo: {candidate: latest, elo0: 0, elo1: 20, alpha: 0.05}"
DROP = "metric: reward, baseline: {run: a/b, max-drop: 5%}"


def one(check: str, more: str = "") -> Policy:
    return policy(f"checks: {{a: {{{check}}}, other: {{metric: loss, stat: mean, pass: '< 1'}}}}\n{more}")


def changes(old: str, new: str) -> tuple[Change, ...]:
    return compare(one(old), one(new))


@pytest.mark.parametrize("check", [BASE, STRENGTH, DROP, 'logs: errors, value: rate, pass: "< 0.1"'])
def test_the_same_policy_asks_the_same(check: str) -> None:
    assert changes(check, check) == ()


@pytest.mark.parametrize(
    ("old", "new", "key", "text"),
    [
        (BASE, BASE.replace("< 0.1", "< 0.2").replace("0.15", "0.3"), "checks.a", "and is pass < 0.2, fail >= 0.3 now"),
        (BASE, BASE.replace('"< 0.1"', '"<= 0.1"'), "checks.a", "pass <= 0.1"),
        (BASE, BASE.replace(">= 0.15", "> 0.15"), "checks.a", "fail > 0.15"),
        (
            BASE,
            BASE.replace(', fail: ">= 0.15"', "").replace("pass", "fail").replace("<", ">"),
            "checks.a",
            "fail > 0.1",
        ),
        (BASE, BASE.replace("20", "5"), "checks.a.min-samples", "20 values were needed, 5 are now."),
        (BASE, f"{BASE}, severity: warn", "checks.a.severity", "it blocked, and only warns now."),
        (BASE, f"{BASE}, if-present: true", "checks.a.if-present", "missing data were inconclusive"),
        (STRENGTH, STRENGTH.replace("elo1: 20", "elo1: 10"), "checks.a.elo", "0 against 20 Elo, and are 0 against 10."),
        (STRENGTH, STRENGTH.replace("elo0: 0", "elo0: -5"), "checks.a.elo", "and are -5 against 20."),
        (STRENGTH, STRENGTH.replace("0.05", "0.2"), "checks.a.elo.alpha", "a wrong pass was 0.05 likely"),
        (
            STRENGTH,
            STRENGTH.replace("alpha: 0.05", "alpha: 0.05, confidence: 0.9"),
            "checks.a.elo.confidence",
            "intervals held 0.95, and hold 0.9 now.",
        ),
        (DROP, DROP.replace("5%", "10%"), "checks.a.baseline.max-drop", "5% was tolerated, and 10% is now."),
        (DROP, DROP.replace("5%", "0.5"), "checks.a.baseline.max-drop", "5% was tolerated, and 0.5 is now."),
        (DROP, DROP.replace("max-drop", "max-rise"), "checks.a.baseline.max-drop", "5% was tolerated, and anything is"),
    ],
)
def test_a_check_that_lets_more_through_is_weaker(old: str, new: str, key: str, text: str) -> None:
    [found] = changes(old, new)

    assert (found.effect, found.key) == (Effect.WEAKER, key)
    assert text in found.text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (BASE, BASE.replace("0.1", "0.05")),
        (BASE, BASE.replace("0.15", "0.12")),
        (BASE, BASE.replace(', fail: ">= 0.15"', "")),
        (BASE, BASE.replace("20", "50")),
        (f"{BASE}, severity: warn", BASE),
        (f"{BASE}, if-present: true", BASE),
        (STRENGTH, STRENGTH.replace("elo1: 20", "elo1: 40")),
        (STRENGTH, STRENGTH.replace("0.05", "0.01")),
        (DROP, DROP.replace("5%", "1%")),
        (DROP, DROP.replace("max-drop: 5%", "max-drop: 5%, max-rise: 5%")),
    ],
)
def test_a_check_that_lets_less_through_is_not_told(old: str, new: str) -> None:
    assert changes(old, new) == ()


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (BASE, BASE.replace("p95", "mean"), "it asked for p95 of kl over last 50%, and asks for mean of kl"),
        (BASE, BASE.replace("50%", "10%"), "over last 10% now."),
        (BASE, BASE.replace("metric: kl", "metric: reward"), "p95 of reward"),
        ('axiom: x, pass: "< 1"', 'axiom: y, pass: "< 1"', "the query x, and asks for the query y now."),
        (
            'logs: errors, value: rate, pass: "< 0.1"',
            'logs: extraction, value: empty, pass: "< 0.1"',
            "rate of errors, and asks for empty of extraction",
        ),
        (STRENGTH, STRENGTH.replace("latest", "best"), "the decision of latest against the reference, and"),
        (DROP, DROP.replace("a/b", "a/c"), "compared with a/b, and is with a/c now."),
    ],
)
def test_a_check_that_asks_something_else_is_told_as_such(old: str, new: str, text: str) -> None:
    [found] = changes(old, new)

    assert found.effect is Effect.OTHER
    assert text in found.text


def test_a_baseline_that_is_gone_is_told() -> None:
    found = changes(DROP, 'metric: reward, stat: mean, pass: "> 0"')

    assert any("is compared with nothing now" in change.text for change in found)


def test_a_check_that_is_gone_is_weaker_and_a_new_one_is_not_told() -> None:
    two = one(BASE)
    single = policy("checks: {other: {metric: loss, stat: mean, pass: '< 1'}}")

    [found] = compare(two, single)
    assert (found.effect, found.key) == (Effect.WEAKER, "checks.a")
    assert compare(single, two) == ()


@pytest.mark.parametrize(
    ("old", "new", "effect", "key"),
    [
        ("", "trial: true", Effect.WEAKER, "trial"),
        (
            "integrity: {planned-steps: 500}",
            "integrity: {planned-steps: 100}",
            Effect.WEAKER,
            "integrity.planned-steps",
        ),
        ("integrity: {planned-steps: 500}", "integrity: {planned-steps: a.b}", Effect.OTHER, "integrity.planned-steps"),
        ("integrity: {planned-steps: a.b}", "", Effect.OTHER, "integrity.planned-steps"),
        ("", "roles: {kl: [mine/kl]}", Effect.OTHER, "roles.kl"),
        ("", "fields: {duration_s: [took]}", Effect.OTHER, "fields.duration_s"),
        ("", "games: {allow-disconnected: true}", Effect.WEAKER, "games.allow-disconnected"),
        ("", "games: {cluster: match}", Effect.OTHER, "games.cluster"),
        ("", 'checkpoints: "ckpt-{step}"', Effect.OTHER, "checkpoints"),
        ("", "references: [chaos_bot]", Effect.OTHER, "references"),
        ("", "online-elo: {k: 8}", Effect.OTHER, "online-elo"),
        ("", "waivers: [{check: a, run: r, reason: why, expires: 2099-01-01}]", Effect.WEAKER, "waivers"),
        ("", f"waivers: [{{check: a, commit: {SHA}, reason: why, expires: 2099-01-01}}]", Effect.WEAKER, "waivers"),
        (
            "waivers: [{check: a, run: r, reason: why, expires: 2098-01-01}]",
            "waivers: [{check: a, run: r, reason: why, expires: 2099-01-01}]",
            Effect.WEAKER,
            "waivers",
        ),
        (
            f"waivers: [{{check: a, commit: {SHA}, reason: why, expires: 2098-01-01}}]",
            f"waivers: [{{check: a, commit: {SHA.upper()}, reason: why, expires: 2099-01-01}}]",
            Effect.WEAKER,
            "waivers",
        ),
    ],
)
def test_what_a_policy_says_beside_its_checks_counts_too(old: str, new: str, effect: Effect, key: str) -> None:
    [found] = compare(one(BASE, old), one(BASE, new))

    assert (found.effect, found.key) == (effect, key)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("trial: true", ""),
        ("", "integrity: {planned-steps: 500}"),
        ("integrity: {planned-steps: 100}", "integrity: {planned-steps: 500}"),
        ("games: {allow-disconnected: true}", ""),
        ("waivers: [{check: a, run: r, reason: why, expires: 2099-01-01}]", ""),
        (
            "waivers: [{check: a, run: r, reason: why, expires: 2099-01-01}]",
            "waivers: [{check: a, run: r, reason: again, expires: 2098-01-01}]",
        ),
        (
            f"waivers: [{{check: a, commit: {SHA}, reason: why, expires: 2099-01-01}}]",
            f"waivers: [{{check: a, commit: {SHA.upper()}, reason: why, expires: 2099-01-01}}]",
        ),
    ],
)
def test_what_asks_more_beside_the_checks_is_not_told(old: str, new: str) -> None:
    assert compare(one(BASE, old), one(BASE, new)) == ()


BOUNDS = st.none() | st.builds(
    Bound, sign=st.sampled_from(["<", "<=", ">", ">="]), limit=st.sampled_from([0.0, 1.0, 1.5, 2.0])
)
RULES = st.builds(Rule, passes=BOUNDS, fails=BOUNDS).filter(lambda rule: rule.fault() is None)
RANK = {Outcome.FAIL: 0, Outcome.WARN: 1, Outcome.PASS: 2}


@given(RULES, RULES)
def test_a_rule_is_weaker_exactly_if_some_value_fares_better_by_it(old: Rule, new: Rule) -> None:
    def by(rule: Rule) -> Policy:
        told = {"pass": rule.passes, "fail": rule.fails}
        bounds = ", ".join(f'{name}: "{bound}"' for name, bound in told.items() if bound is not None)
        return one(f"metric: kl, stat: mean, {bounds}")

    values = [step / 4 for step in range(-8, 17)] + [1e-9, -1e-9, 1 + 1e-9, 1 - 1e-9, 2 + 1e-9, 1.5 - 1e-9, 1.5 + 1e-9]
    better = any(RANK[new.outcome(value)] > RANK[old.outcome(value)] for value in values)

    assert bool(compare(by(old), by(new))) == better


def test_a_waiver_that_was_added_says_whom_it_is_for() -> None:
    for scope, told in (("run: r", "r"), (f"commit: {SHA}", f"commit {SHA}")):
        waiver = f"waivers: [{{check: a, {scope}, reason: why, expires: 2099-01-01}}]"
        [found] = compare(one(BASE), one(BASE, waiver))
        assert found.text == f"a waiver was added: a of {told} until 2099-01-01 (why)."
