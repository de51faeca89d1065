"""The manifest of a build, its reference, what drift is shown as, and the archive."""

import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from soila_analysis import dataset as datasets
from soila_analysis import figures, metrics
from soila_analysis.build import archive, contract, drift, execute, kinds, manifest
from soila_analysis.build import record as records
from soila_analysis.cli import command, soila
from soila_analysis.figures.save import sealed
from soila_analysis.files import blob, write
from soila_analysis.review import basis

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data" / "review-2024"
STEM = "models-by-goal-redesigned"


def tabulate(data: Path, lang: str) -> pd.DataFrame:
    """Make the table of notebook 02."""
    loaded = datasets.load(data)
    counts = metrics.goal_distribution(loaded.memberships, loaded.taxonomy.goal_ids)
    marked = basis.mark(counts, loaded, "goal-share")
    return figures.label(marked, loaded.taxonomy, lang, loaded.info.source[lang])


def draw(data: Path, folder: Path, lang: str) -> None:
    """Leave what a run of notebook 02 leaves, but for the cells."""
    table = tabulate(data, lang)
    notebook = ROOT / "notebooks" / "02_models-by-goal.ipynb"
    known = {p.name: p.default for p in contract.parameters(notebook)} | {"lang": lang}
    record = records.record(notebook, known, ["lang"], data, ROOT / "requirements.lock")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOILA_PROVENANCE", records.dumps(record))
        figures.publish("models-by-goal", table, lang, ("redesigned",), folder / lang)
    run = folder / lang / "notebooks" / notebook.name
    run.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(notebook, run)
    run.with_suffix(".timing.json").write_text('{"seconds": 1}\n')
    kinds = [f"figures/{STEM}.{kind}" for kind in ("svg", "png", "pdf", "json")]
    listing = "\n".join(["tables/models-by-goal.csv", "tables/models-by-goal.json", *kinds])
    run.with_suffix(".outputs").write_text(f"{listing}\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Give a small build in two languages, and its reference."""
    top = tmp_path_factory.mktemp("made")
    for lang in ("en", "fi"):
        draw(DATA, top / "build/review-2024", lang)
    drift.renew(top / "build/review-2024", top / "reference")
    return top


@pytest.fixture
def top(made, tmp_path, monkeypatch):
    """Give a copy to change."""
    monkeypatch.chdir(ROOT)
    return Path(shutil.copytree(made, tmp_path / "top"))


@pytest.fixture
def build(top):
    return top / "build/review-2024"


def told(build: Path) -> list[str]:
    return [str(change) for change in drift.check(build, build.parents[1] / "reference")]


def repack(file: Path, **options: int) -> None:
    """Save a picture again, with the texts that it has; on request with one pixel changed."""
    from PIL.PngImagePlugin import PngInfo

    with Image.open(file) as image:
        kept, resolution = PngInfo(), image.info["dpi"]
        for key, text in image.text.items():
            kept.add_text(key, text)
        if not options:
            image.putpixel((300, 200), (255, 0, 0, 255))
        image.save(file, pnginfo=kept, dpi=resolution, **options)


def touch_up(file: Path) -> None:
    """Change one pixel; the record stays."""
    repack(file)


# The manifest


def test_the_manifest_lists_every_output_with_its_hash_and_what_it_was_made_from(build):
    found = json.loads(manifest.write(build).read_text(encoding="utf-8"))
    files = {p.relative_to(build).as_posix() for p in build.glob("*/*/*")}
    listed = set(found["outputs"])
    assert {p for p in files - listed if not p.endswith((".timing.json", ".outputs"))} == set()
    for path, entry in found["outputs"].items():
        assert entry["sha256"] == hashlib.sha256((build / path).read_bytes()).hexdigest()
        record = found["records"][entry["made_from"]]
        assert record["parameters"]["lang"] == path[:2]
        assert record["notebook"] == "02_models-by-goal.ipynb"


def test_the_manifest_names_commit_interpreter_platform_and_locked_versions(build):
    found = manifest.make(build)
    assert re.fullmatch(r"[0-9a-f]{40}(\+changes)?", found["commit"])
    assert found["interpreter"].startswith("CPython 3.")
    assert found["platform"]
    assert found["packages"]["pandas"].startswith("3.")
    assert "soila-analysis" not in found["packages"]


def test_a_manifest_is_written_with_sorted_keys_and_ends_in_a_line_feed(build):
    text = manifest.write(build).read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def test_outside_of_git_there_is_no_commit(tmp_path, monkeypatch):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert manifest.commit() is None


def test_the_commit_of_another_repository_is_not_ours(tmp_path, monkeypatch):
    subprocess.run(["git", "clone", "-q", "--shared", ROOT, tmp_path / "theirs"], check=True)
    inside = tmp_path / "theirs/unpacked"
    inside.mkdir()
    shutil.copy(ROOT / "pyproject.toml", inside)
    monkeypatch.chdir(inside)
    assert manifest.commit() is None
    monkeypatch.setenv("GIT_DIR", str(ROOT / ".git"))
    assert manifest.commit() is None


def test_contents_are_told_apart_by_what_they_show_and_not_by_the_record(build):
    files = [build / f"en/figures/{STEM}.{kind}" for kind in ("svg", "png", "pdf", "json")]
    shown, before = [*map(kinds.content, files)], [*map(Path.read_bytes, files)]
    table = tabulate(DATA, "en")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOILA_PROVENANCE", '{"format": 1, "code": "another (with) brackets"}')
        figures.publish("models-by-goal", table, "en", ("redesigned",), build / "en")
    assert not set(map(Path.read_bytes, files)) & set(before)
    assert [*map(kinds.content, files)] == shown
    table["k"] += 1
    figures.publish("models-by-goal", table, "en", ("redesigned",), build / "en")
    assert not set(map(kinds.content, files)) & set(shown)


def test_pixels_count_and_not_how_they_are_compressed(build):
    file = build / f"en/figures/{STEM}.png"
    shown, before = kinds.content(file), file.read_bytes()
    repack(file, compress_level=1)
    assert file.read_bytes() != before
    assert kinds.content(file) == shown
    touch_up(file)
    assert kinds.content(file) != shown


# Reference and drift


def test_the_reference_holds_no_facts_of_the_machine_and_tables_of_one_language(top):
    known = json.loads((top / "reference/review-2024/outputs.json").read_text(encoding="utf-8"))
    assert set(known) == {"format", "dataset", "inputs", "outputs"}
    assert [p.name for p in (top / "reference/review-2024/tables").iterdir()] == [
        "models-by-goal.csv"
    ]


def test_a_build_that_is_as_the_reference_has_no_drift(build):
    assert told(build) == []


def test_a_changed_code_is_shown_as_the_cells_that_it_changed(build, tmp_path):
    data = Path(shutil.copytree(DATA, tmp_path / "review-2024"))
    about = (data / "dataset.toml").read_text(encoding="utf-8")
    observed = about.replace("reconstructed", "observed").replace('reading = "literal"\n', "")
    (data / "dataset.toml").write_text(observed, encoding="utf-8")  # whose numbers are all known
    for lang in ("en", "fi"):
        draw(data, build, lang)
    drift.renew(build, build.parents[1] / "reference")
    memberships = data / "memberships.csv"
    text = memberships.read_text(encoding="utf-8")
    memberships.write_text(text.replace(",goal-1\n", ",goal-2\n", 1), encoding="utf-8")
    for lang in ("en", "fi"):
        draw(data, build, lang)
    table, figure, *_ = told(build)
    lines = table.splitlines()
    assert lines[0] == "table models-by-goal.csv (en, fi)"
    assert {"    goal-1: k 20 -> 19", "    goal-2: k 13 -> 14"} <= set(lines)
    assert not [line for line in lines if "goal-3" in line or "goal-4" in line]
    picture = build / f"drift/{STEM}.png"
    assert figure.splitlines() == [
        f"figure {STEM} (en, fi: svg, png, pdf, json)",
        "    its table differs",
        f"    before, after and difference: {picture}",
    ]
    with Image.open(picture) as image, Image.open(build / f"en/figures/{STEM}.png") as after:
        assert image.width == 3 * after.width
        assert image.height >= after.height  # the taller of both


def test_an_earlier_table_that_can_no_longer_be_drawn_is_told_without_a_picture(build):
    table = next(build.parents[1].joinpath("reference").rglob("models-by-goal.csv"))
    pd.read_csv(table, dtype=str).drop(columns=["percent", "share"]).to_csv(table, index=False)
    touch_up(build / f"en/figures/{STEM}.png")
    assert "cannot draw the earlier table, so there is no picture of it" in "\n".join(told(build))


def test_a_pixel_that_was_touched_up_is_found_and_shown(build):
    touch_up(build / f"fi/figures/{STEM}.png")
    picture = build / f"drift/{STEM}.png"
    assert told(build) == [
        f"figure {STEM} (fi: png)\n"
        "    its table is the same; "
        "no recorded input differs: it was edited, or this machine draws differently\n"
        f"    before, after and difference: {picture}"
    ]
    with Image.open(picture) as image:
        width = image.width // 3
        assert image.getpixel((2 * width + 300, 200)) == (0, 0, 0)
        assert image.getpixel((2 * width + 301, 200)) == (255, 255, 255)


def test_a_difference_is_told_where_no_picture_of_it_can_be_written(build):
    touch_up(build / f"fi/figures/{STEM}.png")
    (build / "drift").write_text("a file in its place")
    (change,) = told(build)
    assert change.splitlines()[-1].startswith("    no picture of before, after and difference: [")


def test_a_change_of_the_drawing_code_or_a_library_is_named(top, build):
    file = top / "reference/review-2024/outputs.json"
    known = json.loads(file.read_text(encoding="utf-8"))
    known["inputs"]["module"]["figures/page.py"] = "0" * 40
    version = known["inputs"]["package"]["matplotlib"]
    known["inputs"]["package"]["matplotlib"] = "3.0"
    known["outputs"][f"en/figures/{STEM}.png"] = "0" * 64
    file.write_text(json.dumps(known), encoding="utf-8")
    assert told(build) == [
        f"figure {STEM} (en: png)\n"
        "    its table is the same; other code, data, font or library: "
        f"module figures/page.py, package matplotlib 3.0 -> {version}\n"
        "    today's drawing code makes this picture of its table"
    ]


def test_missing_and_extra_outputs_are_listed(build):
    (build / "fi/tables/models-by-goal.csv").unlink()
    (build / "en/tables/new.csv").write_text("a\n")
    with (build / "en/notebooks/02_models-by-goal.outputs").open("a") as listing:
        listing.write("tables/new.csv\n")
    assert told(build) == [
        "missing outputs\n    fi/tables/models-by-goal.csv",
        "outputs that the reference does not have\n    en/tables/new.csv",
    ]


def test_an_output_that_its_notebook_makes_no_more_is_named_and_no_part_of_the_build(build, top):
    stale = f"en/figures/{STEM}.pdf"
    listing = build / "en/notebooks/02_models-by-goal.outputs"
    listing.write_text(listing.read_text().replace(f"figures/{STEM}.pdf\n", ""))
    assert told(build)[1] == (
        "outputs that no notebook makes any more; `make clean` removes them\n    " + stale
    )
    assert stale not in manifest.make(build)["outputs"]
    drift.renew(build, top / "reference")
    assert told(build)[0].splitlines()[1:] == [f"    {stale}"]


def test_the_outputs_of_a_notebook_that_is_gone_are_named_by_check_manifest_and_site(
    build, monkeypatch, tmp_path, capsys
):
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "notebooks").mkdir()
    notebook = shutil.copy(ROOT / "notebooks/02_models-by-goal.ipynb", tmp_path / "notebooks")
    monkeypatch.chdir(tmp_path)
    assert manifest.strays(build) == []
    Path(notebook).rename(tmp_path / "notebooks/03_models.ipynb")
    (build / "fi/notebooks/03_models.ipynb").write_text("{}")
    gone = [p for p in manifest.strays(build) if p.startswith("fi/")]
    assert gone == [
        *(f"fi/figures/{STEM}.{kind}" for kind in ("json", "pdf", "png", "svg")),
        "fi/notebooks/02_models-by-goal.ipynb",
        "fi/tables/models-by-goal.csv",
        "fi/tables/models-by-goal.json",
    ]
    assert set(gone) <= set(told(build)[1].split())
    command.name_strays(build)
    said = capsys.readouterr().err
    assert said.startswith(
        f"{build} holds outputs that no notebook makes any more; `make clean` removes them:\n  en/"
    )
    assert set(gone) <= set(said.split())


