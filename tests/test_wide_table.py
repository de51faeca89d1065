"""A wide table of somebody else becomes a data set by one command, and nothing is assumed."""

import openpyxl
import pytest

from soila_analysis import dataset as datasets

ABOUT = ["--title", "Map", "--source", "A map of reviews.", "--licence", "CC0-1.0"]
TABLE = """\
Reviews of 2021
Study;Title;Outcomes;Design;Training;Feedback;Year
S1;One;Health, Work;RCT | Cohort;yes;;2020
S2;Two;Work;RCT;no;x;2021
S3;Three;Health;;NA;?;2021
"""
SAID = ["--model", "Study", "--name", "Title", "--goal", "Outcomes,", "--feature", "Design|"]
SAID += ["--feature", "Training", "--feature", "Feedback"]
REST = ["--keep", "Year", "--coder", "AB"]


@pytest.fixture
def wide(tmp_path):
    file = tmp_path / "wide.csv"
    file.write_text(TABLE, encoding="utf-8")
    return file


def codes(folder):
    """The codes of each model, by feature in the order of the data set."""
    data = datasets.load(folder)
    rows = data.codings.pivot_table(
        index="model_id", columns="feature_id", values="code", aggfunc="first"
    )
    return rows[list(data.taxonomy.feature_ids)].fillna("").agg("".join, axis=1).to_dict(), data


@pytest.mark.parametrize(
    ("blank", "expected"),
    [("absent", {"S1": "1110", "S2": "1001", "S3": "000?"}), ("not assessed", None)],
)
def test_columns_that_are_named_become_goals_features_and_codes(
    wide, tmp_path, call, blank, expected
):
    folder = tmp_path / "map"
    done = call("import", wide, folder, *SAID, *REST, "--blank", blank, *ABOUT)
    assert done.exit_code == 0, done.output
    found, data = codes(folder)
    if expected:
        assert found == expected
        assert done.output == (
            "wide.csv: 3 rows read; 1 above the headings skipped\n"
            f"{folder}: 3 models, 12 codes, 4 features, 2 goals\n"
        )
    else:
        assert len(data.codings) == 7
    assert [feature.label.sv for feature in data.taxonomy.features][:2] == ["RCT", "Cohort"]
    assert data.memberships.to_numpy().tolist() == [
        ["S1", "health"],
        ["S1", "work"],
        ["S2", "work"],
        ["S3", "health"],
    ]
    assert data.models["Year"].tolist() == ["2020", "2021", "2021"]
    assert set(data.codings["coder_id"]) == {"AB"}


def test_what_is_not_said_is_asked_for_and_nothing_is_written(wide, tmp_path, call):
    told = call("import", wide, tmp_path / "map", *SAID, *ABOUT).stderr
    assert (
        'wide.csv, cell G2: found "Year", allowed model, name, goal, feature, column, leave out; '
        "it is not said what this column is\n"
    ) in told
    assert "wide.csv: it is not said who coded\n" in told
    told = call("import", wide, tmp_path / "map", *SAID, *REST, *ABOUT).stderr
    assert "allowed absent, not assessed; it is not said whether what is blank is absent" in told
    told = call(
        "import", wide, tmp_path / "map", *SAID, *REST, "--leave-out", "Yaer", *ABOUT
    ).stderr
    assert 'found "Yaer"; did you mean "Year"?' in told
    assert not (tmp_path / "map").exists()


def test_a_mapping_file_is_written_and_says_the_same_as_options(wide, tmp_path, call):
    call("import", wide, tmp_path / "one", *SAID, *REST, "--blank", "absent", *ABOUT)
    assert call("import", wide, tmp_path / "two").exit_code == 0
    mapping = tmp_path / "wide.mapping.toml"
    assert "it exists" in call("import", wide, tmp_path / "two").stderr
    text = mapping.read_text("utf-8")
    asked = call("import", wide, tmp_path / "two", "--mapping", mapping, *ABOUT)
    assert asked.stderr.count("it is not said what this column is") == 1
    roles = {
        "coder": "AB",
        "blank": "absent",
        '"Study"': "model",
        '"Title"': "name",
        '"Outcomes"': "goal,",
        '"Design"': "feature|",
        '"Training"': "feature",
        '"Feedback"': "feature",
        '"Year"': "column",
    }
    for key, role in roles.items():
        assert f'{key} = "?"' in text
        text = text.replace(f'{key} = "?"', f'{key} = "{role}"')
    mapping.write_text(text, encoding="utf-8")
    assert call("import", wide, tmp_path / "two", "--mapping", mapping, *ABOUT).exit_code == 0
    assert codes(tmp_path / "two")[0] == codes(tmp_path / "one")[0]


def test_cells_that_are_not_understood_are_named(tmp_path, call):
    file, made = tmp_path / "wide.xlsx", openpyxl.Workbook()
    for row in (
        ["Id", "Aim", "Trained"],
        ["A", "Work", "perhaps"],
        ["A", "Work", 1],
        ["B", None, 0],
    ):
        made.active.append(row)
    made.active.merge_cells("B2:B3")
    made.save(file)
    said = ["--model", "Id", "--goal", "Aim", "--feature", "Trained", "--coder", "AB"]
    assert 'cell B2: found "Work"; merged cells' in call("import", file, "x", *said, *ABOUT).stderr
    made.active.unmerge_cells("B2:B3")
    made.save(file)
    told = call("import", file, tmp_path / "x", *said, *ABOUT).stderr
    assert 'cell C2: found "perhaps", allowed 1, 0, ?, -; an answer' in told
    assert 'cell A3: found "A", allowed a model of its own' in told
    assert 'cell A4: found "B"; the model has no goal' in told


def test_every_sheet_and_row_of_the_file_is_accounted_for(tmp_path, call):
    file, made = tmp_path / "wide.xlsx", openpyxl.Workbook()
    for row in (["Reviews"], ["Id", "Aim", "Trained"], ["A", "Work", 1], ["B", "Work", 0]):
        made.active.append(row)
    made.active.row_dimensions[4].hidden = made.active.column_dimensions["C"].hidden = True
    made.create_sheet("Notes").append(["call them"])
    made.create_sheet("Empty")
    made.save(file)
    said = ["--model", "Id", "--goal", "Aim", "--feature", "Trained", "--coder", "AB"]
    done = call("import", file, tmp_path / "x", *said, *ABOUT)
    assert done.output.splitlines()[:-1] == [
        "wide.xlsx, sheet Sheet: 2 rows read; 1 above the headings skipped; "
        "1 of these rows hidden; 1 column hidden, read",
        "wide.xlsx, sheet Notes: 1 row, not read",
    ]
