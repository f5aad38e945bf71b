"""A verdict on its way to GitHub: killed at any step, beside other jobs, refused in parts - the gate stays right."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.errors import ServiceError
from action.forge import Forge, Pull, RefusedError, Report, State, Status
from action.publish.aftermath import notes_of
from action.publish.explanation import finished
from action.publish.ledger import Entry, Standing, read_ledger, standing_of
from action.publish.publication import Place, Publication, Sight
from action.publish.sticky import Operation, Posted
from action.report.state import policy_key
from checks.result import Decision, Outcome, Verdict
from tests.forge import BOT, PERSON, SHA, MemoryForge, pull
from tests.verdicts import check, policy, verdict

ADDRESS = "https://github.com/team/league/actions/runs/1"
MARKER = "<!-- experiment-gatekeeper: x -->"


def waiting(run: str = "a", minute: int = 0, attempt: int = 1) -> Entry:
    return Entry(
        run=run,
        policy=policy_key("policy.yml"),
        standing=Standing.WAITING,
        judged_at=f"2026-01-05T06:{minute:02}:00Z",
        attempt=attempt,
    )


@dataclass
class Done:
    """What one job saw and did."""

    publication: Publication
    sight: Sight | None = None
    posted: Posted | None = None
    calls: list[str] = field(default_factory=list)


def section(run: str) -> Callable[[str | None], str | None]:
    """Add a line of a run to the comment, as the newest of it."""

    def compose(old: str | None) -> str | None:
        lines = sorted({*(old or MARKER).splitlines(), run} - {MARKER})
        return "\n".join([MARKER, *lines])

    return compose


def publish(
    forge: Forge,
    decision: Decision = Decision.PASS,
    entry: Entry | None = None,
    pulls: tuple[int, ...] | None = (7,),
    judged: Verdict | None = None,
) -> Done:
    """Publish as a job does."""
    mine = entry or waiting()
    publication = Publication(forge, Place(sha=SHA, pulls=pulls, address=ADDRESS), mine, f"grpo {mine.run}")
    done = Done(publication)
    publication.begin()
    done.sight = publication.look()
    final = replace(mine, standing=standing_of(decision))
    publication.gate(final, f"{mine.run}: {decision.value}", done.sight)
    if done.sight.later is not None:
        return done
    told = judged or verdict(decision=decision)
    publication.explain(finished(final, told, ("text", "0" * 64), ADDRESS))
    done.posted = publication.tell(done.sight.pulls, MARKER, section(mine.run))
    return done


def repository(**changes: object) -> MemoryForge:
    forge = MemoryForge(**changes)  # type: ignore[arg-type]
    forge.pulls[7] = pull()
    return forge


FIRST = [
    "post_status", "check_runs", "create_check_run", "statuses", "pull", "post_status", "statuses",
    "update_check_run", "comments", "create_comment", "comments",
]  # fmt: skip


def test_a_first_verdict_takes_eleven_requests_in_the_order_that_keeps_the_gate_closed() -> None:
    forge = repository()

    done = publish(forge)

    assert forge.calls == FIRST  # with the policy's file: twelve
    assert [status.state for _, status in forge.posted] == [State.PENDING, State.SUCCESS]
    assert done.posted == Posted(operation=Operation.CREATED, url=forge.notes[7][0].url)
    assert done.publication.failures == []


def test_the_same_verdict_again_takes_nine_and_writes_no_comment() -> None:
    forge = repository()
    publish(forge)
    forge.calls.clear()

    done = publish(forge, entry=waiting(minute=5))

    assert len(forge.calls) == 9
    assert not {"create_comment", "update_comment", "create_check_run"} & set(forge.calls)
    assert done.posted is not None
    assert done.posted.operation is Operation.UNCHANGED
    assert len(forge.reports) == len(forge.notes[7]) == 1


@pytest.mark.parametrize(("first", "second"), [(Decision.PASS, Decision.FAIL), (Decision.FAIL, Decision.PASS)])
def test_a_later_verdict_of_the_same_run_replaces_the_earlier(first: Decision, second: Decision) -> None:
    forge = repository()
    publish(forge, first)
    publish(forge, second, waiting(minute=5))

    assert forge.state() == ("success" if second is Decision.PASS else "failure")


def test_an_older_verdict_that_ends_later_replaces_nothing() -> None:
    forge = repository()
    publish(forge, Decision.FAIL, waiting(minute=5))
    report, body = list(forge.reports.values()), list(forge.notes[7])

    done = publish(forge, Decision.PASS, waiting(minute=1))

    assert done.sight is not None
    assert done.sight.later is not None
    assert read_ledger(forge.statuses(SHA))[waiting().key].standing is Standing.FAIL
    assert forge.state() == "failure"
    assert forge.notes[7] == body
    assert list(forge.reports.values()) == report


@pytest.mark.parametrize("other", [Decision.FAIL, Decision.INCONCLUSIVE, Decision.ERROR])
def test_two_runs_on_one_commit_pass_only_together(other: Decision) -> None:
    for order in ((("a", Decision.PASS), ("b", other)), (("b", other), ("a", Decision.PASS))):
        forge = repository()
        for run, decision in order:
            publish(forge, decision, waiting(run))
        assert forge.state() == ("error" if other is Decision.ERROR else "failure")
        assert len(forge.reports) == 2
        assert len(forge.notes[7]) == 1
        publish(forge, Decision.PASS, waiting("b", minute=9))
        assert forge.state() == "success"


class KilledError(BaseException):
    """The job is gone, without a word."""


def killed_at(step: int) -> tuple[Callable[[str], None], list[str]]:
    seen: list[str] = []

    def before(name: str) -> None:
        if len(seen) == step:
            raise KilledError
        seen.append(name)

    return before, seen


@pytest.mark.parametrize(
    ("earlier", "step"),
    [(earlier, step) for earlier, last in ((None, 11), (Decision.PASS, 9), (Decision.FAIL, 9)) for step in range(last)],
)
def test_a_job_that_is_killed_never_leaves_a_pass_that_was_not_given(step: int, earlier: Decision | None) -> None:
    forge = repository()
    if earlier is not None:
        publish(forge, earlier, waiting())
    before, seen = killed_at(step)
    forge.before = before
    with pytest.raises(KilledError):
        publish(forge, Decision.FAIL, waiting(minute=5))

    if "post_status" in seen:
        assert forge.state() != "success"
    forge.before = lambda _: None
    publish(forge, Decision.PASS, waiting(minute=9))
    assert forge.state() == "success"
    assert [report.conclusion for _, report in forge.reports.values()] == ["success"]
    assert len(forge.notes[7]) == 1


class Turns:
    """Lets two jobs make their calls in a given order."""

    def __init__(self, order: Sequence[bool]) -> None:
        self._order = list(order)
        self._lock = threading.Condition()
        self._running = {False, True}

    def take(self, who: bool) -> None:
        with self._lock:
            self._lock.wait_for(lambda: self._order[:1] in ([], [who]) or (not who) not in self._running, timeout=10)
            if self._order:
                self._order.pop(0)
            self._lock.notify_all()

    def leave(self, who: bool) -> None:
        with self._lock:
            self._running.discard(who)
            self._lock.notify_all()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.booleans(), max_size=26),
    st.sampled_from([(Decision.PASS, Decision.FAIL), (Decision.FAIL, Decision.PASS), (Decision.PASS, Decision.PASS)]),
)
def test_two_jobs_at_once_end_with_the_and_of_both_and_one_comment(
    order: list[bool], decisions: tuple[Decision, Decision]
) -> None:
    forge, turns, jobs = repository(), Turns(order), threading.local()
    forge.before = lambda _: turns.take(jobs.who)

    def work(who: bool) -> None:
        jobs.who = who
        try:
            publish(forge, decisions[who], waiting("b" if who else "a"))
        finally:
            turns.leave(who)

    threads = [threading.Thread(target=work, args=(who,)) for who in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert forge.state() == ("success" if set(decisions) == {Decision.PASS} else "failure")
    assert len(forge.reports) == 2
    [comment] = forge.notes[7]
    assert {"a", "b"} <= set(comment.body.splitlines())


@settings(max_examples=200, deadline=None)
@given(st.lists(st.booleans(), max_size=26))
def test_an_older_and_a_later_job_on_one_run_end_with_the_later(order: list[bool]) -> None:
    forge, turns, jobs = repository(), Turns(order), threading.local()
    forge.before = lambda _: turns.take(jobs.who)

    def work(who: bool) -> None:
        jobs.who = who
        try:
            publish(forge, Decision.FAIL if who else Decision.PASS, waiting(minute=5 if who else 1))
        finally:
            turns.leave(who)

    threads = [threading.Thread(target=work, args=(who,)) for who in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert forge.state() == "failure"


@pytest.mark.parametrize(
    "step", ["check_runs", "create_check_run", "update_check_run", "pull", "comments", "create_comment"]
)
def test_a_step_after_the_status_that_is_refused_turns_no_verdict(step: str) -> None:
    def before(name: str) -> None:
        if name == step:
            raise RefusedError("GitHub: 403", "checks: write")

    forge = repository(before=before)
    done = publish(forge)

    assert forge.state() == "success"
    assert {one.permission for one in done.publication.failures} == {"checks: write"}


@pytest.mark.parametrize("step", ["post_status", "statuses"])
def test_a_status_that_cannot_be_written_is_fatal(step: str) -> None:
    def before(name: str) -> None:
        if name == step:
            raise ServiceError("GitHub: 502")

    forge = repository(before=before)
    with pytest.raises(ServiceError):
        publish(forge)
    assert forge.state() != "success"


def test_a_head_that_has_moved_gets_nothing_and_its_commit_its_own_status() -> None:
    forge = repository()
    forge.pulls[7] = pull(head_sha="d" * 40)

    done = publish(forge)

    assert done.sight is not None
    assert [one.number for one in done.sight.moved] == [7]
    assert forge.state() == "success"
    assert forge.state("d" * 40) is None
    assert 7 not in forge.notes


@pytest.mark.parametrize("changes", [{"open": False}, {"open": False, "merged": True}])
def test_a_pull_request_that_is_closed_gets_no_comment(changes: dict[str, bool]) -> None:
    forge = repository()
    forge.pulls[7] = pull(**changes)
    publish(forge)

    assert 7 not in forge.notes
    assert forge.state() == "success"


def test_a_draft_is_told_like_any_other() -> None:
    forge = repository()
    forge.pulls[7] = pull(draft=True)
    publish(forge)

    assert len(forge.notes[7]) == 1


def test_every_pull_request_at_the_commit_is_told() -> None:
    forge = repository()
    forge.pulls |= {8: pull(8, base="release"), 9: pull(9, head_sha="d" * 40)}
    publish(forge, pulls=None)

    assert {number for number, listed in forge.notes.items() if listed} == {7, 8}


def test_a_commit_in_no_pull_request_has_its_status() -> None:
    forge = MemoryForge()
    done = publish(forge, pulls=None)

    assert forge.state() == "success"
    assert done.posted == Posted(operation=Operation.NONE)
    assert done.publication.failures == []


def test_of_several_check_runs_of_ours_one_is_written_and_it_is_the_newest() -> None:
    forge = repository()
    for _ in range(2):
        forge.create_check_run(SHA, replace(_report(), conclusion=None))
    for number in range(45):
        forge.create_check_run(SHA, replace(_report(), external_id=f"other-{number}"))
    publish(forge)

    ours = [report for _, report in forge.reports.values() if report.external_id == _report().external_id]
    assert [one.conclusion for one in ours] == [None, "success"]
    assert len(forge.reports) == 47


def _report() -> Report:
    return finished(waiting(), verdict(), ("text", "0" * 64), ADDRESS)


def remarked(forge: MemoryForge) -> list[int]:
    """Return how many remarks went with each report that was written."""
    counts: list[int] = []
    real = forge.update_check_run

    def update(check_run: int, report: Report, /) -> object:
        counts.append(len(report.remarks))
        return real(check_run, report)

    forge.update_check_run = update  # type: ignore[method-assign,assignment]
    return counts


def test_the_same_remarks_are_not_added_again() -> None:
    forge = repository()
    counts = remarked(forge)
    own = policy(source="policy.yml")
    failing = verdict(check(Outcome.FAIL), check(Outcome.WARN, id="b"), decision=Decision.FAIL, policy=own)
    for minute in (0, 5, 9):
        publish(forge, Decision.FAIL, waiting(minute=minute), judged=failing)
    other = verdict(check(Outcome.FAIL, reason="Otherwise."), policy=own)
    publish(forge, Decision.FAIL, waiting(minute=11), judged=other)

    assert counts == [2, 0, 0, 0, 0, 0, 1]


# The comment.


@pytest.mark.parametrize("count", [0, 30, 100, 349])
@pytest.mark.parametrize("first", [True, False])
def test_it_is_found_wherever_it_stands(count: int, first: bool) -> None:
    forge = repository()
    if first:
        forge.write_as(BOT, 7, MARKER, bot=True)
    for number in range(count):
        forge.write_as(PERSON, 7, f"comment {number}")
    if not first:
        forge.write_as(BOT, 7, MARKER, bot=True)
    done = publish(forge)

    assert done.posted is not None
    assert done.posted.operation is Operation.UPDATED
    assert len(forge.notes[7]) == count + 1


@pytest.mark.parametrize("body", [f"{MARKER}\nfaked", f"> {MARKER}", f"look:\n{MARKER}"])
def test_our_marker_in_another_users_comment_is_not_ours(body: str) -> None:
    forge = repository()
    theirs = forge.write_as(PERSON, 7, body)
    done = publish(forge)

    assert done.posted is not None
    assert done.posted.operation is Operation.CREATED
    assert theirs in forge.notes[7]


def test_a_marker_that_does_not_begin_a_comment_is_not_ours_even_from_an_app() -> None:
    forge = repository()
    theirs = forge.write_as("renovate[bot]", 7, f"quoted:\n{MARKER}", bot=True)
    publish(forge)

    assert theirs in forge.notes[7]
    assert len(forge.notes[7]) == 2


def test_a_users_token_finds_the_users_own_comment() -> None:
    forge = repository(me="alice")
    forge.write_as(PERSON, 7, MARKER)
    mine = forge.write_as("alice", 7, MARKER)
    publish(forge)

    assert [one.id for one in forge.notes[7] if one.author == "alice"] == [mine.id]
    assert len(forge.notes[7]) == 2


def test_an_app_that_takes_over_from_another_goes_on_with_its_comment() -> None:
    forge = repository()
    publish(forge)
    forge.me = "gatekeeper[bot]"
    publish(forge, Decision.FAIL, waiting("b", minute=5))

    assert len(forge.notes[7]) == 1


def test_of_two_the_oldest_stays() -> None:
    forge = repository()
    first = forge.write_as(BOT, 7, MARKER, bot=True)
    forge.write_as(BOT, 7, MARKER, bot=True)
    publish(forge)

    assert [one.id for one in forge.notes[7]] == [first.id]


def test_one_that_a_person_deletes_meanwhile_is_written_anew() -> None:
    forge = repository()
    forge.write_as(BOT, 7, MARKER, bot=True)

    def before(name: str) -> None:
        if name == "update_comment":
            forge.notes[7].clear()

    forge.before = before
    done = publish(forge)

    assert done.posted is not None
    assert done.posted.operation is Operation.CREATED
    assert len(forge.notes[7]) == 1


def test_one_that_cannot_be_found_though_it_is_there_is_not_written_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    forge = repository()
    forge.write_as(BOT, 7, MARKER, bot=True)
    monkeypatch.setattr(forge, "update_comment", lambda *_: None)
    done = publish(forge)

    assert done.posted is None or done.posted.operation is Operation.NONE
    assert [one.step for one in done.publication.failures] == ["comment on #7"]
    assert len(forge.notes[7]) == 1


def test_a_job_that_gives_way_to_a_later_one_leaves_no_check_run_in_progress() -> None:
    forge = repository()
    older, later = waiting(minute=1), waiting(minute=5)
    begun = Publication(forge, Place(sha=SHA, pulls=(7,), address=ADDRESS), older, "grpo")
    begun.begin()
    other = Publication(forge, Place(sha=SHA, pulls=(7,), address=ADDRESS), later, "grpo")
    other.begin()
    sight = begun.look()
    begun.give_way(finished(older, verdict(), ("text", "0" * 64), ADDRESS))

    assert sight.later is not None
    assert "is judging this run" in " ".join(notes_of(sight, Place(sha=SHA, pulls=(7,), address=ADDRESS)))
    assert [report.conclusion is None for _, report in forge.reports.values()].count(True) <= 1


def test_runs_that_are_known_and_not_judged_hold_the_commit_up() -> None:
    forge = repository()
    mine = waiting()
    publication = Publication(forge, Place(sha=SHA, pulls=(7,), address=ADDRESS), mine, "grpo", siblings=("other",))
    publication.begin()
    together = publication.gate(replace(mine, standing=Standing.PASS), "passes", publication.look())

    assert (together.state, together.passing, together.runs) == (State.PENDING, 1, 2)
    assert forge.posted[-1][1].description == "1 of 2 runs pass: other has no verdict yet"


def test_a_status_that_a_person_posted_by_hand_is_no_verdict() -> None:
    forge = repository()
    forge.posted.append((SHA, Status(state=State.SUCCESS, description="trust me", target="https://x")))
    publish(forge, Decision.FAIL)

    assert forge.state() == "failure"


def test_a_pull_request_that_is_gone_is_left_out() -> None:
    forge = MemoryForge()
    done = publish(forge)

    assert done.sight is not None
    assert done.sight.pulls == ()
    assert isinstance(pull(), Pull)
