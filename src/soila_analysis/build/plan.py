"""What a build of a data set is made of, and which of its runs are current.

Contents decide, never times: each run leaves a file beside its executed notebook that says what it
was made from and what it made, by hashes, and is current as long as all of that is as it says.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from shutil import rmtree
from typing import Any

from soila_analysis import files
from soila_analysis.build import contract
from soila_analysis.build import record as records
from soila_analysis.files import UserError

ENDING = ".run.json"
ENGINE = ("build/contract.py", "build/execute.py", "build/kernel.py")  # they shape every output
LOCKED = re.compile(r"^([a-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
EXAMPLE = "ecosystem-anchoring"  # of the review; a data set with features of its own: its rarest
LEFT_OVER = ".run-*"  # where runs write, before they put in place what they made


class OutdatedError(UserError):
    """A build that is not what its inputs would give now; the message names the runs."""


@dataclass(frozen=True, slots=True)
class Job:
    """One notebook to execute.

    Attributes
    ----------
    notebook : Path
        The notebook.
    values : mapping of str to str
        Parameters as text; the others keep their defaults.
    folder : Path
        Where the outputs go.
    data : Path, optional
        The data set folder, and
    lock : Path, optional
        the file that pins the packages; with both, outputs carry a record of what they were made
        from.
    earlier : tuple of Path
        The folders of the earlier rounds that the notebook reads.
    """

    notebook: Path
    values: Mapping[str, str]
    folder: Path
    data: Path | None = None
    lock: Path | None = None
    earlier: tuple[Path, ...] = ()

    @property
    def title(self) -> str:
        """Name of the notebook and the values that are its own."""
        return " ".join([self.notebook.stem, *(f"{k}={v}" for k, v in self.values.items())])

    @property
    def name(self) -> str:
        """Name of the executed notebook, without its ending."""
        return contract.name(self.notebook, contract.check(self.notebook, self.values))


def planned(notebook: Path, values: Mapping[str, str], output: Path | None = None) -> Job:
    """Plan a run: with the lock of the project, and its usual output folder unless one is given.

    Parameters
    ----------
    notebook : Path
        The notebook.
    values : mapping of str to str
        Parameters as text; a data set of the project is named from its root, wherever one is.
    output : Path, optional
        Folder to write to, with one for each language; by default that of `files.build_folder`.

    Returns
    -------
    Job

    Raises
    ------
    RunError
        If the notebook cannot be read.
    UserError
        If an earlier round that the notebook reads is not there.
    FileNotFoundError
        If there is no such data set, or no project here.
    """
    if "dataset" in values:
        values = {**values, "dataset": dataset_path(values["dataset"])}
    known = {p.name: str(p.default) for p in contract.parameters(notebook)} | dict(values)
    dataset = known.get("dataset", ".")
    folder = (output or files.build_folder(dataset)) / known.get("lang", "")
    data = files.dataset_folder(dataset)
    earlier = tuple(records.rounds(known, data))
    return Job(notebook, values, folder, data, files.lock(), earlier)


def build(dataset: str, langs: Sequence[str], features: Iterable[str] = ()) -> list[Job]:
    """Plan all runs of a build: every notebook in every language, and what it holds besides.

    Parameters
    ----------
    dataset : str
        As for `files.dataset_folder`.
    langs : sequence of str
        Languages.
    features : iterable of str, optional
        Features to draw by the notebooks that are named after one, besides the example.

    Returns
    -------
    list of Job
        With the runs of other parameters that the build holds, so that these stay current too.

    Raises
    ------
    FileNotFoundError
        If there is no such data set, or no project here.
    """
    place = dataset_path(dataset)
    own = "rarest" if (files.dataset_folder(place) / "features.csv").exists() else EXAMPLE
    jobs = {
        key: job
        for key, job in _held(files.build_folder(place)).items()
        if key[0].name in langs and job.notebook.is_file()
    }
    for lang in langs:
        for notebook in sorted((files.root() / "notebooks").glob("[0-9]*.ipynb")):
            usual = {"dataset": place, "lang": lang}
            drawn = [own, *features] if contract.named(notebook) == ["feature"] else [None]
            for feature in dict.fromkeys(drawn):
                job = planned(notebook, usual | ({"feature": feature} if feature else {}))
                jobs[job.folder, job.name] = job
    return list(jobs.values())


def current(job: Job) -> bool:
    """Tell whether a run would make again what is there.

    Parameters
    ----------
    job : Job
        With data and lock.

    Returns
    -------
    bool
    """
    try:
        made = json.loads((job.folder / f"notebooks/{job.name}{ENDING}").read_bytes())
        return (
            made["values"] == dict(job.values)
            and made["inputs"] == inputs(job, made["inputs"]["module"])
            and made["packages"] == {name: version(name) for name in made["packages"]}
            and made["outputs"] == _hashes(job.folder, made["outputs"])
        )
    except (UserError, OSError, ValueError, KeyError, TypeError):
        return False


def inputs(job: Job, modules: Iterable[str] | None = None) -> dict[str, dict[str, str]]:
    """Hash what a run may read.

    Parameters
    ----------
    job : Job
        The run.
    modules : iterable of str, optional
        Those that the notebook imports, as `record.record` names them, by default all there are;
        what packages have beside them comes along.

    Returns
    -------
    dict
        ``notebook``, ``data file``, ``module`` and ``lock``, each file to hash; what is missing
        has an empty one.
    """
    if modules is None:
        modules = [str(f.relative_to(records.PACKAGE)) for f in records.PACKAGE.rglob("*.py")]
    used = {*modules, *ENGINE, *records.beside(modules)}
    there = job.data and job.data.is_dir()
    data = records.data_files(job.data, job.earlier) if job.data and there else []
    return {
        "notebook": _hashes(job.notebook.parent, [job.notebook.name]),
        "data file": _hashes(job.data or Path(), data),
        "module": _hashes(records.PACKAGE, used if job.lock else ()),
        "lock": _hashes(job.lock.parent, [job.lock.name]) if job.lock else {},
    }


def write(job: Job, record: Mapping[str, Any], staging: Path, paths: Sequence[str]) -> str:
    """Write down what a run was made from and what it made.

    Parameters
    ----------
    job : Job
        The run.
    record : mapping
        As `record.record` gives; may be empty.
    staging : Path
        Where its outputs are.
    paths : sequence of str
        These outputs.

    Returns
    -------
    str
        The file, as seen from there.
    """
    made = {
        "values": dict(job.values),
        "inputs": inputs(job, record.get("code", ())),
        "packages": record.get("packages", {}),
        "outputs": _hashes(staging, paths),
    }
    name = f"notebooks/{job.name}{ENDING}"
    files.write(staging / name, json.dumps(made, indent=1, sort_keys=True) + "\n")
    return name


def refuse_outdated(dataset: str) -> Path:
    """Refuse to take outputs of a build that are not current.

    Parameters
    ----------
    dataset : str
        As for `files.dataset_folder`.

    Returns
    -------
    Path
        The build.

    Raises
    ------
    OutdatedError
        With the executed notebooks that are not current, or if there are none.
    FileNotFoundError
        If there is no such data set, or no project here.
    """
    folder = files.build_folder(dataset_path(dataset))
    runs = {(f.parents[1], f.stem) for f in folder.glob("[!.]*/notebooks/*.ipynb")}
    if not runs:
        raise OutdatedError(f"{folder}: holds no outputs; `make figures` makes them")
    held = _held(folder)
    fine = {key for key, job in held.items() if not job.notebook.is_file() or current(job)}
    names = sorted(f"{place.name}/{name}" for place, name in runs - fine)
    if names:
        langs = " ".join(sorted({name.split("/")[0] for name in names}))
        raise OutdatedError(
            f"{folder}: not what data, notebooks and code give now: {', '.join(names)}; "
            f'renew it by `make figures LANGS="{langs}"`, for this data set'
        )
    return folder


def locked(lock: Path) -> dict[str, str]:
    """Read the versions that a lock pins.

    Parameters
    ----------
    lock : Path
        ``requirements.lock``.

    Returns
    -------
    dict of str to str
        Name, in lower case with hyphens, to version.
    """
    return dict(LOCKED.findall(lock.read_text(encoding="utf-8")))


@cache
def version(package: str) -> str:
    """Tell the version of a package that is installed.

    Parameters
    ----------
    package : str
        Its name.

    Returns
    -------
    str
        Empty if it is not installed.
    """
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


@contextmanager
def alone(folder: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Have a folder of outputs to oneself; what killed runs left in it is removed.

    Parameters
    ----------
    folder : Path
        It is made if it is not there.
    tell : callable
        Called with a message if another process has it, before waiting for that.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with files.alone(folder, tell):
        for left in folder.glob(f"*/{LEFT_OVER}"):
            rmtree(left)
        yield


def dataset_path(dataset: str) -> str:
    """Name a data set by its path from the project's root; it must be there.

    Parameters
    ----------
    dataset : str
        As for `files.dataset_folder`.

    Returns
    -------
    str
        The whole path, where it is elsewhere.

    Raises
    ------
    UserError
        If there is no such folder.
    FileNotFoundError
        If there is no project here.
    """
    files.existing(dataset)
    return files.portable(dataset)


def _held(folder: Path) -> dict[tuple[Path, str], Job]:
    """List the runs that a build holds, as they were asked for."""
    jobs = {}
    for file in sorted(folder.glob(f"[!.]*/notebooks/*{ENDING}")):
        try:
            made = json.loads(file.read_bytes())
            (name,) = made["inputs"]["notebook"]
            job = planned(files.root() / "notebooks" / name, dict(made["values"]), folder)
        except (UserError, OSError, ValueError, KeyError, TypeError):
            continue
        jobs[file.parents[1], file.name.removesuffix(ENDING)] = job
    return jobs


def _hashes(folder: Path, paths: Iterable[str]) -> dict[str, str]:
    return {path: _hash(folder / path) for path in sorted(paths)}


def _hash(file: Path) -> str:
    return files.hashed(file) if file.is_file() else ""
