"""The pages in a real browser: opened from files, clicked, typed into, and checked by axe-core.

The browser is the system's Chromium. Where there is none, root on Debian gets its package once;
elsewhere these tests are skipped and say what was not tested.

`python tests/test_browser.py` takes the pictures that the README shows from what `make site` wrote.
"""

import json
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import ARGS, AT_REST, AXE, COLOURS, installed, tabbed
from built import HOSTILE
from conftest import made_up
from PIL import Image
from playwright.sync_api import sync_playwright

from soila_analysis import dataset as datasets
from soila_analysis import figures, metrics, report
from soila_analysis.language import LANGUAGES, messages

DOCS = Path(__file__).parents[1] / "docs"
SITE = DOCS.parent / "build" / "review-2024" / "site" / "en"
PICTURES = {  # page, width, and what is seen last
    "evidence-map.en.png": ("map.html", 1120, "#map"),
    "front-page.en.png": ("index.html", 1120, "section.finding >> nth=1"),
    "chart-360.en.png": ("feature-shares-redesigned.html", 360, ".live tbody tr >> nth=5"),
}
STATUS = {"1": "present", "0": "absent", "?": "unclear", "!": "disagreement"}


@pytest.fixture(scope="session")
def files(build):
    """The pages of the site by language; the choice of a language is among the Finnish ones."""
    site = build / "site"
    return {
        lang: [*([site / "index.html"] if lang == "fi" else []), *sorted((site / lang).iterdir())]
        for lang in LANGUAGES
    }


def pages_of(files, lang):
    return [file for file in files[lang] if file.suffix == ".html"]


@pytest.fixture(scope="session")
def own(shipped):
    return shipped["own"]


@pytest.fixture(scope="session")
def own_map(own, shipped, tmp_path_factory):
    """The map of a data set with regions, years, unclear codes and models with several goals."""
    file = tmp_path_factory.mktemp("map") / "map.html"
    file.write_text(report.evidence_map(own, "en"), encoding="utf-8")
    return file


# Every page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_page_errs_or_asks_a_network_or_breaks_a_rule_of_axe(visit, files, lang) -> None:
    reader, found = visit(), {}
    for file in pages_of(files, lang):
        page = reader.open(file)
        for scheme, options in (("light", AXE), ("dark", AXE | {"runOnly": COLOURS})):
            page.emulate_media(color_scheme=scheme)
            broken = Axe().run(page, options=options).response["violations"]
            if broken:
                found[file.name, scheme] = [
                    (rule["id"], [node["html"][:150] for node in rule["nodes"][:3]])
                    for rule in broken
                ]
    assert found == {}


def test_axe_would_find_what_is_broken(visit, files) -> None:
    page = visit().open(files["en"][-1].with_name("methods.html"))
    page.evaluate("""() => {
        document.documentElement.removeAttribute("lang");
        document.querySelector("main p").style.color = "#aaa";
    }""")
    broken = Axe().run(page, options=AXE).response["violations"]
    assert {"html-has-lang", "color-contrast"} <= {rule["id"] for rule in broken}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_at_320_pixels_only_tables_scroll_sideways(visit, files, lang) -> None:
    reader = visit(viewport={"width": 320, "height": 640})
    for file in pages_of(files, lang):
        page = reader.open(file)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, file.name
        loose = page.evaluate("""() => [...document.querySelectorAll("main *")].filter((one) => {
            const beyond = one.getBoundingClientRect().right > 321;
            return beyond && !one.closest(".wide, svg, .sr");
        }).map((one) => one.outerHTML.slice(0, 120))""")
        assert loose == [], file.name
        regions = page.locator(".wide").all()
        for region in regions:
            assert region.get_attribute("tabindex") == "0"
            assert region.get_attribute("role") == "region"
            assert region.evaluate("(one) => getComputedStyle(one).overflowX") == "auto"


def test_the_dark_scheme_keeps_the_ground_of_drawings_white(visit, files) -> None:
    reader = visit(color_scheme="dark")
    page = reader.open(files["sv"][0].with_name("models-by-goal-as-published.html"))
    ground = "(one) => getComputedStyle(one).backgroundColor"
    assert page.locator("body").evaluate(ground) == "rgb(22, 25, 29)"
    assert page.locator(".drawing").evaluate(ground) == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="light")
    assert page.locator("body").evaluate(ground) == "rgb(255, 255, 255)"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_chart_is_text_that_a_phone_can_show(visit, files, lang) -> None:
    page = visit(viewport={"width": 360, "height": 700}).open(
        files[lang][-1].with_name("feature-shares-redesigned.html")
    )
    small = page.evaluate("""() => [...document.querySelectorAll("main *")].filter((one) =>
        one.checkVisibility() && [...one.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
        && parseFloat(getComputedStyle(one).fontSize) < 14).map((one) => one.outerHTML)""")
    assert small == []
    row = page.locator(".live tbody tr").first
    boxes = [row.locator(part).first.bounding_box() for part in ("th", "td.plot", "td.number")]
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
    assert boxes[1]["x"] + boxes[1]["width"] <= boxes[2]["x"]


@pytest.mark.parametrize("width", [360, 970, 1120])
def test_charts_of_findings_have_room_for_their_scale(visit, files, width):
    page = visit(viewport={"width": width, "height": 900}).open(
        files["sv"][-1].with_name("index.html")
    )
    scales = page.locator(".brief .scale").all()
    assert scales
    for scale in scales:
        boxes = [one.bounding_box() for one in scale.locator("span:visible").all()]
        ends = [(box["x"], box["x"] + box["width"]) for box in boxes]
        assert all(a[1] < b[0] for a, b in pairwise(ends)), ends
        assert scale.bounding_box()["width"] > 110


