"""What a build holds: every output with its hashes and what it was made from; the reference.

Two hashes tell different things. ``sha256`` is that of the bytes, as any tool computes it.
``content`` is that of what a reader meets: the record of the inputs is left out, PNG counts by its
pixels, PDF by its decoded objects. It is the same on every machine, and a new comment in the code
does not change it; the reference holds this one.
"""

import hashlib
import io
import json
import platform
import re
from base64 import b64decode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soila_analysis import files
from soila_analysis.build import plan
from soila_analysis.build import record as records

FORMAT = 1
NAME = "manifest.json"
STRAY = "that no notebook makes any more; `make clean` removes them"
KINDS = ("figures/*", "tables/*", "notebooks/*.ipynb")
EMBEDDED = re.compile(rb"(?<=data:image/svg\+xml;base64,)[A-Za-z0-9+/=]+")
SVG_RECORD = re.compile(rb"<dc:description>.*?</dc:description>", re.DOTALL)


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


def content(file: Path) -> str:
    """Hash what an output shows, whatever it was made from and on whichever machine.

    Parameters
    ----------
    file : Path
        SVG, PNG, PDF, JSON, CSV or executed notebook.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits.
    """
    return hashlib.sha256(CONTENTS.get(file.suffix, Path.read_bytes)(file)).hexdigest()


def contents(folder: Path) -> dict[str, str]:
    """Hash what all outputs of a build show.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``.

    Returns
    -------
    dict of str to str
        Path below the folder to `content`.
    """
    paths = outputs(folder)
    with ThreadPoolExecutor() as pool:
        return dict(zip(paths, pool.map(lambda path: content(folder / path), paths), strict=True))


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
    return save(folder / NAME, make(folder))


def edited(file: Path, record: Mapping[str, Any]) -> list[records.Change]:
    """Tell whether an output was changed by hand after it was made.

    Parameters
    ----------
    file : Path
        The output.
    record : mapping
        What it was made from, as it says itself.

    Returns
    -------
    list of Change
        Empty if its bytes are those that the manifest of its build lists, if the manifest lists
        it as made from something else, or if there is no manifest: a file that was mailed.
    """
    folder = next(iter(file.absolute().parents[2:3]), None)
    if folder is None or not (folder / NAME).is_file():
        return []
    known = json.loads((folder / NAME).read_text(encoding="utf-8"))
    entry = known["outputs"].get(file.absolute().relative_to(folder).as_posix())
    if entry is None or entry["made_from"] is None:
        return []
    inputs = known["records"][entry["made_from"]]
    same = all(record.get(name) == value for name, value in inputs.items())
    if not same or hashlib.sha256(file.read_bytes()).hexdigest() == entry["sha256"]:
        return []
    return [records.Change(f"{file.name} itself: its bytes are not those that were written")]


def save(file: Path, value: Mapping[str, Any]) -> Path:
    """Write JSON with sorted keys; a file is replaced when the new one is complete.

    Parameters
    ----------
    file : Path
        Where.
    value : mapping
        What.

    Returns
    -------
    Path
        The file.
    """
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return files.write(file, text)


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
        ``outputs``, path to `content`; ``inputs``, kind to name to hash or version.
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
        return records.read(folder / (own or [path])[0])
    except records.UnknownProvenanceError:
        return {}


def _notebook(folder: Path, run: str) -> str:
    """Name the notebook that an executed one was; without a record, they have one name."""
    return str(_record(folder, run).get("notebook", Path(run).name))


def _digest(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(records.dumps(record).encode()).hexdigest()[:12]


def _of_svg(file: Path) -> bytes:
    return SVG_RECORD.sub(b"", file.read_bytes())


def _of_png(file: Path) -> bytes:
    from PIL import Image

    with Image.open(file) as image:
        return f"{image.mode} {image.width}x{image.height} ".encode() + image.tobytes()


def _of_pdf(file: Path) -> bytes:
    """Write out all objects but the document information, their streams decoded."""
    from pypdf import PdfReader
    from pypdf.generic import DictionaryObject, StreamObject

    reader, buffer = PdfReader(file), io.BytesIO()
    information = reader.trailer.raw_get("/Info").idnum
    for number in sorted(set(reader.xref[0]) - {information}):
        found = reader.get_object(number)
        if isinstance(found, StreamObject):
            own = {key: value for key, value in found.items() if key != "/Length"}
            DictionaryObject(own).write_to_stream(buffer)
            buffer.write(found.get_data())
        elif found is not None and not isinstance(found, int):
            found.write_to_stream(buffer)
    return buffer.getvalue()


def _of_json(file: Path) -> bytes:
    found = json.loads(file.read_text(encoding="utf-8"))
    return json.dumps({k: v for k, v in found.items() if k != "provenance"}).encode()


def _of_notebook(file: Path) -> bytes:
    """Leave out the records of the figures that an executed notebook shows."""
    return EMBEDDED.sub(lambda m: SVG_RECORD.sub(b"", b64decode(m[0])), file.read_bytes())


CONTENTS = {
    ".svg": _of_svg,
    ".png": _of_png,
    ".pdf": _of_pdf,
    ".json": _of_json,
    ".ipynb": _of_notebook,
}
