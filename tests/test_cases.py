"""Files as they come back from coders: read as typed, or refused with what to do."""

import csv
import re
import shutil
import subprocess
import zipfile
from xml.sax.saxutils import escape

import openpyxl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment
from test_grids import zipped

from soila_analysis import dataset as datasets
from soila_analysis import taxonomy
from soila_analysis.dataset import DatasetInfo
from soila_analysis.dataset.problems import listing
from soila_analysis.exchange import sheet_import, sheet_template
from soila_analysis.language import LANGUAGES, messages

TAXONOMY = taxonomy.load()
INFO = DatasetInfo(
    title=dict.fromkeys(LANGUAGES, "Round"),
    kind="observed",
    source="Coders.",
    licence="CC0-1.0",
    round="2025",
    taxonomy=TAXONOMY.version,
)
FEATURES = TAXONOMY.feature_ids
GOALS = [f"goal:{goal}" for goal in TAXONOMY.goal_ids]
HEAD = ["model_id", "name", *GOALS, *(f"feature:{one}" for one in FEATURES), "coder_id"]
SCALE = ["1", "0", "?", "-"]


def typed(model, feature, shift=0):
    """The code that a coder typed."""
    return SCALE[(model * 3 + feature + shift) % 4]


def lines(coder="AB", models=range(1, 9), ident="M{:02}", shift=0):
    """The rows of a good sheet, without its headings."""
    return [
        [
            ident.format(n),
            f"Malli {n:02}",
            *("yes" if n % 4 == goal else "" for goal in (1, 2, 3, 0)),
            *(typed(n, feature, shift) for feature in range(len(FEATURES))),
            coder,
        ]
        for n in models
    ]


