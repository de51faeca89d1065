"""How the published figures may have come about: readings that each explain all of them.

Each of `READINGS` says how one set of counts could lie behind the figures as a whole; what a single
printed percentage implies is found in `grim`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import permutations, product
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from soila_analysis.metrics.rounding import SHARE_RULES, percent
from soila_analysis.review.grim import fitting_bases, numerators, parsed
from soila_analysis.review.published import SOILA_2024, Published


@dataclass(frozen=True)
class Solution:
    """One set of counts that prints as published, under one reading.

    Parameters
    ----------
    labels
        The printed label of each goal, in the order of the goals.
    bases, counts
        For each goal: how many were coded, and how many of them have the feature broken down.
    k
        How many have that feature over all goals, each counted once.
    share_bases
        The base of each published share, in the order of `Published.shares`; empty under a reading
        in which shares have no single base.
    unclear
        The number of unclear codes that it takes.
    """

    labels: tuple[str, ...]
    bases: tuple[int, ...]
    counts: tuple[int, ...]
    k: int
    share_bases: tuple[int, ...]
    unclear: int = 0


@dataclass(frozen=True)
class Reading:
    """One way in which the published figures may have come about.

    Parameters
    ----------
    id, name, description
        A short id, a word, and the reading in a sentence.
    solve
        `Case` -> all its solutions.
    share_bases
        The bases that a feature's share may have.
    goal_bases
        The bases that a label may have in a goal of the printed size.
    goals_as_printed
        False if the reading leaves the goals' sizes free.
    rule
        The rounding rule of shares and labels that the reading insists on, if any.
    """

    id: str
    name: str
    description: str
    solve: "Callable[[Case], Iterator[Solution]]"
    share_bases: Callable[[Published], range]
    goal_bases: Callable[[Published, int], range]
    goals_as_printed: bool = True
    rule: str | None = None


@dataclass(frozen=True)
class Answer:
    """What the published figures say under one reading.

    Parameters
    ----------
    reading
        Its id.
    feasible
        Whether any set of counts prints as published.
    solutions
        The number of solutions, by order of the labels: ``goal_order`` (first label is goal 1),
        ``chart_order`` (first label is the last goal), ``any_order``; then each once more with
        ``_within_axis`` (no bar longer than the axis) and ``_automatic_axis`` (bars for which
        spreadsheet software chooses that axis itself). Where unclear codes are allowed, only
        solutions with the fewest are counted.
    unclear
        The fewest unclear codes, under the same keys; None where there is no solution.
    identified
        What all solutions in any order agree on, as k/n; ``?`` for the half that they do not.
    conflicts
        What the reading contradicts, and the value printed there.
    """

    reading: str
    feasible: bool
    solutions: Mapping[str, int]
    unclear: Mapping[str, int | None]
    identified: Mapping[str, str]
    conflicts: Mapping[str, str]


Cell = tuple[int, int]  # (base, count): one goal's share
Cells = Sequence[Sequence[Cell]]  # for each goal, the cells that print as its label
Allocation = tuple[Cell, ...]  # one cell for each goal


class Case(NamedTuple):
    """What a reading is tried on.

    Attributes
    ----------
    reading : Reading
    published : Published
    labels : tuple of str
        One order of the printed labels: that of each goal.
    rule : str
        The rounding rule of single shares.
    """

    reading: Reading
    published: Published
    labels: tuple[str, ...]
    rule: str

    def cells(self) -> Iterator[Cells]:
        """For each possible set of goal sizes, the cells of each goal that print as its label."""
        ranges = [
            tuple(self.reading.goal_bases(self.published, size) for size in sizes)
            for sizes in self.published.goal_sizes
        ]
        for bases in dict.fromkeys(ranges):
            pairs = zip(self.labels, bases, strict=True)
            yield [_printing(label, base, self.rule) for label, base in pairs]

    def common_bases(self) -> Iterator[Cell]:
        """Each n at which all shares print, with each k of the feature broken down."""
        shares, bases = self.published.shares.values(), self.reading.share_bases(self.published)
        for n in fitting_bases([*shares], bases, self.rule):
            for k in numerators(self.published.overall, n, self.rule):
                yield n, k

    def solution(
        self, allocation: Allocation, k: int, share_bases: tuple[int, ...], unclear: int = 0
    ) -> Solution:
        """Put an allocation and the bases of the shares together."""
        bases, counts = zip(*allocation, strict=True)
        return Solution(self.labels, bases, counts, k, share_bases, unclear)


# --- The enumerations behind the readings ---------------------------------------------------------


def _one_goal_each(case: Case) -> Iterator[Solution]:
    """All shares have one base n; the goals' bases add up to n and their counts to k of n."""
    for n, k in case.common_bases():
        for cells in case.cells():
            for allocation in _allocations(cells, [(n, k)]):
                yield case.solution(allocation, k, (n,) * len(case.published.shares))


