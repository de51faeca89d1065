"""Number of features a model has, by goal."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from soila_analysis.metrics import frames
from soila_analysis.metrics.ranking import leading_goal
from soila_analysis.metrics.shares import OPEN, shares

LEADS, LEAST = 0.95, 3  # in how many resamples, and of how many models, a goal leads


def features_per_model(
    status: pd.DataFrame,
    memberships: pd.DataFrame,
    goals: Sequence[str],
    *,
    contested: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """How many features the coded models of each goal have, by their assessed codes.

    A model is coded when at least one of its features was assessed; models that were not are
    counted, and left out of every mean. Where a model has m of its a assessed features, it counts
    as having m/a of all features.

    Parameters
    ----------
    status : DataFrame, models x features
        One of `metrics.STATUSES` a cell.
    memberships : DataFrame
        Columns ``model_id``, ``goal_id``.
    goals : sequence of str
        The goals in their order.
    contested : DataFrame, optional
        As for `tally`.

    Returns
    -------
    DataFrame
        One row for each goal and numbers of features that occur in it: ``goal_id``; ``k`` models
        with these numbers, of ``n`` coded models of the goal; ``share``, ``low``, ``high`` (Wilson
        95 %); ``features`` present of ``assessed``; and, repeated for the goal: ``total`` features
        present of ``total_assessed`` in the n models, ``mean`` = features_max * total /
        total_assessed, with ``mean_min`` and ``mean_max``, if all that is unclear, disputed or not
        assessed in models with any code were absent, or present; ``median``; ``leads`` (share of
        bootstrap resamples that the goal leads by mean); ``leader``, whether that is 95 % or more,
        its bounds lie above those of all other goals, and it has three coded models or more;
        ``not_coded`` models; ``features_max``, the size of the taxonomy. A goal without coded
        models has one row, with k = n = 0.
    """
    counts, most = _model_counts(status, memberships, contested), status.shape[1]
    rows = counts[counts["assessed"] > 0]
    rows = rows.assign(scaled=most * rows["features"] / rows["assessed"])
    by = rows.groupby("goal_id", observed=True)
    goal = pd.DataFrame({"n": by.size(), "total": by["features"].sum()}).reindex(goals)
    goal["total_assessed"] = by["assessed"].sum()
    goal = goal.fillna(0).astype(int)
    goal["mean"] = most * goal["total"] / goal["total_assessed"].where(goal["n"] > 0)
    told = counts[counts["told"] > 0].groupby("goal_id", observed=True)[
        ["all_present", "possible", "all_absent"]
    ]
    ends = told.sum().reindex(goals)
    goal["mean_min"] = most * ends["all_present"] / ends["possible"]
    goal["mean_max"] = most * (ends["possible"] - ends["all_absent"]) / ends["possible"]
    goal["median"] = by["scaled"].median()
    goal["leads"] = leading_goal(rows).set_index("goal_id")["leads"]
    highest = [goal["mean_max"].drop(one).max() for one in goal.index]
    goal["leader"] = goal["leads"].ge(LEADS) & (goal["mean_min"] > highest) & goal["n"].ge(LEAST)
    goal["not_coded"] = counts[counts["assessed"] == 0].groupby("goal_id", observed=True).size()
    goal["not_coded"] = goal["not_coded"].fillna(0).astype(int)

    k = rows.groupby(["goal_id", "features", "assessed"], observed=True).size().rename("k")
    k = k.reset_index().astype({"goal_id": "str"})
    table = goal.rename_axis("goal_id").reset_index().merge(k, on="goal_id", how="left")
    table = table.fillna({"k": 0}).astype({"k": int, "features": "Int64", "assessed": "Int64"})
    tallied = pd.DataFrame({"present": table["k"], "absent": table["n"] - table["k"]})
    tallied = tallied.reindex(columns=list(frames.STATUSES), fill_value=0)
    share = shares(tallied)[["share", "low", "high"]]
    table = pd.concat([table, share], axis=1).assign(features_max=most)
    first = ["goal_id", "k", "n", "share", "low", "high", "features", "assessed", "total"]
    means = ["total_assessed", "mean", "mean_min", "mean_max", "median", "leads", "leader"]
    return table[[*first, *means, "not_coded", "features_max"]]


def _model_counts(
    status: pd.DataFrame, memberships: pd.DataFrame, contested: pd.DataFrame | None
) -> pd.DataFrame:
    """Count for each model and goal its features present, assessed, sure and possible."""
    frames.check(status=status, memberships=memberships)
    contested = None if contested is status else contested
    if not status.index.is_monotonic_increasing:  # equal data, equal samples
        status = status.sort_index()
    values = frames.numbers(status)
    agreed = values if contested is None else frames.numbers(contested.loc[status.index])

    def number(cells: npt.NDArray[np.int8], *statuses: str) -> npt.NDArray[np.int32]:
        return sum(
            (cells == frames.STATUSES.index(one)).sum(axis=1, dtype="i4") for one in statuses
        )

    model = {
        "features": number(values, "present"),
        "assessed": number(values, "present", "absent"),
        "all_present": number(agreed, "present"),
        "all_absent": number(agreed, "absent"),
        "possible": number(values, "present", "absent", *OPEN),
        "told": number(values, "not-assessed") < values.shape[1],
    }
    at = frames.positions(status.index, memberships["model_id"])
    joined = pd.DataFrame(model, dtype="int32").take(at[at >= 0]).reset_index(drop=True)
    joined["model_id"] = pd.Categorical.from_codes(at[at >= 0], status.index)
    return joined.assign(goal_id=memberships["goal_id"].array[at >= 0].astype("category"))
