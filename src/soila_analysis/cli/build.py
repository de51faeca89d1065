"""Commands about what is built: run, verify, compare, archive."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from soila_analysis import files
from soila_analysis.cli.command import FILE, built, loaded, name_strays, soila, tell, told
from soila_analysis.files import UserError
from soila_analysis.language import LANGUAGES

if TYPE_CHECKING:
    from soila_analysis.build.plan import Job

FILES = click.Path(path_type=Path, exists=True)
MANIFEST = "manifest.json"
COMPARING = "15_change-over-rounds.ipynb"
CURRENT = (
    "Current: bytes, name and place are those that were written; data, notebook, parameters, code "
    "and packages are those of this clone"
)
NOT_REDRAWN = ". Whether somebody edited a file and sealed it anew is seen by --rebuild only."
REDRAWN = "; made anew from these, all that a file shows is the same."
PRELOADED = (
    # what matplotlib and pandera import only when they are used
    "fontTools.subset",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "pandera.strategies.pandas_strategies",
    "soila_analysis.dataset",
    "soila_analysis.figures",
    "soila_analysis.metrics",
    "soila_analysis.report",
    "soila_analysis.review.readings",
    "soila_analysis.review.fragility",
)


DATASET = click.argument("dataset", default="data/review-2024")
WORKERS = click.option(
    "--workers", type=click.IntRange(1), help="Notebooks at a time. [default: all cores]"
)
TIMEOUT = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=600,
    show_default=True,
    help="Seconds for each notebook.",
)


@soila.command()
@DATASET
@click.option(
    "-l", "--lang", "langs", multiple=True, type=click.Choice(LANGUAGES), help="[default: all]"
)
@click.option("--sweep", is_flag=True, help="Draw notebook 04 for every feature of the data set.")
@WORKERS
@TIMEOUT
def build(dataset: str, langs: Sequence[str], sweep: bool, **options: Any) -> None:
    """Make all figures and tables of DATASET that are not current; contents decide, never times."""
    from soila_analysis.build import plan

    folder = files.build_folder(plan.dataset_path(dataset))
    with plan.alone(folder, tell):
        features = loaded(dataset).taxonomy.feature_ids if sweep else ()
        jobs = plan.build(dataset, langs or LANGUAGES, features)
        stale = [job for job in jobs if not plan.current(job)]
        if stale:
            (folder / MANIFEST).unlink(missing_ok=True)
            _execute(stale, **options)
        if not (folder / MANIFEST).exists():
            from soila_analysis.build import manifest

            manifest.write(folder)
            name_strays(folder)
        else:
            click.echo(f"All figures in {folder.relative_to(files.root())} are up to date.")


@soila.command()
@click.argument("notebooks", nargs=-1, type=click.Path(path_type=Path))
@click.option("-p", "values", multiple=True, metavar="NAME=VALUE", help="A parameter; repeatable.")
@click.option(
    "-l",
    "--lang",
    "langs",
    multiple=True,
    type=click.Choice(LANGUAGES),
    help="Language of figures and results; repeatable. [default: the notebook's]",
)
@click.option("-d", "--dataset", help="Data set folder. [default: the notebook's]")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to, with one for each language. [default: build/<data set>]",
)
@WORKERS
@TIMEOUT
@click.option("--plain-kernels", is_flag=True, help="Start each kernel anew; slower.")
@click.option("--help-parameters", is_flag=True, help="List each notebook's parameters and stop.")
def run(
    notebooks: Sequence[Path],
    values: Sequence[str],
    langs: Sequence[str],
    dataset: str | None,
    output: Path | None,
    plain_kernels: bool,
    help_parameters: bool,
    **options: Any,
) -> None:
    """Execute NOTEBOOKS; figures and tables go to build/<data set>/<language>.

    \b
    soila run notebooks/02_models-by-goal.ipynb -p variant=redesigned -l sv
    soila run notebooks/04_feature-by-goal.ipynb --help-parameters
    """  # noqa: D301 - \b keeps click from joining the lines
    from soila_analysis.build import contract, plan

    if not notebooks:
        raise click.UsageError("name a notebook, such as notebooks/02_models-by-goal.ipynb")
    if help_parameters:
        for notebook in notebooks:
            _list_parameters(notebook, contract.parameters(notebook))
        return
    named = {**_pairs(values), **({"dataset": dataset} if dataset else {})}
    wanted = [(n, {**named, "lang": lang}) for lang in langs for n in notebooks]
    jobs = [plan.planned(n, v, output) for n, v in wanted or [(n, named) for n in notebooks]]
    with ExitStack() as stack:
        for folder in sorted({job.folder.parent for job in jobs}):
            stack.enter_context(plan.alone(folder, tell))
            (folder / MANIFEST).unlink(missing_ok=True)
        _execute(jobs, plain=plain_kernels, **options)


@soila.command()
@click.argument("rounds", nargs=-1, required=True)
@click.option(
    "-l", "--lang", "langs", multiple=True, type=click.Choice(LANGUAGES), help="[default: all]"
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to. [default: build/compare/<first>--<last>]",
)
@WORKERS
@TIMEOUT
def compare(
    rounds: Sequence[str], langs: Sequence[str], output: Path | None, **options: Any
) -> None:
    """Draw what changed over ROUNDS of coding, data sets from the oldest to the latest.

    Runs notebook 15 on them: outputs carry records, and `soila verify` checks them. The figure says
    what else is different: coders, definitions, rules, kind of data.

    \b
    soila compare data/example-rounds-2025 data/example-rounds-2029
    """  # noqa: D301 - \b keeps click from joining the lines
    from soila_analysis.build import plan

    if len(rounds) < 2:
        raise click.UsageError("name two or more rounds, the oldest first")
    first, *_, last = folders = [files.existing(one) for one in rounds]
    place = output or files.root() / "build" / files.COMPARED / f"{first.name}--{last.name}"
    seen = [Path(os.path.relpath(one.resolve(), last.resolve())).as_posix() for one in folders[:-1]]
    values = {"dataset": rounds[-1], "earlier": ";".join(seen)}
    notebook = files.root() / "notebooks" / COMPARING
    jobs = [plan.planned(notebook, {**values, "lang": x}, place) for x in langs or LANGUAGES]
    with plan.alone(place, tell):
        _execute(jobs, **options)
    for job in jobs:
        click.echo(job.folder / "figures" / "change-over-rounds-redesigned.svg")


@soila.command()
@click.argument(
    "outputs",
    metavar="FILES...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True),
)
@click.option("-d", "--dataset", help="Data set folder. [default: that of its name in data/]")
@click.option("--rebuild", is_flag=True, help="Make it anew from this clone, and compare.")
def verify(outputs: Sequence[Path], dataset: str | None, rebuild: bool) -> None:
    """Say of each figure or table in FILES whether it is current, or what has changed since.

    Works on a file from anywhere, given this clone. Exit status 1 if anything has changed, 2 if a
    file does not tell what it was made from. Who edits a file and its record together is found by
    --rebuild only.
    """
    from soila_analysis.build import kinds
    from soila_analysis.build import verify as verification
    from soila_analysis.build.record import printable

    worst, current = 0, False
    with TemporaryDirectory() as scratch:
        for file in outputs:
            try:
                old = kinds.read(file)
                found = verification.verify(file, old, dataset)
                if rebuild and not found:
                    found = verification.redrawn(file, old, Path(scratch), dataset)
            except UserError as error:
                tell("\n".join(map(printable, str(error).splitlines())))
                worst = 2
                continue
            name = printable(str(file))
            if not found:
                current = True
                click.echo(f"{name}: current")
                continue
            worst = max(worst, 1)
            lines = [f"{name}: not current; since it was made there changed", *map(str, found)]
            lines.append(f"regenerate it by: {verification.command(old, dataset)}")
            click.echo("\n  ".join(lines))
    if current:
        click.echo(CURRENT + (REDRAWN if rebuild else NOT_REDRAWN))
    sys.exit(worst)


@soila.command()
@click.argument("notebooks", nargs=-1, type=FILE)
@click.option(
    "-l", "--lang", "langs", multiple=True, type=click.Choice(LANGUAGES), help="[default: all]"
)
def reproduce(notebooks: Sequence[Path], langs: Sequence[str]) -> None:
    """Execute NOTEBOOKS, by default all, in ways that should not matter; compare every byte.

    Exit status 1 if an output differs from that of a plain run; each is named with the cause.
    """
    from soila_analysis.build import reproduce as perturbed

    outcomes: list[perturbed.Outcome] = []

    def report(outcome: perturbed.Outcome) -> None:
        outcomes.append(outcome)
        run = ", ".join(one.name for one in outcome.run)
        verdict = f"{len(outcome.differing)} differ" if outcome.differing else "identical"
        click.echo(f"{len(outcomes):3}  {outcome.compared:7}  {verdict:10}  {run}")
        for note in perturbed.unbound(outcome.run):
            click.echo(f"{'':26}({note})")

    with told(ValueError):
        top = files.root()
        chosen = notebooks or sorted((top / "notebooks").glob("[0-9]*.ipynb"))
        relative = [notebook.resolve().relative_to(top) for notebook in chosen]
        click.echo("run  outputs  verdict     perturbed by")
        perturbed.reproduce(top, relative, langs or LANGUAGES, report=report)
    differing = {n: cause for o in reversed(outcomes) for n, cause in o.differing.items()}
    if differing:
        lines = [f"{name} differs under {cause}" for name, cause in sorted(differing.items())]
        raise click.ClickException("\n  ".join([f"{len(lines)} outputs differ:", *lines]))


@soila.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def explore(options: Sequence[str]) -> None:
    """Open the notebooks in JupyterLab; OPTIONS are those of JupyterLab, such as --no-browser.

    The notebooks of the project are saved as they were written, without what they show.
    """
    from soila_analysis.build import lab

    lab.start(options)


@soila.command()
@DATASET
def check(dataset: str) -> None:
    """Compare the build of DATASET with the committed reference; show what differs.

    Exit status 1 if anything does.
    """
    from soila_analysis.build import drift

    with built(dataset) as folder:
        found = drift.check(folder, files.root() / "reference")
    for change in found:
        click.echo(change)
    if found:
        click.echo(f"{folder} differs from its reference; `make reference` renews it on purpose")
        sys.exit(1)
    click.echo(f"{folder}: as in the reference")


@soila.command()
@DATASET
def reference(dataset: str) -> None:
    """Make the build of DATASET the reference that later ones are compared with."""
    from soila_analysis.build import drift

    with built(dataset) as folder:
        click.echo(f"{drift.renew(folder, files.root() / 'reference')}: renewed")


@soila.command()
@DATASET
def archive(dataset: str) -> None:
    """Write the build of DATASET with its data, notebooks and licences to one file to deposit."""
    from soila_analysis.build import archive as archives

    with built(dataset) as folder:
        click.echo(archives.write(folder, files.dataset_folder(dataset)))


def _pairs(values: Sequence[str]) -> dict[str, str]:
    wrong = [v for v in values if "=" not in v]
    if wrong:
        raise click.BadParameter(f'"{wrong[0]}" is not NAME=VALUE', param_hint="-p")
    return dict(v.split("=", 1) for v in values)


def _execute(jobs: "Sequence[Job]", **options: Any) -> None:
    from soila_analysis.build import execute as runs

    failures: list[str] = []
    with click.progressbar(length=len(jobs), label="Notebooks", hidden=not _terminal()) as bar:

        def report(result: runs.Result) -> None:
            bar.update(1)
            if result.failure:
                failures.append(result.failure)
            if not _terminal():
                verdict = "FAILED" if result.failure else "done"
                click.echo(f"{verdict:6}  {result.seconds:5.1f} s  {result.job.title}")

        runs.run_all(jobs, **options, modules=PRELOADED, report=report)
    if failures:
        lines = [
            f"{len(failures)} of {len(jobs)} notebooks failed; what these made before is as it was:"
        ]
        raise click.ClickException("\n  ".join([*lines, *failures]))


def _terminal() -> bool:
    return sys.stdout.isatty()


def _list_parameters(notebook: Path, declared: Sequence) -> None:  # type: ignore[type-arg]
    click.echo(notebook.name)
    for p in declared:
        click.echo(f"  {p.name}: {p.type} = {p.default!r}\n      {p.help}")