def test_a_chart_tells_details_sorts_and_turns_into_its_table(visit, files) -> None:
    file = files["en"][-1].with_name("feature-shares-redesigned.html")
    page = visit().open(file)
    row, detail = page.locator(".live tbody tr").first, page.locator(".detail").first
    assert not detail.is_visible()
    row.locator("a").focus()
    assert "Confidence interval (95%): 79–96%" in detail.inner_text()
    page.keyboard.press("Escape")
    assert not detail.is_visible()
    names = page.locator(".live tbody th a")
    before = names.all_text_contents()
    page.get_by_role("button", name="Feature", exact=True).click()
    assert names.all_text_contents() == sorted(before)
    page.get_by_role("button", name="Percentage", exact=True).click()
    assert names.first.text_content() == before[0]
    assert page.locator("#embed").text_content().startswith(f'<iframe src="{file.as_uri()}#chart"')
    page = visit(java_script_enabled=False).open(file)
    assert page.locator("main button").count() == 0
    page.get_by_label("Show as a table").check()
    assert not page.locator("tbody .plot").first.is_visible()
    assert page.locator("tbody .more").first.is_visible()


def test_nothing_moves_where_the_reader_wants_no_motion(visit, own_map) -> None:
    moving = """() => [...document.querySelectorAll("*")].filter((one) => {
        const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(one);
        return transitionDuration !== "0s" || animationName !== "none"
            || scrollBehavior !== "auto";
    }).length"""
    page = visit().open(own_map)
    assert page.evaluate(moving) == 0
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(moving) == 1


def test_print_has_whole_tables_and_no_controls(visit, files) -> None:
    reader = visit()
    for name in ("map.html", "feature-shares-redesigned.html"):
        page = reader.open(files["fi"][1].with_name(name))
        page.emulate_media(media="print")
        assert not page.locator("header nav").first.is_visible()
        assert not page.locator("#filters, .actions").first.is_visible()
        for region in page.locator(".wide").all():
            assert region.evaluate("(one) => getComputedStyle(one).overflowX") == "visible"
        assert page.pdf()[:5] == b"%PDF-"
        if name == "map.html":  # on paper all is white but the lines of the hatching
            lines = page.locator(".swatch.shade-b").evaluate(
                "(one) => getComputedStyle(one).background"
            )
            assert "rgb(153, 153, 153)" in lines


def test_without_a_script_the_map_reads_as_tables(visit, own, own_map) -> None:
    page = visit(java_script_enabled=False).open(own_map)
    assert not page.locator("#filters").is_visible()
    features, goals = own.taxonomy.feature_ids, own.taxonomy.goal_ids
    assert page.locator("#map td").count() == len(features) * (len(goals) + 1)
    names = page.locator("#models tbody th").all_text_contents()
    assert names == own.models["name"].tolist()
    assert page.locator("button:visible, select:visible").count() == 0


# The evidence map: what is shown is what pandas counts


CHOICES = [
    {},
    {"goals": ["support"]},
    {"goals": ["prevention", "transition"], "region": "Uusimaa"},
    {"features": {"peer-support": "1"}},
    {"features": {"low-threshold": "0", "digital": "0"}},
    {"features": {"multi-agency": "!"}},
    {"features": {"peer-support": "1", "outreach": "0"}, "year": "2024"},
    {"name": "kokeilu"},
    {"name": "kokeilu 1"},
    {"name": "no such model"},
    {"goals": []},
]


def choose(page, choice) -> None:
    """Click and type as a reader would."""
    if "goals" in choice:
        for box in page.locator("[name=goal]").all():
            if box.get_attribute("value") not in choice["goals"]:
                box.uncheck()
    if "features" in choice:
        page.locator("#by-feature summary").click()
    for feature, code in choice.get("features", {}).items():
        page.locator(f"[name=feature-{feature}]").select_option(code)
    for column in ("region", "year"):
        if column in choice:
            page.get_by_label(column.title(), exact=True).select_option(choice[column])
    if "name" in choice:
        page.get_by_label("Search by name").press_sequentially(choice["name"])


def filtered(own, choice) -> list[str]:
    """Ask pandas the same question."""
    goals = own.memberships.groupby("model_id")["goal_id"].agg(set)
    table = own.models.set_index("model_id").assign(goals=goals)
    kept = pd.Series(True, table.index)
    if "goals" in choice:
        kept &= table["goals"].map(lambda g: bool(g & set(choice["goals"])))
    for feature, code in choice.get("features", {}).items():
        kept &= own.status[feature] == STATUS[code]
    for column in ("region", "year"):
        if column in choice:
            kept &= table[column] == choice[column]
    if "name" in choice:
        kept &= table["name"].str.lower().str.contains(choice["name"], regex=False)
    return table.index[kept].tolist()


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_the_filtered_map_list_and_file_are_what_pandas_finds(
    visit, own, own_map, shipped, choice
) -> None:
    goals = shipped["own"].taxonomy.goal_ids
    page = visit().open(own_map)
    choose(page, choice)
    ids = filtered(own, choice)
    status = own.status.loc[ids]
    members = own.memberships[own.memberships["model_id"].isin(ids)]
    expected = metrics.evidence_map(status, members, goals)
    assert (
        page.locator("#state")
        .inner_text()
        .startswith(
            f"Models shown: {len(ids)}/{len(own.models)}, of which assessed: "
            f"{status.isin(['present', 'absent']).any(axis=1).sum()}."
        )
    )
    shown = set(choice.get("goals", goals)) | {""}
    assert cells_of(page) == {
        (r.feature_id, r.goal_id): (f"{r.k}/{r.n}", f"{r.percent}%" if r.n else nothing(r))
        for r in expected.itertuples()
        if r.goal_id in shown
    }
    gaps = metrics.gaps(expected).query("gap != '' and goal_id in @shown")[: 999 * len(ids)]
    assert marks_of(page) == {
        (r.feature_id, r.goal_id): f"gap: {messages('en')(f'site.script.gap-{r.gap}')}"
        for r in gaps.itertuples()
    }
    empty = messages("en")("site.script.empty")
    assert (empty in page.locator("#state").inner_text()) == (not ids)
    assert (page.locator("#models tbody").inner_text() == empty) == (not ids)
    names = own.models.set_index("model_id").loc[ids, "name"].tolist()
    assert page.locator("#models tbody th").all_text_contents() == names
    saved = downloaded(page, "#save")
    assert saved["model_id"].tolist() == ids
    codes = own.status.loc[ids].astype(str).replace({v: k for k, v in STATUS.items() if k != "!"})
    codes = codes.replace({"not-assessed": "", "not-applicable": "-"})
    assert saved[list(own.status.columns)].to_numpy().tolist() == codes.to_numpy().tolist()
    table = downloaded(page, "#save-map")
    at = table[["feature_id", "goal_id"]].itertuples(index=False, name=None)
    assert dict(zip(at, table["k"] + "/" + table["n"], strict=True)) == {
        at: ratio for at, (ratio, _) in cells_of(page).items()
    }
    for file in (saved, table):
        assert set(file["kind"]) <= {own.info.kind}
        assert set(file["source"]) <= {figures.sourced(own.info, "en")}
    assert set(table["basis"]) == {own.info.kind}


