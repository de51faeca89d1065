"""A small build and its pages, made without running a notebook: for the tests of pages."""

import json
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


def _drawn(
    here: Path, plot: str, variants: tuple[str, ...], table: pd.DataFrame, lang: str
) -> None:
    figures.publish(plot, table, lang, variants, here)
    stems = [f.stem for f in sorted((here / "figures").glob(f"{plot}-*.svg"))]
    for stem in stems:
        file = here / f"figures/{stem}.json"
        record = {"provenance": RECORD | {"parameters": {"lang": lang}}}
        file.write_text(json.dumps(json.loads(file.read_text()) | record))
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
