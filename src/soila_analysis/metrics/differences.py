"""Two codings of the same models, or of two rounds of models, feature by feature."""

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from soila_analysis.metrics import frames
from soila_analysis.metrics.shares import shares, tally

ASSESSED = ("present", "absent")


def signed_differences(
    first: pd.DataFrame, second: pd.DataFrame, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare how often two coders find each feature, over the models that both assessed.

    Parameters
    ----------
    first, second : DataFrame, models x features
        One of `metrics.STATUSES` a cell, each of one coder, as `dataset.consensus` gives under the
        rule ``coder:<coder_id>``. The same features; models that only one has are left out.
    confidence : float, default 0.95
        Level of the interval.

    Returns
    -------
    DataFrame
        One row a feature in the order of the columns: ``feature_id``; ``n`` models that both
        assessed (present or absent); ``k_first`` and ``k_second`` of them present;
        ``only_first`` and ``only_second``, present to that coder alone; ``difference`` =
        (k_first - k_second)/n, positive where the first finds the feature more often; ``low`` and
        ``high``, its exact interval given how many models the coders differ on (Clopper-Pearson
        for the sign of the differences), missing where they differ on none; ``p``, McNemar's
        exact test; ``p_holm``, adjusted over the features where coders differ (Holm).

    References
    ----------
    McNemar (1947). Note on the sampling error of the difference between correlated proportions or
    percentages. Psychometrika 12(2), 153-157.

    Examples
    --------
    >>> one = pd.DataFrame({"f": ["present", "present", "absent"]}, index=["a", "b", "c"])
    >>> two = pd.DataFrame({"f": ["absent", "present", "unclear"]}, index=["a", "b", "c"])
    >>> signed_differences(one, two)[["n", "k_first", "k_second", "difference"]].values.tolist()
    [[2.0, 2.0, 1.0, 0.5]]
    """
    frames.check(first=first, second=second)
    table = _paired(first, second).rename(columns={"lost": "only_first", "gained": "only_second"})
    table["difference"] = (table["k_first"] - table["k_second"]) / table["n"].replace(0, np.nan)
    differ = table["only_first"] + table["only_second"]
    known = differ > 0
    table["low"], table["high"], table["p"], table["p_holm"] = np.nan, np.nan, np.nan, np.nan
    low, high = proportion_confint(
        table.loc[known, "only_first"], differ[known], alpha=1 - confidence, method="beta"
    )
    scale = differ[known] / table.loc[known, "n"]
    table.loc[known, "low"], table.loc[known, "high"] = (
        (2 * low - 1) * scale,
        (2 * high - 1) * scale,
    )
    pairs = zip(table.loc[known, "only_first"], differ[known], strict=True)
    table.loc[known, "p"] = [binomtest(int(k), int(n)).pvalue for k, n in pairs]
    if known.any():
        table.loc[known, "p_holm"] = multipletests(table.loc[known, "p"], method="holm")[1]
    return table


def share_changes(
    earlier: pd.DataFrame, later: pd.DataFrame, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare how common each feature is in two rounds of coding.

    Parameters
    ----------
    earlier, later : DataFrame, models x features
        One of `metrics.STATUSES` a cell. Features and models may be other ones.
    confidence : float, default 0.95
        Level of the interval.

    Returns
    -------
    DataFrame
        One row a feature, those of the later round first, in the order of the columns:
        ``feature_id``; ``k1`` present of ``n1`` assessed, ``share1`` and ``percent1`` in the
        earlier round, and the same with 2 in the later, missing where a round does not have the
        feature; ``difference`` = share2 - share1 with ``low`` and ``high``, Newcombe's hybrid score
        interval, which takes the rounds as two independent samples of models; ``interval``, its
        method; then over the models that both rounds assessed: ``paired``, their number,
        ``gained``, absent then and present now, and ``lost``, the reverse.

    References
    ----------
    Newcombe (1998). Interval estimation for the difference between independent proportions:
    comparison of eleven methods. Statistics in Medicine 17(8), 873-890. Method 10.
    """
    frames.check(earlier=earlier, later=later)
    features = [*later.columns, *(f for f in earlier.columns if f not in later.columns)]
    table = pd.DataFrame({"feature_id": features})
    for ordinal, status in (("1", earlier), ("2", later)):
        found = shares(tally(status), interval="none")
        found = found[["feature_id", "k", "n", "share", "percent"]].set_index("feature_id")
        table = table.join(found.add_suffix(ordinal), on="feature_id")
    table = table.astype(dict.fromkeys(["k1", "n1", "k2", "n2"], "Int64"))
    table["difference"] = table["share2"] - table["share1"]
    table[["low", "high"]] = [_newcombe(row, confidence) for row in table.itertuples()]
    table["interval"] = "newcombe"
    both = [feature for feature in later.columns if feature in earlier.columns]
    pairs = _paired(earlier[both], later[both]).rename(columns={"n": "paired"})
    pairs = pairs.set_index("feature_id")[["paired", "gained", "lost"]]
    return table.join(pairs.astype("Int64"), on="feature_id")


def _paired(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Count the models that both assessed, those present to each, and those that differ."""
    models = first.index.intersection(second.index)
    one = first.loc[models].astype(object)
    two = second.loc[models, first.columns].astype(object)
    both = one.isin(ASSESSED) & two.isin(ASSESSED)
    a, b = both & one.eq("present"), both & two.eq("present")
    counts = {"n": both, "k_first": a, "k_second": b, "lost": a & ~b, "gained": b & ~a}
    columns = {name: cells.sum().astype("int64") for name, cells in counts.items()}
    return pd.DataFrame(columns).rename_axis("feature_id").reset_index()


def _newcombe(row: object, confidence: float) -> tuple[float, float]:
    n1, n2 = row.n1, row.n2  # type: ignore[attr-defined]
    if pd.isna(n1) or pd.isna(n2) or not n1 or not n2:
        return np.nan, np.nan
    counts = (int(row.k2), int(n2), int(row.k1), int(n1))  # type: ignore[attr-defined]
    return confint_proportions_2indep(
        *counts, method="newcomb", compare="diff", alpha=1 - confidence
    )
