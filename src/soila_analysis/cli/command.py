"""What the groups of commands share: the command itself, choices, loading a data set."""

from pathlib import Path

import click

from soila_analysis import __version__

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def soila() -> None:
    """From raw codes to the figures of the review, reproducibly.

    The pipeline is the Makefile's (`make help`); these are its pieces.
    """


def loaded(folder: str):  # type: ignore[no-untyped-def]
    """Load a data set, or say what is wrong with it."""
    from soila_analysis import dataset as datasets

    try:
        return datasets.load(folder)
    except datasets.DatasetError as error:
        raise click.ClickException(str(error)) from None


def name_strays(build: Path) -> None:
    """Name what earlier runs have left in a build."""
    from soila_analysis.build import manifest as manifests

    strays = manifests.strays(build)
    if strays:
        click.echo("\n  ".join([f"{build} holds outputs {manifests.STRAY}:", *strays]), err=True)
