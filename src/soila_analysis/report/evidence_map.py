"""The evidence map as one self-contained page: features by goals, filtered where it is read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from soila_analysis import metrics, taxonomy
from soila_analysis.dataset import Dataset, groups
from soila_analysis.figures import sourced
from soila_analysis.figures.classes import FEW, Scale, known_gaps, scale
from soila_analysis.figures.wording import BOUNDED, badge, by_share, percent, ratio
from soila_analysis.language import Messages, messages
from soila_analysis.metrics.gaps import LEVEL
from soila_analysis.report.pages import asset, render
from soila_analysis.review import basis

MARKS = {"present": "1", "absent": "0", "unclear": "?", "not-applicable": "-"}
MARKS |= {"disagreement": "!", "not-assessed": "."}
FIXED = ("model_id", "name")
NOTES = "note_"  # what a coder noted on each model, for the coders only
PLAIN = 200  # models that the page lists without a script
LISTED = 20_000  # models that a page carries; of more it has the counts alone
SAID = ("region", "year")  # columns that have a name in each language
NAMED = 8  # goals whose names fit above their columns; of more, numbers stand there
LINK = ("http://", "https://")
COLOURS = 5  # values of a column that bubbles can show in colours of their own
NO_MODELS: dict[str, Any] = {"columns": [], "held": [], "link": "", "models": []}
CHOICES = 40  # values of a column that are offered as a list; of more, a part can be typed


@dataclass(frozen=True, slots=True)
class Column:
    """What a column of the models can be filtered by: nothing to choose from where there is much.

    Attributes
    ----------
    counts : mapping of str to int
        Its values in their order, and how many models have each.
    cells : mapping of str to list of str
        The values of each cell that holds several, or one by another name.
    """

    counts: Mapping[str, int]
    cells: Mapping[str, list[str]]


def further(models: pd.DataFrame) -> list[str]:
    """List the columns of models that describe them: not their names, and no coder's notes."""
    return [c for c in models if c not in FIXED and not c.startswith(NOTES)]


def source(models: pd.DataFrame) -> str:
    """Name the first column that holds addresses of pages and nothing else, if there is one."""
    filled = ((c, models.loc[models[c] != "", c]) for c in further(models))
    return next((c for c, v in filled if len(v) and v.str.startswith(LINK).all()), "")


def closed(dataset: Dataset) -> bool:
    """Say whether a page has no models: made-up ones, or too many."""
    return dataset.info.kind == "reconstructed" or len(dataset.models) > LISTED


def cells(dataset: Dataset) -> pd.DataFrame:
    """Share of each feature in each goal and in all models, with where each number stands."""
    goals = dataset.taxonomy.goal_ids
    table = metrics.evidence_map(
        dataset.status, dataset.memberships, goals, contested=dataset.contested
    )
    return basis.mark(table, dataset, "feature-share", "feature-share-by-goal")


def evidence_map(
    dataset: Dataset, lang: str, *, langs: Sequence[str] = (), pages: Sequence[str] = ()
) -> str:
    """Write the evidence map as one HTML page without any other file.

    It reads as plain tables without JavaScript. With it, cells, rows and columns open the list of
    their models, filters recompute all shares on the models that are left, the state is in the
    address, and what is shown can be saved as CSV. Of a reconstruction, whose models are made up,
    or of more than `LISTED` models, none is in the page: cells open what is known of them, and only
    goals can be chosen.

    Parameters
    ----------
    dataset : Dataset
        The models and their codes; each further column of the models is a filter, but for notes.
    lang : {"fi", "sv", "en"}
        Language of the page.
    langs : sequence of str, optional
        Languages to link to, at the same address in their own folder.
    pages : sequence of str, optional
        Pages of a site to link to; without any, the map stands alone.

    Returns
    -------
    str
        The page.
    """
    t, info = _said(dataset, lang), dataset.info
    labels = dataset.taxonomy.labels(lang)
    table = cells(dataset)
    margin = table[table["goal_id"] == ""]
    rows = by_share(margin.assign(feature=margin["feature_id"].map(labels)))
    shown, classes = _shown(table, t), scale(table)
    return render(
        "map.html",
        lang,
        t=t,
        name="map",
        langs=langs,
        pages=pages,
        dataset=dataset,
        badge=badge(dataset.kind, info.reading or "", t),
        kind=badge(dataset.kind, "", t).capitalize(),
        labels=labels,
        features=rows["feature_id"].tolist(),
        goals=dataset.taxonomy.goal_ids,
        cells=shown,
        counted=_counted(dataset, t),
        gaps=_gaps(shown, labels),
        bounded=sum(bool(goal) and cell["shade"] == "b" for (_, goal), cell in shown.items()),
        classes=[(_shade(classes, i), name) for i, name in enumerate(classes.names(t))],
        few=FEW,
        named=NAMED,
        closed=closed(dataset),
        many=len(dataset.models) > LISTED,
        models=[] if closed(dataset) else listed(dataset, lang),
        plain=PLAIN,
        disputed=bool(dataset.status.eq("disagreement").any(axis=None)),
        known=values(lang),
        script=asset("explorer.js"),
        data=_embedded(dataset, table, lang, classes),
        **_filters({} if closed(dataset) else _columns(dataset.models), t),
    )


