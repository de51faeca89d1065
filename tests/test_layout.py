"""Every kind of page laid out by Chromium: no text is cut, covered, too small or beyond the page.

Pages of the default data, of two coders, of a large map and of a round by regions, each in one
language; in all three with ``SOILA_PAGES=all``, which takes minutes.
"""

import os
import re
from urllib.parse import unquote

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import AT_REST, AXE, COLOURS, tabbed
from built import told
from conftest import made_up
from lxml import html

import soila_analysis as soila
from soila_analysis.language import LANGUAGES

DATA = ("literal", "example", "large", "regional")
WIDTHS = (320, 360, 768, 1280)
WHOLE = os.environ.get("SOILA_PAGES") == "all"
SAMPLE = [
    (name, lang)
    for number, name in enumerate(DATA)
    for lang in LANGUAGES
    if WHOLE or lang == LANGUAGES[number % len(LANGUAGES)]
]

# Lines of text that are cut by what clips them, covered by an element, or over another text
FAULTS = """() => {
    const faults = [];
    const said = (text) => `"${text.data.trim().slice(0, 40)}"`;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    const lines = [];
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
        const one = text.parentElement;
        if (!text.data.trim() || one.closest(".sr, .skip, script, style, option")) continue;
        if (!one.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        range.selectNodeContents(text);
        for (const { left, right, top, bottom } of range.getClientRects()) {
            if (right - left < 1) continue;
            lines.push({ text, one, left, right, top: top + 4, bottom: bottom - 4 });
        }
        if (innerWidth <= 360 && parseFloat(getComputedStyle(one).fontSize) < 14)
            faults.push(`small ${said(text)}`);
    }
    const clips = (one) => getComputedStyle(one).overflowX !== "visible";
    const shown = lines.filter((line) => {
        let clip = line.one;
        while (clip && !clips(clip)) clip = clip.parentElement;
        const edge = clip?.getBoundingClientRect() ?? { left: 0, right: innerWidth };
        const scrolls = clip && /auto|scroll/.test(getComputedStyle(clip).overflowX);
        const inside = line.left >= edge.left - 1 && line.right <= edge.right + 1;
        if (edge.width <= 1) return false;
        if (!inside && !scrolls) faults.push(`cut ${said(line.text)}`);
        return inside;
    });
    for (const { text, one, left, right, top, bottom } of shown) {
        if (getComputedStyle(one).pointerEvents === "none") continue; // points go through it
        const over = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        if (over && over !== one && !one.contains(over) && !over.contains(one))
            faults.push(`covered ${said(text)} by ${over.outerHTML.slice(0, 60)}`);
    }
    shown.sort((a, b) => a.top - b.top);
    shown.forEach((a, i) => {
        for (let j = i + 1; j < shown.length && shown[j].top < a.bottom; j += 1) {
            const b = shown[j];
            if (b.text !== a.text && b.left < a.right - 1 && b.right > a.left + 1)
                faults.push(`overlap ${said(a.text)} ${said(b.text)}`);
        }
    });
    for (const mark of document.querySelectorAll(".live .m")) {
        if (!mark.checkVisibility()) continue;
        const [own, plot] = [mark, mark.parentElement].map((one) => one.getBoundingClientRect());
        if (own.left < plot.left - 9 || own.right > plot.right + 9)
            faults.push(`mark ${mark.outerHTML}`);
    }
    for (const chart of document.querySelectorAll(".chart:not(:has(#as-table:checked)) .live")) {
        const box = chart.parentElement;
        if (box.scrollWidth > box.clientWidth + 1) faults.push("a chart scrolls sideways");
    }
    for (const { parentElement: box } of document.querySelectorAll(".stack"))
        if (innerWidth <= 360 && box.scrollWidth > box.clientWidth + 1) faults.push("not stacked");
    if (document.documentElement.scrollWidth > innerWidth) faults.push("the page scrolls sideways");
    return [...new Set(faults)].slice(0, 9);
}"""


@pytest.fixture(scope="module")
def sites(tmp_path_factory, shipped, tables):
    """The pages of all figures, by data set and language; made when asked for."""
    made = {}

    def pages(name, lang):
        if (name, lang) not in made:
            data = made_up(models=60, goals=12, features=40) if name == "large" else shipped[name]
            folder = tmp_path_factory.mktemp("told") / name
            site = told(folder, data, lang, lambda plot: table(name, data, lang, plot))
            made[name, lang] = sorted((site / lang).glob("*.html"))
        return made[name, lang]

    def table(name, data, lang, plot):
        return soila.table(plot, data, lang) if name == "large" else tables[name, lang, plot]

    return pages


