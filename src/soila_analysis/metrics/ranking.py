"""Ranks with their ties, and how firmly they stand."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm, rankdata

from soila_analysis.metrics import frames

REPLICATES = 2000
DIFFERENCES = 4000  # draws of all differences at once
DRAWN = 5000  # models that are drawn one by one; of more, sums are, as they are normal by then
ROUNDING = 1e-10  # of the largest variance

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
    """Range of each feature's rank when the models are resampled, each for itself.

    For a question about one feature that was chosen beforehand; ranks of several at once, as in a
    list, need the wider sets of `rank_sets`.

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


def rank_sets(
    status: pd.DataFrame,
    *,
    confidence: float = 0.95,
    replicates: int = DIFFERENCES,
    seed: int = 1,
) -> pd.DataFrame:
    """Ranks that each feature can have, all of them at once.

    Two features are told apart where the difference of their shares is larger than the largest of
    all differences would be by chance, if all were equally common; then again among the pairs that
    are left, until none is told apart (step-down). A rank set leaves out the ranks of those that
    are surely commoner, and of those that are surely rarer.

    Parameters
    ----------
    status : DataFrame, models x features
        As for `tally`.
    confidence : float, default 0.95
        Probability that all sets hold the true ranks, if the models are a random sample.
    replicates : int, default 4000
        Draws of all differences from the normal distribution with their covariance.
    seed : int, default 1
        Equal seeds give equal sets.

    Returns
    -------
    DataFrame
        ``feature_id``, ``rank_low`` (best) and ``rank_high`` (worst), 1 for the commonest. The set
        of features that are truly tied holds each rank that they share. Features that no model was
        assessed on are in no comparison, and have none.

    Notes
    -----
    Features are assessed on the same models, so the variance of a difference is that of McNemar's
    test, which is computed as if the two were equally common and stays true for shares near 0 or 1;
    where one of the two was not assessed, the model counts for the other. Half a model is taken off
    each difference: without, all sets hold in 94 to 95 % of samples of 200 models with 16 truly
    tied features, and the whole one of the usual correction takes more from small samples than
    their sets need. In 300 data sets of 24, 52 and 200 models each, all sets held at once in 95 to
    100 %: see ``benchmarks/contrasts.py``. What is left out (unclear, not assessed) is taken to be
    like the rest, and coders to make no errors.

    References
    ----------
    Mogstad, Romano, Shaikh & Wilhelm (2024). Inference for ranks with applications to mobility
    across neighbourhoods and academic achievement across countries. Review of Economic Studies
    91(1), 476-518.

    Examples
    --------
    >>> models = [["present", "present", "absent"]] * 22 + [["present", "absent", "absent"]] * 2
    >>> rank_sets(pd.DataFrame(models, columns=["a", "b", "c"])).values.tolist()
    [['a', 1, 2], ['b', 1, 2], ['c', 3, 3]]
    """
    frames.check(status=status)
    values = frames.numbers(status)
    first, weight = frames.profiles(values)
    order = np.lexsort(values[first].T)  # equal data, equal sums
    values = values[first][order]
    assessed = (values == 0) | (values == 1)
    known = assessed.any(axis=0)
    cells = ((values == 0)[:, known].astype(float), assessed[:, known].astype(float))
    compared = _differences(*cells, weight[order].astype(float), replicates, seed)
    commoner = _told_apart(*compared, confidence)
    ends = {"rank_low": 1 + commoner.sum(axis=0), "rank_high": len(commoner) - commoner.sum(axis=1)}
    ranks = pd.DataFrame(ends, index=status.columns[known], dtype="Int64")
    return ranks.reindex(status.columns).rename_axis("feature_id").reset_index()


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
    total, assessed = np.zeros((2, len(models), len(goals)), dtype=np.int32)
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


def _told_apart(differs: Floats, by_chance: Floats, confidence: float) -> npt.NDArray[np.bool_]:
    """Say of each pair of features whether the first is surely commoner, step by step."""
    apart, left = np.zeros(differs.shape, dtype=bool), ~np.eye(len(differs), dtype=bool)
    while left.any():
        largest = np.quantile(by_chance[:, left].max(axis=1), confidence, method="higher")
        if not largest:  # all models are alike, so none of the draws differ
            largest = norm.ppf(1 - (1 - confidence) / left.sum())
        found = left & (differs > largest)
        if not found.any():
            break
        apart, left = apart | found, left & ~found
    return apart


def _differences(
    present: Floats, assessed: Floats, weight: Floats, replicates: int, seed: int
) -> tuple[Floats, Floats]:
    """Give all differences in standard errors, and draws of them if all were 0.

    Both arrays are profiles x features; a difference is that of the row less the column.
    """
    total, count = weight @ assessed, weight @ present
    share = count / total
    pooled = (count[:, None] + count) / (total[:, None] + total)  # if both were equally common
    own = (share[:, None] * (1 - 2 * pooled) + pooled**2) / total[:, None]
    one = (present.T * weight) @ assessed
    shared = (present.T * weight) @ present - pooled * (one + one.T)
    shared += pooled**2 * ((assessed.T * weight) @ assessed)
    error = own + own.T - 2 * shared / np.outer(total, total)
    parts = (present - assessed * share) / total
    spread = (parts.T * weight) @ parts
    deviation = np.add.outer(spread.diagonal(), spread.diagonal()) - 2 * spread
    drawn = np.random.default_rng(seed).standard_normal((replicates, len(spread))) @ _root(spread)
    apart = share[:, None] - share
    half = (1 / total[:, None] + 1 / total) / 4  # of a model
    differs = _ratio(np.sign(apart) * (np.abs(apart) - half).clip(min=0), error)
    return differs, _ratio(drawn[:, :, None] - drawn[:, None, :], deviation)


def _ratio(values: Floats, variance: Floats) -> Floats:
    """Divide by standard errors; 0 where there is none, but for rounding."""
    least = ROUNDING * variance.max(initial=0)
    shown = np.broadcast_to(variance > least, values.shape)
    error = np.sqrt(variance.clip(min=least))
    return np.divide(values, error, out=np.zeros_like(values), where=shown)


def _root(matrix: Floats) -> Floats:
    """Give the symmetric square root, the same whatever the signs of the eigenvectors."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(values.clip(min=0))) @ vectors.T)
