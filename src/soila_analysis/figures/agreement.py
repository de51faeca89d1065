"""Figure 11: how well the coders agree on each feature, by several coefficients side by side."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from soila_analysis import metrics
from soila_analysis.figures import marks
from soila_analysis.figures.page import (
    SMALL,
    WIDTH,
    Entry,
    Page,
    above,
    row_height,
    text_width,
)
from soila_analysis.figures.palette import MUTED, RULE, TEXT
from soila_analysis.figures.rows import Mark, Rows, estimate
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose, without_figure
from soila_analysis.figures.wording import ratio
from soila_analysis.language import Messages, messages

LABELS = 5.0  # cm, width of the column of labels
ROW = 0.94
LIFT, DROP = 0.17, 0.2  # a number stands above the middle of its row, its mark below
HEAD = 1.45
GAP = 0.5
MEDIAN = "*"  # stands for a feature's id in the row of all features' medians
PERCENT, ALPHA, AC1, PABAK = "percent-agreement", "alpha", "ac1", "brennan-prediger"


def metric(data: Coded, compared: str = "decided") -> pd.DataFrame:
    """Make the table of the figure, from the codes present and absent ("decided") or "all"."""
    counts_as, features = data.taxonomy.counts_as, data.taxonomy.feature_ids
    return metrics.agreement_by_feature(data.counted.cube, counts_as, features, compared=compared)


def drawable(table: pd.DataFrame, _variant: str = "") -> bool:
    """Say whether two coders have coded the same model anywhere."""
    return bool((table["n"] > 0).any())


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    pooled = _by_coefficient(table, "")
    lead, alpha = pooled[PERCENT], pooled[ALPHA]
    title = t("agreement.title")
    if not drawable(table):
        return without_figure(table, lang, title, t(f"agreement.none-{lead.reason}"))
    panels = shown(table)
    spread = spread_of(table, t)
    if _has(alpha) and spread:
        title = t("agreement.lead-title", alpha=value(alpha, t), **spread)
    found = [_named(c, pooled, t) for c in (*panels, "prevalence", "bias") if _has(pooled[c])]
    return compose(
        table,
        lang,
        chart=t(f"agreement.chart-{variant}"),
        title=title,
        measure=t("agreement.measure"),
        notes=[
            t("agreement.how", replicates=t.number(lead.replicates)),
            t(f"agreement.compared-{lead.compared}"),
            *_remarks(table[table["coefficient"].isin(panels)], t),
        ],
        findings=[
            t("agreement.lead", ratio=ratio(lead, t), found="; ".join(found[1:3])),
            _methods(lead, found, spread, t),
            *([spread["said"]] if spread else []),
            t("agreement.caveat", other=t(f"agreement.long-{key(PABAK, lead.compared)}")),
            t("agreement.coverage"),
        ],
        rows=[_sentence(table, f, panels, t) for f in _ordered(table)["feature_id"]],
        marks=False,
    )


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw a row a feature, all together and their median first, and a panel a coefficient."""
    t = messages(words.lang)
    panels, table = shown(table), _with_median(table, t)
    rows = _ordered(table)
    counts = LABELS + 0.2 + max(text_width(ratio(r, t), SMALL) for r in rows.itertuples())
    left = counts + 0.45
    pitch = (WIDTH + 0.2 - left) / len(panels)
    step = row_height(rows["feature"], LABELS - 0.2, SMALL, t.lang, ROW)
    page = Page(words, HEAD + step * len(rows) + 0.1, _key(table, panels, t))
    page.text(counts, 0.45, "k/n", size=SMALL, ha="right", color=MUTED)
    for i, row in enumerate(rows.itertuples()):
        y, weight = HEAD + step * (i + 0.5), _weight(row)
        name = row.feature or t("agreement.all")
        page.label(LABELS, y, name, LABELS - 0.2, SMALL, weight=weight)
        if row.feature_id != MEDIAN:
            page.text(counts, y, ratio(row, t), size=SMALL, ha="right", va="center", color=MUTED)
    for j, coefficient in enumerate(panels):
        column = [_by_coefficient(table, feature)[coefficient] for feature in rows["feature_id"]]
        _panel(page, left + pitch * j, pitch - GAP, column, step, t)
    canvas = page.canvas()
    heavy = int(rows["feature_id"].isin(("", MEDIAN)).sum())
    for i in range(1, len(rows)):
        y, thick = HEAD + step * i, 1.6 if i == heavy else 0.5
        canvas.plot([0.3, WIDTH - 0.3], [y, y], color=RULE, lw=thick)
    return page.figure