def test_two_writers_of_one_manifest_do_not_take_each_others_file(build, monkeypatch):
    replace = Path.replace

    def meanwhile(one, target):
        monkeypatch.undo()
        monkeypatch.chdir(ROOT)
        write(build / manifest.NAME, "another")
        return replace(one, target)

    monkeypatch.setattr(Path, "replace", meanwhile)
    before = {*build.iterdir(), build / manifest.NAME}
    write(build / manifest.NAME, "one")
    assert (build / manifest.NAME).read_text() == "one"
    assert {*build.iterdir()} == before


def test_the_outputs_of_a_run_that_the_reference_does_not_have_are_no_drift(build):
    run = build / "en/notebooks/04_feature-by-goal-participation.ipynb"
    run.write_text("{}")
    run.with_suffix(".outputs").write_text("tables/feature-by-goal-participation.csv\n")
    table = build / "en/tables/feature-by-goal-participation.csv"
    table.write_text("a\n")
    record = json.loads((build / "en/tables/models-by-goal.json").read_text())
    record["provenance"]["notebook"] = "04_feature-by-goal.ipynb"
    table.with_suffix(".json").write_text(json.dumps(record))
    with run.with_suffix(".outputs").open("a") as listing:
        listing.write("tables/feature-by-goal-participation.json\n")
    assert told(build) == []


