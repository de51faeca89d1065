"""One notebook through papermill: check parameters, execute, check outputs, record.

A run writes beside the output folder and moves its files in when all of them are there, so that
nothing good is ever lost to a failure.
"""

# nbformat has types, but not for the functions used here
# mypy: disable-error-code="no-untyped-call"

import os
import re
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import (
    AbstractContextManager,
    ExitStack,
    closing,
    contextmanager,
    nullcontext,
    suppress,
)
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from multiprocessing import active_children, get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path, PurePosixPath
from shutil import rmtree
from typing import Any, cast

import nbformat
import psutil
from nbformat import NotebookNode

from soila_analysis import files
from soila_analysis.build import contract, kernel, plan
from soila_analysis.build import record as records
from soila_analysis.build.contract import RunError
from soila_analysis.build.plan import Job
from soila_analysis.files import OUTPUT, RECORD

TIMEOUT = 600.0
PASSING = {r"\b0x[0-9a-f]{6,}\b": "0x…", r"\bipykernel_\d+": "ipykernel"}
ENCODED = r";base64,[A-Za-z0-9+/=]+"  # pictures within pages, where /w is no path
BINARY = ("image/", "audio/", "video/", "application/pdf")
ENDS = {".svg": b"</svg>", ".png": b"IEND\xaeB`\x82", ".pdf": b"%%EOF", ".json": b"}"}
STAGING = partial(tempfile.TemporaryDirectory, prefix=".run-", ignore_cleanup_errors=True)
Inputs = Mapping[str, Mapping[str, str]]
Task = tuple[Job, float, bool, Inputs]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a job: its seconds, and the message if it failed."""

    job: Job
    seconds: float
    failure: str = ""
    files: tuple[Path, ...] = field(default=())


def run(
    job: Job,
    *,
    timeout: float = TIMEOUT,
    plain: bool = False,
    before: Inputs | None = None,
    guard: AbstractContextManager[None] = nullcontext(),  # noqa: B008 - it has no state
) -> Result:
    """Execute one notebook and put its outputs in place.

    Parameters
    ----------
    job : Job
        Notebook, parameters and output folder.
    timeout : float, default 600
        Limit in seconds for the whole notebook.
    plain : bool, default False
        Start the kernel anew and not as a fork of a process that has imported its libraries.
    before : mapping, optional
        What could be read when that process began to import, as `plan.inputs` gives; what the
        outputs are made from must be the same. By default that at the beginning of this run.
    guard : context manager, optional
        Entered while outputs are put in place.

    Returns
    -------
    Result
        With the files that were put in place; last what says how the others were made.

    Raises
    ------
    RunError
        If parameters are wrong, there is no such data set, packages are not those of the lock, a
        cell fails, the kernel dies, the time is up, a cell was not executed, an input has changed
        meanwhile, or the outputs are not those declared. Earlier outputs are then as they were.
    """
    started = time.monotonic()
    before = plan.inputs(job) if before is None else before
    values = contract.check(job.notebook, job.values)
    expected = contract.outputs(job.notebook, values)
    optional = contract.outputs(job.notebook, values, "optional")
    contract.refuse_escapes(job.notebook)
    contract.refuse_beside(job.notebook)
    record = _record(job, values)
    _refuse_unlocked(job, record)
    folder = job.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with STAGING(dir=folder) as beside:
        staging = Path(beside)
        notebook = _execute(job, values, record, staging, started + timeout, plain)
        _refuse_changes(job, record, before)
        made = [path for path in optional if (staging / path).exists()]
        expected += [path for path in optional if _same_figure(path, made)]
        _check_outputs(job, staging, expected)
        name = contract.name(job.notebook, values)
        _write(staging, name, normalised(notebook, {str(staging): "build"}), expected)
        seconds = time.monotonic() - started
        (staging / f"notebooks/{name}.timing.json").write_text(f'{{"seconds": {seconds:.2f}}}\n')
        last = [f"notebooks/{name}{ending}" for ending in (".timing.json", ".outputs", ".ipynb")]
        made_here = [*expected, *last[1:]]
        last.append(plan.write(job, record, staging, made_here))
        with guard:
            _exchange(staging, folder, [*expected, *last], set(optional) - set(made))
    placed = tuple(folder / path for path in (*expected, *last))
    return Result(job, time.monotonic() - started, files=placed)


def run_all(
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    timeout: float = TIMEOUT,
    modules: Sequence[str] = (),
    plain: bool = False,
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
    plain : bool, default False
        As for `run`.
    report : callable, optional
        Called with each result as it comes.

    Returns
    -------
    list of Result
        In the order of the jobs.

    Raises
    ------
    RunError
        If two jobs would write the same file; nothing is executed then.
    UserError
        If the machine allows too few open files.
    """
    _refuse_collisions(jobs)
    kernel.allow_files()
    size = min(workers or os.cpu_count() or 1, len(jobs))
    tasks = [(job, timeout, plain, plan.inputs(job)) for job in jobs]
    results: dict[int, Result] = {}
    with ExitStack() as stack:
        home = Path(stack.enter_context(kernel.scratch()))
        done = stack.enter_context(closing(_side_by_side(tasks, size, modules, home)))
        for number, result in done:
            results[number] = result
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
    clean = deepcopy(notebook)
    clean.metadata = {
        k: v for k, v in clean.metadata.items() if k not in ("papermill", "execution")
    }
    clean.metadata["language_info"] = {"name": "python"}
    here = {str(_home()): "~", str(Path.cwd()): ".", tempfile.gettempdir(): "/tmp"}
    swap = _swap({**here, **(paths or {})})
    for cell in clean.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = "injected-parameters"
        if cell.cell_type == "code":
            cell.outputs = [_scrubbed(output, swap) for output in _joined(cell.outputs)]
    text = nbformat.writes(clean, indent=1, sort_keys=True, ensure_ascii=False)
    return text.rstrip("\n") + "\n"


