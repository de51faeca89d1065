"""Perturbed runs find what depends on circumstances, and name it; all else is identical."""

import shutil
from pathlib import Path

import click.testing
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from soila_analysis.build import reproduce
from soila_analysis.build.reproduce import Perturbation, ReproductionError
from soila_analysis.cli import command, soila

ROOT = Path(__file__).parents[1]
PARAMETERS = 'dataset: str = "data/review-2024"  # data\nlang: str = "fi"  # language'
DRAW = """\
import os
from pathlib import Path

def draw(name, text):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><text>{text}</text></svg>'
    Path(os.environ["SOILA_OUTPUT"], name).write_text(svg)

draw("steady.svg", "the same")"""
UNSTEADY = """\
import time
draw("zone.svg", time.strftime("%H", time.localtime(0)))
draw("hash.svg", {chr(97 + i) for i in range(20)})
draw("time.svg", time.time_ns())"""
TZ = Perturbation("TZ=Pacific/Kiritimati", {"TZ": "Pacific/Kiritimati"})
SEED = Perturbation("PYTHONHASHSEED=1", {"PYTHONHASHSEED": "1"})


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with the runner only, one data set and no notebook yet."""
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.setenv("TZ", "UTC")
    top, package = tmp_path / "project", "src/soila_analysis"
    parts = ("*.py", "build/*.py", "cli/*.py", "language/*")
    modules = [
        f.relative_to(ROOT) for part in parts for f in (ROOT / package).glob(part) if f.is_file()
    ]
    for name in (*modules, "pyproject.toml", "requirements.lock"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, top / name)
    shutil.copytree(ROOT / "data/review-2024", top / "data/review-2024")
    monkeypatch.chdir(top)
    return top


def notebook(top, *cells, outputs=("steady.svg",)):
    tags = {"tags": ["parameters"]}
    written = new_notebook(
        cells=[new_code_cell(PARAMETERS, metadata=tags), *map(new_code_cell, cells)],
        metadata={"soila": {"outputs": list(outputs)}},
    )
    (top / "notebooks").mkdir(exist_ok=True)
    nbformat.write(written, top / "notebooks/1.ipynb")
    return Path("notebooks/1.ipynb")


def test_what_depends_on_zone_hash_or_time_is_named_with_the_one_cause(project, monkeypatch):
    names = ["hash.svg", "steady.svg", "time.svg", "zone.svg"]
    notebook(project, DRAW, UNSTEADY, outputs=names)
    monkeypatch.setattr(reproduce, "reproduce", with_runs([(TZ, SEED)]))
    monkeypatch.setattr(command, "_refuse_other_code", lambda: None)  # the project is a copy
    done = click.testing.CliRunner().invoke(soila, ["reproduce", "-l", "fi"])
    assert done.exit_code == 1
    assert done.stdout == (
        "run  outputs  verdict     perturbed by\n"
        "  1        6  3 differ    TZ=Pacific/Kiritimati, PYTHONHASHSEED=1\n"
    )
    assert done.stderr == (
        "Error: 3 outputs differ:\n"
        "  fi/hash.svg differs under PYTHONHASHSEED=1\n"
        "  fi/time.svg differs under nothing but time or chance\n"
        "  fi/zone.svg differs under TZ=Pacific/Kiritimati\n"
    )


def with_runs(runs, original=reproduce.reproduce):
    return lambda *arguments, **options: original(*arguments, runs=runs, **options)


def test_a_read_only_copy_elsewhere_with_a_new_home_gives_identical_outputs(project):
    one = notebook(project, DRAW)
    moved, home, umask = reproduce.RUNS[0]
    frozen = next(p for run in reproduce.RUNS for p in run if p.read_only)
    before = {p: p.read_bytes() for p in project.rglob("*") if p.is_file()}
    (outcome,) = reproduce.reproduce(project, [one], ["fi"], runs=[(moved, home, umask, frozen)])
    assert (outcome.compared, outcome.differing) == (3, {})
    assert {p: p.read_bytes() for p in project.rglob("*") if p.is_file()} == before


LOOK = """\
import matplotlib
import pandas
draw("settings.svg", sorted(matplotlib.rcParams.items()))
draw("options.svg", pandas.get_option("display.precision"))"""


@pytest.mark.parametrize("plain", [False, True])
def test_a_home_full_of_configuration_gives_identical_outputs(project, plain):
    names = ["options.svg", "settings.svg", "steady.svg"]
    one = notebook(project, DRAW, LOOK, outputs=names)
    full = next(p for run in reproduce.RUNS for p in run if p.files)
    kernels = Perturbation("plain", options=("--plain-kernels",) * plain)
    (outcome,) = reproduce.reproduce(project, [one], ["fi"], runs=[(full, kernels)])
    assert (outcome.compared, outcome.differing) == (5, {})


def test_a_run_that_fails_is_told_with_its_perturbations_and_last_lines(project):
    one = notebook(project, DRAW, "import time\nassert time.tzname[0] == 'UTC'")
    with pytest.raises(ReproductionError) as caught:
        reproduce.reproduce(project, [one], ["fi"], runs=[(TZ,)])
    assert "the run with TZ=Pacific/Kiritimati failed:" in str(caught.value)
    assert "AssertionError" in str(caught.value)


def test_six_runs_or_more_change_two_things_or_more_each_and_nothing_twice():
    names = [p.name for run in reproduce.RUNS for p in run]
    assert len(reproduce.RUNS) >= 6
    assert min(map(len, reproduce.RUNS)) >= 2
    assert len(names) == len(set(names))


def test_what_binds_less_on_this_machine_is_said(monkeypatch):
    monkeypatch.setattr(reproduce.os, "geteuid", lambda: 0)
    frozen = Perturbation("a read-only tree", read_only=True)
    foreign = Perturbation("LC_ALL=xx_XX", {"LC_ALL": "xx_XX"})
    assert reproduce.unbound((frozen, foreign, TZ)) == [
        "a read-only tree: permissions do not bind root",
        "LC_ALL=xx_XX: not installed here, so only its name is seen",
    ]
    monkeypatch.setattr(reproduce.os, "geteuid", lambda: 1000)
    assert reproduce.unbound((frozen,)) == []
