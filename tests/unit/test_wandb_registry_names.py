"""Names of artifacts, collections and aliases on W&B, as people copy them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.errors import InputError
from action.registries.wandb.names import parse_artifact, parse_target, require_alias

READ = {
    "team/league/adapter:v7": "team/league/adapter:v7",
    "team/league/adapter:best so far": "team/league/adapter:best so far",
    "wandb-artifact://team/league/adapter:v7": "team/league/adapter:v7",
    "wandb-artifact:///team/league/adapter:v7": "team/league/adapter:v7",
    "https://wandb.ai/team/league/artifacts/model/adapter/v7": "team/league/adapter:v7",
    "https://wandb.ai/team/league/artifacts/model/my%20adapter/v7/files?x=1#y": "team/league/my adapter:v7",
    "org/wandb-registry-model/Agents:production": "org/wandb-registry-model/Agents:production",
}
NONE = (
    "",
    "adapter:v7",
    "league/adapter:v7",
    "../league/adapter:v7",
    "team/.hidden/adapter:v7",
    "team/league/",
    "team/league/:v7",
    "team/league/adapter:",
    "team/league/..:v7",
    "team/league/a/b:v7",
    "team/league/adapter:v7:v8",
    "team/league/adapter:a/b",
    "team/league/ada\npter:v7",
    "team/league/adapter:\u202e",
    f"team/league/{'x' * 129}:v7",
    "https://wandb.ai/team/league/runs/abc123",
    "https://wandb.ai/team/league/artifacts/model/adapter",
    "https://[/team/league/artifacts/model/adapter/v7",
)


@pytest.mark.parametrize("text", READ)
def test_a_version_is_read_as_people_copy_it(text: str) -> None:
    assert READ[text] == parse_artifact(text).path


@pytest.mark.parametrize("text", NONE)
def test_what_names_no_version_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_artifact(text)

    assert "\n" not in str(caught.value)
    assert ": expected " in str(caught.value)


def test_the_host_of_a_page_is_kept() -> None:
    assert parse_artifact("https://wandb.ai/team/league/artifacts/model/adapter/v7").host == "wandb.ai"
    assert parse_artifact("team/league/adapter:v7").host is None


@given(st.text(), st.text())
def test_any_text_is_a_name_or_refused_in_one_line(artifact: str, alias: str) -> None:
    for read, text in ((parse_artifact, artifact), (parse_target, artifact), (require_alias, alias)):
        assert "\n" not in _said(read, text)


def _said(read: Callable[[str], object], text: str) -> str:
    try:
        read(text)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("alias", ["production", "v-one", "v", "1.0", "best so far", "ünï", "x" * 128])
def test_what_stays_where_it_is_put_is_an_alias(alias: str) -> None:
    require_alias(alias)
