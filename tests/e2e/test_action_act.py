"""The action under a real runner (nektos/act): installed from its lock, as a workflow of another repository uses it.

The repository that it judges is hostile: whatever Python, pip, hatchling or a client of ours could take for its own
lies there, and leaves a mark when it is run or obeyed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.act import ACTION, PACKAGES, Runner, commit_all, ship
from tests.runs import POLICY, kl, write_run
from tests.services.github import GitHub
from tests.services.loopback import Loopback
from tests.services.wandb import ENTITY, PROJECT, Wandb
from tests.services.wandb_run import Run

TRAP = (
    "import pathlib\npathlib.Path(r'{mark}').write_text(__name__)\nraise SystemExit('the code of the repository ran')\n"
)
MODULES = (
    *(f"{name}/__init__.py" for name in (*PACKAGES, "wandb", "github", "pip", "ensurepip", "hatchling", "rich")),
    *("action/__main__.py", "pip/__main__.py", "venv.py", "bootstrap.py", "hatch_build.py", "setup.py"),
    *("sitecustomize.py", "usercustomize.py", "yaml.py", "numpy.py", "typer.py", "jinja2.py", "json.py", "hashlib.py"),
)
SETTINGS = {
    "pip.conf": "[global]\nindex-url = {url}/\nno-index = true\n",
    "pip.ini": "[global]\nindex-url = {url}/\nno-index = true\n",
    "setup.cfg": "[easy_install]\nindex_url = {url}/\n",
    "requirements.lock": "hostile @ {url}/hostile.tar.gz\n",
    "pyproject.toml": '[build-system]\nrequires = ["hostile @ {url}/hostile.tar.gz"]\n',
    "uv.toml": 'index-url = "{url}/"\n',
    "wandb/settings": "[default]\nbase_url = {url}\n",
    ".netrc": "machine 127.0.0.1 login hostile password hostile\n",
    "templates/verdict.md.j2": "the code of the repository ran\n",
    "checks/profiles/grpo.yml": "version: 1\nchecks: {{}}\n",
    ".github/gatekeeper.yml": "version: 1\nchecks:\n  kl: {{metric: kl, stat: last, pass: '> -1'}}\n",
}
"""Files that tell programs what to do, at their folder's top where they look for them."""
WORKFLOW = f"""\
on: [workflow_dispatch]
permissions:
  contents: read
jobs:
  gate:
    runs-on: ubuntu-latest
    env:
      PYTHONPATH: ${{{{ github.workspace }}}}
      PYTHONSTARTUP: ${{{{ github.workspace }}}}/sitecustomize.py
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - uses: {ACTION}
        id: good
        with:
          run: good.jsonl
          out: good
      - uses: {ACTION}
        id: bad
        continue-on-error: true
        with:
          run: bad.jsonl
          out: bad
      - uses: {ACTION}
        id: online
        with:
          run: wandb://{ENTITY}/{PROJECT}/abc123
          out: online
          wandb-api-key: ${{{{ secrets.WANDB_API_KEY }}}}
          wandb-base-url: ${{{{ env.PLAYS_WANDB }}}}
      - env:
          STEPS: ${{{{ toJSON(steps) }}}}
        run: printf '%s' "$STEPS" > "$RESULTS/steps.json"
"""


@pytest.fixture(name="thief")
def _thief() -> Iterator[Loopback]:
    """Give a server that nobody is to ask."""
    with Loopback(lambda exchange: exchange.reply(200, {})) as server:
        yield server


@pytest.fixture(name="workspace")
def _workspace(tmp_path: Path, thief: Loopback) -> Path:
    """Make a repository that uses the action, and that is hostile."""
    folder = tmp_path / "repository"
    write_run(folder, name="good.jsonl")
    write_run(folder, [{"step": step, "kl": 0.5 + step / 1000} for step in range(40)], name="bad.jsonl")
    files = {name: TRAP.format(mark=tmp_path / "mark") for name in MODULES}
    files |= {name: text.format(url=thief.url) for name, text in SETTINGS.items()}
    files[".github/workflows/gate.yml"] = WORKFLOW
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    commit_all(folder)
    return folder


def test_a_hostile_repository_gets_the_verdicts_of_the_workflow_and_runs_nothing(
    tmp_path: Path, workspace: Path, thief: Loopback
) -> None:
    results = tmp_path / "results"
    results.mkdir()
    runner = Runner(repository=workspace, beside=tmp_path, actions={ACTION: ship(tmp_path / "shipped")})
    rows = [{"_step": step, "kl": kl(step)} for step in range(40)]
    with GitHub({("main", ".github/gatekeeper.yml"): POLICY}) as github, Wandb(Run(rows=rows)) as wandb:
        env = {"GITHUB_API_URL": github.url, "RESULTS": str(results), "PLAYS_WANDB": wandb.url}
        secrets = {"GITHUB_TOKEN": github.token, "WANDB_API_KEY": wandb.key}
        done = runner.run("workflow_dispatch", {"inputs": {}}, env, secrets)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    steps: dict[str, Any] = json.loads((results / "steps.json").read_text("utf-8"))
    good, bad, online = (steps[name]["outputs"] for name in ("good", "bad", "online"))
    assert (good["verdict"], good["exit-code"], good["report"]) == ("pass", "0", "good/verdict.md")
    assert (bad["verdict"], bad["exit-code"], bad["reason-code"]) == ("fail", "10", "kl-p95")
    assert (online["verdict"], online["exit-code"]) == ("pass", "0")
    assert not (tmp_path / "mark").exists(), (tmp_path / "mark").read_text()
    assert thief.requests == ()
    assert "the code of the repository ran" not in done.stdout + done.stderr
    for secret in secrets.values():
        assert secret not in done.stdout + done.stderr
    assert next(one.path for one in github.requests if "contents" in one.path).endswith(".github/gatekeeper.yml")
