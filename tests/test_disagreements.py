"""Where coders differ, what was decided on it, and which codes have been overtaken."""

from dataclasses import replace

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soila_analysis import dataset as datasets
from soila_analysis import taxonomy

LIBRARY = taxonomy.load()
COLUMNS = ["model_id", "feature_id", "code", "decided_by", "decided_on", "reason"]
INFO = datasets.DatasetInfo(
    title={"fi": "Pieni", "sv": "Små", "en": "Small"},
    kind="synthetic",
    source="Made up for this test.",
    licence="CC0-1.0",
    round="2025",
    taxonomy=LIBRARY.version,
    consensus="decided",
)
ROWS = [
    ("M1", "participation", "A", "1", "Sivu 3."),
    ("M1", "participation", "B", "0", ""),
    ("M1", "everyday-life", "A", "?", ""),
    ("M1", "everyday-life", "B", "1", "Liite."),
    ("M2", "participation", "A", "1", ""),
    ("M2", "participation", "B", "1", ""),
    ("M2", "co-creation", "A", "0", ""),
]


def small(*decisions, rows=ROWS, **tables):
    members = [(model, goal) for model in ("M1", "M2") for goal in LIBRARY.goal_ids]
    return datasets.Dataset(
        "small",
        INFO,
        pd.DataFrame({"model_id": ["M1", "M2"], "name": ["Eka", "Toka"]}),
        pd.DataFrame(members, columns=["model_id", "goal_id"]),
        pd.DataFrame(rows, columns=["model_id", "feature_id", "coder_id", "code", "note"]),
        decisions=pd.DataFrame(decisions, columns=COLUMNS) if decisions else None,
        **tables,
    )


DECISION = ("M1", "participation", "0", "Liisa", "2025-11-20", "Luettu yhdessä.")
AGREED = ("M2", "participation", "0", "Liisa", "2025-11-20", "Luettu yhdessä.")


# Where coders differ


def test_each_cell_on_which_coders_differ_is_listed_with_what_they_said_and_its_decision():
    listed = datasets.disagreements(small(DECISION, AGREED))
    assert listed.to_dict("records") == [
        {
            **dict.fromkeys(COLUMNS, ""),
            "model_id": "M1",
            "feature_id": "everyday-life",
            "status": "disagreement",
            "code:A": "?",
            "note:A": "",
            "code:B": "1",
            "note:B": "Liite.",
        },
        {
            **dict(zip(COLUMNS, DECISION, strict=True)),
            "status": "absent",
            "code:A": "1",
            "note:A": "Sivu 3.",
            "code:B": "0",
            "note:B": "",
        },
    ]


def test_codes_that_count_as_the_same_are_no_disagreement():
    scale = [("1", "present"), ("0.5", "present"), ("0", "absent"), ("?", "unclear")]
    codes = pd.DataFrame([(*row, "a", "b", "c") for row in scale], columns=taxonomy.CODE_COLUMNS)
    rows = [("M1", "participation", "A", "1", ""), ("M1", "participation", "B", "0.5", "")]
    assert datasets.disagreements(small(rows=rows, codes=codes)).empty


def test_one_coder_alone_never_disagrees(review):
    listed = datasets.disagreements(review)
    assert list(listed) == [*COLUMNS, "status"]
    assert listed.empty


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("10?- "), min_size=6, max_size=6))
def test_a_cell_is_listed_exactly_if_no_consensus_is_reached_but_by_uncertainty(codes):
    cells = [(m, "participation", c) for m in ("M1", "M2") for c in "ABC"]
    rows = [(*cell, code, "") for cell, code in zip(cells, codes, strict=True) if code != " "]
    listed = datasets.disagreements(small(rows=rows))
    expected = [m for m in ("M1", "M2") if len({r[3] for r in rows if r[0] == m}) > 1]
    assert listed["model_id"].tolist() == expected
    assert (listed["status"] == "disagreement").all()


# Decisions