def _home() -> Path:
    """Find the home of whoever runs this; a user without a name or home may have none."""
    with suppress(RuntimeError):
        return Path.home()
    return Path.cwd()


def _execute(
    job: Job,
    values: Mapping[str, Any],
    record: Mapping[str, Any],
    staging: Path,
    deadline: float,
    plain: bool,
) -> NotebookNode:
    import papermill
    from papermill.engines import papermill_engines

    papermill_engines.register("soila", _engine())
    told = {OUTPUT: str(staging), RECORD: records.dumps(record)}
    with kernel.scratch() as home, _stopped(job):
        return papermill.execute_notebook(
            contract.read(job.notebook),
            None,
            parameters=dict(sorted(values.items())),
            engine_name="soila",
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=str(job.notebook.resolve().parent),
            kernel_manager_class=kernel.PlainKernelManager if plain else kernel.KernelManager,
            timeout_func=lambda _: max(deadline - time.monotonic(), 0.1),
            iopub_timeout=60,
            raise_on_iopub_timeout=True,
            env={**kernel.environment(home), **told},
        )


@contextmanager
def _stopped(job: Job) -> Iterator[None]:
    try:
        yield
    except _StoppedError as error:
        raise RunError(f"{job.title}: {error}") from None


class _StoppedError(Exception):
    """An execution that did not reach its end; the message names the cell."""


def _record(job: Job, values: Mapping[str, Any]) -> dict[str, Any]:
    """Write down what the outputs will be made from; an empty record if that is not asked for."""
    if job.data is None or job.lock is None:
        return {}
    if not job.data.is_dir():
        raise RunError(f"{job.title}: {job.data}: no such data set folder")
    known = {p.name: p.default for p in contract.parameters(job.notebook)} | dict(values)
    return records.record(job.notebook, known, list(values), job.data, job.lock)


def _refuse_unlocked(job: Job, record: Mapping[str, Any]) -> None:
    """Refuse installed packages whose versions are not those of the lock."""
    if not record or job.lock is None:
        return
    pins = plan.locked(job.lock)
    pairs = (
        (n, v, pins.get(re.sub(r"[-_.]+", "-", n).lower())) for n, v in record["packages"].items()
    )
    wrong = [
        f"{name} {version} ({pin})" for name, version, pin in pairs if pin not in (None, version)
    ]
    if wrong:
        raise RunError(
            f"{job.title}: installed are other versions than locked: {', '.join(wrong)}; "
            f"install those of {job.lock.name}, or renew it by `make lock`"
        )


def _refuse_changes(job: Job, record: Mapping[str, Any], before: Inputs) -> None:
    """Refuse inputs that changed when they may have been read already, or not yet."""
    now = plan.inputs(job, record.get("code", ()))
    changed = [
        Path(name).name
        for kind, used in now.items()
        for name in sorted(used if kind == "module" else {*used, *before[kind]})
        if used.get(name) != before[kind].get(name)
    ]
    if changed:
        names = ", ".join(changed)
        raise RunError(f"{job.title}: changed while the notebook ran: {names}; run it again")


