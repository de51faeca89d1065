"""What the groups of commands share: the command itself, choices, loading a data set."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from soila_analysis import __version__, files
from soila_analysis.files import UserError

if TYPE_CHECKING:
    from soila_analysis.dataset import Dataset

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@contextmanager
def told(*errors: type[Exception]) -> Iterator[None]:
    """Turn errors into a message without a traceback, and exit status 1."""
    try:
        yield
    except errors as error:
        raise click.ClickException(_extra(error) or str(error)) from None


def _extra(error: Exception) -> str:
    """Name the extra of this package that has a module which is missing."""
    module = (getattr(error, "name", None) or "").replace("_", "-")
    for needed in metadata.requires("soila-analysis") or ():
        if module and needed.startswith(module) and "extra ==" in needed:
            extra = needed.rpartition("extra ==")[2].strip(" \"'")
            return f"this needs {module}; install it with: pip install soila-analysis[{extra}]"
    return ""


class Commands(click.Group):
    """Commands that tell a user what to put right."""

    def invoke(self, ctx: click.Context) -> Any:
        """Call a command; what a user can put right is told as a message."""
        with told(UserError, FileNotFoundError, FileExistsError, ModuleNotFoundError):
            return super().invoke(ctx)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def soila() -> None:
    """From raw codes to the figures of the review, reproducibly.

    The pipeline is the Makefile's (`make help`); these are its pieces.
    """


def loaded(folder: str) -> "Dataset":
    """Load a data set."""
    from soila_analysis import dataset as datasets

    return datasets.load(folder)


def tell(message: str) -> None:
    """Say something beside the results."""
    click.echo(message, err=True)


@contextmanager
def built(dataset: str) -> Iterator[Path]:
    """Have the build of a data set to oneself; it must be current."""
    from soila_analysis.build import plan

    with plan.alone(files.build_folder(plan.dataset_path(dataset)), tell):
        folder = plan.refuse_outdated(dataset)
        name_strays(folder)
        yield folder


def name_strays(build: Path) -> None:
    """Name what earlier runs have left in a build."""
    from soila_analysis.build import manifest as manifests

    strays = manifests.strays(build)
    if strays:
        click.echo("\n  ".join([f"{build} holds outputs {manifests.STRAY}:", *strays]), err=True)
