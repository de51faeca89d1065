"""How firmly a finding stands: by the codes of one data set, and by all that are compatible.

The fragility index of Walsh et al. (2014) is the fewest codes that would have to be otherwise for
a finding to change. Here a change is one code of a model and feature, present instead of absent or
the other way round; models, goals and bases stay as they are. Numbers that no code enters, such as
the distribution over the goals, have no index.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from soila_analysis.dataset import Dataset
from soila_analysis.metrics import rounding
from soila_analysis.review import basis
from soila_analysis.review import claims as published
from soila_analysis.review.compatible import Draws, sample, tables

Floats = npt.NDArray[np.float64]


def fragility(dataset: Dataset, claims: pd.DataFrame | None = None) -> pd.DataFrame:
    """Count, for each claim, the fewest codes whose change turns its verdict.

    Parameters
    ----------
    dataset : Dataset
        Any coded data set.
    claims : DataFrame, optional
        As `claims.load` gives; by default those that the data set is of.

    Returns
    -------
    DataFrame
        The columns of `claims.check`, and ``codes``: the fewest codes that turn reproduced into
        differs or differs into reproduced. It is exact; missing where no code enters the claim
        or no change of codes alone can turn it.

    References
    ----------
    Walsh et al. (2014). The statistical significance of randomized controlled trial results is
    frequently fragile. Journal of Clinical Epidemiology 67(6), 622-628.
    """
    table = published.of(dataset) if claims is None else claims
    checked = published.check(dataset, table)
    counts = _Shares(dataset)
    rules = table.set_index("claim_id")["rounding"]
    codes = []
    for row in checked.assign(rounding=checked["claim_id"].map(rules)).itertuples():
        fewest = FEWEST.get(row.measure)
        known = fewest is not None and row.verdict != "not computable"
        codes.append(fewest(row, counts) if known and fewest else None)
    return checked.assign(codes=pd.array(codes, dtype="Int64"))


def table(data: Dataset) -> pd.DataFrame:
    """Make the table of how firmly each claim stands.

    Parameters
    ----------
    data : Dataset
        Any coded data set.

    Returns
    -------
    DataFrame
        As `fragility` gives, marked as `basis.mark` does, with ``holds``, which is missing where
        nothing else was published than the data set's own claims. The codes of a reconstruction
        by which a goal leads are made up, so that there ``codes`` is missing.
    """
    counted = basis.mark(fragility(data), data)
    made_up = (counted["kind"] == "reconstructed") & (counted["measure"] == "leading-goal")
    return counted.assign(
        holds=holds(counted) if data.info.of_review else float("nan"),
        codes=counted["codes"].mask(made_up),
    )


def holds(
    checked: pd.DataFrame,
    readings: Sequence[str] = ("literal", "memberships"),
    *,
    draws: int = 1000,
    seed: int = 1,
) -> pd.Series:
    """Share of the data sets compatible with the publication in which each claim holds.

    Each reading weighs the same: which is true, the publication cannot tell. What the readings
    themselves take as given holds in all their data sets. That one goal leads is no part of the
    condition here, so that its share says how far the other numbers already imply it.

    Parameters
    ----------
    checked : DataFrame
        As `claims.check` gives: the goal of each label is that of the data set's reading.
    readings : sequence of str
        Readings that `compatible.sample` knows.
    draws : int, default 1000
        Data sets to draw under each reading, by its default prior.
    seed : int, default 1
        Equal seeds give equal shares.

    Returns
    -------
    Series
        Aligned with `checked`.
    """
    shares = [_held(checked, sample(reading, draws, seed=seed)) for reading in readings]
    return sum(shares) / len(shares)


def _held(checked: pd.DataFrame, drawn: Draws) -> pd.Series:
    counted = tables(drawn)
    features = {f: i for i, f in enumerate(drawn.feature_ids)}
    goals = {g: i for i, g in enumerate(drawn.goal_ids)}

    def share(row: Any) -> float:
        f, g = features.get(row.feature_id, 0), goals.get(row.goal_id, 0)
        if row.measure == "feature-share":
            k, n = counted.features[:, f], counted.features_assessed[:, f]
        elif row.measure == "feature-share-by-goal":
            k, n = counted.by_goal[:, f, g], counted.by_goal_assessed[:, f, g]
        elif row.measure == "axis-maximum":
            return float((counted.by_goal[:, f].max(axis=1) <= int(row.printed)).mean())
        else:
            return drawn.acceptance if row.measure == "leading-goal" else 1.0
        return float((rounding.half_up(k, n) == int(row.printed)).mean())

    return pd.Series([share(row) for row in checked.itertuples()], index=checked.index)


class _Shares:
    """The counts that the claims rest on."""

    def __init__(self, dataset: Dataset) -> None:
        self.goals = dataset.taxonomy.goal_ids
        self.status = dataset.status
        self.memberships = dataset.memberships
        found = published.quantities(dataset)
        self.shares, self.by_goal = found.shares, found.by_goal

    def present(self, goal: str) -> int:
        """Return how many codes of a goal's models are present."""
        return int(self.by_goal.xs(goal, level="goal_id")["k"].sum())

    def coded(self, goal: str) -> int:
        """Return how many models of a goal are coded."""
        models = self.memberships.loc[self.memberships["goal_id"] == goal, "model_id"]
        status = self.status[self.status.index.isin(models)]
        return int(status.isin(["present", "absent"]).any(axis=1).sum())

    def changes(self, features: Sequence[str]) -> tuple[Floats, Floats]:
        """Give the kinds of changes of a code: what each adds to the goals, how many there can be.

        Models that serve the same goals are of one kind: first what becomes present, then what
        becomes absent.
        """
        served = pd.crosstab(self.memberships["goal_id"], self.memberships["model_id"])
        served = served.reindex(index=self.goals, columns=self.status.index, fill_value=0)
        kinds, kind = np.unique(served.to_numpy(dtype=float).T, axis=0, return_inverse=True)
        codes = self.status[[*features]]
        room = [
            np.bincount(kind.ravel(), codes.eq(now).sum(axis=1), len(kinds))
            for now in ("absent", "present")
        ]
        return np.hstack([kinds.T, -kinds.T]), np.concatenate(room)


