"""A language model against people, and shares that people's codes of a sample correct.

People code a sample, the language model codes all. What the model finds is a prediction, right or
wrong; the sample tells how wrong it is, and the share that it finds among all is corrected by that.
"""

from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import fisher_exact
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from soila_analysis.metrics import frames

TUNING, FROZEN = "tuning", "frozen"
PRESENT, ABSENT = 0, 1  # positions in `frames.STATUSES`
FEW = 5  # fewer cases than this have no sensitivity or specificity
WORTH = 0.03  # the width that an interval has to lose for the correction to be worth it

Floats = npt.NDArray[np.float64]


class Pairs(NamedTuple):
    """How many models of the sample people and the language model find to have a feature or not.

    Attributes
    ----------
    both, people, model, neither : array of float
        Present to both, to people only, to the language model only, to neither.
    """

    both: Floats
    people: Floats
    model: Floats
    neither: Floats

    @property
    def n(self) -> Floats:
        """All of them."""
        return self.both + self.people + self.model + self.neither


class Corrected(NamedTuple):
    """Corrected shares.

    Attributes
    ----------
    share : array of float
        The estimate, between 0 and 1.
    weight : array of float
        How much the language model is listened to: 0 not at all, 1 as if it were right on average.
    n : array of float
        How many models, coded by people alone, would tell as much: those of the sample at least,
        and all at most.
    """

    share: Floats
    weight: Floats
    n: Floats


