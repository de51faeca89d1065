"""The three example rounds are exactly what this seeded generator makes.

`python tests/test_example_rounds.py` writes data/example-rounds-2025, -2027 and -2029 anew.
"""

import hashlib
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from scipy.stats import binomtest, fisher_exact

from soila_analysis import dataset as datasets
from soila_analysis import taxonomy

DATA = Path(__file__).parents[1] / "data"
SEED = 2029
YEARS = ("2025", "2027", "2029")
SIZES = {"2025": 40, "2027": 60, "2029": 80}
KEPT = {"2027": 32, "2029": 52}  # models of the round before that recur
A, B, MACHINE = "person-a", "person-b", "language-model"
TWICE = {"2025": 40, "2027": 24, "2029": 44}  # models that both persons code
TUNING = 12  # of those of 2029, used while the prompt was written; the others are frozen
DECIDED = {"2025": "2025-11-28", "2027": "2027-11-26", "2029": "2029-11-30"}
VERSION = "example-2026"  # of the definitions, from 2027 on
REDEFINED, RISING, LOCAL, TOLD, TOGETHER = (
    "scalability-quality",  # what it means is changed between 2025 and 2027
    "networked",  # becomes more common from round to round
    "ecosystem-anchoring",  # common in one goal, rare in the others
    "participation",  # goes together with
    "co-creation",
)
GOAL = "goal-3"  # the one where LOCAL is common
# How many of a hundred models have a feature, where nothing else is said below.
COMMON = {
    "sustainability": 55,
    "everyday-life": 72,
    "target-group-needs": 92,
    "societal-solution": 88,
    "social-good-impact": 60,
    "new-interactions": 68,
    "new-working-idea": 50,
    "participation": 60,
    "social-means": 85,
    "societal-goal": 90,
    "new-competence": 70,
    "local-context": 62,
}
RISES = {"2025": 22, "2027": 52, "2029": 86}
DEFINED = {"2025": 20, "2027": 68, "2029": 68}  # under the old and the new definition
IN_GOAL, ELSEWHERE = 82, 28
WITH, WITHOUT = 92, 15  # TOGETHER where TOLD is there and where it is not
TURNS = 3  # of a hundred recurring models, how many gain or lose a feature otherwise
# Sensitivity and specificity of each coder; the language model sees some features too often.
RATES = {A: (96, 97), B: (93, 95), MACHINE: (91, 90)}
OVERCODED = {
    "social-good-impact": (98, 40),
    "new-working-idea": (97, 45),
    "sustainability": (96, 55),
}
UNCLEAR = {A: 2, B: 2, MACHINE: 3}
REGIONS = {  # by weight; three counties have no model
    "pirkanmaa": 18,
    "southwest-finland": 9,
    "north-ostrobothnia": 9,
    "west-uusimaa": 8,
    "central-finland": 7,
    "north-savo": 7,
    "vantaa-kerava": 6,
    "kanta-hame": 5,
    "central-uusimaa": 5,
    "ostrobothnia": 5,
    "paijat-hame": 4,
    "satakunta": 4,
    "lapland": 4,
    "north-karelia": 3,
    "kymenlaakso": 3,
    "south-savo": 2,
    "south-karelia": 2,
    "south-ostrobothnia": 2,
    "east-uusimaa": 0,
    "central-ostrobothnia": 0,
    "kainuu": 0,
}
UNTOLD = 6  # of a hundred models, how many tell no region
NO_GOAL = ("pirkanmaa", "goal-4")  # a goal that the region with most models does not serve
GOALS = {"goal-1": 32, "goal-2": 28, "goal-3": 25, "goal-4": 15}
SECOND = 20  # of a hundred models, how many serve a second goal
NOTES = {
    "1": ["Käy ilmi liitteestä.", "Mainitaan kuvauksessa."],
    "0": ["Kuvauksesta ei löydy tästä mainintaa.", "Tavoite, ei vielä toteutunut."],
    "?": ["Kuvaus on tästä niukka."],
}
REASON = {"1": "Kuvausta täydennettiin.", "0": "Kuvaus ei riitä näytöksi."}


@dataclass
class Model:
    """A made-up model: what it says of itself, and which features it truly has."""

    ordinal: int
    region: str
    year: str
    goals: list[str]
    has: dict[str, bool] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"E{self.ordinal:03}"


