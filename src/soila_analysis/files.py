"""Paths of the project, writing that never leaves half a file, and the hash of contents."""

import hashlib
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, mkdtemp

# What a run tells its kernel, in environment variables:
OUTPUT = "SOILA_OUTPUT"  # the folder that outputs go to
RECORD = "SOILA_PROVENANCE"  # what they are made from, as JSON


class UserError(Exception):
    """What a user can put right; the message says how, and a command shows nothing else."""


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
    here = Path(os.path.normpath(Path(name).absolute()))  # a link keeps its name
    if here.is_dir() or Path(name).is_absolute():
        return here
    try:
        top = root()
    except FileNotFoundError:
        return here
    return next((p for p in (top / name, top / "data" / name) if p.is_dir()), here)


def output_folder(dataset: str | Path, lang: str) -> Path:
    """Locate the folder for the outputs of one data set and language.

    Parameters
    ----------
    dataset : str or Path
        As for `dataset_folder`.
    lang : str
        Language.

    Returns
    -------
    Path
        What the environment variable SOILA_OUTPUT says, else ``build/<data set>/<lang>``.
    """
    given = os.environ.get(OUTPUT)
    name = os.path.basename(os.path.normpath(dataset_folder(dataset)))  # noqa: PTH119 - links stay
    return Path(given) if given else root() / "build" / name / lang


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
    """
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
