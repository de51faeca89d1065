"""Ranks with their ties, and how firmly they stand."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from soila_analysis.metrics import frames

REPLICATES = 2000
DRAWN = 5000  # models that are drawn one by one; of more, sums are, as they are normal by then

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def ranked(table: pd.DataFrame, by: str = "share") -> pd.DataFrame:
    """Add the rank of each row, 1 for the largest; ties share the best rank.

    Parameters
    ----------
    table : DataFrame
        With the numeric column `by`; rows where it is missing get no rank.
    by : str, default "share"
        Column to rank by. Equal fractions k/n are equal floats, so ties are exact.

    Returns
    -------
    DataFrame
        The table with ``rank`` and ``tied``, the number of rows that share it.
    """
    rank = table[by].rank(method="min", ascending=False).astype("Int64")
    tied = rank.map(rank.value_counts()).astype("Int64")
    return table.assign(rank=rank, tied=tied)


def rank_ranges(
    status: pd.DataFrame, *, confidence: float = 0.95, replicates: int = REPLICATES, seed: int = 1
) -> pd.DataFrame:
    """Range of each feature's rank when the models are resampled.

    Parameters
    ----------
    status : DataFrame, models x features
        As for `tally`.
    confidence : float, default 0.95
        Share of the replicates inside the range.
    replicates : int
        Number of bootstrap samples of models, drawn with replacement, equal ones at once; of more
        than 5,000 models,
        draws of their counts from the normal distribution with the same mean and covariance.
    seed : int, default 1
        Equal seeds give equal ranges.

    Returns
    -------
    DataFrame
        ``feature_id``, ``rank_low`` (best) and ``rank_high`` (worst).

    References
    ----------
    Hall & Miller (2009). Using the bootstrap to quantify the authority of an empirical ranking.
    Annals of Statistics 37(6B), 3929-3959.
    """
    frames.check(status=status)
    ordered = status.index.is_monotonic_increasing  # equal data, equal samples
    values = frames.numbers(status if ordered else status.sort_index())
    present, assessed = (
        kept.astype(np.int8) for kept in (values == 0, (values == 0) | (values == 1))
    )
    ranks = [
        rankdata(-share, method="min", axis=1)
        for share in _resampled(present, assessed, replicates, seed)
    ]
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.vstack(ranks), [tail, 1 - tail], axis=0, method="nearest")
    return pd.DataFrame(
        {
            "feature_id": status.columns,
            "rank_low": low.astype(np.int64),
            "rank_high": high.astype(np.int64),
        }
    )


def possible_ranks(low: pd.Series, high: pd.Series) -> pd.DataFrame:
    """Give the best and the worst rank that bounds of values allow, 1 for the largest.

    Parameters
    ----------
    low, high : Series
        The least and the greatest that each value can be.

    Returns
    -------
    DataFrame
        ``rank_min`` (best) and ``rank_max`` (worst); missing where the bounds are.
    """
    least, most = low.to_numpy(), high.to_numpy()
    above = least[None, :] > most[:, None]
    reach = most[None, :] >= least[:, None]
    np.fill_diagonal(reach, False)
    ranks = {"rank_min": 1 + above.sum(axis=1), "rank_max": 1 + reach.sum(axis=1)}
    return pd.DataFrame(ranks, index=low.index, dtype="Int64").where(low.notna())


def leading_goal(
    counts: pd.DataFrame, *, replicates: int = REPLICATES, seed: int = 1
) -> pd.DataFrame:
    """How often each goal has the highest mean when the models are resampled.

    Parameters
    ----------
    counts : DataFrame
        One row a model and goal: ``model_id``, ``goal_id`` and ``features``, the number of
        features present in the model; ``assessed``, of how many, where that is not the same in all.
    replicates : int
        As for `rank_ranges`.
    seed : int, default 1
        Equal seeds give equal results.

    Returns
    -------
    DataFrame
        ``goal_id`` and ``leads``, the share of the replicates that the goal leads; a replicate
        led by several goals counts for none.
    """
    counts = counts.assign(assessed=counts.get("assessed", 1))
    model, models = pd.factorize(counts["model_id"], sort=True)
    goal, goals = pd.factorize(counts["goal_id"], sort=True)
    total, assessed = np.zeros((2, len(models), len(goals)), dtype=np.int64)
    total[model, goal], assessed[model, goal] = counts["features"], counts["assessed"]
    wins = np.zeros(len(goals))
    for mean in _resampled(total, assessed, replicates, seed):
        best = mean == mean.max(axis=1, keepdims=True, initial=-1.0)
        wins += (best & (best.sum(axis=1, keepdims=True) == 1)).sum(axis=0)
    return pd.DataFrame({"goal_id": goals, "leads": wins / replicates})


def _resampled(
    part: npt.NDArray[np.integer[Any]],
    whole: npt.NDArray[np.integer[Any]],
    replicates: int,
    seed: int,
) -> Iterator[Floats]:
    """Draw profiles, and yield the sums of their parts over those of their wholes; -1 for 0/0."""
    rng, both = np.random.default_rng(seed), np.hstack([part, whole])
    first, weight = frames.profiles(both)
    draw = _sums_of_many if weight.sum() > DRAWN else _sums_of_few
    for sums in draw(rng, both[first].astype(float), weight, replicates):
        top, bottom = np.hsplit(sums, 2)
        yield np.divide(top, bottom, out=np.full(top.shape, -1.0), where=bottom > 0)


def _sums_of_few(
    rng: np.random.Generator, rows: Floats, weight: Integers, replicates: int
) -> Iterator[Floats]:
    models = int(weight.sum())
    for done in range(0, replicates, 100):
        size = min(100, replicates - done)
        drawn = rng.multinomial(models, weight / models, size) if models else np.zeros((size, 0))
        yield drawn.astype(float) @ rows


def _sums_of_many(
    rng: np.random.Generator, rows: Floats, weight: Integers, replicates: int
) -> Iterator[Floats]:
    """Draw sums by their moments; whole numbers, so that equal features stay tied."""
    sums = weight @ rows
    spread = (rows.T * weight) @ rows - np.outer(sums, sums) / weight.sum()
    drawn = rng.multivariate_normal(sums, spread, replicates, check_valid="ignore")
    yield np.rint(drawn).clip(min=0)