@cache
def rounds() -> dict[str, datasets.Dataset]:
    """Draw the three rounds, each from the models that recur and new ones."""
    draw, models, made = Random(SEED), [], {}
    born = 0
    for year in YEARS:
        kept = sorted(draw.sample(range(len(models)), KEPT.get(year, 0)))
        models = [models[i] for i in kept]
        for model in models:
            model.has = moved(draw, model, year)
        while len(models) < SIZES[year]:
            born += 1
            models.append(drawn(draw, born, year))
        made[year] = coded_round(draw, models, year)
    return made


def drawn(draw: Random, ordinal: int, year: str) -> Model:
    """Draw a new model."""
    region = draw.choices(list(REGIONS), list(REGIONS.values()))[0]
    weights = {g: w for g, w in GOALS.items() if (region, g) != NO_GOAL}
    goals = draw.choices(list(weights), list(weights.values()))
    if chance(draw, SECOND):
        goals += draw.choices([g for g in weights if g not in goals])
    region = "" if chance(draw, UNTOLD) else region
    model = Model(ordinal, region, draw.choice([str(int(year) - 1), year]), goals)
    for feature in taxonomy.load().feature_ids:
        model.has[feature] = chance(draw, common(model, feature, year))
    return model


def common(model: Model, feature: str, year: str) -> int:
    """Of a hundred models such as this one, how many have the feature."""
    planted = {
        RISING: RISES[year],
        REDEFINED: DEFINED[year],
        LOCAL: IN_GOAL if GOAL in model.goals else ELSEWHERE,
        TOGETHER: WITH if model.has.get(TOLD) else WITHOUT,
    }
    return planted.get(feature, COMMON.get(feature, 0))


def moved(draw: Random, model: Model, year: str) -> dict[str, bool]:
    """Draw what a model has when it recurs: features of trend are gained, few others turn."""
    before = YEARS[YEARS.index(year) - 1]
    has = {}
    for feature, there in model.has.items():
        steps = {RISING: RISES, REDEFINED: DEFINED}.get(feature)
        gained = TURNS
        if steps:
            gained = round(100 * (steps[year] - steps[before]) / (100 - steps[before]))
        has[feature] = there ^ chance(draw, TURNS if there else gained)
    return has


def coded_round(draw: Random, models: list[Model], year: str) -> datasets.Dataset:
    """Draw the codes of one round, and decisions on half of what the persons differ on."""
    twice = set(draw.sample([model.id for model in models], TWICE[year]))
    codings = [row for model in models for row in coded(draw, model, model.id in twice, year)]
    names = ["model_id", "feature_id", "coder_id", "code", "note"]
    goals = [(model.id, goal) for model in models for goal in model.goals]
    round_ = datasets.Dataset(
        f"example-rounds-{year}",
        info(year),
        pd.DataFrame(
            {
                "model_id": [model.id for model in models],
                "name": [f"Esimerkkimalli {model.ordinal}" for model in models],
                "region": [model.region for model in models],
                "year": [model.year for model in models],
            }
        ),
        pd.DataFrame(goals, columns=["model_id", "goal_id"]),
        pd.DataFrame(codings, columns=names),
        coders=coders(year),
        sample=sample(sorted(twice)) if year == "2029" else None,
        **({} if year == "2025" else redefined()),
    )
    return decided(draw, round_, year)


def coded(draw: Random, model: Model, both: bool, year: str) -> list[tuple[str, ...]]:
    """Draw the codes of one model: by both persons or by one, and from 2027 by the machine."""
    alone = A if model.ordinal % 2 else B
    persons = [A, B] if both else [alone]
    rows = []
    for feature, there in model.has.items():
        codes = {c: code(draw, c, feature, there) for c in persons}
        differ = len(set(codes.values())) > 1
        if year != "2025":
            codes[MACHINE] = code(draw, MACHINE, feature, there)
        for coder, given in codes.items():
            noted = differ and coder != MACHINE and chance(draw, 50)
            note = draw.choice(NOTES[given]) if noted else ""
            rows.append((model.id, feature, coder, given, note))
    return rows


def code(draw: Random, coder: str, feature: str, there: bool) -> str:
    if chance(draw, UNCLEAR[coder]):
        return "?"
    return "1" if chance(draw, present(coder, feature, there)) else "0"


def present(coder: str, feature: str, there: bool) -> int:
    """Of a hundred models that have the feature or do not, how many a coder says have it."""
    rates = OVERCODED.get(feature, RATES[coder]) if coder == MACHINE else RATES[coder]
    return rates[0] if there else 100 - rates[1]


