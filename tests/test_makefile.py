"""The Makefile: what each target calls, that names are only text, and the environment."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from soila_analysis.build import environment

REPOSITORY = Path(__file__).parents[1]
SETUP = str(Path(environment.__file__).relative_to(environment.ROOT))
ALL = "--lang fi --lang sv --lang en"
ROUND = "data/review-2024"
CALLS = {
    "figures": [f"soila_analysis build {ROUND} {ALL}"],
    "sweep": [f"soila_analysis build --sweep {ROUND} {ALL}"],
    "reproduce": [f"soila_analysis reproduce {ALL}"],
    "explore": ["soila_analysis explore"],
    "test": ["pytest -q -n 2 --dist worksteal"],
    "coverage": [
        "coverage erase",
        "coverage run -m pytest -q -n 2 --dist worksteal",
        "coverage combine -q",
        "coverage report",
    ],
    "lint": ["ruff check .", "ruff format --check .", "mypy"],
}
AFTER_FIGURES = ("site", "report", "check", "reference", "archive")
CALLS |= {name: [*CALLS["figures"], f"soila_analysis {name} {ROUND}"] for name in AFTER_FIGURES}
PANDAS = ".venv/lib/python3.11/site-packages/pandas-3.dist-info"
Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Lay out a small project that is ready; its Python says what it is called with."""
    top = tmp_path / "clone"
    for name in ("notebooks/02_b.ipynb", *environment.INPUTS):
        write(top / name, "")
    write(top / PANDAS / "RECORD", "")
    (top / SETUP).parent.mkdir(parents=True)
    for name in (SETUP, "Makefile"):
        shutil.copy(REPOSITORY / name, top / name)
    python(top / ".venv/bin/python")
    digest = hashlib.sha256(b"\0\0").hexdigest()
    write(top / ".venv/ready", f"{top}\n{digest}\nall\npandas-3.dist-info\n")
    return top


