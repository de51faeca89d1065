import re
from dataclasses import FrozenInstanceError, fields
from importlib.resources import files

import pandas as pd
import pytest

from soila_analysis import taxonomy
from soila_analysis.taxonomy import COUNTS_AS, LANGUAGES, Taxonomy, Wording

FEATURE_IDS = (
    "sustainability",
    "everyday-life",
    "target-group-needs",
    "societal-solution",
    "social-good-impact",
    "new-interactions",
    "new-working-idea",
    "participation",
    "co-creation",
    "social-means",
    "networked",
    "societal-goal",
    "new-competence",
    "local-context",
    "ecosystem-anchoring",
    "scalability-quality",
)
GOAL_IDS = ("goal-1", "goal-2", "goal-3", "goal-4")
BOXES = (1, 2, 3, 3, 4, 5, 5, 5, 5, 6, 7, 7, 8, 9, 9, 10)
KEBAB_CASE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@pytest.fixture
def shipped() -> Taxonomy:
    return taxonomy.load()


def wordings(shipped: Taxonomy) -> dict[str, Wording]:
    """Every text of the taxonomy under a name that says where it stands."""
    records = (*shipped.features, *shipped.goals, *shipped.codes)
    records += (*shipped.definitions, *shipped.changes)
    return {
        f"{type(record).__name__} {getattr(record, fields(record)[0].name)} {field.name}": value
        for record in records
        for field in fields(record)
        if isinstance(value := getattr(record, field.name), Wording) and field.name != "summary"
    }


def official(wording: Wording) -> list[str]:
    return [language for language in LANGUAGES if wording.status(language) == "official"]


# What is in it


def test_the_sixteen_features_stand_in_the_order_of_the_slides(shipped):
    assert shipped.feature_ids == FEATURE_IDS


def test_the_four_goals_stand_in_order(shipped):
    assert shipped.goal_ids == GOAL_IDS


def test_the_four_codes_count_as_what_the_scale_says(shipped):
    assert shipped.counts_as == dict(zip("10?-", COUNTS_AS, strict=True))


def test_the_version_is_that_of_the_review_year(shipped):
    assert shipped.version == "2024.1"


def test_the_features_flow_through_ten_boxes_of_the_slide(shipped):
    assert tuple(feature.box for feature in shipped.features) == BOXES


@pytest.mark.parametrize("kind", ["features", "goals", "definitions", "references"])
def test_ids_are_kebab_case_and_unique(shipped, kind):
    ids = [record.id for record in getattr(shipped, kind)]
    assert [id_ for id_ in ids if not KEBAB_CASE.fullmatch(id_)] == []
    assert len(set(ids)) == len(ids)


def test_no_feature_shares_its_id_with_a_goal(shipped):
    assert set(shipped.feature_ids).isdisjoint(shipped.goal_ids)


# Wordings


def test_every_text_is_written_in_three_languages(shipped):
    texts = wordings(shipped)
    assert len(texts) == 16 * 2 + 4 * 3 + 4 + 4 + 1
    assert [
        (name, language)
        for name, wording in texts.items()
        for language in LANGUAGES
        if not wording[language].strip()
    ] == []


def test_no_text_carries_stray_white_space_or_a_broken_word(shipped):
    stray = re.compile(r"^\s|\s$|\s\s|[\n\r\t\u00ad]|-\s(?!ja |och )")
    assert [
        wording[language]
        for wording in wordings(shipped).values()
        for language in LANGUAGES
        if stray.search(wording[language])
    ] == []


def test_every_status_is_official_or_own(shipped):
    statuses = {
        wording.status(language) for wording in wordings(shipped).values() for language in LANGUAGES
    }
    assert statuses == {"official", "own"}


def test_labels_are_official_in_finnish_and_own_in_swedish(shipped):
    for record in (*shipped.features, *shipped.goals):
        assert record.label.status("fi") == "official"
        assert record.label.status("sv") == "own"


def test_eight_feature_labels_are_thls_own_english(shipped):
    assert [f.id for f in shipped.features if f.label.status("en") == "official"] == [
        "everyday-life",
        "societal-solution",
        "social-good-impact",
        "new-interactions",
        "new-working-idea",
        "co-creation",
        "social-means",
        "societal-goal",
    ]


