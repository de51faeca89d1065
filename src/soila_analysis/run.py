"""One notebook through papermill: check parameters, execute, check outputs, record.

A notebook declares in its metadata, under ``soila``, what a run must leave: ``outputs``, paths
below the output folder as templates over the parameters; ``expand``, values of a parameter that
stand for several in these templates; ``choices``, the values that a parameter may take; ``name``,
the name of the executed notebook where parameters are given. A run writes beside the output folder
and moves its files in when all of them are there, so that nothing good is ever lost to a failure.
"""

import ast
import difflib
import io
import json
import os
import re
import tempfile
import time
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from soila_analysis import kernel

TIMEOUT = 600.0
TYPES: Mapping[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
BOOLEANS = {"true": True, "false": False}
FORBIDDEN = re.compile(r"^\s*(?:[!%]|.*\b(?:sys\.exit|os\._exit|exit|quit)\s*\()", re.MULTILINE)
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
ENVIRONMENT = "SOILA_OUTPUT"


class RunError(Exception):
    """A run that failed; the message names the notebook, and the cell and error where it can."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One line of a notebook's parameters cell."""

    name: str
    type: str
    default: str | int | float | bool
    help: str


@dataclass(frozen=True, slots=True)
class Job:
    """One notebook to execute.

    Attributes
    ----------
    notebook : Path
        The notebook.
    values : mapping of str to str
        Parameters as text; the others keep their defaults.
    folder : Path
        Where the outputs go.
    """

    notebook: Path
    values: Mapping[str, str]
    folder: Path

    @property
    def title(self) -> str:
        """Name of the notebook and the values that are its own."""
        return " ".join([self.notebook.stem, *(f"{k}={v}" for k, v in self.values.items())])


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a job: its seconds, and the message if it failed."""

    job: Job
    seconds: float
    failure: str = ""
    files: tuple[Path, ...] = field(default=())


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
    cells = [c for c in _read(notebook).cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise RunError(f"{notebook.name}: {len(cells)} cells are tagged parameters, needed is one")
    found, problems = [], []
    help_texts = _comments(cells[0].source)
    for statement in ast.parse(cells[0].source).body:
        try:
            found.append(_parameter(statement, help_texts))
        except ValueError:
            line = ast.get_source_segment(cells[0].source, statement)
            problems.append(f"`{line}` is not of the form `name: type = literal  # help`")
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
    declared = {p.name: p for p in parameters(notebook)}
    choices = _contract(notebook).get("choices", {})
    typed, problems = {}, []
    for name, text in values.items():
        if name not in declared:
            near = difflib.get_close_matches(name, declared, n=1)
            hint = f', did you mean "{near[0]}"?' if near else ""
            problems.append(f'no parameter "{name}"{hint} (there are {", ".join(declared)})')
            continue
        try:
            typed[name] = _typed(text, declared[name].type)
        except ValueError:
            problems.append(f'{name}: "{text}" is not of type {declared[name].type}')
            continue
        if name in choices and typed[name] not in choices[name]:
            allowed = ", ".join(map(str, choices[name]))
            problems.append(f'{name}: "{text}" is not allowed, choose from {allowed}')
    if problems:
        raise RunError(f"{notebook.name}: " + "; ".join(problems))
    return typed


def run(job: Job, *, timeout: float = TIMEOUT) -> Result:
    """Execute one notebook and put its outputs in place.

    Parameters
    ----------
    job : Job
        Notebook, parameters and output folder.
    timeout : float, default 600
        Limit in seconds for the whole notebook.

    Returns
    -------
    Result
        With the files that were put in place, the executed notebook last.

    Raises
    ------
    RunError
        If parameters are wrong, a cell fails, the kernel dies, the time is up, a cell was not
        executed, or the outputs are not those declared. Earlier outputs are then as they were.
    """
    started = time.monotonic()
    values = check(job.notebook, job.values)
    _refuse_escapes(job.notebook)
    job.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".run-", dir=job.folder) as beside:
        staging = Path(beside)
        notebook = _execute(job, values, staging, started + timeout)
        expected = _outputs(job, values)
        _check_cells(job, notebook)
        _check_outputs(job, staging, expected)
        name = _name(job, values)
        _write(staging, name, normalised(notebook, {str(staging): "build"}), expected)
        seconds = time.monotonic() - started
        (staging / f"notebooks/{name}.timing.json").write_text(f'{{"seconds": {seconds:.2f}}}\n')
        last = [f"notebooks/{name}{ending}" for ending in (".timing.json", ".outputs", ".ipynb")]
        files = [_place(staging, job.folder, file) for file in [*expected, *last]]
    return Result(job, time.monotonic() - started, files=tuple(files))


def run_all(
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    timeout: float = TIMEOUT,
    modules: Sequence[str] = (),
    report: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Execute notebooks side by side, one process a notebook; a failure stops no other.

    Parameters
    ----------
    jobs : sequence of Job
        What to run.
    workers : int, optional
        How many at a time; by default as many as there are processors.
    timeout : float, default 600
        Limit in seconds for each notebook.
    modules : sequence of str, optional
        Modules that the kernels are to have imported when they start.
    report : callable, optional
        Called with each result as it comes.

    Returns
    -------
    list of Result
        In the order of the jobs.
    """
    size = min(workers or os.cpu_count() or 1, max(len(jobs), 1))
    results: dict[int, Result] = {}
    with ProcessPoolExecutor(
        size, mp_context=get_context("spawn"), initializer=kernel.preload, initargs=(modules,)
    ) as pool:
        futures = {pool.submit(_attempt, job, timeout): i for i, job in enumerate(jobs)}
        for future in as_completed(futures):
            result = results[futures[future]] = future.result()
            report(result)
    return [results[i] for i in range(len(jobs))]


def normalised(notebook: NotebookNode, paths: Mapping[str, str] | None = None) -> str:
    """Write a notebook without what differs between runs: equal results give equal text.

    Parameters
    ----------
    notebook : NotebookNode
        An executed notebook; it is not changed.
    paths : mapping of str to str, optional
        Texts to replace in outputs, such as paths of this run.

    Returns
    -------
    str
        Notebook JSON with sorted keys, without times, random ids, memory addresses and paths, the
        pieces of a stream joined.
    """
    clean = nbformat.from_dict(json.loads(nbformat.writes(notebook)))
    clean.metadata = {
        k: v for k, v in clean.metadata.items() if k not in ("papermill", "execution")
    }
    clean.metadata["language_info"] = {"name": "python"}
    swaps = {**(paths or {}), str(Path.cwd()): ".", str(Path.home()): "~"}
    for cell in clean.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = "injected-parameters"
        if cell.cell_type == "code":
            cell.outputs = [_scrubbed(output, swaps) for output in _joined(cell.outputs)]
    text = nbformat.writes(clean, indent=1, sort_keys=True, ensure_ascii=False)
    return text.rstrip("\n") + "\n"


def _read(notebook: Path) -> NotebookNode:
    try:
        return nbformat.read(notebook, as_version=4)
    except FileNotFoundError:
        raise RunError(f"{notebook}: no such notebook") from None
    except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        raise RunError(f"{notebook}: not a notebook: {str(error).splitlines()[0]}") from None


def _contract(notebook: Path) -> dict[str, Any]:
    return dict(_read(notebook).metadata.get("soila", {}))


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}


