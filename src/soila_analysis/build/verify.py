"""Whether an output is what a run would make of today's inputs."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from soila_analysis.build import contract, execute, kinds, manifest, plan
from soila_analysis.build import record as records
from soila_analysis.build.record import Change
from soila_analysis.files import COMPARED, blob, build_folder, dataset_folder, lock, root


def verify(file: Path, old: Mapping[str, Any], dataset: str | None = None) -> list[Change]:
    """List what has changed since an output was made, by hand in itself or in its inputs.

    Parameters
    ----------
    file : Path
        The output.
    old : mapping
        The record that it carries, as `kinds.read` gives.
    dataset : str, optional
        The data set's folder, as for `files.dataset_folder`; by default that of its name.

    Returns
    -------
    list of Change
        Empty if the output is current: its bytes and the table beside it as they were written, in
        its place, and its inputs those of this clone. Whoever edits an output and seals its
        record anew is found by `redrawn` only.

    Raises
    ------
    RunError
        If the notebook's parameters cannot be read any more.
    """
    data = dataset_folder(dataset or old["dataset"])
    notebook = root() / "notebooks" / old["notebook"]
    by_hand = [*_edited(file, old), *_moved(file, old, data), *manifest.edited(file)]
    for place, what in ((data, f"data set {old['dataset']}"), (notebook, old["notebook"])):
        if not place.exists():
            return [*by_hand, Change(f"{what}: not in this clone")]
    kept = {name: old["parameters"][name] for name in old["given"]}
    known = {p.name: p.default for p in contract.parameters(notebook)} | kept
    now = records.record(notebook, known, old["given"], data, lock())
    return [*by_hand, *records.changes(old, now, root(), data)]


def redrawn(
    file: Path, old: Mapping[str, Any], scratch: Path, dataset: str | None = None
) -> list[Change]:
    """Make an output anew from the data of this clone, and compare what both show.

    Parameters
    ----------
    file, old, dataset
        As for `verify`.
    scratch : Path
        A folder for what is made; outputs of one run are made once in it.

    Returns
    -------
    list of Change
        Empty if they show the same.

    Raises
    ------
    RunError
        If the notebook fails.
    """
    values = {name: str(old["parameters"][name]) for name in old["given"]}
    values["dataset"] = str(dataset_folder(dataset or old["dataset"]))
    place = scratch / blob(records.dumps({old["notebook"]: values}).encode())
    job = plan.planned(root() / "notebooks" / old["notebook"], values, place)
    if not place.exists():
        execute.run(job)
    again = job.folder / f"{old['output']}{file.suffix.lower()}"
    if again.is_file() and kinds.content(again) == kinds.content(file):
        return []
    return [Change(f"{file.name} itself: made anew from this clone, it shows something else")]


def command(old: Mapping[str, Any], dataset: str | None = None) -> str:
    """Word the command that makes an output anew.

    Parameters
    ----------
    old, dataset
        As for `verify`.

    Returns
    -------
    str
        A `soila run` with the parameters that were given, each quoted where a shell needs it.
    """
    values = (("-p", f"{name}={old['parameters'][name]}") for name in old["given"])
    words = ["soila", "run", f"notebooks/{old['notebook']}", "-d"]
    words += [dataset or f"data/{old['dataset']}", *(word for pair in values for word in pair)]
    return records.printable(shlex.join(words))


def _edited(file: Path, old: Mapping[str, Any]) -> list[Change]:
    """Tell whether an output, or a table beside it, holds other bytes than its record names."""
    carrier = kinds.carrying(file)
    found = []
    if not kinds.intact(carrier):
        found = [Change(f"{carrier.name} itself: its bytes are not those that were written")]
    ((name, digest),) = old["table"].items()
    near = [file] if carrier != file else [file.parent / name, file.parents[1] / "tables" / name]
    table = next((one for one in near if one.is_file()), None)
    if table and blob(kinds.bounded(table)) != digest:
        found.append(Change(f"table {table.name}: its content is not what was written"))
    return found


def _moved(file: Path, old: Mapping[str, Any], data: Path) -> list[Change]:
    """Tell whether an output is under another's name, or in the place of another in a build."""
    made, here, builds = Path(old["output"]), file.resolve(), (root() / "build").resolve()
    lang = str(old["parameters"].get("lang", ""))
    place = build_folder(data).resolve() / lang / made
    placed = here.is_relative_to(builds) and here.parent.name in manifest.PLACES
    placed = placed and not here.is_relative_to(builds / COMPARED)
    if (here.with_suffix("") == place) if placed else (here.stem == made.name):
        return []
    return [Change(f"{file.name}: it was written as {made} in {lang} of {old['dataset']}")]
