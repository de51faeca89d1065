"""Paths of the project, writing that never leaves half a file, and the hash of contents."""

import ctypes
import errno
import hashlib
import os
import re
import shutil
import stat
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from soila_analysis.language.likeness import nearest

if TYPE_CHECKING:
    import pandas as pd

try:
    import fcntl
except ImportError:  # Windows: nothing waits there for another command
    fcntl = None  # type: ignore[assignment]

# What a run tells its kernel, in environment variables:
OUTPUT = "SOILA_OUTPUT"  # the folder that outputs go to
RECORD = "SOILA_PROVENANCE"  # what they are made from, as JSON

ABOUT = "dataset.toml"  # says of a data set's folder what it is
READ = (".csv", ".parquet", ".toml")  # what of a data set's folder is read
COMPARED = "compare"  # the folder below build/ for rounds that are compared by hand
LARGEST = 2 * 2**30  # bytes of one file of it
KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
INSTEAD = "put a file itself there, of a size that can be read"
BESIDE = ".soila-"  # begins the names of folders in which what is written waits
INSIDE = re.compile(rf"{re.escape(BESIDE)}[a-z0-9_]{{8}}/")
FORMULA = re.compile(r"^(?=[\t\r\n])|(^|[;\t\r\n])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")
NO_FORMULA = re.compile(r"-|-?\d+([.,]\d+)?")
_HELD: set[Path] = set()  # folders that this process has to itself


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
        if marker.is_file() and _project(marker.read_text(encoding="utf-8")) == "soila-analysis":
            return folder
    raise FileNotFoundError(
        f"no soila_analysis project at {here} or above; work in a clone of the repository"
    )


@cache  # asked for hundreds of times a command
def _project(text: str) -> str | None:
    name: str | None = tomllib.loads(text).get("project", {}).get("name")
    return name


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

    Where a killed command had set it aside, it is brought back.

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
    beside = Path(name).with_name
    hint = nearest(Path(name).name, sorted({*others}), lambda one: f'"{beside(one)}"')
    looked = " or ".join(map(str, dict.fromkeys(place.parent for place in places)))
    raise UserError(
        f"{name}: no such data set folder{f'; {hint}' if hint else '.'} Looked in {looked}."
    )


def _places(name: str | Path) -> list[Path]:
    """List where a data set may be: from here, from the root, and by its name in ``data/``."""
    if re.search("[\ud800-\udfff]", str(name)):
        raise UserError(f"{str(name)!a}: the name of this folder is not UTF-8; rename it")
    here = Path(os.path.normpath(Path(name).absolute()))  # a link keeps its name
    bring_back(here)
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


def earlier(folder: Path, told: str = "") -> list[Path]:
    """Find the folders of the rounds before that of a data set.

    Parameters
    ----------
    folder : Path
        The data set's folder; also one that waits beside its place, as `replacing` makes it.
    told : str, optional
        The folders as seen from that one, oldest first, separated by semicolons; by default they
        are followed back, by ``earlier`` in ``dataset.toml``.

    Returns
    -------
    list of Path
        Oldest first.

    Raises
    ------
    UserError
        If a round is not there, or they lead in a circle.
    """
    found = [Path(INSIDE.sub("", folder.resolve().as_posix()))]
    if told:
        return [_round(found[0], one.strip()) for one in told.split(";") if one.strip()]
    while before := _earlier(folder):
        folder = _round(found[-1], before)
        if folder in found:
            names = " -> ".join(one.name for one in (*found, folder))
            raise UserError(f"the earlier rounds lead in a circle: {names}")
        found.append(folder)
    return found[:0:-1]


def _round(folder: Path, told: str) -> Path:
    """Locate the folder of a round as seen from that of another one."""
    place = Path(os.path.normpath(folder / told))
    if not (place / ABOUT).is_file():
        raise UserError(f"{folder.name}: no data set of an earlier round at {place}")
    return place


def _earlier(folder: Path) -> str:
    """Read which folder a round names as the earlier one; what else is wrong is told elsewhere."""
    try:
        told = tomllib.loads((folder / ABOUT).read_text("utf-8-sig")).get("earlier", "")
    except (OSError, ValueError, RecursionError):
        return ""
    return told if isinstance(told, str) else ""


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


