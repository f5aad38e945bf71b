"""Charts of a comment: a spike is never lost, and no name or number breaks Mermaid."""

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.report.chart import MOST_CHARTS, SPARK, Chart, Line, elo_chart, lines_of, series_charts, sparklines
from action.report.mermaid import COLOURS, FEWEST_POINTS, MOST_POINTS, WIDTH, Point, draw, label, thin
from checks.elo.agents import AgentKind
from checks.elo.answer import Mode
from checks.result import CheckKind, Decision, Outcome, Severity, Verdict
from tests.ratings import LEAGUE, elo, rating
from tests.runs import judge_path, rows, write_run
from tests.services.mermaid import ChartParser
from tests.verdicts import HOSTILE, check, verdict

SAFE = re.compile(r"[0-9A-Za-z _./%{}:\",\[\]>\n#-]*")
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def parts(code: str) -> tuple[list[str], list[float], list[list[float]]]:
    """Take a chart to pieces: the labels, the range and the lines; fails where one is not what Mermaid knows."""
    head, kind, across, up, *lines = code.splitlines()
    assert SAFE.fullmatch(code)
    assert head.startswith("%%{init: ")
    assert head.endswith("}%%")
    json.loads(head.removeprefix("%%{init: ").removesuffix("}%%"))
    assert kind == "xychart-beta"
    labels = re.fullmatch(r'  x-axis "step" \[(".*")\]', across)
    span = re.fullmatch(r'  y-axis "([^"]+)" (\S+) --> (\S+)', up)
    assert labels is not None
    assert span is not None
    drawn = [line.removeprefix("  line [").removesuffix("]").split(", ") for line in lines]
    for number in [span[2], span[3], *(number for row in drawn for number in row)]:
        assert NUMBER.fullmatch(number), number
    return (
        json.loads(f"[{labels[1]}]"),
        [float(span[2]), float(span[3])],
        [[float(number) for number in row] for row in drawn],
    )


def line(values: Sequence[float], check: str = "kl-p95", name: str = "kl/mean") -> Line:
    return Line(check=check, name=name, steps=range(len(values)), values=values)


def failing(**changes: Any) -> Verdict:
    return verdict(check(Outcome.FAIL, **changes), decision=Decision.FAIL)


def only(charts: Sequence[Chart]) -> Chart:
    (chart,) = charts
    return chart


def test_checkpoints_rise_over_training_and_references_are_flat() -> None:
    chart = elo_chart(LEAGUE)

    assert chart is not None
    labels, (low, high), lines = parts(chart.code)
    assert labels == ["10", "20", "30"]
    assert lines == [[1050, 1100, 1150], [1000, 1000, 1000]]
    assert low < 1000
    assert high > 1150
    assert chart.legend == (("🟦", "checkpoints"), ("🟥", "base_model"))
    assert chart.asides == ()


def test_two_checkpoints_make_no_chart() -> None:
    assert FEWEST_POINTS == 3
    assert elo_chart(elo(rating("v10", 1.0, 10), rating("v20", 2.0, 20), rating("base_model", 0.0))) is None


def test_logged_ratings_are_not_compared_in_a_picture() -> None:
    assert elo_chart(elo(*LEAGUE.ratings, mode=Mode.SERIES)) is None


def test_a_checkpoint_that_never_lost_is_left_out_and_it_is_said() -> None:
    chart = elo_chart(elo(*LEAGUE.ratings, rating("v40", None, 40)))

    assert chart is not None
    assert parts(chart.code)[0] == ["10", "20", "30"]
    assert chart.asides == ("1 checkpoint without a step or a finite rating left out.",)


def test_other_agents_are_not_drawn() -> None:
    chart = elo_chart(elo(*LEAGUE.ratings, rating("guest", 5.0, 40, AgentKind.OTHER)))

    assert chart is not None
    assert parts(chart.code)[0] == ["10", "20", "30"]


def test_references_beyond_the_colours_are_named() -> None:
    bots = [rating(f"b{at}_bot", 900.0 + at) for at in range(7)]
    chart = elo_chart(elo(*LEAGUE.ratings, *bots))

    assert chart is not None
    assert len(parts(chart.code)[2]) == len(chart.legend) == len(COLOURS)
    assert chart.asides == ("Not drawn: b4_bot, b5_bot, b6_bot.",)


def test_every_line_has_its_colour() -> None:
    chart = elo_chart(LEAGUE)

    assert chart is not None
    head = json.loads(chart.code.splitlines()[0].removeprefix("%%{init: ").removesuffix("}%%"))
    assert head["themeVariables"]["xyChart"]["plotColorPalette"] == ", ".join(colour for _, colour in COLOURS[:2])


