"""Tables read fast are the tables read with lines, and what is wrong is found either way."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from soila_analysis.dataset import load, save, tables, validate, validation

NAMES = ("model_id", "name")
PIECES = ["", "M1", "001", "1.0", "NA", "ä", " x ", "\xa0y", '"', '""', ",", ";", "\n", "\r", "\t"]
CELLS = st.lists(st.sampled_from(PIECES), max_size=3).map("".join)
FOLDER = Path(__file__).parents[1] / "data" / "example-two-coders"


def read(text: str) -> tuple[pd.DataFrame | None, pd.DataFrame | None, list]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "models.csv")
        path.write_text(text, encoding="utf-8", newline="")
        return tables.swift(path, NAMES), *tables.read(path, NAMES)


def same(fast: pd.DataFrame, exact: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        fast.astype("str").reset_index(drop=True), exact.reset_index(drop=True)
    )


@given(st.lists(CELLS, max_size=9).map("".join), st.sampled_from(["model_id,name", "name;2024"]))
@example('M1,"a"b\n', "model_id,name")
@example("M1,a,b\nM2\n", "model_id,name")
@example("M1\nM2,a,b\n", "model_id,name")
@example(f"M1,{'a' * 131_073}\n", "model_id,name")
@example("", "model_id")
def test_reads_fast_only_what_is_read_alike(body, header):
    fast, exact, problems = read(f"{header}\n{body}")
    if fast is not None:
        assert problems == []
        same(fast, exact)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1), st.sampled_from(",;"))
def test_reads_fast_whatever_a_program_writes(rows, delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([NAMES, *rows])
    fast, exact, problems = read(text.getvalue())
    assert problems == []
    same(fast, exact)


WRONG = ["1", "1.0", "2", "", "A", "a", "M01", "m01", "participation", "goal-1", "developer", "X "]


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "round"
    save(load(FOLDER), folder)
    names = ("models", "memberships", "codings")
    return folder, {name: pd.read_csv(folder / f"{name}.csv", dtype="str") for name in names}


@settings(max_examples=12)
@given(data=st.data())
def test_finds_fast_whether_anything_is_wrong(cells, data):
    folder, sound = cells
    name = data.draw(st.sampled_from(sorted(sound)))
    table = sound[name].copy()
    for _ in range(data.draw(st.integers(0, 2))):
        row, other = data.draw(st.tuples(*[st.integers(0, len(table) - 1)] * 2))
        column = data.draw(st.integers(0, table.shape[1] - 1))
        kept = table.iloc[other, column]
        table.iloc[row, column] = data.draw(st.sampled_from([*WRONG, kept]))
    table.to_csv(folder / f"{name}.csv", index=False)
    fast, exact = (validation._examined(folder, None, exact=way) for way in (False, True))
    sound[name].to_csv(folder / f"{name}.csv", index=False)
    assert bool(fast.problems) == bool(exact.problems)
    if not exact.problems:
        for one, frame in fast.tables.items():
            same(frame, exact.tables[one])


def test_tells_lines_of_what_was_found_fast(cells, tmp_path):
    folder, sound = cells
    assert validate(folder) == []
    wrong = sound["codings"].assign(code="7")
    wrong.to_csv(folder / "codings.csv", index=False)
    problems = validate(folder)
    sound["codings"].to_csv(folder / "codings.csv", index=False)
    assert [problem.line for problem in problems] == list(range(2, len(wrong) + 2))
