"""Paths of the project, writing that never leaves half a file, and the hash of contents."""

import errno
import hashlib
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, mkdtemp

# What a run tells its kernel, in environment variables:
OUTPUT = "SOILA_OUTPUT"  # the folder that outputs go to
RECORD = "SOILA_PROVENANCE"  # what they are made from, as JSON


class UserError(Exception):
    """What a user can put right; the message says how, and nothing else is shown."""

    def _render_traceback_(self) -> list[str]:
        """Say it in a notebook as a command does."""
        return [str(self)]


def root() -> Path:
    """Find the project's root from the working directory upwards.

    Returns
    -------
    Path
        The folder whose ``pyproject.toml`` is that of soila-analysis.

    Raises
    ------
    FileNotFoundError
        If no folder above has it; the message says what to do.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        marker = folder / "pyproject.toml"
        if marker.is_file():
            project = tomllib.loads(marker.read_text(encoding="utf-8")).get("project", {})
            if project.get("name") == "soila-analysis":
                return folder
    raise FileNotFoundError(
        f"no soila_analysis project at {here} or above; work in a clone of the repository"
    )


def lock() -> Path:
    """Return the file that pins the packages.

    Returns
    -------
    Path
        ``requirements.lock`` at the root.
    """
    return root() / "requirements.lock"


def dataset_folder(name: str | Path) -> Path:
    """Locate a data set: by a path from here, a path from the root, or its name in ``data/``.

    Parameters
    ----------
    name : str or Path
        Such as ``data/review-2024`` or ``review-2024``.

    Returns
    -------
    Path
        Absolute; the path from here where there is no such folder.
    """
    places = _places(name)
    return next((place for place in places if place.is_dir()), places[0])


def existing(name: str | Path) -> Path:
    """Locate a data set as `dataset_folder` does; it must be there.

    Parameters
    ----------
    name : str or Path
        As for `dataset_folder`.

    Returns
    -------
    Path

    Raises
    ------
    UserError
        If there is no such folder; the message names the nearest one, and where it was looked for.
    """
    folder, places = dataset_folder(name), _places(name)
    if folder.is_dir():
        return folder
    if folder.exists():
        raise UserError(f"{name}: not a folder; name the one that holds dataset.toml")
    others = [one.parent.name for p in places for one in p.parent.glob("*/dataset.toml")]
    near = get_close_matches(Path(name).name, sorted(others), n=1)
    meant = f'; did you mean "{Path(name).with_name(near[0])}"?' if near else "."
    looked = " or ".join(map(str, dict.fromkeys(place.parent for place in places)))
    raise UserError(f"{name}: no such data set folder{meant} Looked in {looked}.")


def _places(name: str | Path) -> list[Path]:
    """List where a data set may be: from here, from the root, and by its name in ``data/``."""
    here = Path(os.path.normpath(Path(name).absolute()))  # a link keeps its name
    if Path(name).is_absolute():
        return [here]
    try:
        top = root()
    except FileNotFoundError:
        return [here]
    return [here, top / name, top / "data" / name]


def portable(dataset: str | Path) -> str:
    """Name a data set by its path from the project's root; by its whole path where it is elsewhere.

    Parameters
    ----------
    dataset : str or Path
        As for `dataset_folder`.

    Returns
    -------
    str
        With ``/`` between folders.
    """
    folder, top = dataset_folder(dataset), root()
    return (folder.relative_to(top) if folder.is_relative_to(top) else folder).as_posix()


def build_folder(dataset: str | Path) -> Path:
    """Locate what is built from one data set; no two data sets share a place.

    Parameters
    ----------
    dataset : str or Path
        As for `dataset_folder`.

    Returns
    -------
    Path
        ``build/<name>`` for a folder in ``data/``; of one elsewhere, the name is followed by six
        digits of a hash of its path.
    """
    folder, top = dataset_folder(dataset), root()
    mark = "" if folder.parent == top / "data" else f"-{blob(portable(folder).encode())[:6]}"
    return top / "build" / f"{folder.name}{mark}"


def output_folder(dataset: str | Path, lang: str) -> Path:
    """Locate the folder for what a notebook makes of one data set in one language.

    Parameters
    ----------
    dataset : str or Path
        As for `dataset_folder`.
    lang : str
        Language.

    Returns
    -------
    Path
        In a run, what the environment variable SOILA_OUTPUT says; in a notebook opened by hand,
        ``build/interactive/<data set>/<lang>``, apart from what runs have made.
    """
    if given := os.environ.get(OUTPUT):
        return Path(given)
    place = build_folder(dataset)
    return place.parent / "interactive" / place.name / lang


def blob(content: bytes) -> str:
    """Hash contents as git does.

    Parameters
    ----------
    content : bytes
        What a file holds.

    Returns
    -------
    str
        The name of the blob, in hexadecimal digits.
    """
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def write(file: Path, content: bytes | str) -> Path:
    """Write a file beside its place and put it there when it is complete.

    Parameters
    ----------
    file : Path
        Where, in a folder that exists; several writers do not disturb each other, and the last
        one stays.
    content : bytes or str
        What; text is written as UTF-8, its line ends as they are.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileNotFoundError
        If the folder is not there; it is named.
    """
    if not file.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(file.parent))
    with TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as beside:
        new = Path(beside) / file.name
        new.write_bytes(content.encode() if isinstance(content, str) else content)
        return new.replace(file)


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Fill a new folder, which takes the place of another one unless something fails.

    Parameters
    ----------
    folder : Path
        What is replaced, if it is there; no link, and the folder around it exists.

    Yields
    ------
    Path
        An empty folder beside it, of the same name. After an error it is gone, and the other one
        as it was.
    """
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        new = Path(beside) / folder.name
        new.mkdir()
        yield new
        _swap(new, folder)


def _swap(new: Path, folder: Path) -> None:
    """Put a folder in the place of another one, which comes back if that fails."""
    if not folder.exists():
        new.rename(folder)
        return
    aside = Path(mkdtemp(prefix=f".{folder.name}-replaced-", dir=folder.parent))
    folder.rename(aside / folder.name)
    try:
        new.rename(folder)
    except BaseException:
        (aside / folder.name).rename(folder)
        aside.rmdir()
        raise
    rmtree(aside)
