"""Names of runs on W&B, and what W&B says of one, as our nouns."""

from __future__ import annotations

import json
import re
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.errors import InputError
from action.runs import is_online
from action.sources.wandb_api.facts import config_of, identity_of, state_of, time_of
from action.sources.wandb_api.runs import RunName, parse_run
from action.wandb_service.asking import load
from action.wandb_service.failure import explain_error, explain_status, find_status
from checks.run import RunState

NAME = RunName(entity="team", project="league", run="abc123")

READ = {
    "team/league/abc123": "abc123",
    "wandb://team/league/abc123": "abc123",
    "https://wandb.ai/team/league/runs/abc123": "abc123",
    "https://wandb.ai/team/league/runs/abc123/": "abc123",
    "https://wandb.ai/team/league/runs/abc123/logs?x=1#y": "abc123",
    "http://localhost:8080/team/league/runs/abc123": "abc123",
    "https://wandb.ai/team/league/runs/a%20b": "a b",
    "team/league/a/b//c": "a/b//c",
    'team/league/it\'s "so"': 'it\'s "so"',
    "team/league/ünï": "ünï",
    "team/league/..x": "..x",
}


@pytest.mark.parametrize("text", READ)
def test_a_name_is_read_as_people_copy_it(text: str) -> None:
    assert RunName(entity="team", project="league", run=READ[text]) == parse_run(text)


REFUSED = (
    "",
    "run",
    "team/league",
    "team/league/",
    "/league/run",
    "team//run",
    "../league/run",
    "team/../run",
    "team/.hidden/run",
    "team/league/..",
    "team/league/.",
    "team/league/ ",
    "team/league/two\nlines",
    "team/league/\x1b[31m",
    "team/league/\u202e",
    "team/league/nul\0",
    "team/league/" + "x" * 301,
    "te?am/league/run",
    "team/lea#gue/run",
    "te%2fam/league/run",
    "https://wandb.ai/team/league",
    "https://wandb.ai/team/league/sweeps/abc",
    "https://wandb.ai/team/league/runs",
    "https://wandb.ai/team/league/runs/..",
    "https://wandb.ai/..%2f..%2fx/league/runs/abc",
    "https://wandb.ai/team/league/runs/a%0ab",
    "https://[::1/team/league/runs/a",
)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_name_of_a_run_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_run(text)

    assert "expected a run on W&B as entity/project/run" in str(caught.value)
    assert str(caught.value).isprintable()


@given(st.text(max_size=80))
def test_any_text_is_a_name_or_refused_and_its_parts_climb_nowhere(text: str) -> None:
    try:
        found = parse_run(text)
    except InputError:
        return
    for part in (found.entity, found.project):
        assert "/" not in part
        assert not part.startswith(".")
    assert found.run.isprintable()
    assert found.run.strip(". ")


PLAIN = st.from_regex("[A-Za-z0-9][A-Za-z0-9_-]{0,9}", fullmatch=True)


@given(entity=PLAIN, project=PLAIN, run=PLAIN)
def test_a_name_is_read_back_from_its_path_and_its_page(entity: str, project: str, run: str) -> None:
    name = RunName(entity=entity, project=project, run=run)

    assert name == parse_run(name.path) == parse_run(f"wandb://{name.path}")
    assert name == parse_run(f"https://wandb.ai/{entity}/{project}/runs/{run}")
    assert is_online(name.path)


def test_times_are_utc_whatever_they_say() -> None:
    times = {
        "2026-01-02T03:04:05": "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05Z": "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.999999Z": "2026-01-02T03:04:05Z",
        "2026-01-02T05:04:05+02:00": "2026-01-02T03:04:05Z",
        "2026-01-02 03:04:05": "2026-01-02T03:04:05Z",
    }

    assert times == {text: time_of(text) for text in times}


@pytest.mark.parametrize(
    "value", [None, "", "soon", 7, True, [], {}, "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"]
)
def test_what_is_no_time_is_none(value: object) -> None:
    assert time_of(value) is None


