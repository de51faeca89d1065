"""The pages say what the tables say, in their language, and ask nothing of a network."""

import json
import re
from collections import Counter
from dataclasses import asdict, replace
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from built import HOSTILE
from conftest import made_up
from lxml import html
from words import stumbles

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import figures, metrics, report
from soila_analysis.figures.palette import HEAT
from soila_analysis.language import LANGUAGES, messages
from soila_analysis.report import notebook
from soila_analysis.report.chart import chart
from soila_analysis.report.drawings import Drawn
from soila_analysis.report.evidence_map import cells as shares
from soila_analysis.report.findings import findings
from soila_analysis.report.pages import TERMS, linked, render
from soila_analysis.report.tables import CROSSED, Readable, compact, readable


@pytest.fixture(scope="module")
def pages(build):
    """All pages, parsed, by their address below the site."""
    site = build / "site"
    files = sorted(site.rglob("*.html"))
    return {f.relative_to(site).as_posix(): html.parse(f).getroot() for f in files}


def plain(text):
    """Give a text with spaces that break, as pages keep some words and numbers together."""
    return text.replace("\u00a0", " ")


def test_every_page_has_its_language_one_heading_and_a_title(pages) -> None:
    for address, page in pages.items():
        lang = address.split("/")[0] if "/" in address else "fi"
        assert page.get("lang") == lang, address
        assert len(page.findall(".//h1")) == 1, address
        assert page.findtext(".//title").strip(), address


def test_no_two_pages_share_a_title(pages):
    titles = Counter(
        (address.split("/")[0], said)
        for address, page in pages.items()
        for said in (f"title {page.findtext('.//title')}", f"h1 {page.xpath('string(//h1)')}")
        if not (said.startswith("h1") and "notebook-" in address)  # they have their own
    )
    assert [title for title, count in titles.items() if count > 1] == []


def test_no_page_has_a_word_to_stumble_over(pages):
    for address, page in pages.items():
        lang = page.get("lang")
        parts = page.xpath("//body//text()[not(ancestor::*[@lang!=$lang])]", lang=lang)
        told = " ".join(" ".join(parts).split())
        assert stumbles(lang, told) == set(), address


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


def test_ids_of_a_page_are_unique_and_references_lead_to_one(pages) -> None:
    for address, page in pages.items():
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids)), address
        named = " ".join(page.xpath("//@aria-labelledby")).split()
        assert set(named) <= set(ids), address


def test_an_id_of_the_data_may_be_one_of_the_page(shipped):
    """Such as a feature that is called as the page's own parts are, or as a goal is."""
    data = shipped["own"]
    names = dict(
        zip(data.taxonomy.feature_ids, ["main", "menu", *data.taxonomy.goal_ids[:1]], strict=False)
    )
    tables = {name: getattr(data, name) for name in ("features", "codings")}
    other = {n: t.assign(feature_id=t["feature_id"].replace(names)) for n, t in tables.items()}
    given = {"name": "features", "langs": [], "pages": ["features"]}
    page = render("features.html", "en", dataset=replace(data, **other), **given)
    ids = html.document_fromstring(page).xpath("//@id")
    assert len(ids) == len(set(ids))


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


def test_a_figures_page_shows_its_drawing_words_and_record(build, pages) -> None:
    for lang in LANGUAGES:
        words = json.loads((build / lang / "figures/feature-shares-redesigned.json").read_text())
        page = pages[f"{lang}/feature-shares-redesigned.html"]
        assert page.xpath("//table[contains(@class, 'live')]")
        (drawing,) = pages[f"{lang}/models-by-goal-as-published.html"].xpath("//main//img")
        assert drawing.get("src") == "models-by-goal-as-published.png"
        alt = json.loads((build / lang / "figures/models-by-goal-as-published.json").read_text())
        assert drawing.get("alt") == alt["alt"]
        text = page.text_content()
        for part in ("badge", "source"):
            assert words[part] in text, part
        (figure,) = page.xpath("//figure")
        assert figure.get("aria-label") == words["alt"]
        (told,) = page.xpath("//figure/following-sibling::details[1]")
        prose = [p.text for p in told.findall("p")]
        assert plain(" ".join(prose)) == plain(words["description"])
        assert max(map(len, prose)) < 1000
        assert text.count(prose[-1]) == 1
        assert "soila verify feature-shares-redesigned.png" in text
        assert "soila run notebooks/n.ipynb -d data/review-2024 -p lang=" + lang in text
        assert "codings.csv 01234567" in text
        links = set(page.xpath("//a[@download]/@href"))
        endings = ("redesigned.png", "redesigned.pdf")
        assert links == {"feature-shares.csv", *(f"feature-shares-{e}" for e in endings)}
        assert "notebook-feature-shares.html" in page.xpath("//a/@href")


def test_a_figures_table_has_the_numbers_of_its_file(build, pages) -> None:
    for lang, percent in (("fi", "53\u00a0%"), ("sv", "53\u00a0%"), ("en", "53%")):
        table = figures.read_table(build / lang / "tables/feature-shares.csv").set_index("feature")
        page = pages[f"{lang}/feature-shares-redesigned.html"]
        rows = page.xpath("//table[@class='live data']/tbody/tr")
        shown = {r.findtext("th/a"): [c.text or "" for c in r.findall("td")[1:]] for r in rows}
        assert sorted(shown) == sorted(table.index)
        for feature, (share, ratio, *_) in shown.items():
            row = table.loc[feature]
            if row["basis"] == "bounded":
                assert ratio == f"{row['bound_low']:.0f}–{row['bound_high']:.0f}/{row['n']}"
            else:
                assert ratio == f"{row['k']:.0f}/{row['n']}"
                assert re.sub(r"\D", "", share) == f"{row['percent']:.0f}"
        assert percent in {cells[0] for cells in shown.values()}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_terms_lead_to_what_they_mean(pages, lang):
    glossary = pages[f"{lang}/glossary.html"]
    told = {dt.get("id"): dt.getnext().text for dt in glossary.xpath("//dt")}
    assert list(told) == list(TERMS)
    denied = {"fi": "ei ole luottamusväli", "sv": "inget konfidensintervall"}
    assert denied.get(lang, "no confidence interval") in told["fit"]
    links = {a: set(p.xpath("//a[@class='term']/@href")) for a, p in pages.items()}
    assert set.union(*links.values()) == {f"glossary.html#{term}" for term in TERMS}
    for name, terms in {
        "index": {"reading", "range", "base"},
        "feature-shares-redesigned": {"fit", "interval"},
        "map": {"reading", "range", "gap"},
    }.items():
        assert links[f"{lang}/{name}.html"] >= {f"glossary.html#{term}" for term in terms}, name


