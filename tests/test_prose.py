"""Every number in prose has a source: a table, the claims, the taxonomy, or a stated reason."""

import csv
import inspect
import math
import re
from pathlib import Path

import pandas as pd
import pytest

from soila_analysis import figures, taxonomy
from soila_analysis.figures.wording import percent_of
from soila_analysis.metrics.rounding import percents
from soila_analysis.review import published as shown
from soila_analysis.review import readings as arithmetic
from soila_analysis.review.compatible import ranges

ROOT = Path(__file__).parents[1]
CLAIMS = ROOT / "src/soila_analysis/review/claims.csv"
NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)?(?:\.\d+)*(?![\w])")
REASONS = {
    "95": "level of the intervals and of the ranges",
    "100": "per cent in all",
}
FIGURE_REASONS = {
    "change-over-rounds": {"0.05": "level of the tests"},
    "features-per-model": {"7": "models not assessed, over all goals"},
    "evidence-map": {"80": "what counts as strong, and the upper class of the heat map"},
    "coder-error": {
        "5": "percentage points, from which on a correction is said to move a percentage",
        "6": "coders in the simulations, of",
        "24": "models, to",
        "200": "models, true percentages from",
        "15": "to",
        "90": "per cent, sensitivity and specificity from",
        "0.70": "to",
        "8.000": "draws, as English writes them",
        "0.95": "that",
        "83": "per cent of samples; benchmarks/README.md has the table",
        "86": "per cent of samples; benchmarks/README.md has the table",
        "78": "per cent of samples; benchmarks/README.md has the table",
        "16": "per cent of samples; benchmarks/README.md has the table",
        "88": "per cent of samples; benchmarks/README.md has the table",
    },
    "agreement": {
        "52": "models in the simulations, and",
        "24": "models",
        "0.50": "true alpha in them, to",
        "0.95": "that",
        "84": "per cent of samples; tests/test_agreement.py has the benchmark",
        "89": "per cent of samples; tests/test_agreement.py has the benchmark",
        "98": "per cent of samples; tests/test_agreement.py has the benchmark",
        "10.000": "resamples, as English writes them",
    },
}
NOTEBOOK_REASONS = {
    "2029": "end of the programme",
    "2012": "year of the Young Foundation's definition",
    "2024": "year of the review",
    "1": "a certain share",
    "10": "models of a goal, of which each is as many percentage points",
    "15": "per cent, which errors in every tenth code turn into",
    "22": "per cent",
}

UNITS = "three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORDS = {word: n for n, word in enumerate([*UNITS.split(), "seventeen", "eighteen", "nineteen"], 3)}
WORDS |= {word: 10 * n for n, word in enumerate(TENS.split(), 2)}
WORDS |= {"one": 1, "two": 2, "hundred": 100, "thousand": 1000}
ONE_WORD = "|".join(WORDS)
IN_WORDS = re.compile(rf"\b(?:{ONE_WORD})(?:[ -](?:{ONE_WORD}))*\b")
SMALL = {"1", "2"}  # "one" and "two" are seldom numbers


def numbers(text):
    """The numbers of a text, with a decimal point and without separators of thousands."""
    joined = re.sub(r"(?<=\d)[\u00a0\u202f](?=\d{3}(?!\d))", "", text)
    return [found.group().replace(",", ".") for found in NUMBER.finditer(joined)]


def in_words(text):
    """The numbers of an English text that are written in words, from three up."""
    found = []
    for written in IN_WORDS.findall(text.lower()):
        value, before = 0, 0
        for word in re.split(r"[ -]", written):
            if word in ("hundred", "thousand"):
                value, before = value + (before or 1) * WORDS[word], 0
            else:
                before += WORDS[word]
        found.append(str(value + before))
    return found


