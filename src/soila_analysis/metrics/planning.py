"""How much must be coded twice: models needed for a wanted width, and which models come next."""

from typing import Any

import numpy as np
import pandas as pd

from soila_analysis.metrics import latent_class
from soila_analysis.metrics.agreement import ONE_CODER
from soila_analysis.metrics.coder_error import NOT_CODED, Floats, Observed
from soila_analysis.metrics.latent_class import ABSENT, PRESENT

WIDTH, SAMPLES, DRAWS, CHAINS = 0.3, 16, 800, 2
PARTS = np.linspace(0, 1, 6)  # of the models, coded twice in simulations
NOT_REACHABLE = "not-reachable"
DISPUTED, UNSURE = "disputed", "unsure"
# What two coders can give a model, and what is decided where they differ; the last two: one coder.
PATTERNS = np.array(
    [
        (PRESENT, PRESENT, -1),
        (ABSENT, ABSENT, -1),
        (PRESENT, ABSENT, PRESENT),
        (ABSENT, PRESENT, PRESENT),
        (PRESENT, ABSENT, ABSENT),
        (ABSENT, PRESENT, ABSENT),
        (PRESENT, -1, -1),
        (ABSENT, -1, -1),
    ]
)


def double_coding(
    told: Observed, *, width: float = WIDTH, samples: int = SAMPLES, seed: int = 1
) -> pd.DataFrame:
    """How many of the models two coders have to code, for an interval of a wanted width.

    Parameters
    ----------
    told : Observed
        As `observed` gives.
    width : float, default 0.3
        Wanted width of the 95 % interval of the corrected share, from its lower to its upper end.
    samples : int, default 16
        Rounds of coding that are simulated for each feature and number of models.
    seed : int, default 1
        Equal seeds give equal numbers.

    Returns
    -------
    DataFrame
        One row a feature: ``width``, the one wanted; ``models``, with a code; ``doubled`` of them
        have codes of two coders; ``needed``, how many have to, missing where ``reason`` is
        ``not-reachable`` (not even all suffice: more models are needed) or ``not-coded``;
        ``width_one`` and ``width_all``, the mean width if none and if all are coded twice.

    Raises
    ------
    ValueError
        For a width that is not between 0 and 1.

    Notes
    -----
    Simulated is a round of as many models, all coded by one coder, some also by a second one, and
    every disagreement decided. Share and errors are drawn from their posterior, given the codes
    that there are, so that what is not known of them is part of the plan; errors are the mean of
    the coders. Where the data do not identify the errors, their prior counts. Numbers between the
    simulated ones (every fifth of the models) are interpolated.
    """
    if not 0 < width < 1:
        raise ValueError(f"width must be between 0 and 1, got {width:g}")
    table = told.counts()
    models = table["coded"].to_numpy()
    mean = np.minimum.accumulate(_widths(told, models, samples, seed), axis=1)
    needed = [
        np.ceil(n * np.interp(-width, -row, PARTS)) if row[-1] <= width else np.nan
        for n, row in zip(models, mean, strict=True)
    ]
    coded = models > 0
    reason = np.select([~coded, np.isnan(needed)], [NOT_CODED, NOT_REACHABLE], "")
    return pd.DataFrame(
        {
            "feature_id": table["feature_id"],
            "width": width,
            "models": models,
            "doubled": table["doubled"],
            "needed": pd.array(np.where(coded, needed, np.nan), dtype="Int64"),
            "width_one": np.where(coded, mean[:, 0], np.nan),
            "width_all": np.where(coded, mean[:, -1], np.nan),
            "reason": reason,
        }
    )


