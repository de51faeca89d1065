"""Where each number of a table stands: observed, published, implied, or only bounded."""

import pandas as pd

from soila_analysis.dataset import Dataset
from soila_analysis.review import claims, compatible

RIVALS = {"literal": "memberships", "memberships": "literal"}
KEYS = ["feature_id", "goal_id"]
RANGE = ["low", "high", "bound_low", "bound_high"]


def mark(table: pd.DataFrame, dataset: Dataset, *measures: str) -> pd.DataFrame:
    """Say of each row of a table where its number stands.

    Parameters
    ----------
    table : DataFrame
        With ``feature_id`` and/or ``goal_id``, as the metrics give.
    dataset : Dataset
        The data set that the table was computed from, or of which it was computed from a part.
    *measures : str
        The measures of the claims that speak of the same quantity, such as ``goal-share``;
        without any, only the data set's kind and reading are told.

    Returns
    -------
    DataFrame
        The table with ``basis``, ``kind`` and ``reading``. For observed and synthetic data the
        basis is that word. For a reconstruction it is published where a printed number is
        reproduced, implied where the publication and the reading leave only this value, bounded
        where they leave several, and reconstructed where nothing is known of the range, such as in
        rows about a part of the models only. Then
        ``bound_low`` and ``bound_high`` are the counts (means: features) that are possible at
        all; in bounded rows ``low`` and ``high`` enclose 95 % of the compatible data sets and
        ``interval`` says so; ``other_reading`` and ``other_share`` give what the rival reading
        takes a published number to be, where it differs.
    """
    kind, reading = dataset.info.kind, dataset.info.reading or ""
    marked = table.assign(basis=kind, kind=kind, reading=reading)
    if kind != "reconstructed" or not measures:
        return marked
    if not dataset.info.of_review:
        return marked.assign(basis="reconstructed")
    ranges = compatible.load_ranges()
    ranges = ranges[ranges["measure"].isin(measures)].set_index(KEYS)
    own = ranges[ranges["reading"] == reading]
    rival = ranges[ranges["reading"] == RIVALS.get(reading, "")]
    key = pd.MultiIndex.from_arrays(
        [table.get(column, pd.Series("", table.index)) for column in KEYS], names=KEYS
    )
    return _compared(_bounded(_published(marked, key, dataset, measures), key, own), key, rival)


def of_publication(table: pd.DataFrame) -> pd.DataFrame:
    """Mark a table that rests on the published numbers alone, whatever the data set.

    Parameters
    ----------
    table : DataFrame
        Any table.

    Returns
    -------
    DataFrame
        With ``basis`` published, ``kind`` publication and an empty ``reading``.
    """
    return table.assign(basis="published", kind="publication", reading="")


def _published(
    table: pd.DataFrame, key: pd.MultiIndex, dataset: Dataset, measures: tuple[str, ...]
) -> pd.DataFrame:
    checked = claims.check(dataset)
    same = checked["measure"].isin(measures) & (checked["verdict"] == "reproduced")
    counts = ["k", "n"]
    claimed = checked.loc[same, [*KEYS, *counts]].astype(dict.fromkeys(counts, int))
    told = [*(key.get_level_values(name) for name in KEYS), *(table[name] for name in counts)]
    printed = pd.MultiIndex.from_arrays(told).isin(pd.MultiIndex.from_frame(claimed))
    return table.assign(basis=table["basis"].mask(printed, "published"))


def _bounded(table: pd.DataFrame, key: pd.MultiIndex, own: pd.DataFrame) -> pd.DataFrame:
    """Put the ranges beside the numbers; means have columns of their own."""
    found = own.reindex(key)
    found.index = table.index
    found = found.where(found["n"].eq(table["n"]))  # a part of the models has no ranges
    possible = found["basis"].isin(["bounded", "implied"]) & (table["basis"] != "published")
    basis = table["basis"].mask(possible, found["basis"])
    bounded = basis == "bounded"
    if "mean" in table:
        names = {column: f"mean_{column}" for column in RANGE}
        return table.assign(basis=basis, **found.rename(columns=names)[list(names.values())])
    method = table.get("interval", pd.Series("wilson", table.index))
    share = found[["low", "high"]].div(found["n"].astype(float), axis=0)
    return table.assign(
        basis=basis,
        low=table["low"].mask(bounded, share["low"]),
        high=table["high"].mask(bounded, share["high"]),
        interval=method.mask(bounded, "compatible"),
        bound_low=found["bound_low"],
        bound_high=found["bound_high"],
    )


def _compared(table: pd.DataFrame, key: pd.MultiIndex, rival: pd.DataFrame) -> pd.DataFrame:
    other = rival[rival["basis"] == "published"].reindex(key)
    share = (other["bound_low"].astype(float) / other["n"].astype(float)).set_axis(table.index)
    differs = (table["basis"] == "published") & share.ne(table["share"]) & share.notna()
    reading = next(iter(rival["reading"]), "")
    return table.assign(
        other_reading=pd.Series(reading, table.index).where(differs, ""),
        other_share=share.where(differs),
    )