def _fewest(changes: tuple[Floats, Floats], needs: Sequence[tuple[Floats, float]]) -> int | None:
    """Fewest changes after which each weighted sum of the goals' gains is as large as needed."""
    (adds, room), weights = changes, np.array([weight for weight, _ in needs])
    found = milp(
        np.ones(len(room)),
        integrality=np.ones(len(room)),
        bounds=Bounds(0, room),
        constraints=LinearConstraint(weights @ adds, lb=[least for _, least in needs]),
    )
    return round(found.fun) if found.success else None


def _of_share(row: Any, counts: _Shares) -> int | None:
    """Try ever larger changes of k until the printed percentage changes, or comes about."""
    for distance in range(1, row.n + 1):
        for k in (row.k - distance, row.k + distance):
            if 0 <= k <= row.n:
                same = str(rounding.percent(k, row.n, row.rounding)) == row.printed
                if same != (row.verdict == "reproduced"):
                    return distance
    return None


def _of_order(row: Any, counts: _Shares) -> int | None:
    """Let any feature overtake one that stands before it; or bring the named ones to the front."""
    named = row.printed.split(";")
    shares = counts.shares[counts.shares["n"] > 0]
    if row.measure == "rarest":  # the same race, run with the models that lack the feature
        shares = shares.assign(k=shares["n"] - shares["k"])
    others = [f for f in shares.index if f not in named]
    if row.verdict != "reproduced":
        return _to_the_front(shares, named, others)
    pairs = ((a, b) for i, a in enumerate(named) for b in [*named[i + 1 :], *others])
    overtakings = (_overtaking(shares.loc[a], shares.loc[b]) for a, b in pairs)
    return min((n for n in overtakings if n is not None), default=None)


