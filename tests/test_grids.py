"""Files from elsewhere: what is read of them, and how each that is unsafe is refused."""

import datetime as dt
import re
import zipfile
import zlib
from typing import NamedTuple

import openpyxl
import pytest
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from soila_analysis.exchange import grids, safe_files, spreadsheets, workbooks
from soila_analysis.exchange.grids import Grid

OPEN = '<?xml version="1.0" encoding="UTF-8"?>'
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text")
)
FORMATS = "allowed a spreadsheet: .xlsx, .ods, .csv"
LIMITS = "allowed at most 100 MB unpacked, 2,000 parts and 2,000,000 cells"
PASSWORD = (
    'found "a file protected by a password", allowed a file without a password; '
    "save it without one; protected cells are no hindrance"
)
MACROS = 'found "a file with macros", allowed a file without macros; save it as .xlsx'
LINKS = (
    'found "links to other files or sources", allowed a file that stands alone; '
    "break the links (in Excel: Data, Edit Links) and save it"
)
ANEW = "open it in a spreadsheet program and save it anew"


def zipped(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return path


def workbook(path, rows=(("model_id",),), **parts):
    """Write an .xlsx file; parts named by keywords are added to it."""
    book = openpyxl.Workbook()
    book.active.title = "Coding"
    for row in rows:
        book.active.append(row)
    book.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return path


def ods(path, table, parts=()):
    """Write an .ods file with one sheet, given the XML of its rows."""
    content = (
        f"{OPEN}<office:document-content {SPACES}><office:body><office:spreadsheet>"
        f'<table:table table:name="Coding">{table}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    known = {"mimetype": spreadsheets.ODS.decode(), "META-INF/manifest.xml": f"{OPEN}<manifest/>"}
    return zipped(path, {**known, "content.xml": content, **dict(parts)})


FORMATS_OF_NUMBERS = [code for code in BUILTIN_FORMATS.values() if code != "0"]
FORMATS_OF_NUMBERS += [
    "yyyy-mm-dd",
    "D.M.YYYY",
    '"dm"0.0',
    "[Red]0.0",
    "[hh]:mm",
    "[mm]",
    "[s].000",
]
FORMATS_OF_NUMBERS += ["\\\\d0.0", "_d0.0", "0.0;d", "[$-F800]dddd", "mmm;@"]


class Cell(NamedTuple):
    text: str
    kind: str = "text"


def refusal(path):
    read, problems = spreadsheets.read(path)
    assert read == []
    (problem,) = problems
    file, _, text = str(problem).partition(": ")
    assert file == path.name
    return text


def cells(path):
    read, problems = spreadsheets.read(path)
    assert problems == []
    return filled(read[0])


def filled(grid):
    """The cells of a sheet that are not empty."""
    return {
        (row, column): Cell(text, grid.kinds.get((row, column), "text"))
        for row, line in enumerate(grid.rows, start=1)
        for column, text in enumerate(line, start=1)
        if text
    }


# What is read


def test_cells_of_a_workbook_are_text_whatever_was_typed(tmp_path):
    row = ["x", 1, 1.0, 0.5, True, None, " a \r\n b ", dt.date(2025, 5, 1), dt.time(1, 2), "#REF!"]
    found = cells(workbook(tmp_path / "a.xlsx", [row]))
    assert found == {
        (1, 1): Cell("x"),
        (1, 2): Cell("1"),
        (1, 3): Cell("1"),
        (1, 4): Cell("0.5"),
        (1, 5): Cell("true"),
        (1, 7): Cell("a \n b"),
        (1, 8): Cell("2025-05-01", "date"),
        (1, 9): Cell("01:02:00", "date"),
        (1, 10): Cell("#REF!", "error"),
    }


@pytest.mark.parametrize("mac", [False, True])
def test_dates_are_those_that_openpyxl_reads(tmp_path, mac):
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904 if mac else CALENDAR_WINDOWS_1900
    for days in (-1, 0, 0.5, 0.999999999, 1, 59, 59.75, 60, 61, 1.3, 45_000, 45_000.0625, 60_000):
        book.active.append([days] * len(FORMATS_OF_NUMBERS))
        for cell, code in zip(book.active[book.active.max_row], FORMATS_OF_NUMBERS, strict=True):
            cell.number_format = code
    book.save(tmp_path / "a.xlsx")
    read = [c for row in openpyxl.load_workbook(tmp_path / "a.xlsx").active for c in row]
    expected = {
        (c.row, c.column): Cell(str(c.value).removesuffix(" 00:00:00"), "date")
        if c.is_date
        else Cell(str(c.value))
        for c in read
    }
    assert len({cell.kind for cell in expected.values()}) == 2
    assert cells(tmp_path / "a.xlsx") == expected


def formulas(path):
    """Write a workbook with formulas whose values are 1, an error, an empty text and none."""
    book = workbook(path, [["=A9", "=A9", "=A9", "=A9"]])
    with zipfile.ZipFile(book) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    page = parts["xl/worksheets/sheet1.xml"].decode()
    values = ["<v>1</v>", "<v>#DIV/0!</v>", "<v></v>", "<v />"]
    for letter, kind, value in zip("ABCD", ["n", "e", "str", "n"], values, strict=True):
        new = f'<c r="{letter}1" t="{kind}"><f>A9</f>{value}</c>'
        page, count = re.subn(rf'<c r="{letter}1".*?</c>', new, page)
        assert count == 1
    return zipped(path, {**parts, "xl/worksheets/sheet1.xml": page})


def test_a_formula_is_read_as_its_value_and_one_without_is_told_apart(tmp_path):
    assert cells(formulas(tmp_path / "a.xlsx")) == {
        (1, 1): Cell("1"),
        (1, 2): Cell("#DIV/0!", "error"),
        (1, 4): Cell("=A9", "not computed"),
    }


def test_formulas_of_opendocument_are_read_as_their_values_too(tmp_path):
    row = (
        "<table:table-row>"
        '<table:table-cell office:value-type="float" office:value="1" table:formula="of:=A9">'
        "<text:p>1</text:p></table:table-cell>"
        '<table:table-cell table:number-columns-repeated="2"/>'
        '<table:table-cell office:value-type="string" office:string-value="" '
        'table:formula="of:=A9"><text:p>#REF!</text:p></table:table-cell>'
        '<table:table-cell table:formula="of:=A9"/>'
        '<table:table-cell table:formula="of:=A9"><text:p/></table:table-cell>'
        '<table:table-cell office:value-type="date" office:date-value="2025-05-01">'
        "<text:p>1.5.</text:p></table:table-cell>"
        "</table:table-row>"
        '<table:table-row table:number-rows-repeated="1048575">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    assert cells(ods(tmp_path / "a.ods", row)) == {
        (1, 1): Cell("1"),
        (1, 4): Cell("#REF!", "error"),
        (1, 5): Cell("of:=A9", "not computed"),
        (1, 7): Cell("2025-05-01", "date"),
    }


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_table_in_csv_is_read_whatever_parts_its_cells(tmp_path, delimiter, mark):
    file = tmp_path / "a.csv"
    file.write_bytes(mark + f'ä{delimiter}"two\r\nlines"\r\n\r\n{delimiter} x \r\n'.encode())
    assert cells(file) == {(1, 1): Cell("ä"), (1, 2): Cell("two\nlines"), (3, 2): Cell("x")}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_text_in_unicode_as_excel_saves_it_is_read(tmp_path, encoding):
    file = tmp_path / "a.txt"
    file.write_bytes("\ufeffä\tb\r\n1\t2\r\n".encode(encoding))
    found = {(1, 1): Cell("ä"), (1, 2): Cell("b"), (2, 1): Cell("1"), (2, 2): Cell("2")}
    assert cells(file) == found
    file.write_bytes(file.read_bytes()[:-1])  # cut amid a letter
    assert refusal(file) == (
        f'found "not text in UTF-8 (UTF-16)", {FORMATS}; save a table as CSV in UTF-8'
    )


def test_a_file_is_known_by_its_content_not_by_its_name(tmp_path):
    file = workbook(tmp_path / "a.xlsx").rename(tmp_path / "a.csv")
    assert cells(file) == {(1, 1): Cell("model_id")}


def test_a_link_in_a_cell_is_no_link_to_another_file(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"] = "page"
    book.active["A1"].hyperlink = "https://example.org"
    book.save(tmp_path / "a.xlsx")
    assert cells(tmp_path / "a.xlsx") == {(1, 1): Cell("page")}


def test_a_cell_is_named_as_spreadsheet_programs_do():
    for column in range(1, workbooks.COLUMNS + 1):
        letters = openpyxl.utils.get_column_letter(column)
        assert grids.name(7, column) == f"{letters}7"
        assert workbooks._column(letters) == column
    assert Grid("a.xlsx", "Koodaus", []).whole == "a.xlsx, sheet Koodaus"
    assert Grid("a.csv", "", []).whole == "a.csv"


# What is refused


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", f'found "an empty file", {FORMATS}'),
        (b" \n\n", f'found "an empty file", {FORMATS}'),
        (spreadsheets.COMPOUND + b"\0" * 600, f'found "an old file of Excel or Word", {FORMATS}'),
        (spreadsheets.COMPOUND + "EncryptedPackage".encode("utf-16-le"), PASSWORD),
        (b"%PDF-1.7\n\xe2\xe3\0", f'found "a PDF file named .xlsx", {FORMATS}'),
        ("älä".encode("latin-1"), f'found "text in windows-1252", {FORMATS}; in Excel: Save As,'),
        ("pääsi".encode("mac-roman"), f'found "not text in UTF-8", {FORMATS}'),
        (b'a,"b', f'found "a table that cannot be read (unexpected end of data)", {FORMATS}'),
        (b"PK\x03\x04 cut", f'found "a broken file (File is not a zip file)", {FORMATS}'),
    ],
)
def test_what_is_no_spreadsheet_is_refused(tmp_path, content, message):
    file = tmp_path / "a.xlsx"
    file.write_bytes(content)
    assert refusal(file).startswith(message)


def test_a_zip_of_something_else_is_refused(tmp_path):
    file = zipped(tmp_path / "a.xlsx", {"something.xml": f"{OPEN}<w/>"})
    assert refusal(file) == f'found "not a spreadsheet", {FORMATS}'


def test_a_workbook_that_is_cut_short_is_refused(tmp_path):
    file = workbook(tmp_path / "a.xlsx")
    file.write_bytes(file.read_bytes()[:-200])
    assert refusal(file).startswith('found "a broken file (File is not a zip file)"')


def test_a_workbook_with_a_damaged_part_is_refused(tmp_path):
    file = workbook(tmp_path / "a.xlsx")
    content = bytearray(file.read_bytes())
    start = content.index(b"xl/worksheets/sheet1.xml") + 40
    content[start : start + 20] = b"\0" * 20
    file.write_bytes(content)
    assert refusal(file).startswith('found "a broken file (')


def test_a_workbook_whose_sheet_is_no_xml_is_refused(tmp_path):
    known = zipfile.ZipFile(workbook(tmp_path / "b.xlsx"))
    parts = {name: known.read(name) for name in known.namelist()}
    file = zipped(tmp_path / "a.xlsx", {**parts, "xl/worksheets/sheet1.xml": "<worksheet><"})
    text = refusal(file)
    assert text == f'found "a workbook that cannot be read (ExpatError)", {FORMATS}; {ANEW}'
    text = refusal(ods(tmp_path / "a.ods", "<table:table-row>"))
    assert text == f'found "a workbook that cannot be read (ExpatError)", {FORMATS}; {ANEW}'


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("xl/vbaProject.bin", MACROS),
        ("xl/macrosheets/sheet1.xml", MACROS),
        ("Basic/Standard/Module1.xml", MACROS),
        ("xl/externalLinks/externalLink1.xml", LINKS),
        ("xl/connections.xml", LINKS),
        ("xl/queryTables/queryTable1.xml", LINKS),
    ],
)
def test_a_workbook_that_could_run_or_fetch_something_is_refused(tmp_path, name, message):
    assert refusal(workbook(tmp_path / "a.xlsx", **{name: f"{OPEN}<x/>"})) == message


