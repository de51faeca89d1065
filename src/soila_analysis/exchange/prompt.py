"""The codebook as an instruction for a language model, and the form of its answers.

Nothing here calls a model: the files are handed to whichever one is used, and its answers are read
by `answers`. Equal codebooks give equal bytes, so that a hash names what a model was told.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from soila_analysis import files
from soila_analysis.files import UserError
from soila_analysis.language import Messages, messages
from soila_analysis.taxonomy import COUNTS_AS, Taxonomy

SCHEMA = "https://json-schema.org/draft/2020-12/schema"
KEYS = ("model_id", "feature_id", "code", "quotation")
FURTHER = ("rationale",)  # may be left out


def instruction(taxonomy: Taxonomy, lang: str) -> str:
    """Write the codebook as a coding instruction, with the form of the answers at its end.

    Parameters
    ----------
    taxonomy : Taxonomy
        The features and codes.
    lang : {"fi", "sv", "en"}
        Language of the instruction.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    ValueError
        For a language in which the taxonomy has no labels.
    """
    t, _ = messages(lang), taxonomy.labels(lang)
    form = json.dumps(answer_schema(taxonomy, lang), indent=2, ensure_ascii=False)
    return "\n\n".join([*_codebook(taxonomy, t), *_answer(taxonomy, t), f"```json\n{form}\n```\n"])


def answer_schema(taxonomy: Taxonomy, lang: str) -> dict[str, Any]:
    """Describe an answer: one JSON object a model and feature.

    Parameters
    ----------
    taxonomy, lang
        As for `instruction`.

    Returns
    -------
    dict
        JSON Schema, of keywords that the interfaces of language models understand as well: that a
        feature which is present needs a quotation is checked when answers are read.
    """
    t = messages(lang)
    allowed = {"feature_id": list(taxonomy.feature_ids), "code": list(taxonomy.counts_as)}
    present = t.listing([f'"{code}"' for code in _present(taxonomy)], "or")
    return {
        "$schema": SCHEMA,
        "type": "object",
        "properties": {
            key: {
                "type": "string",
                **({"enum": allowed[key]} if key in allowed else {}),
                "description": t(f"prompt.key-{key}", present=present),
            }
            for key in (*KEYS, *FURTHER)
        },
        "required": list(KEYS),
        "additionalProperties": False,
    }


def write(taxonomy: Taxonomy, lang: str, path: Path) -> tuple[Path, str]:
    """Write the instruction, and beside it the schema of an answer.

    Parameters
    ----------
    taxonomy, lang
        As for `instruction`.
    path : Path
        The file of the instruction, such as ``prompt.md``; the schema is ``prompt.schema.json``.

    Returns
    -------
    schema : Path
        The file of the schema.
    sha256 : str
        Of the instruction: what goes into ``prompt_sha256`` of ``coders.csv``.

    Raises
    ------
    UserError
        If a file is there that says something else, such as a prompt that was tuned.
    """
    form = json.dumps(answer_schema(taxonomy, lang), indent=2, ensure_ascii=False) + "\n"
    schema = path.with_suffix(".schema.json")
    texts = {path: instruction(taxonomy, lang), schema: form}
    other = [str(p) for p, text in texts.items() if p.exists() and p.read_bytes() != text.encode()]
    if other:
        raise UserError(f"{', '.join(other)}: there with another text; name a new file by --output")
    for place, text in texts.items():
        files.write(place, text)
    return schema, sha256(texts[path].encode()).hexdigest()


def _present(taxonomy: Taxonomy) -> list[str]:
    return [code for code, counts_as in taxonomy.counts_as.items() if counts_as == COUNTS_AS[0]]


def _codebook(taxonomy: Taxonomy, t: Messages) -> Iterator[str]:
    """Say what is asked, what the codes mean, and what each feature is."""
    yield f"# {t('prompt.title')}"
    yield t("prompt.task", count=len(taxonomy.features))
    yield t("prompt.version", version=taxonomy.version)
    yield f"## {t('prompt.codes')}"
    yield "\n".join(
        f"- `{code.code}`: {code.label[t.lang]}. {t(f'prompt.means-{code.counts_as}')}"
        for code in taxonomy.codes
    )
    yield f"## {t('prompt.features')}"
    for feature in taxonomy.features:
        yield f"### `{feature.id}`: {feature.label[t.lang]}"
        if feature.definition[t.lang]:
            yield feature.definition[t.lang]


def _answer(taxonomy: Taxonomy, t: Messages) -> Iterator[str]:
    """Say how to answer."""
    present = t.listing([f"`{code}`" for code in _present(taxonomy)], "or")
    yield f"## {t('prompt.answer')}"
    yield t("prompt.lines", count=len(taxonomy.features))
    yield "\n".join(
        f"- `{key}`: {t(f'prompt.key-{key}', present=present)}" for key in (*KEYS, *FURTHER)
    )
    yield t("prompt.quote", present=present)
    yield t("prompt.schema")
