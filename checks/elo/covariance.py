"""How sure strengths are, when games of one cluster are not independent: the sandwich over clusters.

CR1 over all clusters (Liang & Zeger 1986, Biometrika 73, 13–22); CR3, the jackknife that leaves one out by a Newton
step (Bell & McCaffrey 2002, Survey Methodology 28, 169–181; MacKinnon, Nielsen & Webb 2023, J. Applied Econometrics 38,
671–694), for all of up to 50 clusters and for the heavy ones of more. Clusters that are kept only as sums of several
count as one: a grouped jackknife. What rests on fewer than 50 clusters has a floor, since a sandwich of very few
collapses. No fit may enter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from checks.counts import Counts, Flags, Floats, Ints
from checks.elo.estimate import Certainty, Estimate, estimate
from checks.elo.fit import ELO, Fit, expected

FEW = 50
"""Up to so many clusters the jackknife is used, and from so many on no floor."""
_LOW = 20
"""Up to so many clusters the whole floor holds."""
_NOTHING = 1e-8
"""Of a cluster without which less than this share of what it tells would be known, the rest tells nothing."""
_SURE = 0.25
"""Square of the norm of what a cluster determines of itself, up to which the rest surely tells something."""


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

    def squared(self, pull: Floats) -> tuple[Floats, Floats]:
        """Give Σ (influence)² of each entry's clusters that are alone, (k,), and of each unit's others, (units,)."""
        return self.alone * pull * pull, self.unit_influence(pull) ** 2

    def shares(self, pull: Floats) -> Floats:
        """Give the share of a quantity that rests on one cluster of each entry, by expected influence; shape (k,).

        Entries that belong together have their unit's.
        """
        entries, size = self.counts.entries, self.counts.units.clusters.size
        share = entries.games * self.expect * (1 - self.expect) * pull * pull
        together = np.bincount(entries.unit, np.where(entries.alone, 0.0, share), size)
        copies = np.divide(entries.games**2, entries.squares[:, 0], where=entries.alone, out=np.ones(share.size))
        one = np.where(entries.alone, share / copies, together[entries.unit])
        return np.asarray(one / (float(share.sum()) or 1.0), np.float64)

    def influential(self, pull: Floats, *, parted: bool = False) -> float:
        """Give the effective number of clusters that a quantity rests on: (Σ a)²/Σ a² over their expected influence.

        Where all clusters weigh the same it is their number; an agent that played in three rests on three, however many
        others there are (Satterthwaite 1946, Biometrics Bulletin 2, 110–114). Clusters kept as one sum count as one,
        since no more can be told of their variance; `parted`: as equal parts of it.
        """
        entries, size = self.counts.entries, self.counts.units.clusters.size
        share = entries.games * self.expect * (1 - self.expect) * pull * pull
        together = np.bincount(entries.unit, np.where(entries.alone, 0.0, share), size)
        own = share[entries.alone]
        copies = entries.games[entries.alone] ** 2 / entries.squares[entries.alone, 0]
        parts = self.counts.units.clusters if parted else np.ones(size)
        squares = float(together @ (together / parts) + own @ (own / copies))
        return float(share.sum()) ** 2 / squares if squares > 0 else 0.0


@dataclass(frozen=True)
class Sandwich:
    """The clustered covariance of a fit's strengths."""

    counts: Counts
    fit: Fit
    left: Residuals = field(init=False)
    _known: dict[bytes, tuple[float, float]] = field(init=False, default_factory=dict)
    """Variances that were asked for before: those of ratings, of the best and of the newest overlap."""

    def __post_init__(self) -> None:
        entries = self.counts.entries
        p = expected(self.fit, entries.first, entries.second, entries.order)
        object.__setattr__(self, "left", Residuals(self.counts, p))

    def pull(self, contrast: Floats) -> Floats:
        """Give the weight that each entry's residual has in a contrast; shape (k,)."""
        spread, first_move = self.fit.spread(contrast)
        entries = self.counts.entries
        weight: Floats = spread[entries.first] - spread[entries.second] + entries.order * first_move
        return weight

    def variance(self, contrast: Floats) -> tuple[float, float]:
        """Give the variance of a contrast of strengths, natural-log units squared, and its degrees of freedom."""
        key = contrast.tobytes()
        if key not in self._known:
            self._known[key] = self._variance(contrast)
        return self._known[key]

    def _variance(self, contrast: Floats) -> tuple[float, float]:
        pull = self.pull(contrast)
        clusters = self.left.influential(pull)
        given = self.fit.given(contrast)
        measured = float(given @ given)
        least = variance_floor(self.counts, clusters) * (self.fit.model_variance(contrast) - measured)
        # What was measured elsewhere is as uncertain as it was said to be, whatever was played here.
        return measured + max(self._robust(contrast, pull), least), clusters - 1

    def _robust(self, contrast: Floats, pull: Floats) -> float:
        """Add up the squares of what clusters do to a contrast: CR3 for those that weigh much, CR1 for the others.

        All are left out one by one where there are at most 50; of more, those whose share is above a 50th: there can be
        no more than 50 of them, and it is they whose residuals the fit has shrunk.
        """
        total = self.counts.clusters
        share = self.left.shares(pull)
        heavy = share > (0.0 if total <= FEW else 1 / FEW)
        own, units = self.left.squared(pull)
        joined = self.counts.entries.unit[heavy & ~self.counts.entries.alone]
        units[joined] = 0.0
        rest = float(units.sum() + own[~heavy].sum()) * total / max(total - 1, 1.0)
        return rest + self._jackknife(contrast, pull, heavy) * (total - 1) / max(total, 1.0)

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

    def _jackknife(self, contrast: Floats, pull: Floats, heavy: Flags) -> float:
        """Add up the squares of what leaving out one heavy cluster does to a contrast, to one Newton step."""
        entries, fit = self.counts.entries, self.fit
        columns = np.append(fit.free, fit.model.size) if fit.model.first_move else fit.free
        along = np.append(contrast, 0.0)[columns] @ fit.inverse
        total = float((self._without(heavy & ~entries.alone, columns, along) ** 2).sum())
        rows = np.flatnonzero(heavy & entries.alone)
        left = 1.0 - self._leverage(rows)
        # Without the cluster there may be no estimate: its own pull stands for what leaving it out would do.
        factor = np.where(left < _NOTHING, 1.0, 1.0 / np.maximum(left, _NOTHING))
        return total + float((self.left.alone[rows] * (pull[rows] * factor) ** 2).sum())

    def _leverage(self, rows: Ints) -> Floats:
        """Give how much of its own expectation one cluster of an entry determines, in [0, 1]; shape (rows,)."""
        entries, fit, expect = self.counts.entries.at(rows), self.fit, self.left.expect[rows]
        place = np.full(fit.model.size, -1, np.int64)
        place[fit.free] = np.arange(fit.free.size)
        i, j = place[entries.first], place[entries.second]

        def cell(a: Ints, b: Ints) -> Floats:
            return np.where((a >= 0) & (b >= 0), fit.inverse[a, b], 0.0)

        h = cell(i, i) + cell(j, j) - 2 * cell(i, j)
        if fit.model.first_move:
            last = np.full(rows.size, fit.inverse.shape[0] - 1)
            h = h + entries.order * (2 * (cell(i, last) - cell(j, last)) + entries.order * fit.inverse[-1, -1])
        copies = entries.games**2 / entries.squares[:, 0]
        leverage: Floats = entries.games / copies * expect * (1 - expect) * h
        return leverage

    def _without(self, heavy: Flags, columns: Ints, along: Floats) -> Floats:
        """Give what leaving out each unit's cluster does to a contrast; shape (units that hold heavy entries,).

        `columns`: what is estimated, agents by their index and the first move last; `along`: the contrast's row of the
        inverse information.
        """
        entries = self.counts.entries
        held = np.zeros(self.counts.units.clusters.size, np.bool_)
        held[entries.unit[heavy]] = True
        units, joint = np.flatnonzero(held), np.flatnonzero(held[entries.unit] & ~entries.alone)
        starts = np.searchsorted(entries.unit[joint], units)
        sizes = np.diff(np.append(starts, joint.size))
        moved = np.zeros(units.size)
        for size in np.unique(sizes):  # those of one size at once
            chosen = np.flatnonzero(sizes == size)
            moved[chosen] = self._without_each(joint[starts[chosen][:, None] + np.arange(size)], columns, along)
        return moved

    def _without_each(self, rows: Ints, columns: Ints, along: Floats) -> Floats:
        """Do it for clusters that make up the same number of entries; rows of shape (clusters, entries)."""
        entries, size = self.counts.entries, self.fit.model.size
        expect, rest = self.left.expect[rows], self.left.rest[rows]
        weight = entries.games[rows] * expect * (1 - expect)
        design = np.zeros((*rows.shape, size + 1))
        each, line = np.ogrid[: rows.shape[0], : rows.shape[1]]
        design[each, line, entries.first[rows]], design[each, line, entries.second[rows]] = 1.0, -1.0
        design[..., size] = entries.order[rows]
        inner = design[..., columns]
        # Woodbury: (H − XᵀWX)⁻¹ Xᵀr = C Xᵀ (I − W X C Xᵀ)⁻¹ r, small where clusters are.
        hat = weight[..., None] * (inner @ self.fit.inverse @ inner.swapaxes(1, 2))
        left = np.eye(rows.shape[1]) - hat
        own = inner @ along
        # Without the cluster there may be no estimate: its own pull stands for what leaving it out would do.
        # No singular value of I − A lies below 1 − ‖A‖.
        lost = (hat * hat).sum(axis=(1, 2)) > _SURE
        if lost.any():
            lost[lost] = np.linalg.svd(left[lost], compute_uv=False)[:, -1] < _NOTHING
            left[lost] = np.eye(rows.shape[1])
        moved: Floats = (own * np.linalg.solve(left, rest[..., None])[..., 0]).sum(axis=1)
        return moved


def variance_floor(counts: Counts, clusters: float) -> float:
    """Give the least ratio of a variance to that under independent meetings, for a quantity that rests on few clusters.

    (n̄ + 1)/3 for n̄ seats: with n equal agents in a game, the n(n−1)/2 meetings are so correlated that the sum of an
    agent's points varies (n + 1)/3 times as much as if they were independent: the variance of a rank among n against
    that of n − 1 coins. The sandwich of one to three clusters collapses; from 50 on it needs no help, and between
    unequal agents or with many ties the floor would be too high, so it fades out between 20 and 50, but for the part of
    one cluster, which keeps the variance above 0 where all results are alike.

    >>> from checks.elo.example import example_record
    >>> [round(variance_floor(example_record().counts, clusters), 2) for clusters in (5, 35, 50)]
    [1.0, 0.5, 0.02]
    """
    share = min(max((FEW - clusters) / (FEW - _LOW), 1 / max(clusters, 1.0)), 1.0)
    return share * (counts.mean_seats + 1) / 3