def _to_the_front(shares: pd.DataFrame, named: Sequence[str], others: Sequence[str]) -> int | None:
    """Fewest codes that put the named features first, in their order; ties are in their favour.

    From the last named feature on, each count that it could have is given its cost: its own
    changes, and those of all that must not stand before it.
    """
    if not {*named} <= {*shares.index}:
        return None
    n = {f: int(shares.loc[f, "n"]) for f in shares.index}
    k = {f: int(shares.loc[f, "k"]) for f in shares.index}
    last = named[-1]
    at = np.arange(n[last] + 1)
    cost = sum((np.maximum(0, k[f] - at * n[f] // n[last]) for f in others), np.zeros(len(at), int))
    cost = cost + abs(at - k[last])
    for behind, feature in zip(named[:0:-1], named[-2::-1], strict=True):
        at = np.arange(n[feature] + 1)
        cost = np.minimum.accumulate(cost)[at * n[behind] // n[feature]] + abs(at - k[feature])
    return int(cost.min())


def _overtaking(ahead: pd.Series, behind: pd.Series) -> int | None:
    """Fewest codes that put the second share strictly beyond the first."""
    a, n = int(ahead["k"]), int(ahead["n"])
    b, m = int(behind["k"]), int(behind["n"])
    for total in range(n + m + 1):
        for lost in range(min(total, a) + 1):
            won = total - lost
            if b + won <= m and (b + won) * n > (a - lost) * m:
                return total
    return None


def _of_leading_goal(row: Any, counts: _Shares) -> int | None:
    """Let any other goal have the same mean, or one of the leaders another; or make them lead."""
    changes = counts.changes(counts.status.columns)
    sizes = {goal: counts.coded(goal) for goal in counts.goals}
    named = row.printed.split(";")
    rivals = [goal for goal, n in sizes.items() if n and goal not in named]

    def ahead(first: str, second: str, by: int) -> tuple[Floats, float]:
        """Say what puts the mean of one goal level with another's, or beyond it."""
        (one, n), (other, m) = ((counts.present(g), sizes[g]) for g in (first, second))
        weight = np.zeros(len(counts.goals))
        weight[counts.goals.index(first)], weight[counts.goals.index(second)] = m, -n
        return weight, n * other - m * one + by

    if not all(sizes[goal] for goal in named):
        return None
    if row.verdict != "reproduced":
        needs = [ahead(goal, rival, 1) for goal in named for rival in rivals]
        return _fewest(changes, [*needs, *(ahead(*pair, 0) for pair in permutations(named, 2))])
    ways = [ahead(rival, goal, 0) for goal in named for rival in rivals]
    ways += [ahead(*pair, 1) for pair in permutations(named, 2)]
    found = (_fewest(changes, [way]) for way in ways)
    return min((n for n in found if n is not None), default=None)


def _of_axis(row: Any, counts: _Shares) -> int | None:
    """Codes until no bar reaches beyond the axis, each model once; or until one does."""
    bars = counts.by_goal.loc[row.feature_id].reindex(counts.goals)
    end, each = int(row.printed), np.eye(len(counts.goals))
    if (bars["k"] > end).any():
        beyond = (bars["k"] - end).to_numpy(dtype=float)
        return _fewest(counts.changes([row.feature_id]), [*zip(-each, beyond, strict=True)])
    room = bars.loc[bars["n"] > end, "k"]
    return None if room.empty else int(end + 1 - room.max())


FEWEST: Mapping[str, Callable[[Any, _Shares], int | None]] = {
    "feature-share": _of_share,
    "feature-share-by-goal": _of_share,
    "most-common": _of_order,
    "rarest": _of_order,
    "leading-goal": _of_leading_goal,
    "axis-maximum": _of_axis,
}
