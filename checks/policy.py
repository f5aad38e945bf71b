"""Policy text → `Policy`; every fault at once, each with file, line and key path. The only room that uses pydantic.

Files may not enter: the texts of profiles are passed in.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from checks.build import Builder
from checks.check import Policy
from checks.document import Document, Fault, Path, parse_document
from checks.layers import lay_over
from checks.misfit import tell_misfit
from checks.waiver import COMMIT, ONE_RUN, SKIPPED


class PolicyError(Exception):
    """A policy that cannot be used, with every fault found in it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def _kebab(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=_kebab, frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        """Refuse a key without a value: `pass:` with nothing behind it asks nothing."""
        if value is None:
            raise PydanticCustomError("nothing_given", "nothing")
        return value


class BaselineDocument(_Model):
    """A comparison with an earlier run."""

    run: str = Field(
        min_length=1,
        description="The run to compare with: a path, an evidence bundle, a run reference, or `last-promoted`.",
    )
    max_drop: float | str | None = Field(
        None, description="Tolerated fall: a number, or a share of |baseline| as `5%`."
    )
    max_rise: float | str | None = Field(
        None, description="Tolerated rise: a number, or a share of |baseline| as `5%`."
    )


class EloDocument(_Model):
    """What is asked of games: who is tested against whom, and how certain the answer has to be."""

    candidate: str | None = Field(None, min_length=1, description="latest (default), best, or an agent's name.")
    against: str | None = Field(
        None, min_length=1, description="The reference to beat; default: base_model, else the first."
    )
    elo0: float | None = Field(None, description="A gap of this much is not enough; default 0.")
    elo1: float | None = Field(None, description="A gap of this much is wanted; default 20.")
    alpha: float | None = Field(None, description="Probability of calling a gap of elo0 better; default 0.05.")
    beta: float | None = Field(None, description="Probability of missing a gap of elo1; default 0.05.")
    confidence: float | None = Field(None, description="Of intervals, two-sided; default 0.95.")


class GamesDocument(_Model):
    """How games are recorded."""

    cluster: str | None = Field(
        None, min_length=1, description="Field that makes one observation; default: rollout, else game."
    )
    columns: str | None = Field(
        None, min_length=1, description="Other people's columns, as `a=black,b=white,score=result`."
    )
    allow_disconnected: bool = Field(
        False, description="Leave agents without a path of games to a reference unrated, in place of an error."
    )


class OnlineEloDocument(_Model):
    """How the trainer rates agents online; needed to judge rating series where there are no games."""

    k: float | None = Field(None, description="Largest move of a rating in one game of two.")
    update: Literal["sequential", "averaged"] | None = Field(None, description="After each game, or once a step.")
    seats: int | None = Field(None, ge=2, description="Seats a game.")
    games_per_step: float | None = Field(None, description="Rated games a logged step.")
    seat_averaged: bool = Field(
        False, description="The scores of an agent's seats are averaged before they are compared."
    )


class CheckDocument(_Model):
    """One check: exactly one of `metric`, `logs`, `axiom`, `elo`, and what is asked of it."""

    title: str | None = Field(None, min_length=1, max_length=120, description="What reports call the check.")
    metric: str | None = Field(None, min_length=1, description="A role (kl, reward, …) or a metric's own name.")
    stat: str | None = Field(
        None,
        description="last, mean, median, min, max, p1…p99, share-above, count-above, slope, trend, end-below-peak.",
    )
    above: float | None = Field(None, description="The threshold of share-above and count-above.")
    window: str | None = Field(None, description="all, `last 50%` (of steps), `last 200 steps`, `step >= 100`.")
    logs: str | None = Field(None, description="A log question: rollout-timing, inference, extraction, errors, …")
    value: str | None = Field(None, description="What of the log question (p95_s, …) or of elo (gap, …) is meant.")
    axiom: str | None = Field(None, min_length=1, description="A query in APL that gives columns `value` and `n`.")
    elo: EloDocument | None = Field(None, description="Ask games; without `value`: is the candidate better?")
    baseline: BaselineDocument | None = Field(None, description="Compare the statistic with an earlier run.")
    pass_: str | None = Field(None, description='What passes, as "< 0.1"; alone: all else fails.')
    fail: str | None = Field(None, description='What fails, as ">= 0.15"; with `pass`: between them a warning.')
    min_samples: int | None = Field(None, ge=1, description="Fewer values than this are inconclusive.")
    if_present: bool | None = Field(None, description="No data: not measured instead of inconclusive.")
    severity: Literal["block", "warn"] | None = Field(
        None, description="A check of severity warn never closes the gate."
    )
    remedy: str | None = Field(None, description="What to do when the check does not pass.")
    when_missing: str | None = Field(None, description="What to tell when there are no data.")


class WaiverDocument(_Model):
    """A decision that a check does not block, until a day: exactly one of `run`, `commit` says whom it is for."""

    check: str = Field(min_length=1, description="The id of a check of this policy.")
    run: str | None = Field(
        None,
        min_length=1,
        description="The run's name or id; no pattern.",
        json_schema_extra={"pattern": f"^{ONE_RUN}$"},
    )
    commit: str | None = Field(
        None,
        min_length=1,
        description="A whole SHA: of runs that were trained on it, or are judged for it.",
        json_schema_extra={"pattern": f"^{COMMIT}$"},
    )
    reason: str = Field(min_length=1, description="Why; every report shows it.", json_schema_extra={"pattern": r"\S"})
    expires: date | str = Field(description="The last day on which it holds, as 2099-12-31.")


class PromotionDocument(_Model):
    """Where checkpoints are promoted, for comparisons with `run: last-promoted`."""

    alias: str = Field(
        "production", pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=128, description="Whose holder is meant."
    )
    registry: str | None = Field(
        None,
        min_length=1,
        description="A collection on W&B (entity/project/name, wandb-registry-NAME/name) or the folder of a local "
        "registry; default: the collection of the checkpoint.",
    )


class IntegrityDocument(_Model):
    """What the data integrity checks need to be told."""

    planned_steps: Annotated[int, Field(ge=1)] | str | None = Field(
        None, description="Steps a run has to reach, or the config key that holds the number."
    )


class PolicyDocument(_Model):
    """The policy file of Experiment Gatekeeper, version 1."""

    version: Literal[1] = Field(description="Of the format: 1.")
    extends: list[str] = Field([], description="Profiles that ship with the tool: grpo, league, pipeline.")
    trial: bool = Field(False, description="Try the policy out: no commit status, no promotion.")
    roles: dict[str, list[str]] = Field({}, description="Role → metric names, in order of preference.")
    fields_: dict[str, list[str]] = Field({}, description="Log field → names in events, as `total_duration_ms / 1000`.")
    references: Any = Field(
        {}, description="Fixed agents beside base_model and bots; with a rating only where it was measured elsewhere."
    )
    checkpoints: str = Field("adapter_v{step}", min_length=1, description="How checkpoints are called.")
    games: GamesDocument = GamesDocument.model_construct(cluster=None, columns=None)
    online_elo: OnlineEloDocument = OnlineEloDocument.model_construct()
    expected_progress: dict[str, float] = Field(
        {}, description="Step → Elo that checkpoints are expected to have gained by it; shown beside what was measured."
    )
    integrity: IntegrityDocument = IntegrityDocument.model_construct(planned_steps=None)
    promotion: PromotionDocument = PromotionDocument.model_construct(registry=None)
    checks: dict[str, CheckDocument] = Field({}, description="Check id → check, or `off` for a check of a profile.")
    waivers: list[WaiverDocument] = Field(
        [], description="Decisions of people that a check does not block a run, or those of a commit, until a day."
    )

    @field_validator("version", mode="before")
    @classmethod
    def _whole(cls, value: object) -> object:
        """Refuse `true` and `1.0`, which Python takes for 1."""
        if isinstance(value, bool | float):
            raise PydanticKnownError("literal_error", {"expected": "1"})
        return value


_MODELS: Mapping[str, type[_Model]] = {
    "checks": CheckDocument,
    "waivers": WaiverDocument,
    "integrity": IntegrityDocument,
    "promotion": PromotionDocument,
    "games": GamesDocument,
    "online-elo": OnlineEloDocument,
}
_SKIPPED = {"check": SKIPPED, "run": "-", "reason": "-", "expires": date.max}


def parse_policy(text: str, *, source: str, profiles: Mapping[str, str], today: date) -> Policy:
    """Read a policy with the profiles it extends; `PolicyError` holds every fault.

    `profiles`: name → text of each profile that ships. `today` decides whether waivers have
    expired: the day of judging, kept in the evidence.
    """
    own, faults = parse_document(text, source)
    if not own.values:
        raise PolicyError(_sorted(faults or (own.fault((), "expected keys such as `version: 1`, got none"),)))
    layers = lay_over(own, profiles)
    values, found = _validate(layers.document)
    builder = Builder(layers=layers, values=values, today=today)
    policy = builder.build(text=text, source=source, sha256=hashlib.sha256(text.encode()).hexdigest())
    # What a faulty key leaves open is no second fault of the check or waiver that holds it.
    holders = {fault.path[:2] for fault in found}
    more = tuple(f.fault for f in builder.faults if not any(one[: len(f.path)] == f.path for one in holders))
    if faults or layers.faults or found or more:
        raise PolicyError(_sorted((*faults, *layers.faults, *(f.fault for f in found), *more)))
    return policy


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """A value whose shape is not that of a policy."""

    path: Path
    fault: Fault


def _sorted(faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    return tuple(sorted(set(faults)))


def _validate(document: Document) -> tuple[Mapping[str, Any], tuple[Misfit, ...]]:
    """Hold the values against the models; give those that fit, as plain values, and what does not."""
    values: dict[str, Any] = copy.deepcopy(dict(document.values))
    misfits: dict[Path, Misfit] = {}
    while True:
        try:
            fitting = PolicyDocument.model_validate(values).model_dump(by_alias=True, exclude_unset=True)
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                path = _known(document, problem["loc"], missing=problem["type"] == "missing")
                misfits.setdefault(
                    path, Misfit(path=path, fault=document.fault(path, tell_misfit(problem, path, _known_keys(path))))
                )
            _take_out(values, frozenset(misfits))
        else:
            return fitting, tuple(misfits.values())


def _take_out(values: dict[str, Any], paths: frozenset[Path]) -> None:
    """Remove what does not fit: a key of a check, a waiver, an entry of another mapping, or a key of the policy."""
    for top, *below in paths:
        holder = values.get(str(top))
        if top == "version":
            values["version"] = 1
        elif top == "checks" and len(below) > 1 and isinstance(holder, dict):
            holder.get(below[0], {}).pop(below[1], None)
        elif isinstance(holder, dict) and below:
            holder.pop(below[0], None)
        elif top != "waivers" or not below:
            values.pop(str(top), None)
    if isinstance(values.get("waivers"), list):
        # Waivers keep their numbers: a dummy that is skipped stands for one that does not fit.
        bad = {path[1] for path in paths if path[0] == "waivers" and len(path) > 1}
        values["waivers"] = [_SKIPPED if i in bad else waiver for i, waiver in enumerate(values["waivers"])]


def _known_keys(path: Path) -> list[str]:
    """Give the keys that the mapping at a path may have."""
    model = _MODELS.get(str(path[0]), PolicyDocument) if len(path) > 1 else PolicyDocument
    inside = path[2:-1]  # a check may be called `elo` itself
    model = BaselineDocument if "baseline" in inside else EloDocument if "elo" in inside else model
    return [field.alias or name for name, field in model.model_fields.items()]


def _known(document: Document, path: Path, *, missing: bool) -> Path:
    """Cut from a key path what pydantic adds to it: the names of the alternatives of a union."""
    keep = len(path)
    while keep and path[:keep] not in document.places and not (missing and keep == len(path)):
        keep -= 1
    return path[:keep]
