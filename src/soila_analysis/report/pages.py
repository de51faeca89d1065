"""Templates, filled in one way: everything is escaped, and every page knows its language."""

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache, partial
from importlib import resources
from io import BytesIO
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from soila_analysis.figures import sourced
from soila_analysis.language import messages

NUMBERED = re.compile(r"\b([np]) (=|<|&lt;) (?=\d)")
LONG = 14  # letters; shorter words fit into a column
TERMS = ("reading", "range", "fit", "interval", "base", "gap")  # of the glossary
CUTS = {"Regular": 400, "Bold": 700}  # of the font, and their weight
FOLDER = resources.files(__name__.rpartition(".")[0])


def render(template: str, lang: str, **values: Any) -> str:
    """Fill in a template.

    Parameters
    ----------
    template : str
        Its file name in ``templates/``.
    lang : {"fi", "sv", "en"}
        Language of the page; templates get its messages as ``t``, unless others are among the
        values.
    **values
        What else the template names; missing ones are errors.

    Returns
    -------
    str
        HTML with line feeds and one at the end.
    """
    of_language = {"lang": lang, "t": messages(lang), "breakable": partial(breakable, lang=lang)}
    link = partial(linked, lang=lang) if values.get("pages") else str
    page = _environment().get_template(template).render({**of_language, "linked": link, **values})
    return page.rstrip("\n") + "\n"


def linked(text: str, lang: str) -> Markup:
    """Link the first mention of each term in a text to the glossary.

    Parameters
    ----------
    text : str
        A sentence or more.
    lang : {"fi", "sv", "en"}
        Its language.

    Returns
    -------
    Markup
        HTML.

    Examples
    --------
    >>> linked("A range & a gap", "en")
    Markup('A <a class="term" href="glossary.html#range">range</a> &amp; a <a ...>gap</a>')
    """
    seen: set[str | None] = set()

    def link(found: re.Match[str]) -> str:
        term, again = found.lastgroup, found.lastgroup in seen
        seen.add(term)
        return found[0] if again else f'<a class="term" href="glossary.html#{term}">{found[0]}</a>'

    return Markup(_mentions(lang).sub(link, str(escape(text))))


@cache
def _mentions(lang: str) -> re.Pattern[str]:
    """Find the terms of the glossary by how their words begin."""
    t = messages(lang)
    words = (rf"(?P<{term}>\b(?:{t(f'site.stems.{term}')})\w*)" for term in TERMS)
    return re.compile("|".join(words), re.IGNORECASE)


def breakable(text: str, lang: str) -> str:
    """Put soft hyphens into long compounds, where the catalogue knows their joints.

    Parameters
    ----------
    text : str
        Such as a label.
    lang : {"fi", "sv", "en"}
        Its language.

    Returns
    -------
    str

    Examples
    --------
    >>> breakable("Päihde- ja mielenterveyspalvelut", "fi").replace("\u00ad", "-")
    'Päihde- ja mielen-terveys-palvelut'
    """
    words = (word if len(word) < LONG else _jointed(word, lang) for word in text.split(" "))
    return " ".join(words)


def _jointed(word: str, lang: str) -> str:
    return "\u00ad".join(messages(lang).joints(word))


def asset(name: str) -> Markup:
    """Return a style sheet or script of this package, to be put into a page as it is."""
    return Markup(FOLDER.joinpath("templates", name).read_text(encoding="utf-8"))


@cache
def look() -> Markup:
    """Return the style of a page that stands alone, with the font of the figures in it.

    Returns
    -------
    Markup
        CSS that names no other file.
    """
    data = {cut: b64encode(font(cut)).decode() for cut in CUTS}
    return style({cut: f"data:font/woff;base64,{packed}" for cut, packed in data.items()})


def style(fonts: Mapping[str, str]) -> Markup:
    """Return the style sheet of all pages, with the addresses of its fonts by their cut."""
    faces = (
        f'@font-face {{ font-family: "Soila Sans"; font-weight: {weight}; font-display: swap; '
        f'src: url("{fonts[cut]}") format("woff"); }}'
        for cut, weight in CUTS.items()
    )
    return Markup("\n").join([*map(Markup, faces), asset("page.css")])


@cache
def font(cut: str) -> bytes:
    """Pack a font file for the web, the same bytes every time."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    file = resources.files("soila_analysis.figures").joinpath("fonts", f"SoilaSans-{cut}.ttf")
    packed = BytesIO()
    shipped = TTFont(BytesIO(file.read_bytes()), recalcTimestamp=False)
    shipped.flavor = "woff"
    shipped.save(packed)
    return packed.getvalue()


def _unbroken(value: Any) -> Any:
    """Keep a number on the line of what it is the number of: n = 52, p = 0.04."""
    if not isinstance(value, str):
        return value
    return type(value)(NUMBERED.sub("\\1\u00a0\\2\u00a0", value))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(str(FOLDER.joinpath("templates"))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_unbroken,
    )
    environment.globals |= {"look": look, "sourced": sourced}
    return environment
