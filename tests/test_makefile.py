"""The graph of the Makefile, with a stub of the `soila` command: what is stale, and why."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
LANGS = ("fi", "sv", "en")
NAMES = ("01_a", "02_b", "04_feature-by-goal-ecosystem-anchoring")
ALL = {f"{name} {lang}" for name in NAMES for lang in LANGS}
UP_TO_DATE = "All figures in build/round are up to date.\n"
SOILA = f"""\
#!{sys.executable} -S
import sys
import time
from pathlib import Path

if sys.argv[1] == "features":
    print("everyday-life\\nparticipation")
    sys.exit(Path("broken").exists())
if sys.argv[1] == "manifest":
    Path(sys.argv[2], "manifest.json").write_text("{{}}")
    sys.exit()
if sys.argv[1] in ("check", "reference", "archive", "report"):
    print(*sys.argv[1:])
    sys.exit(Path("drifted").exists())
hold, held = Path("hold"), Path("held")
if hold.exists() and not held.exists():
    held.touch()
    while hold.exists():
        time.sleep(0.01)
queue, failed = Path(sys.argv[3]), False
lines = queue.read_text().splitlines()
queue.unlink()
print("one process")
for line in lines:
    notebook, *values = line.split("\\t")
    value = dict(v.split("=", 1) for v in values)
    name = "-".join([Path(notebook).stem, *([value["feature"]] if "feature" in value else [])])
    print(name, value["lang"], "of", value["dataset"])
    out = Path("build", Path(value["dataset"]).name, value["lang"])
    if Path("broken").exists() and name == "02_b":
        failed = True
        continue
    (out / "notebooks").mkdir(parents=True, exist_ok=True)
    (out / f"{{name}}.csv").write_text("a")
    (out / f"notebooks/{{name}}.outputs").write_text(f"{{name}}.csv\\n")
    (out / f"notebooks/{{name}}.ipynb").write_text("{{}}")
time.sleep(0.3 * Path("slow").exists())
print("its end")
sys.exit(failed)
"""
SOURCES = (
    "notebooks/01_a.ipynb",
    "notebooks/02_b.ipynb",
    "notebooks/04_feature-by-goal.ipynb",
    "data/round/codings.csv",
    "data/round/dataset.toml",
    "src/soila_analysis/build/execute.py",
    "src/soila_analysis/figures/fonts/a.ttf",
    "requirements.lock",
    "pyproject.toml",
    ".venv/ready",
)
Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Lay out a small project, an hour old, ready to run."""
    top = tmp_path / "clone"
    for name in SOURCES:
        write(top / name, "")
        age(top / name, 3600)
    write(top / ".venv/bin/soila", SOILA).chmod(0o755)
    shutil.copy(REPOSITORY / "Makefile", top)
    return top


