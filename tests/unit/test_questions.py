"""What each log question answers, on small logs that a reader can check by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from checks.questions.answer import answer, answer_all
from checks.questions.catalog import DEFAULT_FIELDS, QUESTIONS
from checks.questions.definition import Kind
from checks.questions.tally import Ask
from checks.run import Scalar

Event = Mapping[str, object]
Row = dict[str, Scalar]
UNITS = {None, "s", "share", "tokens/s", "1/h"}


def event(name: str, **fields: object) -> Event:
    return {"event": name, **fields}


def complete(**fields: object) -> Event:
    return event("rollout_complete", **fields)


def error(message: str | None = None, **fields: object) -> Event:
    return event("rollout_error", **({} if message is None else {"error": message}), **fields)


def game(**scores: object) -> Event:
    return complete(final_scores=scores)


def at(second: float) -> str:
    return f"2026-11-22T12:{int(second // 60):02d}:{second % 60:06.3f}Z"


def rows(name: str, events: Iterable[Event], *, by: str | None = None, run: str | None = None) -> list[Row]:
    table = answer(QUESTIONS[name], events, by=by, run=run)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def row(name: str, events: Iterable[Event], *, run: str | None = None) -> Row:
    (only,) = rows(name, events, run=run)
    return only


class TestEveryQuestion:
    @pytest.mark.parametrize("name", QUESTIONS)
    def test_no_event_gives_one_row_in_which_nothing_is_measured(self, name: str) -> None:
        table = answer(QUESTIONS[name], [event("training_step", loss=0.1)])
        assert all(cell in (None, "unknown") for line in table.rows for cell in line)
        expected = (1, 0)
        assert expected == (len(table.rows), table.events)

    @pytest.mark.parametrize(("name", "by"), [(q.name, by) for q in QUESTIONS.values() for by in q.groups])
    def test_no_event_gives_one_unmeasured_row_also_where_grouped(self, name: str, by: str) -> None:
        table = answer(QUESTIONS[name], [], by=by)
        assert (by, *QUESTIONS[name].columns) == table.columns
        assert all(cell in (None, "unknown") for line in table.rows for cell in line)
        assert len(table.rows) == 1

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_columns_have_a_known_unit_and_a_sentence(self, name: str) -> None:
        for value in QUESTIONS[name].values:
            assert value.unit in UNITS
            assert value.text.endswith(".")

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_definitions_name_only_fields_that_can_be_mapped_or_derived(self, name: str) -> None:
        known = {*DEFAULT_FIELDS, "begin", "timed_trajectories", "score", "win"}
        question = QUESTIONS[name]
        used = {one.field for one in question.aggregates if one.kind is not Kind.COUNT}
        assert used | set(question.groups) | set(question.needs) <= known

    def test_texts_are_no_values_that_a_policy_can_bound(self) -> None:
        assert "status" not in QUESTIONS["health"].numbers
        expected = ("errors", "rate")
        assert expected == QUESTIONS["errors"].numbers
        assert "p95_s" in QUESTIONS["rollout-timing"].numbers

    def test_a_value_is_found_by_name_and_an_unknown_one_is_listed(self) -> None:
        expected = "s"
        assert expected == QUESTIONS["rollout-timing"].value("p95_s").unit
        with pytest.raises(ValueError, match=r"extraction has no value 'p95_s'; it has n, rate, empty, partial"):
            QUESTIONS["extraction"].value("p95_s")

    def test_a_field_that_it_cannot_be_grouped_by_is_refused_with_those_it_can(self) -> None:
        with pytest.raises(ValueError, match=r"health cannot be grouped by 'power'; it can by run"):
            answer(QUESTIONS["health"], [], by="power")

    def test_a_limit_below_one_row_is_refused(self) -> None:
        with pytest.raises(ValueError, match="at least 1 row, got 0"):
            Ask(question=QUESTIONS["errors"], limit=0)


class TestRolloutTiming:
    def test_durations_in_seconds_and_milliseconds_are_one_field(self) -> None:
        events = [complete(duration_s=10), complete(total_duration_ms=20_000), complete(duration_ms=30_000)]
        found = row("rollout-timing", events)
        expected = {"n": 3, "avg_s": 20, "p50_s": 20, "p95_s": 29, "max_s": 30, "unmeasured": 0}
        assert expected == {key: found[key] for key in expected}

    def test_trajectories_in_singular_and_plural_are_one_field(self) -> None:
        events = [complete(trajectory_count=8), complete(trajectories_count=4)]
        expected = 12
        assert expected == row("rollout-timing", events)["trajectories"]

    def test_throughput_counts_from_the_first_start_to_the_last_completion(self) -> None:
        events = [
            event("rollout_start", _time=at(0)),
            complete(_time=at(360), trajectory_count=5, duration_s=60),
            complete(_time=at(180), trajectory_count=5, duration_s=60),
            event("rollout_start", _time=at(900)),
        ]
        expected = 100
        assert expected == row("rollout-timing", events)["trajectories_per_hour"]

    def test_throughput_counts_from_the_first_completion_less_its_duration_without_starts(self) -> None:
        events = [
            complete(_time=at(180), trajectory_count=5, duration_s=60),
            complete(_time=at(480), trajectory_count=5),
        ]
        expected = 10 / (360 / 3600)
        assert expected == row("rollout-timing", events)["trajectories_per_hour"]

    def test_throughput_leaves_out_trajectories_of_which_nobody_knows_the_time(self) -> None:
        events = [complete(_time=at(360), trajectory_count=5, duration_s=360), complete(trajectory_count=1000)]
        found = row("rollout-timing", events)
        expected = (50, 1005)
        assert expected == (found["trajectories_per_hour"], found["trajectories"])

    def test_throughput_is_not_measured_over_no_time(self) -> None:
        assert row("rollout-timing", [complete(_time=at(0), trajectory_count=5)])["trajectories_per_hour"] is None
        assert row("rollout-timing", [complete(trajectory_count=5)])["trajectories_per_hour"] is None
        assert row("rollout-timing", [complete(_time=at(9), duration_s=9)])["trajectories_per_hour"] is None

    def test_starts_without_completions_measure_nothing(self) -> None:
        table = answer(QUESTIONS["rollout-timing"], [event("rollout_start", _time=at(0))])
        assert (0, {None}) == (table.events, set(table.rows[0]))

    def test_groups_stand_in_the_order_of_their_events_and_starts_make_none(self) -> None:
        events = [
            event("rollout_start", _time=at(0)),
            complete(horizon_type="long", duration_s=90),
            *[complete(horizon_type="short", duration_s=30)] * 2,
            complete(duration_s=1),
        ]
        found = rows("rollout-timing", events, by="horizon_type")
        expected = [("short", 2, 30), ("long", 1, 90), (None, 1, 1)]
        assert expected == [(one["horizon_type"], one["n"], one["avg_s"]) for one in found]

    @pytest.mark.parametrize("bad", ["NaN", "12.5", float("nan"), float("inf"), -1, True, [3], {"s": 3}, 10**400])
    def test_a_duration_that_is_no_usable_number_is_counted_as_unmeasured(self, bad: object) -> None:
        found = row("rollout-timing", [complete(duration_s=10), complete(duration_s=bad)])
        expected = (2, 10, 10, 0.5)
        assert expected == (found["n"], found["avg_s"], found["max_s"], found["unmeasured"])

    def test_a_usable_alternative_stands_in_for_an_unusable_one(self) -> None:
        found = row("rollout-timing", [complete(duration_s="NaN", total_duration_ms=5000)])
        expected = (5, 0)
        assert expected == (found["avg_s"], found["unmeasured"])

    def test_durations_whose_sum_is_infinite_have_no_mean(self) -> None:
        found = row("rollout-timing", [complete(duration_s=1.7e308)] * 2)
        expected = (None, 1.7e308)
        assert expected == (found["avg_s"], found["max_s"])


class TestInference:
    def test_a_request_that_writes_both_events_is_counted_once(self) -> None:
        events = [
            event("inference_response", duration_ms=9000, tokens_per_second=10),
            event(
                "inference_timing_breakdown",
                generation_time_s=2,
                adapter_load_time_s=0.5,
                input_tokens_per_second=800,
                output_tokens_per_second=60,
                batch_size=8,
                prefix_cache_hit_rate=0.25,
            ),
        ]
        expected = {
            "requests": 1,
            "avg_generation_s": 2,
            "p95_generation_s": 2,
            "avg_adapter_load_s": 0.5,
            "input_tokens_per_s": 800,
            "output_tokens_per_s": 60,
            "batch_size": 8,
            "cache_hit_rate": 0.25,
            "unmeasured": 0,
        }
        assert expected == row("inference", events)

    def test_responses_answer_where_the_log_holds_no_breakdown(self) -> None:
        found = row("inference", [event("inference_response", duration_ms=1500, tokens_per_second=70, batch_size=4)])
        expected = (1, 1.5, 70, 4)
        assert expected == tuple(
            found[key] for key in ("requests", "avg_generation_s", "output_tokens_per_s", "batch_size")
        )

    def test_responses_without_an_adapter_make_no_group_beside_breakdowns(self) -> None:
        events = [
            event("inference_timing_breakdown", lora_name="v1", generation_time_s=1),
            event("inference_timing_breakdown", lora_name="v2", generation_time_s=3),
            event("inference_response", duration_ms=1),
        ]
        found = rows("inference", events, by="lora_name")
        expected = [("v1", 1), ("v2", 3)]
        assert expected == [(one["lora_name"], one["avg_generation_s"]) for one in found]


class TestExtraction:
    def test_shares_are_of_all_answers(self) -> None:
        events = [event("orders_extracted")] * 7 + [event("orders_empty")] + [event("orders_partial")] * 2
        expected = {"n": 10, "rate": 0.7, "empty": 0.1, "partial": 0.2}
        assert expected == row("extraction", events)

    def test_powers_go_by_both_field_names(self) -> None:
        events = [event("orders_extracted", power="ITALY"), event("orders_empty", power_name="ITALY")]
        expected = [{"power": "ITALY", "n": 2, "rate": 0.5, "empty": 0.5, "partial": 0}]
        assert expected == rows("extraction", events, by="power")


class TestErrors:
    def test_the_rate_is_of_rollouts_that_completed_or_failed(self) -> None:
        found = row("errors", [complete()] * 3 + [error("boom", _time=at(5)), error("boom")])
        expected = {"errors": 2, "rate": 0.4, "first": "2026-11-22T12:00:05.000Z", "last": "2026-11-22T12:00:05.000Z"}
        assert expected == found

    def test_completions_without_an_error_are_a_rate_of_zero(self) -> None:
        expected = {"errors": 0, "rate": 0, "first": None, "last": None}
        assert expected == row("errors", [complete()])

    def test_by_message_every_rate_is_of_all_rollouts(self) -> None:
        events = [complete()] * 6 + [error("a", _time=at(1)), error("b", _time=at(2)), error("b", _time=at(9)), error()]
        found = rows("errors", events, by="message")
        expected = [("b", 2, 0.2), ("a", 1, 0.1), (None, 1, 0.1)]
        assert expected == [(one["message"], one["errors"], one["rate"]) for one in found]
        times = ("2026-11-22T12:00:02.000Z", "2026-11-22T12:00:09.000Z")
        assert times == (found[0]["first"], found[0]["last"])

    def test_by_message_without_errors_the_only_row_says_none(self) -> None:
        expected = [{"message": None, "errors": 0, "rate": 0, "first": None, "last": None}]
        assert expected == rows("errors", [complete()], by="message")

    def test_by_run_the_rate_is_that_of_the_run(self) -> None:
        events = [complete(run_name="a"), error(run_name="a"), *[complete(run_name="b")] * 3]
        expected = [("b", 0), ("a", 0.5)]
        assert expected == [(one["run"], one["rate"]) for one in rows("errors", events, by="run")]

    def test_only_the_twenty_most_frequent_messages_are_shown_unless_more_are_asked_for(self) -> None:
        events = [error(f"m{n:02d}") for n in range(25)] + [error("m07")]
        found = answer_all([Ask(question=QUESTIONS["errors"], by="message")], events)
        expected = ("m07", 20)
        assert expected == (found.tables[0].rows[0][0], len(found.tables[0].rows))
        assert "errors by message: the 20 most frequent of 25 groups are shown" in [note.text for note in found.notes]
        more = answer_all([Ask(question=QUESTIONS["errors"], by="message", limit=100)], events)
        assert len(more.tables[0].rows) == 25
        assert not any("groups are shown" in note.text for note in more.notes)


class TestOutcomes:
    def test_a_tie_at_the_top_shares_the_win(self) -> None:
        events = [game(A=10, B=10, C=1), game(A=0, B=3, C=6)]
        found = rows("outcomes", events, by="power")
        expected = [("A", 2, 5, 0.5, 0.25), ("B", 2, 6.5, 0.5, 0.25), ("C", 2, 3.5, 1, 0.5)]
        names = ("power", "games", "avg_score", "wins", "win_share")
        assert expected == [tuple(one[key] for key in names) for one in found]

    def test_imbalance_is_the_spread_of_the_powers_means_by_the_mean(self) -> None:
        found = row("outcomes", [game(A=10, B=10, C=1), game(A=0, B=3, C=6)])
        expected = (2, 5, 2, round(1 / 3, 9), 0.6)
        assert expected == tuple(found.values())

    def test_imbalance_around_a_negative_mean_is_not_negative(self) -> None:
        expected = 2
        assert expected == row("outcomes", [game(A=-2, B=0)])["imbalance"]

    def test_imbalance_is_not_measured_with_one_power_or_a_mean_of_zero(self) -> None:
        assert row("outcomes", [game(A=5)])["imbalance"] is None
        assert row("outcomes", [game(A=-1, B=1)])["imbalance"] is None

    def test_imbalance_of_infinite_means_is_not_measured(self) -> None:
        assert row("outcomes", [game(A=1.7e308, B=1)] * 2)["imbalance"] is None
        assert row("outcomes", [game(A=1.7e308, B=-1.7e308)])["imbalance"] is None

    def test_rollouts_without_scores_are_no_games(self) -> None:
        events = [
            complete(),
            game(A=1, B=0),
            game(A=None),
            game(A="win"),
            complete(final_scores=3),
            complete(final_scores={}),
        ]
        expected = 1
        assert expected == row("outcomes", events)["games"]

    def test_a_seat_without_a_finite_score_is_left_out(self) -> None:
        found = rows("outcomes", [game(A="NaN", B=2, C=1, D=None)], by="power")
        expected = [("B", 1), ("C", 0)]
        assert expected == [(one["power"], one["wins"]) for one in found]

    def test_flat_scores_as_axiom_stores_them_count_too(self) -> None:
        event_ = complete(**{"final_scores.A": 4, "final_scores.B": 2, "final_scores": None})
        expected = [("A", 4), ("B", 2)]
        assert expected == [(one["power"], one["avg_score"]) for one in rows("outcomes", [event_], by="power")]

    def test_another_grouping_counts_each_game_once(self) -> None:
        events = [complete(final_scores={"A": 1, "B": 0}, horizon_type="short")] * 2
        expected = [("short", 2, 2)]
        assert expected == [
            (one["horizon_type"], one["games"], one["wins"]) for one in rows("outcomes", events, by="horizon_type")
        ]

    def test_too_many_powers_leave_the_imbalance_unmeasured_and_say_so(self) -> None:
        events = [game(**{f"p{n}": n for n in range(10_001)})]
        found = answer_all([QUESTIONS["outcomes"]], events)
        assert found.table("outcomes").rows[0][QUESTIONS["outcomes"].columns.index("imbalance")] is None
        assert any("more than 10,000 powers" in note.text for note in found.notes)


class TestHealth:
    @pytest.mark.parametrize(
        ("errors", "completed", "status"),
        [(0, 1, "healthy"), (1, 100, "healthy"), (1, 99, "degraded"), (4, 96, "degraded"), (5, 95, "unhealthy")],
    )
    def test_status_follows_the_error_rate(self, errors: int, completed: int, status: str) -> None:
        assert status == row("health", [error()] * errors + [complete()] * completed)["status"]

    def test_without_rollouts_it_is_unknown(self) -> None:
        found = row("health", [event("inference_response")] * 3)
        expected = ("unknown", None, None, 3)
        assert expected == tuple(
            found[key] for key in ("status", "error_rate", "completion_rate", "inference_requests")
        )

    def test_rollouts_that_hang_show_in_the_completion_rate(self) -> None:
        found = row("health", [event("rollout_start")] * 4 + [complete()])
        expected = ("healthy", 0.25, 4, 1, 0, 0)
        assert expected == tuple(
            found[key] for key in ("status", "completion_rate", "started", "completed", "errors", "inference_requests")
        )

    def test_inference_requests_are_not_counted_twice(self) -> None:
        events = [event("inference_response")] * 5 + [event("inference_timing_breakdown")] * 4
        expected = 4
        assert expected == row("health", events)["inference_requests"]
