"""The evidence map as one self-contained page: features by goals, filtered where it is read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from soila_analysis.language import messages
from soila_analysis.report.pages import asset, render
from soila_analysis.taxonomy import Taxonomy

MARKS = {"present": "1", "absent": "0", "unclear": "?", "not-applicable": "-", "not-assessed": "."}
FIXED = ("model_id", "name")
NOTES = "note_"  # what a coder noted on each model, for the coders only
CLASSES = (50, 65, 80)  # per cent, as in the evidence map of the figures


@dataclass(frozen=True, slots=True)
class Coded:
    """Coded models, as the evidence map needs them.

    Attributes
    ----------
    models : DataFrame
        ``model_id``, ``name``, and any further columns: each of those is a filter, but for notes.
    memberships : DataFrame
        ``model_id``, ``goal_id``.
    status : DataFrame, models x features
        As `coding.consensus` gives.
    cells : DataFrame
        `metrics.evidence_map` of these, with ``basis`` and bounds as `review.basis.mark` adds.
    codings : DataFrame
        ``model_id``, ``feature_id``, ``coder_id``, ``code``, as the coders gave them.
    rule : str
        The rule by which ``status`` follows from these.
    kind, reading : str
        Of the data set.
    source : mapping of language to str
        Where the codes come from.
    """

    models: pd.DataFrame
    memberships: pd.DataFrame
    status: pd.DataFrame
    cells: pd.DataFrame
    codings: pd.DataFrame
    rule: str
    kind: str
    reading: str
    source: Mapping[str, str]


def evidence_map(
    coded: Coded, taxonomy: Taxonomy, lang: str, *, langs: Sequence[str] = (), title: str = ""
) -> str:
    """Write the evidence map as one HTML page without any other file.

    It reads as plain tables without JavaScript. With it, cells, rows and columns open the list of
    their models, filters recompute all shares on the models that are left, the state is in the
    address, and what is shown can be saved as CSV.

    Parameters
    ----------
    coded : Coded
        The models and their codes.
    taxonomy : Taxonomy
        Features and goals, in order.
    lang : {"fi", "sv", "en"}
        Language of the page.
    langs : sequence of str, optional
        Languages to link to, at the same address in their own folder.
    title : str, optional
        Name of the data set.

    Returns
    -------
    str
        The page.
    """
    t = messages(lang)
    badge = t(f"badge.{coded.kind}") if coded.kind in t.catalogue["badge"] else ""
    reading = t.catalogue["reading"].get(coded.reading, coded.reading)
    return render(
        "map.html",
        lang,
        name="map",
        langs=langs,
        dataset=title,
        css=asset("page.css"),
        badge=" · ".join(part for part in (badge, reading) if part),
        source=coded.source[lang],
        features=taxonomy.features,
        goals=taxonomy.goals,
        cells=_cells(coded, lang),
        models=_listed(coded, taxonomy, lang),
        columns=_columns(coded),
        script=asset("explorer.js"),
        data=_embedded(coded, taxonomy, lang),
    )


def _columns(coded: Coded) -> list[str]:
    columns = (c for c in coded.models.columns if c not in FIXED)
    return [c for c in columns if not c.startswith(NOTES)]


def _cells(coded: Coded, lang: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Give each cell its words, its class of shade, and whether it is only bounded."""
    t = messages(lang)
    cells = {}
    for row in coded.cells.itertuples():
        known = row.n > 0
        bounded = row.basis == "bounded"
        low, high = (row.bound_low, row.bound_high) if bounded else (row.k, row.k)
        span = f"{t.number(low)}–{t.number(high)}" if bounded else t.number(row.k)
        percents = [(200 * int(k) + int(row.n)) // (2 * int(row.n)) for k in (low, high) if known]
        share = t("common.no-data")
        if known:
            share = t.percent(percents[1])
            share = f"{t.number(percents[0])}–{share}" if bounded else share
        cells[row.feature_id, row.goal_id] = {
            "share": share,
            "ratio": f"{span}/{t.number(row.n)}",
            "shade": "b" if bounded else sum(known and row.percent >= c for c in CLASSES),
            "published": row.basis == "published",
        }
    return cells


def _listed(coded: Coded, taxonomy: Taxonomy, lang: str) -> list[dict[str, Any]]:
    """Give each model its goals and the number of its features, for the plain table."""
    labels = taxonomy.labels(lang)
    goals = coded.memberships.groupby("model_id")["goal_id"].agg(list)
    present = coded.status.eq("present").sum(axis=1)
    assessed = coded.status.isin(["present", "absent"]).sum(axis=1)
    return [
        {
            "row": row,
            "goals": [labels[g] for g in goals.get(row["model_id"], [])],
            "present": int(present[row["model_id"]]),
            "assessed": int(assessed[row["model_id"]]),
        }
        for row in coded.models.to_dict("records")
    ]


def _embedded(coded: Coded, taxonomy: Taxonomy, lang: str) -> Markup:
    """Put the codes into the page: a character a code, no text that could end the script."""
    order = {goal: i for i, goal in enumerate(taxonomy.goal_ids)}
    goals = coded.memberships.groupby("model_id")["goal_id"].agg(lambda g: [order[x] for x in g])
    marks = coded.status.apply(lambda column: column.map(MARKS).astype(str))
    columns = _columns(coded)
    data = {
        "lang": lang,
        "features": list(taxonomy.feature_ids),
        "goals": list(taxonomy.goal_ids),
        "labels": taxonomy.labels(lang),
        "columns": columns,
        "models": [
            [row["model_id"], row["name"], goals.get(row["model_id"], []), "".join(codes)]
            + [str(row[c]) for c in columns]
            for row, codes in zip(
                coded.models.to_dict("records"), marks.to_numpy().tolist(), strict=True
            )
        ],
        "kind": coded.kind,
        "classes": CLASSES,
        "words": messages(lang).catalogue["site"]["script"],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))
