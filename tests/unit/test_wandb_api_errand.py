"""An errand to a W&B that answers oddly, and the process that does it: what it may see, and how it ends."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from action.deadline import Deadline
from action.errors import InputError, ServiceError
from action.secret import Secret
from action.sources.wandb_api.errand import run_errand
from action.sources.wandb_api.wanted import Wanted
from action.wandb_service import launch
from action.wandb_service.access import Access
from action.wandb_service.bounds import LARGEST
from action.wandb_service.request import Request

WANTED = Wanted(entity="team", project="league", run="abc123")
ABOUT = {"name": "abc123", "displayName": "grpo 7", "historyLineCount": 3, "historyKeys": {"lastStep": 2}}


class Fake:
    """A W&B that answers each query by a function of its variables; a download gives bytes."""

    def __init__(self, content: bytes = b"PAR1....PAR1", **answers: Callable[[Mapping[str, Any]], Any] | Any) -> None:
        self.answers = {"Run": {"project": {"run": ABOUT}}, **answers}
        self.content = content
        self.requests = 0
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def ask(self, document: str, variables: Mapping[str, Any], /) -> Mapping[str, Any]:
        self.requests += 1
        name = document.split("(", 1)[0].rsplit(maxsplit=1)[-1]
        self.asked.append((name, variables))
        answer = self.answers[name]
        found: Mapping[str, Any] = answer(variables) if callable(answer) else answer
        return found

    def download(self, address: str, path: Path, /, *, what: str) -> None:
        self.requests += 1
        self.asked.append(("download", {"address": address}))
        path.write_bytes(self.content)


def errand(fake: Fake, folder: Path, wanted: Wanted = WANTED) -> dict[str, Any]:
    request = Request(errand=wanted.errand(), key="k", url="u", folder=str(folder), seconds=9)
    return run_errand(request, fake, lambda _: None)


def exports(addresses: object = (), live: object = ()) -> dict[str, Any]:
    return {"project": {"run": {"parquetHistory": {"parquetUrls": addresses, "liveData": live}}}}


def history(variables: Mapping[str, Any]) -> dict[str, Any]:
    rows = [json.dumps({"_step": step}) for step in range(variables["minStep"], min(variables["maxStep"], 3))]
    return {"project": {"run": {"history": rows}}}


def test_exported_files_and_the_rest_come_in_their_order(tmp_path: Path) -> None:
    fake = Fake(RunParquetHistory=exports(["one", "two"], [{"_step": 2}]), HistoryPage=history)

    found = errand(fake, tmp_path)

    assert (found["files"], found["tail"]) == (["history-0.parquet", "history-1.parquet"], "tail.jsonl")
    assert (tmp_path / "tail.jsonl").read_text() == '{"_step": 2}\n'
    assert found["requests"] == 5
    assert [one["address"] for name, one in fake.asked if name == "download"] == ["one", "two"]


@pytest.mark.parametrize("parts", [None, {}, {"parquetUrls": None, "liveData": None}])
def test_a_server_without_exports_is_asked_for_all_rows(tmp_path: Path, parts: object) -> None:
    fake = Fake(RunParquetHistory={"project": {"run": {"parquetHistory": parts}}}, HistoryPage=history)

    assert errand(fake, tmp_path)["tail"] == "tail.jsonl"
    assert (tmp_path / "tail.jsonl").read_text().count("\n") == 3


@pytest.mark.parametrize("step", [None, True, "1", 1.5, float("nan"), float("inf"), [], {}])
def test_a_live_row_without_a_whole_step_begins_nothing(tmp_path: Path, step: object) -> None:
    live = [{"_step": step}, None, "text", {"_step": 1.0}]
    fake = Fake(RunParquetHistory=exports(["one"], live), HistoryPage=history)

    errand(fake, tmp_path)

    [(_, variables)] = [one for one in fake.asked if one[0] == "HistoryPage"]
    assert (variables["minStep"], variables["maxStep"]) == (1, 3)


@pytest.mark.parametrize("last", [0, 99_999, 100_000, 250_000, 5_000_000, 10**9, 2**53])
def test_pages_follow_on_one_another_to_the_end_and_are_at_most_fifty(tmp_path: Path, last: int) -> None:
    about = {**ABOUT, "historyKeys": {"lastStep": last}}
    fake = Fake(
        Run={"project": {"run": about}}, RunParquetHistory=exports(["one"], [{"_step": 0}]), HistoryPage=history
    )

    errand(fake, tmp_path)

    pages = [(one["minStep"], one["maxStep"], one["pageSize"]) for name, one in fake.asked if name == "HistoryPage"]
    assert len(pages) <= 50
    assert (pages[0][0], pages[-1][1]) == (0, last + 1)
    assert all(size == end - start for start, end, size in pages)
    assert [start for start, _, _ in pages[1:]] == [end for _, end, _ in pages[:-1]]


def test_a_row_with_line_breaks_stays_one_line(tmp_path: Path) -> None:
    fake = Fake(
        RunParquetHistory=exports([], [{"_step": 0}]),
        HistoryPage={"project": {"run": {"history": ['{"_step":\n0}', {"_step": 1}]}}},
    )

    errand(fake, tmp_path)

    assert len((tmp_path / "tail.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("content", [b"<html>" * 9, b"PAR1" + b"x" * 9, b"x" * 9 + b"PAR1", b"PAR", b"{}"])
def test_an_export_that_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    fake = Fake(content, RunParquetHistory=exports(["one"]))

    with pytest.raises(ServiceError, match="W&B: expected the exported history as Parquet, got something else"):
        errand(fake, tmp_path)


def test_a_history_in_more_than_two_hundred_files_is_refused_before_any_is_fetched(tmp_path: Path) -> None:
    fake = Fake(RunParquetHistory=exports(["part"] * 201))

    with pytest.raises(ServiceError, match="expected the exported history in at most 200 files, got 201; judge"):
        errand(fake, tmp_path)
    assert fake.requests == 2


def endless(variables: Mapping[str, Any]) -> dict[str, Any]:
    number = int(variables["cursor"] or 0) + 1
    page = {"edges": [{"node": {"name": f"r{number}"}}] * 100, "pageInfo": {"endCursor": number, "hasNextPage": True}}
    return {"project": {"runs": page, "run": {"artifacts": page}}}


def stuck(variables: Mapping[str, Any]) -> dict[str, Any]:
    page = {"edges": [{"node": {"name": "r"}}], "pageInfo": {"endCursor": "x", "hasNextPage": True}}
    return {"project": {"runs": page, "run": {"artifacts": page}}}


def test_lists_without_an_end_are_given_up(tmp_path: Path) -> None:
    fake = Fake(Runs=endless, RunOutputArtifacts=endless, RunParquetHistory=exports(), HistoryPage=history)

    with pytest.raises(InputError, match="expected at most 200 runs that fit, got more; narrow it down"):
        errand(fake, tmp_path, Wanted(entity="team", project="league"))
    with pytest.raises(InputError, match="expected at most 1,000 artifacts, got more"):
        errand(fake, tmp_path, Wanted(entity="team", project="league", run="abc123", artifacts=True))
    assert len(fake.asked) < 20


def test_a_list_whose_next_page_is_the_same_one_is_a_broken_answer(tmp_path: Path) -> None:
    fake = Fake(Runs=stuck, RunOutputArtifacts=stuck, RunParquetHistory=exports(), HistoryPage=history)

    for wanted in (
        Wanted(entity="team", project="league"),
        Wanted(entity="team", project="league", run="abc123", artifacts=True),
    ):
        with pytest.raises(ServiceError, match="expected the next page of a list, got the same one again"):
            errand(fake, tmp_path, wanted)


TABLE = {"_type": "table-file", "path": "media/t.json", "nrows": 1, "ncols": 1}


@pytest.mark.parametrize(
    "content", [b"[]", b"{}", b'{"columns": ["a"], "data": [[1, 2]]}', b'{"columns": ["a"], "data": 7}', b"{", b"\xff"]
)
def test_a_table_that_is_none_is_told_as_such(tmp_path: Path, content: bytes) -> None:
    told = {**TABLE, "sha256": hashlib.sha256(content).hexdigest()}
    about = {**ABOUT, "summaryMetrics": json.dumps({"games": told})}
    files = {"project": {"run": {"files": {"edges": [{"node": {"url": "x"}}]}}}}
    fake = Fake(
        content,
        Run={"project": {"run": about}},
        RunParquetHistory=exports([], [{"_step": 0}]),
        HistoryPage=history,
        RunFiles=files,
    )

    with pytest.raises(ServiceError, match="W&B: expected the table games as columns and rows, got something else"):
        errand(fake, tmp_path, Wanted(entity="team", project="league", run="abc123", games=True))


# The process.


def access() -> Access:
    return Access(key=Secret("k" * 40), url="http://127.0.0.1:9")


def test_the_process_sees_nothing_of_the_environment_but_what_it_needs(tmp_path: Path) -> None:
    hostile = {"WANDB_API_KEY": "x", "WANDB_SERVICE": "x", "PYTHONPATH": "x", "GITHUB_TOKEN": "x", "AXIOM_TOKEN": "x"}
    kept = {"PATH": "/bin", "HOME": "/h", "HTTPS_PROXY": "http://p", "no_proxy": "h", "SSL_CERT_FILE": "/c"}

    found = launch._environment({**hostile, **kept}, str(tmp_path))

    assert not hostile.keys() & found.keys()
    assert kept.items() <= found.items()
    assert {name for name in found if name not in kept} == {
        "TMPDIR",
        "WANDB_DIR",
        "WANDB_CACHE_DIR",
        "WANDB_CONFIG_DIR",
        "WANDB_ERROR_REPORTING",
        "WANDB_SILENT",
        "PYTHONUTF8",
    }


PROCESSES = {
    "ends without a word": "",
    "ends at once": "raise SystemExit(3)",
    "closes what it is told by": "import sys; sys.stdin.close()",
    "tells what is no JSON": "print('hello')",
    "tells a list": "print([])",
    "tells something else": "print('{}')",
}


@pytest.mark.parametrize("what", PROCESSES)
def test_a_process_that_does_not_answer_is_a_fault_of_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    start = subprocess.Popen

    def other(words: object, **options: Any) -> subprocess.Popen[str]:
        return start([sys.executable, "-c", PROCESSES[what]], **options)

    monkeypatch.setattr("action.wandb_service.launch.subprocess.Popen", other)

    with pytest.raises(ServiceError, match="W&B: expected an answer, but its client ended without one; run again"):
        launch.send(WANTED.errand(), access(), tmp_path, Deadline(seconds=20), lambda _: None)


def test_a_process_that_hangs_is_ended_at_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = subprocess.Popen
    started: list[subprocess.Popen[str]] = []

    def other(words: object, **options: Any) -> subprocess.Popen[str]:
        started.append(start([sys.executable, "-c", "import time; time.sleep(60)"], **options))
        return started[0]

    monkeypatch.setattr("action.wandb_service.launch.subprocess.Popen", other)
    begun = time.monotonic()

    with pytest.raises(ServiceError, match=r"within the deadline of 0\.5 seconds"):
        launch.send(WANTED.errand(), access(), tmp_path, Deadline(seconds=0.5), lambda _: None)

    assert time.monotonic() - begun < 5
    assert started[0].returncode is not None


def other_process(monkeypatch: pytest.MonkeyPatch, code: str) -> list[subprocess.Popen[str]]:
    """Let another program be started instead of the one that talks to W&B; what was started."""
    start = subprocess.Popen
    started: list[subprocess.Popen[str]] = []

    def other(words: object, **options: Any) -> subprocess.Popen[str]:
        started.append(start([sys.executable, "-c", code], **options))
        return started[-1]

    monkeypatch.setattr("action.wandb_service.launch.subprocess.Popen", other)
    return started


@pytest.mark.parametrize("where", ["the folder", "its own"])
def test_a_process_that_fills_the_disk_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setattr(launch, "LARGEST", 10**6)
    place = str(tmp_path / "file") if where == "the folder" else "file"
    started = other_process(
        monkeypatch,
        f"import time\nwith open({place!r}, 'wb') as file:\n while file.write(bytes(10**5)): time.sleep(0.01)",
    )
    begun = time.monotonic()

    with pytest.raises(ServiceError, match="expected files of at most 1,000,000 bytes in all, got more; judge"):
        launch.send(WANTED.errand(), access(), tmp_path, Deadline(seconds=20), lambda _: None)

    assert time.monotonic() - begun < 5
    assert started[0].returncode is not None


@pytest.mark.skipif(sys.platform != "linux", reason="no other system tells what a process holds")
def test_a_process_that_fills_the_memory_is_ended_whoever_of_its_family_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "MOST_MEMORY", 10**8)
    inner = "import time; held = b'x' * 2 * 10**8; time.sleep(10)"
    other_process(monkeypatch, f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}], timeout=9)")
    begun = time.monotonic()

    with pytest.raises(ServiceError, match="expected answers that fit into 100,000,000 bytes of memory, got more"):
        launch.send(WANTED.errand(), access(), tmp_path, Deadline(seconds=20), lambda _: None)

    assert time.monotonic() - begun < 5


def test_folders_that_come_and_go_are_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_GLANCE", 0.0)
    other_process(
        monkeypatch,
        "import shutil, pathlib, time\nend = time.monotonic() + 1.5\nwhile time.monotonic() < end:\n"
        " [pathlib.Path(f'a/{n}').mkdir(parents=True) or pathlib.Path(f'a/{n}/f').touch() for n in range(50)]\n"
        " shutil.rmtree('a')\nprint('{\"found\": {}}')",
    )

    assert launch.send(WANTED.errand(), access(), tmp_path, Deadline(seconds=20), lambda _: None) == {}


def test_a_key_that_comes_back_is_not_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = base64.b64encode(b"api:" + b"k" * 40).decode().rstrip("=")
    found = json.dumps({"found": {"name": "k" * 40, "notes": f"Basic {sent}", "state": "finished"}})
    other_process(monkeypatch, f"print({found!r})")

    said = launch.send(WANTED.errand(), access(), tmp_path, Deadline(seconds=20), lambda _: None)

    assert said == {"name": "…", "notes": "Basic …", "state": "finished"}


@pytest.mark.skipif(sys.platform != "linux", reason="no other system ends a process with its parent")
def test_the_process_ends_with_the_one_that_started_it_and_writes_no_endless_file() -> None:
    code = (
        "import resource, subprocess, sys\n"
        "inner = 'from action.wandb_service.child import _bind; import resource, time; _bind(); '\n"
        "inner += 'print(resource.getrlimit(resource.RLIMIT_FSIZE)[0], flush=True); time.sleep(60)'\n"
        "process = subprocess.Popen([sys.executable, '-c', inner], stdout=subprocess.PIPE, text=True)\n"
        "print(process.pid, process.stdout.readline())"
    )

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)

    number, most = map(int, ended.stdout.split())
    assert most == LARGEST
    until = time.monotonic() + 5
    while _runs(number) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _runs(number)


def _runs(number: int) -> bool:
    """Tell whether a process runs; one that ended and waits to be asked of does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_progress_is_told_and_never_falls(tmp_path: Path) -> None:
    shares: list[float] = []
    request = Request(errand=WANTED.errand(), key="k", url="u", folder=str(tmp_path), seconds=9)
    fake = Fake(RunParquetHistory=exports(["one", "two", "three"]))

    run_errand(request, fake, shares.append)

    assert shares == sorted(shares)
    assert (shares[-1], len(shares)) == (1.0, 5)
