"""What the figures of contrasts and of ranks show, and what they leave unsaid."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import soila_analysis as soila
from soila_analysis import figures
from soila_analysis.figures import contrasts, ranks
from soila_analysis.figures.palette import BLUE, GREY, PLUM
from soila_analysis.language import messages

LANGUAGES = ("fi", "sv", "en")


@pytest.fixture(scope="module")
def clear(shipped):
    """A made-up round of 200 models: participation differs between goals, and features by rank."""
    data, rng = shipped["example"], np.random.default_rng(1)
    features, goals = data.taxonomy.feature_ids, data.taxonomy.goal_ids
    models = [f"m{i:03}" for i in range(200)]
    goal = rng.choice(goals, 200)
    chance = np.tile(np.linspace(0.05, 0.97, len(features)), (200, 1))
    chance[:, features.index("participation")] = np.where(goal == goals[0], 0.9, 0.25)
    code = np.where(rng.random(chance.shape) < chance, "1", "0")
    wide = pd.DataFrame(code, pd.Index(models, name="model_id"), features)
    codings = wide.melt(ignore_index=False, var_name="feature_id", value_name="code").reset_index()
    regions = np.array(["lapland", "kainuu", "satakunta", "helsinki", "pirkanmaa", "kymenlaakso"])
    table = {"model_id": models, "name": "", "region": rng.choice(regions, 200), "year": "2024"}
    table["year"] = np.where(goal == goals[0], "2024", "2025")
    return replace(
        data,
        models=pd.DataFrame(table),
        memberships=pd.DataFrame({"model_id": models, "goal_id": goal}),
        codings=codings.assign(coder_id="A", note=""),
        decisions=None,
    )


def drawn(figure, table, lang="en"):
    page = figures.draw(figure, table, lang)
    return page, [text.get_text() for text in page.texts]


def marks(page, shade):
    """Positions of the dots of a colour, but for those of the key."""
    keyed = {mark for _, found in page.key for mark in found}
    lines = [line for axes in page.axes for line in axes.lines if line not in keyed]
    dots = [line for line in lines if line.get_marker() == "o"]
    return [d.get_xdata()[0] for d in dots if to_hex(d.get_markeredgecolor()) == shade.lower()]


# Contrasts


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_panel_a_goal_has_all_differences_and_tells_those_that_survive(clear, lang):
    table = soila.table("contrasts", clear, lang)
    survive = table[table["p_holm"] < 0.05]
    assert set(survive["feature_id"]) == {"participation"}
    page, texts = drawn("contrasts", table, lang)
    other = (table["p_bh"] < 0.05) & ~(table["p_holm"] < 0.05)
    assert len(marks(page, BLUE)) == len(survive) + other.sum()
    assert len(marks(page, GREY)) == 64 - len(survive) - other.sum()
    for row in survive.itertuples():
        sign = "+" if row.difference > 0 else "−"
        assert f"{sign}{abs(100 * row.difference):.0f}" in texts
        assert f"{row.k}/{row.n} · {row.other_k}/{row.other_n}" in texts
    title = figures.texts("contrasts", table, lang).title
    assert f"{len(survive)}/64" in title


@pytest.mark.parametrize("largest", [0.0001, 0.02, 0.06, 0.1, 0.12, 0.3, 0.5, 0.9, 1.0])
def test_however_small_the_differences_the_scale_has_a_number_besides_nought(clear, largest):
    table = soila.table("contrasts", clear, "en")
    ends = ["difference", "low", "high"]
    table[ends] *= largest / table[ends].abs().max(axis=None)
    _, texts = drawn("contrasts", table)
    numbers = {text for text in texts if re.fullmatch(r"[+−]\d+", text)}
    reach = contrasts._reach(table)
    ticks = [tick for tick in contrasts._ticks(reach) if tick]
    assert all(abs(tick) <= reach for tick in ticks)
    assert {f"{'+' if tick > 0 else '−'}{abs(100 * tick):.0f}" for tick in ticks} <= numbers


def test_more_goals_than_panels_share_one_and_survivors_are_named(clear):
    chosen = clear.models["region"] == "lapland"
    lapland = clear.models.loc[chosen, "model_id"]
    spread = clear.codings["feature_id"].eq("co-creation")
    codes = clear.codings.assign(
        code=clear.codings["code"].mask(
            spread, clear.codings["model_id"].isin(lapland).map({True: "1", False: "0"})
        )
    )
    data = replace(clear, codings=codes)
    table = soila.table("contrasts", data, "fi", by="region")
    page, texts = drawn("contrasts", table, "fi")
    assert "Lappi" in texts
    assert len(marks(page, BLUE)) == int((table["p_bh"] < 0.05).sum())
    assert len(marks(page, BLUE)) + len(marks(page, GREY)) == 16 * 6
    words = figures.texts("contrasts", table, "fi")
    assert words.findings[0].startswith("Yhteiskehittäminen, Lappi: +100 prosenttiyksikköä (")
    assert "alueen arvioiduista malleista" in words.subtitle


def test_where_very_many_survive_the_largest_are_named(clear):
    """All eight groups differ from the others in one feature, of which three have a name."""
    at = clear.models.index.to_numpy() % 8
    share = np.array([0, 0, 0, 0.05, 0.95, 1, 1, 1])[at]
    models = clear.models.assign(region=[f"region {i}" for i in at])
    code = np.where(np.random.default_rng(2).random(200) < share, "1", "0")
    codes = clear.codings.assign(code="1")
    one = codes["feature_id"] == "co-creation"
    codes.loc[one, "code"] = codes.loc[one, "model_id"].map(
        dict(zip(models["model_id"], code, strict=True))
    )
    table = soila.table("contrasts", replace(clear, models=models, codings=codes), by="region")
    assert (table["p_holm"] < 0.05).sum() == 8
    page, texts = drawn("contrasts", table, "fi")
    assert len(marks(page, BLUE)) == 8
    assert sum(text.startswith("region ") for text in texts) == 3
    notes = figures.texts("contrasts", table, "fi").notes
    assert "Kustakin piirteestä nimetään 3 suurinta merkitsevää eroa." in notes


def test_of_two_groups_only_one_is_drawn_since_the_other_mirrors_it(clear):
    table = soila.table("contrasts", clear, "en", by="year")
    page, texts = drawn("contrasts", table)
    assert len(marks(page, BLUE)) + len(marks(page, GREY)) == 16
    assert "2024" in texts
    assert "2025" not in texts
    rows = contrasts.shown(table).sort_values("difference")
    places = sorted([*marks(page, BLUE), *marks(page, GREY)])
    assert np.corrcoef(places, rows["difference"])[0, 1] == pytest.approx(1)
    assert "1/16 by Holm" in figures.texts("contrasts", table, "en").title


def test_goals_in_place_of_a_column_may_be_asked_for(clear):
    table = soila.table("contrasts", clear, "en")
    pd.testing.assert_frame_equal(soila.table("contrasts", clear, "en", by="goal"), table)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_title_asserts_no_difference_that_does_not_survive(shipped, lang):
    table, t = soila.table("contrasts", shipped["example"], lang), messages(lang)
    assert not (table["p_bh"] < 0.05).any()
    words = figures.texts("contrasts", table, lang)
    assert words.title == t("contrasts.none-title")
    assert words.findings == (
        t("contrasts.nothing"),
        t("contrasts.nowhere"),
        t("contrasts.caveat"),
    )


@pytest.mark.parametrize("figure", ["contrasts", "ranks"])
@pytest.mark.parametrize("name", ["literal", "memberships"])
def test_made_up_models_have_neither_differences_nor_ranks(shipped, figure, name):
    table = soila.table(figure, shipped[name], "en")
    known = {
        *("difference", "low", "high", "other_k", "cramers_v", "p", "p_holm", "p_bh", "test"),
        *("p_feature", "p_feature_holm", "p_feature_bh", "rank_low", "rank_high", "surely"),
    }
    columns = [name for name in table if name in known]
    drawn_only = columns if figure == "contrasts" else ["rank_low", "rank_high", "surely"]
    assert table[drawn_only].isna().all(axis=None)
    for lang in LANGUAGES:
        words = figures.texts(figure, table, lang)
        why = messages(lang)(f"{figure}.unpublished")
        assert (words.findings, words.alt, words.description) == ((why,), why, why)


def test_with_one_group_there_is_nothing_to_compare(shipped):
    data = shipped["example"]
    models = data.memberships.query("goal_id == 'goal-1'")
    alone = soila.table("contrasts", replace(data, memberships=models), "en")
    with pytest.raises(ValueError, match=r"^contrasts: There are no two groups with assessed"):
        figures.draw("contrasts", alone, "en")


def test_goals_without_assessed_models_are_named_and_not_drawn(clear):
    fewer = clear.memberships.query("goal_id != 'goal-3'")
    table = soila.table("contrasts", replace(clear, memberships=fewer), "en")
    empty = table.loc[table["goal_id"] == "goal-3", "goal"].iloc[0]
    page, _ = drawn("contrasts", table)
    assert len(marks(page, BLUE)) + len(marks(page, GREY)) == 48
    assert f"No assessed models: {empty}." in figures.texts("contrasts", table, "en").notes


def test_features_that_all_models_have_are_said_to_be_untestable(clear):
    same = replace(clear, codings=clear.codings.assign(code="1"))
    table = soila.table("contrasts", same, "en")
    words = figures.texts("contrasts", table, "en")
    assert words.title == "Differences between the strategic goals"
    assert words.findings == (messages("en")("contrasts.untested"),)
    page, texts = drawn("contrasts", table)
    assert len(marks(page, GREY)) == 64
    assert texts.count("–") == 16


# Ranks


def bars(page):
    """Rows' bars by colour: first and last rank."""
    keyed = {mark for _, found in page.key for mark in found}
    patches = [p for axes in page.axes for p in axes.patches if p not in keyed]
    patches = [p for p in patches if p.get_height() < 1]
    ends = [(round(p.get_x() + 0.44), round(p.get_x() + p.get_width() - 0.44)) for p in patches]
    return list(zip(ends, (to_hex(p.get_facecolor()) for p in patches), strict=True))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_bars_are_the_simultaneous_sets_and_coloured_only_where_wholly_inside(clear, lang):
    table = soila.table("ranks", clear, lang).sort_values("rank", kind="stable")
    page, _ = drawn("ranks", table, lang)
    inside = [table["rank_high"] <= 4, table["rank_low"] > 12]
    colours = np.select(inside, [BLUE.lower(), PLUM.lower()], ranks.UNSURE)
    ends = zip(table["rank_low"], table["rank_high"], strict=True)
    assert sorted(bars(page)) == sorted(zip(ends, colours, strict=True))
    counts = [(table["surely"] == place).sum() for place in ("commonest", "rarest")]
    assert min(counts) > 0
    title = messages(lang)("ranks.lead-title", count=4, commonest=counts[0], rarest=counts[1])
    assert figures.texts("ranks", table, lang).title == title


