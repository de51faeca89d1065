"""Commands that write for readers."""

from pathlib import Path

import click

from soila_analysis.cli.command import loaded, name_strays, soila
from soila_analysis.files import dataset_folder, root


@soila.command()
@click.argument("folder", default="data/review-2024")
def site(folder: str) -> None:
    """Write pages for readers from what `make figures` built for the data set in FOLDER."""
    from soila_analysis import report

    data = loaded(folder)
    build = _built(folder)
    written = report.write(build, data)
    name_strays(build)
    click.echo(f"{written / 'index.html'}")


@soila.command("report")
@click.argument("folder", default="data/review-2024")
def document(folder: str) -> None:
    """Write a PDF to send from what `make figures` built for the data set in FOLDER."""
    from soila_analysis.report import pdf as documents

    data = loaded(folder)
    files = documents.write(_built(folder), data)
    click.echo("\n".join(map(str, files)))


def _built(folder: str) -> Path:
    return root() / "build" / dataset_folder(folder).name
