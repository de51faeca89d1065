"""REFI-QDA: what is written is valid, what others write is read, what attacks is refused."""

import contextlib
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from soila_analysis import dataset as datasets
from soila_analysis import taxonomy
from soila_analysis.cli import soila
from soila_analysis.dataset.problems import DatasetError
from soila_analysis.exchange import refi_codebook, refi_import, refi_project, safe_files
from soila_analysis.taxonomy import LANGUAGES

HERE = Path(__file__).parent / "fixtures" / "refi"
PROJECT = "urn:QDA-XML:project:1.0"
LIBRARY = taxonomy.load()
ANN, BEN = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
USERS = f'<Users><User guid="{ANN}" name="Ann"/><User guid="{BEN}" name="Ben"/></Users>'
AGAIN = (
    "Nothing was written. Export the file again from the program that it comes from, "
    "without what is named above."
)


def schema(name):
    return etree.XMLSchema(etree.parse(HERE / f"{name}.xsd"))


@pytest.fixture
def codebook(tmp_path):
    """The library's codebook in Finnish, as a file."""
    refi_codebook.write_codebook(LIBRARY, tmp_path / "codebook.qdc", "fi")
    return tmp_path / "codebook.qdc"


def guid(number):
    return f"{number:08x}-0000-4000-8000-000000000000"


def code(number, name, inside="", codable="true"):
    return f'<Code guid="{guid(number)}" name="{name}" isCodable="{codable}">{inside}</Code>'


def coding_of(number, user=ANN):
    by = f' creatingUser="{user}"' if user else ""
    ref = f'<CodeRef targetGUID="{guid(number)}"/>'
    return f'<Coding guid="{guid(900 + number)}"{by}>{ref}</Coding>'


def selection(number, inside, note="", user=""):
    by = f' creatingUser="{user}"' if user else ""
    note = f"<Description>{note}</Description>" if note else ""
    place = f'guid="{guid(number)}" startPosition="0" endPosition="4"{by}'
    return f"<PlainTextSelection {place}>{note}{inside}</PlainTextSelection>"


def source(number, name, inside=""):
    path = f'plainTextPath="internal://{guid(number)}.txt"'
    return f'<TextSource guid="{guid(number)}" name="{name}" {path}>{inside}</TextSource>'


def value(number, kind, what):
    ref = f'<VariableRef targetGUID="{guid(number)}"/>'
    return f"<VariableValue>{ref}<{kind}Value>{what}</{kind}Value></VariableValue>"


def variable(number, name, kind="Text"):
    return f'<Variable guid="{guid(number)}" name="{name}" typeOfVariable="{kind}"/>'


def case(number, name, inside=""):
    return f'<Case guid="{guid(number)}" name="{name}">{inside}</Case>'


def project(codes="", variables="", cases="", sources="", users=USERS, attributes=""):
    """The XML of a project, of the parts that are given."""
    parts = [
        users,
        f"<CodeBook><Codes>{codes}</Codes></CodeBook>" if codes else "",
        f"<Variables>{variables}</Variables>" if variables else "",
        f"<Cases>{cases}</Cases>" if cases else "",
        f"<Sources>{sources}</Sources>" if sources else "",
    ]
    return f'<Project xmlns="{PROJECT}" name="Round" {attributes}>{"".join(parts)}</Project>'


@pytest.fixture
def read(tmp_path):
    """Read a project from its XML, which must be valid unless ``lenient``."""

    def reading(xml, lenient=False, **options):
        if not lenient:
            schema("Project").assertValid(etree.fromstring(xml))
        return refi_project.read_project(packed(tmp_path, {"project.qde": xml}), LIBRARY, **options)

    return reading


def packed(folder, members, name="study.qdpx"):
    """A zip archive of the members, which are names or entries with their contents."""
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in dict(members).items():
            archive.writestr(member, content)
    return folder / name


def codings(coded):
    return sorted(coded.codings.drop(columns="note").itertuples(index=False, name=None))


def refused(function, *arguments, **options):
    with pytest.raises(DatasetError) as error:
        function(*arguments, **options)
    return str(error.value)


# Writing a codebook


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_written_codebook_is_valid_by_the_published_schema(tmp_path, lang):
    refi_codebook.write_codebook(LIBRARY, tmp_path / "a.qdc", lang)
    schema("Codebook").assertValid(etree.parse(tmp_path / "a.qdc"))


@pytest.mark.parametrize(
    ("good", "bad"),
    [('isCodable="true"', 'isCodable="True"'), ('guid="34d5f7cc', 'guid="4d5f7cc'), ("Codes", "X")],
)
def test_the_published_schema_finds_what_is_wrong_with_a_codebook(codebook, good, bad):
    text = codebook.read_text(encoding="utf-8")
    assert good in text
    broken = etree.fromstring(text.replace(good, bad).encode())
    assert not schema("Codebook").validate(broken)


def test_a_codebook_has_the_same_bytes_each_time_and_leaves_nothing_else(codebook, tmp_path):
    first = codebook.read_bytes()
    refi_codebook.write_codebook(LIBRARY, codebook, "fi")
    assert codebook.read_bytes() == first
    assert list(tmp_path.iterdir()) == [codebook]


def test_a_feature_has_one_guid_in_every_language_for_ever(tmp_path):
    known = {}
    for lang in LANGUAGES:
        refi_codebook.write_codebook(LIBRARY, tmp_path / f"{lang}.qdc", lang)
        found = refi_codebook.read_codebook(tmp_path / f"{lang}.qdc")
        known[lang] = [(c.guid, c.parent, c.codable) for c in found]
    assert known["fi"] == known["sv"] == known["en"]
    assert refi_codebook.guid("features", "participation") == "a8ba8fd0-a4b2-529d-ace8-25bb4748d662"
    assert refi_codebook.guid("goals", "goal-1") == "b4ceefab-c21c-5c5e-bc9a-0953a785e45a"


def test_groups_cannot_be_used_for_coding_and_hold_features_and_goals(codebook):
    found = refi_codebook.read_codebook(codebook)
    groups = [c for c in found if not c.parent]
    assert [(c.name, c.codable) for c in groups] == [
        ("Ominaispiirteet", False),
        ("Strategiset tavoitteet", False),
    ]
    assert refi_codebook.version(found) == LIBRARY.version
    inside = [[c.name for c in found if c.parent == group.guid] for group in groups]
    assert inside == [
        [feature.label["fi"] for feature in LIBRARY.features],
        [goal.label["fi"] for goal in LIBRARY.goals],
    ]


