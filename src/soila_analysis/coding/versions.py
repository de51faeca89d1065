"""Codes that were made under definitions which have changed since."""

import pandas as pd

from soila_analysis.coding.dataset import Dataset
from soila_analysis.taxonomy import LANGUAGES


def outdated(dataset: Dataset) -> pd.DataFrame:
    """List the codes made under a definition that a later version changed.

    Parameters
    ----------
    dataset : Dataset
        Its taxonomy tells which version changed what, and whether codes made before still hold.
        A coding without ``taxonomy_version`` was made under the version in use.

    Returns
    -------
    DataFrame
        One row a coding and change, by model, feature, coder and version: ``model_id``,
        ``feature_id``, ``coder_id``, ``code``; ``coded_under``; ``version``, ``date`` and
        ``change_fi``, ``change_sv``, ``change_en`` of the change.
    """
    taxonomy = dataset.taxonomy
    age = {version: i for i, version in enumerate(taxonomy.versions)}
    codings = dataset.codings.drop(columns=["note", "taxonomy_version"], errors="ignore")
    told = dataset.codings.get("taxonomy_version", pd.Series("", codings.index))
    codings["coded_under"] = told.mask(told == "", taxonomy.version)
    rows = [
        (feature, change.version, change.date, *(change.text[lang] for lang in LANGUAGES))
        for change in taxonomy.changes
        if change.recode and age[change.version] <= age[taxonomy.version]
        for feature in ([change.feature_id] if change.feature_id else taxonomy.feature_ids)
    ]
    texts = [f"change_{lang}" for lang in LANGUAGES]
    changes = pd.DataFrame(rows, columns=["feature_id", "version", "date", *texts], dtype="str")
    both = codings.merge(changes, on="feature_id")
    earlier = both["coded_under"].map(age) < both["version"].map(age)
    return both[earlier].reset_index(drop=True)
