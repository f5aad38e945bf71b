"""A private database for one reading: it sees the named files and nothing else of the machine, and leaves nothing.

The only room of the games that knows DuckDB, which is imported only when a file needs it. It spills to a folder of its
own, so that its memory has a limit whatever the files hold.
"""

# ruff: noqa: S608 - statements are put together from our own names; foreign ones go through quote() and literal()

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from numpy.typing import NDArray

from action.errors import InputError, OutputError
from action.files import show_name
from action.sources.games.progress import Progress

MEMORY = "1GB"
_PRIVATE: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": MEMORY,
    "threads": "2",
}
_POLL = 0.1
"""Seconds between two looks at how far a query is."""

Columns = Mapping[str, NDArray[Any]]


class QueryError(Exception):
    """The database could not do it: a file is not what it was taken for."""


class Database:
    """A context: a connection to a database in a private folder, which is gone afterwards."""

    def __init__(self, files: Sequence[Path], progress: Progress) -> None:
        self._files = files
        self._progress = progress

    def __enter__(self) -> Self:
        import duckdb  # noqa: PLC0415 - 20 MB that small files do not need

        for path in self._files:
            if not is_text(path):
                raise InputError(f"{show_name(path)}: expected a path of UTF-8 text, got other bytes; rename the file")
        self._foreign = duckdb.Error
        self._full = duckdb.OutOfMemoryException
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="gatekeeper-games-"))
        except OSError as error:
            raise OutputError(
                f"temporary folder: expected one that can be written, got: {error.strerror}; set TMPDIR to one"
            ) from error
        try:
            self._connection = self._connect()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def _connect(self) -> Any:
        import duckdb  # noqa: PLC0415 - as above

        config = {**_PRIVATE, "temp_directory": str(self._folder / "spill")}
        connection = duckdb.connect(":memory:", config=config)
        names = {name for path in self._files for name in (absolute(path), pattern(path))}
        connection.execute(f"SET allowed_paths = [{', '.join(map(literal, sorted(names)))}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET enable_progress_bar = true")
        connection.execute("SET enable_progress_bar_print = false")
        connection.execute("SET lock_configuration = true")
        return connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, sql: str) -> None:
        """Run a statement.

        Raises:
            QueryError: the database could not.
        """
        self._watch(lambda: self._connection.execute(sql))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query; give its rows as Python values."""
        found: list[tuple[Any, ...]] = self._watch(lambda: self._connection.execute(sql).fetchall())
        return found

    def columns(self, sql: str) -> Columns:
        """Run a query; give its columns."""
        found: Columns = self._watch(lambda: self._connection.execute(sql).fetchnumpy())
        return found

    def batches(self, sql: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """Run a query; give lists of rows, at most `size` in memory."""
        cursor = self._watch(lambda: self._connection.cursor().execute(sql))
        while batch := self._watch(lambda: cursor.fetchmany(size)):
            yield batch

    def types(self, sql: str) -> dict[str, str]:
        """Give the columns of a query with the ids of their types, such as `varchar` or `list`."""
        relation = self._watch(lambda: self._connection.sql(sql))
        return {name: type_.id for name, type_ in zip(relation.columns, relation.types, strict=True)}

    def put(self, name: str, columns: Columns) -> None:
        """Append columns to a table, which is made where there is none.

        Raises:
            QueryError: the database could not.
        """
        self._connection.register("arrays", dict(columns))
        try:
            self.run(f"CREATE TABLE IF NOT EXISTS {name} AS SELECT * FROM arrays LIMIT 0")
            self.run(f"INSERT INTO {name} SELECT * FROM arrays")
        finally:
            self._connection.unregister("arrays")

    def _watch(self, work: Callable[[], Any]) -> Any:
        """Do some work of the database, telling meanwhile how far it is."""
        done = threading.Event()
        watcher = threading.Thread(target=self._tell, args=(done,), daemon=True) if self._progress.wanted else None
        if watcher:
            watcher.start()
        try:
            return work()
        except RuntimeError as error:
            if "interrupted" in str(error):  # Ctrl-C, as DuckDB tells it
                raise KeyboardInterrupt from error
            raise
        except (self._foreign, UnicodeError) as error:
            reason = show_name(str(error).partition("\n")[0])
            if isinstance(error, self._full) or "No space left" in reason:
                raise InputError(
                    f"{show_name(self._files[0].name)}: expected games that {MEMORY} of memory and the free space in "
                    f"{show_name(self._folder.parent)} can hold, got more ({reason}); set TMPDIR to a larger disk"
                ) from error
            raise QueryError(reason) from error
        finally:
            done.set()
            if watcher:
                watcher.join()

    def _tell(self, done: threading.Event) -> None:
        while not done.wait(_POLL):
            percent = self._connection.query_progress()
            if percent > 0:
                self._progress.at(percent / 100)


def is_text(path: Path) -> bool:
    """Tell whether the whole path is UTF-8; DuckDB ends with a crash of its own where it is not."""
    return not any("\ud800" <= character <= "\udfff" for character in absolute(path))


def absolute(path: Path) -> str:
    """Give the whole path, links and all."""
    return os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links, whose targets may be named otherwise


def pattern(path: Path) -> str:
    """Give the whole path with what DuckDB takes for wildcards made literal."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in absolute(path))


def literal(text: str) -> str:
    """Write a text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def quote(name: str) -> str:
    """Write a name in SQL."""
    return '"' + name.replace('"', '""') + '"'
