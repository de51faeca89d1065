"""What is done to a data folder is done whole or not at all, and nothing in it can act."""

import csv
import io
import os
import re
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from conftest import made_up
from faults import every_fault
from hypothesis import given
from hypothesis import strategies as st

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import files, taxonomy
from soila_analysis.build import archive
from soila_analysis.build import record as records
from soila_analysis.dataset.schema import COLUMNS, ID, KEYS, NAME, faults
from soila_analysis.exchange import own_taxonomy

LIBRARY = taxonomy.load()


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()} if folder.is_dir() else None


def small(models=2, note=""):
    """A data set of the library's taxonomy, whose folder has few files."""
    goals = LIBRARY.goal_ids
    ids = [f"M{n}" for n in range(models)]
    codings = [(one, "participation", coder, "1", note) for one in ids for coder in "AB"]
    return datasets.Dataset(
        "small",
        made_up(models=1).info.model_copy(update={"taxonomy": LIBRARY.version}),
        pd.DataFrame({"model_id": ids, "name": ids}),
        pd.DataFrame({"model_id": ids * 4, "goal_id": [g for g in goals for _ in ids]}),
        pd.DataFrame(codings, columns=["model_id", "feature_id", "coder_id", "code", "note"]),
    )


# Durability


def test_a_save_survives_every_fault(tmp_path):
    folder = tmp_path / "here" / "round"
    datasets.save(small(), folder)
    (folder / "letter.txt").write_text("kept")
    before, larger = contents(folder), small(3)
    tally = every_fault(
        folder.parent,
        lambda: datasets.save(larger, folder),
        lambda: contents(files.dataset_folder(folder)),
    )
    assert min(tally.values()) > 30
    assert contents(folder) == before


# Ids, and text that would be a formula


@pytest.mark.parametrize(
    ("table", "column", "found", "form"),
    [
        ("features", "feature_id", "$(touch x)", ID),
        ("features", "feature_id", "../x", ID),
        ("features", "feature_id", "x" * 81, ID),
        ("goals", "goal_id", "-x", ID),
        (
            "models",
            "model_id",
            "=cmd|'/C calc'!A0",
            NAME,
        ),
        ("models", "model_id", "M\x1b[2J", NAME),
        ("codings", "coder_id", "@AB", NAME),
    ],
)
def test_ids_have_a_declared_form(table, column, found, form):
    known = dict.fromkeys((*KEYS["codings"], "goal_id", "code", "served", "taxonomy_version"))
    row = dict.fromkeys(COLUMNS[table], "x") | {column: found}
    told = [one for one in faults(table, pd.DataFrame([row], index=[2]), known) if one.line == 2]
    assert [(one.column, one.found) for one in told] == [(column, found)]
    assert told[0].allowed == (form[1],)


@pytest.mark.parametrize("name", ["Käynnissä 1.0_b-2", "Smith et al. (2020)", "(a) Työpaja"])
def test_models_may_be_called_what_they_are_called(tmp_path, name):
    data = small()
    models = data.models.replace({"model_id": {"M0": name}})
    data = replace(
        data,
        models=models,
        **{
            table: getattr(data, table).replace({"model_id": {"M0": name}})
            for table in ("memberships", "codings")
        },
    )
    datasets.save(data, tmp_path / "round")
    assert name in datasets.load(tmp_path / "round").models["model_id"].tolist()


CELLS = st.text(alphabet="=+-@\t\n;,\"' \uff1dab1.", max_size=8)


@given(cells=st.lists(CELLS, min_size=1, max_size=5), column=CELLS.filter(bool))
def test_no_cell_for_a_spreadsheet_begins_a_formula(cells, column):
    text = files.for_spreadsheets(pd.DataFrame({column: cells}))
    for (cell,), typed in zip(csv.reader(io.StringIO(text)), [column, *cells], strict=True):
        for part in re.split(r"[;\t\r\n]", cell):
            assert not re.match(r"\s*[=+@\uff1d]|\s*-(?!\d+([.,]\d+)?$)(?!$)", part)
        assert cell.replace("'", "") == typed.replace("'", "")


def test_numbers_and_the_code_for_not_applicable_are_no_formulas():
    table = pd.DataFrame({"a": ["-", "-0.5", "-3", "5"], "b": [-1, -0.5, 2, 0]})
    assert files.for_spreadsheets(table) == "a,b\n-,-1.0\n-0.5,-0.5\n-3,2.0\n5,0.0\n"


# Several at once


def filled(file, model):
    row = f"{model},participation,0,Liisa,2025-11-20,Read together."
    file.write_text(f"model_id,feature_id,code,decided_by,decided_on,reason\n{row}\n")
    return file


def decided(folder):
    return datasets.load(folder).decisions["model_id"].tolist()


def test_two_who_decide_at_once_both_count(tmp_path):
    folder = tmp_path / "round"
    datasets.save(small(), folder)
    call = [sys.executable, "-m", "soila_analysis", "decide", filled(tmp_path / "b.csv", "M1")]
    with files.alone(tmp_path):
        other = subprocess.Popen([*call, folder], stderr=subprocess.PIPE, text=True)
        told = other.stderr.readline()
        mine = datasets.decide(datasets.load(folder), filled(tmp_path / "a.csv", "M0"))
        datasets.save(mine, folder)
    assert (other.communicate()[1], other.returncode) == ("", 0)
    assert told == f"{tmp_path}: another command is at work there; waiting until it is done\n"
    assert decided(folder) == ["M0", "M1"]


