"""Asks the services what `gatekeeper doctor` wants to know; an outage is a finding, never the end of the others."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from action.cli.online import open_axiom, open_wandb, service_ports
from action.clock import server_time
from action.collection import read_policy
from action.deadline import Deadline
from action.doctor import (
    Finding,
    Status,
    clock_finding,
    fault,
    field_findings,
    good,
    left_out,
    role_findings,
    seen_finding,
    state_finding,
)
from action.errors import GatekeeperError
from action.ports import Ports
from action.runs import find_run
from action.secret import Secret
from action.services import Services, read_services
from action.settings import PolicyText
from checks.check import LogAsk, Policy, QueryAsk
from checks.policy import PolicyError
from checks.run import Selection

_PROJECT = re.compile(r"[\w][\w .-]*/[\w][\w .-]*")
_AXIOM = "https://api.axiom.co"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A branch of a repository on GitHub."""

    repository: str
    """`owner/name`."""
    branch: str | None
    """None: the default one."""


def examine(run: str | None, text: PolicyText, seconds: float, place: Place | None) -> list[Finding]:
    """Look at everything, in an order in which a fault explains those behind it; `place`: on GitHub too."""
    services, ports, deadline = read_services(os.environ), service_ports(), Deadline(seconds=seconds)
    now = datetime.now(UTC)
    try:
        policy = read_policy(text, ports, f"{now:%Y-%m-%d}")
    except PolicyError as error:
        return [fault("policy", str(error).replace("\n", " / "))]
    found = [good("policy", f"{policy.source}, {len(policy.checks)} checks")]
    found += _wandb(run, services, deadline)
    found += _run(run, policy, ports, deadline)
    found += _axiom(services, policy, deadline)
    if place is not None:
        found += _github(place, Deadline(seconds=seconds))
    return found


def _github(place: Place, deadline: Deadline) -> Iterator[Finding]:
    token = os.environ.get("GITHUB_TOKEN", "").strip()
    if not token:
        yield fault("GitHub", "expected a token that may read the repository, got none; set GITHUB_TOKEN")
        return
    from action.doctor_github import github_findings  # noqa: PLC0415 - GitHub's client takes half a second
    from action.github.access import API, Access  # noqa: PLC0415
    from action.github.rules import Rules  # noqa: PLC0415

    url = os.environ.get("GITHUB_API_URL", "").strip() or API
    try:
        sight = Rules(Access(repository=place.repository, token=Secret(token), url=url), deadline).look(place.branch)
    except GatekeeperError as error:
        yield fault("GitHub", str(error))
        return
    yield from github_findings(sight, datetime.now(UTC))


def _wandb(run: str | None, services: Services, deadline: Deadline) -> Iterator[Finding]:
    if not services.wandb_key.reveal():
        yield left_out("W&B key", "WANDB_API_KEY is not set", "set it to read runs on W&B; local files need none")
        return
    yield clock_finding("W&B", server_time(services.wandb_url), datetime.now(UTC))
    runs = open_wandb(services)
    with tempfile.TemporaryDirectory(prefix="gatekeeper-doctor-") as folder:
        try:
            yield good("W&B key", f"valid, of {runs.who(deadline, Path(folder))}")
            if run is not None and _PROJECT.fullmatch(run) and not Path(run).exists():
                entity, project = run.split("/")
                listed = runs.find(entity, project, {"state": "finished"}, deadline, Path(folder))
                newest = f", the newest is {listed[0].name}" if listed else ""
                yield good("W&B project", f"{run}: {len(listed):,} finished runs{newest}")
        except GatekeeperError as error:
            yield fault("W&B", str(error))


def _run(run: str | None, policy: Policy, ports: Ports, deadline: Deadline) -> Iterator[Finding]:
    if run is None or (_PROJECT.fullmatch(run) and not Path(run).exists()):
        yield left_out("metrics", "no run was named", "gatekeeper doctor RUN looks for the policy's metrics in it")
        return
    try:
        data = find_run(run, Selection(names=policy.series_names), ports, deadline)
    except GatekeeperError as error:
        yield fault("run", str(error))
        return
    yield state_finding(data)
    yield from role_findings(policy, data)


def _axiom(services: Services, policy: Policy, deadline: Deadline) -> Iterator[Finding]:
    wanted = any(isinstance(one.ask, LogAsk | QueryAsk) for one in policy.checks)
    if services.axiom is None:
        advice = "set AXIOM_TOKEN and AXIOM_DATASET, or give --events FILE" if wanted else ""
        why = "AXIOM_TOKEN is not set" if wanted else "no check asks of logs"
        yield Finding(status=Status.ODD, what="Axiom", found=why, advice=advice) if wanted else left_out("Axiom", why)
        return
    yield clock_finding("Axiom", server_time(services.axiom.url or _AXIOM), datetime.now(UTC))
    from action.sources.axiom import Events  # noqa: PLC0415 - half a second

    try:
        logs = open_axiom(services.axiom)
        now = datetime.now(UTC)
        events = Events(since=now - timedelta(days=30), until=now, runs=None, fields={})
        rows, _ = logs.raw(logs.last_seen_query(), events, deadline)
        yield good("Axiom token", "valid")
        yield seen_finding(logs.source, rows[0] if rows else {}, now)
    except GatekeeperError as error:
        yield fault("Axiom", str(error))
        return
    try:
        yield from field_findings(policy, logs.columns(deadline))
    except GatekeeperError as error:
        told = fault("log fields", str(error))
        yield left_out("log fields", told.found, "the token may not read the schema; outcomes need it")
