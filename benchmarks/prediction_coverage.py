"""How often intervals of shares that people's codes correct hold the true share.

    python benchmarks/prediction_coverage.py [samples]

A language model codes all models, people a random part of them. True shares are .1, .5, .8 and
.93; the language model finds a feature that is there with probability .95, .8, .6 or .55, and finds
none where there is none with .9, .8, .95 or .5; the last one tells nothing. "Corrected" is
`metrics.model_and_people`; "normal" the interval of prediction-powered inference with a tuned
weight; "people alone" Wilson's of the sample; "model alone" Wilson's of all that it found.
"""

import sys
from itertools import product

import numpy as np
import pandas as pd
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from soila_analysis.metrics import prediction

SIZES = ((24, 6), (24, 12), (52, 13), (52, 26), (200, 20), (200, 50), (200, 100))
SHARES = (0.1, 0.5, 0.8, 0.93)
MODELS = ((0.95, 0.9), (0.8, 0.8), (0.6, 0.95), (0.55, 0.5))  # sensitivity, specificity
METHODS = ("people alone", "normal", "corrected", "model alone")


def intervals(pairs, k, n):
    """Give lower and upper ends by method."""
    people, found = pairs.both + pairs.people, pairs.both + pairs.model + k
    share, _, variance = prediction._powered(pairs, k, n)
    reach = norm.ppf(0.975) * np.sqrt(variance)
    better = prediction.corrected(pairs, k, n)
    told = {
        "people alone": (people, pairs.n),
        "corrected": (better.share * better.n, better.n),
        "model alone": (found, pairs.n + n),
    }
    ends = {name: proportion_confint(*one, method="wilson") for name, one in told.items()}
    return ends | {"normal": ((share - reach).clip(0), (share + reach).clip(max=1))}


def drawn(rng, models, sample, share, found, not_found, samples):
    """Draw what people and the language model find."""
    cells = [share * found, share * (1 - found), (1 - share) * (1 - not_found)]
    cells.append(1 - sum(cells))
    pairs = prediction.Pairs(*rng.multinomial(sample, cells, size=samples).T.astype(float))
    rest = np.full(samples, float(models - sample))
    return pairs, rng.binomial(models - sample, cells[0] + cells[2], size=samples) * 1.0, rest


def measured(samples, seed=1):
    """Measure coverage and width by size and method, and how often the correction is worth it."""
    rng = np.random.default_rng(seed)
    for size, share, model in product(SIZES, SHARES, MODELS):
        ends = intervals(*drawn(rng, *size, share, *model, samples))
        held = {m: (low <= share) & (share <= high) for m, (low, high) in ends.items()}
        wide = {m: high - low for m, (low, high) in ends.items()}
        worth = wide["people alone"] - wide["corrected"] >= prediction.WORTH
        yield {
            "size": size,
            "model": model,
            "worth": worth.mean(),
            "held": (held["corrected"] & worth).mean(),
            **{f"{m}, covers": held[m].mean() for m in METHODS},
            **{f"{m}, width": wide[m].mean() for m in METHODS},
        }


def main(samples=4000):
    """Print the tables."""
    found = pd.DataFrame(measured(samples))
    print(f"| models, by people | {' | '.join(METHODS)} | width: people, corrected |")
    print("|---" * (2 + len(METHODS)) + "|")
    for size, rows in found.groupby("size"):
        cells = [rows[f"{m}, covers"].agg(["median", "min"]) for m in METHODS]
        told = " | ".join(f"{one['median']:.2f} ({one['min']:.2f})" for one in cells)
        wide = ", ".join(f"{rows[f'{m}, width'].mean():.3f}" for m in METHODS[::2])
        print(f"| {size[0]}, {size[1]} | {told} | {wide} |")
    print("\n| models, by people | worth it, by the language model | covers where it is |")
    print("|---|---|---|")
    for size, rows in found.groupby("size"):
        worth = rows.groupby("model")["worth"].mean()
        told = ", ".join(f"{worth[model]:.2f}" for model in MODELS)
        held = rows["held"].sum() / rows["worth"].sum()
        print(f"| {size[0]}, {size[1]} | {told} | {held:.2f} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
