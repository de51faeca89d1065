"""Two latent classes, present and absent, behind the codes of coders who err: EM, and draws.

Given the class, coders err independently of each other. A coder's sensitivity is the probability of
the code present where the feature is there, the specificity that of absent where it is not. Nothing
in the codes says which class is which; coders who on average do better than chance say it.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from soila_analysis.metrics.agreement import patterns_of

PRESENT, ABSENT = 0, 1  # positions among the statuses that are compared
RIGHT, WRONG = 2.0, 1.0  # Beta prior of sensitivities and specificities
EVEN = 0.5  # Beta prior of the share, both ways: Jeffreys'
NAMED = 5  # models with an anchor, from which on it names the classes
CHAINS, BURN = 8, 200
TOLERANCE, STEPS = 1e-9, 5000
EDGE = 1e-9  # probabilities keep this distance from 0 and 1

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Evidence(NamedTuple):
    """What coders and anchors say, as patterns that models share.

    Attributes
    ----------
    present, absent : array, patterns x coders
        1 where the coder gives this code.
    known : array of int, patterns
        The class, where an anchor tells it; else -1.
    weight : array of int, features x patterns
        How many models have the pattern in the feature.
    of_model : array of int, models x features
        The pattern of each.
    """

    present: Floats
    absent: Floats
    known: Integers
    weight: Integers
    of_model: npt.NDArray[np.integer]


class Estimate(NamedTuple):
    """Shares and errors of each feature.

    Attributes
    ----------
    share : array, features
    sensitivity, specificity : array, features x coders
    probability : array, features x patterns
        That a model with the pattern has the feature.
    """

    share: Floats
    sensitivity: Floats
    specificity: Floats
    probability: Floats


class Posterior(NamedTuple):
    """Draws of shares and errors.

    Attributes
    ----------
    share : array, draws x features
        Among all models that there could be.
    having : array of int, draws x features
        How many of the coded models have the feature.
    sensitivity, specificity : array, draws x features x coders
    probability : array, features x patterns
        That a model with the pattern has the feature.
    """

    share: Floats
    having: Integers
    sensitivity: Floats
    specificity: Floats
    probability: Floats


def evidence(
    codes: npt.NDArray[np.integer], anchor: npt.NDArray[np.integer] | None = None
) -> Evidence:
    """Count the patterns of codes.

    Parameters
    ----------
    codes : array of int, coders x models x features
        0 present, 1 absent, -1 neither or missing.
    anchor : array of int, models x features, optional
        What is there in truth, in the same numbers.

    Returns
    -------
    Evidence
        Models without a code and without an anchor have no weight.
    """
    coders, models, features = codes.shape
    known = np.full((models, features), -1, np.int8) if anchor is None else anchor
    rows = np.concatenate([codes, known[np.newaxis]]).reshape(coders + 1, models * features)
    patterns, pattern = patterns_of(rows, 2)
    of_model = pattern.reshape(models, features)
    place = of_model + np.arange(features) * len(patterns)
    weight = np.bincount(place.ravel(), minlength=features * len(patterns))
    weight = weight.reshape(features, len(patterns)) * (patterns >= 0).any(axis=1)
    own = patterns[:, :coders]
    truth = patterns[:, coders].astype(np.int64)
    return Evidence(
        (own == PRESENT).astype(float), (own == ABSENT).astype(float), truth, weight, of_model
    )


def dawid_skene(found: Evidence, prior: tuple[float, float] = (RIGHT, WRONG)) -> Estimate:
    """Estimate shares and errors by expectation and maximisation.

    Parameters
    ----------
    found : Evidence
        The patterns.
    prior : tuple of float, default (2, 1)
        Beta (Dirichlet) prior of sensitivities and specificities; (1, 1) gives the maximum of the
        likelihood alone, as Dawid and Skene do.

    Returns
    -------
    Estimate
        Its classes are named so that coders do better than chance on average. It starts from the
        codes' majorities, and is a mode near them.

    References
    ----------
    Dawid & Skene (1979). Maximum likelihood estimation of observer error-rates using the EM
    algorithm. Applied Statistics 28, 20-28.
    """
    probability = _voted(found)
    for _ in range(STEPS):
        share, right = _maximised(probability, found, prior)
        before, probability = probability, _expected(share, *right, found)
        if np.abs(probability - before).max(initial=0) < TOLERANCE:
            break
    share, (sensitivity, specificity) = _maximised(probability, found, prior)
    worse = (sensitivity + specificity).sum(axis=-1) < found.present.shape[1]
    turned = worse & ~_told(found)
    other = turned[:, np.newaxis]
    return Estimate(
        np.where(turned, 1 - share, share),
        np.where(other, 1 - specificity, sensitivity),
        np.where(other, 1 - sensitivity, specificity),
        np.where(other, 1 - probability, probability),
    )


def posterior(found: Evidence, draws: int, seed: int, chains: int = CHAINS) -> Posterior:
    """Draw shares, errors and classes by Gibbs sampling, for all features at once.

    Parameters
    ----------
    found : Evidence
        The patterns.
    draws : int
        How many are kept, at least.
    seed : int
        Equal seeds give equal draws.
    chains : int, default 8
        Where they come from; of each, the first 200 steps are left out.

    Returns
    -------
    Posterior
        Where fewer than five anchors name the classes, draws in which coders do worse than chance
        on average are not taken.

    References
    ----------
    Joseph, Gyorkos & Coupal (1995). Bayesian estimation of disease prevalence and the parameters of
    diagnostic tests in the absence of a gold standard. American Journal of Epidemiology 141,
    263-272.
    """
    rng, steps = np.random.default_rng(seed), -(-draws // chains)
    start = np.broadcast_to(_voted(found), (chains, *found.weight.shape))
    share, right = _maximised(start, found, (RIGHT, WRONG))
    coders, named = found.present.shape[1], _told(found)[:, np.newaxis]
    kept: list[tuple[Floats, Integers, Floats, Floats]] = []
    total = np.zeros(found.weight.shape)
    for step in range(BURN + steps):
        probability = _expected(share, *right, found)
        having = _drawn(rng, probability, found)
        count = having.sum(axis=-1)
        share = _beta(rng, EVEN + count, EVEN + found.weight.sum(axis=1) - count)
        se, sp = (_beta(rng, RIGHT + k, WRONG + of) for k, of in _outcomes(having, found))
        taken = named | ((se + sp).sum(axis=-1, keepdims=True) >= coders)
        right = np.where(taken, se, right[0]), np.where(taken, sp, right[1])
        if step >= BURN:
            kept.append((share, count.astype(np.int64), *right))
            total += probability.mean(axis=0)
    shares, counts, sensitivity, specificity = (
        np.concatenate(part) for part in zip(*kept, strict=True)
    )
    return Posterior(shares, counts, sensitivity, specificity, total / steps)


def _voted(found: Evidence) -> Floats:
    """Give the share of a pattern's codes that say present, where no anchor tells the class."""
    codes = (found.present + found.absent).sum(axis=1)
    votes = (found.present.sum(axis=1) + EDGE) / (codes + 2 * EDGE)
    return _anchored(np.broadcast_to(votes, found.weight.shape), found)