def _panel(page: Page, x: float, wide: float, rows: list[Any], step: float, t: Messages) -> None:
    """Draw one coefficient: its name, its scale, and a number and a mark a row."""
    called = key(rows[0].coefficient, rows[0].compared)
    page.text(x - 0.1, 0.05, t(f"agreement.name-{called}"), size=SMALL, weight="bold")
    page.text(x - 0.1, 0.45, t(f"agreement.by-{called}"), size=SMALL, color=MUTED)
    axes = page.axes(x, HEAD, wide, step * len(rows))
    above(axes, len(rows), (0, 1), {0: t.number(0), 1: t.number(1)}, SMALL)
    for i, row in enumerate(rows):
        y, colour = HEAD + step * (i + 0.5) - LIFT, MUTED if row.reason else TEXT
        style: dict[str, Any] = {"size": SMALL, "weight": _weight(row), "color": colour}
        _mark(axes, row, i + DROP / step)
        page.text(x + wide - 0.08, y, value(row, t), ha="right", va="center", **style)


def _methods(lead: Any, found: list[str], spread: dict[str, str], t: Messages) -> str:
    """Write what is ready for a methods section."""
    drawn = {"replicates": t.number(lead.replicates), "seed": lead.seed}
    bracketed = any("(" in one for one in found)
    return t(
        f"agreement.methods-{lead.compared}",
        coders=t.number(lead.coders),
        models=t.number(lead.models),
        features=t.number(lead.feature_count),
        n=t.number(lead.n),
        ratio=ratio(lead, t),
        found="; ".join(found),
        spread=f" {spread['said']}" if spread else "",
        brackets=f" {t('agreement.brackets', **drawn)}" if bracketed else "",
    )


def shown(table: pd.DataFrame) -> list[str]:
    """List the coefficients to show; of two coders the kappa is Cohen's, of more Fleiss'."""
    cohen = table.loc[table["coefficient"] == "cohen", "reason"].eq("not-two-coders").any()
    return [PERCENT, ALPHA, AC1, PABAK, "fleiss" if cohen else "cohen"]


def key(coefficient: str, compared: str) -> str:
    """Return what a coefficient is called by; Brennan and Prediger's of two codes is PABAK."""
    return "pabak" if coefficient == PABAK and compared == "decided" else coefficient


def value(row: Any, t: Messages) -> str:
    """Write a coefficient, or a dash where it has no value."""
    return "–" if pd.isna(row.value) else t.number(row.value, 2)


def with_interval(row: Any, t: Messages) -> str:
    """Write a coefficient with its interval, if it has one."""
    if pd.isna(row.low):
        return value(row, t)
    return f"{value(row, t)} ({interval(row, t)})"


def interval(row: Any, t: Messages) -> str:
    """Write both ends of an interval; beside a minus the dash has room."""
    dash = " – " if row.low < 0 else "–"
    return f"{t.number(row.low, 2)}{dash}{t.number(row.high, 2)}"


def _named(coefficient: str, rows: dict[str, Any], t: Messages) -> str:
    row = rows[coefficient]
    return f"{t(f'agreement.long-{key(coefficient, row.compared)}')} {with_interval(row, t)}"


def _has(row: Any) -> bool:
    return not pd.isna(row.value)


