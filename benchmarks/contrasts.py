"""How often rank sets and intervals of contrasts hold, and how often tests find what is not there.

Run: python benchmarks/contrasts.py [draws of data sets, by default 40]
"""

import sys
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from soila_analysis import metrics

DRAWS = 40
SEED = 20261127
MODELS = (24, 52, 200)
LIKE = 0.2  # correlation of the features of a model, before they are cut to present and absent
MISSING = 0.1  # of the codes, where some are
APART = 0.8  # how much commoner features are in one goal, where there is a difference; in probits
LEVEL = 0.05
GOALS = ("a", "b", "c", "d")
REVIEW = (41, 40, 40, 39, 36, 36, 36, 36, 36, 36, 36, 36, 33, 33, 28, 24)  # of 45, as may be
TRUE: Mapping[str, np.ndarray] = {
    "spread from 5 to 97 %": np.linspace(0.05, 0.97, 16),
    "as in the review": np.array(REVIEW) / 45,
    "eight true ties at 75 %": np.r_[np.full(8, 0.75), np.linspace(0.1, 0.95, 8)],
    "all tied at 50 %": np.full(16, 0.5),
    "near the ends": np.r_[np.full(6, 0.98), np.full(4, 0.5), np.full(6, 0.03)],
    "three features, tied at 75 %": np.full(3, 0.75),
}


def main(draws: int = DRAWS) -> None:
    """Print a table of the ranks and one of the contrasts."""
    ranks(draws)
    differences(draws)


def ranks(draws: int) -> None:
    """Print how often all ranks at once are held."""
    print("| models | true shares | codes | all sets hold | all ranges hold | mean width |")
    print("|---|---|---|---|---|---|")
    for n in MODELS:
        for name, true in TRUE.items():
            for missing in (0.0, MISSING):
                print(f"| {n} | {name} | {_codes(missing)} | {_ranks(true, n, missing, draws)} |")


def differences(draws: int) -> None:
    """Print how often intervals hold, and how often something is found where nothing is."""
    print("\n| models | goals of a model | true shares | intervals of 0 hold |", end="")
    print(" intervals of a difference hold | wrong by Holm |", end="")
    print(" wrong by Benjamini and Hochberg | wrong over all goals, Holm |\n|" + "---|" * 8)
    for n in MODELS:
        for several in (False, True):
            for name in ("spread from 5 to 97 %", "as in the review", "near the ends"):
                goals = "some have two" if several else "one"
                print(f"| {n} | {goals} | {name} | {_contrasts(TRUE[name], n, several, draws)} |")


def coded(rng: np.random.Generator, true: np.ndarray, n: int, missing: float) -> pd.DataFrame:
    """Draw the statuses of n models whose features go together a little."""
    latent = LIKE**0.5 * rng.standard_normal((n, 1))
    latent = latent + (1 - LIKE) ** 0.5 * rng.standard_normal((n, len(true)))
    status = np.where(latent < norm.ppf(true), "present", "absent")
    status[rng.random(status.shape) < missing] = "unclear"
    return pd.DataFrame(status).rename(columns=lambda i: f"f{i:02}")


def _codes(missing: float) -> str:
    return f"{100 * missing:.0f} % unclear" if missing else "all"


def _ranks(true: np.ndarray, n: int, missing: float, draws: int) -> str:
    """Count how often all true ranks, of ties the best to the worst, lie in their sets."""
    rng = np.random.default_rng(SEED)
    best, worst = rankdata(-true, method="min"), rankdata(-true, method="max")
    held, width = {"sets": 0, "ranges": 0}, 0.0
    for _ in range(draws):
        status = coded(rng, true, n, missing)
        sets = metrics.rank_sets(status)
        ranges = metrics.rank_ranges(status, replicates=400)
        held["sets"] += ((sets["rank_low"] <= best) & (worst <= sets["rank_high"])).all()
        # a range is of the best rank that those tied share
        held["ranges"] += ((ranges["rank_low"] <= best) & (best <= ranges["rank_high"])).all()
        width += float((sets["rank_high"] - sets["rank_low"] + 1).mean()) / draws
    return f"{_rate(held['sets'], draws)} | {_rate(held['ranges'], draws)} | {width:.1f}"


def _contrasts(true: np.ndarray, n: int, several: bool, draws: int) -> str:
    """Spread features without regard to the goals, so that all that is found is wrong; or not."""
    rng = np.random.default_rng(SEED)
    by_feature = norm.cdf(norm.ppf(true) + APART) - true
    held: list[float] = []
    differ: list[float] = []
    wrong = dict.fromkeys(("p_holm", "p_bh", "p_feature_holm"), 0)
    for _ in range(draws):
        groups = _goals(rng, n, several)
        status = coded(rng, true, n, 0)
        found = metrics.contrasts(status, groups, GOALS, draws=999)
        held += list((found["low"] * found["high"]).dropna() <= 0)
        for column in wrong:
            wrong[column] += (found[column] < LEVEL).any()
        first = status.index.isin(groups.loc[groups["goal_id"] == GOALS[0], "model_id"])
        status[first] = coded(rng, true + by_feature, n, 0)[first]
        found = metrics.contrasts(status, groups, GOALS, draws=1)
        found = found[found["goal_id"] == GOALS[0]].assign(true=by_feature).dropna(subset=["low"])
        differ += list((found["low"] <= found["true"]) & (found["true"] <= found["high"]))
    shown = [f"{np.mean(held):.3f}", f"{np.mean(differ):.3f}"]
    return " | ".join([*shown, *(_rate(wrong[column], draws) for column in wrong)])


def _goals(rng: np.random.Generator, n: int, several: bool) -> pd.DataFrame:
    """Spread models over the goals, three in ten over two where some have several."""
    goal = rng.choice(GOALS, n, p=(0.4, 0.25, 0.2, 0.15))
    groups = pd.DataFrame({"model_id": np.arange(n), "goal_id": goal})
    if not several:
        return groups
    second = groups[rng.random(n) < 0.3].assign(goal_id=lambda rows: rng.choice(GOALS, len(rows)))
    return pd.concat([groups, second]).drop_duplicates()


def _rate(count: int, draws: int) -> str:
    """Write a share of the draws with its standard error."""
    share = count / draws
    return f"{share:.3f} ({(share * (1 - share) / draws) ** 0.5:.3f})"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