def test_every_feature_definition_is_in_our_own_words(shipped):
    assert [f.id for f in shipped.features if official(f.definition)] == []


def test_the_long_texts_of_the_goals_are_official_in_every_language(shipped):
    assert [official(goal.long) for goal in shipped.goals] == [list(LANGUAGES)] * 4


@pytest.mark.parametrize(
    ("id_", "fi", "sv", "en"),
    [
        (
            "sustainability",
            "Ratkaisun sosiaalinen, taloudellinen ja ekologinen kestävyys",
            "Lösningens sociala, ekonomiska och ekologiska hållbarhet",
            "Social, economic and ecological sustainability of the solution",
        ),
        ("new-working-idea", "Uusi toimiva idea", "Ny, fungerande idé", "New, functional idea"),
        (
            "ecosystem-anchoring",
            "Kiinnittyminen ekosysteemiin",
            "Förankring i ekosystemet",
            "Anchoring in the ecosystem",
        ),
        (
            "goal-4",
            "Päihde- ja mielenterveyspalvelut sijaishuollon aikana",
            "Missbruks- och mentalvårdstjänster under vård utom hemmet",
            "Substance-use and mental-health services during substitute care",
        ),
    ],
)
def test_labels_read_as_in_the_sources(shipped, id_, fi, sv, en):
    assert [shipped.labels(language)[id_] for language in LANGUAGES] == [fi, sv, en]


def test_labels_cover_features_and_goals_in_order(shipped):
    assert tuple(shipped.labels("fi")) == FEATURE_IDS + GOAL_IDS


def test_labels_differ_within_each_language(shipped):
    for language in LANGUAGES:
        assert len(set(shipped.labels(language).values())) == 20


def test_a_wording_knows_its_three_languages_only(shipped):
    with pytest.raises(KeyError, match="fi_status"):
        shipped.features[0].label["fi_status"]


def test_goals_say_how_their_ages_and_older_variants_differ(shipped):
    notes = [goal.note for goal in shipped.goals]
    assert "13–17" in notes[0]
    assert "12–17" in notes[0]
    assert "erityisen huolenpidon palvelujen parantaminen" in notes[3]


# Definitions and sources


def test_the_slides_define_two_features(shipped):
    assert [(d.feature_id, shipped.attributed(d, "fi")) for d in shipped.definitions] == [
        (None, "Young Foundation 2012 (THL: SOILA-diat)"),
        ("social-means", "Demos Helsinki 2022 (THL: SOILA-diat)"),
        ("local-context", "Kuivalainen ym. 2022 (THL: SOILA-diat)"),
        ("local-context", "Leskelä & Koivisto 2019 (THL: SOILA-diat)"),
    ]


def test_a_quotation_that_we_translated_says_so_and_names_the_original(shipped):
    assert shipped.attributed(shipped.definitions[0], "en") == (
        "Young Foundation 2012 (THL: SOILA slides); our translation from the Finnish of the "
        "slides; original in English: Caulier-Grice et al. 2012"
    )
    assert shipped.attributed(shipped.definitions[2], "sv") == (
        "Kuivalainen m.fl. 2022 (THL: SOILA:s bilder); egen översättning från bildernas finska text"
    )


def test_the_wording_of_a_goal_has_its_year_and_a_cut_one_our_summary(shipped):
    first, *_, fourth = shipped.goals
    assert first.worded("fi").endswith(
        "työmenetelmillä ja palveluilla (virallinen sanamuoto vuodelta 2024)"
    )
    assert first.worded("sv").endswith(
        "barnskyddets öppenvård (...) (officiell formulering från 2023)"
    )
    summary = "[vår sammanfattning: för att svara mot problem med psykisk hälsa och missbruk]"
    assert fourth.worded("sv").endswith(f"(...) {summary} (officiell formulering från 2023)")
    assert fourth.worded("fi").endswith(
        "mielenterveys- ja päihdeongelmiin (virallinen sanamuoto vuodelta 2024)"
    )


def test_an_own_taxonomy_quotes_no_definition_of_ours_and_cites_nothing(shipped):
    features = table(labelled(feature_id="warmth"))
    goals = table(labelled(goal_id="a"))
    other = shipped.with_tables(version="1", features=features, goals=goals)
    assert other.definitions == ()
    assert other.cited() == ()


