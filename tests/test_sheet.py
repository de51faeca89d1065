"""What a coding sheet is when it is handed out."""

import re
import textwrap
import zipfile
from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

from soila_analysis import dataset as datasets
from soila_analysis import taxonomy
from soila_analysis.exchange import sheet_template
from soila_analysis.exchange.vocabulary import Vocabulary
from soila_analysis.figures.palette import BOX, MUTED, PALETTE, RULE, TEXT
from soila_analysis.language import LANGUAGES, messages

TAXONOMY = taxonomy.load()
TABS = {
    "fi": ["Ohje", "Koodaus", "Koodikirja"],
    "sv": ["Anvisning", "Kodning", "Kodbok"],
    "en": ["Instructions", "Coding", "Codebook"],
}


def written(path, lang="en", coder="AB", **options):
    sheet_template.write(path, coder, messages(lang), lang, **options)
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def books(tmp_path_factory, shipped):
    """The sheet of one coder of the review's data set, in each language."""
    folder = tmp_path_factory.mktemp("sheets")
    review = shipped["literal"]
    return {lang: written(folder / f"{lang}.xlsx", lang, dataset=review) for lang in LANGUAGES}


@pytest.fixture(scope="module")
def blank(tmp_path_factory):
    return written(tmp_path_factory.mktemp("sheets") / "blank.xlsx")


def headings(page):
    """The labels of the columns by their ids."""
    ids, labels = ([cell.value for cell in page[row]] for row in (1, 3))
    return dict(zip(ids, labels, strict=True))


def column(page, name):
    return next(cell.column for cell in page[1] if cell.value == name)


def cells(page, name):
    return [page.cell(row, column(page, name)) for row in range(4, page.max_row + 1)]


# The file


def test_equal_arguments_give_equal_bytes(tmp_path, shipped):
    files = [tmp_path / "1.xlsx", tmp_path / "2.xlsx"]
    for file in files:
        written(file, dataset=shipped["own"])
    assert files[0].read_bytes() == files[1].read_bytes()
    with zipfile.ZipFile(files[0]) as archive:
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        properties = archive.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", properties)) == {"2024-01-01T00:00:00Z"}


def test_a_file_that_is_there_is_overwritten_only_when_asked(tmp_path):
    file = tmp_path / "AB.xlsx"
    file.write_text("mine")
    with pytest.raises(FileExistsError, match=r"AB\.xlsx: it exists; name another file, or say"):
        written(file)
    assert file.read_text() == "mine"
    assert written(file, overwrite=True).sheetnames == TABS["en"]
    assert [one.name for one in tmp_path.iterdir()] == ["AB.xlsx"]


