"""Figures and tables as pages that anyone can read, without installing anything."""

from soila_analysis.report.explorer import Coded, evidence_map
from soila_analysis.report.site import write

__all__ = ["Coded", "evidence_map", "write"]