def test_labels_that_change_in_another_language_are_told_apart_from_numbers(build):
    file = build / "fi/tables/models-by-goal.csv"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("SOILA", "Soila").replace("Koodit", "Muut"), encoding="utf-8")
    assert told(build) == [
        "table models-by-goal.csv (fi)\n    its labels or texts; the table in en is as before"
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("goal_id,k\na,1\nb,2\n", "goal_id,k\na,1\nb,3\n", ["b: k 2 -> 3"]),
        ("goal_id,k\na,1\nb,2\n", "goal_id,k\na,1\n", ["b: no longer there"]),
        ("goal_id,k\na,1\n", "goal_id,k,n\na,1,2\n", ["column n: new"]),
        ("goal_id,k\na,1\nb,2\n", "goal_id,k\nb,2\na,1\n", ["the order of the rows"]),
        ("goal_id,k,n\na,1,1\na,2,2\n", "goal_id,k,n\na,1,1\na,3,2\n", ["a, 2: k 2 -> 3"]),
        ("k\n1\n1\n", "k\n1\n2\n", ["row 2: k 1 -> 2"]),
        ("goal_id,k\na,1\n", "goal_id,k\na,1\n", []),
    ],
)
def test_tables_are_compared_cell_by_cell(tmp_path, before, after, expected):
    (tmp_path / "before.csv").write_text(before)
    (tmp_path / "after.csv").write_text(after)
    assert drift.cells(tmp_path / "before.csv", tmp_path / "after.csv") == expected


