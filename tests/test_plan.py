"""What is stale, by contents and never by times; who owns an output; builds that meet."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import click.testing
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from soila_analysis.build import execute, plan
from soila_analysis.build.execute import Result
from soila_analysis.cli import build as wiring
from soila_analysis.cli import soila

ROOT = Path(__file__).parents[1]
PARAMETERS = 'dataset: str = "data/round"  # data\nlang: str = "fi"  # language'
WRITE = """\
import os
from pathlib import Path
here = Path(os.environ["SOILA_OUTPUT"])
codes = Path("..", dataset, "codings.csv").read_text()
(here / "tables").mkdir(exist_ok=True)
(here / "tables/{}.csv").write_text(codes + lang);"""
FEATURE = '\nfeature: str = "rarest"  # which'
ALL = {"01_a", "02_b", "04_feature-ecosystem-anchoring"}


def notebook(file, cell, parameters=PARAMETERS, **declared):
    """Write a notebook that declares what it writes."""
    cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]}), new_code_cell(cell)]
    for number, one in enumerate(cells):
        one["id"] = f"cell-{number}"
    nbformat.write(new_notebook(cells=cells, metadata={"soila": declared}), file)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of three small notebooks and one data set."""
    top = tmp_path / "project"
    for folder in ("data/round", "notebooks"):
        (top / folder).mkdir(parents=True)
    (top / "pyproject.toml").write_text('[project]\nname = "soila-analysis"\n')
    (top / "requirements.lock").write_text("")
    (top / "data/round/codings.csv").write_text("a,b\n")
    (top / "data/round/dataset.toml").write_text("")
    for name in ("01_a", "02_b"):
        outputs = [f"tables/{name}.csv"]
        notebook(top / f"notebooks/{name}.ipynb", WRITE.format(name), outputs=outputs)
    notebook(
        top / "notebooks/04_feature.ipynb",
        WRITE.replace('"tables/{}', 'f"tables/c-{feature}'),
        PARAMETERS + FEATURE,
        outputs=["tables/c-{feature}.csv"],
        name="04_feature-{feature}",
    )
    monkeypatch.setattr(wiring, "PRELOADED", ())
    monkeypatch.chdir(top)
    return top