@pytest.mark.parametrize("name", ["trial", "1", "2"])
def test_the_filtered_map_marks_the_gaps_that_the_metric_finds(
    visit, pilot, tmp_path, name
) -> None:
    file = tmp_path / "map.html"
    file.write_text(report.evidence_map(pilot, "en"), encoding="utf-8")
    page = visit().open(file)
    choose(page, {"name": name})
    ids = filtered(pilot, {"name": name})
    goals = pilot.taxonomy.goal_ids
    members = pilot.memberships[pilot.memberships["model_id"].isin(ids)]
    found = metrics.gaps(metrics.evidence_map(pilot.status.loc[ids], members, goals))
    expected = {
        (r.feature_id, r.goal_id): f"gap: {messages('en')(f'site.script.gap-{r.gap}')}"
        for r in found[found["gap"] != ""].itertuples()
    }
    assert marks_of(page) == expected
    assert name != "trial" or expected["feature-001", "goal-3"] == "gap: in no model"


def nothing(row) -> str:
    models = row.unclear + row.disagreed + row.not_assessed + row.not_applicable
    return "no data" if models else "no models"


def cells_of(page) -> dict[tuple[str, str], tuple[str, str]]:
    found = page.evaluate("""() => [...document.querySelectorAll("#map td")]
        .filter((cell) => !cell.hidden)
        .map((cell) => [cell.dataset.feature, cell.dataset.goal,
            cell.querySelector(".ratio").textContent, cell.querySelector(".share").textContent])""")
    return {(feature, goal): (ratio, share) for feature, goal, ratio, share in found}


def marks_of(page) -> dict[tuple[str, str], str]:
    found = page.evaluate("""() => [...document.querySelectorAll("#map td.gap")]
        .filter((cell) => !cell.hidden)
        .map((cell) => [cell.dataset.feature, cell.dataset.goal,
            cell.querySelector(".mark").textContent])""")
    return {(feature, goal): mark for feature, goal, mark in found}


def downloaded(page, button: str) -> pd.DataFrame:
    with page.expect_download() as caught:
        page.locator(button).click()
    return pd.read_csv(caught.value.path(), dtype=str, keep_default_na=False)


def test_a_cell_row_or_column_opens_the_list_of_its_models(visit, own, own_map) -> None:
    page = visit().open(own_map)
    members = own.memberships.query("goal_id == 'prevention'")["model_id"]
    present = own.status.index[own.status["peer-support"] == "present"]
    assessed = own.status["peer-support"].isin(["present", "absent"])
    both = present[present.isin(members)]
    page.locator("td[data-feature=peer-support][data-goal=prevention] button").click()
    n = assessed[assessed.index.isin(members)].sum()
    assert page.locator("#selection").inner_text() == (
        f"Peer support · Prevention: {len(both)}/{n} of the assessed models have the feature"
    )
    assert page.locator("#models tbody tr").count() == len(both)
    assert page.evaluate("document.activeElement.id") == "models-heading"
    pressed = page.locator("[aria-pressed=true]")
    assert pressed.count() == 1
    page.locator("tbody th[data-feature=peer-support] button").click()
    assert page.locator("#models tbody tr").count() == len(present)
    page.locator("thead th[data-goal=prevention] button").click()
    assert page.locator("#models tbody tr").count() == len(members)
    page.get_by_role("button", name="Show all models").click()
    assert page.locator("#models tbody tr").count() == len(own.models)
    assert pressed.count() == 0


def test_a_view_is_in_the_address_and_opens_again_from_it(visit, own_map, own) -> None:
    page = visit().open(own_map)
    choice = {"goals": ["support"], "features": {"outreach": "1"}, "year": "2024", "name": "Kok"}
    choose(page, choice)
    page.locator("td[data-feature=digital][data-goal=support] button").click()
    seen = view(page)
    state = page.evaluate("location.hash")
    assert page.locator("#here").get_attribute("href") == state
    again = visit().open(own_map, state)
    assert view(again) == seen
    again.get_by_role("button", name="Clear filters").click()
    again.wait_for_function("location.hash === ''")
    assert again.locator("#models tbody tr").count() == len(own.models)
    again.evaluate("(state) => { location.hash = state; }", state)
    again.wait_for_function("document.getElementById('name').value === 'Kok'")
    assert view(again) == seen