def test_a_description_has_definition_sources_and_other_languages_under_fixed_headings(codebook):
    found = {c.guid: c for c in refi_codebook.read_codebook(codebook)}
    described = found[refi_codebook.guid("features", "participation")].description
    feature = next(f for f in LIBRARY.features if f.id == "participation")
    sources = "; ".join(LIBRARY.citation(one) for one in feature.sources)
    assert described == (
        f"Määritelmä (fi): {feature.definition.fi}\nLähteet (fi): {sources}\n"
        f"Namn (sv): Delaktighet\nDefinition (sv): {feature.definition.sv}\n"
        f"Label (en): Participation\nDefinition (en): {feature.definition.en}\n"
        "Id: participation"
    )


def own(features, goals):
    """A taxonomy of a data set's own."""
    label = [f"label_{lang}" for lang in LANGUAGES]
    define = [f"definition_{lang}" for lang in LANGUAGES]
    long = [f"long_{lang}" for lang in LANGUAGES]
    return LIBRARY.with_tables(
        version="own",
        features=pd.DataFrame(features, columns=["feature_id", *label, *define], dtype="str"),
        goals=pd.DataFrame(goals, columns=["goal_id", *label, *long], dtype="str"),
    )


LETTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
TEXT = st.text(LETTERS, min_size=1, max_size=12).map(str.strip).filter(bool)
LINES = st.lists(st.text(LETTERS, max_size=12), max_size=3).map("\n".join) | st.sampled_from(
    ["Id: x", "a\nId: x", " a\n  b\n", "Label (en): a\n\nSources (en):", "a\r\nb", "]]>&<\"'\t"]
)
RECORDS = st.lists(
    st.tuples(TEXT, TEXT, TEXT, TEXT, LINES, LINES, LINES),
    min_size=1,
    max_size=4,
    unique_by=lambda record: record[0],
)


@settings(max_examples=60, deadline=None)
@given(RECORDS, RECORDS, st.sampled_from(LANGUAGES))
def test_a_codebook_gives_back_the_taxonomy_that_it_was_written_from(
    tmp_path_factory, features, goals, lang
):
    ours = own(features, goals)
    path = tmp_path_factory.getbasetemp() / "round-trip.qdc"
    refi_codebook.write_codebook(ours, path, lang)
    schema("Codebook").assertValid(etree.parse(path))
    tables = refi_codebook.tables(refi_codebook.read_codebook(path), path.name)
    again = LIBRARY.with_tables(version="own", **tables)
    assert again.features == ours.features
    assert again.goals == ours.goals


def test_characters_that_xml_cannot_hold_are_refused_all_at_once(tmp_path):
    label = ("a\x0b", "b", "c", "", "", "")
    ours = own([("f1", *label), ("f2", "a", "b\x00", "c", "", "", "")], [("g", *"abc", "", "", "")])
    with pytest.raises(ValueError, match="the codebook cannot be written") as error:
        refi_codebook.write_codebook(ours, tmp_path / "a.qdc", "fi")
    assert str(error.value) == (
        "the codebook cannot be written:\n"
        "  f1: a character that XML cannot hold in 'a\\x0b'\n"
        "  f2: a character that XML cannot hold in 'b\\x00'"
    )
    assert list(tmp_path.iterdir()) == []


# Reading codebooks of other programs


def test_a_codebook_exported_by_taguette_is_read_though_it_is_not_valid():
    path = HERE / "taguette-1.5.2.qdc"
    assert not schema("Codebook").validate(etree.parse(path))  # an empty <Sets/>
    found = refi_codebook.read_codebook(path)
    assert [c.name for c in found] == [
        "interesting",
        "Osallisuus",
        "Yhteiskehittäminen",
        "Delaktighet (kopia)",
        'keinot & "välineet" <1>',
    ]
    assert refi_codebook.match(found, LIBRARY) == {
        "cbb377d7-6cb8-563a-89dd-0a7a79b16343": ("features", "participation"),
        "c86300c3-6d8a-5ece-8398-3881780925f3": ("features", "co-creation"),
    }
    features = refi_codebook.tables(found, path.name)["features"]
    assert features["feature_id"].tolist() == [
        "interesting",
        "osallisuus",
        "yhteiskehittaminen",
        "delaktighet-kopia",
        "keinot-valineet-1",
    ]
    assert features["label_sv"].tolist() == [c.name for c in found]


def test_a_project_exported_by_qc_is_read_with_its_two_coders():
    path = HERE / "qc-1.7.8.qdpx"
    coded = refi_project.read_project(path, LIBRARY, partial=True)
    assert (coded.origin, coded.models["model_id"].tolist()) == ("qc 1.7.8", ["M02", "M01"])
    assert codings(coded) == [
        ("M01", "co-creation", "AB", "1"),
        ("M01", "co-creation", "CD", "1"),
        ("M01", "networked", "CD", "1"),
        ("M01", "participation", "AB", "1"),
        ("M02", "new-interactions", "AB", "1"),
    ]
    assert sorted(coded.memberships.itertuples(index=False, name=None)) == [
        ("M01", "goal-1"),
        ("M02", "goal-2"),
    ]
    assert [str(one) for one in coded.left_out] == [
        'project.qde:1: found "own idea"; neither a feature nor a goal; applied once'
    ]


def test_a_project_exported_by_atlas_ti_is_read_by_features_named_as_its_codes():
    path = HERE / "atlas-ti-8.4.qde"
    schema("Project").assertValid(etree.parse(path))
    names = [("diet Coke", "diet-coke"), ("cornflakes", "cornflakes"), ("feelings", "feelings")]
    ours = own([(key, *[name] * 3, "", "", "") for name, key in names], [("g", *"ggg", "", "", "")])
    coded = refi_project.read_project(path, ours, partial=True)
    assert coded.origin == "ATLAS.ti 8.4.0 573 , macOS Version 10.14.3 (Build 18D109)"
    assert len(coded.models) == 12
    user = "Friedrich Markgraf"
    assert codings(coded) == [
        ("1994 Diet Coke-Diet Coke Break", "diet-coke", user, "1"),
        ("Mabel", "cornflakes", user, "1"),
        ("Pay de Limón con Base de Granola | Kellogg's ®", "cornflakes", user, "1"),
        ("Simon", "feelings", user, "1"),
        ("cornflakes-n-milk.jpg", "cornflakes", user, "1"),
    ]


