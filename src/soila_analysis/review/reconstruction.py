"""Codes that give the published percentages exactly: a reconstruction, not the review's own data.

A reading of the published figures fixes counts (`constraints`). Models that serve the same goals
form a group, and all that the figures speak of depends on two things only: how many models each
group has, and how many of them have each feature. These few counts are the variables of an integer
programme (`Counts`), which CP-SAT solves to proven optimality; which models of a group have the
feature is then decided by a hash. Every tie is broken by hash-derived weights, so that there is
one optimum, and equal seeds give equal bytes however many workers search for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from soila_analysis import taxonomy
from soila_analysis.dataset import Dataset, DatasetInfo, Trilingual, load, save
from soila_analysis.dataset.metadata import REVIEW
from soila_analysis.language import messages
from soila_analysis.review import claims
from soila_analysis.review.grim import numerators
from soila_analysis.review.published import SOILA_2024
from soila_analysis.review.readings import Solution, solutions

CODER = "reconstruction"
LEAD = Fraction(3, 10)  # features per coded model by which the leading goal is ahead of each other
DETERMINISTIC_TIME = 60.0  # CP-SAT's own measure of work, the same on every machine
TIE_BREAK = 2**20  # weights that break ties lie below this,
FIRST = 2**32  # and all of them together below one step of what is minimised first
LARGE = 10**6  # no deviation comes near it

# By reading: its id among the readings of `consistency`, and whether the labels of the chart stand
# in the chart's own order of categories, which is the goals' order reversed.
READINGS: Mapping[str, tuple[str, bool]] = MappingProxyType(
    {
        "literal": ("H2", True),
        "memberships": ("H3", False),
        "mixed": ("H6", True),
        "unclear": ("H4", False),
    }
)

Group = tuple[str, ...]  # the goals that its models serve


# --- What a reading fixes -------------------------------------------------------------------------


@dataclass(frozen=True)
class Constraints:
    """What the published figures fix under a reading.

    Parameters
    ----------
    reading : str
        One of `READINGS`.
    models : int
        The coded models.
    coded, uncoded : mapping of goal id to int
        Memberships of coded models, and of models that were not coded, which have one goal each.
        Where the coded memberships are more than the models, as many models have two goals.
    present : mapping of feature id to range
        How many models may have the feature: one number where its share was printed, else those
        strictly between the shares of the most common and of the rarest features.
    assessed : mapping of feature id to int
        The base of the feature's share; for the other coded models its code is unclear.
    broken_down : str
        The feature whose shares within the goals were printed.
    assessed_by_goal, present_by_goal : mapping of goal id to int
        Base and count of these shares.
    leading : str
        The goal whose coded models have most features on average, strictly.
    """

    reading: str
    models: int
    coded: Mapping[str, int]
    uncoded: Mapping[str, int]
    present: Mapping[str, range]
    assessed: Mapping[str, int]
    broken_down: str
    assessed_by_goal: Mapping[str, int]
    present_by_goal: Mapping[str, int]
    leading: str

    @property
    def extra(self) -> int:
        """The coded models that serve two goals."""
        return sum(self.coded.values()) - self.models

    @property
    def groups(self) -> tuple[Group, ...]:
        """The sets of goals that a coded model may serve: single ones, and pairs if needed."""
        sizes = (1, 2) if self.extra else (1,)
        return tuple(group for size in sizes for group in combinations(self.coded, size))

    @property
    def unpublished(self) -> tuple[str, ...]:
        """The features without a printed share."""
        return tuple(feature for feature in self.present if feature not in SOILA_2024.shares)


def replace(data: Dataset, folder: str | Path) -> None:
    """Write a reconstruction to a new folder, or over another reconstruction.

    Parameters
    ----------
    data : Dataset
        As `reconstruct` gives.
    folder : str or Path
        As for `dataset.save`.

    Raises
    ------
    ValueError
        If the folder holds codes that are none; they stay as they are.
    """
    if Path(folder).exists() and (kind := load(folder).info.kind) != "reconstructed":
        advice = "a reconstruction would replace its codes; name a new folder"
        raise ValueError(f"{folder}: a data set of kind {kind}; {advice}")
    save(data, folder)


@cache
def constraints(reading: str) -> Constraints:
    """Say what the published figures fix under a reading.

    Of the sets of counts that print as published under the reading, that with the fewest unclear
    codes is meant, and of these the one whose longest bar is nearest to the printed axis.

    Parameters
    ----------
    reading : str
        One of `READINGS`.

    Returns
    -------
    Constraints

    Raises
    ------
    ValueError
        For an unknown reading; the message lists the known ones.

    Examples
    --------
    >>> fixed = constraints("literal")
    >>> fixed.models, tuple(fixed.coded.values()), fixed.present["participation"]
    (45, (18, 9, 8, 10), range(34, 39))
    """
    found = _solution(reading)
    goals, features = taxonomy.load().goal_ids, taxonomy.load().feature_ids
    (sizes,) = SOILA_2024.goal_sizes
    coded = sizes if found.unclear else found.bases
    models = max(found.share_bases)
    assessed = dict.fromkeys(features, models)
    assessed |= zip(SOILA_2024.shares, found.share_bases, strict=True)
    present = {f: _printing(share, assessed[f]) for f, share in SOILA_2024.shares.items()}
    between = _between(present, assessed, models)
    return Constraints(
        reading=reading,
        models=models,
        coded=dict(zip(goals, coded, strict=True)),
        uncoded={g: n - c for g, n, c in zip(goals, sizes, coded, strict=True)},
        present={feature: present.get(feature, between) for feature in features},
        assessed=assessed,
        broken_down=SOILA_2024.broken_down,
        assessed_by_goal=dict(zip(goals, found.bases, strict=True)),
        present_by_goal=dict(zip(goals, found.counts, strict=True)),
        leading=claims.load().set_index("measure").loc["leading-goal", "printed"],
    )


def _solution(reading: str) -> Solution:
    if reading not in READINGS:
        raise ValueError(f'no reading "{reading}"; allowed: {", ".join(READINGS)}')
    hypothesis, chart_order = READINGS[reading]
    labels = SOILA_2024.labels[::-1] if chart_order else SOILA_2024.labels
    fitting = [found for found in solutions(hypothesis) if found.labels == labels]
    return min(fitting, key=lambda found: (found.unclear, max(found.counts), found.bases))


def _printing(share: str, n: int) -> range:
    counts = numerators(share, n)
    return range(counts[0], counts[-1] + 1)


def _between(present: Mapping[str, range], assessed: Mapping[str, int], models: int) -> range:
    """Find the counts strictly between the two published lists."""
    least = min(Fraction(present[f].start, assessed[f]) for f in SOILA_2024.most_common)
    most = max(Fraction(present[f][-1], assessed[f]) for f in SOILA_2024.rarest)
    fitting = [k for k in range(models + 1) if most < Fraction(k, models) < least]
    return range(fitting[0], fitting[-1] + 1)


# --- The integer programme ------------------------------------------------------------------------


class Counts:
    """The counts behind a data set as variables of a CP-SAT model, under all constraints.

    Parameters
    ----------
    model : CpModel
        Receives the variables and constraints.
    fixed : Constraints
        What the reading fixes.
    lead : Fraction, default 0
        By how many features per coded model the leading goal is at least ahead; strictly for 0.

    Attributes
    ----------
    size : dict of group to variable
        The models of each group.
    in_group, unclear_in_group : dict of (feature, group) to variable
        Those of them that have the feature, or for which it is unclear.
    in_goal : dict of (feature, goal) to variable
        The models of each goal that have the feature.
    total : dict of goal to variable
        The features of the goal's models together.
    """

    def __init__(self, model: Any, fixed: Constraints, lead: Fraction = Fraction(0)) -> None:
        self.model, self.fixed = model, fixed
        features, n = fixed.present, fixed.coded
        self.size = {s: self._up_to(self._most(s)) for s in fixed.groups}
        self.in_group = {(f, s): self._up_to(self._most(s)) for f in features for s in fixed.groups}
        self.unclear_in_group = {(f, s): self._up_to(self._open(f)) for f, s in self.in_group}
        self.in_goal = {(f, g): self._up_to(n[g]) for f in features for g in n}
        self.total = {g: self._up_to(n[g] * len(features)) for g in n}
        self._add_up()
        self._sizes_agree()
        self._features_agree()
        self._leads(lead)

    def present(self, feature: str, goal: str | None = None) -> Any:
        """Count the models that have a feature, of all or of one goal."""
        if goal is not None:
            return self.in_goal[feature, goal]
        return sum(self.in_group[feature, s] for s in self.size)

    def unclear(self, feature: str, goal: str | None = None) -> Any:
        """Count the models for which a feature is unclear, of all or of one goal."""
        return sum(self.unclear_in_group[feature, s] for s in self.groups(goal))

    def features(self, goal: str | None = None) -> Any:
        """Count the features of all coded models, or of those of one goal, together."""
        if goal is not None:
            return self.total[goal]
        return sum(self.present(feature) for feature in self.fixed.present)

    def groups(self, goal: str | None) -> list[Group]:
        """List the groups of a goal, or all."""
        return [s for s in self.size if goal is None or goal in s]

    def _most(self, group: Group) -> int:
        smallest = min(self.fixed.coded[goal] for goal in group)
        return min(smallest, self.fixed.extra) if len(group) > 1 else smallest

    def _open(self, feature: str) -> int:
        return self.fixed.models - self.fixed.assessed[feature]

    def _up_to(self, most: int) -> Any:
        return self.model.new_int_var(0, most, "")

    def _add_up(self) -> None:
        for (feature, goal), count in self.in_goal.items():
            self.model.add(count == sum(self.in_group[feature, s] for s in self.groups(goal)))
        for goal, total in self.total.items():
            self.model.add(total == sum(self.in_goal[f, goal] for f in self.fixed.present))

    def _sizes_agree(self) -> None:
        self.model.add(sum(self.size.values()) == self.fixed.models)
        for goal, coded in self.fixed.coded.items():
            self.model.add(sum(self.size[s] for s in self.groups(goal)) == coded)

    def _features_agree(self) -> None:
        model, fixed = self.model, self.fixed
        for feature, counts in fixed.present.items():
            model.add_linear_constraint(self.present(feature), counts[0], counts[-1])
            model.add(self.unclear(feature) == self._open(feature))
        for cell, present in self.in_group.items():
            model.add(present + self.unclear_in_group[cell] <= self.size[cell[1]])
        for goal, present in fixed.present_by_goal.items():
            unclear = fixed.coded[goal] - fixed.assessed_by_goal[goal]
            model.add(self.in_goal[fixed.broken_down, goal] == present)
            model.add(self.unclear(fixed.broken_down, goal) == unclear)

    def _leads(self, lead: Fraction) -> None:
        """Require T1/n1 - Tg/ng >= lead, and > 0, in whole numbers."""
        n, first = self.fixed.coded, self.fixed.leading
        for goal in (goal for goal in n if goal != first):
            ahead = n[goal] * self.total[first] - n[first] * self.total[goal]
            least = lead.numerator * n[first] * n[goal]
            self.model.add(lead.denominator * ahead >= max(1, least))


def solver() -> Any:
    """Import CP-SAT, which is an optional extra.

    Returns
    -------
    module
        ``ortools.sat.python.cp_model``.

    Raises
    ------
    ModuleNotFoundError
        If OR-tools is not installed; the message says how to install it.
    """
    try:
        from ortools.sat.python import cp_model
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "this needs OR-tools; install it with: pip install soila-analysis[reconstruction]"
        ) from error
    return cp_model


def optimum(model: Any, workers: int = 1) -> Any:
    """Solve a model that has an objective, to a proven optimum that is the same everywhere.

    Parameters
    ----------
    model : CpModel
    workers : int, default 1
        Threads of the search; they do not change the result.

    Returns
    -------
    CpSolver

    Raises
    ------
    RuntimeError
        If nothing is proven within the limit of deterministic time.
    """
    cp_model = solver()
    search = cp_model.CpSolver()
    search.parameters.random_seed = 1
    search.parameters.num_workers = workers
    search.parameters.max_deterministic_time = DETERMINISTIC_TIME
    status = search.solve(model)
    if status != cp_model.OPTIMAL:
        raise RuntimeError(f"no proven optimum: CP-SAT ended {search.status_name(status)}")
    return search


# --- The reconstruction ---------------------------------------------------------------------------


def reconstruct(reading: str, *, seed: int = 1, workers: int = 1) -> Dataset:
    """Make up codes that give every published figure under a reading.

    What the figures leave open is settled in this order:

    1. Features without a printed share get evenly spaced counts strictly between the rarest and
       the most common features, dealt to them by the seed.
    2. Models with two goals spread over the pairs of goals as near as possible to the product of
       the goals' sizes.
    3. All goals have as nearly as possible the same number of features per coded model, but that
       the goal that was said to have most leads each other by at least `LEAD` = 0.3. It must lead,
       and the figures do not say by how much: 0.3 shows, and is well inside what they allow.
    4. Given these totals, each feature is as nearly as possible independent of the goals.
    5. Which models have a feature, and all ties on the way, is settled by the seed.

    "As nearly as possible" is the least sum of absolute deviations throughout.

    Parameters
    ----------
    reading : str
        ``literal``, ``memberships``, ``mixed`` or ``unclear``; see `READINGS`.
    seed : int, default 1
        Equal seeds give equal data sets, byte by byte once saved; other seeds give others.
    workers : int, default 1
        Threads of the search; they do not change the result.

    Returns
    -------
    Dataset
        Of kind ``reconstructed``.

    Raises
    ------
    ValueError
        For an unknown reading.
    ModuleNotFoundError
        If OR-tools is not installed.
    """
    fixed = constraints(reading)
    solved = _solved(fixed, seed, workers)
    goals = _goals(fixed, solved, seed)
    codes = [row for cell in solved.present for row in _codes(cell, solved, goals, seed)]
    memberships = [(model, goal) for model, group in goals.items() for goal in group]
    names = [(model, f"Malli {model.removeprefix('M')}") for model in goals]
    return Dataset(
        name=f"review-2024-{reading}",
        info=_info(fixed),
        models=pd.DataFrame(names, columns=["model_id", "name"]),
        memberships=pd.DataFrame(memberships, columns=["model_id", "goal_id"]),
        codings=pd.DataFrame(codes, columns=["model_id", "feature_id", "coder_id", "code", "note"]),
    )


class _Solved(NamedTuple):
    """Models of each group, and those that have a feature or for which it is unclear."""

    size: dict[Group, int]
    present: dict[tuple[str, Group], int]
    unclear: dict[tuple[str, Group], int]


def _solved(fixed: Constraints, seed: int, workers: int) -> _Solved:
    model = solver().CpModel()
    counts = Counts(model, fixed, LEAD)
    targets = _targets(fixed, seed)
    for feature, target in targets.items():
        model.add(counts.present(feature) == target)
    settle = partial(_settle, model, seed=seed, workers=workers)
    size = settle(counts.size, _pairs_apart(counts))
    total = settle(counts.total, _unevenness(counts, targets))
    unclear = settle(counts.unclear_in_group, _dependence_of_unclear(counts))
    settle(counts.in_goal, _dependence(counts, targets, total))
    return _Solved(size, settle(counts.in_group, 0), unclear)


def _settle(
    model: Any, variables: Mapping[Any, Any], objective: Any, *, seed: int, workers: int
) -> dict[Any, int]:
    """Give variables the values of least objective, and among these of least random weight."""
    weights = sum(_hash(seed, repr(key)) % TIE_BREAK * v for key, v in variables.items())
    model.minimize(FIRST * objective + weights)
    search = optimum(model, workers)
    values = {key: int(search.value(variable)) for key, variable in variables.items()}
    for key, variable in variables.items():
        model.add(variable == values[key])
    return values


def _targets(fixed: Constraints, seed: int) -> dict[str, int]:
    """Fix every feature's count: evenly spaced ones are dealt to those without a printed share."""
    dealt = sorted(fixed.unpublished, key=lambda feature: _hash(seed, "target", feature))
    between, steps = fixed.present[dealt[0]], len(dealt) - 1
    width = len(between) - 1
    spaced = {f: between[(2 * i * width + steps) // (2 * steps)] for i, f in enumerate(dealt)}
    return {feature: spaced.get(feature, counts[0]) for feature, counts in fixed.present.items()}


def _pairs_apart(counts: Counts) -> Any:
    """How far the models with two goals are from the product of the goals' sizes."""
    coded = counts.fixed.coded
    products = {s: coded[s[0]] * coded[s[1]] for s in counts.size if len(s) == 2}
    whole, extra = sum(products.values()), counts.fixed.extra
    return _absolute(counts.model, [whole * counts.size[s] - extra * products[s] for s in products])


def _unevenness(counts: Counts, targets: Mapping[str, int]) -> Any:
    """How far the goals are from the same number of features per coded model."""
    models, features = counts.fixed.models, sum(targets.values())
    coded = counts.fixed.coded
    return _absolute(
        counts.model, [models * total - coded[g] * features for g, total in counts.total.items()]
    )


def _dependence_of_unclear(counts: Counts) -> Any:
    """How far a feature's unclear codes are from lying evenly over the goals."""
    fixed = counts.fixed
    deviations = [
        fixed.models * counts.unclear(feature, goal) - coded * counts.unclear(feature)
        for feature in fixed.present
        for goal, coded in fixed.coded.items()
    ]
    return _absolute(counts.model, deviations)


def _dependence(counts: Counts, targets: Mapping[str, int], total: Mapping[str, int]) -> Any:
    """How far features and goals are from independence, given the totals of both."""
    features = sum(targets.values())
    deviations = [
        features * count - targets[feature] * total[goal]
        for (feature, goal), count in counts.in_goal.items()
    ]
    return _absolute(counts.model, deviations)


def _absolute(model: Any, deviations: Sequence[Any]) -> Any:
    """Sum absolute values, for minimising."""
    sizes = [model.new_int_var(0, LARGE, "") for _ in deviations]
    for size, deviation in zip(sizes, deviations, strict=True):
        model.add(size >= deviation)
        model.add(size >= -deviation)
    return sum(sizes)


def _goals(fixed: Constraints, solved: _Solved, seed: int) -> dict[str, Group]:
    """Deal the models' goals, coded or not, to the numbered models."""
    coded = [group for group, size in solved.size.items() for _ in range(size)]
    uncoded = [(goal,) for goal, size in fixed.uncoded.items() for _ in range(size)]
    ids = [f"M{i:02}" for i in range(1, len(coded) + len(uncoded) + 1)]
    dealt = sorted(ids, key=lambda model: _hash(seed, "goals", model))
    return dict(zip(dealt, [*coded, *uncoded], strict=True))


def _codes(
    cell: tuple[str, Group], solved: _Solved, goals: Mapping[str, Group], seed: int
) -> list[tuple[str, str, str, str, str]]:
    """Deal the codes of one feature to the coded models of a group, which are its first."""
    feature, group = cell
    models = [model for model, served in goals.items() if served == group][: solved.size[group]]
    dealt = sorted(models, key=lambda model: _hash(seed, feature, model))
    present, unclear = solved.present[cell], solved.unclear[cell]
    codes = "1" * present + "0" * (len(models) - present - unclear) + "?" * unclear
    return [(model, feature, CODER, code, "") for model, code in zip(dealt, codes, strict=True)]


def _info(fixed: Constraints) -> DatasetInfo:
    numbers = {
        "models": fixed.models + sum(fixed.uncoded.values()),
        "coded": fixed.models,
        "memberships": SOILA_2024.n,
        "unclear": sum(fixed.models - n for n in fixed.assessed.values()),
    }
    return DatasetInfo(
        title=_said(f"title-{fixed.reading}", **numbers),
        kind="reconstructed",
        reading=fixed.reading,
        source=_said("source"),
        citation=_said("citation"),
        place=_said("place"),
        author=_said("author"),
        publisher=Trilingual.model_validate("soila_analysis"),
        claims=REVIEW,
        licence="CC-BY-4.0",
        round="2024",
        taxonomy=taxonomy.load().version,
        consensus="unanimous",
    )


def _said(key: str, **values: int) -> Trilingual:
    """Say something about a reconstruction in all languages."""
    return Trilingual(
        **{lang: messages(lang)(f"reconstruction.{key}", **values) for lang in taxonomy.LANGUAGES}
    )


def _hash(seed: int, *key: str) -> int:
    return int.from_bytes(sha256("|".join([str(seed), *key]).encode()).digest()[:8])