def test_a_build_without_a_reference_is_told_how_to_get_one(build, tmp_path):
    with pytest.raises(drift.NoReferenceError) as error:
        drift.check(build, tmp_path)
    assert str(error.value) == (
        f"{tmp_path}/review-2024/outputs.json: no such reference; "
        f"`soila reference {build}` makes the build one"
    )


def test_a_reference_with_marks_of_a_merge_is_told(build, top):
    file = top / "reference/review-2024/outputs.json"
    file.write_text("<<<<<<< HEAD\n" + file.read_text())
    with pytest.raises(
        drift.NoReferenceError, match=r"outputs\.json: Expecting value: line 1 .*; `make"
    ):
        told(build)


# The archive


def test_the_archive_is_the_same_bytes_again_and_complete(build):
    first = archive.write(build, DATA).read_bytes()
    file = archive.write(build, DATA)
    assert file.read_bytes() == first
    with zipfile.ZipFile(file) as packed:
        names = packed.namelist()
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in packed.infolist()} == {0o100644}
    assert names == sorted(names)
    results = {f"build/review-2024/{p}" for p in (*manifest.outputs(build), "manifest.json")}
    data = {f"data/review-2024/{p.name}" for p in DATA.iterdir()}
    stored = {f"notebooks/{p.name}" for p in (ROOT / "notebooks").glob("*.ipynb")}
    taxonomy = {p.relative_to(ROOT).as_posix() for p in ROOT.glob("src/*/taxonomy/*.csv")}
    assert results | data | stored | taxonomy | {*archive.TEXTS} <= set(names)
    assert all((ROOT / text).is_file() for text in archive.TEXTS)