def laid_out(page, width, scripts=True):
    """Find faults at a width, with all of the page in view and what scripts lay out at rest."""
    page.set_viewport_size({"width": width, "height": 900})
    high = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(high, 30_000)})
    if scripts:
        page.evaluate(AT_REST)
    faults = page.evaluate(FAULTS)
    if faults and scripts:  # on a busy machine boxes come to rest later
        page.wait_for_timeout(500)
        faults = page.evaluate(FAULTS)
    return faults


@pytest.mark.parametrize(("name", "lang"), SAMPLE)
def test_no_text_is_cut_covered_small_or_over_another(visit, sites, name, lang):
    reader, found = visit(), {}
    for file in sites(name, lang):
        page = reader.open(file)
        for width in WIDTHS:
            found[file.stem, width] = laid_out(page, width)
        page.emulate_media(media="print")
        found[file.stem, "print"] = laid_out(page, 720) + page.evaluate(PARTED)
        page.emulate_media(media="screen", forced_colors="active")
        found[file.stem, "forced"] = page.evaluate(UNSEEN)
        page.emulate_media(forced_colors="none")
    plain = visit(java_script_enabled=False)
    for file in sites(name, lang):
        page = plain.open(file)
        found[file.stem, "plain"] = laid_out(page, 360, scripts=False)
    assert [f"{key}: {faults}" for key, faults in found.items() if faults] == []


@pytest.mark.parametrize(("name", "lang"), SAMPLE)
def test_the_tabulator_reaches_everything_and_the_focus_is_seen(visit, sites, name, lang):
    reader, found = visit(reduced_motion="reduce"), {}
    for file in sites(name, lang):
        if not WHOLE and not re.search("index|methods|contrasts|taxonomy|models-by", file.stem):
            continue
        for width in (360, 1280) if WHOLE else (360,):
            page = reader.open(file)
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(AT_REST)
            if faults := tabbed(page):
                found[file.stem, width] = faults
    assert found == {}


# Numbers that a line has a part of
PARTED = """() => [...document.querySelectorAll(".data tbody .number")].filter((cell) => {
    if (/[ –]/.test(cell.textContent)) return false; // lines may end there
    const range = document.createRange();
    range.selectNodeContents(cell);
    const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
    return lines.size > cell.textContent.split("\\n").length;
}).map((cell) => `parted "${cell.textContent}"`).slice(0, 9)"""

# Marks that have the colour of the ground
UNSEEN = """() => [...document.querySelectorAll("main .m")].filter((mark) => {
    if (!mark.checkVisibility()) return false;
    const { backgroundColor, backgroundImage, borderTopColor, borderTopWidth, borderLeftWidth } =
        getComputedStyle(mark);
    const ground = getComputedStyle(document.body).backgroundColor;
    const lined = borderTopWidth !== "0px" || borderLeftWidth !== "0px";
    const clear = ["rgba(0, 0, 0, 0)", ground].includes(backgroundColor);
    return clear && backgroundImage === "none" && !(lined && borderTopColor !== ground);
}).map((mark) => mark.className)"""


@pytest.mark.parametrize(("name", "lang"), SAMPLE)
def test_every_link_leads_to_a_place_on_its_page(sites, name, lang):
    pages = {file.name: html.parse(file) for file in sites(name, lang)}
    ids = {address: page.xpath("//@id") for address, page in pages.items()}
    for address, page in pages.items():
        assert len(ids[address]) == len(set(ids[address])), address
        for link in page.xpath("//a/@href"):
            target, _, place = link.partition("#")
            assert not place or unquote(place) in ids[target or address], f"{address}: {link}"


@pytest.mark.parametrize(("name", "lang"), SAMPLE)
def test_no_page_breaks_a_rule_of_axe(visit, sites, name, lang):
    """Those of figures, with all that is in them; the others are checked in `test_browser`."""
    reader, found = visit(), {}
    for file in sites(name, lang):
        if not WHOLE and not re.search("index|map|redesigned", file.stem):
            continue
        page = reader.open(file)
        for scheme, options in (("light", AXE), ("dark", AXE | {"runOnly": COLOURS})):
            page.emulate_media(color_scheme=scheme)
            for rule in Axe().run(page, options=options).response["violations"]:
                nodes = [node["html"][:150] for node in rule["nodes"][:3]]
                found[file.name, scheme, rule["id"]] = nodes
    assert found == {}