def test_the_guid_counts_before_the_id_in_the_description_and_that_before_the_name(tmp_path):
    feature = refi_codebook.guid("features", "networked")
    described = "<Description>Id: co-creation</Description>"
    xml = (
        "<CodeBook><Codes>"
        f'<Code guid="{{{feature.upper()}}}" name="Osallisuus">{described}</Code>'
        f"{code(1, 'Osallisuus', described)}{code(2, ' gemensam  UTVECKLING ')}"
        f"{code(3, 'Features::Scalability')}{code(4, 'Features::participation')}"
        "</Codes></CodeBook>"
    )
    (tmp_path / "a.qdc").write_text(xml)
    assert refi_codebook.match(refi_codebook.read_codebook(tmp_path / "a.qdc"), LIBRARY) == {
        feature: ("features", "networked"),
        guid(1): ("features", "co-creation"),
        guid(2): ("features", "co-creation"),
        guid(4): ("features", "participation"),
    }


@pytest.mark.parametrize("namespace", ["", ' xmlns="urn:QDA-XML:codebook:0:4"'])
def test_other_namespaces_any_colour_and_braces_are_read(tmp_path, namespace):
    codes = f'<Code guid="{{{guid(1).upper()}}}" name="A" isCodable="1" color="tomato"/>'
    codes += code(2, "B", code(3, "C"), codable="False")
    (tmp_path / "a.qdc").write_text(f"<CodeBook{namespace}><Codes>{codes}</Codes></CodeBook>")
    found = refi_codebook.read_codebook(tmp_path / "a.qdc")
    assert [(c.guid, c.name, c.codable, c.parent) for c in found] == [
        (guid(1), "A", True, ""),
        (guid(2), "B", False, ""),
        (guid(3), "C", True, guid(2)),
    ]
    assert refi_codebook.tables(found, "a.qdc")["features"]["feature_id"].tolist() == ["a", "c"]


def test_codes_that_would_share_an_id_are_listed_all_at_once(tmp_path):
    codes = code(1, "New idea") + code(2, "new idea!") + code(3, "A") + code(4, "Ä")
    (tmp_path / "a.qdc").write_text(f"<CodeBook><Codes>{codes}</Codes></CodeBook>")
    found = refi_codebook.read_codebook(tmp_path / "a.qdc")
    assert refused(refi_codebook.tables, found, "a.qdc") == (
        "a.qdc: 2 problems\n"
        '  a.qdc:1: found "new idea!"; its feature_id would be "new-idea", as that of "New idea"\n'
        '  a.qdc:1: found "Ä"; its feature_id would be "a", as that of "A"\n'
        "Nothing was written. Rename the codes in the program, and export again."
    )


def test_codes_of_one_name_are_known_by_those_that_they_are_nested_in(tmp_path):
    inside = [code(n, name) for n, name in enumerate(["Vahva", "Heikko", "Vahva", "Oma"], 3)]
    codes = code(1, "Osallisuus", "".join(inside[:2])) + code(2, "Idea", "".join(inside[2:]))
    (tmp_path / "a.qdc").write_text(f"<CodeBook><Codes>{codes}</Codes></CodeBook>")
    found = refi_codebook.tables(refi_codebook.read_codebook(tmp_path / "a.qdc"), "a.qdc")
    assert found["features"][["feature_id", "label_fi"]].to_numpy().tolist() == [
        ["osallisuus", "Osallisuus"],
        ["osallisuus-vahva", "Osallisuus: Vahva"],
        ["heikko", "Heikko"],
        ["idea", "Idea"],
        ["idea-vahva", "Idea: Vahva"],
        ["oma", "Oma"],
    ]


def test_a_codebook_without_codes_is_refused(tmp_path):
    (tmp_path / "a.qdc").write_text("<Anything/>")
    assert refused(refi_codebook.read_codebook, tmp_path / "a.qdc") == (
        f"{tmp_path / 'a.qdc'}: 1 problem\n  a.qdc: no codes in <Anything>\n"
        "Nothing was written. Export the codebook again as REFI-QDA Codebook."
    )
    (tmp_path / "b.qdc").write_text(f"<C><Codes>{code(1, 'A', codable='false')}</Codes></C>")
    found = refi_codebook.read_codebook(tmp_path / "b.qdc")
    assert "no code that can be used for coding" in refused(refi_codebook.tables, found, "b.qdc")


# Coded texts


CODES = code(1, "Osallisuus") + code(2, "Co-creation") + code(3, "goal-1")


def test_a_code_applied_anywhere_in_a_text_is_present_by_its_user(read):
    text = selection(20, coding_of(1) + coding_of(2, BEN), "they  planned\nit", ANN)
    sources = source(10, "M01.txt", text + selection(21, coding_of(1) + coding_of(3, BEN), "again"))
    coded = read(project(CODES, sources=sources + source(11, "M02.docx", coding_of(2, BEN))))
    assert coded.models.to_dict("list") == {
        "model_id": ["M01", "M02"],
        "name": ["M01.txt", "M02.docx"],
    }
    assert coded.codings.to_numpy().tolist() == [
        ["M01", "participation", "Ann", "1", "they planned it; again"],
        ["M01", "co-creation", "Ben", "1", "they planned it"],
        ["M02", "co-creation", "Ben", "1", ""],
    ]
    assert coded.memberships.to_numpy().tolist() == [["M01", "goal-1"]]
    assert coded.left_out == ()


def test_what_a_coder_did_not_apply_is_not_assessed_unless_absent_is_asked_for(read):
    sources = source(10, "M01", coding_of(1) + coding_of(2, BEN)) + source(11, "M02", coding_of(3))
    xml = project(CODES, sources=sources + source(12, "M03"))
    assert len(read(xml).codings) == 2
    filled = read(xml, absent=True).codings
    counts = filled.groupby(["model_id", "coder_id", "code"]).size().to_dict()
    assert counts == {
        ("M01", "Ann", "1"): 1,
        ("M01", "Ann", "0"): 15,
        ("M01", "Ben", "1"): 1,
        ("M01", "Ben", "0"): 15,
        ("M02", "Ann", "0"): 16,
    }


def test_a_code_nested_in_that_of_a_feature_counts_as_it(read):
    codes = code(1, "Osallisuus", code(2, "youth council", code(3, "elected")))
    coded = read(project(codes, sources=source(10, "M01", coding_of(3))))
    assert codings(coded) == [("M01", "participation", "Ann", "1")]


