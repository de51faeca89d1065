"""What a build holds: every output with its hashes and what it was made from; the reference.

Two hashes tell different things. ``sha256`` is that of the bytes, as any tool computes it.
``content`` is that of what a reader meets: the record of the inputs is left out, PNG counts by its
pixels, PDF by its decoded objects. It is the same on every machine, and a new comment in the code
does not change it; the reference holds this one.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soila_analysis import files
from soila_analysis.build import kinds, plan
from soila_analysis.build import record as records

FORMAT = 1
NAME = "manifest.json"
STRAY = "that no notebook makes any more; `make clean` removes them"
PLACES = ("figures", "tables")  # where outputs that carry a record are
KINDS = ("figures/*", "tables/*", "notebooks/*.ipynb")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Paths of outputs that are missing from a build, that it has besides, that changed."""

    missing: tuple[str, ...]
    extra: tuple[str, ...]
    changed: tuple[str, ...]


def outputs(folder: Path) -> list[str]:
    """List the outputs of a build.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``, with a folder for each language.

    Returns
    -------
    list of str
        Sorted paths below the folder, of executed notebooks and of the figures and tables that
        they list; what is left of earlier runs is no output any more.
    """
    found = _files(folder)
    there = {notebook.name for notebook in (files.root() / "notebooks").glob("*.ipynb")}
    runs = [f for f in found if f.endswith(".ipynb") and _notebook(folder, f) in there]
    made = {path for run in runs for path in (run, *listed(folder, run))}
    return sorted(made & found)


def strays(folder: Path) -> list[str]:
    """List what earlier runs have left in a build and no notebook makes any more.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``.

    Returns
    -------
    list of str
        Sorted paths below the folder.
    """
    return sorted(_files(folder) - set(outputs(folder)))


def contents(folder: Path) -> dict[str, str]:
    """Hash what all outputs of a build show.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``.

    Returns
    -------
    dict of str to str
        Path below the folder to `kinds.content`.
    """
    return {path: kinds.content(folder / path) for path in outputs(folder)}


def make(folder: Path) -> dict[str, Any]:
    """Describe a build.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``.

    Returns
    -------
    dict
        ``outputs``: path to ``sha256``, ``content`` and ``made_from``, a key of ``records``, which
        are as `records.record` gives them; ``commit``, the clone's, with ``+changes`` if files
        differ from it, none outside of git; ``interpreter``, ``platform`` and the ``packages`` of
        the lock that are installed.
    """
    records = made_from(folder)
    digests = {path: _digest(record) for path, record in records.items()}
    return {
        "format": FORMAT,
        "dataset": folder.resolve().name,
        "commit": commit(),
        "interpreter": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "packages": {name: v for name in plan.locked(files.lock()) if (v := plan.version(name))},
        "records": {digests[path]: record for path, record in records.items()},
        "outputs": {
            path: {
                "sha256": hashlib.sha256((folder / path).read_bytes()).hexdigest(),
                "content": shown,
                "made_from": digests.get(path),
            }
            for path, shown in contents(folder).items()
        },
    }


def write(folder: Path) -> Path:
    """Write the manifest of a build into it.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``.

    Returns
    -------
    Path
        ``manifest.json`` there.
    """
    return files.write(folder / NAME, text(make(folder)))


