"""The raw codes: a folder of CSV files, validated, loaded and brought to a consensus."""

from soila_analysis.dataset.consensus import ONE_CODER, RULES, STATUSES, consensus
from soila_analysis.dataset.dataset import Dataset, describe, load, save, validate
from soila_analysis.dataset.decisions import decide, disagreements, notices
from soila_analysis.dataset.metadata import DatasetInfo, Trilingual
from soila_analysis.dataset.problems import DatasetError, Problem
from soila_analysis.dataset.query import outdated, rounds, select, trace

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
    "rounds",
    "save",
    "select",
    "trace",
    "validate",
]