@pytest.mark.parametrize(
    ("lang", "text", "term"),
    [
        ("en", "Percentages based on 45 models", None),
        ("en", "Bases of percentages", "base"),
        ("sv", "Intervall: bayesiansk bootstrap", None),
        ("sv", "Bayesianskt intervall, 8 000 dragningar", None),
        ("sv", "Ett konfidensintervall", "interval"),
        ("sv", "Deras intervall ligger inom 76–84 %", "range"),
        ("fi", "Niiden vaihteluvälit", "range"),
    ],
)
def test_a_word_that_means_something_else_leads_nowhere(lang, text, term):
    found = html.fromstring(f"<p>{linked(text, lang)}</p>").xpath("//a/@href")
    assert found == ([f"glossary.html#{term}"] if term else [])


def drawings(data, lang):
    """Figures of a data set as a build has them: words, and tables that were read from files."""
    options = {"feature-shares": {}, "models-by-goal": {}, "feature-by-goal": {}}
    if data.taxonomy.features[0].id == "sustainability":
        options["feature-by-goal"] = {"feature": "ecosystem-anchoring"}
    for plot, chosen in options.items():
        table = soila.table(plot, data, lang, **chosen)
        words = asdict(figures.texts(plot, table, lang))
        words |= {"figure": plot, "variant": "redesigned", "table": f"{plot}.csv"}
        yield Drawn(
            plot, words["title"], words, figures.read_table(StringIO(table.to_csv(index=False))), ""
        )


KNOWN = {
    "literal": {
        "“Target-group and needs orientation” is the most common feature: 91% of the assessed "
        "models": ("8 of the 16 percentages were not published; their ranges lie within 76–84%.",),
        "The most common strategic goal is “Fewer placements”": (
            "Whether a model can have several goals: the percentages fit both 52 models with one "
            "goal each (reading A) and 45 models with 52 goals in all (reading B).",
        ),
        "“Anchoring in the ecosystem”: 38–67% of the assessed models, depending on the goal": (
            "Which percentage belongs to which goal: the review's chart can be read in two orders "
            "(readings A and B).",
            "The groups are small. Models assessed in the smallest: 8; changing one code moves "
            "its percentage by 13 percentage points.",
        ),
    },
    "example": {
        "“Social in its goals” is the most common feature: 100% of the assessed models": (
            "How common the features are in other models. Confidence interval (95%), “Social in "
            "its goals”: 86–100%.",
            "Cases where the coders disagree: 40 (left out of the percentages). Models not "
            "assessed: 1 (left out of the percentages).",
        ),
        "Operating models by strategic goal": (
            "How the goals are divided among models that are not in the data set.",
        ),
        "“Anchoring in the ecosystem”: 17–40% of the assessed models, depending on the goal": (
            "The groups are small. Models assessed in the smallest: 6; changing one code moves "
            "its percentage by 17 percentage points.",
        ),
    },
}


@pytest.mark.parametrize("name", KNOWN)
def test_findings_say_what_is_known_and_what_not(shipped, name):
    data = shipped[name]
    found = findings([*drawings(data, "en")], data, "en")
    assert {f.heading: f.unknown for f in found} == KNOWN[name]
    if name == "literal":
        other = shipped["memberships"]
        same = findings([*drawings(other, "en")], other, "en")
        assert [f.heading for f in same] == [f.heading for f in found]
    rows = [*zip(found[0].chart.table.rows, found[0].chart.marks, strict=True)]
    assert len(rows) == 9
    middle, (mark,) = rows[4]
    assert [middle[at] for at in found[0].chart.main] == (
        ["8 others", "76–84%", ""] if name == "literal" else ["8 others", "63–80%", ""]
    )
    assert mark.kind == ("range" if name == "literal" else "others")


def test_no_line_parts_a_base_from_its_sign(pages):
    for lang in LANGUAGES:
        (caption, *_) = pages[f"{lang}/index.html"].xpath("//caption/span/text()")
        assert caption.endswith("n\u00a0=\u00a045")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_findings_assert_nothing_of_a_single_model(lang):
    data = made_up(models=1, goals=1, features=3)
    data = replace(data, codings=data.codings.assign(code="1"))
    drawn = [*drawings(data, lang)]
    found = findings(drawn, data, lang)
    titles = {d.name: d.title for d in drawn}
    assert [f.heading for f in found] == list(titles.values())
    assert all(f.unknown and "nan" not in " ".join((f.text, *f.unknown)) for f in found)


def test_a_live_chart_names_no_reading_that_is_none(shipped):
    (shares, *_) = drawings(shipped["literal"], "en")
    labels = shipped["literal"].taxonomy.labels("en")
    assert "nan" not in chart(shares.table, labels, "en", shares.name, "redesigned").how


def test_records_link_to_their_source(shipped):
    models = shipped["own"].models
    urls = [f"https://example.org/{i}" for i in models["model_id"]]
    page = html.fromstring(report.evidence_map(with_models(shipped["own"], site=urls), "en"))
    assert page.xpath("//table[@id='models']//tbody//th/a/@href") == urls
    assert "site" not in page.xpath("//form//label/text()")
    hostile = ["javascript:alert(1)", *urls[1:]]
    page = html.fromstring(report.evidence_map(with_models(shipped["own"], site=hostile), "en"))
    assert not page.xpath("//table[@id='models']//a")


def with_models(data, **columns):
    return replace(data, models=data.models.assign(**columns))


def drawn_on(axes):
    """What is drawn on a scale from 0 to 100: points, ends of ranges, and lines."""
    found = {"o": [], "|": [], "None": []}
    for line in axes.get_lines():
        found.setdefault(line.get_marker(), []).append(tuple(line.get_xdata()))
    return found


