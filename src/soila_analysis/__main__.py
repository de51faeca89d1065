"""Run the `soila` command: ``python -m soila_analysis``."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # while it is imported, an interrupt just ends it

from soila_analysis.cli import soila  # noqa: E402

soila()