def filled(folder, *rows, columns=COLUMNS, sep=","):
    file = folder / "list.csv"
    lines = [sep.join(columns), *(sep.join(row) for row in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_what_was_filled_in_is_decided_and_the_codes_stay(tmp_path):
    empty = ("M1", "everyday-life", "", "", "", "")
    decided = datasets.decide(small(), filled(tmp_path, DECISION, empty))
    assert decided == small(DECISION)
    assert decided.codings.equals(small().codings)


def test_a_list_may_have_further_columns_and_semicolons(tmp_path):
    file = filled(tmp_path, (*DECISION, "x"), columns=[*COLUMNS, "Malli"], sep=";")
    assert datasets.decide(small(), file) == small(DECISION)


def test_a_date_is_read_as_a_finnish_spreadsheet_saves_it(tmp_path):
    typed = ("M1", "participation", "0", "Liisa", "4.12.2025", "Luettu yhdessä.")
    decided = datasets.decide(small(), filled(tmp_path, typed))
    assert decided.decisions["decided_on"].tolist() == ["2025-12-04"]


def test_a_later_decision_on_a_cell_takes_the_place_of_the_earlier(tmp_path):
    later = ("M1", "participation", "1", "Liisa", "2025-12-04", "Liite löytyi.")
    decided = datasets.decide(small(DECISION, AGREED), filled(tmp_path, later))
    assert decided == small(later, AGREED)


def test_a_list_that_was_saved_as_a_workbook_is_read_too(tmp_path, call):
    folder, file = tmp_path / "small", tmp_path / "list.xlsx"
    datasets.save(small(), folder)
    heads = [*COLUMNS, "Malli"]
    made = openpyxl.Workbook()
    for row in ([], heads, [*DECISION, "Eka"], ["M1", "everyday-life", *[None] * 5]):
        made.active.append(row)
    made.save(file)
    assert call("decide", file, folder).exit_code == 0
    assert datasets.load(folder) == small(DECISION)
    made.active["C3"] = 7
    made.save(file)
    assert 'list.xlsx:3, column code: found "7", allowed' in call("decide", file, folder).stderr
    made.active["B2"] = "piirre"
    made.save(file)
    assert 'found "0 such sheets", allowed one sheet with' in call("decide", file, folder).stderr


def test_all_that_is_wrong_with_a_list_is_told_by_its_lines_and_nothing_is_decided(tmp_path):
    file = filled(
        tmp_path,
        ("M1", "participation", "yes", "Liisa", "2025-11-20", "Luettu."),
        ("M1", "everyday-life", "1", "", "20.11.", ""),
        ("M2", "networked", "1", "Liisa", "2025-11-20", "Luettu."),
    )
    with pytest.raises(datasets.DatasetError) as error:
        datasets.decide(small(), file)
    assert (
        str(error.value)
        == f"""\
{file}: 5 problems
  list.csv:2, column code: found "yes", allowed 1, 0, ?, -
  list.csv:3, column decided_by: found nothing, allowed any text
  list.csv:3, column decided_on: found "20.11.", allowed a date such as 2025-03-31
  list.csv:3, column reason: found nothing, allowed any text
  list.csv:4, columns model_id, feature_id: found "M2, networked"; \
nobody has coded it; a decision settles codes and does not replace them
Nothing was written. Correct what is listed above and decide again."""
    )


def test_a_list_without_a_column_for_decisions_is_refused(tmp_path):
    file = filled(tmp_path, DECISION[:5], columns=COLUMNS[:5])
    with pytest.raises(datasets.DatasetError, match=r"column reason: .* the column is missing"):
        datasets.decide(small(), file)


# Notices


def test_a_data_set_on_which_there_is_nothing_to_tell_has_no_notice(review):
    assert datasets.notices(review) == []


def test_users_are_told_of_disagreements_and_of_decisions_that_need_a_second_look():
    assert datasets.notices(small()) == ["coders differ on 2 cells, 0 of them decided"]
    assert datasets.notices(small(DECISION, AGREED)) == [
        "coders differ on 2 cells, 1 of them decided",
        "decisions on cells where the coders agree: 1",
    ]
    unused = replace(small(DECISION), info=INFO.model_copy(update={"consensus": "majority"}))
    assert datasets.notices(unused) == [
        "coders differ on 2 cells, 1 of them decided",
        'decisions.csv is not used: consensus is "majority", not "decided"',
    ]


# Versions of the definitions

CHANGES = pd.DataFrame(
    [
        ("v1", "2024", "", "Eka", "Första", "First", "no"),
        ("v2", "2025", "participation", "Uusi", "Ny", "New", "yes"),
        ("v2", "2025", "co-creation", "Sanat", "Ord", "Words", "no"),
        ("v3", "2026", "participation", "Taas", "Igen", "Again", "yes"),
        ("v4", "2027", "everyday-life", "Tuleva", "Kommande", "To come", "yes"),
    ],
    columns=taxonomy.CHANGE_COLUMNS,
)


def coded_under(*versions, changes=CHANGES, current="v3"):
    data = small(changes=changes)
    codings = data.codings.assign(taxonomy_version=[*versions, *[""] * (7 - len(versions))])
    return replace(data, codings=codings, info=INFO.model_copy(update={"taxonomy": current}))


def told(data):
    columns = ["model_id", "feature_id", "coder_id", "coded_under", "version", "change_en"]
    return datasets.outdated(data)[columns].to_numpy().tolist()


def test_a_code_is_outdated_by_each_later_change_of_its_definition_that_asks_for_recoding():
    # everyday-life A, B; participation A, B of M1; co-creation A; participation A, B of M2
    assert told(coded_under("v1", "v1", "v1", "v2", "v1", "v3", "")) == [
        ["M1", "participation", "A", "v1", "v2", "New"],
        ["M1", "participation", "A", "v1", "v3", "Again"],
        ["M1", "participation", "B", "v2", "v3", "Again"],
    ]


def test_a_version_that_is_not_in_use_yet_outdates_nothing():
    old = coded_under(*["v2"] * 7, current="v2")
    assert told(old) == []


def test_a_change_of_the_whole_taxonomy_outdates_every_older_code():
    whole = CHANGES[:2].assign(feature_id="", recode="yes", version=["v1", "v3"])
    assert len(told(coded_under(*["v1"] * 7, changes=whole))) == 7


def test_codes_without_a_version_were_made_under_the_one_in_use(review):
    assert told(coded_under()) == []
    assert datasets.outdated(review).empty


def test_a_code_that_two_changes_outdate_is_counted_once():
    assert datasets.notices(coded_under("v1", "v1", "v1", "v2", "v1", "v3", ""))[-1] == (
        "codes made under definitions that have changed since: 2"
    )
