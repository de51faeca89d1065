"""The map in a notebook works in the saved file, by the browser alone."""

import pytest
from lxml import html

from soila_analysis import report
from soila_analysis.language import LANGUAGES, messages


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
