"""What `init` writes: files that are right whatever a run, a project or a workflow is called."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from action.cli.ports import profile_texts
from action.fitting import Recorded
from action.release import Release
from action.report.starter import Remark, render_starter, scalar
from action.scaffold import POLICY, WORKFLOW, Facts, build_scaffold, known_profiles
from checks.policy import parse_policy

PROFILES = profile_texts()
RUN = Recorded(name="run7", metrics={"kl": 9, "env/mean_return": 9, "env/return": 9, "grad_norm": 9})


def policy_text(facts: Facts) -> str:
    return build_scaffold(facts, PROFILES).files[POLICY]


def workflow(facts: Facts) -> Any:
    return yaml.safe_load(build_scaffold(facts, PROFILES).files[WORKFLOW])


def test_without_a_run_the_policy_extends_grpo_and_has_no_fault() -> None:
    read = parse_policy(policy_text(Facts()), source=POLICY, profiles=PROFILES, today=date(2026, 1, 1))

    assert read.profiles == ("grpo",)


def test_metrics_of_the_run_are_mapped_to_roles_where_no_profile_knows_their_names() -> None:
    text = policy_text(Facts(run=RUN))

    read = parse_policy(text, source=POLICY, profiles=PROFILES, today=date(2026, 1, 1))
    assert read.roles["reward"] == ("env/mean_return",)
    assert "#   kl: kl\n" in text
    assert "guessed by its name: see that it is what is meant; alike: env/return" in text


def test_a_role_that_is_missing_is_told_with_the_checks_to_switch_off() -> None:
    text = policy_text(Facts(run=replace(RUN, metrics={"kl": 9})))

    assert "# roles:\n#  reward: [NAME]" in text
    assert "switch off reward-trend, reward-end" in text


def test_ratings_without_games_are_told_what_they_need() -> None:
    run = Recorded(name="x", metrics={"elo/base_model": 9})

    assert "# online-elo:" in policy_text(Facts(run=run))
    assert "# online-elo:" not in policy_text(Facts(run=replace(run, games=True)))


def test_the_rule_that_is_proposed_for_ratings_is_one() -> None:
    text = policy_text(Facts(run=Recorded(name="x", metrics={"elo/base_model": 9})))

    parse_policy(text.replace("# online-elo", "online-elo"), source=POLICY, profiles=PROFILES, today=date(2026, 1, 1))


def test_every_check_of_the_profiles_is_listed() -> None:
    text = policy_text(Facts(profiles=known_profiles(PROFILES)))

    read = parse_policy(text, source=POLICY, profiles=PROFILES, today=date(2026, 1, 1))
    assert all(f"#   {check.id}: " in text for check in read.checks)


def test_the_profiles_that_were_asked_for_count_before_those_that_fit() -> None:
    text = policy_text(Facts(profiles=("pipeline",), run=RUN))

    assert "extends: [pipeline]" in text


@settings(max_examples=25)
@example(name="a\nchecks: {}", metric="a\n#: {}")
@example(name="x", metric="# ]: '\"&*[{\u2028\U0001f600")
@given(name=st.text(), metric=st.text(min_size=1))
def test_names_of_runs_and_metrics_never_break_the_policy(name: str, metric: str) -> None:
    run = Recorded(name=name, metrics={f"{metric}_reward": 3, "x_kl": 1})

    text = policy_text(Facts(run=run))

    read = parse_policy(text, source=POLICY, profiles=PROFILES, today=date(2026, 1, 1))
    assert read.profiles == ("grpo",)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_any_text_is_one_scalar(text: str) -> None:
    assert yaml.safe_load(f"[{scalar(text)}]") == [text]


@pytest.mark.parametrize("word", ["on", "No", "null", "TRUE", "y"])
def test_words_that_yaml_takes_for_something_else_are_quoted(word: str) -> None:
    assert yaml.safe_load(scalar(word)) == word


def test_a_template_prints_nothing_but_text_and_remarks() -> None:
    page = {"workflow": 7, "project": None, "release": None, "tracker": False, "promotion": False, "signed": False}

    with pytest.raises(TypeError, match="expected text or a remark"):
        render_starter("starter_workflow.yml.j2", page)


def test_a_remark_stays_on_its_line() -> None:
    page = {
        "workflow": "x",
        "project": None,
        "tracker": False,
        "promotion": False,
        "signed": False,
        "release": {"action": Remark("a/b@c"), "version": Remark("v1\non: push")},
    }

    assert "# v1 on: push\n" in render_starter("starter_workflow.yml.j2", page)


@pytest.mark.parametrize("name", ["train", "Train: nightly", "on", 'say "hi" # now', "${{ x }}"])
def test_the_workflow_waits_for_the_training_workflow_whatever_it_is_called(name: str) -> None:
    assert workflow(Facts(workflow=name))[True]["workflow_run"]["workflows"] == [name]


def test_the_workflow_has_the_project_or_a_variable_for_it() -> None:
    def project(facts: Facts) -> str:
        [step] = [step for step in workflow(facts)["jobs"]["judge"]["steps"] if step.get("id") == "gate"]
        return str(step["with"]["project"])

    assert project(Facts(project="team/league")) == "team/league"
    assert project(Facts()) == "${{ vars.WANDB_PROJECT }}"


def test_a_release_pins_its_commit_and_any_other_build_says_why_it_does_not() -> None:
    release = Release(repository="someone/experiment-gatekeeper", sha="a" * 40, version="v1.2.3")

    pinned = build_scaffold(Facts(release=release), PROFILES)
    open_one = build_scaffold(Facts(), PROFILES)

    assert f"uses: someone/experiment-gatekeeper@{'a' * 40} # v1.2.3\n" in pinned.files[WORKFLOW]
    assert "ignore[unpinned-uses]" not in pinned.files[WORKFLOW]
    assert "# zizmor: ignore[unpinned-uses] this build knows no release" in open_one.files[WORKFLOW]
    assert any("place of OWNER" in step for step in open_one.steps)
    assert not any("place of OWNER" in step for step in pinned.steps)


def test_the_next_steps_name_both_secrets_and_the_status_to_require() -> None:
    steps = " ".join(build_scaffold(Facts(), PROFILES).steps)

    for told in ("WANDB_API_KEY", "AXIOM_TOKEN", "status `experiment-gatekeeper`", "Not the job", "workflows: [train]"):
        assert told in steps
    fewer = build_scaffold(Facts(workflow="x", project="a/b", profiles=("pipeline",)), PROFILES).steps
    assert not any("WANDB_PROJECT" in step or "--workflow" in step for step in fewer)
    assert any("are needed here" in step for step in fewer)