def _several_goals(case: Case) -> Iterator[Solution]:
    """All shares have one base of n models; a model counts in each of its goals."""
    for n, k in case.common_bases():
        for cells in case.cells():
            for allocation in _shared_allocations(cells, n, k, case.published.n - n):
                yield case.solution(allocation, k, (n,) * len(case.published.shares))


def _unclear_codes(case: Case) -> Iterator[Solution]:
    """Each feature has its own base: all models but those whose code for it is unclear.

    A feature not broken down takes the largest base that prints its share; the one broken down any
    base that also prints its labels.
    """
    largest = _largest_bases(case.published, case.rule)
    if largest is None:
        return
    for n in fitting_bases([case.published.overall], range(1, case.published.n + 1), case.rule):
        bases = {**largest, case.published.broken_down: n}
        unclear = sum(case.published.n - base for base in bases.values())
        for cells in case.cells():
            for k in numerators(case.published.overall, n, case.rule):
                for allocation in _allocations(cells, [(n, k)]):
                    yield case.solution(allocation, k, tuple(bases.values()), unclear)


def _means(case: Case) -> Iterator[Solution]:
    """Let the share over all goals be the unweighted mean of the goals' shares."""
    value, decimals = parsed(case.published.overall)
    for cells in case.cells():
        for allocation in product(*cells):
            if _printed_mean(allocation, case.rule, decimals) == value:
                yield case.solution(allocation, _total(allocation)[1], ())


def _any_reading(case: Case) -> Iterator[Solution]:
    """Try every other reading under the same rule."""
    for other in READINGS.values():
        if other is not case.reading:
            yield from other.solve(case._replace(reading=other))


def _largest_bases(published: Published, rule: str) -> dict[str, int] | None:
    """Find for each share the base that leaves fewest codes unclear; None if a share has none."""
    largest = {}
    for feature, share in published.shares.items():
        fitting = fitting_bases([share], range(published.n, 0, -1), rule)
        if not fitting:
            return None
        largest[feature] = fitting[0]
    return largest


@cache
def _printing(label: str, bases: range, rule: str) -> tuple[Cell, ...]:
    """All (base, count) that print as the label."""
    return tuple((base, k) for base in bases for k in numerators(label, base, rule))


def _allocations(cells: Cells, totals: Iterable[Cell]) -> Iterator[Allocation]:
    """One cell for each goal, such that (bases, counts) add up to one of the totals."""
    half, totals = len(cells) // 2, list(totals)
    tails = defaultdict(list)
    for tail in product(*cells[half:]):
        tails[_total(tail)].append(tail)
    for head in product(*cells[:half]):
        base, count = _total(head)
        for bases, counts in totals:
            for tail in tails.get((bases - base, counts - count), ()):
                yield (*head, *tail)


def _shared_allocations(cells: Cells, n: int, k: int, extra: int) -> Iterator[Allocation]:
    """One cell for each goal, of n models with at most `extra` memberships beyond their first.

    The k models with the feature and the n - k without it each need at least one goal.
    """
    totals = [(n + e, k + f) for e in range(extra + 1) for f in range(e + 1)]
    for allocation in _allocations(cells, totals):
        present = [count for _, count in allocation]
        absent = [base - count for base, count in allocation]
        if _can_belong(k, present) and _can_belong(n - k, absent):
            yield allocation


