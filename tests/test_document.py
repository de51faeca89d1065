"""The report is a PDF that a screen reader can read, and holds what the build holds."""

import json
import re
import shutil
import sys
from dataclasses import replace
from io import BytesIO
from itertools import pairwise

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject
from words import stumbles

from soila_analysis import figures, taxonomy
from soila_analysis.figures import save
from soila_analysis.language import LANGUAGES, messages
from soila_analysis.report import pdf as documents
from soila_analysis.report.tables import Readable, compact

DAY = "2026-11-27"
SPECS = ("taxonomy", "feature-shares", "evidence-map")
NOTEBOOK = "04_a-question-with-a-long-name.ipynb"
FILES = ("codings.csv", "dataset.toml", "memberships.csv", "models.csv")
HOSTILE = [
    "<script>alert(1)</script>",
    '#set page(width: 1cm) $x$ *b* "q" \\ @ref',
    "n" * 500,
    "\u05e9\u05dc\u05d5\u05dd",
    "\U0001f600",
    "=1+1",
    "\u4e2d\u6587",
    "a\u202eb\x07",
]


def publish(folder, lang, tables, name):
    """Leave what the notebooks leave: figures, tables and the list of the two."""
    made = {
        "notebook": NOTEBOOK,
        "dataset": folder.parent.name,
        "data": {file: f"{n:040x}" for n, file in enumerate(FILES)},
        "given": ["lang"],
        "parameters": {"lang": lang},
    }
    notebooks = folder / "notebooks"
    notebooks.mkdir(parents=True)
    for number, plot in enumerate(SPECS):
        variants = tuple(figures.SPECS[plot].variants)
        figures.publish(plot, tables[name, lang, plot], lang, variants, folder)
        stems = [f"{plot}-{variant}" for variant in variants]
        for stem in stems:
            file = folder / f"figures/{stem}.json"
            file.write_text(json.dumps(json.loads(file.read_text()) | {"provenance": made}))
        outputs = [f"tables/{plot}.csv", *(f"figures/{stem}.svg" for stem in stems)]
        (notebooks / f"{number}.outputs").write_text("\n".join(outputs))


def draw_little(figure, file, **options):
    """Save a figure as an empty page: what is drawn is not tested here, and takes time."""
    wide, high = (72 * inches for inches in figure.get_size_inches())
    size = f'width="{wide}pt" height="{high}pt" viewBox="0 0 {wide} {high}"'
    file.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {size}/>')


@pytest.fixture(scope="module")
def build(tmp_path_factory, tables):
    """A build of three figures in each language."""
    folder = tmp_path_factory.mktemp("build") / "review-2024"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", draw_little)
        patch.setattr(save, "_save_png", draw_little)
        for lang in LANGUAGES:
            publish(folder / lang, lang, tables, "literal")
    return folder


@pytest.fixture(scope="module")
def reports(build, shipped):
    """The reports of the build by language."""
    files = documents.write(build, shipped["literal"], DAY)
    return {file.suffixes[0][1:]: pypdf.PdfReader(file) for file in files}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_page_of_a_report_has_a_word_to_stumble_over(reports, lang):
    pages = [" ".join(page.extract_text().split()) for page in reports[lang].pages]
    assert [found for page in pages if (found := stumbles(lang, page))] == []


def elements(node, kind=None):
    """Go through the structure of a PDF in the order of reading; on request, one kind."""
    if isinstance(node, pypdf.PdfReader):
        node = node.trailer["/Root"]["/StructTreeRoot"]
    if isinstance(node, IndirectObject):
        node = node.get_object()
    if isinstance(node, ArrayObject):
        for one in node:
            yield from elements(one, kind)
    if isinstance(node, DictionaryObject):
        if "/S" in node and kind in (None, node["/S"]):
            yield node
        yield from elements(node.get("/K"), kind)


def words(pdf):
    """The text of a PDF without what lays it out: spaces, breaks, hyphens at the end of lines."""
    text = "\n".join(page.extract_text() for page in pdf.pages)
    return joined(text)