def for_spreadsheets(table: "pd.DataFrame", **options: Any) -> str:
    """Write a table as the CSV text that a spreadsheet program may open.

    Parameters
    ----------
    table : DataFrame
        Its index is not written.
    **options
        As of pandas' ``to_csv``.

    Returns
    -------
    str
        Text that a program would take for a formula has an apostrophe before it, also after a
        semicolon or line end inside a cell (OWASP, CSV injection); numbers stay as they are.
    """
    guarded = table.map(_guarded).rename(columns=_guarded)
    return str(guarded.to_csv(index=False, lineterminator="\n", **options))


def _guarded(cell: Any) -> Any:
    if not isinstance(cell, str) or NO_FORMULA.fullmatch(cell):
        return cell
    return FORMULA.sub(r"\1'", cell)


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


def hashed(file: Path) -> str:
    """Hash a file as git does, without holding it in memory.

    Parameters
    ----------
    file : Path
        Of any size.

    Returns
    -------
    str
        As `blob` gives.
    """
    with file.open("rb") as content:
        head = b"blob %d\0" % os.fstat(content.fileno()).st_size
        return hashlib.file_digest(
            content, lambda: hashlib.sha1(head, usedforsecurity=False)
        ).hexdigest()


def plain(folder: Path) -> list[Path]:
    """List the files of a data set that may be read.

    Parameters
    ----------
    folder : Path
        The data set's folder.

    Returns
    -------
    list of Path
        Sorted; what is neither text nor table is left out. A table in Parquet may be a folder of
        parts.

    Raises
    ------
    UserError
        If the folder holds what is neither a file nor a folder; see `others`.
    """
    wrong = others(folder)
    if wrong:
        lines = [f"{folder / name}: {what}; {INSTEAD}" for name, what in wrong.items()]
        raise UserError("\n".join(lines))
    there = (*folder.iterdir(), *folder.glob("*.parquet/*.parquet"))
    return sorted(f for f in there if f.suffix in READ and f.is_file())


def regular(path: Path) -> Path:
    """Refuse to read what is no file, such as a pipe, which would be waited for.

    Parameters
    ----------
    path : Path
        What is there; links are followed.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    UserError
        With what it is.
    """
    if kind := KINDS.get(stat.S_IFMT(path.stat().st_mode)):
        raise UserError(f"{path}: {kind}; {INSTEAD}")
    return path


def others(folder: Path) -> dict[str, str]:
    """Find what would lead elsewhere, never end or fill the memory if it were read.

    Parameters
    ----------
    folder : Path
        A data set's folder; it may be a link itself.

    Returns
    -------
    dict of str to str
        Names of links, pipes, devices and sockets, and of tables too large, to what they are.
    """
    found = {}
    for entry in sorted((*folder.iterdir(), *folder.glob("*.parquet/*"))):
        name, status = entry.relative_to(folder).as_posix(), entry.lstat()
        if stat.S_IFMT(status.st_mode) in KINDS:
            found[name] = KINDS[stat.S_IFMT(status.st_mode)]
        elif entry.suffix in READ and status.st_size > LARGEST:
            found[name] = f"a file of {status.st_size:,} bytes, more than {LARGEST:,}"
    return found


