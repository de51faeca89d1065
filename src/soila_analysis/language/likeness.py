"""What two texts have in common for a reader: one folding of ids and names, for every door."""

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from difflib import get_close_matches

LISTED = 20  # longer lists of allowed values are cut when shown
COMPARED = 500  # among more ids than this a nearest one takes too long to find


def unknown(without: str, name: str, known: Collection[str]) -> str:
    """Say that there is no such name, which there are, and which may have been meant."""
    allowed = tuple(known)
    hint = nearest(name, allowed)
    message = f"{without} {quoted(name)}; allowed: {listed(allowed) or 'none'}"
    return f"{message}; {hint}" if hint else message


def nearest(found: str, known: Sequence[str], shown: Callable[[str], str] | None = None) -> str:
    """Ask whether the nearest known id was meant, as it is shown; empty where none is near."""
    if len(known) > COMPARED:
        return ""
    by_name = {folded(one): one for one in known}
    near = get_close_matches(folded(found), by_name, n=1)
    if not near:
        return ""
    meant = by_name[near[0]]
    unseen = visible(found) == visible(meant)
    asked = f"did you mean {(shown or quoted)(meant)}?"
    return asked + f" They differ by {difference(found, meant)}." * unseen


def visible(text: str) -> str:
    """Bring a text to what a reader sees of it: letters composed, single spaces, nothing unseen."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(c for c in composed if unicodedata.category(c) != "Cf").split())


def folded(text: str) -> str:
    """Bring a text to a form in which case, spacing and composed letters do not count."""
    return visible(unicodedata.normalize("NFC", visible(text).casefold()))


def identity(text: str) -> str:
    """Bring an id or a name to a form that is equal where two are likely to mean the same."""
    number = re.fullmatch(r"0*(\d+)(?:[.,]0+)?", folded(text))
    return number[1] if number else folded(text)


def difference(one: str, other: str) -> str:
    """Say in what two texts of equal `identity` differ, such as ``U+200B, leading zeros``."""
    both = one + other
    unseen = {c for c in both if unicodedata.category(c) == "Cf" or (c.isspace() and c != " ")}
    parts = sorted(f"U+{ord(c):04X}" for c in unseen)
    if any(unicodedata.normalize("NFC", text) != text for text in (one, other)):
        parts.append("the way in which letters are composed")
    if one.split(" ") != other.split(" ") and visible(one) == visible(other) and not parts:
        parts.append("spaces")
    if folded(one) != folded(other):
        parts.append("zeros")
    elif visible(one) != visible(other):
        parts.append("upper and lower case")
    return ", ".join(parts)


def quoted(value: str) -> str:
    """Quote a text, cut if it is long, with its unseen characters as such as ``<U+200B>``."""
    if not value:
        return "nothing"
    shown = json.dumps(value if len(value) <= 60 else f"{value[:57]}...", ensure_ascii=False)
    return "".join(
        f"<U+{ord(c):04X}>" if unicodedata.category(c) == "Cf" or (c.isspace() and c != " ") else c
        for c in shown
    )


def listed(values: tuple[str, ...]) -> str:
    """List values, of many the first and how many there are."""
    if len(values) <= LISTED:
        return ", ".join(values)
    return f"{', '.join(values[:3])}, ... ({len(values)} in all)"
