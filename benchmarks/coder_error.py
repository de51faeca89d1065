"""How often intervals of shares corrected for coder error hold the true share, by simulation.

Printed are coverage, median of the settings and lowest with its setting, and the mean width. Each
sample is measured as a feature of a data set, by `metrics.corrected_shares` and
`metrics.coder_errors`. A setting is a true share and the coders' sensitivity and specificity. Run:
.venv/bin/python benchmarks/coder_error.py [samples of each setting]
"""

import sys
from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from soila_analysis import metrics

SAMPLES, DRAWS = 10, 800
MODELS, SHARES = (24, 52, 200), (0.15, 0.5, 0.9)
ERRORS = ((0.7, 0.9), (0.8, 0.8), (0.9, 0.9), (0.95, 0.95), (0.9, 0.7))
SETTINGS = pd.DataFrame(
    [(share, *errors) for share, errors in product(SHARES, ERRORS)],
    columns=["share", "sensitivity", "specificity"],
)
WAYS = {  # intervals, and what they are to hold
    **dict.fromkeys(("here", "rogan_gladen", "sampling alone", "majority"), "share"),
    **{name: name for name in ("sensitivity", "specificity")},
}
COUNTS_AS = {"1": "present", "0": "absent"}

Numbers = npt.NDArray[np.int8]
Known = npt.NDArray[np.bool_]


class Cube(NamedTuple):
    """Codes as a data set has them."""

    codes: Numbers
    coders: tuple[str, ...]
    models: range


Design = Callable[[Numbers], Known]  # takes codes away, and says whose truth is known


def random_part(part: float) -> Design:
    """Decide a random part of the models, at least five."""

    def design(codes: Numbers) -> Known:
        known = np.zeros(codes.shape[1:], dtype=bool)
        known[: max(5, round(part * len(known)))] = True
        return known

    return design


def disagreements(part: float) -> Design:
    """Let the second coder code a part of the models, and decide all disagreements."""

    def design(codes: Numbers) -> Known:
        codes[1, round(part * codes.shape[1]) :] = -1
        return (codes[0] != codes[1]) & (codes[1] >= 0)

    return design


def nothing(part: float) -> Design:
    """Let all coders but one code a part of the models, at least five; decide nothing."""

    def design(codes: Numbers) -> Known:
        codes[1:, max(5, round(part * codes.shape[1])) :] = -1
        return np.zeros(codes.shape[1:], dtype=bool)

    return design


DESIGNS = {
    "one coder, 5 models decided": (1, random_part(0)),
    "one coder, a quarter decided": (1, random_part(0.25)),
    "two coders, disagreements decided": (2, disagreements(1)),
    "the same, second coder on half": (2, disagreements(0.5)),
    "three coders": (3, nothing(1)),
    "three coders on half, one on the rest": (3, nothing(0.5)),
    "three coders on 5, one on the rest": (3, nothing(0)),
    "six coders": (6, nothing(1)),
    "two coders: bounds": (2, nothing(1)),
}


def drawn(
    coders: int, models: int, samples: int, *, harder: bool = False
) -> tuple[Numbers, Numbers]:
    """Draw what is there, models x samples, and codes; if asked, half the models are harder."""
    rng = np.random.default_rng(models + coders)
    true, se, sp = (np.repeat(SETTINGS[name].to_numpy(), samples) for name in SETTINGS)
    there = rng.random((models, len(true))) < true
    right = np.where(there, se, sp)
    if harder:
        apart = np.where(rng.random(there.shape) < 0.5, -0.5, 0.5)
        right = right + apart * (1 - right)
    said = (rng.random((coders, *there.shape)) < right) == there
    return np.where(there, 0, 1).astype(np.int8), np.where(said, 0, 1).astype(np.int8)


def intervals(name: str, models: int, samples: int, *, harder: bool = False) -> pd.DataFrame:
    """Measure all samples of a design: a row a sample, the ends of each interval."""
    coders, design = DESIGNS[name]
    there, codes = drawn(coders, models, samples, harder=harder)
    known = design(codes)
    features = [str(i) for i in range(there.shape[1])]
    model, feature = np.nonzero(known)
    truth = np.array([*COUNTS_AS])[there[model, feature]]
    decided = pd.DataFrame(
        {"model_id": model, "feature_id": np.array(features)[feature], "code": truth}
    )
    cube = Cube(codes, tuple("ABCDEF"[:coders]), range(models))
    observed = metrics.observed(cube, COUNTS_AS, features, decided)
    table = metrics.corrected_shares(observed, draws=DRAWS)
    told = table["identified_by"] != ""
    found = pd.DataFrame(index=range(len(features)))
    for end in ("low", "high"):
        found[f"here {end}"] = table[f"corrected_{end}"].fillna(table[f"possible_{end}"])
        found[f"sampling alone {end}"] = table[f"sampling_{end}"]
    k = (2 * (codes == 0).sum(axis=0) > (codes >= 0).sum(axis=0)).sum(axis=0)
    found["majority low"], found["majority high"] = proportion_confint(k, models, method="wilson")
    errors = metrics.coder_errors(observed, draws=DRAWS)
    first = errors[errors["coder_id"] == "A"].reset_index(drop=True)
    for name in ("sensitivity", "specificity", "rogan_gladen"):
        for end in ("low", "high"):
            found[f"{name} {end}"] = first[f"{name}_{end}"]
    return found.assign(told=told, corrected=table["corrected"], mode=table["dawid_skene"])


def measured(name: str, models: int, samples: int, *, harder: bool = False) -> dict[str, str]:
    """Give coverage over the settings, median and lowest, of each interval; and its mean width."""
    found = intervals(name, models, samples, harder=harder)
    setting = np.repeat(np.arange(len(SETTINGS)), samples)
    cells = {"design": name, "models": str(models)}
    for way, quantity in WAYS.items():
        true = SETTINGS[quantity].to_numpy()[setting]
        low, high = found[f"{way} low"], found[f"{way} high"]
        held = ((low <= true + 1e-9) & (true <= high + 1e-9)).where(low.notna()).astype(float)
        by = held.groupby(setting).mean().dropna()
        cells[way] = ""
        if len(by):
            at = ", ".join(f"{value:g}" for value in SETTINGS.loc[by.idxmin()])
            cells[way] = f"{by.median():.2f} ({by.min():.2f}: {at}); {(high - low).mean():.2f}"
    for point in ("corrected", "mode"):
        error = (found[point] - SETTINGS["share"].to_numpy()[setting]) ** 2
        cells[f"error of {point}"] = f"{np.sqrt(error.mean()):.3f}"
    return cells | {"told": f"{found['told'].mean():.2f}"}


def main(samples: int) -> None:
    """Print a table in Markdown."""
    print(f"{samples} samples of each of {len(SETTINGS)} settings")
    head = ""
    for harder, name, models in product((False, True), DESIGNS, MODELS):
        cells = measured(name, models, samples, harder=harder)
        if not head:
            head = "| " + " | ".join(cells) + " |"
            print(head, "\n|" + "---|" * len(cells))
        cells["design"] += ", half of the models harder" * harder
        print("|", " | ".join(cells.values()), "|", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
