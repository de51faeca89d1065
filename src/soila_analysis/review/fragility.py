"""How firmly a finding stands: by the codes of one data set, and by all that are compatible.

The fragility index of Walsh et al. (2014) is the fewest codes that would have to be otherwise for
a finding to change. Here a change is one code of a model and feature, present instead of absent or
the other way round; models, goals and bases stay as they are. Numbers that no code enters, such as
the distribution over the goals, have no index.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import pandas as pd

from soila_analysis import metrics
from soila_analysis.dataset import Dataset
from soila_analysis.metrics import rounding
from soila_analysis.review import basis
from soila_analysis.review import claims as published
from soila_analysis.review.compatible import Draws, sample, tables


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
        taxonomy = dataset.taxonomy
        self.status = dataset.status
        self.memberships = dataset.memberships
        self.shares = metrics.feature_shares(self.status).set_index("feature_id")
        self.by_goal = metrics.feature_shares_by_goal(
            self.status, dataset.memberships, taxonomy.goal_ids
        ).set_index(["feature_id", "goal_id"])

    def members(self, goal: str) -> set[str]:
        """Return the models that serve a goal."""
        rows = self.memberships["goal_id"] == goal
        return set(self.memberships.loc[rows, "model_id"])

    def codes(self, models: set[str]) -> tuple[int, int]:
        """Return how many codes of some models are present, and how many absent."""
        chosen = self.status[self.status.index.isin(models)]
        return int(chosen.eq("present").to_numpy().sum()), int(chosen.eq("absent").to_numpy().sum())


def _of_share(row: Any, counts: _Shares) -> int | None:
    """Try ever larger changes of k until the printed percentage changes, or comes about."""
    for distance in range(1, row.n + 1):
        for k in (row.k - distance, row.k + distance):
            if 0 <= k <= row.n:
                same = str(rounding.percent(k, row.n, row.rounding)) == row.printed
                if same != (row.verdict == "reproduced"):
                    return distance
    return None


def _of_most_common(row: Any, counts: _Shares) -> int | None:
    return _of_order(row, counts, most_common=True)


def _of_rarest(row: Any, counts: _Shares) -> int | None:
    return _of_order(row, counts, most_common=False)


def _of_order(row: Any, counts: _Shares, *, most_common: bool) -> int | None:
    """Let any feature overtake one that stands before it: then the list changes."""
    if row.verdict != "reproduced":
        return None
    named = row.printed.split(";")
    others = [f for f in counts.shares.index if f not in named]
    pairs = ((a, b) for i, a in enumerate(named) for b in [*named[i + 1 :], *others])
    overtakings = (
        _overtaking(counts.shares.loc[a], counts.shares.loc[b], most_common) for a, b in pairs
    )
    return min((n for n in overtakings if n is not None), default=None)


def _overtaking(ahead: pd.Series, behind: pd.Series, most_common: bool) -> int | None:
    """Fewest codes that put the second share strictly beyond the first."""
    a, n = int(ahead["k"]), int(ahead["n"])
    b, m = int(behind["k"]), int(behind["n"])
    if not most_common:  # the same race, run with the models that lack the feature
        a, b = n - a, m - b
    for total in range(n + m + 1):
        for lost in range(min(total, a) + 1):
            won = total - lost
            if b + won <= m and (b + won) * n > (a - lost) * m:
                return total
    return None


def _of_leading_goal(row: Any, counts: _Shares) -> int | None:
    """Let any other goal have the same mean: then the lead is lost."""
    if row.verdict != "reproduced":
        return None
    goals = counts.by_goal.index.get_level_values("goal_id").unique()
    rivals = (_drawing_level(row.printed, g, counts) for g in goals if g != row.printed)
    return min(rivals, default=None)


def _drawing_level(leader: str, rival: str, counts: _Shares) -> int:
    """Fewest codes that give two goals the same mean, models that serve both included."""
    first, second = counts.members(leader), counts.members(rival)
    coded = set(counts.status.index[counts.status.isin(["present", "absent"]).any(axis=1)])
    n, m = len(first & coded), len(second & coded)
    total, other = counts.codes(first)[0], counts.codes(second)[0]
    may_lose = counts.codes(first - second)[0]
    may_win = counts.codes(second - first)[1]
    both = counts.codes(first & second)
    for codes in count():
        for lost, won, shared in _split(codes, may_lose, may_win, both):
            if (total - lost + shared) * m <= (other + won + shared) * n:
                return codes
    raise AssertionError("unreachable: taking every feature away draws level")


def _split(
    codes: int, may_lose: int, may_win: int, both: tuple[int, int]
) -> Iterator[tuple[int, int, int]]:
    for shared in range(-min(codes, both[0]), min(codes, both[1]) + 1):
        rest = codes - abs(shared)
        for lost in range(min(rest, may_lose) + 1):
            if rest - lost <= may_win:
                yield lost, rest - lost, shared


def _of_axis(row: Any, counts: _Shares) -> int | None:
    """Codes until no bar reaches beyond the axis, or until one does."""
    bars = counts.by_goal.loc[row.feature_id]
    end = int(row.printed)
    beyond = int((bars["k"] - end).clip(lower=0).sum())
    room = bars.loc[bars["n"] > end, "k"]
    if beyond or room.empty:
        return beyond or None
    return int(end + 1 - room.max())


FEWEST: Mapping[str, Callable[[Any, _Shares], int | None]] = {
    "feature-share": _of_share,
    "feature-share-by-goal": _of_share,
    "most-common": _of_most_common,
    "rarest": _of_rarest,
    "leading-goal": _of_leading_goal,
    "axis-maximum": _of_axis,
}