def _filters(columns: Mapping[str, Column], t: Messages) -> dict[str, Any]:
    """Give the columns that filter, their heads, and which of them can colour bubbles."""
    return {
        "columns": {c: column.counts for c, column in columns.items()},
        "heads": {c: head(c, t) for c in columns},
        "coloured": [c for c, one in columns.items() if 1 < len(one.counts) <= COLOURS],
    }


def _said(dataset: Dataset, lang: str) -> Messages:
    """Return the messages of a map: of goals, or of groups by a column of the models."""
    return messages(lang, *(dataset.grouping.told if dataset.grouping else ()))


def _columns(models: pd.DataFrame) -> dict[str, Column]:
    """Read each further column of the models, as groups by it would."""
    return {c: _column(models, c) for c in further(models) if c != source(models)}


def _column(models: pd.DataFrame, name: str) -> Column:
    found = groups.values(models, name)
    counts = found["value"].value_counts()
    if len(counts) > CHOICES:
        return Column({}, {})
    held = found.groupby("model_id")["value"].agg(list)
    cells = {cell: held.get(i, []) for cell, i in models[[name, "model_id"]].to_numpy()}
    several = {cell: own for cell, own in cells.items() if cell and own != [cell]}
    return Column({value: int(counts[value]) for value in groups.ordered(counts.index)}, several)


def head(column: str, t: Messages) -> str:
    """Name a further column of the models, where it has a name in each language."""
    return t(f"site.columns.{column}") if column in SAID else column


def values(lang: str) -> dict[str, str]:
    """Name values of columns that are ids: regions."""
    return {region.id: region.label[lang] for region in taxonomy.regions()}


def _shown(table: pd.DataFrame, t: Messages) -> dict[tuple[str, str], dict[str, Any]]:
    """Give each cell its words, its class of shade, and what kind of gap it is."""
    found = known_gaps(table).set_index(["feature_id", "goal_id"])["gap"]
    shown, classes = {}, scale(table)
    for row in table.itertuples():
        at, gap = (row.feature_id, row.goal_id), found.get((row.feature_id, row.goal_id), "")
        shown[at] = {
            "share": percent(row, t),
            "ratio": ratio(row, t),
            "shade": shade(row, classes),
            "published": row.basis == "published",
            "gap": t(f"site.script.gap-{gap}") if gap else "",
        }
    return shown


def _gaps(
    shown: Mapping[tuple[str, str], Mapping[str, Any]], labels: Mapping[str, str]
) -> list[str]:
    """Tell each gap; one that is the same for every feature of a goal is told of the goal."""
    kinds: dict[str, list[str]] = {}
    for (_, goal), cell in shown.items():
        kinds.setdefault(goal, []).append(cell["gap"])
    whole = {goal: gaps[0] for goal, gaps in kinds.items() if gaps[0] and len({*gaps}) == 1}
    single = [
        f"{labels[feature]}, {labels[goal]}: {cell['gap']}"
        for (feature, goal), cell in shown.items()
        if cell["gap"] and goal not in whole
    ]
    return [*(f"{labels[goal]}: {gap}" for goal, gap in whole.items()), *single]


def _counted(dataset: Dataset, t: Messages) -> dict[str, str]:
    """Write how many of each goal's models, and of all, were assessed for any feature."""
    assessed = dataset.status.isin(["present", "absent"]).any(axis=1)
    members = dataset.memberships.groupby("goal_id")["model_id"].agg(list)
    groups = {goal: members.get(goal, []) for goal in dataset.taxonomy.goal_ids}
    return {
        goal: t("site.script.assessed", n=t.number(assessed[ids].sum()), all=t.number(len(ids)))
        for goal, ids in {**groups, "": dataset.models["model_id"].tolist()}.items()
    }


