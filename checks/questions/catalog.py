"""The log questions themselves, and the names their fields have in the logs of different writers.

Only data may enter. To add a question, write it here: both executions follow the definition.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from checks.questions.definition import Aggregate, Kind, Question, Value
from checks.questions.formula import FirstOf, Grade, Moment, PerHour, Ratio, Read
from checks.questions.reader import Fields

DEFAULT_FIELDS: Fields = MappingProxyType(
    {
        "event": ("event", "event_name", "event_type"),
        "time": ("_time", "timestamp", "time", "ts"),
        "run": ("run_name", "run", "run_id"),
        "duration_s": ("duration_s", "total_duration_s", "duration_ms / 1000", "total_duration_ms / 1000"),
        "trajectories": ("trajectory_count", "trajectories_count", "trajectories"),
        "generation_s": ("generation_time_s", "generation_time_ms / 1000", "duration_s", "duration_ms / 1000"),
        "adapter_load_s": ("adapter_load_time_s", "adapter_load_time_ms / 1000"),
        "input_tokens_per_s": ("input_tokens_per_second",),
        "output_tokens_per_s": ("output_tokens_per_second", "tokens_per_second"),
        "batch_size": ("batch_size",),
        "cache_hit_rate": ("prefix_cache_hit_rate", "cache_hit_rate"),
        "scores": ("final_scores", "power_scores"),
        "horizon_type": ("horizon_type",),
        "lora_name": ("lora_name",),
        "power": ("power", "power_name"),
        "message": ("error", "error_message", "message"),
        "type": ("error_type", "exception_type"),
        "severity": ("level", "severity"),
    }
)
"""Logical field → its names, best first: the first with a usable value wins. A policy can replace each."""

_START, _COMPLETE, _ERROR = ("rollout_start",), ("rollout_complete",), ("rollout_error",)
_BREAKDOWN, _RESPONSE = ("inference_timing_breakdown",), ("inference_response",)
_REQUEST = _BREAKDOWN + _RESPONSE
_ERROR_RATE = Ratio(over=("errors",), under=("completed", "errors"))


def _count(name: str, events: tuple[str, ...], across: tuple[str, ...] = ()) -> Aggregate:
    return Aggregate(name=name, kind=Kind.COUNT, events=events, across=across)


def _of(kind: Kind, field: str, events: tuple[str, ...], name: str) -> Aggregate:
    return Aggregate(name=name, kind=kind, events=events, field=field)


def _percentile(q: float, field: str, events: tuple[str, ...], name: str) -> Aggregate:
    return Aggregate(name=name, kind=Kind.PERCENTILE, events=events, field=field, q=q)


def _plain(name: str, unit: str | None, text: str) -> Value:
    return Value(name=name, unit=unit, text=text, formula=Read(name))


_ROLLOUT_TIMING = Question(
    name="rollout-timing",
    text="How long do rollouts take, and how many trajectories an hour do they give?",
    events=_COMPLETE,
    aggregates=(
        _count("n", _COMPLETE),
        _of(Kind.AVG, "duration_s", _COMPLETE, "avg_s"),
        _percentile(0.5, "duration_s", _COMPLETE, "p50_s"),
        _percentile(0.95, "duration_s", _COMPLETE, "p95_s"),
        _of(Kind.MAX, "duration_s", _COMPLETE, "max_s"),
        _of(Kind.MISSING, "duration_s", _COMPLETE, "unmeasured"),
        _of(Kind.SUM, "trajectories", _COMPLETE, "trajectories"),
        _of(Kind.SUM, "timed_trajectories", _COMPLETE, "timed_trajectories"),
        _of(Kind.MIN, "time", _START, "first_start"),
        _of(Kind.MIN, "begin", _COMPLETE, "first_begin"),
        _of(Kind.MAX, "time", _COMPLETE, "last_complete"),
    ),
    values=(
        _plain("n", None, "Rollouts completed."),
        _plain("avg_s", "s", "Mean duration of a rollout."),
        _plain("p50_s", "s", "Median duration of a rollout."),
        _plain("p95_s", "s", "95th percentile of the durations."),
        _plain("max_s", "s", "Longest duration of a rollout."),
        _plain("trajectories", None, "Sum of the trajectories of the completed rollouts."),
        Value(
            name="trajectories_per_hour",
            unit="1/h",
            text="Trajectories of completed rollouts by the hours from the earliest start of a rollout (a recorded "
            "start, or a completion less its duration) to the last completion.",
            formula=PerHour(total="timed_trajectories", starts=("first_start", "first_begin"), end="last_complete"),
        ),
        Value(
            name="unmeasured",
            unit="share",
            text="Share of the completed rollouts without a usable duration; the times rest on the others.",
            formula=Ratio(over=("unmeasured",), under=("n",)),
        ),
    ),
    groups=("horizon_type", "run"),
    needs=("duration_s", "trajectories", "time"),
)

_INFERENCE = Question(
    name="inference",
    text="How fast does the inference engine answer?",
    events=_REQUEST,
    exclusive=True,
    aggregates=(
        _count("requests", _REQUEST),
        _of(Kind.AVG, "generation_s", _REQUEST, "avg_generation_s"),
        _percentile(0.95, "generation_s", _REQUEST, "p95_generation_s"),
        _of(Kind.MISSING, "generation_s", _REQUEST, "unmeasured"),
        _of(Kind.AVG, "adapter_load_s", _REQUEST, "avg_adapter_load_s"),
        _of(Kind.AVG, "input_tokens_per_s", _REQUEST, "input_tokens_per_s"),
        _of(Kind.AVG, "output_tokens_per_s", _REQUEST, "output_tokens_per_s"),
        _of(Kind.AVG, "batch_size", _REQUEST, "batch_size"),
        _of(Kind.AVG, "cache_hit_rate", _REQUEST, "cache_hit_rate"),
    ),
    values=(
        _plain(
            "requests", None, "Requests answered: timing breakdowns, or responses where the log holds no breakdown."
        ),
        _plain("avg_generation_s", "s", "Mean time to generate an answer."),
        _plain("p95_generation_s", "s", "95th percentile of the times to generate an answer."),
        _plain("avg_adapter_load_s", "s", "Mean time to load the adapter."),
        _plain("input_tokens_per_s", "tokens/s", "Mean of the requests' input tokens a second."),
        _plain("output_tokens_per_s", "tokens/s", "Mean of the requests' output tokens a second."),
        _plain("batch_size", None, "Mean size of a batch."),
        _plain("cache_hit_rate", "share", "Mean hit rate of the prefix cache, as the engine logs it."),
        Value(
            name="unmeasured",
            unit="share",
            text="Share of the requests without a usable generation time; the times rest on the others.",
            formula=Ratio(over=("unmeasured",), under=("requests",)),
        ),
    ),
    groups=("lora_name", "run"),
    # Speeds that stand in a few events only would be taken for those of all.
    needs=("generation_s", "input_tokens_per_s", "output_tokens_per_s", "batch_size"),
)

_EXTRACTED, _EMPTY, _PARTIAL = ("orders_extracted",), ("orders_empty",), ("orders_partial",)
_ATTEMPTS = ("extracted", "empty", "partial")
_EXTRACTION = Question(
    name="extraction",
    text="Can the orders be read from what the model writes?",
    events=_EXTRACTED + _EMPTY + _PARTIAL,
    aggregates=(
        _count("n", _EXTRACTED + _EMPTY + _PARTIAL),
        _count("extracted", _EXTRACTED),
        _count("empty", _EMPTY),
        _count("partial", _PARTIAL),
    ),
    values=(
        _plain("n", None, "Answers from which orders were to be read."),
        Value(
            name="rate", unit="share", text="Share of answers read in full.", formula=Ratio(("extracted",), _ATTEMPTS)
        ),
        Value(
            name="empty", unit="share", text="Share of answers without orders.", formula=Ratio(("empty",), _ATTEMPTS)
        ),
        Value(
            name="partial", unit="share", text="Share of answers read in part.", formula=Ratio(("partial",), _ATTEMPTS)
        ),
    ),
    groups=("power", "run"),
)

_OF_ERRORS = ("message", "type", "severity")
_ERRORS = Question(
    name="errors",
    text="How often do rollouts fail, and why?",
    events=_COMPLETE + _ERROR,
    aggregates=(
        _count("errors", _ERROR),
        _count("all_errors", _ERROR, across=_OF_ERRORS),
        _count("completed", _COMPLETE, across=_OF_ERRORS),
        _of(Kind.MIN, "time", _ERROR, "first"),
        _of(Kind.MAX, "time", _ERROR, "last"),
    ),
    values=(
        _plain("errors", None, "Rollouts that failed."),
        Value(
            name="rate",
            unit="share",
            text="Failed rollouts (of the group) as a share of all rollouts that completed or failed.",
            formula=Ratio(over=("errors",), under=("completed", "all_errors")),
        ),
        Value(name="first", unit=None, text="When the first one failed.", formula=Moment("first")),
        Value(name="last", unit=None, text="When the last one failed.", formula=Moment("last")),
    ),
    groups=(*_OF_ERRORS, "run"),
    limit=20,
)

_OUTCOMES = Question(
    name="outcomes",
    text="How do the games end, and are the seats balanced?",
    events=_COMPLETE,
    seats=True,
    aggregates=(
        _count("games", _COMPLETE),
        _of(Kind.AVG, "score", _COMPLETE, "avg_score"),
        _of(Kind.SUM, "win", _COMPLETE, "wins"),
        _of(Kind.AVG, "win", _COMPLETE, "win_share"),
        _of(Kind.SPREAD, "score", _COMPLETE, "spread"),
    ),
    values=(
        _plain("games", None, "Completed rollouts with final scores."),
        _plain("avg_score", None, "Mean score of a seat."),
        _plain("wins", None, "Games with the highest score; k seats with equal scores win 1/k each."),
        _plain(
            "win_share",
            "share",
            "Mean win of a seat in a game; without grouping by power it is 1 by the number of seats.",
        ),
        Value(
            name="imbalance",
            unit=None,
            text="The largest minus the smallest mean score of a power, by the mean score: 0 is balance, none with "
            "one power.",
            formula=Ratio(over=("spread",), under=("avg_score",)),
        ),
    ),
    groups=("power", "horizon_type", "run"),
)

_HEALTH = Question(
    name="health",
    text="Does the rollout pipeline work?",
    events=_START + _COMPLETE + _ERROR + _REQUEST,
    aggregates=(
        _count("started", _START),
        _count("completed", _COMPLETE),
        _count("errors", _ERROR),
        _count("breakdowns", _BREAKDOWN),
        _count("responses", _RESPONSE),
    ),
    values=(
        Value(
            name="status",
            unit=None,
            text="By the error rate alone: healthy below 1 %, degraded below 5 %, else unhealthy; unknown without one.",
            formula=Grade(
                _ERROR_RATE, below=((0.01, "healthy"), (0.05, "degraded")), beyond="unhealthy", unknown="unknown"
            ),
        ),
        Value(
            name="error_rate",
            unit="share",
            text="Failed rollouts as a share of all that completed or failed.",
            formula=_ERROR_RATE,
        ),
        Value(
            name="completion_rate",
            unit="share",
            text="Completed by started rollouts: low where rollouts hang, above 1 where the log begins in mid-run.",
            formula=Ratio(over=("completed",), under=("started",)),
        ),
        _plain("started", None, "Rollouts started."),
        _plain("completed", None, "Rollouts completed."),
        _plain("errors", None, "Rollouts that failed."),
        Value(
            name="inference_requests",
            unit=None,
            text="Requests to the inference engine, counted as the question `inference` counts them.",
            formula=FirstOf(of=("breakdowns", "responses")),
        ),
    ),
    groups=("run",),
)

QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {question.name: question for question in (_ROLLOUT_TIMING, _INFERENCE, _EXTRACTION, _ERRORS, _OUTCOMES, _HEALTH)}
)
"""Every log question by the name that a policy and the command line use."""
