"""Where features are missing: cells of the evidence map against independence."""

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from soila_analysis.metrics import frames

LEVEL = 0.05


def gaps(cells: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """Mark the cells of an evidence map that hold less than independence lets expect.

    Were feature and goal independent, the models of a goal would be a random draw from all
    assessed models: the number of them that have the feature is then hypergeometric.

    Parameters
    ----------
    cells : DataFrame
        ``feature_id``, ``goal_id``, ``k``, ``n``, with the margin under an empty ``goal_id``, as
        `evidence_map` gives.
    level : float, default 0.05
        Largest probability of k or fewer that still counts as a gap; it is that of a single cell,
        not adjusted for their number.

    Returns
    -------
    DataFrame
        The cells without the margin, with ``expected``, the number under independence;
        ``tail``, the probability of k or fewer; and ``gap``: "not-assessed" (n = 0), "none"
        (k = 0), "fewer" (tail under `level`), or empty.

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
    present = inside["feature_id"].map(margin["k"])
    tail = hypergeom.cdf(inside["k"], whole, present, inside["n"])
    return inside.assign(
        expected=inside["n"] * present / whole.replace(0.0, np.nan),
        tail=tail,
        gap=np.select(
            [inside["n"] == 0, inside["k"] == 0, tail < level],
            ["not-assessed", "none", "fewer"],
            "",
        ),
    )