@pytest.mark.parametrize("name", ["literal", "memberships", "own", "example"])
@pytest.mark.parametrize("plot", ["feature-shares", "feature-by-goal"])
def test_live_charts_show_what_is_drawn(tables, shipped, name, plot):
    table, labels = tables[name, "en", plot], shipped[name].taxonomy.labels("en")
    found = [m for marks in chart(table, labels, "en", plot, "redesigned").marks for m in marks]
    figure = figures.draw(plot, table, "en")
    (scale,) = (a for a in figure.axes if a.get_xlim() == (0, 100) and a.get_lines())
    drawn = drawn_on(scale)

    def ends(*kinds):
        return sorted(round(end, 6) for m in found if m.kind in kinds for end in (m.low, m.high))

    def of(lines):
        return sorted(round(float(x), 6) for line in lines for x in line)

    assert ends("dot")[::2] == of(drawn["o"])
    if not ends("own"):  # whose marks are diamonds too
        assert ends("other")[::2] == of(drawn.get("D", []))
    assert set(ends("own")) <= {x for m, lines in drawn.items() if m != "None" for x in of(lines)}
    lines = ends("interval", "widened", "bounds", "range", "likely", "likely-once")
    assert len(lines) >= 2 * len(table)
    assert not set(lines) - set(of(drawn["None"]))


def kinds_of_key(live):
    return {mark.kind for marks, _ in live.key for mark in marks}


def test_a_live_chart_leaves_no_row_out(shipped, pilot):
    for data in (shipped["own"], pilot):
        for plot in ("feature-shares", "feature-by-goal", "models-by-goal"):
            table = soila.table(plot, data, "sv")
            live = chart(table, data.taxonomy.labels("sv"), "sv", plot, "redesigned")
            assert len(live.table.rows) == len(live.marks) == len(table), plot
            assert kinds_of_key(live) == {m.kind for r in live.marks for m in r}, plot
    assert chart(table, {}, "sv", "taxonomy", "redesigned") is None
    assert chart(table, {}, "sv", plot, "as-published") is None


ROWS = [name for name, spec in figures.SPECS.items() if spec.rows]


@pytest.mark.parametrize("name", ["literal", "own", "example", "regional", "single", "equal"])
@pytest.mark.parametrize("plot", ROWS)
def test_a_live_chart_has_the_rows_of_its_figure_in_every_language(tables, name, plot):
    for lang in LANGUAGES:
        table = tables[name, lang, plot]
        if not figures.SPECS[plot].shows(table, "redesigned"):
            continue
        read_again = figures.read_table(StringIO(table.to_csv(index=False)))
        live = chart(read_again, {}, lang, plot, "redesigned")
        assert len(live.table.rows) == len(live.marks) == len(live.ids) == len(live.bases)
        marks = [mark for row in live.marks for mark in row]
        assert all(0 <= mark.low <= mark.high <= 100 for mark in marks)
        assert kinds_of_key(live) == {mark.kind for mark in marks}
        assert all(row[0] not in ("", "nan") for row in live.table.rows)
        assert [at for at, _ in live.ticks] == sorted({at for at, _ in live.ticks})


@pytest.mark.parametrize(
    ("name", "plot"),
    [
        *(("literal", "feature-shares"), ("literal", "feature-by-goal")),
        *(("regional", "change-over-rounds"), ("regional", "coder-error"), ("own", "together")),
    ],
)
def test_a_table_that_is_read_again_draws_the_same_figure(tables, name, plot):
    table = tables[name, "en", plot]
    again = figures.read_table(StringIO(table.to_csv(index=False)))
    drawn, redrawn = (figures.draw(plot, one, "en") for one in (table, again))
    assert figures.texts(plot, again, "en") == figures.texts(plot, table, "en")
    for first, second in zip(drawn.axes, redrawn.axes, strict=True):
        assert len(first.lines) == len(second.lines)
        assert [t.get_text() for t in first.texts] == [t.get_text() for t in second.texts]


def test_rounds_and_groups_that_are_called_by_years_are_text(tables, shipped):
    rounds = tables["regional", "en", "change-over-rounds"]
    years = soila.table("evidence-map", shipped["regional"], "en", by="year")
    for table, plot in ((rounds, "change-over-rounds"), (years, "evidence-map")):
        again = figures.read_table(StringIO(table.to_csv(index=False)))
        assert {type(head) for head in CROSSED[plot](again, messages("en")).heads} == {str}


def seen(plot, table, kinds):
    """Where the marks of a live chart are, in units of its scale, by row."""
    rows = figures.SPECS[plot].rows
    low, high = rows.scale(rows.of(table))
    live = chart(table, {}, "en", plot, "redesigned")
    return [
        [round(low + (high - low) * (m.low + m.high) / 200, 4) for m in marks if m.kind in kinds]
        for marks in live.marks
    ]


def crossing(axes, marker):
    """Where a figure has its marks of a kind."""
    lines = [line for line in axes.get_lines() if line.get_marker() == marker]
    return sorted(round(float(x), 4) for line in lines for x in line.get_xdata())


def test_live_means_bases_and_coefficients_are_those_drawn(tables):
    table = tables["example", "en", "features-per-model"]
    axes = figures.draw("features-per-model", table, "en").axes[1]
    means = [x for row in seen("features-per-model", table, {"dot"}) for x in row]
    assert sorted(means) == crossing(axes, "^")
    table = tables["literal", "en", "share-bases"]
    axes = figures.draw("share-bases", table, "en").axes[1]
    can = [x for row in seen("share-bases", table, {"can"}) for x in row]
    assert sorted(can) == crossing(axes, "o")
    table = tables["example", "en", "agreement"]
    alphas = table[table["coefficient"] == "alpha"].dropna(subset=["value"])
    found = [x for row in seen("agreement", table, {"dot"}) for x in row]
    assert sorted(found) == sorted(alphas["value"].round(4))


def test_live_segments_are_the_models_of_each_outcome(tables):
    table = tables["example", "en", "disagreement"]
    live = chart(table, {}, "en", "disagreement", "redesigned")
    counts = table.groupby("feature_id")["k"].agg(lambda k: [n for n in k if n])
    sizes = table.groupby("feature_id")["n"].first()
    for feature, marks in zip(live.ids, live.marks, strict=True):
        widths = [(mark.high - mark.low) * sizes[feature] / 100 for mark in marks]
        assert widths == pytest.approx(counts[feature])
        assert marks[-1].high == pytest.approx(100)


def where(live, kinds):
    """Where the marks of a live chart are in per cent of its scale, part by part."""
    return [sorted(round(m.low, 3) for m in part if m.kind in kinds) for part in parts(live)]


