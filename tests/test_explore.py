"""The map in a notebook works in the saved file, by the browser alone."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from copy import deepcopy

import nbformat
import pytest
from conftest import FOLDERS
from lxml import html
from playwright.sync_api import Error, expect

from soila_analysis import report
from soila_analysis.build import lab
from soila_analysis.files import UserError
from soila_analysis.language import LANGUAGES, messages

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_notebook_shows_the_map_as_a_named_frame(shipped, lang):
    data = shipped["literal"]
    frame = html.fromstring(report.explore(data, lang)._repr_html_())
    assert frame.tag == "iframe"
    assert frame.get("lang") == lang
    title = messages(lang)("site.page.map")
    assert frame.get("title") == f"{title}: {data.info.title[lang]}"
    page = html.document_fromstring(frame.get("srcdoc"))
    assert page.get("lang") == lang
    assert len(page.xpath("//table[@id='map']//tbody/tr")) == len(data.taxonomy.features)
    assert "height" in frame.get("style")


def test_a_link_within_the_map_stays_in_the_map(shipped):
    frame = html.fromstring(report.explore(shipped["own"], "en")._repr_html_())
    page = html.document_fromstring(frame.get("srcdoc"))
    links = page.xpath("//a/@href")
    assert links
    assert all(link.startswith("about:srcdoc#") for link in links)


def test_a_view_in_a_notebook_has_no_address_to_send(shipped):
    frame = html.fromstring(report.explore(shipped["own"], "en")._repr_html_())
    (link,) = html.document_fromstring(frame.get("srcdoc")).xpath("//a[@id='here']")
    assert link.get("hidden") is not None


def test_the_map_cannot_reach_the_notebook(shipped):
    frame = html.fromstring(report.explore(shipped["own"], "en")._repr_html_())
    assert frame.get("sandbox").split() == ["allow-scripts", "allow-downloads"]


def test_the_map_in_a_notebook_is_small_and_reproducible(shipped):
    for lang in LANGUAGES:
        shown = report.explore(shipped["literal"], lang)
        assert len(shown._repr_html_().encode()) < 300_000
        assert shown._repr_html_() == report.explore(shipped["literal"], lang)._repr_html_()
        assert len(repr(shown)) < 200


def test_rejects_an_unknown_language(shipped):
    with pytest.raises(ValueError, match=r'^no language "de"; allowed: fi, sv, en$'):
        report.explore(shipped["literal"], "de")


# In JupyterLab


def test_a_map_is_the_same_html_where_it_answers(shipped, monkeypatch):
    view = report.explore(shipped["own"], "en")
    alone = view._repr_html_()
    assert view._repr_mimebundle_() == {}  # in a run, and wherever no notebook is open
    monkeypatch.setenv("JPY_SESSION_NAME", "own.ipynb")
    assert list(view._repr_mimebundle_()) == [VIEW]
    assert view._repr_html_() == alone


def test_selected_has_the_models_that_the_map_lists(shipped):
    view = report.explore(shipped["own"], "en")
    models = shipped["own"].models
    assert view.selected.equals(models)
    assert "_live" not in vars(view)
    view._live.told = {"models": models["model_id"].tolist()[3:5]}
    assert view.selected.equals(models[3:5].reset_index(drop=True))
    view._live.told = {"models": []}
    assert list(view.selected) == list(models)
    assert view.selected.empty


def test_of_a_reconstruction_no_model_is_selected(shipped):
    message = "^review-2024 is a reconstruction: no model of it is real, none is chosen$"
    with pytest.raises(UserError, match=message):
        _ = report.explore(shipped["literal"], "en").selected


def test_parameters_are_those_given_until_others_are_chosen(shipped):
    asked = report.ask(shipped["own"], "sv", feature="commonest", goal="support", only="<b>")
    assert (asked.feature, asked.goal, asked.only) == ("commonest", "support", "<b>")
    assert repr(asked) == "Asked(feature='commonest', goal='support', only='<b>')"
    assert "_live" not in vars(asked)  # else a run would store its state
    said = html.fromstring(asked._repr_html_())
    assert [cell.text for cell in said.iter("td")] == ["commonest", "Stöd", "<b>"]
    asked._live.told = {"feature": "rarest"}
    assert (asked.feature, asked.goal) == ("rarest", "support")
    with pytest.raises(AttributeError, match=r"^nothing was asked about 'region'$"):
        _ = asked.region


def test_the_form_offers_what_the_data_set_has(shipped):
    taxonomy = shipped["own"].taxonomy
    asked = report.ask(shipped["own"], "en", feature="rarest", goal="all", only="x")
    form = html.fromstring(asked._live.content)
    ids = {select.get("name"): select.xpath("option/@value") for select in form.iter("select")}
    assert ids["feature"] == ["commonest", "rarest", *taxonomy.feature_ids]
    assert ids["goal"] == ["largest", "all", *taxonomy.goal_ids]
    assert form.xpath("//option[@selected]/@value") == ["rarest", "all"]
    assert form.xpath("//input/@value") == ["x"]
    fields = form.xpath("//select/@id | //input/@id")
    assert form.xpath("//label/@for") == fields  # each is named
    assert len(set(form.xpath("//@style[contains(., 'width: 36em')]"))) == 1


@pytest.mark.parametrize("name", ["03_feature-shares.ipynb", "10_own-question.ipynb"])
def test_a_question_is_saved_as_it_was_written(name, notebooks):
    ran = deepcopy(notebooks[name])
    ran["metadata"]["language_info"] |= {"version": "3.11.7", "file_extension": ".py"}
    ran["metadata"]["widgets"] = {"state": {}}
    for number, cell in enumerate(ran["cells"]):
        cell["metadata"] |= {"trusted": True, "execution": {}, "collapsed": True}
        if cell["cell_type"] == "code":
            cell |= {"execution_count": number, "outputs": [output()]}
    lab.as_written({"type": "notebook", "content": ran}, path=name)
    assert ran == notebooks[name]


def test_a_notebook_of_your_own_keeps_what_it_shows_without_a_kernel():
    only_live = {"output_type": "display_data", "data": {VIEW: {}}, "metadata": {}}
    cell = {"cell_type": "code", "metadata": {}, "outputs": [output(), only_live, STREAM]}
    own = {"metadata": {}, "cells": [cell, {"cell_type": "markdown", "metadata": {}}]}
    lab.as_written({"type": "notebook", "content": own})
    assert cell["outputs"] == [output(live=False), only_live, STREAM]


def test_other_files_are_saved_as_they_are():
    lab.as_written({"type": "file", "content": "text"})


def test_only_the_kernel_of_this_environment_is_offered(tmp_path, monkeypatch):
    for name in ("python3", "r"):
        (tmp_path / "kernels" / name).mkdir(parents=True)
        spec = {"argv": ["theirs"], "display_name": name, "language": name}
        (tmp_path / "kernels" / name / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    manager = lab.OwnKernel()
    assert list(manager.find_kernel_specs()) == ["python3"]
    assert manager.get_kernel_spec("python3").argv[0] != "theirs"


STREAM = {"output_type": "stream", "name": "stdout", "text": "1"}


def output(live=True):
    data = {"text/html": "<p>map</p>"} | ({VIEW: {"model_id": "1"}} if live else {})
    return {"output_type": "execute_result", "data": data, "metadata": {}}


# In a real JupyterLab


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory):
    """A small project that `soila explore` serves; gives its notebooks folder and the address."""
    tmp_path = tmp_path_factory.mktemp("project")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "soila-analysis"\n')
    for name in ("example", "literal"):
        shutil.copytree(FOLDERS[name], tmp_path / "data" / FOLDERS[name].name)
    (tmp_path / "notebooks").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = {name: str(tmp_path / name) for name in ("HOME", "JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    options = f"--no-browser --port={port} --allow-root --IdentityProvider.token="
    command = [sys.executable, "-m", "soila_analysis", "explore", *options.split()]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=os.environ | home, stderr=log)
    try:
        yield tmp_path / "notebooks", f"http://127.0.0.1:{port}/lab/tree"
    finally:
        server.terminate()
        try:
            server.wait(20)
        finally:
            server.kill()


def written(folder, name, *cells):
    own = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    own.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    nbformat.write(own, folder / name)


def test_the_selection_is_known_in_the_next_cell_and_the_saved_map_lives(jupyterlab, browser):
    folder, address = jupyterlab
    load = "import soila_analysis as soila\ndata = soila.load('example-two-coders')\n"
    written(folder, "own.ipynb", f"{load}view = soila.explore(data, 'en')\nview", "view.selected")
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    run(page, f"{address}/own.ipynb")
    chosen = "td[data-goal='goal-2'][data-feature='participation'] button"
    cell = page.frame_locator("iframe").locator(chosen)
    cell.press("Enter")  # a click could meet its neighbour while the notebook is laid out
    listed = page.frame_locator("iframe").locator("#models tbody tr th")
    expect(listed).not_to_have_count(24)
    page.locator(".jp-CodeCell").nth(1).locator(".jp-InputArea-editor").click()
    menu(page, "Run", "Run Selected Cell")
    result = page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output tbody tr")
    expect(result).not_to_have_count(24)
    names = listed.all_text_contents()
    expect(result).to_have_count(len(names))
    assert [row.split("\t")[2] for row in result.all_inner_texts()] == names
    save(page)
    stored = (folder / "own.ipynb").read_text()
    assert VIEW not in stored
    menu(page, "Kernel", "Shut Down Kernel")
    page.goto(f"{address}/own.ipynb?reset")
    cell.press("Enter")
    expect(listed).to_have_count(len(names))
    assert page.get_by_text("Jupyter news").count() == 0  # it would ask until it is answered
    assert [url for url in asked if re.search("/lab/api/(news|update)", url)] == []


def test_the_form_answers_and_saving_leaves_the_notebook_as_it_was(jupyterlab, browser, notebooks):
    folder, address = jupyterlab
    question = nbformat.reads(json.dumps(notebooks["10_own-question.ipynb"]), as_version=4)
    ids = [cell.id for cell in question.cells]
    del question.cells[ids.index("cell-12") + 1 :]  # the form; no need to draw
    question.cells.append(nbformat.v4.new_code_cell("asked.feature, asked.goal", id="said"))
    question.cells.append(nbformat.v4.new_markdown_cell("Else another cell is added", id="end"))
    nbformat.write(question, folder / "question.ipynb")
    before = (folder / "question.ipynb").read_bytes()
    page = browser.new_page()
    run(page, f"{address}/question.ipynb")
    said = page.locator(".jp-CodeCell .jp-OutputArea-output").last
    expect(said).to_have_text("('commonest', 'largest')")
    page.locator("#ask-feature").select_option("participation")
    page.locator(".jp-CodeCell").last.locator(".jp-InputArea-editor").click()
    menu(page, "Run", "Run Selected Cell")
    expect(said).to_have_text("('participation', 'largest')")
    save(page)
    assert (folder / "question.ipynb").read_bytes() == before


def run(page, address):
    for _ in range(60):  # until the server is up
        with contextlib.suppress(Error):
            page.goto(f"{address}?reset")
            break
        page.wait_for_timeout(500)
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)
    menu(page, "Run", "Run All Cells")
    expect(page.locator(".jp-InputPrompt", has_text="*")).to_have_count(0, timeout=60_000)


def menu(page, *path):
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{path[0]}$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{path[1]}$")).click()


def save(page):
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        menu(page, "File", "Save Notebook")
