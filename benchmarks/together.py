"""How often intervals of ratios of pairs of features hold, and pairs and clusters are false.

Sixteen features with shares from .15 to .95 are drawn for models in four ways: "independent";
"full", where some models have more of all features than others; "two clusters" of four features
each, the others independent; and "alternatives", four pairs of features that seldom go together.
True ratios are means over 400,000 models. Run: python benchmarks/together.py [SAMPLES]
"""

import sys

import numpy as np
import numpy.typing as npt
import pandas as pd

from soila_analysis import metrics

SAMPLES, SEED = 40, 20261127
MODELS = (24, 52, 200)
SHARES = np.linspace(0.15, 0.95, 16)[np.arange(16) * 7 % 16]  # clusters mix rare and common
KINDS = ("independent", "full", "two clusters", "alternatives")
PAIRS = np.triu_indices(len(SHARES), k=1)

Floats = npt.NDArray[np.float64]


def main(samples: int) -> None:
    """Print a row for each way of drawing and number of models."""
    print(
        "| features | models | all pairs | found, not widened | widened: miss "
        "| false of those found | found | associated | a stable cluster |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for kind in KINDS:
        true = truth(kind)
        for models in MODELS:
            rng = np.random.default_rng(SEED)
            rows = [measured(drawn(kind, models, rng), true) for _ in range(samples)]
            hold, plain, miss, false, found, cluster = pd.DataFrame(rows).mean()
            print(
                f"| {kind} | {models} | {hold:.3f} | {plain:.3f} | {miss:.3f} | {false:.3f} "
                f"| {found:.1f} | {(true != 1).sum()} | {cluster:.2f} |",
                flush=True,
            )


def chances(kind: str, models: int, rng: np.random.Generator) -> Floats:
    """Give each model its chance to have each feature."""
    lean = np.zeros((models, len(SHARES)))
    if kind == "full":
        lean += rng.normal(0, 1, (models, 1))
    elif kind == "two clusters":
        for start in (0, 4):
            lean[:, start : start + 4] += rng.normal(0, 2, (models, 1))
    elif kind == "alternatives":
        for start in (0, 2, 4, 6):
            lean[:, start : start + 2] += rng.normal(0, 2, (models, 1)) * [1, -1]
    return 1 / (1 + np.exp(-lean - np.log(SHARES / (1 - SHARES))))


def truth(kind: str) -> Floats:
    """Compute the true ratio of each pair; 1 where the two are independent by the drawing."""
    likely = chances(kind, 400_000, np.random.default_rng(SEED))
    mean = likely.mean(axis=0)
    ratio = (likely.T @ likely / len(likely) / np.outer(mean, mean))[PAIRS]
    first, second = PAIRS
    size = {"independent": 0, "full": 16, "two clusters": 4, "alternatives": 2}[kind]
    joined = first // max(size, 1) == second // max(size, 1)
    joined &= (second < 8) | (size == 16)
    return np.where(joined & (size > 0), ratio, 1.0)


def drawn(kind: str, models: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw a data set of statuses."""
    has = rng.random((models, len(SHARES))) < chances(kind, models, rng)
    return pd.DataFrame(np.where(has, "present", "absent"))


def measured(status: pd.DataFrame, true: Floats) -> tuple[float, ...]:
    """Measure intervals, pairs and clusters of one data set against the truth."""
    plain, table = metrics.feature_pairs(status, level=0), metrics.feature_pairs(status)
    known = plain["low"].notna().to_numpy()
    holds, wide = ((t["low"] <= true) & (t["high"] >= true) for t in (plain, table))
    found = (table["found"] != "").to_numpy()
    clusters = metrics.feature_clusters(status, resamples=100)
    return (
        holds[known].mean(),
        holds[found].mean() if found.any() else np.nan,
        (~wide)[found].sum() / max(found.sum(), 1),
        (true[found] == 1).sum() / max(found.sum(), 1),
        found.sum(),
        clusters["stable"].any(),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else SAMPLES)