def _can_belong(models: int, memberships: Sequence[int]) -> bool:
    """Whether so many models, each in a goal or more, can make up the memberships by goal."""
    return max(memberships) <= models <= sum(memberships)


def _total(cells: Iterable[Cell]) -> Cell:
    bases, counts = zip(*cells, strict=True)
    return sum(bases), sum(counts)


def _printed_mean(allocation: Allocation, rule: str, decimals: int) -> int:
    total = sum((Fraction(count, base) for base, count in allocation), Fraction())
    mean = total / len(allocation)
    return percent(mean.numerator, mean.denominator, rule, decimals)


# --- The readings ---------------------------------------------------------------------------------


def _n(published: Published) -> range:
    return range(published.n, published.n + 1)


def _fewer(published: Published) -> range:
    return range(1, published.n)


def _more(published: Published) -> range:
    return range(published.n + 1, published.n_max + 1)


def _up_to_n(published: Published) -> range:
    return range(1, published.n + 1)


def _up_to_n_max(published: Published) -> range:
    return range(1, published.n_max + 1)


def _whole_goal(published: Published, size: int) -> range:
    return range(size, size + 1)


def _part_of_goal(published: Published, size: int) -> range:
    return range(1, size + 1)


def _goal_and_more(published: Published, size: int) -> range:
    return range(size, published.n + 1)


def _whatever_goal(published: Published, size: int) -> range:
    return range(1, published.n_max + 1)


_READINGS = (
    Reading(
        "H0",
        "complete",
        "All n models are coded and have one goal each.",
        solve=_one_goal_each,
        share_bases=_n,
        goal_bases=_whole_goal,
    ),
    Reading(
        "H1",
        "single base",
        "All shares have one base, whatever the goal shares say; one goal each.",
        solve=_one_goal_each,
        share_bases=_up_to_n_max,
        goal_bases=_whatever_goal,
        goals_as_printed=False,
    ),
    Reading(
        "H2",
        "literal",
        "The n models have one goal each, and some of them were not coded at all.",
        solve=_one_goal_each,
        share_bases=_fewer,
        goal_bases=_part_of_goal,
    ),
    Reading(
        "H3",
        "memberships",
        "The n are memberships of fewer models, some with several goals; all are coded.",
        solve=_several_goals,
        share_bases=_fewer,
        goal_bases=_whole_goal,
    ),
    Reading(
        "H3b",
        "main goals",
        "The n models have a main goal each; shares are of all memberships, which are more.",
        solve=_one_goal_each,
        share_bases=_more,
        goal_bases=_goal_and_more,
    ),
    Reading(
        "H4",
        "unclear",
        "The n models have one goal each, and codes are unclear feature by feature.",
        solve=_unclear_codes,
        share_bases=_up_to_n,
        goal_bases=_part_of_goal,
    ),
    Reading(
        "H5",
        "means",
        "A share over all goals is the mean of the goals' shares.",
        solve=_means,
        share_bases=_up_to_n,
        goal_bases=_part_of_goal,
    ),
    Reading(
        "H6",
        "mixed",
        "The n are memberships of fewer coded models, and some memberships may be uncoded.",
        solve=_several_goals,
        share_bases=_fewer,
        goal_bases=_part_of_goal,
    ),
    Reading(
        "truncation",
        "truncation",
        "Any of the readings, with percentages cut off instead of rounded.",
        solve=_any_reading,
        share_bases=_up_to_n_max,
        goal_bases=_part_of_goal,
        rule="truncation",
    ),
)
READINGS: Mapping[str, Reading] = MappingProxyType({r.id: r for r in _READINGS})
"""All readings by id. H2 and H3 are the two ends of H6, and H0 is H4 without unclear codes."""


# --- Questions to the readings --------------------------------------------------------------------


