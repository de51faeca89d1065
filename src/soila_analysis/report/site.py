"""The site of one build: a folder of static pages in three languages, open from anywhere."""

# nbformat has types, but not for the function used here
# mypy: disable-error-code="no-untyped-call"

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from markupsafe import Markup

from soila_analysis.report.explorer import Coded, evidence_map
from soila_analysis.report.methods import methods
from soila_analysis.report.pages import asset, render
from soila_analysis.taxonomy import Taxonomy

LANGUAGES = ("fi", "sv", "en")
DOWNLOADS = ("svg", "png", "pdf")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One figure of a build, with its words, its table and how it was made."""

    stem: str
    words: Mapping[str, Any]
    svg: Markup
    table: pd.DataFrame
    table_stem: str
    notebook: str

    @property
    def command(self) -> str:
        """The command that makes the figure again."""
        made = self.words["provenance"]
        values = (f"-p {name}={made['parameters'][name]}" for name in made["given"])
        return " ".join(
            [f"soila run notebooks/{made['notebook']} -d data/{made['dataset']}", *values]
        )


def write(build: Path, coded: Coded, taxonomy: Taxonomy, titles: Mapping[str, str]) -> Path:
    """Write the pages of a build.

    Parameters
    ----------
    build : Path
        ``build/<data set>``, with the outputs of the notebooks in the languages that are there.
    coded : Coded
        The coded models, for the evidence map.
    taxonomy : Taxonomy
        What they are coded by.
    titles : mapping of language to str
        Name of the data set.

    Returns
    -------
    Path
        The folder ``site`` of the build. It takes the place of an earlier one only when it is
        complete.

    Raises
    ------
    FileNotFoundError
        If the build has no figures yet; the message says what to do.
    """
    langs = [lang for lang in LANGUAGES if (build / lang / "notebooks").is_dir()]
    if not langs:
        raise FileNotFoundError(f"{build} has no figures yet; run `make figures` first")
    with tempfile.TemporaryDirectory(prefix=".site-", dir=build) as beside:
        new = Path(beside) / "site"
        for lang in langs:
            _write_language(build / lang, new / lang, lang, langs, coded, taxonomy, titles[lang])
        start = langs[0]
        (new / "index.html").write_text(
            render("start.html", start, langs=langs), encoding="utf-8", newline="\n"
        )
        site = build / "site"
        shutil.rmtree(site, ignore_errors=True)
        new.replace(site)
    return site


def _write_language(
    built: Path,
    folder: Path,
    lang: str,
    langs: Sequence[str],
    coded: Coded,
    taxonomy: Taxonomy,
    title: str,
) -> None:
    folder.mkdir(parents=True)
    figures = _figures(built)
    shared = {"langs": langs, "figures": figures, "dataset": title, "css": asset("page.css")}

    def page(name: str, template: str, **values: Any) -> None:
        html = render(template, lang, name=name, **shared, **values)
        (folder / f"{name}.html").write_text(html, encoding="utf-8", newline="\n")

    page("index", "index.html")
    for figure in figures:
        for ending in DOWNLOADS:
            shutil.copyfile(
                built / f"figures/{figure.stem}.{ending}", folder / f"{figure.stem}.{ending}"
            )
        table = f"{figure.table_stem}.csv"
        shutil.copyfile(built / "tables" / table, folder / table)
        page(figure.stem, "figure.html", figure=figure)
    page("features", "features.html", taxonomy=taxonomy)
    page("methods", "methods.html", coded=coded, methods=methods(coded, taxonomy, lang))
    page("accessibility", "accessibility.html")
    for notebook in sorted((built / "notebooks").glob("*.ipynb")):
        page(f"notebook-{notebook.stem}", "notebook.html", notebook=_executed(notebook, lang))
    map_ = evidence_map(coded, taxonomy, lang, langs=langs, title=title)
    (folder / "map.html").write_text(map_, encoding="utf-8", newline="\n")


def _figures(built: Path) -> list[Drawn]:
    """Find the figures in the order of the notebooks that drew them."""
    found = []
    for listing in sorted((built / "notebooks").glob("*.outputs")):
        outputs = listing.read_text(encoding="utf-8").split()
        tables = [Path(o).stem for o in outputs if o.endswith(".csv")]
        for output in outputs:
            if output.startswith("figures/") and output.endswith(".svg"):
                found.append(_drawn(built, Path(output).stem, tables, listing.stem))
    return found


def _drawn(built: Path, stem: str, tables: Sequence[str], notebook: str) -> Drawn:
    words = json.loads((built / f"figures/{stem}.json").read_text(encoding="utf-8"))
    svg = (built / f"figures/{stem}.svg").read_text(encoding="utf-8")
    table = max((t for t in tables if stem.startswith(t)), key=len)
    return Drawn(
        stem=stem,
        words=words,
        svg=Markup(_inline(svg, stem)),
        table=pd.read_csv(built / f"tables/{table}.csv", dtype=str, keep_default_na=False),
        table_stem=table,
        notebook=notebook,
    )


def _inline(svg: str, stem: str) -> str:
    """Take the drawing out of its file, and keep its ids apart from those of the page."""
    drawing = svg[svg.index("<svg") :]
    return drawing.replace('id="figure_1"', f'id="{stem}-figure"')


def _executed(notebook: Path, lang: str) -> list[dict[str, Any]]:
    """Give the cells of an executed notebook in a form that a page can show."""
    from nbconvert.filters import markdown2html

    cells = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "markdown":
            cells.append({"kind": "prose", "html": Markup(markdown2html(cell.source))})
            continue
        cells.append({"kind": "code", "source": cell.source})
        for output in cell.get("outputs", []):
            html = output.get("data", {}).get("text/html")
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            shown = Markup(html) if html else text
            cells.append({"kind": "html" if html else "text", "html": shown})
    return cells
