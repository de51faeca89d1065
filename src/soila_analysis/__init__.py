"""The 16 features of social innovations in child welfare, from raw codes to figures.

>>> import soila_analysis as soila
>>> data = soila.load("data/review-2024")
>>> soila.shares(data).loc[0, ["k", "n"]].tolist()
[33, 45]
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["ask", "explore", "load", "plot", "publish", "shares", "shown", "table", "tidy"]

HOMES = {"load": "dataset"}  # name to module
HOMES |= dict.fromkeys(("ask", "explore", "shown"), "report")
HOMES |= dict.fromkeys(("plot", "publish", "shares", "table", "tidy"), "front_door")


def __getattr__(name: str) -> Any:
    """Fetch a name of the front door when it is first asked for."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