STATED = [("Esiintyy", "1"), ("Ei esiinny", "0"), ("Oklart", "?"), ("no", "0"), ("vahva", "1")]


@pytest.mark.parametrize(("name", "expected"), STATED)
def test_what_a_nested_code_states_counts_before_what_it_is_nested_in(read, name, expected):
    codes = code(1, "1. Osallisuus", code(2, name, code(3, "näyte")))
    for applied in (2, 3):
        coded = read(project(codes, sources=source(10, "M01", coding_of(applied))))
        assert codings(coded) == [("M01", "participation", "Ann", expected)]


@pytest.mark.parametrize("name", ["Osallisuus::Ei esiinny", "Osallisuus: ei", "osallisuus – 0"])
def test_what_a_code_states_after_the_name_of_a_feature_is_its_answer(read, name):
    coded = read(project(code(1, name), sources=source(10, "M01", coding_of(1))))
    assert codings(coded) == [("M01", "participation", "Ann", "0")]


def test_a_nested_code_that_denies_in_its_own_words_is_not_read_as_present(read):
    codes = code(1, "Osallisuus", code(2, "Ei osallisuutta"))
    xml = project(codes, sources=source(10, "M01", coding_of(2)))
    assert (
        '  project.qde:1: found "Ei osallisuutta", allowed 1, 0, ?, -; its name seems to say that '
        "a feature is absent; applied once; name it as a code\n"
    ) in refused(read, xml)
    assert codings(read(xml, partial=True)) == []


def test_a_goal_that_is_stated_to_be_absent_is_not_served(read):
    codes = code(1, "goal-1", code(2, "Ei")) + code(3, "goal-2", code(4, "Kyllä"))
    coded = read(project(codes, sources=source(10, "M01", coding_of(2) + coding_of(4))))
    assert coded.memberships.to_numpy().tolist() == [["M01", "goal-2"]]


def test_absent_makes_no_codes_of_somebody_who_coded_goals_only(read):
    sources = source(10, "M01", coding_of(1) + coding_of(3, BEN)) + source(11, "M02", coding_of(3))
    filled = read(project(CODES, sources=sources), absent=True).codings
    counts = filled.groupby(["model_id", "coder_id", "code"]).size().to_dict()
    assert counts == {("M01", "Ann", "1"): 1, ("M01", "Ann", "0"): 15, ("M02", "Ann", "0"): 16}


def test_texts_of_a_case_are_one_model_and_a_selection_may_belong_to_another(read):
    cases = case(
        30, "M01", f'<SourceRef targetGUID="{guid(10)}"/><SourceRef targetGUID="{guid(11)}"/>'
    )
    cases += case(31, "M02", f'<SelectionRef targetGUID="{guid(22)}"/>')
    sources = source(10, "a.txt", selection(20, coding_of(1)))
    sources += source(11, "b.txt", selection(21, coding_of(2)) + selection(22, coding_of(1)))
    coded = read(project(CODES, cases=cases, sources=sources + source(12, "c.txt")))
    assert coded.models["model_id"].tolist() == ["M01", "M02", "c"]
    assert codings(coded) == [
        ("M01", "co-creation", "Ann", "1"),
        ("M01", "participation", "Ann", "1"),
        ("M02", "participation", "Ann", "1"),
    ]


def test_pictures_recordings_and_transcripts_are_read_as_texts_are(read):
    pdf = f'<PDFSource guid="{guid(10)}" name="M01.pdf"><PDFSelection guid="{guid(20)}" page="1" '
    pdf += (
        f'firstX="0" firstY="0" secondX="1" secondY="1">{coding_of(1)}</PDFSelection></PDFSource>'
    )
    film = f'<VideoSource guid="{guid(11)}" name="M02"><Transcript guid="{guid(21)}">'
    film += f'<TranscriptSelection guid="{guid(22)}">{coding_of(2, BEN)}</TranscriptSelection>'
    coded = read(project(CODES, sources=f"{pdf}{film}</Transcript></VideoSource>"))
    assert codings(coded) == [
        ("M01", "participation", "Ann", "1"),
        ("M02", "co-creation", "Ben", "1"),
    ]


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (("M01.txt", "M02.pdf"), ["M01", "M02"]),
        (("M01.txt", "M01.docx"), ["M01.txt", "M01.docx"]),
        (("M01.txt", "M01.txt"), [guid(10), guid(11)]),
        (("M01", "M01.txt"), ["M01", "M01.txt"]),
        (("v1.0", ""), ["v1.0", guid(11)]),
    ],
)
def test_a_text_is_known_by_its_name_as_far_as_that_is_its_own(read, names, ids):
    sources = "".join(source(10 + n, name) for n, name in enumerate(names))
    assert read(project(sources=sources)).models["model_id"].tolist() == ids


def test_users_of_one_name_stay_apart(read):
    users = f'<Users><User guid="{ANN}" name="R"/><User guid="{BEN}" name="R"/></Users>'
    coded = read(
        project(CODES, sources=source(10, "M", coding_of(1) + coding_of(1, BEN)), users=users)
    )
    assert coded.codings["coder_id"].tolist() == [f"R {ANN}", f"R {BEN}"]


# Variables


VALUES = [
    ("Boolean", "true", "1"),
    ("Boolean", "0", "0"),
    ("Integer", "1", "1"),
    ("Float", "1.00", "1"),
    ("Text", "?", "?"),
    ("Text", " ei  esiinny ", "0"),
    ("Text", "Förekommer", "1"),
    ("Text", "-", "-"),
    ("Text", "", None),
    ("Text", "Kyllä", "1"),
    ("Text", "No", "0"),
    ("Text", "Ei tietoa", "?"),
    ("Text", "x", "1"),
    ("Text", "Not Applicable", "-"),
    ("Text", "Unassigned", None),
    ("Text", "NA", None),
]


@pytest.mark.parametrize(("kind", "what", "expected"), VALUES)
@pytest.mark.parametrize("place", ["case", "source"])
def test_a_variable_named_as_a_feature_gives_its_code(read, kind, what, expected, place):
    told, variables = value(40, kind, what), variable(40, "Participation", kind)
    options = {"attributes": f'creatingUserGUID="{BEN}"', "variables": variables}
    placed = (
        {"cases": case(30, "M01", told)}
        if place == "case"
        else {"sources": source(10, "M01", told)}
    )
    found = codings(read(project(**placed, **options)))
    assert found == ([("M01", "participation", "Ben", expected)] if expected else [])