def solutions(
    reading: str, published: Published = SOILA_2024, rule: str = "half-up"
) -> list[Solution]:
    """Return every set of counts that prints as published under a reading.

    Parameters
    ----------
    reading
        The id of one of `READINGS`.
    published
        The figures.
    rule
        The rounding rule of shares and labels, one for single shares. The goal shares may follow
        any rule.

    Returns
    -------
    list of Solution
        For every order of the labels; under H4 with any number of unclear codes.

    Raises
    ------
    ValueError
        If the reading or the rule is unknown.

    Examples
    --------
    >>> [(s.bases, s.counts) for s in solutions("H3")]
    [((20, 13, 9, 10), (12, 5, 6, 5)), ((20, 13, 9, 10), (10, 5, 6, 6))]
    """
    asked, rule = _asked(reading, rule)
    orders = dict.fromkeys(permutations(published.labels))
    cases = (Case(asked, published, labels, rule) for labels in orders)
    found = (s for case in cases for s in asked.solve(case))
    return list(dict.fromkeys(found))


def _asked(reading: str, rule: str) -> tuple[Reading, str]:
    """Look the reading up, with the rule that it insists on or else the given one."""
    if reading not in READINGS:
        raise ValueError(f"unknown reading '{reading}': choose one of {', '.join(READINGS)}")
    if rule not in SHARE_RULES:
        known = ", ".join(SHARE_RULES)
        raise ValueError(f"rule '{rule}' does not round single shares: choose one of {known}")
    return READINGS[reading], READINGS[reading].rule or rule


def answer(reading: str, published: Published = SOILA_2024, rule: str = "half-up") -> Answer:
    """Return what the published figures say under a reading.

    Parameters
    ----------
    reading, published, rule
        As for `solutions`.

    Returns
    -------
    Answer
        Whether it is feasible, in how many ways, what is identified, and what conflicts.

    Examples
    --------
    >>> complete = answer("H0")
    >>> complete.feasible, list(complete.conflicts.values())
    (False, ['91', '89', '89', '53', '8'])
    """
    found = solutions(reading, published, rule)
    asked, rule = _asked(reading, rule)
    counted, unclear = {}, {}
    for order, has_order in _ORDERS.items():
        for bars, has_bars in _BARS.items():
            fitting = [s for s in found if has_order(published, s) and has_bars(published, s)]
            fewest = min((s.unclear for s in fitting), default=None)
            counted[order + bars] = sum(s.unclear == fewest for s in fitting)
            unclear[order + bars] = fewest
    best = [s for s in found if s.unclear == unclear["any_order"]]
    return Answer(
        reading=reading,
        feasible=bool(found),
        solutions=counted,
        unclear=unclear,
        identified=_identified(best, published, rule),
        conflicts=_conflicts(asked, best, published, rule),
    )


def readings(published: Published = SOILA_2024, rule: str = "half-up") -> pd.DataFrame:
    """Return the answers of all readings as a table.

    Parameters
    ----------
    published, rule
        As for `solutions`.

    Returns
    -------
    DataFrame
        One row for each of `READINGS`: ``reading``, ``name``, ``feasible``, the counts of solutions
        as in `Answer`, ``unclear`` (the fewest unclear codes, any order), ``unclear_within_axis``,
        ``identified`` and ``conflicts``.
    """
    rows = []
    for reading in READINGS.values():
        found = answer(reading.id, published, rule)
        rows.append(
            {
                "reading": reading.id,
                "name": reading.name,
                "feasible": found.feasible,
                **found.solutions,
                "unclear": found.unclear["any_order"],
                "unclear_within_axis": found.unclear["any_order_within_axis"],
                "identified": _listed(found.identified),
                "conflicts": _listed(found.conflicts),
            }
        )
    table = pd.DataFrame(rows)
    return table.astype({"unclear": "Int64", "unclear_within_axis": "Int64"})


