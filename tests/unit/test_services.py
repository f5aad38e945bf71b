"""Which services an environment opens, and that nothing of a secret is shown."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from action.errors import UsageError
from action.secret import Secret
from action.services import WANDB_URL, read_services
from action.sources.wandb_api.wanted import Wanted
from action.wandb_service.access import Access
from action.wandb_service.request import Request

KEY = "canary" + "k" * 40


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    return tmp_path


def test_without_anything_there_is_no_key_and_no_axiom() -> None:
    found = read_services({})

    assert (found.wandb_key.reveal(), found.wandb_url, found.axiom) == ("", WANDB_URL, None)


def test_everything_is_read_without_the_spaces_around_it() -> None:
    found = read_services(
        {
            "WANDB_API_KEY": f" {KEY}\n",
            "WANDB_BASE_URL": " https://wandb.example.com/ ",
            "AXIOM_TOKEN": "xaat-1 ",
            "AXIOM_DATASET": " events",
            "AXIOM_URL": "https://api.eu.axiom.co",
            "AXIOM_ORG_ID": "org",
        }
    )

    assert (found.wandb_key.reveal(), found.wandb_url) == (KEY, "https://wandb.example.com")
    assert found.axiom is not None
    assert found.axiom.token.reveal() == "xaat-1"
    assert (found.axiom.dataset, found.axiom.url, found.axiom.org) == ("events", "https://api.eu.axiom.co", "org")


def test_empty_variables_are_none() -> None:
    names = ("WANDB_API_KEY", "WANDB_BASE_URL", "AXIOM_TOKEN", "AXIOM_DATASET", "AXIOM_URL", "AXIOM_ORG_ID")

    found = read_services(dict.fromkeys(names, " "))

    assert (found.wandb_key.reveal(), found.wandb_url, found.axiom) == ("", WANDB_URL, None)


def test_the_key_of_a_login_is_found_by_the_host_that_is_asked(home: Path) -> None:
    (home / ".netrc").write_text(
        f"machine api.wandb.ai login user password {KEY}\nmachine own.example.com login user password other\n"
    )
    (home / ".netrc").chmod(0o600)

    assert read_services({}).wandb_key.reveal() == KEY
    assert read_services({"WANDB_BASE_URL": "https://own.example.com"}).wandb_key.reveal() == "other"
    assert read_services({"WANDB_BASE_URL": "https://third.example.com"}).wandb_key.reveal() == ""
    assert read_services({"WANDB_API_KEY": "k" * 40}).wandb_key.reveal() == "k" * 40


@pytest.mark.parametrize("content", [b"machine", b"\xff\xfe\x00", b"machine api.wandb.ai login\n", b"no such word"])
def test_a_login_file_that_cannot_be_read_is_none(home: Path, content: bytes) -> None:
    (home / ".netrc").write_bytes(content)

    assert read_services({}).wandb_key.reveal() == ""


def test_a_login_file_that_others_may_read_is_no_reason_to_fail(home: Path) -> None:
    (home / ".netrc").write_text(f"machine api.wandb.ai login user password {KEY}\n")
    (home / ".netrc").chmod(0o644)

    assert read_services({}).wandb_key.reveal() in ("", KEY)


@pytest.mark.parametrize("name", ["WANDB_BASE_URL", "AXIOM_URL"])
@pytest.mark.parametrize(
    "address",
    [
        "api.wandb.ai",
        "ftp://h",
        "https://",
        "https://user:secret@h",
        "file:///etc/passwd",
        "javascript:x",
        "http://[::1",
        "http://h:port",
    ],
)
def test_an_address_that_is_none_is_refused_without_being_told(name: str, address: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_services({name: address, "AXIOM_TOKEN": "xaat"})

    expected = f"{name}: expected an address such as https://api.example.com, got another; correct it"
    assert expected == str(caught.value)


def test_no_secret_is_shown_by_anything_that_holds_it() -> None:
    services = read_services({"WANDB_API_KEY": KEY, "AXIOM_TOKEN": KEY})
    wanted = Wanted(entity="e", project="p", run="r")
    request = Request(errand=wanted.errand(), key=KEY, url="https://h", folder="/f", seconds=1)
    held = [services, services.axiom, Access(key=Secret(KEY)), request, [request], {"r": services}]

    for one in held:
        assert KEY not in repr(one)
        assert KEY not in f"{one}"
        assert KEY not in str(one)


def test_a_request_crosses_to_the_other_process_whole() -> None:
    wanted = Wanted(entity="e", project="p", run="r", games=True, filters={"tags": "x"}, most=7)
    request = Request(errand=wanted.errand(), key=KEY, url="https://h", folder="/f", seconds=1.5)

    assert Request.read(asdict(request)) == Request.read(request.document()) == request
