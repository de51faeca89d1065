"""Templates, filled in one way: everything is escaped, and every page knows its language."""

from base64 import b64encode
from functools import cache, partial
from importlib import resources
from io import BytesIO
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from soila_analysis.figures import sourced
from soila_analysis.language import messages

LONG = 15  # letters; shorter words fit into a column
FOLDER = resources.files(__name__.rpartition(".")[0])


def render(template: str, lang: str, **values: Any) -> str:
    """Fill in a template.

    Parameters
    ----------
    template : str
        Its file name in ``templates/``.
    lang : {"fi", "sv", "en"}
        Language of the page; templates get its messages as ``t``.
    **values
        What else the template names; missing ones are errors.

    Returns
    -------
    str
        HTML with line feeds and one at the end.
    """
    t = messages(lang)
    page = (
        _environment()
        .get_template(template)
        .render(lang=lang, t=t, breakable=partial(breakable, lang=lang), **values)
    )
    return page.rstrip("\n") + "\n"


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
    """Return the style of every page: the font of the figures, then the style sheet.

    Returns
    -------
    Markup
        CSS that names no other file.
    """
    faces = (_face("Regular", 400), _face("Bold", 700))
    return Markup("\n").join([*faces, asset("page.css")])


def _face(cut: str, weight: int) -> Markup:
    """Pack a font file for the web, the same bytes every time."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    file = resources.files("soila_analysis.figures").joinpath("fonts", f"SoilaSans-{cut}.ttf")
    packed = BytesIO()
    font = TTFont(BytesIO(file.read_bytes()), recalcTimestamp=False)
    font.flavor = "woff"
    font.save(packed)
    data = b64encode(packed.getvalue()).decode()
    return Markup(
        '@font-face { font-family: "Soila Sans"; font-weight: {weight}; font-display: swap; '
        'src: url("data:font/woff;base64,{data}") format("woff"); }'.replace(
            "{weight}", str(weight)
        ).replace("{data}", data)
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(str(FOLDER.joinpath("templates"))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"look": look, "sourced": sourced}
    return environment
