"""The site of one build: a folder of static pages in three languages, open from anywhere."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import copyfile
from typing import Any

from soila_analysis.dataset import Dataset
from soila_analysis.figures import read_table, sourced
from soila_analysis.files import replacing
from soila_analysis.language import LANGUAGES
from soila_analysis.report.chart import chart
from soila_analysis.report.drawings import Drawn, distinct, drawn
from soila_analysis.report.evidence_map import evidence_map
from soila_analysis.report.findings import findings
from soila_analysis.report.methods import facts, methods
from soila_analysis.report.notebook import embedded, executed
from soila_analysis.report.pages import CUTS, TERMS, asset, font, render, style
from soila_analysis.report.sketch import sketch
from soila_analysis.report.tables import LONG, compact, readable

DOWNLOADS = ("png", "pdf")  # drawings for screens and for print; the build has SVG as well
SPECIAL = re.compile(r"[&%$#_{}]")  # in BibTeX
PAGES = ("index", "map", "claims", "features", "glossary", "methods", "accessibility")
CHECKS = (  # figures for those who check the others
    *("claims", "share-bases", "fragility"),
    *("agreement", "agreement-by-coders", "disagreement", "coder-error", "model-people"),
)
TABLES = ("taxonomy", "evidence-map", "claims")  # figures that are tables themselves
CLAIMS = ("fragility", "claims")  # the tables that tell of every claim, the fuller one first


def write(build: Path, dataset: Dataset) -> Path:
    """Write the pages of a build.

    Parameters
    ----------
    build : Path
        ``build/<data set>``, with the outputs of the notebooks in the languages that are there.
    dataset : Dataset
        The data set that they were made from.

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
    with replacing(build / "site") as site:
        for lang in langs:
            _write_language(build / lang, site / lang, dataset, langs)
        _save(
            site / "index.html",
            render("start.html", langs[0], langs=langs, title=dataset.info.title[langs[0]]),
        )
        for cut in CUTS:
            (site / f"{cut}.woff").write_bytes(font(cut))
        _save(site / "page.css", style({cut: f"{cut}.woff" for cut in CUTS}))
    return build / "site"


def _write_language(built: Path, folder: Path, dataset: Dataset, langs: Sequence[str]) -> None:
    folder.mkdir()
    lang, labels = built.name, dataset.taxonomy.labels(built.name)
    figures = drawn(built)
    files = sorted((built / "notebooks").glob("*.ipynb"))
    drawings = {
        embedded((built / f"figures/{f.stem}.svg").read_bytes()): f"{f.stem}.png" for f in figures
    }
    notebooks = [executed(file, drawings) for file in files if not _has_nothing_to_draw(file)]
    titles = distinct((n.title, n.stem) for n in notebooks)
    notebooks = [replace(n, title=title) for n, title in zip(notebooks, titles, strict=True)]
    there = [claims for claims in CLAIMS if (built / f"tables/{claims}.csv").is_file()]
    claims = next(iter(there), "") if dataset.info.claims else ""
    pages = [page for page in PAGES if claims or page != "claims"]
    shared = {
        "langs": langs,
        "pages": pages,
        "figures": figures,
        "notebooks": notebooks,
        "dataset": dataset,
    }

    def page(name: str, template: str, **values: Any) -> None:
        _save(folder / f"{name}.html", render(template, lang, name=name, **shared, **values))

    page("index", "index.html", **_front(figures, dataset, lang))
    for figure in figures:
        sizes = _copy(figure, built, folder)
        page(figure.stem, "figure.html", **_figure(figure, dataset, lang), sizes=sizes)
    if claims:
        page("claims", "claims.html", **_claims(built / f"tables/{claims}.csv", labels, lang))
        copyfile(built / f"tables/{claims}.csv", folder / f"{claims}.csv")
    page("features", "features.html")
    page("glossary", "glossary.html", terms=TERMS)
    page("methods", "methods.html", methods=methods(dataset, lang))
    page("accessibility", "accessibility.html")
    for notebook in notebooks:
        page(f"notebook-{notebook.stem}", "notebook.html", notebook=notebook)
    _save(folder / "map.html", evidence_map(dataset, lang, langs=langs, pages=pages))


def _front(figures: Sequence[Drawn], dataset: Dataset, lang: str) -> dict[str, Any]:
    """Give the findings, the figures but for those that check others, and what the data are."""
    shown = [f for f in figures if not f.as_published and f.name not in CHECKS]
    return {
        "facts": facts(dataset, lang),
        "findings": findings(figures, dataset, lang),
        "shown": [(figure, sketch(figure, lang)) for figure in shown],
        "checks": [figure for figure in figures if figure.name in CHECKS],
        "terms": TERMS,
        "cited": sourced(dataset.info, lang),
    }


def _figure(figure: Drawn, dataset: Dataset, lang: str) -> dict[str, Any]:
    """Give a figure as live text, its table, and how to cite it."""
    what, words = (figure.table, dataset.taxonomy.labels(lang), lang), figure.words
    named = words["figure"]
    live = chart(*what, named, words["variant"])
    return {
        "figure": figure,
        "chart": live,
        "drawn": not live and (figure.as_published or named not in TABLES),
        "table": compact(*what, named) if named in LONG else readable(*what),
        "bibtex": _bibtex(figure, dataset, lang),
        "script": asset("chart.js"),
    }


def _bibtex(figure: Drawn, dataset: Dataset, lang: str) -> str:
    """Write how to cite a figure in BibTeX; who made it stands in the note."""
    told = {
        "title": figure.title,
        "howpublished": dataset.info.title[lang],
        "note": sourced(dataset.info, lang),
        "year": dataset.info.date[:4] if dataset.info.date else "",
    }
    said = ((key, SPECIAL.sub(r"\\\g<0>", text)) for key, text in told.items() if text)
    lines = [f"  {key} = {{{text}}}," for key, text in said]
    return "\n".join([f"@misc{{{dataset.name}-{figure.stem}-{lang},", *lines, "}"])


def _has_nothing_to_draw(notebook: Path) -> bool:
    """Say whether a notebook only gave the reasons why there is no figure."""
    listing = notebook.with_suffix(".outputs")
    outputs = listing.read_text(encoding="utf-8").split() if listing.is_file() else []
    figures = {Path(name).suffix for name in outputs if name.startswith("figures/")}
    return figures == {".json"}


def _save(file: Path, page: str) -> None:
    file.write_text(page, encoding="utf-8", newline="\n")


def _copy(figure: Drawn, built: Path, folder: Path) -> dict[str, int]:
    """Lay the files of a figure beside its page as they are, and give their sizes by ending."""
    file, table = built / "figures" / figure.stem, figure.words["table"]
    sources = {ending: file.with_name(f"{file.name}.{ending}") for ending in DOWNLOADS}
    sources["csv"] = built / "tables" / table
    for source in sources.values():
        copyfile(source, folder / source.name)
    return {ending: source.stat().st_size for ending, source in sources.items()}


def _claims(file: Path, labels: Mapping[str, str], lang: str) -> dict[str, Any]:
    """Give the table of all claims, and that of those which the codes do not reproduce."""
    table = read_table(file)
    others = table[table["verdict"] != "reproduced"]
    return {
        "claims": readable(table, labels, lang),
        "others": readable(others, labels, lang),
        "reproduced": len(table) - len(others),
        "file": file.name,
    }
