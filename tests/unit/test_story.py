"""What is kept of a run for the tracker: notes, command and changes, and no secret."""

from __future__ import annotations

import time

import pytest

from checks.masking import masked_command, masked_notes
from checks.run import Identity, RunData, Scalar, Words
from checks.story import MOST, tell_story


def ran(config: dict[str, Scalar] | None = None, **words: str) -> RunData:
    return RunData(ref="r", source="", identity=Identity(name="r"), config=config or {}, words=Words(**words))


def test_nothing_known_is_no_story() -> None:
    assert tell_story(ran(), {}) is None
    assert tell_story(ran(notes=" \n"), {"b": ran({"lr": 1})}) is None
    assert tell_story(ran({"lr": 1}), {"b": ran()}) is None


def test_notes_and_command_are_kept_without_secrets_and_not_for_ever() -> None:
    found = tell_story(ran(notes=" try beta\nagain ", command="train.py --api-key abc --lr 1"), {})

    assert found is not None
    assert (found.hypothesis, found.command) == ("try beta\nagain", "train.py --api-key *** --lr 1")
    assert (found.against, found.changes, found.hidden) == (None, (), 0)
    pasted = tell_story(ran(notes="run with\nWANDB_API_KEY=abc and --token xyz"), {})
    assert pasted is not None
    assert pasted.hypothesis is not None
    assert "abc" not in pasted.hypothesis
    assert "xyz" not in pasted.hypothesis
    long = tell_story(ran(notes="x" * 9_000), {})
    assert long is not None
    assert len(long.hypothesis or "") == MOST


def test_the_first_baseline_with_a_configuration_is_compared() -> None:
    found = tell_story(ran({"lr": 2}), {"none": ran(), "b": ran({"lr": 1}), "c": ran({"lr": 0})})

    assert found is not None
    assert (found.against, [one.before for one in found.changes]) == ("b", [1])


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("python train.py --lr 1e-5", "python train.py --lr 1e-5"),
        ("WANDB_API_KEY=abc python t.py", "WANDB_API_KEY=*** python t.py"),
        ("t.py --token abc", "t.py --token ***"),
        ("t.py --token=abc --x=1", "t.py --token=*** --x=1"),
        ("t.py --verbose --seed 3", "t.py --verbose --seed 3"),
        ("t.py hf_abcdef", "t.py ***"),
        ("t.py postgres://u:p@h/db", "t.py ***"),
        ("= t.py", "= t.py"),
        ("t.py --x 'a  b'  --y", "t.py --x 'a  b'  --y"),
        ("t.py --prompt-key prompt --token-level-loss --lr 1", "t.py --prompt-key prompt --token-level-loss --lr 1"),
        ("t.py --use-auth-token --lr 1 --pin-memory 1", "t.py --use-auth-token --lr 1 --pin-memory 1"),
        ("t.py --password 'correct horse' --lr 1", "t.py --password *** --lr 1"),
        ("t.py '--password=correct horse'", "t.py --password=***"),
        ("t.py --api-key Zm9vYmFyYmF6MTIzNDU2Nzg5MA== x", "t.py --api-key *** x"),
        ("t.py --password lr=x --token -Xa9_kk -v", "t.py --password *** --token *** -v"),
        ("t.py --api_key = x --password '' y", "t.py --api_key = *** --password '' ***"),
        ("t.py --api-keys a b --lr 1", "t.py --api-keys *** *** --lr 1"),
        ("t.py --db 'postgres://bob:x@db/x?sslmode=require'", "t.py --db ***"),
        ("t.py sk-proj-abc123=x 'hf_abc=x'", "t.py *** ***"),
        ("t.py -H 'Authorization: Bearer abc' --lr 1", "t.py -H *** --lr 1"),
        ("""t.py --config '{"api_key": "x"}' '++wandb={api_key: x}'""", "t.py --config *** ++wandb=***"),
        ("t.py '--args=--api-key abc' '--api-key\tx' '--api-key x'", "t.py --args=*** *** ***"),
        ("t.py -u bob:x --user=bob:x --user bob", "t.py -u *** --user=*** --user bob"),
        ("t.py --apikey:x /apikey:x", "t.py *** ***"),
        ("t.py --api-key= x api_key: y '--token =' z", "t.py --api-key= *** api_key: *** *** ***"),
        ("t.py https://hooks.slack.com/services/T0/B0/x", "t.py ***"),
        ("t.py --token 'never ends", "***"),
    ],
)
def test_secrets_of_a_command_are_masked(command: str, told: str) -> None:
    assert masked_command(command) == told


@pytest.mark.parametrize(
    ("notes", "told"),
    [
        ("try beta = 0.1, as in [1]: it's worth it\n\n- more", "try beta = 0.1, as in [1]: it's worth it\n\n- more"),
        ("password: hunter2x and more", "***"),
        ("API_KEY = hunter2x", "***"),
        ("a\napi_key:\n  hunter2x\nb", "a\napi_key:\n***\nb"),
        ("--token\thunter2x --lr 1", "--token\t*** --lr 1"),
        ("--token\nhunter2x", "--token\n***"),
        ("--api-key  hunter2x", "--api-key  ***"),
        ("python t.py --token \\\n  hunter2x \\\n  --lr 1", "python t.py --token *** --lr 1"),
        ("see `--api-key hunter2x`", "***"),
        ("(--token hunter2x)", "***"),
        ("export WANDB_API_KEY='a hunter2x' # mine", "export WANDB_API_KEY=*** # mine"),
        ("""{"password": "hunter2x", "lr": 1}""", """{"password": ***, "lr": 1}"""),
        ("curl -H 'Authorization: Bearer hunter2x'", "***"),
    ],
)
def test_secrets_in_notes_are_masked(notes: str, told: str) -> None:
    assert masked_notes(notes) == told


def test_a_secret_that_is_cut_is_masked_before() -> None:
    found = tell_story(ran(command="t.py " + "x " * 985 + "postgres://bob:hunter2supersecret@host/db"), {})

    assert found is not None
    assert "hunter2" not in (found.command or "")


@pytest.mark.parametrize(
    "text", ["a ", "--a ", "--key ", "key=", "'", "a:b@", "\n", "key:\n", "\\\n", "'k=", "--keys a "]
)
def test_long_texts_are_gone_through_in_seconds(text: str) -> None:
    long = text * (32_000 // len(text))
    start = time.process_time()

    masked_notes(long)
    masked_command(long)

    assert time.process_time() - start < 5