def renamed(data, goals):
    """The same data set with other ids of its goals."""
    names = dict(zip(data.taxonomy.goal_ids, goals, strict=True))
    tables = {name: getattr(data, name) for name in ("memberships", "goals")}
    told = {n: t.assign(goal_id=t["goal_id"].map(names)) for n, t in tables.items()}
    return replace(data, **told)


def test_ids_of_goals_may_have_dots(visit, pilot, tmp_path):
    ids = ["1.1", "1", "1.2"]
    file = tmp_path / "map.html"
    file.write_text(report.evidence_map(renamed(pilot, ids), "en"), encoding="utf-8")
    for chosen in (["1.1"], ["1", "1.2"], []):
        page = visit().open(file)
        choose(page, {"goals": chosen})
        seen = view(page)
        assert {goal for _, goal in cells_of(page)} == {"", *chosen}
        again = visit().open(file, page.evaluate("location.hash"))
        assert view(again) == seen


SPREAD = ("Lappi", "lapland; Kainuu", "Kajanaland;", "", "east-uusimaa")
STAGES = ("pilot", "pilot; 10", "9;10 ", "constructor", "")


@pytest.fixture(scope="session")
def spread(own):
    """Models in one region, in two or in none, some by other names; and so with stages."""
    size = range(len(own.models))
    cells = {
        "region": [SPREAD[i % len(SPREAD)] for i in size],
        "stage": [STAGES[i % len(STAGES)] for i in size],
    }
    return replace(own, models=own.models.assign(**cells))


def test_a_model_is_found_under_each_of_its_values(visit, spread, tmp_path):
    for lang in LANGUAGES:
        file = tmp_path / f"{lang}.html"
        file.write_text(report.evidence_map(spread, lang), encoding="utf-8")
        page = visit().open(file)
        grouped = {c: spread.grouped(c) for c in ("region", "stage")}
        heads = {"region": messages(lang)("site.columns.region"), "stage": "stage"}
        for column, data in grouped.items():
            field = page.get_by_label(heads[column], exact=True)
            labels = data.taxonomy.labels(lang)
            for goal, ids in data.memberships.groupby("goal_id")["model_id"]:
                field.select_option(label=f"{labels[goal]} ({len(ids)})")
                assert page.locator("#models tbody tr").count() == len(ids)
                assert downloaded(page, "#save")["model_id"].tolist() == sorted(ids)
            offered = field.locator("option").all_text_contents()[1:]
            order = [labels[goal] for goal in data.taxonomy.goal_ids]
            assert [text.rpartition(" (")[0] for text in offered] == order
            field.select_option("")


def test_values_of_a_cell_are_read_in_the_language_of_the_page(visit, spread, tmp_path):
    file = tmp_path / "map.html"
    file.write_text(report.evidence_map(spread, "sv"), encoding="utf-8")
    for scripts in (True, False):
        page = visit(java_script_enabled=scripts).open(file)
        told = page.locator("#models tbody tr").all_inner_texts()
        assert "\tLappland; Kajanaland\t" in told[1]
        assert "\tpilot; 10\t" in told[1]
        assert "\tconstructor\t" in told[3]
    saved = downloaded(visit().open(file), "#save").set_index("model_id")
    assert saved.loc[spread.models["model_id"][1], "region"] == "lapland; Kainuu"  # as in the data


def test_a_bubble_of_a_colour_counts_all_models_with_its_value(visit, spread, tmp_path):
    file = tmp_path / "map.html"
    file.write_text(report.evidence_map(spread, "en"), encoding="utf-8")
    page = visit().open(file)
    page.locator("#show").select_option("bubbles")
    page.locator("#colour").select_option("region")
    grouped, feature = spread.grouped("region"), spread.taxonomy.feature_ids[0]
    names = grouped.memberships["goal_id"].map(grouped.taxonomy.labels("en"))
    regions = names.groupby(grouped.memberships["model_id"]).agg(list)
    several = 0
    for goal, served in spread.memberships.groupby("goal_id")["model_id"]:
        having = served[served.map(spread.status[feature]) == "present"]
        counts = Counter(name for i in having for name in regions.get(i, ["no value"]))
        several += counts.total() - len(having)
        bubbles = page.locator(f"td[data-feature={feature}][data-goal={goal}] .bubble")
        assert set(bubbles.all_text_contents()) == {f"{name}: {n}" for name, n in counts.items()}
    assert several


def view(page) -> tuple[object, ...]:
    return cells_of(page), *(page.locator(id_).inner_text() for id_ in ("#models", "#state"))


def test_an_address_that_names_what_is_not_there_shows_all(visit, own_map, own) -> None:
    page = visit().open(own_map, "#feature.nothing=1&column.region=Atlantis&of=x&in=y&page=99")
    assert page.locator("#models tbody tr").count() == len(own.models)
    assert page.get_by_label("Region", exact=True).input_value() == ""


def test_a_link_within_the_page_keeps_the_view(visit, own_map) -> None:
    page = visit().open(own_map)
    choose(page, {"goals": ["support"]})
    state, seen = page.evaluate("location.hash"), cells_of(page)
    page.get_by_role("link", name="Skip the map").click()
    assert page.evaluate("document.activeElement.id") == "models-heading"
    page.wait_for_function("(state) => location.hash === state", arg=state)
    assert cells_of(page) == seen


def test_the_other_languages_open_the_same_view(visit, files) -> None:
    page = visit().open(files["fi"][1].with_name("map.html"))
    page.locator("[name=goal]").first.uncheck()
    page.get_by_role("link", name="Svenska").click()
    assert page.evaluate("document.documentElement.lang") == "sv"
    assert not page.locator("[name=goal]").first.is_checked()
    assert page.locator("#state").inner_text() == messages("sv")("site.script.filtered")