def edited(file: Path) -> list[records.Change]:
    """Tell whether an output is another than its build made.

    Parameters
    ----------
    file : Path
        The output.

    Returns
    -------
    list of Change
        Empty if its bytes are those that the manifest of its build lists, or if it is in no
        build: a file that was mailed.
    """
    folder = next(iter(file.absolute().parents[2:3]), None)
    placed = folder and file.absolute().parent.name in PLACES
    if not folder or not placed or not (folder / NAME).is_file():
        return []
    try:
        known = json.loads(kinds.bounded(folder / NAME))["outputs"]
        listed = known[file.absolute().relative_to(folder).as_posix()]["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return [records.Change(f"{NAME} of its build does not list it")]
    if hashlib.sha256(kinds.bounded(file)).hexdigest() == listed:
        return []
    return [records.Change(f"{file.name}: {NAME} of its build lists other bytes")]


def text(value: Mapping[str, Any]) -> str:
    """Word a manifest or a reference.

    Parameters
    ----------
    value : mapping
        As `make` or `reference` gives.

    Returns
    -------
    str
        JSON with sorted keys, the same for equal values.
    """
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def made_from(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the records of all outputs of a build; an executed notebook has that of its outputs.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``.

    Returns
    -------
    dict
        Path to record, as `records.record` gives it; outputs without one are left out.
    """
    found = {path: _record(folder, path) for path in outputs(folder)}
    return {
        path: {key: value for key, value in record.items() if key not in records.OF_OUTPUT}
        for path, record in found.items()
        if record
    }


def listed(folder: Path, notebook: str) -> list[str]:
    """List the outputs of the run that executed a notebook.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``.
    notebook : str
        Path of the executed notebook below it.

    Returns
    -------
    list of str
        Paths below the folder.
    """
    listing = (folder / notebook).with_suffix(".outputs")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.is_file() else []
    return [f"{notebook.split('/')[0]}/{line}" for line in lines]


def commit() -> str | None:
    """Name the commit that the clone is at.

    Returns
    -------
    str or None
        Its hash, with ``+changes`` if files differ from it; none outside of git.
    """
    head = records.git(files.root(), "rev-parse", "HEAD")
    if head is None:
        return None
    changes = records.git(files.root(), "status", "--porcelain")
    return head.decode().strip() + ("+changes" if changes else "")


def reference(folder: Path) -> dict[str, Any]:
    """Reduce a build to what is to stay as it is, without facts of the machine.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``.

    Returns
    -------
    dict
        ``outputs``, path to `kinds.content`; ``inputs``, kind to name to hash or version.
    """
    return {
        "format": FORMAT,
        "dataset": folder.resolve().name,
        "inputs": inputs(*made_from(folder).values()),
        "outputs": contents(folder),
    }


def inputs(*records: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Join records of one build into one table of inputs.

    Parameters
    ----------
    *records : mapping
        As `records.record` gives.

    Returns
    -------
    dict
        ``data file``, ``module``, ``notebook``, ``package`` and ``lock``, each name to hash,
        hashes of cells or version.
    """
    joined: dict[str, dict[str, Any]] = {
        kind: {} for kind in ("data file", "module", "notebook", "package", "lock")
    }
    for record in records:
        joined["data file"] |= record["data"]
        joined["module"] |= record["code"]
        joined["notebook"] |= {record["notebook"]: record["cells"]}
        joined["package"] |= record["packages"]
        joined["lock"] |= {"requirements.lock": record["lock"]}
    return joined


def compare(known: Mapping[str, Any], folder: Path) -> Comparison:
    """Compare a build with the reference by the contents of its outputs.

    Outputs of runs that the reference does not have, such as those of a sweep, are no difference.

    Parameters
    ----------
    known : mapping
        As `reference` gives.
    folder : Path
        ``build/<data set>``.

    Returns
    -------
    Comparison
        Paths below the folder.
    """
    expected, found = known["outputs"], contents(folder)
    further = [p for p in found if p.endswith(".ipynb") and p not in expected]
    allowed = {*further, *(output for run in further for output in listed(folder, run))}
    return Comparison(
        tuple(path for path in expected if path not in found),
        tuple(path for path in found if path not in expected and path not in allowed),
        tuple(p for p in found if p in expected and found[p] != expected[p]),
    )


def _files(folder: Path) -> set[str]:
    found = (file for kind in KINDS for file in folder.glob(f"[!.]*/{kind}"))
    return {f.relative_to(folder).as_posix() for f in found if not f.name.startswith(".")}


def _record(folder: Path, path: str) -> dict[str, Any]:
    """Read what an output was made from; empty if it does not tell."""
    own = listed(folder, path) if path.endswith(".ipynb") else [path]
    try:
        return kinds.read(folder / (own or [path])[0])
    except kinds.UnknownProvenanceError:
        return {}


def _notebook(folder: Path, run: str) -> str:
    """Name the notebook that an executed one was; without a record, they have one name."""
    return str(_record(folder, run).get("notebook", Path(run).name))


def _digest(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(records.dumps(record).encode()).hexdigest()[:12]