def _listed(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def automatic_axis(bars: Sequence[int]) -> int:
    """Return where spreadsheet software ends an axis from 0 in steps of 1.

    It is the first step above ``max + (max - min) / 20``.

    Parameters
    ----------
    bars
        The lengths of the bars.

    Returns
    -------
    int
        The highest number on the axis.

    Examples
    --------
    >>> automatic_axis([7, 5, 6, 6]), automatic_axis([8, 8, 3, 6])
    (8, 9)
    """
    return (21 * max(bars) - min(bars)) // 20 + 1


_ORDERS: Mapping[str, Callable[[Published, Solution], bool]] = {
    "goal_order": lambda published, s: s.labels == published.labels,
    "chart_order": lambda published, s: s.labels == published.labels[::-1],
    "any_order": lambda published, s: True,
}
_BARS: Mapping[str, Callable[[Published, Solution], bool]] = {
    "": lambda published, s: True,
    "_within_axis": lambda published, s: max(s.counts) <= published.axis,
    "_automatic_axis": lambda published, s: automatic_axis(s.counts) == published.axis,
}


def _identified(found: Sequence[Solution], published: Published, rule: str) -> dict[str, str]:
    """Collect what all solutions agree on: each share and label as k/n, the leading goals."""
    if not found:
        return {}
    agreed = {}
    for i, (feature, printed) in enumerate(published.shares.items()):
        bases = {n for s in found for n in s.share_bases[i : i + 1]}
        counts = {k for n in bases for k in numerators(printed, n, rule)}
        agreed[feature] = _fraction(counts, bases)
    for i in range(len(published.goals)):
        counts, bases = {s.counts[i] for s in found}, {s.bases[i] for s in found}
        agreed[f"goal {i + 1}"] = _fraction(counts, bases)
    leaders = {_leaders(s) for s in found}
    if len(leaders) == 1:
        agreed["leading"] = " ".join(f"goal {i + 1}" for i in leaders.pop())
    return {name: value for name, value in agreed.items() if value != "?/?"}


def _fraction(counts: set[int], bases: set[int]) -> str:
    k, n = (str(min(values)) if len(values) == 1 else "?" for values in (counts, bases))
    return f"{k}/{n}"


def _leaders(solution: Solution) -> tuple[int, ...]:
    shares = [Fraction(k, n) for k, n in zip(solution.counts, solution.bases, strict=True)]
    return tuple(i for i, share in enumerate(shares) if share == max(shares))


def _conflicts(
    reading: Reading, found: Sequence[Solution], published: Published, rule: str
) -> dict[str, str]:
    """Collect what the reading contradicts: shares, labels, goal shares, their sum, the axis."""
    against = {
        feature: printed
        for feature, printed in published.shares.items()
        if not any(numerators(printed, n, rule) for n in reading.share_bases(published))
    }
    if labels := _impossible_labels(reading, published, rule):
        against["labels"] = " ".join(labels)
    if not _goal_shares_fit(reading, found, published):
        against["goals"] = " ".join(published.goals)
    if not found and not against:
        against |= _impossible_sum(reading, published, rule)
    if _shortest_chart(reading, found, published, rule) > published.axis:
        against["axis"] = str(published.axis)
    return against


def _impossible_labels(reading: Reading, published: Published, rule: str) -> list[str]:
    """Find the labels that no goal can print."""
    bases = {reading.goal_bases(published, g) for sizes in published.goal_sizes for g in sizes}
    return [
        label
        for label in published.labels
        if bases and not any(_printing(label, base, rule) for base in bases)
    ]


def _goal_shares_fit(reading: Reading, found: Sequence[Solution], published: Published) -> bool:
    if reading.goals_as_printed:
        return bool(published.goal_sizes)
    totals = {sum(s.bases) for s in found}
    return not totals or any(published.divisions(n) for n in totals)


def _impossible_sum(reading: Reading, published: Published, rule: str) -> dict[str, str]:
    """Each value is possible but not together: no common base, or else the labels' total."""
    shares = list(published.shares.values())
    needs_one_base = reading.solve in (_one_goal_each, _several_goals)
    if needs_one_base and not fitting_bases(shares, reading.share_bases(published), rule):
        return {"shares": " ".join(shares)}
    return {published.broken_down: published.overall}


def _shortest_chart(
    reading: Reading, found: Sequence[Solution], published: Published, rule: str
) -> int:
    """Measure the least longest bar; without solutions, as far as the labels alone tell."""
    if found:
        return min(max(s.counts) for s in found)
    charts = [
        max(min(count for _, count in goal) for goal in cells)
        for labels in permutations(published.labels)
        for cells in Case(reading, published, labels, rule).cells()
        if all(cells)
    ]
    return min(charts, default=0)