def joined(text):
    return re.sub(r"[\s\u200b\u00ad-]", "", text)


def texts(build, lang):
    found = sorted((build / lang / "figures").glob("*.json"))
    return [json.loads(file.read_text()) for file in found]


# What a screen reader needs


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_is_tagged_and_says_its_language_and_title(reports, shipped, lang):
    root = reports[lang].trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a PDF object, not a bool
    assert root["/StructTreeRoot"]["/K"]
    assert root["/Lang"] == lang
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712
    assert shipped["literal"].info.title[lang] in reports[lang].metadata.title
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_headings_never_skip_a_level_and_lead_to_every_figure(reports, build, lang):
    kinds = [e["/S"] for e in elements(reports[lang])]
    levels = [int(kind[2:]) for kind in kinds if re.fullmatch(r"/H\d", kind)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    named = [one.title for one in reports[lang].outline if not isinstance(one, list)]
    below = [e.title for one in reports[lang].outline if isinstance(one, list) for e in one]
    assert messages(lang)("site.findings") in named
    assert {joined(w["title"].rstrip(".")) for w in texts(build, lang)} <= set(map(joined, below))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_figure_has_its_own_alternative_text(reports, build, lang):
    found = [e["/Alt"] for e in elements(reports[lang], "/Figure")]
    assert sorted(found) == sorted(w["alt"] for w in texts(build, lang))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_table_has_a_heading_for_each_of_its_columns(reports, build, lang):
    tables = list(elements(reports[lang], "/Table"))
    assert len(tables) == len(SPECS) + 2  # files, commands
    for table in tables:
        (head,) = elements(table, "/THead")
        heads = list(elements(head, "/TH"))
        assert heads
        for row in elements(next(elements(table, "/TBody")), "/TR"):
            first, *others = row["/K"]
            assert (first["/S"], first["/A"][0]["/Scope"]) == ("/TH", "/Row")
            assert {cell["/S"] for cell in others} == {"/TD"}
            assert len(row["/K"]) == len(heads)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_figure_is_scaled_down_so_that_its_small_print_can_be_read(reports, tables, lang):
    """The smallest print in a drawing has 8.5 points, apart from what stands in narrow cells."""
    found = sorted(
        (round(x1 - x0), round(y1 - y0))
        for e in elements(reports[lang], "/Figure")
        for x0, y0, x1, y1 in [next(a["/BBox"] for a in e["/A"] if "/BBox" in a)]
    )
    drawn = [
        figures.draw(plot, tables["literal", lang, plot], lang, variant).get_size_inches()
        for plot in SPECS
        for variant in figures.SPECS[plot].variants
    ]
    assert found == sorted((round(72 * wide), round(72 * high)) for wide, high in drawn)
    assert max(high for _, high in found) > 20.5 / 2.54 * 72  # one is higher than a usual page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_alternative_texts_say_what_kind_of_figure_and_of_data(reports, build, lang):
    t = messages(lang)
    kinds = [f"{name}-{v}" for name in SPECS for v in figures.SPECS[name].variants]
    charts = [
        t(f"{one.replace('-as-', '.chart-as-').replace('-redesigned', '.chart-redesigned')}")
        for one in kinds
    ]
    alts = [e["/Alt"] for e in elements(reports[lang], "/Figure")]
    for chart in charts:
        assert any(
            re.match(rf"({t('badge.reconstructed').capitalize()}\. )?{chart}: ", alt)
            for alt in alts
        )


# What it says


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_title_page_says_who_made_what_and_findings_come_first(reports, shipped, lang):
    pdf, t, info = reports[lang], messages(lang), shipped["literal"].info
    first = joined(pdf.pages[0].extract_text())
    told = (
        info.title[lang],
        info.author[lang],
        info.publisher[lang],
        DAY,
        t("badge.reconstructed"),
    )
    assert [text for text in told if joined(text) not in first] == []
    assert info.author[lang] == pdf.metadata.author
    assert joined(pdf.pages[1].extract_text()).startswith(joined(t("site.findings")))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_page_is_empty(reports, lang):
    badge = joined(messages(lang)("badge.reconstructed"))
    said = [joined(page.extract_text()).split(badge)[0] for page in reports[lang].pages[1:]]
    assert all(len(text) > 20 for text in said)


def test_words_of_up_to_eleven_letters_are_not_hyphenated(content):
    words_ = ["kertomus", "ympäristö", "toiminta", "yhteistyö", "perhe"] * 30
    table = {
        "heads": ["a"] * 12,
        "rows": [words_[i : i + 12] for i in range(12)],
        "widths": [1] * 12,
    }
    models = {**content["models"], "table": table}
    pdf = documents.typeset({**content, "models": models}, None)
    text = "".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(pdf)).pages[-2:])
    parted = re.findall(r"(\w+)[-\u00ad]\n", text)
    assert [part for part in parted if any(word.startswith(part) for word in words_)] == []
    assert "ympäristö" in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_holds_findings_numbers_methods_and_checks(reports, build, shipped, lang):
    said, t = words(reports[lang]), messages(lang)
    for figure in texts(build, lang):
        assert all(joined(sentence) in said for sentence in figure["findings"])
    data = shipped["literal"]
    expected = [
        t("site.caveat"),
        t("methods.no-appraisal"),
        "soila verify taxonomy-redesigned.svg",
        f"soila run notebooks/{NOTEBOOK} -d data/review-2024 -p lang={lang}",
        f"{3:040x}",
        data.info.source[lang],
        t("report.no-models"),
        "24/45",
    ]
    assert [text for text in expected if joined(text) not in said] == []
    assert [name for name in data.models["name"] if joined(name) in said] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_page_of_a_reconstruction_says_that_it_is_one(reports, lang):
    badge = joined(messages(lang)("badge.reconstructed"))
    assert [badge in joined(page.extract_text()) for page in reports[lang].pages] == [True] * len(
        reports[lang].pages
    )