def _parameter(statement: ast.stmt, comments: Mapping[int, str]) -> Parameter:
    if not isinstance(statement, ast.AnnAssign) or statement.value is None:
        raise ValueError
    name, type_ = ast.unparse(statement.target), ast.unparse(statement.annotation)
    default = ast.literal_eval(statement.value)
    text = comments.get(statement.end_lineno or statement.lineno, "")
    if type(default) is not TYPES.get(type_) or not text:
        raise ValueError
    return Parameter(name, type_, default, text)


def _typed(text: str, type_: str) -> str | int | float | bool:
    if type_ == "bool":
        if text.lower() not in BOOLEANS:
            raise ValueError
        return BOOLEANS[text.lower()]
    value: str | int | float = TYPES[type_](text)
    if type_ != "str" and "_" in text:
        raise ValueError
    return value


def _refuse_escapes(notebook: Path) -> None:
    for number, cell in enumerate(_read(notebook).cells, 1):
        found = FORBIDDEN.search(cell.source) if cell.cell_type == "code" else None
        if found:
            line = found.group().strip()
            raise RunError(
                f"{notebook.name}: cell {number}: `{line}` is not allowed in a notebook of a run; "
                "magics, shell commands and exit skip what follows without failing"
            )


def _execute(job: Job, values: Mapping[str, Any], staging: Path, deadline: float) -> NotebookNode:
    import papermill
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError

    papermill_engines.register("soila", _engine())
    path = str(job.notebook.resolve()).replace("{", "{{").replace("}", "}}")
    before = os.environ.get(ENVIRONMENT)
    os.environ[ENVIRONMENT] = str(staging)
    try:
        return papermill.execute_notebook(
            path,
            None,
            parameters=dict(sorted(values.items())),
            engine_name="soila",
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=str(job.notebook.resolve().parent),
            kernel_manager_class=kernel.InterpreterKernelManager,
            timeout_func=lambda _: max(deadline - time.monotonic(), 0.1),
            iopub_timeout=60,
            raise_on_iopub_timeout=True,
        )
    except PapermillExecutionError as error:
        first = error.source.strip().splitlines()[0]
        raise RunError(
            f"{job.title}: cell {error.cell_index + 1} (`{first}`): {error.ename}: {error.evalue}"
        ) from None
    finally:
        os.environ.pop(ENVIRONMENT) if before is None else os.environ.update({ENVIRONMENT: before})


