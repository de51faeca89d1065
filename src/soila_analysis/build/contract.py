"""What a notebook declares: its parameters, the values they may take, the outputs a run leaves.

A notebook declares in its metadata, under ``soila``, what a run must leave: ``outputs``, paths
below the output folder as templates over the parameters; ``optional``, forms of a figure that it
leaves, all of them, where the data give something to draw; ``expand``, values of a parameter that
stand for several in these templates; ``choices``, the values that a parameter may take; ``name``,
the name of the executed notebook where parameters are given.
"""

# nbformat has types, but not for the functions used here
# mypy: disable-error-code="no-untyped-call"

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from soila_analysis.files import UserError
from soila_analysis.language.likeness import unknown

if TYPE_CHECKING:
    from nbformat import NotebookNode

TYPES: Mapping[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
BOOLEANS = {"true": True, "false": False}
EXITS = ("exit", "quit", "_exit")
MAGIC = re.compile(r"^\s*[!%?]|=\s*[!%]|\?\s*$")  # what IPython adds to Python


class RunError(UserError):
    """A run that failed; the message names the notebook, and the cell and error where it can."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One line of a notebook's parameters cell."""

    name: str
    type: str
    default: str | int | float | bool
    help: str


def parameters(notebook: Path) -> tuple[Parameter, ...]:
    """Read the parameters that a notebook declares.

    Parameters
    ----------
    notebook : Path
        With one code cell tagged ``parameters``, of lines ``name: type = literal  # help``.

    Returns
    -------
    tuple of Parameter
        In their order.

    Raises
    ------
    RunError
        If there is no such cell, or one of its lines is something else.
    """
    cells = [c for c in _stored(notebook)["cells"] if "parameters" in c["metadata"].get("tags", [])]
    if len(cells) != 1:
        raise RunError(f"{notebook.name}: {len(cells)} cells are tagged parameters, needed is one")
    source = "".join(cells[0]["source"])
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        line = (error.text or "").strip()
        raise RunError(f"{notebook.name}: parameters cell: {error.msg}: `{line}`") from None
    found, problems = [], []
    help_texts = _comments(source)
    for statement in statements:
        try:
            found.append(_parameter(statement, help_texts))
        except ValueError:
            text = ast.get_source_segment(source, statement)
            problems.append(f"`{text}` is not of the form `name: type = literal  # help`")
    if problems:
        raise RunError(f"{notebook.name}: parameters cell: " + "; ".join(problems))
    return tuple(found)


def check(notebook: Path, values: Mapping[str, str]) -> dict[str, str | int | float | bool]:
    """Turn parameters given as text into values of the types that the notebook declares.

    Parameters
    ----------
    notebook : Path
        The notebook.
    values : mapping of str to str
        Parameters as text.

    Returns
    -------
    dict
        Name to value.

    Raises
    ------
    RunError
        With every unknown name (and the nearest known one), every value that is not of its type
        and every value that is not among the choices.
    """
    known = {p.name: p for p in parameters(notebook)}
    choices = _declared(notebook).get("choices", {})
    typed, problems = {}, []
    for name, text in values.items():
        if name not in known:
            problems.append(unknown("no parameter", name, known))
            continue
        try:
            typed[name] = _typed(text, known[name].type)
        except ValueError:
            problems.append(f'{name}: "{text}" is not of type {known[name].type}')
            continue
        if name in choices and typed[name] not in choices[name]:
            problems.append(unknown(f"{name} has no choice", text, [*map(str, choices[name])]))
    if problems:
        raise RunError(f"{notebook.name}: " + "\n  ".join(problems))
    return typed


def outputs(notebook: Path, values: Mapping[str, Any], key: str = "outputs") -> list[str]:
    """List the files that a run must leave.

    Parameters
    ----------
    notebook : Path
        The notebook.
    values : mapping
        Parameters that are given, as `check` returns them.
    key : {"outputs", "optional"}
        Those that it always leaves, or those that depend on the data.

    Returns
    -------
    list of str
        Paths below the output folder.

    Raises
    ------
    RunError
        If a template names an unknown parameter, or a path leads out of the output folder.
    """
    declared = _declared(notebook)
    known = {p.name: p.default for p in parameters(notebook)} | dict(values)
    expand = declared.get("expand", {})
    options = {k: expand.get(k, {}).get(str(v), [v]) for k, v in known.items()}
    combined = [dict(zip(options, c, strict=True)) for c in product(*options.values())]
    templates = declared.get(key, [])
    filled = (_filled(notebook, t, c, key) for t in templates for c in combined)
    paths = list(dict.fromkeys(filled))
    outside = [p for p in paths if p.startswith("/") or ".." in PurePosixPath(p).parts]
    if outside:
        raise RunError(f"{notebook.name}: outputs outside the output folder: {', '.join(outside)}")
    return paths


def named(notebook: Path) -> list[str]:
    """Find the parameters that are part of the executed notebook's name.

    Parameters
    ----------
    notebook : Path
        The notebook.

    Returns
    -------
    list of str
        Names of parameters.
    """
    return re.findall(r"{(\w+)}", _declared(notebook).get("name", ""))


def name(notebook: Path, values: Mapping[str, Any]) -> str:
    """Name an executed notebook.

    Parameters
    ----------
    notebook : Path
        The notebook.
    values : mapping
        Parameters that are given.

    Returns
    -------
    str
        The notebook's own name, without its ending, unless all parameters of another are given.
    """
    own = named(notebook)
    if not own or not set(own) <= set(values):
        return notebook.stem
    return _filled(notebook, _declared(notebook)["name"], values, "name")


def _filled(notebook: Path, template: str, values: Mapping[str, Any], key: str) -> str:
    try:
        return template.format(**values)
    except KeyError as error:
        raise RunError(f"{notebook.name}: metadata: {key} name no parameter {error}") from None
    except (ValueError, IndexError, AttributeError) as error:
        raise RunError(f"{notebook.name}: metadata: {key}: {template!r}: {error}") from None


def read(notebook: Path) -> "NotebookNode":
    """Read a notebook; each cell has an id that is the same every time.

    Parameters
    ----------
    notebook : Path
        The notebook.

    Returns
    -------
    NotebookNode

    Raises
    ------
    RunError
        If it is missing, cannot be read, or is no notebook.
    """
    import nbformat

    try:
        read = nbformat.reads(_identified(notebook.read_bytes()), as_version=4)
        read.nbformat_minor = max(read.nbformat_minor, 5)
        nbformat.validate(read)
    except FileNotFoundError:
        raise RunError(f"{notebook}: no such notebook") from None
    except OSError as error:
        raise RunError(f"{notebook}: cannot be read: {error.strerror}") from None
    except Exception as error:  # nbformat raises whatever the text of a file leads it to
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise RunError(f"{notebook}: not a notebook: {reason}") from None
    return read


def _identified(content: bytes) -> str:
    """Give each cell an id that is the same every time; else nbformat gives it a random one."""
    with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
        stored = json.loads(content)
        for number, cell in enumerate(stored["cells"]):
            cell.setdefault("id", f"cell-{number:02}")
        return json.dumps(stored | {"nbformat_minor": max(stored["nbformat_minor"], 5)})
    return content.decode()


def _stored(notebook: Path) -> Mapping[str, Any]:
    """Read a notebook without nbformat, whose import takes longer than finding nothing to do."""
    try:
        stored = json.loads(notebook.read_bytes())
        cells = stored["cells"]
        tags = [tag for cell in cells for tag in cell["metadata"].get("tags", [])]
        texts = [cell["cell_type"] + "".join(cell["source"]) for cell in cells] + tags
        if stored["nbformat"] == 4 and isinstance(stored["metadata"], dict):
            return stored if all(isinstance(text, str) for text in texts) else read(notebook)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return read(notebook)


def _declared(notebook: Path) -> dict[str, Any]:
    declared = _stored(notebook)["metadata"].get("soila", {})
    with suppress(TypeError, AttributeError, KeyError):
        lists = [declared.get(key, []) for key in ("outputs", "optional")]
        texts = [text for one in lists for text in one] + [declared.get("name", "")]
        lists += [*declared.get("choices", {}).values()]
        lists += [one for by in declared.get("expand", {}).values() for one in by.values()]
        if {*map(type, texts)} <= {str} and {*map(type, lists)} <= {list}:
            return dict(declared)
    raise RunError(f"{notebook.name}: metadata: soila is not of the form that a notebook declares")


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}


