"""The command line asks Axiom, through its real client, what it asks event files, and says in a line what is wrong."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.runs import command, rows, write_lines, write_run
from tests.services.axiom import Axiom
from tests.services.league_log import league_log
from tests.services.wandb import Wandb
from tests.services.wandb_run import Run

SPAN = ("--since", "2026-01-05T00:00:00Z", "--until", "2026-01-06T00:00:00Z")
ESTIMATES = ("p50_s", "p95_s", "p95_generation_s")
LOG = tuple(league_log(7))


@pytest.fixture(scope="module")
def axiom() -> Iterator[Axiom]:
    with Axiom(LOG) as service:
        yield service


@pytest.fixture
def events(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "events.jsonl", LOG)


def opened(axiom: Axiom, **changes: str) -> Mapping[str, str]:
    return {"AXIOM_TOKEN": axiom.token, "AXIOM_DATASET": axiom.dataset, "AXIOM_URL": axiom.url, **changes}


def table(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert (done.returncode, done.stderr) == (0, "")
    rows: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
    return [{name: cell for name, cell in row.items() if name not in ESTIMATES} for row in rows]


@pytest.mark.parametrize(
    "words",
    [
        ("rollout-timing",),
        ("rollout-timing", "--by", "horizon_type"),
        ("inference", "--by", "lora_name"),
        ("extraction", "--by", "power"),
        ("errors", "--limit", "3"),
        ("errors", "--severity", "error"),
        ("errors", "--severity", "warning"),
        ("outcomes", "--by", "power"),
        ("health", "--run", "run-a"),
    ],
)
def test_a_question_has_one_answer_wherever_the_events_are(
    axiom: Axiom, events: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    online = command("logs", *words, *SPAN, "--format", "json", cwd=tmp_path, env=opened(axiom))
    offline = command("logs", *words, *SPAN, "--events", events, "--format", "json", cwd=tmp_path)

    assert_close(table(online), table(offline))


def assert_close(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    assert [list(row) for row in one] == [list(row) for row in other]
    for left, right in zip(one, other, strict=True):
        for name, cell in left.items():
            assert cell == (pytest.approx(right[name], rel=1e-8) if isinstance(cell, float) else right[name]), name


def test_a_time_range_leaves_the_rest_out(axiom: Axiom, tmp_path: Path) -> None:
    none = command("logs", "health", "--last", "1h", "--format", "json", cwd=tmp_path, env=opened(axiom))

    [row] = table(none)
    assert row["started"] is None or row["started"] == 0


def test_a_query_of_ones_own_shows_its_rows(axiom: Axiom, tmp_path: Path) -> None:
    apl = f"['{axiom.dataset}'] | where event == \"rollout_start\" | summarize n = count()"
    done = command("logs", "query", apl, *SPAN, "--format", "json", cwd=tmp_path, env=opened(axiom))

    assert table(done) == [{"n": sum(one.get("event") == "rollout_start" for one in LOG)}]


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("health",), 2, "AXIOM_TOKEN: expected a token to ask Axiom, got none; set it"),
        (("query",), 2, "logs query: expected a query in APL"),
        (("health", "x | count"), 2, "logs query: expected a query in APL"),
        (("health", "--severity", "error"), 2, "--severity: expected it with `errors`"),
        (("health", "--last", "6y"), 2, "--last: expected a time range such as 30m, 6h, 7d or 1w"),
        (("health", "--last", "6h", "--since", "2026-01-05"), 2, "--last: expected it alone"),
        (("health", "--since", "yesterday"), 2, "--since: expected a time such as"),
        (("health", "--since", "0001-01-01T00:00:00+14:00"), 2, "--since: expected a time such as"),
        (("health", "--until", "9999-12-31"), 2, "--until: expected a time such as"),
        (("health", "--run", ""), 2, "--run: expected a name, got an empty one"),
        (("errors", "--severity", " "), 2, "--severity: expected a name, got an empty one"),
        (("health", "--since", "2026-01-05", "--until", "2026-01-04"), 2, "--until: expected a time after --since"),
        (("query", "x", "--by", "run"), 2, "--by: expected nothing beside a query"),
        (("health", "--by", "power"), 2, "--by: "),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, words: tuple[str, ...], code: int, error: str) -> None:
    done = command("logs", *words, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(f"gatekeeper: {error}"), done.stderr


@pytest.mark.parametrize(
    ("changes", "code", "error"),
    [
        ({"AXIOM_TOKEN": "xaat-wrong"}, 3, "Axiom: expected access, got 403"),
        ({"AXIOM_DATASET": ""}, 2, "AXIOM_DATASET: expected the name of the dataset"),
        ({"AXIOM_DATASET": "a']b"}, 2, "a']b: expected the name of an Axiom dataset"),
        ({"AXIOM_URL": "ftp://x"}, 2, "AXIOM_URL: expected an address such as"),
        ({"AXIOM_URL": "http://127.0.0.1:9"}, 3, "Axiom: expected an answer, got no connection"),
    ],
)
def test_a_wrong_set_up_is_one_line(
    axiom: Axiom, tmp_path: Path, changes: dict[str, str], code: int, error: str
) -> None:
    done = command("logs", "health", cwd=tmp_path, env=opened(axiom, **changes))

    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(f"gatekeeper: {error}"), done.stderr
    assert axiom.token not in done.stderr


def test_a_verdict_rests_on_one_query_a_question_and_is_judged_again_without_axiom(tmp_path: Path) -> None:
    now = datetime.now(UTC) - timedelta(minutes=30)
    recent = [
        {"event": "rollout_complete", "duration_s": 20.0 + i, "trajectory_count": 8, "run_name": "run",
         "_time": (now + timedelta(seconds=i)).isoformat()}
        for i in range(20)
    ]  # fmt: skip
    policy = tmp_path / "p.yml"
    policy.write_text(
        "version: 1\nchecks:\n"
        '  p95: {logs: rollout-timing, value: p95_s, pass: "< 120"}\n'
        '  hang: {logs: health, value: completed, pass: "> 5"}\n'
        "  own:\n    axiom: \"['league-events'] | where ['run_name'] == {run.name} "
        '| summarize value = max(duration_s), n = count()"\n    pass: "< 40"\n'
    )
    write_run(tmp_path, rows())
    with Axiom(recent) as service:
        words = ("run.jsonl", "--policy", "p.yml", "--out", "out")
        done = command("check", *words, cwd=tmp_path, env=opened(service))
        asked = service.queries

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(asked) == len(set(asked)) == 3
    first = (tmp_path / "out" / "verdict.json").read_bytes()
    again = command("check", "out", "--out", "again", cwd=tmp_path)
    assert (again.returncode, (tmp_path / "again" / "verdict.json").read_bytes()) == (0, first)
    explained = command("explain", "out", "p95", cwd=tmp_path).stdout
    assert "percentile(" in " ".join(explained.split())
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert service.token.encode() not in written
    assert service.token not in done.stdout + done.stderr


def test_the_doctor_looks_at_the_dataset(axiom: Axiom, tmp_path: Path) -> None:
    done = command("doctor", "--profile", "pipeline", cwd=tmp_path, env=opened(axiom))

    # The log is months old: nothing was written within 30 days.
    assert done.returncode == 10
    assert "Axiom token: valid" in done.stdout
    assert "fault" in done.stdout
    assert axiom.token not in done.stdout + done.stderr


def test_the_doctor_tells_an_outage_from_a_wrong_token(axiom: Axiom, tmp_path: Path) -> None:
    wrong = command("doctor", "--profile", "pipeline", cwd=tmp_path, env=opened(axiom, AXIOM_TOKEN="xaat-no"))
    gone = command("doctor", "--profile", "pipeline", cwd=tmp_path, env=opened(axiom, AXIOM_URL="http://127.0.0.1:9"))

    assert (wrong.returncode, gone.returncode) == (10, 10)
    assert "expected access, got 403" in wrong.stdout
    assert "got no connection" in gone.stdout


def test_a_service_that_is_set_up_wrongly_is_nobodys_business_where_files_are_judged(tmp_path: Path) -> None:
    write_run(tmp_path)
    odd = {"WANDB_BASE_URL": "nonsense", "AXIOM_URL": "ftp://x", "AXIOM_TOKEN": "xaat-x"}

    assert command("metrics", "run.jsonl", "-m", "kl", cwd=tmp_path, env=odd).returncode == 0
    assert command("check", "run.jsonl", cwd=tmp_path, env=odd).returncode in (0, 10, 11)


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"display": "grpo 7", "created_at": "2026-01-02T03:30:00"}, 11),
        ({"display": "abc123", "created_at": "2026-01-02T03:30:00"}, 11),
        ({"display": "grpo 7", "created_at": "2026-01-02T04:10:00", "heartbeat_at": "2026-01-02T05:00:00"}, 0),
        ({"display": "grpo 8", "created_at": "2026-01-02T03:30:00"}, 0),
    ],
)
def test_events_of_another_run_of_that_name_open_no_gate(tmp_path: Path, other: dict[str, str], code: int) -> None:
    log = [
        {"event": "rollout_complete", "duration_s": 20.0, "run_name": "grpo 7", "_time": f"2026-01-02T03:{minute}:00Z"}
        for minute in range(10, 40)
    ]
    (tmp_path / "p.yml").write_text(
        'version: 1\nchecks:\n  p95: {logs: rollout-timing, value: p95_s, pass: "< 120"}\n'
        '  kl: {metric: kl, stat: max, pass: "< 1"}\n'
    )
    data = [{"_step": step, "kl": 0.1 + step / 1000} for step in range(40)]
    with Axiom(log) as axiom, Wandb(Run(rows=data), Run(name="def456", **other)) as wandb:  # type: ignore[arg-type]
        env = {**opened(axiom), **wandb.environment()}
        done = command("check", "team/league/abc123", "--policy", "p.yml", "--out", "out", cwd=tmp_path, env=env)

    assert done.returncode == code, done.stdout + done.stderr
    assert ("(def456)" in (tmp_path / "out" / "verdict.md").read_text()) == (code == 11)
    assert [one for one in wandb.operations if one == "Runs"] == ["Runs"]