def test_a_series_is_drawn_with_the_bound_of_its_rule() -> None:
    chart = only(series_charts(failing(bound="< 0.1"), [line([0.01, 0.05, 0.2])]))

    assert chart.title == "KL divergence, 95th percentile"
    assert parts(chart.code)[2] == [[0.01, 0.05, 0.2], [0.1, 0.1, 0.1]]
    assert chart.legend == (("🟦", "kl/mean"), ("🟥", "< 0.1"))


def test_a_rule_with_two_bounds_is_two_lines() -> None:
    chart = only(series_charts(failing(bound="pass < 0.1, fail >= 0.15"), [line([0.01, 0.05, 0.2])]))

    assert [row[0] for row in parts(chart.code)[2]] == [0.01, 0.1, 0.15]
    assert [told for _, told in chart.legend] == ["kl/mean", "pass < 0.1", "fail >= 0.15"]


@pytest.mark.parametrize(
    "changes",
    [
        {"bound": "0 against 20 Elo"},
        {"bound": None},
        {"bound": "< 1.2.3"},
        {"bound": "< 0.1", "unit": "per 100 steps"},
        {"bound": "< 0.1", "kind": CheckKind.BASELINE},
    ],
)
def test_a_bound_on_something_else_than_the_values_is_not_drawn(changes: dict[str, Any]) -> None:
    chart = only(series_charts(failing(**changes), [line([0.01, 0.05, 0.2])]))

    assert len(parts(chart.code)[2]) == 1


def test_a_far_bound_does_not_flatten_the_values() -> None:
    chart = only(series_charts(failing(bound="< 50"), [line([0.01, 0.05, 0.2])]))

    assert len(parts(chart.code)[2]) == 1
    assert chart.asides == ("The rule (< 50) lies far outside the picture.",)


@pytest.mark.parametrize(
    ("outcome", "severity", "drawn"),
    [
        (Outcome.FAIL, Severity.BLOCK, True),
        (Outcome.FAIL, Severity.WARN, True),
        (Outcome.WARN, Severity.BLOCK, True),
        (Outcome.INCONCLUSIVE, Severity.BLOCK, True),
        (Outcome.PASS, Severity.BLOCK, False),
        (Outcome.NOT_MEASURED, Severity.BLOCK, False),
    ],
)
def test_only_series_of_open_checks_are_drawn(outcome: Outcome, severity: Severity, drawn: bool) -> None:
    assert bool(series_charts(verdict(check(outcome, severity=severity)), [line([1, 2, 3])])) is drawn


def test_at_most_three_series_are_drawn_what_fails_first() -> None:
    checks = [
        check(Outcome.WARN, id="w", title="w"),
        check(Outcome.INCONCLUSIVE, id="i", title="i"),
        *(check(Outcome.FAIL, id=f"f{at}", title=f"f{at}") for at in range(2)),
    ]
    lines = [line([1, 2, 3], one.id, f"metric {one.id}") for one in checks]

    assert MOST_CHARTS == 3
    assert [chart.title for chart in series_charts(verdict(*checks), lines)] == ["f0", "f1", "i"]


def test_a_metric_that_two_checks_judge_is_drawn_once() -> None:
    judged = verdict(check(Outcome.FAIL, id="p95"), check(Outcome.FAIL, id="spike", title="KL spike"))
    charts = series_charts(judged, [line([1, 2, 3], "p95"), line([1, 2, 3], "spike")])

    assert [chart.title for chart in charts] == ["KL divergence, 95th percentile"]


def test_values_that_are_no_number_are_left_out_and_it_is_said() -> None:
    chart = only(series_charts(failing(), [line([1.0, math.nan, 2.0, math.inf, 3.0])]))

    assert parts(chart.code)[0] == ["0", "2", "4"]
    assert chart.asides[0] == "2 values that are no finite number left out."


@pytest.mark.parametrize("spike", [0, 1, 499, 777, 999])
@pytest.mark.parametrize("height", [9.0, -9.0])
def test_a_spike_is_never_lost(spike: int, height: float) -> None:
    values = [0.001 * at for at in range(1_000)]
    values[spike] = height
    chart = only(series_charts(failing(bound=None), [line(values)]))

    labels, _, lines = parts(chart.code)
    assert height in lines[0]
    assert len(labels) == len(lines[0]) <= MOST_POINTS
    assert chart.asides == (
        f"{len(labels)} of 1,000 values are drawn: the lowest and the highest of every stretch of steps.",
    )


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.floats(-1e6, 1e6)), min_size=1, max_size=400).map(
        lambda pairs: sorted(pairs, key=lambda pair: pair[0])
    )
)
def test_thinning_keeps_order_and_extremes_and_room_for_labels(pairs: list[tuple[int, float]]) -> None:
    points = [Point(step=step, value=value) for step, value in pairs]
    kept = thin(points)

    assert len(kept) <= MOST_POINTS
    assert {min(p.value for p in points), max(p.value for p in points)} <= {p.value for p in kept}
    assert [p.step for p in kept] == sorted(p.step for p in kept)
    if len(points) > MOST_POINTS:
        assert len(kept) * 6 * max(len(str(p.step)) for p in points) < WIDTH