def written(value):
    """The ways in which a number of a table may be written."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return set()
    value = abs(value)
    forms = {f"{math.floor(value * 10**d + 0.5) / 10**d:.{d}f}" for d in (1, 2)}
    whole = {str(round(value)), f"{float(value):.0f}"} if float(value).is_integer() else set()
    share = {str(math.floor(100 * abs(value) + 0.5))} if abs(value) <= 1 else set()
    return forms | whole | share


def sources(table):
    """All numbers that a table gives: its cells, its texts, and counts of its rows."""
    found = {str(len(table))}
    for column in table:
        for value in table[column].tolist():
            found |= set(numbers(value)) if isinstance(value, str) else written(value)
        if table[column].map(pd.api.types.is_hashable).all():
            counts = table[column].value_counts(dropna=False)
            found |= {str(n) for n in (*counts, len(counts), len(table) - counts.max())}
    if {"feature_id", "disagreed", "not_assessed"} <= set(table):
        sums = table.groupby("feature_id")[["unclear", "disagreed", "not_assessed"]].sum()
        found |= {str(n) for n in (*sums.sum(), sums["not_assessed"].max())}
    columns = ["bound_low", "bound_high", "n"]
    bounds = table.dropna(subset=columns) if {*columns} <= {*table} else table[:0]
    for *ks, n in bounds.get(columns, bounds).itertuples(index=False):
        found |= {str(percent_of(k, n)) for k in ks if n}
    if {"goal", "k", "models", "percent"} <= set(table):  # the pie has the review's labels
        labels = percents(table["k"].tolist(), "largest-remainder")
        found |= {*map(str, labels), str(table["percent"].sum())}
    if "models_both" in table:
        found |= {str(n) for n in table["models"] - table["models_both"]}
        once = table.drop_duplicates("feature_id")
        found |= {str(once[name].sum()) for name in ("gained", "lost", "paired")}
        found |= {str((once["gained"] + once["lost"]).sum()), str(once["difference"].count())}
    return found


def without_source(text, *known):
    allowed = set().union(*known)
    found = [*numbers(text), *(number for number in in_words(text) if number not in SMALL)]
    return sorted({number for number in found if number not in allowed})


def figure_texts(plot, table, lang):
    for variant in figures.SPECS[plot].variants:
        words = figures.texts(plot, table, lang, variant)
        parts = (words.title, words.subtitle, words.badge, words.notes, words.source, words.alt)
        yield variant, " ".join([*parts, words.description, *words.findings])


# Figures


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
@pytest.mark.parametrize("name", ["literal", "memberships", "own", "example"])
@pytest.mark.parametrize("plot", figures.SPECS)
def test_every_number_in_the_words_of_a_figure_is_in_its_table(plot, name, lang, tables):
    table = tables[name, lang, plot]
    reasons = {*REASONS, *FIGURE_REASONS.get(plot, {})}
    found = {
        v: without_source(t, sources(table), reasons) for v, t in figure_texts(plot, table, lang)
    }
    assert found == {variant: [] for variant in found}


def test_a_planted_number_in_the_words_of_a_figure_is_found(tables, monkeypatch):
    table = tables["literal", "en", "models-by-goal"]
    assert without_source("The share is 43% of 52.", sources(table), REASONS) == ["43"]
    catalogue = figures.models_by_goal.messages("en").catalogue["models-by-goal"]
    monkeypatch.setitem(catalogue, "lead", "More than 43 models: {leaders}.")
    texts = dict(figure_texts("models-by-goal", table, "en"))
    assert all(without_source(t, sources(table), REASONS) == ["43"] for t in texts.values())


# Notebooks


@pytest.fixture(scope="module")
def published():
    """Numbers of the claims, of what they imply by arithmetic, and of the taxonomy."""
    with CLAIMS.open(encoding="utf-8") as file:
        printed = {n for row in csv.DictReader(file) for n in numbers(row["printed"])}
    shipped = taxonomy.load()
    counts = {str(len(shipped.features)), str(len(shipped.goals))}
    bases, readings = shown.share_bases(), arithmetic.readings()
    fits = bases["k"].notna().groupby(bases["n"]).all()
    implied = {str(n) for n in fits[fits].index} | sources(readings[["unclear"]])
    draws = inspect.signature(ranges).parameters["draws"].default
    shares = len(bases["feature_id"].unique())
    arithmetic_of = {draws, shares, len(shipped.features) - shares, 52 - 45}
    return printed | counts | implied | {str(n) for n in arithmetic_of}


def prose(notebook):
    cells = (c for c in notebook["cells"] if c["cell_type"] == "markdown")
    text = "\n".join("".join(cell["source"]) for cell in cells)
    return re.sub(r"`[^`]*`", "", text)


def test_every_number_in_the_prose_of_a_notebook_has_a_source(notebooks, published):
    found = {}
    for name, notebook in notebooks.items():
        text = prose(notebook).removeprefix(f"# {int(name[:2])} ·")
        found[name] = without_source(text, published, REASONS, NOTEBOOK_REASONS)
    assert found == {name: [] for name in notebooks}


def test_a_planted_number_in_the_prose_of_a_notebook_is_found(published):
    planted = {"cells": [{"cell_type": "markdown", "source": ["Of 52 models 44 (3,7 %) do, `7`."]}]}
    assert without_source(prose(planted), published, REASONS, NOTEBOOK_REASONS) == ["3.7", "44"]


def test_numbers_in_words_are_read():
    text = "Sixteen of ninety-one; ten thousand, two hundred forty-five and one of three."
    assert in_words(text) == ["16", "91", "10000", "245", "1", "3"]


def test_a_number_in_words_without_a_source_is_found(published):
    assert without_source("of ten thousand data sets", published) == ["10000"]
    assert without_source("of four thousand data sets", published) == []


def test_every_reason_is_needed(notebooks, tables):
    texts = " ".join(prose(notebook) for notebook in notebooks.values())
    used = set(numbers(texts)) | set(in_words(texts))
    drawn = {"evidence-map": "literal", "models-by-goal": "literal", "agreement": "own"}
    drawn |= {"coder-error": "example"}
    for plot, name in drawn.items():
        table = tables[name, "en", plot]
        used |= {n for _, text in figure_texts(plot, table, "en") for n in numbers(text)}
    reasons = {*REASONS, *NOTEBOOK_REASONS}.union(*FIGURE_REASONS.values())
    assert reasons - used == set()
