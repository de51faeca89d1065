"""The front door: one call for each thing that a researcher does with a data set."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from soila_analysis import figures, files, metrics
from soila_analysis.dataset import Dataset, rounds
from soila_analysis.figures.spec import found, options
from soila_analysis.review import basis, claims

SHOWN = ("k", "n", "share", "low", "high", "percent", "basis")


def tidy(data: Dataset, lang: str = "fi") -> pd.DataFrame:
    """Lay the codes out for plotting: see `Dataset.tidy`.

    Parameters
    ----------
    data : Dataset
        As `load` gives.
    lang : {"fi", "sv", "en"}, default "fi"
        Language of the labels.

    Returns
    -------
    DataFrame
    """
    return data.tidy(lang)


def shares(
    data: Dataset, by: str | None = None, *, lang: str = "fi", interval: str = "wilson"
) -> pd.DataFrame:
    """Share of the assessed models that have each feature, over all models or in groups.

    Parameters
    ----------
    data : Dataset
        As `load` gives.
    by : str, optional
        ``goal``, or a column of ``models.csv``; models without a value are in no group. A model
        with several goals counts in each of them.
    lang : {"fi", "sv", "en"}, default "fi"
        Language of the labels.
    interval : str, default "wilson"
        As for `metrics.shares`.

    Returns
    -------
    DataFrame
        One row a feature (and group): ``feature``, ``goal`` or the group's column, ``k`` present of
        ``n`` assessed, ``share`` with ``low`` and ``high``, ``percent``, ``basis`` (where the
        number stands); then ids and what else `metrics.shares` and `review.basis.mark` give.

    Raises
    ------
    ValueError
        For a column that there is not; the message lists those there are.
    """
    columns = [column for column in data.models if column not in ("model_id", "name")]
    if by is None:
        table = metrics.shares(
            metrics.tally(data.status, contested=data.contested), interval=interval
        )
        measures: tuple[str, ...] = ("feature-share",)
    elif by in ("goal", "goal_id"):
        table = metrics.feature_shares_by_goal(
            data.status,
            data.memberships,
            data.taxonomy.goal_ids,
            interval=interval,
            contested=data.contested,
        )
        measures = ("feature-share-by-goal",)
    else:
        found("models.csv has no column", by, {"goal": None, **dict.fromkeys(columns)})
        groups = data.models.loc[data.models[by] != "", ["model_id", by]]
        table, measures = (
            metrics.shares_by(data.status, groups, interval=interval, contested=data.contested),
            (),
        )
    marked = basis.mark(table, data, *measures)
    source, scope = figures.sourced(data.info, lang), figures.scoped(data.info, lang)
    labelled = figures.label(marked, data.taxonomy, lang, source, scope=scope)
    first = [column for column in ("feature", "goal", by, *SHOWN) if column in labelled]
    return labelled[[*first, *labelled.columns.difference(first, sort=False)]]


def table(figure: str, data: Dataset, lang: str = "fi", **given: Any) -> pd.DataFrame:
    """Make the labelled table that a figure is drawn from.

    Parameters
    ----------
    figure : str
        Name of the figure, such as ``feature-shares``.
    data : Dataset
        As `load` gives; of a part of it, the table says which.
    lang : {"fi", "sv", "en"}, default "fi"
        Language of the labels.
    **given
        Options of the figure, such as ``feature`` of ``feature-by-goal``, or ``earlier`` of
        ``change-over-rounds``: data sets, oldest first, in place of those that ``dataset.toml``
        leads to; see `dataset.rounds`.

    Returns
    -------
    DataFrame
        Identifiers, numbers, ``basis``, ``kind``, ``reading``, ``source`` and labels. `publish`
        knows it by its ``attrs``.

    Raises
    ------
    ValueError
        For an unknown figure or option; the message lists those there are.
    """
    metric = figures.spec(figure).metric or _from_review(figure)
    known = options(metric)
    for option in given:
        found(f"{figure} has no option", option, dict.fromkeys(known))
    if "lang" in inspect.signature(metric).parameters:
        given["lang"] = lang
    made = metric(data, **given)
    if "basis" not in made:
        made = basis.mark(made, data, *figures.spec(figure).measures)
    if "source" not in made:
        source = figures.sourced(data.info, lang, "".join(made["kind"].head(1)))
        told = {"scope": figures.scoped(data.info, lang), "selection": _selection(data, lang)}
        made = figures.label(made, data.taxonomy, lang, source, **told)
    if "claim_id" in made:
        made = claims.worded(made, lang, claims.of(data))
    made.attrs = {
        "figure": figure,
        "lang": lang,
        "dataset": data.name,
        "labels": data.taxonomy.labels(lang),
        "variants": _variants(figure, data),
    }
    return made


def plot(
    figure: str, data: Dataset, lang: str = "fi", variant: str = "redesigned", **given: Any
) -> Figure:
    """Draw a figure.

    Parameters
    ----------
    figure, data, lang, **given
        As for `table`.
    variant : {"as-published", "redesigned"}, default "redesigned"
        Which of its variants; only the review's own data sets are drawn as it was published.

    Returns
    -------
    Figure
        16 cm wide; a notebook shows it as the cell's result.

    Raises
    ------
    ValueError
        For an unknown figure, variant or option, the message lists those there are; for a table
        with nothing to draw, it says why.
    """
    found(
        f"{figure} of {data.name} has no variant", variant, dict.fromkeys(_variants(figure, data))
    )
    return figures.draw(figure, table(figure, data, lang, **given), lang, variant)


def publish(
    table: pd.DataFrame,
    variant: str = "redesigned",
    *,
    stem: str | None = None,
    folder: Path | None = None,
) -> figures.Saved:
    """Draw a figure from its table, save both, and show the figure.

    Parameters
    ----------
    table : DataFrame
        As `table` gives.
    variant : {"as-published", "redesigned", "both"}, default "redesigned"
        Which of its variants; ``both`` means all that the figure has for the data set.
    stem : str, optional
        File name without its ending, by default the figure's name.
    folder : Path, optional
        By default ``build/<data set>/<language>``, or where a run says.

    Returns
    -------
    Saved
        What was saved; a notebook shows the figures as the cell's result.

    Raises
    ------
    ValueError
        For a frame that `table` did not make, or a variant that there is not.
    """
    if "figure" not in table.attrs:
        raise ValueError("publish takes a table of a figure: soila.table(figure, data, lang)")
    figure, lang, dataset = (table.attrs[name] for name in ("figure", "lang", "dataset"))
    variants = {one: (one,) for one in table.attrs["variants"]} | {"both": table.attrs["variants"]}
    chosen = found(f"{figure} of {dataset} has no variant", variant, variants)
    place = folder or files.output_folder(dataset, lang)
    return figures.publish(figure, table, lang, chosen, place, stem=stem)


def _from_review(figure: str) -> Callable[..., pd.DataFrame]:
    """Find what makes the table of a figure about the publication, or about rounds."""
    from soila_analysis.review import fragility

    tables: dict[str, Callable[..., pd.DataFrame]] = {
        "claims": lambda data: basis.mark(claims.check(data), data),
        "share-bases": _share_bases,
        "fragility": fragility.table,
        "change-over-rounds": _rounds,
    }
    return tables[figure]


def _share_bases(data: Dataset) -> pd.DataFrame:
    """Make the table of the bases that the review's shares may have, of the review only."""
    from soila_analysis.review import published

    made = published.share_bases()
    return basis.of_publication(made if data.info.of_review else made.iloc[:0])


def _rounds(data: Dataset, lang: str, earlier: str | Sequence[Dataset] = "") -> pd.DataFrame:
    """Make the table of rounds, whose labels and source are those of all."""
    from soila_analysis.rounds import comparison

    followed = rounds(data, earlier)
    names = comparison.taxonomy_of(followed)
    source = figures.sourced(data.info, lang, cited=comparison.source_of(followed, lang))
    place = data.info.place[lang] if data.info.place else ""
    told = {"scope": place, "selection": _selection(data, lang)}
    return figures.label(comparison.compare(followed), names, lang, source, **told)


def _variants(figure: str, data: Dataset) -> tuple[str, ...]:
    """List the variants of a figure; only the review is drawn as it was published."""
    known = figures.spec(figure).variants
    return tuple(v for v in known if v != "as-published" or data.info.of_review)


def _selection(data: Dataset, lang: str) -> str:
    """Say which part of the models a data set has, if it is a part."""
    if data.part is None:
        return ""
    goal = data.taxonomy.labels(lang).get(data.goal, "")
    return figures.selected(lang, goal, data.part.only, n=len(data.models), of=data.part.of)
