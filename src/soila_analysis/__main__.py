"""Run the `soila` command: ``python -m soila_analysis``."""

from soila_analysis.cli import soila

soila()
