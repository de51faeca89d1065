"""A language model as coder: listed, asked by the codebook, its answers checked, never counted."""

import hashlib
import json
import shutil
from dataclasses import replace

import jsonschema
import pandas as pd
import pytest

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import taxonomy
from soila_analysis.dataset import datapackage
from soila_analysis.dataset.validation import examine
from soila_analysis.exchange import answers, prompt
from soila_analysis.exchange.answers import passage
from soila_analysis.report.methods import facts, methods

HEADER = "coder_id,kind,role,name,version,prompt_sha256,date"
PEOPLE = ["assessor,person,,,,,", "developer,person,,,,,2025-03"]
MODEL = f"lm,language-model,coder,A model,1.0,{'a' * 64},2025-04-01"
TEXT = "Nuoret\n  osallistuivat kehittämiseen alusta asti. Malli levisi kolmelle alueelle."


@pytest.fixture
def folder(tmp_path, folders):
    """The example with a language model among its coders, who says of everything: present."""
    place = tmp_path / "round"
    shutil.copytree(folders["example"], place)
    told(place, "coders", HEADER, *PEOPLE, MODEL)
    own = pd.read_csv(place / "codings.csv", dtype=str, keep_default_na=False)
    said = own[own["coder_id"] == "developer"].assign(coder_id="lm", code="1", note="")
    pd.concat([own, said]).to_csv(place / "codings.csv", index=False)
    return place


@pytest.fixture
def asked(folder):
    """The same without answers, and with the text of one model."""
    data = soila.load(folder)
    people = data.codings[data.codings["coder_id"] != "lm"]
    datasets.save(replace(data, codings=people), folder)
    (folder / "texts").mkdir()
    (folder / "texts" / "E01.txt").write_text(TEXT, encoding="utf-8")
    return folder


def told(folder, name, *lines):
    (folder / f"{name}.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")


def problems(folder):
    return [str(one) for one in datasets.validate(folder)]


def answer(feature="participation", code="1", quotation="Malli levisi", model="E01", **more):
    keys = {"model_id": model, "feature_id": feature, "code": code, "quotation": quotation}
    return json.dumps({**keys, **more}, ensure_ascii=False)


def given_answers(folder, *lines):
    file = folder.parent / "answers.jsonl"
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return file


def read(folder, *lines, **options):
    file = given_answers(folder, *lines)
    data = soila.load(folder)
    return answers.read(file, data, "lm", folder / "texts", **options)


def wrong(folder, *lines):
    result = read(folder, *lines)
    assert result.dataset is None
    return [str(one) for one in result.problems]


# Who coded, and the sample


def test_reports_all_that_is_wrong_with_the_coders_at_once(folder):
    wrong_ones = "developer,persn,,,,,2025-13", "lm2,language-model,,,,abc,"
    told(folder, "coders", HEADER, PEOPLE[0], *wrong_ones)
    kinds = "person, language-model"
    assert problems(folder) == [
        'codings.csv:718, column coder_id: found "lm", allowed assessor, developer, lm2; '
        'did you mean "lm2"?',
        'coders.csv:3, column date: found "2025-13", allowed a date such as 2025-03-31, 2025-03 or '
        "2025",
        f'coders.csv:3, column kind: found "persn", allowed {kinds}; did you mean "person"?',
        "coders.csv:4, column name: found nothing, allowed any text; needed of a language model",
        'coders.csv:4, column prompt_sha256: found "abc", allowed 64 hexadecimal digits, as sha256 '
        "gives",
        "coders.csv:4, column version: found nothing, allowed any text; needed of a language model",
    ]


def test_reports_a_model_in_two_uses_an_unknown_one_and_an_unknown_use(folder):
    told(folder, "sample", "model_id,use", "E01,tuning", "E01,frozen", "E9,frozen", "E02,test")
    assert problems(folder) == [
        'sample.csv:3, column model_id: found "E01"; already on line 2',
        'sample.csv:4, column model_id: found "E9", allowed E01, E02, E03, ... (24 in all); '
        'did you mean "E19"?',
        'sample.csv:5, column use: found "test", allowed tuning, frozen',
    ]


