"""What was published of a data set, as records that are recomputed from its codes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from soila_analysis import metrics
from soila_analysis.dataset import Dataset
from soila_analysis.dataset.schema import FURTHER, MEASURES, OFFERED
from soila_analysis.metrics import rounding

# The order in which a reading takes the labels of the chart by goal: the legend's, or the chart's.
CHART_ORDER = ("literal", "mixed")
CHECKED = (
    *("claim_id", "measure", "feature_id", "goal_id", "printed", "recomputed", "verdict"),
    *("difference", "k", "n", "status"),
)
NUMERIC = ("count", "percent", "models")
COLUMNS = (*OFFERED["claims"], *FURTHER["claims"])


@cache
def load() -> pd.DataFrame:
    """Read the claims of the 2024 review.

    Returns
    -------
    DataFrame
        One row a claim, all values as text, empty where they do not apply. ``printed`` is the
        value as it was published; ``base`` says of what; ``rounding`` is the rule assumed;
        ``source_line`` the line in the text of the slides; ``status`` is printed,
        order-uncertain (which goal the label belongs to is a matter of reading) or weak (an axis,
        not a number); ``goal_id_chart`` the goal under the other order of labels.
    """
    file = Path(__file__).with_name("claims.csv")
    return pd.read_csv(file, dtype=str, keep_default_na=False)


def of(dataset: Dataset) -> pd.DataFrame:
    """Give the published claims that a data set is of, as its ``dataset.toml`` says.

    Parameters
    ----------
    dataset : Dataset
        Any data set.

    Returns
    -------
    DataFrame
        As `load` gives: those of the review, or those in the data set's own ``claims.csv``;
        without rows if it is of none.
    """
    if dataset.info.of_review:
        return load()
    own = pd.DataFrame(columns=COLUMNS, dtype=str) if dataset.claims is None else dataset.claims
    return own.reindex(columns=COLUMNS, fill_value="")


@dataclass(frozen=True, slots=True)
class Quantities:
    """Every quantity that a claim may be about, as `metrics` gives it.

    Parameters
    ----------
    memberships : DataFrame
        The pairs of model and goal.
    goals : DataFrame
        ``goal_id`` and ``k``, the models of each goal.
    shares : DataFrame
        By feature: ``k``, ``n`` and ``share``.
    by_goal : DataFrame
        By feature and goal: ``k`` and ``n``.
    means : Series
        By goal: how many features its models have on average.
    """

    memberships: pd.DataFrame
    goals: pd.DataFrame
    shares: pd.DataFrame
    by_goal: pd.DataFrame
    means: pd.Series


def quantities(dataset: Dataset) -> Quantities:
    """Compute what claims may be about from the codes of a data set.

    Parameters
    ----------
    dataset : Dataset
        Any coded data set.

    Returns
    -------
    Quantities
    """
    goals, memberships, status = dataset.taxonomy.goal_ids, dataset.memberships, dataset.status
    shares = metrics.shares(metrics.tally(status), interval="none")
    by_goal = metrics.feature_shares_by_goal(status, memberships, goals, interval="none")
    codes = by_goal.groupby("goal_id", sort=False)[["k", "n"]].sum()
    return Quantities(
        memberships,
        metrics.goal_distribution(memberships, goals),
        shares.set_index("feature_id"),
        by_goal.set_index(["feature_id", "goal_id"]),
        status.shape[1] * codes["k"] / codes["n"],
    )


def check(dataset: Dataset, claims: pd.DataFrame | None = None) -> pd.DataFrame:
    """Recompute every claim from the codes of a data set.

    Parameters
    ----------
    dataset : Dataset
        Any coded data set.
    claims : DataFrame, optional
        As `load` gives; by default those `of` the data set.

    Returns
    -------
    DataFrame
        ``claim_id``, ``measure``, ``feature_id``, ``goal_id`` (under the data set's order of
        labels), ``printed``, ``recomputed``, ``verdict`` (reproduced, differs, not computable),
        ``difference`` (recomputed minus printed, where both are numbers), ``k``, ``n``,
        ``status``. Where a data set has no reading, the order of labels that reproduces more
        claims is taken, the legend's if both do equally well.
    """
    table = of(dataset) if claims is None else claims
    return recomputed(table, quantities(dataset), dataset.info.reading)


def recomputed(
    table: pd.DataFrame, results: Quantities, reading: str | None = None
) -> pd.DataFrame:
    """Recompute every claim from the quantities that they are about.

    Parameters
    ----------
    table : DataFrame
        As `load` gives.
    results : Quantities
        Such as `quantities` gives.
    reading : str, optional
        The reading of a reconstruction, which says how the labels by goal are ordered.

    Returns
    -------
    DataFrame
        As `check` gives.
    """
    legend = _checked(table, results, "goal_id")
    chart = _checked(table, results, "goal_id_chart")
    if reading:
        return chart if reading in CHART_ORDER else legend
    fits = [(t["verdict"] == "reproduced").sum() for t in (legend, chart)]
    return chart if fits[1] > fits[0] else legend


def _checked(claims: pd.DataFrame, results: Quantities, order: str) -> pd.DataFrame:
    goal = claims["goal_id"].where(claims["status"] != "order-uncertain", claims[order])
    rows = [_row(claim, results) for claim in claims.assign(goal_id=goal).itertuples()]
    table = pd.DataFrame(rows, columns=CHECKED)
    return table.astype({"k": "Int64", "n": "Int64", "difference": "Int64"})


def _row(claim: Any, results: Quantities) -> dict[str, object]:
    try:
        recomputed, k, n = RECOMPUTED[claim.measure](claim, results)
    except KeyError:  # a feature or goal that this data set does not have
        recomputed, k, n = None, None, None
    verdicts = {None: "not computable", claim.printed: "reproduced"}
    return {
        **claim._asdict(),
        "recomputed": recomputed,
        "verdict": verdicts.get(recomputed, "differs"),
        "difference": _difference(claim, recomputed),
        "k": k,
        "n": n,
    }


def _difference(claim: Any, recomputed: str | None) -> int | None:
    if recomputed is None or MEASURES[claim.measure] not in NUMERIC:
        return None
    return int(recomputed) - int(claim.printed)


Found = tuple[str | None, int | None, int | None]


def _memberships(claim: Any, results: Quantities) -> Found:
    return str(len(results.memberships)), len(results.memberships), None


def _goal_share(claim: Any, results: Quantities) -> Found:
    counts = results.goals.set_index("goal_id")["k"]
    printed = rounding.percents(counts.tolist(), claim.rounding)
    position = counts.index.get_loc(claim.goal_id)
    return str(printed[position]), counts[claim.goal_id], counts.sum()


def _feature_share(claim: Any, results: Quantities) -> Found:
    return _share(results.shares.loc[claim.feature_id], claim.rounding)


def _feature_share_by_goal(claim: Any, results: Quantities) -> Found:
    return _share(results.by_goal.loc[(claim.feature_id, claim.goal_id)], claim.rounding)


def _share(row: pd.Series, rule: str) -> Found:
    k, n = int(row["k"]), int(row["n"])
    return (str(rounding.percent(k, n, rule)) if n else None), k, n


def _most_common(claim: Any, results: Quantities) -> Found:
    return _first(claim, -results.shares["share"]), None, None


def _rarest(claim: Any, results: Quantities) -> Found:
    return _first(claim, results.shares["share"]), None, None


def _first(claim: Any, keys: pd.Series) -> str:
    """Name as many features as the claim does; ties fall in the claim's favour."""
    named = _named(claim, keys)
    order = [*named, *(f for f in keys.index if f not in named)]
    return ";".join(keys[order].sort_values(kind="stable").index[: len(named)])