def _engine() -> type:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine

    class Telling(Engine):  # type: ignore[misc]
        """Papermill's own engine, whose kernel is told its environment; says where it stopped."""

        @classmethod
        def execute_managed_notebook(
            cls, nb_man: Any, kernel_name: str, *, env: Mapping[str, str], **options: Any
        ) -> None:
            known = {
                k: v for k, v in options.items() if k in PapermillNotebookClient.class_traits()
            }
            client = PapermillNotebookClient(nb_man, kernel_name=kernel_name, **known)
            try:
                client.execute(env=env)
            except CellTimeoutError:
                raise _StoppedError(f"{_last(nb_man.nb)}: the time limit was reached") from None
            except DeadKernelError:
                reason = "the kernel died (killed, or out of memory)"
                raise _StoppedError(f"{_last(nb_man.nb)}: {reason}") from None
            _check_cells(nb_man.nb)

    return Telling


def _last(notebook: NotebookNode) -> str:
    """Name the last cell that was begun."""
    begun = [label for label, c in contract.code_cells(notebook) if c.metadata.papermill.start_time]
    return begun[-1] if begun else "before the first cell"


def _check_cells(notebook: NotebookNode) -> None:
    for label, cell in contract.code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                raise _StoppedError(f"{label}: {output.ename}: {output.evalue}")
        if not cell.execution_count:
            raise _StoppedError(f"{label} was not executed")


def _refuse_collisions(jobs: Iterable[Job]) -> None:
    """Refuse jobs that would overwrite each other; what else is wrong with a job is its own."""
    writers: dict[Path, str] = {}
    for job in jobs:
        try:
            values = contract.check(job.notebook, job.values)
            named = contract.outputs(job.notebook, values)
            named += contract.outputs(job.notebook, values, "optional")
        except RunError:
            continue
        for path in (job.folder / name for name in named):
            if path in writers:
                raise RunError(f"{path} would be written twice: {writers[path]}; {job.title}")
            writers[path] = job.title


def _same_figure(path: str, made: Iterable[str]) -> bool:
    """Tell whether another form of an output was made; a figure comes in all its forms."""
    return PurePosixPath(path).with_suffix("") in (PurePosixPath(m).with_suffix("") for m in made)


def _check_outputs(job: Job, staging: Path, expected: Sequence[str]) -> None:
    there = [p for p in staging.rglob("*") if p.is_file()]
    found = {p.relative_to(staging).as_posix(): p.stat() for p in there}
    problems = [f"{e} is missing" for e in expected if e not in found]
    made = {e: found[e] for e in expected if e in found}
    problems += [f"{e} is empty" for e, stat in made.items() if not stat.st_size]
    problems += [f"{e} is a link" for e in made if (staging / e).is_symlink()]
    problems += [
        f"{e} is cut off" for e, stat in made.items() if stat.st_size and _cut(staging / e)
    ]
    problems += [f"{f} is not declared" for f in sorted(found) if f not in expected]
    if not expected:
        problems.append("no outputs are declared in its metadata")
    if problems:
        raise RunError(f"{job.title}: outputs: " + "; ".join(problems))


def _cut(file: Path) -> bool:
    """Tell whether a file of a known kind lacks its end."""
    end = ENDS.get(file.suffix, b"")
    return not file.read_bytes()[-64:].rstrip().endswith(end)


def _write(staging: Path, name: str, text: str, expected: Iterable[str]) -> None:
    folder = staging / "notebooks"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.ipynb").write_text(text, encoding="utf-8", newline="\n")
    listing = "".join(f"{path}\n" for path in expected)
    (folder / f"{name}.outputs").write_text(listing, encoding="utf-8", newline="\n")


def _exchange(staging: Path, folder: Path, new: Sequence[str], gone: Iterable[str]) -> None:
    """Put files in place and take others away; after an error all is as it was.

    A kill in between is seen by the next command, since what tells of the run comes last.
    """
    with ExitStack() as undo:
        for file in (*gone, *new):
            target, before = folder / file, staging / ".before" / file
            for parent in (target.parent, before.parent):
                parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                target.replace(before)
                undo.callback(before.replace, target)
            else:
                undo.callback(target.unlink, missing_ok=True)
            if file in new:
                (staging / file).replace(target)
        undo.pop_all()