def test_a_rule_cannot_take_the_language_model_alone(folder):
    told_of = (folder / "dataset.toml").read_text(encoding="utf-8")
    (folder / "dataset.toml").write_text(
        told_of.replace('consensus = "decided"', 'consensus = "coder:lm"'), encoding="utf-8"
    )
    assert problems(folder) == [
        'dataset.toml:11, key consensus: found "coder:lm", allowed coder:assessor, '
        "coder:developer; the codes of a language model do not count"
    ]


@pytest.mark.parametrize("parquet", [False, True])
def test_coders_and_sample_are_saved_and_read_again(folder, tmp_path, parquet):
    told(folder, "sample", "model_id,use", "E02,frozen", "E01,tuning")
    data = soila.load(folder)
    datasets.save(data, tmp_path / "new", parquet=parquet)
    again = soila.load(tmp_path / "new")
    assert again == data
    assert again.sample.to_numpy().tolist() == [["E01", "tuning"], ["E02", "frozen"]]
    assert again.language_models == ("lm",)
    assert again.status.equals(data.status)
    counted = again.counted.codings.astype(str).reset_index(drop=True)
    assert counted.equals(data.counted.codings.astype(str).reset_index(drop=True))


def test_codes_in_parquet_by_a_coder_who_is_not_listed_are_named(folder, tmp_path):
    datasets.save(soila.load(folder), tmp_path / "new", parquet=True)
    told(tmp_path / "new", "coders", HEADER, *PEOPLE)
    assert problems(tmp_path / "new") == [
        'codings.parquet, column coder_id: found "lm", allowed assessor, developer; '
        "add who coded to coders.csv"
    ]


def test_the_data_package_describes_both_tables(folder):
    told(folder, "sample", "model_id,use", "E02,frozen")
    described = datapackage.describe(folder, examine(folder))
    schemas = {one["name"]: one["schema"] for one in described["resources"]}
    kind = next(one for one in schemas["coders"]["fields"] if one["name"] == "kind")
    assert kind["constraints"] == {"required": True, "enum": ["person", "language-model"]}
    assert schemas["sample"]["foreignKeys"][0]["reference"]["resource"] == "models"


# Who counts


@pytest.mark.parametrize("rule", ["unanimous", "majority", "decided", "coder:assessor"])
def test_codes_of_a_language_model_never_count_in_the_consensus(folder, shipped, rule):
    assert soila.load(folder).consensus(rule).equals(shipped["example"].consensus(rule))


def test_nor_among_the_coders_who_agree_or_differ(folder, shipped):
    data, people = soila.load(folder), shipped["example"]
    beside = [*datasets.notices(people), "codes of language models, which do not count: lm"]
    assert datasets.notices(data) == beside
    for figure in ("agreement", "agreement-by-coders", "disagreement", "feature-shares"):
        assert soila.table(figure, data).equals(soila.table(figure, people))


def test_what_the_language_model_found_can_be_asked_for(folder):
    status = soila.load(folder).consensus("coder:lm")
    assert set(status.to_numpy().ravel()) == {"present", "not-assessed"}


def test_a_part_that_no_person_has_coded_is_not_assessed(folder):
    data = soila.load(folder)
    first = data.models["model_id"].iloc[0]
    by_model = (data.codings["coder_id"] == "lm") | (data.codings["model_id"] != first)
    other = replace(data, codings=data.codings[by_model], decisions=None)
    part = datasets.select(other, f"name={data.models['name'].iloc[0]}")
    assert part.cube.coders == ("lm",)
    assert (part.kind, set(part.status.loc[first])) == ("synthetic", {"not-assessed"})


def test_where_no_person_is_a_coder_the_language_model_counts_and_figures_say_so(folder):
    data = soila.load(folder)
    info = data.info.model_copy(update={"kind": "observed", "consensus": "majority"})
    codes = data.codings[data.codings["coder_id"] == "lm"]
    coders = data.coders[data.coders["coder_id"] == "lm"]
    alone = replace(data, codings=codes, info=info, decisions=None, coders=coders)
    assert alone.kind == "language-model"
    assert (alone.status == "present").any(axis=None)
    table = soila.table("feature-shares", alone, "en")
    assert set(table["basis"]) == {"language-model"}
    words = soila.figures.texts("feature-shares", table, "en")
    assert words.badge == "CODED BY A LANGUAGE MODEL, NOT BY PEOPLE"
    assert words.alt.startswith("Coded by a language model, not by people.")
    assert "no person has coded the models" in methods(alone, "en").paragraph