@pytest.mark.parametrize(
    ("position", "verbatim"),
    [
        (0, "yhteiskunnalliseen tarpeeseen (tehokkaammin kuin olemassa olevat ratkaisut) ja"),
        (0, "Toisin sanoen sosiaaliset innovaatiot ovat sekä hyväksi yhteiskunnalle että"),
        (1, "Sosiaalinen innovaatio muuttaa tai luo uusia sosiaalisia suhteita ja yhteistyötä"),
        (2, "johonkin tiettyyn toimintaympäristön muutokseen tai tietoisia yrityksiä vaikuttaa"),
        (3, "muovautuvat omanlaisekseen, kun niitä sovelletaan ja hyödynnetään erilaisissa"),
    ],
)
def test_finnish_definitions_are_quoted_verbatim_over_line_breaks(shipped, position, verbatim):
    assert verbatim in shipped.definitions[position].text["fi"]


def test_definitions_are_official_in_finnish_and_our_own_translations_else(shipped):
    assert [official(definition.text) for definition in shipped.definitions] == [["fi"]] * 4


def test_every_basis_is_sourced_partly_inferred_or_inferred(shipped):
    by_basis = {
        basis: [f.id for f in shipped.features if f.basis == basis]
        for basis in ("partly inferred", "inferred")
    }
    assert by_basis == {
        "partly inferred": ["sustainability", "everyday-life", "co-creation"],
        "inferred": ["networked", "new-competence", "scalability-quality"],
    }
    assert {f.basis for f in shipped.features} == {"sourced", *by_basis}


def test_whatever_is_inferred_has_a_note_that_says_so(shipped):
    for record in shipped.features:
        assert ("inferred" in record.basis) == ("inferred" in record.note), record.id


def test_every_source_is_among_the_references(shipped):
    known = {reference.id for reference in shipped.references}
    cited = {
        *(source for record in (*shipped.features, *shipped.goals) for source in record.sources),
        *(reference for record in shipped.definitions for reference in record.references),
    }
    assert {reference.id for reference in shipped.cited()} == cited
    assert cited - known == set()
    assert known - cited == {"soila-review-2024"}, "the review is cited as a whole"


def test_every_feature_and_goal_takes_its_name_from_the_slides(shipped):
    for record in (*shipped.features, *shipped.goals):
        assert record.sources[0] == "slides", record.id


def test_only_pages_that_were_read_count_as_seen(shipped):
    statuses = {reference.id: reference.status for reference in shipped.references}
    assert {id_ for id_, status in statuses.items() if status == "not seen"} == {
        "soila-review-2024",
        "caulier-grice-2012",
    }
    assert {id_ for id_, status in statuses.items() if status == "as cited in the slides"} == {
        "young-foundation-2012",
        "demos-helsinki-2022",
        "kuivalainen-2022",
        "leskela-koivisto-2019",
    }
    assert set(statuses.values()) == {"seen", "not seen", "as cited in the slides"}


def test_whatever_was_seen_has_an_address(shipped):
    for reference in shipped.references:
        assert reference.status != "seen" or reference.url.startswith("https://"), reference.id


# Records


def test_records_refuse_change(shipped):
    records = (
        shipped,
        shipped.features[0],
        shipped.features[0].label,
        shipped.goals[0],
        shipped.codes[0],
        shipped.definitions[0],
        shipped.references[0],
    )
    for record in records:
        name = fields(record)[0].name
        with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{name}'"):
            setattr(record, name, "changed")


def test_the_taxonomy_is_read_once():
    assert taxonomy.load() is taxonomy.load()


# Another taxonomy


def table(*rows: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), dtype=str).fillna("")


def labelled(**columns: str) -> dict[str, str]:
    return columns | {"label_fi": "suomeksi", "label_sv": "på svenska", "label_en": "in English"}


def test_a_data_set_brings_its_own_features(shipped):
    features = table(labelled(feature_id="warmth"), labelled(feature_id="local-context"))
    other = shipped.with_tables(version="2027.1", features=features)
    assert other.version == "2027.1"
    assert other.feature_ids == ("warmth", "local-context")
    assert other.labels("sv")["warmth"] == "på svenska"
    assert other.goals == shipped.goals
    assert other.codes == shipped.codes


