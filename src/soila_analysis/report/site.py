"""The site of one build: a folder of static pages in three languages, open from anywhere."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from soila_analysis.report.evidence_map import Coded, evidence_map
from soila_analysis.report.methods import methods
from soila_analysis.report.notebook import executed
from soila_analysis.report.pages import look, render
from soila_analysis.report.tables import Readable, compact, read, readable
from soila_analysis.taxonomy import Taxonomy

LANGUAGES = ("fi", "sv", "en")
DOWNLOADS = ("svg", "png", "pdf")
PAGES = ("index", "map", "claims", "features", "methods", "accessibility")
LONG = ("share-bases", "agreement", "disagreement")
CLAIMS = ("fragility", "claims")  # the tables that tell of every claim, the fuller one first


@dataclass(frozen=True, slots=True)
class Drawn:
    """One figure of a build, with its words, its table and how it was made."""

    stem: str
    words: Mapping[str, Any]
    svg: Markup
    table: Readable
    notebook: str

    @property
    def as_published(self) -> bool:
        """Whether it is drawn as the publication has it."""
        return bool(self.words["variant"] == "as-published")

    def of_same_table(self, figures: Sequence["Drawn"]) -> list["Drawn"]:
        """List the other variants of the figure."""
        return [f for f in figures if f.words["table"] == self.words["table"] and f != self]

    @property
    def made(self) -> Mapping[str, Any]:
        """The record of what the figure was made from."""
        record: Mapping[str, Any] = self.words["provenance"]
        return record

    @property
    def given(self) -> dict[str, Any]:
        """The parameters that the notebook was given."""
        return {name: self.made["parameters"][name] for name in self.made["given"]}

    @property
    def command(self) -> str:
        """The command that makes the figure again."""
        values = (f"-p {name}={value}" for name, value in self.given.items())
        return " ".join(
            [f"soila run notebooks/{self.made['notebook']} -d data/{self.made['dataset']}", *values]
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
        start = render("start.html", langs[0], langs=langs, css=look())
        _save(new / "index.html", start)
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
    figures = drawn(built, taxonomy, lang)
    notebooks = [executed(file) for file in sorted((built / "notebooks").glob("*.ipynb"))]
    claims = next((c for c in CLAIMS if (built / f"tables/{c}.csv").is_file()), "")
    pages = [page for page in PAGES if claims or page != "claims"]
    shared = {
        "langs": langs,
        "pages": pages,
        "figures": figures,
        "notebooks": notebooks,
        "dataset": title,
        "css": look(),
        "coded": coded,
        "taxonomy": taxonomy,
    }

    def page(name: str, template: str, **values: Any) -> None:
        _save(folder / f"{name}.html", render(template, lang, name=name, **shared, **values))

    page("index", "index.html")
    for figure in figures:
        _copy(figure, built, folder)
        page(figure.stem, "figure.html", figure=figure)
    if claims:
        page("claims", "claims.html", **_claims(built, claims, taxonomy, lang))
        shutil.copyfile(built / f"tables/{claims}.csv", folder / f"{claims}.csv")
    page("features", "features.html")
    page("methods", "methods.html", methods=methods(coded, taxonomy, lang))
    page("accessibility", "accessibility.html")
    for notebook in notebooks:
        page(f"notebook-{notebook.stem}", "notebook.html", notebook=notebook)
    map_ = evidence_map(coded, taxonomy, lang, langs=langs, pages=pages, title=title)
    _save(folder / "map.html", map_)


def _save(file: Path, page: str) -> None:
    file.write_text(page, encoding="utf-8", newline="\n")


def _copy(figure: Drawn, built: Path, folder: Path) -> None:
    for ending in DOWNLOADS:
        name = f"{figure.stem}.{ending}"
        shutil.copyfile(built / "figures" / name, folder / name)
    table = figure.words["table"]
    shutil.copyfile(built / "tables" / table, folder / table)


def _claims(built: Path, stem: str, taxonomy: Taxonomy, lang: str) -> dict[str, Any]:
    """Give the table of all claims, and that of those which the codes do not reproduce."""
    table, labels = read(built / f"tables/{stem}.csv"), taxonomy.labels(lang)
    others = table[table["verdict"] != "reproduced"]
    return {
        "claims": readable(table, labels, lang),
        "others": readable(others, labels, lang),
        "reproduced": len(table) - len(others),
        "table_stem": stem,
    }


def drawn(built: Path, taxonomy: Taxonomy, lang: str) -> list[Drawn]:
    """Find the figures of a build in one language.

    Parameters
    ----------
    built : Path
        ``build/<data set>/<language>``.
    taxonomy : Taxonomy
        Gives the labels.
    lang : {"fi", "sv", "en"}
        The language.

    Returns
    -------
    list of Drawn
        In the order of the notebooks that drew them.
    """
    listings = sorted((built / "notebooks").glob("*.outputs"))
    return [
        _drawn(built, Path(output).stem, listing.stem, taxonomy.labels(lang), lang)
        for listing in listings
        for output in listing.read_text(encoding="utf-8").split()
        if output.startswith("figures/") and output.endswith(".svg")
    ]


def _drawn(built: Path, stem: str, notebook: str, labels: Mapping[str, str], lang: str) -> Drawn:
    words = json.loads((built / f"figures/{stem}.json").read_text(encoding="utf-8"))
    svg = (built / f"figures/{stem}.svg").read_text(encoding="utf-8")
    content, figure = read(built / "tables" / words["table"]), words["figure"]
    long = figure in LONG  # a row each would be a long list
    table = compact(content, labels, lang, figure) if long else readable(content, labels, lang)
    return Drawn(stem, words, Markup(_inline(svg, stem)), table, notebook)


def _inline(svg: str, stem: str) -> str:
    """Take the drawing out of its file, and keep its ids apart from those of the page."""
    drawing = svg[svg.index("<svg") :]
    return drawing.replace('id="figure_1"', f'id="{stem}-figure"')
