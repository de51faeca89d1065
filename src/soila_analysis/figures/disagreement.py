"""Figure 11c: on which features the coders disagree, and who says what."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soila_analysis import metrics
from soila_analysis.figures.marks import box_entry
from soila_analysis.figures.page import (
    LABEL,
    SMALL,
    WIDTH,
    Page,
    row_height,
    text_width,
)
from soila_analysis.figures.palette import GREY, PALETTE
from soila_analysis.figures.rows import Mark, Rows
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose, without_figure
from soila_analysis.figures.wording import leaders
from soila_analysis.language import Messages, messages

LABELS = 5.6  # cm, width of the column of labels
ROW = 0.86
PITCH = 0.42  # at most, of a box that stands for one model
BOXES = 84  # at most, in a row; of more models, a row is one bar an outcome
LOOKS = {  # face, edge and hatching by outcome; of two coders, the second has a colour of its own
    "all-present": (PALETTE[0], PALETTE[0], ""),
    "only": (PALETTE[1], PALETTE[1], ""),
    "other": (PALETTE[2], PALETTE[2], ""),
    "split": (PALETTE[1], PALETTE[1], ""),
    "all-absent": ("white", PALETTE[0], ""),
    "open": ("white", GREY, "//////"),
}


def metric(data: Coded) -> pd.DataFrame:
    """Make the table of the figure."""
    counts_as, features = data.taxonomy.counts_as, data.taxonomy.feature_ids
    return metrics.disagreement(data.counted.cube, counts_as, features)


def drawable(table: pd.DataFrame, _variant: str = "") -> bool:
    """Say whether two coders have decided on the same model anywhere."""
    return bool((table["decided"] > 0).any())


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    title = t("disagreement.title")
    if not drawable(table):
        return without_figure(table, lang, title, t("disagreement.none"))
    rows = _rows(table)
    most = rows[rows["share"] == rows["share"].max()]
    if len(most) == 1 and len(rows) > 1:
        title = t("disagreement.lead-title", feature=most["feature"].iloc[0])
    return compose(
        table,
        lang,
        chart=t(f"disagreement.chart-{variant}"),
        title=title,
        measure=t(f"disagreement.mark-{_mark(table)}"),
        notes=[t("disagreement.how"), _single(table, t)],
        findings=_findings(table, most, t),
        rows=[_sentence(table, r, t) for r in rows.itertuples()],
        marks=False,
    )


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw a row a feature of boxes, one a model, the most disputed feature first."""
    t = messages(words.lang)
    rows, outcomes = _rows(table), _outcomes(table)
    key = [box_entry(_outcome(one, t), **_look(one, outcomes)) for one in outcomes]
    step = row_height(rows["feature"], LABELS - 0.5, SMALL, t.lang, ROW)
    page = Page(words, step * len(rows), key)
    canvas = page.canvas()
    counts = max(text_width(_ratio(r, t), LABEL, bold=True) for r in rows.itertuples())
    room = WIDTH - 0.3 - counts - 0.3 - LABELS
    pitch = min(PITCH, room / rows["n"].max())
    for i, row in enumerate(rows.itertuples()):
        y = step * (i + 0.5)
        page.label(LABELS - 0.2, y, row.feature, LABELS - 0.5, SMALL)
        x, own = LABELS, table[table["feature_id"] == row.feature_id]
        for outcome, k in zip(outcomes, own["k"], strict=True):
            boxes = [(pitch * j, pitch * 0.86) for j in range(k)]
            bar = [(0.0, pitch * k)] if k else []
            for start, wide in boxes if _mark(table) == "box" else bar:
                corner, look = (x + start, y - 0.17), _look(outcome, outcomes)
                canvas.add_patch(Rectangle(corner, wide, 0.34, **look))
            x += k * pitch
        page.text(WIDTH - 0.3, y, _ratio(row, t), ha="right", va="center", weight="bold")
    return page.figure


def _outcomes(table: pd.DataFrame) -> list[tuple[str, str]]:
    pairs = table[["outcome", "coder_id"]].drop_duplicates()
    return [(row.outcome, row.coder_id) for row in pairs.itertuples()]


