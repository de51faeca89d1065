"""An executed notebook as cells that a page can show."""

# nbformat has types, but not for the function used here
# mypy: disable-error-code="no-untyped-call"

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from lxml import html
from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Cell:
    """One piece of a notebook: ``prose``, ``code``, ``html`` or ``text``; ``name`` of a table."""

    kind: str
    content: str | Markup
    name: str = ""


@dataclass(frozen=True, slots=True)
class Executed:
    """A notebook: its file's name without the ending, its title, its cells and their outputs."""

    stem: str
    title: str
    cells: tuple[Cell, ...]


def embedded(drawing: bytes) -> str:
    """Return the address by which the output of a cell holds an SVG in itself."""
    return f"data:image/svg+xml;base64,{b64encode(drawing).decode()}"


def executed(file: Path, drawings: Mapping[str, str]) -> Executed:
    """Read an executed notebook.

    Parameters
    ----------
    file : Path
        The notebook, with outputs.
    drawings : mapping of str to str
        The files that stand beside the page, by what `embedded` gives for them.

    Returns
    -------
    Executed
        The title is the first heading's. Tables in outputs say what their headers head.
    """
    cells: list[Cell] = []
    for cell in nbformat.read(file, as_version=4).cells:
        if cell.cell_type == "markdown":
            cells.append(Cell("prose", _prose(cell.source)))
        elif cell.source.strip():
            cells.append(Cell("code", cell.source.strip()))
            cells += [_shown(output, drawings) for output in cell.get("outputs", [])]
    lines = "\n".join(str(c.content) for c in cells if c.kind == "prose")
    heading = html.fromstring(f"<div>{lines}</div>").find(".//h1")
    title = str(heading.xpath("string()")) if heading is not None else file.stem
    return Executed(file.stem, title, tuple(cells))


def _prose(source: str) -> Markup:
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    renderer = IPythonRenderer(escape=True, exclude_anchor_links=True)
    return Markup(MarkdownWithMath(renderer=renderer).render(source))


def _shown(output: Any, drawings: Mapping[str, str]) -> Cell:
    rich = output.get("data", {}).get("text/html")
    if rich:
        return Cell("html", _headed(rich, drawings))
    return Cell("text", output.get("text") or output.get("data", {}).get("text/plain", ""))


def _headed(rich: str, drawings: Mapping[str, str]) -> Markup:
    """Give the headers of tables their scope, and leave out their own style."""
    tree = html.fragment_fromstring(rich, create_parent="div")
    for style in tree.findall(".//style"):
        style.drop_tree()
    for image in tree.iter("img"):
        image.set("src", drawings.get(image.get("src"), image.get("src")))
    for table in tree.iter("table"):
        table.attrib.pop("border", None)
        table.set("class", "data")
        for head in table.iter("th"):
            if not str(head.xpath("string()")).strip():
                head.tag = "td"
                continue
            inside = head.getparent().getparent().tag == "thead"
            head.set("scope", "col" if inside else "row")
    return Markup(html.tostring(tree, encoding="unicode"))
