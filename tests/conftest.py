"""Fixtures that several test files share: the shipped data sets, and what notebooks draw."""

import os

os.environ["MPLBACKEND"] = "Agg"
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)  # what tests start is not measured

import ast
import json
from dataclasses import replace
from pathlib import Path

import click.testing
import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis.cli import soila as command

settings.register_profile("unhurried", deadline=None)  # no test is about time
settings.load_profile("unhurried")

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "literal": ROOT / "data" / "review-2024",
    "memberships": ROOT / "data" / "review-2024-memberships",
    "own": ROOT / "tests" / "fixtures" / "two-coders-own-taxonomy",
    "example": ROOT / "data" / "example-two-coders",
    "regional": ROOT / "data" / "example-rounds-2029",
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


def made_up(models=40, goals=3, features=20, coders="ABC", seed=1, **info):
    """A made-up round: models take turns among the goals but the second; coders err a little.

    All models of the first goal have the first feature, and none of the others.
    """
    rng = np.random.default_rng(seed)
    served = [g for g in range(goals) if g != 1]
    ids = {
        "model_id": [f"M{m + 1:04}" for m in range(models)],
        "goal_id": [f"goal-{g + 1}" for g in range(goals)],
        "feature_id": [f"feature-{f + 1:03}" for f in range(features)],
        "coder_id": list(coders),
    }
    true = rng.random((models, features)) < rng.beta(1, 1, features)
    true[:, 0] = [m % len(served) == 0 for m in range(models)]
    wrong = rng.random((models, features, len(coders))) < 0.08
    cells = pd.MultiIndex.from_product([ids[i] for i in ("model_id", "feature_id", "coder_id")])
    codings = cells.to_frame(index=False, name=["model_id", "feature_id", "coder_id"])
    codes = np.where((true[:, :, None] ^ wrong).ravel(), "1", "0")
    open_ = rng.random(len(codes))
    codings["code"] = np.select([open_ < 0.02, open_ < 0.04], ["?", "-"], codes)
    codings["note"] = ""
    goal = [ids["goal_id"][served[m % len(served)]] for m in range(models)]
    regions = [("Uusimaa", "Pirkanmaa", "Lappi", "")[m // 2 % 4] for m in range(models)]
    named = {"name": [f"Trial {m + 1}" for m in range(models)], "region": regions}
    about = {"title": dict.fromkeys(("fi", "sv", "en"), "A made-up round"), "kind": "observed"}
    about |= {"source": dict.fromkeys(("fi", "sv", "en"), "Made up for the tests")}
    about |= {"licence": "CC0-1.0", "round": "2026", "taxonomy": "pilot-1", **info}
    return datasets.Dataset(
        name="pilot",
        info=datasets.DatasetInfo.model_validate(about),
        models=pd.DataFrame({"model_id": ids["model_id"], **named}),
        memberships=pd.DataFrame({"model_id": ids["model_id"], "goal_id": goal}),
        codings=codings,
        features=_labelled("feature_id", ids["feature_id"], FEATURES),
        goals=_labelled("goal_id", ids["goal_id"], GOALS),
    )


FEATURES = "Peer support|Networked way of working|Broadly related to the everyday lives of families"
GOALS = "Fewer placements|Substance-use and mental-health services during substitute care|Aftercare"


def _labelled(column, ids, names):
    """Labels of every length, numbered so that none stands twice."""
    texts = names.split("|")
    labels = [f"{texts[i % len(texts)]} {i + 1}" for i in range(len(ids))]
    return pd.DataFrame({column: ids, **{f"label_{lang}": labels for lang in ("fi", "sv", "en")}})


@pytest.fixture(scope="session")
def pilot(tmp_path_factory):
    """A made-up round: three coders, 20 features, three goals of which one is empty, regions."""
    folder = tmp_path_factory.mktemp("made-up") / "pilot"
    datasets.save(made_up(), folder)
    return datasets.load(folder)


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


def all_equal():
    """A round of six models that have every feature, by two coders who agree."""
    data = made_up(models=6, goals=2, features=4, coders="AB")
    return replace(data, codings=data.codings.assign(code="1"))


MADE_UP = {
    "made-up": made_up,
    "equal": all_equal,
    "single": lambda: made_up(models=1, goals=1, features=2, coders="A"),
}


class Tables(dict):
    """The tables of all figures, by data set, language and figure; made when asked for."""

    def __missing__(self, key):
        name, lang, figure = key
        data = MADE_UP[name]() if name in MADE_UP else datasets.load(FOLDERS[name])
        options = {"earlier": [earlier(name, data)]} if figure == "change-over-rounds" else {}
        if figure == "feature-by-goal" and name != "own" and name not in MADE_UP:
            options["feature"] = "ecosystem-anchoring"
        return self.setdefault(key, soila.table(figure, data, lang, **options))


def earlier(name, later):
    """An earlier round to compare a data set with."""
    if name in MADE_UP:
        return replace(later, info=later.info.model_copy(update={"round": "two-years-before"}))
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
