"""The answers of a language model into a data set: each understood, or named, and each checked.

A line is a JSON object as `prompt.answer_schema` describes it. A code that says "present" counts
only with a quotation that is in the text of the model.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from soila_analysis import files
from soila_analysis.dataset.dataset import Dataset
from soila_analysis.dataset.problems import Problem
from soila_analysis.dataset.schema import COLUMNS, KEYS
from soila_analysis.dataset.tables import decoded
from soila_analysis.exchange import prompt
from soila_analysis.exchange.sheet_import import RECONSTRUCTED
from soila_analysis.language.likeness import folded, listed, nearest, visible
from soila_analysis.taxonomy import COUNTS_AS

PRESENT = COUNTS_AS[0]
CELL = list(KEYS["codings"])
ENDING = ".txt"
LIKE = 2  # words in a row that make a passage one that may have been meant
TEXT = "a text in quotation marks"
UPDATE = "--update takes the answer's"

Answer: TypeAlias = dict[str, str]  # by `prompt.KEYS` and `prompt.FURTHER`


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of answers.

    Attributes
    ----------
    dataset : Dataset or None
        None if there are problems and they were not to be left out.
    problems : tuple of Problem
        By line; with a data set, what was left out of it.
    tally : tuple of str
        What was read, and of what there is no answer.
    """

    dataset: Dataset | None
    problems: tuple[Problem, ...]
    tally: tuple[str, ...] = ()


def read(
    path: Path,
    dataset: Dataset,
    coder: str,
    texts: Path,
    *,
    partial: bool = False,
    update: bool = False,
) -> Answers:
    """Read the answers of a language model, and check each.

    Parameters
    ----------
    path : Path
        A line an answer, in UTF-8; it is not altered.
    dataset : Dataset
        The data set that the codes are added to: a code and a note, which is the quotation and the
        reason.
    coder : str
        The language model, by its id in ``coders.csv``.
    texts : Path
        The folder of the texts that the language model was given, ``<model_id>.txt``.
    partial : bool, default False
        Leave out what is wrong instead of refusing it all.
    update : bool, default False
        Take the place of the language model's codes that the data set has.

    Returns
    -------
    Answers
    """
    wrong = [*_coder(dataset, coder), *([RECONSTRUCTED] * (dataset.info.kind == "reconstructed"))]
    if wrong:
        return Answers(None, tuple(wrong))
    reading = _Reading(path.name, dataset, _Texts(texts))
    reading.read(path)
    given = pd.DataFrame(reading.rows, columns=["line", *COLUMNS["codings"]])
    given = given.assign(coder_id=coder).astype(dict.fromkeys(COLUMNS["codings"], "str"))
    held, given, clashes, same = _beside(path.name, dataset.codings, given, update)
    found = dict.fromkeys([*reading.problems, *clashes])  # a text that is not there: once
    problems = sorted(found, key=lambda one: one.line or 0)
    if problems and not partial:
        return Answers(None, tuple(problems))
    both = pd.concat([held, given.drop(columns="line")], ignore_index=True)
    tally = reading.tally([f"already there: {same}"] * bool(same))
    return Answers(replace(dataset, codings=both), tuple(problems), tuple(tally))


def _coder(dataset: Dataset, coder: str) -> list[Problem]:
    known = dataset.language_models
    if coder in known:
        return []
    advice = "list the language model there: kind, name, version, prompt_sha256 and date"
    hint = nearest(coder, known) or advice
    return [Problem("coders.csv", None, "coder_id", coder, known, hint)]