def _told(found: Evidence) -> npt.NDArray[np.bool_]:
    """Say of which features anchors name the classes."""
    return found.weight[:, found.known >= 0].sum(axis=1) >= NAMED


def _anchored(probability: Floats, found: Evidence) -> Floats:
    """Put what anchors tell in the place of what is only likely."""
    return np.where(found.known >= 0, found.known == PRESENT, probability)


def _expected(share: Floats, sensitivity: Floats, specificity: Floats, found: Evidence) -> Floats:
    """Give the probability of present for each feature and pattern; there may be chains before."""
    p, se, sp = (np.clip(one, EDGE, 1 - EDGE) for one in (share, sensitivity, specificity))
    odds = np.log(p / (1 - p))[..., np.newaxis]
    odds = odds + np.log(se / (1 - sp)) @ found.present.T + np.log((1 - se) / sp) @ found.absent.T
    return _anchored(1 / (1 + np.exp(-np.clip(odds, -500, 500))), found)


def _outcomes(having: Floats, found: Evidence) -> list[tuple[Floats, Floats]]:
    """Count right and wrong codes of each coder: where the feature is there, where it is not."""
    lacking = found.weight - having
    return [
        (having @ found.present, having @ found.absent),
        (lacking @ found.absent, lacking @ found.present),
    ]


def _maximised(
    probability: Floats, found: Evidence, prior: tuple[float, float]
) -> tuple[Floats, tuple[Floats, Floats]]:
    having = found.weight * probability
    share = having.sum(axis=-1) / np.maximum(found.weight.sum(axis=1), 1)
    more, less = prior[0] - 1, prior[1] - 1
    right = (
        np.divide(k + more, k + of + more + less, out=np.full_like(k, 0.5), where=k + of + more > 0)
        for k, of in _outcomes(having, found)
    )
    sensitivity, specificity = right
    return share, (sensitivity, specificity)


def _drawn(rng: np.random.Generator, probability: Floats, found: Evidence) -> Floats:
    """Draw how many of the models with each pattern have the feature."""
    feature, pattern = np.nonzero(found.weight)
    having = np.zeros(probability.shape)
    likely = probability[:, feature, pattern]
    having[:, feature, pattern] = rng.binomial(found.weight[feature, pattern], likely)
    return having


def _beta(rng: np.random.Generator, a: Floats, b: Floats) -> Floats:
    return np.clip(rng.beta(a, b), EDGE, 1 - EDGE)
