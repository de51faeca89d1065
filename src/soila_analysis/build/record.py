"""What an output was made from: a record of content hashes inside the file, and what changed since.

The record holds no time, host, path or commit, so that equal inputs give equal bytes. Its hashes
are those by which git names file contents: in any clone whose history has the old content, git can
show it, and so this module can say which rows, cells or lines are different now.
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from soila_analysis import HOMES, files
from soila_analysis.build import environment
from soila_analysis.files import blob, hashed

FORMAT = 2
PACKAGE = Path(__file__).parents[1]
OF_OUTPUT = ("figure", "variant", "lang", "output", "table", "seal")  # what is an output's own
SHOWN = 5  # differences of one file that are listed
SHORT = 12  # digits of a hash of a cell
DISTRIBUTIONS = cache(metadata.packages_distributions)
DATA = (".css", ".csv", ".html", ".js", ".toml", ".ttf", ".typ")  # what modules read beside them


@dataclass(frozen=True, slots=True)
class Change:
    """One input that is different now: what it is, and the differences that could be found."""

    what: str
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n    ".join(map(printable, [self.what, *self.details]))


def printable(text: str) -> str:
    """Write a text so that a terminal shows it and does nothing else.

    Parameters
    ----------
    text : str
        From a file, maybe a hostile one.

    Returns
    -------
    str
        With numbers for what is not printed.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def record(
    notebook: Path,
    parameters: Mapping[str, object],
    given: Sequence[str],
    data: Path,
    lock: Path,
) -> dict[str, Any]:
    """Record the inputs of a run by their contents.

    Parameters
    ----------
    notebook : Path
        The notebook.
    parameters : mapping
        All its parameters; ``dataset`` is left out, since it is a path.
    given : sequence of str
        The names of those that were given; the others are the notebook's defaults.
    data : Path
        The data set folder.
    lock : Path
        The file that pins the packages.

    Returns
    -------
    dict
        ``format``; ``dataset``, its name; ``data``, file to hash, those of the earlier rounds that
        the notebook reads among them; ``notebook``, its name;
        ``cells``, the hashes of its code cells but the parameters; ``parameters`` and ``given``;
        ``code``, module file to hash,
        for every module that the notebook imports, directly or not; ``packages``, name to version
        of what these import; ``lock``.
    """
    cells = _code_cells(notebook.read_bytes())
    code = _closure("\n".join(cells))
    return {
        "format": FORMAT,
        "dataset": data.name,
        "data": {name: hashed(data / name) for name in data_files(data, rounds(parameters, data))},
        "notebook": notebook.name,
        "cells": [blob(cell.encode())[:SHORT] for cell in cells],
        "parameters": {k: v for k, v in sorted(parameters.items()) if k != "dataset"},
        "given": sorted(name for name in given if name != "dataset"),
        "code": {str(file.relative_to(PACKAGE)): blob(file.read_bytes()) for file in code},
        "packages": _versions(code),
        "lock": blob(lock.read_bytes()),
    }


def rounds(parameters: Mapping[str, object], data: Path) -> list[Path]:
    """Locate the earlier rounds that a notebook reads: one with a parameter ``earlier``.

    Parameters
    ----------
    parameters : mapping
        All its parameters.
    data : Path
        The data set folder.

    Returns
    -------
    list of Path
        Folders, oldest first; see `files.earlier`.

    Raises
    ------
    UserError
        If a round is not there.
    """
    return files.earlier(data, str(parameters["earlier"])) if "earlier" in parameters else []


def data_files(folder: Path, earlier: Sequence[Path] = ()) -> list[str]:
    """List the files of a data set, and of its earlier rounds, that may be read.

    Parameters
    ----------
    folder : Path
        The data set folder.
    earlier : sequence of Path, optional
        The folders of the earlier rounds.

    Returns
    -------
    list of str
        Their paths as seen from the folder, sorted.
    """
    own = [file.relative_to(folder) for file in files.plain(folder)]
    others = (file for place in earlier for file in files.plain(place))
    beside = [Path(os.path.relpath(file, folder.resolve())) for file in others]
    return sorted(name.as_posix() for name in (*own, *beside))


def beside(modules: Iterable[str]) -> list[str]:
    """List what packages read beside their modules, such as fonts and texts.

    Parameters
    ----------
    modules : iterable of str
        As `record` names them.

    Returns
    -------
    list of str
        In the same form, for those that are packages.
    """
    packages = [PACKAGE / name for name in modules if name.endswith("/__init__.py")]
    there = {file for init in packages for file in init.parent.rglob("*") if file.suffix in DATA}
    return sorted(str(file.relative_to(PACKAGE)) for file in there)


