import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soila_analysis import dataset as datasets
from soila_analysis import files
from soila_analysis.dataset import Problem, schema
from soila_analysis.files import UserError

ROOT = Path(__file__).parents[1]

SOUND = {
    "dataset.toml": """\
title.fi = "Pieni aineisto"
title.sv = "Litet material"
title.en = "Small data set"
kind = "synthetic"
source = "Made up for this test."
licence = "CC0-1.0"
round = "2025"
taxonomy = "2024.1"
""",
    "models.csv": "model_id,name\nM1,First\nM2,Second\n",
    "memberships.csv": "model_id,goal_id\nM1,goal-1\nM1,goal-2\nM2,goal-3\nM2,goal-4\n",
    "codings.csv": """\
model_id,feature_id,coder_id,code,note
M1,participation,A,1,
M1,co-creation,A,0,
M2,participation,A,?,
M2,co-creation,A,-,
""",
}
OWN = {
    "features.csv": "feature_id,label_fi,label_sv,label_en\nf1,Yksi,Ett,One\nf2,Kaksi,Två,Two\n",
    "goals.csv": "goal_id,label_fi,label_sv,label_en\ng1,Eka,Första,First\n",
    "codes.csv": """\
code,counts_as,label_fi,label_sv,label_en
1,present,Kyllä,Ja,Yes
0.5,present,Osittain,Delvis,Partly
0,absent,Ei,Nej,No
""",
    "dataset.toml": SOUND["dataset.toml"].replace("2024.1", "own-1"),
    "memberships.csv": "model_id,goal_id\nM1,g1\nM2,g1\n",
    "codings.csv": "model_id,feature_id,coder_id,code\nM1,f1,A,0.5\nM2,f2,A,0\n",
}
HEADER = "model_id,feature_id,code,decided_by,decided_on,reason\n"
DECISION = "M1,participation,0,Liisa,2025-11-20,Read again together.\n"
VERSIONS = "version,date,feature_id,change_fi,change_sv,change_en,recode\n"
CHANGES = f"{VERSIONS}own-0,2024,,Eka,Första,First,no\nown-1,2025-06,f1,Uusi,Ny,New,yes\n"
FEATURES = (
    "sustainability, everyday-life, target-group-needs, societal-solution, social-good-impact, "
    "new-interactions, new-working-idea, participation, co-creation, social-means, networked, "
    "societal-goal, new-competence, local-context, ecosystem-anchoring, scalability-quality"
)


