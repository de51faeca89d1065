"""How a build differs from its reference: cells of tables, pictures of figures, changed inputs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pandas as pd

from soila_analysis import figures
from soila_analysis.build import kinds, manifest
from soila_analysis.build.record import Change
from soila_analysis.files import UserError, replacing

if TYPE_CHECKING:
    from PIL import Image

OUTPUTS = "outputs.json"
LANG = "en"  # the language of the reference tables; ids and numbers are the same in all
VALUES = {"k", "share", "low", "high", "percent"}
SHOWN = 20  # cells of one table that are listed
NOISE = 16  # of 255, what rounding in a table file may change in a pixel
FORMATS = (".svg", ".png", ".pdf", ".json")


class NoReferenceError(UserError):
    """A data set without a reference that can be read; the message says how to make one."""


def renew(folder: Path, home: Path) -> Path:
    """Make a build the reference of its data set.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``.
    home : Path
        The folder of the references.

    Returns
    -------
    Path
        ``<data set>`` there, with ``outputs.json`` and ``tables``; it is replaced as a whole.
    """
    known = manifest.reference(folder)
    home.mkdir(parents=True, exist_ok=True)
    with replacing(home / known["dataset"]) as new:
        (new / OUTPUTS).write_text(manifest.text(known), encoding="utf-8", newline="\n")
        (new / "tables").mkdir()
        for table in (folder / LANG / "tables").glob("*.csv"):
            copyfile(table, new / "tables" / table.name)
    return home / known["dataset"]


def check(folder: Path, home: Path) -> list[Change]:
    """Compare a build with its reference; what differs in a figure is drawn into ``drift/``.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``.
    home : Path
        The folder of the references.

    Returns
    -------
    list of Change
        Outputs that are missing, extra or left over, tables by their cells, figures, notebooks,
        inputs.

    Raises
    ------
    NoReferenceError
        If the data set has none.
    """
    file = home / folder.resolve().name / OUTPUTS
    if not file.is_file():
        raise NoReferenceError(
            f"{file}: no such reference; `soila reference {folder}` makes the build one"
        )
    try:
        known = json.loads(file.read_bytes())
    except ValueError as error:  # such as the marks of a merge
        raise NoReferenceError(f"{file}: {error}; `make reference` renews it") from None
    found = manifest.compare(known, folder)
    tables = file.parent / "tables"
    inputs = _Inputs(known["inputs"], manifest.made_from(folder))
    listed = {
        "missing outputs": found.missing,
        "outputs that the reference does not have": found.extra,
        f"outputs {manifest.STRAY}": tuple(manifest.strays(folder)),
    }
    drift = [Change(what, paths) for what, paths in listed.items() if paths]
    drift += _tables(found.changed, folder, tables)
    drift += _figures(found.changed, folder, tables, inputs)
    drift += [
        Change(f"notebook {path}", (inputs.told(path),))
        for path in found.changed
        if path.endswith(".ipynb")
    ]
    return drift


def cells(before: Path, after: Path) -> list[str]:
    """List the cells that differ between two tables.

    Parameters
    ----------
    before, after : Path
        CSV files. A row is named by its ids and, where they do not tell rows apart, one column
        more.

    Returns
    -------
    list of str
        ``row: column before -> after``; columns and rows that came or went; empty if none.
    """
    old, new = (pd.read_csv(f, dtype=str, keep_default_na=False) for f in (before, after))
    told = [f"column {c}: no longer there" for c in old.columns if c not in new]
    told += [f"column {c}: new" for c in new.columns if c not in old]
    key = _key(old, new)
    rows, now = _rows(old, key), _rows(new, key)
    told += [f"{name}: no longer there" for name in rows if name not in now]
    told += [f"{name}: new" for name in now if name not in rows]
    told += [
        f"{name}: {column} {rows[name][column]} -> {now[name][column]}"
        for name in rows
        if name in now
        for column in old.columns
        if column in new and rows[name][column] != now[name][column]
    ]
    if not told and list(rows) != list(now):
        told = ["the order of the rows"]
    return told


class _Inputs:
    """What the reference was made from, against the records of the outputs of a build."""

    def __init__(self, known: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> None:
        self._known, self._records = known, records

    def told(self, path: str) -> str:
        """Say which inputs of an output differ from those of the reference."""
        record = self._records.get(path)
        if record is None:
            return "it carries no record of what it was made from"
        names = list(self._differing(record))
        if not names:
            return "no recorded input differs: it was edited, or this machine draws differently"
        return "other code, data, font or library: " + ", ".join(names)

    def _differing(self, record: Mapping[str, Any]) -> Iterator[str]:
        for kind, used in manifest.inputs(record).items():
            for name, value in used.items():
                known = self._known[kind].get(name)
                if known != value:
                    versions = f" {known} -> {value}" if kind == "package" else ""
                    yield f"{kind} {name}{versions}".removeprefix("lock ")


def _key(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """Choose the columns that name a row; none if rows have only their numbers."""
    shared = [c for c in old.columns if c in new]
    ids = [c for c in shared if c.endswith("_id")]
    others = [[c] for c in shared if c not in VALUES and c not in ids]
    for further in ([], *others):
        columns = [*ids, *further]
        if columns and not any(t.duplicated(columns).any() for t in (old, new)):
            return columns
    return []


def _rows(table: pd.DataFrame, key: list[str]) -> dict[str, dict[str, str]]:
    return {
        ", ".join(row[k] for k in key if row[k]) or f"row {number}": row
        for number, row in enumerate(table.to_dict("records"), 1)
    }


def _tables(changed: Iterable[str], folder: Path, tables: Path) -> Iterator[Change]:
    by_name: dict[str, list[str]] = {}
    for path in changed:
        if path.endswith(".csv"):
            by_name.setdefault(Path(path).name, []).append(path.split("/")[0])
    for name, langs in by_name.items():
        what = f"table {name} ({', '.join(langs)})"
        if LANG not in langs:
            yield Change(what, (f"its labels or texts; the table in {LANG} is as before",))
            continue
        told = cells(tables / name, folder / LANG / "tables" / name)
        more = (f"and {len(told) - SHOWN} more",) if len(told) > SHOWN else ()
        yield Change(what, (*told[:SHOWN], *more))


def _figures(
    changed: Iterable[str], folder: Path, tables: Path, inputs: _Inputs
) -> Iterator[Change]:
    by_stem: dict[str, list[str]] = {}
    for path in changed:
        if "/figures/" in path:
            by_stem.setdefault(Path(path).stem, []).append(path)
    for stem, paths in by_stem.items():
        langs = sorted({path.split("/")[0] for path in paths}, key=lambda lang: lang != LANG)
        endings = [e for e in FORMATS if any(path.endswith(e) for path in paths)]
        what = f"figure {stem} ({', '.join(langs)}: {', '.join(e[1:] for e in endings)})"
        yield Change(what, tuple(_figure(stem, paths, langs[0], folder, tables, inputs)))


def _figure(
    stem: str, paths: list[str], lang: str, folder: Path, tables: Path, inputs: _Inputs
) -> Iterator[str]:
    """Tell why a figure differs, and draw where."""
    file = folder / lang / "figures" / f"{stem}.png"
    try:
        made = kinds.read(file.with_suffix(".json"))
    except kinds.UnknownProvenanceError:  # it is listed as missing or changed
        yield inputs.told(paths[0])
        return
    now = folder / lang / "tables" / next(iter(made["table"]))
    then = tables / now.name if lang == LANG else now
    same = not then.is_file() or not now.is_file() or then.read_bytes() == now.read_bytes()
    yield "its table differs" if not same else f"its table is the same; {inputs.told(paths[0])}"
    picture = folder / "drift" / file.name
    if not (then.is_file() and file.is_file()):
        return
    try:
        before = _drawn(made["figure"], made["variant"], lang, then)
    except (KeyError, AttributeError, TypeError, ValueError):  # such as of columns added since
        yield "today's drawing code cannot draw the earlier table, so there is no picture of it"
        return
    try:
        differs = _compare(before, file, picture)
    except OSError as error:  # such as of a folder that is read-only
        yield f"no picture of before, after and difference: {error}"
        return
    if differs:
        yield f"before, after and difference: {picture}"
    elif same:
        yield "today's drawing code makes this picture of its table"


def _drawn(name: str, variant: str, lang: str, file: Path) -> "Image.Image":
    """Draw a figure from a table file by today's code."""
    from PIL import Image

    table = figures.read_table(file)
    words = figures.texts(name, table, lang, variant)
    drawn = figures.draw(name, table, lang, variant)
    with TemporaryDirectory() as scratch:
        output = figures.Output(name, variant, name, Path(scratch), file)
        with Image.open(figures.save_figure(drawn, words, output)["png"]) as image:
            return image.convert("RGB")


def _compare(before: "Image.Image", file: Path, picture: Path) -> bool:
    """Draw two pictures and their difference side by side, if they differ."""
    from PIL import Image, ImageChops

    with Image.open(file) as opened:
        after = opened.convert("RGB")
    width, height = (max(a, b) for a, b in zip(before.size, after.size, strict=True))
    sheets = []
    for image in (before, after):
        sheet = Image.new("RGB", (width, height), "white")
        sheet.paste(image)
        sheets.append(sheet)
    difference = ImageChops.difference(*sheets).convert("L").point(lambda v: 255 * (v > NOISE))
    if before.size == after.size and not difference.getbbox():
        return False
    whole = Image.new("RGB", (3 * width, height))
    for position, sheet in enumerate([*sheets, ImageChops.invert(difference).convert("RGB")]):
        whole.paste(sheet, (position * width, 0))
    picture.parent.mkdir(exist_ok=True)
    whole.save(picture)
    return True
