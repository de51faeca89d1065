"""How long all figures take from cold, against papermill alone and against the work itself.

Every contender executes the same notebooks in the same languages in a fresh copy of the project.
They take turns, so that a busy machine is busy for all; a turn takes about four minutes on two
processors. Run: .venv/bin/python benchmarks/figures.py
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import nbformat

ROOT = Path(__file__).parents[1]
SOILA = (sys.executable, "-m", "soila_analysis")


def project_copy(folder: Path) -> Path:
    """Lay out what notebooks need besides the library."""
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (folder / "data").symlink_to(ROOT / "data")
    return folder


def notebooks(project: Path) -> list[Path]:
    return sorted((project / "notebooks").glob("[0-9]*.ipynb"))


def call(project: Path, *command: str | Path, output: Path | None = None) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    if output:
        output.mkdir(parents=True, exist_ok=True)
        environment["SOILA_OUTPUT"] = str(output)
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def soila(project: Path, langs: Sequence[str], workers: int) -> None:
    chosen = [option for lang in langs for option in ("-l", lang)]
    call(project, *SOILA, "run", *notebooks(project), *chosen, "--workers", str(workers))


def papermill(project: Path, langs: Sequence[str], workers: int) -> None:
    def execute(run: tuple[Path, str]) -> None:
        notebook, lang = run
        output = project / "build" / lang
        call(
            project,
            *(sys.executable, "-m", "papermill", notebook, project / f"{lang}-{notebook.name}"),
            *("-p", "lang", lang, "--cwd", project / "notebooks", "--no-progress-bar"),
            output=output,
        )

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(execute, [(n, lang) for lang in langs for n in notebooks(project)]))


def floor(project: Path, langs: Sequence[str], workers: int) -> None:
    """Start one process that imports once and does the work of every notebook."""
    call(project, sys.executable, Path(__file__).resolve(), "--floor", "--langs", " ".join(langs))


def work(langs: Sequence[str]) -> None:
    """Execute the code of all notebooks in this process, by IPython without a kernel."""
    from IPython.core.interactiveshell import InteractiveShell

    shell, project = InteractiveShell.instance(), Path.cwd()
    os.chdir(project / "notebooks")
    for lang in langs:
        output = project / "build" / lang
        output.mkdir(parents=True)
        os.environ["SOILA_OUTPUT"] = str(output)
        for notebook in notebooks(project):
            shell.reset()
            for cell in nbformat.read(notebook, as_version=4).cells:
                if cell.cell_type != "code":
                    continue
                shell.run_cell(cell.source).raise_error()
                if "parameters" in cell.metadata.get("tags", []):
                    shell.user_ns["lang"] = lang


def seconds(contender: Callable[..., None], langs: Sequence[str], workers: int) -> float:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        project = project_copy(Path(folder).resolve())
        started = time.perf_counter()
        contender(project, langs, workers)
        passed = time.perf_counter() - started
        drawn = len(list((project / "build").rglob("*.svg")))
    if not drawn:
        raise click.ClickException("no figure was drawn; nothing has been measured")
    return passed


@click.command()
@click.option("--turns", default=2, show_default=True, help="Turns for each contender.")
@click.option("--langs", default="fi sv en", show_default=True, help="Languages, by spaces.")
@click.option("--workers", default=2, show_default=True, help="Notebooks at a time.")
@click.option("--floor", "only_work", is_flag=True, hidden=True)
def main(turns: int, langs: str, workers: int, only_work: bool) -> None:
    """Measure a cold run of all notebooks; print the fastest turn of each contender."""
    if only_work:
        work(langs.split())
        return
    contenders: dict[str, tuple[Callable[..., None], int]] = {
        f"soila run, {workers} at a time": (soila, workers),
        f"papermill, {workers} at a time": (papermill, workers),
        "the work alone, one warm process": (floor, 1),
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(turns):
        for name, (contender, at_a_time) in contenders.items():
            times[name].append(seconds(contender, langs.split(), at_a_time))
            click.echo(f"turn {turn + 1}: {name}, {times[name][-1]:.1f} s", err=True)
    own = min(next(iter(times.values())))
    count = len(notebooks(ROOT)) * len(langs.split())
    click.echo(f"{count} runs from cold, {turns} turns each, {os.cpu_count()} processors")
    click.echo(f"{'':34}{'fastest':>9}{'ratio':>8}")
    for name, turned in times.items():
        click.echo(f"{name:34}{min(turned):7.1f} s{min(turned) / own:8.2f}")


if __name__ == "__main__":
    main()