def test_a_workbook_for_macros_is_refused_by_its_name_or_type(tmp_path):
    assert refusal(workbook(tmp_path / "a.xlsm")) == MACROS
    types = f"{OPEN}<Types>application/vnd.ms-excel.sheet.macroEnabled.main+xml</Types>"
    file = zipped(tmp_path / "a.xlsx", {"[Content_Types].xml": types, "xl/workbook.xml": "<x/>"})
    assert refusal(file) == MACROS


def test_opendocument_with_links_a_password_or_damage_is_refused(tmp_path):
    link = '<table:table-source table:table-name="x"/>'
    assert refusal(ods(tmp_path / "a.ods", link)) == LINKS
    sealed = {"META-INF/manifest.xml": f"{OPEN}<manifest><encryption-data/></manifest>"}
    assert refusal(ods(tmp_path / "b.ods", "", sealed)) == PASSWORD


def test_a_zip_with_a_password_is_refused(tmp_path):
    file = workbook(tmp_path / "a.xlsx")
    content = bytearray(file.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(content)
    assert refusal(file) == PASSWORD


@pytest.mark.parametrize(
    "part", [f"{OPEN}<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "<x/>".encode("utf-16")]
)
def test_xml_that_could_expand_is_refused(tmp_path, part):
    file = workbook(tmp_path / "a.xlsx", **{"docProps/custom.xml": part})
    assert refusal(file) == (
        'found "unusual XML in docProps/custom.xml", allowed plain UTF-8 without entities'
    )


def test_a_zip_that_expands_beyond_the_limit_is_refused_before_it_is_unpacked(tmp_path):
    file = workbook(tmp_path / "a.xlsx", **{"xl/media/a.bin": b"\0" * (safe_files.EXPANDED + 1)})
    text = refusal(file)
    assert text.startswith('found "104,8')
    assert text.endswith(LIMITS)


def test_a_zip_gives_no_more_than_it_declares(tmp_path):
    file = zipped(tmp_path / "a.xlsx", {"a": b"\0" * safe_files.EXPANDED})
    content, few = bytearray(file.read_bytes()), (10).to_bytes(4, "little")
    content[22:26] = few
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = few
    crc = zlib.crc32(b"\0" * 10).to_bytes(4, "little")
    content[14:18] = content[directory + 16 : directory + 20] = crc
    assert spreadsheets._parts(bytes(content)) == {"a": b"\0" * 10}
    content[14:18] = content[directory + 16 : directory + 20] = b"\0" * 4
    file.write_bytes(content)
    assert refusal(file).startswith("found \"a broken file (Bad CRC-32 for file 'a')\"")


def test_a_part_that_is_packed_in_an_unusual_way_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", b"x")
    assert refusal(tmp_path / "a.xlsx").startswith(
        'found "a broken file (a is packed in an unusual way)"'
    )


def test_more_parts_than_a_workbook_has_are_refused(tmp_path):
    file = zipped(tmp_path / "a.xlsx", {f"{n}": b"" for n in range(safe_files.PARTS + 1)})
    assert refusal(file) == f'found "0 bytes in 2,001 parts", {LIMITS}'


def test_a_part_that_is_there_twice_is_refused(tmp_path):
    file = workbook(tmp_path / "a.xlsx")
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/workbook.xml", b"<x/>")
    assert refusal(file).startswith('found "a broken file (duplicate entry xl/workbook.xml)"')


def test_a_sheet_with_cells_far_apart_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(safe_files, "CELLS", 100_000)
    large = f'found "too many cells or letters", {LIMITS}; delete what is not needed'
    book = openpyxl.Workbook()
    for row in range(1, 10):
        book.active.cell(row, 16384, "x")
    book.save(tmp_path / "a.xlsx")
    assert refusal(tmp_path / "a.xlsx") == large
    row = (
        '<table:table-row table:number-rows-repeated="{}"><table:table-cell {}/></table:table-row>'
    )
    value = 'office:value-type="float" office:value="1" table:number-columns-repeated="{}"'
    assert refusal(ods(tmp_path / "a.ods", row.format(1000, value.format(1000)))) == large
    far = row.format(999, "") + row.format(1, value.format(1000))
    assert refusal(ods(tmp_path / "b.ods", far)) == large
    (tmp_path / "a.csv").write_text("," * 100_001)
    assert refusal(tmp_path / "a.csv") == large


def test_the_sheets_of_a_file_are_counted_together(tmp_path, monkeypatch):
    monkeypatch.setattr(safe_files, "CELLS", 1_000)
    book = openpyxl.Workbook()
    book.active["A600"] = "x"
    book.save(tmp_path / "a.xlsx")
    assert len(cells(tmp_path / "a.xlsx")) == 1
    book.create_sheet("Another")["A600"] = "x"
    book.save(tmp_path / "a.xlsx")
    assert refusal(tmp_path / "a.xlsx").startswith('found "too many cells or letters"')
    table = (
        '<table:table-row table:number-rows-repeated="599"><table:table-cell/></table:table-row>'
    )
    table += '<table:table-row><table:table-cell office:value-type="float" office:value="1"/>'
    table += "</table:table-row>"
    assert len(cells(ods(tmp_path / "a.ods", table))) == 1
    twice = f'{table}</table:table><table:table table:name="Another">{table}'
    assert refusal(ods(tmp_path / "b.ods", twice)).startswith('found "too many cells or letters"')


def test_a_sheet_that_repeats_a_long_text_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(safe_files, "CHARACTERS", 1_000)
    assert refusal(workbook(tmp_path / "a.xlsx", [["x" * 600], ["x" * 600]])).startswith(
        'found "too many cells or letters"'
    )


def test_a_file_larger_than_the_limit_is_not_even_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(safe_files, "EXPANDED", 10)
    (tmp_path / "a.csv").write_text("model_id,name")
    assert refusal(tmp_path / "a.csv") == f'found "13 bytes", {LIMITS}'