def test_a_finer_scale_is_told_by_its_own_codes_and_labels(shipped, tmp_path):
    scale = shipped["own"].taxonomy
    feature, partly = (
        scale.features[0],
        next(c for c in scale.codes if "." in c.code or len(scale.codes) > 4),
    )
    cases = case(30, "A", value(40, "Text", partly.label["fi"])) + case(
        31, "B", value(40, "Text", partly.code)
    )
    xml = project(
        variables=variable(40, feature.id), cases=cases, attributes=f'creatingUserGUID="{ANN}"'
    )
    coded = refi_project.read_project(packed(tmp_path, {"project.qde": xml}), scale)
    assert coded.codings["code"].tolist() == [partly.code] * 2


def test_variables_give_goals_and_all_others_become_columns(read):
    variables = (
        variable(40, "goal_id") + variable(41, "Perheiden tuki", "Boolean") + variable(42, "region")
    )
    cases = case(
        30, "M01", value(40, "Text", "goal-1; Reform of aftercare") + value(42, "Text", "Lappi")
    )
    cases += case(31, "M02", value(41, "Boolean", "true")) + case(
        32, "M03", value(41, "Boolean", "false")
    )
    coded = read(project(variables=variables, cases=cases))
    assert sorted(map(tuple, coded.memberships.to_numpy().tolist())) == [
        ("M01", "goal-1"),
        ("M01", "goal-3"),
        ("M02", "goal-2"),
    ]
    assert coded.models.to_dict("list") == {
        "model_id": ["M01", "M02", "M03"],
        "name": ["M01", "M02", "M03"],
        "region": ["Lappi", "", ""],
    }


# Leniency


def test_the_project_file_may_have_any_name_and_sources_any_folder(tmp_path):
    xml = project(CODES, sources=source(10, "M01", coding_of(1)))
    for names in (
        ("Project.QDE", "Sources/a.txt"),
        ("My study.qde", "a.txt"),
        ("PROJECT.qde", "x/y"),
    ):
        path = packed(tmp_path, {names[0]: xml, names[1]: "text"})
        assert len(refi_project.read_project(path, LIBRARY).codings) == 1
    path = packed(tmp_path, {"__MACOSX/._project.qde": "junk", "project.qde": xml})
    assert len(refi_project.read_project(path, LIBRARY).codings) == 1
    path = packed(tmp_path, {"Round/project.qde": xml, "__MACOSX/Round/._project.qde": "junk"})
    assert len(refi_project.read_project(path, LIBRARY).codings) == 1
    bare = tmp_path / "study.qde"
    bare.write_text(xml)
    assert len(refi_project.read_project(bare, LIBRARY).codings) == 1


def test_other_namespaces_paths_without_scheme_and_odd_dates_are_read(read):
    xml = project(CODES, sources=source(10, "M01", coding_of(1)), attributes='modifiedDateTime="?"')
    xml = xml.replace("internal://", "").replace("targetGUID=", 'color="red" targetGUID=')
    for namespace in (f' xmlns="{PROJECT}"', ' xmlns="urn:QDA-XML:project:0:10"', ""):
        found = read(xml.replace(f' xmlns="{PROJECT}"', namespace), lenient=True)
        assert codings(found) == [("M01", "participation", "Ann", "1")]
        assert found.year == "?"


def test_who_coded_is_told_by_the_coding_else_the_selection_else_the_project(read):
    sources = source(10, "M01", selection(20, coding_of(1, ""), user=BEN) + coding_of(2, ""))
    xml = project(CODES, sources=sources, attributes=f'creatingUserGUID="{ANN}"')
    expected = [("M01", "co-creation", "Ann", "1"), ("M01", "participation", "Ben", "1")]
    assert codings(read(xml)) == expected
    assert codings(read(xml, coder="Eva"))[0][2] == "Eva"
    alone = f'<Users><User guid="{BEN}" id="B"/></Users>'
    only = project(CODES, sources=source(10, "M01", coding_of(1, "")), users=alone)
    assert codings(read(only)) == [("M01", "participation", "B", "1")]


# What cannot be used


def test_all_that_cannot_be_used_is_listed_at_once(read, tmp_path):
    codes = CODES + code(4, "Osalisuus") + code(5, "idea") + code(6, "unused")
    refs = f'<SourceRef targetGUID="{guid(12)}"/>'
    variables = (
        variable(40, "participation", "Integer") + variable(41, "goal_id") + variable(42, "name")
    )
    told = (
        value(40, "Integer", "7")
        + value(41, "Text", "goal-9")
        + value(42, "Text", "x")
        + value(49, "Text", "x")
    )
    cases = case(30, "M03", refs) + case(31, "M04", told + refs)
    sources = source(10, "M01", coding_of(4) + coding_of(5) + coding_of(5, BEN) + coding_of(7))
    sources += source(11, "M02", coding_of(1, "")) + source(12, "M05", coding_of(1))
    xml = project(codes, variables, cases, sources)
    assert refused(read, xml) == (
        f"{tmp_path / 'study.qdpx'}: 9 problems\n"
        "  project.qde: nobody is named as the coder; name one with --coder\n"
        '  project.qde:1: found "M05"; it belongs to several cases: M03, M04\n'
        '  project.qde:1: found "Osalisuus"; neither a feature nor a goal; applied once; '
        'did you mean "Osallisuus"?\n'
        '  project.qde:1: found "idea"; neither a feature nor a goal; applied 2 times\n'
        f'  project.qde: found "{guid(7)}"; not a code of the codebook; applied once\n'
        '  project.qde:1: found "7", allowed 1, 0, ?, -; the value of participation\n'
        '  project.qde:1: found "goal-9", allowed goal-1, goal-2, goal-3, goal-4; '
        "the value of goal_id\n"
        '  project.qde: found "name"; models.csv has a column of this name; rename the variable\n'
        f'  project.qde:1: found "{guid(49)}"; not one of the project\'s variables\n'
        f"Nothing was written. {refi_project.ADVICE}"
    )
    assert len(read(xml, partial=True).left_out) == 9


