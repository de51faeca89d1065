"""The `soila` command: what each piece prints, and how it refuses what is wrong."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import click.testing
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from soila_analysis import dataset as datasets
from soila_analysis.build import execute as runs
from soila_analysis.cli import build as main
from soila_analysis.cli import command, soila
from soila_analysis.review import reconstruction

REPOSITORY = Path(__file__).parents[1]
ROUND = "data/review-2024"
NOTEBOOK = "notebooks/02_models-by-goal.ipynb"
Call = Callable[..., click.testing.Result]


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[runs.Job]:
    """Keep notebooks from being executed; what would be is listed, and what is called b fails."""
    jobs: list[runs.Job] = []

    def run_all(given, *, report, **options):
        jobs.extend(given)
        for job in given:
            failure = "b: it failed" if job.values.get("variant") == "none" else ""
            report(runs.Result(job, 1.25, failure))

    monkeypatch.setattr(runs, "run_all", run_all)
    return jobs


def run_line(job: runs.Job) -> tuple[str, dict[str, str], str]:
    return job.notebook.name, dict(job.values), job.folder.relative_to(REPOSITORY).as_posix()


# Help


@pytest.mark.parametrize(
    ("command", "purpose"),
    [
        ((), "From raw codes to the figures of the review, reproducibly."),
        (("run",), "Execute NOTEBOOKS; figures and tables go to build/<data set>/<language>."),
        (("validate",), "List all that is wrong with the data set in FOLDER; nothing is written."),
        (("features",), "List the ids of the features that the data set in FOLDER is coded for."),
        (("claims",), "Recompute from the codes in FOLDER every published number that it is of."),
        (("grim",), "Find the group sizes for which PRINTED percentages are possible."),
        (("sheet",), "Hand out coding sheets, and read those that come back."),
        (("sheet", "new"), "Write a coding sheet for one coder of the data set in FOLDER"),
        (
            ("sheet", "read"),
            "Read coders' sheets FILES (.xlsx, .ods, .csv) into the data set in FOLDER.",
        ),
    ],
)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_says_what_a_command_does(call, command, purpose, option):
    result = call(*command, option)
    assert result.exit_code == 0
    assert purpose in " ".join(result.output.split())


def test_help_of_the_whole_lists_every_command_under_a_head_with_its_whole_summary(call):
    told = call("--help").output
    assert re.findall(r"^(\S.*):$", told.partition("Options:")[2], re.MULTILINE) == [
        "Data sets",
        "Coders and their codes",
        "Figures and tables",
        "Pages and reports",
        "The review of 2024",
    ]
    assert sorted(re.findall(r"^  ([a-z]\S*) {2,}", told, re.MULTILINE)) == sorted(soila.commands)
    assert "..." not in told.partition("Options:")[2]


def test_help_of_a_group_lists_its_commands_under_one_head(call):
    told = call("sheet", "--help").output.partition("Commands:")[2]
    assert re.findall(r"^  (\S+)", told, re.MULTILINE) == ["new", "read"]


# Data sets


def test_a_sound_data_set_is_told_with_its_size(call):
    result = call("validate", ROUND)
    assert result.output == f"{ROUND}: valid (52 models, 45 of them coded)\n"
    assert result.exit_code == 0


def test_all_that_is_wrong_with_a_data_set_is_listed(call, tmp_path):
    shutil.copytree(REPOSITORY / ROUND, tmp_path / "round")
    codings = tmp_path / "round/codings.csv"
    lines = codings.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[1] = lines[1].replace(",1,", ",8,").replace(",0,", ",8,")
    lines[2] = lines[2].replace(",1,", ",9,").replace(",0,", ",9,")
    codings.write_text("".join(lines), encoding="utf-8")
    result = call("validate", tmp_path / "round")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"{tmp_path}/round: 2 problems\n  codings.csv")
    assert '"8"' in result.stderr
    assert '"9"' in result.stderr


@pytest.mark.parametrize("command", ["validate", "features", "claims"])
def test_a_folder_that_is_none_is_refused(call, command, tmp_path):
    missing = call(command, tmp_path / "missing")
    assert f"{tmp_path}/missing: no such data set folder" in missing.stderr
    assert missing.exit_code == 1
    (tmp_path / "file").touch()
    assert "not a folder" in call(command, tmp_path / "file").stderr
    assert "dataset.toml: the file is missing" in call(command, tmp_path).stderr


def test_features_are_listed_by_id_and_with_labels_where_a_language_is_named(call):
    ids = call("features").output.splitlines()
    assert len(ids) == 16
    assert ids[0] == "sustainability"
    assert call("features", ROUND).output.splitlines() == ids
    lines = call("features", "--lang", "en").output.splitlines()
    assert [line.split("\t")[0] for line in lines] == ids
    assert all(line.split("\t")[1] for line in lines)


def test_features_are_those_of_the_data_set(call):
    own = call("features", "tests/fixtures/two-coders-own-taxonomy").output.splitlines()
    assert own
    assert not set(own) & set(call("features").output.splitlines())


# Claims


def test_claims_are_told_one_a_line_with_a_count_of_verdicts(call):
    lines = call("claims").output.splitlines()
    assert len(lines) > 20
    assert "reproduced" in lines[-1]
    counts = [int(part.split()[0]) for part in lines[-1].split(", ")]
    assert sum(counts) == len(lines) - 1


def test_strict_fails_unless_every_claim_is_reproduced(call, tmp_path):
    assert call("claims").exit_code == 0
    strict = call("claims", "--strict")
    assert strict.exit_code == 1
    assert strict.output == call("claims").output


def test_a_data_set_without_claims_is_said_to_have_none(call):
    folder = "data/example-two-coders"
    result = call("claims", folder, "--strict")
    assert result.exit_code == 0
    assert result.output == (
        f"{folder}: no published claims: none are in its dataset.toml; "
        '"claims" in data/README.md says how to add them\n'
    )


def test_a_reconstruction_takes_no_place_of_codes_that_people_gave(call, tmp_path):
    folder = shutil.copytree(REPOSITORY / "data/example-two-coders", tmp_path / "round")
    before = {file.name: file.read_bytes() for file in Path(folder).iterdir()}
    result = call("reconstruct", folder)
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {folder}: a data set of kind synthetic; a reconstruction would replace its codes; "
        "name a new folder\n"
    )
    assert {file.name: file.read_bytes() for file in Path(folder).iterdir()} == before


# GRIM


def test_grim_finds_the_bases_that_printed_percentages_allow(call):
    result = call("grim", "91", "89", "87", "53", "--n", "30:80")
    assert result.exit_code == 0
    header, *rows = result.output.splitlines()
    assert header.split()[:2] == ["n", "rule"]
    assert "45" in [row.split()[0] for row in rows]
    assert "46" not in [row.split()[0] for row in rows]
    every = call("grim", "91", "89", "87", "53", "--n", "30:80", "--all").output.splitlines()
    assert "46" in [row.split()[0] for row in every]


def test_grim_says_so_where_no_base_fits(call):
    assert call("grim", "91", "--n", "2:3", "--rule", "half-up").output == "no base fits\n"


@pytest.mark.parametrize("bases", ["30", "a:b", "80:30", "30:", ":", "1.5:2", "-5:5"])
def test_bases_that_are_no_range_are_refused(call, bases):
    result = call("grim", "91", f"--n={bases}")
    assert f'Error: Invalid value for --n: "{bases}" is not FIRST:LAST, such as 30:80' in (
        result.stderr
    )
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("abc",), "'abc' is not a percentage: write it as 62, 62.5 or 62,5"),
        (("120",), "'120' is more than 100 per cent: give shares of a whole"),
        (("50", "--n", "0:5"), "a percentage needs a base of at least 1, got n = 0"),
    ],
)
def test_percentages_that_are_none_are_refused(call, arguments, message):
    result = call("grim", *arguments)
    assert result.stderr == f"Error: {message}\n"
    assert result.exit_code == 1


# Reconstructing


def test_a_reconstruction_that_is_not_proven_is_told_and_not_written(call, tmp_path, monkeypatch):
    monkeypatch.setattr(reconstruction, "DETERMINISTIC_TIME", 0.0)
    result = call("reconstruct", tmp_path / "new", "--reading", "mixed", "--seed", 7)
    assert result.stderr == (
        "Error: mixed, seed 7: no proven optimum: CP-SAT ended UNKNOWN; "
        "nothing was written; another seed may do\n"
    )
    assert (result.exit_code, list(tmp_path.iterdir())) == (1, [])


# Running notebooks


def test_a_notebook_is_run_in_each_language_that_is_named(call, executed):
    result = call("run", NOTEBOOK, "-l", "fi", "-l", "sv", "-p", "variant=redesigned", "-d", ROUND)
    values = {"variant": "redesigned", "dataset": ROUND}
    name = Path(NOTEBOOK).name
    assert [run_line(job) for job in executed] == [
        (name, {**values, "lang": "fi"}, "build/review-2024/fi"),
        (name, {**values, "lang": "sv"}, "build/review-2024/sv"),
    ]
    title = "02_models-by-goal variant=redesigned dataset=data/review-2024"
    assert result.output == f"done      1.2 s  {title} lang=fi\ndone      1.2 s  {title} lang=sv\n"
    assert result.exit_code == 0


def test_a_notebook_alone_is_run_as_it_says_itself(call, executed):
    assert call("run", NOTEBOOK).exit_code == 0
    assert [run_line(job) for job in executed] == [
        ("02_models-by-goal.ipynb", {}, "build/review-2024/en")
    ]


def test_a_value_may_hold_an_equals_sign(call, executed):
    call("run", NOTEBOOK, "-p", "variant=a=b")
    assert dict(executed[0].values) == {"variant": "a=b"}


def test_failures_are_summed_up_and_the_others_are_done(call, executed):
    result = call("run", NOTEBOOK, "-p", "variant=none")
    assert result.stdout == "FAILED    1.2 s  02_models-by-goal variant=none\n"
    assert result.stderr == (
        "Error: 1 of 1 notebooks failed; what these made before is as it was:\n  b: it failed\n"
    )
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "message", "status"),
    [
        ((), "name a notebook, such as notebooks/02_models-by-goal.ipynb", 2),
        (("--help-parameters",), "name a notebook, such as notebooks/02_models-by-goal.ipynb", 2),
        (("missing.ipynb",), "missing.ipynb: no such notebook", 1),
        (("missing.ipynb", "--help-parameters"), "missing.ipynb: no such notebook", 1),
        (("notebooks",), "notebooks: cannot be read: Is a directory", 1),
        (("Makefile",), "Makefile: not a notebook: Notebook does not appear to be JSON: ", 1),
        ((NOTEBOOK, "-p", "variant"), 'Invalid value for -p: "variant" is not NAME=VALUE', 2),
        ((NOTEBOOK, "-l", "no"), "Invalid value for '-l' / '--lang': 'no' is not one of", 2),
        ((NOTEBOOK, "--workers", "0"), "Invalid value for '--workers': 0 is not in the range", 2),
        ((NOTEBOOK, "--timeout", "0"), "Invalid value for '--timeout': 0.0 is not in the range", 2),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is(
    call, executed, arguments, message, status
):
    result = call("run", *arguments)
    assert f"Error: {message}" in result.stderr
    assert result.exit_code == status
    assert not executed


def test_a_run_outside_a_project_is_refused(call, executed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call("run", REPOSITORY / NOTEBOOK)
    assert result.stderr == (
        f"Error: no soila_analysis project at {tmp_path} or above; "
        "work in a clone of the repository\n"
    )
    assert not executed


def test_parameters_are_listed_with_type_default_and_help(call, executed):
    result = call("run", NOTEBOOK, "--help-parameters")
    assert result.output.startswith(
        "02_models-by-goal.ipynb\n"
        "  dataset: str = 'data/review-2024'\n"
        "      data set folder, as seen from the project root\n"
        "  lang: str = 'en'\n"
    )
    assert not executed


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Lay out a project with a notebook of its own."""
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "data/round").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "soila-analysis"\n')
    cells = [
        new_code_cell(
            'lang: str = "fi"  # language\ndataset: str = "data/round"  # data set',
            metadata={"tags": ["parameters"]},
        ),
        new_code_cell(
            "from pathlib import Path\nfrom soila_analysis import files\n"
            "(files.output_folder(dataset, lang) / 'a.txt').write_text(lang)"
        ),
        new_code_cell("assert lang != 'sv', 'not in Swedish'"),
    ]
    metadata = {"soila": {"outputs": ["a.txt"], "choices": {"lang": ["fi", "sv"]}}}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), tmp_path / "small.ipynb")
    return tmp_path