def test_two_values_of_one_step_have_two_places() -> None:
    chart = only(series_charts(failing(), [Line(check="kl-p95", name="kl", steps=[1, 1, 2], values=[1, 2, 3])]))

    assert parts(chart.code)[0] == ["1", "1 no 2", "2"]


def test_steps_are_drawn_in_their_order() -> None:
    chart = only(series_charts(failing(), [Line(check="kl-p95", name="kl", steps=[3, 1, 2], values=[30, 10, 20])]))

    assert parts(chart.code)[2][0] == [10, 20, 30]


@pytest.mark.parametrize(
    "values", [[1e20, 2e20, 3e20], [1e-12, 2e-12, 3e-12], [1e308, -1e308, 0], [math.nan] * 5, [], [1, 2]]
)
def test_what_no_plain_numbers_show_is_not_drawn(values: list[float]) -> None:
    assert series_charts(failing(bound=None), [line(values)]) == ()


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [5.0, 5.0, 5.0], [-3e-6, -3e-6, -3e-6], [1e-7, 2e-7, 5e-7]])
def test_constant_and_tiny_values_have_a_range(values: list[float]) -> None:
    _, (low, high), (drawn, *_) = parts(only(series_charts(failing(bound=None), [line(values)])).code)

    assert low < min(drawn) <= max(drawn) < high


def names() -> st.SearchStrategy[str]:
    return st.text(max_size=60) | st.sampled_from([HOSTILE, '"]', "%%{init: {}}%%", "--> 5", "```", "end", "", " "])


@given(name=names(), bound=st.text(max_size=20), values=st.lists(st.floats(), max_size=80))
def test_no_name_rule_or_value_gets_into_the_syntax(name: str, bound: str, values: list[float]) -> None:
    for chart in series_charts(failing(bound=bound), [line(values, name=name)]):
        labels, (low, high), lines = parts(chart.code)
        assert len(set(labels)) == len(labels) == len(lines[0])
        assert all(low <= value <= high for row in lines for value in row)


@given(names())
def test_a_label_is_of_characters_that_mean_nothing(name: str) -> None:
    assert re.fullmatch(r"[0-9A-Za-z _./-]{1,40}", label(name))


@pytest.fixture(name="mermaid", scope="module")
def _mermaid() -> Iterator[ChartParser]:
    with ChartParser() as parser:
        yield parser


def test_mermaid_refuses_what_is_no_chart_of_ours(mermaid: ChartParser) -> None:
    assert mermaid.fault('xychart-beta\n  x-axis ["a"]\n  line [1e5]\n') is not None
    assert mermaid.fault('pie\n  "a": 1\n') is not None


@pytest.mark.parametrize("name", [HOSTILE, '"]\nline [1]', "%%{init: {}}%%", "", "kl/mean", "日本語", "end", "x-axis"])
def test_mermaid_reads_every_chart_whatever_its_names(mermaid: ChartParser, name: str) -> None:
    league = elo_chart(elo(*LEAGUE.ratings, rating(name, 990.0), rating(f"{name}2", 1.0, 10)))
    charts = series_charts(failing(bound="pass < 0.1, fail >= 0.15"), [line([-0.1, 0.2, 1e-4] * 50, name=name)])

    assert league is not None
    assert [mermaid.fault(chart.code) for chart in (league, *charts)] == [None, None]


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1.0, 1e6, 1e14, -1e14])
def test_mermaid_reads_numbers_of_every_size(mermaid: ChartParser, scale: float) -> None:
    drawing = draw([Point(step=at, value=scale * (at - 2)) for at in range(5)], [0.0], "x")

    assert drawing is not None
    assert mermaid.fault(drawing.code) is None


def test_a_sparkline_stands_for_every_series_that_is_judged() -> None:
    drawn = sparklines([line([1, 2, math.nan, 9]), line([], "empty"), line(list(range(999)), "long")])

    assert drawn["kl-p95"] == "▁▂·█"
    assert set(drawn) == {"kl-p95", "long"}
    assert len(drawn["long"]) <= SPARK


def test_the_lines_of_a_run_are_the_series_its_checks_judge(tmp_path: Any) -> None:
    judged = judge_path(write_run(tmp_path, rows(5)))
    (found,) = lines_of(judged.policy, judged.bundle.evidence)

    assert (found.check, found.name, list(found.steps)) == ("kl-p95", "kl", [0, 1, 2, 3, 4])
    assert found.values[0] == 0.04
