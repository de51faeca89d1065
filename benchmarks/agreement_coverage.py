"""How often the 95% intervals of agreement hold the true value, by simulation.

A coder gives a model's own code with a probability, else guesses it by the code's prevalence; two
coders then agree beyond chance by the square of that probability, which is the true alpha. Models
differ: half are easier to code than the other half, in all features. Each sample is measured by
`agreement_by_feature`, as a data set is. Run: .venv/bin/python benchmarks/agreement_coverage.py
"""

import sys
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

from soila_analysis.metrics import agreement_by_feature

SAMPLES, REPLICATES = 1000, 1000
ALPHAS = (0.5, 0.8, 0.95)
MODELS, CODERS, MISSING = (24, 52), (2, 3, 6), (0.0, 0.2)
COUNTS_AS = {"0": "present", "1": "absent", "2": "unclear", "3": "not-applicable"}
GUESSES = {  # how often each code occurs, in features with one common code and with two
    "decided": ((0.5, 0.5), (0.9, 0.1)),
    "all": ((0.45, 0.45, 0.05, 0.05), (0.85, 0.05, 0.05, 0.05)),
}
MEASURED = ("alpha", "ac1", "percent-agreement")

Floats = npt.NDArray[np.float64]


def truth(alpha: Floats, shares: Floats) -> dict[str, Floats]:
    """True values of each feature, and last of all together."""
    agreed = alpha + (1 - alpha) * (shares**2).sum(axis=1)
    agreed = np.append(agreed, agreed.mean())
    every = np.vstack([shares, shares.mean(axis=0)])
    by_alpha = (every**2).sum(axis=1)
    by_ac1 = (every * (1 - every)).sum(axis=1) / (shares.shape[1] - 1)
    beyond = [(agreed - chance) / (1 - chance) for chance in (by_alpha, by_ac1)]
    return dict(zip(MEASURED, [*beyond, agreed], strict=True))


def sample(
    rng: np.random.Generator,
    alpha: Floats,
    shares: Floats,
    models: int,
    coders: int,
    missing: float,
) -> pd.DataFrame:
    """Draw the codings of a data set."""
    size = (coders, models, len(alpha))
    easier = np.where(np.arange(models) % 2, 0.5, -0.5)[:, np.newaxis]
    knows = rng.random(size) < np.sqrt(alpha + easier * (1 - alpha))
    edges = shares.cumsum(axis=1)[:, :-1]
    own = (rng.random((models, len(alpha), 1)) > edges).sum(axis=-1)
    guess = (rng.random((*size, 1)) > edges).sum(axis=-1)
    coder, model, feature = np.nonzero(rng.random(size) >= missing)
    code = np.where(knows, own, guess)[coder, model, feature]
    table = {"model_id": model, "feature_id": feature, "coder_id": coder, "code": code}
    return pd.DataFrame(table).astype(str)


def coverage(compared: str, models: int, coders: int, missing: float, samples: int) -> pd.DataFrame:
    """Share of the intervals of each feature, then of all together, that hold the true value."""
    pairs = [*product(ALPHAS, GUESSES[compared])]
    alpha, shares = np.array([a for a, _ in pairs]), np.array([s for _, s in pairs])
    true, features = truth(alpha, shares), [str(i) for i in range(len(pairs))]
    rng = np.random.default_rng(1)
    held = {name: [] for name in MEASURED}  # type: dict[str, list[Floats]]
    for _ in range(samples):
        codings = sample(rng, alpha, shares, models, coders, missing)
        found = agreement_by_feature(
            codings, COUNTS_AS, features, compared=compared, replicates=REPLICATES
        )
        for name, rows in found.groupby("coefficient"):
            if name in held:
                low, high = rows["low"].to_numpy(), rows["high"].to_numpy()
                hit = (low <= true[name]) & (true[name] <= high)
                held[name].append(np.where(np.isnan(low), np.nan, hit))
    return pd.DataFrame({name: np.nanmean(hits, axis=0) for name, hits in held.items()})


if __name__ == "__main__":
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES
    heads = [f"{a:g}{common}" for a, common in product(ALPHAS, ("", "*"))]
    print(f"{samples} samples; alpha by its true value, * where one code is 85 or 90% of all")
    print("| codes | models | coders | missing |", " | ".join([*heads, "all", *MEASURED[1:]]), "|")
    print("|---|" + "---|" * (len(heads) + 6))
    for compared, models, coders, missing in product(GUESSES, MODELS, CODERS, MISSING):
        found = coverage(compared, models, coders, missing, samples)
        cells = [f"{value:.2f}" for value in found["alpha"]]
        ends = [f"{found[name].min():.2f}-{found[name].max():.2f}" for name in MEASURED[1:]]
        settings = [str(len(GUESSES[compared][0])), str(models), str(coders), f"{missing:g}"]
        print("|", " | ".join([*settings, *cells, *ends]), "|", flush=True)