@pytest.fixture
def make(clone: Path) -> Make:
    """Call make in the small project, free of what a calling make hands down."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "GNUMAKE"))}

    def made(*arguments: str, **further: str) -> subprocess.CompletedProcess[str]:
        command = ["make", f"PYTHON={sys.executable}", *arguments]
        given = env | further
        return subprocess.run(command, cwd=clone, env=given, capture_output=True, text=True)

    return made


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def python(path: Path, code: str = "") -> None:
    """Write a stub of Python: it tells what it is called with, and has pip."""
    write(path, f'#!/bin/sh\n[ "$2" = -c ] || echo "$@"\n{code}\n').chmod(0o755)


def called(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line[3:] for line in done.stdout.splitlines() if line.startswith("-m ")]


@pytest.mark.parametrize("target", CALLS)
def test_a_target_is_what_it_calls(make, target):
    done = make(target)
    assert (called(done), done.stderr, done.returncode) == (CALLS[target], "", 0)


def test_a_build_is_brought_up_to_date_before_it_is_compared_or_packed(make, clone):
    python(clone / ".venv/bin/python", "exit 1")
    for target in AFTER_FIGURES:
        done = make(target)
        assert (called(done), done.returncode) == (CALLS["figures"], 2)


def test_languages_data_sets_and_options_are_chosen(make):
    (line,) = called(make("figures", "LANGS=sv", "DATASET=data/example-two-coders"))
    assert line == "soila_analysis build data/example-two-coders --lang sv"
    assert called(make("explore", "OPTIONS=--no-browser"))[0].endswith("--no-browser")


@pytest.mark.parametrize(
    "name",
    [
        "$(shell touch PWNED)",
        "a&touch PWNED&b",
        "it's `touch PWNED` $$HOME",
        'a"; touch PWNED; "',
        "with spaces, ä and #",
    ],
)
@pytest.mark.parametrize("target", ["help", "figures", "sweep", "site"])
def test_the_name_of_a_folder_is_only_text(make, clone, name, target):
    write(clone / "data/round/$(shell touch PWNED).csv", "")
    done = make(target, f"DATASET={name}")
    assert done.returncode == 0, done
    assert not (clone / "PWNED").exists()
    assert all(f" {name}" in line for line in called(done))


def test_nothing_of_the_callers_python_jupyter_or_git_reaches_a_command(make, clone):
    python(clone / ".venv/bin/python", "env")
    names = (
        "PIP_USER",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "MPLBACKEND",
        "JUPYTER_PATH",
        "GIT_DIR",
        "SOILA_OUTPUT",
    )
    done = make("figures", **dict.fromkeys(names, "mine"))
    assert not re.search(f"^({'|'.join(names)})=", done.stdout, re.MULTILINE)


def test_figures_and_sweep_asked_for_at_once_follow_each_other(make):
    done = make("-j", "8", "figures", "sweep")
    assert called(done) == [*CALLS["figures"], *CALLS["sweep"]]


def test_help_is_the_default_and_lists_every_target_with_its_comment(make):
    listed = re.findall(r"^make (\S+) +\S", make().stdout, re.MULTILINE)
    asked = ["help", "figures", "site", "report", "sweep", "check", "reference", "archive"]
    assert listed == [*asked, "test", "coverage", "reproduce", "explore", "lint", "clean", "lock"]
    assert make().stdout == make("help").stdout


def test_clean_removes_what_was_built_and_keeps_the_environment(make, clone):
    write(clone / "build/round/manifest.json", "{}")
    make("clean")
    assert not (clone / "build").exists()
    assert (clone / ".venv/ready").exists()


def test_the_makefile_reads_in_a_minute():
    assert len((REPOSITORY / "Makefile").read_text(encoding="utf-8").splitlines()) <= 80


# The environment

QUIETLY = "-m pip install -qq --disable-pip-version-check --no-deps"
EDITABLE = f"{QUIETLY} --no-build-isolation --editable ."
LEAN = f"{QUIETLY} --no-compile"
FIGURES = [
    f"{LEAN} --require-hashes -r .venv/figures.txt",
    f"{LEAN} --no-build-isolation --editable .",
]
ALL_LOCKED = [f"{QUIETLY} --require-hashes -r requirements.lock", EDITABLE]


def steps(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done
    return [line for line in done.stdout.splitlines() if line.startswith("-m ")]


@pytest.fixture
def makes(tmp_path: Path) -> str:
    """A Python that makes environments of stubs, and says when."""
    stub = tmp_path / "makes"
    venv = 'mkdir -p .venv/bin; cp "$0.stub" .venv/bin/python; echo "-m venv"; exit'
    python(tmp_path / "makes.stub")
    write(stub, f'#!/bin/sh\n[ "$2" = venv ] && {{ {venv}; }}\nexec {sys.executable} "$@"\n')
    stub.chmod(0o755)
    return str(stub)


def by(makes: str, clone: Path, *wanted: str) -> subprocess.CompletedProcess[str]:
    """Set up by a Python that calls itself by another name, so that the stub makes environments."""
    code = (
        f"import runpy, sys; sys.executable = {makes!r}\n"
        f"runpy.run_path({SETUP!r}, run_name='__main__')"
    )
    command = [sys.executable, "-I", "-c", code, *wanted]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True)


def test_a_ready_environment_is_left_alone(makes, clone):
    done = by(makes, clone)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_a_fresh_clone_gets_its_environment_from_the_lock(makes, clone):
    shutil.rmtree(clone / ".venv")
    assert steps(by(makes, clone)) == ["-m venv", *FIGURES]
    assert steps(by(makes, clone)) == []


@pytest.mark.parametrize("changed", environment.INPUTS)
def test_an_environment_that_works_is_brought_up_to_date_and_not_made_anew(makes, clone, changed):
    write(clone / changed, "changed")
    assert steps(by(makes, clone)) == ALL_LOCKED
    assert steps(by(makes, clone)) == []


def test_figures_get_their_packages_and_everything_else_adds_the_rest(makes, clone):
    shutil.rmtree(clone / ".venv")
    names = ("aiohttp==1 ; x \\\n    --hash=a", "pandas==3 \\\n    --hash=b\n    # via x", "uv==1")
    write(clone / "requirements.lock", "# made\n" + "\n".join(names) + "\n")
    write(clone / "figures.lock", "# made\npandas==3\naiohttp==1 ; x\n")
    assert steps(by(makes, clone)) == ["-m venv", *FIGURES]
    listed = (clone / ".venv/figures.txt").read_text()
    assert listed == "\n".join(names[:2]) + "\n"
    assert steps(by(makes, clone, "all")) == ALL_LOCKED
    assert steps(by(makes, clone)) == steps(by(makes, clone, "all")) == []


def test_a_package_that_is_gone_or_of_another_version_is_put_back_and_more_may_be_there(
    makes, clone
):
    (clone / PANDAS).with_name("mine-1.dist-info").mkdir()
    assert steps(by(makes, clone)) == []
    (clone / PANDAS).rename((clone / PANDAS).with_name("pandas-2.dist-info"))
    assert steps(by(makes, clone)) == ALL_LOCKED


@pytest.mark.parametrize("change", ["edited", "gone"])
def test_an_installed_module_that_was_changed_by_hand_is_named_and_stops_make(
    makes, clone, monkeypatch, change
):
    (clone / "figures.lock").write_text("pandas==3\n")
    frame = write(
        clone / PANDAS.replace("pandas-3.dist-info", "pandas/frame.py"), "total = a + b\n"
    )
    entries = metadata_of(frame, "pandas/frame.py") + "pandas/data.csv,,\n"
    write(clone / PANDAS / "RECORD", entries)
    assert steps(by(makes, clone)) == ALL_LOCKED
    assert steps(by(makes, clone)) == []  # nothing was touched
    frame.touch()
    assert steps(by(makes, clone)) == []  # hashed again
    dates = frame.stat()
    frame.write_text("total = a - b\n") if change == "edited" else frame.unlink()
    if change == "edited":
        os.utime(frame, ns=(dates.st_atime_ns, dates.st_mtime_ns))
    for _ in range(2):
        done = by(makes, clone)
        assert done.stderr == (
            "Installed modules are not those of their package's RECORD:\n  pandas/frame.py\n"
            "Remove .venv and call make again: it installs them as locked. No figure was made.\n"
        )
        assert done.returncode == 1
    monkeypatch.setattr(environment, "ROOT", clone)
    assert environment.edited(clone / ".venv") == ["pandas/frame.py"]


def metadata_of(file: Path, name: str) -> str:
    """Write the line of a file in a RECORD, by the hashing of the standard's own words."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest())
    return f"{name},sha256={digest.decode().rstrip('=')},{file.stat().st_size}\n"


