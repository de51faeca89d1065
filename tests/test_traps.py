"""Sabotage: each trap would pass for success without its guard, and each is caught by its name.

`guards.toml` lists them all, with the test that holds each, here or in another file, and the guard
that catches it; `guards.py` takes the guards out one by one, to see the tests fail.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module, metadata
from pathlib import Path

import nbformat
import psutil
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_notebook

from soila_analysis import dataset as datasets
from soila_analysis.build import contract, execute, plan
from soila_analysis.build import record as records
from soila_analysis.build.contract import RunError
from soila_analysis.build.execute import Job
from soila_analysis.cli import soila

ROOT = Path(__file__).parents[1]
WRITE = """\
import os
from pathlib import Path
folder = Path(os.environ["SOILA_OUTPUT"])"""
GOOD = "(folder / 'table.csv').write_text('new')"
PARAMETERS = 'name: str = "table"  # of the output'


@pytest.fixture
def write(tmp_path):
    """Write a notebook of some cells."""

    def written(*cells, outputs=("table.csv",), parameters=PARAMETERS):
        tags = {"tags": ["parameters"]}
        notebook = new_notebook(
            cells=[new_code_cell(parameters, metadata=tags), *map(new_code_cell, cells)],
            metadata={"soila": {"outputs": list(outputs)}},
        )
        nbformat.write(notebook, tmp_path / "small.ipynb")
        return tmp_path / "small.ipynb"

    return written


@pytest.fixture
def good(tmp_path):
    """An output of an earlier run, and what else lies around; nothing of it may change."""
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere.csv"
    out.mkdir()
    (out / "table.csv").write_text("good")
    elsewhere.write_text("mine")
    yield out
    assert elsewhere.read_text() == "mine"
    assert not list(out.glob(".run-*"))


@pytest.fixture
def round_(tmp_path):
    """A copy of the default data set."""
    return Path(shutil.copytree(ROOT / "data/review-2024", tmp_path / "round"))


def failure(call):
    with pytest.raises(RunError) as caught:
        call()
    return str(caught.value)


# In a notebook

CUT = {"a.svg": "<svg>", "a.png": "\x89PNG and half", "a.pdf": "%PDF-1.4", "a.json": '{"a": '}
CELLS = {
    "the last cell was deleted": ([WRITE], ["table.csv"], "outputs: table.csv is missing"),
    "an exception is swallowed": (
        [WRITE, f"try:\n    1 / 0\n    {GOOD}\nexcept Exception:\n    pass"],
        ["table.csv"],
        "outputs: table.csv is missing",
    ),
    "an output is a link to another": (
        [WRITE, "(folder / 'table.csv').symlink_to(Path('elsewhere.csv').resolve())"],
        ["table.csv"],
        "is a link",
    ),
    "files are cut off": (
        [WRITE, f"for name, text in {CUT!r}.items(): (folder / name).write_text(text)"],
        sorted(CUT),
        "outputs: a.json is cut off; a.pdf is cut off; a.png is cut off; a.svg is cut off",
    ),
    "the disk is full": (
        [WRITE, "import errno\nraise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))"],
        ["table.csv"],
        "cell 3 (`import errno`): OSError: [Errno 28] No space left on device",
    ),
}


@pytest.mark.parametrize(("cells", "outputs", "message"), CELLS.values(), ids=CELLS)
def test_a_sabotaged_notebook_fails_and_no_good_output_is_lost(
    cells, outputs, message, write, good
):
    found = failure(lambda: execute.run(Job(write(*cells, outputs=outputs), {}, good)))
    assert found.startswith("small: ")
    assert message in found
    assert (good / "table.csv").read_text() == "good"


@pytest.mark.parametrize("name", ["../elsewhere", "a/../../elsewhere", "{tmp_path}/elsewhere"])
def test_a_parameter_that_leads_out_of_the_output_folder_is_refused(name, write, good, tmp_path):
    out = "(folder / 'a').mkdir()\n(folder / f'{name}.csv').write_text('new')"
    notebook, name = write(WRITE, out, outputs=["{name}.csv"]), name.format(tmp_path=tmp_path)
    found = failure(lambda: execute.run(Job(notebook, {"name": name}, good)))
    assert found == f"small.ipynb: outputs outside the output folder: {name}.csv"


def test_merge_conflicts_in_a_notebook_are_refused(write):
    notebook = write(WRITE, GOOD)
    text = notebook.read_text()
    notebook.write_text(text.replace('"cells"', '<<<<<<< HEAD\n "cells"\n=======\n "cells"', 1))
    found = failure(lambda: contract.parameters(notebook))
    assert found.startswith(f"{notebook}: not a notebook: ")


def test_an_output_that_was_linked_elsewhere_is_replaced_and_not_written_through(
    write, good, tmp_path
):
    (good / "table.csv").unlink()
    (good / "table.csv").symlink_to(tmp_path / "elsewhere.csv")
    execute.run(Job(write(WRITE, GOOD), {}, good))
    assert not (good / "table.csv").is_symlink()
    assert (good / "table.csv").read_text() == "new"


# In the data, the library and the environment


@pytest.fixture
def clone(tmp_path):
    """A project of one notebook, without a data set."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "soila-analysis"\n')
    (tmp_path / "requirements.lock").touch()
    return tmp_path


