"""A registry in a folder: one truth, which no kill, race or edit tears."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from action.errors import InputError, OutputError, RefusalError
from action.registries.local import LocalRegistry
from action.registries.local.log import read_log
from action.registry import Change, Happened, Order
from tests.killing import order, promote, sha
from tests.runs import ROOT, clean_environment


def checkpoint(folder: Path, name: str = "adapter", text: str = "weights") -> Path:
    place = folder / name
    place.mkdir(parents=True)
    (place / "model.safetensors").write_text(text)
    (place / "config.json").write_text("{}")
    return place


def entries(root: Path) -> list[dict[str, Any]]:
    return [dict(one.said) for one in read_log(root / "log")]


def link(root: Path, alias: str = "production") -> Path:
    return root / "aliases" / alias


def test_a_promotion_copies_the_bytes_moves_the_alias_and_keeps_the_proof(tmp_path: Path) -> None:
    root, made = tmp_path / "registry", checkpoint(tmp_path)
    registry = LocalRegistry(root)
    asked = order(registry, made, "production", "1")

    moved = registry.move(asked)

    assert (moved.change, moved.before) == (Change.MOVED, None)
    assert registry.holder("production") == replace(asked.to, run="adapter")
    assert (link(root) / "model.safetensors").read_text() == "weights"
    assert (root / "verdicts" / sha("1") / "verdict.json").read_bytes() == b"1"
    assert registry.proof("production") == root / "verdicts" / sha("1")
    [entry] = entries(root)
    assert (entry["event"], entry["by"], entry["alias"]) == ("promoted", "ada", "production")
    assert entry["checkpoint"] == {"name": "adapter", "digest": asked.to.digest}


def test_what_is_promoted_stays_what_it_was_whatever_becomes_of_the_source(tmp_path: Path) -> None:
    root, made = tmp_path / "registry", checkpoint(tmp_path)
    promote(root, made, "1")

    (made / "model.safetensors").write_text("trained on")

    assert (link(root) / "model.safetensors").read_text() == "weights"
    assert not (link(root) / "model.safetensors").stat().st_mode & 0o222


def test_the_same_again_changes_nothing(tmp_path: Path) -> None:
    root, made = tmp_path / "registry", checkpoint(tmp_path)
    promote(root, made, "1")

    assert promote(root, made, "1") == "already"
    assert len(entries(root)) == 1


def test_an_older_one_again_is_the_rollback_also_by_its_digest_alone(tmp_path: Path) -> None:
    root, old = tmp_path / "registry", checkpoint(tmp_path, "old", "1")
    promote(root, old, "1")
    digest = str(LocalRegistry(root).find(str(old)).digest)
    promote(root, checkpoint(tmp_path, "new", "2"), "2")
    (old / "model.safetensors").unlink()
    registry = LocalRegistry(root)
    to = registry.find(digest)

    moved = registry.move(replace(order(registry, tmp_path / "new", "production", "3"), to=to))

    assert moved.change is Change.MOVED
    assert moved.before is not None
    assert moved.before.name == "new"
    assert (link(root) / "model.safetensors").read_text() == "1"
    assert [one["checkpoint"]["name"] for one in entries(root)] == ["old", "new", "old"]


def test_a_checkpoint_of_the_registry_is_found_by_the_start_of_its_digest_if_it_is_the_only_one(tmp_path: Path) -> None:
    root = tmp_path / "registry"
    promote(root, checkpoint(tmp_path), "1")
    registry = LocalRegistry(root)
    whole = str(registry.find(str(tmp_path / "adapter")).digest)

    assert registry.find(whole[:19]).digest == whole
    (root / "checkpoints" / f"{whole[7:20]}{'0' * 51}").mkdir()
    with pytest.raises(InputError, match=r"expected the start of one digest, got that of 2"):
        registry.find(whole[:19])


@pytest.mark.parametrize(
    "odd", ["sha256:", "sha256:0123456789a", "sha256:" + "G" * 64, "sha256:../verdicts", "sha256:*"]
)
def test_what_is_no_start_of_a_digest_is_told(tmp_path: Path, odd: str) -> None:
    root = tmp_path / "registry"
    promote(root, checkpoint(tmp_path), "1")

    with pytest.raises(InputError, match=r"expected sha256: and at least 12 hexadecimal digits"):
        LocalRegistry(root).find(odd)


def test_the_verdict_that_is_kept_of_a_checkpoint_is_that_of_its_last_promotion(tmp_path: Path) -> None:
    root = tmp_path / "registry"
    old, new = checkpoint(tmp_path, "old", "1"), checkpoint(tmp_path, "new", "2")
    for made, verdict in ((old, "1"), (new, "2"), (old, "3"), (new, "4")):
        promote(root, made, verdict)
    registry = LocalRegistry(root)
    stored = registry.find(str(old))
    registry.refuse("production", stored, replace(order(registry, old, "production", "5").record), ["not-a-pass"])

    assert registry.kept_verdict(str(stored.digest)) == root / "verdicts" / sha("3")
    assert registry.kept_verdict("sha256:" + "0" * 64) is None


def test_the_history_tells_what_happened_newest_first_and_what_holds(tmp_path: Path) -> None:
    root = tmp_path / "registry"
    old, new = checkpoint(tmp_path, "old", "1"), checkpoint(tmp_path, "new", "2")
    promote(root, old, "1")
    promote(root, old, "2", "staging")
    promote(root, new, "3")
    registry = LocalRegistry(root)
    asked = order(registry, new, "production", "4")
    registry.refuse("production", asked.to, replace(asked.record, why="try"), ["not-a-pass", "too-old"])

    promote(root, old, "1")
    told = [(one.number, one.happened, one.alias, one.checkpoint.name, one.holds) for one in registry.history()]

    assert told == [
        (5, "promoted-again", "production", "old", True),
        (4, "refused", "production", "new", False),
        (3, "promoted", "production", "new", False),
        (2, "promoted", "staging", "old", True),
        (1, "promoted", "production", "old", False),
    ]
    refused = registry.history()[1]
    assert (refused.why, refused.by, refused.reasons) == ("try", "ada", ("not-a-pass", "too-old"))


def test_a_verdict_that_was_exchanged_in_the_registry_is_told(tmp_path: Path) -> None:
    root = tmp_path / "registry"
    promote(root, checkpoint(tmp_path), "1")
    registry = LocalRegistry(root)
    digest = registry.history()[0].checkpoint.digest
    kept = root / "verdicts" / sha("1")
    for change in (
        lambda: (kept / "verdict.json").write_bytes(b"2"),
        lambda: ((kept / "verdict.json").write_bytes(b"1"), (kept / "evidence" / "manifest.json").write_bytes(b"3")),
        (kept / "verdict.json").unlink,
    ):
        change()
        with pytest.raises(InputError, match=r"expected (the|a) verdict .* restore it from a copy, or judge the run"):
            registry.kept_verdict(str(digest))
        with pytest.raises(InputError, match=r"expected (the|a) verdict .* restore it from a copy, or judge the run"):
            registry.proof("production")


def test_a_newer_verdict_on_the_holder_is_kept_though_nothing_moves(tmp_path: Path) -> None:
    root, made = tmp_path / "registry", checkpoint(tmp_path)
    promote(root, made, "1")
    registry = LocalRegistry(root)
    again = order(registry, made, "production", "2")
    newer = replace(again, record=replace(again.record, judged_at="2026-01-05T07:30:00Z"))

    assert {registry.move(one).change for one in (newer, newer, again)} == {Change.ALREADY}

    first, before = registry.history()
    assert (first.happened, first.verdict_sha256, first.holds) == (Happened.AGAIN, sha("2"), True)
    assert (before.verdict_sha256, before.holds) == (sha("1"), False)
    assert registry.kept_verdict(str(first.checkpoint.digest)) == root / "verdicts" / sha("2")


def test_the_bytes_of_another_on_the_shelf_are_not_found_by_a_digest(tmp_path: Path) -> None:
    root, old = tmp_path / "registry", checkpoint(tmp_path, "old", "1")
    promote(root, old, "1")
    promote(root, checkpoint(tmp_path, "new", "2"), "2")
    new, first = (str(one.checkpoint.digest) for one in LocalRegistry(root).history())
    one, other = (root / "checkpoints" / name.removeprefix("sha256:") for name in (first, new))
    for place in (one, other):
        place.chmod(0o755)
    (one / "old").rename(tmp_path / "aside")
    (other / "new").rename(one / "old")

    with pytest.raises(RefusalError, match=r"the registry's own copy was changed"):
        LocalRegistry(root).find(first)


def test_what_file_managers_leave_behind_is_no_checkpoint_and_more_is_told(tmp_path: Path) -> None:
    root = tmp_path / "registry"
    promote(root, checkpoint(tmp_path), "1")
    digest = str(LocalRegistry(root).history()[0].checkpoint.digest)
    place = root / "checkpoints" / digest.removeprefix("sha256:")
    place.chmod(0o755)
    (place / ".DS_Store").write_bytes(b"x")
    assert LocalRegistry(root).find(digest).digest == digest

    (place / "more").write_bytes(b"x")

    with pytest.raises(InputError, match=r"expected one checkpoint, got 2 files or folders; take away what is none"):
        LocalRegistry(root).find(digest)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_a_lock_that_others_keep_is_told_and_the_link_is_made_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl  # noqa: PLC0415 - Windows has none

    root, made = tmp_path / "registry", checkpoint(tmp_path)
    root.mkdir()
    monkeypatch.setattr("action.registries.local.links._PATIENCE", 0.1)
    with (root / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        told = promote(root, made, "1")

    assert "another program keeps .lock locked; the alias is moved: end that one, and run again" in told
    assert promote(root, made, "1") == "already"
    assert link(root).is_dir()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_the_log_is_told_at_once(tmp_path: Path) -> None:
    root = tmp_path / "registry"
    promote(root, checkpoint(tmp_path), "1")
    os.mkfifo(root / "log" / "000002.json")

    with pytest.raises(InputError, match=r"000002\.json: expected the log of a local registry"):
        LocalRegistry(root).history()


@pytest.mark.parametrize(
    ("field", "odd"),
    [
        ("reasons", 5),
        ("reasons", "abc"),
        ("reasons", [1]),
        ("reasons", ["trial"]),
        ("why", None),
        ("verdict", {"sha256": "../../a/out", "judged_at": "2026-01-05T07:00:00Z"}),
        ("evidence", {"sha256": None}),
    ],
)
def test_a_field_of_an_entry_that_cannot_be_ours_is_told(tmp_path: Path, field: str, odd: object) -> None:
    root = tmp_path / "registry"
    promote(root, checkpoint(tmp_path), "1")
    entry = root / "log" / "000001.json"
    said = json.loads(entry.read_text()) | {field: odd}
    entry.chmod(0o644)
    entry.write_text(json.dumps(said))

    with pytest.raises(InputError, match=r"000001\.json: expected the log of a local registry"):
        LocalRegistry(root).history()


def test_a_folder_with_other_things_in_it_becomes_no_registry(tmp_path: Path) -> None:
    root = tmp_path / "registry"
    registry = LocalRegistry(root)
    registry.require_ours()  # which is not there yet
    (root / "incoming").mkdir(parents=True)  # as a promotion leaves it that was killed early
    (root / ".gitkeep").touch()
    registry.require_ours()
    (root / "train.py").touch()

    with pytest.raises(InputError, match=r"got one with train\.py in it; name another with --registry"):
        registry.require_ours()
    promote(root, checkpoint(tmp_path), "1")
    registry.require_ours()  # it is one, whatever lies beside


def test_a_folder_without_a_log_has_no_history(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected the folder of a local registry, found no log in it"):
        LocalRegistry(tmp_path).history()


def test_who_comes_second_is_told_and_changes_nothing(tmp_path: Path) -> None:
    root, registry = tmp_path / "registry", LocalRegistry(tmp_path / "registry")
    mine = order(registry, checkpoint(tmp_path, "mine", "1"), "production", "1")
    promote(root, checkpoint(tmp_path, "theirs", "2"), "2")

    with pytest.raises(RefusalError, match=r"refused \(alias-moved\): .* held by theirs, moved by ada") as caught:
        registry.move(mine)

    assert [one.reason.value for one in caught.value.refusals] == ["alias-moved"]
    assert [one["checkpoint"]["name"] for one in entries(root)] == ["theirs"]
    assert (link(root) / "model.safetensors").read_text() == "2"


def test_two_aliases_do_not_stand_in_each_others_way(tmp_path: Path) -> None:
    root, registry = tmp_path / "registry", LocalRegistry(tmp_path / "registry")
    mine = order(registry, checkpoint(tmp_path, "mine", "1"), "staging", "1")
    promote(root, checkpoint(tmp_path, "theirs", "2"), "2")

    assert registry.move(mine).change is Change.MOVED
    assert (link(root, "staging") / "model.safetensors").read_text() == "1"
    assert (link(root) / "model.safetensors").read_text() == "2"


def test_bytes_that_change_between_the_verdict_and_the_copy_are_refused(tmp_path: Path) -> None:
    root, made = tmp_path / "registry", checkpoint(tmp_path)
    registry = LocalRegistry(root)
    asked = order(registry, made, "production", "1")
    (made / "model.safetensors").write_text("others")

    with pytest.raises(RefusalError, match=r"refused \(other-checkpoint\): .* changed while it was promoted"):
        registry.move(asked)

    assert entries(root) == []
    assert not link(root).exists()
    assert not list((root / "incoming").iterdir())


def test_a_copy_in_the_registry_that_was_changed_is_never_promoted_again(tmp_path: Path) -> None:
    root, made = tmp_path / "registry", checkpoint(tmp_path)
    promote(root, made, "1")
    kept = link(root) / "model.safetensors"
    kept.chmod(0o644)
    kept.write_text("others")

    assert promote(root, made, "1").startswith("refused (other-checkpoint): expected sha256:")


def _edit(log: Path, number: int, edit: Any) -> None:
    path = log / f"{number:06}.json"
    path.chmod(0o644)
    path.write_text(edit(path.read_text()))


@pytest.mark.parametrize(
    "damage",
    [
        lambda log: _edit(log, 1, lambda text: text.replace("ada", "eve")),
        lambda log: _edit(log, 2, lambda text: text[:-20]),
        lambda log: _edit(log, 3, lambda text: text.replace('"number": 3', '"number": 4')),
        lambda log: _edit(log, 3, lambda text: text.replace("promoted", "stolen")),
        lambda log: _edit(log, 3, lambda text: text + " " * 100_000),
        lambda log: _edit(log, 3, lambda _: "[" * 100_000),
        lambda log: _edit(log, 2, lambda _: "[]"),
        lambda log: _edit(log, 3, lambda text: text.replace('"alias"', '"other"')),
        lambda log: _edit(log, 3, lambda text: text.replace('"digest": "', '"digest": 1, "x": "')),
        lambda log: (log / "000002.json").unlink(),
        lambda log: (log / "000001.json").unlink(),
        lambda log: (log / "0000003.json").write_text("{}"),
    ],
)
def test_a_log_that_was_edited_by_hand_is_told_and_nothing_is_promoted(tmp_path: Path, damage: Any) -> None:
    root = tmp_path / "registry"
    for number in (1, 2, 3):
        promote(root, checkpoint(tmp_path, f"c{number}", str(number)), str(number) * 64)
    damage(root / "log")

    with pytest.raises(InputError, match=r"log/?.*: expected the log of a local registry"):
        LocalRegistry(root).holder("production")
    assert "expected the log of a local registry" in promote(root, tmp_path / "c1", "4")


def test_a_refused_verdict_is_remembered_once(tmp_path: Path) -> None:
    root, registry = tmp_path / "registry", LocalRegistry(tmp_path / "registry")
    asked = order(registry, checkpoint(tmp_path), "production", "1")

    for _ in range(2):
        registry.refuse("production", asked.to, asked.record, ["not-a-pass"])

    [entry] = entries(root)
    assert (entry["event"], entry["reasons"]) == ("refused", ["not-a-pass"])
    policy = asked.record.policy_sha256
    assert registry.refused("adapter", policy, "9") == asked.record.judged_at
    assert registry.refused("adapter", policy, asked.record.verdict_sha256) is None
    assert registry.refused("adapter", "other", "9") is None
    assert registry.refused("another", policy, "9") is None
    assert registry.holder("production") is None


def test_an_entry_that_could_not_be_read_again_is_never_written(tmp_path: Path) -> None:
    root, made = tmp_path / "registry", checkpoint(tmp_path)
    registry = LocalRegistry(root)
    asked = order(registry, made, "production", "1")

    with pytest.raises(InputError, match="expected an entry of at most 100 kB"):
        registry.move(replace(asked, record=replace(asked.record, why="第" * 20_000)))

    assert entries(root) == []
    assert promote(root, made, "1") == "moved"


@pytest.mark.parametrize("name", [".adapter", "a b", "gewicht-ä"])
def test_a_checkpoint_may_be_called_as_it_likes(tmp_path: Path, name: str) -> None:
    root, made = tmp_path / "registry", checkpoint(tmp_path, name)

    assert [promote(root, made, "1"), promote(root, made, "1")] == ["moved", "already"]
    assert (link(root) / "model.safetensors").read_text() == "weights"


def test_nothing_can_be_added_to_what_was_promoted(tmp_path: Path) -> None:
    root = tmp_path / "registry"
    promote(root, checkpoint(tmp_path), "1")

    folders = [one for one in (root / "checkpoints").rglob("*") if one.is_dir()]
    assert folders
    assert not any(one.stat().st_mode & 0o222 for one in folders)


@pytest.mark.parametrize("name", ["nothing", "sha256:" + "0" * 64, "team/league/adapter:v1"])
def test_what_is_not_there_cannot_be_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="expected"):
        LocalRegistry(tmp_path / "registry").find(name)


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "registry").write_text("a file")

    registry = LocalRegistry(tmp_path / "registry")
    asked = _order_without_log(registry, checkpoint(tmp_path))

    with pytest.raises(OutputError, match=r"registry: expected a registry with space for the checkpoint, got: "):
        registry.move(asked)


def _order_without_log(registry: LocalRegistry, made: Path) -> Order:
    elsewhere = LocalRegistry(made.parent / "elsewhere")
    asked = order(elsewhere, made, "production", "1")
    registry.find(str(made))
    return asked


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("kills")
    (folder / "old.bin").write_text("old")
    checkpoint(folder, "new", "new")
    assert promote(folder / "registry", folder / "old.bin", "1") == "moved"
    done = subprocess.run(
        [sys.executable, "-m", "tests.killing", str(folder)],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        timeout=120,
        check=True,
        encoding="utf-8",
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_kill_before_any_change_to_the_disk_leaves_the_old_or_the_new_whole_and_is_gone_on_with(
    killed: list[dict[str, Any]],
) -> None:
    whole = {"old.bin": ["old"], "new": ["new", "{}"]}
    after, again = killed[::2], killed[1::2]

    assert len([one for one in after if one["killed"]]) > 20
    for one in after:
        assert sorted(one["behind"]) in map(sorted, whole.values()), one
        # The log is the truth: the link may be behind it by a kill, never before it.
        assert one["holder"] in whole
        if one["holder"] == "old.bin":
            assert one["behind"] == ["old"]
        assert one["again"] == ("moved" if one["holder"] == "old.bin" else "already")
    for one in again:
        assert (one["holder"], sorted(one["behind"])) == ("new", ["new", "{}"])
        assert one["again"] == "moved"
    assert {one["holder"] for one in after} == {"old.bin", "new"}


@pytest.fixture
def ten(tmp_path: Path) -> list[str]:
    for number in range(10):
        (tmp_path / f"c{number}").write_text(str(number))
    program = (
        "import sys, pathlib\nfrom tests.killing import order\nfrom action.registries.local import LocalRegistry\n"
        "from action.errors import RefusalError\nroot, made = map(pathlib.Path, sys.argv[1:])\n"
        "registry = LocalRegistry(root)\nasked = order(registry, made, 'production', made.name[1] * 64)\n"
        "print('ready', flush=True)\nsys.stdin.readline()\n"
        "try:\n    print(registry.move(asked).change.value)\n"
        "except RefusalError as error:\n    print(error.refusals[0].reason.value)\n"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "registry"), str(tmp_path / f"c{number}")],
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for number in range(10)
    ]
    for one in racers:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in racers:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    return [one.communicate(timeout=60)[0].strip() for one in racers]


def test_of_ten_promotions_at_once_one_wins_and_nine_are_told(tmp_path: Path, ten: list[str]) -> None:
    root = tmp_path / "registry"

    assert sorted(ten) == ["alias-moved"] * 9 + ["moved"]
    [entry] = entries(root)
    winner = f"c{ten.index('moved')}"
    assert entry["checkpoint"]["name"] == winner
    assert link(root).read_text() == winner[1]
    assert not list((root / "incoming").iterdir())