def test_definitions_of_features_that_are_gone_are_dropped(shipped):
    features = table(labelled(feature_id="warmth"), labelled(feature_id="local-context"))
    other = shipped.with_tables(version="2027.1", features=features)
    assert [d.feature_id for d in other.definitions] == [None, "local-context", "local-context"]


def test_columns_beyond_the_required_may_be_missing(shipped):
    features = table(labelled(feature_id="warmth"), labelled(feature_id="trust"))
    other = shipped.with_tables(version="2027.1", features=features)
    warmth, trust = other.features
    assert official(warmth.label) == []
    assert warmth.definition == Wording("", "", "")
    assert (warmth.basis, warmth.note, warmth.sources) == ("", "", ())
    assert (warmth.box, trust.box) == (1, 2)


def test_order_follows_the_position_as_a_number(shipped):
    goals = table(
        labelled(goal_id="tenth", position="10"),
        labelled(goal_id="second", position="2"),
        labelled(goal_id="first", position="1"),
    )
    other = shipped.with_tables(version="2027.1", goals=goals)
    assert other.goal_ids == ("first", "second", "tenth")
    assert other.definitions == shipped.definitions


def test_a_scale_with_partly_is_a_row_more(shipped):
    codes = table(
        labelled(code="2", counts_as="present"),
        labelled(code="1", counts_as="present"),
        labelled(code="0", counts_as="absent"),
    )
    other = shipped.with_tables(version="2027.1", codes=codes)
    assert other.counts_as == {"2": "present", "1": "present", "0": "absent"}


def test_the_package_survives_a_round_through_its_own_tables(shipped):
    def shipped_table(name: str) -> pd.DataFrame:
        with files(taxonomy).joinpath(f"{name}.csv").open(encoding="utf-8") as file:
            return pd.read_csv(file, dtype=str, keep_default_na=False)

    tables = {name: shipped_table(name) for name in ("features", "goals", "codes", "changes")}
    for name, columns in {
        "features": taxonomy.FEATURE_COLUMNS,
        "goals": taxonomy.GOAL_COLUMNS,
        "codes": taxonomy.CODE_COLUMNS,
        "changes": taxonomy.CHANGE_COLUMNS,
    }.items():
        assert set(columns) <= set(tables[name].columns)
    assert shipped.with_tables(version=shipped.version, **tables) == shipped


def test_statuses_and_sources_of_a_data_set_are_kept(shipped):
    features = table(
        labelled(feature_id="warmth", label_sv_status="official", sources="slides;tepsie-summary")
    )
    (warmth,) = shipped.with_tables(version="2027.1", features=features).features
    assert official(warmth.label) == ["sv"]
    assert warmth.sources == ("slides", "tepsie-summary")


def test_one_definition_status_holds_for_all_three_languages(shipped):
    features = table(labelled(feature_id="warmth", definition_status="official"))
    (warmth,) = shipped.with_tables(version="2027.1", features=features).features
    assert official(warmth.definition) == list(LANGUAGES)


# Versions


def test_the_one_version_so_far_is_the_one_in_use(shipped):
    assert shipped.versions == (shipped.version,)
    (published,) = shipped.changes
    assert (published.feature_id, published.recode, published.date) == (None, False, "2024")


def test_versions_stand_oldest_first_and_end_with_one_that_nothing_tells_of(shipped):
    rows = [
        ("v1", "2024", "", "Eka", "Första", "First", "no"),
        ("v2", "2025", "warmth", "Uusi", "Ny", "New", "yes"),
        ("v2", "2025", "light", "Uusi", "Ny", "New", "no"),
    ]
    changes = pd.DataFrame(rows, columns=taxonomy.CHANGE_COLUMNS)
    assert shipped.with_tables(version="v2", changes=changes).versions == ("v1", "v2")
    assert shipped.with_tables(version="v3", changes=changes).versions == ("v1", "v2", "v3")


def test_features_of_a_data_set_have_no_past_but_what_it_tells(shipped):
    features = pd.DataFrame([("f1", "a", "b", "c")], columns=taxonomy.FEATURE_COLUMNS)
    assert shipped.with_tables(version="own", features=features).changes == ()