def test_contradictions_are_listed_and_left_out_if_that_is_allowed(read, tmp_path):
    told = value(40, "Boolean", "false")
    xml = project(
        CODES,
        variable(40, "Osallisuus", "Boolean"),
        sources=source(10, "M01", coding_of(1) + coding_of(2) + told),
        attributes=f'creatingUserGUID="{ANN}"',
    )
    assert (
        '  project.qde:1: found "1, 0"; contradictory codes of participation for "M01" by Ann\n'
    ) in refused(read, xml)
    assert codings(read(xml, partial=True)) == [("M01", "co-creation", "Ann", "1")]
    assert codings(read(xml, coder="Eva")) == [
        ("M01", "co-creation", "Ann", "1"),
        ("M01", "participation", "Ann", "1"),
        ("M01", "participation", "Eva", "0"),
    ]


@pytest.mark.parametrize("what", ["false", "perhaps"])
def test_what_is_left_out_is_not_taken_as_absent(read, what):
    variables = variable(40, "Osallisuus") + variable(41, "goal-1")
    told = value(40, "Text", what) + value(41, "Text", "perhaps")
    sources = source(10, "M01", coding_of(1) + coding_of(2) + told)
    xml = project(CODES, variables, sources=sources, attributes=f'creatingUserGUID="{ANN}"')
    coded = read(xml, partial=True, absent=True)
    assert len(coded.left_out) == 2
    assert "participation" not in coded.codings["feature_id"].tolist()
    assert len(coded.codings) == 15
    assert coded.memberships.empty


def test_elements_without_a_guid_of_their_own_are_refused(read):
    sources = source(10, "A") + source(10, "B") + '<TextSource name="C"/>'
    message = refused(read, project(sources=sources), lenient=True)
    assert 'found "TextSource B"; duplicate guid' in message
    assert 'found "TextSource C"; it has no guid' in message


def test_a_codebook_is_no_project(codebook):
    assert refused(refi_project.read_project, codebook, LIBRARY) == (
        f"{codebook}: 1 problem\n  codebook.qdc: <CodeBook> is not a project\n"
        "Nothing was written. Export it as REFI-QDA Project (.qdpx)."
    )


# Attacks and broken files


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ATTACKS = {
    "billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>',
    "billion laughs in an attribute": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a b="&l9;"/>',
    "file": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
    "external definition": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
    "parameter entity": '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;]><a/>',
    "empty definition": "<!DOCTYPE a><a/>",
}
DOCTYPE = "a.qdc: it has a document type definition (<!DOCTYPE>), which no exchange file needs"
AMPLIFIED = "a.qdc:1: not well-formed XML: Maximum entity amplification factor exceeded"


@pytest.mark.parametrize("attack", ATTACKS)
def test_entities_and_external_definitions_are_refused(tmp_path, attack):
    (tmp_path / "a.qdc").write_text(ATTACKS[attack])
    message = refused(refi_codebook.read_codebook, tmp_path / "a.qdc")
    assert (AMPLIFIED if "laughs" in attack else f"{DOCTYPE}\n{AGAIN}") in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.qdc:1: not well-formed XML: Document is empty"),
        (b"<CodeBook>\n<Codes>", "a.qdc:2: not well-formed XML: Premature end of data in tag"),
        (b"<a>\xff</a>", "a.qdc:1: not well-formed XML: "),
        (b"<a>" * 300 + b"</a>" * 300, "a.qdc:1: not well-formed XML: Excessive depth in document"),
    ],
)
def test_broken_xml_is_refused_with_its_line(tmp_path, content, message):
    (tmp_path / "a.qdc").write_bytes(content)
    assert message in refused(refi_codebook.read_codebook, tmp_path / "a.qdc")


def test_an_xml_file_beyond_the_stated_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(safe_files, "XML_BYTES", 2**20)
    (tmp_path / "a.qdc").write_bytes(b"<a>" + b" " * 3 * 2**20 + b"</a>")
    assert f"a.qdc: 3 MiB of XML, more than 1 MiB\n{AGAIN}" in refused(
        refi_codebook.read_codebook, tmp_path / "a.qdc"
    )


def link(name):
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


UNSAFE = {
    "../evil.txt": "a path that leads out of the archive",
    "sources/..\\..\\evil.txt": "a path that leads out of the archive",
    "/etc/evil": "an absolute path",
    "C:\\evil.txt": "an absolute path",
    "\\\\host\\evil.txt": "an absolute path",
}


def test_members_that_would_land_elsewhere_are_refused_all_at_once(tmp_path):
    path = packed(
        tmp_path, {"project.qde": project(), **dict.fromkeys(UNSAFE, "x"), link("l"): "x"}
    )
    lines = "".join(f"  {name}: {reason}\n" for name, reason in UNSAFE.items())
    assert refused(refi_project.read_project, path, LIBRARY) == (
        f"{path}: 6 problems\n{lines}  l: a symbolic link\n{AGAIN}"
    )


def test_a_name_that_stands_twice_is_refused(tmp_path):
    path = packed(tmp_path, {"project.qde": project()})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("project.qde", "<Project/>")
    assert f"  project.qde: duplicate name in the archive\n{AGAIN}" in refused(
        refi_project.read_project, path, LIBRARY
    )


def test_an_encrypted_member_is_refused(tmp_path):
    path = packed(tmp_path, {"project.qde": project()})
    content = bytearray(path.read_bytes())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + flags] |= 0x1
    path.write_bytes(content)
    assert f"  project.qde: encrypted; export the project without a password\n{AGAIN}" in refused(
        refi_project.read_project, path, LIBRARY
    )


def test_an_archive_beyond_the_stated_size_is_refused(tmp_path, monkeypatch):
    path = packed(tmp_path, {"project.qde": project(), "sources/a.mp4": bytes(3 * 2**20)})
    assert len(path.read_bytes()) < 2**14
    monkeypatch.setattr(safe_files, "ARCHIVE_BYTES", 2**21)
    assert (
        "  study.qdpx: it expands to 3 MiB, more than 2 MiB; export it without audio and video\n"
    ) in refused(refi_project.read_project, path, LIBRARY)


def test_a_project_file_beyond_the_stated_size_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.delattr(zipfile.ZipFile, "read")
    path = packed(tmp_path, {"project.qde": bytes(65 * 2**20)})
    assert len(path.read_bytes()) < 2**17
    assert f"  project.qde: 65 MiB of XML, more than 64 MiB\n{AGAIN}" in refused(
        refi_project.read_project, path, LIBRARY
    )


def test_a_member_that_lies_about_its_size_is_refused(tmp_path):
    path = packed(tmp_path, {"project.qde": bytes(2**22)})
    content = path.read_bytes().replace((2**22).to_bytes(4, "little"), (9).to_bytes(4, "little"))
    path.write_bytes(content)
    assert "  study.qdpx: not a zip archive that can be read: Bad CRC-32 for file " in refused(
        refi_project.read_project, path, LIBRARY
    )


