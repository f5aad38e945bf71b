"""Every answer equals what plain loops over a list of events give, whatever the events hold."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from checks.questions.answer import answer, answer_all
from checks.questions.catalog import QUESTIONS
from checks.questions.tally import Ask
from checks.run import Scalar

Event = Mapping[str, object]
Row = dict[str, Scalar]
ASKS = [Ask(question=one, by=by) for one in QUESTIONS.values() for by in (None, *one.groups)]
EVENTS = tuple(dict.fromkeys(chain.from_iterable(one.reads for one in QUESTIONS.values())))

hostile = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(["NaN", "12", "", "a\nb", "| `x` @team", "\u202e\x1b[31m"]),
    st.sampled_from([math.nan, math.inf, -math.inf, 10**400, -(10**400), -1, -0.0, 1e308]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
numbers = st.one_of(st.integers(0, 500), st.floats(0, 1e6), hostile)
names = st.one_of(st.sampled_from(["a", "b", "c\nd", 7, 7.0]), hostile)
times = st.one_of(
    st.integers(0, 3600).map(lambda s: f"2026-11-22T12:{s // 60 % 60:02d}:{s % 60:02d}.5Z"),
    st.sampled_from(["2026-11-22T15:00:00+02:00", "2026-11-22T12:00:00.123456789Z", "2026-02-30T12:00:00Z"]),
    hostile,
)
scores = st.one_of(
    st.dictionaries(st.sampled_from("ABCD"), st.one_of(st.integers(-5, 18), hostile), max_size=4), hostile
)
FIELDS: Mapping[str, st.SearchStrategy[object]] = {
    "_time": times,
    "run_name": names,
    "duration_s": numbers,
    "total_duration_ms": numbers,
    "trajectory_count": numbers,
    "trajectories_count": numbers,
    "horizon_type": names,
    "lora_name": names,
    "generation_time_s": numbers,
    "duration_ms": numbers,
    "output_tokens_per_second": numbers,
    "tokens_per_second": numbers,
    "batch_size": numbers,
    "power": names,
    "power_name": names,
    "error": names,
    "level": names,
    "final_scores": scores,
}
events_of_any_kind = st.fixed_dictionaries(
    {"event": st.one_of(st.sampled_from([*EVENTS, "training_step"]), hostile)}, optional=FIELDS
)
logs = st.lists(events_of_any_kind, max_size=30)


def number(event: Event, *alternatives: tuple[str, float]) -> float | None:
    for name, over in alternatives:
        value = event.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= sys.float_info.max:
            return float(value) / over
    return None


def text(event: Event, *alternatives: str) -> str | None:
    for name in alternatives:
        value = event.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int | float):
            if abs(value) > sys.float_info.max:
                return "inf" if value > 0 else "-inf"
            return repr(value) if math.isnan(value) or value != int(value) or abs(value) > 1e15 else str(int(value))
    return None


def time(event: Event) -> float | None:
    value = event.get("_time")
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) and "T" in value else None
    except ValueError:
        return None


def duration(event: Event) -> float | None:
    return number(event, ("duration_s", 1), ("duration_ms", 1000), ("total_duration_ms", 1000))


def trajectories(event: Event) -> float | None:
    return number(event, ("trajectory_count", 1), ("trajectories_count", 1))


def measured(values: Iterable[float | None]) -> list[float]:
    return sorted(value for value in values if value is not None)


def mean(values: Iterable[float | None]) -> float | None:
    found = measured(values)
    return sum(found) / len(found) if found else None


def percentile(values: Iterable[float | None], q: float) -> float | None:
    """The definition: place (n − 1)·q of the sorted values, linear between neighbours."""
    found = measured(values)
    if not found:
        return None
    place = (len(found) - 1) * q
    below = int(place)
    above = min(below + 1, len(found) - 1)
    return found[below] + (found[above] - found[below]) * (place - below)


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def named(log: Iterable[Event], *event_names: str) -> list[Event]:
    return [event for event in log if event["event"] in event_names and isinstance(event["event"], str)]


def rollout_timing(log: list[Event]) -> Row:
    done = named(log, "rollout_complete")
    found = measured(map(duration, done))
    starts = measured(map(time, named(log, "rollout_start")))
    begins, total = [], []
    for event in done:
        when, lasted, gave = time(event), duration(event), trajectories(event)
        if when is not None:
            begins += [when - lasted] if lasted is not None else []
            total += [gave] if gave is not None else []
    ends = measured(map(time, done))
    hours = (ends[-1] - min(starts + begins)) / 3600 if ends and starts + begins else 0
    return {
        "n": len(done),
        "avg_s": mean(found),
        "p50_s": percentile(found, 0.5),
        "p95_s": percentile(found, 0.95),
        "max_s": max(found, default=None),
        "trajectories": sum(measured(map(trajectories, done))) if measured(map(trajectories, done)) else None,
        "trajectories_per_hour": sum(total) / hours if hours > 0 and total else None,
        "unmeasured": share(len(done) - len(found), len(done)),
    }


def inference(log: list[Event]) -> Row:
    def generation(event: Event) -> float | None:
        return number(event, ("generation_time_s", 1), ("duration_s", 1), ("duration_ms", 1000))

    found = measured(map(generation, log))
    return {
        "requests": len(log),
        "avg_generation_s": mean(found),
        "p95_generation_s": percentile(found, 0.95),
        "avg_adapter_load_s": None,
        "input_tokens_per_s": None,
        "output_tokens_per_s": mean(
            number(one, ("output_tokens_per_second", 1), ("tokens_per_second", 1)) for one in log
        ),
        "batch_size": mean(number(one, ("batch_size", 1)) for one in log),
        "cache_hit_rate": None,
        "unmeasured": share(len(log) - len(found), len(log)),
    }


def extraction(log: list[Event]) -> Row:
    counts = [len(named(log, name)) for name in ("orders_extracted", "orders_empty", "orders_partial")]
    rate, empty, partial = (share(count, sum(counts)) for count in counts)
    return {"n": sum(counts), "rate": rate, "empty": empty, "partial": partial}


def errors(log: list[Event], rollouts: int) -> Row:
    failed = named(log, "rollout_error")
    return {"errors": len(failed), "rate": share(len(failed), rollouts)}


def seats(event: Event) -> dict[str, float]:
    found = event.get("final_scores")
    values = found if isinstance(found, dict) else {}
    return {
        power: float(score)
        for power, score in values.items()
        if isinstance(score, int | float) and not isinstance(score, bool) and abs(score) <= sys.float_info.max
    }


def outcomes(log: list[Event], power: str | None) -> Row:
    games = [seats(event) for event in log]
    scored: dict[str, list[float]] = defaultdict(list)
    wins = []
    for game in games:
        top = [name for name, score in game.items() if score == max(game.values())]
        for name, score in game.items():
            if power in (None, name):
                scored[name].append(score)
                wins.append(1 / len(top) if name in top else 0.0)
    means = [sum(values) / len(values) for values in scored.values()]
    overall = mean(chain.from_iterable(scored.values()))
    spread = max(means) - min(means) if len(means) > 1 else None
    balanced = spread is None or not overall or math.isinf(spread) or math.isinf(overall)
    return {
        "games": sum(power in (None, *game) for game in games),
        "avg_score": overall,
        "wins": sum(wins),
        "win_share": mean(wins),
        "imbalance": None if balanced or spread is None or overall is None else spread / abs(overall),
    }


def health(log: list[Event]) -> Row:
    started, completed, failed, breakdowns, responses = (
        len(named(log, name))
        for name in (
            "rollout_start",
            "rollout_complete",
            "rollout_error",
            "inference_timing_breakdown",
            "inference_response",
        )
    )
    rate = share(failed, completed + failed)
    status = "unknown" if rate is None else "healthy" if rate < 0.01 else "degraded" if rate < 0.05 else "unhealthy"
    return {
        "status": status,
        "error_rate": rate,
        "completion_rate": share(completed, started),
        "started": started,
        "completed": completed,
        "errors": failed,
        "inference_requests": breakdowns or responses,
    }


def same(expected: Scalar, got: Scalar) -> bool:
    if isinstance(expected, float) and isinstance(got, float):
        return math.isclose(expected, got, rel_tol=1e-6, abs_tol=1e-6)
    if isinstance(expected, float) and not math.isfinite(expected):
        return got is None
    return expected == got


def check(log: Iterable[Event], name: str, by: str | None, expected: Mapping[str | None, Row]) -> None:
    """Compare the rows of an answer, in any order, with one row a group."""
    table = answer(QUESTIONS[name], log, by=by)
    found = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    if not expected:
        assert (not table.events, len(found)) == (True, 1)
        return
    assert sorted(map(str, expected)) == sorted(str(row.get(by or "")) for row in found)
    for row in found:
        for column, value in expected[None if by is None else _key(row[by])].items():
            assert same(value, row[column]), (name, by, column, value, row[column])


def _key(cell: Scalar) -> str | None:
    assert cell is None or isinstance(cell, str)
    return cell


def groups(log: Iterable[Event], key: Callable[[Event], str | None]) -> dict[str | None, list[Event]]:
    found: dict[str | None, list[Event]] = defaultdict(list)
    for event in log:
        found[key(event)].append(event)
    return found


def whole(event: Event) -> None:
    return None


KEYS: Mapping[str | None, Callable[[Event], str | None]] = {
    None: whole,
    "run": lambda event: text(event, "run_name"),
    "horizon_type": lambda event: text(event, "horizon_type"),
    "lora_name": lambda event: text(event, "lora_name"),
    "power": lambda event: text(event, "power", "power_name"),
    "message": lambda event: text(event, "error"),
    "severity": lambda event: text(event, "level"),
}


@given(logs)
def test_rollout_timing(log: list[Event]) -> None:
    for by in (None, "run", "horizon_type"):
        expected = {key: rollout_timing(part) for key, part in groups(log, KEYS[by]).items()}
        check(log, "rollout-timing", by, {key: row for key, row in expected.items() if row["n"]})


@given(logs)
def test_inference(log: list[Event]) -> None:
    used = named(log, "inference_timing_breakdown") or named(log, "inference_response")
    for by in (None, "run", "lora_name"):
        check(log, "inference", by, {key: inference(part) for key, part in groups(used, KEYS[by]).items()})


@given(logs)
def test_extraction(log: list[Event]) -> None:
    used = named(log, "orders_extracted", "orders_empty", "orders_partial")
    for by in (None, "run", "power"):
        check(log, "extraction", by, {key: extraction(part) for key, part in groups(used, KEYS[by]).items()})


@given(logs)
def test_errors(log: list[Event]) -> None:
    rollouts = named(log, "rollout_complete", "rollout_error")
    for by in (None, "run"):
        expected = {key: errors(part, len(part)) for key, part in groups(rollouts, KEYS[by]).items()}
        check(log, "errors", by, expected)
    for by in ("message", "severity"):
        failed = groups(named(log, "rollout_error"), KEYS[by]) or ({None: []} if rollouts else {})
        check(log, "errors", by, {key: errors(part, len(rollouts)) for key, part in failed.items()})


@given(logs)
def test_outcomes(log: list[Event]) -> None:
    games = [event for event in named(log, "rollout_complete") if seats(event)]
    for by in (None, "run", "horizon_type"):
        check(log, "outcomes", by, {key: outcomes(part, None) for key, part in groups(games, KEYS[by]).items()})
    powers = set(chain.from_iterable(map(seats, games)))
    check(log, "outcomes", "power", {power: outcomes(games, power) for power in powers})


@given(logs)
def test_health(log: list[Event]) -> None:
    used = named(log, *QUESTIONS["health"].events)
    for by in (None, "run"):
        check(log, "health", by, {key: health(part) for key, part in groups(used, KEYS[by]).items()})


@given(logs, names)
def test_a_run_filter_equals_an_answer_to_the_events_that_are_left(log: list[Event], run: object) -> None:
    wanted = text({"run_name": run}, "run_name")
    kept = [event for event in log if wanted is None or text(event, "run_name") in (None, wanted)]
    assert answer_all(ASKS, kept).tables == answer_all(ASKS, log, run=wanted).tables


@given(logs)
def test_every_cell_is_a_text_or_finite_and_every_answer_has_a_row(log: list[Event]) -> None:
    for table in answer_all(ASKS, log).tables:
        assert table.rows
        for cell in chain.from_iterable(table.rows):
            assert cell is None or isinstance(cell, str) or math.isfinite(cell)
