"""Shares k/n with intervals, and what the codes left open implies for them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from soila_analysis.metrics import frames, rounding
from soila_analysis.metrics.frames import STATUSES
from soila_analysis.metrics.ranking import possible_ranks, rank_sets, ranked

OPEN = ("unclear", "disagreement", "not-assessed")  # may be present or absent in truth
AGREED = ("all_present", "all_absent")
WIDENED = "-widened"  # after the method of an interval: by what coders disagree on
INTERVALS = {"wilson": "wilson", "jeffreys": "jeffreys", "clopper-pearson": "beta", "none": ""}


def tally(
    status: pd.DataFrame,
    groups: pd.DataFrame | None = None,
    *,
    contested: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Count the statuses of each feature, over distinct models or within each group of them.

    This is the only step that touches models, and it adds their profiles up, see
    `frames.profiles`; all that follows needs these counts alone.

    Parameters
    ----------
    status : DataFrame, models x features
        One of `STATUSES` a cell; index ``model_id``, columns ``feature_id``.
    groups : DataFrame, optional
        ``model_id`` and one more column, such as ``goal_id``: one row for each group of a model. A
        model of several groups counts in each of them. Without it, each model counts once.
    contested : DataFrame, models x features, optional
        As `status`, but with a disagreement wherever coders differ, even where the rule of `status`
        settled it, such as a majority's. By default `status` itself.

    Returns
    -------
    DataFrame
        The group (in order of appearance) and ``feature_id``, then one integer column a status,
        and ``all_present`` and ``all_absent``: present or absent without any disagreement.

    Raises
    ------
    TypeError, ValueError
        For other frames; the message says what to take.
    """
    if groups is None:
        frames.check(status=status)
        members = np.ones((len(status), 1), dtype=np.int8)
        index = pd.Index(status.columns, name="feature_id")
    else:
        frames.check(status=status, groups=groups)
        column = _column(groups)
        names = pd.unique(groups[column])
        members = frames.members(status.index, groups, names)
        index = pd.MultiIndex.from_product([names, status.columns], names=[column, "feature_id"])
    values = frames.numbers(status)
    agreed = values
    if contested is not None and contested is not status:
        agreed = frames.numbers(contested.loc[status.index])
    profiles = frames.profiles(values, *[agreed] * (agreed is not values), members)
    values, agreed = values[profiles.first], agreed[profiles.first]
    weighted = members[profiles.first].T * profiles.weight.astype(float)
    cells = {name: values == i for i, name in enumerate(STATUSES)}
    cells |= {name: agreed == i for i, name in enumerate(AGREED)}
    counts = {
        name: (weighted @ cell.astype(float)).astype(np.int64).ravel()
        for name, cell in cells.items()
    }
    return pd.DataFrame(counts, index=index).reset_index()