@given(st.text() | st.integers() | st.none() | st.datetimes().map(str))
def test_any_time_is_one_or_none(value: object) -> None:
    found = time_of(value)

    assert found is None or (len(found) == 20 and found.endswith("Z"))


CONFIGS: dict[str, tuple[Any, dict[str, Any]]] = {
    "wrapped": ({"lr": {"value": 1e-5, "desc": None}}, {"lr": 1e-5}),
    "bare": ({"lr": 1e-5}, {"lr": 1e-5}),
    "nested": ({"trainer": {"value": {"steps": 9, "deep": {"x": None}}}}, {"trainer.steps": 9, "trainer.deep.x": None}),
    "lists and the client's own": ({"l": {"value": [1]}, "_wandb": {"value": {"t": 1}}}, {}),
    "nothing": ({}, {}),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_a_configuration_is_flattened(case: str) -> None:
    stored, expected = CONFIGS[case]

    assert expected == config_of({"config": json.dumps(stored)}) == config_of({"config": stored})


@pytest.mark.parametrize("stored", [None, "", "{", "[]", "7", 7, "null"])
def test_a_configuration_that_is_none_is_empty(stored: object) -> None:
    assert config_of({"config": stored}) == {}


@given(st.text())
def test_any_text_of_json_is_an_object_or_empty(text: str) -> None:
    assert isinstance(load(text), dict)


def test_deep_json_is_no_crash() -> None:
    assert load("[" * 100_000) == {}
    assert load('{"a":' * 100_000) == {}


def test_an_identity_holds_what_w_and_b_says_and_no_commit_that_is_none() -> None:
    about = {"name": "abc123", "displayName": "grpo 7", "commit": "C0FFEE1", "createdAt": "2026-01-02T03:04:05"}

    found = identity_of(about, NAME, "https://wandb.ai")
    other = identity_of({"name": "abc123", "commit": "main; rm -rf", "displayName": ""}, NAME, "https://wandb.ai")

    assert (found.id, found.name, found.commit) == ("abc123", "grpo 7", "c0ffee1")
    assert (found.url, found.started_at) == ("https://wandb.ai/team/league/runs/abc123", "2026-01-02T03:04:05Z")
    assert (other.name, other.commit, other.started_at) == ("abc123", None, None)


@pytest.mark.parametrize("state", [None, 7, "", "FINISHED", "done", []])
def test_a_state_that_nobody_knows_is_not_the_one_of_a_finished_run(state: object) -> None:
    assert state_of({"state": state}) is RunState.KILLED


STATUSES = {
    "POST … giving up after 3 attempt(s) while retrying: HTTP 429: slow": 429,
    "GET … unexpected HTTP status 503 Service Unavailable": 503,
    "file transfer: download: failed to download: status: 403 Forbidden: body: x": 403,
    "returned error 401: x": 401,
    "status code: 404": 404,
    "HTTP/1.1 is old": 0,
    "read tcp 127.0.0.1:50123": 0,
    "": 0,
}


@pytest.mark.parametrize("text", STATUSES)
def test_a_status_is_found_where_only_the_text_tells_it(text: str) -> None:
    assert STATUSES[text] == find_status(text)


@pytest.mark.parametrize("status", range(0, 600, 7))
def test_a_status_that_means_nothing_in_particular_says_nothing(status: int) -> None:
    told = explain_status(status, None, "https://h")

    assert (told is None) == (status not in (401, 403, 404, 429) and status < 500)


@given(text=st.text(), key=st.text(min_size=40, alphabet=string.ascii_letters))
def test_an_error_is_told_in_our_own_words_alone(text: str, key: str) -> None:
    told = explain_error(f"{text} {key} https://h/x?sig={key} s3://b/{key} //h/{key} {text}", "a file")

    assert key not in told
    assert not set(told.split()) & {"https://", "s3://", "//h/"}
    assert re.fullmatch(r"W&B: expected a file, got [\w :()&]+; [\w ]+", told), told
