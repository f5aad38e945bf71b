"""The tracker's pull request on an emulator of GitHub with real branches and commits (npm `emulate`), by real requests.

One emulator serves all tests: each has a base branch and a tracker branch of its own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

import pytest

from action.errors import InputError, ServiceError
from action.forge import RefusedError
from action.github.access import Access
from action.github.workshop import Workshop
from action.publish.drafting import Wish
from action.publish.proposing import Became, Outcome, Proposing, longest
from action.secret import Secret
from action.tracker.edit import RunEntry, update_tracker
from tests.services.faults import reply
from tests.services.github import REPOSITORY, Fault
from tests.services.github_api import faults
from tests.services.github_emulator import Emulator
from tests.services.loopback import Behave, Exchange

FILE = "docs/experiment-tracker.md"
PEOPLE = """# Our tracker

Words.

## Exp 1: Warm-up

**Status**: `planned`
- run name: grpo-1

**Results**: _pending_
"""
_numbers = count(1)


def run(name: str, elo: int = 40) -> RunEntry:
    return RunEntry(
        identity=f"team/league/{name}",
        names=(name,),
        title=name,
        text=f"**Status**: `completed`\n- run name: {name}\n\n**Results**:\n- {elo} Elo above base_model\n",
    )


@dataclass(kw_only=True)
class Place:
    """A base branch of its own, and what is put there."""

    github: Emulator
    base: str
    branch: str
    seen: int = field(init=False)

    def __post_init__(self) -> None:
        self.seen = len(self.github.proxy.exchanges)

    def put(
        self,
        name: str,
        elo: int = 40,
        *,
        direct: bool = False,
        pause: Callable[[int], None] | None = None,
        **wish: tuple[str, ...],
    ) -> Outcome:
        access = Access(repository=REPOSITORY, token=Secret(self.github.proxy.token), url=self.github.proxy.url)
        asked = Wish(path=FILE, base=self.base, branch=self.branch, direct=direct, **wish)
        shop = Workshop(access, sleep=lambda _: None)
        edit = run(name, elo)
        return Proposing(shop, asked, lambda text: update_tracker(text, edit), pause or (lambda _: None)).put()

    def commit(self, text: str, branch: str | None = None, path: str = FILE) -> None:
        self.github.commit(branch or self.base, path, text)

    def text(self, branch: str | None = None) -> str:
        return self.github.text(branch or self.branch, FILE) or ""

    @property
    def pulls(self) -> list[dict[str, object]]:
        return self.github.proposals(self.base)

    @property
    def open(self) -> dict[str, object]:
        [one] = self.github.proposals(self.base, "open")
        return one

    def asked(self) -> list[str]:
        """Give what was asked since the last look."""
        found = self.github.proxy.exchanges[self.seen :]
        self.seen = len(self.github.proxy.exchanges)
        return [f"{one.request.method} {one.request.path.removeprefix(f'/repos/{REPOSITORY}')}" for one in found]

    def writes(self) -> list[str]:
        """Give what was written since the last look."""
        return [one for one in self.asked() if not one.startswith("GET")]

    def fault(self, behave: Behave, method: str, path: str, **more: int | bool | None) -> None:
        self.github.proxy.faults.append(Fault(behave=behave, method=method, path=f".*{path}", **more))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(tmp_path_factory.mktemp("github"), ".github/gatekeeper.yml", "version: 1\n") as github:
        yield github


@pytest.fixture
def place(emulator: Emulator) -> Iterator[Place]:
    number = next(_numbers)
    emulator.branch(f"base-{number}", "master")
    found = Place(github=emulator, base=f"base-{number}", branch=f"tracker/of-{number}")
    began = len(emulator.proxy.exchanges)
    yield found
    struck = {id(one) for one in emulator.proxy.struck}
    emulator.proxy.faults.clear()
    told = [one for one in emulator.proxy.exchanges[began:] if id(one) not in struck]
    assert [fault for one in told for fault in faults(one)] == []


def test_the_first_run_opens_a_pull_request_and_the_next_one_is_added_to_it(place: Place) -> None:
    place.commit(PEOPLE)

    first = place.put("grpo-1")
    second = place.put("grpo-2")

    assert (first.became, first.number, second.became, second.number) == (Became.OPENED, 1, Became.UPDATED, 2)
    assert first.url == second.url == place.open["html_url"]
    assert place.open["title"] == "Experiment tracker: Exp 1, Exp 2"
    assert "| Exp 1 | Warm-up | completed | filled in |\n| Exp 2 | grpo-2 | completed | new entry |" in str(
        place.open["body"]
    )
    expected = update_tracker(update_tracker(PEOPLE, run("grpo-1")).text, run("grpo-2")).text
    assert expected == place.text()
    assert place.text(place.base) == PEOPLE


def test_it_takes_few_requests_and_none_to_write_where_nothing_changed(place: Place) -> None:
    place.commit(PEOPLE)
    place.asked()
    place.put("grpo-1")
    opened = place.asked()
    again = place.put("grpo-1")
    unchanged = place.asked()

    assert again.became is Became.UNCHANGED
    assert len(opened) <= 15
    assert len(unchanged) <= 13
    assert [one for one in unchanged if not one.startswith("GET")] == []


def test_the_pull_request_says_why_its_checks_may_wait_only_where_they_do(place: Place) -> None:
    place.put("grpo-1")

    assert "Approve workflows to run" in str(place.open["body"])  # the emulator's token is that of github-actions[bot]


def test_a_run_that_stands_on_the_base_needs_no_branch(place: Place) -> None:
    place.commit(update_tracker(PEOPLE, run("grpo-1")).text)
    place.asked()

    assert place.put("grpo-1").became is Became.UNCHANGED
    assert (place.writes(), place.pulls) == ([], [])


def test_commits_of_people_on_the_branch_stay_and_their_words_too(place: Place) -> None:
    place.commit(PEOPLE)
    place.put("grpo-1")
    place.commit(place.text().replace("Words.", "Better words.").replace("40 Elo", "a good 40 Elo"), place.branch)
    place.commit("notes", place.branch, "docs/notes.md")
    heads = [place.github.head(place.branch)]
    place.put("grpo-2")
    place.put("grpo-1", 50)

    assert "Better words." in place.text()
    assert "a good 40 Elo" in place.text()
    assert "- 50 Elo" in place.text()
    assert place.github.text(place.branch, "docs/notes.md") == "notes"
    assert heads[0] in place.github.history(place.branch)


def test_title_and_body_that_people_changed_stay(place: Place) -> None:
    place.put("grpo-1")
    number = int(str(place.open["number"]))
    place.github.change(number, title="Our runs", body=f"Look at Exp 1 first.\n\n{place.open['body']}\n\n- [ ] read")
    place.put("grpo-2")

    assert place.open["title"] == "Our runs"
    body = str(place.open["body"])
    assert body.startswith("Look at Exp 1 first.\n\n<!--")
    assert body.endswith("-->\n\n- [ ] read")
    assert "| Exp 2 | grpo-2 |" in body

    place.github.change(number, body="All of it is mine.")
    place.put("grpo-3")

    assert place.open["body"] == "All of it is mine."
    assert "grpo-3" in place.text()


def test_where_the_base_has_moved_both_are_kept_and_the_pull_request_can_be_merged(place: Place) -> None:
    place.commit(PEOPLE)
    place.put("grpo-1")
    place.put("grpo-2")
    moved = PEOPLE.replace("Words.", "New words.") + "\n## Exp 2: Mine\n\n**Status**: `planned`\n"
    place.commit(moved)
    place.commit("code", path="train.py")
    outcome = place.put("grpo-3")

    assert outcome.number == 4  # Exp 2 is people's by now, and grpo-2 got the 3
    text = place.text()
    assert [line for line in moved.splitlines() if line not in text.splitlines()] == [
        "**Status**: `planned`",
        "**Results**: _pending_",
    ][1:]
    assert "## Exp 2: Mine" in text
    assert "## Exp 3: grpo-2" in text
    assert "## Exp 4: grpo-3" in text
    assert place.github.text(place.branch, "train.py") == "code"
    assert place.github.head(place.base) in place.github.history(place.branch)
    assert "| Exp 3 | grpo-2 | completed | new entry |" in str(place.open["body"])


def test_a_base_that_moved_elsewhere_is_left_to_git(place: Place) -> None:
    place.commit(PEOPLE)
    place.put("grpo-1")
    place.commit("code", path="train.py")
    place.put("grpo-2")

    assert place.github.text(place.branch, "train.py") is None
    assert place.github.head(place.base) not in place.github.history(place.branch)


def test_where_people_changed_other_files_too_nothing_is_brought_together_and_that_is_said(place: Place) -> None:
    place.commit(PEOPLE)
    place.put("grpo-1")
    place.commit("notes", place.branch, "docs/notes.md")
    place.commit(PEOPLE.replace("Words.", "New words."))
    place.put("grpo-2")

    assert place.github.text(place.branch, "docs/notes.md") == "notes"
    assert "New words." not in place.text()
    assert "Merge " + place.base + " into this branch by hand" in str(place.open["body"])


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_after_a_merge_the_next_run_has_a_pull_request_of_its_own(place: Place, method: str) -> None:
    place.commit(PEOPLE)
    place.put("grpo-1")
    place.github.accept(int(str(place.open["number"])), method)
    assert place.put("grpo-1").became is Became.UNCHANGED
    second = place.put("grpo-2")
    third = place.put("grpo-3")

    assert (second.became, third.became, third.branch) == (Became.OPENED, Became.UPDATED, f"{place.branch}-2")
    assert [one["state"] for one in place.pulls] == ["closed", "open"]
    assert place.open["title"] == "Experiment tracker: Exp 2, Exp 3"


def test_where_the_merged_branch_was_deleted_its_name_is_used_again(place: Place) -> None:
    place.put("grpo-1")
    place.github.accept(int(str(place.open["number"])))
    place.github.delete(place.branch)

    assert place.put("grpo-2").branch == place.branch
    assert len(place.pulls) == 2


@pytest.mark.parametrize("deleted", [True, False])
def test_one_that_a_person_closed_stays_closed_until_a_run_says_something_new(place: Place, deleted: bool) -> None:
    place.put("grpo-1")
    url, number = place.open["html_url"], int(str(place.open["number"]))
    place.github.change(number, state="closed")
    if deleted:
        place.github.delete(place.branch)
    place.asked()
    again = place.put("grpo-1")
    quiet = place.writes()
    other = place.put("grpo-2")
    changed = place.put("grpo-1", 50)

    assert (again.became, again.url, quiet) == (Became.CLOSED, url, [])
    assert (other.became, changed.became) == (Became.OPENED, Became.UPDATED)
    assert "grpo-2" in place.text(other.branch)
    assert "50 Elo" in place.text(other.branch)
    assert [one["state"] for one in place.pulls] == ["closed", "open"]


def test_a_branch_without_a_pull_request_gets_one(place: Place) -> None:
    text = "GitHub Actions is not permitted to create or approve pull requests."
    place.fault(reply(403, {"message": text}), "POST", "/pulls")
    first = place.put("grpo-1")
    second = place.put("grpo-1")

    assert (first.became, first.url, first.branch) == (Became.PUSHED, None, place.branch)
    assert "Allow GitHub Actions to create and approve pull requests" in first.failures[0].text
    assert (second.became, second.failures) == (Became.OPENED, ())


def test_labels_and_reviewers_are_set_once(place: Place) -> None:
    place.put("grpo-1", labels=("tracker", "bot"), reviewers=("team",))
    place.asked()
    place.put("grpo-2", labels=("tracker",), reviewers=("team",))
    writes = place.writes()

    assert [one["name"] for one in place.open["labels"]] == ["tracker", "bot"]  # type: ignore[attr-defined]
    assert [one["login"] for one in place.open["requested_reviewers"]] == ["team"]  # type: ignore[attr-defined]
    assert [one for one in writes if "labels" in one or "reviewers" in one] == []


def test_labels_that_are_refused_are_told_and_turn_nothing(place: Place) -> None:
    place.fault(reply(403, {"message": "Resource not accessible by integration"}), "POST", "/labels")
    place.fault(
        reply(422, {"message": "Reviews may only be requested from collaborators."}), "POST", "/requested_reviewers"
    )
    outcome = place.put("grpo-1", labels=("tracker",), reviewers=("ada", "team/reviewers"))

    assert outcome.became is Became.OPENED
    assert [(one.step, one.permission) for one in outcome.failures] == [
        ("tracker-labels", "pull-requests: write"),
        ("tracker-reviewers", None),
    ]


def test_right_on_the_branch_no_pull_request_is_opened(place: Place) -> None:
    place.commit(PEOPLE)
    first = place.put("grpo-1", direct=True)
    again = place.put("grpo-1", direct=True)

    assert (first.became, again.became, place.pulls) == (Became.COMMITTED, Became.UNCHANGED, [])
    assert place.text(place.base) == update_tracker(PEOPLE, run("grpo-1")).text


def test_a_protected_base_is_told_with_the_way_around(place: Place) -> None:
    place.commit(PEOPLE)
    place.github.protect(place.base)
    place.asked()
    with pytest.raises(RefusedError, match="by the rules of the branch; propose it by a pull request instead"):
        place.put("grpo-1", direct=True)

    assert len([one for one in place.asked() if one.startswith("PATCH")]) == 3
    assert place.put("grpo-1").became is Became.OPENED


def test_a_base_that_is_not_there_is_told(place: Place) -> None:
    place.base = "nowhere"

    with pytest.raises(InputError, match="nowhere: expected a branch of the repository, got none"):
        place.put("grpo-1")


def test_a_link_is_not_written_through(place: Place) -> None:
    place.github.link(place.base, FILE, "../README.md")

    with pytest.raises(InputError, match="expected a regular file, got a folder or a link"):
        place.put("grpo-1")


def test_a_tracker_that_swallows_what_is_written_is_told_with_its_line(place: Place) -> None:
    place.commit("# T\n\n```\nnever closed\n")

    with pytest.raises(InputError, match=rf"{FILE} of {place.base}:3: expected a fence"):
        place.put("grpo-1")


def test_line_ends_and_odd_bytes_stay(place: Place) -> None:
    text = PEOPLE.replace("\n", "\r\n").replace("Words.", "caf\udce9")
    place.github.commit_bytes(place.base, FILE, text.encode("utf-8", "surrogateescape"))
    place.put("grpo-1")

    assert place.text() == update_tracker(text, run("grpo-1")).text
    assert "caf\udce9\r\n" in place.text()


def test_a_tracker_of_300_entries_and_more_than_1_mb_is_written_whole(place: Place) -> None:
    lines = f"- {'words ' * 60}\n" * 10
    entries = "".join(
        f"\n## Exp {number}: run {number}\n\n**Status**: `completed`\n\n**Results**:\n{lines}"
        for number in range(1, 301)
    )
    text = f"# T\n{entries}"
    assert len(text) > 1_100_000
    place.commit(text)
    outcome = place.put("grpo-1")

    assert outcome.number == 301
    assert place.text().startswith(text)


def test_somebody_who_pushes_between_read_and_write_loses_nothing(place: Place) -> None:
    place.commit(PEOPLE)
    place.put("grpo-1")

    def push(exchange: Exchange) -> None:
        place.commit(place.text().replace("Words.", "Mine."), place.branch)
        exchange.reply(422, {"message": "Update is not a fast forward"})

    place.fault(push, "PATCH", f"/refs/heads/{place.branch}")
    place.put("grpo-2")

    assert "Mine." in place.text()
    assert "grpo-2" in place.text()


def test_a_branch_that_is_forced_after_our_write_is_written_again(place: Place) -> None:
    place.commit(PEOPLE)
    place.put("grpo-1")
    before = place.github.head(place.branch)

    def force(exchange: Exchange) -> None:
        place.github.force(place.branch, before)
        exchange.reply(502)

    place.fault(force, "GET", "/pulls", after=1)
    place.put("grpo-2")

    assert "grpo-2" in place.text()
    assert "| Exp 2 | grpo-2 |" in str(place.open["body"])


def test_a_branch_that_is_deleted_meanwhile_is_made_again(place: Place) -> None:
    place.commit(PEOPLE)
    place.put("grpo-1")

    def delete(exchange: Exchange) -> None:
        place.github.change(int(str(place.open["number"])), state="closed")
        place.github.delete(place.branch)
        exchange.reply(422, {"message": "Reference does not exist"})

    place.fault(delete, "PATCH", f"/refs/heads/{place.branch}")
    outcome = place.put("grpo-2")

    assert outcome.became is Became.OPENED
    assert "grpo-2" in place.text(outcome.branch)


def test_one_that_is_merged_just_before_the_branch_is_written_is_followed_by_another(place: Place) -> None:
    place.commit(PEOPLE)
    place.put("grpo-1")
    number = int(str(place.open["number"]))

    def merge(exchange: Exchange) -> None:
        place.github.accept(number)
        exchange.reply(502)

    place.fault(merge, "PATCH", f"/refs/heads/{place.branch}")
    outcome = place.put("grpo-2")

    assert (outcome.became, outcome.branch) == (Became.OPENED, f"{place.branch}-2")
    assert "grpo-2" in place.text(outcome.branch)


def test_one_that_is_open_is_found_though_an_older_branch_was_deleted(place: Place) -> None:
    place.put("grpo-1")
    place.github.accept(int(str(place.open["number"])))
    second = place.put("grpo-2")
    place.github.delete(place.branch)
    third = place.put("grpo-3")

    assert (third.became, third.url) == (Became.UPDATED, second.url)


def test_a_pull_request_that_is_always_refused_leaves_the_branch_and_is_told(place: Place) -> None:
    place.fault(reply(422, {"message": "Validation Failed"}), "POST", "/pulls", times=None)
    place.asked()
    outcome = place.put("grpo-1")

    assert outcome.became is Became.PUSHED
    assert "expected a pull request to be opened, got 422" in outcome.failures[0].text
    assert len(place.asked()) < 50


@pytest.mark.parametrize(
    "body", [{}, {"tree": None}, {"tree": [{"path": "docs", "sha": None}]}, {"tree": {"sha": None}}]
)
@pytest.mark.parametrize("path", ["/git/commits/.*", "/git/trees/.*"])
def test_an_odd_answer_is_a_service_that_failed(place: Place, path: str, body: object) -> None:
    place.fault(reply(200, body), "GET", path)

    with pytest.raises(ServiceError, match="an answer that is not one of its API"):
        place.put("grpo-1")


def test_what_a_person_closed_does_not_come_with_the_next_one(place: Place) -> None:
    place.put("grpo-1")
    place.github.change(int(str(place.open["number"])), state="closed")
    place.put("grpo-2")
    again = place.put("grpo-1")

    assert again.became is Became.CLOSED
    assert place.open["title"] == "Experiment tracker: Exp 1"
    assert place.put("grpo-1", 50).became is Became.UPDATED


def test_a_person_who_pushes_right_after_our_write_leaves_no_stale_words(place: Place) -> None:
    place.commit(PEOPLE)
    place.put("grpo-1")

    def push(exchange: Exchange) -> None:
        place.commit(place.text().replace("Words.", "Mine."), place.branch)
        exchange.reply(502)

    place.fault(push, "GET", "/pulls", after=1)
    place.put("grpo-2")

    assert "| Exp 2 | grpo-2 |" in str(place.open["body"])
    assert "Mine." in place.text()


def test_a_warning_stays_as_long_as_it_is_true(place: Place) -> None:
    place.commit(PEOPLE)
    place.put("grpo-1")
    place.commit("notes", place.branch, "docs/notes.md")
    place.commit(PEOPLE.replace("Words.", "New words."))
    place.put("grpo-2")

    assert place.put("grpo-2").became is Became.UNCHANGED
    assert "into this branch by hand" in str(place.open["body"])


def test_what_the_base_has_got_meanwhile_needs_no_pull_request(place: Place) -> None:
    place.fault(reply(403, {"message": "Resource not accessible by integration"}), "POST", "/pulls")
    place.put("grpo-1")
    place.commit(place.text() + "\nBy hand.\n")

    assert place.put("grpo-1").became is Became.UNCHANGED
    assert place.pulls == []


def test_a_pull_request_that_people_turned_to_another_base_names_that_one(place: Place) -> None:
    place.put("grpo-1")
    place.github.branch(f"{place.base}-x", place.base)
    place.github.change(int(str(place.open["number"])), base=f"{place.base}-x")
    place.put("grpo-2")

    [pull] = place.github.proposals(f"{place.base}-x", "open")
    assert f"on **{place.base}-x**" in pull["body"]


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("path", ["/git/trees", "/git/commits", "/git/refs", "/pulls", "/pulls/[0-9]+"])
def test_an_answer_that_is_lost_leaves_one_of_everything(place: Place, path: str, stored: bool) -> None:
    place.commit(PEOPLE)
    place.fault(reply(502), "POST|PATCH", path, stored=stored)
    outcome = place.put("grpo-1")

    assert outcome.became in {Became.OPENED, Became.UPDATED}
    assert len(place.pulls) == 1
    assert place.text() == update_tracker(PEOPLE, run("grpo-1")).text


def test_a_service_that_always_fails_is_told_in_a_bounded_time(place: Place) -> None:
    place.fault(reply(409, {"message": "Conflict"}), "POST", "/git/refs", times=None)
    with pytest.raises(RefusedError, match="by the rules of the branch"):
        place.put("grpo-1")
    place.github.proxy.faults.clear()
    place.fault(reply(502), "POST", "/git/commits", times=None)
    with pytest.raises(ServiceError, match="expected a commit to be written, got 502"):
        place.put("grpo-1")

    assert place.pulls == []


def test_twenty_runs_at_once_end_with_twenty_entries_in_one_pull_request(place: Place) -> None:
    """Answers are lost and refused meanwhile, and a person writes to the branch in between."""
    place.commit(PEOPLE)
    for status, method, path, after in (
        (502, "PATCH", f"/refs/heads/{place.branch}", 4),
        (409, "PATCH", f"/refs/heads/{place.branch}", 9),
        (422, "POST", "/git/refs", 0),
        (502, "POST", "/pulls", 0),
        (502, "PATCH", "/pulls/[0-9]+", 3),
    ):
        place.fault(
            reply(status, {"message": "x"} if status < 500 else b""), method, path, after=after, stored=status == 502
        )
    chance = random.Random(7)  # noqa: S311 - no secret

    def pause(tries: int) -> None:
        time.sleep(chance.uniform(0, longest(tries)) / 30)

    def edit() -> Outcome | None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            text = place.github.text(place.branch, FILE) if place.pulls else None
            if text and "\n## Exp 6" in text:
                place.commit(text.replace("Words.", "Words of a person."), place.branch)
                return None
        raise AssertionError("the branch was never written")

    with ThreadPoolExecutor(21) as pool:
        person = pool.submit(edit)
        outcomes = list(pool.map(lambda number: place.put(f"run-{number:02}", pause=pause), range(20)))
        person.result()

    text = place.text()
    assert len(place.pulls) == 1
    assert sorted(one.number for one in outcomes) == list(range(2, 22))
    assert [text.count(f"- run name: run-{number:02}\n") for number in range(20)] == [1] * 20
    assert [f"\n## Exp {number}: " in text for number in range(1, 22)] == [True] * 21
    assert "Words of a person." in text
    assert place.open["title"] == "Experiment tracker: 20 entries"
