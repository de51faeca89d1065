"""The classes of colour of an evidence map, which fit its data, and the gaps that it may mark."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from soila_analysis import metrics
from soila_analysis.figures.palette import HEAT
from soila_analysis.figures.wording import BOUNDED
from soila_analysis.language import Messages

FEW = 5  # of fewer models than this a share says little: only the count is shown


@dataclass(frozen=True, slots=True)
class Scale:
    """Classes of rounded shares: the lower edges of all but the first, and their colours."""

    edges: tuple[int, ...]
    colours: tuple[str, ...] = HEAT
    sparse: bool = False  # the first class is that of 0; cells say counts

    def place(self, row: Any) -> int | None:
        """Return the class of a cell; None where it has no colour."""
        if row.basis == BOUNDED or row.n < FEW:
            return None
        value = max(int(row.percent), int(row.k > 0))  # what rounds to 0 is not 0
        return sum(value >= edge for edge in self.edges)

    def names(self, t: Messages) -> list[str]:
        """Write the classes, the lowest first."""
        first, *rest = self.edges
        under = [t.number(0)] if self.sparse else []
        low = [rest.pop(0)] if self.sparse else [first]
        between = pairwise([*low, *rest, 101])
        return [
            *under,
            t("evidence-map.under", high=t.percent(low[0])),
            *(t("evidence-map.between", low=a, high=t.percent(b - 1)) for a, b in between),
        ]


SCALES = (
    Scale((50, 65, 80)),
    Scale((25, 50, 75)),
    Scale((1, 5, 10, 20), ("#ffffff", *HEAT), sparse=True),
)


def scale(table: pd.DataFrame) -> Scale:
    """Choose the scale whose largest class has the fewest cells; the first if none has a colour.

    Parameters
    ----------
    table : DataFrame
        Of the evidence map, with ``basis``.

    Returns
    -------
    Scale
    """
    cells = [row for row in table.itertuples() if row.goal_id]

    def largest(one: Scale) -> int:
        places = [place for row in cells if (place := one.place(row)) is not None]
        return int(np.bincount(places, minlength=1).max())

    return min(SCALES, key=largest)


def known_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Find the gaps of a map; of a reconstruction, whose cells are not known, only empty cells.

    Parameters
    ----------
    table : DataFrame
        Of the evidence map, with ``kind``.

    Returns
    -------
    DataFrame
        As `metrics.gaps` gives.
    """
    found = metrics.gaps(table)
    untested = (found["kind"] == "reconstructed") & (found["n"] > 0)
    return found.assign(gap=found["gap"].mask(untested, ""))