def shares(
    counts: pd.DataFrame, *, confidence: float = 0.95, interval: str = "wilson"
) -> pd.DataFrame:
    """Turn counts of statuses into shares of the assessed models.

    Parameters
    ----------
    counts : DataFrame
        Identifier columns and one integer column for each of `STATUSES`, as `tally` gives; without
        ``all_present`` and ``all_absent`` no disagreement was settled.
    confidence : float, default 0.95
        Level of the interval.
    interval : {"wilson", "jeffreys", "clopper-pearson", "none"}, default "wilson"
        Method of the interval.

    Returns
    -------
    DataFrame
        Identifiers; ``k`` present of ``n`` assessed (present or absent); ``share`` = k/n with
        ``low`` and ``high``; ``percent`` rounded half-up; ``interval``, its method; ``unclear``,
        ``disagreed`` (the coders came to no consensus), ``overruled`` (a coder differs from the
        consensus), ``not_assessed``, ``not_applicable``; ``share_min`` and ``share_max``, the share
        if all that is unclear, disputed (disagreed or overruled) or not assessed were absent, or
        present. Shares are missing where nothing was assessed. Where codes are disputed, the
        interval is "widened": from the lower end for all of them absent to the upper end for all of
        them present, since that of k/n does not cover; see ``benchmarks/consensus.py``.

    Raises
    ------
    ValueError
        For an interval method that is not among those named, or a frame without these columns.

    References
    ----------
    Brown, Cai & DasGupta (2001). Interval estimation for a binomial proportion.
    Statistical Science 16(2), 101-133.

    Examples
    --------
    >>> one = dict.fromkeys(STATUSES, [0]) | {"present": [47], "absent": [5]}
    >>> table = shares(pd.DataFrame(one))
    >>> table[["k", "n", "low", "high"]].round(3).values.tolist()
    [[47.0, 52.0, 0.794, 0.958]]
    """
    frames.check(counts=counts)
    table = counts.drop(columns=[*STATUSES, *AGREED], errors="ignore")
    table["k"] = counts["present"]
    table["n"] = counts["present"] + counts["absent"]
    present, absent = (counts.get(name, counts[name.removeprefix("all_")]) for name in AGREED)
    decided = table["n"] + counts["disagreement"]
    table = _with_interval(table, confidence, interval, present, decided - absent, decided)
    counted = table["n"].astype("Int64").where(table["n"] > 0)
    table["percent"] = rounding.half_up(table["k"].astype("Int64"), counted)
    disputed = decided - present - absent
    table["interval"] = interval
    if interval != "none":
        table["interval"] = table["interval"].mask(disputed > 0, f"{interval}{WIDENED}")
    table["unclear"] = counts["unclear"]
    table["disagreed"] = counts["disagreement"]
    table["overruled"] = disputed - counts["disagreement"]
    table["not_assessed"] = counts["not-assessed"]
    table["not_applicable"] = counts["not-applicable"]
    open_codes = counts[list(OPEN)].sum(axis=1)
    possible = (table["n"] + open_codes).astype(float).replace(0.0, np.nan)
    table["share_min"] = present / possible
    table["share_max"] = (possible - absent) / possible
    return table


def goal_distribution(memberships: pd.DataFrame, goals: Sequence[str]) -> pd.DataFrame:
    """Distribution of the models over the goals; a model counts in each goal that it serves.

    Parameters
    ----------
    memberships : DataFrame
        Columns ``model_id``, ``goal_id``.
    goals : sequence of str
        The goals in their order; one without models has k = 0.

    Returns
    -------
    DataFrame
        ``goal_id``; ``k`` of ``n`` memberships; ``share``, ``low``, ``high`` (Wilson 95 %);
        ``percent``, rounded half-up one by one, so that equal counts have equal labels, which
        need not sum to 100; ``models``, the number of distinct models.
    """
    frames.check(memberships=memberships)
    k = memberships["goal_id"].value_counts().reindex(list(goals), fill_value=0)
    table = k.rename_axis("goal_id").reset_index(name="k").assign(n=len(memberships))
    table = _with_interval(table, 0.95, "wilson", table["k"], table["k"], table["n"])
    table["percent"] = rounding.percents(table["k"].tolist())
    table["models"] = memberships["model_id"].nunique()
    return table


