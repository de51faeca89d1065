"""All data sets that are compatible with the publication: samples, hard bounds, ranges.

A reconstruction is one data set among very many that give the same printed figures. What they have
in common is known; what differs between them is not. Under a reading (`reconstruction.READINGS`)
this module draws compatible data sets independently of each other, and finds the least and greatest
value that any of them can take.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import combinations_with_replacement
from math import comb, factorial, prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from soila_analysis.review.reconstruction import (
    Constraints,
    Counts,
    constraints,
    optimum,
    solver,
)

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Codes = tuple[Bools, Bools, Bools]  # present, assessed: draws x models x features; member: x goals
Metric = Callable[[Any], Any]

# By prior: the weight of k present codes of n for a feature without a printed share.
PRIORS: Mapping[str, Callable[[int, int], int]] = {"counts": lambda n, k: 1, "matrices": comb}
RANGED = ("literal", "memberships", "mixed")
BATCH = 4096  # proposals at a time; part of what a seed means
RANGES = Path(__file__).with_name("ranges.csv")
INNER = ["low", "high", "low_once", "high_once"]  # under the priors in their order
NUMBERS = [*INNER, "bound_low", "bound_high"]


# --- Samples --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Draws:
    """Independent draws from the data sets that are compatible with the publication.

    Iterating gives, draw by draw, the frames that the metrics take: ``status`` (models x features)
    and ``memberships`` (``model_id``, ``goal_id``).

    Parameters
    ----------
    reading, prior : str
        What was sampled.
    feature_ids, goal_ids : tuple of str
        The order of the axes.
    present, assessed : array, draws x models x features
        Whether the feature is coded present, and whether it is coded at all. A model without any
        assessed feature was not coded; in a coded model what is not assessed is unclear.
    member : array, draws x models x goals
        Whether the model serves the goal.
    proposed : int
        The proposals that it took up to the last draw.
    """

    reading: str
    prior: str
    feature_ids: tuple[str, ...]
    goal_ids: tuple[str, ...]
    present: Bools
    assessed: Bools
    member: Bools
    proposed: int

    def __len__(self) -> int:
        return len(self.present)

    def __iter__(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        models = pd.Index(
            [f"M{i:02}" for i in range(1, self.present.shape[1] + 1)], name="model_id"
        )
        features = pd.Index(self.feature_ids, name="feature_id")
        goals = np.array(self.goal_ids)
        for present, assessed, member in zip(self.present, self.assessed, self.member, strict=True):
            coded = np.broadcast_to(assessed.any(axis=1, keepdims=True), assessed.shape)
            status = np.select(
                [present, assessed, coded], ["present", "absent", "unclear"], "not-assessed"
            )
            model, goal = np.nonzero(member)
            yield (
                pd.DataFrame(status, index=models, columns=features),
                pd.DataFrame({"model_id": models[model], "goal_id": goals[goal]}),
            )

    @property
    def acceptance(self) -> float:
        """The share of the proposals that were accepted."""
        return len(self) / self.proposed


def sample(reading: str, draws: int, *, seed: int = 1, prior: str = "counts") -> Draws:
    """Draw data sets that are compatible with the publication, independently of each other.

    Row sums were not published, so that no Markov chain is needed. A proposal takes

    - the count of each feature without a printed share from the prior;
    - each feature's models as a uniform random subset of that size, but for the feature whose
      shares by goal were printed, whose counts by goal are fixed;
    - the memberships uniformly among all that have the goals' sizes and this feature's counts by
      goal, each model having one goal or two: the arrangements by pairs of goals are enumerated
      and weighted by the number of ways to assign them to models.

    It is accepted if the goal that was said to have most features per model strictly does. Accepted
    draws are exact and independent. Models are exchangeable and stand in the order of that
    feature's codes and of their goals.

    Parameters
    ----------
    reading : str
        One of `reconstruction.READINGS`. It fixes the goals' sizes and bases.
    draws : int
        How many to draw; fewer are the first of more.
    seed : int, default 1
        Equal seeds give equal draws, under one version of NumPy.
    prior : {"counts", "matrices"}, default "counts"
        What is uniform, before the condition on the leading goal. ``counts``: the unpublished
        counts, over all numbers strictly between the two published lists. ``matrices``: the
        matrices of codes, so that a count k of n weighs by the binomial coefficient of n over k,
        and counts nearer to one half are more frequent.

    Returns
    -------
    Draws

    Raises
    ------
    ValueError
        If the reading or prior is unknown or `draws` is less than 1.

    Examples
    --------
    >>> sample("memberships", 100).present.shape
    (100, 45, 16)
    """
    fixed = constraints(reading)
    if prior not in PRIORS:
        raise ValueError(f'no prior "{prior}"; allowed: {", ".join(PRIORS)}')
    _check(draws)
    rng = np.random.default_rng([seed, *reading.encode()])
    sides = _sides(fixed)
    accepted: list[Codes] = []
    found = proposed = 0
    while found < draws:
        present, assessed, member = _proposals(rng, fixed, sides, PRIORS[prior])
        which = np.flatnonzero(_leads(present, member, fixed))[: draws - found]
        accepted.append((present[which], assessed[which], member[which]))
        found += len(which)
        proposed += int(which[-1]) + 1 if found == draws else BATCH
    arrays = [np.concatenate(parts) for parts in zip(*accepted, strict=True)]
    present, assessed, member = _with_uncoded(fixed, *arrays)
    features, goals = tuple(fixed.present), tuple(fixed.coded)
    return Draws(reading, prior, features, goals, present, assessed, member, proposed)


@dataclass(frozen=True, eq=False)
class Tables:
    """The counts behind the figures, draw by draw.

    Parameters
    ----------
    goal_sizes : array, draws x goals
        Memberships.
    features, features_assessed : array, draws x features
        Distinct models that have the feature, and that were assessed for it.
    by_goal, by_goal_assessed : array, draws x features x goals
        The same within each goal.
    coded : array, draws x goals
        Coded models of each goal.
    """

    goal_sizes: Ints
    features: Ints
    features_assessed: Ints
    by_goal: Ints
    by_goal_assessed: Ints
    coded: Ints

    @property
    def totals(self) -> Ints:
        """Features of the models of each goal together: draws x goals."""
        return self.by_goal.sum(axis=1)

    @property
    def means(self) -> npt.NDArray[np.float64]:
        """Features per coded model of each goal: draws x goals."""
        return self.totals / self.coded


def tables(draws: Draws) -> Tables:
    """Count for every draw at once what the figures show.

    Parameters
    ----------
    draws : Draws
        As `sample` gives.

    Returns
    -------
    Tables
    """
    coded = draws.assessed.any(axis=2, keepdims=True) & draws.member
    return Tables(
        goal_sizes=draws.member.sum(axis=1),
        features=draws.present.sum(axis=1),
        features_assessed=draws.assessed.sum(axis=1),
        by_goal=_within(draws.present, draws.member),
        by_goal_assessed=_within(draws.assessed, draws.member),
        coded=coded.sum(axis=1),
    )


def _check(draws: int) -> None:
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")


Side = tuple[npt.NDArray[np.float64], Bools]  # weights of arrangements; their models x goals


def _sides(fixed: Constraints) -> list[Side]:
    """Arrange the models with the feature broken down, without it, and where it is unclear."""
    (k,), n = fixed.present[fixed.broken_down], fixed.assessed[fixed.broken_down]
    present = np.array(list(fixed.present_by_goal.values()))
    assessed = np.array(list(fixed.assessed_by_goal.values()))
    coded = np.array(list(fixed.coded.values()))
    parts = ((k, present), (n - k, assessed - present), (fixed.models - n, coded - assessed))
    return [_arrangements(models, by_goal) for models, by_goal in parts]


def _arrangements(models: int, by_goal: Ints) -> Side:
    """Enumerate how so many models, each of one goal or two, make up the memberships by goal."""
    single = np.eye(len(by_goal), dtype=bool)
    pairs = [a | b for i, a in enumerate(single) for b in single[i + 1 :]]
    weights, arrangements = [], []
    for chosen in combinations_with_replacement(range(len(pairs)), int(by_goal.sum()) - models):
        doubles = np.array([pairs[i] for i in chosen], dtype=bool).reshape(-1, len(by_goal))
        singles = by_goal - doubles.sum(axis=0)
        if (singles >= 0).all():
            sizes = [*singles.tolist(), *(chosen.count(i) for i in set(chosen))]
            weights.append(factorial(models) // prod(map(factorial, sizes)))
            arrangements.append(np.concatenate([np.repeat(single, singles, axis=0), doubles]))
    return np.array(weights) / sum(weights), np.stack(arrangements)


def _proposals(
    rng: np.random.Generator,
    fixed: Constraints,
    sides: list[Side],
    prior: Callable[[int, int], int],
) -> Codes:
    """Propose a batch of data sets: present, assessed and member, for the coded models."""
    member = np.concatenate(
        [arranged[rng.choice(len(weights), BATCH, p=weights)] for weights, arranged in sides],
        axis=1,
    )
    place = np.arange(fixed.models)
    codes = np.empty((BATCH, fixed.models, len(fixed.present)), dtype=np.int8)
    for column, (feature, counts) in enumerate(fixed.present.items()):
        n = fixed.assessed[feature]
        weights = np.array([prior(n, k) for k in counts])
        k = rng.choice(np.array(counts), (BATCH, 1), p=weights / weights.sum())
        ordered = np.where(place < k, 1, np.where(place < n, 0, -1)).astype(np.int8)
        free = feature != fixed.broken_down
        codes[..., column] = rng.permuted(ordered, axis=1) if free else ordered
    return codes == 1, codes >= 0, member


def _leads(present: Bools, member: Bools, fixed: Constraints) -> Bools:
    total = _within(present, member).sum(axis=1)
    coded = np.array(list(fixed.coded.values()))
    first = list(fixed.coded).index(fixed.leading)
    ahead = total[:, [first]] * coded > total * coded[first]
    ahead[:, first] = True
    return ahead.all(axis=1)


def _within(values: Bools, member: Bools) -> Ints:
    """Count within each goal: draws x features x goals; single floats are exact here."""
    across = values.transpose(0, 2, 1).astype(np.float32)
    return (across @ member.astype(np.float32)).astype(np.int64)


def _with_uncoded(fixed: Constraints, present: Bools, assessed: Bools, member: Bools) -> Codes:
    """Append the models that were not coded."""
    goals = np.eye(len(fixed.uncoded), dtype=bool)
    served = np.repeat(goals, list(fixed.uncoded.values()), axis=0)
    served = np.broadcast_to(served, (len(member), *served.shape))
    nothing = np.zeros((*served.shape[:2], present.shape[2]), dtype=bool)
    return (
        np.concatenate([present, nothing], axis=1),
        np.concatenate([assessed, nothing], axis=1),
        np.concatenate([member, served], axis=1),
    )


# --- Hard bounds ----------------------------------------------------------------------------------


def bounds(metric: Metric, reading: str) -> tuple[int, int]:
    """Find the least and greatest value of a metric over all compatible data sets.

    Models that serve the same goals are exchangeable, so that counts by group decide; there is no
    variable for a single code, and the optimum is proven in less than a second.

    Parameters
    ----------
    metric : callable
        Takes the unknown counts and returns a linear expression in whole numbers, built from
        ``present(feature, goal=None)``, ``unclear(feature, goal=None)`` and
        ``features(goal=None)``: counts of models, or of features of all models, over all goals or
        in one. See `reconstruction.Counts`.
    reading : str
        One of `reconstruction.READINGS`.

    Returns
    -------
    low, high : int
        Both are attained.

    Raises
    ------
    ValueError
        For an unknown reading.
    RuntimeError
        If no bound is proven within the limit of deterministic time.
    ModuleNotFoundError
        If OR-tools is not installed.

    Examples
    --------
    >>> bounds(lambda data: data.present("participation"), "memberships")
    (34, 38)
    """
    return _extremes(metric, Counts(solver().CpModel(), constraints(reading)))


def _extremes(metric: Metric, data: Counts) -> tuple[int, int]:
    value = metric(data)
    data.model.minimize(value)
    low = optimum(data.model).objective_value
    data.model.maximize(value)
    return round(low), round(optimum(data.model).objective_value)


# --- Ranges ---------------------------------------------------------------------------------------


def ranges(draws: int = 4_000, seed: int = 1) -> pd.DataFrame:
    """Say how far the publication determines each number behind the figures.

    Parameters
    ----------
    draws : int, default 4000
        Compatible data sets to draw for each reading under each prior of `sample`.
    seed : int, default 1
        Equal seeds give equal ranges.

    Returns
    -------
    DataFrame
        For each of the readings `RANGED`, one row a number: ``reading``; ``measure``
        (feature-share, feature-share-by-goal, mean-features); ``feature_id`` and ``goal_id``,
        empty where they do not apply; ``n`` coded models; ``low`` and ``high``, which enclose 95 %
        of the compatible data sets under the prior ``counts``, and ``low_once`` and ``high_once``
        under ``matrices``, where each data set counts once; ``bound_low`` and ``bound_high``, which
        enclose all; in models, or for mean-features in features per coded model to four decimals.
        ``basis`` is published (printed), implied (only one value is possible) or bounded.
    """
    return pd.DataFrame([row for reading in RANGED for row in _rows(reading, draws, seed)])


def load_ranges(file: Path = RANGES) -> pd.DataFrame:
    """Read ranges.

    Parameters
    ----------
    file : Path, optional
        Without it, the file that comes with the package.

    Returns
    -------
    DataFrame
        As `ranges` gives.
    """
    return pd.read_csv(file, keep_default_na=False, dtype=dict.fromkeys(NUMBERS, float))


def _rows(reading: str, draws: int, seed: int) -> Iterator[dict[str, object]]:
    fixed = constraints(reading)
    drawn = [sample(reading, draws, seed=seed, prior=prior) for prior in PRIORS]
    data = Counts(solver().CpModel(), fixed)
    bound = cache(lambda feature, goal: _extremes(_metric(feature, goal), data))
    for quantity in zip(*(_quantities(fixed, tables(d)) for d in drawn), strict=True):
        measure, feature, goal, n, _ = quantity[0]
        low, high = bound(_alike(feature, fixed)[0] if feature else "", goal)
        inner = [end for *_, found in quantity for end in _enclosing(found)]
        per = n if measure == "mean-features" else 1
        numbers = [_decimal(int(number), per) for number in (*inner, low, high)]
        yield {
            "reading": reading,
            "measure": measure,
            "feature_id": feature,
            "goal_id": goal,
            "n": n,
            **dict(zip(NUMBERS, numbers, strict=True)),
            "basis": _basis(feature, goal, fixed, implied=low == high),
        }


def _enclosing(drawn: Ints) -> list[int]:
    """Enclose 95 % of the draws."""
    ends: list[int] = np.quantile(drawn, [0.025, 0.975], method="inverted_cdf").tolist()
    return ends


def _quantities(fixed: Constraints, counted: Tables) -> Iterator[tuple[str, str, str, int, Ints]]:
    """Go through the numbers behind the figures: measure, feature, goal, base, draws.

    Features of which the same is known are exchangeable, so that the draws of all of them count.
    """
    features, goals = list(fixed.present), list(enumerate(fixed.coded.items()))
    alike = {f: [features.index(other) for other in _alike(f, fixed)] for f in features}
    for feature, n in fixed.assessed.items():
        yield "feature-share", feature, "", n, counted.features[:, alike[feature]]
    for feature in features:
        for j, (goal, n) in goals:
            yield "feature-share-by-goal", feature, goal, n, counted.by_goal[:, alike[feature], j]
    for j, (goal, n) in goals:
        yield "mean-features", "", goal, n, counted.totals[:, j]
    yield "mean-features", "", "", fixed.models, counted.features.sum(axis=1)


def _metric(feature: str, goal: str) -> Metric:
    within = goal or None
    if feature:
        return lambda data: data.present(feature, within)
    return lambda data: data.features(within)


def _alike(feature: str, fixed: Constraints) -> list[str]:
    """List the features of which exactly the same is known."""
    known = {f: (n, fixed.assessed[f], f == fixed.broken_down) for f, n in fixed.present.items()}
    return [other for other in known if known[other] == known[feature]]


def _basis(feature: str, goal: str, fixed: Constraints, *, implied: bool) -> str:
    overall = bool(feature) and feature not in fixed.unpublished
    printed = feature == fixed.broken_down if goal else overall
    return "published" if printed else "implied" if implied else "bounded"


def _decimal(total: int, n: int) -> float:
    """Divide exactly, and round half up to four decimals."""
    return float((Decimal(total) / n).quantize(Decimal("0.0001"), ROUND_HALF_UP))
