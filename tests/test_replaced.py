"""Builds, pages, reports, references and archives: old or new, whatever fails in between."""

import json
from pathlib import Path
from unittest import mock

import pytest
from faults import every_fault

from soila_analysis.build import archive, drift, execute, manifest, plan
from soila_analysis.files import blob
from soila_analysis.report import pdf, site

TABLE, FIGURE, EARLIER = "tables/a.csv", "figures/a.svg", "figures/b.svg"
RUN = "notebooks/a.run.json"


@pytest.fixture
def build(tmp_path):
    """A small build, as it was before."""
    folder = tmp_path / "place/build/round"
    for name in ("en/notebooks", "en/tables", "en/figures", "site", "report", "drift"):
        (folder / name).mkdir(parents=True)
    (folder / "site/index.html").write_text("old")
    (folder / "report/round.en.pdf").write_text("old")
    (folder / "round-archive.zip").write_text("old")
    (folder / "manifest.json").write_text("{}")
    (tmp_path / "place/reference/round/tables").mkdir(parents=True)
    (tmp_path / "place/reference/round/outputs.json").write_text("old")
    (tmp_path / "place/reference/round/tables/gone.csv").write_text("old")
    run(folder, "old", [TABLE, EARLIER])
    return folder


def run(folder, text, paths, gone=()):
    """Put outputs in place, as a run does when its notebook is executed."""
    with plan.alone(folder, print), execute.STAGING(dir=folder / "en") as beside:
        for path in paths:
            (Path(beside) / path).parent.mkdir(exist_ok=True)
            (Path(beside) / path).write_text(text)
        (Path(beside) / "notebooks").mkdir()
        made = {path: blob(text.encode()) for path in paths}
        (Path(beside) / RUN).write_text(json.dumps(made))
        execute._exchange(Path(beside), folder / "en", [*paths, RUN], gone)


def contents(folder):
    """All files of a folder, but those of a run that was killed at work."""
    found = (f for f in folder.rglob("*") if f.is_file())
    named = {f.relative_to(folder).as_posix(): f.read_bytes() for f in found}
    return {name: data for name, data in named.items() if not name.startswith(".run-")}


def test_a_run_is_put_in_place_whole_or_is_known_to_be_none(build):
    def again():
        run(build, "new", [TABLE, FIGURE], [EARLIER])

    def held():
        """What other commands take of it; what is not as its run says is made anew first."""
        try:
            made = json.loads((build / "en" / RUN).read_text())
        except (OSError, ValueError):
            made = {"": ""}
        files = {path: build / "en" / path for path in made}
        if any(not f.is_file() or blob(f.read_bytes()) != made[p] for p, f in files.items()):
            again()
        return contents(build / "en")

    tally = every_fault(build.parents[1], again, held)
    assert min(tally.values()) > 5


def reference(build):
    drift.renew(build, build.parents[1] / "reference")


def archived(build):
    archive.write(build, build)


def pages(build):
    site.write(build, mock.MagicMock())


def report(build):
    pdf.write(build, None)


WRITERS = {
    "reference": (reference, "../../reference/round"),
    "site": (pages, "site"),
    "report": (report, "report"),
    "archive": (archived, "round-archive.zip"),
}


@pytest.mark.parametrize("what", WRITERS)
def test_what_is_made_of_a_build_is_replaced_whole_or_not_at_all(what, build, monkeypatch):
    write, place = WRITERS[what]
    monkeypatch.setattr(manifest, "reference", lambda _: {"dataset": "round"})
    monkeypatch.setattr(manifest, "write", lambda _: None)
    monkeypatch.setattr(archive, "members", lambda *_: {"a.csv": build / "en" / TABLE})
    monkeypatch.setattr(archive, "describe", lambda *_: {})
    monkeypatch.setattr(site, "_write_language", lambda _, folder, *__: folder.mkdir())
    monkeypatch.setattr(site, "render", lambda *_, **__: "new")
    monkeypatch.setattr(pdf, "gathered", lambda *_: {})
    monkeypatch.setattr(pdf, "typeset", lambda *_: b"new")
    (build / "en/figures/a.svg").touch()

    def look():
        here = build / place
        return here.read_bytes() if here.is_file() else contents(here)

    tally = every_fault(build.parents[1], lambda: write(build), look)
    assert min(tally.values()) > 3
