"""Which disagreements to settle first: those that could change a finding.

A disagreement is settled by one of the codes that were given; an unclear one leaves both present
and absent open. Each way of settling it is tried alone, all else as it counts now, and exactly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from soila_analysis import metrics
from soila_analysis.dataset import Dataset, disagreements
from soila_analysis.dataset.decisions import CODE
from soila_analysis.review import claims as published

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Ids = tuple[str, ...]

COUNTED = ("present", "absent")
CLAIM = "claim:"  # then its id
# What a data set shows, the most telling first.
MOST_COMMON, RAREST, LEADING_GOAL = "most-common", "rarest", "leading-goal"
GOAL_OF_FEATURE, ORDER = "goal-of-feature", "order"
FINDINGS = (MOST_COMMON, RAREST, LEADING_GOAL, GOAL_OF_FEATURE, ORDER)


def worklist(dataset: Dataset) -> pd.DataFrame:
    """List the disagreements between coders, those first that could change a finding.

    Parameters
    ----------
    dataset : Dataset
        The coded models.

    Returns
    -------
    DataFrame
        As `dataset.disagreements` gives, with ``changes`` after the status: what some way of
        settling the disagreement would change, separated by spaces. ``claim:`` and an id: whether
        that published claim is reproduced. ``most-common``, ``rarest``: which features have the
        largest and the smallest share. ``leading-goal``: whose models have most features on
        average. ``goal-of-feature``: in which goal this feature is most common. ``order``: the
        order of the features. Undecided rows come first; then by the first change in this order,
        by the number of changes, by feature and by model.
    """
    listed = disagreements(dataset)
    trial, counts_as = _Trial(dataset), dataset.taxonomy.counts_as
    codes = listed[[column for column in listed if column.startswith(CODE)]]
    ways = [
        _open([counts_as[code] for code in row if code], now)
        for row, now in zip(codes.itertuples(index=False), listed["status"], strict=True)
    ]
    cells = zip(listed["model_id"], listed["feature_id"], ways, strict=True)
    changes = [trial.changes(*cell) for cell in cells]
    listed.insert(listed.columns.get_loc("status") + 1, "changes", [" ".join(c) for c in changes])
    feature = listed["feature_id"].map({f: i for i, f in enumerate(dataset.taxonomy.feature_ids)})
    rank = pd.DataFrame(
        {
            "decided": listed["code"] != "",
            "first": [min(map(_weight, found), default=len(FINDINGS) + 1) for found in changes],
            "fewer": [-len(found) for found in changes],
            "feature": feature,
            "model": listed["model_id"],
        }
    )
    return listed.loc[rank.sort_values(list(rank)).index].reset_index(drop=True)


def _open(statuses: Sequence[str], now: str) -> Ids:
    """Return the statuses that a disagreement may be settled as, but for what it counts as now."""
    given = dict.fromkeys([*statuses, *(COUNTED if "unclear" in statuses else ())])
    return tuple(status for status in given if status != now)


def _weight(change: str) -> int:
    return 0 if change.startswith(CLAIM) else 1 + FINDINGS.index(change)


@dataclass(frozen=True, slots=True)
class _Tallies:
    """Models that have a feature, and models assessed for it, by goal.

    Both are goals x features; the first row is that of all models.
    """

    present: Ints
    assessed: Ints


class _Trial:
    """A data set as it counts now, and what would be different if one cell counted otherwise."""

    def __init__(self, dataset: Dataset) -> None:
        self.features, self.goals = dataset.taxonomy.feature_ids, dataset.taxonomy.goal_ids
        self.claims, self.reading = published.of(dataset), dataset.info.reading
        self.memberships = dataset.memberships
        self.sizes = metrics.goal_distribution(self.memberships, self.goals)
        self.status = dataset.status
        present = self.status.eq("present")
        assessed = present | self.status.eq("absent")
        pairs = pd.crosstab(self.memberships["goal_id"], self.memberships["model_id"])
        pairs = pairs.reindex(index=self.goals, columns=self.status.index, fill_value=0)
        self.member = np.vstack([np.ones(len(self.status), dtype=int), pairs.to_numpy()])
        self.counts = _Tallies(
            self.member @ present.to_numpy(dtype=int),
            self.member @ assessed.to_numpy(dtype=int),
        )
        self.now = dict(self.findings(self.counts))
        self.known: dict[tuple[object, ...], Ids] = {}

    def changes(self, model: str, feature: str, statuses: Ids) -> Ids:
        """Name the findings that would differ if a cell counted as one of some statuses."""
        found = {change for status in statuses for change in self.after(model, feature, status)}
        return tuple(sorted(found, key=lambda change: (_weight(change), change)))

    def after(self, model: str, feature: str, status: str) -> Ids:
        """Name the findings that would differ; cells alike in all that counts are tried once."""
        now = self.status.loc[model, feature]
        rows = self.member[:, self.status.index.get_loc(model)]
        assessed = (status in COUNTED) - (now in COUNTED)
        moved = ((status == "present") - (now == "present"), assessed)
        key = (feature, *rows, *moved)
        if key not in self.known:
            then = dict(self.findings(self.moved(self.features.index(feature), rows, *moved)))
            self.known[key] = tuple(f for f, value in then.items() if value != self.now[f])
        return self.known[key]

    def moved(self, feature: int, rows: Ints, present: int, assessed: int) -> _Tallies:
        """Return the counts with one model's feature counted otherwise."""
        column = np.eye(len(self.features), dtype=int)[feature]
        cells = np.outer(rows, column)
        now = self.counts
        return _Tallies(now.present + present * cells, now.assessed + assessed * cells)

    def findings(self, counts: _Tallies) -> Iterator[tuple[str, object]]:
        """Go through what the counts show, each with the ids or verdict that it comes to."""
        share = _ratio(counts.present, counts.assessed)
        means = _ratio(counts.present.sum(axis=1), counts.assessed.sum(axis=1))[1:]
        means *= len(self.features)
        yield MOST_COMMON, _largest(share[0])
        yield RAREST, _largest(-share[0])
        yield LEADING_GOAL, _largest(means)
        yield GOAL_OF_FEATURE, tuple(_largest(goals) for goals in share[1:].T)
        yield ORDER, tuple((share[0] < share[0][:, None]).sum(axis=1))
        for claim, verdict in self.verdicts(counts, share[0], means):
            yield f"{CLAIM}{claim}", verdict

    def verdicts(self, counts: _Tallies, share: Floats, means: Floats) -> Iterator[tuple[str, str]]:
        """Go through the published claims with their verdicts."""
        if self.claims.empty:
            return
        k, n = counts.present, counts.assessed
        cells = pd.MultiIndex.from_product([self.features, self.goals])
        found = published.Quantities(
            self.memberships,
            self.sizes,
            pd.DataFrame({"k": k[0], "n": n[0], "share": share}, index=self.features),
            pd.DataFrame({"k": k[1:].T.ravel(), "n": n[1:].T.ravel()}, index=cells),
            pd.Series(means, index=self.goals),
        )
        checked = published.recomputed(self.claims, found, self.reading)
        yield from zip(checked["claim_id"], checked["verdict"], strict=True)


def _ratio(part: Ints, whole: Ints) -> Floats:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def _largest(values: Floats) -> tuple[int, ...]:
    return tuple(np.flatnonzero(values == np.nanmax(values, initial=-np.inf)))
