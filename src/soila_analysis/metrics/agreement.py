"""How well coders agree, per feature and over all, from counts of coding patterns.

A pattern is what the coders gave one unit. Whatever a coefficient needs of a unit is a short row of
numbers that add up over units; so units with equal patterns are counted once, and an interval comes
from draws of how often each pattern occurs among all units that there could be.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, product
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from soila_analysis.metrics import frames

REPLICATES = 10_000
COMPARED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "decided": ("present", "absent"),
        "all": ("present", "absent", "unclear", "not-applicable"),
    }
)
"""Which statuses are compared, by name; the others count as missing."""
ONE_CODER, NO_PAIRS, NO_VARIATION = "one-coder", "no-pairs", "no-variation"
NOT_TWO_CODERS, NOT_TWO_CODES = "not-two-coders", "not-two-codes"

DRAWN = 20_000  # rows that are drawn one by one; sums of more are normal, and drawn at once
CHUNK = 4_000_000  # cells of the table of resamples that are held at a time
PRIOR = 2.0  # units that two coders coded at random, drawn from along with those of the data
FEW = 16  # labels that are compared with all codes at once
NUMBERS = "biuf"  # kinds of arrays of numbers
TABLED = 1 << 20  # patterns that can occur, up to which they are counted by their number

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class CodedBlock(Protocol):
    """What `dataset.Cube` has: the position of each code, coders x models x features, or -1."""

    @property
    def codes(self) -> npt.NDArray[np.int8]: ...  # noqa: D102

    @property
    def coders(self) -> Sequence[str]: ...  # noqa: D102

    @property
    def models(self) -> Any: ...  # noqa: D102


class _Sums(NamedTuple):
    """What the coefficients need; each part may have leading axes, of units or of resamples."""

    coded: Floats  # units with a code
    paired: Floats  # units with two codes or more
    unanimous: Floats  # those of them without a disagreement
    agreeing: Floats  # their shares of agreeing pairs of codes
    shares: Floats  # x categories: shares of the codes of each coded unit
    codes: Floats  # x categories: codes of the paired units
    coincidences: Floats  # x categories x categories: Krippendorff's
    first: Floats  # x categories: the first coder's codes of the paired units, if there are two
    second: Floats  # x categories: the second coder's


def coefficients(
    codes: npt.ArrayLike,
    categories: Sequence[Any] | None = None,
    *,
    confidence: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = 1,
) -> pd.DataFrame:
    """All coefficients of agreement of raw codes, with intervals over units.

    Parameters
    ----------
    codes : array_like, coders x units
        Labels of any type; missing codes are None or nan.
    categories : sequence, optional
        The labels that count, in their order; others are missing. By default all labels, sorted.
    confidence : float, default 0.95
        Level of the intervals.
    replicates : int, default 10,000
        Draws from the posterior; 0 for no intervals.
    seed : int, default 1
        Equal seeds give equal intervals.

    Returns
    -------
    DataFrame
        One row a coefficient, as `agreement_by_feature` gives, without ``feature_id``.

    References
    ----------
    Krippendorff (2011). Computing Krippendorff's alpha-reliability. Gwet (2008). Computing
    inter-rater reliability and its variance in the presence of high agreement. British Journal of
    Mathematical and Statistical Psychology 61, 29-48.

    Examples
    --------
    >>> table = coefficients([["a", "a", "b", "b"], ["a", "b", "b", "b"]], replicates=0)
    >>> table.set_index("coefficient")["value"].round(3)[["alpha", "ac1", "cohen"]].tolist()
    [0.533, 0.529, 0.5]
    """
    numbers, known = _numbered(codes, categories)
    estimate = _Estimate(len(known), confidence, replicates, seed)
    return pd.DataFrame(estimate.of(numbers[:, :, np.newaxis]))


def agreement_by_feature(
    codings: pd.DataFrame | CodedBlock,
    counts_as: Mapping[str, str],
    features: Sequence[str],
    *,
    compared: str = "decided",
    confidence: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = 1,
) -> pd.DataFrame:
    """Agreement of the coders on each feature, and over all features.

    Parameters
    ----------
    codings : DataFrame or Cube
        ``model_id``, ``feature_id``, ``coder_id``, ``code``; each coder's original codes. Or, of
        very many, ``data.cube``: coders x models x `features`.
    counts_as : mapping of str to str
        What each code counts as; codes are compared by that.
    features : sequence of str
        The features in their order.
    compared : {"decided", "all"}, default "decided"
        Which statuses are compared, a key of `COMPARED`; with ``decided`` the open codes are
        missing ones.
    confidence, replicates, seed
        As for `coefficients`.

    Returns
    -------
    DataFrame
        One row a feature and coefficient, those over all features last, with an empty
        ``feature_id``. ``coefficient``: ``percent-agreement``, ``alpha`` (Krippendorff, nominal),
        ``ac1`` (Gwet), ``brennan-prediger`` (of two codes: PABAK), ``cohen``, ``fleiss``,
        ``prevalence`` and ``bias`` (indices of Byrt: both present minus both absent, and only the
        first coder minus only the second, over n). ``value``, ``low``, ``high``; ``reason`` why
        there is no value, or why it says little: ``one-coder``, ``no-pairs``, ``no-variation``,
        ``not-two-coders`` or ``not-two-codes``. ``k`` of ``n`` paired units without a
        disagreement; ``present``, share of the first status among the paired codes; ``units``
        with a code; ``coders``; ``models``, what is drawn; ``feature_count``; ``replicates`` and
        ``seed``; ``compared``.

    Raises
    ------
    ValueError
        For an unknown choice of what is compared, or a code or feature that is not known.

    Notes
    -----
    Alpha uses pairable codes only; AC1 and Fleiss' kappa keep units with a single code in the
    prevalences, as Gwet does. Intervals are percentiles of a posterior, a Dirichlet distribution of
    the models' codes, whole models' where features are pooled. Its prior is that of two more units
    that two coders coded at random, so that codes which happen to agree throughout still leave
    disagreement possible; for two coders and two codes it is 1/2 for each of the four pairs of
    codes. Of more than 20,000 models the sums over them are drawn, by mean and covariance.
    ``benchmarks/agreement_coverage.py`` measures how often they hold the true value. An interval
    always holds its own value.

    References
    ----------
    Byrt, Bishop & Carlin (1993). Bias, prevalence and kappa. Journal of Clinical Epidemiology 46,
    423-429. Rubin (1981). The Bayesian bootstrap. Annals of Statistics 9, 130-134. Zapf et al.
    (2016). Measuring inter-rater reliability for nominal data - which coefficients and confidence
    intervals are appropriate? BMC Medical Research Methodology 16, 93.
    """
    cube = laid_out(codings, counts_as, features, _statuses(compared)).numbers
    estimate = _Estimate(len(COMPARED[compared]), confidence, replicates, seed)
    parts = {f: cube[:, :, [i]] for i, f in enumerate(features)} | {"": cube}
    rows = [{"feature_id": f, **row} for f, part in parts.items() for row in estimate.of(part)]
    return pd.DataFrame(rows).assign(compared=compared)


def agreement_by_coders(
    codings: pd.DataFrame | CodedBlock,
    counts_as: Mapping[str, str],
    features: Sequence[str],
    *,
    compared: str = "decided",
    confidence: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = 1,
) -> pd.DataFrame:
    """Agreement of each pair of coders over all features.

    Parameters
    ----------
    codings, counts_as, features, compared, confidence, replicates, seed
        As for `agreement_by_feature`.

    Returns
    -------
    DataFrame
        One row a coder (``other_id`` the same) with the coefficient ``present``, the share of the
        first status among its compared codes; then one row a pair of coders and coefficient.
        Otherwise as there.

    Raises
    ------
    ValueError
        As for `agreement_by_feature`.
    """
    cube = laid_out(codings, counts_as, features, _statuses(compared))
    estimate = _Estimate(len(COMPARED[compared]), confidence, replicates, seed)
    rows = [_own(name, cube.numbers[i]) for i, name in enumerate(cube.coders)]
    for i, j in combinations(range(len(cube.coders)), 2):
        pair = {"coder_id": cube.coders[i], "other_id": cube.coders[j]}
        rows += [{**pair, **row} for row in estimate.of(cube.numbers[[i, j]])]
    return pd.DataFrame(rows).assign(compared=compared)


def disagreement(
    codings: pd.DataFrame | CodedBlock, counts_as: Mapping[str, str], features: Sequence[str]
) -> pd.DataFrame:
    """How the codes of each feature agree and disagree: of two coders, the 2 x 2 table.

    Parameters
    ----------
    codings, counts_as, features
        As for `agreement_by_feature`.

    Returns
    -------
    DataFrame
        One row a feature and outcome, those over all features last, with an empty ``feature_id``:
        ``k`` of the ``n`` models with codes of at least two coders, ``decided`` of them not open,
        ``disputed`` of these with codes that differ.
        ``outcome``: ``all-present``; ``only``, with the coder who says present in ``coder_id``, or,
        of more coders than two, ``split``; ``all-absent``; ``open``, fewer than two codes say
        present or absent. ``single`` models have one coder's code; ``coders`` in all.

    Raises
    ------
    ValueError
        As for `agreement_by_feature`.
    """
    cube = laid_out(codings, counts_as, features, COMPARED["all"])
    codes = cube.numbers
    coded = (codes >= 0).sum(axis=0)
    present, absent = (codes == 0).sum(axis=0), (codes == 1).sum(axis=0)
    decided = (coded >= 2) & (present + absent >= 2)
    split = decided & (present > 0) & (absent > 0)
    if len(codes) == 2:
        disputes = {("only", name): split & (codes[i] == 0) for i, name in enumerate(cube.coders)}
    else:
        disputes = {("split", ""): split}
    outcomes = {
        ("all-present", ""): decided & (absent == 0),
        **disputes,
        ("all-absent", ""): decided & (present == 0),
        ("open", ""): (coded >= 2) & ~decided,
    }
    every = np.arange(len(features))
    return pd.DataFrame(
        {
            "feature_id": feature,
            "outcome": outcome,
            "coder_id": name,
            "k": int(cells[:, chosen].sum()),
            "n": int((coded[:, chosen] >= 2).sum()),
            "decided": int(decided[:, chosen].sum()),
            "disputed": int(split[:, chosen].sum()),
            "single": int((coded[:, chosen] == 1).sum()),
            "coders": len(codes),
        }
        for feature, chosen in [*zip(features, every[:, np.newaxis], strict=True), ("", every)]
        for (outcome, name), cells in outcomes.items()
    )


# From codes to numbers, and from these to patterns


class Block(NamedTuple):
    """Codes as numbers: positions among the statuses that are compared."""

    numbers: npt.NDArray[np.int8]  # coders x models x features, -1 for a missing code
    coders: list[str]


def _statuses(compared: str) -> tuple[str, ...]:
    if compared not in COMPARED:
        raise ValueError(f'no choice "{compared}"; allowed: {", ".join(COMPARED)}')
    return COMPARED[compared]


def laid_out(
    codings: Any,
    counts_as: Mapping[str, str],
    features: Sequence[str],
    statuses: Sequence[str],
) -> Block:
    """Lay codes out as numbers, coders x models x features."""
    number = {code: _find(statuses, status) for code, status in counts_as.items()}
    if isinstance(codings, tuple):
        block: Any = codings
        of_code = np.array([*number.values(), -1], dtype=np.int8)
        return Block(of_code[block.codes], list(block.coders))
    frames.check(codings=codings)
    code = _position(codings["code"], list(counts_as), "code")
    feature = _position(codings["feature_id"], list(features), "feature")
    coder, coders = pd.factorize(codings["coder_id"], sort=True)
    model, models = pd.factorize(codings["model_id"], sort=True)
    shape = (len(coders), len(models), len(features))
    numbers = np.full(shape, -1, dtype=np.int8)
    numbers[coder, model, feature] = np.array(list(number.values()), dtype=np.int8)[code]
    return Block(numbers, list(coders))


def _find(statuses: Sequence[str], status: str) -> int:
    return statuses.index(status) if status in statuses else -1


def _position(values: pd.Series, known: list[str], noun: str) -> npt.NDArray[np.intp]:
    position = pd.Index(known, dtype="str").get_indexer(pd.Index(values, dtype="str"))
    if (position < 0).any():
        unknown = values.iloc[int((position < 0).argmax())]
        raise ValueError(f'no {noun} "{unknown}"; allowed: {", ".join(known)}')
    return position


def _numbered(
    codes: npt.ArrayLike, categories: Sequence[Any] | None
) -> tuple[npt.NDArray[np.integer[Any]], list[Any]]:
    """Replace labels by the numbers of their categories, -1 for a missing code."""
    table = np.asarray(codes)
    if table.ndim != 2:
        raise ValueError(f"codes must be a table of coders x units, got {table.ndim} dimensions")
    if table.dtype.kind not in NUMBERS:
        table = np.asarray(codes, dtype=object)  # None stays None among texts
    known = _labels(table) if categories is None else list(categories)
    if len(set(known)) < len(known):
        raise ValueError(f"each category must be named once, got {known}")
    if table.dtype == object or len(known) > FEW:
        return pd.Index(known).get_indexer(pd.Index(table.ravel())).reshape(table.shape), known
    number = np.full(table.shape, -1, dtype=np.int8)
    for i, label in enumerate(known, 1):
        number += (table == label) * np.int8(i)
    return number, known


def _labels(table: npt.NDArray[Any]) -> list[Any]:
    """Find the distinct labels, sorted; numbers, if they are few, by one comparison each."""
    if table.dtype.kind in NUMBERS:
        left = ~np.isnan(table)
        found: list[Any] = []
        while left.any() and len(found) < FEW:
            found.append(table.flat[left.argmax()].item())
            left &= table != found[-1]
        if not left.any():
            return sorted(found)
    labels = pd.unique(table.ravel())
    return sorted(labels[~pd.isna(labels)].tolist())


def patterns_of(
    numbers: npt.NDArray[np.integer[Any]], categories: int
) -> tuple[npt.NDArray[np.integer[Any]], Integers]:
    """Find the distinct rows of codes of coders x units, and which of them each unit has."""
    base = categories + 1
    if base ** len(numbers) > TABLED:
        patterns, pattern = np.unique(numbers.T, axis=0, return_inverse=True)
        return patterns, pattern.ravel()
    key = np.zeros(numbers.shape[1], dtype=np.int64)
    for row in numbers:
        key *= base
        key += row
        key += 1
    occurs = np.bincount(key, minlength=base ** len(numbers)) > 0
    digits = np.flatnonzero(occurs)[:, np.newaxis] // base ** np.arange(len(numbers))[::-1]
    return digits % base - 1, (np.cumsum(occurs) - 1)[key]


# From patterns to what coefficients need


def _unit_sums(patterns: npt.NDArray[np.integer[Any]], categories: int) -> Floats:
    """Give each pattern its row of numbers, the parts of `_Sums` one after the other."""
    each = patterns[:, :, np.newaxis] == np.arange(categories)
    counts = each.sum(axis=1).astype(float)
    codes = counts.sum(axis=1)
    paired = codes >= 2
    pairs = np.where(paired, codes, 2)[:, np.newaxis]
    agreeing = (counts * (counts - 1)).sum(axis=1) / (pairs * (pairs - 1))[:, 0]
    coincidences = counts[:, :, np.newaxis] * counts[:, np.newaxis, :]
    coincidences -= counts[:, :, np.newaxis] * np.eye(categories)
    coincidences = coincidences.reshape(len(patterns), -1) / (pairs - 1)
    own = each if patterns.shape[1] == 2 else np.zeros((len(patterns), 2, categories))
    parts = [
        codes > 0,
        paired,
        paired & (counts.max(axis=1, initial=0) == codes),
        agreeing,
        counts / np.maximum(codes, 1)[:, np.newaxis],
        counts * paired[:, np.newaxis],
        coincidences * paired[:, np.newaxis],
        own[:, 0] * paired[:, np.newaxis],
        own[:, 1] * paired[:, np.newaxis],
    ]
    return np.column_stack(parts).astype(float)


def _sums(table: Floats, categories: int) -> _Sums:
    """Name the parts of rows that `_unit_sums` gave, or of sums of them."""
    q = categories
    parts = np.split(table, np.cumsum([1, 1, 1, 1, q, q, q * q, q]), axis=-1)
    coded, paired, unanimous, agreeing = (part[..., 0] for part in parts[:4])
    shares, codes, square, first, second = parts[4:]
    coincidences = square.reshape(*table.shape[:-1], q, q)
    return _Sums(coded, paired, unanimous, agreeing, shares, codes, coincidences, first, second)


# Coefficients; nan where one is undefined


def _over(numerator: Any, denominator: Any) -> Floats:
    """Divide; nan where there is nothing to divide by."""
    top, bottom = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    out = np.full(np.broadcast(top, bottom).shape, np.nan)
    return np.divide(top, bottom, out=out, where=bottom != 0)


def _beyond(chance: Floats, s: _Sums) -> Floats:
    return _over(_percent_agreement(s) - chance, 1 - chance)


def _percent_agreement(s: _Sums) -> Floats:
    return _over(s.agreeing, s.paired)


def _alpha(s: _Sums) -> Floats:
    differs = 1 - np.eye(s.codes.shape[-1])
    observed = (s.coincidences * differs).sum(axis=(-2, -1))
    expected = np.einsum("...c,...k,ck->...", s.codes, s.codes, differs)
    return 1 - (s.codes.sum(axis=-1) - 1) * _over(observed, expected)


def _prevalences(s: _Sums) -> Floats:
    return _over(s.shares, s.coded[..., np.newaxis])


def _ac1(s: _Sums) -> Floats:
    p = _prevalences(s)
    return _beyond(_over((p * (1 - p)).sum(axis=-1), p.shape[-1] - 1), s)


def _brennan_prediger(s: _Sums) -> Floats:
    return _beyond(np.full(s.paired.shape, 1 / s.shares.shape[-1]), s)


def _cohen(s: _Sums) -> Floats:
    return _beyond(_over((s.first * s.second).sum(axis=-1), s.paired**2), s)


def _fleiss(s: _Sums) -> Floats:
    return _beyond((_prevalences(s) ** 2).sum(axis=-1), s)


def _prevalence(s: _Sums) -> Floats:
    both = np.diagonal(s.coincidences, axis1=-2, axis2=-1)
    return _over(both[..., 0] - both[..., 1], s.codes.sum(axis=-1))


def _bias(s: _Sums) -> Floats:
    return _over(s.first[..., 0] - s.second[..., 0], s.paired)


COEFFICIENTS: Mapping[str, Callable[[_Sums], Floats]] = MappingProxyType(
    {
        "percent-agreement": _percent_agreement,
        "alpha": _alpha,
        "ac1": _ac1,
        "brennan-prediger": _brennan_prediger,
        "cohen": _cohen,
        "fleiss": _fleiss,
        "prevalence": _prevalence,
        "bias": _bias,
    }
)
OF_TWO_CODERS, OF_TWO_CODES = ("cohen", "bias"), ("prevalence", "bias")
CORRECTED = ("alpha", "ac1", "brennan-prediger", "cohen", "fleiss")  # for chance


def _reason(coefficient: str, total: _Sums, coders: int, categories: int) -> str:
    """Say why a coefficient has no value, or why that says little; empty if all is well."""
    if coders < 2:
        return ONE_CODER
    if not total.paired:
        return NO_PAIRS
    if coefficient in OF_TWO_CODERS and coders != 2:
        return NOT_TWO_CODERS
    if coefficient in OF_TWO_CODES and categories != 2:
        return NOT_TWO_CODES
    varies = (total.codes > 0).sum() > 1
    return NO_VARIATION if coefficient in CORRECTED and not varies else ""


class _Estimate(NamedTuple):
    """Coefficients with their intervals; the same draws for all of them."""

    categories: int
    confidence: float
    replicates: int
    seed: int

    def of(self, cube: npt.NDArray[np.integer[Any]]) -> list[dict[str, Any]]:
        """Give a row a coefficient for the codes of coders x models x features."""
        cube = cube[(cube >= 0).any(axis=(1, 2))]
        coders = len(cube)
        table, count = self._models(cube)
        total = _sums(count @ table, self.categories)
        reasons = {c: _reason(c, total, coders, self.categories) for c in COEFFICIENTS}
        draws = self._draws(table, count) if total.paired and coders > 1 else None
        shared = {
            "k": int(total.unanimous),
            "n": int(total.paired),
            "present": float(_over(total.codes[:1].sum(), total.codes.sum())),
            "units": int(total.coded),
            "coders": coders,
            "models": int(count.sum()),
            "feature_count": cube.shape[2],
            "replicates": self.replicates,
            "seed": self.seed,
        }
        return [
            {"coefficient": c, **self._value(c, total, draws, reason), "reason": reason, **shared}
            for c, reason in reasons.items()
        ]

    def _models(self, cube: npt.NDArray[np.integer[Any]]) -> tuple[Floats, Integers]:
        """Count the models, those with a code, by their row of numbers."""
        coders, models, features = cube.shape
        patterns, pattern = patterns_of(cube.reshape(coders, models * features), self.categories)
        table = _unit_sums(patterns, self.categories)
        if features > 1:
            rows = np.zeros((models, table.shape[1]))
            for of_feature in pattern.reshape(models, features).T:
                rows += table[of_feature]
            if models > DRAWN:  # nearly all of them are different
                return rows[rows[:, 0] > 0], np.ones(int((rows[:, 0] > 0).sum()), dtype=np.int64)
            table, pattern = np.unique(rows.round(9), axis=0, return_inverse=True)
        coded = table[:, 0] > 0
        return table[coded], np.bincount(pattern.ravel(), minlength=len(table))[coded]

    def _draws(self, table: Floats, count: Integers) -> _Sums | None:
        """Draw how often each row occurs among all models, and add the rows up."""
        if not self.replicates or count.sum() < 2:
            return None
        pairs = np.array([*product(range(self.categories), repeat=2)])
        rows = np.vstack([table, _unit_sums(pairs, self.categories)])
        equal = pairs[:, 0] == pairs[:, 1]
        mass = np.append(count, PRIOR / 2 / np.where(equal, equal.sum(), (~equal).sum()))
        rng = np.random.default_rng(self.seed)
        if len(mass) > DRAWN:
            return _sums(_normal(rng, rows, mass, self.replicates), self.categories)
        drawn = [
            _frequencies(rng, mass, size) @ rows
            for size in _chunks(self.replicates, max(1, CHUNK // len(mass)))
        ]
        return _sums(np.concatenate(drawn), self.categories)

    def _value(
        self, coefficient: str, total: _Sums, draws: _Sums | None, reason: str
    ) -> dict[str, float]:
        formula, nothing = COEFFICIENTS[coefficient], float("nan")
        value = nothing if reason not in ("", NO_VARIATION) else float(formula(total))
        if draws is None or np.isnan(value):
            return {"value": value, "low": nothing, "high": nothing}
        tail = (1 - self.confidence) / 2
        low, high = np.quantile(formula(draws), [tail, 1 - tail])
        return {"value": value, "low": min(low, value), "high": max(high, value)}


def _frequencies(rng: np.random.Generator, mass: Floats, size: int) -> Floats:
    """Draw from the Dirichlet distribution with some masses, scaled to their sum."""
    drawn = rng.standard_gamma(mass, size=(size, len(mass)))
    return drawn * (mass.sum() / drawn.sum(axis=1, keepdims=True))


def _normal(rng: np.random.Generator, rows: Floats, mass: Floats, size: int) -> Floats:
    """Draw the sums that such frequencies give, by their moments: they are normal by then."""
    total, sums = mass.sum(), mass @ rows
    spread = ((rows.T * mass) @ rows - np.outer(sums, sums) / total) * total / (total + 1)
    return rng.multivariate_normal(sums, spread, size, check_valid="ignore", method="eigh")


def _chunks(total: int, size: int) -> Iterator[int]:
    return (min(size, total - done) for done in range(0, total, size))


def _own(name: str, numbers: npt.NDArray[np.int8]) -> dict[str, Any]:
    """Give the row of one coder: how often its codes are the first status."""
    k, n = int((numbers == 0).sum()), int((numbers >= 0).sum())
    share = k / n if n else float("nan")
    row = {"coder_id": name, "other_id": name, "coefficient": "present", "value": share}
    return {**row, "reason": "" if n else NO_PAIRS, "k": k, "n": n, "units": n, "coders": 1}