def decided(draw: Random, data: datasets.Dataset, year: str) -> datasets.Dataset:
    """Settle half of the cells on which the two persons differ."""
    cells = data.codings[data.codings["coder_id"] != MACHINE]
    differ = cells.groupby(["model_id", "feature_id"])["code"].nunique().gt(1)
    rows = []
    for model, feature in differ.index[differ]:
        if chance(draw, 50):
            given = "1" if chance(draw, 50) else "0"
            rows.append((model, feature, given, f"{A}, {B}", DECIDED[year], REASON[given]))
    names = ["model_id", "feature_id", "code", "decided_by", "decided_on", "reason"]
    return replace(data, decisions=pd.DataFrame(rows, columns=names))


def redefined() -> dict[str, pd.DataFrame]:
    """The library's features with one definition changed, and the change."""
    place = Path(taxonomy.__file__).parent
    features, changes = (
        pd.read_csv(place / f"{name}.csv", dtype=str, keep_default_na=False)
        for name in ("features", "changes")
    )
    here = features["feature_id"] == REDEFINED
    features.loc[here, "definition_fi"] = (
        "Kuvattu niin, että muut voivat ottaa innovaation käyttöön."
    )
    features.loc[here, "definition_sv"] = "Beskriven så att andra kan ta innovationen i bruk."
    features.loc[here, "definition_en"] = "Described so that others can adopt it."
    features.loc[here, "note"] = "A made-up change of the definition, for the example rounds."
    change = {
        "version": VERSION,
        "date": "2026",
        "feature_id": REDEFINED,
        "change_fi": "Keksitty muutos: arviointia ei enää vaadita.",
        "change_sv": "Påhittad ändring: ingen utvärdering krävs längre.",
        "change_en": "Made-up change: an evaluation is no longer required.",
        "recode": "yes",
    }
    return {"features": features, "changes": pd.concat([changes, pd.DataFrame([change])])}


def info(year: str) -> datasets.DatasetInfo:
    place = YEARS.index(year)
    return datasets.DatasetInfo(
        title={
            "fi": f"Esimerkkikierros {year}, sarjassa kolme kierrosta: keksitty aineisto",
            "sv": f"Exempelomgång {year}, en av tre omgångar: påhittade data",
            "en": f"Example round {year}, one of three rounds: made-up data",
        },
        kind="synthetic",
        source={
            "fi": "Ohjelman arpoma keksitty aineisto, jolla näytetään kierrosten vertailu. "
            "Yksikään rivi ei kuvaa todellista toimintamallia, koodaajaa eikä kielimallia.",
            "sv": "Påhittade data som ett program har lottat fram för att visa hur omgångar "
            "jämförs. Ingen rad beskriver en verklig verksamhetsmodell, kodare eller språkmodell.",
            "en": "Made-up data that a program drew, to show how rounds are compared. "
            "No row describes a real operating model, coder or language model.",
        },
        licence="CC-BY-4.0",
        round=year,
        earlier=f"../example-rounds-{YEARS[place - 1]}" if place else None,
        taxonomy=VERSION if place else taxonomy.load().version,
        consensus="decided",
    )


def coders(year: str) -> pd.DataFrame:
    """Who coded: two persons, and from 2027 a language model, of another version each time."""
    rows = [
        (A, "person", "researcher", "Koodaaja A (keksitty)", "", "", ""),
        (B, "person", "assessor", "Koodaaja B (keksitty)", "", "", ""),
    ]
    if year != "2025":
        prompt = hashlib.sha256(f"Made-up prompt of {year}".encode()).hexdigest()
        name, version = "Kielimalli (keksitty)", f"example-{YEARS.index(year)}"
        rows.append((MACHINE, "language-model", "coder", name, version, prompt, f"{year}-09-15"))
    names = ["coder_id", "kind", "role", "name", "version", "prompt_sha256", "date"]
    return pd.DataFrame(rows, columns=names)


def sample(models: list[str]) -> pd.DataFrame:
    """Which of the models that were coded twice served to write the prompt; others are frozen."""
    tuning = set(Random(SEED + 1).sample(models, TUNING))
    uses = ["tuning" if model in tuning else "frozen" for model in models]
    return pd.DataFrame({"model_id": models, "use": uses})


def write(place: Path) -> None:
    """Write the three rounds, oldest first."""
    for data in rounds().values():
        datasets.save(data, place / data.name)


def chance(draw: Random, percent: int) -> bool:
    return draw.random() * 100 < percent


# What is there