def test_a_cell_that_was_not_published_opens_its_bounds_and_no_models(visit, files) -> None:
    page = visit().open(files["en"][1].with_name("map.html"))
    chosen = page.locator("#selection")
    page.locator("td[data-feature=participation][data-goal=goal-2] button").click()
    assert chosen.inner_text() == (
        "Participation · Support for families: not published; 0 to 9 of 9 possible"
    )
    page.locator("td[data-feature=ecosystem-anchoring][data-goal=goal-2] button").click()
    assert chosen.inner_text().endswith(": 6/9 of the assessed models have the feature")
    page.locator("tbody th[data-feature=participation] button").click()
    assert chosen.inner_text() == "Participation: not published; 34 to 38 of 45 possible"
    page.get_by_role("button", name="Clear the choice").click()
    assert chosen.inner_text() == ""
    assert page.locator("#models, #save, #name, #by-feature").count() == 0
    assert messages("en")("site.no-models") in page.locator("main").inner_text()


def test_fewer_goals_of_a_reconstruction_keep_their_ranges(visit, files) -> None:
    page = visit().open(files["en"][1].with_name("map.html"))
    before = cells_of(page)
    page.locator("[name=goal]").first.uncheck()
    assert cells_of(page) == {at: cell for at, cell in before.items() if at[1] != "goal-1"}
    saved = downloaded(page, "#save-map").set_index(["feature_id", "goal_id"])
    bounds = ["k", "n", "percent", "bound_low", "bound_high", "basis", "kind"]
    assert saved.loc[("participation", "goal-2"), bounds].tolist() == (
        ["", "9", "", "0", "9", "bounded", "reconstructed"]
    )
    assert saved.loc[("ecosystem-anchoring", "goal-2"), bounds].tolist() == (
        ["6", "9", "67", "", "", "published", "reconstructed"]
    )
    assert len(saved) == 16 * 4


def test_a_long_list_is_shown_in_pages(visit, own, shipped, tmp_path) -> None:
    many = multiplied(own, 7)
    file = tmp_path / "map.html"
    file.write_text(report.evidence_map(many, "en"))
    page = visit().open(file)
    names, seen = many.models["name"].tolist(), []
    further = page.get_by_role("button", name="Next")
    for shown in ("1–50/140", "51–100/140", "101–140/140"):
        assert page.locator("#page").inner_text() == shown
        seen += page.locator("#models tbody th").all_text_contents()
        further.click(force=True)
    assert seen == names
    assert page.locator("#page").inner_text() == "101–140/140"
    assert further.get_attribute("aria-disabled") == "true"
    page.get_by_role("button", name="Previous").click()
    assert page.locator("#page").inner_text() == "51–100/140"
    again = visit().open(file, page.evaluate("location.hash"))
    assert again.locator("#page").inner_text() == "51–100/140"
    page.get_by_label("Search by name").fill("copy 3")
    assert not page.locator("#turn").is_visible()
    assert page.locator("#models tbody tr").count() == len(own.models)


# The map is seen whole, at any width, by any reader


@pytest.fixture(scope="session")
def maps(shipped, tmp_path_factory):
    """Maps of a reconstruction, of a small, of a large and of the smallest round."""
    large = made_up(models=60, goals=12, features=40)
    urls = "https://example.org/" + large.models["model_id"]
    large = replace(large, models=large.models.assign(url=urls))
    data = {"review": shipped["literal"], "example": shipped["example"], "large": large}
    data["single"] = made_up(models=1, goals=1, features=3)
    folder = tmp_path_factory.mktemp("maps")

    @cache
    def written(name, lang="fi"):
        file = folder / f"{name}-{lang}.html"
        file.write_text(report.evidence_map(data[name], lang), encoding="utf-8")
        return file

    return written


SEEN = """() => {
    const box = (one) => one.getBoundingClientRect();
    const wide = document.querySelector("#map").parentElement;
    const faults = [];
    const range = document.createRange();
    for (const cell of document.querySelectorAll("#map td:not([hidden]), #map th:not([hidden])")) {
        const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        for (let text = texts.nextNode(); text; text = texts.nextNode()) {
            range.selectNodeContents(text);
            const clipped = text.parentElement.closest(".sr, .why, .n, .long, .share, .ratio");
            const seen = text.parentElement.checkVisibility({ opacityProperty: true })
                && (!clipped || box(clipped).width > 1);
            if (seen && text.data.trim() && box(range).right > box(cell).right + 1)
                faults.push(`beyond: ${text.data}`);
        }
        const shown = [...cell.querySelectorAll("span")].filter((one) => one.checkVisibility()
            && !one.querySelector("span") && box(one).width > 1);
        for (const one of shown) {
            if (box(one).right > box(cell).right + 1) faults.push(`cut: ${cell.textContent}`);
            if (innerWidth <= 360 && parseFloat(getComputedStyle(one).fontSize) < 14)
                faults.push(`small: ${cell.textContent}`);
        }
    }
    const hint = document.querySelector(".hint").checkVisibility();
    if (hint !== wide.scrollWidth > wide.clientWidth + 1) faults.push(`hint: ${hint}`);
    wide.scrollLeft = 9999;
    const edge = box(wide).left;
    for (const all of document.querySelectorAll("#map [data-goal='']")) {
        const name = box(all.parentElement.firstElementChild);
        if (Math.abs(name.left - edge) > 2 || Math.abs(box(all).left - name.right) > 2)
            faults.push(`gone: ${all.textContent}`);
    }
    wide.scrollLeft = 0;
    return faults;
}"""
COVERED = """() => {
    const one = document.activeElement;
    const { left, right, top, height } = one.getBoundingClientRect();
    const at = [left + 3, (left + right) / 2, right - 3].map((x) =>
        document.elementFromPoint(x, top + height / 2));
    return at.every((found) => found && one.contains(found)) ? "" : one.textContent;
}"""


