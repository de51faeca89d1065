"""Commands about the publication of 2024."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from soila_analysis.cli.command import loaded, soila, to_write, told


@soila.command()
@click.argument("folder", default="data/review-2024")
@click.option("--strict", is_flag=True, help="Exit with status 1 unless all are reproduced.")
def claims(folder: str, strict: bool) -> None:
    """Recompute from the codes in FOLDER every published number that it is of."""
    from soila_analysis.review import claims as published

    table = published.check(loaded(folder))
    if table.empty:
        advice = 'none are in its dataset.toml; "claims" in data/README.md says how to add them'
        click.echo(f"{folder}: no published claims: {advice}")
        return
    for row in table.itertuples():
        click.echo(published.sentence(row))
    counts = table["verdict"].value_counts()
    click.echo(", ".join(f"{n} {verdict}" for verdict, n in counts.items()))
    if strict and set(table["verdict"]) - {"reproduced"}:
        sys.exit(1)


@soila.command()
@click.argument("printed", nargs=-1, required=True)
@click.option("--n", "bases", default="2:100", show_default=True, help="Bases to try, FIRST:LAST.")
@click.option("--rule", "rules", multiple=True, help="Rounding rule; repeatable. [default: all]")
@click.option("--all", "show_all", is_flag=True, help="Show the bases that do not fit as well.")
def grim(printed: Sequence[str], bases: str, rules: Sequence[str], show_all: bool) -> None:
    """Find the group sizes for which PRINTED percentages are possible.

    \b
    soila grim 91 89 87 53 --n 30:80
    """  # noqa: D301 - \b keeps click from joining the lines
    from soila_analysis.metrics import rounding
    from soila_analysis.review import grim as test

    with told(ValueError):
        table = test.grim(list(printed), _range(bases), list(rules) or list(rounding.SHARE_RULES))
    shown = table if show_all else table[table["fits"]]
    click.echo(shown.to_string(index=False) if len(shown) else "no base fits")


@soila.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--reading",
    default="literal",
    show_default=True,
    help="How the printed figures are read: literal, memberships, mixed or unclear.",
)
@click.option("--seed", default=1, show_default=True, help="Equal seeds give equal bytes.")
@click.option("--workers", default=1, show_default=True, help="Threads; the result is the same.")
def reconstruct(folder: Path, reading: str, seed: int, workers: int) -> None:
    """Write a data set that reproduces every printed figure to FOLDER.

    It is a reconstruction, not the review's own data, and says so.
    """
    from soila_analysis.review import reconstruction

    try:
        with told(ValueError):
            to_write(folder)
            data = reconstruction.reconstruct(reading, seed=seed, workers=workers)
            reconstruction.replace(data, folder)
    except RuntimeError as error:  # of the solver
        advice = "nothing was written; another seed may do"
        raise click.ClickException(f"{reading}, seed {seed}: {error}; {advice}") from None
    click.echo(f"{folder}: {data.info.title.main}")


def _range(text: str) -> range:
    first, _, last = text.partition(":")
    if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        raise click.BadParameter(f'"{text}" is not FIRST:LAST, such as 30:80', param_hint="--n")
    return range(int(first), int(last) + 1)