@pytest.fixture(scope="module")
def shipped():
    return {year: datasets.load(DATA / f"example-rounds-{year}") for year in YEARS}


def test_the_shipped_rounds_are_what_the_generator_draws_byte_for_byte(tmp_path, shipped):
    write(tmp_path)
    for year, data in rounds().items():
        drawn_anew = {f.name: f.read_bytes() for f in (tmp_path / data.name).iterdir()}
        assert drawn_anew == {f.name: f.read_bytes() for f in (DATA / data.name).iterdir()}
        assert shipped[year] == data


def test_the_rounds_say_on_their_face_that_they_are_made_up(shipped):
    for data in shipped.values():
        assert data.info.kind == "synthetic"
        for lang, word in (("fi", "keksitty"), ("sv", "påhittade"), ("en", "made-up")):
            assert word in data.info.title[lang].lower()
            assert word in data.info.source[lang].lower()


def persons(data):
    """One code a cell, of the persons: the first one's where there are two."""
    cells = data.codings[data.codings["coder_id"] != MACHINE]
    return cells.drop_duplicates(["model_id", "feature_id"]).pivot(  # noqa: PD010
        index="model_id", columns="feature_id", values="code"
    )


def test_a_feature_rises_and_gains_among_the_models_that_recur(shipped):
    first, last = persons(shipped["2025"])[RISING], persons(shipped["2029"])[RISING]
    both = first.index.intersection(last.index)
    assert len(both) >= 20
    gained = int(((first[both] == "0") & (last[both] == "1")).sum())
    lost = int(((first[both] == "1") & (last[both] == "0")).sum())
    assert binomtest(gained, gained + lost).pvalue < 0.001


def test_one_definition_changed_and_its_share_with_it(shipped):
    old, new = (shipped[year].taxonomy for year in ("2025", "2027"))
    changed = [a.id for a, b in zip(old.features, new.features, strict=True) if a != b]
    assert changed == [REDEFINED]
    assert [(c.version, c.feature_id, c.recode) for c in new.changes[1:]] == [
        (VERSION, REDEFINED, True)
    ]
    share = {year: (persons(data)[REDEFINED] == "1").mean() for year, data in shipped.items()}
    assert share["2025"] < 0.35 < 0.5 < min(share["2027"], share["2029"])


def test_two_features_go_together_and_one_goal_stands_apart(shipped):
    data = shipped["2029"]
    codes = persons(data)
    assert fisher_exact(pd.crosstab(codes[TOLD] == "1", codes[TOGETHER] == "1")).pvalue < 0.001
    served = data.memberships.query("goal_id == @GOAL")["model_id"]
    inside = codes.index.isin(served)
    assert fisher_exact(pd.crosstab(inside, codes[LOCAL] == "1")).pvalue < 0.001


def test_the_language_model_sees_some_features_too_often(shipped):
    data = shipped["2029"]
    machine = data.codings.query("coder_id == @MACHINE").pivot(  # noqa: PD010
        index="model_id", columns="feature_id", values="code"
    )
    more = ((machine == "1").mean() - (persons(data) == "1").mean()).sort_values()
    assert set(more.index[-3:]) == set(OVERCODED)
    assert more.iloc[-3] > 0.12


def test_regions_are_unevenly_filled_and_one_lacks_a_goal(shipped):
    models = shipped["2029"].models
    known = {region for region, weight in REGIONS.items() if weight}
    assert set(models["region"]) - {""} <= known
    assert (models["region"] == "").any()
    sizes = models["region"].value_counts()
    region, goal = NO_GOAL
    assert sizes.idxmax() == region
    assert sizes[region] > 4 * sizes.min()
    here = shipped["2029"].memberships.merge(models[models["region"] == region])
    assert set(here["goal_id"]) == set(GOALS) - {goal}


def test_the_language_model_codes_all_and_persons_some_of_them_twice(shipped):
    for year, data in shipped.items():
        by_model = data.codings.groupby("model_id")["coder_id"].agg(set)
        assert len(by_model) == len(data.models) == SIZES[year]
        assert by_model.map(lambda who: {A, B} <= who).sum() == TWICE[year]
        assert by_model.map(lambda who: MACHINE in who).all() == (year != "2025")
    uses = pd.read_csv(DATA / "example-rounds-2029" / "sample.csv").value_counts("use")
    assert dict(uses) == {"frozen": TWICE["2029"] - TUNING, "tuning": TUNING}


if __name__ == "__main__":
    write(DATA)