def _by_coefficient(table: pd.DataFrame, feature: str) -> dict[str, Any]:
    rows = table[table["feature_id"] == feature]
    return {row.coefficient: row for row in rows.itertuples()}


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Put all features together first, then each, the highest alpha first, those without last."""
    rows = table[table["coefficient"] == ALPHA]
    rows = rows.assign(single=rows["feature_id"].map({"": 0, MEDIAN: 1}).fillna(2))
    order = ["single", "value", "feature"]
    return rows.sort_values(order, ascending=[True, False, True], na_position="last")


def _mark(axes: Axes, row: Any, y: float) -> None:
    """Draw a value with its interval; one that says little is open, what is below 0 an arrow."""
    if not _has(row):
        return
    look = _look(row)
    if row.low < row.high and row.high > 0:
        axes.plot([max(row.low, 0), row.high], [y, y], **look["line"])
    if row.low < 0:
        axes.plot(-0.03, y, **look["below"])
    if row.value >= 0:
        axes.plot(row.value, y, **look["value"])


def _look(row: Any) -> dict[str, dict[str, Any]]:
    shade, median = marks.colour(row.basis), row.feature_id == MEDIAN
    fill = "white" if row.reason else marks.face(row.basis)
    value = {"marker": "D" if median else "o", "ms": 5.5, "mfc": fill, "mec": shade, "mew": 1.4}
    looks: dict[str, dict[str, Any]] = {
        "line": {"color": shade, "lw": 0.9 if median else 2, "solid_capstyle": "butt"},
        "below": {"marker": "<", "ms": 5, "color": shade},
        "value": value,
    }
    return {name: {**look, "clip_on": False} for name, look in looks.items()}


def _key(table: pd.DataFrame, panels: list[str], t: Messages) -> list[Entry]:
    """Name the marks that occur: values, medians, what says little, and what is below 0."""
    rows = _with_median(table, t)
    rows = rows[rows["coefficient"].isin(panels) & rows["value"].notna()]
    open_, median = rows["reason"] != "", rows["feature_id"] == MEDIAN
    kinds = {"value": ~open_ & ~median, "median": median, "no-variation": open_}

    def draw(axes: Axes, x: float, y: float, look: dict[str, dict[str, Any]]) -> None:
        axes.plot([x - 0.4, x + 0.4], [y, y], **look["line"])
        axes.plot(x, y, **look["value"])

    entries = [
        Entry(t(f"key.{name}"), partial(draw, look=_look(row)), marks.LONG)
        for name, which in kinds.items()
        for row in rows[which].head(1).itertuples()
    ]
    below = rows[rows["low"] < 0].head(1).itertuples()
    return [*entries, *(marks.mark_entry(t("key.below"), **_look(r)["below"]) for r in below)]


def _remarks(table: pd.DataFrame, t: Messages) -> list[str]:
    """Explain the dashes and open dots that occur."""
    found = [r for r in ("one-coder", "no-pairs", "no-variation") if (table["reason"] == r).any()]
    return [t(f"agreement.reason-{reason}") for reason in found]


def spread_of(table: pd.DataFrame, t: Messages) -> dict[str, str]:
    """Say what alpha of the features is in the middle and at its ends, if there are several.

    Parameters
    ----------
    table : DataFrame
        As `metrics.agreement_by_feature` gives, with the features' names in ``feature``.
    t : Messages
        The language.

    Returns
    -------
    dict of str to str
        ``median``, ``range`` and, as a sentence with the features at its ends, ``said``.
    """
    alphas = table[(table["feature_id"] != "") & (table["coefficient"] == ALPHA)]
    alphas = alphas.dropna(subset=["value"])
    if len(alphas) < 2:
        return {}
    ends = alphas["value"].agg(value="median", low="min", high="max")
    median = t.number(ends.value, 2)
    if ends.low == ends.high:
        return {"median": median, "range": median, "said": t("agreement.even", median=median)}
    named = {
        end: t.listing(
            [t("common.quoted", name=name) for name in alphas.loc[alphas["value"] == at, "feature"]]
        )
        for end, at in (("least", ends.low), ("most", ends.high))
    }
    spread = {"median": median, "range": interval(ends, t)}
    return {**spread, "said": t("agreement.range", **spread, **named)}


def _with_median(table: pd.DataFrame, t: Messages) -> pd.DataFrame:
    """Add a row a coefficient with the features' median and, as its line, their range."""
    if not spread_of(table, t):
        return table
    single = table["feature_id"] != ""
    row = table[~single].set_index("coefficient")
    by_feature = table[single].groupby("coefficient")["value"]
    ends = {"value": by_feature.median(), "low": by_feature.min(), "high": by_feature.max()}
    row = row.assign(**ends, reason="", feature_id=MEDIAN, feature=t("agreement.median"))
    return pd.concat([table, row.reset_index()[table.columns]], ignore_index=True)


def _weight(row: Any) -> str:
    return "bold" if row.feature_id in ("", MEDIAN) else "normal"


def _sentence(table: pd.DataFrame, feature: str, panels: list[str], t: Messages) -> str:
    rows = _by_coefficient(table, feature)
    first = rows[PERCENT]
    found = "; ".join(_named(c, rows, t) for c in panels)
    return f"{first.feature or t('agreement.all')}: {ratio(first, t)}; {found}."


def marks_of(row: Mapping[str, Any]) -> Iterator[Mark]:
    """Give a row of `beside` its marks: alpha with its interval, and what stands beside it."""
    yield from estimate("value")(row)
    for coefficient in (PERCENT, AC1):
        if not pd.isna(row[coefficient]):
            yield Mark(coefficient, row[coefficient], row[coefficient])


def beside(table: pd.DataFrame, by: str | list[str]) -> pd.DataFrame:
    """Put percent agreement and AC1 beside alpha.

    Parameters
    ----------
    table : DataFrame
        A row a coefficient.
    by : str or list of str
        Columns that tell what the coefficients are of.

    Returns
    -------
    DataFrame
        The rows of alpha, with the values of the others in columns of their names.
    """
    values = table.pivot_table("value", by, "coefficient", "first")
    values = values.reindex(columns=[PERCENT, AC1])
    return table[table["coefficient"] == ALPHA].join(values, on=by)


def names(rows: pd.DataFrame, t: Messages) -> dict[str, str]:
    """Name the marks of `marks_of`."""
    called = {"dot": ALPHA, PERCENT: PERCENT, AC1: AC1}
    compared = rows["compared"].iloc[0]
    return {kind: t(f"agreement.long-{key(c, compared)}") for kind, c in called.items()}


def scale(rows: pd.DataFrame) -> tuple[float, float]:
    """Begin below 0 only where a value or an interval does."""
    return (-1 if rows[["value", "low"]].min(axis=None) < 0 else 0, 1)


SPEC = Spec(
    "agreement",
    texts,
    (redesigned,),
    metric,
    drawable=drawable,
    rows=Rows(
        "feature",
        marks_of,
        lambda table: _ordered(table).join(beside(table, "feature_id")[[PERCENT, AC1]]),
        (f"agreement.long-{ALPHA}", f"agreement.long-{PERCENT}"),
        scale,
        2,
        names,
    ),
)