def test_an_edit_made_meanwhile_is_not_overwritten(tmp_path):
    folder = tmp_path / "round"
    datasets.save(small(), folder)
    data = datasets.load(folder)
    edited = (folder / "codings.csv").read_text().replace("1,", "0,")
    (folder / "codings.csv").write_text(edited)
    (folder / "changes.csv").write_text("version\n")
    before = contents(folder)
    with pytest.raises(datasets.DatasetError) as error:
        datasets.save(datasets.decide(data, filled(tmp_path / "a.csv", "M0")), folder)
    assert (
        str(error.value)
        == f"""\
{folder}: 2 problems
  changes.csv: it was changed since it was read
  codings.csv: it was changed since it was read
Nothing was written. Do it again: then what is there now is read."""
    )
    assert contents(folder) == before


def test_what_was_saved_can_be_saved_again(tmp_path):
    datasets.save(small(), tmp_path / "round")
    data = datasets.load(tmp_path / "round")
    first = datasets.decide(data, filled(tmp_path / "a.csv", "M0"))
    datasets.save(first, tmp_path / "round")
    datasets.save(datasets.decide(first, filled(tmp_path / "b.csv", "M1")), tmp_path / "round")
    assert decided(tmp_path / "round") == ["M0", "M1"]
    datasets.save(data, tmp_path / "copy")  # as it was read, elsewhere
    assert datasets.load(tmp_path / "copy").decisions is None


# What is no file


def linked(path):
    path.symlink_to("/dev/zero")


def listening(path):
    here = Path.cwd()
    os.chdir(path.parent)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)
    os.chdir(here)


ODD = {"a link": linked, "a pipe": os.mkfifo, "a socket": listening}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", ["codings.csv", "dataset.toml", "x.csv", "x.toml", "letter.pdf"])
def test_refuses_what_is_no_file_by_name(tmp_path, kind, name):
    folder = tmp_path / "round"
    datasets.save(small(), folder)
    (folder / name).unlink(missing_ok=True)
    ODD[kind](folder / name)
    told = f"{name}: {kind}; {files.INSTEAD}"
    assert [str(one) for one in datasets.validate(folder)] == [told]
    with pytest.raises(datasets.DatasetError, match=re.escape(told)):
        datasets.save(small(3), folder)
    for read in (records.data_files, lambda one: archive.members(tmp_path / "build", one)):
        with pytest.raises(files.UserError, match=f"{name}: {kind}"):
            read(folder)


@pytest.mark.parametrize("kind", ["a pipe", "a device"])
@pytest.mark.parametrize(
    "command",
    ["sheet read {} new", "import {} new", "decide {} data/example-two-coders", "refi read {} new"],
)
def test_a_command_waits_for_no_pipe_and_reads_no_device(call, tmp_path, kind, command):
    file = tmp_path / "list.csv"
    os.mkfifo(file) if kind == "a pipe" else file.symlink_to("/dev/zero")
    result = call(*command.format(file).replace("new", str(tmp_path / "new")).split())
    assert (result.exit_code, result.output) == (1, f"Error: {file}: {kind}; {files.INSTEAD}\n")


def test_a_figure_is_saved_whatever_its_folder_is_called(tmp_path, monkeypatch, shipped):
    monkeypatch.setenv("SOILA_OUTPUT", str(tmp_path / "ä:ö%20#?"))
    soila.publish(soila.table("models-by-goal", shipped["literal"]), variant="redesigned")
    assert len(list(tmp_path.glob("*/figures/models-by-goal-redesigned.*"))) == 4


def test_a_folder_whose_name_is_no_text_is_refused(call):
    told = call("validate", os.fsdecode(b"data/a\xff")).output
    assert told == "Error: 'data/a\\udcff': the name of this folder is not UTF-8; rename it\n"


def test_refuses_a_link_among_tables_of_a_new_folder(tmp_path):
    (tmp_path / "features.csv").symlink_to("/dev/zero")
    with pytest.raises(datasets.DatasetError, match=r"features\.csv: a link"):
        own_taxonomy.load(tmp_path)


def test_a_table_too_large_is_refused_unread(tmp_path):
    datasets.save(small(), tmp_path / "round")
    os.truncate(tmp_path / "round" / "codings.csv", files.LARGEST + 1)
    told = "codings.csv: a file of 2,147,483,649 bytes, more than 2,147,483,648; " + files.INSTEAD
    assert [str(one) for one in datasets.validate(tmp_path / "round")] == [told]


def test_a_folder_that_is_a_link_stays_one(tmp_path):
    (tmp_path / "real").mkdir()
    datasets.save(small(), tmp_path / "real" / "round")
    link = tmp_path / "linked"
    link.symlink_to(tmp_path / "real" / "round")
    datasets.save(small(3), link)
    assert link.is_symlink()
    assert len(datasets.load(link).models) == 3
