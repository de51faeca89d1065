"""Which features go together: pairs against independence, profiles, and clusters.

Every count of a pair is taken over the models in which both features were assessed, and adds up
over profiles of models.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.stats import false_discovery_control, fisher_exact

from soila_analysis.metrics import frames

LEVEL = 0.05
PRIOR = 0.5  # models in each of the four cells of a pair, of Jeffreys' prior
DRAWS, TAIL = 4_000, 100  # draws of a pair at least, and in both tails together
RESAMPLES = 200
FEWEST = 24  # models of which it was simulated how often a stable cluster is found where none is
STABLE = 0.75  # mean Jaccard similarity from which Hennig calls a cluster stable
BLOCKS, CELLS = 1_000, 20_000_000  # of models resampled as one, at most; and of their counts

Floats = npt.NDArray[np.float64]


class _Counts(NamedTuple):
    """Of each pair of features, features x features; with leading axes, of parts or resamples."""

    both: Floats  # models that have both
    n: Floats  # models in which both were assessed
    one: Floats  # those of them that have the feature of the row


def feature_pairs(
    status: pd.DataFrame, *, level: float = LEVEL, confidence: float = 0.95, seed: int = 1
) -> pd.DataFrame:
    """Compare how often two features are in the same model with what independence lets expect.

    Parameters
    ----------
    status : DataFrame, models x features
        One of `metrics.STATUSES` a cell.
    level : float, default 0.05
        Rate of false pairs among those found that is not exceeded on average, over all pairs. By
        Benjamini and Hochberg, not by Holm: the question is which pairs are worth a closer look,
        and a few false ones among many do less harm than missing most. Pairs that share a feature
        are dependent, for which the method is proven only in part: ``benchmarks/together.py``
        measures the rate.
    confidence : float, default 0.95
        Level of the intervals.
    seed : int, default 1
        Of the draws behind the intervals.

    Returns
    -------
    DataFrame
        One row a pair, in the order of the features: ``feature_id``, ``other_feature_id``; ``k``
        models that have both, of ``n`` in which both were assessed; ``first`` and ``second``, how
        many of these have either; ``expected`` = first * second / n; ``difference`` = k - expected;
        ``ratio`` = k / expected with ``low`` and ``high``; ``confidence``, the level of this
        interval; ``p``, that of Fisher's exact test, two-sided; ``adjusted`` for all pairs tested;
        ``found``: "more" or "fewer" models than expected, or empty. A pair is tested where both
        features are in some and not in all of the n models: else nothing could be found.

    Notes
    -----
    The interval has the quantiles of the ratio under draws of the four cells' probabilities from
    Dirichlet(count + 1/2), and always holds the ratio itself. Intervals of logarithms with a
    standard error held true ratios in as few as 57 % of samples where both features are common. The
    intervals of the pairs found are wider, since these were chosen for being far from 1: at the
    level 1 - (1 - confidence) * found / tested, so that of the intervals of found pairs, on
    average, no larger share misses than 1 - confidence. Of 16 features and 24, 52 or 200 models, 94
    to 95 % of single intervals held in simulations, and at most 4 % of widened ones missed
    (``benchmarks/together.py``). They say nothing of wrong codes, or of codes that are missing
    because of what they would be.

    References
    ----------
    Benjamini & Hochberg (1995). Controlling the false discovery rate. Journal of the Royal
    Statistical Society B 57(1), 289-300.

    Benjamini & Yekutieli (2005). False discovery rate-adjusted multiple confidence intervals for
    selected parameters. Journal of the American Statistical Association 100(469), 71-81.

    Examples
    --------
    >>> have = ["present"] * 9 + ["absent"] * 9
    >>> found = feature_pairs(pd.DataFrame({"a": have, "b": have, "c": have[::2] * 2}))
    >>> found[["k", "expected", "found"]].values.tolist()
    [[9, 4.5, 'more'], [5, 5.0, ''], [5, 5.0, '']]
    """
    frames.check(status=status)
    counts, (i, j) = _counted(status), np.triu_indices(status.shape[1], k=1)
    table = pd.DataFrame(
        {
            "feature_id": status.columns[i],
            "other_feature_id": status.columns[j],
            "k": counts.both[i, j].astype(np.int64),
            "n": counts.n[i, j].astype(np.int64),
            "first": counts.one[i, j].astype(np.int64),
            "second": counts.one[j, i].astype(np.int64),
        }
    )
    n = table["n"].astype(float).where(table["n"] > 0)
    table["expected"] = table["first"] * table["second"] / n
    table["difference"] = table["k"] - table["expected"]
    table["ratio"] = table["k"] / table["expected"].where(table["expected"] > 0)
    cells = _cells(table)
    table = _tested(table, cells)
    clear = table["adjusted"] <= level
    table["found"] = np.select([clear & (table["difference"] > 0), clear], ["more", "fewer"], "")
    miss = (1 - confidence) * np.where(clear, clear.sum() / max(table["p"].count(), 1), 1)
    low, high = _intervals(cells, miss, table["ratio"].notna().to_numpy(), seed)
    table["low"] = np.fmin(low, table["ratio"])
    table["high"] = np.fmax(high, table["ratio"])
    table["confidence"] = 1 - miss
    told = ["low", "high", "confidence", "p", "adjusted", "found"]
    return table[[*table.columns.drop(told), *told]]


def commonest_profiles(status: pd.DataFrame, most: int = 10) -> pd.DataFrame:
    """List the commonest profiles: which features exactly a model has.

    Parameters
    ----------
    status : DataFrame, models x features
        One of `metrics.STATUSES` a cell. Models count in which every feature was assessed.
    most : int, default 10
        How many profiles to list.

    Returns
    -------
    DataFrame
        The commonest first, those with more features first among equals: ``k`` models with the
        profile, of ``n`` that count; ``share`` = k/n; ``features``, the ids joined by "; ", and
        ``size``, their number; repeated, ``profiles``, how many different ones there are.
    """
    frames.check(status=status)
    values = frames.numbers(status)
    whole = values[(values <= 1).all(axis=1)]
    found = frames.profiles(whole)
    has = whole[found.first] == 0
    order = np.lexsort((np.arange(len(has)), -has.sum(axis=1), -found.weight))
    rows = [
        (int(found.weight[p]), "; ".join(status.columns[has[p]]), int(has[p].sum()))
        for p in order[:most]
    ]
    table = pd.DataFrame(rows, columns=["k", "features", "size"])
    table.insert(1, "n", len(whole))
    table.insert(2, "share", table["k"] / table["n"])
    return table.assign(profiles=len(has))


def feature_clusters(
    status: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 1
) -> pd.DataFrame:
    """Order the features by how they go together, in clusters of which it is told how stable.

    Features are near each other where the correlation (phi) of their being present is high;
    clusters come from average linkage, as many as have the highest mean silhouette. A cluster is
    stable in so far as it comes again when models are resampled: for each resample the largest
    Jaccard similarity with any of its clusters is taken, and their mean told.

    Parameters
    ----------
    status : DataFrame, models x features
        One of `metrics.STATUSES` a cell.
    resamples : int, default 200
        How often the models are drawn anew; beyond 1,000, in random blocks.
    seed : int, default 1
        Of the draws.

    Returns
    -------
    DataFrame
        One row a feature, neighbours beside each other, those that all or no models have last:
        ``feature_id``; ``cluster``, numbered from 1 along the rows, 0 where a feature is alone;
        ``stability``, the mean similarity; ``stable``, whether that is 0.75 or more and the cluster
        has at most half of the features, since one that has nearly all comes again by itself. Of
        data sets without clusters ``benchmarks/together.py`` finds one stable in up to 6 %; of
        fewer models than were tried there, 24, none is called stable.

    References
    ----------
    Hennig (2007). Cluster-wise assessment of cluster stability. Computational Statistics & Data
    Analysis 52(1), 258-271.
    """
    frames.check(status=status)
    counts = _counted(status)
    own, had = counts.n.diagonal(), counts.one.diagonal()
    varied = np.flatnonzero((had > 0) & (had < own))
    constant = np.setdiff1d(np.arange(status.shape[1]), varied)
    names, table = status.columns, {"cluster": 0, "stability": np.nan, "stable": False}
    if len(varied) < 3:
        return pd.DataFrame({"feature_id": names[[*varied, *constant]]}).assign(**table)
    near = _near(counts)[np.ix_(varied, varied)]
    tree = _tree(near)
    number = _number(near, tree)
    ordered = leaves_list(tree)
    label = fcluster(tree, number, "maxclust")
    parts = _parts(label)
    similar = np.zeros(len(parts))
    for drawn in _resampled(status, resamples, seed):
        again = _tree(_near(drawn)[np.ix_(varied, varied)])
        similar += _similar(parts, _parts(fcluster(again, number, "maxclust"))).max(axis=1)
    size = parts.sum(axis=1)
    stability = np.where(size > 1, similar / resamples, np.nan)[label - 1][ordered]
    shared = size[label - 1][ordered]
    place = pd.factorize(np.where(shared > 1, label[ordered], 0))[1]
    numbered = {one: at for at, one in enumerate(place[place > 0], start=1)} | {0: 0}
    rows = pd.DataFrame({"feature_id": names[varied[ordered]]}).assign(
        cluster=[numbered[one] for one in np.where(shared > 1, label[ordered], 0)],
        stability=stability,
        stable=(stability >= STABLE) & (2 * shared <= status.shape[1]) & (own.max() >= FEWEST),
    )
    alone = pd.DataFrame({"feature_id": names[constant]}).assign(**table)
    return pd.concat([rows, alone], ignore_index=True) if len(alone) else rows


def _counted(status: pd.DataFrame) -> _Counts:
    """Count the pairs over profiles of models."""
    values = frames.numbers(status)
    profiles = frames.profiles(values)
    return _pairs(values[profiles.first], profiles.weight.astype(float))


def _pairs(values: npt.NDArray[np.int8], weight: Floats) -> _Counts:
    has, told = (values == 0).astype(float), (values <= 1).astype(float)
    weighted = told * weight[:, np.newaxis]
    return _Counts((has.T * weight) @ has, weighted.T @ told, has.T @ weighted)


def _cells(table: pd.DataFrame) -> Floats:
    """Give the four cells of each pair: both, the first alone, the second alone, neither."""
    both, first, second, n = (table[c].to_numpy(float) for c in ("k", "first", "second", "n"))
    return np.stack([both, first - both, second - both, n - first - second + both], axis=1)


def _tested(table: pd.DataFrame, cells: Floats) -> pd.DataFrame:
    """Add Fisher's exact test of each pair that can be tested, also adjusted for all of them."""
    sums = table[["first", "second"]]
    tested = (sums.gt(0) & sums.lt(table["n"], axis=0)).all(axis=1)
    told = table.assign(p=np.nan, adjusted=np.nan)
    if not tested.any():
        return told
    told.loc[tested, "p"] = [fisher_exact(c.reshape(2, 2)).pvalue for c in cells[tested]]
    told.loc[tested, "adjusted"] = false_discovery_control(told.loc[tested, "p"])
    return told