def test_the_archive_describes_itself_as_ro_crate_1_1_asks(build, tmp_path):
    from rocrate.rocrate import ROCrate

    with zipfile.ZipFile(archive.write(build, DATA)) as packed:
        packed.extractall(tmp_path / "crate")
        names = set(packed.namelist()) - {archive.DESCRIPTION}
    crate = ROCrate(tmp_path / "crate")
    root = crate.root_dataset
    assert crate.metadata["conformsTo"] == "https://w3id.org/ro/crate/1.1"
    assert crate.metadata["about"].id == root.id == "./"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", root["datePublished"])
    assert root["name"]
    assert root["description"]
    assert root["license"].id == "https://creativecommons.org/licenses/by/4.0/"
    assert {part.id for part in root["hasPart"]} == names
    runs = crate.get_by_type("CreateAction")
    assert {run["instrument"].id for run in runs} == {"notebooks/02_models-by-goal.ipynb"}
    assert len(runs) == 2


def test_a_data_set_that_is_elsewhere_is_packed_too(build, tmp_path):
    data = Path(shutil.copytree(DATA, tmp_path / "elsewhere/round"))
    with zipfile.ZipFile(archive.write(build, data)) as packed:
        assert packed.read("data/review-2024/codings.csv") == (DATA / "codings.csv").read_bytes()


# What a single output tells of itself


@pytest.fixture
def clone(made, tmp_path, monkeypatch):
    """Give a small build where a build belongs, in a project that has the repository's inputs."""
    top = tmp_path / "clone"
    shutil.copytree(made / "build", top / "build")
    for name in ("data", "notebooks", "pyproject.toml", "requirements.lock"):
        (top / name).symlink_to(ROOT / name)
    monkeypatch.chdir(top)
    return top


@pytest.fixture
def verify(clone):
    """Call `soila verify` on a file of the English build; give status and what it said."""

    def called(file: str | Path, *options: str) -> tuple[int, str]:
        path = Path("build/review-2024/en", file)
        done = click.testing.CliRunner().invoke(soila, ["verify", str(path), *options])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output.replace(f"{path.parent}/", "")

    return called


def edit(file: str, before: str | bytes, after: str | bytes) -> Callable[[Path], str]:
    """Replace a text in a file once."""

    def edited(folder: Path) -> str:
        content, old = (folder / file).read_bytes(), before if before else b""
        old = old.encode() if isinstance(old, str) else old
        new = after.encode() if isinstance(after, str) else after
        assert old in content
        (folder / file).write_bytes(content.replace(old, new, 1) if old else content + new)
        return file

    return edited


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def animate(folder: Path) -> str:
    """Let a picture be the first of two frames."""
    file = folder / f"figures/{STEM}.png"
    with Image.open(file) as image:
        comment = image.text["Comment"]
        second = Image.new(image.mode, image.size, "red")
        from PIL.PngImagePlugin import PngInfo

        kept = PngInfo()
        kept.add_text("Comment", comment)
        image.save(file, save_all=True, append_images=[second], pnginfo=kept)
    return f"figures/{STEM}.png"


