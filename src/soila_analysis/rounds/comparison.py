"""Two rounds of coding side by side: what changed, and what else is different about them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from soila_analysis import metrics
from soila_analysis.dataset import Dataset, outdated
from soila_analysis.review import basis, compatible
from soila_analysis.taxonomy import Taxonomy

OF_MODELS = [  # what is known only of models that are the same in both rounds
    *("paired", "gained", "lost", "paired_difference", "paired_low", "paired_high"),
    *("p", "p_holm", "models_more", "models_fewer", "p_models"),
]


def compare(earlier: Dataset, later: Dataset) -> pd.DataFrame:
    """Compare two rounds of coding, feature by feature.

    Parameters
    ----------
    earlier, later : Dataset
        The rounds, each brought to a consensus by its own rule.

    Returns
    -------
    DataFrame
        As `metrics.share_changes` gives; the difference is missing where a reconstruction only
        bounds a share, or makes it up, and whatever compares models one by one where their ids
        are made up. With 1 for the earlier and 2 for the later round:
        ``basis1``, ``bound_low1``, ``bound_high1``, ``low1`` and ``high1`` as `basis.mark` gives
        them; and, repeated in each row, ``round1`` (its name, or
        that of its folder where both rounds have one name), ``models1``, ``kind1``,
        ``reading1``. Then ``models_both``, models of both rounds by their id; ``caveats``, what
        else is different, separated by spaces: keys of `CAVEATS`; ``basis``, ``kind`` and
        ``reading``, those of the later round.
    """
    rounds, names = {"1": earlier, "2": later}, _names(earlier, later)
    table = metrics.share_changes(*(data.status for data in rounds.values()))
    for ordinal, data in rounds.items():
        marked = _marked(data).add_suffix(ordinal)
        table = table.join(marked, on="feature_id")
    unknown = table[["basis1", "basis2"]] == basis.BOUNDED
    changes = ["difference", "low", "high"]
    table[changes] = table[changes].mask(unknown.any(axis=1))
    for ordinal in rounds:
        table = basis.withheld(table, unknown[f"basis{ordinal}"], ordinal)
    if "reconstructed" in (earlier.info.kind, later.info.kind):
        table[OF_MODELS] = np.nan
    for ordinal, data in rounds.items():
        table[f"round{ordinal}"] = names[ordinal]
        table[f"models{ordinal}"] = len(data.models)
        table[f"kind{ordinal}"] = data.info.kind
        table[f"reading{ordinal}"] = data.info.reading or ""
    caveats = [name for name, differ in CAVEATS.items() if differ(earlier, later)]
    return table.assign(
        models_both=len(set(earlier.models["model_id"]) & set(later.models["model_id"])),
        caveats=" ".join(caveats),
        basis=table["basis2"].fillna(table["basis1"]),
        kind=later.info.kind,
        reading=later.info.reading or "",
    )


def taxonomy_of(earlier: Dataset, later: Dataset) -> Taxonomy:
    """Put together what two rounds were coded by, to label a comparison.

    Parameters
    ----------
    earlier, later : Dataset
        The rounds.

    Returns
    -------
    Taxonomy
        The later round's, with the features that only the earlier one has after its own.
    """
    own = later.taxonomy
    gone = [f for f in earlier.taxonomy.features if f.id not in own.feature_ids]
    return replace(own, features=(*own.features, *gone))


def source_of(earlier: Dataset, later: Dataset, lang: str) -> str:
    """Say where two rounds come from.

    Parameters
    ----------
    earlier, later : Dataset
        The rounds.
    lang : {"fi", "sv", "en"}
        Language.

    Returns
    -------
    str
        What is to be cited for each, else where its data come from, under the name of its round.
    """
    sources = ((data.info.citation or data.info.source)[lang] for data in (earlier, later))
    names = _names(earlier, later).values()
    return " ".join(f"{name}: {source}" for name, source in zip(names, sources, strict=True))


def _names(earlier: Dataset, later: Dataset) -> Mapping[str, str]:
    """Name two rounds so that they can be told apart."""
    rounds, folders = (earlier.info.round, later.info.round), (earlier.name, later.name)
    chosen = next((two for two in (rounds, folders) if two[0] != two[1]), None)
    one, two = chosen or (f"{earlier.name} (1)", f"{later.name} (2)")
    return {"1": one, "2": two}


def _marked(data: Dataset) -> pd.DataFrame:
    """Say of each share of one round where it stands."""
    shares = metrics.shares(metrics.tally(data.status, contested=data.contested))
    marked = basis.mark(shares, data, "feature-share").set_index("feature_id")
    return marked.reindex(columns=["basis", *compatible.NUMBERS])


def _coders(data: Dataset) -> set[str]:
    return set(data.counted.codings["coder_id"])


def _definitions(data: Dataset) -> Mapping[str, object]:
    return {feature.id: (feature.label, feature.definition) for feature in data.taxonomy.features}


def _redefined(earlier: Dataset, later: Dataset) -> bool:
    before, now = _definitions(earlier), _definitions(later)
    return any(before[feature] != now[feature] for feature in before.keys() & now.keys())


# What makes a change of the numbers something else than a change of the models.
CAVEATS: Mapping[str, Callable[[Dataset, Dataset], bool]] = {
    "kind": lambda a, b: a.info.kind != b.info.kind,
    "reading": lambda a, b: (
        None not in (a.info.reading, b.info.reading) and a.info.reading != b.info.reading
    ),
    "coders": lambda a, b: _coders(a) != _coders(b),
    "rule": lambda a, b: a.info.consensus != b.info.consensus,
    "version": lambda a, b: a.taxonomy.version != b.taxonomy.version,
    "definitions": _redefined,
    "features": lambda a, b: set(a.taxonomy.feature_ids) != set(b.taxonomy.feature_ids),
    "scale": lambda a, b: a.taxonomy.counts_as != b.taxonomy.counts_as,
    "outdated": lambda a, b: len(outdated(a)) + len(outdated(b)) > 0,
}