def model_and_people(
    people: pd.DataFrame, model: pd.DataFrame, sample: pd.DataFrame, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Measure a language model by people's codes of a sample, and correct its shares by them.

    Models on which the prompt was tuned are left out of every number: of them the language model
    knows the answers.

    Parameters
    ----------
    people, model : DataFrame, models x features
        One of `metrics.STATUSES` a cell: what people came to, and what the language model found.
    sample : DataFrame
        ``model_id`` and ``use``: ``frozen`` models are those to measure by, drawn at random from
        all but the ``tuning`` ones; on the latter the prompt was tuned.
    confidence : float, default 0.95
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row a feature in the order of the columns. Shares come as ``<name>_k`` of ``<name>_n``
        (counts), ``<name>``, ``<name>_low`` and ``<name>_high`` (Wilson). ``people``: of the frozen
        models to which both gave present or absent, those present to people. ``model``: of all
        that the language model gave present or absent to, those present to it. ``sensitivity``:
        of those of people's n that are present to people, those that it found as well, and
        ``specificity`` of the absent ones, those that it did not find; missing of fewer than `FEW`.
        ``corrected``, without counts, has ``weight`` and ``effective_n``: see `Corrected`.
        ``people_width`` and ``corrected_width`` of the intervals; ``narrower``, whether the
        correction takes `WORTH` or more off; ``outside``, whether the language model's own share
        is outside the corrected interval. ``sample_p``: whether it finds the feature as often in
        the sample as elsewhere, as of a random sample it should (Fisher's exact test, adjusted
        over the features by Holm). ``undecided``, frozen models to which either gave something else
        or nothing; ``elsewhere``, models outside the sample to which people gave present or absent,
        which are not used. Then, the same in each row: ``frozen``, ``tuning`` and ``models``, all
        that the language model coded but for the tuning ones.

    Raises
    ------
    TypeError, ValueError
        For other frames, or a model that is in the sample twice.

    Notes
    -----
    The corrected share is that of prediction-powered inference, its weight tuned to the smallest
    variance. Its normal interval is too short for small samples and shares near 0 or 1 (coverage
    down to .31 at 6 models of 24); here it is Wilson's, for as many models as would give the same
    variance if people coded them alone. Of a language model that tells nothing it is the interval
    of people alone. ``benchmarks/prediction_coverage.py`` measures how often it holds the true
    share. It takes people's codes for the truth, and the frozen models for a random sample.

    References
    ----------
    Angelopoulos, Bates, Fannjiang, Jordan & Zrnic (2023). Prediction-powered inference. Science
    382, 669-674. Angelopoulos, Duchi & Zrnic (2023). PPI++: Efficient prediction-powered inference.
    arXiv:2311.01453. For two codes the estimate is close to that of Tenenbein (1970). A double
    sampling scheme for estimating from binomial data with misclassifications. Journal of the
    American Statistical Association 65, 1350-1361.

    Examples
    --------
    >>> codes = ["present"] * 6 + ["absent"] * 4
    >>> people = pd.DataFrame({"f": codes}, index=[f"M{n}" for n in range(10)])
    >>> sample = pd.DataFrame({"model_id": people.index[2:8], "use": "frozen"})
    >>> table = model_and_people(people, people, sample)
    >>> table[["people_k", "people_n", "model_k", "model_n", "sensitivity_k"]].values.tolist()
    [[4, 6, 6, 10, 4]]
    """
    frames.check(people=people, model=model, sample=sample)
    if sample["model_id"].duplicated().any():
        twice = sample.loc[sample["model_id"].duplicated(), "model_id"].iloc[0]
        raise ValueError(f'sample: "{twice}" is there twice; a model has one use')
    models = people.index.intersection(model.index)
    use = sample.set_index("model_id")["use"].reindex(models)
    frozen, other = ((use == FROZEN).to_numpy()[:, None], use.isna().to_numpy()[:, None])
    truth, found = (
        frames.numbers(status.loc[models, people.columns]) for status in (people, model)
    )
    decided, answered = ((one >= PRESENT) & (one <= ABSENT) for one in (truth, found))
    both = frozen & decided & answered
    pairs = Pairs(
        *(
            (both & (truth == one) & (found == two)).sum(axis=0).astype(float)
            for one, two in product((PRESENT, ABSENT), repeat=2)
        )
    )
    alone = other & answered
    k, n = (alone & (found == PRESENT)).sum(axis=0), alone.sum(axis=0)
    table = pd.DataFrame(_numbers(pairs, k.astype(float), n.astype(float), confidence))
    table.insert(0, "feature_id", list(people.columns))
    return table.assign(
        undecided=(frozen & ~both).sum(axis=0),
        elsewhere=(other & decided).sum(axis=0),
        frozen=int(frozen.sum()),
        tuning=int((use == TUNING).sum()),
        models=int(((frozen | other) & (found < len(frames.STATUSES) - 1)).any(axis=1).sum()),
    )


def corrected(pairs: Pairs, k: Floats, n: Floats) -> Corrected:
    """Correct the share that a language model finds by what people find in a sample.

    Parameters
    ----------
    pairs : Pairs
        The sample.
    k, n : array of float
        Models outside the sample that have the feature by the language model, of how many.

    Returns
    -------
    Corrected

    References
    ----------
    As for `model_and_people`: the weight is that of PPI++, between 0 and 1.
    """
    with np.errstate(invalid="ignore", divide="ignore"):  # a sample without any model
        share, weight, _ = _powered(pairs, k, n)
    smooth = Pairs(*(cell + 0.5 for cell in pairs))  # else codes that happen to agree know it all
    variance = _powered(smooth, k, n)[2]
    own = (smooth.both + smooth.people) / smooth.n
    alone = own * (1 - own) / smooth.n
    worth = np.where(weight > 0, pairs.n * alone / variance, pairs.n)
    return Corrected(share.clip(0, 1), weight, worth.clip(pairs.n, pairs.n + n))


def _powered(pairs: Pairs, k: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Return estimate, weight and variance of prediction-powered inference."""
    size = pairs.n
    own, found = (pairs.both + pairs.people) / size, (pairs.both + pairs.model) / size
    total = size + n
    all_found = (pairs.both + pairs.model + k) / total
    spread = all_found * (1 - all_found) * total / (total - 1) * total
    weight = _over((pairs.both / size - own * found) * n, spread).clip(0, 1)
    rest = _over(k, n)
    misses = own - weight * found
    squares = pairs.both * (1 - weight) ** 2 + pairs.people + pairs.model * weight**2
    variance = (squares / size - misses**2) / size + _over(weight**2 * rest * (1 - rest), n)
    return misses + weight * rest, weight, variance


def _over(part: Floats, whole: Floats) -> Floats:
    """Divide; nothing of nothing is nothing."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _numbers(pairs: Pairs, k: Floats, n: Floats, confidence: float) -> dict[str, Any]:
    """Lay out the columns that are counted, or follow from counts."""
    present = pairs.both + pairs.people
    counts = {
        "people": (present, pairs.n),
        "model": (pairs.both + pairs.model + k, pairs.n + n),
        "sensitivity": (pairs.both, present),
        "specificity": (pairs.neither, pairs.n - present),
    }
    columns: dict[str, Any] = {}
    for name, (part, whole) in counts.items():
        columns |= {f"{name}_k": part.astype("int64"), f"{name}_n": whole.astype("int64")}
        least = FEW if name in ("sensitivity", "specificity") else 1
        columns |= _interval(name, part, whole, confidence, least)
    better = corrected(pairs, k, n)
    columns |= _interval("corrected", better.share * better.n, better.n, confidence)
    columns |= {"weight": better.weight, "effective_n": better.n}
    for one in ("people", "corrected"):
        columns[f"{one}_width"] = columns[f"{one}_high"] - columns[f"{one}_low"]
    columns["narrower"] = columns["people_width"] - columns["corrected_width"] >= WORTH
    found, low, high = columns["model"], columns["corrected_low"], columns["corrected_high"]
    off = np.maximum(low - found, found - high)
    columns |= {"outside": off > 1e-12}  # no mere rounding of the arithmetic
    inside = pairs.both + pairs.model
    return columns | {"sample_p": _uneven((inside, pairs.n - inside), (k, n - k))}


def _uneven(sample: tuple[Floats, Floats], others: tuple[Floats, Floats]) -> Floats:
    """Test whether the sample differs from the others (Fisher), adjusted for all tests (Holm)."""
    tables = np.stack([sample, others]).transpose(2, 0, 1)
    return np.asarray(multipletests([fisher_exact(one).pvalue for one in tables], method="holm")[1])


def _interval(
    name: str, k: Floats, n: Floats, confidence: float, least: float = 1
) -> dict[str, Floats]:
    """Give the share k/n and Wilson's interval; missing of fewer than `least`."""
    n = np.where(n >= least, n, np.nan)
    low, high = proportion_confint(k, n, alpha=1 - confidence, method="wilson")
    return {name: k / n, f"{name}_low": low, f"{name}_high": high}