def book(path, rows, title="Coding", **sheets):
    """Write a workbook of a sheet and further ones; whole numbers as numbers."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, table in {title: rows, **sheets}.items():
        page = made.create_sheet(name)
        for row in table:
            page.append([int(v) if str(v) in ("0", "1") else v or None for v in row])
    made.save(path)
    return path


def changed(path, change):
    """Change a workbook as somebody does who opens it."""
    made = openpyxl.load_workbook(path)
    change(made.worksheets[0])
    made.save(path)
    return path


def text(path, rows, delimiter=";", before=""):
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(before)
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def read(*files, into=INFO, **options):
    return sheet_import.collect(list(files), into, name="round", **options)


def codes(result):
    """The codes of a data set by model, feature and coder."""
    rows = result.dataset.codings[["model_id", "feature_id", "coder_id", "code"]]
    return {tuple(row[:3]): row[3] for row in rows.itertuples(index=False)}


def expected(coder="AB", models=range(1, 9), ident="M{:02}", shift=0):
    return {
        (ident.format(n), feature, coder): typed(n, place, shift)
        for n in models
        for place, feature in enumerate(FEATURES)
    }


def refused(*files, **options):
    """What is told of files that are refused; what is of one kind in one line."""
    result = read(*files, **options)
    assert result.dataset is None
    return listing(result.problems)


def right(*files, **options):
    """Read files that hold what coder AB has typed of eight models, and nothing else."""
    result = read(*files, **options)
    assert listing(result.problems) == []
    assert codes(result) == expected()
    return result


# Every row is read, or told


def own_sheet(folder, rows):
    """A sheet of ours in Finnish, filled in, as a list of rows."""
    file = folder / "own.xlsx"
    models = sheet_template.pd.DataFrame(
        {"model_id": [r[0] for r in rows], "name": [r[1] for r in rows]}
    )
    sheet_template.write(file, "AB", messages("fi"), "fi", models=models)
    page = openpyxl.load_workbook(file).worksheets[1]
    heads = [[cell.value for cell in page[row]] for row in (3, 1)]
    filled = [dict(zip(HEAD, row, strict=True)) for row in rows]
    version = {"taxonomy_version": TAXONOMY.version}
    return heads, [[{**row, **version}.get(one, "") for one in heads[1]] for row in filled]


SORT = """
Sub Sorted(source As String, target As String)
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  Dim form(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden" : hidden(0).Value = True
  form(0).Name = "FilterName" : form(0).Value = "Calc MS Excel 2007 XML"
  book = StarDesktop.loadComponentFromURL(source, "_blank", 0, hidden())
  page = book.Sheets.getByIndex(1)
  page.unprotect("")
  book.CurrentController.setActiveSheet(page)
  book.CurrentController.select(page.getCellByPosition(1, 4))
  sender = createUnoService("com.sun.star.frame.DispatchHelper")
  sender.executeDispatch(book.CurrentController.Frame, ".uno:SortDescending", "", 0, Array())
  book.storeToURL(target, form())
  book.close(True)
End Sub
"""


@pytest.mark.skipif(not shutil.which("soffice"), reason="no LibreOffice is here to sort a sheet")
def test_libreoffice_sorts_a_sheet_of_ours_and_all_codes_stay(tmp_path):
    profile = tmp_path / "profile"
    office = ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore"]
    subprocess.run([*office, "--terminate_after_init"], check=True, timeout=120)
    macro = escape(SORT)
    (profile / "user/basic/Standard/Module1.xba").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><script:module '
        'xmlns:script="http://openoffice.org/2000/script" script:name="Module1" '
        f'script:language="StarBasic">{macro}</script:module>'
    )
    data = read(text(tmp_path / "a.csv", [HEAD, *lines(models=range(1, 31))])).dataset
    sheet, back = tmp_path / "sheet.xlsx", tmp_path / "back.xlsx"
    sheet_template.write(sheet, "AB", messages("fi"), "fi", dataset=data)
    call = f'macro:///Standard.Module1.Sorted("{sheet.as_uri()}","{back.as_uri()}")'
    subprocess.run([*office, call], check=True, timeout=120)
    found = [
        row[0].value for row in openpyxl.load_workbook(back).worksheets[1].iter_rows(min_row=4)
    ]
    assert found == [f"M{n:02}" for n in range(30, 0, -1)]
    result = read(back)
    assert listing(result.problems) == []
    assert codes(result) == expected(models=range(1, 31))


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_sheet_of_ours_may_be_sorted_with_its_row_of_ids(tmp_path, kind):
    """A spreadsheet program takes but the first row for headings; permuted here by hand."""
    heads, rows = own_sheet(tmp_path, lines())
    for place in (0, 1, 5, 8):
        table = [heads[0], *rows[:place], heads[1], *rows[place:]]
        for order in (table, [*rows[:place], heads[1], *rows[place:], heads[0]]):
            file = tmp_path / f"sorted.{kind}"
            (book if kind == "xlsx" else text)(file, order)
            assert right(file).tally[-1].startswith("1 file, 1 sheet: 8 rows read, 0 skipped")


def test_a_second_table_below_the_first_is_read_with_headings_of_its_own(tmp_path):
    turned = [row[::-1] for row in [HEAD, *lines("CD", shift=1)]]
    file = book(tmp_path / "both.xlsx", [HEAD, *lines(), [], ["Toinen koodaaja"], *turned])
    told = refused(file)
    assert len(told) == 1
    assert "cell W11: allowed a coder's id" in told[0]
    file = book(tmp_path / "both.xlsx", [HEAD, *lines(), [], *turned])
    assert codes(read(file)) == expected() | expected("CD", shift=1)


def test_a_sheet_that_is_not_read_is_refused_beside_one_that_is(tmp_path):
    file = book(tmp_path / "a.xlsx", [HEAD, *lines()], Muistio=[["Soita Liisalle"], ["ja Matille"]])
    assert refused(file) == [
        "a.xlsx, sheet Muistio: allowed a row of headings: model_id and a column for each feature; "
        "no row has such headings; the sheet is not read"
    ]
    assert codes(read(file, partial=True)) == expected()


@pytest.mark.parametrize(
    ("above", "skipped"),
    [
        (["Koodaus, kevät 2025"], True),
        (["Koodaaja:", "AB"], True),
        (["", "", "Tavoitteet", "", "", "", "Piirteet"], True),
        (["M99", "Malli 99", *[""] * 21], False),
    ],
)
def test_a_title_is_skipped_and_said_and_what_may_be_a_model_is_refused(tmp_path, above, skipped):
    for file in (
        book(tmp_path / "a.xlsx", [above, HEAD, *lines()]),
        text(tmp_path / "a.csv", [above, HEAD, *lines()]),
    ):
        if skipped:
            assert "1 above the headings" in right(file).tally[-1]
        else:
            assert "a row above the headings is not read" in refused(file)[0]


def test_hidden_sheets_and_rows_are_read_and_said_and_very_hidden_ones_refused(tmp_path):
    file = book(tmp_path / "a.xlsx", [HEAD, *lines()[:4]], Second=[HEAD, *lines()[4:]])
    made = openpyxl.load_workbook(file)
    made["Second"].sheet_state = "hidden"
    made["Coding"].row_dimensions[3].hidden = True
    made["Coding"].column_dimensions["B"].hidden = True
    made.save(file)
    assert right(file).tally[:2] == (
        "a.xlsx, sheet Coding: 4 rows read; 1 of these rows hidden; 1 column hidden, read",
        "a.xlsx, sheet Second: 4 rows read; hidden sheet, read",
    )
    made["Second"].sheet_state = "veryHidden"
    made.save(file)
    assert refused(file) == [
        "a.xlsx, sheet Second: a very hidden sheet is not read; "
        "let the sheet be shown, or delete it"
    ]


def test_comments_on_codes_are_notes_and_others_are_said_not_to_be_read(tmp_path):
    def comment(page):
        page["G2"].comment = Comment("Eva:\nsivu 4", "Eva")
        page["B2"].comment = Comment("kysy", "Eva")
        page["G1"].comment = Comment("a definition", "Eva")

    result = right(changed(book(tmp_path / "a.xlsx", [HEAD, *lines()]), comment))
    notes = result.dataset.codings.query("note != ''")
    assert notes[["model_id", "feature_id", "note"]].to_numpy().tolist() == [
        ["M01", FEATURES[0], "sivu 4"]
    ]
    assert result.tally[0].endswith("; 1 cell comment read as notes; 1 cell comment not read")


def test_rows_that_are_refused_are_not_counted_as_read(tmp_path):
    rows = [*lines(), ["", "No id", *[""] * 20, "AB"], ["Yhteensä", *[""] * 21, "AB"]]
    result = read(book(tmp_path / "a.xlsx", [HEAD, *rows]), partial=True)
    assert codes(result) == expected()
    assert result.tally[-1] == "1 file, 1 sheet: 8 rows read, 2 skipped (2 refused)"


def test_a_row_of_totals_is_named_as_one(tmp_path):
    total = ["Yhteensä", "", 2, 2, 2, 2, *[8] * len(FEATURES), ""]
    told = "it looks like a row of totals; delete it"
    for row in (total, ["", *total[1:]]):
        (line,) = refused(book(tmp_path / "a.xlsx", [HEAD, *lines(), row]))
        assert line.startswith("a.xlsx, sheet Coding, cell A10: ")
        assert line.endswith(told)


@pytest.mark.parametrize("word", [False, "FALSE", "epätosi", "FALSKT"])
def test_check_boxes_that_nobody_ticked_make_no_models(tmp_path, word):
    rows = [*lines(), *[["", "", *[word] * (len(HEAD) - 3), ""]] * 50]
    assert "50 with unticked boxes only" in right(text(tmp_path / "a.csv", [HEAD, *rows])).tally[-1]


def test_a_word_in_a_column_without_a_heading_is_named_by_its_own_cell(tmp_path):
    file = changed(
        book(tmp_path / "a.xlsx", [HEAD, *lines()]), lambda page: page.cell(7, 26, "täällä")
    )
    assert refused(file) == [
        'a.xlsx, sheet Coding, cell Z7: found "täällä"; its column has no heading; '
        "write one, or delete the cell"
    ]


def test_a_label_that_contradicts_the_id_above_it_is_refused(tmp_path):
    labels = TAXONOMY.labels("sv")
    heads = [*HEAD[:2], *GOALS, *(labels[one] for one in (FEATURES[1], *FEATURES[1:])), "Kodare"]
    (line, *_) = refused(text(tmp_path / "a.csv", [HEAD, [], heads, *lines()]))
    assert line.startswith(f'a.csv, cell G3: found "{heads[6]}"; cell G1 says that it is feature:')


# Merged cells


@pytest.mark.parametrize("area", ["C2:C3", "G2:J2", "A2:A3", "G2:H3"])
def test_merged_cells_are_named_as_the_cause(tmp_path, area):
    file = book(tmp_path / "a.xlsx", [HEAD, *lines()])
    (line,) = refused(changed(file, lambda page: page.merge_cells(area)))
    assert f"cell {area[:2]}: " in line
    assert "unmerge them" in line


def test_what_is_hidden_under_merged_cells_is_told(tmp_path):
    file = book(tmp_path / "a.xlsx", [HEAD, *lines()])
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    page = parts["xl/worksheets/sheet1.xml"].decode()
    merged = page.replace(
        "</sheetData>", '</sheetData><mergeCells><mergeCell ref="G2:H2"/></mergeCells>'
    )
    zipped(file, {**parts, "xl/worksheets/sheet1.xml": merged})
    assert f'(G2:H2; hidden under them: H2 "{typed(1, 1)}")' in refused(file)[0]


def test_a_title_over_merged_cells_is_a_title(tmp_path):
    file = book(tmp_path / "a.xlsx", [["Kierros"], HEAD, *lines()])
    right(changed(file, lambda page: page.merge_cells("A1:W1")))


# One form of ids


def test_a_number_shown_with_zeros_is_the_text_with_zeros(tmp_path):
    def shown(page):
        for row in range(2, 10):
            page.cell(row, 1, row - 1).number_format = "000"

    numbers = changed(book(tmp_path / "AB.xlsx", [HEAD, *lines()]), shown)
    words = text(tmp_path / "CD.csv", [HEAD, *lines("CD", ident="{:03}")])
    result = read(numbers, words)
    assert listing(result.problems) == []
    assert codes(result) == expected(ident="{:03}") | expected("CD", ident="{:03}")


UNSEEN = {"a zero-width space": "\u200b", "a byte order mark": "\ufeff", "a soft hyphen": "\u00ad"}


@pytest.mark.parametrize("mark", UNSEEN.values(), ids=UNSEEN)
def test_what_cannot_be_seen_in_an_id_does_not_count_and_is_said(tmp_path, mark):
    rows = lines(ident="M{:02}" + mark) if mark == "\u200b" else lines(ident="M" + mark + "{:02}")
    result = right(book(tmp_path / "AB.xlsx", [HEAD, *rows]))
    assert f"U+{ord(mark):04X}" in sheet_import.report(result)[0]


@pytest.mark.parametrize(
    ("ident", "other", "difference"),
    [("M{:02}", "m{:02}", "upper and lower case"), ("{}", "{:03}", "zeros")],
)
def test_ids_that_differ_by_case_or_zeros_are_refused_with_the_difference(
    tmp_path, ident, other, difference
):
    files = [
        text(tmp_path / "AB.csv", [HEAD, *lines(ident=ident)]),
        text(tmp_path / "CD.csv", [HEAD, *lines("CD", ident=other)]),
    ]
    told = refused(*files)
    assert told == [
        f'CD.csv, cell A2: found "{other.format(1)}"; model "{ident.format(1)}" in AB.csv, cell A2 '
        f"differs only by {difference}; write both the same if they are "
        "(and 7 more of this kind: A3, A4, A5, ...)"
    ]
    assert codes(read(*files, partial=True)) == expected(ident=ident)


def test_coders_that_differ_by_case_are_refused_and_one_name_has_one_id(tmp_path):
    other = text(tmp_path / "b.csv", [HEAD, *lines("ab", shift=1)])
    first = text(tmp_path / "a.csv", [HEAD, *lines()])
    assert refused(first, other) == [
        'b.csv, cell W2: found "ab"; coder "AB" in a.csv, cell W2 differs only by '
        "upper and lower case; write both the same if they are"
    ]
    other = text(tmp_path / "b.csv", [HEAD, *lines("CD", ident="X{}")])
    (line,) = refused(first, other)
    assert 'model "X1" has the name of model "M01" in a.csv, cell B2' in line


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    files = []
    for coder, shift in (("AB", 0), ("CD", 1)):
        (tmp_path / coder).mkdir()
        files.append(book(tmp_path / coder / "koodaus.xlsx", [HEAD, *lines(shift=shift)]))
    told = refused(*files)[0]
    assert told.startswith("CD/koodaus.xlsx, sheet Coding, cell G2: ")
    assert 'AB/koodaus.xlsx, sheet Coding, cell G2 has "' in told
    assert len(refused(*files)) < 4


# Missing is no finding


@pytest.mark.parametrize("word", ["NA", "NaN", "<NA>", "NULL", "Unassigned"])
def test_a_missing_value_of_another_program_is_no_code(tmp_path, word):
    rows = [[word if v == "-" else v for v in row] for row in lines()]
    result = read(text(tmp_path / "a.csv", [HEAD, *rows]))
    assert codes(result) == {key: code for key, code in expected().items() if code != "-"}
    assert any(f'read "{word}" as not assessed' in line for line in sheet_import.report(result))


# Good input


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("before", ["", "\ufeff\ufeff", "Koodaus, kevät 2025\n\n"])
def test_a_table_in_csv_is_read_whatever_stands_above_it(tmp_path, delimiter, before):
    right(text(tmp_path / "a.csv", [HEAD, *lines()], delimiter, before))


def test_headings_may_have_line_breaks_commas_and_numbers(tmp_path):
    labels = TAXONOMY.labels("fi")
    features = [f"{n}. {labels[one]}" for n, one in enumerate(FEATURES, 1)]
    head = ["Mallin\ntunniste", "Mallin\nnimi", *GOALS, *features, "Koodaaja"]
    assert any("," in one for one in features)
    right(
        text(tmp_path / "a.csv", [head, *lines()]), text(tmp_path / "b.csv", [head, *lines()], ",")
    )


@pytest.mark.parametrize(
    "heading", ["goal_id", "Tavoite", "Strategiset tavoitteet", "Mål", "Goals"]
)
@pytest.mark.parametrize("several", ["{}; {}", "{};{};", "{}\n{}", "{} | {}"])
def test_goals_may_be_named_in_one_column(tmp_path, heading, several):
    goals = [g.label["sv"] if heading == "Mål" else g.id for g in TAXONOMY.goals]
    head = ["model_id", "name", heading, *HEAD[6:]]
    rows = [
        [*row[:2], several.format(goals[0], goals[n % 4]), *row[6:]]
        for n, row in enumerate(lines())
    ]
    served = right(book(tmp_path / "a.xlsx", [head, *rows])).dataset.memberships
    assert len(served) == 8 + 6
    wrong = [[*rows[0][:2], "Perheiden tuk", *rows[0][3:]], *rows[1:]]
    assert "cell C2" in refused(book(tmp_path / "b.xlsx", [head, *wrong]))[0]


def test_a_table_with_a_row_a_code_is_read(tmp_path):
    wide = book(tmp_path / "wide.xlsx", [HEAD, *lines("CD", shift=1)])
    rows = [[*key, code, "why" * (code == "?")] for key, code in expected().items()]
    head = ["Malli", "Piirre", "Koodaaja", "Koodi", "Huomautus"]
    result = read(wide, text(tmp_path / "long.csv", [head, *rows]))
    assert listing(result.problems) == []
    assert codes(result) == expected() | expected("CD", shift=1)
    noted = result.dataset.codings.query("note == 'why'")
    assert set(noted["code"]) == {"?"}


def test_a_form_with_features_in_one_cell_says_what_is_present(tmp_path):
    labels = TAXONOMY.labels("fi")
    rows = [["M01", f"{labels[FEATURES[0]]};{labels[FEATURES[7]]};", "CD"]]
    file = text(tmp_path / "form.csv", [["Malli", "Piirteet", "Koodaaja"], *rows], ",")
    result = read(book(tmp_path / "a.xlsx", [HEAD, *lines()]), file)
    present = {("M01", FEATURES[0], "CD"): "1", ("M01", FEATURES[7], "CD"): "1"}
    assert codes(result) == expected() | present


def test_strict_open_xml_is_read(tmp_path):
    file = book(tmp_path / "a.xlsx", [HEAD, *lines()])
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for old, new in (
        (b"schemas.openxmlformats.org/spreadsheetml/2006", b"purl.oclc.org/ooxml/spreadsheetml"),
        (
            b"schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"purl.oclc.org/ooxml/officeDocument/relationships",
        ),
    ):
        parts = {
            name: part.replace(b"http://" + old, b"http://" + new) for name, part in parts.items()
        }
    right(zipped(file, parts))


OTHERS = {
    "a.numbers": ({"Index/Document.iwa": "x"}, "a file of Apple Numbers"),
    "a.xlsb": ({"xl/workbook.bin": "x"}, "a binary workbook of Excel (.xlsb)"),
    "a.docx": ({"word/document.xml": "<x/>"}, "a document of Word"),
    "~$a.xlsx": (b"\x05Liisa", "the lock of a file that is open elsewhere"),
    ".~lock.a.ods#": (b",liisa", "the lock of a file that is open elsewhere"),
    "a.xls": (b"<html><table><tr><td>1", "a web page named .xls"),
    "b.xls": (b'<?xml version="1.0"?><Workbook/>', "a spreadsheet in XML named .xls"),
    "a.gsheet": (b'{"url": "https://example.org"}', "data in JSON, or a mere link"),
    "a.pdf": (b"%PDF-1.7", "a PDF file named .pdf"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_kind_of_file_is_named(tmp_path, name):
    content, kind = OTHERS[name]
    if isinstance(content, dict):
        zipped(tmp_path / name, content)
    else:
        (tmp_path / name).write_bytes(content)
    assert refused(tmp_path / name)[0].startswith(f'{name}: found "{kind}')


def test_equal_faults_are_told_once(tmp_path):
    rows = [[*row[:6], *["ehkä"] * len(FEATURES), row[-1]] for row in lines(models=range(1, 2001))]
    result = read(text(tmp_path / "a.csv", [HEAD, *rows]))
    assert len(result.problems) == 2000 * len(FEATURES)
    assert listing(result.problems) == [
        'a.csv, cell G2: found "ehkä", allowed 1, 0, ?, - '
        "(and 31,999 more of this kind: H2, I2, J2, ...)"
    ]


# A taxonomy of its own


@pytest.mark.parametrize("lang", LANGUAGES)
def test_features_and_goals_of_its_own_go_out_and_come_back_by_sheets(tmp_path, call, lang):
    folder = tmp_path / "nuoret"
    folder.mkdir()
    names = ",".join(f"label_{one}" for one in LANGUAGES)
    (folder / "features.csv").write_text(f"feature_id,{names}\nf1,Eka,Ett,One\nf2,Toka,Två,Two\n")
    (folder / "goals.csv").write_text(f"goal_id,{names}\ng1,Koti,Hem,Home\n")
    models = tmp_path / "models.csv"
    models.write_text("model_id,name\nM1,Yksi\n")
    sheet = tmp_path / "AB.xlsx"
    options = ["--lang", lang, "--coder", "AB", "--models", models, "-o", sheet]
    assert call("sheet", "new", folder, *options).exit_code == 0
    made = openpyxl.load_workbook(sheet)
    page = made.worksheets[1]
    heads = {cell.value: cell.column for cell in page[1]}
    assert [one for one in heads if one.startswith(("goal:", "feature:"))] == [
        "goal:g1",
        "feature:f1",
        "feature:f2",
    ]
    for head, value in (("goal:g1", "x"), ("feature:f1", 1), ("feature:f2", 0)):
        page.cell(4, heads[head], value)
    made.save(sheet)
    about = ["--title", "T", "--source", "S", "--licence", "CC0-1.0"]
    done = call("sheet", "read", sheet, folder, *about)
    assert done.exit_code == 0, done.output
    data = datasets.load(folder)
    assert data.taxonomy.feature_ids == ("f1", "f2")
    assert data.info.taxonomy == "nuoret"
    assert data.codings["code"].tolist() == ["1", "0"]


# Whatever is done to files


@st.composite
def treatments(draw):
    """Two coders' rows in files, sheets and an order of their own, and what was done to them."""
    count = draw(st.integers(4, 6))
    models = range(1, count + 1)
    rows = draw(st.permutations([*lines("AB", models), *lines("CD", models, shift=1)]))
    cuts = sorted(draw(st.sets(st.integers(1, len(rows) - 1), max_size=3)))
    pieces = [rows[i:j] for i, j in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    columns = [draw(st.permutations(range(len(HEAD)))) for _ in pieces]
    kinds = draw(
        st.lists(st.sampled_from(["csv", "xlsx", "sheet", "below"]), min_size=4, max_size=4)
    )
    done = draw(st.sampled_from(["nothing", "hide", "merge", "very hide", "headings"]))
    at = draw(st.integers(0, 3)), draw(st.integers(2, 5)), draw(st.integers(1, len(HEAD) - 1))
    return count, pieces, columns, kinds, done, at


def laid_out(folder, pieces, columns, kinds, done, at):
    """Write the pieces to files; return the files and the pages that something was done to."""
    files, book_, number = [], None, 0
    for (piece, order), kind in zip(zip(pieces, columns, strict=True), kinds, strict=False):
        number += 1
        table = [[row[c] for c in order] for row in [HEAD, *piece]]
        if done == "headings":
            table = [*table[1 : at[0] + 1], table[0], *table[at[0] + 1 :]]
        if kind == "csv":
            files.append(text(folder / f"{number}.csv", table))
            continue
        if kind == "xlsx" or book_ is None:
            book_ = openpyxl.Workbook()
            files.append((folder / f"{number}.xlsx", book_))
            page = book_.active
        elif kind == "sheet":
            page = book_.create_sheet()
        for row in table:
            page.append([int(v) if v in ("0", "1") else v or None for v in row])
    for one in files:
        if isinstance(one, tuple):
            treated(one[1].worksheets[-1], done, at)
            one[1].create_sheet("Empty")
            one[1].save(one[0])
    return [one[0] if isinstance(one, tuple) else one for one in files]


def treated(page, done, at):
    if done == "hide":
        page.row_dimensions[at[1]].hidden = True
        page.sheet_state = "hidden"
    elif done == "very hide":
        page.sheet_state = "veryHidden"
    elif done == "merge":
        page.merge_cells(start_row=at[1], end_row=at[1] + 1, start_column=at[2], end_column=at[2])


@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(treatments())
def test_codes_come_out_exactly_as_typed_or_the_reading_is_refused(tmp_path_factory, treatment):
    count, *how = treatment
    result = read(*laid_out(tmp_path_factory.mktemp("files"), *how))
    if result.problems:
        assert result.dataset is None
        assert how[3] in ("merge", "very hide", "headings"), listing(result.problems)
        return
    models = range(1, count + 1)
    assert codes(result) == expected(models=models) | expected("CD", models=models, shift=1)
    assert re.search(rf": {2 * count} rows read, 0 skipped", result.tally[-1])
