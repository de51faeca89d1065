"""Small files that grow when they are read: each is refused in words, in little memory."""

import json
import resource
import struct
import subprocess
import sys
import zipfile
import zlib

from test_grids import OPEN, ods, zipped

MEMORY = 500  # MB that reading may take
READER = """
import json, resource, sys
from pathlib import Path
from soila_analysis import taxonomy
from soila_analysis.dataset.problems import DatasetError
from soila_analysis.exchange import refi_codebook, refi_project, spreadsheets
told = {}
for file in map(Path, sys.argv[1:]):
    try:
        if file.suffix == ".qdpx":
            refi_project.read_project(file, taxonomy.load())
        elif file.suffix == ".qdc":
            refi_codebook.tables(refi_codebook.read_codebook(file), file.name)
        else:
            told[file.name] = "; ".join(map(str, spreadsheets.read(file)[1]))
    except DatasetError as error:
        told[file.name] = "; ".join(map(str, error.problems))
print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, told]))
"""
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
TO = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MANY, CUT = "too many cells or letters", "a workbook that cannot be read"
MILLION, QUARTER = 1_000_000, 250_000


def xlsx(path, page="", head="", tail="", sheets=1, **parts):
    """Write a workbook by hand: what stands in its sheet's data, before and after them."""
    kinds = {"sharedStrings": parts.pop("strings", "<sst/>"), "styles": parts.pop("styles", "<s/>")}
    listed = "".join(f'<sheet name="S{n}" r:id="rS"/>' for n in range(sheets))
    related = [f'<Relationship Id="rS" Type="{TO}/worksheet" Target="worksheets/s.xml"/>']
    related += [f'<Relationship Id="{k}" Type="{TO}/{k}" Target="{k}.xml"/>' for k in kinds]
    sheet = f"<worksheet {MAIN}>{head}<sheetData>{page}</sheetData>{tail}</worksheet>"
    book = f'<workbook {MAIN} xmlns:r="{TO}"><sheets>{listed}</sheets></workbook>'
    known = {
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": f"<Relationships>{''.join(related)}</Relationships>",
        "xl/worksheets/s.xml": sheet,
        **{f"xl/{kind}.xml": part for kind, part in kinds.items()},
    }
    return zipped(path, {**known, **parts})


def project(path, inside="", codes=""):
    """Write a project of a user, given its codes and what comes after them."""
    user = '<Users><User guid="u" name="Ann"/></Users>'
    book = f"<CodeBook><Codes>{codes}</Codes></CodeBook>"
    return zipped(
        path, {"project.qde": f"{OPEN}<Project creatingUserGUID='u'>{user}{book}{inside}</Project>"}
    )


def value(times=1):
    return f'office:value-type="float" office:value="1" table:number-columns-repeated="{times}"'


def repeated(rows, columns):
    cell = f"<table:table-cell {value(columns)}/>"
    return f'<table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row>'


def row(inside):
    return f"<table:table-row><table:table-cell>{inside}</table:table-cell></table:table-row>"


def overlapping(path):
    """Write a zip archive in which a member holds another one, as bombs do."""
    inner = b"PK\3\4" + struct.pack("<5H3L2H", 20, 0, 0, 0, 33, 0, 4, 4, 1, 0) + b"b" + b"xxxx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", inner)
        lying = zipfile.ZipInfo("b")
        lying.header_offset, lying.file_size, lying.compress_size = 31, 4, 4
        lying.CRC = zlib.crc32(b"xxxx")
        archive.filelist.append(lying)
        archive.NameToInfo["b"] = lying
    return path


def listing(path, count=100_000):
    """Write a zip archive of as many empty members, in little time."""
    name = b"%07d"
    heads = b"".join(
        b"PK\1\2"
        + struct.pack("<6H3L5H2L", 20, 20, 0, 0, 0, 33, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0)
        + name % n
        for n in range(count)
    )
    end = b"PK\5\6" + struct.pack("<4H2LH", 0, 0, count % 65_536, count % 65_536, len(heads), 0, 0)
    path.write_bytes(b"PK\3\4" + heads + end)
    return path


def attributes(count):
    return "".join(f' a{n}=""' for n in range(count))


def nested(count):
    return "<x>" * count + "</x>" * count


