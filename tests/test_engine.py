"""Codes of any number, by the engine that holds them: equal tables, and what is wrong with them."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import duckdb
import engines
import narwhals as nw
import numpy as np
import pandas as pd
import polars
import pytest
from click.testing import CliRunner
from conftest import FOLDERS, MADE_UP
from hypothesis import given
from hypothesis import strategies as st

from soila_analysis import dataset as datasets
from soila_analysis import taxonomy
from soila_analysis.cli import soila
from soila_analysis.dataset import DatasetError, cube, engine, save, validation
from soila_analysis.files import UserError
from soila_analysis.metrics import frames

LIBRARY = taxonomy.load()
COLUMNS = ["model_id", "feature_id", "coder_id", "code", "note"]
LOCKED = [name for name in engines.ENGINES if name != "spark"]


@pytest.fixture
def packed(tmp_path, shipped):
    """The example with two coders, its large tables in Parquet."""
    save(replace(shipped["example"], origin=None), tmp_path / "round", parquet=True)
    return tmp_path / "round"


def rewritten(folder, change):
    """Change the codes of a folder in Parquet."""
    file = str(folder / "codings.parquet")
    table = change(duckdb.read_parquet(file).df())
    duckdb.from_df(table).write_parquet(file)


def refused(folder, **given):
    with pytest.raises(DatasetError) as caught:
        datasets.load(folder, **given)
    return [str(one) for one in caught.value.problems]


# Equal tables


@pytest.mark.parametrize("name", engines.NAMES)
@pytest.mark.parametrize("name_of_engine", LOCKED)
def test_every_engine_gives_the_same_tables(name, name_of_engine):
    engines.compare(name_of_engine, engines.ROOT / "data" / name)


@pytest.mark.parametrize("seed", engines.DRAWN)
@pytest.mark.parametrize("name_of_engine", LOCKED)
def test_rounds_drawn_at_random_are_the_same_from_any_engine(seed, name_of_engine, tmp_path):
    save(engines.drawn(seed), tmp_path / "round")
    engines.compare(name_of_engine, tmp_path / "round")


@pytest.mark.parametrize("name", MADE_UP)
def test_made_up_rounds_are_the_same_from_any_engine_and_form(name, tmp_path):
    data = replace(MADE_UP[name](), origin=None)
    save(data, tmp_path / "text")
    save(data, tmp_path / "packed", parquet=True)
    assert datasets.load(tmp_path / "packed") == datasets.load(tmp_path / "text")
    for name_of_engine in ("duckdb", "polars"):
        engines.compare(name_of_engine, tmp_path / "text")


@pytest.mark.parametrize("name", engines.NAMES)
def test_many_codes_in_csv_are_read_as_few_are(name, tmp_path, monkeypatch):
    few = datasets.load(engines.ROOT / "data" / name)
    noted = few.codings.assign(note=[*['said "so";\nand ä'] * 2, *few.codings["note"][2:]])
    save(replace(few, codings=noted, origin=None), tmp_path / "round")
    few = datasets.load(tmp_path / "round")
    assert few == many(tmp_path / "round", monkeypatch)
    assert engines.tables(few) == engines.tables(many(tmp_path / "round", monkeypatch))


FORMS = {
    "byte order mark": lambda text: "\ufeff" + text,
    "semicolons": lambda text: text.replace(",", ";"),
    "spaces around values": lambda text: text.replace(",", " , "),
    "other spaces": lambda text: text.replace(",", "\u00a0,"),
    "lines of Windows": lambda text: text.replace("\n", "\r\n"),
    "an empty row": lambda text: text + ",,,,\n\n",
    "numbers with a point": lambda text: text.replace(",1,", ",1.0,"),
    "a quotation mark inside": lambda text: text.replace(",E1,", ',E"1,'),
    "a cell too many": lambda text: text + "E01,participation,X,1,,\n",
    "a cell too few": lambda text: text + "E01,participation,X,1\n",
    "an unknown code": lambda text: text + "E01,participation,X,9,\n",
    "a control character": lambda text: text + "E01,participation,X,1,a\x07b\n",
    "marks of a merge": lambda text: text + "<<<<<<< ours\n",
    "no such column": lambda text: text.replace("coder_id", "coder", 1),
}


@pytest.mark.parametrize("form", FORMS)
def test_many_codes_in_csv_of_any_form_give_what_few_do(form, tmp_path, monkeypatch, shipped):
    save(replace(shipped["example"], origin=None), tmp_path / "round")
    file = tmp_path / "round/codings.csv"
    file.write_text(FORMS[form](file.read_text("utf-8")), "utf-8", newline="")
    few = datasets.validate(tmp_path / "round")
    assert few == many(tmp_path / "round", monkeypatch, datasets.validate)
    if not few:
        assert datasets.load(tmp_path / "round") == many(tmp_path / "round", monkeypatch)


def many(folder, monkeypatch, read=datasets.load):
    """Read a folder as if its codes were many."""
    with monkeypatch.context() as as_if:
        as_if.setattr(validation, "MUCH", 0)
        return read(folder)


def test_spark_gives_the_same_tables(tmp_path):
    there = dict(os.environ)
    if os.environ.get("SOILA_SPARK"):  # install it beside, as it is too large for the lock
        target = ["--target", str(tmp_path), "pyspark>=4"]
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", *target], check=True)
        there["PYTHONPATH"] = str(tmp_path)
    elif not find_spec("pyspark") or not shutil.which("java"):
        pytest.skip("Spark was not tried: it needs Java, and SOILA_SPARK=1 installs pyspark")
    command = [sys.executable, engines.__file__, "spark"]
    done = subprocess.run(command, env=there, capture_output=True, text=True)
    told = "equal tables of review-2024, example-two-coders, 3 drawn rounds\n"
    assert done.stdout == told, done.stderr[-2000:]


HOLDERS = [lambda table: polars.DataFrame(table.to_dict("list")), duckdb.from_df]


@given(st.data())
def test_codes_added_up_are_the_codes_that_were_given(drawn):
    models = [f"M{i}" for i in range(drawn.draw(st.integers(1, 6)))]
    coders = drawn.draw(st.sampled_from([["A"], ["A", "B"], ["A", "B", "C"]]))
    code = st.sampled_from([*LIBRARY.counts_as, None])
    rows = [
        (model, feature, coder, given, "")
        for model in models
        for feature in LIBRARY.feature_ids
        for coder in coders
        if (given := drawn.draw(code))
    ]
    table = pd.DataFrame(rows, columns=COLUMNS, dtype="str")
    if table.empty:
        return
    known = pd.Index(models, dtype="str")
    held = drawn.draw(st.sampled_from(HOLDERS))
    sums = engine.added_up(held(table), LIBRARY)
    ours, theirs = engine.cube(sums, LIBRARY, known), cube.of_table(table, LIBRARY, known)
    assert np.array_equal(ours.codes, theirs.codes)
    assert ours.coders == theirs.coders
    ordered = table.sort_values(COLUMNS[:3]).reset_index(drop=True)
    assert cube.table(ours, LIBRARY).astype("str").equals(ordered)


@pytest.mark.parametrize("held", HOLDERS)
def test_a_frame_of_narwhals_is_added_up_as_what_it_holds(held):
    table = pd.DataFrame([("M", LIBRARY.feature_ids[0], "A", "1")], columns=COLUMNS[:4])
    sums = engine.added_up(held(table), LIBRARY)
    assert engine.added_up(nw.from_native(held(table)), LIBRARY).equals(sums)


@given(st.data())
def test_no_wrong_row_is_added_up_unseen(drawn):
    features = drawn.draw(st.lists(st.sampled_from(LIBRARY.feature_ids), min_size=1, unique=True))
    rows = [
        ("M", feature, "A", drawn.draw(st.sampled_from([*LIBRARY.counts_as])))
        for feature in features
    ]
    wrong = drawn.draw(st.sampled_from(["twice", "code", "feature", "model"]))
    model, feature, coder, code = drawn.draw(st.sampled_from(rows))
    rows += {
        "twice": [
            (model, feature, coder, c)
            for c in drawn.draw(st.lists(st.sampled_from([*LIBRARY.counts_as]), min_size=1))
        ],
        "code": [(model, feature, "B", "x")],
        "feature": [(model, "f", coder, code)],
        "model": [("N", feature, coder, code)],
    }[wrong]
    held = drawn.draw(st.sampled_from(HOLDERS))
    table = held(pd.DataFrame(rows, columns=COLUMNS[:4], dtype="str"))
    assert engine.cube(engine.added_up(table, LIBRARY), LIBRARY, pd.Index(["M"])) is None


@given(st.lists(st.lists(st.integers(-1, 5), min_size=3, max_size=3), min_size=1))
def test_profiles_are_distinct_and_add_up_to_all(rows):
    numbers = np.array(rows, dtype=np.int8)
    first, weight = frames.profiles(numbers[:, :1], numbers[:, 1:])
    found = {tuple(numbers[i].tolist()): int(n) for i, n in zip(first, weight, strict=True)}
    assert found == {tuple(row): rows.count(row) for row in rows}
    assert first.tolist() == sorted(first)


ids = st.lists(st.sampled_from("abcdef"))


@given(st.permutations("abcdef").flatmap(lambda all_of: st.tuples(st.just(all_of), ids)))
def test_models_are_found_in_any_order_and_so_is_what_is_not_there(drawn):
    order, wanted = drawn
    for models in (order, order[:3], sorted(set(wanted))):
        index, cells = pd.Index(models, dtype="str"), pd.Series(wanted, dtype="str")
        assert frames.positions(index, cells).tolist() == index.get_indexer(cells).tolist()
        in_order = cells.sort_values()
        expected = index.get_indexer(in_order).tolist()
        assert frames.positions(index, in_order).tolist() == expected


# Without laying all codes out


def test_a_data_set_says_in_a_line_what_it_is_and_lays_no_codes_out(packed):
    data = datasets.load(packed)
    assert repr(data) == "<Dataset round, synthetic: 24 models, 16 features, 2 coders>"
    assert "codings" not in vars(data)


def test_one_share_is_traced_without_laying_the_other_codes_out(packed, shipped):
    data = datasets.load(packed)
    traced = datasets.trace(data, "participation")
    assert "codings" not in vars(data)
    codes = shipped["example"].codings.query("feature_id == 'participation'")
    keys = ["model_id", "coder_id", "code"]
    assert traced[keys].dropna().to_numpy().tolist() == codes[keys].to_numpy().tolist()


def test_codes_without_notes_are_read_once_from_csv(packed, tmp_path, monkeypatch):
    data = datasets.load(packed)
    save(replace(data, codings=data.codings.assign(note=""), origin=None), tmp_path / "bare")
    monkeypatch.setattr(engine, "told", None)
    assert many(tmp_path / "bare", monkeypatch).cube.told is None


# In Parquet


def test_converting_to_parquet_and_back_loses_nothing(tmp_path):
    for name in ("example", "literal"):
        there, back = tmp_path / f"{name}-packed", tmp_path / name
        for folder, new, further in ((FOLDERS[name], there, ["--parquet"]), (there, back, [])):
            done = CliRunner().invoke(soila, ["convert", str(folder), str(new), *further])
            assert done.exit_code == 0, done.output
        assert sorted(f.name for f in there.glob("*.csv")) == []
        for file in FOLDERS[name].iterdir():
            assert (back / file.name).read_bytes() == file.read_bytes()


def test_a_folder_is_converted_into_no_other(tmp_path):
    done = CliRunner().invoke(soila, ["convert", str(FOLDERS["example"]), str(tmp_path)])
    assert done.exit_code == 1
    assert f"{tmp_path}: it exists; name a new folder. Nothing was written." in done.output


def test_parts_in_a_folder_are_one_table(packed, shipped):
    rows = duckdb.read_parquet(str(packed / "codings.parquet")).df()
    (packed / "codings.parquet").unlink()
    (packed / "codings.parquet").mkdir()
    for number in range(3):
        part = duckdb.from_df(rows.iloc[number::3])
        part.write_parquet(str(packed / f"codings.parquet/part-{number}.parquet"))
    assert datasets.load(packed) == shipped["example"]
    assert len([f for f in datasets.load(packed).origin[1] if "/" in f]) == 3


def test_what_is_saved_stays_in_parquet(packed):
    data = datasets.load(packed)
    first = data.codings.iloc[[0]].assign(note="looked up")
    save(replace(data, codings=pd.concat([first, data.codings.iloc[1:]])), packed)
    assert [f.name for f in packed.glob("*.csv")] == []
    assert datasets.load(packed).codings["note"].iloc[0] == "looked up"


def test_wrong_rows_are_told_with_their_numbers(packed):
    def change(rows):
        rows.loc[[2, 5], "code"] = "2"
        rows.loc[7, "feature_id"] = "partcipation"
        rows.loc[9, "model_id"] = "E99"
        return pd.concat([rows, rows.iloc[[11]]])

    rewritten(packed, change)
    told = "\n".join(refused(packed))
    assert re.sub("allowed .*?(; |$)", "", told, flags=re.M).splitlines() == [
        'codings.parquet:3, column code: found "2", ',
        'codings.parquet:6, column code: found "2", ',
        'codings.parquet:8, column feature_id: found "partcipation", did you mean "participation"?',
        'codings.parquet:10, column model_id: found "E99", did you mean "E19"?',
        "codings.parquet:717, columns model_id, feature_id, coder_id: found "
        f'"{", ".join(duckdb.read_parquet(str(packed / "codings.parquet")).df().iloc[716][:3])}"; '
        "already on line 12",
    ]


def test_of_many_wrong_rows_a_thousand_are_listed_and_the_rest_counted(packed, monkeypatch):
    monkeypatch.setattr(engine, "SHOWN", 10)
    rewritten(packed, lambda rows: rows.assign(code="x"))
    told = refused(packed)
    assert len(told) == 11
    assert told[0] == "codings.parquet: 706 more rows with such faults were not looked at"


def test_a_table_in_both_forms_or_in_none_is_refused(packed):
    shutil.copy(FOLDERS["example"] / "codings.csv", packed)
    assert refused(packed) == ["codings.parquet: codings.csv is there as well; keep one of the two"]
    (packed / "codings.csv").unlink()
    (packed / "codings.parquet").write_bytes(b"PAR1 and no more")
    (told,) = refused(packed)
    assert told.startswith("codings.parquet: it cannot be read: ")


def test_codes_of_a_frame_need_the_columns_of_the_table():
    frame = polars.DataFrame({"model_id": ["E01"], "feature": ["participation"]})
    told = refused(FOLDERS["example"], codings=frame)
    assert told == [
        f'codings, column {name}: found "model_id,feature"; the column is missing'
        for name in ("code", "coder_id", "feature_id")
    ]


def test_rows_given_twice_are_told_without_numbers_too(packed, shipped):
    codings = shipped["example"].codings
    twice = pd.concat([codings, codings.iloc[[5]]])
    key = ", ".join(codings.iloc[5][:3])
    fault = f'columns model_id, feature_id, coder_id: found "{key}"; already'
    assert refused(packed, codings=polars.DataFrame(twice.to_dict("list"))) == [f"codings, {fault}"]
    (packed / "codings.parquet").unlink()
    (packed / "codings.parquet").mkdir()
    for number, part in enumerate((codings, codings.iloc[[5]])):
        engine.write(part, packed / f"codings.parquet/{number}.parquet")
    assert refused(packed) == [f"codings.parquet, {fault}"]


def test_spark_is_asked_for_where_it_is_named(packed, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with (packed / "dataset.toml").open("a") as about:
        about.write('engine = "spark"\naddress = "local[2]"\n')
    with pytest.raises(UserError, match=r"pip install 'soila-analysis\[spark\]'$"):
        datasets.load(packed)


def test_many_codes_are_told_of_and_narrowed_without_laying_them_out(packed, shipped):
    small, held = shipped["example"], datasets.load(packed)
    about = [data._repr_html_().split("<dl>")[1] for data in (held, small)]
    assert about[0] == about[1]
    parts = [datasets.select(data, goal="goal-1") for data in (held, small)]
    assert "codings" not in vars(held) | vars(parts[0])
    assert parts[0].status.equals(parts[1].status)
    assert datasets.outdated(parts[0]).equals(datasets.outdated(parts[1]))
    assert parts[0].codings.astype("str").equals(parts[1].codings)
