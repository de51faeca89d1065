"""The map in a notebook works in the saved file, by the browser alone."""

import json
from copy import deepcopy

import pytest
from lxml import html

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
