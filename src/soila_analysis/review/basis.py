"""Where each number of a table stands: observed, published, implied, or only bounded."""

import pandas as pd
from pandas.api.types import is_integer_dtype

from soila_analysis.dataset import Dataset
from soila_analysis.review import claims, compatible

RIVALS = {"literal": "memberships", "memberships": "literal"}
KEYS = ["feature_id", "goal_id"]
BOUNDED = "bounded"
# What a table says of one compatible data set alone, where only bounds are known.
POINTS = ["k", "share", "percent", "share_min", "share_max", "rank", "tied"]
POINTS += ["rank_min", "rank_max", "features", "assessed", "total", "median", "leads", "value"]
POINTS += ["mean", "mean_min", "mean_max", "leader"]
RESAMPLED = ["rank_low", "rank_high"]  # what its models give when drawn anew, published or not


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
        without any, no number of a reconstruction is known but those that claims speak of.

    Returns
    -------
    DataFrame
        The table with ``basis``, ``kind`` and ``reading``. For observed and synthetic data the
        basis is that word; for observed data without a person among the coders, language-model. For
        a reconstruction it is published where a printed number is reproduced, implied where the
        publication and the reading leave only this value, and bounded where they leave several.
        Then ``bound_low`` and ``bound_high`` are the counts (means: features) that are possible at
        all; where nothing is known of the range, such as in rows about a part of the models only,
        all from 0 up. In bounded rows every number that one of the compatible data sets alone has
        (`POINTS`) is missing; ``low`` and ``high`` enclose 95 % of these data sets if all
        unpublished counts are equally likely, ``low_once`` and ``high_once`` if each data set
        counts once, and ``interval`` says so. ``other_reading`` and ``other_share`` give what the
        rival reading takes a published number to be, where it differs. In a table with means,
        ``published_first`` says of which goal the highest is published.
    """
    kind, reading = dataset.kind, dataset.info.reading or ""
    marked = table.assign(basis=kind, kind=kind, reading=reading)
    if kind != "reconstructed":
        return marked
    marked = marked.drop(columns=[c for c in marked if ":" in str(c)])  # of coders who are made up
    if not measures and "share" not in table:
        return _of_claims(marked) if "verdict" in table else withheld(marked, table.get("n", 0) > 0)
    ranges = compatible.load_ranges()
    speaking = ranges["measure"].isin(measures) & dataset.info.of_review
    ranges = ranges[speaking].set_index(KEYS)
    own = ranges[ranges["reading"] == reading]
    rival = ranges[ranges["reading"] == RIVALS.get(reading, "")]
    key = pd.MultiIndex.from_arrays(
        [table.get(column, pd.Series("", table.index)) for column in KEYS], names=KEYS
    )
    known = _bounded(_published(marked, key, dataset, measures), key, own)
    if "mean" in known:
        known["published_first"] = known["goal_id"].isin(_leaders(dataset))
    drawn = {c: _whole(known[c]).mask(known["n"] > 0) for c in RESAMPLED if c in known}
    return withheld(_compared(known, key, rival).assign(**drawn), known["basis"] == BOUNDED)


def withheld(table: pd.DataFrame, unknown: pd.Series, suffix: str = "") -> pd.DataFrame:
    """Take out of a table what nobody has published.

    Parameters
    ----------
    table : DataFrame
        With some of the columns `POINTS`.
    unknown : Series of bool
        The rows of which only ranges are known.
    suffix : str, optional
        What the names of the columns end in.

    Returns
    -------
    DataFrame
        The numbers are missing in these rows; rows that read the same then are given once.
    """
    points = {c: _whole(table[c]) for p in POINTS if (c := f"{p}{suffix}") in table}
    left = table.assign(**{c: column.mask(unknown) for c, column in points.items()})
    return left[~(unknown & left.duplicated())].reset_index(drop=True)


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


def _of_claims(checked: pd.DataFrame) -> pd.DataFrame:
    """Call what is reproduced published; the axis of a chart follows from its bars."""
    published, weak = checked["verdict"] == "reproduced", checked["status"] == "weak"
    basis = checked["basis"].mask(published, "published")
    return checked.assign(basis=basis.mask(~published & weak & (published | weak).all(), "implied"))


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


def _leaders(dataset: Dataset) -> list[str]:
    """List the goals that are published to have most features per model."""
    checked = claims.check(dataset)
    stated = (checked["measure"] == "leading-goal") & (checked["verdict"] == "reproduced")
    return [goal for goals in checked.loc[stated, "printed"] for goal in goals.split(";")]


def _whole(column: pd.Series) -> pd.Series:
    """Let whole numbers stay so where some are missing."""
    return column.astype("Int64") if is_integer_dtype(column) else column


def _bounded(table: pd.DataFrame, key: pd.MultiIndex, own: pd.DataFrame) -> pd.DataFrame:
    """Put the ranges beside the numbers; means have columns of their own."""
    found = own.reindex(key).set_index(table.index)
    printed, same = table["basis"] == "published", found["n"].eq(table["n"])
    # a part of the models has no ranges, nor has a number that is not the published one
    found = found.where(same & (printed | found["basis"].isin([BOUNDED, "implied"])))
    basis = table["basis"].mask(~printed & found["basis"].eq("implied"), "implied")
    bounded = (basis == "reconstructed") & (table["n"] > 0)
    whole = table["features_max" if "mean" in table else "n"].astype(float)
    ranges = found[compatible.NUMBERS].astype(float)
    for end, widest in {"bound_low": 0.0, "bound_high": whole}.items():
        ranges[end] = ranges[end].mask(bounded & ranges[end].isna(), widest)
    told = table.assign(basis=basis.mask(bounded, BOUNDED))
    if "mean" in table:
        told[["low", "high"]] = told[["low", "high"]].mask(bounded)
        return told.join(ranges.add_prefix("mean_"))
    inner = ranges[compatible.INNER].div(whole, axis=0)
    inner[["low", "high"]] = table[["low", "high"]].mask(bounded, inner[["low", "high"]])
    method = table.get("interval", pd.Series("wilson", table.index))
    return told.assign(
        interval=method.mask(bounded, "compatible"), **inner, **ranges[["bound_low", "bound_high"]]
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
