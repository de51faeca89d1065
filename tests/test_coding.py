import re
import shutil
from dataclasses import replace
from pathlib import Path

import engines
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soila_analysis import dataset as datasets
from soila_analysis import taxonomy
from soila_analysis.dataset import Dataset, DatasetInfo
from soila_analysis.dataset.schema import NAME

ROOT = Path(__file__).parents[1]
TWO_CODERS = ROOT / "tests" / "fixtures" / "two-coders-own-taxonomy"
SHIPPED = [ROOT / "data" / "review-2024", ROOT / "data" / "review-2024-memberships", TWO_CODERS]
LIBRARY = taxonomy.load()
INFO = DatasetInfo(
    title={"fi": "Pieni", "sv": "Små", "en": "Small"},
    kind="synthetic",
    source="Made up for this test.",
    licence="CC0-1.0",
    round="2025",
    taxonomy=LIBRARY.version,
)
MEMBERSHIPS = pd.DataFrame(
    [("M1", "goal-1"), ("M1", "goal-2"), ("M2", "goal-3"), ("M2", "goal-4")],
    columns=["model_id", "goal_id"],
)
CODINGS = pd.DataFrame(
    [
        ("M1", "participation", "A", "1", "Sivut 3–4, 'näin'"),
        ("M1", "participation", "B", "0", 'first; "second"\nthird'),
        ("M2", "co-creation", "A", "-", ""),
    ],
    columns=["model_id", "feature_id", "coder_id", "code", "note"],
)
MODELS = pd.DataFrame(
    [("M1", "Äiti, lapsi", "Kainuu"), ("M2", "Öinen tuki", "")],
    columns=["model_id", "name", "region"],
)
SMALL = Dataset("small", INFO, MODELS, MEMBERSHIPS, CODINGS)
DECISIONS = pd.DataFrame(
    [("M1", "participation", "0", "Liisa", "2025-11-20", "Luettu yhdessä.")],
    columns=["model_id", "feature_id", "code", "decided_by", "decided_on", "reason"],
)
SETTLED = replace(SMALL, info=INFO.model_copy(update={"consensus": "decided"}), decisions=DECISIONS)
RULES = "unanimous, majority, decided, coder:<coder_id>"


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def saved(tmp_path):
    datasets.save(SMALL, tmp_path / "small")
    return tmp_path / "small"


def rewritten(folder, change, encoding="utf-8", **options):
    """Write the tables as another program would."""
    for name, table in SMALL.tables():
        text = change(table).to_csv(index=False, lineterminator="\n", **options)
        (folder / f"{name}.csv").write_bytes(text.encode(encoding))


# Reading what researchers have


