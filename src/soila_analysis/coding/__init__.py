"""The raw codes: a folder of CSV files, validated, loaded and brought to a consensus."""

from soila_analysis.coding.consensus import ONE_CODER, RULES, STATUSES, consensus
from soila_analysis.coding.dataset import Dataset, describe, load, save, validate
from soila_analysis.coding.disagreements import decide, disagreements, notices
from soila_analysis.coding.info import DatasetInfo, Trilingual
from soila_analysis.coding.problems import DatasetError, Problem
from soila_analysis.coding.selection import select
from soila_analysis.coding.trace import trace
from soila_analysis.coding.versions import outdated

__all__ = [
    "ONE_CODER",
    "RULES",
    "STATUSES",
    "Dataset",
    "DatasetError",
    "DatasetInfo",
    "Problem",
    "Trilingual",
    "consensus",
    "decide",
    "describe",
    "disagreements",
    "load",
    "notices",
    "outdated",
    "save",
    "select",
    "trace",
    "validate",
]
