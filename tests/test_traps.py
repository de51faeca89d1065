"""Sabotage: each trap would pass for success without its guard, and each is caught by its name.

The traps that other files hold are listed in `HELD`; the others are here.
"""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib import import_module, metadata
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from soila_analysis import coding, provenance, run
from soila_analysis.run import Job, RunError

ROOT = Path(__file__).parents[1]
HELD = {
    "test_run.py": {
        "a shell command that fails": (
            "test_magics_shell_commands_and_exit_are_refused_before_execution"
        ),
        "sys.exit(0) in a cell": (
            "test_magics_shell_commands_and_exit_are_refused_before_execution"
        ),
        "an exit in disguise": "test_an_exit_in_disguise_is_a_failure_even_in_the_last_cell",
        "a skipped cell": "test_a_cell_that_was_not_executed_is_a_failure",
        "an exception in a cell": "test_an_exception_names_notebook_cell_first_line_and_error",
        "a mistyped parameter": "test_a_mistyped_name_is_refused_with_the_nearest_one",
        "a value of another type": "test_a_value_of_another_type_is_refused",
        "a value outside the choices": (
            "test_a_value_outside_the_choices_is_refused_with_the_choices"
        ),
        "a computed parameter": "test_a_line_that_is_not_a_literal_with_type_and_help_is_refused",
        "a killed kernel": "test_a_killed_kernel_names_the_cell_it_died_in",
        "a killed process": (
            "test_a_worker_that_is_killed_fails_its_notebooks_and_takes_its_kernel_along"
        ),
        "a hanging cell": "test_the_time_limit_is_one_for_the_notebook_and_names_the_cell_it_ends",
        "an empty or undeclared output": "test_outputs_other_than_those_declared_are_a_failure",
        "a notebook without outputs": "test_a_notebook_that_declares_no_outputs_is_refused",
        "an output older than the run": "test_an_output_that_was_made_before_the_run_is_a_failure",
        "an output of two notebooks": "test_jobs_that_would_overwrite_each_other_are_refused",
        "a failure after good outputs": "test_a_failure_leaves_earlier_outputs_byte_for_byte",
        "forks with the same random numbers": (
            "test_forked_kernels_draw_random_numbers_of_their_own"
        ),
    },
    "test_notebooks.py": {
        "a bare except": "test_a_code_cell_has_at_most_15_lines_and_no_logic",
        "a notebook stored with outputs": (
            "test_a_notebook_is_stored_as_it_was_written_not_as_it_was_run"
        ),
    },
    "test_makefile.py": {
        "a deleted output": "test_an_output_that_was_deleted_is_made_again",
        "a queue that was left": "test_what_an_interrupted_run_left_in_the_queue_is_not_run",
        "another data set of the same name": (
            "test_a_data_set_from_elsewhere_is_run_and_takes_the_place_of_its_namesake"
        ),
    },
    "test_validation.py": {
        "a wrong row in the data": "test_a_wrong_row_is_told_with_its_line_and_what_is_allowed",
        "a file of the data that is missing": "test_a_missing_file_is_told",
    },
    "test_language.py": {
        "a catalogue that lacks a key": (
            "test_every_language_has_the_messages_of_finnish_in_the_same_order"
        ),
        "a key that no catalogue has": "test_all_that_is_said_is_in_the_catalogues",
    },
    "test_manifest.py": {
        "a figure that was touched up": "test_a_pixel_that_was_touched_up_is_found_and_shown",
        "a code that was changed": "test_a_changed_code_is_shown_as_the_cells_that_it_changed",
    },
    "test_reproduce.py": {
        "a figure that depends on the hash seed": (
            "test_what_depends_on_zone_hash_or_time_is_named_with_the_one_cause"
        ),
    },
}
WRITE = """\
import os
from pathlib import Path
folder = Path(os.environ["SOILA_OUTPUT"])"""
GOOD = "(folder / 'table.csv').write_text('new')"
PARAMETERS = 'name: str = "table"  # of the output'


