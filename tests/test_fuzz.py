"""Whatever becomes of a file, a command says in words what is wrong, and no cell is misread.

What is altered are cells, rows and columns of tables, values of TOML and JSON, and bytes.
`SOILA_FUZZ=2000 python -m pytest tests/test_fuzz.py` tries so many of each; the tests a sample.
"""

import contextlib
import csv
import io
import json
import os
import shutil
import zipfile

import pytest
from conftest import FOLDERS, ROOT
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from soila_analysis import dataset as datasets
from soila_analysis.build import contract
from soila_analysis.exchange import sheet_template
from soila_analysis.language import messages

TRIES = int(os.environ.get("SOILA_FUZZ", "10"))
fuzzed = settings(
    max_examples=TRIES,
    deadline=None,
    derandomize=TRIES <= 10,
    phases=set(Phase) - {Phase.explain},
    database=None,
    suppress_health_check=list(HealthCheck),
)

DEEP = 3_000
PLAIN = (
    "",
    " ",
    "0",
    "1",
    "1.0",
    "?",
    "-",
    "NA",
    "true",
    "'",
    '"',
    '""',
    ";",
    ",",
    "é",
    "²",
    "1e999",
)
ODD = ("=cmd|' /C calc'!A0", "\0", "\x1b[2J", "\ufeff", "\u200b1", "\x85", "\n", "\r", "e\u0301")
LONG = ("%s{0}{x!r}", "../../x", "$(touch x)", "9" * 5_000, "x" * 40_000)
TEXTS = st.text(max_size=12) | st.sampled_from([*PLAIN, *ODD, *LONG])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
TOML = (
    *("", "1", "true", "nan", "1e999", "[]", "{}", "[[]]", "{a = {b = 1}}", '"a" = "b"'),
    *(
        "2024-02-30",
        "07:32:00",
        "1979-05-27T07:32:00Z",
        "'''\n'''",
        '"""',
        '"\\ud800"',
        '"\\u0000"',
    ),
    *("9" * 5_000, "0x" + "f" * 5_000, "[" * DEEP + "]" * DEEP, "{a=" * DEEP + "1" + "}" * DEEP),
    *("\ufeff", "\0"),
)
MARKS = (
    b"",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x80",
    b'"',
    b",",
    b";",
    b"\n",
    b"\r",
    b"'",
    b"{",
)
LONGER = (b"[" * DEEP, b"<<<<<<< HEAD\n", b"\x1b]0;x\x07", b"<!DOCTYPE a [", b"&a;", b"PK\x03\x04")
JUNK = st.sampled_from([*MARKS, *LONGER]) | st.binary(max_size=8)


