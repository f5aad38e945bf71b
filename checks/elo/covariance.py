"""How sure strengths are, when games of one cluster are not independent: the sandwich over clusters.

CR1 over all clusters (Liang & Zeger 1986, Biometrika 73, 13–22); up to 50 clusters CR3, the jackknife that leaves one
out by a Newton step (Bell & McCaffrey 2002, Survey Methodology 28, 169–181; MacKinnon, Nielsen & Webb 2023, J. Applied
Econometrics 38, 671–694). Clusters that are kept only as sums of several count as one: a grouped jackknife. Never below
what independent games of as many seats would give, since a sandwich of very few clusters collapses. No fit may enter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from checks.counts import Counts, Entries, Floats, Ints
from checks.elo.estimate import Certainty, Estimate, estimate
from checks.elo.fit import ELO, Fit, expected

FEW = 50
"""Up to so many clusters the jackknife is used."""


@dataclass(frozen=True)
class Residuals:
    """What a model leaves unexplained of a record, entry by entry; arrays of shape (k,)."""

    counts: Counts
    expect: Floats
    """Expected points a game of each entry, in (0, 1)."""
    rest: Floats = field(init=False)
    """Points less expected points."""
    alone: Floats = field(init=False)
    """Σ over an entry's own clusters of (points − expected)²; 0 for entries that belong together."""

    def __post_init__(self) -> None:
        entries, p = self.counts.entries, self.expect
        own = entries.squares[:, 2] - 2 * p * entries.squares[:, 1] + p * p * entries.squares[:, 0]
        object.__setattr__(self, "rest", entries.points - entries.games * p)
        object.__setattr__(self, "alone", np.where(entries.alone, np.maximum(own, 0.0), 0.0))

    def unit_influence(self, pull: Floats) -> Floats:
        """Give the influence of each unit's entries that belong together; shape (units,).

        `pull`, shape (k,), is the weight that each entry's residual has in the quantity asked for.
        """
        entries, size = self.counts.entries, self.counts.units.clusters.size
        return np.bincount(entries.unit, np.where(entries.alone, 0.0, self.rest * pull), size).astype(np.float64)

    def robust(self, pull: Floats) -> float:
        """Give Σ over clusters of (influence)², CR1."""
        units, total = self.unit_influence(pull), self.counts.clusters
        return float(units @ units + (self.alone * pull) @ pull) * total / max(total - 1, 1.0)

    def influential(self, pull: Floats) -> float:
        """Give the effective number of clusters that a quantity rests on: (Σ a)²/Σ a² over their expected influence.

        Where all clusters weigh the same it is their number; an agent that played in three rests on three, however many
        others there are (Satterthwaite 1946, Biometrics Bulletin 2, 110–114).
        """
        entries, size = self.counts.entries, self.counts.units.clusters.size
        share = entries.games * self.expect * (1 - self.expect) * pull * pull
        together = np.bincount(entries.unit, np.where(entries.alone, 0.0, share), size)
        own = share[entries.alone]
        copies = entries.games[entries.alone] ** 2 / entries.squares[entries.alone, 0]
        squares = float(together @ together + own @ (own / copies))
        return float(share.sum()) ** 2 / squares if squares > 0 else 0.0