NAMED = "".join(f"<n{n}/>" for n in range(20_000))
SPACES = '<text:s text:c="9999999"/>' * 99
SPANS = '<table:table-cell table:number-rows-spanned="9"/>' * QUARTER
XF = '<xf numFmtId="14"/>'
LETTERS = f"<t>{'x' * MILLION}</t>"
HIDE = '<col min="1" max="16384" hidden="1"/>'
CELL_S = '<c t="s"><v>0</v></c>'
LOOP = '<Code guid="g" name="A"><Code guid="h" name="B"><Code guid="g" name="A"/></Code></Code>'
CODED = (
    '<Sources><TextSource guid="t" name="T"><PlainTextSelection guid="s"><Coding guid="c" '
    'creatingUser="u"><CodeRef targetGUID="h"/></Coding></PlainTextSelection></TextSource>'
    "</Sources>"
)
VARIABLES = "".join(f'<Variable guid="v{n}" name="v{n}"/>' for n in range(2_000))
CASES = "".join(
    f'<Case guid="k{n}" name="{n}"><VariableValue><VariableRef targetGUID="v{n}"/>'
    "<TextValue>x</TextValue></VariableValue></Case>"
    for n in range(2_000)
)
FILES = {
    "rows-and-columns.ods": (lambda p: ods(p, repeated(1_048_576, 16_384)), MANY),
    "columns.ods": (lambda p: ods(p, repeated(1, 10**9)), CUT),
    "rows.ods": (lambda p: ods(p, repeated(10**12, 1)), MANY),
    "spaces.ods": (lambda p: ods(p, row(f"<text:p>{SPACES}</text:p>")), MANY),
    "merged.ods": (
        lambda p: ods(p, row(f"</table:table-cell>{SPANS}<table:table-cell>")),
        MANY,
    ),
    "elements.ods": (lambda p: ods(p, row("<x/>" * 9 * MILLION)), MANY),
    "deep.ods": (lambda p: ods(p, row(nested(MILLION)) + repeated(10**9, 9)), MANY),
    "names.ods": (lambda p: ods(p, row(NAMED)), "unusual XML"),
    "tag.ods": (lambda p: ods(p, row(f"<x a='{'x' * 3 * MILLION}'/>")), "unusual XML"),
    "far.xlsx": (lambda p: xlsx(p, '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), MANY),
    "rows.xlsx": (lambda p: xlsx(p, "<row/>" * 2 * MILLION), CUT),
    "cells.xlsx": (lambda p: xlsx(p, f"<row>{'<c/>' * MILLION}</row>"), CUT),
    "letters.xlsx": (
        lambda p: xlsx(p, f"<row>{CELL_S * 99}</row>", strings=f"<sst><si>{LETTERS}</si></sst>"),
        MANY,
    ),
    "strings.xlsx": (lambda p: xlsx(p, strings=f"<sst>{'<si/>' * MILLION}</sst>"), MANY),
    "styles.xlsx": (
        lambda p: xlsx(p, styles=f"<s><cellXfs>{XF * QUARTER}</cellXfs></s>"),
        "more than 100,000 styles",
    ),
    "merges.xlsx": (lambda p: xlsx(p, tail='<mergeCell ref="A1:XFD1048576"/>' * QUARTER), MANY),
    "overlap.xlsx": (
        lambda p: xlsx(
            p,
            '<row r="9999"><c r="CV9999"><v>1</v></c></row>',
            tail='<mergeCell ref="A1:XFD1048576"/>' * 9,
        ),
        MANY,
    ),
    "columns.xlsx": (lambda p: xlsx(p, head=HIDE * 999), CUT),
    "attributes.xlsx": (lambda p: xlsx(p, f"<row{attributes(QUARTER)}/>"), "unusual XML"),
    "one-part.xlsx": (lambda p: xlsx(p, "<row/>" * 100, sheets=100_000), CUT),
    "book.xlsx": (lambda p: xlsx(p, **{"xl/workbook.xml": "<a/>" * 3 * MILLION}), "too much XML"),
    "deep.xlsx": (lambda p: xlsx(p, **{"xl/workbook.xml": nested(100)}), "nested too deep"),
    "overlapping.xlsx": (overlapping, "b lies within another part"),
    "many.xlsx": (listing, "a list of files of more than 4 MiB"),
    "commas.csv": (lambda p: p.write_text("," * 3 * MILLION), MANY),
    "large.csv": (lambda p: p.write_bytes(b"x" * 41 * MILLION), "41,000,000 bytes of CSV"),
    "elements.qdpx": (lambda p: project(p, "<a/>" * 2 * MILLION), "too much XML"),
    "attributes.qdpx": (lambda p: project(p, f"<a{attributes(6 * QUARTER)}/>"), "too much XML"),
    "deep.qdpx": (lambda p: project(p, nested(100)), "nested too deep"),
    "loop.qdpx": (lambda p: project(p, CODED, LOOP), 'its guid is that of "A"'),
    "loop.qdc": (
        lambda p: p.write_text(f"<CodeBook><Codes>{LOOP}</Codes></CodeBook>"),
        'its guid is that of "A"',
    ),
    "table.qdpx": (
        lambda p: project(p, f"<Variables>{VARIABLES}</Variables><Cases>{CASES}</Cases>"),
        "2,000 variables of 2,000 models are too many",
    ),
    "overlapping.qdpx": (overlapping, "it lies within another member of the archive"),
    "many.qdpx": (listing, "a list of files of more than 4 MiB"),
}  # fmt: skip


def limited():
    """End a reader that goes on for ever; none takes a tenth of that."""
    resource.setrlimit(resource.RLIMIT_CPU, (120, 120))


def test_a_file_that_grows_is_refused_in_words(tmp_path):
    for name, (make, _) in FILES.items():
        make(tmp_path / name)
    files = [tmp_path / name for name in FILES]
    done = subprocess.run(
        [sys.executable, "-c", READER, *files], capture_output=True, preexec_fn=limited, check=True
    )
    most, told = json.loads(done.stdout)
    assert {n: words for n, (_, words) in FILES.items() if words not in told.get(n, "")} == {}
    assert most < MEMORY
