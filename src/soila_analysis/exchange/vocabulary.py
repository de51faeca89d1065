"""What coders write, in any of the languages, and what it means: headings and answers."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from soila_analysis.language.likeness import folded, nearest
from soila_analysis.taxonomy import LANGUAGES, Feature, Goal, Taxonomy

GOAL, FEATURE, NOTE, MODEL = "goal:", "feature:", "note:", "model:"  # before ids of columns
NOTE_OF = "note_"  # before a coder's id: a column of models.csv
FIXED = ("model_id", "name", "coder_id", "taxonomy_version", "note")
LISTS = ("goal_id", "feature_id", "code")  # columns whose cells name goals, features, codes
NUMBERING = re.compile(r"^\d+[.)]\s+(?=\D)")
GOAL_ANSWERS = {"present": "yes", "absent": "no"}


@dataclass(frozen=True)
class Vocabulary:
    """The vocabulary of sheets that are coded by one taxonomy.

    Texts are compared without regard to case, white space and how their letters are composed.

    Parameters
    ----------
    taxonomy : Taxonomy
        Its ids and labels are understood; what else is, ``vocabulary.toml`` lists.
    """

    taxonomy: Taxonomy

    def column_ids(self, heading: str) -> frozenset[str]:
        """Return what a heading can mean.

        Parameters
        ----------
        heading : str
            An id, a label, or a word for either.

        Returns
        -------
        frozenset of str
            Ids of columns, such as ``model_id``, ``feature:participation``, ``note:participation``
            or ``goal:goal-1``; one if it is understood.
        """
        if heading.startswith(MODEL) and heading != MODEL:
            return frozenset([heading])
        return self._headings.get(_plain(heading), frozenset())

    def listed(self, text: str, kind: str) -> list[str] | None:
        """Return the goals or features that a cell names, such as ``goal-1; Perheiden tuki``.

        Parameters
        ----------
        text : str
            One or several, separated by semicolons, bars, line ends or commas.
        kind : {"goal:", "feature:"}

        Returns
        -------
        list of str or None
            Their ids, each once; None if any is not understood.
        """
        for separator in ("$^", r"[;|\n]", r"[;|\n,]"):
            parts = [part for part in re.split(separator, text) if part.strip()]
            meant = [[i for i in self.column_ids(part) if i.startswith(kind)] for part in parts]
            if meant and all(len(ids) == 1 for ids in meant):
                return list(dict.fromkeys(one.removeprefix(kind) for (one,) in meant))
        return None

    @property
    def present(self) -> str:
        """The first code that counts as present, "" if there is none."""
        return next((c for c, meant in self.taxonomy.counts_as.items() if meant == "present"), "")

    def denies(self, text: str) -> bool:
        """Say whether a text begins with a word that denies, such as ``ei`` or ``saknas``."""
        return _plain(text).split(" ")[0] in _words()["denials"]

    def is_missing(self, text: str) -> bool:
        """Say whether a text stands for no answer, as R, pandas and NVivo write it."""
        return text in _words()["missing"]

    def is_unticked(self, text: str) -> bool:
        """Say whether a text is that of a check box that nobody has ticked."""
        return _plain(text) in _words()["unticked"]

    def is_total(self, text: str) -> bool:
        """Say whether a text names a row of totals."""
        return _plain(text) in _words()["totals"]

    def nearest(self, heading: str) -> str:
        """Ask whether the nearest known heading was meant.

        Parameters
        ----------
        heading : str
            One that is not understood.

        Returns
        -------
        str
            Empty where none is near.
        """
        named = [text for record in self._records for text in names(record)]
        return nearest(heading, [*FIXED, *named])

    def code(self, text: str) -> str | None:
        """Return the code that a text means.

        Parameters
        ----------
        text : str
            The code itself, its label, a number such as ``1.0``, or a word such as ``x`` or
            ``kyllä`` where only one code counts as that.

        Returns
        -------
        str or None
            None for what is not understood.
        """
        return self._codes.get(_number(text), self._codes.get(_plain(text)))

    def goal(self, text: str) -> str | None:
        """Return whether a text says that a goal is served.

        Parameters
        ----------
        text : str
            Such as ``x``, ``1`` or ``nej``.

        Returns
        -------
        {"yes", "no"} or None
            None for what is not understood.
        """
        for status, answer in GOAL_ANSWERS.items():
            if {_number(text), _plain(text)} & _answers(status):
                return answer
        return None

    @property
    def _records(self) -> list[Feature | Goal]:
        return [*self.taxonomy.features, *self.taxonomy.goals]

    @cached_property
    def _headings(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for text, column_id in self._named():
            found.setdefault(_plain(text), set()).add(column_id)
        return {text: frozenset(column_ids) for text, column_ids in found.items()}

    def _named(self) -> Iterator[tuple[str, str]]:
        """Yield each heading with the id of the column that it names."""
        words = _words()
        for column_id in (*FIXED, *LISTS):
            yield from ((text, column_id) for text in (column_id, *words["headings"][column_id]))
        for record in self._records:
            own = FEATURE if isinstance(record, Feature) else GOAL
            for text in names(record):
                yield text, own + record.id
                for kind in (own, NOTE) if own == FEATURE else (own,):
                    for before in words["before"][kind.rstrip(":")]:
                        yield f"{before}:{text}", kind + record.id

    @cached_property
    def _codes(self) -> dict[str, str]:
        """Map texts to codes; a word only where it can mean but one."""
        codes = self.taxonomy.codes
        meant: dict[str, str] = {}
        for status in _words()["answers"]:
            of_status = [code.code for code in codes if code.counts_as == status]
            if len(of_status) == 1:
                meant |= dict.fromkeys(_answers(status), of_status[0])
        labels = {
            _plain(code.label[lang]): code.code
            for code in codes
            for lang in LANGUAGES
            if code.label[lang]
        }
        return {**meant, **labels, **{code.code: code.code for code in codes}}


@cache
def _words() -> dict[str, Any]:
    file = files("soila_analysis.exchange") / "vocabulary.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _answers(status: str) -> frozenset[str]:
    return frozenset(map(_plain, _words()["answers"][status]))


def names(record: Feature | Goal) -> list[str]:
    """Return what a feature or goal is known by: its id, and its labels in all languages."""
    return [record.id, *(record.label[lang] for lang in LANGUAGES if record.label[lang])]


def _plain(text: str) -> str:
    return re.sub(r"\s*:\s*", ":", NUMBERING.sub("", folded(text))).strip(":*")


def _number(text: str) -> str:
    """Return a decimal number with a point and without trailing zeros."""
    if re.fullmatch(r"\d+[.,]\d+", text):
        return text.replace(",", ".").rstrip("0").rstrip(".")
    return text
