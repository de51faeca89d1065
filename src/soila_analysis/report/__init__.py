"""Figures and tables as pages that anyone can read, without installing anything."""

from soila_analysis.report.evidence_map import evidence_map
from soila_analysis.report.methods import Item, MethodsSection, methods
from soila_analysis.report.site import write
from soila_analysis.report.tables import shown
from soila_analysis.report.widget import Asked, Explorer, ask, explore

__all__ = [
    "Asked",
    "Explorer",
    "Item",
    "MethodsSection",
    "ask",
    "evidence_map",
    "explore",
    "methods",
    "shown",
    "write",
]