def revise(folder: Path) -> str:
    """Append another page to a PDF, which takes the place of the first."""
    from pypdf import PdfReader, PdfWriter

    file = folder / f"figures/{STEM}.pdf"
    writer = PdfWriter(file, incremental=True)
    writer.pages[0].mediabox.upper_right = (10, 10)
    writer.write(file)
    assert PdfReader(file).metadata["/Keywords"]
    return f"figures/{STEM}.pdf"


def paste(folder: Path) -> str:
    """Put the record of a figure into another drawing."""
    svg = (folder / f"figures/{STEM}.svg").read_text(encoding="utf-8")
    start, end = svg.index("<metadata>"), svg.index("</metadata>") + len("</metadata>")
    other = f'<svg xmlns="http://www.w3.org/2000/svg">{svg[start:end]}<text>99 %</text></svg>'
    (folder / f"figures/{STEM}.svg").write_text(other, encoding="utf-8")
    return f"figures/{STEM}.svg"


def correct(folder: Path) -> str:
    """Change a table, and its hash in the JSON beside it."""
    file = folder / "tables/models-by-goal.csv"
    before = blob(file.read_bytes())
    edit("tables/models-by-goal.csv", ",20,", ",30,")(folder)
    edit("tables/models-by-goal.json", before, blob(file.read_bytes()))(folder)
    return "tables/models-by-goal.csv"


def rename(file: str, other: str) -> Callable[[Path], str]:
    def renamed(folder: Path) -> str:
        (folder / other).write_bytes((folder / file).read_bytes())
        return other

    return renamed


ITSELF = f"{STEM}.{{}} itself: its bytes are not those that were written"
SVG, PNG, PDF, TEXTS = (f"figures/{STEM}.{kind}" for kind in ("svg", "png", "pdf", "json"))
SECOND = "</cc:Work><cc:Work><dc:description>Approved by THL</dc:description></cc:Work>"
FAKES = {
    "a pixel": (lambda f: touch_up(f / PNG) or PNG, ITSELF.format("png")),
    "a frame of an animation": (animate, ITSELF.format("png")),
    "a text chunk": (
        edit(PNG, b"\0\0\0\0IEND", chunk(b"tEXt", b"A\0b") + b"\0\0\0\0IEND"),
        ITSELF.format("png"),
    ),
    "bytes after a picture": (edit(PNG, "", "more"), ITSELF.format("png")),
    "a title in SVG": (edit(SVG, "</title>", "!</title>"), ITSELF.format("svg")),
    "a drawn text": (edit(SVG, "</svg>", "<text>99 %</text></svg>"), ITSELF.format("svg")),
    "a second description": (edit(SVG, "</cc:Work>", SECOND), ITSELF.format("svg")),
    "a comment after the end": (edit(SVG, "", "<!-- -->"), ITSELF.format("svg")),
    "a record in another SVG": (paste, ITSELF.format("svg")),
    "a record that tells of other inputs": (
        edit(SVG, '"codings.csv":"', '"codings.csv":"0'),
        "its record is not of the form",
    ),
    "a record with another version": (
        edit(SVG, '"packages":{"', '"packages":{"a":"1","'),
        ITSELF.format("svg"),
    ),
    "a revision of a PDF": (revise, ITSELF.format("pdf")),
    "a title of a PDF": (edit(PDF, "/Title (", "/Title (Not "), ITSELF.format("pdf")),
    "bytes after a PDF": (edit(PDF, "", "\n%%EOF\n"), ITSELF.format("pdf")),
    "an alternative text": (edit(TEXTS, '"alt": "', '"alt": "Not '), ITSELF.format("json")),
    "a table": (
        edit("tables/models-by-goal.csv", ",20,", ",30,"),
        "table models-by-goal.csv: its content is not what was written",
    ),
    "a table and the JSON beside it": (
        correct,
        "models-by-goal.json itself: its bytes are not those that were written",
    ),
    "a figure under another's name": (
        rename(SVG, "figures/feature-shares-redesigned.svg"),
        f"feature-shares-redesigned.svg: it was written as figures/{STEM} in en of review-2024",
    ),
    "a figure in another language's place": (
        rename(f"../fi/{SVG}", SVG),
        f"{STEM}.svg: it was written as figures/{STEM} in fi of review-2024",
    ),
    "a figure among the tables": (
        rename(TEXTS, "tables/models-by-goal-redesigned.json"),
        f"{STEM}.json: it was written as figures/{STEM} in en of review-2024",
    ),
}


