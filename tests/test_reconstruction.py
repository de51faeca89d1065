"""Reconstructed codes give the published figures, and equal seeds give equal bytes.

The checker below shares no code with the solver: it reads the saved files with the csv module and
recomputes every printed percentage and statement in exact fractions.
"""

import csv
import sys
from collections import Counter, defaultdict
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest

from soila_analysis import dataset as datasets
from soila_analysis.review import claims, reconstruction
from soila_analysis.review.reconstruction import LEAD, READINGS, constraints, reconstruct

ROOT = Path(__file__).parents[1]
SHIPPED = {"literal": "review-2024", "memberships": "review-2024-memberships"}
SHARES = {
    "target-group-needs": 91,
    "societal-goal": 89,
    "social-means": 89,
    "societal-solution": 87,
    "sustainability": 73,
    "new-interactions": 73,
    "new-working-idea": 62,
    "ecosystem-anchoring": 53,
}
MOST_COMMON, RAREST = list(SHARES)[:4], list(SHARES)[4:]
GOALS = ["goal-1", "goal-2", "goal-3", "goal-4"]
FIGURES = {  # models, coded models, coded memberships, unclear codes, ecosystem-anchoring by goal
    "literal": (52, 45, [18, 9, 8, 10], 0, [(9, 18), (6, 9), (3, 8), (6, 10)]),
    "memberships": (45, 45, [20, 13, 9, 10], 0, [(12, 20), (5, 13), (6, 9), (5, 10)]),
    "mixed": (51, 45, [16, 12, 8, 10], 0, [(8, 16), (8, 12), (3, 8), (6, 10)]),
    "unclear": (52, 52, [20, 13, 9, 10], 18, [(12, 20), (5, 13), (4, 6), (5, 10)]),
}
LABELS = {  # ecosystem-anchoring as printed, by goal under each order of the labels
    "literal": [50, 67, 38, 60],
    "memberships": [60, 38, 67, 50],
    "mixed": [50, 67, 38, 60],
    "unclear": [60, 38, 67, 50],
}


# --- An independent checker -----------------------------------------------------------------------


def half_up(share):
    return int(share * 100 + Fraction(1, 2))


class Checked:
    """The saved files of a data set, counted by hand."""

    def __init__(self, folder):
        def rows(name):
            with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))

        self.models = [row["model_id"] for row in rows("models")]
        self.names = [row["name"] for row in rows("models")]
        self.goals = defaultdict(list)
        for row in rows("memberships"):
            self.goals[row["model_id"]].append(row["goal_id"])
        self.codings = rows("codings")
        self.code = {(row["model_id"], row["feature_id"]): row["code"] for row in self.codings}
        self.features = sorted({feature for _, feature in self.code})
        self.coded = sorted({model for model, _ in self.code})

    def cell(self, feature, goal=None):
        """(present, assessed) of a feature, over distinct models or within a goal."""
        codes = Counter(
            self.code[model, feature]
            for model in self.coded
            if goal is None or goal in self.goals[model]
        )
        return codes["1"], codes["1"] + codes["0"]

    def share(self, feature):
        return Fraction(*self.cell(feature))

    def mean(self, goal):
        models = [model for model in self.coded if goal in self.goals[model]]
        total = sum(self.code[model, f] == "1" for model in models for f in self.features)
        return Fraction(total, len(models))


@pytest.fixture(scope="module", params=READINGS)
def reading(request):
    return request.param


@pytest.fixture(scope="module")
def dataset(reading):
    return reconstruct(reading)


