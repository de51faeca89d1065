"""The `soila` command: only wiring, one module a group of commands."""

from soila_analysis.cli import build, coders, data, report, review
from soila_analysis.cli.command import soila

__all__ = ["build", "coders", "data", "report", "review", "soila"]
