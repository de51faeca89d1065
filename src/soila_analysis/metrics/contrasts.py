"""Where groups of models differ: a group against the other models, feature by feature."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaln

from soila_analysis.metrics import frames
from soila_analysis.metrics.differences import benjamini_hochberg, holm, newcombe

DRAWS = 9999
TABLES = 1_000_000  # tables with given margins that are gone through one by one; of more, a sample
SAME = 1e-7  # statistics that differ by less, relatively, are equal
Adjust = Callable[[pd.Series], pd.Series]
ADJUSTMENTS: Mapping[str, Adjust] = {"holm": holm, "bh": benjamini_hochberg}

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def contrasts(
    status: pd.DataFrame,
    groups: pd.DataFrame,
    values: Sequence[str] | None = None,
    *,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 1,
) -> pd.DataFrame:
    """Compare how common each feature is in a group with how common it is in the other models.

    Models in no group are left out. A model of several groups counts in each of them; a group and
    the models outside it have no model in common, so that each difference is one of independent
    shares.

    Parameters
    ----------
    status : DataFrame, models x features
        One of `metrics.STATUSES` a cell.
    groups : DataFrame
        ``model_id`` and the column to group by, such as ``goal_id``: one row for each group of a
        model.
    values : sequence of str, optional
        The groups in their order; others are left out. By default all that occur, sorted.
    confidence : float, default 0.95
        Level of each single interval.
    draws : int, default 9999
        Number of random tables or permutations, where not all are gone through.
    seed : int, default 1
        Equal seeds give equal results.

    Returns
    -------
    DataFrame
        One row a feature and group (features outermost): ``feature_id``; the group under the name
        of its column; ``k`` present of ``n`` assessed in the group, ``other_k`` of ``other_n`` in
        the models outside it; ``difference`` = k/n - other_k/other_n with ``low`` and ``high``,
        Newcombe's hybrid score interval; ``p``, Fisher's exact test of the group against the
        others, with ``p_holm`` (Holm) and ``p_bh`` (Benjamini and Hochberg), adjusted over all
        rows that can be tested, once where two groups mirror each other. Then, repeated for the
        feature: ``cramers_v``, how much the groups tell about the feature, bias-corrected;
        ``p_feature``, a test over all groups at once, with ``p_feature_holm`` and ``p_feature_bh``,
        adjusted over the features; and ``test``: "exact" (Fisher, Freeman and Halton) or
        "monte-carlo" (the same, of `draws` random tables) where each model has one group,
        "permutation" where some have several. What cannot be told is missing: all of a feature
        that all assessed models have, or none, or that only one group was assessed on.

    Raises
    ------
    TypeError, ValueError
        As for `tally`.

    Notes
    -----
    Where models have several groups, whole vectors of memberships are permuted over the assessed
    models. The statistic is R squared of the feature on the memberships, which for one group a
    model is the squared contingency coefficient phi that Cramér's V is made of. Of both, the mean
    under independence is rank/(n - 1); V subtracts it (Bergsma) and scales what is left.

    Intervals are of single differences, not of all at once: of 24 to 200 models in four groups, 95
    to 98 % of them hold, see ``benchmarks/contrasts.py``. Codes that are unclear, disputed or
    missing are left out, and errors of coders are not taken into account.

    References
    ----------
    Newcombe (1998). Interval estimation for the difference between independent proportions.
    Statistics in Medicine 17(8), 873-890. Method 10. Freeman & Halton (1951). Note on an exact
    treatment of contingency, goodness of fit and other problems of significance. Biometrika
    38(1/2), 141-149. Bergsma (2013). A bias-correction for Cramér's V and Tschuprow's T. Journal of
    the Korean Statistical Society 42(3), 323-328. Holm (1979). A simple sequentially rejective
    multiple test procedure. Scandinavian Journal of Statistics 6(2), 65-70. Benjamini & Hochberg
    (1995). Controlling the false discovery rate. Journal of the Royal Statistical Society B 57(1),
    289-300.

    Examples
    --------
    >>> status = pd.DataFrame({"f": ["present"] * 4 + ["absent"] * 4}, index=list("abcdefgh"))
    >>> years = pd.DataFrame({"model_id": list("abcdefgh"), "year": ["1"] * 4 + ["2"] * 4})
    >>> found = contrasts(status, years)
    >>> found[["year", "k", "n", "other_k", "other_n", "difference"]].values.tolist()
    [['1', 4, 4, 0, 4, 1.0], ['2', 0, 4, 4, 4, -1.0]]
    >>> found[["p", "cramers_v", "test"]].round(3).values.tolist()
    [[0.029, 1.0, 'exact'], [0.029, 1.0, 'exact']]
    """
    frames.check(status=status, groups=groups)
    (column,) = groups.columns.drop("model_id")
    named = sorted(groups[column].unique()) if values is None else list(values)
    members, present, assessed = _counts(status, groups, named)
    table = pd.DataFrame({"k": (present.T @ members).ravel(), "n": (assessed.T @ members).ravel()})
    table["other_k"] = np.repeat(present.sum(axis=0), len(named)) - table["k"]
    table["other_n"] = np.repeat(assessed.sum(axis=0), len(named)) - table["n"]
    counts = [table[name] for name in ("k", "n", "other_k", "other_n")]
    table["difference"] = table["k"] / table["n"] - table["other_k"] / table["other_n"]
    table["low"], table["high"] = newcombe(*counts, confidence=confidence)
    table["p"] = [_fisher(*row) for row in zip(*counts, strict=True)]
    rng = np.random.default_rng(seed)
    pairs = zip(present.T, assessed.T, strict=True)
    overall = [_overall(k, n, members, draws, rng) for k, n in pairs]
    by_feature = pd.DataFrame(overall, columns=["cramers_v", "p_feature", "test"])
    for name, adjust in ADJUSTMENTS.items():
        table[f"p_{name}"] = _over_all(table["p"], members, adjust)
        by_feature[f"p_feature_{name}"] = adjust(by_feature["p_feature"])
    cells = pd.MultiIndex.from_product([status.columns, named], names=["feature_id", column])
    repeated = by_feature.loc[np.repeat(by_feature.index, len(named))].reset_index(drop=True)
    return table.join(repeated).set_index(cells).reset_index()


def _counts(
    status: pd.DataFrame, groups: pd.DataFrame, named: Sequence[str]
) -> tuple[Integers, Integers, Integers]:
    """Count models by their memberships: the distinct ones, and present and assessed of each."""
    member = frames.members(status.index, groups, named)
    inside = member.any(axis=1)
    values, member = frames.numbers(status)[inside], member[inside]
    profile = frames.profiles(values, member)
    values, member = values[profile.first], member[profile.first]
    distinct, which = np.unique(member, axis=0, return_inverse=True)
    counts = np.zeros((2, len(distinct), status.shape[1]), dtype=np.int64)
    for count, cells in zip(counts, (values == 0, (values == 0) | (values == 1)), strict=True):
        np.add.at(count, which, cells * profile.weight[:, None])
    return distinct.astype(np.int64), *counts


def _fisher(k: int, n: int, other_k: int, other_n: int) -> float:
    """Test a group against the others; missing where nothing could differ."""
    present = k + other_k
    if not (n and other_n and 0 < present < n + other_n):
        return np.nan
    counts = np.arange(max(0, present - other_n), min(n, present) + 1)
    ways = _ways(n, counts) + _ways(other_n, present - counts)
    return _no_likelier(ways, ways[k - counts[0]])


def _over_all(p: pd.Series, members: Integers, adjust: Adjust) -> Floats:
    """Adjust over all rows; of two groups that mirror each other, the second is the first."""
    each = p.to_numpy(copy=True).reshape(-1, members.shape[1])
    some = np.flatnonzero(members.any(axis=0))
    mirrored = len(some) == 2 and _apart(members)
    if mirrored:
        each[:, some[1]] = np.nan
    each = adjust(pd.Series(each.ravel())).to_numpy(copy=True).reshape(each.shape)
    if mirrored:
        each[:, some[1]] = each[:, some[0]]
    return each.ravel()


def _apart(members: Integers) -> bool:
    """Say whether each model has one group."""
    return bool((members.sum(axis=1) == 1).all())


def _overall(
    k: Integers, n: Integers, members: Integers, draws: int, rng: np.random.Generator
) -> tuple[float, float, str]:
    """Give the bias-corrected V of a feature and its test over all groups at once."""
    k, n, members = k[n > 0], n[n > 0], members[n > 0]
    total, present = int(n.sum()), int(k.sum())
    centred = members - n @ members / max(total, 1)
    spread = (centred.T * n) @ centred
    rank = int(np.linalg.matrix_rank(spread)) if total else 0
    if not (rank and 0 < present < total):
        return np.nan, np.nan, ""
    inverse, share = np.linalg.pinv(spread, hermitian=True), present / total

    def explained(k: Integers) -> Floats:
        score = (k - n * share) @ centred
        return (score @ inverse * score).sum(axis=-1) / (total * share * (1 - share))

    def rarity(k: Integers) -> Floats:
        return -_ways(n, k).sum(axis=-1)

    squared = explained(k[None])[0] - rank / (total - 1)
    most = min(rank - rank**2 / (total - 1), 1 - 1 / (total - 1))
    v = np.sqrt(max(squared, 0) / most) if most > 0 else np.nan
    apart = _apart(members)
    if apart and np.prod(n + 1.0) <= TABLES:
        return v, _exact(k, n), "exact"
    drawn = rng.multivariate_hypergeometric(n, present, draws, method="marginals")
    statistic = rarity if apart else explained
    found, by_chance = statistic(k[None])[0], statistic(drawn)
    as_far = by_chance >= found - SAME * max(abs(found), 1)
    return v, (1 + int(as_far.sum())) / (1 + draws), "monte-carlo" if apart else "permutation"


def _exact(k: Integers, n: Integers) -> float:
    """Test all groups, by all tables with these margins."""
    ways = reduce(np.add.outer, [_ways(one, np.arange(one + 1)) for one in n]).ravel()
    present = reduce(np.add.outer, [np.arange(one + 1) for one in n]).ravel()
    return _no_likelier(ways[present == k.sum()], float(_ways(n, k).sum()))


def _no_likelier(ways: Floats, found: float) -> float:
    """Add up the probabilities of tables that are no likelier than the one found."""
    likely = np.exp(ways - ways.max())
    return float(likely[ways <= found + SAME].sum() / likely.sum())


def _ways(n: npt.ArrayLike, k: Integers) -> Floats:
    """Give the logarithm of n over k."""
    return gammaln(np.add(n, 1)) - gammaln(k + 1) - gammaln(np.subtract(n, k) + 1)