def test_runs_put_their_outputs_in_place_whatever_becomes_of_the_others(call, small, monkeypatch):
    monkeypatch.chdir(small)
    monkeypatch.setattr(main, "PRELOADED", ())
    result = call("run", "small.ipynb", "-l", "fi", "-l", "sv", "-l", "en")
    assert sorted(line.split()[0] for line in result.stdout.splitlines()) == [
        "FAILED",
        "FAILED",
        "done",
    ]
    first, *failures = result.stderr.splitlines()
    assert first == "Error: 2 of 3 notebooks failed; what these made before is as it was:"
    assert sorted(failures) == [
        "  small lang=sv: cell 3 (`assert lang != 'sv', 'not in Swedish'`): "
        "AssertionError: not in Swedish",
        '  small.ipynb: lang has no choice "en"; allowed: fi, sv',
    ]
    assert result.exit_code == 1
    assert (small / "build/round/fi/a.txt").read_text() == "fi"
    assert not (small / "build/round/sv/a.txt").exists()


# Coding sheets

ABOUT = ("--title", "Round", "--source", "Coded by AB", "--licence", "CC0-1.0")


def filled(path: Path, *rows: str) -> Path:
    head = "model_id,name,coder_id,goal-1,goal-2,goal-3,goal-4,participation"
    path.write_text("\n".join([head, *rows]), encoding="utf-8")
    return path