def _named(claim: Any, known: pd.Series) -> list[str]:
    """Return the ids that a claim names; all of them have to be known."""
    named = claim.printed.split(";")
    missing = set(named) - set(known.index)
    if missing:
        raise KeyError(*missing)
    return named


def _leading_goal(claim: Any, results: Quantities) -> Found:
    _named(claim, results.means)
    best = results.means[results.means == results.means.max()].index
    return (";".join(best) or None), None, None


def _axis_maximum(claim: Any, results: Quantities) -> Found:
    """Compare the longest bar; a shorter one than the axis is no conflict."""
    longest = int(results.by_goal.loc[claim.feature_id, "k"].max())
    return str(max(longest, int(claim.printed))), longest, None


RECOMPUTED: Mapping[str, Callable[[Any, Quantities], Found]] = {
    "memberships": _memberships,
    "goal-share": _goal_share,
    "feature-share": _feature_share,
    "feature-share-by-goal": _feature_share_by_goal,
    "most-common": _most_common,
    "rarest": _rarest,
    "leading-goal": _leading_goal,
    "axis-maximum": _axis_maximum,
}


def worded(checked: pd.DataFrame, lang: str, claims: pd.DataFrame) -> pd.DataFrame:
    """Add each claim's unit and its text in a language, as the last columns.

    Parameters
    ----------
    checked : DataFrame
        As `check` gives.
    lang : {"fi", "sv", "en"}
        Language of the texts.
    claims : DataFrame
        What was checked, as `of` gives.

    Returns
    -------
    DataFrame
        The table with ``unit`` and ``claim``; a claim without a text is told by its id.
    """
    texts = claims.set_index("claim_id")[f"text_{lang}"].to_dict()
    return checked.assign(
        unit=checked["measure"].map(MEASURES),
        claim=[texts.get(i) or i for i in checked["claim_id"]],
    )


def sentence(row: Any) -> str:
    """Say on one line what became of a claim.

    Parameters
    ----------
    row : named tuple
        A row of `check`.

    Returns
    -------
    str
        Verdict, claim, printed and recomputed value, k/n, and the claim's status if not printed.
    """
    parts = [f"{row.verdict:<14} {row.claim_id:<28} printed {row.printed}"]
    if row.verdict == "differs":
        by = "" if pd.isna(row.difference) else f" ({row.difference:+d})"
        parts.append(f"recomputed {row.recomputed}{by}")
    if not pd.isna(row.n):
        parts.append(f"{row.k}/{row.n}")
    if row.status != "printed":
        parts.append(f"[{row.status}]")
    return "  ".join(parts)