def parts(live):
    """The marks of a live chart, part by part."""
    found = []
    for place, marks in enumerate(live.marks):
        if place in live.heads or not found:
            found.append([])
        found[-1] += marks
    return found


def spans(marks):
    """Where intervals begin and end, each place once."""
    kinds = ("interval", "widened")
    own = [mark for mark in marks if mark.kind.startswith(kinds)]
    return sorted({round(end, 3) for mark in own for end in (mark.low, mark.high)})


def is_at(place, other):
    return place == pytest.approx(other)


def lines_of(figure):
    """The lines that a figure has on its canvas, as pairs of a marker and what it is drawn at."""
    canvas = max(figure.axes, key=lambda axes: len(axes.get_lines()))
    return [(line.get_marker(), line.get_xdata(), line.get_ydata()) for line in canvas.get_lines()]


def rules_of(figure):
    """Where the vertical rules of a figure are, which stand at the ticks of its scales."""
    drawn = [(x, y) for marker, x, y in lines_of(figure) if marker == "None"]
    return sorted({float(x[0]) for x, y in drawn if len(x) == 2 and x[0] == x[1] and y[0] != y[1]})


def on_scale(points, rules, ticks):
    """Turn places on paper into per cent of a scale, whose ticks are known in both."""
    (first, *_, last), (low, *_, high) = rules, [at for at, _ in ticks]
    step = (high - low) / (last - first)
    return sorted(round(low + step * (float(x) - first), 3) for x in points)


LINES = {"interval", "interval-hollow", "interval-faint"}


@pytest.mark.parametrize("name", ["example", "regional"])
def test_live_differences_are_those_drawn_in_the_panel_of_each_goal(tables, name):
    table = tables[name, "en", "contrasts"]
    live = chart(table, {}, "en", "contrasts", "redesigned")
    figure = figures.draw("contrasts", table, "en")
    rules = rules_of(figure)
    panels = [rules[i : i + len(live.ticks)] for i in range(0, len(rules), len(live.ticks))]
    points = [x[0] for marker, x, _ in lines_of(figure) if marker == "o"]
    low, _, high = (at for at, _ in live.ticks)
    half = 50 * (rules[2] - rules[0]) / (high - low) + 0.01
    drawn = [
        on_scale([x for x in points if abs(x - panel[1]) < half], panel, live.ticks)
        for panel in panels
    ]
    assert where(live, {"dot", "hollow", "faint"}) == [pytest.approx(part) for part in drawn]
    assert [head for head, _ in live.heads.values()] == list(table["goal"].unique())
    ends = [x[0] for _, x, y in lines_of(figure) if len(x) == 2 and y[0] == y[1]]
    assert {low for part in where(live, LINES) for low in part} == {
        low
        for panel in panels
        for low in on_scale([x for x in ends if abs(x - panel[1]) < half], panel, live.ticks)
    }


@pytest.mark.parametrize("name", ["literal", "example", "own", "regional"])
def test_live_rounds_are_those_drawn_in_the_panel_of_each_feature(tables, name):
    table = tables[name, "en", "change-over-rounds"]
    live = chart(table, {}, "en", "change-over-rounds", "redesigned")
    figure = figures.draw("change-over-rounds", table, "en")
    panels = [axes for axes in figure.axes if axes.get_ylim() == (0, 100)]
    drawn = [
        sorted(
            round(float(y), 3)
            for line in axes.get_lines()
            for y in line.get_ydata()
            if line.get_marker() == "o"
        )
        for axes in panels
    ]
    assert where(live, {"dot", "hollow"}) == drawn
    bands = [
        sorted({round(y, 3) for one in axes.patches for _, y in one.get_xy().tolist()})
        for axes in panels
    ]
    assert [spans(part) for part in parts(live)] == bands
    words = figures.texts("change-over-rounds", table, "en")
    assert all(told in words.description for _, told in live.heads.values())


def test_a_live_round_tells_what_is_not_as_before(tables):
    table = tables["regional", "en", "change-over-rounds"].copy()
    table.loc[table["ordinal"] == 2, "changed"] = "coders rule"
    broken = table.loc[table["segment"] == 2, "feature_id"].nunique()
    live = chart(table, {}, "en", "change-over-rounds", "redesigned")
    kinds = [{mark.kind for mark in marks} for marks in live.marks]
    assert sum("broken" in one for one in kinds) == broken > 0
    assert sum({"coders", "rule"} <= one for one in kinds) == table["feature_id"].nunique()


@pytest.mark.parametrize("name", ["example", "own", "regional"])
def test_live_pairs_are_those_listed_below_the_matrix(tables, name):
    table = tables[name, "en", "together"]
    live = chart(table, {}, "en", "together", "redesigned")
    if not (table["found"] != "").any():
        assert not live.marks
        return
    figure = figures.draw("together", table, "en")
    points = [x[0] for marker, x, _ in lines_of(figure) if marker in ("o", "D")]
    drawn = on_scale(points, rules_of(figure), live.ticks)
    assert where(live, {"dot", "fewer"}) == [pytest.approx(drawn, abs=0.01)]
    rows = {y[0] for marker, _, y in lines_of(figure) if marker in ("o", "D")}
    ends = [end for _, x, y in lines_of(figure) if len(x) == 2 and {*y} <= rows for end in x]
    drawn = sorted(set(on_scale(ends, rules_of(figure), live.ticks)))
    (own,) = parts(live)
    assert spans(own) == pytest.approx(drawn, abs=0.01)


def test_live_regions_are_those_on_the_map(tables):
    table = tables["regional", "en", "regions"]
    live = chart(table, {}, "en", "regions", "redesigned")
    lines = lines_of(figures.draw("regions", table, "en"))
    ticks = [(x[0], sum(y) / 2) for marker, x, y in lines if marker == "None" and x[0] == x[1]]
    drawn, ends = [], set()
    for marker, (x, *further), (y, *_) in lines:
        left = max((at for at, high in ticks[::3] if is_at(high, y) and at < x + 0.01), default=x)
        right = min((at for at, high in ticks[2::3] if is_at(high, y) and at > left), default=x)
        places = [round(100 * (one - left) / (right - left or 1), 3) for one in (x, *further)]
        if marker == "o":
            drawn += places
        elif further and x != further[-1] and places != [0, 100]:  # the scale itself
            ends |= {*places}
    assert where(live, {"dot"}) == [sorted(drawn)]
    (own,) = parts(live)
    assert {*spans(own)} - {0, 100} == {one for one in ends if 0 < one < 100}
    assert len(live.marks) == len(table) > len(drawn) > 0  # some have no models, or few
    written = {name: cells for name, *cells in live.table.rows}
    few = table.loc[table["n"].between(1, 4), "region"]
    assert len(few)
    assert not any("%" in written[name][live.main[1] - 1] for name in few)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("name", "plot"), [("regional", "regions"), ("regional", "together")])