def git(root: Path, *arguments: str) -> bytes | None:
    """Ask git about a clone.

    Parameters
    ----------
    root : Path
        The clone.
    *arguments : str
        For git.

    Returns
    -------
    bytes or None
        What it says; nothing where that fails, and about a folder that only lies in another
        repository, or to which the environment would lead git.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, env=env, capture_output=True, check=False)
    return None if done.returncode else done.stdout


def day(root: Path) -> str:
    """Return the day of a clone's commit; today is no fact of a build.

    Parameters
    ----------
    root : Path
        The clone.

    Returns
    -------
    str
        Such as ``2026-11-27``; empty outside git.
    """
    return (git(root, "log", "-1", "--format=%cs") or b"").decode().strip()


def dumps(record: Mapping[str, Any]) -> str:
    """Write a record as one line of JSON with sorted keys.

    Parameters
    ----------
    record : mapping
        As `record` gives.

    Returns
    -------
    str
        ASCII, the same for equal records.
    """
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def changes(old: Mapping[str, Any], now: Mapping[str, Any], root: Path, data: Path) -> list[Change]:
    """Compare the record of an output with what its inputs are now.

    Parameters
    ----------
    old, now : mapping
        Records, as `kinds.read` and `record` give.
    root : Path
        The clone, whose history is asked for old contents.
    data : Path
        The data set folder as it is now.

    Returns
    -------
    list of Change
        Empty if the output is current.
    """
    found = [*_changed_files("data file", old["data"], now["data"], data, root)]
    found += [
        Change(f"parameter {name}: {old['parameters'].get(name)!r} -> {value!r}")
        for name, value in now["parameters"].items()
        if old["parameters"].get(name) != value
    ]
    found += _changed_cells(old, now)
    found += _changed_files("module", old["code"], now["code"], PACKAGE, root)
    found += [
        Change(f"package {name}: {old['packages'].get(name)} -> {now['packages'].get(name)}")
        for name in sorted({*old["packages"], *now["packages"]})
        if old["packages"].get(name) != now["packages"].get(name)
    ]
    if old["lock"] != now["lock"]:
        found += [
            Change(
                "requirements.lock",
                tuple(_differences(old["lock"], root, root / "requirements.lock")),
            )
        ]
    return [*found, *_edited_packages()]


@cache
def _edited_packages() -> tuple[Change, ...]:
    """Hash what is installed, whatever the dates; a package that nobody edited gives nothing."""
    names = environment.edited(Path(sys.prefix))
    return tuple(Change(f"installed {name}: not as in the RECORD of its package") for name in names)


def _code_cells(notebook: bytes) -> list[str]:
    cells = json.loads(notebook)["cells"]
    return [
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", [])
    ]


def _closure(source: str) -> list[Path]:
    """Find all files of this package that a source imports, directly or not, and their data."""
    waiting, seen = list(_imported(source)), set()
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += _module_imports(file)
    found = {str(file.relative_to(PACKAGE)) for file in seen}
    return sorted(PACKAGE / name for name in {*found, *beside(found)})


@cache
def _module_imports(file: Path) -> tuple[Path, ...]:
    return tuple(_imported(file.read_text(encoding="utf-8")))


def _imported(source: str) -> Iterator[Path]:
    nodes = list(ast.walk(ast.parse(source)))
    aliases = [a for node in nodes if isinstance(node, ast.Import) for a in node.names]
    doors = {a.asname or a.name for a in aliases if a.name == PACKAGE.name}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE.name):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names if a.name.split(".")[0] == PACKAGE.name]
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) in doors:
            names = [f"{PACKAGE.name}.{HOMES.get(node.attr, node.attr)}"]
        else:
            continue
        for name in names:
            yield from _files_of(name)


def _files_of(module: str) -> Iterator[Path]:
    """Give the module's file, and those of the packages around it, which it executes too."""
    parts = module.split(".")[1:]
    for depth in range(len(parts) + 1):
        place = PACKAGE.joinpath(*parts[:depth])
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if depth and file.is_file():
                yield file


def _versions(code: Sequence[Path]) -> dict[str, str]:
    tops = {top for file in code if file.suffix == ".py" for top in _tops(file)}
    known = DISTRIBUTIONS()
    names = {name for top in tops for name in known.get(top, ())} - {"soila-analysis"}
    return {name: metadata.version(name) for name in sorted(names)}


@cache
def _tops(file: Path) -> frozenset[str]:
    """Name the packages, ours and others', that a module imports."""
    tops = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            tops.add(node.module.split(".")[0])
    return frozenset(tops)


def _changed_files(
    kind: str, old: Mapping[str, str], now: Mapping[str, str], folder: Path, root: Path
) -> Iterator[Change]:
    for name in sorted({*old, *now}):
        if name not in now:
            yield Change(f"{kind} {name}: no longer used")
        elif name not in old:
            yield Change(f"{kind} {name}: not used then")
        elif old[name] != now[name]:
            yield Change(f"{kind} {name}", tuple(_differences(old[name], root, folder / name)))


def _changed_cells(old: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    matcher = SequenceMatcher(None, old["cells"], now["cells"], autojunk=False)
    for tag, _, _, first, last in matcher.get_opcodes():
        if tag == "delete":
            yield Change(f"notebook {now['notebook']}: code removed before code cell {first + 1}")
        elif tag != "equal":
            numbers = ", ".join(str(i + 1) for i in range(first, last))
            yield Change(f"notebook {now['notebook']}: code cell {numbers} after the parameters")


def _differences(old: str, root: Path, file: Path) -> Iterator[str]:
    """List the lines that differ, if the clone's history has the old content."""
    shown = git(root, "cat-file", "blob", old)
    if shown is None or not file.is_file():
        yield "the earlier content is not in this clone's history, so the place cannot be told"
        return
    try:
        before = shown.decode().splitlines()
        after = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        yield "binary content"
        return
    found = list(_lines(before, after))
    yield from found[:SHOWN]
    if len(found) > SHOWN:
        yield f"and {len(found) - SHOWN} more"


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "replace" and b - a == d - c:
            for i in range(b - a):
                yield f"line {c + i + 1}: `{before[a + i]}` -> `{after[c + i]}`"
        elif tag != "equal":
            yield from (f"line {c + 1}: without `{line}`" for line in before[a:b])
            yield from (f"line {c + i + 1}: new `{line}`" for i, line in enumerate(after[c:d]))
