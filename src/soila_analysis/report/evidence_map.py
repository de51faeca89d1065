"""The evidence map as one self-contained page: features by goals, filtered where it is read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from soila_analysis import metrics
from soila_analysis.dataset import Dataset
from soila_analysis.figures.evidence_map import CLASSES
from soila_analysis.figures.wording import BOUNDED, by_share, percent, ratio
from soila_analysis.language import LANGUAGES, Messages, messages
from soila_analysis.metrics.gaps import LEVEL
from soila_analysis.report.pages import asset, look, render
from soila_analysis.review import basis
from soila_analysis.taxonomy import Taxonomy

MARKS = {"present": "1", "absent": "0", "unclear": "?", "not-applicable": "-", "not-assessed": "."}
FIXED = ("model_id", "name")
NOTES = "note_"  # what a coder noted on each model, for the coders only
PLAIN = 200  # models that the page lists without a script
CHOICES = 40  # values of a column that are offered as a list; of more, a part can be typed


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
        As `dataset.consensus` gives.
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

    @classmethod
    def of(cls, dataset: Dataset) -> "Coded":
        """Gather them from a data set."""
        info, status = dataset.info, dataset.status
        cells = metrics.evidence_map(status, dataset.memberships, dataset.taxonomy.goal_ids)
        return cls(
            models=dataset.models,
            memberships=dataset.memberships,
            status=status,
            cells=basis.mark(cells, dataset, "feature-share", "feature-share-by-goal"),
            codings=dataset.codings,
            rule=info.consensus,
            kind=info.kind,
            reading=info.reading or "",
            source={lang: info.source[lang] for lang in LANGUAGES},
        )


def evidence_map(
    coded: Coded,
    taxonomy: Taxonomy,
    lang: str,
    *,
    langs: Sequence[str] = (),
    pages: Sequence[str] = (),
    title: str = "",
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
    pages : sequence of str, optional
        Pages of a site to link to; without any, the map stands alone.
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
    labels = taxonomy.labels(lang)
    margin = coded.cells[coded.cells["goal_id"] == ""]
    rows = by_share(margin.assign(feature=margin["feature_id"].map(labels)))
    cells = _cells(coded, t)
    return render(
        "map.html",
        lang,
        name="map",
        langs=langs,
        pages=pages,
        dataset=title,
        css=look(),
        badge=" · ".join(part for part in (badge, reading) if part),
        reconstructed=coded.kind == "reconstructed",
        source=coded.source[lang],
        labels=labels,
        features=rows["feature_id"].tolist(),
        goals=taxonomy.goal_ids,
        cells=cells,
        counted=_counted(coded, taxonomy, t),
        gaps=[(*at, cell["gap"]) for at, cell in cells.items() if cell["gap"]],
        bounded=sum(bool(goal) and cell["shade"] == "b" for (_, goal), cell in cells.items()),
        classes=_classes(t),
        models=_listed(coded, taxonomy, lang),
        plain=PLAIN,
        columns=_columns(coded),
        script=asset("explorer.js"),
        data=_embedded(coded, taxonomy, lang),
    )


def _columns(coded: Coded) -> dict[str, list[str]]:
    """Give each further column of the models, with its values where these are few."""
    further = [c for c in coded.models.columns if c not in FIXED and not c.startswith(NOTES)]
    values = {c: sorted(set(coded.models[c].astype(str)) - {""}) for c in further}
    return {c: found if len(found) <= CHOICES else [] for c, found in values.items()}


def _cells(coded: Coded, t: Messages) -> dict[tuple[str, str], dict[str, Any]]:
    """Give each cell its words, its class of shade, and what kind of gap it is."""
    bounded = coded.cells["basis"] == BOUNDED
    found = metrics.gaps(coded.cells).set_index(["feature_id", "goal_id"])["gap"]
    cells = {}
    for row, unsure in zip(coded.cells.itertuples(), bounded, strict=True):
        at = (row.feature_id, row.goal_id)
        gap = "" if unsure and row.n else found.get(at, "")
        shade = sum(row.percent >= c for c in CLASSES[1:-1]) if row.n else "none"
        cells[at] = {
            "share": percent(row, t),
            "ratio": ratio(row, t),
            "shade": "b" if unsure else shade,
            "published": row.basis == "published",
            "gap": t(f"site.script.gap-{gap}") if gap else "",
        }
    return cells


def _counted(coded: Coded, taxonomy: Taxonomy, t: Messages) -> dict[str, str]:
    """Write how many of each goal's models, and of all, were assessed for any feature."""
    ids = coded.status.index[coded.status.isin(["present", "absent"]).any(axis=1)]
    members = coded.memberships
    counts = {
        goal: (members["model_id"][members["goal_id"] == goal]) for goal in taxonomy.goal_ids
    } | {"": coded.models["model_id"]}
    return {
        goal: t("site.script.assessed", n=t.number(found.isin(ids).sum()), all=t.number(len(found)))
        for goal, found in counts.items()
    }


def _classes(t: Messages) -> list[str]:
    """Write the classes of shade, the lowest first."""
    edges = CLASSES[1:-1]
    between = zip(edges, [*(e - 1 for e in edges[1:]), 100], strict=True)
    return [
        t("evidence-map.under", high=t.percent(edges[0])),
        *(t("evidence-map.between", low=a, high=t.percent(b)) for a, b in between),
    ]


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
        "columns": list(columns),
        "models": [
            [row["model_id"], row["name"], goals.get(row["model_id"], []), "".join(codes)]
            + [str(row[c]) for c in columns]
            for row, codes in zip(
                coded.models.to_dict("records"), marks.to_numpy().tolist(), strict=True
            )
        ],
        "kind": coded.kind,
        "classes": CLASSES[1:-1],
        "level": LEVEL,
        "words": messages(lang).catalogue["site"]["script"],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))
