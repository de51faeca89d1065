"""How often intervals of shares and of changes hold the true value, by simulation.

Models have the feature or not, and gain or lose it until the next round; the intervals are those of
`metrics.shares` and `metrics.share_changes`, as a comparison of rounds draws them. Then coders err.
Run: .venv/bin/python benchmarks/change_coverage.py [samples]
"""

import sys

import numpy as np
import numpy.typing as npt
import pandas as pd

from soila_analysis import metrics

SAMPLES = 1000
MODELS = (24, 52, 200)
# The share at first, and of those with and without the feature, how many lose and gain it.
CHANGES = {
    "none, few turn": (0.5, 0.04, 0.04),
    "none, many turn": (0.5, 0.2, 0.2),
    "none, common": (0.9, 0.02, 0.18),
    "+ 5 points": (0.5, 0.0, 0.1),
    "+ 20 points": (0.5, 0.1, 0.5),
    "+ 50 points": (0.25, 0.05, 0.7),
}
SHARES = (0.05, 0.15, 0.5, 0.9)
FEATURES = 16  # of a comparison; Holm asks this much of the smallest p-value
# Sensitivity and specificity of the coders of either round, who code many changes of no models.
CODERS = {
    "right": ((1.0, 1.0), (1.0, 1.0)),
    "err equally": ((0.93, 0.95), (0.93, 0.95)),
    "the later see more": ((0.93, 0.95), (0.98, 0.8)),
}

Bools = npt.NDArray[np.bool_]


def framed(present: Bools) -> pd.DataFrame:
    """Statuses of models x samples."""
    return pd.DataFrame(np.where(present, "present", "absent"))


def turned(rng: np.random.Generator, has: Bools, loses: float, gains: float) -> Bools:
    """What models have a round later."""
    return has ^ (rng.random(has.shape) < np.where(has, loses, gains))


def coded(rng: np.random.Generator, has: Bools, sensitivity: float, specificity: float) -> Bools:
    """What a coder finds."""
    return rng.random(has.shape) < np.where(has, sensitivity, 1 - specificity)


def held(table: pd.DataFrame, true: float, low: str = "low", high: str = "high") -> float:
    """Share of the intervals that hold the true value."""
    return float(((table[low] <= true + 1e-12) & (true - 1e-12 <= table[high])).mean())


def shares(rng: np.random.Generator, samples: int) -> None:
    """Intervals of shares."""
    print("| share | n = 24 | 52 | 200 |\n|---|---|---|---|")
    for share in SHARES:
        found = []
        for n in MODELS:
            table = metrics.shares(metrics.tally(framed(rng.random((n, samples)) < share)))
            found.append(f"{held(table, share):.2f}")
        print(f"| {share:.2f} | {' | '.join(found)} |")


def changes(rng: np.random.Generator, samples: int) -> None:
    """Intervals of changes: of the same models, and of two samples of others; the exact test."""
    print("\n| change | n | same models | other models | p < 0.05 | p < 0.05/16 |")
    print("|---|---|---|---|---|---|")
    for name, (share, loses, gains) in CHANGES.items():
        true = (1 - share) * gains - share * loses
        for n in MODELS:
            has = rng.random((n, samples)) < share
            now = turned(rng, has, loses, gains)
            table = metrics.share_changes(framed(has), framed(now))
            others = framed(turned(rng, rng.random((n, samples)) < share, loses, gains))
            apart = metrics.share_changes(framed(has), others)
            columns = [
                held(table, true, "paired_low", "paired_high"),
                held(apart, true),
                (table["p"] < 0.05).mean(),
                (table["p"] < 0.05 / FEATURES).mean(),
            ]
            print(f"| {name} | {n} | {' | '.join(f'{one:.2f}' for one in columns)} |")


def errors(rng: np.random.Generator, samples: int) -> None:
    """The same where coders err: what the interval of the codes says of the models."""
    print("\n| coders | change | n = 24 | 52 | 200 |\n|---|---|---|---|---|")
    for who, (then, later) in CODERS.items():
        for name in ("none, few turn", "+ 20 points"):
            share, loses, gains = CHANGES[name]
            true, found = (1 - share) * gains - share * loses, []
            for n in MODELS:
                has = rng.random((n, samples)) < share
                pair = (coded(rng, has, *then), coded(rng, turned(rng, has, loses, gains), *later))
                table = metrics.share_changes(*map(framed, pair))
                cover = held(table, true, "paired_low", "paired_high")
                found.append(f"{cover:.2f}, p < 0.05 in {(table['p'] < 0.05).mean():.2f}")
            print(f"| {who} | {name} | {' | '.join(found)} |")


def main() -> None:
    """Print all tables."""
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES
    rng = np.random.default_rng(15)
    shares(rng, samples)
    changes(rng, samples)
    errors(rng, samples)


if __name__ == "__main__":
    main()
