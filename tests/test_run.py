import base64
import json
import multiprocessing.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from soila_analysis.build import contract, kernel
from soila_analysis.build import execute as runs
from soila_analysis.build.contract import Parameter, RunError
from soila_analysis.build.execute import Job
from soila_analysis.cli import soila
from soila_analysis.files import OUTPUT

REPOSITORY = Path(__file__).parents[1]
TAXONOMY = "notebooks/01_taxonomy.ipynb"
WRITE = """\
import os
from pathlib import Path
folder = Path(os.environ["SOILA_OUTPUT"])
(folder / "table.csv").write_text("a,b\\n");"""
PARAMETERS = """\
text: str = "fi"  # language: fi or sv
whole: int = 3  # how many
share: float = 0.5  # from 0 to 1
bold: bool = False  # whether to shout"""


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    """Fork kernels from one server, which has imported what the tests need."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", kernel.BACKEND)
        multiprocessing.util.get_temp_dir()  # before a test moves the folder for such
        kernel.preload(["matplotlib.pyplot", "numpy.random", "pandas"])
        yield


@pytest.fixture(autouse=True)
def nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold after each test that no kernel and no folder of a run outlives it."""
    with tempfile.TemporaryDirectory() as temporary:
        monkeypatch.setattr(tempfile, "tempdir", temporary)
        monkeypatch.setenv("TMPDIR", temporary)
        yield
        assert not list(Path(temporary).glob("soila-*"))
    assert not list(tmp_path.rglob(".run-*"))
    assert not [p for p in psutil.Process().children(recursive=True) if is_kernel(p)]