def _outcome(outcome: tuple[str, str], t: Messages) -> str:
    return t(f"disagreement.outcome-{outcome[0]}", coder=outcome[1])


def _look(outcome: tuple[str, str], outcomes: list[tuple[str, str]]) -> dict[str, Any]:
    look = LOOKS[_kind(outcome, outcomes)]
    return dict(zip(("facecolor", "edgecolor", "hatch"), look, strict=True), linewidth=0.9)


def _kind(outcome: tuple[str, str], outcomes: list[tuple[str, str]]) -> str:
    """Name the look of an outcome."""
    first = next((o for o in outcomes if o[0] == "only"), outcome)
    return "other" if outcome[0] == "only" and outcome != first else outcome[0]


def _rows(table: pd.DataFrame) -> pd.DataFrame:
    """Give a row a feature with models to compare, the largest share of disputes first."""
    rows = table[(table["feature_id"] != "") & (table["n"] > 0)].drop_duplicates("feature_id")
    share = rows["disputed"] / rows["decided"].where(rows["decided"] > 0)
    rows = rows.assign(share=share.fillna(-1.0))
    return rows.sort_values(["share", "feature"], ascending=[False, True])


def _ratio(row: Any, t: Messages) -> str:
    return t.ratio(row.disputed, row.decided)


def _findings(table: pd.DataFrame, most: pd.DataFrame, t: Messages) -> list[str]:
    if not most["disputed"].any():
        return [t("disagreement.nowhere")]
    found = [t("disagreement.most", leaders=leaders(most, "feature", t, _ratio))]
    sides = table[(table["feature_id"] == "") & (table["outcome"] == "only")]
    if sides["k"].min() < sides["k"].max():
        more = sides.loc[sides["k"].idxmax()]
        ratio = t.ratio(more["k"], more["disputed"])
        found.append(t("disagreement.side", coder=more["coder_id"], ratio=ratio))
    return found


def _single(table: pd.DataFrame, t: Messages) -> str:
    """Say how many codes stand alone."""
    single = int(table.loc[table["feature_id"] == "", "single"].iloc[0])
    return t("disagreement.single", n=t.number(single)) if single else ""


def _sentence(table: pd.DataFrame, row: Any, t: Messages) -> str:
    own = table[table["feature_id"] == row.feature_id]
    parts = [f"{_outcome((r.outcome, r.coder_id), t)} ({t.number(r.k)})" for r in own.itertuples()]
    return f"{row.feature}: {'; '.join(parts)}."


def _mark(table: pd.DataFrame) -> str:
    """Choose between a box for each model, and bars."""
    single = table[table["feature_id"] != ""]
    return "box" if single["n"].max() <= BOXES else "bar"


def _parts(table: pd.DataFrame) -> pd.DataFrame:
    """Give a row a feature, with how many models have which outcome."""
    rows, outcomes = _rows(table), _outcomes(table)
    counts = table.groupby("feature_id")["k"].agg(list)
    parts = [[*zip(outcomes, counts[feature], strict=True)] for feature in rows["feature_id"]]
    return rows.assign(parts=parts)


def _segments(row: Mapping[str, Any]) -> Iterator[Mark]:
    at, outcomes = 0, [outcome for outcome, _ in row["parts"]]
    for outcome, k in row["parts"]:
        if k:
            yield Mark(f"codes-{_kind(outcome, outcomes)}", at / row["n"], (at + k) / row["n"])
        at += k


def _names(rows: pd.DataFrame, t: Messages) -> dict[str, str]:
    outcomes = [outcome for outcome, _ in rows["parts"].iloc[0]]
    return {f"codes-{_kind(one, outcomes)}": _outcome(one, t) for one in outcomes}


SPEC = Spec(
    "disagreement",
    texts,
    (redesigned,),
    metric,
    drawable=drawable,
    rows=Rows("feature", _segments, _parts, ("column.disagreed",), key=_names),
)