def _side_by_side(
    tasks: Sequence[Task], size: int, modules: Sequence[str], home: Path
) -> Generator[tuple[int, Result]]:
    """Attempt tasks in processes that take one after the other; none outlives this."""
    todo = list(enumerate(tasks))[::-1]
    at_work: dict[Connection, tuple[SpawnProcess, int]] = {}

    def give(connection: Connection, process: SpawnProcess) -> None:
        """Give a process its next task; where it has died, that is seen when its answer is due."""
        number, task = todo.pop() if todo else (-1, None)
        with suppress(ConnectionError):
            connection.send(task)
        if task:
            at_work[connection] = process, number
        else:
            process.join()

    try:
        for _ in range(size):
            give(*_worker(modules, home))
        while at_work:
            for connection in cast("list[Connection]", wait(list(at_work))):
                process, number = at_work.pop(connection)
                try:
                    result = connection.recv()
                except (EOFError, ConnectionError):
                    job = tasks[number][0]
                    message = "not executed, a process of the run died (killed, or out of memory)"
                    result = Result(job, 0.0, failure=f"{job.title}: {message}")
                    process.join()
                    if todo:
                        give(*_worker(modules, home))
                else:
                    give(connection, process)
                yield number, result
    except BaseException:
        _end({task[0].folder for task in tasks}, home)
        raise


def _worker(modules: Sequence[str], home: Path) -> tuple[Connection, SpawnProcess]:
    context = get_context("spawn")
    if kernel.can_fork():
        resource_tracker.ensure_running()  # it would let interrupts through to the process
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, modules))
    with kernel.isolated(home):
        process.start()
    there.close()
    return here, process


def _work(tasks: Connection, modules: Sequence[str]) -> None:
    """Attempt what comes, until nothing does."""
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    kernel.preload(modules)
    while task := tasks.recv():
        tasks.send(_attempt(*task))


def _end_with_the_run() -> None:
    """Wait for the process that started this one; where it is killed, nothing else would."""
    if run := parent_process():
        run.join()
        os._exit(1)


def _attempt(job: Job, timeout: float, plain: bool, before: Inputs) -> Result:
    started = time.monotonic()
    try:
        guard = _placing(Path(tempfile.gettempdir()), shared=True)
        return run(job, timeout=timeout, plain=plain, before=before, guard=guard)
    except RunError as error:
        message = str(error)
    except Exception as error:  # a broken environment must not stop the other notebooks
        message = f"{job.title}: {type(error).__name__}: {error}"
    return Result(job, time.monotonic() - started, failure=message)


@contextmanager
def _placing(home: Path, *, shared: bool = False) -> Iterator[None]:
    """Keep processes from being ended while they put outputs in place."""
    file = home / "placing"
    file.touch()
    with files.locked(file, shared=shared):
        yield


def _end(folders: Iterable[Path], home: Path) -> None:
    """Kill all processes of a run at once, when none is putting outputs in place."""
    for number in kernel.ENDING:
        signal.signal(number, signal.SIG_IGN)
    with _placing(home):
        family: list[psutil.Process] = []
        for process in active_children():
            with suppress(psutil.NoSuchProcess):
                own = psutil.Process(process.pid)
                own.suspend()  # so that it starts nothing more
                family += [own, *own.children(recursive=True)]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
    for process in active_children():
        process.join()
    psutil.wait_procs(family, timeout=3)
    for left in (path for folder in folders for path in folder.glob(plan.LEFT_OVER)):
        rmtree(left)


def _joined(outputs: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
    """Join neighbouring pieces of streams; in which order two streams flush is chance."""
    for streams, group in groupby(outputs, lambda output: output.output_type == "stream"):
        pieces = list(group)
        if not streams:
            yield from pieces
        for name in ("stdout", "stderr") if streams else ():
            text = "".join(piece.text for piece in pieces if piece.name == name)
            if text:
                yield nbformat.v4.new_output("stream", name=name, text=text)


def _swap(paths: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that replaces paths, longest first, and what passes with a process."""
    longest = sorted((p for p in paths if p != "/"), key=len, reverse=True)
    texts = {rf"(?<![\w~.…]){re.escape(p)}(?![\w-])": paths[p] for p in longest} | PASSING
    pattern = re.compile("|".join([ENCODED, *(f"({p})" for p in texts)]))
    replacements = ["", *texts.values()]
    return lambda text: pattern.sub(lambda m: replacements[m.lastindex or 0] or m[0], text)


def _scrubbed(value: Any, swap: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return swap(value)
    if isinstance(value, list):
        return [_scrubbed(v, swap) for v in value]
    if isinstance(value, dict):
        kept = ((k, v if k.startswith(BINARY) else _scrubbed(v, swap)) for k, v in value.items())
        return NotebookNode(kept)
    return value