@pytest.fixture
def make(clone: Path) -> Make:
    """Call make in the small project, free of what a calling make hands down."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "GNUMAKE"))}

    def made(*arguments: str) -> subprocess.CompletedProcess[str]:
        default = [] if any(a.startswith("DATASET=") for a in arguments) else ["DATASET=data/round"]
        command = ["make", *arguments, *default]
        return subprocess.run(command, cwd=clone, env=env, capture_output=True, text=True)

    return made


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def age(path: Path, seconds: float) -> None:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def built(clone: Path) -> None:
    """Let what was built be a minute old, so that any change is later."""
    for path in (clone / "build").rglob("*"):
        age(path, 60)


def runs(done: subprocess.CompletedProcess[str]) -> set[str]:
    """Name the runs of one call, which must be in one process."""
    assert done.stdout.count("one process") == 1, done
    return set(re.findall(r"^(\S+ \w\w) of", done.stdout, re.MULTILINE))


def test_everything_is_made_in_one_process_and_then_nothing(make):
    first = make("figures")
    assert (runs(first), first.returncode) == (ALL, 0)
    again = make("figures")
    assert (again.stdout, again.stderr, again.returncode) == (UP_TO_DATE, "", 0)


@pytest.mark.parametrize(
    ("changed", "stale"),
    [
        ("notebooks/02_b.ipynb", {f"02_b {lang}" for lang in LANGS}),
        ("notebooks/04_feature-by-goal.ipynb", {f"{NAMES[2]} {lang}" for lang in LANGS}),
        ("data/round/codings.csv", ALL),
        ("data/round/dataset.toml", ALL),
        ("src/soila_analysis/build/execute.py", ALL),
        ("src/soila_analysis/figures/fonts/a.ttf", ALL),
        (".venv/ready", ALL),
        ("README.md", set()),
        ("data/other/codings.csv", set()),
    ],
)
def test_a_changed_file_reruns_what_depends_on_it_and_nothing_else(make, clone, changed, stale):
    make("figures")
    built(clone)
    write(clone / changed, "changed")
    done = make("figures")
    assert (runs(done) if stale else done.stdout) == (stale or UP_TO_DATE)
    assert make("figures").stdout == UP_TO_DATE


@pytest.mark.parametrize("name", ["data/round/codes.csv", "src/soila_analysis/new.py"])
def test_a_file_that_comes_or_goes_reruns_all_whatever_its_age(make, clone, name):
    make("figures")
    built(clone)
    age(write(clone / name, ""), 7200)
    assert runs(make("figures")) == ALL
    built(clone)
    (clone / name).unlink()
    assert runs(make("figures")) == ALL


@pytest.mark.parametrize("name", ["02_b.csv", "notebooks/02_b.ipynb"])
def test_an_output_that_was_deleted_is_made_again(make, clone, name):
    make("figures")
    (clone / "build/round/sv" / name).unlink()
    assert runs(make("figures")) == {"02_b sv"}


def test_a_failed_run_leaves_its_own_figures_stale_and_make_fails(make, clone):
    write(clone / "broken", "")
    failed = make("figures")
    assert (runs(failed), failed.returncode) == (ALL, 2)
    (clone / "broken").unlink()
    assert runs(make("figures")) == {f"02_b {lang}" for lang in LANGS}


def test_what_an_interrupted_run_left_in_the_queue_is_not_run(make, clone):
    queue = "build/round/queue-1"  # of an earlier process that had the same number
    make("figures")
    write(clone / queue, "notebooks/01_a.ipynb\tlang=xx\tdataset=data/round\n")
    assert make("figures", f"QUEUE={queue}").stdout == UP_TO_DATE
    write(clone / queue, "notebooks/01_a.ipynb\tlang=xx\tdataset=data/round\n")
    (clone / "build/round/fi/02_b.csv").unlink()
    assert runs(make("figures", f"QUEUE={queue}")) == {"02_b fi"}


def test_two_calls_at_once_do_not_take_each_others_runs(make, clone):
    write(clone / "hold", "")
    with ThreadPoolExecutor() as pool:
        first = pool.submit(make, "figures")
        while not (clone / "held").exists():
            assert not first.done()
            time.sleep(0.01)
        second = make("figures")
        (clone / "hold").unlink()
    for done in (first.result(), second):
        assert (runs(done), done.stderr, done.returncode) == (ALL, "", 0)
    assert make("figures").stdout == UP_TO_DATE
    assert not list((clone / "build/round").glob("queue*"))


def test_jobs_flags_and_a_dry_run_do_no_harm(make, clone):
    assert make("-n", "figures").returncode == 0
    assert not list((clone / "build").rglob("*.ipynb"))
    assert runs(make("-j", "8", "figures")) == ALL
    assert make("-j", "8", "-k", "figures").stdout == UP_TO_DATE


def test_figures_and_sweep_asked_for_at_once_follow_each_other(make, clone):
    write(clone / "slow", "")
    done = make("-j", "8", "figures", "sweep")
    assert re.findall("one process|its end", done.stdout) == ["one process", "its end"] * 2
    assert make("figures", "sweep").stdout == UP_TO_DATE * 2


@pytest.mark.parametrize("target", ["check", "reference", "archive"])
def test_a_build_is_brought_up_to_date_before_it_is_compared_or_packed(make, clone, target):
    done = make(target)
    assert runs(done) == ALL
    assert done.stdout.endswith(f"its end\n{target} build/round\n")
    assert make(target).stdout == f"{UP_TO_DATE}{target} build/round\n"
    write(clone / "drifted", "")
    assert make(target).returncode == 2


def test_a_report_is_made_of_a_build_that_is_up_to_date(make):
    done = make("report")
    assert runs(done) == ALL
    assert done.stdout.endswith("its end\nreport data/round\n")


def test_a_manifest_that_was_lost_is_written_without_a_run(make, clone):
    make("figures")
    (clone / "build/round/manifest.json").unlink()
    assert (make("figures").stdout, make("figures").stdout) == ("", UP_TO_DATE)


def test_a_failed_run_leaves_no_manifest(make, clone):
    make("figures")
    write(clone / "broken", "")
    write(clone / "notebooks/02_b.ipynb", "changed")
    built(clone)
    make("figures")
    assert not (clone / "build/round/manifest.json").exists()


def test_languages_are_chosen(make):
    assert runs(make("figures", "LANGS=sv")) == {f"{name} sv" for name in NAMES}


def test_sweep_draws_every_feature_that_the_data_set_has(make):
    names = [f"04_feature-by-goal-{feature}" for feature in ("everyday-life", "participation")]
    assert runs(make("sweep")) == {f"{name} {lang}" for name in names for lang in LANGS}
    assert make("sweep").stdout == UP_TO_DATE


def test_sweep_fails_where_the_features_cannot_be_listed(make, clone):
    write(clone / "broken", "")
    done = make("sweep")
    assert (done.stdout, done.returncode) == ("", 2)


def test_a_data_set_with_features_of_its_own_shows_its_rarest(make, clone):
    write(clone / "data/round/features.csv", "")
    assert "04_feature-by-goal-rarest fi" in runs(make("figures", "LANGS=fi"))


@pytest.mark.parametrize("name", ["round", "data/round/", "./data/round"])
def test_a_data_set_has_several_names_for_the_same_figures(make, name):
    make("figures")
    assert make("figures", f"DATASET={name}").stdout == UP_TO_DATE


def test_a_data_set_from_elsewhere_is_run_and_takes_the_place_of_its_namesake(
    make, clone, tmp_path
):
    make("figures")
    built(clone)
    age(write(tmp_path / "own's/round/codings.csv", ""), 3600)
    done = make("figures", f"DATASET={tmp_path}/own's/round")
    assert runs(done) == ALL
    assert f"of {tmp_path}/own's/round\n" in done.stdout


def test_a_path_with_a_space_is_refused_with_a_way_out_that_works(make, clone, tmp_path):
    write(tmp_path / "my own/round/codings.csv", "")
    done = make("figures", f"DATASET={tmp_path}/my own/round")
    assert done.returncode == 2
    assert (
        f'DATASET must name one folder without spaces in its path, not "{tmp_path}/my own/round". '
        'A link will do: ln -s "/path/with spaces/round" data/round'
    ) in done.stderr
    (clone / "data/linked").symlink_to(tmp_path / "my own/round")
    assert runs(make("figures", "DATASET=data/linked")) == ALL


def test_a_data_set_that_is_no_folder_is_refused(make):
    done = make("figures", "DATASET=data/raund")
    assert 'DATASET names no folder: "data/raund"' in done.stderr
    assert done.returncode == 2


def test_help_is_the_default_and_lists_every_target_with_its_comment(make):
    listed = re.findall(r"^make (\S+) +\S", make().stdout, re.MULTILINE)
    asked = ["help", "figures", "site", "report", "sweep", "check", "reference", "archive"]
    assert listed == [*asked, "test", "reproduce", "explore", "lint", "clean", "lock"]
    assert make().stdout == make("help").stdout


def test_clean_removes_what_was_built_and_keeps_the_environment(make, clone):
    make("figures")
    make("clean")
    assert not (clone / "build").exists()
    assert (clone / ".venv/ready").exists()


# The environment


def python(path: Path, *, version: str = "3.11", makes: str = "") -> None:
    """Write a stub of Python: of some version, it tells what it is called with."""
    old = 1 if version < "3.11" else 0
    text = f'#!/bin/sh\n[ "$1" = -c ] && exit {old}\necho "$@"\n{makes}\n'
    write(path, text).chmod(0o755)


def installed(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stdout.splitlines() if line.startswith("-m")]


QUIETLY = "-m pip install -qq --disable-pip-version-check"
INSTALL = [
    f"{QUIETLY} --no-deps --require-hashes -r requirements.lock",
    f"{QUIETLY} --no-deps --no-build-isolation --editable .",
]


def test_a_fresh_clone_gets_its_environment_from_the_lock(make, clone):
    shutil.rmtree(clone / ".venv")
    python(clone / "later")
    bring = "mkdir -p .venv/bin && cp later .venv/bin/python"
    python(clone / "new", makes=bring)
    done = make(".venv/ready", "PYTHON=./new")
    assert installed(done) == ["-m venv --clear .venv", *INSTALL]
    assert (clone / ".venv/ready").exists()


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_an_environment_that_works_is_brought_up_to_date_and_not_made_anew(make, clone, changed):
    python(clone / ".venv/bin/python")
    write(clone / changed, "changed")
    assert installed(make(".venv/ready", "PYTHON=./none")) == INSTALL
    assert make(".venv/ready").stdout == "make: '.venv/ready' is up to date.\n"


@pytest.mark.parametrize("exists", [True, False])
def test_an_old_or_missing_python_is_refused_and_told_how_to_name_another(make, clone, exists):
    (clone / ".venv/ready").unlink()
    if exists:
        python(clone / "old", version="3.10")
    done = make("figures", "PYTHON=./old")
    assert done.stderr.startswith(
        "./old is missing or older than 3.11. Name a newer one: make figures PYTHON=python3.12\n"
    )
    assert done.returncode == 2
    assert not (clone / ".venv/ready").exists()


def test_a_failed_installation_is_not_ready(make, clone):
    (clone / ".venv/ready").unlink()
    python(clone / ".venv/bin/python", makes="exit 1")
    assert make(".venv/ready").returncode == 2
    assert not (clone / ".venv/ready").exists()


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
    for tool in ("ruff", "mypy"):
        write(clone / ".venv/bin" / tool, "#!/bin/sh\n").chmod(0o755)
    write(clone / "notebooks/02_b.ipynb", stored)
    done = make("lint")
    assert done.returncode == returncode
    assert ("Store notebooks without outputs: .venv/bin/jupyter nbconvert" in done.stderr) == bool(
        returncode
    )
