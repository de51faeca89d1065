"""A language model measured by people, and its shares corrected by theirs."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

import soila_analysis as soila
from soila_analysis import figures
from soila_analysis.language import messages
from soila_analysis.metrics import model_and_people, prediction
from soila_analysis.metrics.prediction import Pairs, corrected

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import prediction_coverage as benchmark  # noqa: E402

LANGUAGES = ("fi", "sv", "en")
# ppi-python 0.2.3, ppi_mean_pointestimate and ppi_mean_ci (alpha 0.05) of the same 0s and 1s, with
# the weight that it tunes: present to both, to people, to the model, to neither; k, n elsewhere.
ORACLE = {
    (30, 5, 4, 11, 110, 150): (0.7244801587301588, 0.6150918663760807, 0.8338684510842369),
    (3, 2, 1, 6, 20, 40): (0.4728835978835979, 0.21864463687441849, 0.7271225588927772),
    (2, 9, 8, 1, 30, 60): (0.55, 0.331967770946381, 0.768032229053619),
    (18, 0, 0, 2, 95, 100): (0.95, 0.907283575292053, 0.992716424707947),
    (1, 5, 0, 44, 3, 150): (0.12000000000000001, 0.03513232144114929, 0.20486767855885074),
}


@pytest.fixture(scope="module")
def data():
    """The last of the made-up rounds: people and a language model, with a frozen sample."""
    return soila.load(ROOT / "data" / "example-rounds-2029")


@pytest.fixture(scope="module")
def table(data):
    return soila.table("model-people", data, "en")


def arrays(*numbers):
    return [np.array([float(one)]) for one in numbers]


def of(*numbers):
    *cells, k, n = arrays(*numbers)
    return Pairs(*cells), k, n


def said(table, lang="en"):
    return " ".join(figures.texts("model-people", table, lang).findings)


# The estimate


@pytest.mark.parametrize("numbers", ORACLE, ids=str)
def test_the_estimate_and_its_normal_interval_are_those_of_ppi_python(numbers):
    pairs, k, n = of(*numbers)
    share, _, variance = prediction._powered(pairs, k, n)
    reach = 1.959963984540054 * np.sqrt(variance)
    found = np.concatenate([share, share - reach, share + reach])
    assert found == pytest.approx(ORACLE[numbers], abs=1e-12)
    assert corrected(pairs, k, n).share == pytest.approx(ORACLE[numbers][0], abs=1e-12)


COUNTS = st.integers(0, 40)


@given(COUNTS, COUNTS, COUNTS, COUNTS, st.integers(0, 200), st.integers(0, 200))
def test_the_correction_never_tells_less_than_people_alone(a, b, c, d, k, more):
    if a + b + c + d == 0:
        return
    better = corrected(*of(a, b, c, d, k, k + more))
    assert 0 <= better.share[0] <= 1
    assert 0 <= better.weight[0] <= 1
    assert a + b + c + d <= better.n[0] <= a + b + c + d + k + more


def test_of_a_model_that_tells_nothing_people_alone_remain():
    pairs, k, n = of(10, 10, 10, 10, 90, 100)
    better = corrected(pairs, k, n)
    assert (better.share[0], better.weight[0], better.n[0]) == (0.5, 0, 40)


def test_of_a_model_that_is_always_right_nearly_all_its_codes_count():
    pairs, k, n = of(30, 0, 0, 20, 90, 150)
    better = corrected(pairs, k, n)
    assert better.share[0] == pytest.approx(0.6)
    assert 150 < better.n[0] <= 200


def test_without_models_outside_the_sample_nothing_is_corrected():
    better = corrected(*of(30, 5, 4, 11, 0, 0))
    assert (better.share[0], better.weight[0], better.n[0]) == (0.7, 0, 50)


@pytest.mark.parametrize("size", [(24, 12), (52, 13), (200, 50)], ids=str)
def test_the_corrected_interval_holds_the_true_share_as_often_as_it_says(size):
    """As benchmarks/prediction_coverage.py finds; the others do not."""
    rng = np.random.default_rng(3)
    held = {"corrected": [], "normal": [], "model alone": []}
    for share in benchmark.SHARES:
        for model in benchmark.MODELS:
            ends = benchmark.intervals(*benchmark.drawn(rng, *size, share, *model, 1500))
            for name, found in held.items():
                low, high = ends[name]
                found.append(np.mean((low <= share) & (share <= high)))
    assert min(held["corrected"]) > 0.92
    assert min(held["normal"]) < 0.87
    assert min(held["model alone"]) < 0.01


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_coverage_that_is_told_is_that_of_the_benchmark(lang):
    told = messages(lang)("model-people.coverage")
    readme = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert "lowest .935, highest .987" in readme
    assert all(number in told for number in ("94–99", "31–95", "24", "52", "200"))


# The table


def statuses(*rows):
    """Statuses of models M0, M1, ... for one feature: + present, - absent, ? unclear, . nothing."""
    names = {"+": "present", "-": "absent", "?": "unclear", ".": "not-assessed"}
    index = [f"M{n}" for n in range(len(rows[0]))]
    return [pd.DataFrame({"f": [names[one] for one in row]}, index=index) for row in rows]


def test_counts_are_those_of_the_frozen_sample_and_of_all_but_the_tuning_models():
    people, model = statuses("+++--+??..++", "++-+--+?+-++")
    sample = pd.DataFrame(
        {
            "model_id": [f"M{n}" for n in (0, 1, 2, 3, 4, 6, 10, 11)],
            "use": ["frozen"] * 6 + ["tuning"] * 2,
        }
    )
    row = model_and_people(people, model, sample).iloc[0]
    assert (row.people_k, row.people_n, row.undecided) == (3, 5, 1)
    assert (row.sensitivity_k, row.sensitivity_n) == (2, 3)
    assert (row.specificity_k, row.specificity_n) == (1, 2)
    assert np.isnan(row.sensitivity)
    assert (row.model_k, row.model_n) == (3 + 1, 5 + 3)
    assert (row.frozen, row.tuning, row.models, row.elsewhere) == (6, 2, 10, 1)


def test_tuning_models_change_no_number(data):
    people, model = data.status, data.consensus("coder:language-model")
    tuned = data.sample.loc[data.sample["use"] == "tuning", "model_id"]
    other = model.copy()
    other.loc[tuned] = "absent"
    numbers = model_and_people(people, model, data.sample)
    assert model_and_people(people, other, data.sample).equals(numbers)


def test_shares_and_intervals_of_counts_are_wilsons(table):
    row = table.iloc[0]
    for name in ("people", "model", "sensitivity", "specificity"):
        k, n = getattr(row, f"{name}_k"), getattr(row, f"{name}_n")
        ends = (getattr(row, f"{name}_low"), getattr(row, f"{name}_high"))
        assert ends == pytest.approx(proportion_confint(k, n, method="wilson"))
        assert getattr(row, name) == k / n


def test_a_sample_names_each_model_once():
    people, model = statuses("+-", "+-")
    twice = pd.DataFrame({"model_id": ["M0", "M0"], "use": ["frozen", "tuning"]})
    with pytest.raises(ValueError, match='sample: "M0" is there twice; a model has one use'):
        model_and_people(people, model, twice)
    with pytest.raises(ValueError, match="sample must be a DataFrame of the columns model_id, use"):
        model_and_people(people, model, people)


# What is said


def test_the_title_and_the_sentences_are_those_of_the_table(table):
    words = figures.texts("model-people", table, "en")
    outside, narrower = int(table["outside"].sum()), int(table["narrower"].sum())
    assert words.title.endswith(f"is outside the corrected interval in {outside} of 16 features")
    assert f"by at least 3 percentage points in {narrower} of 16 features" in words.findings[0]
    for finding, column in enumerate(("narrower", "outside"), start=1):
        for row in table.itertuples():
            assert (f"“{row.feature}”" in words.findings[finding]) == getattr(row, column)
    assert "Models on which the prompt was tuned, left out throughout: 12." in words.notes
    assert "language model Kielimalli (keksitty) (version example-2, SHA-256" in words.findings[-1]
    row = table.set_index("feature_id").loc["participation"]
    assert f"{row['feature']}: sensitivity 19/19 (100%), specificity 10/12 (83%);" in (
        words.description
    )


def test_a_correction_that_wins_nothing_is_said_to(table):
    told = said(table.assign(narrower=False))
    assert "The correction wins nothing: in no feature does the interval narrow by 3" in told
    assert "n = 27–31" in told
    drawn = soila.figures.draw("model-people", table.assign(narrower=False), "en")
    assert not any("narrower" in name for name, _ in drawn.key)


def test_where_the_model_alone_is_never_off_the_title_claims_nothing(table):
    words = figures.texts("model-people", table.assign(outside=False), "en")
    assert words.title == "Language model and people, by feature"
    assert words.findings[2].endswith("in every feature (outside: 0 of 16).")


def test_a_sample_unlike_the_other_models_is_told(table):
    assert "The sample may not be a random one" in said(table.assign(sample_p=0.01))
    assert "The sample may not be a random one" not in said(table.assign(sample_p=0.9))


def test_boxes_stand_where_the_correction_is_worth_it(table):
    drawn = soila.figures.draw("model-people", table, "en")
    keyed = [mark for _, marks in drawn.key for mark in marks]
    boxes = [one for axes in drawn.axes for one in axes.patches if one not in keyed]
    boxes = [one for one in boxes if not one.get_fill()]
    assert len(boxes) == int(table["narrower"].sum())


# Where there is nothing to compare


def lacking(data, lang="en"):
    table = soila.table("model-people", data, lang)
    words = figures.texts("model-people", table, lang)
    with pytest.raises(ValueError, match="model-people: "):
        soila.plot("model-people", data, lang)
    assert len(words.findings) == 1
    return words.findings[0]


@pytest.mark.parametrize("name", ["literal", "own", "example"])
def test_without_a_language_model_one_sentence_says_so(shipped, name):
    assert lacking(shipped[name]).startswith("No language model has coded these operating models")


def test_codes_of_a_reconstruction_are_nobodys(data, shipped):
    made_up = shipped["literal"]
    coder = made_up.codings["coder_id"].iloc[0]
    coders = data.coders.query("kind == 'language-model'").assign(coder_id=coder)
    assert lacking(replace(made_up, coders=coders)).startswith("No language model has coded")


def test_agreement_on_models_that_tuned_the_prompt_is_refused(data):
    tuned = data.sample[data.sample["use"] == "tuning"]
    told = lacking(replace(data, sample=tuned))
    assert told == (
        "sample.csv names no frozen sample, and agreement is not reported on models on which the "
        "prompt was tuned (12)."
    )
    assert lacking(replace(data, sample=None)).startswith("sample.csv names no frozen sample")


def test_without_people_there_is_nothing_to_measure_by(data):
    codes = data.codings[data.codings["coder_id"] == "language-model"]
    alone = replace(data, codings=codes, decisions=None)
    assert lacking(alone).startswith("Only a language model has coded these operating models")


def test_a_sample_that_people_have_not_coded_cannot_be_compared(data):
    frozen = data.sample.loc[data.sample["use"] == "frozen", "model_id"]
    people = data.codings["coder_id"] != "language-model"
    codes = data.codings[~(people & data.codings["model_id"].isin(frozen))]
    other = replace(data, codings=codes, decisions=None)
    assert lacking(other).startswith("In no model of the frozen sample")


def test_an_unknown_language_model_is_named(data):
    with pytest.raises(ValueError, match='no language model "person-a"; allowed: language-model'):
        soila.table("model-people", data, coder="person-a")


def test_a_single_feature_of_a_single_model_is_drawn(data):
    """Hardly anything is known, and nothing of it may fail."""
    frozen = data.sample.loc[data.sample["use"] == "frozen", "model_id"].iloc[:1]
    sample = data.sample[data.sample["model_id"].isin(frozen)]
    models = data.models[data.models["model_id"].isin(frozen)]
    parts = {
        name: own[own["model_id"].isin(frozen)]
        for name, own in data.tables()
        if "model_id" in own and name not in ("models", "sample")
    }
    one = replace(data, models=models, sample=sample, **parts)
    soila.plot("model-people", one, "fi")
    assert "The correction wins nothing" in said(soila.table("model-people", one, "en"))
