"""What a notebook shows to be used: the evidence map, and a form for parameters.

Both are HTML that needs no kernel: a run, and a saved notebook, have nothing else. In a notebook
that is open in JupyterLab, what a reader chooses there is known in the next cell.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from soila_analysis.dataset import Dataset
from soila_analysis.dataset.query import CHOICES as GOALS
from soila_analysis.files import UserError
from soila_analysis.language import messages
from soila_analysis.report.evidence_map import evidence_map

if TYPE_CHECKING:
    from soila_analysis.report.live import Live

# The page may run its own script and save files; it cannot reach the notebook around it.
SANDBOX = "allow-scripts allow-downloads"
STYLE = "width: 100%; height: 85vh; min-height: 36rem; border: 1px solid #767676; background: #fff"
HERE = "about:srcdoc"  # the address of a page within a page
VIEW = '<a id="here"'  # the link to send: a view within a notebook has no address of its own
OPEN = "JPY_SESSION_NAME"  # a Jupyter server names the notebook to its kernel; a run has none
FEATURES = ("commonest", "rarest")  # choices besides the ids


class _Shown(ABC):
    """HTML that a notebook shows as the cell's result; open in JupyterLab, it answers."""

    @abstractmethod
    def _repr_html_(self) -> str: ...

    def _content(self) -> str:
        return self._repr_html_()

    @cached_property
    def _live(self) -> "Live":
        from soila_analysis.report.live import Live

        return Live(content=self._content())

    def _told(self) -> Mapping[str, Any]:
        """Give what was chosen; a run, which shows nothing that answers, makes nothing either."""
        return vars(self)["_live"].told if "_live" in vars(self) else {}

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Add what answers to the HTML, where there is somebody to answer."""
        if OPEN not in os.environ:
            return {}
        shown: Any = self._live._repr_mimebundle_()
        return {mime: part for mime, part in shown[0].items() if "widget" in mime}


class Explorer(_Shown):
    """An evidence map; a notebook shows it as the cell's result.

    Attributes
    ----------
    title : str
        What a screen reader calls it.
    lang : str
        Language of the page.
    page : str
        The page, as `evidence_map` writes it.
    """

    def __init__(self, dataset: Dataset, lang: str) -> None:
        self.title = f"{messages(lang)('site.page.map')}: {dataset.info.title[lang]}"
        self.lang = lang
        self.page = evidence_map(dataset, lang)
        self._dataset = dataset

    def __repr__(self) -> str:
        return f"Explorer(title={self.title!r}, lang={self.lang!r})"

    def _repr_html_(self) -> str:
        page = self.page.replace('href="#', f'href="{HERE}#').replace(VIEW, f"{VIEW} hidden", 1)
        return (
            f'<iframe title="{escape(self.title)}" lang="{self.lang}" sandbox="{SANDBOX}" '
            f'style="{STYLE}" srcdoc="{escape(page)}"></iframe>'
        )

    @property
    def selected(self) -> pd.DataFrame:
        """The models that are listed below the map: all, or those of the filters and the cell.

        Returns
        -------
        DataFrame
            Rows of ``models.csv``, by id. All of them where no notebook is open in JupyterLab.

        Raises
        ------
        UserError
            For a reconstruction: its models are made up, and none can be chosen.
        """
        models, name = self._dataset.models, self._dataset.name
        if self._dataset.info.kind == "reconstructed":
            raise UserError(f"{name} is a reconstruction: no model of it is real, none is chosen")
        chosen = self._told().get("models", models["model_id"])
        return models[models["model_id"].isin(chosen)].reset_index(drop=True)


class Asked(_Shown):
    """Parameters as they stand, or as they were chosen since in JupyterLab: see `ask`."""

    def __init__(self, given: Mapping[str, str], choices: Mapping[str, Mapping[str, str]]) -> None:
        self._given, self._choices = given, choices

    def __getattr__(self, name: str) -> str:
        if name.startswith("_") or name not in self._given:
            raise AttributeError(f"nothing was asked about {name!r}")
        return str(self._told().get(name, self._given[name]))

    def __repr__(self) -> str:
        return f"Asked({', '.join(f'{n}={getattr(self, n)!r}' for n in self._given)})"

    def _repr_html_(self) -> str:
        named = {n: self._choices.get(n, {}).get(value, value) for n, value in self._given.items()}
        return _listed((name, escape(value) or "–") for name, value in named.items())

    def _content(self) -> str:
        return _listed(
            (f'<label for="ask-{name}">{name}</label>', self._field(name, value))
            for name, value in self._given.items()
        )

    def _field(self, name: str, value: str) -> str:
        at = f'id="ask-{name}" name="{escape(name)}" style="width: 36em; box-sizing: border-box"'
        if name not in self._choices:
            return f'<input {at} value="{escape(value)}">'
        options = [
            f'<option value="{escape(i)}"{" selected" * (i == value)}>{escape(label)}</option>'
            for i, label in self._choices[name].items()
        ]
        return f"<select {at}>{''.join(options)}</select>"


def explore(dataset: Dataset, lang: str = "fi", by: str = "") -> Explorer:
    """Show the evidence map of a data set in a notebook.

    Choose cells, rows and columns to see their models, filter by goal, feature and any further
    column of the models, and save what is shown. The map lives in the output: it works in a saved
    notebook and needs neither a kernel nor a network. While the notebook is open in JupyterLab,
    ``selected`` has the models that are listed.

    Parameters
    ----------
    dataset : Dataset
        As `dataset.load` gives.
    lang : {"fi", "sv", "en"}, default "fi"
        Language of the map.
    by : str, optional
        A column of ``models.csv`` whose groups take the place of goals, see `Dataset.grouped`.

    Returns
    -------
    Explorer
        The last value of a cell is shown. Equal data give equal bytes.

    Raises
    ------
    ValueError
        For another language or column; the message lists those there are.
    """
    return Explorer(dataset.grouped(by) if by else dataset, lang)


def ask(dataset: Dataset, lang: str = "fi", **given: str) -> Asked:
    """Offer parameters of a notebook to be changed by a form, as well as in their cell.

    Parameters
    ----------
    dataset : Dataset
        As `dataset.load` gives.
    lang : {"fi", "sv", "en"}, default "fi"
        Language of the names.
    **given
        The parameters as they stand. For ``feature`` and ``goal`` there is a list of what the data
        set has, for any other a line to type in.

    Returns
    -------
    Asked
        It has each parameter as an attribute. In a notebook that is open in JupyterLab it shows
        the form, and what is chosen there counts in the cells that are run after; anywhere else it
        says what was given.
    """
    taxonomy, labels = dataset.taxonomy, dataset.taxonomy.labels(lang)
    offered = {"feature": (*FEATURES, *taxonomy.feature_ids), "goal": (*GOALS, *taxonomy.goal_ids)}
    choices = {name: {i: labels.get(i, i) for i in ids} for name, ids in offered.items()}
    return Asked(given, choices)


def _listed(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(
        f'<tr><th scope="row" style="text-align: left">{name}</th>'
        f'<td style="text-align: left">{value}</td></tr>'
        for name, value in rows
    )
    return f"<table>{cells}</table>"
