"""A small build and its pages, made without running a notebook: for the tests of pages."""

import json
from base64 import b64decode
from pathlib import Path

import pandas as pd

from soila_analysis import dataset as datasets
from soila_analysis import figures, metrics, report
from soila_analysis.language import LANGUAGES
from soila_analysis.review import basis, claims

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><b>x",
    "n" * 500,
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "=1+1",
    "a;=1+1",
    '-2+3+cmd|" /C calc"!A0',
    "\t=1",
    "-5,5",
]
DRAWN = {"models-by-goal": ("as-published", "redesigned"), "feature-shares": ("redesigned",)}
PIXEL = b64decode(  # a picture, where a page has one
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsVPZ6wAAAABJRU5ErkJggg=="
)
RECORD = {
    "notebook": "n.ipynb",
    "dataset": "review-2024",
    "given": ["lang"],
    "data": {"codings.csv": "0123456789abcdef"},
    "code": {"metrics/shares.py": "fedcba9876543210"},
}


def write(folder: Path, data: datasets.Dataset, tables, langs=LANGUAGES) -> Path:
    """Lay out a build of two figures, the claims and two notebooks in each language, with pages."""
    for lang in langs:
        here = folder / lang
        (here / "notebooks").mkdir(parents=True)
        for plot, variants in DRAWN.items():
            _drawn(here, plot, variants, tables["literal", lang, plot], lang)
        checked = claims.worded(basis.mark(claims.check(data), data), lang, claims.of(data))
        figures.save_table(checked, "claims", here / "tables")
        _notebook(here / "notebooks/90_result.ipynb", metrics.feature_shares(data.status))
    report.write(folder, data)
    return folder


def told(folder: Path, data: datasets.Dataset, lang: str, table_of) -> Path:
    """Lay out a build of all figures in one language, with pages, but nothing drawn."""
    here = folder / lang
    (here / "notebooks").mkdir(parents=True)
    (here / "figures").mkdir()
    for name, spec in figures.SPECS.items():
        if name == "rounds":  # which no notebook draws
            continue
        table = table_of(name)
        source = figures.save_table(table, name, here / "tables", figure=name, lang=lang)
        known = [v for v in spec.variants if v == "redesigned" or data.info.of_review]
        stems = []
        for variant in (v for v in known if spec.shows(table, v)):
            stems.append(f"{name}-{variant}")
            output = figures.Output(name, variant, stems[-1], here / "figures", source)
            _recorded(figures.save_texts(figures.texts(name, table, lang, variant), output), lang)
            for ending in ("svg", "png", "pdf"):
                (here / f"figures/{stems[-1]}.{ending}").write_bytes(PIXEL)
        listed = [f"tables/{name}.csv", *(f"figures/{stem}.svg" for stem in stems)]
        (here / f"notebooks/{name}.outputs").write_text("\n".join(listed))
    _notebook(here / "notebooks/90_result.ipynb", metrics.feature_shares(data.status))
    return report.write(folder, data)


def _recorded(file: Path, lang: str) -> None:
    record = {"provenance": RECORD | {"parameters": {"lang": lang}}}
    file.write_text(json.dumps(json.loads(file.read_text()) | record))


def _drawn(
    here: Path, plot: str, variants: tuple[str, ...], table: pd.DataFrame, lang: str
) -> None:
    figures.publish(plot, table, lang, variants, here)
    stems = [f.stem for f in sorted((here / "figures").glob(f"{plot}-*.svg"))]
    for stem in stems:
        _recorded(here / f"figures/{stem}.json", lang)
    outputs = [f"tables/{plot}.csv", *(f"figures/{s}.svg" for s in stems)]
    (here / f"notebooks/{plot}.outputs").write_text("\n".join(outputs))
    _notebook(here / f"notebooks/{plot}.ipynb")


def _notebook(file: Path, table: pd.DataFrame | None = None) -> None:
    prose = "# 1 · Why?\n\nBecause of *this*.\n\n## How?\n\n- `a`\n- b"
    cells = [{"cell_type": "markdown", "metadata": {}, "source": prose}]
    if table is not None:
        shown = {"text/html": table.head().to_html(), "text/plain": str(table.head())}
        output = {"output_type": "display_data", "metadata": {}, "data": shown}
        text = {"output_type": "stream", "name": "stdout", "text": "x " * 200}
        code = {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": "table"}
        cells.append(code | {"outputs": [output, text]})
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    file.write_text(json.dumps(notebook))
