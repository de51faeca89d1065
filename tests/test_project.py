import re
import tomllib
from pathlib import Path
from unittest import mock

import pytest

from soila_analysis import files


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a project of our name, with one data set."""
    monkeypatch.delenv(files.OUTPUT, raising=False)
    top = tmp_path / "clone"
    (top / "notebooks").mkdir(parents=True)
    (top / "data/round").mkdir(parents=True)
    (top / "pyproject.toml").write_text('[project]\nname = "soila-analysis"\n')
    monkeypatch.chdir(top)
    return top


@pytest.mark.parametrize("here", [".", "notebooks", "data/round"])
def test_the_root_is_found_from_any_folder_of_the_project(root, monkeypatch, here):
    monkeypatch.chdir(root / here)
    assert files.root() == root


@pytest.mark.parametrize("marker", ['[project]\nname = "another"\n', "[tool.ruff]\n"])
def test_the_root_is_found_above_the_marker_of_another_project(root, monkeypatch, marker):
    (root / "notebooks/pyproject.toml").write_text(marker)
    monkeypatch.chdir(root / "notebooks")
    assert files.root() == root


def test_the_file_that_marks_the_root_is_parsed_once(root, monkeypatch):
    marker = root / "pyproject.toml"
    marker.write_text(f"{marker.read_text()}version = '{root.name}'\n")
    parse = mock.Mock(side_effect=tomllib.loads)
    monkeypatch.setattr(files.tomllib, "loads", parse)
    assert [files.root() for _ in range(3)] == [root] * 3
    assert parse.call_count == 1
    marker.write_text('[project]\nname = "another"\n')
    with pytest.raises(FileNotFoundError):
        files.root()


def test_outside_a_project_the_root_is_an_error_that_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        files.root()
    assert str(caught.value) == (
        f"no soila_analysis project at {tmp_path} or above; work in a clone of the repository"
    )


@pytest.mark.parametrize("here", [".", "notebooks", "data"])
@pytest.mark.parametrize("name", ["data/round", "data/round/", "round"])
def test_a_data_set_is_found_by_path_or_name_from_any_folder(root, monkeypatch, here, name):
    monkeypatch.chdir(root / here)
    assert files.dataset_folder(name) == root / "data/round"


def test_a_data_set_in_the_working_directory_comes_before_one_at_the_root(root, monkeypatch):
    (root / "notebooks/data/round").mkdir(parents=True)
    monkeypatch.chdir(root / "notebooks")
    assert files.dataset_folder("data/round") == root / "notebooks/data/round"


def test_an_absolute_path_is_a_data_set_as_it_is(root, tmp_path):
    assert files.dataset_folder(tmp_path / "elsewhere") == tmp_path / "elsewhere"


def test_steps_up_are_taken_out_of_a_path_and_a_link_keeps_its_name(root, tmp_path, monkeypatch):
    (tmp_path / "far/round").mkdir(parents=True)
    assert files.dataset_folder("../far/round") == tmp_path / "far/round"
    monkeypatch.chdir(tmp_path / "far/round")
    assert files.dataset_folder("../round/.") == tmp_path / "far/round"
    (root / "data/linked").symlink_to(tmp_path / "far/round")
    monkeypatch.chdir(root)
    assert files.output_folder("data/linked", "fi") == root / "build/interactive/linked/fi"


def test_a_data_set_that_is_nowhere_is_looked_for_here(root, tmp_path, monkeypatch):
    assert files.dataset_folder("none") == root / "none"
    monkeypatch.chdir(tmp_path)
    assert files.dataset_folder("none") == tmp_path / "none"


@pytest.mark.parametrize("here", [".", "notebooks"])
def test_outputs_of_a_notebook_opened_by_hand_go_to_a_place_of_their_own(root, monkeypatch, here):
    monkeypatch.chdir(root / here)
    assert files.build_folder("data/round") == root / "build/round"
    assert files.output_folder("data/round", "sv") == root / "build/interactive/round/sv"


def test_data_sets_of_one_name_are_built_in_places_of_their_own(root, tmp_path):
    far = [files.build_folder(tmp_path / place / "own round") for place in ("far", "away")]
    assert far[0] != far[1]
    assert all(re.fullmatch(r"own round-[0-9a-f]{6}", folder.name) for folder in far)
    assert files.build_folder("round") == files.build_folder(root / "data/round")


def test_outputs_go_to_the_folder_that_a_run_gives(tmp_path, monkeypatch):
    monkeypatch.setenv(files.OUTPUT, str(tmp_path / "staging"))
    assert files.output_folder("data/round", "fi") == tmp_path / "staging"