def is_kernel(process: psutil.Process) -> bool:
    """Tell a kernel: a plain one by its command, a warm one by being the fork server's child."""
    command = " ".join(process.cmdline())
    parent = process.parent()
    forked = parent is not None and "forkserver" in " ".join(parent.cmdline())
    return kernel.LAUNCHER in command or forked


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook; a cell is its source, outputs are declared as the runner wants them."""

    def written(*cells: str, name: str = "small", parameters: str = "", **contract) -> Path:
        tags = {"tags": ["parameters"]}
        first = [new_markdown_cell("# Small"), new_code_cell(parameters, metadata=tags)]
        notebook = new_notebook(
            cells=[*first, *map(new_code_cell, cells)],
            metadata={"soila": {"outputs": ["table.csv"], **contract}},
        )
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    return written


@pytest.fixture
def execute(tmp_path: Path) -> Callable[..., Path]:
    """Run a notebook into a folder and return the folder."""

    def executed(notebook: Path, folder: str = "out", timeout: float = 120, **values: str) -> Path:
        runs.run(Job(notebook, values, tmp_path / folder), timeout=timeout)
        return tmp_path / folder

    return executed


def failure(call: Callable[[], object]) -> str:
    with pytest.raises(RunError) as caught:
        call()
    return str(caught.value)


def contents(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file() and p.suffix != ".json")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def outputs(folder: Path, name: str = "small") -> list[dict]:
    """All outputs of the code cells of an executed notebook."""
    cells = json.loads((folder / f"notebooks/{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return [output for cell in cells for output in cell.get("outputs", [])]


def printed(folder: Path, name: str = "small") -> str:
    return "".join("".join(o["text"]) for o in outputs(folder, name) if "text" in o)


# The parameters cell


def test_parameters_are_read_with_type_default_and_help(write):
    assert contract.parameters(write(parameters=PARAMETERS)) == (
        Parameter("text", "str", "fi", "language: fi or sv"),
        Parameter("whole", "int", 3, "how many"),
        Parameter("share", "float", 0.5, "from 0 to 1"),
        Parameter("bold", "bool", False, "whether to shout"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "b: int = a + 1  # derived",
        "b: int = len('ab')  # computed",
        "b: int = 1",
        "b = 1  # without a type",
        "b: int  # without a value",
        "b: int = 1.0  # of another type",
        "b: int = True  # of another type",
        "b: list = [1]  # of no known type",
        "import os",
    ],
)
def test_a_line_that_is_not_a_literal_with_type_and_help_is_refused(write, line):
    path = write(parameters=f"a: int = 1  # first\n{line}")
    statement = line.split("  #")[0]
    assert failure(lambda: contract.parameters(path)) == (
        f"small.ipynb: parameters cell: `{statement}` is not of the form "
        "`name: type = literal  # help`"
    )


def test_all_wrong_lines_of_the_parameters_cell_are_named(write):
    message = failure(lambda: contract.parameters(write(parameters="a = 1\nb: int = 2")))
    assert "`a = 1` is not" in message
    assert "`b: int = 2` is not" in message


def test_a_parameters_cell_that_is_not_python_is_refused(write):
    message = failure(lambda: contract.parameters(write(parameters="a: int = = 1")))
    assert message == "small.ipynb: parameters cell: invalid syntax: `a: int = = 1`"


@pytest.mark.parametrize("count", [0, 2])
def test_one_parameters_cell_is_needed(tmp_path, count):
    cell = new_code_cell("a: int = 1  # one", metadata={"tags": ["parameters"]})
    cells = [NotebookNode(cell, id=f"c{i}") for i in range(count)]
    nbformat.write(new_notebook(cells=cells), tmp_path / "n.ipynb")
    assert failure(lambda: contract.parameters(tmp_path / "n.ipynb")) == (
        f"n.ipynb: {count} cells are tagged parameters, needed is one"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not a notebook: Notebook does not appear to be JSON: ''"),
        ("{}", "not a notebook: "),
        ("[]", "not a notebook: "),
        ('{"nbformat": 4, "nbformat_minor": 5, "cells": 3, "metadata": {}}', "not a notebook: "),
        (b"\xff\xfe\x00", "not a notebook: "),
    ],
)
def test_a_file_that_is_no_notebook_is_refused(tmp_path, content, reason):
    path = tmp_path / "n.ipynb"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert failure(lambda: contract.parameters(path)).startswith(f"{path}: {reason}")


def test_a_notebook_that_is_missing_or_a_folder_is_refused(tmp_path):
    missing = tmp_path / "missing.ipynb"
    assert failure(lambda: contract.parameters(missing)) == f"{missing}: no such notebook"
    assert (
        failure(lambda: contract.parameters(tmp_path))
        == f"{tmp_path}: cannot be read: Is a directory"
    )


# Values


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("text", "007", "007"),
        ("text", "1.10", "1.10"),
        ("text", "1_000", "1_000"),
        ("text", "", ""),
        ("text", "true", "true"),
        ("text", "a=b ä {c}", "a=b ä {c}"),
        ("whole", "007", 7),
        ("whole", "-2", -2),
        ("share", "1.10", 1.1),
        ("share", "1e-3", 0.001),
        ("share", "1", 1.0),
        ("bold", "True", True),
        ("bold", "false", False),
    ],
)
def test_a_value_is_read_as_its_declared_type_says(write, name, text, value):
    checked = contract.check(write(parameters=PARAMETERS), {name: text})
    assert checked == {name: value}
    assert type(checked[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "type_"),
    [
        ("whole", "1_000", "int"),
        ("whole", "nan", "int"),
        ("whole", "1.0", "int"),
        ("whole", "", "int"),
        ("whole", "true", "int"),
        ("share", "1_0.5", "float"),
        ("share", "half", "float"),
        ("share", "0,5", "float"),
        ("bold", "1", "bool"),
        ("bold", "yes", "bool"),
    ],
)
def test_a_value_of_another_type_is_refused(write, name, text, type_):
    message = failure(lambda: contract.check(write(parameters=PARAMETERS), {name: text}))
    assert message == f'small.ipynb: {name}: "{text}" is not of type {type_}'


def test_a_mistyped_name_is_refused_with_the_nearest_one(write):
    assert failure(lambda: contract.check(write(parameters=PARAMETERS), {"shaer": "1"})) == (
        'small.ipynb: no parameter "shaer"; allowed: text, whole, share, bold; '
        'did you mean "share"?'
    )


def test_an_unknown_name_like_no_other_is_refused_with_those_there_are(write):
    assert failure(lambda: contract.check(write(parameters=PARAMETERS), {"zzz": "1"})) == (
        'small.ipynb: no parameter "zzz"; allowed: text, whole, share, bold'
    )


def test_names_what_cannot_be_seen_in_a_parameter(write):
    path = write(parameters=PARAMETERS, choices={"text": ["Käynnissä"]})
    assert failure(lambda: contract.check(path, {"bold\u200b": "true"})) == (
        'small.ipynb: no parameter "bold<U+200B>"; allowed: text, whole, share, bold; '
        'did you mean "bold"? They differ by U+200B.'
    )
    assert failure(lambda: contract.check(path, {"text": "Ka\u0308ynnissa\u0308"})).endswith(
        "They differ by the way in which letters are composed."
    )


def test_a_value_outside_the_choices_is_refused_with_the_choices(write):
    path = write(parameters=PARAMETERS, choices={"text": ["fi", "sv"], "whole": [3, 5]})
    assert contract.check(path, {"text": "sv", "whole": "5"}) == {"text": "sv", "whole": 5}
    assert failure(lambda: contract.check(path, {"text": "en", "whole": "4"})) == (
        'small.ipynb: text has no choice "en"; allowed: fi, sv\n'
        '  whole has no choice "4"; allowed: 3, 5'
    )


def test_all_problems_with_values_are_told_at_once(write):
    path = write(parameters=PARAMETERS, choices={"text": ["fi"]})
    message = failure(lambda: contract.check(path, {"whole": "x", "blod": "true", "text": "en"}))
    assert message == (
        'small.ipynb: whole: "x" is not of type int\n'
        '  no parameter "blod"; allowed: text, whole, share, bold; did you mean "bold"?\n'
        '  text has no choice "en"; allowed: fi'
    )


def test_wrong_parameters_stop_a_run_before_anything_is_executed(write, execute, tmp_path):
    path = write(f"Path({str(tmp_path / 'begun')!r}).touch()", parameters=PARAMETERS)
    assert "is not of type int" in failure(lambda: execute(path, whole="x"))
    assert not (tmp_path / "out").exists()


def test_values_reach_the_notebook_with_their_types(write, execute):
    path = write(WRITE, "print(repr((text, whole, share, bold)))", parameters=PARAMETERS)
    folder = execute(path, text='007 "ä" {x}\\', whole="1", share="1.10", bold="true")
    assert printed(folder) == repr(('007 "ä" {x}\\', 1, 1.1, True)) + "\n"


# Ways out that would pass for success


@pytest.mark.parametrize(
    "line",
    [
        "!false",
        "  !false",
        "files = !ls",
        "%run other.py",
        "%%bash",
        "x = %pwd",
        "print?",
        "?print",
        "exit",
        "exit()",
        "exit(0)",
        "quit()",
        "sys.exit(0)",
        "if True: sys.exit()",
        "os._exit(0)",
        "leave = sys.exit",
    ],
)
def test_magics_shell_commands_and_exit_are_refused_before_execution(
    write, execute, tmp_path, line
):
    path = write(WRITE, f"import sys\n{line}\nfalse = 1" if line != "%%bash" else "%%bash\nfalse")
    first = "%%bash" if line == "%%bash" else "import sys"
    assert failure(lambda: execute(path)) == (
        f"small.ipynb: cell 4 (`{first}`): `{line.strip()}` is not allowed in a notebook of a run; "
        "magics, shell commands and exit skip what follows without failing"
    )
    assert not (tmp_path / "out").exists()


def test_words_that_only_look_like_a_way_out_are_allowed(write, execute):
    harmless = """\
