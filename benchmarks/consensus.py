"""How often the interval of a share holds the true share, by the rule that settles disagreement.

Coders err independently: each finds a feature that is there with one probability (sensitivity) and
misses one that is not with another (specificity). Run: .venv/bin/python benchmarks/consensus.py
"""

from itertools import product

import numpy as np
import pandas as pd
from scipy.stats import binom

from soila_analysis import metrics

CODERS, TRUE_SHARES, MODELS = (2, 3, 6), (0.11, 0.15, 0.5, 0.9), (24, 52, 200)
SENSITIVITIES, SPECIFICITIES = (0.55, 0.7, 0.8, 0.9), (0.9, 0.97)
SAMPLES = 2000


def counts(
    coders: int, share: float, errors: tuple[float, float], models: int, *, right: bool = False
) -> tuple[pd.DataFrame, float]:
    """Draw how many models 0, 1, ... of the coders find the feature in, and give the true share.

    If some coder is to be right about each model, others never occur.
    """
    sensitivity, specificity = errors
    finding = np.arange(coders + 1)
    there = share * binom.pmf(finding, coders, sensitivity)
    missing = (1 - share) * binom.pmf(finding, coders, 1 - specificity)
    if right:
        there[0], missing[-1] = 0, 0
    pattern = there + missing
    drawn = np.random.default_rng(1).multinomial(models, pattern / pattern.sum(), size=SAMPLES)
    return pd.DataFrame(drawn, columns=finding), there.sum() / pattern.sum()


def tallied(drawn: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Bring the codes together by a rule, as `metrics.tally` counts them."""
    coders = drawn.columns[-1]
    last = {"unanimous": 0, "majority": (coders - 1) // 2}[rule]  # outvoted at most
    table = pd.DataFrame(0, drawn.index, list(metrics.STATUSES))
    table["absent"] = drawn.loc[:, :last].sum(axis=1)
    table["present"] = drawn.loc[:, coders - last :].sum(axis=1)
    table["disagreement"] = drawn.sum(axis=1) - table["absent"] - table["present"]
    return table.assign(all_present=drawn[coders], all_absent=drawn[0])


def coverage(share: float, table: pd.DataFrame, low: str = "low", high: str = "high") -> float:
    """Return in what part of the samples an interval holds the true share."""
    return float(table[low].le(share).mul(table[high].ge(share)).mean())


def row(coders: int, share: float, errors: tuple[float, float], models: int) -> dict[str, float]:
    """Measure one setting."""
    drawn, _ = counts(coders, share, errors, models)
    found: dict[str, float] = {"coders": coders, "share": share, "models": models}
    found |= dict(zip(("sensitivity", "specificity"), errors, strict=True))
    for rule in ("unanimous", "majority"):
        table = tallied(drawn, rule)
        plain = metrics.shares(table.assign(disagreement=0)[list(metrics.STATUSES)])
        printed = metrics.shares(table)
        found[rule] = coverage(share, plain)
        found[f"error of {rule}"] = float(np.sqrt((plain["share"] - share).pow(2).mean()))
    found["bounds"] = coverage(share, printed, "share_min", "share_max")
    found["widened"] = coverage(share, printed)
    drawn, true = counts(coders, share, errors, models, right=True)
    found["some coder right"] = coverage(true, metrics.shares(tallied(drawn, "majority")))
    return found


def measured() -> pd.DataFrame:
    """Measure all settings."""
    errors = list(product(SENSITIVITIES, SPECIFICITIES))
    return pd.DataFrame([row(*setting) for setting in product(CODERS, TRUE_SHARES, errors, MODELS)])


def main() -> None:
    """Print, by number of coders, how often each interval covers, and how far each rule errs."""
    table = measured()
    ways = ["unanimous", "majority", "bounds", "widened", "some coder right"]
    by = table.groupby("coders")
    print("settings in which it covers .93 or more:")
    print(table[ways].ge(0.93).groupby(table["coders"]).mean().round(2))
    print("median and lowest coverage:")
    print(by[ways].agg(["median", "min"]).round(2).to_string())
    print("root mean square error, median:")
    print(by[["error of unanimous", "error of majority"]].median().round(3))
    print("where the widened interval covers less than .93:")
    short = table[table["widened"] < 0.93]
    print(
        short.groupby(["coders", "share", "sensitivity"])["widened"].agg(["size", "min"]).round(2)
    )


if __name__ == "__main__":
    main()
