"""JupyterLab over the notebooks: what it saves of them is what was written, not what was run."""

from collections.abc import Sequence
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager

from soila_analysis import files

LANGUAGE = {"name": "python"}  # which version ran it changes from machine to machine


class OwnKernel(KernelSpecManager):
    """Knows the kernel of this environment, whatever is installed elsewhere under its name."""

    def _kernel_dirs_default(self) -> list[str]:
        return []


def start(options: Sequence[str]) -> None:
    """Open the notebooks in JupyterLab, with this environment's kernel alone, until it is stopped.

    Parameters
    ----------
    options : sequence of str
        As for ``jupyter lab``, such as ``--no-browser``.
    """
    from jupyterlab.labapp import LabApp
    from traitlets.config import Config

    own = Config(ServerApp={"kernel_spec_manager_class": OwnKernel})
    arguments = [str(files.root() / "notebooks"), "--LabApp.news_url=None", *options]
    server = LabApp.initialize_server(arguments, config=own)
    server.contents_manager.register_pre_save_hook(as_written)
    server.start()


def as_written(model: dict[str, Any], **_: Any) -> None:
    """Leave out of a notebook what running it has added, before JupyterLab saves it.

    A notebook of a question, which declares its outputs, is stored without any, so that git has
    nothing to say after a run. One of your own keeps them; where a cell answers to the kernel and
    has HTML as well, only that is kept, since a saved notebook shows one of them and has no kernel.

    Parameters
    ----------
    model : dict
        As the hook of a contents manager gets it; the notebook in it is changed.
    """
    if model["type"] != "notebook":
        return
    notebook = model["content"]
    question = "soila" in notebook["metadata"]
    if question:
        notebook["metadata"]["language_info"] = LANGUAGE
        notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        if question:
            cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k == "tags"}
        if cell["cell_type"] != "code":
            continue
        if question:
            cell["outputs"], cell["execution_count"] = [], None
        for data in (output.get("data", {}) for output in cell["outputs"]):
            if "text/html" in data:
                data.pop("application/vnd.jupyter.widget-view+json", None)
