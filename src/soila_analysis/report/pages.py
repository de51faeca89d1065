"""Templates, filled in one way: everything is escaped, and every page knows its language."""

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from soila_analysis.language import messages

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
    page = _environment().get_template(template).render(lang=lang, t=t, **values)
    return page.rstrip("\n") + "\n"


def asset(name: str) -> Markup:
    """Return a style sheet or script of this package, to be put into a page as it is."""
    return Markup(FOLDER.joinpath("templates", name).read_text(encoding="utf-8"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(str(FOLDER.joinpath("templates"))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = asset
    return environment