def test_a_grid_of_cells_says_what_is_drawn(tables, name, plot, lang):
    table = tables[name, lang, plot]
    live = chart(table, {}, lang, plot, "redesigned")
    cells = [cell for row in live.grid.cells for cell in row if cell]
    drawn = {text.get_text() for text in figures.draw(plot, table, lang).texts}
    assert len(cells) == len(table)
    assert {cell.lines[-1] for cell in cells} <= drawn
    assert {look for look, _ in live.grid.key} >= {cell.look for cell in cells}


def test_pages_share_one_style_and_one_copy_of_each_figure(build, pages):
    site = build / "site"
    for lang in LANGUAGES:
        assert all("@font-face" not in (site / a).read_text() for a in pages)
        front = [site / lang / "index.html", site / "page.css", *site.glob("*.woff")]
        assert not pages[f"{lang}/index.html"].xpath("//img")
        assert sum(file.stat().st_size for file in front) < 120_000
    drawing = (build / "en/figures/feature-shares-redesigned.svg").read_bytes()
    address = notebook.embedded(drawing)
    rich = f'<figure><img alt="a" src="{address}"></figure>'
    cell = notebook._headed(rich, {address: "f.svg"})
    assert 'src="f.svg"' in cell


def test_offers_what_was_built_byte_for_byte(build):
    for name in ("feature-shares-redesigned.pdf", "models-by-goal-redesigned.png"):
        assert (build / "site/en" / name).read_bytes() == (build / "en/figures" / name).read_bytes()


def test_numbers_of_one_compatible_data_set_are_not_shown(tables) -> None:
    table = tables["literal", "en", "features-per-model"]
    shown = readable(table, {}, "en")
    assert shown.heads == (
        "Strategic goal",
        "n",
        "Mean",
        "Not assessed at all",
        "Basis of the number",
    )
    assert shown.rows[0][:3] == ("Fewer placements", "18", "12.3–15.5")
    assert len(shown.rows) == table["goal_id"].nunique()


@pytest.mark.parametrize("name", ["literal", "memberships", "own"])
def test_every_table_of_a_figure_can_be_read(tables, name, shipped) -> None:
    for plot in figures.SPECS:
        table = tables[name, "sv", plot]
        shown = readable(table, shipped[name].taxonomy.labels("sv"), "sv")
        assert bool(shown.rows) == bool(len(table)), plot
        assert all(len(row) == len(shown.heads) == len(shown.kinds) for row in shown.rows)
        assert not {"nan", "None", "<NA>"} & {cell for row in shown.rows for cell in row}


def test_the_table_of_agreement_has_values_intervals_and_remarks(tables, shipped) -> None:
    table = tables["example", "en", "agreement"]
    shown = readable(table, shipped["example"].taxonomy.labels("en"), "en")
    heads = ("Feature", "Coefficient", "Value", "Confidence interval (95%)", "Note", "k/n")
    assert shown.heads[:6] == heads
    rows = {row[:2]: row[2:6] for row in shown.rows}
    assert rows["Social in its goals", "Krippendorff's alpha"] == (
        *("", "", "the codes do not vary", "22/22"),
    )
    assert rows["All features together", "PABAK"][0] == "0.73"
    assert rows["All features together", "bias index"][1].startswith("−0.1")


def test_a_column_with_a_long_value_is_set_as_text():
    rows = (("a", "1", "1\n2"), ("b", "a feature; and another", "23"))
    table = Readable(("x", "y", "z"), ("text", "value", "value"), rows)
    assert table.looks == ["text", "long", "number"]


def test_on_paper_agreement_has_a_row_a_feature(tables, shipped) -> None:
    labels = shipped["example"].taxonomy.labels("en")
    shown = compact(tables["example", "en", "agreement"], labels, "en", "agreement")
    assert shown.heads[1:4] == (
        "proportion of identical codes",
        "Krippendorff's alpha",
        "Gwet's AC1",
    )
    rows = {row[0]: row[1:] for row in shown.rows}
    assert len(rows) == 17
    assert rows["Social in its goals"][1] == "the codes do not vary"
    assert rows["All features together"][0].startswith("0.86\n0.83–")
    shown = compact(tables["example", "en", "disagreement"], labels, "en", "disagreement")
    assert shown.heads[1:3] == ("Coders disagree", "all: present")
    assert shown.rows[-1] == ("All features together", "45/332", "213", "8", "37", "74", "16")


def test_the_page_of_claims_sets_apart_what_is_not_reproduced(build, pages) -> None:
    table = figures.read_table(build / "en/tables/claims.csv")
    page = pages["en/claims.html"]
    others, every = page.xpath("//table")
    claims = [plain(th.text) for th in every.xpath(".//tbody//th")]
    assert claims == table["claim"].map(plain).tolist()
    differing = table.loc[table["verdict"] != "reproduced", "claim"].tolist()
    assert [th.text for th in others.xpath(".//tbody//th")] == differing
    assert "20/21" in page.text_content()


def test_a_build_without_the_claims_has_no_page_of_them(tmp_path, shipped) -> None:
    (tmp_path / "sv/notebooks").mkdir(parents=True)
    data = shipped["own"]
    site = report.write(tmp_path, data)
    assert not (site / "sv/claims.html").exists()
    page = html.parse(site / "sv/index.html").getroot()
    links = page.xpath("//nav//a/@href")
    names = ("index", "map", "features", "glossary", "methods", "accessibility")
    assert links == [f"{name}.html" for name in names]
    assert html.parse(site / "index.html").getroot().xpath("//a/@href") == ["sv/index.html"]


def test_an_executed_notebook_keeps_its_prose_code_and_tables(pages) -> None:
    page = pages["fi/notebook-90_result.html"]
    assert page.findtext(".//h1") == "1 · Why?"
    assert page.xpath("//div[@lang='en']/h1")
    heads = page.xpath("//table//th")
    assert heads
    assert {h.get("scope") for h in heads} == {"col", "row"}
    assert "1 · Why?" in page.findtext(".//title")