@pytest.mark.parametrize("width", [360, 768, 1120, 1280])
def test_the_map_hides_nothing_at_any_width(visit, maps, width):
    reader = visit(viewport={"width": width, "height": 900})
    for name in ("review", "example", "large", "single"):
        page = reader.open(maps(name))
        page.evaluate(AT_REST)
        assert page.evaluate(SEEN) == [], name
        assert name == "large" or not page.locator(".hint").is_visible(), name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.locator("#map tbody tr").first.locator("td").last.locator("button").focus()
        for _ in page.locator("#map thead th").all()[2:]:
            assert page.evaluate(COVERED) == "", name
            page.keyboard.press("ArrowLeft")
        if width == 360:
            broken = Axe().run(page, options=AXE).response["violations"]
            assert [rule["id"] for rule in broken] == [], name


def test_what_was_not_published_is_one_block(visit, maps):
    t, file = messages("en"), maps("review", "en")
    page = visit().open(file)
    note, cells = page.locator("#unpublished"), page.locator("#map td.shade-b:not([data-goal=''])")
    seen = """(all) => all.filter((one) =>
        getComputedStyle(one.querySelector(".share")).opacity === "1").length"""
    assert note.inner_text() == t("site.script.unpublished-block", n=60)
    assert cells.evaluate_all(seen) == 0
    cells.first.locator("button").focus()
    page.keyboard.press("ArrowDown")
    assert cells.evaluate_all(seen) == 1
    assert not note.is_visible()
    page.emulate_media(media="print")
    assert cells.evaluate_all(seen) == 60
    page.emulate_media(media="screen")
    page.get_by_label(t("site.bounds")).check()
    assert cells.evaluate_all(seen) == 60
    page.get_by_label("Rows").select_option("name")
    assert not note.is_visible()
    plain = visit(java_script_enabled=False).open(file)
    assert plain.locator("#map td.shade-b:not([data-goal=''])").evaluate_all(seen) == 60
    said = plain.locator("main").inner_text()
    assert t("site.map-not") in said
    assert not re.search("Choose|Chosen|Escape", said)


def test_the_way_back_from_a_cell_is_escape(visit, maps):
    for name in ("review", "example"):
        page = visit().open(maps(name, "en"))
        cell = page.locator("#map tbody td button").nth(7)
        cell.press("Enter")
        assert page.evaluate("document.activeElement.id") == "models-heading"
        page.keyboard.press("Escape")
        assert cell.evaluate("(one) => one === document.activeElement")
        cell.press("Enter")
        page.locator("#clear").press("Enter")
        assert cell.evaluate("(one) => one === document.activeElement")
        page.get_by_label("Rows").press("Escape")
        assert page.evaluate("document.activeElement.name") == "rows"


def test_rows_are_sorted_as_asked(visit, maps, shipped):
    data = shipped["example"]
    page = visit().open(maps("example", "en"))
    table = metrics.evidence_map(data.status, data.memberships, data.taxonomy.goal_ids)
    shares = table.set_index(["goal_id", "feature_id"])["share"]

    def rows():
        return page.locator("#map tbody th").evaluate_all(
            "(all) => all.map((a) => a.dataset.feature)"
        )

    before = rows()
    page.get_by_label("Rows").select_option("in:goal-3")
    assert shares["goal-3"][rows()].is_monotonic_decreasing
    again = visit().open(maps("example", "en"), page.evaluate("location.hash"))
    assert again.locator("#map tbody th").all_text_contents() == (
        page.locator("#map tbody th").all_text_contents()
    )
    page.get_by_label("Rows").select_option("order")
    assert rows() == list(data.taxonomy.feature_ids)
    page.get_by_label("Rows").select_option("name")
    assert rows() == sorted(before, key=data.taxonomy.labels("en").get)
    page.get_by_label("Rows").select_option("")
    assert rows() == before


def test_print_lists_all_and_records_link_to_their_source(visit, maps):
    page = visit().open(maps("large", "en"))
    links = page.locator("#models tbody th a")
    assert links.count() == 50
    assert links.first.get_attribute("href") == "https://example.org/M0001"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert links.count() == 60
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert links.count() == 50
    assert downloaded(page, "#save")["url"].tolist()[-1] == "https://example.org/M0060"


def test_forced_colours_keep_the_key(visit, maps):
    page = visit(forced_colors="active").open(maps("large"))
    ground = "(one) => getComputedStyle(one).backgroundColor"
    for part in (".swatch.shade-3", "#map td.shade-3"):
        assert page.locator(part).first.evaluate(ground) == "rgb(18, 67, 109)", part
    edge = "(one) => getComputedStyle(one).boxShadow"
    assert "rgb(128, 22, 80)" in page.locator("#map td.gap").first.evaluate(edge)


def test_accessible_names_are_short_and_say_the_kind_of_data(visit, files):
    reader = visit()
    kinds = {"fi": "Rekonstruktio", "sv": "Rekonstruktion", "en": "Reconstruction"}
    names = ("index", "map", "feature-shares-redesigned", "models-by-goal-as-published")
    for lang, kind in kinds.items():
        for file in (files[lang][-1].with_name(f"{name}.html") for name in names):
            page = reader.open(file)
            session = reader.context.new_cdp_session(page)
            tree = session.send("Accessibility.getFullAXTree")["nodes"]
            told = {
                (node["role"]["value"], node["name"]["value"])
                for node in tree
                if node.get("name") and node["role"]["value"] not in ("StaticText", "InlineTextBox")
            }
            assert [name for _, name in told if len(name) > 300] == [], file.name
            drawn = {name for role, name in told if role in ("figure", "image", "img")}
            drawn |= {name for role, name in told if role == "table" and file.stem == "map"}
            assert all(name.startswith(f"{kind}, ") for name in drawn if name), file.name
            assert drawn or file.stem == "index"