def _intervals(
    cells: Floats, miss: Floats, known: npt.NDArray[np.bool_], seed: int
) -> tuple[Floats, Floats]:
    """Draw the ends of each pair's interval, which misses with a probability of `miss`."""
    rng = np.random.default_rng(seed)
    ends = np.full((2, len(cells)), np.nan)
    for pair in np.flatnonzero(known):
        draws = max(DRAWS, int(TAIL / miss[pair]))
        both, first, second, none = rng.standard_gamma(cells[pair] + PRIOR, (draws, 4)).T
        ratio = both * (both + first + second + none) / ((both + first) * (both + second))
        ends[:, pair] = np.quantile(ratio, [miss[pair] / 2, 1 - miss[pair] / 2])
    return ends[0], ends[1]


def _near(counts: _Counts) -> Floats:
    """Correlate the features in pairs; a pair without variation has 0."""
    first, second = counts.one, np.swapaxes(counts.one, -1, -2)
    spread = np.sqrt(first * (counts.n - first) * second * (counts.n - second))
    covaried = counts.n * counts.both - first * second
    return np.divide(covaried, spread, out=np.zeros_like(spread), where=spread > 0)


def _tree(near: Floats) -> Floats:
    distance = np.clip(1 - (near + near.T) / 2, 0, None)
    np.fill_diagonal(distance, 0)
    made: Floats = linkage(squareform(distance, checks=False), "average")
    return made


