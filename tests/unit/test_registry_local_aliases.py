"""An alias of a local registry: what may be called so, where its link leads, and what is said once it was moved."""

from pathlib import Path

import pytest

from action.errors import InputError, OutputError, RefusalError
from action.registries.local import LocalRegistry
from action.registry import Change
from tests.killing import order, promote


def checkpoint(folder: Path, text: str) -> Path:
    place = folder / f"{text}.bin"
    place.write_text(text)
    return place


def held(root: Path, alias: str = "production") -> str:
    return (root / "aliases" / alias).read_text()


def files(root: Path) -> dict[str, tuple[int, int]]:
    """Return every file of a registry with its inode and time: what is written anew has others."""
    return {str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in root.rglob("*") if path != root}


def test_an_alias_in_other_letters_is_refused_since_some_disks_take_both_for_one(tmp_path: Path) -> None:
    registry = LocalRegistry(tmp_path / "registry")
    registry.move(order(registry, checkpoint(tmp_path, "old"), "production", "1"))

    with pytest.raises(InputError, match=r"^PRODUCTION: expected an alias that differs from production, which the "):
        order(registry, checkpoint(tmp_path, "new"), "PRODUCTION", "2")

    assert registry.holder("staging") is None
    assert held(tmp_path / "registry") == "old"


def test_bytes_that_change_as_the_alias_is_moved_to_them_are_told_with_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "registry"
    registry = LocalRegistry(root)
    promote(root, checkpoint(tmp_path, "old"), "1")
    show = LocalRegistry._show

    def show_and_change(self: LocalRegistry, alias: str) -> None:
        show(self, alias)
        target = (root / "aliases" / alias).resolve()
        target.chmod(0o644)
        target.write_text("evil")

    monkeypatch.setattr(LocalRegistry, "_show", show_and_change)

    with pytest.raises(RefusalError, match="as production was moved to them: promote what held it before, or restore"):
        registry.move(order(registry, checkpoint(tmp_path, "new"), "production", "2"))

    monkeypatch.undo()
    assert promote(root, tmp_path / "old.bin", "1") == "moved"
    assert held(root) == "old"


def test_the_same_again_writes_nothing_at_all(tmp_path: Path) -> None:
    root, made = tmp_path / "registry", checkpoint(tmp_path, "old")
    promote(root, made, "1")
    before = files(root)

    assert promote(root, made, "1") == "already"
    assert files(root) == before


def test_a_link_that_is_gone_or_leads_elsewhere_is_made_again(tmp_path: Path) -> None:
    root, made = tmp_path / "registry", checkpoint(tmp_path, "old")
    promote(root, made, "1")
    for damage in (lambda link: link.unlink(), lambda link: (link.unlink(), link.symlink_to(tmp_path / "evil"))):
        damage(root / "aliases" / "production")

        assert promote(root, made, "1") == "already"
        assert held(root) == "old"


def test_a_link_that_does_not_lead_where_it_was_put_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "registry"
    registry = LocalRegistry(root)
    promote(root, checkpoint(tmp_path, "old"), "1")
    asked = order(registry, checkpoint(tmp_path, "new"), "production", "2")
    monkeypatch.setattr(Path, "replace", lambda *_: None)

    with pytest.raises(OutputError, match=r"got: links that lead elsewhere than .*; the alias is moved: .* says so"):
        registry.move(asked)

    monkeypatch.undo()
    assert registry.move(asked).change is Change.ALREADY
    assert held(root) == "new"


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db"])
def test_what_is_called_like_the_notes_of_a_file_manager_is_no_checkpoint(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("weights")

    with pytest.raises(InputError, match="a name under which file managers leave notes of their own"):
        LocalRegistry(tmp_path / "registry").find(str(tmp_path / name))
