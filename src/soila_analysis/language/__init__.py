"""What the figures and pages say, in Finnish, Swedish and English, and how they write numbers."""

import tomllib
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("fi", "sv", "en")


class Messages:
    """The message catalogue of one language.

    Parameters
    ----------
    lang : {"fi", "sv", "en"}
        The language.
    groups : {"", "group", "region"}, optional
        What a figure speaks of in the place of goals: groups by a column of the models.
    column : str, optional
        The column.

    Raises
    ------
    ValueError
        For another language.
    """

    def __init__(self, lang: str, groups: str = "", column: str = "") -> None:
        if lang not in LANGUAGES:
            raise ValueError(f'no language "{lang}"; allowed: {", ".join(LANGUAGES)}')
        self.lang = lang
        from babel import Locale, numbers  # slow to import, and many need only `LANGUAGES`

        self._locale, self._numbers = Locale(lang), numbers
        text = resources.files(__name__).joinpath(f"{lang}.toml").read_text(encoding="utf-8")
        self.catalogue: Mapping[str, Any] = tomllib.loads(text)
        if groups:
            grouped = self.catalogue["grouped"]
            named = {form: text.format(column=column) for form, text in grouped[groups].items()}
            self.catalogue = _put(self.catalogue, _formed(grouped["said"], named))
        compounds = self.catalogue["hyphenation"]["compounds"]
        self._compounds = {c.replace("·", "").lower(): c.split("·") for c in compounds}

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the message of a dotted key, with its values put in.

        A message that is a table of plural forms is chosen by ``count``.
        """
        message: Any = self.catalogue
        for part in key.split("."):
            message = message[part]
        if isinstance(message, Mapping):
            message = message[self._locale.plural_form(values["count"])]
            values["count"] = self.number(values["count"])
        return str(message.format(**values))

    def number(self, value: Any, decimals: int = 0) -> str:
        """Write a number with the language's separators and a true minus, rounded half-up."""
        exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        exact += 0  # no minus before a zero
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        written = self._numbers.format_decimal(exact, format=pattern, locale=self._locale)
        return str(written).replace("-", "−")

    def ratio(self, k: Any, n: Any) -> str:
        """Write k/n."""
        return f"{self.number(k)}/{self.number(n)}"

    def percent(self, value: int) -> str:
        """Write a percentage that is already rounded to an integer."""
        return str(self._numbers.format_percent(Decimal(int(value)) / 100, locale=self._locale))

    def listing(self, items: list[str], word: str = "and") -> str:
        """Join items as the language does, with its word for "and" or "or" before the last."""
        *first, last = items
        return self(f"common.{word}", first=", ".join(first), last=last) if first else last

    def joints(self, word: str) -> list[str]:
        """Split a word at the joints of its compound, as far as the catalogue knows them."""
        core = word.strip(".,;:()")
        parts = self._compounds.get(core.lower())
        if not parts:
            return [word]
        start = word.index(core)
        cuts = [start]
        for part in parts[:-1]:
            cuts.append(cuts[-1] + len(part))
        pieces = [word[a:b] for a, b in zip(cuts, [*cuts[1:], len(word)], strict=True)]
        return [word[:start] + pieces[0], *pieces[1:]]


def _formed(message: Any, forms: Mapping[str, str]) -> Any:
    """Put the forms of a noun into messages, and leave their other values open."""
    if isinstance(message, Mapping):
        return {key: _formed(one, forms) for key, one in message.items()}
    for name, form in forms.items():
        message = message.replace(f"{{{name}}}", form.replace("{", "{{").replace("}", "}}"))
    return message


def _put(catalogue: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Put other messages in the place of those of the same key."""
    nested = {
        key: _put(catalogue.get(key, {}), other) if isinstance(other, Mapping) else other
        for key, other in others.items()
    }
    return {**catalogue, **nested}


@cache
def messages(lang: str, groups: str = "", column: str = "") -> Messages:
    """Return the catalogue of a language, read once.

    Parameters
    ----------
    lang : {"fi", "sv", "en"}
        The language.
    groups, column : str, optional
        As for `Messages`.

    Returns
    -------
    Messages
        The catalogue.
    """
    return Messages(lang, groups, column)