def test_outputs_as_they_were_made_are_current_with_what_that_means(verify):
    others = [f"build/review-2024/en/{name}" for name in (PNG, PDF, TEXTS)]
    table = "build/review-2024/en/tables/models-by-goal.csv"
    status, said = verify(SVG, *others, table)
    *lines, last = said.splitlines()
    assert status == 0
    assert [line.partition(": ")[2] for line in lines] == ["current"] * 5
    assert last == (
        "Current: bytes, name and place are those that were written; data, notebook, parameters, "
        "code and packages are those of this clone. Whether somebody edited a file and sealed it "
        "anew is seen by --rebuild only."
    )


@pytest.mark.parametrize("fake", FAKES)
def test_a_fake_is_not_called_current(fake, verify):
    make, expected = FAKES[fake]
    status, said = verify(make(Path("build/review-2024/en")))
    assert status in (1, 2)
    assert expected in said


def test_a_mailed_output_is_verified_by_its_name(verify, tmp_path):
    mailed = shutil.copy(f"build/review-2024/en/{SVG}", tmp_path)
    assert verify(mailed)[0] == 0
    renamed = shutil.copy(mailed, tmp_path / "mailed.svg")
    assert (
        f"mailed.svg: it was written as figures/{STEM} in en of review-2024" in verify(renamed)[1]
    )


SHOWN = [name for name in FAKES if not re.search("record|table|place|under", name)]


@pytest.mark.parametrize("fake", SHOWN)
def test_a_fake_whose_seal_was_renewed_is_found_by_what_it_shows(fake, verify):
    folder = Path("build/review-2024")
    manifest.write(folder)
    file = folder / "en" / FAKES[fake][0](folder / "en")
    file.write_bytes(sealed(file.read_bytes()))
    name = file.relative_to(folder).as_posix()
    assert (
        f"{file.name}: manifest.json of its build lists other bytes" in verify(file.absolute())[1]
    )
    known = {
        "outputs": {
            name: json.loads((folder / manifest.NAME).read_bytes())["outputs"][name]["content"]
        }
    }
    assert manifest.compare(known, folder).changed == (name,)


def test_a_rebuild_finds_who_edited_a_figure_and_its_record_together(verify, monkeypatch):
    touch_up(file := Path("build/review-2024/en", PNG))
    file.write_bytes(sealed(file.read_bytes()))
    assert verify(PNG)[0] == 0  # as the README says
    runs = []

    def run(job):
        runs.append(job)
        draw(job.data, job.folder.parent, "en")

    monkeypatch.setattr(execute, "run", run)
    status, said = verify(PNG, str(file.with_suffix(".svg")), "--rebuild")
    assert (status, len(runs)) == (1, 1)
    assert f"{file.name} itself: made anew from this clone, it shows something else" in said
    assert f"{STEM}.svg: current\n" in said
    assert said.endswith("made anew from these, all that a file shows is the same.\n")


# Hostile files

DEEP = "[" * 100_000


def hostile(record: dict, **changes: Any) -> str:
    return json.dumps(record | changes)