def feature_shares(
    status: pd.DataFrame, *, interval: str = "wilson", contested: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Share of the distinct assessed models that have each feature.

    Parameters
    ----------
    status : DataFrame, models x features
        As for `tally`.
    interval : str, default "wilson"
        As for `shares`.
    contested : DataFrame, optional
        As for `tally`.

    Returns
    -------
    DataFrame
        One row a feature in the order of the columns, as `shares` gives, with ``rank`` and
        ``tied`` as `ranked` gives, ``rank_low``, ``rank_high`` as `rank_sets` gives, and
        ``rank_min``, ``rank_max`` as `possible_ranks` gives for what unclear, disputed and not
        assessed codes leave open in models that have any code.
    """
    counts = tally(status, contested=contested)
    table = ranked(shares(counts, interval=interval)).merge(rank_sets(status))
    told = status[status.ne("not-assessed").any(axis=1)]
    ends = shares(tally(told, contested=contested), interval="none")
    return table.join(possible_ranks(ends["share_min"], ends["share_max"]))


def shares_by(
    status: pd.DataFrame,
    groups: pd.DataFrame,
    values: Sequence[str] | None = None,
    *,
    interval: str = "wilson",
    contested: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Share of the assessed models of each group that have each feature.

    Parameters
    ----------
    status : DataFrame, models x features
        As for `tally`.
    groups : DataFrame
        As for `tally`: ``model_id`` and the column to group by.
    values : sequence of str, optional
        The groups in their order; others are left out, one without models has k = n = 0. By
        default all that occur, sorted; an empty text is a group as well.
    interval : str, default "wilson"
        As for `shares`.
    contested : DataFrame, optional
        As for `tally`.

    Returns
    -------
    DataFrame
        One row a feature and group (features outermost): ``feature_id``, the group under the name
        of its column, and the rest as `shares` gives.

    Raises
    ------
    TypeError, ValueError
        As for `tally` and `shares`.

    Examples
    --------
    >>> status = pd.DataFrame({"f": ["present", "absent"]}, index=["a", "b"])
    >>> regions = pd.DataFrame({"model_id": ["a", "b"], "region": ["Turku", "Oulu"]})
    >>> shares_by(status, regions)[["feature_id", "region", "k", "n"]].values.tolist()
    [['f', 'Oulu', 0, 1], ['f', 'Turku', 1, 1]]
    """
    counts = tally(status, groups, contested=contested)
    keys = ["feature_id", _column(groups)]
    ordered = sorted(counts[keys[1]].unique()) if values is None else values
    cells = pd.MultiIndex.from_product([status.columns, ordered], names=keys)
    counts = counts.set_index(keys).reindex(cells, fill_value=0).reset_index()
    return shares(counts, interval=interval)


def feature_shares_by_goal(
    status: pd.DataFrame,
    memberships: pd.DataFrame,
    goals: Sequence[str],
    *,
    interval: str = "wilson",
    contested: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Share of the assessed models of each goal that have each feature.

    Parameters
    ----------
    status : DataFrame, models x features
        As for `tally`.
    memberships : DataFrame
        Columns ``model_id``, ``goal_id``.
    goals : sequence of str
        The goals in their order.
    interval : str, default "wilson"
        As for `shares`.
    contested : DataFrame, optional
        As for `tally`.

    Returns
    -------
    DataFrame
        As `shares_by` gives, by ``goal_id``.
    """
    frames.check(status=status, memberships=memberships)
    groups = memberships[["model_id", "goal_id"]]
    return shares_by(status, groups, goals, interval=interval, contested=contested)


def chosen_feature(status: pd.DataFrame, feature: str) -> str:
    """Resolve the choice of a feature: its id, or "rarest" or "commonest" by its share.

    Parameters
    ----------
    status : DataFrame, models x features
        As for `tally`.
    feature : str
        An id, "rarest" or "commonest"; the first in order where several are.

    Returns
    -------
    str
        The feature's id.

    Raises
    ------
    ValueError
        For anything else; the message lists what there is.
    """
    frames.check(status=status)
    if feature in ("rarest", "commonest"):
        table = shares(tally(status))
        ordered = table.sort_values("share", ascending=feature == "rarest", kind="stable")
        return str(ordered["feature_id"].iloc[0])
    if feature not in status.columns:
        allowed = ", ".join(["rarest", "commonest", *status.columns])
        raise ValueError(f'no feature "{feature}"; allowed: {allowed}')
    return feature


def evidence_map(
    status: pd.DataFrame,
    memberships: pd.DataFrame,
    goals: Sequence[str],
    *,
    contested: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Features by goals with the margin: each feature in each goal, and in all models.

    Parameters
    ----------
    status, memberships, goals, contested
        As for `feature_shares_by_goal`.

    Returns
    -------
    DataFrame
        The rows of `feature_shares_by_goal`, then one row a feature with an empty ``goal_id``
        over the distinct models.
    """
    cells = feature_shares_by_goal(status, memberships, goals, contested=contested)
    margin = shares(tally(status, contested=contested))
    margin.insert(1, "goal_id", "")
    return pd.concat([cells, margin], ignore_index=True)


def feature_by_goal(
    status: pd.DataFrame,
    memberships: pd.DataFrame,
    goals: Sequence[str],
    feature: str,
    *,
    interval: str = "wilson",
    contested: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Share of the assessed models of each goal that have one feature.

    Parameters
    ----------
    status, memberships, goals
        As for `feature_shares_by_goal`.
    feature : str
        The feature's id, as `chosen_feature` gives.
    interval : str, default "wilson"
        As for `shares`.
    contested : DataFrame, optional
        As for `tally`.

    Returns
    -------
    DataFrame
        One row a goal, as `shares` gives.
    """
    frames.check(status=status, memberships=memberships)
    disputed = None if contested is None else contested[[feature]]
    return feature_shares_by_goal(
        status[[feature]], memberships, goals, interval=interval, contested=disputed
    )


def with_coders(
    table: pd.DataFrame,
    apart: Mapping[str, pd.DataFrame],
    groups: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Put each coder's own shares beside those of all coders together.

    Parameters
    ----------
    table : DataFrame
        One row a ``feature_id``, and a group if there are groups, as `shares` or `shares_by` gives.
    apart : mapping of str to DataFrame, models x features
        By coder, the statuses by this coder's codes alone, as for `tally`.
    groups : DataFrame, optional
        As for `tally`.

    Returns
    -------
    DataFrame
        The table; where there are several coders, with ``k:``, ``n:`` and ``share:`` and the id of
        each: present of assessed by this coder's codes alone; the share is missing if n is 0.

    Raises
    ------
    TypeError, ValueError
        As `tally`.
    """
    keys = ["feature_id", *([] if groups is None else [_column(groups)])]
    for coder, status in apart.items() if len(apart) > 1 else ():
        own = table[keys].merge(tally(status, groups), on=keys, how="left").fillna(0)
        k = own["present"].to_numpy(dtype=int)
        n = k + own["absent"].to_numpy(dtype=int)
        share = np.divide(k, n, out=np.full(len(n), np.nan), where=n > 0)
        table = table.assign(**{f"k:{coder}": k, f"n:{coder}": n, f"share:{coder}": share})
    return table


def _column(groups: pd.DataFrame) -> str:
    return str(groups.columns.drop("model_id")[0])


def _with_interval(
    table: pd.DataFrame,
    confidence: float,
    interval: str,
    least: pd.Series,
    most: pd.Series,
    total: pd.Series,
) -> pd.DataFrame:
    """Add the share k/n, and an interval from that of least/total to that of most/total."""
    if interval not in INTERVALS:
        raise ValueError(f'no interval "{interval}"; allowed: {", ".join(INTERVALS)}')
    base = table["n"].astype(float).replace(0.0, np.nan)
    table["share"] = table["k"] / base
    low, high = np.full(len(table), np.nan), np.full(len(table), np.nan)
    known = base.notna().to_numpy() & (interval != "none")
    if known.any():
        low[known], high[known] = (
            proportion_confint(
                k.to_numpy()[known],
                total.to_numpy()[known],
                alpha=1 - confidence,
                method=INTERVALS[interval],
            )[end]
            for end, k in enumerate((least, most))
        )
    low[low < 1e-12] = 0.0  # nothing but rounding of the arithmetic
    return table.assign(low=low, high=high)
