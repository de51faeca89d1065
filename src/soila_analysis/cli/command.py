"""What the groups of commands share: the command itself, choices, loading a data set."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from soila_analysis import __version__, files
from soila_analysis.files import UserError

if TYPE_CHECKING:
    from soila_analysis.dataset import Dataset

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM")
ENDING = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]


WHOLE = 1000  # letters of a summary, which none has
HEADS = {  # by the module of a command, in the order of `--help`
    "data": "Data sets",
    "coders": "Coders and their codes",
    "build": "Figures and tables",
    "report": "Pages and reports",
    "review": "The review of 2024",
}


class _File(click.Path):
    """A file to read: no pipe, which would be waited for, and no device."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        return files.regular(Path(os.fsdecode(super().convert(value, param, ctx))))


FILE = _File(path_type=Path, exists=True, dir_okay=False)


@contextmanager
def told(*errors: type[Exception]) -> Iterator[None]:
    """Turn errors into a message without a traceback, and exit status 1."""
    try:
        yield
    except errors as error:
        raise click.ClickException(_extra(error) or _words(error)) from None


def _words(error: Exception) -> str:
    """Say what went wrong with which file, without the number of the error."""
    if isinstance(error, MemoryError):
        return "there is not enough memory; what was not finished is as it was"
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


class _Ended(KeyboardInterrupt):
    """Raised by a signal that asks to end."""


@contextmanager
def _interruptible() -> Iterator[None]:
    """End in one line when that is asked for."""
    asked: list[int] = []

    def end(number: int, _: object) -> None:
        asked.append(number)
        raise _Ended

    def again(lost: "sys.UnraisableHookArgs") -> None:
        """Ask once more where Python met the interrupt when it could not raise it."""
        if isinstance(lost.exc_value, _Ended) and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0.01)
        else:
            sys.__unraisablehook__(lost)

    before = {number: signal.signal(number, end) for number in ENDING}
    sys.unraisablehook = again
    try:
        yield
    except KeyboardInterrupt:
        tell("Interrupted: what was not finished is as it was.")
        sys.exit(128 + (asked or [signal.SIGINT])[0])
    finally:
        sys.unraisablehook = sys.__unraisablehook__
        for number, handler in before.items():
            signal.signal(number, handler)


def _refuse_other_code() -> None:
    """Refuse to work in one clone by the code of another, as a copied environment would."""
    with suppress(FileNotFoundError):
        here, own = files.root() / "src/soila_analysis", Path(files.__file__).parent
        if here.is_dir() and here.resolve() != own.resolve():
            raise click.ClickException(
                f"this command is that of {own.parents[1]}, not of the clone you are in; "
                "call .venv/bin/python -m soila_analysis here (`make figures` sets it up)"
            )


def _extra(error: Exception) -> str:
    """Name the extra of this package that has a module which is missing."""
    module = (getattr(error, "name", None) or "").replace("_", "-")
    for needed in (metadata.requires("soila-analysis") if module else ()) or ():
        if needed.startswith(module) and "extra ==" in needed:
            extra = needed.rpartition("extra ==")[2].strip(" \"'")
            return f"this needs {module}; install it with: pip install soila-analysis[{extra}]"
    return ""


class Listed(click.Group):
    """Commands that `--help` lists by what they are for, each with its first sentence whole."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write them under the heads of `HEADS`; under one where all are of one kind."""
        found: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.commands[name]
            kind = command.callback.__module__.rpartition(".")[2] if command.callback else ""
            row = (name, command.get_short_help_str(WHOLE))
            found.setdefault(HEADS[kind], []).append(row)
        for head in (head for head in HEADS.values() if head in found):
            with formatter.section(head if len(found) > 1 else "Commands"):
                formatter.write_dl(found[head])


class Commands(Listed):
    """Commands that tell a user what to put right."""

    group_class = Listed

    def invoke(self, ctx: click.Context) -> Any:
        """Call a command; what a user can put right is told as a message."""
        with _interruptible(), told(UserError, OSError, ModuleNotFoundError, MemoryError):
            _refuse_other_code()
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


def to_write(folder: str | Path) -> Path:
    """Locate a data set that a command reads and writes; until its end no other command does."""
    path = files.dataset_folder(folder)
    around = next(one for one in path.resolve().parents if one.is_dir())
    click.get_current_context().with_resource(files.alone(around, tell))
    return path


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