def _number(near: Floats, tree: Floats) -> int:
    """Choose the number of clusters with the highest mean silhouette."""
    numbers = range(2, len(near))
    return max(numbers, key=lambda k: _silhouette(1 - near, fcluster(tree, k, "maxclust")))


def _silhouette(distance: Floats, label: npt.NDArray[np.int32]) -> float:
    """Mean over the features; one that is alone in its cluster has 0."""
    parts, each = _parts(label).astype(float), np.arange(len(label))
    size, sums = parts.sum(axis=1), distance @ parts.T
    if len(size) == 1:
        return -1.0
    shared = size[label - 1] > 1
    within = (sums[each, label - 1] - distance.diagonal()) / np.maximum(size[label - 1] - 1, 1)
    means = sums / size
    means[each, label - 1] = np.inf
    beyond = means.min(axis=1)
    widest = np.maximum(within, beyond)
    found = np.divide(
        beyond - within, widest, out=np.zeros_like(widest), where=shared & (widest > 0)
    )
    return float(found.mean())


def _parts(label: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Give each cluster a row that says which features it has."""
    return label == np.unique(label)[:, np.newaxis]


def _similar(ones: npt.NDArray[np.bool_], others: npt.NDArray[np.bool_]) -> Floats:
    """Jaccard similarity of each of some clusters with each of others."""
    shared = ones.astype(float) @ others.T
    return shared / (ones.sum(axis=1)[:, np.newaxis] + others.sum(axis=1) - shared)


def _resampled(status: pd.DataFrame, resamples: int, seed: int) -> Iterator[_Counts]:
    """Draw models, or blocks of them, with replacement, and count the pairs."""
    values, rng = frames.numbers(status), np.random.default_rng(seed)
    models, features = values.shape
    number = min(models, BLOCKS, max(2, CELLS // (3 * features**2)))
    blocks = np.array_split(rng.permutation(models), number)
    counted = [_pairs(values[block], np.ones(len(block))) for block in blocks]
    each = np.stack([np.stack(one) for one in counted]).reshape(number, -1)
    for weight in rng.multinomial(number, np.full(number, 1 / number), size=resamples):
        yield _Counts(*(weight @ each).reshape(3, features, features))