def _parameter(statement: ast.stmt, comments: Mapping[int, str]) -> Parameter:
    if not isinstance(statement, ast.AnnAssign) or statement.value is None:
        raise ValueError
    name, type_ = ast.unparse(statement.target), ast.unparse(statement.annotation)
    default = ast.literal_eval(statement.value)
    text = comments.get(statement.end_lineno or statement.lineno, "")
    if TYPES.get(type_) is not type(default) or not text:
        raise ValueError
    return Parameter(name, type_, default, text)  # type: ignore[arg-type]


def _typed(text: str, type_: str) -> str | int | float | bool:
    if type_ == "bool":
        if text.lower() not in BOOLEANS:
            raise ValueError
        return BOOLEANS[text.lower()]
    value: str | int | float = TYPES[type_](text)
    if type_ != "str" and "_" in text:
        raise ValueError
    return value


def refuse_escapes(notebook: Path) -> None:
    """Refuse cells that skip what follows without failing.

    Parameters
    ----------
    notebook : Path
        The notebook.

    Raises
    ------
    RunError
        With the cell and the line of the first magic, shell command or exit.
    """
    for label, cell in code_cells(read(notebook)):
        line = _escape(cell.source)
        if line:
            raise RunError(
                f"{notebook.name}: {label}: `{line}` is not allowed in a notebook of a run; "
                "magics, shell commands and exit skip what follows without failing"
            )