def test_a_command_can_be_copied_as_it_stands(reports):
    text = "".join(page.extract_text() for page in reports["en"].pages)
    assert re.findall(r"soila verify \S+", text) == ["soila verify taxonomy-redesigned.svg"]
    named = re.findall(r"soila run (\S+)", text)
    assert named == [f"notebooks/{NOTEBOOK}"] * len(SPECS)


def test_figures_as_published_stand_at_the_end_without_a_table(build, shipped):
    data = gathered(build, "en", shipped["literal"])
    assert [f["stem"] for f in data["figures"]] == [f"{plot}-redesigned" for plot in SPECS]
    assert [f["stem"] for f in data["printed"]] == [
        "taxonomy-as-published",
        "feature-shares-as-published",
    ]


def gathered(build, lang, data):
    return documents.gathered(build / lang, data)


def test_reports_that_only_the_first_of_many_models_are_listed(build, shipped):
    data = shipped["own"]
    models = data.models.iloc[[0] * 201].assign(model_id=[f"X{n:03}" for n in range(201)])
    codings = data.codings.query("model_id == 'T01'").assign(model_id="X001")
    goals = data.memberships.head(1).assign(model_id="X001")
    many = replace(data, models=models, memberships=goals, codings=codings)
    held = gathered(build, "en", many)["models"]
    assert len(held["table"]["rows"]) == 200
    assert held["how"].endswith("Showing the first 200 of 201 models.")


def test_notes_of_coders_are_not_in_the_list_of_models(build, shipped):
    models = shipped["own"].models.assign(note_AB="between us")
    held = gathered(build, "en", replace(shipped["own"], models=models))["models"]
    assert "Region" in held["table"]["heads"]
    assert "note_AB" not in held["table"]["heads"]
    assert "between us" not in json.dumps(held)


# Hostile texts


