"""Shares that carry coder error: each coder's errors, and shares corrected for them.

What a feature's codes can tell of the coders' errors depends on the design. With an anchor, or with
three coders of the same models, errors and share can be estimated. With two coders and no anchor
there are three frequencies for five unknowns: then the share has bounds, and no value.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta, norm

from soila_analysis.metrics import latent_class
from soila_analysis.metrics.agreement import COMPARED, ONE_CODER, CodedBlock, laid_out
from soila_analysis.metrics.latent_class import ABSENT, EVEN, PRESENT

DRAWS = 8000
FEW = 5  # models by which errors are estimated, at least
LEAST = 0.5
BOUNDED = 1000  # draws for the bounds
GRID = 201  # shares that are tried for the bounds
ANCHOR, THREE = "anchor", "three-coders"
NOT_CODED, NOT_IDENTIFIED = "not-coded", "not-identified"
PRIOR = 0.5  # models with each pair of codes of two coders, drawn along with those of the data

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int8]


class Corrected(NamedTuple):
    """A corrected share with its interval; each part an array or a number."""

    share: Any
    low: Any
    high: Any


def rogan_gladen(
    share: tuple[Any, Any],
    sensitivity: tuple[Any, Any],
    specificity: tuple[Any, Any],
    confidence: float = 0.95,
) -> Corrected:
    """Correct a share for errors that were measured in other, independent samples.

    Parameters
    ----------
    share, sensitivity, specificity : tuple of two numbers or arrays, k and n
        k found present of n; k of n in which the feature is there, found present; k of n in which
        it is not, found absent.
    confidence : float, default 0.95
        Level of the interval.

    Returns
    -------
    Corrected
        Rogan and Gladen's estimate, cut off at 0 and 1, with Lang and Reiczigel's interval. Missing
        where there is nothing to measure by, or where codes do no better than chance.

    References
    ----------
    Rogan & Gladen (1978). Estimating prevalence from the results of a screening test. American
    Journal of Epidemiology 107, 71-76. Lang & Reiczigel (2014). Confidence limits for prevalence of
    disease adjusted for estimated sensitivity and specificity. Preventive Veterinary Medicine 113,
    13-22.

    Examples
    --------
    >>> corrected = rogan_gladen((30, 100), (45, 50), (40, 50))
    >>> [round(float(one), 3) for one in corrected]
    [0.143, 0.0, 0.318]
    """
    z = norm.ppf((1 + confidence) / 2)
    (k, n), (found, there), (missed, lacking) = (
        tuple(np.asarray(one, dtype=float) for one in pair)
        for pair in (share, sensitivity, specificity)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        better = found / there + missed / lacking - 1
        estimate = np.where(better > 0, (k / n + missed / lacking - 1) / better, np.nan)
        p, of = (k + z**2 / 2) / (n + z**2), n + z**2
        se, sp = (found + 1) / (there + 2), (missed + 1) / (lacking + 2)
        middle = (p + sp - 1) / (se + sp - 1)
        by_se, by_sp = se * (1 - se) / (there + 2), sp * (1 - sp) / (lacking + 2)
        shift = 2 * z**2 * (middle * by_se - (1 - middle) * by_sp)
        variance = p * (1 - p) / of + middle**2 * by_se + (1 - middle) ** 2 * by_sp
        half = z * np.sqrt(variance) / (se + sp - 1)
        ends = [np.clip(middle + shift + way * half, 0, 1) for way in (-1, 1)]
    ends = [np.where(np.isnan(estimate), np.nan, end) for end in ends]
    return Corrected(np.clip(estimate, 0, 1), *ends)


def share_bounds(both: Any, first: Any, second: Any, least: float = LEAST) -> tuple[Any, Any]:
    """Bound the share behind the codes of two coders, of whom nobody knows how they err.

    Parameters
    ----------
    both, first, second : array_like
        Share of models that both coders find the feature in, that the first one does, the second.
    least : float, default 0.5
        What sensitivities and specificities are taken to be at least.

    Returns
    -------
    low, high : array
        The smallest and the largest share with which these frequencies are possible if, given
        what is there, the coders err independently; to 1/200. Where none is, because the codes
        are less alike than chance, what each coder's own share leaves possible.
    """
    both, first, second = (
        np.asarray(one, dtype=float)[..., np.newaxis] for one in (both, first, second)
    )
    share = np.linspace(0, 1, GRID)
    slack = 1e-9
    (low1, high1), (low2, high2) = (_better(own, share, least) for own in (first, second))
    apart = share * (1 - share) * np.array([low1 * low2, high1 * high2])
    each = (low1 <= high1 + slack) & (low2 <= high2 + slack)
    alike = both - first * second
    fits = each & (apart[0] <= alike + slack) & (alike <= apart[1] + slack)
    fits = np.where(fits.any(axis=-1, keepdims=True), fits, each)
    fits = np.where(fits.any(axis=-1, keepdims=True), fits, True)
    return share[fits.argmax(axis=-1)], share[GRID - 1 - fits[..., ::-1].argmax(axis=-1)]


def _better(own: Floats, share: Floats, least: float) -> tuple[Floats, Floats]:
    """Bound sensitivity + specificity - 1 of a coder with a share of its own, by the true share."""
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.fmax(np.fmax((least - own) / (1 - share), (own + least - 1) / share), 0)
        high = np.fmin(own / share, (1 - own) / (1 - share))
    return np.nan_to_num(low, posinf=9), np.nan_to_num(high, posinf=9)


class Observed(NamedTuple):
    """Codes and anchors as numbers, -1 for what is missing.

    Attributes
    ----------
    codes : array, coders x models x features
    coders, models, features : sequence
        Their ids.
    anchor : array, models x features
        What is there in truth.
    throughout : array of bool, models
        Whether every coded cell of the model has an anchor.
    evidence : Evidence
        The patterns of codes and anchors.
    """

    codes: Numbers
    coders: Sequence[str]
    models: Sequence[str]
    features: Sequence[str]
    anchor: Numbers
    throughout: npt.NDArray[np.bool_]
    evidence: latent_class.Evidence

    def counts(self) -> pd.DataFrame:
        """Count the models of each feature, and say what identifies its errors."""
        coders = (self.codes >= 0).sum(axis=0)
        anchored = (self.anchor >= 0) & (coders > 0)
        differ = (self.codes == PRESENT).any(axis=0) & (self.codes == ABSENT).any(axis=0)
        undecided = (differ & ~anchored).sum(axis=0)
        told = anchored.sum(axis=0)
        tripled = (coders >= 3).sum(axis=0)
        whole = (told >= FEW) | ((told > 0) & (undecided == 0))
        by = np.select([whole, tripled >= FEW], [ANCHOR, THREE], "")
        coded = ((coders > 0) | (self.anchor >= 0)).sum(axis=0)
        doubled = (coders >= 2).sum(axis=0)
        why = ["", NOT_CODED, ONE_CODER]
        reason = np.select([by != "", coded == 0, doubled == 0], why, NOT_IDENTIFIED)
        return pd.DataFrame(
            {
                "feature_id": list(self.features),
                "coded": coded,
                "anchored": told,
                "doubled": doubled,
                "tripled": tripled,
                "coders": (self.codes >= 0).any(axis=1).sum(axis=0),
                "identified_by": by,
                "reason": reason,
            }
        )


def observed(
    cube: CodedBlock,
    counts_as: Mapping[str, str],
    features: Sequence[str],
    decisions: pd.DataFrame | None = None,
    references: Sequence[str] = (),
) -> Observed:
    """Lay codes and anchors out as numbers: decisions, else what the references agree on.

    Parameters
    ----------
    cube : Cube
        ``data.cube``: coders x models x `features`; present and absent count, other codes are
        missing.
    counts_as : mapping of str to str
        What each code counts as.
    features : sequence of str
        The features in their order.
    decisions : DataFrame, optional
        What is there in truth: ``model_id``, ``feature_id``, ``code``, as ``data.decisions``. They
        may be chosen by the codes, as when only disagreements are decided.
    references : sequence of str, default ()
        Coders who do not err: their codes are an anchor, too, where there is no decision.

    Returns
    -------
    Observed
        What `corrected_shares`, `coder_errors`, `double_coding` and `next_models` take.
    """
    block = laid_out(cube, counts_as, features, COMPARED["decided"])
    trusted = np.isin(block.coders, list(references))
    given = block.numbers[trusted]
    present, absent = ((given == code).any(axis=0) for code in (PRESENT, ABSENT))
    choices = [np.int8(PRESENT), np.int8(ABSENT)]
    anchor = np.select([present & ~absent, absent & ~present], choices, np.int8(-1))
    open_ = np.zeros(anchor.shape, dtype=bool)  # looked at, and neither present nor absent
    if decisions is not None and len(decisions):
        statuses = [*COMPARED["decided"]]
        number = {c: statuses.index(s) if s in statuses else -1 for c, s in counts_as.items()}
        model = pd.Index(cube.models).get_indexer(decisions["model_id"])
        feature = pd.Index(features).get_indexer(decisions["feature_id"])
        inside = (model >= 0) & (feature >= 0)
        cell = model[inside], feature[inside]
        anchor[cell] = decisions["code"].map(number).to_numpy()[inside]
        open_[cell] = anchor[cell] < 0
    codes = block.numbers[~trusted]
    told = (anchor >= 0) | open_
    coded = (codes >= 0).any(axis=0)
    throughout = np.asarray((told | ~coded).all(axis=1) & told.any(axis=1))
    names = [name for name, one in zip(block.coders, trusted, strict=True) if not one]
    evidence = latent_class.evidence(codes, anchor)
    return Observed(codes, names, cube.models, features, anchor, throughout, evidence)


def corrected_shares(
    told: Observed,
    *,
    least: float = LEAST,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 1,
) -> pd.DataFrame:
    """Share of each feature, corrected for the coders' errors, or its bounds.

    Parameters
    ----------
    told : Observed
        As `observed` gives.
    least : float, default 0.5
        What sensitivities and specificities are taken to be at least, for the bounds.
    confidence : float, default 0.95
        Level of the intervals.
    draws : int, default 8,000
        Draws from the posterior.
    seed : int, default 1
        Equal seeds give equal intervals.

    Returns
    -------
    DataFrame
        One row a feature. ``corrected``, the posterior median, with ``corrected_low`` and
        ``corrected_high``, which carry sampling and coder error; ``sampling_low`` and
        ``sampling_high``, the interval if what is there were known of each coded model.
        ``identified_by``: ``anchor``, or ``three-coders``; else empty, ``reason`` says why
        (``one-coder``: no model has codes of two; ``not-identified``; ``not-coded``), and
        ``possible_low`` and ``possible_high`` are bounds with their sampling error. ``coded``
        models; ``anchored``, ``doubled`` and ``tripled``, those with an anchor, and with codes of
        two coders and of three; ``coders``; ``dawid_skene``, the posterior mode by EM; ``least``,
        ``draws``, ``seed``.

    Notes
    -----
    Two latent classes with independent errors (`latent_class`), Beta(2, 1) priors of sensitivities
    and specificities and Beta(1/2, 1/2) of the share; by Gibbs sampling. Without an anchor the
    classes are interchangeable: that coders on average do better than chance is an assumption.
    In simulations (``benchmarks/coder_error.py``) intervals held the true share in 86 % of samples
    or more with an anchor, in 83 % or more with three coders and none, least of all for rare
    features with poor specificity and common ones with poor sensitivity. They do not hold where
    coders err on the same models: 78 % with decisions, in the worst case 16 % without.

    References
    ----------
    Dawid & Skene (1979), see `latent_class.dawid_skene`. Hui & Walter (1980). Estimating the error
    rates of diagnostic tests. Biometrics 36, 167-171. Joseph, Gyorkos & Coupal (1995), see
    `latent_class.posterior`.
    """
    drawn = latent_class.posterior(told.evidence, draws, seed)
    table = told.counts()
    known = (table["reason"] == "").to_numpy()
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, middle, high = np.quantile(drawn.share, [tails[0], 0.5, tails[1]], axis=0)
    coded = table["coded"].to_numpy()
    having = drawn.having.mean(axis=0)
    inner = beta.ppf(np.array(tails)[:, np.newaxis], EVEN + having, EVEN + coded - having)
    mode = latent_class.dawid_skene(told.evidence).share
    ends = np.minimum(low, inner[0]), np.maximum(high, inner[1])
    found = {"corrected": middle, "corrected_low": ends[0], "corrected_high": ends[1]}
    found |= {"sampling_low": inner[0], "sampling_high": inner[1], "dawid_skene": mode}
    for name, values in found.items():
        table[name] = np.where(known, values, np.nan)
    bounds = [
        (np.nan, np.nan) if skipped else _bounds(own, least, tails, draws, seed)
        for own, skipped in zip(np.moveaxis(told.codes, 2, 0), known, strict=True)
    ]
    table["possible_low"], table["possible_high"] = zip(*bounds, strict=True)
    return table.assign(least=least, draws=draws, seed=seed)


def coder_errors(
    told: Observed, *, confidence: float = 0.95, draws: int = DRAWS, seed: int = 1
) -> pd.DataFrame:
    """Sensitivity and specificity of each coder in each feature.

    Parameters
    ----------
    told, confidence, draws, seed
        As for `corrected_shares`.

    Returns
    -------
    DataFrame
        One row a feature and coder: ``k`` present of the coder's ``n`` codes; ``sensitivity`` and
        ``specificity``, posterior medians, each with ``_low`` and ``_high``, missing where
        ``reason`` is not empty (as there). Of the models whose every cell has an anchor, however
        their codes came out: ``sensitivity_k`` of ``sensitivity_n`` with the feature found present,
        ``specificity_k`` of ``specificity_n`` without it found absent; and from these
        ``rogan_gladen`` with ``rogan_gladen_low`` and ``rogan_gladen_high``, the coder's own share
        corrected, missing if either n is under 5.
    """
    drawn = latent_class.posterior(told.evidence, draws, seed)
    tails = [0.5, (1 - confidence) / 2, (1 + confidence) / 2]
    states = told.counts().set_index("feature_id")["reason"]
    coded = (told.codes >= 0).any(axis=1).T  # of which feature somebody has a code
    ids = ["feature_id", "coder_id"]
    table = pd.DataFrame(product(told.features, told.coders), columns=ids)
    table["reason"] = table["feature_id"].map(states)
    table["reason"] = table["reason"].mask(~coded.ravel(), NOT_CODED)
    found = told.codes == PRESENT
    table["k"], table["n"] = found.sum(axis=1).T.ravel(), (told.codes >= 0).sum(axis=1).T.ravel()
    known = (table["reason"] == "").to_numpy()
    for name in ("sensitivity", "specificity"):
        ends = np.quantile(getattr(drawn, name), tails, axis=0).reshape(3, -1)
        for end, values in zip(("", "_low", "_high"), ends, strict=True):
            table[f"{name}{end}"] = np.where(known, values, np.nan)
    whole = np.where(told.throughout[:, np.newaxis], told.anchor, -1)
    right = {"sensitivity": (PRESENT, PRESENT), "specificity": (ABSENT, ABSENT)}
    for name, (truth, code) in right.items():
        there = (whole == truth) & (told.codes >= 0)
        n = pd.Series(there.sum(axis=1).T.ravel(), dtype="Int64")
        k = pd.Series((there & (told.codes == code)).sum(axis=1).T.ravel(), dtype="Int64")
        table[f"{name}_k"], table[f"{name}_n"] = k.mask(n == 0), n.mask(n == 0)
    return _with_rogan_gladen(table, confidence)


def _with_rogan_gladen(table: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Correct each coder's own share by the right codes that were counted, if they are enough."""
    names = ("k", "n", "sensitivity_k", "sensitivity_n", "specificity_k", "specificity_n")
    k, n, found, there, missed, lacking = (
        table[name].to_numpy(dtype=float, na_value=np.nan) for name in names
    )
    corrected = rogan_gladen((k, n), (found, there), (missed, lacking), confidence)
    enough = (there >= FEW) & (lacking >= FEW)
    for end, values in zip(("", "_low", "_high"), corrected, strict=True):
        table[f"rogan_gladen{end}"] = np.where(enough, values, np.nan)
    return table


def _bounds(
    codes: Numbers, least: float, tails: Sequence[float], draws: int, seed: int
) -> tuple[float, float]:
    """Bound the share by each pair of coders, of coders x models; the tightest bounds count."""
    rng, low, high = np.random.default_rng(seed), 0.0, 1.0
    codes = codes[(codes >= 0).any(axis=1)]
    pairs = [*combinations(codes, 2)] or [(one, one) for one in codes]
    for first, second in pairs:
        each = np.array([PRESENT, ABSENT])[:, np.newaxis]
        cells = (first == each).astype(int) @ (second == each).T
        mass = (cells + PRIOR).ravel()
        if cells.any():
            both, only, other, _ = rng.dirichlet(mass, min(draws, BOUNDED)).T
            ends = share_bounds(both, both + only, both + other, least)
            low = max(low, float(np.quantile(ends[0], tails[0])))
            high = min(high, float(np.quantile(ends[1], tails[1])))
    return (low, high) if len(codes) else (np.nan, np.nan)
