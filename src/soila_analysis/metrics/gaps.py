"""Where features are missing: cells of the evidence map against independence."""

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, hypergeom

from soila_analysis.metrics import frames

LEVEL = 0.05
OPEN = ("unclear", "disagreed", "not_assessed", "not_applicable")


def gaps(cells: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """Mark the cells of an evidence map that hold less than independence lets expect.

    Were feature and goal independent, the models of a goal would be a random draw from all
    assessed models: the number of them that have the feature is then hypergeometric, and its
    lower tail is that of Fisher's exact test against the other models.

    Parameters
    ----------
    cells : DataFrame
        ``feature_id``, ``goal_id``, ``k``, ``n``, with the margin under an empty ``goal_id``, as
        `evidence_map` gives; a cell whose k or margin is missing is not tested.
    level : float, default 0.05
        Rate of false gaps among those marked that is not exceeded on average, over all cells with
        assessed models.

    Returns
    -------
    DataFrame
        The cells without the margin, with ``expected``, the number under independence;
        ``tail``, the probability of k or fewer; ``adjusted``, that by Benjamini and Hochberg; and
        ``gap``: "no-models" (the goal has none), "not-assessed" (n = 0), "none" (k = 0, at least
        one expected, adjusted at most `level`), "fewer" (k > 0, likewise), or empty.

    References
    ----------
    Benjamini & Hochberg (1995). Controlling the false discovery rate. Journal of the Royal
    Statistical Society B 57(1), 289-300. ``benchmarks/gaps.py`` measures how often maps without
    structure show a gap.

    Examples
    --------
    >>> rows = [("a", "g", 1, 9), ("a", "h", 9, 9), ("a", "", 10, 18)]
    >>> found = gaps(pd.DataFrame(rows, columns=["feature_id", "goal_id", "k", "n"]))
    >>> found[["goal_id", "expected", "gap"]].values.tolist()
    [['g', 5.0, 'fewer'], ['h', 5.0, '']]
    """
    frames.check(cells=cells)
    margin = cells[cells["goal_id"] == ""].set_index("feature_id")
    inside = cells[cells["goal_id"] != ""].reset_index(drop=True)
    whole = inside["feature_id"].map(margin["n"]).astype(float)
    present = inside["feature_id"].map(margin["k"]).astype(float)
    count = inside["k"].astype(float)
    expected = inside["n"] * present / whole.replace(0.0, np.nan)
    tail = pd.Series(hypergeom.cdf(count, whole, present, inside["n"]))
    assessed = inside["n"] > 0
    adjusted = tail.where(assessed)
    tested = adjusted.notna()
    adjusted[tested] = false_discovery_control(tail[tested])
    clear = adjusted <= level
    models = inside[["n", *(column for column in OPEN if column in inside)]].sum(axis=1)
    return inside.assign(
        expected=expected,
        tail=tail,
        adjusted=adjusted,
        gap=np.select(
            [models == 0, ~assessed, clear & (count > 0), clear & (expected >= 1)],
            ["no-models", "not-assessed", "fewer", "none"],
            "",
        ),
    )