def test_hostile_names_are_text_and_unknown_characters_numbers(build, shipped):
    data = shipped["own"]
    models = data.models.copy()
    models.loc[: len(HOSTILE) - 1, "name"] = HOSTILE
    models.loc[: len(HOSTILE) - 1, "region"] = HOSTILE
    hostile = replace(data, models=models)
    content = gathered(build, "en", hostile)
    folder = build / "en/figures"
    (build / "hostile.pdf").write_bytes(documents.typeset(content, folder))
    pdf = pypdf.PdfReader(build / "hostile.pdf")
    said = words(pdf)
    for name in (*HOSTILE[:3], *HOSTILE[4:6]):
        assert said.count(joined(name)) >= 2, name
    assert set(HOSTILE[3]) <= set(said)
    assert said.count("[U+4E2D][U+6587]") == 2
    assert said.count("a[U+202E]b[U+0007]") == 2
    assert {round(page.mediabox.width) for page in pdf.pages} == {595}


def test_a_word_longer_than_its_column_stays_on_the_page(build, shipped):
    models = shipped["own"].models.assign(name="n" * 500)
    content = gathered(build, "en", replace(shipped["own"], models=models))
    pdf = documents.typeset(content, build / "en/figures")
    (build / "long.pdf").write_bytes(pdf)
    ends = []
    for page in pypdf.PdfReader(build / "long.pdf").pages:
        page.extract_text(visitor_text=lambda text, _, tm, *__: ends.append((text, tm[4])))
    runs = [(text, x) for text, x in ends if "nnnnnn" in text]
    assert runs
    assert all(x + 6.5 * len(line) < 595 for text, x in runs for line in text.split("\n"))


@pytest.fixture(scope="module")
def content(build, shipped):
    """What a report without figures holds."""
    return gathered(build, "sv", shipped["literal"]) | {"figures": [], "printed": []}


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_text_can_be_set(content, texts):
    table = {"heads": texts, "rows": [texts], "widths": [1] * len(texts)}
    models = {**content["models"], "table": table}
    pdf = documents.typeset({**content, "dataset": f"x{texts[0]}", "models": models}, None)
    assert pdf.startswith(b"%PDF")


def test_every_character_that_is_taken_to_be_known_can_be_set(content):
    known = "".join(sorted(documents._characters()))
    table = {"heads": [known], "rows": [[known]], "widths": [1]}
    models = {**content["models"], "table": table}
    assert documents.typeset({**content, "models": models}, None).startswith(b"%PDF")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_that_the_messages_say_is_set_in_the_shipped_font(lang):
    shipped, _ = documents._fonts()
    for weight in ("Regular", "Bold"):
        known = documents._charmap(shipped / f"SoilaSans-{weight}.ttf") | {"✓", "\n"}
        assert set(json.dumps(messages(lang).catalogue, ensure_ascii=False)) - known == set()


# Files


def test_equal_builds_give_equal_bytes_wherever_they_are(build, reports, shipped, tmp_path):
    elsewhere = shutil.copytree(build, tmp_path / "review-2024")
    shutil.rmtree(elsewhere / "report")
    again = documents.write(elsewhere, shipped["literal"], DAY)
    names = [f"review-2024.{lang}.pdf" for lang in sorted(LANGUAGES)]
    assert [file.name for file in again] == names
    assert [f.read_bytes() for f in again] == [(build / "report" / n).read_bytes() for n in names]


def test_a_report_in_a_language_that_is_no_longer_built_goes(build, reports, shipped, tmp_path):
    elsewhere = shutil.copytree(build, tmp_path / "review-2024")
    for lang in ("fi", "sv"):
        shutil.rmtree(elsewhere / lang)
    documents.write(elsewhere, shipped["literal"])
    assert [f.name for f in (elsewhere / "report").iterdir()] == ["review-2024.en.pdf"]