class _Texts:
    """The texts of models, each read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        found = folder.glob(f"*{ENDING}") if folder.is_dir() else ()
        self.files = {visible(one.name.removesuffix(ENDING)): one for one in sorted(found)}
        self.known: dict[str, tuple[str, str] | Problem] = {}

    def of(self, model: str) -> tuple[str, str] | Problem:
        """Give the text of a model as a reader sees it, and folded; or say why there is none."""
        if model not in self.known:
            read = self._read(model)
            self.known[model] = read if isinstance(read, Problem) else (read, folded(read))
        return self.known[model]

    def _read(self, model: str) -> str | Problem:
        name = f"{self.folder.name}/{model}{ENDING}"
        if not self.folder.is_dir():
            why = "there is no such folder; name the folder of the models' texts by --texts"
            return Problem(str(self.folder), message=why)
        if visible(model) not in self.files:
            return Problem(name, message="there is no such text")
        text, wrong = decoded(files.regular(self.files[visible(model)]).read_bytes(), name)
        return wrong[0] if wrong else visible(text)


class _Reading:
    """Answers as they are read, and what is wrong with them."""

    def __init__(self, file: str, dataset: Dataset, texts: _Texts) -> None:
        self.file, self.texts, self.counts_as = file, texts, dataset.taxonomy.counts_as
        known = {
            "model_id": dataset.models["model_id"],
            "feature_id": dataset.taxonomy.feature_ids,
            "code": self.counts_as,
        }
        self.known = {key: {visible(one): one for one in ids} for key, ids in known.items()}
        self.rows: list[tuple[Any, ...]] = []
        self.first: dict[tuple[str, str], int] = {}
        self.twice: set[tuple[str, str]] = set()
        self.problems: list[Problem] = []
        self.blank = 0

    def read(self, path: Path) -> None:
        """Read a file."""
        text, self.problems = decoded(files.regular(path).read_bytes(), self.file)
        lines = text.removesuffix("\n").split("\n")
        for line, content in enumerate(lines if text else (), start=1):
            if not content.strip():
                self.blank += 1
            elif isinstance(answer := self.answer(line, content), Problem):
                self.problems.append(answer)
            elif self.holds(line, answer):
                self.add(line, answer)
        self.rows = [row for row in self.rows if row[1:3] not in self.twice]  # none of them holds
        if not self.rows and not self.problems:
            self.problems.append(Problem(self.file, message="there is no answer in it"))

    def answer(self, line: int, content: str) -> Answer | Problem:
        """Take a line apart: an object of the keys that there are, each a text."""
        try:
            pairs = json.loads(content, object_pairs_hook=list)
        except (ValueError, RecursionError) as error:
            return Problem(self.file, line, None, content, ("a JSON object",), _reason(error))
        if not _is_object(pairs):
            return Problem(self.file, line, None, content, ("a JSON object",))
        keys, allowed = [key for key, _ in pairs], (*prompt.KEYS, *prompt.FURTHER)
        for key, value in pairs:
            if key not in allowed:
                return Problem(self.file, line, None, key, allowed, nearest(key, allowed))
            if keys.count(key) > 1:
                return Problem(self.file, line, key, message="the key is there twice")
            if not isinstance(value, str):
                shown = json.dumps(dict(value) if _is_object(value) else value)
                return Problem(self.file, line, key, shown, (TEXT,), "it is no text")
        lacking = [key for key in prompt.KEYS if key not in keys]
        if lacking:
            return Problem(self.file, line, ", ".join(lacking), message="the key is missing")
        return {key: self.known.get(key, {}).get(visible(one), one) for key, one in pairs}

    def holds(self, line: int, answer: Answer) -> bool:
        """Say whether an answer can be used, and tell what is wrong where not."""
        before = len(self.problems)
        for key, ids in self.known.items():
            if answer[key] not in ids.values():
                allowed = tuple(ids.values())
                hint = nearest(answer[key], allowed)
                self.problems.append(Problem(self.file, line, key, answer[key], allowed, hint))
        if len(self.problems) > before:
            return False
        cell = answer["model_id"], answer["feature_id"]
        if self.first.setdefault(cell, line) != line:
            self.twice.add(cell)
            keys, more = "model_id, feature_id", f"already on line {self.first[cell]}"
            self.problems.append(Problem(self.file, line, keys, ", ".join(cell), (), more))
        self.problems += self.unsupported(line, answer)
        return len(self.problems) == before

    def unsupported(self, line: int, answer: Answer) -> Iterator[Problem]:
        """Find a quotation that is missing, or is not in the text."""
        quotation, needed = visible(answer["quotation"]), self.counts_as[answer["code"]] == PRESENT
        if not quotation:
            advice = f"code {answer['code']} needs the words of the text that support it"
            problem = Problem(self.file, line, "quotation", "", ("a passage of the text",), advice)
            yield from [problem] * needed
            return
        text = self.texts.of(answer["model_id"])
        if isinstance(text, Problem):
            yield text
        elif folded(quotation) not in text[1]:
            near = passage(quotation, text[0])
            place = f"not in {self.texts.folder.name}/{answer['model_id']}{ENDING}"
            more = f'{place}; the nearest passage is "{near}"' if near else place
            yield Problem(self.file, line, "quotation", quotation, (), more, kind="not in the text")

    def add(self, line: int, answer: Answer) -> None:
        """Keep an answer."""
        said, why = visible(answer["quotation"]), visible(answer.get("rationale", ""))
        note = " ".join(filter(None, (f'"{said}"' if said else "", why)))
        ids = [answer[key] for key in ("model_id", "feature_id")]
        self.rows.append((line, *ids, "", answer["code"], note))

    def tally(self, further: Sequence[str]) -> Iterator[str]:
        """Say what was read, and what has no answer."""
        models = Counter(row[1] for row in self.rows)
        of = f"{len(models)} of {len(self.known['model_id'])} models"
        yield f"{self.file}: {len(self.rows)} answers on {of}"
        counted = Counter(self.counts_as[row[4]] for row in self.rows)
        yield ", ".join(f"{name} {counted[name]}" for name in COUNTS_AS if counted[name])
        quoted = sum(row[5].startswith('"') for row in self.rows)
        yield f"quotations found in the texts: {quoted}"
        yield from further
        if self.blank:
            yield f"blank lines: {self.blank}"
        without = [model for model in self.known["model_id"] if model not in models]
        if without:
            yield f"models without an answer ({len(without)}): {listed(tuple(without))}"
        lacking = len(models) * len(self.known["feature_id"]) - len(self.rows)
        if lacking:
            yield f"features without an answer, in models that have others: {lacking}"


def passage(quotation: str, text: str) -> str:
    """Find the passage of a text that a quotation that is not in it may have meant.

    Parameters
    ----------
    quotation, text : str

    Returns
    -------
    str
        As many words of the text as the quotation has, around those that both have in a row; empty
        where these are fewer than two.

    Examples
    --------
    >>> passage("young people took an active part", "Here young people take an active part.")
    'young people take an active part.'
    """
    words, sought = visible(text).split(" "), folded(quotation).split(" ")
    matcher = SequenceMatcher(None, [folded(one) for one in words], sought, autojunk=False)
    run = matcher.find_longest_match()
    start = max(run.a - run.b, 0)
    return " ".join(words[start : start + len(sought)]) if run.size >= LIKE else ""


def _is_object(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, tuple) for one in value) and bool(value)


def _reason(error: Exception) -> str:
    return str(error).partition(":")[0]


def _beside(
    file: str, held: pd.DataFrame, given: pd.DataFrame, update: bool
) -> tuple[pd.DataFrame, pd.DataFrame, list[Problem], int]:
    """Put answers beside the codes that there are: new ones, those that differ, equal ones."""
    before = held.set_index(CELL)["code"].reindex(pd.MultiIndex.from_frame(given[CELL]))
    there = before.notna().to_numpy()
    if update:
        replaced = pd.MultiIndex.from_frame(held[CELL]).isin(pd.MultiIndex.from_frame(given[CELL]))
        return held[~replaced], given, [], 0
    differ = there & (before.to_numpy() != given["code"].to_numpy())
    clashes = [
        Problem(file, int(row.line), "code", row.code, (), f'codings.csv has "{code}"; {UPDATE}')
        for row, code in zip(given[differ].itertuples(), before[differ], strict=True)
    ]
    return held, given[~there], clashes, int((there & ~differ).sum())
