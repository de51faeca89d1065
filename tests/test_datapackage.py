"""Each data set is described so that others can read it without this project."""

import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest
from click.testing import CliRunner

from soila_analysis import dataset as datasets
from soila_analysis.cli import soila
from soila_analysis.dataset import datapackage
from soila_analysis.dataset.validation import examine


@pytest.fixture(scope="module")
def package():
    """The frictionless tool's reader, and its verdict on a folder."""
    import frictionless  # takes a second; other tests do without

    def opened(folder):
        return frictionless.Package(str(folder / datapackage.FILE))

    return opened


def faults(report):
    return [tuple(row) for row in report.flatten(["rowNumber", "fieldName", "type"])]


@pytest.mark.parametrize("name", ["literal", "memberships", "own"])
def test_the_shipped_descriptions_are_those_of_today(folders, tmp_path, name):
    again = tmp_path / "again"
    shutil.copytree(folders[name], again)
    (again / datapackage.FILE).unlink()
    datasets.describe(again)
    shipped = (folders[name] / datapackage.FILE).read_bytes()
    assert (again / datapackage.FILE).read_bytes() == shipped


@pytest.mark.parametrize("name", ["literal", "memberships", "own"])
def test_a_described_data_set_is_valid_by_frictionless(shipped, tmp_path, package, name):
    data = shipped[name]
    datasets.save(data, tmp_path / "round")
    opened = package(tmp_path / "round")
    report = opened.validate()
    assert faults(report) == []
    assert {task.name: task.stats["rows"] for task in report.tasks} == {
        "features": len(data.taxonomy.features),
        "goals": len(data.taxonomy.goals),
        "codes": len(data.taxonomy.codes),
        "models": len(data.models),
        "memberships": len(data.memberships),
        "codings": len(data.codings),
        **({} if data.claims is None else {"claims": len(data.claims)}),
    }


def test_the_tables_come_back_through_frictionless_as_they_are(folders, shipped, package):
    opened, data = package(folders["literal"]), shipped["literal"]
    for name in ("models", "memberships", "codings"):
        rows = [row.to_dict() for row in opened.get_resource(name).read_rows()]
        assert pd.DataFrame(rows).fillna("").astype("str").equals(getattr(data, name))
    labels = {r["feature_id"]: r["label_sv"] for r in opened.get_resource("features").read_rows()}
    assert labels == {f.id: f.label.sv for f in data.taxonomy.features}
    goals = [row["long_en"] for row in opened.get_resource("goals").read_rows()]
    assert goals == [goal.long.en for goal in data.taxonomy.goals]


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("codings.csv", "reconstruction,1,", "reconstruction,2,", ["foreign-key"]),
        ("codings.csv", "M01,co-creation", "M01,co-creatoin", ["foreign-key"]),
        ("codings.csv", "M01,co-creation", "M01,participation", ["primary-key"]),
        ("memberships.csv", "M01,goal-2", "M99,goal-2", ["foreign-key"]),
        ("models.csv", "M01,Malli 01", "M01,", ["constraint-error"]),
    ],
)
def test_frictionless_finds_what_is_wrong_with_the_data(
    folders, tmp_path, package, file, old, new, expected
):
    shutil.copytree(folders["literal"], tmp_path / "round")
    path = tmp_path / "round" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert [fault[2] for fault in faults(package(tmp_path / "round").validate())] == expected


def test_files_as_researchers_have_them_are_described_as_they_are(shipped, tmp_path, package):
    folder = tmp_path / "round"
    data = shipped["own"]
    datasets.save(data, folder)
    for path in folder.glob("*.csv"):
        table = pd.read_csv(path, dtype="str", keep_default_na=False)
        table.to_csv(path, index=False, sep=";", encoding="latin-1", lineterminator="\r\n")
    toml = folder / "dataset.toml"
    toml.write_text(toml.read_text("utf-8") + 'encoding = "latin-1"\n', encoding="utf-8")
    datasets.describe(folder)
    opened = package(folder)
    assert faults(opened.validate()) == []
    names = [row["name"] for row in opened.get_resource("models").read_rows()]
    assert names == data.models["name"].tolist()


def test_the_description_says_what_the_data_are(folders):
    described = json.loads((folders["literal"] / datapackage.FILE).read_text(encoding="utf-8"))
    info = datasets.load(folders["literal"]).info
    assert described["titles"] == info.title.model_dump()
    assert described["kind"] == "reconstructed"
    assert described["reading"] == "literal"
    assert described["description"] == info.source.en
    assert described["licenses"] == [{"name": "CC-BY-4.0", "title": "CC-BY-4.0"}]


def test_a_licence_in_words_gets_a_name_that_frictionless_allows(shipped, tmp_path, package):
    data = shipped["literal"]
    info = data.info.model_copy(update={"licence": "Ei julkinen; kysy SOILAlta"})
    datasets.save(replace(data, info=info), tmp_path / "x")
    opened = package(tmp_path / "x")
    assert faults(opened.validate()) == []
    assert opened.licenses == [
        {"name": "Ei-julkinen-kysy-SOILAlta", "title": "Ei julkinen; kysy SOILAlta"}
    ]


def test_a_data_set_is_loaded_whatever_its_description_says(folders, shipped, tmp_path):
    shutil.copytree(folders["literal"], tmp_path / "round")
    (tmp_path / "round" / datapackage.FILE).write_text("no JSON")
    assert datasets.load(tmp_path / "round") == shipped["literal"]


def test_saving_renews_the_description(shipped, tmp_path):
    data, folder = shipped["literal"], tmp_path / "round"
    datasets.save(data, folder)
    first = (folder / datapackage.FILE).read_bytes()
    (folder / datapackage.FILE).write_text("stale")
    datasets.save(data, folder)
    assert (folder / datapackage.FILE).read_bytes() == first


def test_an_unsound_data_set_is_not_described(folders, tmp_path):
    folder = tmp_path / "round"
    shutil.copytree(folders["literal"], folder)
    (folder / "models.csv").unlink()
    before = (folder / datapackage.FILE).read_bytes()
    with pytest.raises(datasets.DatasetError, match=r"models\.csv: the file is missing"):
        datasets.describe(folder)
    with pytest.raises(ValueError, match="a data set with problems cannot be described"):
        datapackage.describe(folder, examine(folder))
    assert (folder / datapackage.FILE).read_bytes() == before


def test_the_command_describes_a_folder_or_lists_what_is_wrong_with_it(folders, tmp_path):
    folder = tmp_path / "round"
    shutil.copytree(folders["literal"], folder)
    (folder / datapackage.FILE).unlink()
    result = CliRunner().invoke(soila, ["datapackage", str(folder)])
    assert result.output == f"{folder / datapackage.FILE}: written\n"
    (folder / "models.csv").unlink()
    result = CliRunner().invoke(soila, ["datapackage", str(folder)])
    assert "models.csv: the file is missing" in result.stderr
    assert result.exit_code == 1
