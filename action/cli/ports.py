"""The composition root: adapters meet the ports of the pipeline here, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

from action.cli.progress import progress_bar
from action.cli.registries import find_local_holder
from action.errors import InputError, UsageError
from action.files import read_error, show_name
from action.ports import GamesReading, Ports
from action.settings import DEFAULT_POLICY, PolicyText, profile_policy
from action.sources import events, games, tables, tensorboard, trainer_state, wandb_log
from action.version import tool_version
from checks.run import GameRecord

MAX_POLICY_BYTES = 4_000_000


def local_ports() -> Ports:
    """Give the ports of a machine without network: every source of local files."""
    return Ports(
        # A trainer's folder may hold its log and TensorBoard files: the log knows more. Tables come last: by suffix.
        sources=(wandb_log, trainer_state, tensorboard, tables),
        open_events=events.EventFiles,
        read_games=read_games,
        profiles=profile_texts(),
        tool_version=tool_version(),
        find_holder=find_local_holder,
    )


def read_games(paths: Sequence[Path], reading: GamesReading) -> GameRecord:
    """Read games, with a progress bar on a terminal.

    Raises:
        InputError: what is named cannot be read as games.
        UsageError: the columns are not told as they have to be.
    """
    with progress_bar("reading games") as tell:
        return _read_games(paths, reading, tell)


def read_games_quietly(paths: Sequence[Path], reading: GamesReading) -> GameRecord:
    """Read games among many others, so without a bar of their own; raises as `read_games`."""
    return _read_games(paths, reading, lambda _share: None)


def _read_games(paths: Sequence[Path], reading: GamesReading, tell: Callable[[float], None]) -> GameRecord:
    try:
        columns = None if reading.columns is None else games.parse_columns(reading.columns)
    except ValueError as error:
        raise UsageError(f"columns of games: {error}") from error
    return games.read_games(paths, columns=columns, cluster=reading.cluster, progress=tell)


def profile_texts() -> dict[str, str]:
    """Read the profiles that ship: name → text."""
    folder = resources.files("checks") / "profiles"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yml")), key=lambda file: file.name)
    return {file.name.removesuffix(".yml"): file.read_text("utf-8") for file in files}


def read_policy_file(path: Path) -> PolicyText:
    """Read a policy file; InputError if it cannot be read as text."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_POLICY_BYTES + 1)
        if len(content) > MAX_POLICY_BYTES:
            size = f"{MAX_POLICY_BYTES // 10**6} MB"
            raise InputError(f"{show_name(path)}: expected a policy of at most {size}, got more; name another file")
        return PolicyText(text=content.decode("utf-8-sig").replace("\r\n", "\n"), source=path.as_posix())
    except OSError as error:
        raise read_error(path, error) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{show_name(path)}: expected a policy in UTF-8, got other bytes; save it as UTF-8") from error


def choose_policy(policy: Path | None, profiles: list[str] | None) -> PolicyText | None:
    """Give the policy that was asked for; None: none was."""
    if policy is not None and profiles:
        raise UsageError("--policy and --profile: expected one of them, got both; put `extends` into the policy")
    if policy is not None:
        return read_policy_file(policy)
    return profile_policy(tuple(profiles)) if profiles else None


def fallback_policy() -> PolicyText:
    """Give the policy where none was asked for: the repository's own, else the profile `grpo`.

    Whatever stands at the place of the repository's own is read: one that cannot be read is an error, not a reason to
    judge by another.
    """
    try:
        DEFAULT_POLICY.lstat()  # also a link to nothing is something
    except (FileNotFoundError, NotADirectoryError):
        return profile_policy(("grpo",))
    except OSError as error:
        raise read_error(DEFAULT_POLICY, error) from error
    return read_policy_file(DEFAULT_POLICY)
