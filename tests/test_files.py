import errno
from pathlib import Path

import pytest
from faults import every_fault

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


def test_a_write_survives_every_fault(tmp_path):
    file = files.write(tmp_path / "a.csv", "old")
    assert every_fault(tmp_path, lambda: files.write(file, "new"), file.read_text)["cuts"] > 10


@pytest.mark.parametrize("at_once", [True, False], ids=["exchange", "two-renames"])
def test_a_replacement_survives_every_fault(tmp_path, monkeypatch, at_once):
    def cannot(one, other):
        raise OSError(errno.EINVAL, "Invalid argument")

    def fill():
        with files.replacing(folder) as new:
            (new / "pages").mkdir()
            (new / "pages" / "new").write_text("new")

    def look():
        files.bring_back(folder)
        return {path.name: path.read_text() for path in folder.rglob("*") if path.is_file()}

    if not at_once:
        monkeypatch.setattr(files, "exchange", cannot)
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "old").write_text("old")
    assert every_fault(tmp_path, fill, look)["cuts"] > 20
    assert look() == {"old": "old"}


def test_the_hash_is_that_of_git():
    # the published name of the blob "what is up, doc?" in Pro Git, 10.2
    assert files.blob(b"what is up, doc?") == "bd9dbf5aae1a3862dd1526723246b20206e5fc37"