def test_an_environment_that_came_with_a_copied_folder_is_made_anew(makes, clone, tmp_path):
    copy = Path(shutil.copytree(clone, tmp_path / "copy", symlinks=True))
    assert steps(by(makes, copy)) == ["-m venv", *ALL_LOCKED]


@pytest.mark.parametrize(("gone", "lock"), [("ready", FIGURES), ("bin/python", ALL_LOCKED)])
def test_a_half_made_environment_is_not_taken_for_ready(makes, clone, gone, lock):
    (clone / ".venv" / gone).unlink()
    assert steps(by(makes, clone)) == ["-m venv", *lock]


def test_an_environment_without_pip_is_made_anew_once_the_lock_has_changed(makes, clone):
    write(clone / ".venv/bin/python", "#!/bin/sh\nexit 1\n")
    write(clone / "requirements.lock", "changed")
    assert steps(by(makes, clone)) == ["-m venv", *ALL_LOCKED]


def test_a_failed_installation_is_not_ready(makes, clone, tmp_path):
    shutil.rmtree(clone / ".venv")
    python(tmp_path / "makes.stub", '[ "$2" = -c ] || exit 1')
    assert by(makes, clone).returncode == 1
    assert not (clone / ".venv/ready").exists()


def test_a_missing_python_is_told_with_the_way_to_name_another(make, clone):
    shutil.rmtree(clone / ".venv")
    done = make("figures", "PYTHON=./none")
    assert done.stderr.startswith(
        "./none is missing. Name one of version 3.11 or newer: make figures PYTHON=python3.12\n"
    )
    assert done.returncode == 2


def test_an_old_python_is_refused(clone):
    (clone / ".venv/ready").unlink()
    code = (
        "import runpy, sys; sys.version_info = (3, 10)\n"
        f"runpy.run_path({SETUP!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=clone, capture_output=True, text=True)
    assert done.stderr == (
        f"{sys.executable} is older than 3.11. Name a newer one: make figures PYTHON=python3.12\n"
    )
    assert done.returncode == 1


# Lint


@pytest.mark.parametrize(
    ("stored", "returncode"),
    [
        ('"execution_count": null,\n"outputs": []', 0),
        ('"execution_count": 3,\n"outputs": []', 2),
        ('"execution_count": null,\n"outputs": [{"output_type": "stream"}]', 2),
    ],
)
def test_lint_refuses_notebooks_that_hold_outputs(make, clone, stored, returncode):
    write(clone / "notebooks/02_b.ipynb", stored)
    done = make("lint")
    assert done.returncode == returncode
    assert ("Store notebooks without outputs: .venv/bin/jupyter nbconvert" in done.stderr) == bool(
        returncode
    )


def test_what_figures_import_is_imported_once_after_installing():
    command = [sys.executable, "-I", "-c", f"{environment.IMPORT}\nprint('seaborn' in sys.modules)"]
    command[-1] = f"import sys\n{command[-1]}"
    done = subprocess.run(command, capture_output=True, text=True, env={"MPLCONFIGDIR": os.devnull})
    assert (done.stdout.splitlines()[-1], done.returncode) == ("True", 0)