def test_a_sheet_is_written_beside_the_folder_and_not_twice(call, tmp_path):
    folder = tmp_path / "round"
    result = call("sheet", "new", folder, "-l", "fi", "--coder", "A/B")
    file = tmp_path / "round-A_B.xlsx"
    assert result.output == f"{file}: a coding sheet for A/B (blank rows)\n"
    assert not folder.exists()
    again = call("sheet", "new", folder, "-l", "fi", "--coder", "A/B")
    assert again.stderr == f"Error: {file}: it exists; name another file, or say --overwrite\n"
    assert again.exit_code == 1
    assert call("sheet", "new", folder, "-l", "fi", "--coder", "A/B", "--overwrite").exit_code == 0


def test_a_sheet_lists_the_models_of_a_data_set_or_of_a_list(call, tmp_path):
    output = tmp_path / "a.xlsx"
    given = call("sheet", "new", ROUND, "-l", "en", "--coder", "AB", "-o", output)
    assert given.output == f"{output}: a coding sheet for AB (52 models)\n"
    models = tmp_path / "list.csv"
    models.write_text("model_id,name\nM1,First\n")
    new = ("sheet", "new", tmp_path / "round", "-l", "sv", "--models", models, "--coder")
    assert call(*new, "CD").output.endswith("round-CD.xlsx: a coding sheet for CD (1 model)\n")
    assert "a coder needs an id" in call(*new, " ").stderr
    both = call("sheet", "new", ROUND, "-l", "sv", "--models", models, "--coder", "CD")
    assert f"Error: {ROUND} has models of its own; leave --models out" in both.stderr


