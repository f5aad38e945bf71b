"""`policy lint --against OLD`: what a change of policy asks less, and its exit code."""

from __future__ import annotations

from pathlib import Path

from tests.runs import command

OLD = """\
version: 1
checks:
  kl: {metric: kl, stat: p95, pass: "< 0.1"}
waivers:
  - {check: kl, run: a, reason: once, expires: 2020-01-01}
"""


def test_a_weaker_policy_is_told_with_exit_code_10(tmp_path: Path) -> None:
    (tmp_path / "old.yml").write_text(OLD)
    (tmp_path / "new.yml").write_text(OLD.replace("< 0.1", "< 0.2").partition("waivers")[0])

    done = command("policy", "lint", "new.yml", "--against", "old.yml", cwd=tmp_path)

    assert done.returncode == 10
    assert done.stdout.splitlines() == [
        "new.yml: 1 check, 1 blocking: no faults",
        "weaker: checks.kl: the rule was < 0.1, and is < 0.2 now.",
    ]


def test_a_policy_that_asks_as_much_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "old.yml").write_text(OLD)
    (tmp_path / "new.yml").write_text(OLD.partition("waivers")[0])

    done = command("policy", "lint", "new.yml", "--against", "old.yml", cwd=tmp_path)

    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "It asks at least what old.yml asks."


def test_an_old_policy_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "new.yml").write_text(OLD.partition("waivers")[0])

    done = command("policy", "lint", "new.yml", "--against", "old.yml", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr.startswith("gatekeeper: old.yml: ")
