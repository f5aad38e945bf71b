"""`action.yml`: only `run:` steps, every value through the environment, and the inputs that the program knows."""

from __future__ import annotations

import inspect
import re
from typing import Any, get_type_hints

import pytest
import yaml

from action.bootstrap import OLDEST
from action.cli.github_action import github_action
from action.publish.aftermath import PERMISSIONS
from tests.runs import ROOT

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
SERVICES = {"GITHUB_TOKEN", "WANDB_API_KEY", "WANDB_BASE_URL", "AXIOM_TOKEN", "AXIOM_DATASET", "AXIOM_URL"}


def variables() -> set[str]:
    """Return what the hidden command reads from the environment."""
    hints = get_type_hints(github_action, include_extras=True)
    return {
        option.envvar
        for name in inspect.signature(github_action).parameters
        for option in hints[name].__metadata__
        if option.envvar
    }


def test_every_step_runs_our_own_program_and_uses_nobody_elses_action() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert all("run" in step and "uses" not in step and step["shell"] == "bash" for step in STEPS)


def test_nothing_is_interpolated_into_a_script() -> None:
    for step in STEPS:
        assert "${{" not in step["run"]
        assert all(re.fullmatch(r"\$\{\{ [a-z._-]+ \}\}(/[a-z-]+)?", value) for value in step["env"].values())


def test_python_is_started_isolated_every_time() -> None:
    for step in STEPS:
        for line in step["run"].splitlines():
            if "python" in line.lower():
                assert " -I " in line, line


def test_the_environment_is_installed_from_the_lock_with_hashes() -> None:
    script = (ROOT / "action" / "bootstrap.py").read_text("utf-8")

    assert '"--require-hashes", "--no-deps", "-r", str(SOURCE / "requirements.lock")' in script
    assert '"--no-deps", "--no-build-isolation", str(SOURCE)' in script
    assert f'requires-python = ">={".".join(map(str, OLDEST))}' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_every_input_reaches_the_program_and_the_program_knows_every_one() -> None:
    judge = next(step for step in STEPS if step.get("id") == "judge")["env"]
    used = {
        name for step in STEPS for value in step["env"].values() for name in re.findall(r"inputs\.([a-z-]+)", value)
    }

    assert used == set(ACTION["inputs"])
    assert set(judge) == variables() | SERVICES | {"GATEKEEPER_PYTHON", "GATEKEEPER_TRACKER_TOKEN"}


def test_outputs_are_those_of_the_step_that_judges() -> None:
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.judge.outputs.{name} }}}}"
        assert output["description"]


@pytest.mark.parametrize("name", ACTION["inputs"])
def test_an_input_is_described_and_has_a_default(name: str) -> None:
    one = ACTION["inputs"][name]

    assert len(one["description"]) > 20
    assert "default" in one
    assert not one.get("required")


def test_the_action_is_branded() -> None:
    assert set(ACTION["branding"]) == {"icon", "color"}
    assert len(ACTION["description"]) <= 125


def pages() -> dict[str, str]:
    """Return the workflows that people paste from our pages."""
    found = {}
    for name, head in (("README.md", "name: experiment-gatekeeper"), ("docs/action.md", "name: train")):
        blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL)
        [found[name]] = [one for one in blocks if one.startswith(head)]
    return found


@pytest.mark.parametrize("page", ["README.md", "docs/action.md"])
def test_a_workflow_of_a_page_uses_inputs_that_there_are_and_asks_for_what_publishing_needs(page: str) -> None:
    workflow = yaml.safe_load(pages()[page])
    [job] = workflow["jobs"].values()

    [ours] = [step for step in job["steps"] if step.get("uses", "").startswith("OWNER/experiment-gatekeeper@")]
    assert set(ours["with"]) <= set(ACTION["inputs"])
    assert workflow["permissions"] == {}
    needed = {one.partition(": ")[0]: one.partition(": ")[2] for one in PERMISSIONS}
    if page == "docs/action.md":
        del needed["actions"]  # no workflow has ended
    assert job["permissions"] == needed


def test_the_reference_has_every_input_and_output() -> None:
    page = (ROOT / "docs" / "reference.md").read_text("utf-8").partition("## The GitHub Action")[2]

    for name in (*ACTION["inputs"], *ACTION["outputs"]):
        assert f"\n| `{name}` |" in page