LOAD = "from soila_analysis import dataset as datasets\ndatasets.load(dataset)"


def test_a_data_set_that_is_missing_is_told_and_leaves_no_folder(write, clone):
    lock, out = clone / "requirements.lock", clone / "out"
    job = Job(write(LOAD.replace("dataset", "'none'")), {}, out, clone / "none", lock)
    assert failure(lambda: execute.run(job)) == f"small: {clone}/none: no such data set folder"
    assert not out.exists()


def test_a_parameter_that_names_a_missing_data_set_leaves_no_folder(write, clone, monkeypatch):
    monkeypatch.chdir(clone)
    notebook = write(LOAD, parameters='dataset: str = "data/round"  # folder')
    done = CliRunner().invoke(soila, ["run", str(notebook), "-p", "dataset=data/raund"])
    assert done.stderr.startswith("Error: data/raund: no such data set folder. Looked in ")
    assert done.exit_code == 1
    assert not (clone / "build").exists()


@pytest.mark.parametrize("changed", ["codings.csv", "small.ipynb"])
def test_an_input_that_changes_while_the_notebook_runs_is_named(
    changed, write, good, round_, tmp_path
):
    file = (round_ if changed.endswith(".csv") else tmp_path) / changed
    notebook = write(WRITE, GOOD, f"open({str(file)!r}, 'a').write(' ');")
    job = Job(notebook, {}, good, round_, ROOT / "requirements.lock")
    assert failure(lambda: execute.run(job)) == (
        f"small: changed while the notebook ran: {changed}; run it again"
    )
    assert (good / "table.csv").read_text() == "good"


@pytest.mark.parametrize("years", [-1, 1])
def test_an_input_that_is_only_touched_while_the_notebook_runs_is_no_failure(
    years, write, good, round_
):
    file, then = round_ / "codings.csv", time.time() + years * 3e7
    notebook = write(WRITE, GOOD, f"os.utime({str(file)!r}, ({then}, {then}));")
    execute.run(Job(notebook, {}, good, round_, ROOT / "requirements.lock"))
    assert (good / "table.csv").read_text() == "new"


def test_a_module_that_changed_after_it_was_imported_is_named(write, good, round_):
    notebook = write(WRITE, GOOD, "from soila_analysis import files")
    job = Job(notebook, {}, good, round_, ROOT / "requirements.lock")
    before = plan.inputs(job)
    before["module"]["files.py"] = "as it was when it was imported"
    assert "files.py" in failure(lambda: execute.run(job, before=before))
    assert (good / "table.csv").read_text() == "good"


def test_a_package_that_differs_from_the_lock_is_named_with_both_versions(
    write, good, round_, tmp_path
):
    lock = tmp_path / "requirements.lock"
    lock.write_text("pandas==0.1 \\\n    --hash=sha256:0\nnumpy==0.2\n")
    job = Job(write(WRITE, GOOD, "from soila_analysis import metrics"), {}, good, round_, lock)
    installed = {name: metadata.version(name) for name in ("numpy", "pandas")}
    found = failure(lambda: execute.run(job))
    assert found.startswith("small: installed are other versions than locked: ")
    assert f"pandas {installed['pandas']} (0.1)" in found
    assert found.endswith("; install those of requirements.lock, or renew it by `make lock`")


def test_merge_conflicts_in_the_codings_are_told_by_line(round_):
    lines = (round_ / "codings.csv").read_text().splitlines()
    marked = [*lines[:3], "<<<<<<< HEAD", lines[3], "=======", lines[3], ">>>>>>> b", *lines[4:]]
    (round_ / "codings.csv").write_text("\n".join(marked) + "\n")
    advice = "a merge conflict of git; keep the rows of one side, and none of its marks"
    assert [str(p) for p in datasets.validate(round_)] == [
        f'codings.csv:{line}: found "{mark}"; {advice}'
        for line, mark in ((4, "<<<<<<< HEAD"), (6, "======="), (8, ">>>>>>> b"))
    ]