def test_parts_in_another_language_say_so(pages) -> None:
    for address, page in pages.items():
        links = {a.text: a.get("lang") for a in page.xpath("//a[@hreflang]")}
        assert links == {"Suomi": "fi", "Svenska": "sv", "English": "en"}, address
        for heading in page.xpath("//main//a[starts-with(@href, 'notebook-')]"):
            assert heading.get("lang") == "en", address


def test_the_map_reads_as_tables_without_a_script(pages, shipped) -> None:
    data = shipped["literal"]
    page = pages["fi/map.html"]
    cells = page.xpath("//table[@id='map']//td")
    goals, features = data.taxonomy.goal_ids, data.taxonomy.feature_ids
    assert len(cells) == len(features) * (len(goals) + 1)
    shown = {(c.get("data-feature"), c.get("data-goal")): c.text_content().split() for c in cells}
    assert shown["ecosystem-anchoring", ""] == ["53", "%", "24/45", "julkaistu", "luku"]
    assert shown["ecosystem-anchoring", "goal-2"] == ["67", "%", "6/9", "julkaistu", "luku"]
    assert shown["participation", ""] == ["76–84", "%", "34–38/45"]
    heads = [th.text_content().split()[-1] for th in page.xpath("//table[@id='map']/thead//th")]
    assert heads[1:] == ["45/52", "18/20", "9/13", "8/9", "10/10"]
    assert "60 ruudusta (kaikkiaan 64)" in page.xpath("//div[@id='plain-gaps']")[0].text_content()
    observed = html.fromstring(report.evidence_map(shipped["own"], "fi"))
    names = [th.text for th in observed.xpath("//table[@id='models']//tbody//th")]
    assert names == shipped["own"].models["name"].tolist()


def test_no_made_up_model_nor_code_is_in_the_map_of_a_reconstruction(review) -> None:
    page = html.fromstring(report.evidence_map(review, "en"))
    held = json.loads(page.xpath("//script[@id='data']")[0].text)
    assert (held["models"], held["columns"]) == ([], [])
    assert not [name for name in review.models["name"] if name in page.text_content()]
    assert not page.xpath("//table[@id='models'] | //*[@id='name'] | //*[@id='by-feature']")
    assert messages("en")("site.no-models") in page.text_content()
    assert held["cells"]["participation goal-4"] == [None, 10, 0, 10, "bounded"]


def test_the_codes_in_the_page_are_those_of_the_data(shipped) -> None:
    data = shipped["own"]
    page = html.fromstring(report.evidence_map(data, "en"))
    held = json.loads(page.xpath("//script[@id='data']")[0].text)
    status = data.status
    for f, feature in enumerate(held["features"]):
        for mark, word in (("1", "present"), ("0", "absent"), (".", "not-assessed")):
            count = sum(model[3][f] == mark for model in held["models"])
            assert count == (status[feature] == word).sum()


def test_the_map_of_the_default_data_set_is_small(build) -> None:
    assert all((build / f"site/{lang}/map.html").stat().st_size < 300_000 for lang in LANGUAGES)


def test_gaps_are_told_in_words_where_they_are_and_below_the_map(pilot) -> None:
    data = pilot
    page = html.fromstring(report.evidence_map(data, "en"))
    found = metrics.gaps(shares(data)).query("gap != ''").set_index(["feature_id", "goal_id"])
    cells = page.xpath("//table[@id='map']//td")
    marks = {
        (c.get("data-feature"), c.get("data-goal")): mark
        for c in cells
        if (mark := c.xpath("string(span[@class='mark'])"))
    }
    t = messages("en")
    assert marks == {at: f"gap: {t(f'site.script.gap-{g}')}" for at, g in found["gap"].items()}
    labels = data.taxonomy.labels("en")
    assert page.xpath("//div[@id='plain-gaps']//li/text()") == [
        f"{labels['goal-2']}: no models",  # said once
        f"{labels['feature-001']}, {labels['goal-3']}: in no model",
    ]
    assert marks["feature-001", "goal-3"] == "gap: in no model"
    assert Counter(marks.values())["gap: no models"] == 20


def test_hostile_names_are_text_wherever_they_stand(shipped) -> None:
    data = shipped["own"]
    models = data.models.copy()
    models.loc[: len(HOSTILE) - 1, "name"] = HOSTILE
    models.loc[: len(HOSTILE) - 1, "region"] = HOSTILE
    page = report.evidence_map(replace(data, models=models), "en")
    parsed = html.fromstring(page)
    assert len(parsed.xpath("//script")) == 2
    held = json.loads(parsed.xpath("//script[@id='data']")[0].text)
    assert [m[1] for m in held["models"]][: len(HOSTILE)] == HOSTILE
    cells = [th.text_content() for th in parsed.xpath("//table[@id='models']//tbody//th")]
    assert cells[: len(HOSTILE)] == HOSTILE


def test_a_build_without_figures_says_what_to_do(tmp_path: Path, shipped) -> None:
    data = shipped["literal"]
    with pytest.raises(FileNotFoundError, match=r"has no figures yet; run `make figures` first$"):
        report.write(tmp_path, data)


# Methods


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_methods_of_a_reconstruction_say_what_its_codes_are(shipped, lang) -> None:
    data = shipped["literal"]
    said = report.methods(data, lang)
    t = messages(lang)
    assert t("methods.kind-reconstructed", reading=t("reading.literal")) in said.paragraph
    assert t("methods.no-coder") in said.paragraph
    assert t("methods.rule-unanimous") not in said.paragraph
    assert re.findall(r"= (\d+); \w+:? (\d+)", said.paragraph) == [("52", "45")]


def test_the_methods_count_what_several_coders_agree_on(shipped) -> None:
    data = shipped["own"]
    said = report.methods(data, "en")
    table = data.codings.assign(status=data.codings["code"].map(data.taxonomy.counts_as))
    wide = table.pivot_table(
        index=["model_id", "feature_id"], columns="coder_id", values="status", aggfunc="first"
    )
    both = wide.dropna()
    agreed = int((both["A"] == both["B"]).sum())
    assert f"the {len(wide)} pairs of model and feature that have a code" in said.paragraph
    assert f"code, {len(both)} have codes from several coders" in said.paragraph
    assert f"in {agreed} of these" in said.paragraph
    assert "by 2 coders" in said.paragraph
    assert messages("en")("methods.rule-unanimous") in said.paragraph


