"""Fixtures that several test files share: the shipped data sets, and what notebooks draw."""

import os

os.environ["MPLBACKEND"] = "Agg"

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import click.testing
import pytest

from soila_analysis import dataset as datasets
from soila_analysis import figures
from soila_analysis.cli import soila
from soila_analysis.rounds import comparison

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "literal": ROOT / "data" / "review-2024",
    "memberships": ROOT / "data" / "review-2024-memberships",
    "own": ROOT / "tests" / "fixtures" / "two-coders-own-taxonomy",
    "example": ROOT / "data" / "example-two-coders",
}


@pytest.fixture
def call(monkeypatch):
    """Call the command at the root of the repository; an error of the user is no traceback."""
    monkeypatch.chdir(ROOT)

    def called(*arguments):
        result = click.testing.CliRunner().invoke(soila, [str(a) for a in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert "Traceback" not in result.output
        return result

    return called


@pytest.fixture(scope="session")
def folders():
    """Folders of the data sets: two readings of the review, one of its own taxonomy, an example."""
    return FOLDERS


@pytest.fixture(scope="session")
def shipped():
    """The data sets of these folders, by the same names."""
    return {name: datasets.load(folder) for name, folder in FOLDERS.items()}


@pytest.fixture(scope="session", params=["literal", "memberships"])
def review(request, shipped):
    """Each of the two readings of the review in turn."""
    return shipped[request.param]


@pytest.fixture(scope="session")
def notebooks():
    """All notebooks by file name, as they are stored."""
    files = sorted((ROOT / "notebooks").glob("*.ipynb"))
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in files}


@pytest.fixture(scope="session")
def execute(notebooks):
    """A function that executes a notebook here and gives the results that its cells show."""

    def executed(name, **values):
        namespace, shown = {}, []
        for cell in notebooks[name]["cells"]:
            if cell["cell_type"] != "code":
                continue
            *statements, last = ast.parse("".join(cell["source"])).body
            if not isinstance(last, ast.Expr):
                statements, last = [*statements, last], None
            exec(compile(ast.Module(statements, []), name, "exec"), namespace)
            if "parameters" in cell["metadata"].get("tags", []):
                namespace.update(values)
            if last:
                shown.append(eval(compile(ast.Expression(last.value), name, "eval"), namespace))
        return shown

    return executed


def compared(name, lang):
    """The table of a comparison of two rounds; the later is a data set of that name."""
    later = datasets.load(FOLDERS[name])
    earlier = datasets.load(FOLDERS["literal" if name == "memberships" else "example"])
    if name == "own":
        first = later.codings.query("coder_id == 'A' and model_id < 'T12'")
        info = later.info.model_copy(update={"round": "2023", "kind": "observed"})
        earlier = replace(later, codings=first, info=info)
    table = comparison.compare(earlier, later)
    source = comparison.source_of(earlier, later, lang)
    return figures.label(table, comparison.taxonomy_of(earlier, later), lang, source)


class Tables(dict):
    """Tables that the notebooks draw, by data set, language and figure; made when asked for."""

    def __init__(self, execute, notebooks, folder):
        super().__init__()
        self.execute, self.folder = execute, folder
        self.drawing = {
            plot: name
            for name, notebook in reversed(notebooks.items())
            for cell in notebook["cells"]
            for plot in re.findall(r'figures\.publish\(\s*"([\w-]+)"', "".join(cell["source"]))
        }

    def __missing__(self, key):
        name, lang, plot = key
        if plot == "rounds":  # no notebook draws it
            return self.setdefault(key, compared(name, lang))
        feature = {"feature": "rarest"} if name == "own" else {}
        kept = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(ROOT / "notebooks")
            patch.setenv("SOILA_OUTPUT", str(self.folder))  # for what is saved besides the figures
            patch.setattr(
                figures, "publish", lambda drawn, table, *_, **__: kept.update({drawn: table})
            )
            self.execute(self.drawing[plot], dataset=str(FOLDERS[name]), lang=lang, **feature)
        self.update({(name, lang, drawn): table for drawn, table in kept.items()})
        return self[key]


@pytest.fixture(scope="session")
def tables(execute, notebooks, tmp_path_factory):
    """The tables of all figures."""
    return Tables(execute, notebooks, tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="session")
def build(tmp_path_factory, shipped, tables):
    """A small build of the default data set in all languages, and its pages."""
    import built

    folder = tmp_path_factory.mktemp("build") / "review-2024"
    return built.write(folder, shipped["literal"], tables)