# never call exit(0), sys.exit() or !false
exits = "exit(0)"
text = ("%s"
        % "a")
wide = '''
!false
%%bash
'''
def exit_code(): return 5 % 3
fire_exit = exit_code()
import asyncio
await asyncio.sleep(0)
print(fire_exit)"""
    assert printed(execute(write(WRITE, harmless))) == "2\n"


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("raise SystemExit", "SystemExit: "),
        ("getattr(__import__('sys'), 'ex' + 'it')(0)", "SystemExit: 0"),
    ],
)
@pytest.mark.parametrize("after", [(), ("1 + 1",)])
def test_an_exit_in_disguise_is_a_failure_even_in_the_last_cell(write, execute, cell, error, after):
    message = failure(lambda: execute(write(WRITE, cell, *after)))
    assert message == f"small: cell 4 (`{cell}`): {error}"


def test_a_cell_that_was_not_executed_is_a_failure(write, execute):
    path = write(WRITE, "1 + 1")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].metadata["tags"] = ["skip-execution"]
    nbformat.write(notebook, path)
    assert failure(lambda: execute(path)) == "small: cell 4 (`1 + 1`) was not executed"


# Failures


def test_an_exception_names_notebook_cell_first_line_and_error(write, execute):
    path = write(WRITE, "\n1 + 1\n1 / 0\n", parameters=PARAMETERS)
    message = "cell 4 (`1 + 1`): ZeroDivisionError: division by zero"
    assert failure(lambda: execute(path)) == f"small: {message}"
    assert failure(lambda: execute(path, whole="2")) == f"small whole=2: {message}"


def test_a_syntax_error_is_named_like_any_error(write, execute):
    message = failure(lambda: execute(write(WRITE, "a b")))
    assert message.startswith("small: cell 4 (`a b`): SyntaxError: invalid syntax")


def test_a_failure_leaves_earlier_outputs_byte_for_byte(write, execute):
    folder = execute(write(WRITE))
    before = contents(folder)
    assert sorted(before) == ["notebooks/small.ipynb", "notebooks/small.outputs", "table.csv"]
    for cells in (
        [WRITE.replace("a,b", "x,y"), "1 / 0"],
        [WRITE.replace("a,b", "x,y"), "(folder / 'more.csv').write_text('a')"],
        [WRITE.replace("a,b", "x,y"), "os.kill(os.getpid(), 9)"],
    ):
        failure(lambda cells=cells: execute(write(*cells)))
        assert contents(folder) == before


def test_a_killed_kernel_names_the_cell_it_died_in(write, execute):
    path = write(WRITE, "import signal\nos.kill(os.getpid(), signal.SIGKILL)", "1 + 1")
    assert failure(lambda: execute(path)) == (
        "small: cell 4 (`import signal`): the kernel died (killed, or out of memory)"
    )


@pytest.mark.parametrize("elapsed", [29.5, 31.0])
def test_the_time_limit_is_one_for_the_notebook_and_names_the_cell_it_ends(
    write, execute, tmp_path, monkeypatch, elapsed
):
    written = tmp_path / "written"
    clock = SimpleNamespace(**vars(time))
    clock.monotonic = lambda: elapsed if written.exists() else 0.0
    monkeypatch.setattr(runs, "time", clock)
    path = write(f"{WRITE}\nPath({str(written)!r}).touch()", "import time\ntime.sleep(5)", "1")
    assert failure(lambda: execute(path, timeout=30)) == (
        "small: cell 4 (`import time`): the time limit was reached"
    )


# Outputs


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("", "table.csv is missing"),
        ("(folder / 'table.csv').touch()", "table.csv is empty"),
        (
            "(folder / 'table.csv').write_text('a'); (folder / 'b.csv').write_text('b')",
            "b.csv is not declared",
        ),
        (
            "(folder / 'tables').mkdir(); (folder / 'tables/table.csv').write_text('a')",
            "table.csv is missing; tables/table.csv is not declared",
        ),
    ],
)
def test_outputs_other_than_those_declared_are_a_failure(write, execute, cell, problem):
    path = write(WRITE.rpartition("\n")[0], cell)
    assert failure(lambda: execute(path)) == f"small: outputs: {problem}"


def test_a_notebook_that_declares_no_outputs_is_refused(write, execute):
    path = write("1 + 1", outputs=[])
    assert (
        failure(lambda: execute(path)) == "small: outputs: no outputs are declared in its metadata"
    )


def test_a_declared_output_that_names_no_parameter_is_refused(write, execute):
    path = write(WRITE, outputs=["{typo}.csv"])
    assert failure(lambda: execute(path)) == (
        "small.ipynb: metadata: outputs name no parameter 'typo'"
    )


def test_outputs_follow_the_parameters_and_what_a_value_stands_for(write, execute):
    path = write(
        WRITE.rpartition("\n")[0],
        "for v in ('a', 'b') if text == 'both' else (text,):\n"
        "    (folder / f'{v}-{whole}.csv').write_text('1')",
        parameters=PARAMETERS,
        outputs=["{text}-{whole}.csv"],
        expand={"text": {"both": ["a", "b"]}},
    )
    for text, files in {"both": ["a-7.csv", "b-7.csv"], "a": ["a-7.csv"]}.items():
        folder = execute(path, folder=text, text=text, whole="7")
        assert sorted(p.name for p in folder.glob("*.csv")) == files
        listing = (folder / "notebooks/small.outputs").read_text()
        assert listing.splitlines() == files


FIGURE = "for form in {}:\n    (folder / f'drawn.{{form}}').write_text('</svg>')"


def test_optional_outputs_are_left_or_not_and_none_is_left_over(write, execute):
    forms = ["drawn.svg", "drawn.txt"]
    folder = execute(write(WRITE, FIGURE.format(("svg", "txt")), optional=forms))
    assert sorted(p.name for p in folder.glob("drawn*")) == forms
    listing = folder / "notebooks/small.outputs"
    assert listing.read_text().splitlines() == ["table.csv", *forms]
    execute(write(WRITE, optional=forms))
    assert list(folder.glob("drawn*")) == []
    assert listing.read_text().splitlines() == ["table.csv"]


def test_an_optional_figure_that_lacks_one_of_its_forms_is_a_failure(write, execute):
    path = write(WRITE, FIGURE.format(("svg",)), optional=["drawn.svg", "drawn.txt", "other.svg"])
    assert failure(lambda: execute(path)) == "small: outputs: drawn.txt is missing"


def test_a_notebook_is_named_by_the_parameters_that_are_given(write, execute):
    path = write(WRITE, parameters=PARAMETERS)
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["soila"]["name"] = "small-{text}"
    nbformat.write(notebook, path)
    assert (execute(path, folder="given", text="sv") / "notebooks/small-sv.ipynb").is_file()
    assert (execute(path, folder="default") / "notebooks/small.ipynb").is_file()


def test_the_result_lists_the_files_put_in_place_with_what_tells_of_them_last(write, tmp_path):
    result = runs.run(Job(write(WRITE), {}, tmp_path / "out"))
    names = [p.relative_to(tmp_path / "out").as_posix() for p in result.files]
    assert names == [
        "table.csv",
        "notebooks/small.timing.json",
        "notebooks/small.outputs",
        "notebooks/small.ipynb",
        "notebooks/small.run.json",
    ]
    assert all(p.is_file() for p in result.files)
    timing = json.loads(result.files[1].read_text())
    assert 0 < timing["seconds"] <= round(result.seconds, 2)


def test_paths_may_hold_spaces_braces_and_letters_beyond_ascii(write, tmp_path):
    deep = tmp_path / "työ {a} %s 'b"
    deep.mkdir()
    path = write(WRITE, "print(Path.cwd().name, folder.parent.name)")
    moved = path.rename(deep / "mä {x} ö.ipynb")
    runs.run(Job(moved, {}, deep / "out {y}"))
    assert (deep / "out {y}/table.csv").is_file()
    assert printed(deep / "out {y}", "mä {x} ö") == f"{deep.name} out {{y}}\n"


def test_a_relative_output_folder_is_seen_from_where_the_run_was_started(
    write, tmp_path, monkeypatch
):
    path = write(WRITE)
    (tmp_path / "start").mkdir()
    monkeypatch.chdir(tmp_path / "start")
    runs.run(Job(Path("../small.ipynb"), {}, Path("out")))
    assert (tmp_path / "start/out/table.csv").is_file()
    assert path.is_file()


# The kernel


LOOK = """\
import os, sys
from pathlib import Path
print(sorted(name for name in globals() if not name.startswith("_")))
print(Path.cwd() == Path({folder!r}), Path(sys.argv[0]).stem, sys.argv[1], "" in sys.path, __name__)
print(os.environ.get("SOILA_TEST"), os.environ["MPLBACKEND"], "SOILA_OUTPUT" in os.environ)
print(sys.modules["__main__"].__dict__ is globals(), "pytest" in sys.modules, sys.executable)
left = 1"""
CLEAN = ["In", "Out", "Path", "exit", "get_ipython", "open", "os", "quit", "sys"]


@pytest.fixture(params=["warm", "plain"])
def either(request, monkeypatch):
    """Run on a forked kernel, and on one started anew."""
    if request.param == "plain":
        monkeypatch.setattr(kernel, "can_fork", lambda: False)


def test_a_kernel_starts_clean_in_the_notebooks_folder(
    either, write, execute, tmp_path, monkeypatch
):
    monkeypatch.setenv("SOILA_TEST", "of the user")
    path = write(LOOK.replace("{folder!r}", repr(str(tmp_path))), WRITE)
    for _ in range(2):  # a second kernel knows nothing of the first
        names, where, environment, process = printed(execute(path)).splitlines()
        assert names == str(CLEAN)
        assert where == "True ipykernel_launcher -f False __main__"
        assert environment == f"None {kernel.BACKEND} True"
        assert process == f"True False {sys.executable}".replace(str(Path.cwd()), ".")


def test_what_is_printed_drawn_and_written_below_python_is_captured(
    either, write, execute, monkeypatch
):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # with it, ipykernel leaves file descriptors alone
    folder = execute(
        write(
            WRITE,
            "os.write(1, b'descriptor\\n');",
            "import subprocess\nsubprocess.run(['echo', 'process'], check=True);",
            "import time\ntime.sleep(2)",  # ipykernel reads descriptors in a thread of its own
            "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.gcf().set_dpi(20)",
        )
    )
    assert "descriptor\n" in printed(folder)
    assert "process\n" in printed(folder)
    images = [o["data"]["image/png"] for o in outputs(folder) if "image/png" in o.get("data", {})]
    assert len(images) == 1
    assert base64.b64decode(images[0]).startswith(b"\x89PNG")


def test_a_script_without_a_main_guard_gives_its_kernels_its_hash_seed_and_nothing_else(
    tmp_path, write
):
    path = write(WRITE, "print(hash('soila'))")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys; from pathlib import Path; from soila_analysis.build import execute, kernel\n"
        "kernel.preload([]); execute.run(execute.Job(Path(sys.argv[1]), {}, Path(sys.argv[2])))\n"
        "print(hash('soila'))"
    )
    command = [sys.executable, str(script), str(path), str(tmp_path / "out")]
    seeded = {**os.environ, "PYTHONHASHSEED": "7"}
    process = subprocess.run(command, env=seeded, capture_output=True, text=True, check=True)
    assert printed(tmp_path / "out") == process.stdout


def test_a_warm_and_a_plain_kernel_leave_the_same_bytes(write, execute, monkeypatch):
    path = write(
        WRITE,
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.gcf().set_dpi(20)",
        "import warnings\nwarnings.warn('careful')",
        "print(object(), folder)",
        "import pandas as pd\npd.DataFrame({f'column {i}': ['wide' * 9] for i in range(9)})",
        parameters=PARAMETERS,
    )
    warm = execute(path, folder="warm", whole="2")
    monkeypatch.setattr(kernel, "can_fork", lambda: False)
    assert contents(execute(path, folder="plain", whole="2")) == contents(warm)


def test_the_environment_and_the_working_directory_are_as_before(write, execute, monkeypatch):
    path = write(WRITE)
    before = Path.cwd()
    execute(path)
    assert OUTPUT not in os.environ
    monkeypatch.setenv(OUTPUT, "mine")
    execute(path)
    assert os.environ[OUTPUT] == "mine"
    assert Path.cwd() == before


# Side by side


def test_notebooks_side_by_side_do_not_disturb_each_other_and_a_failure_stops_none(write, tmp_path):
    meet = """\