def test_a_disagreement_is_counted_apart_from_the_code_unclear(shipped) -> None:
    """In these data nobody gave the code "?", and 17 cells have two codes that differ."""
    data = shipped["own"]
    assert "unclear 0, disputed between coders 17," in report.methods(data, "en").paragraph
    words = figures.texts("feature-shares", soila.table("feature-shares", data, "en"), "en")
    assert "Cases where the coders disagree: 17 (" in words.notes
    assert "nclear" not in words.notes
    shown = html.fromstring(report.evidence_map(data, "en"))
    assert shown.xpath("//select[@name='feature-digital']/option/@value") == [
        "",
        "1",
        "0",
        "?",
        "!",
    ]
    assert (
        json.loads(shown.xpath("string(//script[@id='data'])"))["models"][0][3].count("!")
        == (data.status.iloc[0] == "disagreement").sum()
    )


@pytest.mark.parametrize("page", ["index", "map", "methods", "features", "claims"])
def test_a_page_names_its_source_once_as_it_is_to_be_cited(pages, shipped, page) -> None:
    said = pages[f"en/{page}.html"].text_content()
    assert said.count("Source: ") == 1
    assert f"Source: {figures.sourced(shipped['literal'].info, 'en')}" in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_methods_report_alpha_with_the_features_median_and_range(shipped, tables, lang):
    table, t = tables["example", lang, "agreement"], messages(lang)
    alphas = table[table["coefficient"] == "alpha"].set_index("feature_id")["value"]
    each = alphas.drop("")
    numbers = [t.number(v, 2) for v in (alphas[""], each.median(), each.min(), each.max())]
    said = report.methods(shipped["example"], lang)
    (item,) = (item for item in said.items if item.id == "agreement")
    for text in (said.paragraph, item.answer):
        assert all(number in text for number in numbers)
        assert t("agreement.coverage") in text


def ruled(data, rule):
    """The data set under another rule by which coders are brought together."""
    return replace(data, info=data.info.model_copy(update={"consensus": rule}))


@pytest.mark.parametrize("rule", datasets.RULES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_methods_name_the_consensus_rule(shipped, lang, rule):
    data = shipped["example"]
    said = report.methods(ruled(data, rule), lang)
    assert messages(lang)(f"methods.rule-{rule}") in said.paragraph


def test_the_methods_say_what_intervals_of_several_coders_are_worth(shipped):
    several = messages("en")("methods.several")
    data = shipped["own"]
    answers = {item.id: item.answer for item in report.methods(data, "en").items}
    assert several in answers["synthesis"]
    assert several not in report.methods(ruled(data, "coder:A"), "en").paragraph
    assert several not in report.methods(shipped["literal"], "en").paragraph


METHODS = {
    "coder-error": "coder-error",
    "model-people": "model-people",
    "contrasts": "contrasts",
    "ranks": "ranks",
    "changes": "change-over-rounds",
    "together": "together",
}


def of_one_model(data):
    """The data set narrowed to its first model."""
    first = data.models["model_id"].iloc[0]
    tables = {name: getattr(data, name) for name in ("models", "memberships", "codings")}
    own = {name: table[table["model_id"] == first] for name, table in tables.items()}
    return replace(data, decisions=None, **own)


def all_present(data):
    """The data set in which every code is "present"."""
    return replace(data, decisions=None, codings=data.codings.assign(code="1"))


def by_one_coder(data):
    """The data set with the codes of its first coder alone, and no decisions."""
    first = data.codings["coder_id"].iloc[0]
    alone = data.codings[data.codings["coder_id"] == first]
    return replace(data, decisions=None, codings=alone)


NARROWED = {
    "one model": lambda shipped: of_one_model(shipped["example"]),
    "all present": lambda shipped: all_present(shipped["example"]),
    "one coder": lambda shipped: by_one_coder(shipped["example"]),
}


@pytest.mark.parametrize("name", ["literal", "own", "example", "regional", *NARROWED])
def test_the_methods_tell_of_the_statistics_whose_figures_the_data_can_feed(shipped, name):
    data = NARROWED[name](shipped) if name in NARROWED else shipped[name]
    told = {item.id for item in report.methods(data, "en").items}
    drawn = {
        method
        for method, figure in METHODS.items()
        if figures.spec(figure).drawable(soila.table(figure, data, "en"))
    }
    assert told & {*METHODS} == drawn


def test_all_rounds_with_people_and_a_language_model_have_every_method(shipped):
    told = {item.id for item in report.methods(shipped["regional"], "en").items}
    assert {*METHODS, "groups"} <= told


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_methods_say_how_often_the_intervals_of_the_figures_held(shipped, lang):
    """The percentages are those of the tables in benchmarks/README.md."""
    t = messages(lang)
    answers = {item.id: item.answer for item in report.methods(shipped["regional"], lang).items}
    for figure in ("coder-error", "model-people"):
        assert t(f"{figure}.coverage") in answers[figure]
    simulated = {
        "contrasts": ("95–98", "6", "8"),
        "ranks": ("95–100",),
        "changes": ("92–100", "93–96", "9", "88"),
        "together": ("4", "1–6"),
    }
    for method, percentages in simulated.items():
        for share in percentages:
            assert re.search(rf"(?<![\d–]){share}\s?(%|prosen)", answers[method]), (method, share)
    bounded = {item.id: item.answer for item in report.methods(shipped["example"], lang).items}
    assert t("methods.bounds-coverage") in bounded["coder-error"]


@pytest.mark.parametrize("name", ["regional", "example"])
def test_the_methods_say_where_a_language_model_is_a_coder_like_others(shipped, name):
    answers = {item.id: item.answer for item in report.methods(shipped[name], "en").items}
    said = messages("en")("methods.model-as-coder") in answers["coder-error"]
    assert said == (name == "regional")


def test_the_methods_count_the_features_whose_coder_errors_can_be_known(shipped):
    table = soila.table("coder-error", shipped["example"], "en")
    known, bounded = ((table["reason"] == one).sum() for one in ("", "not-identified"))
    answers = {item.id: item.answer for item in report.methods(shipped["example"], "en").items}
    assert f"(features: {known}/16)" in answers["coder-error"]
    assert f"(features: {bounded}/16)" in answers["coder-error"]


def test_a_table_to_read_calls_no_widened_interval_a_confidence_interval(shipped):
    table = soila.table("feature-shares", shipped["own"], "en")
    shown = readable(table, {}, "en")
    read = pd.DataFrame(shown.rows, columns=shown.heads)
    widened = table["interval"].eq("wilson-widened").to_numpy()
    assert widened.sum() == 7
    assert (read["Confidence interval (95%)"].eq("") == widened).all()
    assert (read["Disagreement and sampling together"].ne("") == widened).all()
    assert (read["Bounds"].ne("") == widened).all()
    one = readable(soila.table("feature-shares", shipped["literal"], "en"), {}, "en").heads
    assert not {"Disagreement and sampling together", "Bounds"} & set(one)


@pytest.mark.parametrize("name", ["literal", "example"])
def test_intervals_and_ranges_share_no_column(shipped, name):
    """What chance leaves open, what coders, and what was not published each stand alone."""
    for plot in ("feature-shares", "feature-by-goal"):
        table = soila.table(plot, shipped[name], "en")
        shown = readable(table, {}, "en")
        read = pd.DataFrame(shown.rows, columns=shown.heads)
        bounded = table["basis"].eq("bounded").to_numpy()
        widened = table["interval"].eq("wilson-widened").to_numpy()
        assert (read["Confidence interval (95%)"].ne("") == ~(bounded | widened)).all()
        assert read["Percentage"].str.contains("–").eq(bounded).all()
        if "Rank" in read:
            assert not read["Rank"].str.contains("–|[(]").any()
            ends = read.get(
                "Ranks it can have (95%, all features at once)", pd.Series("", read.index)
            )
            assert ends.ne("").eq(table["rank_low"].notna().to_numpy()).all()


def test_the_methods_of_one_coder_report_no_agreement(shipped) -> None:
    data = shipped["own"]
    alone = replace(data, codings=data.codings[data.codings["coder_id"] == "A"])
    said = report.methods(ruled(alone, "coder:A"), "en")
    assert "by 1 coder." in said.paragraph
    assert messages("en")("methods.no-agreement") in said.paragraph


def test_a_number_stands_on_the_line_of_what_it_is_the_number_of(pages):
    texts = "".join(text for page in pages.values() for text in page.xpath("//body//p//text()"))
    assert re.search(r"\bn\u00a0=\u00a0\d", texts)
    assert not re.search(r"\b[np] [=<] \d", texts)


def test_the_command_names_a_folder_of_the_project_only_where_there_is_one():
    made = {"notebook": "n.ipynb", "parameters": {}, "given": []}
    for name, folder in (("review-2024", "data/review-2024"), ("pilot", "pilot")):
        words = {"provenance": made | {"dataset": name}}
        drawing = Drawn("s", "T", words, pd.DataFrame(), "n")
        assert drawing.command == f"soila run notebooks/n.ipynb -d {folder}"


def test_every_item_of_guidance_has_an_answer(shipped) -> None:
    for name in ("literal", "own"):
        data = shipped[name]
        items = report.methods(data, "fi").items
        assert {item.guideline for item in items} >= {f"PRISMA-ScR {n}" for n in (10, 11, 13)}
        assert all(item.heading and item.answer for item in items)


def test_the_colours_of_the_pages_have_contrast_enough() -> None:
    css = Path(report.__file__).with_name("templates").joinpath("page.css").read_text()
    for block in re.findall(r":root \{([^}]*)\}", css):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-fA-F]{3,6});", block))
        for name in ("text", "muted", "blue", "plum"):
            for ground in ("ground", "pale"):
                assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


