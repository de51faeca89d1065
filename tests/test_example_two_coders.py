"""The example round with two coders is exactly what this seeded generator makes.

`python tests/test_example_two_coders.py` writes data/example-two-coders anew.
"""

from dataclasses import replace
from pathlib import Path
from random import Random

import pandas as pd

from soila_analysis import dataset as datasets
from soila_analysis import taxonomy

FOLDER = Path(__file__).parents[1] / "data" / "example-two-coders"
SEED = 2025
DEVELOPER, ASSESSOR = "developer", "assessor"
INFO = datasets.DatasetInfo(
    title={
        "fi": "Esimerkkikierros, kaksi koodaajaa: keksitty aineisto",
        "sv": "Exempelomgång, två kodare: påhittade data",
        "en": "Example round, two coders: made-up data",
    },
    kind="synthetic",
    source={
        "fi": "Ohjelman arpoma keksitty aineisto, jolla näytetään kahden koodaajan vertailu. "
        "Yksikään rivi ei kuvaa todellista toimintamallia eikä todellista koodaajaa.",
        "sv": "Påhittade data som ett program har slumpat fram för att visa hur två kodare "
        "jämförs. Ingen rad beskriver en verklig verksamhetsmodell eller en verklig kodare.",
        "en": "Made-up data that a program drew, to show how two coders are compared. "
        "No row describes a real operating model or a real coder.",
    },
    licence="CC-BY-4.0",
    round="2025",
    taxonomy=taxonomy.load().version,
    consensus="decided",
)
MODELS = 24
NOT_ASSESSED, DEVELOPER_ONLY = 24, 23  # models that are waiting for both coders, for the assessor
# How many of a hundred models have the feature, and how many of those without it a developer
# claims to have it. The first has no variation at all; the next two are nearly everywhere.
FEATURES = {
    "societal-goal": (100, 0),
    "target-group-needs": (96, 60),
    "societal-solution": (92, 60),
    "sustainability": (60, 45),
    "everyday-life": (75, 30),
    "social-good-impact": (70, 40),
    "new-interactions": (65, 30),
    "new-working-idea": (50, 70),
    "participation": (75, 35),
    "co-creation": (65, 25),
    "social-means": (85, 30),
    "networked": (55, 20),
    "new-competence": (70, 30),
    "local-context": (60, 20),
    "ecosystem-anchoring": (45, 8),
    "scalability-quality": (35, 60),
}
NOTES = {
    (DEVELOPER, "1"): ["Näkyy arjen työssä.", "Sovittu kumppanien kanssa.", "Kirjataan pian."],
    (DEVELOPER, "0"): ["Ei ollut tavoitteena.", "Jäi kokeilun ulkopuolelle."],
    (ASSESSOR, "0"): ["Kuvauksesta ei löydy tästä mainintaa.", "Tavoite, ei vielä toteutunut."],
    (ASSESSOR, "1"): ["Käy ilmi liitteestä.", "Mainitaan toimintaympäristön kuvauksessa."],
    (ASSESSOR, "?"): ["Kuvaus on tästä niukka.", "Kysyttävä kehittäjältä."],
}


DECIDED_ON = ["2025-11-20", "2025-12-04"]
REASONS = {
    "1": ["Kehittäjä toimitti liitteen, josta piirre käy ilmi.", "Kuvausta täydennettiin."],
    "0": ["Kuvaus ei riitä näytöksi.", "Tavoite, joka ei vielä toteudu."],
}


def example() -> datasets.Dataset:
    """Draw the round, then decide on four of ten disagreements."""
    undecided, draw = coded_round(Random(SEED)), Random(SEED + 1)
    listed = datasets.disagreements(undecided)
    settled = listed[[chance(draw, 40) for _ in range(len(listed))]].copy()
    settled["code"] = ["1" if chance(draw, 35) else "0" for _ in range(len(settled))]
    settled["decided_by"] = "kehittäjä ja arvioija"
    settled["decided_on"] = [draw.choice(DECIDED_ON) for _ in range(len(settled))]
    settled["reason"] = [draw.choice(REASONS[code]) for code in settled["code"]]
    columns = ["model_id", "feature_id", "code", "decided_by", "decided_on", "reason"]
    return replace(undecided, decisions=settled[columns])