def test_the_methods_section_names_the_language_model_beside_the_people(folder):
    data = soila.load(folder)
    said = methods(data, "en").paragraph
    assert "also coded by A model (1.0); these codes do not count in the results" in said
    assert "lm (language model, 368)" in "; ".join(dict(facts(data, "en")).values())


# What it is asked


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_the_instruction_has_the_whole_codebook_and_the_form_of_an_answer(lang):
    known = taxonomy.load()
    text = prompt.instruction(known, lang)
    for feature in known.features:
        assert f"### `{feature.id}`: {feature.label[lang]}\n\n{feature.definition[lang]}" in text
    for code in known.codes:
        assert f"- `{code.code}`: {code.label[lang]}. " in text
    form = json.loads(text.rpartition("```json")[2].removesuffix("```\n"))
    assert form == prompt.answer_schema(known, lang)
    jsonschema.Draft202012Validator.check_schema(form)


def test_the_command_writes_equal_bytes_and_says_their_hash(folder, call):
    file = folder.parent / "prompt.md"
    said = call("codebook", "prompt", folder, "--lang", "en", "-o", file).output
    first = file.read_bytes()
    assert f"prompt_sha256 of coders.csv: {hashlib.sha256(first).hexdigest()}" in said
    assert call("codebook", "prompt", folder, "--lang", "en", "-o", file).exit_code == 0
    assert file.read_bytes() == first
    schema = json.loads((folder.parent / "prompt.schema.json").read_text(encoding="utf-8"))
    assert schema == prompt.answer_schema(taxonomy.load(), "en")


def test_a_prompt_that_was_tuned_is_not_overwritten(folder, call):
    file = folder.parent / "prompt.md"
    file.write_text("Tuned.", encoding="utf-8")
    result = call("codebook", "prompt", folder, "-o", file)
    assert result.exit_code == 1
    assert "prompt.md: there with another text; name a new file by --output" in result.output
    assert file.read_text(encoding="utf-8") == "Tuned."


# What it answers


def test_answers_become_codes_with_the_quotation_beside_them(asked, call):
    file = given_answers(
        asked,
        answer(quotation="nuoret osallistuivat kehittämiseen", rationale="They took part."),
        answer("co-creation", "0", ""),
        "",
        answer("networked", "?", "", model="E02"),
    )
    before = file.read_bytes()
    said = call("codes", "read", file, asked, "--coder", "lm").output
    assert said.splitlines()[:4] == [
        "answers.jsonl: 3 answers on 2 of 24 models",
        "present 1, absent 1, unclear 1",
        "quotations found in the texts: 1",
        "blank lines: 1",
    ]
    assert said.splitlines()[5] == "features without an answer, in models that have others: 29"
    data = soila.load(asked)
    rows = data.codings[data.codings["coder_id"] == "lm"]
    assert rows[["model_id", "feature_id", "code", "note"]].to_numpy().tolist() == [
        ["E01", "co-creation", "0", ""],
        ["E01", "participation", "1", '"nuoret osallistuivat kehittämiseen" They took part.'],
        ["E02", "networked", "?", ""],
    ]
    assert file.read_bytes() == before
    for line in before.decode().split("\n"):
        if line:
            jsonschema.validate(json.loads(line), prompt.answer_schema(data.taxonomy, "en"))