@pytest.fixture(scope="module")
def checked(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reconstruction") / "data"
    datasets.save(dataset, folder)
    return Checked(folder)


# --- What was published ---------------------------------------------------------------------------


def test_the_eight_printed_shares_come_out(checked):
    assert {feature: half_up(checked.share(feature)) for feature in SHARES} == SHARES


def test_the_printed_goal_shares_are_those_of_the_memberships(checked):
    sizes = Counter(goal for served in checked.goals.values() for goal in served)
    assert sum(sizes.values()) == 52
    assert [sizes[goal] for goal in GOALS] == [20, 13, 9, 10]
    exact = [Fraction(100 * sizes[goal], 52) for goal in GOALS]
    floors = [int(share) for share in exact]
    up = sorted(range(4), key=lambda i: floors[i] - exact[i])[: 100 - sum(floors)]
    assert [floor + (i in up) for i, floor in enumerate(floors)] == [39, 25, 17, 19]


def test_the_four_labels_of_ecosystem_anchoring_come_out(checked, reading):
    cells = [checked.cell("ecosystem-anchoring", goal) for goal in GOALS]
    assert cells == FIGURES[reading][4]
    assert [half_up(Fraction(k, n)) for k, n in cells] == LABELS[reading]


def test_the_lists_of_most_common_and_rarest_features_are_the_published_ones(checked):
    assert len(checked.features) == 16
    unpublished = [checked.share(f) for f in checked.features if f not in SHARES]
    assert len(unpublished) == 8
    assert max(map(checked.share, RAREST)) < min(unpublished)
    assert max(unpublished) < min(map(checked.share, MOST_COMMON))


def test_goal_1_has_most_features_per_coded_model_by_the_stated_lead(checked):
    first, *others = (checked.mean(goal) for goal in GOALS)
    assert Fraction(3, 10) == LEAD
    assert first - max(others) >= LEAD


def test_all_other_claims_are_reproduced_too(dataset, reading):
    table = claims.check(dataset)
    differing = table.loc[table["verdict"] != "reproduced", "claim_id"].tolist()
    assert differing == ([] if reading == "mixed" else ["ecosystem-axis"])


# --- What a reading says --------------------------------------------------------------------------


def test_models_codes_and_memberships_are_as_many_as_the_reading_says(checked, reading):
    models, coded, memberships, unclear, _ = FIGURES[reading]
    assert (len(checked.models), len(checked.coded)) == (models, coded)
    assert len(checked.code) == len(checked.codings) == 16 * coded
    served = Counter(goal for model in checked.coded for goal in checked.goals[model])
    assert [served[goal] for goal in GOALS] == memberships
    assert Counter(checked.code.values())["?"] == unclear
    assert set(checked.code.values()) <= {"0", "1", "?"}


def test_as_many_models_have_two_goals_as_the_reading_says(checked, reading):
    goals_a_model = Counter(len(served) for served in checked.goals.values())
    several = {"literal": 0, "memberships": 7, "mixed": 1, "unclear": 0}[reading]
    assert goals_a_model == Counter({1: len(checked.models) - several, 2: several})


def test_models_are_numbered_and_coded_by_no_person(checked):
    numbers = [f"{i:02}" for i in range(1, len(checked.models) + 1)]
    assert checked.models == [f"M{i}" for i in numbers]
    assert checked.names == [f"Malli {i}" for i in numbers]
    assert {row["coder_id"] for row in checked.codings} == {"reconstruction"}
    assert {row["note"] for row in checked.codings} == {""}


def test_a_data_set_says_what_it_is(dataset, reading):
    assert (dataset.info.kind, dataset.info.reading) == ("reconstructed", reading)
    models, coded, _, unclear, _ = FIGURES[reading]
    title = dataset.info.title.en
    assert title.startswith(f"SOILA review 2024, reconstruction: {models} models")
    assert str(unclear or coded) in title


# --- What the reading leaves open -----------------------------------------------------------------


def test_unpublished_features_are_evenly_spread_between_the_lists(checked, reading):
    counts = sorted(checked.cell(f)[0] for f in checked.features if f not in SHARES)
    assert counts == {
        "unclear": [39, 40, 40, 41, 42, 43, 43, 44],
    }.get(reading, [34, 35, 35, 36, 36, 37, 37, 38])


def test_features_hardly_depend_on_goals(checked):
    for feature in checked.features:
        if feature != "ecosystem-anchoring":
            for goal in GOALS:
                k, n = checked.cell(feature, goal)
                assert abs(k - n * checked.share(feature)) < 2


def test_the_two_goals_of_models_spread_over_all_pairs_of_goals():
    served = reconstruct("memberships").memberships.groupby("model_id")["goal_id"].agg(tuple)
    pairs = Counter(goals for goals in served if len(goals) == 2)
    assert set(pairs) == set(combinations(GOALS, 2))


# --- Seeds and bytes ------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", SHIPPED)
def test_the_shipped_data_are_what_the_first_seed_gives(reading, tmp_path):
    datasets.save(reconstruct(reading, seed=1), tmp_path / "again")
    shipped = ROOT / "data" / SHIPPED[reading]
    names = sorted(file.name for file in shipped.iterdir())
    assert names == sorted(file.name for file in (tmp_path / "again").iterdir())
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (shipped / name).read_bytes()


def test_equal_seeds_give_equal_data_with_any_number_of_workers(dataset, reading):
    assert reconstruct(reading, seed=1, workers=3) == dataset


def test_other_seeds_give_other_codes_and_memberships(dataset, reading):
    other = reconstruct(reading, seed=2)
    assert not other.codings.equals(dataset.codings)
    assert not other.memberships.equals(dataset.memberships)


# --- Errors ---------------------------------------------------------------------------------------


def test_an_unknown_reading_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match="reading") as error:
        constraints("liberal")
    known = "literal, memberships, mixed, unclear"
    assert str(error.value) == f'no reading "liberal"; allowed: {known}'


def test_without_or_tools_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ortools", None)
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    with pytest.raises(ModuleNotFoundError) as error:
        reconstruct("literal")
    assert str(error.value) == (
        "this needs OR-tools; install it with: pip install soila-analysis[reconstruction]"
    )


def test_an_optimum_that_is_not_proven_is_not_taken(monkeypatch):
    monkeypatch.setattr(reconstruction, "DETERMINISTIC_TIME", 0.0)
    with pytest.raises(RuntimeError, match="no proven optimum: CP-SAT ended UNKNOWN"):
        reconstruct("memberships")