def next_models(told: Observed, *, most: int = 10, seed: int = 1) -> pd.DataFrame:
    """Which models to code again or decide on next: those whose features are least certain.

    Parameters
    ----------
    told : Observed
        As `observed` gives.
    most : int, default 10
        How many models are listed.
    seed : int, default 1
        Equal seeds give equal lists.

    Returns
    -------
    DataFrame
        One row a model, the first one first: ``model_id``; ``coders`` of it; ``disputed``, features
        on which they differ and nothing is decided; ``wrong``, how many features are expected to be
        taken wrongly if each is taken for what is more likely; ``variance``, by which they are
        ordered; ``feature_id``, the least certain one; ``reason``: ``disputed``, ``one-coder`` or
        ``unsure``. Models of which everything is decided are not listed.

    Notes
    -----
    With p, the posterior probability that a model has a feature, the model adds p(1 - p) to the
    variance of the number of models that have it; once decided, it adds nothing. Chosen by their
    codes, such models suit the intervals here, which use all codes; to measure a coder's errors by
    counting alone, as Rogan and Gladen do, models must be chosen at random.
    """
    drawn = latent_class.posterior(told.evidence, DRAWS, seed)
    likely = drawn.probability[np.arange(len(told.features)), told.evidence.of_model]
    coded = (told.codes >= 0).any(axis=0)
    likely = np.where(coded & (told.anchor < 0), likely, 0)
    differ = (told.codes == PRESENT).any(axis=0) & (told.codes == ABSENT).any(axis=0)
    coders = (told.codes >= 0).any(axis=2).sum(axis=0)
    variance = likely * (1 - likely)
    disputed = (differ & (told.anchor < 0)).sum(axis=1)
    table = pd.DataFrame(
        {
            "model_id": list(told.models),
            "coders": coders,
            "disputed": disputed,
            "wrong": np.minimum(likely, 1 - likely).sum(axis=1),
            "variance": variance.sum(axis=1),
            "feature_id": np.array(told.features)[variance.argmax(axis=1)],
            "reason": np.select([disputed > 0, coders == 1], [DISPUTED, ONE_CODER], UNSURE),
        }
    )
    order = table.sort_values(["variance", "model_id"], ascending=[False, True])
    return order[order["variance"] > 0].head(most).reset_index(drop=True)


def _widths(told: Observed, models: Any, samples: int, seed: int) -> Floats:
    """Simulate: features x parts of the models coded twice, the mean width of the intervals."""
    now = latent_class.posterior(told.evidence, DRAWS, seed)
    at = np.linspace(0, len(now.share) - 1, samples).astype(int)
    coded = (told.codes >= 0).any(axis=1).T
    weight = coded / np.maximum(coded.sum(axis=1, keepdims=True), 1)
    share = now.share[at]
    se, sp = ((one[at] * weight).sum(axis=-1) for one in (now.sensitivity, now.specificity))
    found, false = (1 - share) * sp**2, (1 - share) * sp * (1 - sp)
    one = share * se + (1 - share) * (1 - sp)
    differ = share * se * (1 - se)
    both = share * se**2 + (1 - share) * (1 - sp) ** 2
    neither = share * (1 - se) ** 2 + found
    rates = np.stack([both, neither, differ, differ, false, false], axis=-1)
    single = np.stack([one, 1 - one], axis=-1)
    rng = np.random.default_rng(seed)
    widths = []
    for part in PARTS:
        twice = np.round(part * models).astype(int)
        weights = [rng.multinomial(n, p) for n, p in ((twice, rates), (models - twice, single))]
        width = _width(np.concatenate(weights, axis=-1), seed)
        widths.append(width.reshape(samples, -1).mean(axis=0))
    return np.stack(widths, axis=1)


def _width(weight: Any, seed: int) -> Floats:
    """Give the width of the interval of each round of coding, rounds x features x patterns."""
    codes, known = PATTERNS[:, :2], PATTERNS[:, 2]
    evidence = latent_class.Evidence(
        (codes == PRESENT).astype(float),
        (codes == ABSENT).astype(float),
        known,
        weight.reshape(-1, len(PATTERNS)),
        np.zeros((0, 0), dtype=int),
    )
    drawn = latent_class.posterior(evidence, DRAWS, seed, CHAINS)
    low, high = np.quantile(drawn.share, [0.025, 0.975], axis=0)
    return np.asarray(high - low)
