"""Commands that write for readers."""

import click

from soila_analysis import files
from soila_analysis.cli.command import built, loaded, soila


@soila.command()
@click.argument("folder", default="data/review-2024")
def site(folder: str) -> None:
    """Write pages for readers from what `make figures` built for the data set in FOLDER."""
    from soila_analysis import report

    with built(folder) as build:
        click.echo(report.write(build, loaded(folder)) / "index.html")


@soila.command("report")
@click.argument("folder", default="data/review-2024")
def document(folder: str) -> None:
    """Write a PDF to send from what `make figures` built for the data set in FOLDER."""
    from soila_analysis.build import record
    from soila_analysis.report import pdf as documents

    with built(folder) as build:
        written = documents.write(build, loaded(folder), record.day(files.root()))
        click.echo("\n".join(map(str, written)))
