"""The pages say what the tables say, in their language, and ask nothing of a network."""

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from lxml import html

from soila_analysis import coding, figures, metrics, report
from soila_analysis.language import messages
from soila_analysis.report.site import LANGUAGES
from soila_analysis.review import basis

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><b>x",
    "n" * 500,
    "\u05e9\u05dc\u05d5\u05dd",
    "\U0001f600",
    "=1+1",
]


def coded(data: coding.Dataset) -> report.Coded:
    status = coding.consensus(data)
    cells = metrics.evidence_map(status, data.memberships, data.taxonomy.goal_ids)
    marked = basis.mark(cells, data, "feature-share", "feature-share-by-goal")
    sources = {lang: data.info.source[lang] for lang in LANGUAGES}
    kind, reading = data.info.kind, data.info.reading or ""
    rule = data.info.consensus
    return report.Coded(
        data.models, data.memberships, status, marked, data.codings, rule, kind, reading, sources
    )


@pytest.fixture(scope="module")
def build(tmp_path_factory, datasets, tables):
    """A build of two figures in each language, and the pages made from it."""
    folder = tmp_path_factory.mktemp("build") / "review-2024"
    data = datasets["literal"]
    made = {"notebook": "n.ipynb", "dataset": "review-2024", "given": ["lang"]}
    for lang in LANGUAGES:
        here = folder / lang
        for plot in ("models-by-goal", "feature-shares"):
            table = tables["literal", lang, plot]
            figures.publish(plot, table, lang, "both", here)
            stems = [f"{plot}-{v}" for v in ("faithful", "better")]
            for stem in stems:
                file = here / f"figures/{stem}.json"
                words = json.loads(file.read_text()) | {
                    "provenance": made | {"parameters": {"lang": lang}}
                }
                file.write_text(json.dumps(words))
            notebooks = here / "notebooks"
            notebooks.mkdir(exist_ok=True)
            outputs = [f"tables/{plot}.csv", *(f"figures/{s}.svg" for s in stems)]
            (notebooks / f"{plot}.outputs").write_text("\n".join(outputs))
            cell = {"cell_type": "markdown", "metadata": {}, "source": "# Why?\n\nBecause."}
            notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
            (notebooks / f"{plot}.ipynb").write_text(json.dumps(notebook))
    titles = {lang: data.info.title[lang] for lang in LANGUAGES}
    report.write(folder, coded(data), data.taxonomy, titles)
    return folder


@pytest.fixture(scope="module")
def pages(build):
    """All pages, parsed, by their address below the site."""
    site = build / "site"
    files = sorted(site.rglob("*.html"))
    return {f.relative_to(site).as_posix(): html.parse(f).getroot() for f in files}


def test_every_page_has_its_language_one_heading_and_a_title(pages) -> None:
    for address, page in pages.items():
        lang = address.split("/")[0] if "/" in address else "fi"
        assert page.get("lang") == lang, address
        assert len(page.findall(".//h1")) == 1, address
        assert page.findtext(".//title").strip(), address


def test_headings_never_skip_a_level(pages) -> None:
    for address, page in pages.items():
        levels = [int(h.tag[1]) for h in page.iter("h1", "h2", "h3", "h4")]
        assert all(b - a <= 1 for a, b in pairwise(levels)), address


def test_every_table_has_headers_that_say_what_they_head(pages) -> None:
    for address, page in pages.items():
        for table in page.iter("table"):
            heads = table.findall(".//th")
            assert heads, address
            assert {h.get("scope") for h in heads} <= {"col", "row"}, address


def test_every_id_of_a_page_is_its_own_and_every_reference_leads_to_one(pages) -> None:
    for address, page in pages.items():
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids)), address
        named = " ".join(page.xpath("//@aria-labelledby")).split()
        assert set(named) <= set(ids), address


def test_every_link_leads_to_a_file_of_the_site(build, pages) -> None:
    for address, page in pages.items():
        folder = (build / "site" / address).parent
        for link in page.xpath("//a/@href"):
            target = link.split("#")[0]
            assert not target or (folder / target).is_file(), f"{address}: {link}"


def test_no_page_asks_anything_of_a_network(build) -> None:
    for file in (build / "site").rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text), file.name
        assert "@import" not in text, file.name
        assert not re.search(r"url\(\s*['\"]?https?:", text), file.name


def test_a_figures_page_shows_its_drawing_words_and_table(build, pages) -> None:
    for lang in LANGUAGES:
        words = json.loads((build / lang / "figures/feature-shares-better.json").read_text())
        page = pages[f"{lang}/feature-shares-better.html"]
        (drawing,) = page.xpath("//*[local-name()='svg']")
        assert drawing.get("role") == "img"
        assert drawing.get("lang") == lang
        assert words["description"] in page.text_content()
        table = pd.read_csv(
            build / lang / "tables/feature-shares.csv", dtype=str, keep_default_na=False
        )
        rows = [[td.text or "" for td in tr.findall("td")] for tr in page.xpath("//tbody/tr")]
        assert rows == table.to_numpy().tolist()


