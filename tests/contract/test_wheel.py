"""What is shipped: a wheel with exactly three packages and their data, which works where it is unpacked."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

from tests.runs import RECORDINGS, ROOT, clean_environment

DATA = {"action": (".json",), "checks": (".yml",), "templates": (".j2",)}


@pytest.fixture(name="wheel", scope="module")
def _wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def members(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def wanted() -> set[str]:
    """List what the packages hold in the repository, as far as it is to be shipped."""
    found = set()
    for package, suffixes in DATA.items():
        for path in (ROOT / package).rglob("*"):
            if path.suffix in (".py", *suffixes) and "__pycache__" not in path.parts:
                found.add(path.relative_to(ROOT).as_posix())
    return found


def test_the_wheel_holds_the_three_packages_and_nothing_else(wheel: Path) -> None:
    about = "experiment_gatekeeper-"
    shipped = {name for name in members(wheel) if not name.startswith(about)}

    assert shipped == wanted()
    assert {name.split("/")[0] for name in shipped} == {"action", "checks", "templates"}


def test_profiles_schemas_and_templates_are_shipped(wheel: Path) -> None:
    shipped = members(wheel)

    for name in (
        "checks/profiles/base.yml",
        "checks/profiles/grpo.yml",
        "checks/profiles/pipeline.yml",
        "action/schemas/verdict.schema.json",
        "action/schemas/metrics.schema.json",
        "action/schemas/logs.schema.json",
        "templates/verdict.md.j2",
    ):
        assert name in shipped


def test_the_metadata_are_those_of_the_project(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        (script,) = [name for name in archive.namelist() if name.endswith("/entry_points.txt")]
        about = message_from_string(archive.read(name).decode())
        entry = archive.read(script).decode()
        licences = [name for name in archive.namelist() if name.endswith("/licenses/LICENSE")]

    assert (about["Name"], about["License-Expression"]) == ("experiment-gatekeeper", "Apache-2.0")
    assert about["Requires-Python"].replace(" ", "") in ("<3.15,>=3.11", ">=3.11,<3.15")
    assert "gatekeeper = action.cli.main:main" in entry
    assert len(licences) == 1


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (("--version",), 0),
        (("check", str(RECORDINGS / "healthy"), "--profile", "grpo", "--profile", "pipeline", "--out", "out"), 0),
        (("check", str(RECORDINGS / "regression"), "--profile", "grpo", "--format", "markdown"), 10),
        (("policy", "schema"), 0),
    ],
)
def test_the_wheel_works_where_it_is_unpacked(
    wheel: Path, tmp_path: Path, words: tuple[str, ...], exit_code: int
) -> None:
    target = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    program = (
        "import sys; target = sys.argv[1]; sys.path.insert(0, target); sys.argv[:] = ['gatekeeper', *sys.argv[2:]]\n"
        "import action, checks, templates\n"
        "assert all(m.__file__.startswith(target) for m in (action, checks, templates)), 'not the unpacked ones'\n"
        "from action.cli.main import main\nmain()\n"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(target), *words],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (exit_code, "")
    assert done.stdout
