import ast
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from string import Formatter

import numpy as np
import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from words import stumbles

from soila_analysis import dataset as datasets
from soila_analysis.language import LANGUAGES, Messages, messages
from soila_analysis.report.pages import LONG

SOURCE = Path(__file__).parents[1] / "src" / "soila_analysis"
PLURAL_FORMS = {"zero", "one", "two", "few", "many", "other"}
NBSP = "\u00a0"


def flat(catalogue, prefix=""):
    for key, value in catalogue.items():
        if isinstance(value, Mapping) and not value.keys() <= PLURAL_FORMS:
            yield from flat(value, f"{prefix}{key}.")
        elif f"{prefix}{key}" != "hyphenation.compounds":
            yield f"{prefix}{key}", value


def forms(value):
    return list(value.values()) if isinstance(value, Mapping) else [value]


def placeholders(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


CATALOGUES = {lang: dict(flat(messages(lang).catalogue)) for lang in LANGUAGES}


def offending(lang, pattern):
    """The messages of a language in which a pattern is found."""
    texts = ((key, text) for key, value in CATALOGUES[lang].items() for text in forms(value))
    return {key: text for key, text in texts if re.search(pattern, text)}


# Catalogues


def test_the_languages_are_finnish_swedish_and_english():
    assert LANGUAGES == ("fi", "sv", "en")


@pytest.mark.parametrize("lang", ["sv", "en"])
def test_every_language_has_the_messages_of_finnish_in_the_same_order(lang):
    assert list(CATALOGUES[lang]) == list(CATALOGUES["fi"])


@pytest.mark.parametrize("lang", ["sv", "en"])
def test_a_message_has_the_placeholders_that_it_has_in_finnish(lang):
    def named(catalogue):
        return {key: [placeholders(text) for text in forms(v)] for key, v in catalogue.items()}

    assert named(CATALOGUES[lang]) == named(CATALOGUES["fi"])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_message_with_plural_forms_has_all_that_the_language_needs(lang):
    needed = set(Locale(lang).plural_form.tags) | {"other"}
    found = [set(v) for v in CATALOGUES[lang].values() if isinstance(v, Mapping)]
    assert found
    assert all(forms == needed for forms in found)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_message_is_empty_or_has_typewriter_quotes_dots_or_dashes(lang):
    assert offending(lang, r"^$|^\s+$|\s$|\"|\.\.\.|--") == {}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_message_has_a_word_to_stumble_over(lang):
    texts = ((key, text) for key, value in CATALOGUES[lang].items() for text in forms(value))
    assert {key: found for key, text in texts if (found := stumbles(lang, text))} == {}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_data_set_and_no_feature_or_code_has_a_word_to_stumble_over(lang):
    for file in sorted((SOURCE.parents[1] / "data").glob("*/dataset.toml")):
        data = datasets.load(file.parent)
        told = [data.info.title[lang], data.info.source[lang]]
        told += [
            *data.taxonomy.labels(lang).values(),
            *(code.label[lang] for code in data.taxonomy.codes),
        ]
        assert stumbles(lang, " | ".join(told)) == set()


@pytest.mark.parametrize("lang", ["fi", "sv"])
def test_a_no_break_space_stands_before_a_percent_sign_in_finnish_and_swedish(lang):
    assert offending(lang, r"[^\u00a0]%") == {}
    assert offending(lang, r"\u00a0%")


def test_no_space_stands_before_a_percent_sign_in_english():
    assert offending("en", r"\s%") == {}
    assert offending("en", r"\d%")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_number_is_inflected(lang):
    assert offending(lang, r"[\d%}]:\w") == {}


def strings(tree):
    """All strings of a syntax tree; what is put into one while it runs becomes an asterisk."""
    if isinstance(tree, ast.JoinedStr):
        yield "".join(p.value if isinstance(p, ast.Constant) else "*" for p in tree.values)
    elif isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield tree.value
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(tree, ast.JoinedStr) and isinstance(child, ast.Constant)):
            yield from strings(child)


SAID = {
    text
    for file in sorted(SOURCE.rglob("*.py"))
    for text in strings(ast.parse(file.read_text(encoding="utf-8")))
    if re.fullmatch(r"[a-z-]+\.[a-z*-]+", text) and not text.endswith((".toml", ".csv", ".html"))
}
SAID |= {
    text
    for file in sorted(SOURCE.rglob("*.html"))
    for text in re.findall(r'"([a-z-]+\.[a-z.-]*[a-z])"', file.read_text(encoding="utf-8"))
}
# keys that are words of the tables, names of pages and languages, and words of the script
LOOKED_UP = ("badge.", "reading.", "taxonomy.basis.")
LOOKED_UP += ("site.page.", "site.language.", "site.script.", "site.tested-", "word.")
LOOKED_UP += ("grouped.",)
LOOKED_UP += ("site.untested-", "site.limits-", "site.reference.")
LOOKED_UP += ("site.columns.", "site.term.", "site.stems.", "site.glossary.")