def test_sheets_become_a_data_set_that_says_what_it_is(call, tmp_path):
    file = filled(tmp_path / "a.csv", "M1,First,AB,x,x,x,x,kyllä", "M2,Second,AB,1,,,,ei")
    folder = tmp_path / "round"
    result = call("sheet", "read", file, folder, *ABOUT)
    assert result.stdout == (
        'read "ei" as 0 in 1 code cell\n'
        'read "kyllä" as 1 in 1 code cell\n'
        'read "1" as yes in 1 goal cell\n'
        'read "x" as yes in 4 goal cells\n'
        "a.csv: 2 rows read\n"
        "1 file, 1 sheet: 2 rows read, 0 skipped\n"
        f"{folder}: 2 models, 2 codes by AB\n"
    )
    info = datasets.load(folder).info
    assert (info.title.fi, info.title.sv, info.kind, info.round) == (
        "Round",
        "Round",
        "observed",
        "round",
    )
    more = filled(tmp_path / "b.csv", "M1,,CD,,,,,?")
    added = call("sheet", "read", more, folder)
    assert added.stderr == "b.csv: 1 row read\n"
    assert added.stdout.endswith(f"0 skipped\n{folder}: 2 models, 3 codes by AB, CD\n")
    said = call("sheet", "read", more, folder, "--round", "2026")
    assert f"{folder} says what it is in dataset.toml; change it there" in said.stderr


def test_a_title_can_be_given_in_each_language(call, tmp_path):
    file = filled(tmp_path / "a.csv", "M1,First,AB,x,x,x,x,x")
    titles = ("--title", "fi=Kierros", "--title", "sv=Omgång", "--title", "en=Round=1")
    call("sheet", "read", file, tmp_path / "round", *titles, *ABOUT[2:])
    assert datasets.load(tmp_path / "round").info.title.en == "Round=1"
    missing = call("sheet", "read", file, tmp_path / "other", "--title", "fi=Kierros")
    assert missing.exit_code == 2
    assert "say what it is: --title (one text, or" in missing.stderr


def test_nothing_is_written_while_anything_is_wrong_unless_it_is_left_out(call, tmp_path):
    file = filled(tmp_path / "a.csv", "M1,First,AB,x,x,x,x,maybe", "M2,Second,AB,1,,,,1")
    folder = tmp_path / "round"
    result = call("sheet", "read", file, folder, *ABOUT)
    problem = 'a.csv, cell H2: found "maybe", allowed 1, 0, ?, -'
    assert result.stderr == (
        "a.csv: 2 rows read\n"
        f"Error: {folder}: 1 problem\n"
        f"  {problem}\n"
        "Nothing was written. Correct the cells and read the sheets again; "
        "--partial leaves out what is wrong.\n"
    )
    assert result.exit_code == 1
    assert not folder.exists()
    partial = call("sheet", "read", file, folder, "--partial", *ABOUT)
    assert partial.exit_code == 0
    assert partial.stderr == f"a.csv: 2 rows read\nleft out: {problem}\n"
    assert len(datasets.load(folder).codings) == 1


def test_a_missing_extra_is_named_with_how_to_install_it():
    said = "this needs xlsxwriter; install it with: pip install soila-analysis\\[coders\\]"
    missing = ModuleNotFoundError("No module named 'xlsxwriter'", name="xlsxwriter")
    with pytest.raises(click.ClickException, match=f"^{said}$"), command.told(ImportError):
        raise missing