def test_a_report_that_fails_leaves_the_earlier_one(build, reports, shipped, tmp_path):
    elsewhere = shutil.copytree(build, tmp_path / "review-2024")
    before = {f.name: f.read_bytes() for f in (elsewhere / "report").iterdir()}
    (elsewhere / "sv/figures/taxonomy-redesigned.svg").write_text("<svg")
    with pytest.raises(Exception, match=r"svg|SVG"):
        documents.write(elsewhere, shipped["literal"])
    assert {f.name: f.read_bytes() for f in (elsewhere / "report").iterdir()} == before
    assert [f.name for f in elsewhere.iterdir() if f.name.startswith(".")] == []


def test_a_build_without_figures_says_what_to_do(shipped, tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        documents.write(tmp_path, shipped["literal"])
    assert str(error.value) == f"{tmp_path} has no figures yet; run `make figures` first"


def test_without_typst_the_error_says_how_to_install_it(build, shipped, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(ModuleNotFoundError) as error:
        documents.write(build, shipped["literal"])
    assert str(error.value) == (
        "this needs Typst; install it with: pip install soila-analysis[report]"
    )


# Tables that fit on a page


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("plot", figures.SPECS)
@pytest.mark.parametrize("name", ["literal", "memberships", "own"])
def test_every_table_of_a_figure_fits_on_a_page(tables, shipped, tmp_path, name, plot, lang):
    file = figures.save_table(tables[name, lang, plot], plot, tmp_path)
    table = compact(figures.read_table(file), shipped[name].taxonomy.labels(lang), lang, plot)
    assert 1 <= len(table.rows) <= 24
    assert {len(row) for row in table.rows} == {len(table.heads)} == {len(table.kinds)}
    assert all(row[0] for row in table.rows)
    assert not any(re.search(r"\bnan\b", cell) for row in table.rows for cell in row)


def test_the_map_has_a_column_for_each_goal_and_one_for_all(tables, shipped, tmp_path):
    file = figures.save_table(tables["literal", "fi", "evidence-map"], "map", tmp_path)
    table = compact(
        figures.read_table(file), shipped["literal"].taxonomy.labels("fi"), "fi", "evidence-map"
    )
    assert (len(table.heads), table.heads[-1]) == (6, "Kaikki")
    rows = {row[0]: row[1:] for row in table.rows}
    shares = ("50\u00a0%", "67\u00a0%", "38\u00a0%", "60\u00a0%", "53\u00a0%")
    ratios = ("9/18", "6/9", "3/8", "6/10", "24/45")
    expected = tuple(map("\n".join, zip(shares, ratios, strict=True)))
    assert rows["Kiinnittyminen ekosysteemiin"] == expected
    assert rows["Osallisuus"][-1] == "76–84\u00a0%\n34–38/45"


def test_the_bases_of_each_share_stand_in_a_list(tables, tmp_path):
    file = figures.save_table(tables["literal", "en", "share-bases"], "bases", tmp_path)
    table = compact(figures.read_table(file), {}, "en", "share-bases")
    assert table.rows[0][:2] == ("Target-group and needs orientation", "91%")
    assert table.rows[0][2].startswith("32, 33, 34, 35, 43")
    assert table.rows[-1] == ("All percentages at once", "", "45, 55")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_list_of_models_names_regions_in_the_language_of_the_report(build, shipped, lang):
    held = gathered(build, lang, shipped["regional"])["models"]["table"]
    assert held["heads"][1] == messages(lang)("site.columns.region")
    names = {region.label[lang] for region in taxonomy.regions()}
    assert {row[1] for row in held["rows"]} - {""} <= names


def test_a_column_has_room_for_the_longest_word_that_is_not_hyphenated():
    heads = ("Särdrag", "Oenighet och urval tillsammans", "Gränser", "Vad talet bygger på")
    row = (*["Bred anknytning till barns vardag och mycket mer"] * 3, "påhittat")
    widths = documents._set(Readable(heads, ("text",) * 4, (row,) * 9))["widths"]
    assert sum(widths) <= documents.ROOM + len(widths)
    for width, head in zip(widths, heads, strict=True):
        assert width > max(map(len, head.split()))
