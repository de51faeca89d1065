"""How long agreement takes at a million units, against the krippendorff package, in one run.

Both get the same raw table of coders x units and give the same value. The bootstrap by repetition
resamples the units and calls the package again; a few repetitions are timed, and the time of all
is their median times their number.
Run: .venv/bin/python benchmarks/agreement.py
"""

import os
from collections.abc import Callable
from statistics import median
from time import perf_counter

import krippendorff
import numpy as np
import numpy.typing as npt
import pandas as pd

from soila_analysis.metrics.agreement import REPLICATES, agreement_by_feature, coefficients

UNITS, CODERS, FEATURES = 1_000_000, 5, 16
TURNS, REPETITIONS = 7, 7

Codes = npt.NDArray[np.float64]


def codes() -> Codes:
    """Codes 0 and 1 of a true prevalence of .8, each wrong in 10 %, missing in 10 %."""
    rng = np.random.default_rng(1)
    truth = rng.random(UNITS) < 0.8
    given = truth ^ (rng.random((CODERS, UNITS)) < 0.1)
    return np.where(rng.random(given.shape) < 0.1, np.nan, given)


def seconds(contender: Callable[[], object]) -> float:
    started = perf_counter()
    contender()
    return perf_counter() - started


def ours(given: Codes) -> float:
    table = coefficients(given, replicates=0).set_index("coefficient")
    return float(table.loc["alpha", "value"])


def theirs(given: Codes) -> float:
    return float(krippendorff.alpha(given, level_of_measurement="nominal"))


def repetition(given: Codes, rng: np.random.Generator) -> float:
    return theirs(given[:, rng.integers(UNITS, size=UNITS)])


def long(given: Codes) -> tuple[pd.DataFrame, list[str]]:
    """Lay the same codes out as codings of models by 16 features."""
    coder, unit = np.nonzero(~np.isnan(given))
    features = [f"f{i:02}" for i in range(FEATURES)]
    table = pd.DataFrame(
        {
            "model_id": pd.Series(unit // FEATURES).astype(str),
            "feature_id": pd.Series(np.array(features)[unit % FEATURES]),
            "coder_id": pd.Series(np.array(list("ABCDE"))[coder]),
            "code": pd.Series(np.where(given[coder, unit] == 1, "1", "0")),
        }
    )
    return table, features


def row(name: str, one: float, other: float) -> None:
    print(f"{name:34}{one:10.3f} s{other:12.3f} s{other / one:10.1f}")


if __name__ == "__main__":
    given, rng = codes(), np.random.default_rng(2)
    assert abs(ours(given) - theirs(given)) < 1e-12
    points = [(seconds(lambda: ours(given)), seconds(lambda: theirs(given)))
              for _ in range(TURNS)]  # fmt: skip
    print(f"{UNITS:,} units, {CODERS} coders, {os.cpu_count()} processors")
    print(f"{'':34}{'here':>12}{'krippendorff':>14}{'ratio':>10}")
    row("alpha, median", *(median(column) for column in zip(*points, strict=True)))
    row("alpha, fastest", *(min(column) for column in zip(*points, strict=True)))
    one = median(seconds(lambda: repetition(given, rng)) for _ in range(REPETITIONS))
    draws = median(seconds(lambda: coefficients(given)) for _ in range(3))
    row(f"{REPLICATES:,} replicates", draws, one * REPLICATES)
    print(f"(theirs: {REPETITIONS} repetitions timed, {one:.3f} s each; here: all 8 coefficients)")
    table, features = long(given)
    counts_as = {"1": "present", "0": "absent"}
    whole = seconds(lambda: agreement_by_feature(table, counts_as, features))
    print(f"from {len(table):,} rows of codings, 16 features and pooled: {whole:.1f} s")