def test_the_map_reads_as_tables_without_a_script(pages, datasets) -> None:
    data = datasets["literal"]
    page = pages["fi/map.html"]
    cells = page.xpath("//table[@id='map']//td")
    goals, features = data.taxonomy.goal_ids, data.taxonomy.feature_ids
    assert len(cells) == len(features) * (len(goals) + 1)
    shown = {(c.get("data-feature"), c.get("data-goal")): c.text_content().split() for c in cells}
    assert shown["ecosystem-anchoring", ""] == ["53", "%", "24/45"]
    assert shown["ecosystem-anchoring", "goal-2"] == ["67", "%", "6/9"]
    assert shown["participation", ""] == ["76–84", "%", "34–38/45"]
    names = [th.text for th in page.xpath("//table[@id='models']//tbody//th")]
    assert names == data.models["name"].tolist()


def test_the_codes_in_the_page_are_those_of_the_data(pages, datasets) -> None:
    data = datasets["literal"]
    held = json.loads(pages["en/map.html"].xpath("//script[@id='data']")[0].text)
    status = coding.consensus(data)
    for f, feature in enumerate(held["features"]):
        for mark, word in (("1", "present"), ("0", "absent"), (".", "not-assessed")):
            count = sum(model[3][f] == mark for model in held["models"])
            assert count == (status[feature] == word).sum()


def test_the_map_of_the_default_data_set_is_small(build) -> None:
    assert all((build / f"site/{lang}/map.html").stat().st_size < 300_000 for lang in LANGUAGES)


def test_hostile_names_are_text_wherever_they_stand(datasets) -> None:
    given = coded(datasets["own"])
    models = given.models.copy()
    models.loc[: len(HOSTILE) - 1, "name"] = HOSTILE
    models.loc[: len(HOSTILE) - 1, "region"] = HOSTILE
    page = report.evidence_map(replace(given, models=models), datasets["own"].taxonomy, "en")
    parsed = html.fromstring(page)
    assert len(parsed.xpath("//script")) == 2
    held = json.loads(parsed.xpath("//script[@id='data']")[0].text)
    assert [m[1] for m in held["models"]][: len(HOSTILE)] == HOSTILE
    cells = [th.text_content() for th in parsed.xpath("//table[@id='models']//tbody//th")]
    assert cells[: len(HOSTILE)] == HOSTILE


def test_a_build_without_figures_says_what_to_do(tmp_path: Path, datasets) -> None:
    data = datasets["literal"]
    with pytest.raises(FileNotFoundError, match=r"has no figures yet; run `make figures` first$"):
        report.write(tmp_path, coded(data), data.taxonomy, {})


# Methods


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_methods_of_a_reconstruction_say_first_what_the_codes_are(datasets, lang) -> None:
    data = datasets["literal"]
    said = report.methods(coded(data), data.taxonomy, lang)
    t = messages(lang)
    assert t("methods.kind-reconstructed", reading=t("reading.literal")) in said.paragraph
    assert t("methods.no-coder") in said.paragraph
    assert t("methods.rule-unanimous") not in said.paragraph
    assert re.findall(r"= (\d+); \w+:? (\d+)", said.paragraph) == [("52", "45")]


def test_the_methods_count_what_several_coders_agree_on(datasets) -> None:
    data = datasets["own"]
    said = report.methods(coded(data), data.taxonomy, "en")
    table = data.codings.assign(status=data.codings["code"].map(data.taxonomy.counts_as))
    wide = table.pivot_table(
        index=["model_id", "feature_id"], columns="coder_id", values="status", aggfunc="first"
    )
    both = wide.dropna()
    agreed = int((both["A"] == both["B"]).sum())
    assert f"the {len(wide)} coded pairs" in said.paragraph
    assert f"feature {len(both)} have the codes" in said.paragraph
    assert f"in {agreed} of these" in said.paragraph
    assert "by 2 coders" in said.paragraph
    assert messages("en")("methods.rule-unanimous") in said.paragraph


def test_the_methods_of_one_coder_report_no_agreement(datasets) -> None:
    data = datasets["own"]
    alone = replace(
        coded(data), codings=data.codings[data.codings["coder_id"] == "A"], rule="coder:A"
    )
    said = report.methods(alone, data.taxonomy, "en")
    assert "by 1 coder." in said.paragraph
    assert messages("en")("methods.no-agreement") in said.paragraph


def test_every_item_of_guidance_has_an_answer(datasets) -> None:
    for name in ("literal", "own"):
        data = datasets[name]
        items = report.methods(coded(data), data.taxonomy, "fi").items
        assert {item.guideline for item in items} >= {f"PRISMA-ScR {n}" for n in (10, 11, 13)}
        assert all(item.heading and item.answer for item in items)


def test_the_colours_of_the_pages_have_contrast_enough() -> None:
    css = Path(report.__file__).with_name("templates").joinpath("page.css").read_text()
    for block in re.findall(r":root \{([^}]*)\}", css):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-fA-F]{3,6});", block))
        for name in ("text", "muted", "blue", "plum"):
            for ground in ("ground", "pale"):
                assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: ratio of the relative luminances."""
    dark, light = sorted(luminance(c) for c in (one, other))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * d for d in colour[1:])
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