def test_reports_all_that_is_wrong_with_answers_at_once_and_writes_nothing(asked, call):
    lines = [
        answer(quotation="Malli levisi kaikille alueelle."),
        answer("networked", quotation=""),
        answer("netwrked", "2", model="E99"),
        answer("co-creation", model="E03"),
        "not json",
        "[1]",
        answer("networked", 1),
        json.dumps({"model_id": "E01", "feature": "networked"}),
        json.dumps({"model_id": "E01", "feature_id": "networked", "code": "0"}),
        '{"code": "1", "code": "0"}',
    ]
    features = ", ".join(taxonomy.load().feature_ids)
    found = wrong(asked, *lines)
    assert found == [
        "texts/E03.txt: there is no such text",
        'answers.jsonl:1, key quotation: found "Malli levisi kaikille alueelle."; not in '
        'texts/E01.txt; the nearest passage is "Malli levisi kolmelle alueelle."',
        "answers.jsonl:2, key quotation: found nothing, allowed a passage of the text; "
        "code 1 needs the words of the text that support it",
        'answers.jsonl:3, key model_id: found "E99", allowed E01, E02, E03, ... (24 in all); '
        'did you mean "E19"?',
        f'answers.jsonl:3, key feature_id: found "netwrked", allowed {features}; '
        'did you mean "networked"?',
        'answers.jsonl:3, key code: found "2", allowed 1, 0, ?, -',
        'answers.jsonl:5: found "not json", allowed a JSON object; Expecting value',
        'answers.jsonl:6: found "[1]", allowed a JSON object',
        'answers.jsonl:7, key code: found "1", allowed a text in quotation marks; it is no text',
        'answers.jsonl:8: found "feature", allowed model_id, feature_id, code, quotation, '
        'rationale; did you mean "feature_id"?',
        "answers.jsonl:9, key quotation: the key is missing",
        "answers.jsonl:10, key code: the key is there twice",
    ]
    before = (asked / "codings.csv").read_bytes()
    result = call("codes", "read", given_answers(asked, *lines), asked, "--coder", "lm")
    assert result.exit_code == 1
    assert "12 problems" in result.output
    assert (asked / "codings.csv").read_bytes() == before


def test_of_two_answers_on_one_feature_neither_is_taken(asked):
    twice = answer(), answer(code="0", quotation="")
    assert wrong(asked, *twice) == [
        'answers.jsonl:2, keys model_id, feature_id: found "E01, participation"; already on line 1'
    ]
    data = read(asked, *twice, answer("networked", "0", ""), partial=True).dataset
    rows = data.codings[data.codings["coder_id"] == "lm"]
    assert rows["feature_id"].tolist() == ["networked"]


def test_a_quotation_with_another_code_than_present_is_looked_for_as_well(asked):
    assert "not in texts/E01.txt" in wrong(asked, answer(code="0", quotation="Something else"))[0]


def test_codes_that_are_there_stay_unless_they_are_to_be_updated(asked):
    first = read(asked, answer()).dataset
    datasets.save(first, asked)
    other = answer(code="0", quotation="")
    assert wrong(asked, other) == [
        'answers.jsonl:1, key code: found "0"; codings.csv has "1"; --update takes the answer\'s'
    ]
    assert "already there: 1" in read(asked, answer()).tally
    assert read(asked, answer()).dataset == first
    new = read(asked, other, update=True).dataset.codings
    assert new.loc[new["coder_id"] == "lm", "code"].tolist() == ["0"]


def test_answers_need_a_language_model_that_is_listed_and_texts(asked, call):
    file = given_answers(asked, answer())
    result = call("codes", "read", file, asked, "--coder", "assessor")
    assert 'coders.csv, column coder_id: found "assessor", allowed lm; list the' in result.output
    result = call("codes", "read", file, asked, "--coder", "lm", "--texts", asked / "other")
    assert "other: there is no such folder; name the folder of the models' texts" in result.output


def test_answers_do_not_mix_with_made_up_codes_of_the_review(asked, shipped):
    made_up = replace(shipped["literal"], coders=soila.load(asked).coders)
    result = answers.read(given_answers(asked, answer()), made_up, "lm", asked / "texts")
    assert [one.found for one in result.problems] == ["reconstructed"]


@pytest.mark.parametrize(
    "quotation",
    [
        "Nuoret osallistuivat kehitta\u0308miseen",
        "OSALLISTUIVAT\n\n kehittämiseen",
        "nuoret\u00a0osallis\u00adtuivat",
        "alusta asti. Malli",
    ],
    ids=["composed", "case and lines", "unseen characters", "across sentences"],
)
def test_a_quotation_is_found_as_a_reader_sees_it(asked, quotation):
    assert read(asked, answer(quotation=quotation)).problems == ()


def test_the_nearest_passage_is_that_with_most_words_in_a_row():
    text = "First the children. Then the young people and their parents took part."
    assert passage("the young people and the parents", text) == "the young people and their parents"
    assert passage("nothing of the kind", text) == ""
