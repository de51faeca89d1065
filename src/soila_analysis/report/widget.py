"""The evidence map within a notebook: shown by the browser alone, with no kernel behind it."""

from dataclasses import dataclass, field
from html import escape

from soila_analysis.dataset import Dataset
from soila_analysis.language import messages
from soila_analysis.report.evidence_map import evidence_map

# The page may run its own script and save files; it cannot reach the notebook around it.
SANDBOX = "allow-scripts allow-downloads"
STYLE = "width: 100%; height: 85vh; min-height: 36rem; border: 1px solid #767676; background: #fff"
HERE = "about:srcdoc"  # the address of a page within a page
VIEW = '<a id="here"'  # the link to send: a view within a notebook has no address of its own


@dataclass(frozen=True, slots=True)
class Explorer:
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

    title: str
    lang: str
    page: str = field(repr=False)

    def _repr_html_(self) -> str:
        page = self.page.replace('href="#', f'href="{HERE}#').replace(VIEW, f"{VIEW} hidden", 1)
        return (
            f'<iframe title="{escape(self.title)}" lang="{self.lang}" sandbox="{SANDBOX}" '
            f'style="{STYLE}" srcdoc="{escape(page)}"></iframe>'
        )


def explore(dataset: Dataset, lang: str = "fi") -> Explorer:
    """Show the evidence map of a data set in a notebook.

    Choose cells, rows and columns to see their models, filter by goal, feature and any further
    column of the models, and save what is shown. The map lives in the output: it works in a saved
    notebook and needs neither a kernel nor a network.

    Parameters
    ----------
    dataset : Dataset
        As `dataset.load` gives.
    lang : {"fi", "sv", "en"}, default "fi"
        Language of the map.

    Returns
    -------
    Explorer
        The last value of a cell is shown. Equal data give equal bytes.

    Raises
    ------
    ValueError
        For another language; the message lists those there are.
    """
    name = messages(lang)("site.page.map")
    return Explorer(f"{name}: {dataset.info.title[lang]}", lang, evidence_map(dataset, lang))
