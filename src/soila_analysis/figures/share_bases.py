"""Figure 8: which group sizes can print the published shares."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from soila_analysis.figures.marks import box_entry, mark_entry
from soila_analysis.figures.page import LABEL, SMALL, WIDTH, Entry, Page, lines
from soila_analysis.figures.palette import BLUE, GREY, HEAT, MUTED, PLUM
from soila_analysis.figures.rows import Mark, Rows
from soila_analysis.figures.spec import Spec
from soila_analysis.figures.texts import Texts, compose
from soila_analysis.language import Messages, messages

LABELS = 6.7  # cm, width of the column of labels
ROW = 0.8
HALF = 0.45  # of the width of what stands for a base, on a scale of bases
CAN: dict[str, Any] = {"marker": "o", "ms": 6, "color": BLUE}
CANNOT: dict[str, Any] = {"marker": "x", "ms": 3.5, "color": GREY, "mew": 1}
DECISIVE: dict[str, Any] = {"marker": "x", "ms": 6, "color": PLUM, "mew": 2}
ALL: dict[str, Any] = {"facecolor": HEAT[1], "linewidth": 0, "zorder": 0}
STATED: dict[str, Any] = {"facecolor": "none", "edgecolor": PLUM, "linewidth": 1.2, "zorder": 0}
STATED |= {"linestyle": (0, (4, 2))}


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    good = [t.number(n) for n in fitting(table)]
    stated = table[table["stated"]]
    wrong = stated.loc[stated["k"].isna(), "printed"].drop_duplicates()
    values = {
        "count": t.number(table["feature_id"].nunique()),
        "low": t.number(table["n"].min()),
        "high": t.number(table["n"].max()),
        "stated": t.number(stated["n"].iloc[0]),
        "fitting": t.listing(good, "or") if good else "–",
        "wrong": t.listing([t.percent(int(p)) for p in wrong]) if len(wrong) else "–",
    }
    title = t("share-bases.title", **values)
    return compose(
        table,
        lang,
        chart=t(f"share-bases.chart-{variant}"),
        title=t("share-bases.lead-title", **values) if len(wrong) and good else title,
        measure=t("share-bases.measure", **values),
        findings=[
            t("share-bases.fitting", **values),
            *([t("share-bases.wrong", **values)] if len(wrong) else []),
        ],
        marks=False,
    )


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw a dot where a base can print a share; bases that can print all of them stand out."""
    t = messages(words.lang)
    shares = table.drop_duplicates("feature_id").reset_index(drop=True)
    page = Page(words, ROW * len(shares) + 1.5, _key(table, t))
    width = WIDTH - LABELS - 0.5
    axes = page.axes(LABELS, 0.5, width, ROW * len(shares))
    first, last = int(table["n"].min()), int(table["n"].max())
    axes.set(xlim=(first - 0.7, last + 0.7), ylim=(len(shares) - 0.5, -0.5), yticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    scale = width / (last - first + 1.4)
    for n in fitting(table):
        axes.axvspan(n - HALF, n + HALF, **ALL)
        x = LABELS + (n - first + 0.7) * scale
        page.text(x, 0.0, t.number(n), ha="center", weight="bold", color=BLUE, size=SMALL)
    for row in table[table["stated"]].drop_duplicates("n").itertuples():
        axes.axvspan(row.n - HALF, row.n + HALF, **STATED)
        x = LABELS + (row.n - first + 0.7) * scale
        page.text(x, 0.0, t.number(row.n), ha="center", weight="bold", color=PLUM, size=SMALL)
    position = {feature: i for i, feature in enumerate(shares["feature_id"])}
    y = table["feature_id"].map(position)
    can = table["k"].notna()
    axes.plot(table.loc[can, "n"], y[can], linestyle="", **CAN)
    for stated, look in ((False, CANNOT), (True, DECISIVE)):
        crosses = ~can & (table["stated"] == stated)
        axes.plot(table.loc[crosses, "n"], y[crosses], linestyle="", **look)
    for i, row in enumerate(shares.itertuples()):
        middle = 0.5 + ROW * (i + 0.5)
        name = lines(row.feature, LABELS - 1.7, LABEL, t.lang)
        page.text(LABELS - 1.3, middle, name, ha="right", va="center", size=SMALL)
        share = t.percent(int(row.printed))
        page.text(LABELS - 0.2, middle, share, ha="right", va="center", weight="bold")
    page.text(LABELS, ROW * len(shares) + 1.05, t("share-bases.axis"), color=MUTED)
    return page.figure


def _key(table: pd.DataFrame, t: Messages) -> list[Entry]:
    stated = table[table["stated"]]
    values = {"count": t.number(table["feature_id"].nunique())}
    values["stated"] = t.number(stated["n"].iloc[0])
    return [
        mark_entry(t("key.can"), **CAN),
        mark_entry(t("key.cannot"), **CANNOT),
        *([mark_entry(t("key.decisive", **values), **DECISIVE)] if stated["k"].hasnans else []),
        *([box_entry(t("key.all", **values), **ALL)] if fitting(table) else []),
        box_entry(t("key.stated", **values), **STATED),
    ]


def fitting(table: pd.DataFrame) -> list[int]:
    """Find the bases that can print all shares."""
    every = table.groupby("n")["k"].apply(lambda k: k.notna().all())
    return [int(n) for n in every.index[every]]


def _rows(table: pd.DataFrame) -> pd.DataFrame:
    """Give a row a feature, with the bases that can print its share."""
    rows = table.drop_duplicates("feature_id")
    can = table[table["k"].notna()].groupby("feature_id")["n"].agg(list)
    stated, ends = table.loc[table["stated"], "n"].iloc[0], table["n"].agg(["min", "max"])
    own = [can.get(feature, []) for feature in rows["feature_id"]]
    return rows.assign(can=own, stated=stated, least=ends["min"], most=ends["max"])


def _marks(row: Mapping[str, Any]) -> Iterator[Mark]:
    yield Mark("stated", row["stated"], row["stated"])
    for n in row["can"]:
        yield Mark("can", n - HALF, n + HALF)


def _names(rows: pd.DataFrame, t: Messages) -> dict[str, str]:
    stated = t.number(rows["stated"].iloc[0])
    return {"can": t("key.can"), "stated": t("key.stated", stated=stated)}


SPEC = Spec(
    "share-bases",
    texts,
    (redesigned,),
    rows=Rows(
        "feature",
        _marks,
        _rows,
        ("column.printed",),
        lambda rows: (rows["least"].iloc[0] - HALF, rows["most"].iloc[0] + HALF),
        0,
        _names,
    ),
)