def _engine() -> type:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import NBClientEngine

    class Engine(NBClientEngine):  # type: ignore[misc]
        """Papermill's own engine; says at which cell a kernel died or time was up."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> None:
            try:
                super().execute_managed_notebook(nb_man, kernel_name, **kwargs)
            except (CellTimeoutError, DeadKernelError) as error:
                reason = {CellTimeoutError: "the time limit was reached"}.get(
                    type(error), "the kernel died (killed, or out of memory)"
                )
                raise RunError(f"{_running(nb_man.nb)}: {reason}") from None

    return Engine


def _running(notebook: NotebookNode) -> str:
    for number, cell in enumerate(notebook.cells, 1):
        if cell.metadata.get("papermill", {}).get("status") in ("running", "failed"):
            return f"cell {number} (`{cell.source.strip().splitlines()[0]}`)"
    return "before the first cell"


def _check_cells(job: Job, notebook: NotebookNode) -> None:
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code" and cell.source.strip() and not cell.execution_count:
            first = cell.source.strip().splitlines()[0]
            raise RunError(f"{job.title}: cell {number} (`{first}`) was not executed")


def _outputs(job: Job, values: Mapping[str, Any]) -> list[str]:
    contract = _contract(job.notebook)
    known = {p.name: p.default for p in parameters(job.notebook)} | dict(values)
    expand = contract.get("expand", {})
    options = {k: expand.get(k, {}).get(str(v), [v]) for k, v in known.items()}
    combined = [dict(zip(options, c, strict=True)) for c in product(*options.values())]
    paths = (template.format(**c) for template in contract.get("outputs", []) for c in combined)
    return list(dict.fromkeys(paths))


def _check_outputs(job: Job, staging: Path, expected: Sequence[str]) -> None:
    files = [p for p in staging.rglob("*") if p.is_file()]
    found = {p.relative_to(staging).as_posix(): p.stat().st_size for p in files}
    problems = [f"{e} is missing" for e in expected if e not in found]
    problems += [f"{e} is empty" for e in expected if found.get(e) == 0]
    problems += [f"{f} is not declared" for f in sorted(found) if f not in expected]
    if not expected:
        problems.append("no outputs are declared in its metadata")
    if problems:
        raise RunError(f"{job.title}: outputs: " + "; ".join(problems))


def _name(job: Job, values: Mapping[str, Any]) -> str:
    template = _contract(job.notebook).get("name", "")
    named = re.findall(r"{(\w+)}", template)
    return template.format(**values) if named and set(named) <= set(values) else job.notebook.stem


def _write(staging: Path, name: str, text: str, expected: Iterable[str]) -> None:
    folder = staging / "notebooks"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.ipynb").write_text(text, encoding="utf-8", newline="\n")
    listing = "".join(f"{path}\n" for path in expected)
    (folder / f"{name}.outputs").write_text(listing, encoding="utf-8", newline="\n")


def _place(staging: Path, folder: Path, file: str) -> Path:
    target = folder / file
    target.parent.mkdir(parents=True, exist_ok=True)
    return (staging / file).replace(target)


def _attempt(job: Job, timeout: float) -> Result:
    started = time.monotonic()
    try:
        return run(job, timeout=timeout)
    except RunError as error:
        message = str(error)
    except Exception as error:  # a broken environment must not stop the other notebooks
        message = f"{type(error).__name__}: {error}"
    named = message if job.notebook.stem in message else f"{job.title}: {message}"
    return Result(job, time.monotonic() - started, failure=named)


def _joined(outputs: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
    """Join neighbouring pieces of the same stream."""
    last: NotebookNode | None = None
    for output in outputs:
        same = last is not None and output.output_type == last.output_type == "stream"
        if same and last is not None and output.name == last.name:
            last.text += output.text
            continue
        if last is not None:
            yield last
        last = output
    if last is not None:
        yield last


def _scrubbed(output: NotebookNode, swaps: Mapping[str, str]) -> NotebookNode:
    def clean(value: Any) -> Any:
        if isinstance(value, str):
            for old, new in swaps.items():
                value = value.replace(old, new)
            return ADDRESS.sub("0x…", value)
        if isinstance(value, list):
            return [clean(v) for v in value]
        return {k: clean(v) for k, v in value.items()} if isinstance(value, dict) else value

    return nbformat.from_dict({k: clean(v) for k, v in output.items()})