import os, time
from pathlib import Path
folder = Path(os.environ["SOILA_OUTPUT"])
Path("{me}.here").touch()
while not Path("{other}.here").exists(): time.sleep(0.01)
(folder / "table.csv").write_text(os.environ["SOILA_OUTPUT"] + os.getcwd())
Path("{me}.done").touch()"""
    wait = "while not Path('b.done').exists(): time.sleep(0.01)"
    jobs = [
        Job(write(meet.format(me="a", other="b"), wait, name="a"), {}, tmp_path / "for a"),
        Job(write(meet.format(me="b", other="a"), name="b"), {}, tmp_path / "for b"),
        Job(write("1 / 0", name="c"), {}, tmp_path / "for c"),
        Job(write(WRITE, name="d"), {"x": "1"}, tmp_path / "for d"),
        Job(write(WRITE, name="e"), {}, tmp_path / "for e"),
    ]
    reported: list[runs.Result] = []
    results = runs.run_all(jobs, workers=2, timeout=120, report=reported.append)
    assert [r.failure for r in results] == [
        "",
        "",
        "c: cell 3 (`1 / 0`): ZeroDivisionError: division by zero",
        'd.ipynb: no parameter "x"; allowed: none',
        "",
    ]
    assert [r.job for r in results] == jobs
    assert sorted(r.job.title for r in reported) == ["a", "b", "c", "d x=1", "e"]
    for name in "ab":
        text = (tmp_path / f"for {name}/table.csv").read_text()
        assert text.startswith(str(tmp_path / f"for {name}/.run-"))
        assert text.endswith(str(tmp_path))
    assert (tmp_path / "for e/table.csv").is_file()


def test_a_worker_that_is_killed_fails_its_notebooks_and_takes_its_kernel_along(write, tmp_path):
    pids = tmp_path / "pids"
    kill = (
        "import os, pathlib, psutil\n"
        f"pathlib.Path({str(pids)!r}).write_text(f'{{os.getpid()}} {{os.getppid()}}')\n"
        "os.kill(psutil.Process(os.getppid()).ppid(), 9)"
    )
    jobs = [Job(write(kill, "import time; time.sleep(999)"), {}, tmp_path / "out")]
    (result,) = runs.run_all(jobs, timeout=120)
    assert result.failure == (
        "small: not executed, a process of the run died (killed, or out of memory)"
    )
    left = [p for p in psutil.process_iter() if str(p.pid) in pids.read_text().split()]
    assert psutil.wait_procs(left, timeout=30)[1] == []
    for folder in [*Path(tempfile.gettempdir()).glob("soila-*"), tmp_path / "out"]:
        shutil.rmtree(folder)  # a killed process cannot do it


# Byte identity


def test_repeated_runs_leave_identical_bytes(write, execute):
    path = write(
        WRITE,
        "import sys, time\n"
        "print(folder, Path.cwd(), Path.home() / 'x', object(), lambda: 1)\n"
        "for i in range(4):\n"
        "    print(i, end='', flush=True); print('!', file=sys.stderr, flush=True)\n"
        "    time.sleep(0.01 * (i % 2))",
        "import warnings\nwarnings.warn('careful')\nobject()",
        parameters=PARAMETERS,
    )
    first = contents(execute(path, folder="one", whole="2"))
    assert contents(execute(path, folder="two", whole="2")) == first
    text = first["notebooks/small.ipynb"].decode()
    assert str(Path.home()) not in text
    assert "<object object at 0x…>" in text
    assert "at 0x…>\n0123!\n!\n!\n!\n/tmp/ipykernel/" in printed(path.parent / "one")


def test_a_notebook_of_an_older_format_has_the_same_bytes_each_time(write, execute):
    path = write(WRITE)
    notebook = json.loads(path.read_text())
    notebook["nbformat_minor"] = 4
    for cell in notebook["cells"]:
        del cell["id"]
    path.write_text(json.dumps(notebook))
    assert contents(execute(path, folder="one")) == contents(execute(path, folder="two"))


def test_a_notebook_without_ids_has_the_same_bytes_each_time(write, execute):
    path = write(WRITE)
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        del cell["id"]
    path.write_text(json.dumps(notebook))
    assert contents(execute(path, folder="one")) == contents(execute(path, folder="two"))


def executed(*outputs: dict) -> NotebookNode:
    cell = new_code_cell("1", outputs=list(outputs), execution_count=1, id="one")
    return new_notebook(cells=[cell])


def cleaned(*outputs: dict, paths: dict[str, str] | None = None) -> list[dict]:
    return nbformat.reads(runs.normalised(executed(*outputs), paths), as_version=4).cells[0].outputs


def test_normalised_drops_times_and_keeps_the_rest():
    notebook = executed()
    notebook.metadata = {"title": "A", "papermill": {"start_time": "now"}, "soila": {"a": 1}}
    notebook.cells[0].metadata = {"papermill": {"a": 1}, "execution": {"b": 2}, "tags": ["kept"]}
    clean = json.loads(runs.normalised(notebook))
    assert clean["metadata"] == {
        "title": "A",
        "soila": {"a": 1},
        "language_info": {"name": "python"},
    }
    assert clean["cells"][0]["metadata"] == {"tags": ["kept"]}
    assert "papermill" in notebook.metadata


def test_normalised_joins_each_stream_between_two_displays():
    def out(text):
        return new_output("stream", name="stdout", text=text)

    def err(text):
        return new_output("stream", name="stderr", text=text)

    shown = new_output("display_data", data={"text/plain": "shown"})
    joined = cleaned(err("x"), out("a"), err("y\n"), out("b\nc"), shown, out("d"))
    assert joined == [out("ab\nc"), err("xy\n"), shown, out("d")]


def test_normalised_replaces_whole_paths_longest_first(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/aino")
    text = f"{tmp_path}/a {tmp_path}-b {tmp_path}c /home/aino/x /home/ainot '{tmp_path}/out/t.csv'"
    (output,) = cleaned(new_output("stream", text=text), paths={f"{tmp_path}/out": "build"})
    assert output.text == f"./a {tmp_path}-b {tmp_path}c ~/x /home/ainot 'build/t.csv'"


def test_normalised_leaves_what_only_looks_like_a_path(monkeypatch):
    monkeypatch.setattr(Path, "cwd", lambda: Path("/w"))
    text = "data:image/png;base64,YI/w+Aw//w== data/w at /w/a and (/w)"
    (output,) = cleaned(new_output("stream", text=text))
    assert output.text == "data:image/png;base64,YI/w+Aw//w== data/w at ./a and (.)"


@pytest.mark.parametrize("root", ["HOME", "cwd"])
def test_normalised_leaves_slashes_alone_where_the_root_is_home(monkeypatch, root):
    if root == "HOME":
        monkeypatch.setenv("HOME", "/")
    else:
        monkeypatch.chdir("/")
    (output,) = cleaned(new_output("stream", text="a/b and/or /usr/lib"))
    assert output.text == "a/b and/or /usr/lib"


def test_normalised_leaves_images_untouched_and_cleans_the_text_beside_them():
    home = str(Path.home())
    image = f"iVBORw0KGgo{home}/0xdeadbeef+0xdeadbeef=="
    data = {"image/png": image, "image/svg+xml": f"<svg>{home} 0xdeadbeef</svg>"}
    text = {"text/html": f"<b>{home}/a at 0xdeadbeef</b>", "application/json": {"at": [home, 1]}}
    (output,) = cleaned(new_output("display_data", data={**data, **text}))
    assert output.data == {
        **data,
        "text/html": "<b>~/a at 0x…</b>",
        "application/json": {"at": ["~", 1]},
    }


pieces = st.builds(
    lambda name, text: new_output("stream", name=name, text=text),
    st.sampled_from(["stdout", "stderr"]),
    st.lists(
        st.sampled_from(["a\n", str(Path.home()), "/", "0xdeadbeef", " ", "ipykernel_12", "~"]),
        min_size=1,
    ).map("".join),
)
shown = st.builds(
    lambda text: new_output("display_data", data={"text/plain": text}), st.text(max_size=5)
)


def test_a_user_without_a_name_or_a_home_can_run_notebooks(monkeypatch):
    def unknown(uid):
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    notebook = executed(new_output("stream", name="stdout", text=f"{Path.cwd()}/x"))
    known = runs.normalised(notebook)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.delenv("HOME")
    assert runs.normalised(notebook) == known


@settings(deadline=None, max_examples=30)
@given(st.lists(pieces | shown, max_size=6))
def test_normalised_is_idempotent(outputs):
    once = runs.normalised(executed(*outputs))
    assert runs.normalised(nbformat.reads(once, as_version=4)) == once


@settings(deadline=None, max_examples=30)
@given(st.lists(pieces, max_size=6), st.randoms())
def test_normalised_does_not_depend_on_how_two_streams_interleave(outputs, random):
    names = [o.name for o in outputs]
    random.shuffle(names)
    queues = {n: [o for o in outputs if o.name == n] for n in names}
    other = [queues[n].pop(0) for n in names]
    assert runs.normalised(executed(*other)) == runs.normalised(executed(*outputs))


# What make and the command rely on


def test_jobs_that_would_overwrite_each_other_are_refused(write, tmp_path):
    out = tmp_path / "out"
    jobs = [Job(write(WRITE, name=name), {}, out) for name in ("a", "b")]
    assert failure(lambda: runs.run_all(jobs)) == f"{out}/table.csv would be written twice: a; b"
    assert not out.exists()


def test_a_plain_kernel_can_be_asked_for(write, tmp_path):
    path = write(
        WRITE, "import psutil\nprint(any('forkserver' in a for a in psutil.Process().cmdline()))"
    )
    for plain in (False, True):
        runs.run(Job(path, {}, tmp_path / str(plain)), plain=plain)
        assert printed(tmp_path / str(plain)) == f"{not plain}\n"


def test_forked_kernels_draw_random_numbers_of_their_own(write, execute):
    path = write(WRITE, "import numpy as np\nprint(np.random.random())")
    assert printed(execute(path, folder="one")) != printed(execute(path, folder="two"))


# The command's options for a run


@pytest.fixture
def command(monkeypatch):
    """Call `soila run` on notebooks of the project; the jobs are kept and not executed."""
    jobs, options = [], {}

    def keep(given, **kwargs):
        jobs.extend(given)
        options.update(kwargs)
        return []

    def called(*arguments):
        result = CliRunner().invoke(soila, ["run", *map(str, arguments)])
        return result, jobs, options

    monkeypatch.setattr(runs, "run_all", keep)
    monkeypatch.delenv("SOILA_OUTPUT", raising=False)
    monkeypatch.chdir(REPOSITORY)
    return called


def test_another_output_folder_has_one_for_each_language(command, tmp_path):
    _, jobs, _ = command(TAXONOMY, "-l", "fi", "-l", "sv", "--output", tmp_path / "mine")
    assert [job.folder for job in jobs] == [tmp_path / "mine/fi", tmp_path / "mine/sv"]


def test_plain_kernels_are_an_option(command):
    assert command(TAXONOMY)[2]["plain"] is False
    assert command(TAXONOMY, "--plain-kernels")[2]["plain"] is True


@pytest.mark.parametrize("here", [".", "data", "notebooks"])
def test_a_data_set_of_the_project_has_one_name_from_everywhere(command, monkeypatch, here):
    monkeypatch.chdir(REPOSITORY / here)
    _, jobs, _ = command(REPOSITORY / TAXONOMY, "-d", "review-2024")
    assert jobs[0].values == {"dataset": "data/review-2024"}


def test_a_data_set_from_elsewhere_is_named_by_its_whole_path(command, tmp_path, monkeypatch):
    (tmp_path / "round").mkdir()
    _, jobs, _ = command(TAXONOMY, "-d", os.path.relpath(tmp_path / "round"))
    assert jobs[0].values == {"dataset": str(tmp_path / "round")}


def test_a_data_set_that_is_no_folder_is_refused_before_anything_is_executed(command):
    result, jobs, _ = command(TAXONOMY, "-d", "data/raund")
    assert result.stderr.startswith("Error: data/raund: no such data set folder. Looked in ")
    assert (result.exit_code, jobs) == (1, [])


def test_runs_that_would_overwrite_each_other_are_refused_without_a_traceback(tmp_path):
    arguments = ["run", str(REPOSITORY / TAXONOMY), "-l", "fi", "-l", "fi", "-o", str(tmp_path)]
    result = CliRunner().invoke(soila, arguments)
    assert result.stderr.startswith(f"Error: {tmp_path}/fi/tables/taxonomy.csv would be written")
    assert result.exit_code == 1
    assert not list(tmp_path.iterdir())
