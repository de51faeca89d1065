"""One status for each model and feature, from the codes of one or several coders."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from soila_analysis.dataset.cube import Cube, of_table, positions
from soila_analysis.dataset.schema import LANGUAGE_MODEL
from soila_analysis.taxonomy import COUNTS_AS, Taxonomy

DISAGREEMENT, NOT_ASSESSED = "disagreement", "not-assessed"
STATUSES = (*COUNTS_AS, DISAGREEMENT, NOT_ASSESSED)

KINDS, BLOCK = range(len(COUNTS_AS)), 8192  # models at a time, which a processor holds near

Counts = npt.NDArray[np.integer[Any]]

# By rule: is the status with the most codes the consensus? (its codes, all codes) -> yes or no
RULES: dict[str, Callable[[Counts, Counts], npt.NDArray[np.bool_]]] = {
    "unanimous": lambda most, codes: most == codes,
    "majority": lambda most, codes: 2 * most > codes,
    "decided": lambda most, codes: most == codes,  # where there is no decision
}
DECIDED, ONE_CODER = "decided", "coder:"
DEFAULT = "majority"  # whose shares err least: benchmarks/consensus.py
RULES_ALLOWED = (*RULES, f"{ONE_CODER}<coder_id>")


def consensus(
    codings: pd.DataFrame,
    taxonomy: Taxonomy,
    rule: str = DEFAULT,
    *,
    models: Sequence[str] | None = None,
    decisions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Bring the codes of all coders to one status for each model and feature.

    Codes are compared by what they count as, so that two codes for "present" agree. All codes that
    are handed in count; a data set leaves those of language models out: see `Dataset.counted`.

    Parameters
    ----------
    codings : DataFrame
        ``model_id``, ``feature_id``, ``coder_id``, ``code``.
    taxonomy : Taxonomy
        The features and codes.
    rule : str, default "majority"
        ``unanimous``: all coders agree; ``majority``: more than half of them do; otherwise the
        status is "disagreement". ``decided``: the decision where there is one, else as unanimous.
        ``coder:<coder_id>``: that coder alone.
    models : sequence of str, optional
        All models, coded or not; by default those of the codings, sorted.
    decisions : DataFrame, optional
        ``model_id``, ``feature_id``, ``code``: what a cell is to count as.

    Returns
    -------
    DataFrame, models x features
        One of `STATUSES` a cell, as a category. Index ``model_id``; columns in the taxonomy's
        order. Unclear is what coders agree to be unclear; where they do not agree, the status is
        disagreement.

    Raises
    ------
    ValueError
        For an unknown rule, feature, coder or code; the message says what is allowed.

    Examples
    --------
    >>> from soila_analysis import taxonomy
    >>> rows = [("M1", "participation", "A", "1"), ("M1", "participation", "B", "0")]
    >>> columns = ["model_id", "feature_id", "coder_id", "code"]
    >>> consensus(pd.DataFrame(rows, columns=columns), taxonomy.load())["participation"].tolist()
    ['disagreement']
    """
    return settled(of_table(codings, taxonomy, models), taxonomy, rule, decisions)


def settled(
    cube: Cube, taxonomy: Taxonomy, rule: str, decisions: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Bring the codes of a cube to one status for each model and feature.

    Parameters
    ----------
    cube : Cube
        The codes.
    taxonomy, rule, decisions
        As for `consensus`.

    Returns
    -------
    DataFrame, models x features
        As `consensus` gives.

    Raises
    ------
    ValueError
        As `consensus` does.
    """
    if not is_rule(rule):
        raise ValueError(f'no rule "{rule}"; allowed: {", ".join(RULES_ALLOWED)}')
    codes = cube.codes
    if rule.startswith(ONE_CODER):
        coder, rule = pd.Series([rule.removeprefix(ONE_CODER)]), "unanimous"
        codes = codes[positions(coder, cube.coders, "coder")] if cube.coders else codes
    counted = np.array([COUNTS_AS.index(one) for one in taxonomy.counts_as.values()], np.int8)
    features = taxonomy.feature_ids
    status = np.empty(codes.shape[1:], dtype=np.int8, order="F")
    for start in range(0, len(status), BLOCK):
        part = slice(start, start + BLOCK)
        own = np.append(counted, np.int8(-1))[codes[:, part]]
        counts = np.stack([(own == one).sum(axis=0, dtype=np.int32) for one in KINDS])
        status[part] = _decided(counts, rule)
    if rule == DECIDED and decisions is not None:
        model = positions(decisions["model_id"], cube.models, "model")
        feature_of = positions(decisions["feature_id"], features, "feature")
        code = positions(decisions["code"], tuple(taxonomy.counts_as), "code")
        status[model, feature_of] = counted[code]
    kind = pd.CategoricalDtype(list(STATUSES))
    return pd.DataFrame(
        {
            feature: pd.Categorical.from_codes(status[:, column], dtype=kind)
            for column, feature in enumerate(features)
        },
        index=cube.models,
        columns=pd.Index(features, name="feature_id"),
    )


def is_rule(name: str) -> bool:
    """Say whether a name is that of a consensus rule.

    Parameters
    ----------
    name : str
        A key of `RULES`, or ``coder:`` and a coder's id.

    Returns
    -------
    bool
    """
    return name in RULES or (name.startswith(ONE_CODER) and name != ONE_CODER)


def uncounted(coders: Sequence[str], listed: pd.DataFrame | None) -> tuple[str, ...]:
    """Name the coders whose codes never count in a consensus: the language models.

    What a language model finds is measured against people and corrected by them, so it is none of
    the voices that settle what is there. Only where no person is among the listed coders, so that
    there is nothing else to go by, do their codes count; what is drawn from them then says so.

    Parameters
    ----------
    coders : sequence of str
        Who has coded.
    listed : DataFrame or None
        ``coders.csv``: ``coder_id`` and ``kind``; without it, all are people.

    Returns
    -------
    tuple of str
    """
    if listed is None or not {"coder_id", "kind"} <= {*listed}:
        return ()
    models = {*listed.loc[listed["kind"] == LANGUAGE_MODEL, "coder_id"]}
    return tuple(one for one in coders if one in models) if len(models) < len(listed) else ()


def _decided(counts: Counts, rule: str) -> Counts:
    """Return the position in `STATUSES` of each cell's consensus."""
    most, codes = counts.max(axis=0), counts.sum(axis=0)
    disputed = STATUSES.index(DISAGREEMENT)
    decided = np.where(RULES[rule](most, codes), counts.argmax(axis=0), disputed)
    return np.where(codes == 0, STATUSES.index(NOT_ASSESSED), decided)