def coded_round(draw: Random) -> datasets.Dataset:
    """Draw the codes: a developer who sees features more often, and an assessor."""
    ids = [f"E{number:02}" for number in range(1, MODELS + 1)]
    models = pd.DataFrame(
        {
            "model_id": ids,
            "name": [f"Esimerkkimalli {number}" for number in range(1, MODELS + 1)],
            "region": [draw.choice(["A", "B", "C"]) for _ in ids],
            "year": [draw.choice(["2024", "2025"]) for _ in ids],
        }
    )
    goals = taxonomy.load().goal_ids
    memberships = [
        (model, goal)
        for number, model in enumerate(ids)
        for goal in {goals[number % len(goals)], *draw.sample(goals, k=draw.choice([0, 0, 1, 2]))}
    ]
    codings = [
        row
        for number, model in enumerate(ids, start=1)
        if number != NOT_ASSESSED
        for feature in FEATURES
        for row in coded(draw, model, feature, both=number != DEVELOPER_ONLY)
    ]
    return datasets.Dataset(
        FOLDER.name,
        INFO,
        models,
        pd.DataFrame(memberships, columns=["model_id", "goal_id"]),
        pd.DataFrame(codings, columns=["model_id", "feature_id", "coder_id", "code", "note"]),
    )


def coded(draw: Random, model: str, feature: str, both: bool) -> list[tuple[str, ...]]:
    """Draw the codes of one model and feature; where they differ, two of three have a note."""
    common, claimed = FEATURES[feature]
    has = chance(draw, common)
    varies = common < 100
    codes = {
        DEVELOPER: "1" if chance(draw, 98 if has else claimed) or not varies else "0",
        ASSESSOR: "1" if chance(draw, 96 if has else 5) or not varies else "0",
    }
    if varies and chance(draw, 5):
        codes[ASSESSOR] = "?"
    if varies and chance(draw, 1):
        codes = dict.fromkeys(codes, "-")
    if not both or (varies and chance(draw, 1)):
        del codes[ASSESSOR]
    differ = len(set(codes.values())) > 1
    return [
        (model, feature, coder, code, draw.choice(NOTES[coder, code]) if noted else "")
        for coder, code in codes.items()
        for noted in [differ and chance(draw, 67)]
    ]


def chance(draw: Random, percent: int) -> bool:
    return draw.random() * 100 < percent


def test_the_shipped_round_is_what_the_generator_draws_byte_for_byte(tmp_path):
    datasets.save(example(), tmp_path / FOLDER.name)
    for file in sorted((tmp_path / FOLDER.name).iterdir()):
        assert (FOLDER / file.name).read_bytes() == file.read_bytes()
    assert datasets.load(FOLDER) == example()


def test_the_example_says_on_its_face_that_it_is_made_up():
    info = datasets.load(FOLDER).info
    assert info.kind == "synthetic"
    for lang, word in (("fi", "keksitty"), ("sv", "påhittade"), ("en", "made-up")):
        assert word in info.title[lang].lower()
        assert word in info.source[lang].lower()


def test_the_example_has_what_two_coders_bring_about():
    data = datasets.load(FOLDER)
    cells = data.codings.set_index(["model_id", "feature_id", "coder_id"])
    code, note = cells["code"].unstack(), cells["note"].unstack()  # noqa: PD010 - ids are unique
    both = code.dropna()
    differ = both[both[DEVELOPER] != both[ASSESSOR]]
    assert 0.10 < len(differ) / len(both) < 0.25
    assert (differ[DEVELOPER] == "1").sum() > 3 * (differ[ASSESSOR] == "1").sum()
    assert set(both[ASSESSOR]) == {"1", "0", "?", "-"}
    assert 0 < (note.loc[differ.index] != "").any(axis=1).sum() < len(differ)
    assert (both.xs("societal-goal", level="feature_id") == "1").all(axis=None)
    common = both.xs("target-group-needs", level="feature_id")
    assert (common == "1").mean().mean() > 0.9
    assert (common[DEVELOPER] != common[ASSESSOR]).any()
    assert data.models["model_id"].isin(data.codings["model_id"]).sum() == MODELS - 1
    assert data.memberships["model_id"].duplicated().any()
    assert set(data.models.columns) >= {"region", "year"}


def test_some_disagreements_of_the_example_are_decided_and_some_are_open():
    data = datasets.load(FOLDER)
    decided = datasets.disagreements(data)["code"] != ""
    assert data.info.consensus == "decided"
    assert 0.25 < decided.mean() < 0.75
    assert set(data.decisions["code"]) == {"0", "1"}
    assert datasets.notices(data) == ["coders differ on 56 cells, 16 of them decided"]


if __name__ == "__main__":
    datasets.save(example(), FOLDER)