def test_cells_of_the_map_and_edges_have_contrast_enough() -> None:
    css = Path(report.__file__).with_name("templates").joinpath("page.css").read_text()
    shades = re.findall(r"\.shade-(\d) \{ background: (#\w+); color: (#\w+); \}", css)
    assert [n for n, *_ in shades] == [*"0123"] * 2
    light, dark = ([ground for _, ground, _ in shades[i : i + 4]] for i in (0, 4))
    assert light == list(HEAT)
    white = [contrast("#ffffff", ground) for ground in dark]
    assert white == sorted(white, reverse=True), "more is lighter on dark ground"
    assert all(contrast(ground, text) >= 4.5 for _, ground, text in shades)
    for block in re.findall(r":root \{([^}]*)\}", css):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-fA-F]{3,6});", block))
        assert contrast(colours["ground"], colours["blue"]) >= 4.5  # text of a strong button
        for edge in ("muted", "blue", "plum"):  # of fields, buttons, and what has the focus
            assert contrast(colours[edge], colours["ground"]) >= 3, edge


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: ratio of the relative luminances."""
    dark, light = sorted(luminance(c) for c in (one, other))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * d for d in colour[1:])
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.fixture(scope="module")
def noted(shipped):
    """A data set with a column for readers, and one for coders only."""
    models = shipped["own"].models.assign(note_AB="between us", region="North")
    return replace(shipped["own"], models=models)


def test_notes_of_coders_are_not_on_the_pages(noted):
    page = report.evidence_map(noted, "fi")
    assert "North" in page
    assert "between us" not in page
    assert "note_AB" not in page


def test_notes_of_coders_are_not_among_the_data_items(noted):
    items = {item.id: item.answer for item in report.methods(noted, "en").items}
    assert "region" in items["items"]
    assert "note_AB" not in items["items"]


def test_whole_numbers_stay_whole_where_some_are_missing(tmp_path) -> None:
    """1072.0 was printed of a claim beside one that could not be recomputed."""
    rows = ["claim,unit,printed,recomputed,basis", "One.,models,52,1072,", "Two.,models,8,,"]
    file = tmp_path / "claims.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    shown = readable(figures.read_table(file), {}, "en")
    cells = [cell for row in shown.rows for cell in row]
    assert "1,072" in cells
    assert not any(".0" in cell for cell in cells)


def test_a_map_of_too_many_models_has_counts_alone_and_says_so(shipped, monkeypatch):
    monkeypatch.setitem(report.evidence_map.__globals__, "LISTED", 23)
    page = html.document_fromstring(report.evidence_map(shipped["example"], "en"))
    data = json.loads(page.get_element_by_id("data").text)
    assert data["cells"]["participation "][1] > 0
    assert (data["models"], data["closed"], data["kind"]) == ([], True, "synthetic")
    assert page.xpath("//*[@id='models' or @name='name']") == []
    assert "There are 24 models, and this page does not list them" in page.text_content()
