"""The figures that a review printed, and which bases can print its shares."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import pandas as pd

from soila_analysis.metrics.rounding import RULES
from soila_analysis.review.grim import compositions, numerators, parsed


@dataclass(frozen=True)
class Published:
    """The figures that a review printed: input to every reading.

    Parameters
    ----------
    n
        The number of models printed beside the goal shares.
    goals
        The goals' shares of the models, in the order of the goals.
    most_common, rarest
        The printed share of each feature listed, by feature id.
    broken_down
        The id of the feature whose shares within the goals are printed.
    labels
        Those shares, in the order in which they stand in the text. Which belongs to which goal is
        not taken for granted.
    axis
        The highest number on the axis of the chart that the labels stand in.
    n_max
        The largest single base to consider.

    Raises
    ------
    ValueError
        Listing all problems, if values are not percentages or do not belong together.
    """

    n: int
    goals: tuple[str, ...]
    most_common: Mapping[str, str]
    rarest: Mapping[str, str]
    broken_down: str
    labels: tuple[str, ...]
    axis: int
    n_max: int = 60

    def __post_init__(self) -> None:
        problems = []
        for printed in (*self.goals, *self.shares.values(), *self.labels):
            try:
                parsed(printed)
            except ValueError as error:
                problems.append(str(error))
        if not problems and len({parsed(goal)[1] for goal in self.goals}) != 1:
            problems.append("goal shares need equally many decimals")
        if len(self.labels) != len(self.goals):
            problems.append(f"{len(self.goals)} goals need as many labels, got {len(self.labels)}")
        if self.broken_down not in self.shares:
            problems.append(f"the share of '{self.broken_down}' over all goals is missing")
        if not 1 <= self.n <= self.n_max:
            problems.append(f"n must lie between 1 and n_max = {self.n_max}, got {self.n}")
        if problems:
            raise ValueError("\n".join(problems))

    @property
    def shares(self) -> dict[str, str]:
        """The printed shares of features over all goals, by feature id."""
        return {**self.most_common, **self.rarest}

    @property
    def overall(self) -> str:
        """The printed share, over all goals, of the feature that is broken down by goal."""
        return self.shares[self.broken_down]

    @property
    def goal_sizes(self) -> tuple[tuple[int, ...], ...]:
        """The divisions of n that print as the goal shares under some rule."""
        return self.divisions(self.n)

    def divisions(self, n: int) -> tuple[tuple[int, ...], ...]:
        """Divide another number of models so that the goal shares print under some rule."""
        return _divisions(self.goals, n)


@cache
def _divisions(goals: tuple[str, ...], n: int) -> tuple[tuple[int, ...], ...]:
    return tuple(sorted({parts for rule in RULES for parts in compositions(goals, n, rule)}))


SOILA_2024 = Published(
    n=52,
    goals=("39", "25", "17", "19"),
    most_common=MappingProxyType(
        {
            "target-group-needs": "91",
            "societal-goal": "89",
            "social-means": "89",
            "societal-solution": "87",
        }
    ),
    rarest=MappingProxyType(
        {
            "ecosystem-anchoring": "53",
            "new-working-idea": "62",
            "sustainability": "73",
            "new-interactions": "73",
        }
    ),
    broken_down="ecosystem-anchoring",
    labels=("60", "38", "67", "50"),
    axis=8,
)
"""The figures on the slides about the innovation review of 2024."""


def share_bases(
    published: Published = SOILA_2024, ns: Iterable[int] = range(30, 61), rule: str = "half-up"
) -> pd.DataFrame:
    """Tell, share by share, which bases can print it.

    Parameters
    ----------
    published
        The figures that a review printed; those of the 2024 review by default.
    ns
        The bases to try.
    rule
        A rule of `rounding.SHARE_RULES`.

    Returns
    -------
    DataFrame
        One row a feature and base: ``feature_id``, ``printed``, ``n``, ``k`` (the count that
        prints so, the smallest if there are several; missing if there is none) and ``stated``,
        whether the base is the one that the review states.
    """
    rows = [
        (feature, printed, n, next(iter(numerators(printed, n, rule)), None), n == published.n)
        for feature, printed in published.shares.items()
        for n in ns
    ]
    table = pd.DataFrame(rows, columns=["feature_id", "printed", "n", "k", "stated"])
    return table.astype({"k": "Int64"})