def test_another_copy_of_the_font_for_rare_characters_changes_no_figure(tmp_path):
    style = import_module("soila_analysis.figures.page")
    bundled = Path(style.mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    other = shutil.copy(bundled, tmp_path / "DejaVuSans.ttf")
    manager = style.font_manager.fontManager
    manager.addfont(other)
    manager.ttflist.insert(0, manager.ttflist.pop())  # found first, as on a machine that has it
    style._add_fonts.cache_clear()
    style._add_fonts()
    found = manager.findfont(style.FontProperties(family=style.FALLBACK))
    assert Path(found) == bundled


def test_a_font_that_was_swapped_is_refused_by_name(monkeypatch):
    style = import_module("soila_analysis.figures.page")
    other = Path(style.mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    monkeypatch.setattr(style, "_font_file", lambda weight: other)
    style._add_fonts.cache_clear()
    with pytest.raises(
        (RuntimeError, ValueError), match=r"the shipped font is shadowed|Soila Sans"
    ):
        style._add_fonts()
    style._add_fonts.cache_clear()


def test_a_font_of_the_same_name_in_place_of_the_shipped_one_is_refused(monkeypatch):
    style = import_module("soila_analysis.figures.page")
    monkeypatch.setattr(style.font_manager, "findfont", lambda *_, **__: "fonts/other.ttf")
    style._add_fonts.cache_clear()
    with pytest.raises(RuntimeError, match=r"^the shipped font is shadowed by fonts/other\.ttf$"):
        style._add_fonts()
    style._add_fonts.cache_clear()


@pytest.mark.parametrize(
    ("package", "name"),
    [
        pytest.param("figures", "fonts/SoilaSans-Bold.ttf", id="font"),
        pytest.param("report", "templates/map.html", id="page"),
        pytest.param("report", "templates/page.css", id="style"),
        pytest.param("report", "templates/explorer.js", id="script"),
    ],
)
def test_what_a_module_reads_beside_it_changes_the_record(
    package, name, monkeypatch, tmp_path, write, round_
):
    notebook = write(f"from soila_analysis import {package}")
    lock = ROOT / "requirements.lock"

    def record():
        return records.record(notebook, {}, [], round_, lock)

    before = record()
    copy = shutil.copytree(records.PACKAGE, tmp_path / "soila_analysis")
    file = Path(copy) / package / name
    file.write_bytes(file.read_bytes() + b"\0")
    monkeypatch.setattr(records, "PACKAGE", Path(copy))
    found = records.changes(before, record(), ROOT, round_)
    assert [c.what for c in found] == [f"module {package}/{name}"]


@pytest.mark.parametrize("name", ["helper.py", "helper/__init__.py"])
@pytest.mark.parametrize("cell", ["import helper", "from helper.more import b"])
def test_a_module_beside_a_notebook_is_refused(name, cell, write, good, tmp_path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    found = failure(lambda: execute.run(Job(write(WRITE, cell, GOOD), {}, good)))
    assert found == (
        f"small.ipynb: {name.split('/')[0]} beside it is not tracked; "
        "what a notebook needs is in the data set or in src/soila_analysis"
    )


def test_a_module_beside_a_notebook_takes_no_others_place(write, good, tmp_path):
    (tmp_path / "csv.py").write_text("raise ImportError")
    cell = "getattr(__import__('pandas'), 'read_csv')"
    execute.run(Job(write(WRITE, cell, GOOD), {}, good))
    assert (good / "table.csv").read_text() == "new"


def test_the_code_of_another_clone_is_refused(tmp_path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "src/soila_analysis").mkdir(parents=True)
    command = [sys.executable, "-m", "soila_analysis", "features"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.stderr == (
        f"Error: this command is that of {ROOT}, not of the clone you are in; "
        "call .venv/bin/python -m soila_analysis here (`make figures` sets it up)\n"
    )
    assert done.returncode == 1


# Around a run


def test_a_build_folder_that_cannot_be_written_is_told(write, tmp_path):
    (tmp_path / "out").write_text("a file in its place")
    result = execute._attempt(Job(write(WRITE, GOOD), {}, tmp_path / "out"), 30, False, {})
    assert result.failure.startswith("small: FileExistsError: ")
    assert str(tmp_path / "out") in result.failure


def test_a_disk_that_is_full_when_outputs_are_put_in_place_leaves_all_as_it_was(
    write, good, monkeypatch
):
    two = "(folder / 'more').mkdir()\n(folder / 'more/b.csv').write_text('new')"
    notebook = write(WRITE, GOOD, two, outputs=["table.csv", "more/b.csv"])
    job = Job(notebook, {}, good)
    replace, calls = Path.replace, []

    def full(path, target):
        calls.append(target)
        if target == good / "notebooks/small.ipynb":
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", full)
    result = execute._attempt(job, 30, False, plan.inputs(job))
    assert result.failure == "small: OSError: [Errno 28] No space left on device"
    assert good / "more/b.csv" in calls
    assert [p.name for p in good.rglob("*") if p.is_file()] == ["table.csv"]
    assert (good / "table.csv").read_text() == "good"


def run_in(clone, before="", **env):
    """Run the small notebook by the command, after some lines of Python in that process."""
    code = f"{before}\nfrom soila_analysis.cli import soila\nsoila()"
    command = [sys.executable, "-c", code, "run", "small.ipynb", "-o", "out/of"]
    given = {**os.environ, **{name: str(value) for name, value in env.items()}}
    return subprocess.run(command, cwd=clone, env=given, capture_output=True, text=True)


def test_a_long_path_of_temporary_files_is_no_hindrance(write, clone, tmp_path):
    long = tmp_path / ("long" * 30)
    long.mkdir()
    write(WRITE, GOOD)
    done = run_in(clone, TMPDIR=long)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_shared_memory_is_needed(write, clone):
    write(WRITE, GOOD)
    done = run_in(clone, "import multiprocessing.synchronize as s; s.SemLock.__init__ = None")
    assert (done.returncode, done.stderr) == (0, "")


def test_too_few_open_files_are_told_with_what_to_do(write, clone):
    write(WRITE, GOOD)
    few = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({}, {}))"
    done = run_in(clone, few.format(64, 64))
    assert done.stderr == "Error: a run needs 256 open files, 64 are allowed: ulimit -n 256\n"
    assert done.returncode == 1
    assert run_in(clone, few.format(64, 1024)).returncode == 0


@pytest.mark.parametrize("command", ["build", "run", "check", "site"])
def test_a_command_outside_a_clone_says_so(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "round").mkdir()
    arguments = [command, "small.ipynb"] if command == "run" else [command, "round"]
    if command == "run":
        shutil.copy(ROOT / "notebooks/01_taxonomy.ipynb", tmp_path / "small.ipynb")
        arguments += ["-d", "round"]
    done = CliRunner().invoke(soila, arguments)
    assert done.stderr == (
        f"Error: no soila_analysis project at {tmp_path} or above; "
        "work in a clone of the repository\n"
    )
    assert done.exit_code == 1


def test_an_interrupted_run_says_so_in_one_line_and_leaves_nothing_behind(
    write, good, clone, tmp_path
):
    begun = tmp_path / "begun"
    notebook = write(
        WRITE, f"Path({str(begun)!r}).write_text(str(os.getpid()))", "import time\ntime.sleep(60)"
    )
    command = [sys.executable, "-m", "soila_analysis", "run", str(notebook), "--output", str(good)]
    process = subprocess.Popen(
        command, cwd=clone, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not (begun.exists() and begun.read_text()):
        assert process.poll() is None
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=60)
    said_last = "Interrupted: what was not finished is as it was.\n"
    assert (process.returncode, said) == (130, said_last)
    assert (good / "table.csv").read_text() == "good"
    assert not psutil.pid_exists(int(begun.read_text()))


POINTS = range(20) if os.environ.get("SOILA_ALL_POINTS") else (4, 9, 16)  # of time; a sample
SLOW = "import time\nfor _ in range(9): time.sleep(0.1)"


def marked(mark: str) -> list[psutil.Process]:
    """Find the processes of a run; they hand down what language is set."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("LC_MARK") == mark:
                found.append(process)
    return [p for p in found if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("how", ["a terminal", "kill", "plain kernels"])
@pytest.mark.parametrize("point", POINTS)
def test_an_interrupt_at_any_point_ends_every_process_and_is_no_traceback(
    point, how, write, good, clone, tmp_path
):
    write(WRITE, SLOW, GOOD)
    shutil.copy(tmp_path / "small.ipynb", tmp_path / "other.ipynb")
    plain = ["--plain-kernels"] * (how == "plain kernels")
    command = [sys.executable, "-m", "soila_analysis", "run", "small.ipynb", "-o", "out", *plain]
    shutil.rmtree(good)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/table.csv").write_text("good")
    env = {**os.environ, "LC_MARK": str(tmp_path)}
    process = subprocess.Popen(
        command, cwd=clone, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    time.sleep(0.2 + point * 0.15)
    if how == "kill":
        process.terminate()
    else:
        os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    number = signal.SIGTERM if how == "kill" else signal.SIGINT
    assert process.returncode in (128 + number, -number, 0), said
    assert said in ("", "Interrupted: what was not finished is as it was.\n")
    _, left = psutil.wait_procs(marked(str(tmp_path)), timeout=3)
    assert left == []
    assert not list((tmp_path / "out").glob(".run-*"))
    left_alone = [] if process.returncode == 0 else ["good"]  # else it had just been finished
    assert (tmp_path / "out/table.csv").read_text() in ["new", *left_alone]
