"""What a figure is: its name, the metric behind its table, its texts and its variants."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd
from matplotlib.figure import Figure

from soila_analysis.figures.texts import Texts
from soila_analysis.files import UserError
from soila_analysis.language.likeness import unknown
from soila_analysis.taxonomy import Taxonomy

Draw = Callable[[pd.DataFrame, Texts], Figure]


class Coded(Protocol):
    """What a metric may ask of a data set."""

    @property
    def taxonomy(self) -> Taxonomy:
        """What the models are coded by."""

    @property
    def status(self) -> pd.DataFrame:
        """One status for each model and feature."""

    @property
    def contested(self) -> pd.DataFrame:
        """As `status`, but with a disagreement wherever coders differ and nobody decided."""

    def consensus(self, rule: str) -> pd.DataFrame:
        """Bring the codes to one status by another rule."""

    @property
    def language_models(self) -> tuple[str, ...]:
        """The coders that are language models."""

    @property
    def coders(self) -> pd.DataFrame | None:
        """Who coded, if that is listed."""

    @property
    def sample(self) -> pd.DataFrame | None:
        """Models that people code besides a language model, if there are any."""

    @property
    def memberships(self) -> pd.DataFrame:
        """One row for each goal of a model."""

    @property
    def codings(self) -> pd.DataFrame:
        """One row for each code of a coder."""

    @property
    def cube(self) -> Any:
        """The codes as numbers, coders x models x features."""

    @property
    def counted(self) -> Any:
        """The same with ``codings`` and ``cube`` of those coders whose codes count."""

    @property
    def decisions(self) -> pd.DataFrame | None:
        """What cells are to count as, whatever the coders found."""

    @property
    def references(self) -> tuple[str, ...]:
        """The coders whose codes are taken to be right."""

    @property
    def info(self) -> Any:
        """What ``dataset.toml`` says."""

    @property
    def goal(self) -> str:
        """The goal whose models it is narrowed to, if to any."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One figure.

    Attributes
    ----------
    name : str
        What it is called in code, in records and in file names.
    texts : callable
        (table, lang, variant) -> `Texts`.
    drawings : tuple of callable
        (table, texts) -> Figure; named ``as_published`` and ``redesigned``.
    metric : callable, optional
        (data, options by name) -> the table, without labels. The figures about a publication or
        about rounds have none of their own: who has those gives the table.
    measures : tuple of str
        The measures of the claims that speak of the same quantity; see `review.basis.mark`.
    drawable : callable
        (table, variant) -> whether there is something to draw; where not, the texts say why.
    """

    name: str
    texts: Callable[[pd.DataFrame, str, str], Texts]
    drawings: tuple[Draw, ...]
    metric: Callable[..., pd.DataFrame] | None = None
    measures: tuple[str, ...] = ()
    drawable: Callable[[pd.DataFrame, str], bool] = lambda _table, _variant: True

    @property
    def variants(self) -> dict[str, Draw]:
        """Its drawings by their names, ``as-published`` and ``redesigned``."""
        return {draw.__name__.replace("_", "-"): draw for draw in self.drawings}

    def shows(self, table: pd.DataFrame, variant: str) -> bool:
        """Say whether there is something to draw: of no rows, which no claims leave, never."""
        return not table.empty and self.drawable(table, variant)


def options(metric: Callable[..., pd.DataFrame]) -> list[str]:
    """List the options of a metric: its parameters after the data, but for the language.

    Parameters
    ----------
    metric : callable
        As in `Spec`.

    Returns
    -------
    list of str
    """
    _, *named = inspect.signature(metric).parameters
    return [name for name in named if name != "lang"]


class WrongNameError(UserError, ValueError):
    """A name that there is not; the message says which there are."""


def found(without: str, name: str, known: Mapping[str, Any]) -> Any:
    """Look a name up, or say that there is none, and which there are."""
    if name not in known:
        raise WrongNameError(unknown(without, name, known))
    return known[name]
