"""From a number back to the codes that it was counted from."""

import pandas as pd

from soila_analysis.coding.consensus import consensus
from soila_analysis.coding.dataset import Dataset


def trace(dataset: Dataset, feature: str, goal: str | None = None) -> pd.DataFrame:
    """List the codes behind one share: one row a model and coder.

    Parameters
    ----------
    dataset : Dataset
        The coded models.
    feature : str
        The feature's id.
    goal : str, optional
        Only models that serve this goal; all models by default.

    Returns
    -------
    DataFrame
        ``model_id``, ``name``, ``coder_id`` and ``code`` (missing where not assessed), the
        ``decision`` on them if the data set has any (else missing) and ``status``, what they came
        to. Counting present, and present or absent, over the
        distinct models gives k and n of the figures.

    Raises
    ------
    ValueError
        For a feature or goal that the taxonomy does not have; the message lists those it has.
    """
    taxonomy = dataset.taxonomy
    for name, value, known in (
        ("feature", feature, taxonomy.feature_ids),
        ("goal", goal, taxonomy.goal_ids),
    ):
        if value is not None and value not in known:
            raise ValueError(f'no {name} "{value}"; allowed: {", ".join(known)}')
    models = dataset.models[["model_id", "name"]]
    if goal is not None:
        members = dataset.memberships.query("goal_id == @goal")["model_id"]
        models = models[models["model_id"].isin(members)]
    codes = dataset.codings.query("feature_id == @feature")[["model_id", "coder_id", "code"]]
    status = consensus(dataset)[feature].rename("status")
    listed = models.merge(codes, on="model_id", how="left")
    if dataset.decisions is not None:
        decided = dataset.decisions.query("feature_id == @feature").set_index("model_id")["code"]
        listed["decision"] = listed["model_id"].map(decided)
    return listed.merge(status, left_on="model_id", right_index=True).reset_index(drop=True)