@pytest.mark.parametrize(
    ("members", "holds"),
    [
        ({}, "nothing"),
        ({"a.txt": ""}, "a.txt"),
        ({"a.qde": "", "b.qde": ""}, "a.qde, b.qde"),
        ({"a/project.qde": "", "b/project.qde": ""}, "a/project.qde, b/project.qde"),
    ],
)
def test_an_archive_needs_one_project_file(tmp_path, members, holds):
    path = packed(tmp_path, members)
    assert f"  study.qdpx: it needs one project.qde; it holds {holds}\n" in refused(
        refi_project.read_project, path, LIBRARY
    )


@pytest.mark.parametrize("cut", [0, 1, 100, -30])
def test_a_broken_archive_is_refused(tmp_path, cut):
    path = packed(tmp_path, {"project.qde": project()})
    path.write_bytes(path.read_bytes()[:cut])
    assert "  study.qdpx: not a zip archive that can be read: " in refused(
        refi_project.read_project, path, LIBRARY
    )


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_a_damaged_archive_is_read_or_refused_but_nothing_else(tmp_path_factory, place, damage):
    folder = tmp_path_factory.getbasetemp()
    path = packed(folder, {"project.qde": project(CODES, sources=source(10, "M", coding_of(1)))})
    content = bytearray(path.read_bytes())
    content[place : place + len(damage)] = damage
    path.write_bytes(content)
    with contextlib.suppress(DatasetError):
        refi_project.read_project(path, LIBRARY)


# Into a data set


GOALS = "".join(code(50 + n, f"goal-{n}") for n in (1, 2, 3, 4))


def complete(folder):
    """A project whose two texts serve all goals."""
    goals = "".join(coding_of(50 + n) for n in (2, 3, 4))
    sources = source(10, "M01.txt", coding_of(1) + coding_of(51)) + source(11, "M02.txt", goals)
    attributes = 'origin="Program 1" modifiedDateTime="2026-03-01T10:00:00Z"'
    xml = project(CODES + GOALS, sources=sources, attributes=attributes)
    return packed(folder, {"project.qde": xml})


def test_a_new_folder_becomes_a_data_set_that_says_where_it_is_from(tmp_path):
    refi_import.read(complete(tmp_path), tmp_path / "round")
    data = datasets.load(tmp_path / "round")
    info = data.info
    assert (info.title.sv, info.kind, info.licence, info.round) == (
        "Round",
        "observed",
        "not stated",
        "2026",
    )
    assert info.source.en == "Coded from texts: study.qdpx (Program 1)."
    assert data.models["model_id"].tolist() == ["M01", "M02"]
    assert len(data.memberships) == 4
    assert data.codings.to_numpy().tolist() == [["M01", "participation", "Ann", "1", ""]]


def test_a_new_folder_needs_goals(tmp_path):
    sources = source(10, "M01", coding_of(1) + coding_of(3)) + source(11, "M02", coding_of(1))
    path = packed(tmp_path, {"project.qde": project(CODES, sources=sources)})
    assert refused(refi_import.read, path, tmp_path / "round") == (
        "study.qdpx: 4 problems\n"
        '  study.qdpx: found "M02"; no goal is given for this model\n'
        '  study.qdpx: found "goal-2"; no model has this goal\n'
        '  study.qdpx: found "goal-3"; no model has this goal\n'
        '  study.qdpx: found "goal-4"; no model has this goal\n'
        f"Nothing was written. {refi_import.NO_GOALS}"
    )
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def observed(tmp_path, shipped):
    """A folder of observed codes, by one coder, of models M01 (Malli 01), ..."""
    data = shipped["literal"]
    info = data.info.model_copy(update={"kind": "observed", "reading": None})
    codings_of_eva = data.codings.assign(coder_id="Eva")
    datasets.save(replace(data, info=info, codings=codings_of_eva), tmp_path / "round")
    return tmp_path / "round"


def of(folder, coder):
    data = datasets.load(folder)
    rows = data.codings[data.codings["coder_id"] == coder]
    return rows[["model_id", "feature_id", "code"]].to_numpy().tolist()


def test_in_a_data_set_codes_are_added_and_all_else_stays(tmp_path, observed):
    before = datasets.load(observed)
    sources = source(10, "M01\u200b.txt", coding_of(1) + coding_of(2))
    sources += source(11, "Malli  02", coding_of(1, BEN))
    refi_import.read(packed(tmp_path, {"project.qde": project(CODES, sources=sources)}), observed)
    assert of(observed, "Ann") == [["M01", "co-creation", "1"], ["M01", "participation", "1"]]
    assert of(observed, "Ben") == [["M02", "participation", "1"]]
    again = packed(
        tmp_path, {"project.qde": project(CODES, sources=source(10, "M01", coding_of(2)))}
    )
    refi_import.read(again, observed)
    assert of(observed, "Ann") == [["M01", "co-creation", "1"], ["M01", "participation", "1"]]
    refi_import.read(again, observed, update=True)
    assert of(observed, "Ann") == [["M01", "co-creation", "1"]]
    after = datasets.load(observed)
    assert after.models.equals(before.models)
    assert after.memberships.equals(before.memberships)
    assert len(after.codings) == len(before.codings) + 2


def test_the_version_of_the_codebook_is_recorded_where_it_is_not_the_data_sets(tmp_path, observed):
    def told(version):
        group = f'<Code guid="{refi_codebook.guid("features", "")}" name="F" isCodable="false">'
        codes = f"{group}<Description>Taxonomy: {version}</Description>{CODES}</Code>"
        xml = project(codes, sources=source(10, "M01", coding_of(1)))
        return packed(tmp_path, {"project.qde": xml})

    refi_import.read(told(LIBRARY.version), observed)
    assert "taxonomy_version" not in datasets.load(observed).codings
    assert 'taxonomy_version: found "2023.1", allowed ' in refused(
        refi_import.read, told("2023.1"), observed, update=True
    )
    changes = pd.DataFrame(
        [
            (version, "2025-01-01", "", "Muutos.", "Ändring.", "Change.", "no")
            for version in ("2023.1", LIBRARY.version)
        ],
        columns=taxonomy.CHANGE_COLUMNS,
    )
    datasets.save(replace(datasets.load(observed), changes=changes), observed)
    refi_import.read(told("2023.1"), observed, update=True)
    codings_now = datasets.load(observed).codings
    assert codings_now[codings_now["coder_id"] == "Ann"]["taxonomy_version"].tolist() == ["2023.1"]
    assert codings_now["taxonomy_version"].value_counts().to_dict()[""] == len(codings_now) - 1