def write(file: Path, content: bytes | str) -> Path:
    """Write a file beside its place and put it there when it is complete and on the disk.

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
    OSError
        If it cannot be written; what was there is as it was.
    """
    if not file.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(file.parent))
    with _beside(file) as new:
        new.write_bytes(content.encode() if isinstance(content, str) else content)
        _sync(new)
        new.replace(file)
    return file


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
        An empty folder beside it, of the same name. When it is filled and on the disk, the two are
        exchanged at once; after an error or a kill the other one is as it was.
    """
    bring_back(folder)
    rmtree(_aside(folder), ignore_errors=True)
    with _beside(folder) as new:
        new.mkdir()
        yield new
        for path in (*new.rglob("*"), new):
            _sync(path)
        _swap(new, folder)


@contextmanager
def alone(folder: Path, tell: Callable[[str], None] = lambda message: None) -> Iterator[None]:
    """Have a folder to oneself, among all commands; within one command as often as needed.

    Parameters
    ----------
    folder : Path
        It exists; nothing is written to it.
    tell : callable, optional
        Called with a message if another process has it, before waiting for that.
    """
    own = folder.resolve()
    if own in _HELD:
        yield
        return
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(own, wait=False))
        except BlockingIOError:
            tell(f"{folder}: another command is at work there; waiting until it is done")
            stack.enter_context(locked(own))
        _HELD.add(own)
        stack.callback(_HELD.discard, own)
        yield


@contextmanager
def locked(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[None]:
    """Lock a file or folder until the end of the block; where there are no locks, do nothing.

    Parameters
    ----------
    path : Path
        It exists.
    shared : bool, default False
        Whether others may have it too, if they share it.
    wait : bool, default True
        Whether to wait for others.

    Raises
    ------
    BlockingIOError
        If another has it, and waiting is not asked for.
    """
    if not fcntl:
        yield
        return
    lock = os.open(path, os.O_RDONLY)
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        fcntl.flock(lock, kind if wait else kind | fcntl.LOCK_NB)
        yield
    finally:
        os.close(lock)


def exchange(one: Path, other: Path) -> None:
    """Exchange two files or folders at once, so that each name has one or the other at any time.

    Parameters
    ----------
    one, other : Path
        On one file system.

    Raises
    ------
    OSError
        If that fails; EINVAL or ENOSYS where it cannot be done.
    """
    call = fcntl and getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE: see rename(2) of Linux
    paths = os.fsencode(one), os.fsencode(other)
    if not call or call(here, paths[0], here, paths[1], swap):
        number = ctypes.get_errno() if call else errno.ENOSYS
        raise OSError(number, os.strerror(number), str(one))


def bring_back(folder: Path) -> None:
    """Put a folder back that a killed command had set aside, and say so on standard error.

    Parameters
    ----------
    folder : Path
        If it is there, nothing happens.
    """
    aside = _aside(folder)
    if aside.is_dir() and not folder.exists():
        aside.rename(folder)
        print(f"{folder}: brought back; a command that replaced it was killed", file=sys.stderr)


@contextmanager
def _beside(place: Path) -> Iterator[Path]:
    """Offer a place of that name in a new folder beside it; what killed commands left is removed.

    Errors are told of the place.
    """
    for left in place.parent.glob(f"{BESIDE}*"):
        with suppress(OSError), _locked(left):
            rmtree(left) if fcntl else None  # without locks, one may be in use
    with _told(place), ExitStack() as stack:
        while True:
            beside = Path(mkdtemp(prefix=BESIDE, dir=place.parent))
            stack.callback(rmtree, beside, ignore_errors=True)
            with suppress(FileNotFoundError, BlockingIOError):  # another command is removing it
                stack.enter_context(_locked(beside))
                break
        yield beside / place.name
        _sync_names(place.parent)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder that is in use by nobody else, and still there."""
    with locked(folder, wait=False):
        folder.stat()
        yield


@contextmanager
def _told(place: Path) -> Iterator[None]:
    """Tell of an error of the system what was to be written, and that it is as it was."""
    try:
        yield
    except OSError as error:
        if isinstance(error, shutil.Error):  # of copying files: (from, to, why) of each
            reason = error.args[0][0][2]
            raise OSError(errno.EIO, f"{reason}; it is as it was", str(place)) from error
        if error.errno is None:
            raise
        reason = f"{error.strerror}; {place} is as it was"
        found = INSIDE.sub("", str(error.filename or place))
        raise OSError(error.errno, reason, found) from error


def _swap(new: Path, folder: Path) -> None:
    """Put a folder in the place of another one, at once where the system can."""
    if not folder.exists():
        new.rename(folder)
        return
    try:
        exchange(new, folder)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
            raise
        aside = _aside(folder)
        folder.rename(aside)
        try:
            new.rename(folder)
        except BaseException:
            aside.rename(folder)
            raise
        _sync_names(folder.parent)
        rmtree(aside, ignore_errors=True)


def _aside(folder: Path) -> Path:
    """Where a folder waits while another one takes its place: `bring_back` knows it by its name."""
    return folder.with_name(f".{folder.name}.soila-replaced")


def _sync(path: Path) -> None:
    """Wait until a file or the names in a folder are on the disk; nothing else has contents."""
    if not fcntl or stat.S_IFMT(path.lstat().st_mode) not in (stat.S_IFREG, stat.S_IFDIR):
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_names(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, as far as the file system does that."""
    with suppress(OSError):
        _sync(folder)