@dataclass(frozen=True)
class Sandwich:
    """The clustered covariance of a fit's strengths."""

    counts: Counts
    fit: Fit
    left: Residuals = field(init=False)
    floor: float = field(init=False)
    """Least ratio to the variance under independent games."""

    def __post_init__(self) -> None:
        entries = self.counts.entries
        p = expected(self.fit, entries.first, entries.second, entries.order)
        object.__setattr__(self, "left", Residuals(self.counts, p))
        object.__setattr__(self, "floor", variance_floor(self.counts))

    def pull(self, contrast: Floats) -> Floats:
        """Give the weight that each entry's residual has in a contrast; shape (k,)."""
        spread, first_move = self.fit.spread(contrast)
        entries = self.counts.entries
        weight: Floats = spread[entries.first] - spread[entries.second] + entries.order * first_move
        return weight

    def variance(self, contrast: Floats) -> tuple[float, float]:
        """Give the variance of a contrast of strengths, natural-log units squared, and its degrees of freedom."""
        pull = self.pull(contrast)
        robust = self._jackknife(contrast, pull) if self.counts.clusters <= FEW else self.left.robust(pull)
        given = self.fit.given(contrast)
        measured = float(given @ given)
        played = max(robust, self.floor * (self.fit.model_variance(contrast) - measured))
        return measured + played, self.left.influential(pull) - 1

    def contrast(self, contrast: Floats, confidence: float, offset: float = 0.0) -> Estimate:
        """Estimate a contrast of strengths, in Elo, with its interval.

        Args:
            contrast: shape (agents,), weights of the strengths.
            confidence: of the two-sided interval, in (0, 1).
            offset: added to the value, in Elo.
        """
        variance, df = self.variance(contrast)
        value = float(contrast @ self.fit.strength) * ELO + offset
        return estimate(
            value, Certainty(se=float(np.sqrt(variance)) * ELO, df=df, clusters=df + 1, confidence=confidence)
        )

    def covariance(self, contrasts: Floats) -> Floats:
        """Give the clustered covariance of several contrasts, CR1, floored on its diagonal; natural-log units squared.

        Args:
            contrasts: shape (c, agents).

        Returns:
            Shape (c, c). Correlations are those of the sandwich, whatever the floor does to the variances.
        """
        pulls = np.array([self.pull(contrast) for contrast in contrasts])
        units = np.array([self.left.unit_influence(pull) for pull in pulls])
        total = self.counts.clusters
        robust = (units @ units.T + (pulls * self.left.alone) @ pulls.T) * (total / max(total - 1, 1.0))
        given = np.array([self.fit.given(contrast) for contrast in contrasts])
        floors = np.array([self.variance(contrast)[0] for contrast in contrasts]) - (given * given).sum(axis=1)
        raw = np.diag(robust)
        wanted = np.maximum(floors, raw)
        spread = np.sqrt(wanted / np.where(raw > 0, raw, 1.0))
        scaled = robust * np.outer(spread, spread)
        np.fill_diagonal(scaled, wanted)
        return np.asarray(scaled + given @ given.T, np.float64)

    def _jackknife(self, contrast: Floats, pull: Floats) -> float:
        """Add up the squares of what leaving out one cluster does to a contrast, to one Newton step: CR3."""
        entries, clusters = self.counts.entries, self.counts.clusters
        total = 0.0
        for unit in np.unique(entries.unit):
            inside = np.flatnonzero(entries.unit == unit)
            joint = inside[~entries.alone[inside]]
            if joint.size and np.any(pull[joint]):
                total += self._without(joint, np.ones(joint.size), contrast) ** 2
            for entry in inside[entries.alone[inside]]:
                if pull[entry]:
                    copies = float(entries.games[entry] ** 2 / entries.squares[entry, 0])
                    total += copies * self._without(np.array([entry]), np.full(1, copies), contrast) ** 2
        return total * (clusters - 1) / max(clusters, 1.0)

    def _without(self, rows: Ints, copies: Floats, contrast: Floats) -> float:
        """Give what leaving out one of the copies of some entries does to a contrast."""
        entries = _rows(self.counts.entries, rows)
        size, free, expect = self.fit.model.size, self.fit.free, self.left.expect[rows]
        rest = self.left.rest[rows] / copies
        weight = entries.games / copies * expect * (1 - expect)
        design = np.zeros((rows.size, size + 1))
        line = np.arange(rows.size)
        np.add.at(design, (line, entries.first), 1.0)
        np.add.at(design, (line, entries.second), -1.0)
        design[:, size] = entries.order
        columns = np.append(free, size) if self.fit.model.first_move else free
        inner = design[:, columns]
        whole = np.append(contrast, 0.0)[columns]
        # Woodbury: (H − XᵀWX)⁻¹ Xᵀr = C Xᵀ (I − W X C Xᵀ)⁻¹ r, small where clusters are.
        hat = inner @ self.fit.inverse @ inner.T
        left = np.eye(rows.size) - weight[:, None] * hat
        if np.linalg.svd(left, compute_uv=False)[-1] < 1e-8:
            # Without the cluster there is no estimate: its own pull stands for what leaving it out would do.
            return float((whole @ self.fit.inverse @ inner.T) @ rest)
        return float(whole @ self.fit.inverse @ inner.T @ np.linalg.solve(left, rest))


def _rows(entries: Entries, rows: Ints) -> Entries:
    return Entries(
        unit=entries.unit[rows],
        first=entries.first[rows],
        second=entries.second[rows],
        order=entries.order[rows],
        alone=entries.alone[rows],
        games=entries.games[rows],
        points=entries.points[rows],
        squares=entries.squares[rows],
    )


def tie_share(counts: Counts) -> float:
    """Give the share of ties where it is known: in records whose clusters are single meetings of two; else 0.

    Under Davidson's model a point between equals varies by (1 − share)/4.
    """
    entries = counts.entries
    one = entries.alone & (entries.squares[:, 0] == entries.games)
    games = float(entries.games[one].sum())
    if not games or games < entries.games.sum() / 2:
        return 0.0
    return float(4 * (entries.points[one] - entries.squares[one, 2]).sum()) / games


def variance_floor(counts: Counts) -> float:
    """Give the least ratio of a variance to that under independent meetings: (n̄ + 1)/3 for n̄ seats, less for ties.

    With n equal agents in a game, the n(n−1)/2 meetings are so correlated that the sum of an agent's points varies
    (n + 1)/3 times as much as if they were independent: the variance of a rank among n against that of n − 1 coins.
    """
    return (counts.mean_seats + 1) / 3 * (1 - min(tie_share(counts), 0.9))