def written(folder: Path, tables: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return folder


def shown(folder: Path) -> list[str]:
    return [str(problem) for problem in datasets.validate(folder)]


@pytest.fixture
def folder(tmp_path):
    return written(tmp_path / "round-2025", SOUND)


@pytest.fixture
def own(tmp_path):
    return written(tmp_path / "own-2025", SOUND | OWN)


def test_a_sound_folder_has_no_problems(folder):
    assert datasets.validate(folder) == []


def test_a_sound_folder_with_a_taxonomy_of_its_own_has_no_problems(own):
    assert datasets.validate(own) == []


CELLS = {
    "an unknown feature, near a known one": (
        "codings.csv",
        ("M1,co-creation", "M1,co-creaton"),
        [
            f'codings.csv:3, column feature_id: found "co-creaton", allowed {FEATURES}; '
            'did you mean "co-creation"?'
        ],
    ),
    "an unknown goal, near a known one": (
        "memberships.csv",
        ("M1,goal-1", "M1,goal-1\nM1,Goal 1"),
        [
            'memberships.csv:3, column goal_id: found "Goal 1", '
            'allowed goal-1, goal-2, goal-3, goal-4; did you mean "goal-1"?'
        ],
    ),
    "an unknown id, near none": (
        "memberships.csv",
        ("M1,goal-1", "M1,goal-1\nM1,aftercare"),
        [
            'memberships.csv:3, column goal_id: found "aftercare", '
            "allowed goal-1, goal-2, goal-3, goal-4"
        ],
    ),
    "a coding of an unknown model": (
        "codings.csv",
        ("M2,co-creation", "M3,co-creation"),
        ['codings.csv:5, column model_id: found "M3", allowed M1, M2'],
    ),
    "a goal of an unknown model": (
        "memberships.csv",
        ("M2,goal-4", "X,goal-4"),
        ['memberships.csv:5, column model_id: found "X", allowed M1, M2'],
    ),
    "a duplicate model": (
        "models.csv",
        ("M2,Second", "M2,Second\nM1,Again"),
        ['models.csv:4, column model_id: found "M1"; already on line 2'],
    ),
    "a duplicate membership": (
        "memberships.csv",
        ("M2,goal-3", "M1,goal-2\nM2,goal-3"),
        ['memberships.csv:4, columns model_id, goal_id: found "M1, goal-2"; already on line 3'],
    ),
    "a duplicate coding by one coder": (
        "codings.csv",
        ("M2,co-creation,A,-,", "M2,co-creation,A,-,\nM1,participation,A,0,"),
        [
            "codings.csv:6, columns model_id, feature_id, coder_id: "
            'found "M1, participation, A"; already on line 2'
        ],
    ),
    "a model without a goal": (
        "models.csv",
        ("M2,Second", "M2,Second\nM3,Third"),
        ['models.csv:4, column model_id: found "M3"; the model has no goal in memberships.csv'],
    ),
    "a wrong code": (
        "codings.csv",
        ("A,0", "A,2"),
        ['codings.csv:3, column code: found "2", allowed 1, 0, ?, -'],
    ),
    "an empty code": (
        "codings.csv",
        ("A,0", "A,"),
        ["codings.csv:3, column code: found nothing, allowed 1, 0, ?, -"],
    ),
    "no coder": (
        "codings.csv",
        ("creation,A,0", "creation,,0"),
        ["codings.csv:3, column coder_id: found nothing, allowed any text"],
    ),
    "no name": (
        "models.csv",
        ("M2,Second", "M2, "),
        ["models.csv:3, column name: found nothing, allowed any text"],
    ),
    "too few cells": (
        "codings.csv",
        ("M1,co-creation,A,0,", "M1,co-creation,A"),
        ['codings.csv:3: found "3 cells", allowed 5 cells, as in the header'],
    ),
    "too many cells": (
        "codings.csv",
        ("M1,co-creation,A,0,", "M1,co-creation,A,0,one, two"),
        ['codings.csv:3: found "6 cells", allowed 5 cells, as in the header'],
    ),
    "a row after a note of three lines": (
        "codings.csv",
        ("A,1,\nM1,co-creation,A,0,", 'A,1,"one\n\ntwo"\nM1,co-creation,A,3,'),
        ['codings.csv:5, column code: found "3", allowed 1, 0, ?, -'],
    ),
}


@pytest.mark.parametrize(("file", "change", "expected"), CELLS.values(), ids=CELLS)
def test_a_wrong_row_is_told_with_its_line_and_what_is_allowed(folder, file, change, expected):
    assert SOUND[file].count(change[0]) == 1
    written(folder, {file: SOUND[file].replace(*change)})
    assert shown(folder) == expected


DECISIONS = {
    "an unknown feature": (
        ("participation", "participatoin"),
        [
            'decisions.csv:2, column feature_id: found "participatoin", '
            f'allowed {FEATURES}; did you mean "participation"?',
            'decisions.csv:2, columns model_id, feature_id: found "M1, participatoin"; '
            "nobody has coded it; a decision settles codes and does not replace them",
        ],
    ),
    "an unknown code": (
        (",0,", ",2,"),
        ['decisions.csv:2, column code: found "2", allowed 1, 0, ?, -'],
    ),
    "nobody who decided": (
        ("Liisa", " "),
        ["decisions.csv:2, column decided_by: found nothing, allowed any text"],
    ),
    "no reason": (
        ("Read again together.", ""),
        ["decisions.csv:2, column reason: found nothing, allowed any text"],
    ),
    "no day": (
        ("2025-11-20", ""),
        ["decisions.csv:2, column decided_on: found nothing, allowed a date such as 2025-03-31"],
    ),
    "a day in Finnish form": (
        ("2025-11-20", "20.11.2025"),
        [
            'decisions.csv:2, column decided_on: found "20.11.2025", '
            "allowed a date such as 2025-03-31"
        ],
    ),
    "a day that no month has": (
        ("2025-11-20", "2025-02-30"),
        [
            'decisions.csv:2, column decided_on: found "2025-02-30", '
            "allowed a date such as 2025-03-31"
        ],
    ),
    "a week day of ISO 8601": (
        ("2025-11-20", "2025-W06-1"),
        [
            'decisions.csv:2, column decided_on: found "2025-W06-1", '
            "allowed a date such as 2025-03-31"
        ],
    ),
    "two decisions on one cell": (
        (DECISION, DECISION + DECISION.replace(",0,", ",1,")),
        [
            'decisions.csv:3, columns model_id, feature_id: found "M1, participation"; '
            "already on line 2"
        ],
    ),
    "a decision on what nobody has coded": (
        ("M1,participation", "M2,social-means"),
        [
            'decisions.csv:2, columns model_id, feature_id: found "M2, social-means"; '
            "nobody has coded it; a decision settles codes and does not replace them"
        ],
    ),
    "a further column": (
        (f"{HEADER}{DECISION}", f"{HEADER[:-1]},vote\n{DECISION[:-1]},3\n"),
        [
            'decisions.csv:1: found "vote", '
            "allowed model_id, feature_id, code, decided_by, decided_on, reason"
        ],
    ),
}


@pytest.mark.parametrize(("change", "expected"), DECISIONS.values(), ids=DECISIONS)
def test_a_wrong_decision_is_told_with_its_line_and_what_is_allowed(folder, change, expected):
    written(folder, {"decisions.csv": HEADER + DECISION})
    assert shown(folder) == []
    assert (HEADER + DECISION).count(change[0]) == 1
    written(folder, {"decisions.csv": (HEADER + DECISION).replace(*change)})
    assert shown(folder) == expected


def test_decisions_may_be_begun_with_a_header_alone(folder):
    written(folder, {"decisions.csv": HEADER})
    assert shown(folder) == []


def test_a_coding_may_name_an_older_version_of_the_taxonomy_that_is_known(own):
    told = "model_id,feature_id,coder_id,code,taxonomy_version\nM1,f1,A,0.5,own-0\nM2,f2,A,0,\n"
    written(own, {"codings.csv": told})
    assert shown(own) == [
        'codings.csv:2, column taxonomy_version: found "own-0", allowed own-1; '
        'did you mean "own-1"?'
    ]
    written(own, {"changes.csv": CHANGES})
    assert shown(own) == []


CHANGED = {
    "a change of an unknown feature": (
        (",f1,", ",f3,"),
        ['changes.csv:3, column feature_id: found "f3", allowed f1, f2'],
    ),
    "a date in words": (
        ("2025-06", "June"),
        [
            'changes.csv:3, column date: found "June", '
            "allowed a date such as 2025-03-31, 2025-03 or 2025"
        ],
    ),
    "neither yes nor no": (
        ("yes", "maybe"),
        ['changes.csv:3, column recode: found "maybe", allowed yes, no'],
    ),
    "a change without words": (
        ("Ny", ""),
        ["changes.csv:3, column change_sv: found nothing, allowed any text"],
    ),
    "without the version in use": (
        ("own-1", "own-2"),
        [
            'dataset.toml:8, key taxonomy: found "own-1", allowed own-0, own-2; '
            "add the version to changes.csv"
        ],
    ),
    "a feature changed twice by one version": (
        ("own-0,2024,,", "own-1,2024,f1,"),
        ['changes.csv:3, columns version, feature_id: found "own-1, f1"; already on line 2'],
    ),
}


@pytest.mark.parametrize(("change", "expected"), CHANGED.values(), ids=CHANGED)
def test_a_wrong_change_is_told_with_its_line_and_what_is_allowed(own, change, expected):
    assert CHANGES.count(change[0]) == 1
    written(own, {"changes.csv": CHANGES.replace(*change)})
    assert shown(own) == expected


FORMS = {
    "a missing column": (
        {"models.csv": "model_id,nmae\nM1,First\nM2,Second\n"},
        ['models.csv:1, column name: found "model_id,nmae"; the column is missing'],
    ),
    "a misspelt column": (
        {"memberships.csv": SOUND["memberships.csv"].replace("goal_id", "gaol_id")},
        [
            'memberships.csv:1: found "gaol_id", allowed model_id, goal_id; '
            'did you mean "goal_id"?',
            'memberships.csv:1, column goal_id: found "model_id,gaol_id"; the column is missing',
        ],
    ),
    "a column that codings cannot have": (
        {"codings.csv": "model_id,feature_id,coder_id,code,date\nM1,participation,A,1,May\n"},
        [
            'codings.csv:1: found "date", allowed '
            "model_id, feature_id, coder_id, code, note, taxonomy_version"
        ],
    ),
    "a column twice": (
        {"models.csv": "model_id,name,name\nM1,First,1\nM2,Second,2\n"},
        ['models.csv:1: found "name", allowed each column named, and once; column 3'],
    ),
    "a column without a name": (
        {"models.csv": "model_id,name,\nM1,First,\nM2,Second,\n"},
        ["models.csv:1: found nothing, allowed each column named, and once; column 3"],
    ),
    "an empty file": (
        {"codings.csv": ""},
        [
            "codings.csv: found nothing, allowed model_id, feature_id, coder_id, code, note; "
            "the file is empty"
        ],
    ),
    "no rows": (
        {"models.csv": "model_id,name\n", "memberships.csv": "", "codings.csv": "code"},
        [
            'models.csv: found "no rows", allowed at least one row',
            "memberships.csv: found nothing, allowed model_id, goal_id; the file is empty",
            'codings.csv:1, column coder_id: found "code"; the column is missing',
            'codings.csv:1, column feature_id: found "code"; the column is missing',
            'codings.csv:1, column model_id: found "code"; the column is missing',
        ],
    ),
    "a NUL byte": (
        {"models.csv": "model_id,name\nM1,Fi\0rst\nM2,Second\n"},
        [
            'models.csv:2: found "control character U+0000", allowed text; '
            "save the file as CSV in UTF-8"
        ],
    ),
    "a quotation mark that is not closed": (
        {"models.csv": 'model_id,name\nM1,"First\nM2,Second\n'},
        [
            'models.csv:2: found "unexpected end of data", allowed cells in CSV form; '
            'close each quotation mark, and write one inside a quoted cell as ""'
        ],
    ),
}


@pytest.mark.parametrize(("files", "expected"), FORMS.values(), ids=FORMS)
def test_a_file_in_a_wrong_form_is_told_and_nothing_that_follows_from_it(folder, files, expected):
    written(folder, files)
    assert shown(folder) == expected


KEYS = {
    "broken TOML": (
        ('kind = "synthetic"', "kind = synthetic"),
        ["dataset.toml:4: not valid TOML: Invalid value"],
    ),
    "TOML that ends too early": (
        ('"2024.1"\n', "["),
        ["dataset.toml:8: not valid TOML: Invalid value"],
    ),
    "an unknown kind": (
        ('"synthetic"', '"observd"'),
        [
            'dataset.toml:4, key kind: found "observd", '
            'allowed observed, reconstructed, synthetic; did you mean "observed"?'
        ],
    ),
    "a missing key": (
        ('licence = "CC0-1.0"\n', ""),
        ["dataset.toml, key licence: the key is missing"],
    ),
    "a misspelt key": (
        ("licence =", "license ="),
        [
            "dataset.toml, key licence: the key is missing",
            'dataset.toml:6: found "license", allowed title, kind, reading, source, citation, '
            "place, author, publisher, claims, licence, round, earlier, date, taxonomy, encoding, "
            'consensus, engine, address; did you mean "licence"?',
        ],
    ),
    "an empty title": (
        (
            'title.fi = "Pieni aineisto"\ntitle.sv = "Litet material"\n'
            'title.en = "Small data set"\n',
            "title = {}\n",
        ),
        ['dataset.toml:1, key title: found "{}", allowed a text in fi, sv or en'],
    ),
    "a date that is none": (
        ('round = "2025"', 'round = "2025"\ndate = "2025-02-30"'),
        [
            'dataset.toml:8, key date: found "2025-02-30", allowed a date such as 2025-03-31, '
            "2025-03 or 2025"
        ],
    ),
    "a number in place of a text": (
        ('round = "2025"', "round = 2025"),
        ['dataset.toml:7, key round: found "2025", allowed a text in quotation marks'],
    ),
    "a date in place of a text": (
        ('round = "2025"', "round = 2025-01-01"),
        ['dataset.toml:7, key round: found "2025-01-01", allowed a text in quotation marks'],
    ),
    "an empty text": (
        ('"CC0-1.0"', '" "'),
        ['dataset.toml:6, key licence: found " ", allowed a text in quotation marks'],
    ),
    "a reconstruction without its reading": (
        ('"synthetic"', '"reconstructed"'),
        ["dataset.toml, key reading: a reconstruction needs the reading it follows"],
    ),
    "a reading of what is no reconstruction": (
        ('"synthetic"', '"observed"\nreading = "literal"'),
        ['dataset.toml:5, key reading: found "literal"; only a reconstruction follows a reading'],
    ),
    "an unknown encoding": (
        ('"2025"', '"2025"\nencoding = "latin1"'),
        [
            'dataset.toml:8, key encoding: found "latin1", '
            'allowed utf-8, latin-1, windows-1252; did you mean "latin-1"?'
        ],
    ),
    "an unknown consensus rule": (
        ('"2025"', '"2025"\nconsensus = "most"'),
        [
            'dataset.toml:8, key consensus: found "most", '
            "allowed unanimous, majority, decided, coder:<coder_id>"
        ],
    ),
    "the consensus of an unknown coder": (
        ('"2025"', '"2025"\nconsensus = "coder:B"'),
        [
            'dataset.toml:8, key consensus: found "coder:B", allowed coder:A; '
            'did you mean "coder:A"?'
        ],
    ),
    "a wrong taxonomy version": (
        ('"2024.1"', '"2023.1"'),
        [
            'dataset.toml:8, key taxonomy: found "2023.1", allowed 2024.1; '
            "bring features.csv to use a taxonomy of your own"
        ],
    ),
}


@pytest.mark.parametrize(("change", "expected"), KEYS.values(), ids=KEYS)
def test_a_wrong_key_is_told_with_its_line_and_what_is_allowed(folder, change, expected):
    assert SOUND["dataset.toml"].count(change[0]) == 1
    written(folder, {"dataset.toml": SOUND["dataset.toml"].replace(*change)})
    assert shown(folder) == expected


def followed(folder, rounds):
    """Write rounds beside each other, each with the folder of the one before."""
    for name, before in rounds.items():
        about = SOUND["dataset.toml"] + f'earlier = "{before}"\n'
        written(folder.parent / name, SOUND | {"dataset.toml": about})


def test_an_earlier_round_that_is_not_there_is_told_with_its_line(folder):
    followed(folder, {folder.name: "../round-2023"})
    place = folder.parent / "round-2023"
    assert shown(folder) == [
        'dataset.toml:9, key earlier: found "../round-2023"; '
        f"round-2025: no data set of an earlier round at {place}"
    ]


def test_rounds_that_lead_in_a_circle_are_told_by_their_names(folder):
    followed(folder, {folder.name: "../round-2023", "round-2023": "../round-2025"})
    assert shown(folder) == [
        'dataset.toml:9, key earlier: found "../round-2023"; the earlier rounds lead in a circle: '
        "round-2025 -> round-2023 -> round-2025"
    ]


def test_an_earlier_round_that_names_one_that_is_not_there_is_told_too(folder):
    followed(folder, {folder.name: "../round-2023", "round-2023": "../round-2021"})
    (problem,) = shown(folder)
    assert problem.endswith(
        f"; round-2023: no data set of an earlier round at {folder.parent / 'round-2021'}"
    )


def test_rounds_are_followed_back_to_the_oldest(folder):
    written(folder.parent / "round-2021", SOUND)
    followed(folder, {folder.name: "../round-2023", "round-2023": "../round-2021"})
    assert shown(folder) == []
    assert [one.name for one in files.earlier(folder)] == ["round-2021", "round-2023"]


OWN_TABLES = {
    "a missing label": (
        "features.csv",
        ("Två", ""),
        ["features.csv:3, column label_sv: found nothing, allowed any text"],
    ),
    "a missing column": (
        "codes.csv",
        ("counts_as", "counts"),
        [
            'codes.csv:1, column counts_as: found "code,counts,label_fi,label_sv,label_en"; '
            "the column is missing"
        ],
    ),
    "goals without a label": (
        "goals.csv",
        (",label_fi,label_sv,label_en\ng1,Eka,Första,First", "\ng1"),
        [
            'goals.csv:1: found "goal_id", allowed label_fi, label_sv, label_en; '
            "one of these columns is needed"
        ],
    ),
    "a feature twice": (
        "features.csv",
        ("Two\n", "Two\nf1,Yksi,Ett,One\n"),
        ['features.csv:4, column feature_id: found "f1"; already on line 2'],
    ),
    "a code that counts as nothing known": (
        "codes.csv",
        ("0.5,present", "0.5,partly"),
        [
            'codes.csv:3, column counts_as: found "partly", '
            "allowed present, absent, unclear, not-applicable"
        ],
    ),
    "a position that is no number": (
        "features.csv",
        (
            ",label_en\nf1,Yksi,Ett,One\nf2,Kaksi,Två,Two",
            ",label_en,position\nf1,Yksi,Ett,One,1\nf2,Kaksi,Två,Two,second",
        ),
        ['features.csv:3, column position: found "second", allowed a whole number'],
    ),
    "a code of the library's that the own scale lacks": (
        "codings.csv",
        ("M2,f2,A,0", "M2,f2,A,?"),
        ['codings.csv:3, column code: found "?", allowed 1, 0.5, 0'],
    ),
    "a decimal comma": (
        "codings.csv",
        ("A,0.5", 'A,"0,5"'),
        ['codings.csv:2, column code: found "0,5", allowed 1, 0.5, 0; did you mean "0.5"?'],
    ),
    "a feature of the library's": (
        "codings.csv",
        ("M2,f2", "M2,participation"),
        ['codings.csv:3, column feature_id: found "participation", allowed f1, f2'],
    ),
}


@pytest.mark.parametrize(("file", "change", "expected"), OWN_TABLES.values(), ids=OWN_TABLES)
def test_own_tables_are_validated_and_everything_follows_them(own, file, change, expected):
    assert OWN[file].count(change[0]) == 1
    written(own, {file: OWN[file].replace(*change)})
    assert shown(own) == expected


@pytest.mark.parametrize("name", SOUND)
def test_a_missing_file_is_told(folder, name):
    (folder / name).unlink()
    assert shown(folder) == [f"{name}: the file is missing"]


@pytest.mark.parametrize("use", [datasets.load, datasets.validate, datasets.describe])
def test_a_mistyped_folder_names_the_nearest(folder, use):
    missing = folder.with_name("round-2026")
    with pytest.raises(UserError) as told:
        use(missing)
    meant = f'did you mean "{folder}"? Looked in {folder.parent}.'
    assert str(told.value) == f"{missing}: no such data set folder; {meant}"
    assert told.value._render_traceback_() == [str(told.value)]  # what a notebook shows


@pytest.mark.parametrize("typed", ["review-2042", "data/review-2042", "../data/review-2042"])
def test_a_mistyped_name_says_what_to_type(typed, monkeypatch):
    monkeypatch.chdir(ROOT / "notebooks")
    with pytest.raises(UserError, match=f"Looked in .*{ROOT}/data") as told:
        datasets.load(typed)
    meant = re.search(r'did you mean "(.*?)"', str(told.value))[1]
    assert meant == typed.replace("2042", "2024")
    assert datasets.load(meant).name == "review-2024"


def test_a_file_in_place_of_the_folder_is_told(folder):
    file = folder / "models.csv"
    with pytest.raises(UserError, match=r"models\.csv: not a folder; name the one that holds"):
        datasets.load(file)


def test_latin_1_without_a_declaration_is_told_with_byte_and_line(folder):
    (folder / "models.csv").write_bytes("model_id,name\nM1,First\nM2,Äiti\n".encode("latin-1"))
    assert shown(folder) == [
        'models.csv:3: found "byte 0xC4", allowed utf-8; save the file as UTF-8, or declare its '
        'encoding (encoding = "windows-1252") in dataset.toml'
    ]


PAGES = {  # what stands in the file: as what it is declared, and what is said of it
    "windows-1252 under latin-1": (
        "M1,Lapsen ääni – ”kuuluu”\nM2,Hinta 5 €".encode("windows-1252"),
        "latin-1",
        'models.csv:2: found "control character U+0096", allowed text; '
        'the file is in windows-1252: declare encoding = "windows-1252" in dataset.toml',
    ),
    "an old Macintosh's": (
        "M1,Lapsen ääni\nM2,Öinen tuki".encode("mac-roman"),
        "utf-8",
        'models.csv:2: found "byte 0x8A", allowed utf-8; save the file as UTF-8',
    ),
    "DOS": (
        "M1,Lapsen ääni\nM2,Päivä".encode("cp850"),
        "latin-1",
        'models.csv:2: found "control character U+0084", allowed text; '
        "save the file as CSV in UTF-8",
    ),
    "UTF-16": (
        "\ufeffM1,Ä\nM2,B".encode("utf-16-le"),
        "utf-8",
        'models.csv:1: found "UTF-16", allowed utf-8; save the file as UTF-8',
    ),
    "a control character in UTF-8": (
        "M1,a\u0085b\nM2,c".encode(),
        "utf-8",
        'models.csv:2: found "control character U+0085", allowed text; '
        "save the file as CSV in UTF-8",
    ),
}


@pytest.mark.parametrize(("content", "declared", "expected"), PAGES.values(), ids=PAGES)
def test_advice_on_an_encoding_never_makes_control_characters_or_wrong_letters(
    folder, content, declared, expected
):
    text = SOUND["dataset.toml"] + f'encoding = "{declared}"\n'
    (folder / "dataset.toml").write_text(text, encoding="utf-8")
    head = b"" if content.startswith(b"\xff\xfe") else b"model_id,name\n"
    (folder / "models.csv").write_bytes(head + content + b"\n")
    assert shown(folder)[0] == expected


def test_two_byte_order_marks_are_no_part_of_a_heading(folder):
    for name in SOUND:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(b"\xef\xbb\xbf\xef\xbb\xbf" + content)
    assert shown(folder) == []


def test_codes_that_pandas_wrote_as_decimals_are_those_of_the_scale(folder):
    whole = datasets.load(folder)
    decimal = whole.codings.assign(code=whole.codings["code"].replace({"1": "1.0", "0": "0.00"}))
    decimal.to_csv(folder / "codings.csv", index=False)
    assert "1.0" in (folder / "codings.csv").read_text()
    assert datasets.load(folder) == whole


ALIKE = [
    ("Malli 1\u200b", "Malli 1", "Malli 1<U+200B>", "U+200B"),
    ("Malli\u00a01", "Malli 1", "Malli<U+00A0>1", "U+00A0"),
    ("Malli  1", "Malli 1", "Malli  1", "spaces"),
    ("A\u0308iti", "Äiti", "A\u0308iti", "the way in which letters are composed"),
    ("m1", "M1", "m1", "upper and lower case"),
    ("001", "1", "001", "zeros"),
    ("1.0", "1", "1.0", "zeros"),
]


@pytest.mark.parametrize(("odd", "plain", "seen", "difference"), ALIKE)
def test_models_and_coders_that_differ_by_nothing_that_is_seen_are_told(
    folder, odd, plain, seen, difference
):
    models = f"model_id,name\n{plain},First\n{odd},Second\n"
    served = "".join(f"{m},goal-{n}\n" for n, m in ((1, plain), (2, odd), (3, odd), (4, odd)))
    codes = f"{plain},participation,{plain},1,\n{plain},participation,{odd},1,\n"
    written(
        folder,
        {
            "models.csv": models,
            "memberships.csv": f"model_id,goal_id\n{served}",
            "codings.csv": f"model_id,feature_id,coder_id,code,note\n{codes}",
        },
    )
    told = f'found "{seen}"; it differs from "{plain}" only by {difference}'
    assert shown(folder) == [
        f"models.csv:3, column model_id: {told}; write both the same if they are",
        f"codings.csv:3, column coder_id: {told}; write both the same if they are",
    ]


def test_utf_8_under_the_declaration_of_another_encoding_is_told(folder):
    declared = SOUND["dataset.toml"] + 'encoding = "latin-1"\n'
    written(folder, {"dataset.toml": declared, "models.csv": "model_id,name\nM1,Ä\nM2,Ö\n"})
    assert shown(folder) == [
        'models.csv: found "UTF-8", allowed latin-1; '
        "save it as the other files, or correct the encoding in dataset.toml"
    ]


def test_dataset_toml_in_another_encoding_is_told(folder):
    text = SOUND["dataset.toml"].replace("Litet", "Små")
    (folder / "dataset.toml").write_bytes(text.encode("latin-1"))
    assert shown(folder) == [
        'dataset.toml:2: found "byte 0xE5", allowed utf-8; save the file as UTF-8'
    ]


def test_many_allowed_values_are_cut_when_shown_and_kept_in_the_problem():
    ids = tuple(f"M{number}" for number in range(52))
    problem = Problem("codings.csv", 9, "model_id", "X", ids)
    assert str(problem) == (
        'codings.csv:9, column model_id: found "X", allowed M0, M1, M2, ... (52 in all)'
    )
    assert problem.allowed == ids


def test_a_long_value_is_cut_and_kept_on_one_line_when_shown():
    problem = Problem("models.csv", 2, "name", "one\ntwo" + "x" * 80)
    assert str(problem) == f'models.csv:2, column name: found "one\\ntwo{"x" * 50}..."'


def test_all_problems_are_listed_at_once_by_file_and_line_and_nothing_is_changed(folder):
    wrong = {
        "dataset.toml": SOUND["dataset.toml"].replace("2024.1", "2023.1"),
        "models.csv": "model_id,name\nM1,First\nM1,Second\n",
        "codings.csv": SOUND["codings.csv"].replace("A,0", "A,2").replace("A,1", "A,3"),
    }
    written(folder, wrong)
    with pytest.raises(datasets.DatasetError) as error:
        datasets.load(folder)
    assert (
        str(error.value)
        == f"""\
{folder}: 8 problems
  dataset.toml:8, key taxonomy: found "2023.1", allowed 2024.1; \
bring features.csv to use a taxonomy of your own
  models.csv:3, column model_id: found "M1"; already on line 2
  memberships.csv:4, column model_id: found "M2", allowed M1
  memberships.csv:5, column model_id: found "M2", allowed M1
  codings.csv:2, column code: found "3", allowed 1, 0, ?, -
  codings.csv:3, column code: found "2", allowed 1, 0, ?, -
  codings.csv:4, column model_id: found "M2", allowed M1
  codings.csv:5, column model_id: found "M2", allowed M1
Nothing was written. Correct what is listed above and run `soila validate {folder}` again."""
    )
    assert list(error.value.problems) == datasets.validate(folder)
    assert {path.name: path.read_text("utf-8") for path in folder.iterdir()} == SOUND | wrong


@given(st.data())
def test_nothing_is_passed_at_a_glance_that_is_a_fault(drawn):
    name, column = drawn.draw(
        st.sampled_from(
            [
                *(("models", "model_id"), ("models", "name"), ("memberships", "goal_id")),
                *(("codings", "coder_id"), ("codings", "code"), ("codings", "taxonomy_version")),
                *(("decisions", "decided_on"), ("features", "position"), ("models", "region")),
            ]
        )
    )
    odd = st.sampled_from(
        ["", "1", "goal-1", "=1", "-", " a", "a b", "a\nb", "ä", "a\x07", "x" * 81]
    )
    values = drawn.draw(st.lists(odd | st.text(max_size=3), min_size=1, unique=True))
    known = dict.fromkeys(("model_id", "served", "feature_id", "goal_id", "code"), ("1", "goal-1"))
    known["taxonomy_version"] = ("1",)
    table = pd.DataFrame({column: values}, index=pd.RangeIndex(2, len(values) + 2), dtype="str")
    faults = {one.column for one in schema.faults(name, table, known) if one.line != 1}
    cells = table[column].astype(drawn.draw(st.sampled_from(["str", "category"])))
    if schema.sound(name, column, cells, known):
        assert column not in faults
