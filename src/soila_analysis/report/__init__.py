"""Figures and tables as pages that anyone can read, without installing anything."""

from soila_analysis.report.evidence_map import evidence_map
from soila_analysis.report.methods import Item, MethodsSection, methods
from soila_analysis.report.site import write
from soila_analysis.report.tables import shown
from soila_analysis.report.widget import Explorer, explore

__all__ = [
    "Explorer",
    "Item",
    "MethodsSection",
    "evidence_map",
    "explore",
    "methods",
    "shown",
    "write",
]
