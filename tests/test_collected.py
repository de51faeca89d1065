"""From filled-in sheets to a data set, and back."""

import csv
import datetime as dt
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from test_grids import ods

from soila_analysis import dataset as datasets
from soila_analysis import taxonomy
from soila_analysis.dataset import Dataset, DatasetInfo
from soila_analysis.dataset.tables import CONTROLS
from soila_analysis.exchange import sheet_import, sheet_template
from soila_analysis.language import LANGUAGES, messages
from soila_analysis.language.likeness import identity, visible

TAXONOMY = taxonomy.load()
INFO = DatasetInfo.model_validate(
    {
        "title": {"fi": "Kierros", "sv": "Omgång", "en": "Round"},
        "kind": "observed",
        "source": "Two coders.",
        "licence": "CC0-1.0",
        "round": "2025",
        "taxonomy": TAXONOMY.version,
    }
)
GOALS = ["goal:goal-1", "goal:goal-2", "goal:goal-3", "goal:goal-4"]
HEAD = ["model_id", "name", "coder_id", *GOALS, "participation", "note:participation"]


def comma(path, *rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def book(path, rows, title="Coding"):
    made = openpyxl.Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(row)
    made.save(path)
    return path


def read(*files, dataset=INFO, **options):
    return sheet_import.collect(list(files), dataset, name="round", **options)


def problems(*files, **options):
    result = read(*files, **options)
    assert result.dataset is None
    return [str(problem) for problem in result.problems]


def codes(result):
    rows = result.dataset.codings[["model_id", "feature_id", "coder_id", "code"]]
    return {tuple(row[:3]): row[3] for row in rows.itertuples(index=False)}


@pytest.fixture
def sound(tmp_path):
    """A sheet with all goals and two models."""
    rows = [
        ["M1", "First", "AB", 1, 1, "", "", 1, "why"],
        ["M2", "Second", "AB", "", "", 1, 1, 0, ""],
    ]
    return comma(tmp_path / "AB.csv", HEAD, *rows)


@pytest.fixture
def data(sound):
    return read(sound).dataset


# There and back


def returned(path, data, coders, lang):
    """Write the sheet of each coder and read them all."""
    files = []
    for number, coder in enumerate(coders):
        files.append(path / f"{number}.xlsx")
        sheet_template.write(files[-1], coder, messages(lang), lang, dataset=data, overwrite=True)
    return sheet_import.collect(files, data.info, name=data.name)


HOSTILE = [
    "=1+1",
    "+1",
    "-",
    "@A1",
    "#N/A",
    "_x000A_",
    "_x005F_",
    "a\nb",
    "1.0",
    "007",
    "ei",
    "\x0b",
    "<r>a & b</r>",
]
TEXT = st.text(max_size=20) | st.sampled_from(HOSTILE)


def clean(text):
    """Bring a text to the form that a data set keeps: no controls, white space around removed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n")
    return CONTROLS.sub("", text).strip().strip("\ufeff").strip()


NAMES = TEXT.map(clean).filter(bool)
IDS = NAMES.map(visible).filter(bool)
FEATURES = st.lists(st.sampled_from(TAXONOMY.feature_ids), min_size=1, max_size=3, unique=True)


@st.composite
def small_datasets(draw):
    ids = draw(st.lists(IDS, min_size=1, max_size=3, unique_by=identity))
    coders = sorted(draw(st.lists(IDS, min_size=1, max_size=2, unique_by=identity)))
    names = st.lists(NAMES, min_size=len(ids), max_size=len(ids), unique_by=identity)
    models = dict(zip(ids, draw(names), strict=True))
    served = {m: set(draw(st.sets(st.sampled_from(TAXONOMY.goal_ids), min_size=1))) for m in ids}
    served[ids[0]] = set(TAXONOMY.goal_ids)
    rows = [
        (m, f, c, draw(st.sampled_from(tuple(TAXONOMY.counts_as))), clean(draw(TEXT)))
        for m in ids
        for c in coders
        for f in draw(FEATURES)
    ]
    table = pd.DataFrame({"model_id": list(models), "name": list(models.values())}, dtype="str")
    for coder in coders:
        table[f"note_{coder}"] = [clean(draw(TEXT)) for _ in ids]
    return Dataset(
        "round",
        INFO,
        table.loc[:, (table != "").any()],
        pd.DataFrame([(m, g) for m in ids for g in served[m]], columns=["model_id", "goal_id"]),
        pd.DataFrame(rows, columns=["model_id", "feature_id", "coder_id", "code", "note"]),
    )


@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(small_datasets(), st.sampled_from(LANGUAGES))
def test_a_round_trip_keeps_every_code_note_and_goal_whatever_the_text(data, lang):
    coders = sorted(data.codings["coder_id"].unique())
    with tempfile.TemporaryDirectory() as folder:
        result = returned(Path(folder), data, coders, lang)
        assert [str(problem) for problem in result.problems] == []
        for name, table in data.tables():
            assert getattr(result.dataset, name).to_dict("list") == table.to_dict("list")
        assert result.dataset == data


def test_a_sheet_written_again_from_what_was_read_of_it_is_the_same(tmp_path, data):
    files = [tmp_path / "1.xlsx", tmp_path / "2.xlsx"]
    sheet_template.write(files[0], "AB", messages("fi"), "fi", dataset=data)
    again = read(files[0], dataset=data.info).dataset
    sheet_template.write(files[1], "AB", messages("fi"), "fi", dataset=again)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_round_trip_keeps_what_is_saved(tmp_path, shipped):
    data = shipped["literal"]
    observed = data.info.model_copy(update={"kind": "observed", "reading": None})
    file = tmp_path / "sheet.xlsx"
    sheet_template.write(file, "reconstruction", messages("sv"), "sv", dataset=data)
    before = file.read_bytes(), file.stat().st_mtime_ns
    result = sheet_import.collect([file], observed, name="round")
    assert result.understood == {("goal", "ja", "yes"): len(data.memberships)}
    assert result.codes == len(data.codings)
    datasets.save(result.dataset, tmp_path / "round")
    assert datasets.load(tmp_path / "round").codings.equals(data.codings)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sheet_is_understood_by_its_labels_alone(tmp_path, data, lang):
    file = tmp_path / "AB.xlsx"
    sheet_template.write(file, "AB", messages(lang), lang, dataset=data)
    made = openpyxl.load_workbook(file)
    made.worksheets[1].delete_rows(1)
    made.save(file)
    assert read(file).dataset == data


def test_a_sheet_is_understood_by_its_ids_whatever_became_of_its_labels(tmp_path, data):
    file = tmp_path / "AB.xlsx"
    sheet_template.write(file, "AB", messages("fi"), "fi", dataset=data)
    made = openpyxl.load_workbook(file)
    for cell in made.worksheets[1][3]:
        cell.value = f"changed {cell.value}"
    made.save(file)
    assert read(file).dataset == data


SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed")
def test_libreoffice_keeps_drop_downs_protection_and_every_code(tmp_path, data):
    def converted(kind, folder, file):
        profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
        options = ["--headless", "--convert-to", kind, "--outdir", str(folder), str(file)]
        subprocess.run([SOFFICE, profile, *options], check=True, capture_output=True, timeout=120)
        return folder / f"AB.{kind}"

    file = tmp_path / "AB.xlsx"
    sheet_template.write(file, "AB", messages("fi"), "fi", dataset=data)
    ods = converted("ods", tmp_path, file)
    (tmp_path / "back").mkdir()
    back = converted("xlsx", tmp_path / "back", ods)
    assert read(ods).dataset == data
    assert read(back).dataset == data
    page = openpyxl.load_workbook(back).worksheets[1]
    covered = {
        menu.formula1: sum(len(list(area.cells)) for area in menu.sqref.ranges)
        for menu in page.data_validations.dataValidation
    }
    assert covered == {'"1,0,?,-"': 2 * 16, '"kyllä,ei"': 2 * 4}
    assert page.protection.sheet
    assert not page["G4"].protection.locked
    assert page["G3"].comment.text.startswith(TAXONOMY.features[0].definition.fi)


# Sheets made by hand


def test_a_sheet_in_opendocument_is_read_as_one_in_excel_or_csv(tmp_path, sound, data):
    rows = csv.reader(sound.read_text("utf-8").splitlines())
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    blank = "<table:table-cell/>"
    table = "".join(
        f"<table:table-row>{''.join(cell.format(v) if v else blank for v in row)}</table:table-row>"
        for row in rows
    )
    assert read(ods(tmp_path / "AB.ods", table)).dataset == data


def test_columns_may_be_in_any_order_and_language_and_rows_blank(tmp_path):
    file = tmp_path / "AB.csv"
    file.write_text(
        "\n".join(
            [
                "Kierros 2025;;;;;;;",
                ";;;;;;;",
                "osallisuus;CODER;Verksamhetsmodell;Stöd till familjer;goal-1;  Model  ID ;"
                "Tavoite: Jälkihuollon uudistaminen;goal-4;Note: Delaktighet",
                "x;AB;First;ja;x;M1;;;so",
                ";;;;;;;;",
                "Esiintyy;AB;Second;;;M2;kyllä;1;",
                "n/a;AB;Third;yes;no;M3;;;",
            ]
        ),
        "utf-8",
    )
    result = read(file)
    assert [str(problem) for problem in result.problems] == []
    assert codes(result) == {
        ("M1", "participation", "AB"): "1",
        ("M2", "participation", "AB"): "1",
        ("M3", "participation", "AB"): "-",
    }
    assert result.dataset.codings["note"].tolist() == ["so", "", ""]
    served = result.dataset.memberships.groupby("model_id")["goal_id"].agg(list)
    assert served.to_dict() == {
        "M1": ["goal-1", "goal-2"],
        "M2": ["goal-3", "goal-4"],
        "M3": ["goal-2"],
    }
    assert sheet_import.report(result) == [
        'read "n/a" as - in 1 code cell',
        'read "Esiintyy" as 1 in 1 code cell',
        'read "x" as 1 in 1 code cell',
        'read "1" as yes in 1 goal cell',
        'read "ja" as yes in 1 goal cell',
        'read "kyllä" as yes in 1 goal cell',
        'read "x" as yes in 1 goal cell',
        "AB.csv: 3 rows read; 1 above the headings skipped",
        "1 file, 1 sheet: 3 rows read, 1 skipped (1 above the headings)",
    ]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("1", [1, 1.0, "1.0", "1,0", "X", "kyllä", "Kyllä ", "ja", "JA", "yes", "true", True, "✓"]),
        ("0", [0, 0.0, "0,0", "ei", "nej", "no", "Ei esiinny", "Förekommer inte", "absent", False]),
        ("?", ["?", "epäselvä", "Oklart", "unclear"]),
        ("-", ["-", "–", "—", "−", "Ei sovellettavissa", "Inte tillämpligt", "not  applicable"]),
    ],
)
def test_codes_are_understood_in_all_languages(tmp_path, code, words):
    rows = [[f"M{n}", f"Model {n}", "AB", 1, 1, 1, 1, word, ""] for n, word in enumerate(words)]
    result = read(book(tmp_path / "AB.xlsx", [HEAD, *rows]))
    assert [str(problem) for problem in result.problems] == []
    assert set(codes(result).values()) == {code}
    assert sum(result.understood.values()) >= len({str(w) for w in words}) - 2


def test_a_word_that_can_mean_several_codes_is_not_guessed(tmp_path, shipped):
    own = shipped["own"].taxonomy
    several = [
        status for status in ("present", "absent") if list(own.counts_as.values()).count(status) > 1
    ]
    assert several == ["present"]
    model, feature = shipped["own"].models["model_id"].iloc[0], own.feature_ids[0]
    file = comma(tmp_path / "ZZ.csv", ["model_id", "coder_id", feature], [model, "ZZ", "x"])
    allowed = ", ".join(own.counts_as)
    assert problems(file, dataset=shipped["own"]) == [
        f'ZZ.csv, cell C2: found "x", allowed {allowed}'
    ]


def test_sheets_of_several_coders_make_one_data_set(tmp_path, sound):
    other = comma(
        tmp_path / "CD.csv",
        ["model_id", "coder_id", "osallisuus", "Note", "yhteiskehittäminen"],
        ["M2", "CD", "?", "read twice", "1"],
    )
    result = read(sound, other)
    assert codes(result) == {
        ("M1", "participation", "AB"): "1",
        ("M2", "participation", "AB"): "0",
        ("M2", "participation", "CD"): "?",
        ("M2", "co-creation", "CD"): "1",
    }
    models = result.dataset.models.set_index("model_id")
    assert models["note_CD"].to_dict() == {"M1": "", "M2": "read twice"}


def test_who_coded_can_be_said_once_for_all(tmp_path):
    head = [name for name in HEAD if name != "coder_id"]
    file = comma(tmp_path / "a.csv", head, ["M1", "First", 1, 1, 1, 1, 1, ""])
    assert set(codes(read(file, coder="AB"))) == {("M1", "participation", "AB")}
    assert problems(file) == [
        "a.csv, cell A2: allowed a coder's id; fill in coder_id, or say --coder"
    ]


def test_further_columns_are_kept_with_the_models(tmp_path):
    file = comma(
        tmp_path / "a.csv",
        [*HEAD, "model:url"],
        ["M1", "First", "AB", 1, 1, 1, 1, 1, "", "https://example.org"],
    )
    assert read(file).dataset.models["url"].tolist() == ["https://example.org"]


# Problems


TODAY = dt.date(2025, 5, 1)
MISTAKES = [
    [
        *("Malli", "Nimi", "Koodaaja", *GOALS, "Osallisuus", "Note: Osallisuus"),
        *("Yhteiskehittäminen", "Osalisuus", "co-creation", None, "Note", "networked"),
    ],
    ["M01", "All is well", "AB", "x", "x", "x", "x", "x", "why", None, None, None, None, "so", 1],
    ["M02", "A code", "AB", "x", None, None, None, 2],
    ["M03", "A word", "AB", "x", None, None, None, "maybe"],
    ["M04", "A fraction", "AB", "x", None, None, None, 0.3],
    ["M05", "A date", "AB", "x", None, None, None, TODAY],
    ["M06", "An error", "AB", "x", None, None, None, "#REF!"],
    ["M07", "A formula", "AB", "x", None, None, None, "=A1"],
    ["M08", "A goal", "AB", "perhaps", None, None, None, 1],
    [None, "No id", "AB", "x", None, None, None, 1],
    [TODAY, "A date for an id", "AB", "x", None, None, None, 1],
    ["#NAME?", "An error for an id", "AB", "x", None, None, None, 1],
    ["M13", "No coder", None, "x", None, None, None, 1],
    ["M15", None, "AB", "x", None, None, None, 1],
    ["M16", "=A1", "AB", "x", None, None, None, 1],
    ["M17", "No goal", "AB", None, None, None, None, 1],
    ["M18", "None served", "AB", "no", "ei", "nej", 0, 1],
    ["M19", "No code", "AB", "x", None, None, None, None, "a note"],
    ["M20", "An error for a note", "AB", "x", None, None, None, 1, "#DIV/0!"],
    ["M01", "All is well", "AB", "x", "x", "x", "x", 0, None],
    ["M01", None, "AB", None, None, None, None, None, "why not"],
    ["M01", None, "AB", None, None, None, None, None, None, None, None, None, None, "and so"],
    ["M20", None, "CD", None, None, None, None, None, None, None, None, None, "lost"],
]
SECOND = [["model_id", "name", "coder_id", *GOALS], ["M01", "Another", "CD", "x", "", "x", ""]]
# Each message on a line of its own, by file, sheet and cell.
MESSAGES = """\
AB.xlsx, sheet Coding, cell K1: found "Osalisuus", allowed model_id, name, coder_id, taxonomy_version, note, goal_id, feature_id, code, a goal, a feature, note:<feature>, model:<any name>; did you mean "Osallisuus"?
AB.xlsx, sheet Coding, cell L1: found "co-creation", allowed each column once; cell J1 is feature:co-creation too
AB.xlsx, sheet Coding, cell H3: found "2", allowed 1, 0, ?, -
AB.xlsx, sheet Coding, cell H4: found "maybe", allowed 1, 0, ?, -
AB.xlsx, sheet Coding, cell H5: found "0.3", allowed 1, 0, ?, -
AB.xlsx, sheet Coding, cell H6: found "2025-05-01", allowed 1, 0, ?, -; the spreadsheet program made a date of what was typed
AB.xlsx, sheet Coding, cell H7: found "#REF!", allowed 1, 0, ?, -; the formula in this cell failed
AB.xlsx, sheet Coding, cell H8: found "=A1", allowed 1, 0, ?, -; the formula was never computed; open the file and save it, or type the value
AB.xlsx, sheet Coding, cell D9: found "perhaps", allowed yes, no
AB.xlsx, sheet Coding, cell A10: found nothing, allowed the model's id; the row is filled in
AB.xlsx, sheet Coding, cell A11: found "2025-05-01", allowed a text; the spreadsheet program made a date of what was typed
AB.xlsx, sheet Coding, cell A12: found "#NAME?", allowed a text; the formula in this cell failed
AB.xlsx, sheet Coding, cell C13: allowed a coder's id; fill in coder_id, or say --coder
AB.xlsx, sheet Coding, cell A14: found "M15"; the model needs a name
AB.xlsx, sheet Coding, cell B15: found "=A1", allowed a text; the formula was never computed; open the file and save it, or type the value
AB.xlsx, sheet Coding, cell A16: found "M17"; the model needs at least one goal
AB.xlsx, sheet Coding, cell A17: found "M18"; the model needs at least one goal
AB.xlsx, sheet Coding, cell I18: found "a note"; coder AB, model M19: the note has no code beside it
AB.xlsx, sheet Coding, cell I19: found "#DIV/0!", allowed a text; the formula in this cell failed
AB.xlsx, sheet Coding, cell H20: found "0"; coder AB, model M01: AB.xlsx, sheet Coding, cell H2 has "1"
AB.xlsx, sheet Coding, cell I21: found "why not"; coder AB, model M01: AB.xlsx, sheet Coding, cell I2 has "why"
AB.xlsx, sheet Coding, cell N22: found "and so"; coder AB, model M01: AB.xlsx, sheet Coding, cell N2 has "so"
AB.xlsx, sheet Coding, cell M23: found "lost"; its column has no heading; write one, or delete the cell
CD.csv, cell B2: found "Another"; model M01: AB.xlsx, sheet Coding, cell B2 has "All is well"
CD.csv, cell D2: found "goal-1, goal-3"; model M01: AB.xlsx, sheet Coding, cell D2 has "goal-1, goal-2, goal-3, goal-4"
"""  # noqa: E501 - the messages are as long as they are


def test_each_of_25_mistakes_is_told_with_its_cell(tmp_path):
    files = [book(tmp_path / "AB.xlsx", MISTAKES), comma(tmp_path / "CD.csv", *SECOND)]
    assert problems(*files) == MESSAGES.strip().splitlines()


MODELS_LEFT = ["M02", "M03", "M04", "M05", "M06", "M07", "M19", "M20"]


def test_with_partial_the_rest_is_read_and_what_is_left_out_is_told(tmp_path):
    files = [book(tmp_path / "AB.xlsx", MISTAKES), comma(tmp_path / "CD.csv", *SECOND)]
    result = read(*files, partial=True)
    assert [str(problem) for problem in result.problems] == MESSAGES.strip().splitlines()
    data = result.dataset
    assert data.models["model_id"].tolist() == MODELS_LEFT
    assert codes(result) == {("M20", "participation", "AB"): "1"}


def test_a_code_that_is_left_out_takes_its_note_along(tmp_path, sound):
    row = ["M3", "Third", "AB", 1, "", "", "", "perhaps", "a note"]
    file = comma(tmp_path / "b.csv", HEAD, row)
    expected = 'b.csv, cell H2: found "perhaps", allowed 1, 0, ?, -'
    assert problems(sound, file) == [expected]
    assert ("M3", "participation", "AB") not in codes(read(sound, file, partial=True))


def test_a_goal_that_no_model_has_is_left_to_the_data_set(tmp_path):
    file = comma(tmp_path / "a.csv", HEAD, ["M1", "First", "AB", 1, 1, 1, "", 1, ""])
    result = read(file)
    assert result.problems == ()
    assert result.dataset.memberships["goal_id"].tolist() == ["goal-1", "goal-2", "goal-3"]


def test_a_file_without_headings_is_told_with_its_sheets(tmp_path):
    file = book(tmp_path / "a.xlsx", [["something"], ["else"]], title="Sheet7")
    assert problems(file) == [
        "a.xlsx, sheet Sheet7: allowed a row of headings: model_id and a column for each "
        "feature; no row has such headings; the sheet is not read"
    ]


def test_a_sheet_without_models_is_told(tmp_path):
    file = comma(tmp_path / "a.csv", HEAD[1:], ["First", "AB", 1, 1, 1, 1, 1, ""])
    assert problems(file) == [
        "a.csv: allowed a column model_id; row 1 has none; the sheet is not read"
    ]


def test_sheets_with_nothing_filled_in_are_told(tmp_path):
    sheet_template.write(tmp_path / "AB.xlsx", "AB", messages("fi"), "fi")
    assert problems(tmp_path / "AB.xlsx") == ["all sheets: allowed a filled-in row; there is none"]


def test_a_heading_that_can_mean_several_columns_is_told(tmp_path, shipped):
    own = shipped["own"]
    goals = own.taxonomy.goals[0]
    features = own.features.copy()
    features.loc[0, "label_en"] = goals.label.en
    clash = Dataset(
        "own", own.info, own.models, own.memberships, own.codings, features, own.goals, own.codes
    )
    file = comma(tmp_path / "a.csv", ["model_id", "coder_id", goals.label.en], ["x", "ZZ", 1])
    first = own.taxonomy.feature_ids[0]
    told = problems(file, dataset=clash)[0]
    assert told == (
        f'a.csv, cell C1: found "{goals.label.en}", allowed feature:{first}, goal:{goals.id}; '
        "ambiguous heading; write the id"
    )


def test_a_refused_file_is_told_among_the_other_problems(tmp_path, sound):
    (tmp_path / "CD.xlsx").write_bytes(b"PK")
    assert [one.partition(" (")[0] for one in problems(tmp_path / "CD.xlsx", sound)] == [
        'CD.xlsx: found "a broken file'
    ]
    assert len(codes(read(tmp_path / "CD.xlsx", sound, partial=True))) == 2


# Into a data set that is there


def test_codes_of_a_further_coder_are_added(tmp_path, data):
    file = comma(tmp_path / "CD.csv", ["model_id", "coder_id", "participation"], ["M1", "CD", "ei"])
    result = read(file, dataset=data)
    assert codes(result) == {
        ("M1", "participation", "AB"): "1",
        ("M1", "participation", "CD"): "0",
        ("M2", "participation", "AB"): "0",
    }
    assert result.dataset.models.equals(data.models)
    assert result.dataset.memberships.equals(data.memberships)


def test_reading_a_sheet_again_changes_nothing(sound, data):
    assert read(sound, dataset=data).dataset == data


def test_a_model_that_the_data_set_does_not_know_is_told(tmp_path, data):
    head = ["model_id", "coder_id", "participation"]
    file = comma(tmp_path / "CD.csv", head, ["m1", "CD", 1], ["X", "CD", 1])
    assert problems(file, dataset=data) == [
        'CD.csv, cell A2: found "m1", allowed M1, M2; did you mean "M1"?',
        'CD.csv, cell A3: found "X", allowed M1, M2; '
        "add a new model to models.csv and memberships.csv",
    ]


def test_what_differs_from_the_data_set_is_told_and_goals_and_names_are_never_changed(
    tmp_path, data
):
    row = ["M1", "Other", "AB", "", "", 1, "", 0, "because"]
    file = comma(tmp_path / "a.csv", HEAD, row)
    told = [
        'a.csv, cell B2: found "Other"; model M1: models.csv has "First"',
        'a.csv, cell F2: found "goal-3"; model M1: memberships.csv has "goal-1, goal-2"',
    ]
    codes_told = [
        'a.csv, cell H2: found "0"; coder AB, model M1: codings.csv has "1"; '
        "--update takes the sheet's",
        'a.csv, cell I2: found "because"; coder AB, model M1: codings.csv has "why"; '
        "--update takes the sheet's",
    ]
    assert problems(file, dataset=data) == [*told, *codes_told]
    assert problems(file, dataset=data, update=True) == told
    kept = read(file, dataset=data, partial=True)
    assert kept.dataset == data


def test_an_update_takes_all_of_a_coders_codes_on_a_model_and_no_others(tmp_path, data):
    head = ["model_id", "coder_id", "co-creation", "note:co-creation"]
    file = comma(tmp_path / "a.csv", head, ["M1", "AB", 0, "new"])
    assert codes(read(file, dataset=data)) == {
        ("M1", "participation", "AB"): "1",
        ("M1", "co-creation", "AB"): "0",
        ("M2", "participation", "AB"): "0",
    }
    assert codes(read(file, dataset=data, update=True)) == {
        ("M1", "co-creation", "AB"): "0",
        ("M2", "participation", "AB"): "0",
    }


@pytest.mark.parametrize("cell", ["yess", "1"])
def test_an_update_keeps_the_code_of_a_cell_not_read(tmp_path, data, cell):
    head = ["model_id", "coder_id", "participation", "note:participation"]
    file = comma(tmp_path / "a.csv", head, ["M1", "AB", cell, ""], ["M2", "AB", 1, ""])
    again = comma(tmp_path / "b.csv", head, ["M1", "AB", 0, ""])  # differs, or what is not read
    result = read(file, again, dataset=data, update=True, partial=True)
    assert len(result.problems) == 1
    found = result.dataset.codings.set_index("model_id")[["code", "note"]].T.to_dict("list")
    assert found == {"M1": ["1", "why"], "M2": ["1", ""]}


def test_codes_of_coders_are_not_mixed_with_made_up_ones(sound, shipped):
    assert problems(sound, dataset=shipped["literal"], partial=True) == [
        'dataset.toml, key kind: found "reconstructed", allowed observed, synthetic; '
        "made-up codes and those of coders do not mix; name a new folder"
    ]


def test_the_version_of_the_features_is_recorded_where_it_is_not_the_data_sets(tmp_path, data):
    changes = pd.DataFrame(
        [
            (version, "2025-01-01", "", "Muutos.", "Ändring.", "Change.", "no")
            for version in ("2023.1", TAXONOMY.version)
        ],
        columns=taxonomy.CHANGE_COLUMNS,
    )
    older = replace(data, changes=changes)
    head = ["model_id", "coder_id", "taxonomy_version", "participation"]
    rows = [["M1", "CD", "2023.1", 1], ["M2", "CD", TAXONOMY.version, 1], ["M1", "EF", "", 1]]
    file = comma(tmp_path / "CD.csv", head, *rows)
    result = read(file, dataset=older)
    found = result.dataset.codings.set_index(["model_id", "coder_id"])["taxonomy_version"]
    assert found[found != ""].to_dict() == {("M1", "CD"): "2023.1"}
    datasets.save(result.dataset, tmp_path / "round")
    assert datasets.load(tmp_path / "round") == result.dataset
    again = tmp_path / "again.xlsx"
    sheet_template.write(again, "CD", messages("sv"), "sv", dataset=result.dataset)
    assert read(again, dataset=result.dataset).dataset == result.dataset


def test_an_unknown_version_of_the_features_is_told(tmp_path, data):
    head = ["model_id", "coder_id", "taxonomy_version", "participation"]
    file = comma(tmp_path / "CD.csv", head, ["M1", "CD", "1999", 1])
    assert problems(file, dataset=data) == [
        f'CD.csv, cell C2: found "1999", allowed {TAXONOMY.version}; unknown taxonomy version'
    ]