def test_ranks_that_no_set_settles_are_claimed_of_no_feature(shipped):
    table = soila.table("ranks", shipped["example"], "en")
    assert (table["surely"] == "").all()
    words = figures.texts("ranks", table, "en")
    assert words.title.startswith("No feature is sure of a place")
    assert {colour for _, colour in bars(drawn("ranks", table)[0])} == {ranks.UNSURE}


def test_open_codes_that_could_move_a_feature_are_told(clear):
    sure = soila.table("ranks", clear, "en").query("surely == 'rarest'")["feature_id"].iloc[0]
    own = clear.codings["feature_id"].eq(sure) & (clear.codings["model_id"] < "m150")
    codes = clear.codings.assign(code=clear.codings["code"].mask(own, "?"))
    table = soila.table("ranks", replace(clear, codings=codes), "en")
    row = table.set_index("feature_id").loc[sure]
    words = figures.texts("ranks", table, "en")
    assert row["rank_min"] < 13
    assert (row["surely"] == "rarest") == any("could lose their place" in f for f in words.findings)
    assert any("if codes left open" in name for name, _ in drawn("ranks", table)[0].key)


def test_a_single_feature_has_no_rank_to_draw(shipped):
    data = shipped["example"]
    codings = data.codings.query("feature_id == 'participation'")
    one = replace(data, codings=codings, decisions=None)
    table = soila.table("ranks", one, "en")
    with pytest.raises(ValueError, match=r"^ranks: Fewer than two features were assessed"):
        figures.draw("ranks", table, "en")
