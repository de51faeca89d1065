"""One status for each model and feature, from the codes of one or several coders."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from soila_analysis.language.likeness import unknown
from soila_analysis.taxonomy import COUNTS_AS, Taxonomy

DISAGREEMENT, NOT_ASSESSED = "disagreement", "not-assessed"
STATUSES = (*COUNTS_AS, DISAGREEMENT, NOT_ASSESSED)

Counts = npt.NDArray[np.int64]

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

    Codes are compared by what they count as, so that two codes for "present" agree.

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
    models = sorted(codings["model_id"].unique()) if models is None else list(models)
    if not is_rule(rule):
        raise ValueError(f'no rule "{rule}"; allowed: {", ".join(RULES_ALLOWED)}')
    if rule.startswith(ONE_CODER):
        codings, rule = _of_coder(codings, rule.removeprefix(ONE_CODER)), "unanimous"
    status = _decided(_counts(codings, models, taxonomy), rule)
    if rule == DECIDED and decisions is not None:
        status[_cells(decisions, models, taxonomy)] = _statuses(decisions["code"], taxonomy)
    status = status.reshape(len(models), len(taxonomy.feature_ids))
    kind = pd.CategoricalDtype(list(STATUSES))
    return pd.DataFrame(
        {
            feature: pd.Categorical.from_codes(status[:, column], dtype=kind)
            for column, feature in enumerate(taxonomy.feature_ids)
        },
        index=pd.Index(models, name="model_id", dtype="str"),
        columns=pd.Index(taxonomy.feature_ids, name="feature_id"),
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


def _of_coder(codings: pd.DataFrame, coder: str) -> pd.DataFrame:
    if len(codings):
        _positions(pd.Series([coder]), sorted(codings["coder_id"].unique()), "coder")
    return codings[codings["coder_id"] == coder]


def _counts(codings: pd.DataFrame, models: Sequence[str], taxonomy: Taxonomy) -> Counts:
    """Count the codes of each cell by what they count as: statuses x cells."""
    size = len(models) * len(taxonomy.feature_ids)
    cell, status = _cells(codings, models, taxonomy), _statuses(codings["code"], taxonomy)
    counts = np.bincount(status * size + cell, minlength=len(COUNTS_AS) * size)
    return counts.reshape(len(COUNTS_AS), size)


def _cells(rows: pd.DataFrame, models: Sequence[str], taxonomy: Taxonomy) -> Counts:
    """Return the number of each row's cell, counted along the features, model after model."""
    features = taxonomy.feature_ids
    cell = _positions(rows["model_id"], models, "model") * len(features)
    return cell + _positions(rows["feature_id"], features, "feature")


def _statuses(codes: pd.Series, taxonomy: Taxonomy) -> Counts:
    """Return the position in `COUNTS_AS` of what each code counts as."""
    counts_as = taxonomy.counts_as
    of_code = np.array([COUNTS_AS.index(status) for status in counts_as.values()], dtype=np.int64)
    return of_code[_positions(codes, tuple(counts_as), "code")]


def _decided(counts: Counts, rule: str) -> Counts:
    """Return the position in `STATUSES` of each cell's consensus."""
    most, codes = counts.max(axis=0), counts.sum(axis=0)
    disputed = STATUSES.index(DISAGREEMENT)
    decided = np.where(RULES[rule](most, codes), counts.argmax(axis=0), disputed)
    return np.where(codes == 0, STATUSES.index(NOT_ASSESSED), decided)


def _positions(values: pd.Series, known: Sequence[str], noun: str) -> Counts:
    positions = pd.Index(list(known), dtype="str").get_indexer(pd.Index(values, dtype="str"))
    if (positions < 0).any():
        raise ValueError(unknown(f"no {noun}", values.iloc[int((positions < 0).argmax())], known))
    return positions.astype(np.int64)