def test_an_svg_is_named_by_its_short_text_and_described_by_the_long_one(visit, build):
    for file in sorted((build / "en/figures").glob("*.svg")):
        words = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        reader = visit()
        session = reader.context.new_cdp_session(reader.open(file))
        nodes = session.send("Accessibility.getFullAXTree")["nodes"]
        (image,) = (node for node in nodes if node["role"]["value"] in ("image", "img"))
        assert image["name"]["value"] == words["alt"]
        assert image["description"]["value"] == words["description"]


def test_on_a_phone_the_menu_and_the_filters_open_when_they_are_asked_for(visit, files):
    file = files["sv"][-1].with_name("map.html")
    for scripted in (True, False):
        page = visit(viewport={"width": 360, "height": 700}, java_script_enabled=scripted).open(
            file
        )
        link = page.get_by_role("navigation", name=messages("sv")("site.pages")).get_by_role("link")
        assert link.count() == 0
        page.get_by_role("button", name=messages("sv")("site.menu")).click()
        assert link.count() == 7
        if scripted:
            page.keyboard.press("Escape")
            assert link.count() == 0
            assert not page.get_by_label(messages("sv")("site.rows")).is_visible()
            page.locator("#choose > summary").press("Enter")
            assert page.get_by_label(messages("sv")("site.rows")).is_visible()


def bubbles_of(page) -> dict[tuple[str, str], list[tuple[str, str, float]]]:
    """The bubbles of each cell: their names, their numbers, and their areas."""
    found = page.evaluate("""() => [...document.querySelectorAll("#map td:not([data-goal=''])")]
        .map(({ dataset: { feature, goal }, ...cell }, at, all) => [[feature, goal],
            [...all[at].querySelectorAll(".bubble")].map((one) => [
                one.querySelector(".sr")?.textContent ?? "", one.lastChild.textContent,
                one.firstChild.getBoundingClientRect().width ** 2])])""")
    return {tuple(at): bubbles for at, bubbles in found if bubbles}


def test_bubbles_are_as_large_as_their_numbers_of_models(visit, own, own_map):
    page = visit().open(own_map)
    page.get_by_label("Show", exact=True).select_option("bubbles")
    has = (
        own.status.eq("present")
        .rename_axis("model_id")
        .melt(var_name="feature_id", value_name="has", ignore_index=False)
    )
    has = has[has["has"]].reset_index().merge(own.memberships).merge(own.models)
    at = ["feature_id", "goal_id"]
    counts = {key: [("", str(n))] for key, n in has.groupby(at).size().items()}
    assert {key: [(a, b) for a, b, _ in found] for key, found in bubbles_of(page).items()} == (
        {key: counts.get(key, [("", "0")]) for key in bubbles_of(page)}
    )
    areas = [(int(n), area) for ((_, n, area),) in bubbles_of(page).values() if n != "0"]
    most = max(areas)
    assert all(area == pytest.approx(most[1] * n / most[0], rel=0.05) for n, area in areas)
    page.get_by_label("Colour by").select_option("year")
    split = has.assign(year=has["year"].replace("", "no value")).groupby([*at, "year"]).size()
    expected = {}
    for (feature, goal, year), n in split.items():
        expected.setdefault((feature, goal), []).append((f"{year}: ", str(n)))
    found = bubbles_of(page)
    assert {key: [(a, b) for a, b, _ in one] for key, one in found.items()} == expected
    again = visit().open(own_map, page.evaluate("location.hash"))
    assert bubbles_of(again) == found
    page.get_by_label("Show", exact=True).select_option("")
    assert bubbles_of(page) == {}