def refuse_beside(notebook: Path) -> None:
    """Refuse what a notebook would read from its own folder, since no record names it.

    Parameters
    ----------
    notebook : Path
        The notebook.

    Raises
    ------
    RunError
        With the first module that it imports from there, or settings of matplotlib.
    """
    sources = "\n".join(cell.source for _, cell in code_cells(read(notebook)))
    try:
        nodes = list(ast.walk(ast.parse(sources)))
    except SyntaxError:
        nodes = []  # the run says where
    names = [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
    names += [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
    tops = dict.fromkeys(name.split(".")[0] for name in names if name)
    beside = ["matplotlibrc", *tops, *(f"{top}.py" for top in tops)]
    for file in (notebook.parent / name for name in beside):
        if file.is_file() or (file / "__init__.py").is_file():
            raise RunError(
                f"{notebook.name}: {file.name} beside it is not tracked; "
                f"what a notebook needs is in the data set or in src/soila_analysis"
            )


def _escape(source: str) -> str:
    """Find a line that is not Python, or names a way to exit."""
    lines = source.splitlines()
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return next((line.strip() for line in lines if MAGIC.search(line)), "")
    names = ((n, getattr(n, "id", getattr(n, "attr", ""))) for n in nodes)
    exits = (n.lineno for n, name in names if isinstance(n, ast.expr) and name in EXITS)
    return next((lines[number - 1].strip() for number in exits), "")


def code_cells(notebook: "NotebookNode") -> "Iterator[tuple[str, NotebookNode]]":
    """Name each code cell by its number in the notebook as it is stored and its first line.

    Parameters
    ----------
    notebook : NotebookNode
        The notebook, with or without the cell that a run adds for its parameters.

    Yields
    ------
    tuple of str and NotebookNode
        Name and cell, of those with code.
    """
    own = (c for c in notebook.cells if "injected-parameters" not in c.metadata.get("tags", []))
    for number, cell in enumerate(own, 1):
        if cell.cell_type == "code" and cell.source.strip():
            yield f"cell {number} (`{cell.source.strip().splitlines()[0]}`)", cell