def shade(row: Any, classes: Scale) -> int | str:
    """Name the shade of a cell: ``b`` only bounds known, ``e`` empty, ``none``, or its class."""
    if not row.n:
        return "e"
    return "b" if row.basis == BOUNDED else _shade(classes, classes.place(row))


def _shade(classes: Scale, place: int | None) -> int | str:
    """Name the shade of a class; that of 0 in a sparse map has none."""
    return "none" if place is None or place < classes.sparse else place - classes.sparse


def listed(dataset: Dataset, lang: str, most: int | None = None) -> list[dict[str, Any]]:
    """Give each of the first models its goals and number of features; one made up is not listed."""
    if dataset.info.kind == "reconstructed":
        return []
    models = dataset.models.head(most) if most else dataset.models
    labels, goals = dataset.taxonomy.labels(lang), _goals(dataset, models["model_id"])
    present = dataset.status.eq("present").sum(axis=1)
    assessed = present + dataset.status.eq("absent").sum(axis=1)
    linked, regions, columns = source(dataset.models), values(lang), _columns(dataset.models)

    def told(cell: str, column: Column) -> str:
        return "; ".join(regions.get(one, one) for one in column.cells.get(cell, [cell]))

    return [
        {
            "row": row,
            "told": {name: told(row[name], column) for name, column in columns.items()},
            "link": row.get(linked, ""),
            "goals": [labels[goal] for goal in goals.get(row["model_id"], [])],
            "present": int(present[row["model_id"]]),
            "assessed": int(assessed[row["model_id"]]),
        }
        for row in models.to_dict("records")
    ]


def _goals(dataset: Dataset, models: pd.Series) -> Mapping[str, list[str]]:
    """List the goals of each of these models that has any."""
    served = dataset.memberships[dataset.memberships["model_id"].isin(models)]
    found: Mapping[str, list[str]] = served.groupby("model_id")["goal_id"].agg(list)
    return found


def _known(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Give what is known of each cell: k, n, bounds where k is not known, and the basis."""
    columns = ["k", "n", "bound_low", "bound_high", "basis"]
    only = table.reindex(columns=columns).astype(object)
    bounded = only["basis"] == BOUNDED
    only[["bound_low", "bound_high"]] = only[["bound_low", "bound_high"]].where(bounded)
    told = only.where(only.notna(), None).to_numpy().tolist()
    ids = zip(table["feature_id"], table["goal_id"], strict=True)
    return {" ".join(at): cell for at, cell in zip(ids, told, strict=True)}


def _models(dataset: Dataset) -> dict[str, Any]:
    """Give each model its codes, goals and further columns."""
    goals = _goals(dataset, dataset.models["model_id"])
    order = {g: i for i, g in enumerate(dataset.taxonomy.goal_ids)}
    marks = dataset.status.apply(lambda column: column.map(MARKS).astype(str)).agg("".join, axis=1)
    columns, linked = _columns(dataset.models), source(dataset.models)
    return {
        "columns": [*columns],
        "held": [column.cells for column in columns.values()],
        "link": linked,
        "models": [
            [
                *(row["model_id"], row["name"]),
                [order[goal] for goal in goals.get(row["model_id"], [])],
                marks[row["model_id"]],
                *(row[c] for c in ([linked] if linked else []) + [*columns]),
            ]
            for row in dataset.models.to_dict("records")
        ],
    }


def _embedded(dataset: Dataset, table: pd.DataFrame, lang: str, classes: Scale) -> Markup:
    """Put the codes into the page: a character a code, no text that could end the script."""
    known = dataset.taxonomy
    data = {
        "lang": lang,
        "features": list(known.feature_ids),
        "goals": list(known.goal_ids),
        "labels": known.labels(lang),
        **(NO_MODELS if closed(dataset) else _models(dataset)),
        "named": {} if closed(dataset) else values(lang),
        "closed": closed(dataset),
        "cells": _known(table),
        "kind": dataset.info.kind,
        "source": sourced(dataset.info, lang),
        "classes": classes.edges,
        "sparse": classes.sparse,
        "few": FEW,
        "level": LEVEL,
        "words": _said(dataset, lang).catalogue["site"]["script"],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))