# The coding sheet


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sheet_has_a_column_for_each_goal_and_feature_in_order(books, lang):
    book = books[lang]
    assert book.sheetnames == TABS[lang]
    found = headings(book.worksheets[1])
    features = [part for f in TAXONOMY.feature_ids for part in (f"feature:{f}", f"note:{f}")]
    goals = [f"goal:{goal}" for goal in TAXONOMY.goal_ids]
    ends = ["note", "coder_id", "taxonomy_version"]
    assert list(found) == ["model_id", "name", *goals, *features, *ends]
    labels = TAXONOMY.labels(lang)
    assert [found[f"feature:{f}"] for f in TAXONOMY.feature_ids] == list(labels.values())[:16]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_heading_that_is_written_is_understood(books, lang):
    words = Vocabulary(TAXONOMY)
    found = headings(books[lang].worksheets[1])
    assert {id_: words.column_ids(label) for id_, label in found.items()} == {
        id_: {id_} for id_ in found
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_of_a_drop_down_is_understood(lang):
    words, say = Vocabulary(TAXONOMY), messages(lang)
    assert (words.goal(say("sheet.yes")), words.goal(say("sheet.no"))) == ("yes", "no")


def test_codes_and_goals_have_drop_downs_on_every_row(books):
    page = books["fi"].worksheets[1]
    offered = {menu.formula1: menu for menu in page.data_validations.dataValidation}
    assert set(offered) == {'"1,0,?,-"', '"kyllä,ei"'}
    for formula, kind in (('"1,0,?,-"', "feature:"), ('"kyllä,ei"', "goal:")):
        menu = offered[formula]
        of_kind = [name for name in headings(page) if name.startswith(kind)]
        listed = {c.coordinate for name in of_kind for c in cells(page, name)}
        covered = {c for area in menu.sqref.ranges for row in area.rows for c in row}
        assert {f"{openpyxl.utils.get_column_letter(c)}{r}" for r, c in covered} == listed
        assert menu.showErrorMessage
        assert menu.allow_blank


def test_a_scale_of_its_own_is_offered(tmp_path, shipped):
    page = written(tmp_path / "own.xlsx", dataset=shipped["own"]).worksheets[1]
    codes = ",".join(shipped["own"].taxonomy.counts_as)
    assert f'"{codes}"' in {menu.formula1 for menu in page.data_validations.dataValidation}


@pytest.mark.parametrize(
    ("codes", "offered", "told"),
    [
        ([f"{n:03}" for n in range(30)], True, True),
        ([f"{n:03}" for n in range(60)], True, False),  # 255 characters are told
        ([f"{n:03}" for n in range(65)], False, False),  # and 255 are listed
        (["\U0001d7d9" * 30 + str(n) for n in range(5)], False, False),  # two each, to Excel
        (["1", "0,5"], False, False),
        (["1", '"'], False, False),
    ],
)
def test_codes_are_offered_as_far_as_excel_can(tmp_path, codes, offered, told):
    own = replace(TAXONOMY, codes=tuple(replace(TAXONOMY.codes[0], code=code) for code in codes))
    page = written(tmp_path / "own.xlsx", coded_by=own).worksheets[1]
    menus = [m for m in page.data_validations.dataValidation if m.formula1 != '"yes,no"']
    assert [menu.formula1 for menu in menus] == [f'"{",".join(codes)}"'] * offered
    assert [menu.error is not None for menu in menus] == [told] * offered


def test_the_definition_is_a_comment_on_the_heading(books):
    page = books["sv"].worksheets[1]
    for feature in TAXONOMY.features:
        comment = page.cell(3, column(page, f"feature:{feature.id}")).comment.text
        assert comment.startswith(feature.definition.sv)


def test_models_stay_in_sight_and_ids_out_of_it(books):
    page = books["fi"].worksheets[1]
    assert page.freeze_panes == "C4"
    assert [page.row_dimensions[row].hidden for row in (1, 2, 3)] == [True, True, False]
    assert (page.print_title_rows, page.print_title_cols) == ("$3:$3", "$A:$B")
    assert {one.page_setup.orientation for one in books["fi"].worksheets} == {"landscape"}


def test_sorting_and_filtering_leave_the_ids_where_they_are(books):
    """An empty row ends what programs sort; `test_cases` lets LibreOffice sort a sheet."""
    page = books["fi"].worksheets[1]
    last = openpyxl.utils.get_column_letter(page.max_column)
    assert page.auto_filter.ref == f"A3:{last}{page.max_row}"
    assert {cell.value for cell in page[2]} == {None}
    assert page[1][0].value == "model_id"
    assert not page.protection.sort
    assert not page.protection.autoFilter


def test_only_what_the_coder_fills_in_is_open_and_no_password_is_set(books):
    page = books["fi"].worksheets[1]
    locked = {name: {c.protection.locked for c in cells(page, name)} for name in headings(page)}
    filled = {name for name in locked if name.startswith(("feature:", "note"))}
    assert {name for name, state in locked.items() if state == {False}} == filled
    assert {name for name, state in locked.items() if state == {True}} == set(locked) - filled
    for one in books["fi"].worksheets:
        assert one.protection.sheet
        assert one.protection.password is None


def test_blank_rows_are_open_for_models_and_goals_too(blank):
    page = blank.worksheets[1]
    assert len(cells(page, "model_id")) == sheet_template.BLANK_ROWS
    for name in ("model_id", "name", "goal:goal-1"):
        assert {c.value for c in cells(page, name)} == {None}
        assert not any(c.protection.locked for c in cells(page, name))
    assert {c.value for c in cells(page, "coder_id")} == {"AB"}
    assert {c.value for c in cells(page, "taxonomy_version")} == {TAXONOMY.version}


def test_a_coder_finds_models_goals_and_own_codes_filled_in(tmp_path, shipped):
    data = shipped["own"]
    coder = data.codings["coder_id"].iloc[0]
    page = written(tmp_path / "own.xlsx", coder=coder, dataset=data).worksheets[1]
    assert [c.value for c in cells(page, "model_id")] == data.models["model_id"].tolist()
    served = sum(
        c.value == "yes" for goal in data.taxonomy.goal_ids for c in cells(page, f"goal:{goal}")
    )
    coded = sum(
        c.value is not None
        for feature in data.taxonomy.feature_ids
        for c in cells(page, f"feature:{feature}")
    )
    assert served == len(data.memberships)
    assert coded == data.codings["coder_id"].eq(coder).sum()


def test_another_coder_finds_no_codes(books):
    page = books["fi"].worksheets[1]
    coded = {c.value for f in TAXONOMY.feature_ids for c in cells(page, f"feature:{f}")}
    assert coded == {None}


def test_a_list_of_models_is_filled_in_with_its_further_columns(tmp_path):
    table = tmp_path / "models.csv"
    table.write_text("model_id;name;url;note_CD\n1;Yksi;https://example.org;secret\n", "utf-8")
    page = written(tmp_path / "AB.xlsx", models=sheet_template.listed(table)).worksheets[1]
    first = {name: cells(page, name)[0].value for name in headings(page)}
    assert [first[name] for name in ("model_id", "name", "model:url")] == [
        1,
        "Yksi",
        "https://example.org",
    ]
    assert "secret" not in first.values()


def test_a_list_of_models_that_is_wrong_is_refused_with_all_its_faults(tmp_path):
    table = tmp_path / "list.csv"
    table.write_text("model_id,name\nM1,\nM1,Again\n", "utf-8")
    with pytest.raises(datasets.DatasetError) as caught:
        sheet_template.listed(table)
    assert [str(problem) for problem in caught.value.problems] == [
        "list.csv:2, column name: found nothing, allowed any text",
        'list.csv:3, column model_id: found "M1"; already on line 2',
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "#N/A", "#REF!"])
def test_text_is_never_a_formula(tmp_path, text):
    models = pd.DataFrame({"model_id": ["M1"], "name": [text]})
    page = written(tmp_path / "AB.xlsx", models=models).worksheets[1]
    cell = page.cell(4, 2)
    assert (cell.value, cell.data_type, cell.number_format) == (text, "s", "@")


