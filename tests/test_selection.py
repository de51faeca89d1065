"""A part of a data set holds what was asked for; numbers about it claim no more than it gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import figures, metrics
from soila_analysis.dataset.dataset import Part
from soila_analysis.language import LANGUAGES, messages
from soila_analysis.review import basis


def refused(data, **choice):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is compared by the caller
        datasets.select(data, **choice)
    return str(error.value)


# Which models


def test_of_two_columns_both_must_hold_and_of_two_values_either(shipped):
    models = shipped["own"].models
    both = datasets.select(shipped["own"], "region=Uusimaa; year=2024").models
    assert both.equals(
        models.query("region == 'Uusimaa' and year == '2024'").reset_index(drop=True)
    )
    either = datasets.select(shipped["own"], "region=Kainuu;region = Pohjanmaa").models
    assert set(either["region"]) == {"Kainuu", "Pohjanmaa"}
    assert len(either) == models["region"].isin(["Kainuu", "Pohjanmaa"]).sum()


def test_memberships_and_codes_are_those_of_the_models_that_are_left(shipped):
    data = shipped["own"]
    part = datasets.select(data, "region=Kainuu", goal="prevention")
    kept = set(part.models["model_id"])
    for table in ("memberships", "codings"):
        whole, left = getattr(data, table), getattr(part, table)
        assert left.equals(whole[whole["model_id"].isin(kept)].reset_index(drop=True))


def test_decisions_are_those_of_the_models_that_are_left(shipped):
    data = shipped["example"]
    model = data.decisions["model_id"].iloc[0]
    part = datasets.select(data, f"model_id={model}")
    assert set(part.decisions["model_id"]) == {model} < set(data.decisions["model_id"])
    assert part.status.loc[model].equals(data.status.loc[model])


@pytest.mark.parametrize("only", ["", " ", ";"])
def test_without_a_condition_all_models_are_left(review, only):
    assert datasets.select(review, only) == review


@given(st.sampled_from(["prevention", "support", "transition"]))
def test_a_goal_keeps_the_models_that_serve_it(shipped, goal):
    part = datasets.select(shipped["own"], goal=goal)
    assert set(part.memberships.query("goal_id == @goal")["model_id"]) == set(
        part.models["model_id"]
    )


def test_the_largest_goal_is_the_one_with_most_models_and_all_keeps_all(shipped):
    data = shipped["own"]
    sizes = data.memberships["goal_id"].value_counts()
    assert datasets.select(data, goal="largest").part == Part("", sizes.idxmax(), len(data.models))
    assert datasets.select(data, goal="all") is data


def test_all_that_is_wrong_is_said_at_once_with_what_there_is(shipped):
    assert refused(shipped["own"], only="region=Uusima; yaer=2024", goal="x") == (
        'no model has region "Uusima"; allowed: Kainuu, Pirkanmaa, Pohjanmaa, Uusimaa; '
        'did you mean "Uusimaa"?\n'
        'models.csv has no column "yaer"; allowed: model_id, name, region, year; '
        'did you mean "year"?\n'
        'no goal "x"; allowed: largest, all, prevention, support, transition'
    )


def test_a_data_set_without_further_columns_says_which_columns_it_has(shipped):
    assert refused(shipped["literal"], only="region=Uusimaa") == (
        'models.csv has no column "region"; allowed: model_id, name'
    )


def test_of_many_values_the_first_are_listed(shipped):
    message = refused(shipped["literal"], only="model_id=X")
    assert message.endswith("allowed: M01, M02, M03, ... (52 in all)")


# What is known of them


def marked(data, part, feature="ecosystem-anchoring"):
    goals = data.taxonomy.goal_ids
    table = metrics.feature_by_goal(part.status, part.memberships, goals, feature)
    return basis.mark(table, data, "feature-share-by-goal").set_index("goal_id")


def test_of_a_part_of_a_reconstruction_anything_is_possible(review):
    served = review.memberships.query("goal_id == 'goal-2'")["model_id"]
    part = datasets.select(review, f"model_id={served.iloc[0]}")
    for feature in ("ecosystem-anchoring", "participation"):
        table = marked(review, part, feature)
        assessed = table[table["n"] > 0]
        assert set(assessed["basis"]) == {"bounded"}
        assert set(assessed["bound_low"]) == {0}
        assert (assessed["bound_high"] == assessed["n"]).all()
        assert assessed[["k", "share", "low", "high", "low_once"]].isna().all(axis=None)


def test_a_goal_that_keeps_all_its_models_keeps_what_is_known_of_it(review):
    part = datasets.select(review, goal="goal-2")
    table = marked(review, part)
    assert table.loc["goal-2"].equals(marked(review, review).loc["goal-2"])
    assert table.loc["goal-2", "basis"] == "published"


def test_observed_data_stay_observed(shipped):
    data = shipped["own"]
    part = datasets.select(data, "region=Uusimaa")
    assert set(marked(data, part, "digital")["basis"]) == {"synthetic"}


# What figures say


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("plot", ["feature-by-goal", "feature-shares"])
def test_a_figure_of_a_part_says_so_on_its_face_and_in_its_alternative_text(shipped, plot, lang):
    data = shipped["literal"]
    part = datasets.select(data, "name=Malli 07; name=Malli 09")
    which = figures.selected(lang, "", "name=Malli 07", n=2, of=52)
    status = part.status
    table = {
        "feature-shares": lambda: metrics.feature_shares(status).assign(goal_id=""),
        "feature-by-goal": lambda: metrics.feature_by_goal(
            status, part.memberships, data.taxonomy.goal_ids, "ecosystem-anchoring"
        ),
    }[plot]()
    known = basis.mark(table, data, "feature-share", "feature-share-by-goal")
    source = data.info.source[lang]
    words = figures.texts(
        plot, figures.label(known, data.taxonomy, lang, source, selection=which), lang
    )
    assert words.subtitle.startswith(which)
    assert which in words.alt
    assert which in words.description
    unknown = {"feature-shares": "unknown", "feature-by-goal": "bounded"}[plot]
    assert words.findings == (f"{which} {messages(lang)(f'{plot}.{unknown}')}",)
    assert words.title == messages(lang)(
        f"{plot}.title", feature=data.taxonomy.labels(lang)["ecosystem-anchoring"]
    )


def test_all_models_need_no_word():
    assert figures.selected("fi", "", n=52, of=52) == ""
    said = figures.selected("en", "Support", "region=Kainuu", n=1, of=1234)
    assert said == "Selected models: Support; region=Kainuu (1/1,234)."


@pytest.mark.parametrize(
    "asked",
    [
        lambda data: datasets.select(data, goal="goal-1\u200b"),
        lambda data: datasets.select(data, only="name\u200b=Malli 07"),
        lambda data: datasets.trace(data, "participation\u200b"),
        lambda data: soila.plot("feature-by-goal", data, feature="participation\u200b"),
        lambda data: data.consensus("coder:reconstruction\u200b"),
    ],
)
def test_names_what_cannot_be_seen_in_a_choice(shipped, asked):
    with pytest.raises(ValueError, match=r"did you mean .*\? They differ by U\+200B\."):
        asked(shipped["literal"])
