"""A data set as people look at it: laid out for plotting, and described in a notebook."""

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd

from soila_analysis.dataset.cube import Cube
from soila_analysis.dataset.metadata import DatasetInfo
from soila_analysis.taxonomy import Taxonomy

PRESENT = {"present": 1.0, "absent": 0.0}
NEXT = """import seaborn as sns
sns.barplot(data.tidy("en"), x="present", y="feature", errorbar=None)"""
OF_RANGES = """import soila_analysis as soila
soila.plot("feature-shares", data, lang="en")"""


def tidied(
    models: pd.DataFrame,
    memberships: pd.DataFrame,
    codings: pd.DataFrame,
    taxonomy: Taxonomy,
    lang: str,
) -> pd.DataFrame:
    """Join the codes with labels, goals and further columns: see `Dataset.tidy`."""
    labels = taxonomy.labels(lang)
    served = memberships.assign(goal=memberships["goal_id"].map(labels))
    goals = served.groupby("model_id")[["goal_id", "goal"]].agg("; ".join)
    status = codings["code"].map(taxonomy.counts_as)
    frame = codings.assign(status=status, present=status.map(PRESENT))
    frame = frame.merge(models, on="model_id", how="left").merge(goals, on="model_id", how="left")
    first = ["model_id", "name", "feature_id", "feature", "coder_id", "code", "status", "present"]
    frame["feature"] = frame["feature_id"].map(labels)
    for column, ids in (("feature", taxonomy.feature_ids), ("goal", taxonomy.goal_ids)):
        known = [labels[i] for i in ids]
        joined = sorted(set(frame[column].dropna()) - set(known))
        frame[column] = pd.Categorical(frame[column], [*known, *joined], ordered=True)
    order = [*first, "goal_id", "goal", "note"]
    return frame[[*order, *(column for column in frame if column not in order)]]


def described(
    name: str,
    info: DatasetInfo,
    models: pd.DataFrame,
    cube: Cube,
    status: pd.DataFrame,
    language_models: Sequence[str] = (),
) -> str:
    """Describe a data set in HTML: kind, models, coders, what is open, how to go on."""
    given = cube.codes >= 0
    cells = np.asarray(given.any(axis=0))
    whole = len(models) - int(cells.any(axis=1).sum())
    missing = status.size - int(cells.sum())
    disputed = int(status.eq("disagreement").sum(axis=None))
    disagreement = f"{disputed} of {status.size} cells, by the rule {info.consensus}"
    coders = dict(zip(cube.coders, given.sum(axis=(1, 2)), strict=True))
    rows = {
        "Kind": info.kind + (f", reading {info.reading}" if info.reading else ""),
        "Round": info.round + (f" ({info.date})" if info.date else ""),
        "Published claims": info.claims or "",
        "Models": f"{len(models)}, coded for {status.shape[1]} features",
        "Coders": ", ".join(
            f"{coder} ({'language model, ' * (coder in language_models)}{codes} codes)"
            for coder, codes in coders.items()
        ),
        "Not assessed": f"{missing} of {status.size} cells; {whole} models wholly",
        **({"Disagreement": disagreement} if len(coders) > 1 else {}),
        "Columns of models": ", ".join(models.columns),
        "Source": info.source.main,
        "Licence": info.licence,
    }
    following = OF_RANGES if info.kind == "reconstructed" else NEXT  # codes are made up there
    if language_models:
        following = following.replace("data.tidy", "data.counted.tidy")
    listed = "".join(f"<dt>{k}</dt><dd>{escape(v) or '–'}</dd>" for k, v in rows.items())
    return (
        f'<div lang="en"><p><strong>{escape(info.title.main)}</strong> ({escape(name)})</p>'
        f"<dl>{listed}</dl><p>Go on with:</p><pre>{escape(following)}</pre></div>"
    )
