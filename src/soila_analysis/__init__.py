"""The 16 features of social innovations in child welfare, from raw codes to figures.

>>> import soila_analysis as soila
>>> data = soila.load("data/review-2024")
>>> soila.shares(data).loc[0, ["k", "n"]].tolist()
[33, 45]
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["explore", "load", "plot", "publish", "shares", "table", "tidy"]

_HOMES = {"load": "dataset", "explore": "report"}  # the others are at home in the front door


def __getattr__(name: str) -> Any:
    """Fetch a name of the front door when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'front_door')}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