def test_every_message_is_said_somewhere():
    said = re.compile("|".join(re.escape(x).replace(r"\*", ".+") for x in SAID))
    idle = [k for k in CATALOGUES["fi"] if not (said.fullmatch(k) or k.startswith(LOOKED_UP))]
    assert idle == []


def test_all_that_is_said_is_in_the_catalogues():
    sections = {key.split(".")[0] for key in CATALOGUES["fi"]}
    said = {key for key in SAID if key.split(".")[0] in sections and "*" not in key}
    assert said - set(CATALOGUES["fi"]) == set()
    assert "common.source" in said


# Words


def test_a_value_is_put_into_its_place():
    assert messages("sv")("common.source", source="THL") == "Källa: THL"


@pytest.mark.parametrize(
    ("lang", "one", "many"),
    [
        ("fi", "1 malli", f"1{NBSP}234 mallia"),
        ("sv", "1 modell", f"1{NBSP}234 modeller"),
        ("en", "1 model", "1,234 models"),
    ],
)
def test_plural_forms_follow_the_count(lang, one, many):
    t = messages(lang)
    assert t("models-by-goal.models", count=1) == one
    assert t("models-by-goal.models", count=1234) == many


@pytest.mark.parametrize(("lang", "word"), [("fi", "ja"), ("sv", "och"), ("en", "and")])
def test_a_listing_joins_as_the_language_does(lang, word):
    t = messages(lang)
    assert t.listing(["a"]) == "a"
    assert t.listing(["a", "b"]) == f"a {word} b"
    assert t.listing(["a", "b", "c"]) == f"a, b {word} c"


def test_an_unknown_language_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r'^no language "de"; allowed: fi, sv, en$'):
        messages("de")


def test_a_catalogue_is_read_once():
    assert messages("fi") is messages("fi")


# Numbers


@pytest.mark.parametrize(
    ("lang", "value", "decimals", "written"),
    [
        ("fi", 1234567, 0, f"1{NBSP}234{NBSP}567"),
        ("sv", 1234567, 0, f"1{NBSP}234{NBSP}567"),
        ("en", 1234567, 0, "1,234,567"),
        ("fi", 12.25, 1, "12,3"),
        ("sv", 12.25, 1, "12,3"),
        ("en", 12.25, 1, "12.3"),
        ("en", 62.5, 0, "63"),
        ("en", 12, 2, "12.00"),
        ("fi", -0.0049, 2, "0,00"),
        ("fi", -0.005, 2, "−0,01"),
        ("fi", np.float64(0.5), 0, "1"),
        ("fi", np.int64(1000), 0, f"1{NBSP}000"),
        ("sv", Decimal("2.675"), 2, "2,68"),
    ],
)
def test_a_number_has_the_separators_of_its_language_and_rounds_half_up(
    lang, value, decimals, written
):
    assert messages(lang).number(value, decimals) == written


@pytest.mark.parametrize(
    ("lang", "written"), [("fi", f"39{NBSP}%"), ("sv", f"39{NBSP}%"), ("en", "39%")]
)
def test_a_percentage_has_a_no_break_space_except_in_english(lang, written):
    assert messages(lang).percent(39) == written


@given(st.integers(0, 100), st.sampled_from(LANGUAGES))
def test_every_percentage_is_written_as_it_is(value, lang):
    assert re.sub(r"\D", "", messages(lang).percent(value)) == str(value)


# Joints


def test_a_word_is_split_at_its_joints():
    t = messages("fi")
    assert t.joints("mielenterveyspalvelut") == ["mielen", "terveys", "palvelut"]
    assert t.joints("(Mielenterveyspalvelut),") == ["(Mielen", "terveys", "palvelut),"]


def test_a_word_without_known_joints_stays_whole():
    assert messages("fi").joints("ja") == ["ja"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_long_words_in_heads_of_columns_have_joints(lang):
    t = messages(lang)
    heads = " ".join(t.catalogue["column"].values())
    long = {word for word in re.findall(r"[^\W\d_]+", heads) if len(word) >= LONG}
    assert {word for word in long if len(t.joints(word)) == 1} == set()


def test_the_joints_are_those_of_one_language():
    assert messages("en").joints("mielenterveyspalvelut") == ["mielenterveyspalvelut"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_letter_is_lost_at_a_joint(lang):
    compounds = messages(lang).catalogue["hyphenation"]["compounds"]
    words = [compound.replace("·", "").capitalize() for compound in compounds]
    assert ["".join(Messages(lang).joints(word)) for word in words] == words
    assert [len(Messages(lang).joints(w)) for w in words] == [len(c.split("·")) for c in compounds]