def test_markup_of_a_workbook_is_text_too(tmp_path):
    text = "<r><t>1 & 2</t></r>"
    models = pd.DataFrame({"model_id": ["M1"], "name": [text]})
    page = written(tmp_path / "AB.xlsx", models=models).worksheets[1]
    assert page.cell(4, 2).value.rstrip() == text


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("x" * 32_768, "at most 32767 characters, as a cell holds"),
        ("\U0001f642" * 16_384, "at most 32767 characters, as a cell holds"),
        ("a_x0041_x0042_", "escapes such as _x0041_ apart from one another"),
    ],
)
def test_a_text_that_a_cell_cannot_hold_is_refused(tmp_path, text, allowed):
    models = pd.DataFrame({"model_id": ["M1"], "name": [text]})
    with pytest.raises(datasets.DatasetError, match=f"allowed {allowed}"):
        written(tmp_path / "AB.xlsx", models=models)
    assert not any(tmp_path.iterdir())


# Instructions and codebook


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_instructions_say_whose_sheet_it_is_and_of_what(books, shipped, lang):
    rows = [[c.value for c in row[:2]] for row in books[lang].worksheets[0].iter_rows()]
    said = dict(rows)
    say = messages(lang)
    assert said[say("sheet.coder")] == "AB"
    assert said[say("sheet.language")] == say(f"site.language.{lang}")
    assert said[say("sheet.dataset")] == shipped["literal"].info.title[lang]
    assert said[say("sheet.version")] == TAXONOMY.version
    assert said[say("sheet.kind")] == say("badge.reconstructed")
    assert {code.label[lang] for code in TAXONOMY.codes} <= {text for _, text in rows}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_headings_of_the_codebook_are_not_cut(books, lang):
    page = books[lang].worksheets[2]
    sized = page.column_dimensions.values()
    widths = {n: one.width for one in sized for n in range(one.min, one.max + 1)}
    for cell in page[3]:
        width = widths[cell.column]
        lines = textwrap.wrap(str(cell.value or ""), int(0.8 * width))
        assert page.row_dimensions[3].height >= 13 * len(lines)


def test_the_codebook_has_what_the_taxonomy_has_and_room_for_the_coders_own_words(books):
    page = books["en"].worksheets[2]
    rows = list(page.iter_rows(min_row=4, max_row=19))
    assert [row[0].value for row in rows] == [feature.label.en for feature in TAXONOMY.features]
    assert [row[1].value for row in rows] == [f.definition.en for f in TAXONOMY.features]
    assert {cell.value for row in rows for cell in row[3:6]} == {None}
    assert not any(cell.protection.locked for row in rows for cell in row[3:6])
    assert all(cell.value.startswith("For your own use") for cell in page[3][3:6])
    assert TAXONOMY.short("kuivalainen-2022", "en") in rows[13][6].value
    listed = {row[0].value: row[1].value for row in page.iter_rows(min_row=20)}
    assert listed[TAXONOMY.short("kuivalainen-2022", "en")] == "Kuivalainen et al. 2022."


def test_the_colours_are_those_of_the_figures(books):
    known = {colour[1:].upper() for colour in (*PALETTE, BOX, RULE, TEXT, MUTED)}
    used = {
        colour.rgb[2:]
        for page in books["en"].worksheets
        for row in page.iter_rows(max_row=5)
        for cell in row
        for colour in (cell.fill.start_color, cell.font.color)
        if colour is not None and isinstance(colour.rgb, str) and colour.rgb[2:] != "000000"
    }
    assert used - {"FFFFFF"} <= known
