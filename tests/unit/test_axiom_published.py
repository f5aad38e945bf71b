"""Answers that Axiom's documentation and clients publish are read for what they say.

The JSON is written here, shortened; facts and figures are those of the source named at each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from action.deadline import Deadline
from action.errors import InputError, ServiceError
from action.sources.axiom import AxiomLogs
from tests.services.axiom import Axiom
from tests.services.faults import reply
from tests.services.ordeal import EVENTS, access

# https://axiom.co/docs/restapi/endpoints/queryApl, the example of a query that ends in `| limit 10`: no `messages`, no
# `agg` and no `buckets`; keys that the client does not know (`blocksCached`); nanoseconds; a name with a blank.
EVENTS_OF_A_LIMIT: Mapping[str, Any] = {
    "format": "tabular",
    "status": {
        "elapsedTime": 260650,
        "minCursor": "0d8q6stroluyo-07c3957e7400015c-0000c875",
        "maxCursor": "0d8q6stroluyo-07c3957e7400015c-0000c877",
        "blocksExamined": 4,
        "blocksCached": 0,
        "blocksMatched": 0,
        "rowsExamined": 197604,
        "rowsMatched": 197604,
        "numGroups": 0,
        "isPartial": False,
        "cacheStatus": 1,
        "minBlockTime": "2025-03-26T12:03:14Z",
        "maxBlockTime": "2025-03-26T12:12:42Z",
    },
    "tables": [
        {
            "name": "0",
            "sources": [{"name": "http-logs"}],
            "fields": [
                {"name": "_sysTime", "type": "datetime"},
                {"name": "geo.city", "type": "string"},
                {"name": "req_duration_ms", "type": "float"},
                {"name": "is_ok_2 ", "type": "boolean"},
            ],
            "order": [{"field": "_time", "desc": True}],
            "groups": [],
            "range": {"field": "_time", "start": "1970-01-01T00:00:00Z", "end": "2025-03-26T12:12:43Z"},
            "columns": [["2025-03-26T12:12:42.68112905Z"], ["Ojinaga"], [0.5], [True]],
        }
    ],
    "datasetNames": ["http-logs"],
    "fieldsMetaMap": {"http-logs": [{"name": "status", "type": "string", "unit": "", "hidden": False}]},
}

# https://github.com/axiomhq/axiom-grafana, pkg/plugin/datasource_test.go, TestBuildFrame: what the service gave for
# `summarize count() by bin_auto(_time), ['request.method']`. A text that is not there is null among the groups, an
# aggregation has a name alone, and the totals stand in a second table.
GROUPS: Mapping[str, Any] = {
    "format": "tabular",
    "status": {
        "elapsedTime": 760311,
        "blocksExamined": 2672,
        "rowsExamined": 167932295,
        "rowsMatched": 167932295,
        "numGroups": 0,
        "isPartial": False,
        "cacheStatus": 1,
        "minBlockTime": "2021-11-29T18:55:53.248Z",
        "maxBlockTime": "2024-08-15T10:09:06.396Z",
        "messages": [
            {
                "priority": "warn",
                "count": 1,
                "code": "apl_implicitendtimeofnowapplied_1",
                "msg": "line: 1, col: 20: implicit end time of 'now' applied",
            }
        ],
    },
    "tables": [
        {
            "name": "0",
            "sources": [{"name": "vercel"}],
            "fields": [
                {"name": "_time", "type": "datetime"},
                {"name": "request.method", "type": "string"},
                {"name": "count_", "type": "integer", "agg": {"name": "count"}},
            ],
            "order": [{"field": "_time", "desc": False}, {"field": "count_", "desc": True}],
            "groups": [{"name": "_time"}, {"name": "request.method"}],
            "range": {"field": "_time", "start": "2013-12-21T00:00:00Z", "end": "2024-12-18T00:00:00Z"},
            "buckets": {"field": "_time", "size": 31536000000000000},
            "columns": [["2020-12-19T00:00:00Z", "2020-12-19T00:00:00Z"], ["GET", None], [397262, 2753]],
        },
        {
            "name": "_totals",
            "sources": [{"name": "vercel"}],
            "fields": [
                {"name": "request.method", "type": "string"},
                {"name": "count_", "type": "integer", "agg": {"name": "count"}},
            ],
            "order": [{"field": "count_", "desc": True}],
            "groups": [{"name": "request.method"}],
            "range": {"field": "_time", "start": "2013-12-21T00:00:00Z", "end": "2024-12-18T00:00:00Z"},
            "columns": [["GET", None], [139760181, 17569825]],
        },
    ],
    "datasetNames": ["vercel"],
    "fieldsMetaMap": {"vercel": [{"name": "webVital.value", "type": "integer|float", "unit": "ms", "hidden": False}]},
}


def rows_of(body: object) -> tuple[Mapping[str, object], ...]:
    with Axiom(fault=reply(200, body)) as axiom:
        rows, notes = AxiomLogs(access(axiom)).raw("x", EVENTS, Deadline(seconds=5))
    assert notes == []
    return rows


def test_events_of_the_documented_example_are_rows() -> None:
    expected = {
        "_sysTime": "2025-03-26T12:12:42.68112905Z",
        "geo.city": "Ojinaga",
        "req_duration_ms": 0.5,
        "is_ok_2 ": True,
    }
    assert rows_of(EVENTS_OF_A_LIMIT) == (expected,)


def test_groups_are_rows_and_the_totals_are_left_out() -> None:
    day = "2020-12-19T00:00:00Z"
    expected = (
        {"_time": day, "request.method": "GET", "count_": 397262},
        {"_time": day, "request.method": None, "count_": 2753},
    )
    assert rows_of(GROUPS) == expected


@pytest.mark.parametrize("key", ["buckets", "range"])
def test_what_not_every_table_has_may_be_missing(key: str) -> None:
    first, totals = GROUPS["tables"]
    less = {name: value for name, value in first.items() if name != key}
    assert len(rows_of({**GROUPS, "tables": [less, totals]})) == 2


def test_the_documented_fields_of_a_dataset_are_their_names() -> None:
    """https://axiom.co/docs/restapi/endpoints/getFieldsForDataset: `name` and `type` are there, the rest may be."""
    body = [
        {"name": "event", "type": "string", "description": "", "hidden": True, "unit": ""},
        {"name": "final_scores.A", "type": "integer|float"},
    ]
    with Axiom(fault=reply(200, body)) as axiom:
        assert AxiomLogs(access(axiom)).columns(Deadline(seconds=5)) == ("event", "final_scores.A")
    assert [(one.method, one.path) for one in axiom.requests] == [("GET", "/v2/datasets/league-events/fields")]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        # https://axiom.co/docs/restapi/endpoints/queryBatch: the error of a query, with the place of the fault.
        (
            400,
            {"code": 400, "detail": {"column": 5, "line": 1, "errorType": 1, "message": "m"}, "message": "m"},
            InputError,
        ),
        (403, {"code": 403, "message": "Forbidden"}, ServiceError),
    ],
)
def test_documented_refusals_are_told(status: int, body: object, error: type[Exception]) -> None:
    with Axiom(fault=reply(status, body)) as axiom, pytest.raises(error, match=f"got {status}"):
        AxiomLogs(access(axiom)).raw("x", EVENTS, Deadline(seconds=5))


def test_a_query_is_sent_as_the_documentation_says() -> None:
    """https://axiom.co/docs/restapi/endpoints/queryApl: `apl`, `startTime` and `endTime` in RFC 3339."""
    with Axiom() as axiom:
        AxiomLogs(access(axiom)).raw("['league-events'] | count", EVENTS, Deadline(seconds=5))
    [request] = axiom.requests
    assert (request.method, request.path, dict(request.query)) == ("POST", "/v1/datasets/_apl", {"format": ["tabular"]})
    assert request.headers["content-type"] == "application/json"
    assert request.json == {
        "apl": "['league-events'] | count",
        "startTime": "2026-01-01T00:00:00.000000Z",
        "endTime": "2026-02-01T00:00:00.000000Z",
    }