def test_an_update_deletes_nothing_where_something_was_left_out(tmp_path, observed):
    both = source(10, "M01", coding_of(1) + coding_of(2))
    refi_import.read(packed(tmp_path, {"project.qde": project(CODES, sources=both)}), observed)
    sources = source(10, "M01", coding_of(2)) + source(11, "nobody's", coding_of(1))
    again = packed(tmp_path, {"project.qde": project(CODES, sources=sources)})
    refi_import.read(again, observed, update=True, partial=True)
    assert of(observed, "Ann") == [["M01", "co-creation", "1"], ["M01", "participation", "1"]]


def test_other_codes_by_the_same_coder_are_listed_unless_they_are_to_be_replaced(
    tmp_path, observed
):
    sources = source(10, "M01", coding_of(1) + coding_of(2))
    path = packed(tmp_path, {"project.qde": project(CODES, sources=sources)})
    refi_import.read(path, observed, absent=True)
    less = packed(
        tmp_path, {"project.qde": project(CODES, sources=source(10, "M01", coding_of(2)))}
    )
    before = (observed / "codings.csv").read_bytes()
    assert refused(refi_import.read, less, observed, absent=True) == (
        "study.qdpx: 1 problem\n"
        '  study.qdpx: found "0", allowed 1; participation of M01 by Ann, as in codings.csv\n'
        f"Nothing was written. {refi_import.OTHER_CODES}"
    )
    assert (observed / "codings.csv").read_bytes() == before
    refi_import.read(less, observed, absent=True, update=True)
    assert ["M01", "participation", "0"] in of(observed, "Ann")


def test_coders_codes_are_not_mixed_with_a_reconstruction(tmp_path, shipped):
    datasets.save(shipped["literal"], tmp_path / "round")
    path = packed(
        tmp_path, {"project.qde": project(CODES, sources=source(10, "M01", coding_of(1)))}
    )
    assert refused(refi_import.read, path, tmp_path / "round") == (
        f"{tmp_path / 'round'}: 1 problem\n"
        '  dataset.toml, key kind: found "reconstructed", allowed observed, synthetic; '
        "made-up codes and those of coders do not mix; name a new folder\n"
        "Nothing was written. Name a folder of observed codes."
    )


def test_texts_of_unknown_models_are_listed_and_left_out_if_that_is_allowed(tmp_path, observed):
    sources = source(10, "M01", coding_of(1)) + source(11, "Malli 01", coding_of(2))
    sources += source(12, "Mali 07")
    path = packed(tmp_path, {"project.qde": project(CODES, sources=sources)})
    assert refused(refi_import.read, path, observed) == (
        "study.qdpx: 2 problems\n"
        '  study.qdpx: found "Malli 01"; a second text of model M01\n'
        '  study.qdpx: found "Mali 07"; no model of this id or name; did you mean "Malli 07"?\n'
        f"Nothing was written. {refi_import.NO_MODELS}"
    )
    coded = refi_import.read(path, observed, partial=True)
    assert [one.found for one in coded.left_out] == ["Malli 01", "Mali 07"]
    assert of(observed, "Ann") == [["M01", "participation", "1"]]


@pytest.mark.parametrize(
    ("named", "meant", "differ"),
    [
        ("m01", "M01", "upper and lower case"),
        ("MALLI 01", "Malli 01", "upper and lower case"),
    ],
)
def test_a_model_that_is_only_alike_is_refused_and_shown(tmp_path, observed, named, meant, differ):
    path = packed(tmp_path, {"project.qde": project(CODES, sources=source(10, named))})
    told = f'"{meant}" differs only by {differ}; write both the same'
    assert f'found "{named}"; no model of this id or name; {told}\n' in refused(
        refi_import.read, path, observed
    )


# The command


def call(*arguments):
    result = CliRunner().invoke(soila, ["refi", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_the_command_writes_a_codebook_and_makes_features_of_it(tmp_path, folders):
    file = tmp_path / "a.qdc"
    written = call("codebook", folders["literal"], file, "-l", "sv")
    assert written.output == f"{file}: 16 features and 4 goals, in sv\n"
    made = call("features", file, tmp_path / "own")
    features, goals = tmp_path / "own" / "features.csv", tmp_path / "own" / "goals.csv"
    assert made.output == f"{features}: 16 rows\n{goals}: 4 rows\n"
    again = call("features", file, tmp_path / "own")
    assert again.stderr == (
        f"Error: {tmp_path / 'own'}: 2 problems\n"
        "  features.csv: it is there already\n  goals.csv: it is there already\n"
        "Nothing was written. Name a new folder, or move the file away.\n"
    )
    assert again.exit_code == 1


def test_features_of_another_programs_codebook_make_a_sound_data_set(tmp_path, shipped):
    assert call("features", HERE / "taguette-1.5.2.qdc", tmp_path / "own").exit_code == 0
    features = pd.read_csv(tmp_path / "own" / "features.csv", dtype="str", keep_default_na=False)
    data = replace(shipped["literal"], features=features, codings=shipped["literal"].codings[:0])
    datasets.save(data, tmp_path / "round")
    assert datasets.load(tmp_path / "round").taxonomy.feature_ids[1] == "osallisuus"


def test_a_codebook_that_cannot_be_written_is_told(tmp_path, folders):
    result = call("codebook", folders["literal"], tmp_path / "nowhere" / "a.qdc")
    assert result.stderr == f"Error: {tmp_path / 'nowhere'}: no such folder\n"
    assert result.exit_code == 1


def test_the_command_reads_a_project_and_lists_what_it_left_out(observed):
    result = call("read", HERE / "qc-1.7.8.qdpx", observed, "--partial")
    assert result.stdout == f"{observed}: 5 codes of 2 models, by AB, CD\n"
    assert result.stderr == (
        'left out: project.qde:1: found "own idea"; neither a feature nor a goal; applied once\n'
    )
    result = call("read", HERE / "qc-1.7.8.qdpx", observed)
    assert result.stderr.startswith(f"Error: {HERE / 'qc-1.7.8.qdpx'}: 1 problem\n")
    assert result.exit_code == 1
