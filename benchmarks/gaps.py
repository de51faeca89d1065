"""How often an evidence map without any structure shows a gap, by the rule here and by others.

Features are spread over the models without regard to the goals: every gap that is marked is false.

Run: python benchmarks/gaps.py
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from soila_analysis import metrics
from soila_analysis.metrics.gaps import LEVEL

MAPS = 2_000
SEED = 20261126
SHARES = {"common": (6.0, 2.0), "mixed": (1.0, 1.0), "rare": (0.6, 9.0)}  # beta distributions
MODELS: Mapping[str, Sequence[int]] = {
    "20, 13, 9, 10": (20, 13, 9, 10),
    "12 goals, 233": (41, 36, 31, 24, 22, 19, 17, 15, 12, 9, 4, 3),
    "30 goals, 600": (20,) * 30,
}
FEATURES = {4: 16, 12: 20, 30: 60}


def main() -> None:
    """Print for each kind of map the share with a false gap, and false gaps a map."""
    print(f"{'models':14} {'features':>8} {'shares':7} {'drawn':12} ", end="")
    print("  ".join(f"{name:>22}" for name in ("before", "no adjustment", "here")))
    for name, sizes in MODELS.items():
        maps = MAPS if len(sizes) < 30 else MAPS // 10
        for shares in SHARES:
            for drawn in ("independent", "clustered", "two goals"):
                rng = np.random.default_rng(SEED)
                found = [marked(sizes, shares, drawn, rng) for _ in range(maps)]
                shown = "  ".join(rate(np.array(one)) for one in zip(*found, strict=True))
                print(f"{name:14} {FEATURES[len(sizes)]:8} {shares:7} {drawn:12} {shown}")


def rate(found: np.ndarray) -> str:
    """Write the share of maps with a false gap, its standard error, and false gaps a map."""
    share = (found > 0).mean()
    error = (share * (1 - share) / len(found)) ** 0.5
    return f"{share:6.3f} ({error:.3f}) {found.mean():6.2f}"


def marked(
    sizes: Sequence[int], shares: str, drawn: str, rng: np.random.Generator
) -> tuple[int, int, int]:
    """Draw one map; count the cells marked by the former rule, by none adjusted, and here."""
    cells = structureless(sizes, shares, drawn, rng)
    found = metrics.gaps(cells)
    single = found["tail"] < LEVEL
    return (
        int((single | (found["k"] == 0)).sum()),
        int(single.sum()),
        int((found["gap"] != "").sum()),
    )


def structureless(
    sizes: Sequence[int], shares: str, drawn: str, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw a map: each feature is equally likely in the models of every goal."""
    goal = np.repeat(np.arange(len(sizes)), sizes)
    member = goal[:, None] == np.arange(len(sizes))
    if drawn == "two goals":  # a fifth of the models have a second goal
        second = rng.integers(len(sizes), size=len(goal))
        member |= (rng.random(len(goal)) < 0.2)[:, None] & (
            second[:, None] == np.arange(len(sizes))
        )
    likely = rng.beta(*SHARES[shares], FEATURES[len(sizes)])
    logit = np.log(likely / (1 - likely))
    if drawn == "clustered":  # some models have many features, others few
        logit = logit + rng.normal(0, 1, (len(goal), 1))
    has = rng.random((len(goal), len(likely))) < 1 / (1 + np.exp(-logit))
    k = member.T.astype(int) @ has
    inside = {
        "feature_id": np.tile([f"f{i}" for i in range(len(likely))], len(sizes)),
        "goal_id": np.repeat([f"g{i}" for i in range(len(sizes))], len(likely)),
        "k": k.ravel(),
        "n": np.repeat(member.sum(axis=0), len(likely)),
    }
    margin = {
        "feature_id": [f"f{i}" for i in range(len(likely))],
        "goal_id": "",
        "k": has.sum(axis=0),
        "n": len(goal),
    }
    return pd.concat([pd.DataFrame(inside), pd.DataFrame(margin)], ignore_index=True)


if __name__ == "__main__":
    main()