@pytest.fixture
def write(tmp_path):
    """Write a notebook of some cells."""

    def written(*cells, outputs=("table.csv",)):
        tags = {"tags": ["parameters"]}
        notebook = new_notebook(
            cells=[new_code_cell(PARAMETERS, metadata=tags), *map(new_code_cell, cells)],
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
    found = failure(lambda: run.run(Job(write(*cells, outputs=outputs), {}, good)))
    assert found.startswith("small: ")
    assert message in found
    assert (good / "table.csv").read_text() == "good"


@pytest.mark.parametrize("name", ["../elsewhere", "a/../../elsewhere", "/elsewhere"])
def test_a_parameter_that_leads_out_of_the_output_folder_is_refused(name, write, good):
    notebook = write(WRITE, GOOD, outputs=["{name}.csv"])
    found = failure(lambda: run.run(Job(notebook, {"name": name}, good)))
    assert found == f"small.ipynb: outputs outside the output folder: {name}.csv"


def test_merge_conflicts_in_a_notebook_are_refused(write):
    notebook = write(WRITE, GOOD)
    text = notebook.read_text()
    notebook.write_text(text.replace('"cells"', '<<<<<<< HEAD\n "cells"\n=======\n "cells"', 1))
    found = failure(lambda: run.parameters(notebook))
    assert found.startswith(f"{notebook}: not a notebook: ")


def test_an_output_that_was_linked_elsewhere_is_replaced_and_not_written_through(
    write, good, tmp_path
):
    (good / "table.csv").unlink()
    (good / "table.csv").symlink_to(tmp_path / "elsewhere.csv")
    run.run(Job(write(WRITE, GOOD), {}, good))
    assert not (good / "table.csv").is_symlink()
    assert (good / "table.csv").read_text() == "new"


# In the data, the library and the environment


@pytest.mark.parametrize("changed", ["codings.csv", "small.ipynb"])
def test_an_input_that_changes_while_the_notebook_runs_is_named(
    changed, write, good, round_, tmp_path
):
    file = (round_ if changed.endswith(".csv") else tmp_path) / changed
    notebook = write(WRITE, GOOD, f"os.utime({str(file)!r})")
    job = Job(notebook, {}, good, round_, ROOT / "requirements.lock")
    assert failure(lambda: run.run(job)) == (
        f"small: changed while the notebook ran: {changed}; run it again"
    )
    assert (good / "table.csv").read_text() == "good"


def test_a_module_that_changed_after_it_was_imported_is_named(write, good, round_):
    notebook = write(WRITE, GOOD, "from soila_analysis import project")
    job = Job(notebook, {}, good, round_, ROOT / "requirements.lock")
    since = (provenance.PACKAGE / "project.py").stat().st_mtime - 1
    assert "project.py" in failure(lambda: run.run(job, since=since))
    assert (good / "table.csv").read_text() == "good"


def test_a_package_that_differs_from_the_lock_is_named_with_both_versions(
    write, good, round_, tmp_path
):
    lock = tmp_path / "requirements.lock"
    lock.write_text("pandas==0.1 \\\n    --hash=sha256:0\nnumpy==0.2\n")
    job = Job(write("from soila_analysis import metrics"), {}, good, round_, lock)
    installed = {name: metadata.version(name) for name in ("numpy", "pandas")}
    found = failure(lambda: run.run(job))
    assert found.startswith("small: installed are other versions than locked: ")
    assert f"pandas {installed['pandas']} (0.1)" in found
    assert found.endswith("; install those of requirements.lock, or renew it by `make lock`")


def test_merge_conflicts_in_the_codings_are_told_by_line(round_):
    lines = (round_ / "codings.csv").read_text().splitlines()
    marked = [*lines[:3], "<<<<<<< HEAD", lines[3], "=======", lines[3], ">>>>>>> b", *lines[4:]]
    (round_ / "codings.csv").write_text("\n".join(marked) + "\n")
    problems = [str(p) for p in coding.validate(round_)]
    marks = [f'codings.csv:{line}: found "1 cells", allowed 5 cells' for line in (4, 6, 8)]
    assert [m for m in marks if not any(p.startswith(m) for p in problems)] == []


def test_features_without_one_of_the_languages_are_refused(tmp_path):
    own = shutil.copytree(ROOT / "tests/fixtures/two-coders-own-taxonomy", tmp_path / "own")
    features = Path(own) / "features.csv"
    features.write_text(features.read_text().replace("label_sv", "label_xx"))
    assert any("label_sv" in str(p) and "missing" in str(p) for p in coding.validate(own))


def test_a_font_that_was_swapped_is_refused_by_name(monkeypatch):
    style = import_module("soila_analysis.figures.style")
    other = Path(style.mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    monkeypatch.setattr(style, "_font_file", lambda weight: other)
    style._add_fonts.cache_clear()
    with pytest.raises(
        (RuntimeError, ValueError), match=r"the shipped font is shadowed|Soila Sans"
    ):
        style._add_fonts()
    style._add_fonts.cache_clear()


def test_a_font_of_the_same_name_in_place_of_the_shipped_one_is_refused(monkeypatch):
    style = import_module("soila_analysis.figures.style")
    monkeypatch.setattr(style.font_manager, "findfont", lambda *_, **__: "fonts/other.ttf")
    style._add_fonts.cache_clear()
    with pytest.raises(RuntimeError, match=r"^the shipped font is shadowed by fonts/other\.ttf$"):
        style._add_fonts()
    style._add_fonts.cache_clear()


def test_a_font_that_was_swapped_changes_the_record(monkeypatch, tmp_path, write, round_):
    notebook = write("from soila_analysis import figures")
    lock = ROOT / "requirements.lock"

    def record():
        return provenance.record(notebook, {}, [], round_, lock)

    before = record()
    copy = shutil.copytree(provenance.PACKAGE, tmp_path / "soila_analysis")
    font = Path(copy) / "figures/fonts/SoilaSans-Bold.ttf"
    font.write_bytes(font.read_bytes() + b"\0")
    monkeypatch.setattr(provenance, "PACKAGE", Path(copy))
    found = provenance.changes(before, record(), ROOT, round_)
    assert [c.what for c in found] == ["module figures/fonts/SoilaSans-Bold.ttf"]


# Around a run


def test_a_build_folder_that_cannot_be_written_is_told(write, tmp_path):
    (tmp_path / "out").write_text("a file in its place")
    result = run._attempt(Job(write(WRITE, GOOD), {}, tmp_path / "out"), 30, False, time.time())
    assert result.failure.startswith("small: FileExistsError: ")
    assert str(tmp_path / "out") in result.failure


def test_a_disk_that_is_full_when_outputs_are_put_in_place_is_told(write, good, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run, "_place", full)
    result = run._attempt(Job(write(WRITE, GOOD), {}, good), 30, False, time.time())
    assert result.failure == "small: OSError: [Errno 28] No space left on device"
    assert (good / "table.csv").read_text() == "good"


def test_an_interrupted_run_says_so_in_one_line_and_leaves_nothing_behind(write, good, tmp_path):
    begun = tmp_path / "begun"
    notebook = write(
        WRITE, f"Path({str(begun)!r}).write_text(str(os.getpid()))", "import time\ntime.sleep(60)"
    )
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "soila-analysis"\n')
    (tmp_path / "requirements.lock").touch()
    command = [sys.executable, "-m", "soila_analysis", "run", str(notebook), "--output", str(good)]
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not (begun.exists() and begun.read_text()):
        assert process.poll() is None
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=60)
    said_last = "Interrupted: what was not finished is as it was.\n"
    assert (process.returncode, said) == (130, said_last)
    assert (good / "table.csv").read_text() == "good"
    psutil.wait_procs([p for p in psutil.process_iter() if p.pid == int(begun.read_text())], 10)
    assert not psutil.pid_exists(int(begun.read_text()))


def test_two_calls_of_make_at_once_keep_queues_of_their_own(tmp_path):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (line,) = re.findall(r"^QUEUE := .*", makefile, re.MULTILINE)
    (tmp_path / "Makefile").write_text(f"{line}\nall:\n\t@echo '$(QUEUE)'\n")
    queues = {subprocess.check_output(["make", "-s"], cwd=tmp_path, text=True) for _ in range(2)}
    assert len(queues) == 2


# The registry


@pytest.mark.parametrize("file", HELD)
def test_what_holds_a_trap_elsewhere_exists(file):
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert set(HELD[file].values()) - there == set()


def test_there_are_thirty_traps_or_more():
    here = [name for name in globals() if name.startswith("test_")]
    assert sum(map(len, HELD.values())) + len(CELLS) + len(here) >= 40