def crlf(folder):
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def old_macintosh(folder):
    for path in folder.glob("*.csv"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r"))


def byte_order_mark(folder):
    for path in folder.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def blank_lines(folder):
    for path in folder.glob("*.csv"):
        path.write_bytes(path.read_bytes() + b"\n,\n \n")


def white_space(folder):
    path = folder / "memberships.csv"
    path.write_bytes(path.read_bytes().replace(b",", b" ,\t"))


def declared(encoding):
    def write(folder):
        with (folder / "dataset.toml").open("a", encoding="utf-8") as file:
            file.write(f'encoding = "{encoding}"\n')
        rewritten(folder, lambda table: table.replace("–", "-", regex=True), encoding)

    return write


FORMS = {
    "semicolons": lambda folder: rewritten(folder, lambda table: table, sep=";"),
    "a byte order mark": byte_order_mark,
    "Windows line ends": crlf,
    "old Macintosh line ends": old_macintosh,
    "blank lines": blank_lines,
    "white space around values": white_space,
    "every cell quoted": lambda folder: rewritten(folder, lambda table: table, quoting=1),
    "columns in another order": lambda folder: rewritten(
        folder, lambda table: table[[*table.columns[1::-1], *table.columns[2:]]]
    ),
    "rows in another order": lambda folder: rewritten(folder, lambda table: table[::-1]),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_same_data_in_another_form_give_an_equal_data_set(saved, form):
    before = contents(saved)
    form(saved)
    assert contents(saved) != before
    assert datasets.load(saved) == SMALL


@pytest.mark.parametrize("encoding", ["latin-1", "windows-1252"])
def test_a_declared_encoding_is_read_and_not_carried_along(saved, encoding):
    declared(encoding)(saved)
    loaded = datasets.load(saved)
    assert loaded.models.equals(SMALL.models)
    assert loaded.info == INFO


def test_the_dash_of_windows_1252_is_read(saved):
    with (saved / "dataset.toml").open("a", encoding="utf-8") as file:
        file.write('encoding = "windows-1252"\n')
    rewritten(saved, lambda table: table, "windows-1252")
    assert datasets.load(saved) == SMALL


def test_a_table_of_codings_without_notes_has_empty_ones(saved):
    CODINGS.drop(columns="note").to_csv(saved / "codings.csv", index=False)
    assert datasets.load(saved).codings["note"].tolist() == ["", "", ""]


def test_further_columns_of_the_models_are_kept_as_text(saved):
    assert datasets.load(saved).models["region"].tolist() == ["Kainuu", ""]


def test_a_round_may_begin_before_anything_is_coded(tmp_path):
    datasets.save(replace(SMALL, codings=CODINGS.iloc[:0]), tmp_path / "new")
    status = datasets.load(tmp_path / "new").status
    assert (status == "not-assessed").all(axis=None)


def test_a_source_in_one_string_stands_for_all_languages():
    assert INFO.source["fi"] == INFO.source["en"] == "Made up for this test."


def test_a_data_set_is_found_from_anywhere_in_the_project(monkeypatch):
    monkeypatch.chdir(ROOT / "tests")
    dataset = datasets.load("data/review-2024")
    assert dataset.name == "review-2024"
    assert datasets.validate("data/review-2024") == []


# Saving


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_data_set_is_saved_as_it_lies_there_byte_for_byte(folder, tmp_path):
    datasets.save(datasets.load(folder), tmp_path / "again")
    assert contents(tmp_path / "again") == contents(folder)


def test_saving_keeps_what_else_lies_in_the_folder(saved):
    (saved / "LUEMINUT.txt").write_text("Kysy Liisalta.", encoding="utf-8")
    datasets.save(replace(SMALL, models=MODELS.assign(region="Uusimaa")), saved)
    assert set(datasets.load(saved).models["region"]) == {"Uusimaa"}
    assert (saved / "LUEMINUT.txt").read_text("utf-8") == "Kysy Liisalta."
    assert [path.name for path in saved.parent.iterdir()] == ["small"]


def test_saving_removes_tables_of_its_own_that_a_data_set_no_longer_has(tmp_path):
    folder = shutil.copytree(TWO_CODERS, tmp_path / "copy")
    datasets.save(SMALL, folder)
    assert not (folder / "features.csv").exists()
    assert datasets.load(folder) == SMALL


def test_an_unsound_data_set_is_not_saved_and_the_folder_stays_as_it_was(saved):
    before = contents(saved)
    with pytest.raises(datasets.DatasetError) as error:
        datasets.save(replace(SMALL, codings=CODINGS.assign(code="2")), saved)
    assert (
        str(error.value)
        == f"""\
{saved}: 3 problems
  codings.csv:2, column code: found "2", allowed 1, 0, ?, -
  codings.csv:3, column code: found "2", allowed 1, 0, ?, -
  codings.csv:5, column code: found "2", allowed 1, 0, ?, -
Nothing was written. Correct the data set and save it again."""
    )
    assert contents(saved.parent) == before


def test_a_folder_that_holds_something_else_is_not_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(datasets.DatasetError) as error:
        datasets.save(SMALL, tmp_path)
    assert (
        str(error.value)
        == f"""\
{tmp_path}: 1 problem
  {tmp_path}: it exists without dataset.toml
Nothing was written. Name a new folder."""
    )
    assert list(contents(tmp_path)) == ["thesis.txt"]


letters = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n")
text = st.text(letters, max_size=12).map(str.strip)
ids = st.text(letters, min_size=1, max_size=6).map(str.strip).filter(re.compile(NAME[0]).fullmatch)


@st.composite
def shipped(draw):
    models = draw(st.lists(ids, min_size=1, max_size=4, unique=True))
    goals = [(model, goal) for model in models for goal in LIBRARY.goal_ids]
    cells = st.tuples(st.sampled_from(models), st.sampled_from(LIBRARY.feature_ids), ids)
    rows = draw(st.lists(cells, max_size=8, unique=True))
    codes = [(draw(st.sampled_from(["1", "0", "?", "-"])), draw(text)) for _ in rows]
    versions = [draw(st.sampled_from(["", LIBRARY.version])) for _ in rows]
    cells = list(dict.fromkeys(row[:2] for row in rows))[: draw(st.integers(0, 8))]
    decisions = [
        (*cell, draw(st.sampled_from(["1", "0"])), draw(ids), "2025-11-20", draw(ids))
        for cell in cells
    ]
    return Dataset(
        "drawn",
        INFO.model_copy(update={"licence": draw(ids)}),
        pd.DataFrame({"model_id": models, "name": draw(ids), "region": draw(text)}),
        pd.DataFrame(goals, columns=MEMBERSHIPS.columns),
        pd.DataFrame(
            [
                (*row, *code, version)
                for row, code, version in zip(rows, codes, versions, strict=True)
            ],
            columns=[*CODINGS.columns, "taxonomy_version"],
        ),
        decisions=draw(st.sampled_from([None, pd.DataFrame(decisions, columns=DECISIONS.columns)])),
    )


@settings(max_examples=30, deadline=None)
@given(shipped())
def test_what_was_saved_is_loaded_and_saved_again_byte_for_byte(tmp_path_factory, dataset):
    folder = tmp_path_factory.mktemp("drawn")
    datasets.save(dataset, folder / "one")
    loaded = datasets.load(folder / "one")
    datasets.save(loaded, folder / "two")
    assert loaded == dataset
    assert contents(folder / "one") == contents(folder / "two")


@settings(max_examples=20, deadline=None)
@given(shipped())
def test_drawn_data_are_the_same_in_any_form_and_from_any_engine(tmp_path_factory, dataset):
    folder = tmp_path_factory.mktemp("drawn")
    datasets.save(dataset, folder / "text")
    datasets.save(dataset, folder / "packed", parquet=True)
    small = datasets.load(folder / "text")
    frame = engines.ENGINES["polars"](small.codings)
    for held in (
        datasets.load(folder / "packed"),
        datasets.load(folder / "text", codings=frame),
        datasets.load(folder / "text", codings=engines.ENGINES["duckdb"](small.codings)),
    ):
        for rule in ("majority", "unanimous", "decided"):
            assert held.consensus(rule).equals(small.consensus(rule))
        assert held == small


@pytest.mark.parametrize("hard", ['"', "\\", "a\nb", "\x7f", "\t.", "# no", "ä–€🙂"])
def test_dataset_toml_keeps_any_text(tmp_path, hard):
    licence = f"CC0 {hard} 1.0"
    dataset = replace(SMALL, info=INFO.model_copy(update={"licence": licence}))
    datasets.save(dataset, tmp_path / "hard")
    assert datasets.load(tmp_path / "hard").info.licence == licence


def test_data_sets_that_differ_in_one_cell_are_not_equal():
    assert replace(SMALL, codings=CODINGS.assign(note="x")) != SMALL
    assert replace(SMALL, info=INFO.model_copy(update={"round": "2026"})) != SMALL
    assert replace(SMALL, name="other") == SMALL
    assert SMALL != "small"


def test_decisions_are_saved_with_the_data_set_and_go_with_it(tmp_path):
    two = pd.concat([DECISIONS.assign(model_id="M2", feature_id="co-creation"), DECISIONS])
    datasets.save(replace(SETTLED, decisions=two), tmp_path / "settled")
    loaded = datasets.load(tmp_path / "settled")
    assert loaded.decisions["model_id"].tolist() == ["M1", "M2"]
    assert loaded.codings.equals(SMALL.codings)
    assert loaded != SETTLED
    datasets.save(SMALL, tmp_path / "settled")
    assert not (tmp_path / "settled" / "decisions.csv").exists()


def test_a_coding_keeps_the_version_that_it_was_made_under_if_any_has_one(tmp_path):
    told = CODINGS.assign(taxonomy_version=["2024.1", "", ""])
    datasets.save(replace(SMALL, codings=told), tmp_path / "told")
    assert datasets.load(tmp_path / "told").codings["taxonomy_version"].tolist() == [
        "2024.1",
        "",
        "",
    ]
    assert replace(SMALL, codings=CODINGS.assign(taxonomy_version="")) == SMALL


# Consensus


def coded(*codes, feature="participation"):
    rows = [("M1", feature, f"coder {number}", code) for number, code in enumerate(codes)]
    return pd.DataFrame(rows, columns=["model_id", "feature_id", "coder_id", "code"])


@pytest.mark.parametrize(
    ("rule", "codes", "status"),
    [
        ("unanimous", "1", "present"),
        ("unanimous", "00", "absent"),
        ("unanimous", "--", "not-applicable"),
        ("unanimous", "??", "unclear"),
        ("unanimous", "110", "disagreement"),
        ("unanimous", "1?", "disagreement"),
        ("majority", "110", "present"),
        ("majority", "10", "disagreement"),
        ("majority", "11?", "present"),
        ("majority", "1100", "disagreement"),
        ("majority", "1?-0", "disagreement"),
        ("majority", "??1", "unclear"),
        ("decided", "10", "disagreement"),
        ("coder:coder 1", "10", "absent"),
        ("coder:coder 0", "?1", "unclear"),
    ],
)
def test_a_rule_brings_the_codes_of_a_cell_to_one_status(rule, codes, status):
    result = datasets.consensus(coded(*codes), LIBRARY, rule)
    assert result.loc["M1", "participation"] == status
    assert (result.drop(columns="participation") == "not-assessed").all(axis=None)


def test_a_table_or_data_set_without_a_rule_is_brought_to_the_consensus_of_the_majority():
    status = datasets.consensus(coded("1", "0", "1"), LIBRARY)
    assert status.loc["M1", "participation"] == "present"
    fields = datasets.DatasetInfo.model_fields
    assert fields["consensus"].default == "majority"


def test_what_the_majority_overruled_stays_contested_and_what_was_decided_does_not():
    info = INFO.model_copy(update={"consensus": "majority"})
    three = [*CODINGS.to_dict("records"), {**CODINGS.iloc[0], "coder_id": "C"}]
    data = replace(SMALL, info=info, codings=pd.DataFrame(three))
    assert data.status.loc["M1", "participation"] == "present"
    assert data.contested.loc["M1", "participation"] == "disagreement"
    assert SETTLED.contested.equals(SETTLED.status)


def test_consensus_has_all_models_and_the_features_in_the_order_of_the_taxonomy():
    status = replace(SMALL, codings=CODINGS[:1]).status
    assert status.index.tolist() == ["M1", "M2"]
    assert status.index.name == "model_id"
    assert tuple(status.columns) == LIBRARY.feature_ids
    assert (status.loc["M2"] == "not-assessed").all()
    assert {tuple(kind.categories) for kind in status.dtypes} == {datasets.STATUSES}


def test_a_data_set_follows_its_own_rule_unless_another_is_named():
    one = replace(SMALL, info=INFO.model_copy(update={"consensus": "coder:A"}))
    assert one.status.loc["M1", "participation"] == "present"
    assert one.consensus("coder:B").loc["M1", "participation"] == "absent"
    assert one.consensus("unanimous").loc["M1", "participation"] == "disagreement"


def test_what_the_only_coder_left_out_is_not_assessed():
    status = SMALL.consensus("coder:B")
    assert status.loc["M2", "co-creation"] == "not-assessed"


def test_a_decision_settles_a_cell_under_its_rule_only_and_the_codes_stay():
    assert SETTLED.status.loc["M1", "participation"] == "absent"
    assert SETTLED.status.loc["M2", "co-creation"] == "not-applicable"
    assert SETTLED.consensus("unanimous").loc["M1", "participation"] == "disagreement"
    assert SETTLED.consensus("coder:A").loc["M1", "participation"] == "present"
    assert SETTLED.codings.equals(SMALL.codings)


def test_a_decision_counts_even_where_the_coders_agree():
    over = replace(SETTLED, decisions=DECISIONS.assign(model_id="M2", feature_id="co-creation"))
    assert over.status.loc["M2", "co-creation"] == "absent"
    assert over.status.loc["M1", "participation"] == "disagreement"


def test_without_decisions_the_rule_for_them_is_unanimity():
    undecided = replace(SETTLED, decisions=None)
    assert undecided.status.equals(SMALL.consensus("unanimous"))


def test_a_number_is_traced_to_the_codes_and_the_decision_on_them():
    traced = datasets.trace(SETTLED, "participation").fillna("")
    assert traced[["model_id", "coder_id", "code", "decision", "status"]].to_numpy().tolist() == [
        ["M1", "A", "1", "0", "absent"],
        ["M1", "B", "0", "0", "absent"],
        ["M2", "", "", "", "not-assessed"],
    ]
    assert "decision" not in datasets.trace(SMALL, "participation")


@pytest.mark.parametrize(
    ("codings", "rule", "message"),
    [
        (coded("1"), "most", f'no rule "most"; allowed: {RULES}'),
        (coded("1"), "coder:", f'no rule "coder:"; allowed: {RULES}'),
        (coded("1"), "coder:B", 'no coder "B"; allowed: coder 0'),
        (coded("2"), "unanimous", 'no code "2"; allowed: 1, 0, ?, -'),
    ],
)
def test_an_unknown_rule_coder_or_code_is_an_error(codings, rule, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        datasets.consensus(codings, LIBRARY, rule)


@given(st.lists(st.sampled_from(["1", "0", "?", "-"]), min_size=1, max_size=6), st.randoms())
def test_consensus_depends_on_no_order_and_majority_decides_where_all_agree(codes, random):
    rows = coded(*codes)
    shuffled = rows.sample(frac=1, random_state=random.randrange(2**32))
    for rule in datasets.RULES:
        result = datasets.consensus(rows, LIBRARY, rule)
        assert result.equals(datasets.consensus(shuffled, LIBRARY, rule))
    unanimous = datasets.consensus(rows, LIBRARY, "unanimous").loc["M1", "participation"]
    majority = datasets.consensus(rows, LIBRARY, "majority").loc["M1", "participation"]
    assert unanimous in (majority, "disagreement")
    assert unanimous == (LIBRARY.counts_as[codes[0]] if len(set(codes)) == 1 else "disagreement")


@given(st.data())
def test_one_coders_consensus_is_what_was_coded(data):
    codes = data.draw(st.lists(st.sampled_from("10?- "), min_size=48, max_size=48))
    cells = [(model, feature) for model in "ABC" for feature in LIBRARY.feature_ids]
    rows = [(*cell, "A", code) for cell, code in zip(cells, codes, strict=True) if code != " "]
    codings = pd.DataFrame(rows, columns=["model_id", "feature_id", "coder_id", "code"])
    status = datasets.consensus(codings, LIBRARY).astype(object).reindex(list("ABC"))
    expected = LIBRARY.counts_as | {" ": "not-assessed"}
    assert status.fillna("not-assessed").to_numpy().ravel().tolist() == [
        expected[code] for code in codes
    ]


# The data sets that come with the project


@pytest.mark.parametrize("name", ["review-2024", "review-2024-memberships"])
def test_a_shipped_reconstruction_is_sound_and_says_what_it_is(name):
    dataset = datasets.load(ROOT / "data" / name)
    assert (dataset.info.kind, dataset.info.licence) == ("reconstructed", "CC-BY-4.0")
    assert "not the review's own data" in dataset.info.source.en
    assert dataset.taxonomy == LIBRARY
    sizes = dataset.memberships["goal_id"].value_counts()
    assert [sizes[goal] for goal in LIBRARY.goal_ids] == [20, 13, 9, 10]


def test_the_default_data_set_has_52_models_with_one_goal_each_and_45_of_them_coded():
    dataset = datasets.load(ROOT / "data" / "review-2024")
    assert (len(dataset.models), len(dataset.memberships)) == (52, 52)
    assessed = dataset.status != "not-assessed"
    assert assessed.all(axis=1).sum() == assessed.any(axis=1).sum() == 45
    goals = dataset.memberships.set_index("model_id")["goal_id"][assessed.all(axis=1)]
    assert goals.value_counts().sort_index().tolist() == [18, 9, 8, 10]


def test_the_rival_data_set_has_45_models_in_52_memberships_all_coded():
    dataset = datasets.load(ROOT / "data" / "review-2024-memberships")
    assert (len(dataset.models), len(dataset.memberships)) == (45, 52)
    assert (dataset.status != "not-assessed").all(axis=None)


PUBLISHED = {
    "target-group-needs": 41,
    "societal-goal": 40,
    "social-means": 40,
    "societal-solution": 39,
    "ecosystem-anchoring": 24,
    "new-working-idea": 28,
    "sustainability": 33,
    "new-interactions": 33,
}


@pytest.mark.parametrize(
    ("name", "ecosystem"),
    [("review-2024", [9, 6, 3, 6]), ("review-2024-memberships", [12, 5, 6, 5])],
)
def test_a_reconstruction_gives_the_published_counts(name, ecosystem):
    dataset = datasets.load(ROOT / "data" / name)
    present = dataset.status == "present"
    assert present.sum()[list(PUBLISHED)].to_dict() == PUBLISHED
    anchored = dataset.memberships["model_id"].map(present["ecosystem-anchoring"])
    counts = anchored.groupby(dataset.memberships["goal_id"]).sum()
    assert counts.loc[list(LIBRARY.goal_ids)].tolist() == ecosystem


def test_a_data_set_with_a_taxonomy_of_its_own_follows_it_throughout():
    dataset = datasets.load(TWO_CODERS)
    own = dataset.taxonomy
    assert (own.version, len(own.feature_ids), len(own.goal_ids)) == ("youth-trials-1", 8, 3)
    assert own.counts_as["0.5"] == "present"
    assert tuple(dataset.status.columns) == own.feature_ids
    assert {"region", "year"} < set(dataset.models)


def test_partly_and_yes_agree_where_partly_counts_as_present():
    dataset = datasets.load(TWO_CODERS)
    status = dataset.status
    wide = dataset.codings.pivot_table(
        index=["model_id", "feature_id"], columns="coder_id", values="code", aggfunc="first"
    )
    mixed = wide[(wide == "0.5").any(axis=1) & (wide == "1").any(axis=1)]
    assert len(mixed) > 0
    assert {status.loc[cell] for cell in mixed.index} == {"present"}


def test_each_coder_of_two_has_a_consensus_of_their_own():
    dataset = datasets.load(TWO_CODERS)
    first, second = (dataset.consensus(f"coder:{coder}") for coder in "AB")
    both = dataset.status
    agreed = np.asarray(first) == np.asarray(second)
    assert (np.asarray(both)[agreed] == np.asarray(first)[agreed]).all()
    assert (second.loc["T20"] == "not-assessed").all()
    assert both.loc["T20"].equals(first.loc["T20"])
