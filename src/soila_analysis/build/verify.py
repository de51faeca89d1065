"""Whether an output is what a run would make of today's inputs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from soila_analysis.build import contract, manifest
from soila_analysis.build import record as records
from soila_analysis.build.record import Change
from soila_analysis.files import dataset_folder, lock, root


def verify(file: Path, old: Mapping[str, Any], dataset: str | None = None) -> list[Change]:
    """List what has changed since an output was made, by hand in itself or in its inputs.

    Parameters
    ----------
    file : Path
        The output.
    old : mapping
        The record that it carries, as `record.read` gives.
    dataset : str, optional
        The data set's folder, as for `files.dataset_folder`; by default that of its name.

    Returns
    -------
    list of Change
        Empty if the output is current.

    Raises
    ------
    RunError
        If the notebook's parameters cannot be read any more.
    """
    data = dataset_folder(dataset or old["dataset"])
    notebook = root() / "notebooks" / old["notebook"]
    by_hand = [*records.edited(file, old), *manifest.edited(file, old)]
    for place, what in ((data, f"data set {old['dataset']}"), (notebook, old["notebook"])):
        if not place.exists():
            return [*by_hand, Change(f"{what}: not in this clone")]
    kept = {name: old["parameters"][name] for name in old["given"]}
    known = {p.name: p.default for p in contract.parameters(notebook)} | kept
    now = records.record(notebook, known, old["given"], data, lock())
    return [*by_hand, *records.changes(old, now, root(), data)]


def command(old: Mapping[str, Any], dataset: str | None = None) -> str:
    """Word the command that makes an output anew.

    Parameters
    ----------
    old, dataset
        As for `verify`.

    Returns
    -------
    str
        A `soila run` with the parameters that were given.
    """
    values = (f"-p {name}={old['parameters'][name]}" for name in old["given"])
    data = dataset or f"data/{old['dataset']}"
    return " ".join([f"soila run notebooks/{old['notebook']} -d {data}", *values])