ODD = {
    "an empty record": lambda _: "{}",
    "a list": lambda _: "[]",
    "a number": lambda _: "1",
    "a deep list": lambda _: DEEP,
    "a long number": lambda _: "9" * 9999,
    "a cut record": lambda r: json.dumps(r)[:300],
    "a path out": lambda r: hostile(r, notebook="../../x.ipynb"),
    "a folder above": lambda r: hostile(r, dataset=".."),
    "a module elsewhere": lambda r: hostile(r, code={"../../etc/passwd": "0" * 40}),
    "no hash": lambda r: hostile(r, lock=1),
    "a value that is none": lambda r: hostile(r, parameters={"lang": ["en"]}),
    "a name without a value": lambda r: hostile(r, given=["lang", "x"]),
    "two tables": lambda r: hostile(r, table={"a.csv": "0" * 40, "b.csv": "0" * 40}),
    "another format": lambda r: hostile(r, format=1),
    "a key of another": lambda r: hostile(r, more="x"),
}
NOT_OURS = (
    "its record is not of the form that `soila run` writes: it was edited, cut off, or made by "
    "another version; `make figures` makes outputs anew\n"
)


@pytest.mark.parametrize("odd", ODD)
def test_a_record_of_another_form_is_told_in_a_sentence(odd, verify):
    file = Path("build/review-2024/en", TEXTS)
    whole = json.loads(file.read_bytes())
    file.write_text(f'{{"title": "x", "provenance": {ODD[odd](whole["provenance"])}}}')
    assert verify(TEXTS) == (2, f"{TEXTS.split('/')[1]}: {NOT_OURS}")


def test_what_a_hostile_record_says_is_quoted_and_does_nothing(verify):
    file = Path("build/review-2024/en", TEXTS)
    whole = json.loads(file.read_bytes())
    whole["provenance"]["parameters"] |= {"variant": "a'; touch PWNED #\x1b]0;x\x07\u202e\n"}
    whole["provenance"]["given"] = ["lang", "variant"]
    whole["provenance"]["packages"] = {"\x1b[2J": "1\n2"}
    file.write_text(json.dumps(whole))
    status, said = verify(TEXTS)
    assert status == 1
    assert said.splitlines()[-1] == (
        "  regenerate it by: soila run notebooks/02_models-by-goal.ipynb -d data/review-2024 "
        "-p lang=en -p 'variant=a'\"'\"'; touch PWNED #\\x1b]0;x\\x07\\u202e\\n'"
    )
    assert "package \\x1b[2J: 1\\n2 -> None" in said
    assert [c for c in said if not c.isprintable()] == ["\n"] * len(said.splitlines())


def test_no_file_asks_for_much_memory_or_time(verify, tmp_path, monkeypatch):
    monkeypatch.setattr(kinds, "LARGEST", 10**6)
    header = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 6, 0, 0, 0)
    bomb = zlib.compress(bytes(10**8), 9)
    text = chunk(b"zTXt", b"Comment\0\0" + bomb)
    huge = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + text + chunk(b"IEND", b"")
    (tmp_path / "huge.png").write_bytes(huge)
    (tmp_path / "large.svg").write_bytes(bytes(10**6 + 1))
    os.mkfifo(tmp_path / "pipe.svg")
    (tmp_path / "folder.pdf").mkdir()
    (tmp_path / "none.csv").touch()
    names = ("huge.png", "large.svg", "pipe.svg", "folder.pdf", "none.csv")
    said = {name: verify(tmp_path / name)[1] for name in names}
    none = (
        "carries no record of what it was made from; outputs of `soila run` and `make figures` do, "
    )
    assert said == {
        "huge.png": f"huge.png: {none}those of a notebook opened by hand do not\n",
        "large.svg": "large.svg: larger than any output, 0 MB\n",
        "pipe.svg": "pipe.svg: no such file\n",
        "folder.pdf": "folder.pdf: no such file\n",
        "none.csv": "none.json: no such file\n",
    }
    assert len(kinds.content(tmp_path / "huge.png")) == 64


@given(st.sampled_from([SVG, PNG, PDF, TEXTS]), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_change_of_bytes_is_found(made, tmp_path_factory, name, data):
    content = (made / "build/review-2024/en" / name).read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    new = data.draw(st.binary(max_size=3))
    cut = data.draw(st.integers(0, 3))
    fake = content[:place] + new + content[place + cut :]
    file = tmp_path_factory.getbasetemp() / Path(name).name
    file.write_bytes(fake)
    try:
        kinds.read(file)
    except kinds.UnknownProvenanceError:
        return
    assert kinds.intact(file) == (fake == content)
