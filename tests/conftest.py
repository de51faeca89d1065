"""Fixtures that several test files share: the shipped data sets, and what notebooks draw."""

import os

os.environ["MPLBACKEND"] = "Agg"

import ast
import json
from dataclasses import replace
from pathlib import Path

import click.testing
import pytest

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis.cli import soila as command

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
        result = click.testing.CliRunner().invoke(command, [str(a) for a in arguments])
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
        shown = []
        namespace = {"display": shown.append}
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


class Tables(dict):
    """The tables of all figures, by data set, language and figure; made when asked for."""

    def __missing__(self, key):
        name, lang, figure = key
        data = datasets.load(FOLDERS[name])
        options = {"earlier": earlier(name, data)} if figure == "rounds" else {}
        if figure == "feature-by-goal" and name != "own":
            options["feature"] = "ecosystem-anchoring"
        return self.setdefault(key, soila.table(figure, data, lang, **options))


def earlier(name, later):
    """An earlier round to compare a data set with."""
    if name != "own":
        return datasets.load(FOLDERS["literal" if name == "memberships" else "example"])
    first = later.codings.query("coder_id == 'A' and model_id < 'T12'")
    info = later.info.model_copy(update={"round": "2023", "kind": "observed"})
    return replace(later, codings=first, info=info)


@pytest.fixture(scope="session")
def tables():
    """The tables of all figures."""
    return Tables()


@pytest.fixture(scope="session")
def build(tmp_path_factory, shipped, tables):
    """A small build of the default data set in all languages, and its pages."""
    import built

    folder = tmp_path_factory.mktemp("build") / "review-2024"
    return built.write(folder, shipped["literal"], tables)
