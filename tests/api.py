"""Write the API page from docstrings: `python tests/api.py` renews `docs/api.md`."""

import importlib
import inspect
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
WINGS = {  # in the order in which a reader meets them
    "soila_analysis": "import soila_analysis as soila",
    "soila_analysis.dataset": "from soila_analysis import dataset",
    "soila_analysis.taxonomy": "from soila_analysis import taxonomy",
    "soila_analysis.metrics": "from soila_analysis import metrics",
    "soila_analysis.figures": "from soila_analysis import figures",
    "soila_analysis.report": "from soila_analysis import report",
}
HEAD = """# The public names

Written from the docstrings by `python tests/api.py`; a test holds that it is current.
`help(name)` in a session tells parameters, columns, units and errors. What is not listed here may
change without notice.
"""


def line(name: str, value: object) -> str:
    """One row: a name as it is called, and the first line of its docstring."""
    first = (inspect.getdoc(value) or "").partition("\n")[0]
    if inspect.isfunction(value):
        given = inspect.signature(value).parameters.values()
        name += f"({', '.join(str(p).partition(':')[0].partition('=')[0] for p in given)})"
    return f"| `{name}` | {first} |"


def section(wing: str, statement: str) -> str:
    """All that a wing offers, in alphabetical order."""
    module = importlib.import_module(wing)
    named = {name: getattr(module, name) for name in sorted(module.__all__, key=str.lower)}
    told = {n: v for n, v in named.items() if inspect.isfunction(v) or inspect.isclass(v)}
    rows = "\n".join(line(name, value) for name, value in told.items())
    about = (module.__doc__ or "").partition("\n")[0]
    return f"\n## `{statement}`\n\n{about}\n\n| name | what it does |\n|---|---|\n{rows}\n"


def page() -> str:
    """The whole page."""
    return HEAD + "".join(section(*wing) for wing in WINGS.items())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