@st.composite
def altered_bytes(draw, content):
    """Some bytes of a file replaced, or its end cut off."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 2, 9, len(content)])))
        content = content[:start] + draw(JUNK) + content[end:]
    return content


@st.composite
def altered_table(draw, content):
    """Cells of a table altered, rows and columns left out, repeated or exchanged; or bytes."""
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    for _ in range(draw(st.integers(1, 3))):
        number = draw(st.integers(0, len(rows) - 1))
        row = rows[number]
        match draw(st.sampled_from(["cell", "cell", "cell", "row", "twice", "short", "column"])):
            case "cell" if row:
                row[draw(st.integers(0, len(row) - 1))] = draw(TEXTS)
            case "row" if len(rows) > 1:
                del rows[number]
            case "twice":
                rows.insert(draw(st.integers(0, len(rows))), list(row))
            case "short":
                rows[number] = row[:-1]
            case "column" if rows[0]:
                column = draw(st.integers(0, len(rows[0]) - 1))
                rows = [[*r[:column], *r[column + 1 :]] for r in rows]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=draw(st.sampled_from(",;"))).writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


@st.composite
def altered_toml(draw, content):
    """Keys given other values, left out, or repeated; or bytes."""
    lines = content.decode().splitlines()
    for _ in range(draw(st.integers(1, 2))):
        number = draw(st.integers(0, len(lines) - 1))
        key = lines[number].partition(" = ")[0]
        lines[number] = draw(
            st.sampled_from([f"{key} = {draw(st.sampled_from(TOML))}", "", key, f"[{key}]"])
        )
    return "\n".join(lines).encode()


@st.composite
def altered_json(draw, content):
    """A value somewhere in the tree replaced, or left out; or nested too deep for any reader."""
    tree = json.loads(content)
    node, key = [tree], 0
    for _ in range(draw(st.integers(0, 6))):
        here = node[key]
        if not here or not isinstance(here, dict | list):
            break
        keys = list(here) if isinstance(here, dict) else range(len(here))
        node, key = here, draw(st.sampled_from(keys))
    match draw(st.sampled_from(["value", "value", "without", "deep"])):
        case "value":
            node[key] = draw(VALUES)
        case "without":
            del node[key]
        case "deep":
            node[key] = "DEEP"
    text = json.dumps(tree[0] if isinstance(tree, list) and len(tree) == 1 else tree)
    return text.replace('"DEEP"', "[" * DEEP + "]" * DEEP).encode()


def altered(file):
    """Alter a file by what it is, or byte by byte."""
    content = file.read_bytes()
    kinds = {".csv": altered_table, ".toml": altered_toml, ".ipynb": altered_json}
    kinds[".json"] = altered_json
    return kinds[file.suffix](content) | altered_bytes(content)


def files(folder, *suffixes):
    found = sorted(f for f in FOLDERS[folder].iterdir() if f.suffix in suffixes)
    return st.sampled_from(found).flatmap(lambda file: st.tuples(st.just(file.name), altered(file)))


@pytest.fixture
def copied(tmp_path):
    """A function that copies a shipped data set with one file altered."""

    def copy(folder, name, content):
        place = tmp_path / "data"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(FOLDERS[folder], place)
        (place / name).write_bytes(content)
        return place

    return copy


def same_files(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("folder", ["example", "own"])
@given(data=st.data())
@fuzzed
def test_an_altered_data_set_is_read_or_refused_in_words(call, copied, folder, data):
    place = copied(folder, *data.draw(files(folder, ".csv", ".toml")))
    before = same_files(place)
    valid = call("validate", place).exit_code == 0
    for command in ("claims", "features", "outdated", "disagreements"):
        assert (call(command, place).exit_code in (0, 1)) if valid else True, command
    assert same_files(place) == before


CODES = FOLDERS["example"] / "codings.csv"


@given(line=st.integers(2, 200), column=st.integers(0, 3), text=TEXTS)
@fuzzed
@example(line=2, column=3, text="1.0")
@example(line=2, column=2, text="\u200b")
def test_no_altered_cell_is_misread(copied, line, column, text):
    rows = list(csv.reader(io.StringIO(CODES.read_text(encoding="utf-8"), newline="")))
    rows[line - 1][column] = text
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(rows)
    folder = copied("example", CODES.name, written.getvalue().encode())
    if datasets.validate(folder):
        return  # named, with its place
    loaded = datasets.load(folder)
    typed = sorted([cell.strip() for cell in row] for row in rows[1:])
    read = loaded.codings[rows[0]].astype(str)
    same = {"1.0": "1", "0.0": "0"}
    for row in typed:
        row[3] = same.get(row[3], row[3])
    assert sorted(read.to_numpy().tolist()) == sorted(typed)


NOTEBOOK = ROOT / "notebooks" / "04_feature-by-goal.ipynb"


@given(content=altered(NOTEBOOK))
@fuzzed
@example(content=b"[]")
@example(content=b'{"nbformat": 4, "metadata": {"soila": {"outputs": ["{"]}}, "cells": []}')
@example(
    content=b'{"nbformat": 4, "metadata": {"soila": []}, "cells": [{"metadata": {"tags": 1}}]}'
)
def test_an_altered_notebook_is_read_or_refused_in_words(tmp_path, content):
    notebook = tmp_path / NOTEBOOK.name
    notebook.write_bytes(content)
    asked = (
        contract.read,
        contract.parameters,
        contract.named,
        contract.refuse_escapes,
        contract.refuse_beside,
        lambda n: contract.check(n, {"feature": "x", "lang": "fi"}),
        lambda n: contract.outputs(n, {}),
        lambda n: contract.outputs(n, {}, "optional"),
        lambda n: contract.name(n, {"feature": "x"}),
    )
    for ask in asked:
        with contextlib.suppress(contract.RunError):
            ask(notebook)


@given(values=st.dictionaries(st.sampled_from(["feature", "lang", "dataset", "x"]) | TEXTS, TEXTS))
@fuzzed
def test_parameters_of_any_text_are_taken_or_refused_in_words(values):
    with contextlib.suppress(contract.RunError):
        assert set(contract.check(NOTEBOOK, values)) == set(values)


@given(data=st.data())
@fuzzed
def test_an_altered_list_of_disagreements_is_added_or_refused_in_words(call, tmp_path, data):
    place, listed = tmp_path / "data", tmp_path / "list.csv"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(FOLDERS["example"], place)
    if not listed.exists():
        assert call("disagreements", place, "--lang", "en", "-o", listed).exit_code == 0
        (tmp_path / "kept.csv").write_bytes(listed.read_bytes())
    listed.write_bytes(data.draw(altered(tmp_path / "kept.csv")))
    before = same_files(place)
    if call("decide", listed, place).exit_code:
        assert same_files(place) == before
    else:
        assert call("validate", place).exit_code == 0


WIDE = """Study,Outcome,Training,Note\nA,Safety; Health,x,\nB,Health,,said\nC,Safety,1,\n"""


@given(data=st.data())
@fuzzed
def test_an_altered_wide_table_is_imported_or_refused_in_words(call, tmp_path, data):
    table, place = tmp_path / "wide.csv", tmp_path / "wide"
    shutil.rmtree(place, ignore_errors=True)
    table.write_text(WIDE, encoding="utf-8")
    said = ["--model", "Study", "--goal", "Outcome;", "--feature", "Training", "--keep", "Note"]
    said += [
        "--coder",
        "AB",
        "--blank",
        "absent",
        "--title",
        "W",
        "--source",
        "S",
        "--licence",
        "L",
    ]
    table.write_bytes(data.draw(altered(table)))
    if call("import", table, place, *said).exit_code:
        assert not place.exists()
    else:
        assert call("validate", place).exit_code == 0


@pytest.fixture(scope="session")
def packed(tmp_path_factory):
    """What comes back from coders and programs, by name: a sheet of ours, a project."""
    folder = tmp_path_factory.mktemp("packed")
    sheet, project = folder / "sheet.xlsx", FOLDERS["own"].parent / "refi" / "qc-1.7.8.qdpx"
    data = datasets.load(FOLDERS["example"])
    sheet_template.write(sheet, "developer", messages("en"), "en", dataset=data)
    return {"sheet": sheet, "refi": project}


@st.composite
def altered_package(draw, file):
    """A part of a zip file altered and packed again; or the bytes of the file."""
    if draw(st.booleans()):
        return draw(altered_bytes(file.read_bytes()))
    with zipfile.ZipFile(file) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    name = draw(st.sampled_from(sorted(parts)))
    content = draw(altered_bytes(parts[name]))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for part, whole in parts.items():
            package.writestr(part, content if part == name else whole)
    return made.getvalue()


@pytest.mark.parametrize("door", ["sheet", "refi"])
@given(data=st.data())
@fuzzed
def test_an_altered_sheet_or_project_is_read_or_refused_in_words(
    call, packed, tmp_path, door, data
):
    place, file = tmp_path / "new", tmp_path / packed[door].name
    shutil.rmtree(place, ignore_errors=True)
    file.write_bytes(data.draw(altered_package(packed[door])))
    before = file.read_bytes()
    said = ["--title", "T", "--source", "S", "--licence", "L"] if door == "sheet" else []
    if call(door, "read", file, place, *said).exit_code:
        assert not place.exists()
    assert file.read_bytes() == before