@pytest.fixture
def soila_(project):
    """Call the command in the project."""

    def called(*arguments):
        done = click.testing.CliRunner().invoke(soila, [str(a) for a in arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done

    return called


@pytest.fixture
def build(soila_, monkeypatch):
    """Build the data set in Finnish, and say which runs were executed; what they write is quick."""
    ran = []

    def run_all(jobs, *, report, **_):
        for job in jobs:
            text = (job.data / "codings.csv").read_text() + job.values["lang"]
            staged(job, text)
            ran.append(job.name)
            report(Result(job, 0.0))

    def built(dataset="data/round", *options):
        ran.clear()
        done = soila_("build", dataset, "-l", "fi", *options)
        assert done.exit_code == 0, done.output
        return set(ran)

    monkeypatch.setattr(execute, "run_all", run_all)
    return built


def staged(job, text):
    """Leave what a run leaves."""
    paths = execute.contract.outputs(job.notebook, execute.contract.check(job.notebook, job.values))
    made = [*paths, f"notebooks/{job.name}.ipynb"]
    for path in made:
        (job.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (job.folder / path).write_text(text)
    (job.folder / f"notebooks/{job.name}.outputs").write_text("".join(f"{p}\n" for p in paths))
    record = {"code": ["files.py", "figures/__init__.py"], "packages": {"click": "0"}}
    record["packages"]["click"] = plan.version("click")
    plan.write(job, record, job.folder, made)


def shift(file, seconds):
    then = file.stat().st_mtime + seconds
    os.utime(file, (then, then))


# What is stale


def test_everything_is_made_and_then_nothing(build, soila_):
    assert build() == ALL
    assert build() == set()
    done = soila_("build", "data/round", "-l", "fi")
    assert done.stdout == "All figures in build/round are up to date.\n"


@pytest.mark.parametrize("seconds", [-1e6, 0, 1e6])
def test_a_data_file_that_was_replaced_by_one_of_any_date_is_run(build, project, seconds):
    build()
    file = project / "data/round/codings.csv"
    file.write_text("a,c\n")
    shift(file, seconds)
    assert build() == ALL
    assert build() == set()


def test_files_that_are_touched_and_not_changed_run_nothing(build, project):
    build()
    for file in [*project.rglob("*.*")]:
        shift(file, 1e6)
    assert build() == set()


@pytest.mark.parametrize("name", ["codes.csv", "own.toml"])
def test_a_data_file_that_comes_or_goes_runs_all(build, project, name):
    build()
    (project / "data/round" / name).write_text("")
    assert build() == ALL
    (project / "data/round" / name).unlink()
    assert build() == ALL


def test_a_changed_notebook_runs_alone_also_where_only_its_prose_changed(build, project):
    build()
    file = project / "notebooks/02_b.ipynb"
    file.write_text(file.read_text().replace('"metadata": {', '"metadata": {"title": "B",', 1))
    assert build() == {"02_b"}


def test_a_changed_lock_runs_all(build, project):
    build()
    (project / "requirements.lock").write_text("pandas==3\n")
    assert build() == ALL


@pytest.mark.parametrize(
    "name", ["files.py", "build/execute.py", "figures/fonts/OFL.txt", "figures/new.toml"]
)
def test_a_changed_module_or_what_it_reads_beside_it_runs_what_uses_it(
    build, monkeypatch, tmp_path, name
):
    package = Path(shutil.copytree(plan.records.PACKAGE, tmp_path / "soila_analysis"))
    monkeypatch.setattr(plan.records, "PACKAGE", package)
    build()
    with (package / name).open("a") as file:
        file.write("\n")
    assert build() == (set() if name.endswith(".txt") else ALL)


def test_another_version_of_a_package_runs_what_uses_it(build, monkeypatch):
    build()
    monkeypatch.setattr(plan, "version", lambda _: "99")
    assert build() == ALL


@pytest.mark.parametrize(
    "name", ["tables/02_b.csv", "notebooks/02_b.ipynb", "notebooks/02_b.run.json"]
)
@pytest.mark.parametrize("text", [None, "[]", "edited"])
def test_an_output_that_is_gone_or_was_edited_is_made_again(build, project, name, text):
    build()
    file = project / "build/round/fi" / name
    file.unlink() if text is None else file.write_text(text)
    assert build() == {"02_b"}


def test_a_run_of_other_parameters_stays_current_with_its_build(build, soila_, project):
    build()
    soila_("run", "notebooks/04_feature.ipynb", "-d", "data/round", "-l", "fi", "-p", "feature=x")
    assert build() == set()
    (project / "data/round/codings.csv").write_text("a,c\n")
    assert build() == {*ALL, "04_feature-x"}


def test_a_data_set_with_features_of_its_own_shows_its_rarest(build, project):
    (project / "data/round/features.csv").write_text("")
    assert "04_feature-rarest" in build()


def test_a_manifest_that_was_lost_is_written_without_a_run(build, project):
    build()
    (project / "build/round/manifest.json").unlink()
    assert build() == set()
    assert (project / "build/round/manifest.json").exists()


def test_what_runs_made_is_current_by_what_they_wrote_down(soila_, project):
    done = soila_("build", "data/round", "-l", "fi", "-l", "sv")
    assert (done.exit_code, done.stdout.count("done")) == (0, 6), done.output
    again = soila_("build", "data/round", "-l", "fi", "-l", "sv")
    assert again.stdout == "All figures in build/round are up to date.\n"
    (project / "data/round/codings.csv").write_text("a,c\n")
    shift(project / "data/round/codings.csv", -1e6)
    assert soila_("build", "data/round", "-l", "fi").stdout.count("done") == 3
    assert (project / "build/round/fi/tables/01_a.csv").read_text() == "a,c\nfi"


# Who takes an output asks the same


@pytest.mark.parametrize("command", ["site", "report", "archive", "check", "reference"])
def test_no_output_is_taken_that_is_not_current(build, soila_, project, command):
    build()
    (project / "data/round/codings.csv").write_text("a,c\n")
    shift(project / "data/round/codings.csv", -1e6)
    done = soila_(command, "data/round")
    assert done.stderr == (
        f"Error: {project}/build/round: not what data, notebooks and code give now: fi/01_a, "
        "fi/02_b, fi/04_feature-ecosystem-anchoring; "
        'renew it by `make figures LANGS="fi"`, for this data set\n'
    )
    assert done.exit_code == 1


@pytest.mark.parametrize("command", ["site", "report", "archive", "check", "reference"])
def test_a_build_without_outputs_is_refused(soila_, project, command):
    done = soila_(command, "data/round")
    assert done.stderr == (
        f"Error: {project}/build/round: holds no outputs; `make figures` makes them\n"
    )
    assert done.exit_code == 1


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (MemoryError(), "there is not enough memory; what was not finished is as it was"),
        (OSError(30, "Read-only file system", "build/a"), "build/a: Read-only file system"),
        (OSError(24, "Too many open files"), "[Errno 24] Too many open files"),
    ],
)
@pytest.mark.parametrize("command", ["site", "report", "archive", "check", "reference"])
def test_what_the_machine_refuses_is_one_line(soila_, project, monkeypatch, command, error, line):
    def refuse(*_):
        raise error

    monkeypatch.setattr(plan, "refuse_outdated", refuse)
    done = soila_(command, "data/round")
    assert (done.exit_code, done.stderr) == (1, f"Error: {line}\n")


# One owner


def test_two_notebooks_that_declare_one_output_are_an_error_before_anything_runs(soila_, project):
    shutil.copy(project / "notebooks/01_a.ipynb", project / "notebooks/01_a-Copy1.ipynb")
    done = soila_("build", "data/round", "-l", "fi")
    assert "fi/tables/01_a.csv would be written twice: 01_a-Copy1" in done.stderr
    assert (done.exit_code, list((project / "build/round").rglob("*.csv"))) == (1, [])


def test_two_data_sets_of_one_name_build_into_two_places(build, project, tmp_path):
    other = Path(shutil.copytree(project / "data/round", tmp_path / "elsewhere/round"))
    assert (build(), build(other)) == (ALL, ALL)
    assert (build(), build(other)) == (set(), set())
    places = sorted(p.name for p in (project / "build").iterdir())
    assert places[0] == "round"
    assert len(places) == 2
    assert places[1].startswith("round-")


def test_a_folder_of_any_name_is_built(soila_, project):
    name = "data/it's a $(shell touch PWNED)&id>PWNED& `x` ;\n ä"
    shutil.copytree(project / "data/round", project / name)
    done = soila_("build", name, "-l", "fi")
    assert (done.exit_code, done.stdout.count("done")) == (0, 3), done.output
    assert not (project / "PWNED").exists()


def test_a_notebook_of_any_name_is_built(soila_, project):
    name = "03 it's {a} $(x) ä"
    outputs = ["tables/odd.csv"]
    notebook(project / f"notebooks/{name}.ipynb", WRITE.format("odd"), outputs=outputs)
    assert soila_("build", "data/round", "-l", "fi").exit_code == 0
    assert (project / f"build/round/fi/notebooks/{name}.ipynb").exists()


def test_two_builds_of_one_data_set_wait_for_each_other_and_say_so(project, tmp_path):
    code = (
        "import sys; from pathlib import Path; from soila_analysis.build import plan\n"
        "with plan.alone(Path('build/round'), print):\n"
        "    Path('held').touch(); sys.stdin.read()"
    )
    first = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    while not Path("held").exists():
        time.sleep(0.01)
    command = [sys.executable, "-m", "soila_analysis", "check", "data/round"]
    second = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert second.stderr.readline() == (
        f"{project}/build/round: another command is at work there; waiting until it is done\n"
    )
    assert second.poll() is None
    first.communicate(b"")
    assert "holds no outputs" in second.communicate()[1]


def test_what_a_killed_run_left_is_removed_by_the_next(build, project):
    (project / "build/round/fi/.run-killed/tables").mkdir(parents=True)
    build()
    assert not list((project / "build").rglob(".run-*"))


def test_a_run_file_says_what_was_read_and_made(build, project):
    build()
    made = json.loads((project / "build/round/fi/notebooks/01_a.run.json").read_text())
    assert made["values"] == {"dataset": "data/round", "lang": "fi"}
    assert set(made["inputs"]["data file"]) == {"codings.csv", "dataset.toml"}
    assert set(made["outputs"]) == {"tables/01_a.csv", "notebooks/01_a.ipynb"}
