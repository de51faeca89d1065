from pathlib import Path

import pytest

from soila_analysis import files


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_file_is_written_as_it_is(tmp_path):
    file = tmp_path / "a.csv"
    assert files.write(file, "ä\r\n") == file
    assert file.read_bytes() == b"\xc3\xa4\r\n"
    files.write(file, b"\x00")
    assert file.read_bytes() == b"\x00"
    assert names(tmp_path) == ["a.csv"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    def cut_off(self, content):
        with self.open("wb") as file:
            file.write(content[:1])
        raise OSError("disk full")

    file = files.write(tmp_path / "a.csv", "old")
    monkeypatch.setattr(Path, "write_bytes", cut_off)
    with pytest.raises(OSError, match="disk full"):
        files.write(file, "new")
    assert file.read_text() == "old"
    assert names(tmp_path) == ["a.csv"]


def test_a_folder_is_replaced_whole(tmp_path):
    folder = tmp_path / "site"
    for name in ("first", "second"):
        with files.replacing(folder) as new:
            assert names(new) == []
            (new / name).touch()
    assert names(folder) == ["second"]
    assert names(tmp_path) == ["site"]


def test_a_failed_replacement_leaves_the_old_folder(tmp_path):
    folder = tmp_path / "site"
    with files.replacing(folder) as new:
        (new / "old").touch()
    with pytest.raises(FileNotFoundError), files.replacing(folder) as new:
        (new / "none" / "new").touch()
    assert names(folder) == ["old"]
    assert names(tmp_path) == ["site"]


def test_a_folder_comes_back_if_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    def rename(self, target, _rename=Path.rename):
        if self.parent.name.startswith(".site-") and "-replaced-" not in self.parent.name:
            raise OSError("no")
        return _rename(self, target)

    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "old").touch()
    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="no"), files.replacing(folder):
        pass
    assert names(folder) == ["old"]
    assert names(tmp_path) == ["site"]


def test_the_hash_is_that_of_git():
    # the published name of the blob "what is up, doc?" in Pro Git, 10.2
    assert files.blob(b"what is up, doc?") == "bd9dbf5aae1a3862dd1526723246b20206e5fc37"
