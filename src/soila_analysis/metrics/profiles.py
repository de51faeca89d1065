"""Number of features a model has, by goal."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from soila_analysis.metrics import frames
from soila_analysis.metrics.ranking import leading_goal
from soila_analysis.metrics.shares import shares


def features_per_model(
    status: pd.DataFrame, memberships: pd.DataFrame, goals: Sequence[str]
) -> pd.DataFrame:
    """How many features the coded models of each goal have.

    A model is coded when at least one of its features was assessed; models that were not are
    counted, and left out of every mean.

    Parameters
    ----------
    status : DataFrame, models x features
        One of `metrics.STATUSES` a cell.
    memberships : DataFrame
        Columns ``model_id``, ``goal_id``.
    goals : sequence of str
        The goals in their order.

    Returns
    -------
    DataFrame
        One row for each goal and number of features that occurs in it: ``goal_id``; ``k`` models
        with that number, of ``n`` coded models of the goal; ``share``, ``low``, ``high`` (Wilson
        95 %); ``features``, the number; and, repeated for the goal: ``total`` features in the n
        models, ``mean`` = total/n, ``median``, ``leads`` (share of bootstrap resamples that the
        goal leads by mean), ``not_coded`` models; ``features_max``, the size of the taxonomy.
        A goal without coded models has one row, with k = n = 0.
    """
    counts = model_counts(status, memberships)
    rows = counts[counts["assessed"] > 0]
    grouped = rows.groupby("goal_id")["features"]
    goal = pd.DataFrame({"n": grouped.size(), "total": grouped.sum(), "median": grouped.median()})
    goal = goal.reindex(goals).fillna({"n": 0, "total": 0}).astype({"n": int, "total": int})
    goal["mean"] = goal["total"] / goal["n"].astype(float).replace(0.0, np.nan)
    goal["leads"] = leading_goal(rows).set_index("goal_id")["leads"]
    goal["not_coded"] = counts[counts["assessed"] == 0].groupby("goal_id").size()
    goal["not_coded"] = goal["not_coded"].fillna(0).astype(int)

    k = rows.groupby(["goal_id", "features"]).size().rename("k").reset_index()
    table = goal.rename_axis("goal_id").reset_index().merge(k, on="goal_id", how="left")
    table = table.fillna({"k": 0}).astype({"k": int, "features": "Int64"})
    tallied = pd.DataFrame({"present": table["k"], "absent": table["n"] - table["k"]})
    tallied = tallied.reindex(columns=list(frames.STATUSES), fill_value=0)
    share = shares(tallied)[["share", "low", "high"]]
    table = pd.concat([table, share], axis=1).assign(features_max=status.shape[1])
    order = ["goal_id", "k", "n", "share", "low", "high", "features", "total", "mean", "median"]
    return table[[*order, "leads", "not_coded", "features_max"]]


def model_counts(status: pd.DataFrame, memberships: pd.DataFrame) -> pd.DataFrame:
    """Features present in, and assessed for, each model and goal.

    Parameters
    ----------
    status : DataFrame, models x features
        One of `metrics.STATUSES` a cell.
    memberships : DataFrame
        Columns ``model_id``, ``goal_id``.

    Returns
    -------
    DataFrame
        ``model_id``, ``goal_id``, ``features`` (present), ``assessed`` (present or absent).
    """
    frames.check(status=status, memberships=memberships)
    present = status.eq("present")
    assessed = present | status.eq("absent")
    model = pd.DataFrame({"features": present.sum(axis=1), "assessed": assessed.sum(axis=1)})
    joined = memberships[["model_id", "goal_id"]].merge(
        model, left_on="model_id", right_index=True, how="left"
    )
    return joined.reset_index(drop=True)