def test_a_bubble_of_what_was_not_published_is_a_ring_with_both_ends(visit, maps):
    page = visit().open(maps("review", "en"), "#show=bubbles")
    cell = page.locator("td[data-feature=participation][data-goal=goal-2] .bubble")
    assert cell.inner_text() == "0–9"
    assert cell.locator(".ring").count() == 1
    assert not page.locator("#unpublished").is_visible()
    for width in (360, 768, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(SEEN) == []


def multiplied(own, times: int) -> datasets.Dataset:
    """Repeat the models of a data set under other names."""

    def again(table, n):
        renamed = table.assign(model_id=table["model_id"] + f"-{n}")
        if "name" in renamed:
            renamed["name"] += f", copy {n}"
        return renamed

    names = ("models", "memberships", "codings")
    copies = {
        name: pd.concat([again(getattr(own, name), n) for n in range(times)]) for name in names
    }
    return replace(own, **copies)


# Keyboard


def test_the_tabulator_reaches_the_filters_and_the_focus_is_seen(visit, own_map) -> None:
    page = visit().open(own_map)
    page.locator("#by-feature").evaluate("(one) => { one.open = true; }")
    assert tabbed(page) == []


def test_what_the_tabulator_misses_or_does_not_show_is_found(visit):
    page = visit().page
    cover = '<p style="position: fixed; inset: 0; margin: 0; background: white"></p>'
    bare = '<a href="#b" style="outline: 0">b</a>'
    page.set_content(f'<a href="#a" style="outline: 3px solid">a</a>{bare}{cover}')
    kinds = [fault.split(":")[0] for fault in tabbed(page)]
    assert kinds == ["covered", "no outline", "covered"]
    page.set_content('<a href="#a" style="outline: 3px solid" tabindex="-1">a</a>')
    assert tabbed(page)[0].startswith("not reached")


def test_the_skip_link_is_seen_with_the_focus_and_leads_on(visit, files) -> None:
    page = visit().open(files["en"][-1].with_name("features.html"))
    skip = page.locator(".skip")
    assert skip.bounding_box()["x"] < 0
    page.keyboard.press("Tab")
    assert skip.bounding_box()["x"] > 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_map_is_used_by_keyboard_alone(visit, own, own_map) -> None:
    page = visit().open(own_map)
    press = page.keyboard.press
    while page.evaluate("document.activeElement.value") != "support":
        press("Tab")
    press("Space")
    ids = filtered(own, {"goals": ["prevention", "transition"]})
    assert f"Models shown: {len(ids)}/20" in page.locator("#state").inner_text()
    press("Space")
    while page.evaluate("document.activeElement.tagName") != "SUMMARY":
        press("Tab")
    press("Enter")
    press("Tab")
    press("ArrowDown")
    active = page.evaluate("document.activeElement.name").removeprefix("feature-")
    ids = filtered(own, {"features": {active: "1"}})
    assert f"Models shown: {len(ids)}/20" in page.locator("#state").inner_text()
    page.locator("#map thead [data-goal=prevention] button").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        press(key)
    at = page.evaluate("document.activeElement.parentElement.dataset.goal")
    row = page.evaluate("document.activeElement.closest('tr').rowIndex")
    assert (at, row) == ("prevention", 1)
    press("Enter")
    assert page.evaluate("document.activeElement.id") == "models-heading"
    press("Tab")
    assert page.evaluate("document.activeElement.id") == "clear"
    press("Enter")
    assert not page.locator("#clear").is_visible()


def test_what_changes_is_announced(visit, own_map) -> None:
    page = visit().open(own_map)
    assert page.get_by_role("status").first.get_attribute("id") == "state"
    names = page.locator("td button").evaluate_all("(all) => all.map((one) => one.innerText)")
    assert len(names) == page.locator("#map td").count()
    button = page.get_by_role("button", name=re.compile("^Peer support, Support: "))
    assert button.count() == 1


# Hostile content


@pytest.fixture
def hostile(own, shipped, tmp_path):
    """The map of models with names that would do harm if they could."""
    models = own.models.copy()
    models.loc[: len(HOSTILE) - 1, "name"] = HOSTILE
    models.loc[: len(HOSTILE) - 1, "region"] = HOSTILE[::-1]
    models.insert(2, "<i>url</i>", HOSTILE * 2)
    file = tmp_path / "map.html"
    changed = replace(own, models=models)
    file.write_text(report.evidence_map(changed, "en"), encoding="utf-8")
    return file, models


def test_hostile_content_is_text_that_does_no_harm(visit, hostile) -> None:
    file, models = hostile
    page = visit(viewport={"width": 320, "height": 640}).open(file)
    page.wait_for_function("document.querySelector('#turn')")
    assert page.locator("#models tbody th").all_text_contents() == models["name"].tolist()
    assert page.locator("b, i, #models script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.get_by_label("<i>url</i>").count() == 1
    page.locator("#choose > summary").click()
    page.get_by_label("Search by name").fill("<script>")
    assert page.locator("#models tbody th").all_text_contents() == [HOSTILE[0]]
    page.get_by_label("Search by name").fill("\u05e9\u05dc")
    assert page.locator("#models tbody th").all_text_contents() == [HOSTILE[3]]
    state = page.evaluate("location.hash")
    assert "\u05e9" not in state
    again = visit().open(file, state)
    assert again.locator("#models tbody th").all_text_contents() == [HOSTILE[3]]


def test_a_saved_file_holds_what_the_page_shows_and_no_formula(visit, hostile) -> None:
    file, models = hostile
    saved = downloaded(visit().open(file), "#save")
    guarded = dict(zip(HOSTILE, saved["name"], strict=False))
    assert guarded["=1+1"] == "'=1+1"
    assert guarded["a;=1+1"] == "a;'=1+1"
    assert guarded['-2+3+cmd|" /C calc"!A0'] == '\'-2+3+cmd|" /C calc"!A0'
    assert guarded["\t=1"].startswith("'\t")
    assert guarded["-5,5"] == "-5,5"
    harmless = [name for name in HOSTILE if not re.search(r"=1|cmd", name)]
    assert [guarded[name] for name in harmless] == harmless
    assert list(saved.columns[:4]) == ["model_id", "name", "goals", "<i>url</i>"]
    assert saved["model_id"].tolist() == models["model_id"].tolist()


# The map in a notebook


def test_the_map_in_a_saved_notebook_needs_no_kernel(visit, shipped, tmp_path):
    data = shipped["own"]
    shown = report.explore(data, "en")
    file = tmp_path / "notebook.html"
    file.write_text(
        f'<!DOCTYPE html><html lang="en"><title>n</title><main>{shown._repr_html_()}</main>'
    )
    page = visit().open(file)
    frame = page.frame_locator("iframe")
    frame.get_by_label("Region", exact=True).select_option("Uusimaa")
    here = data.models.query("region == 'Uusimaa'")
    assert frame.locator("#models tbody tr").count() == len(here)
    frame.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert frame.locator("#main").evaluate("main => main === document.activeElement")
    with page.expect_download() as saving:
        frame.locator("#save").click()
    saved = pd.read_csv(saving.value.path(), dtype=str)
    assert sorted(saved["model_id"]) == sorted(here["model_id"])
    assert page.url == file.as_uri()


# The README


def test_the_pictures_in_the_readme_are_small():
    for name in PICTURES:
        assert 20_000 < (DOCS / name).stat().st_size < 150_000, name


def pictures() -> None:
    """Photograph pages of the built site: views of them, not files of equal bytes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed(), args=ARGS)
        for name, (page_name, width, last) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": 1000})
            page.goto((SITE / page_name).as_uri())
            bottom = page.locator(last).bounding_box()
            clip = {"x": 0, "y": 0, "width": width, "height": bottom["y"] + bottom["height"] + 12}
            shot = page.screenshot(full_page=True, clip=clip)
            Image.open(BytesIO(shot)).quantize(96).save(DOCS / name, optimize=True)
        browser.close()


if __name__ == "__main__":
    pictures()
