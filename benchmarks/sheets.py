"""How long it takes to read coders' sheets into a new data set, and how much memory.

Run: .venv/bin/python benchmarks/sheets.py [--models 20000] [--coders 3]
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import click
import openpyxl
from click.testing import CliRunner

from soila_analysis import taxonomy
from soila_analysis.cli import soila

TAXONOMY = taxonomy.load()
CODES = [1, 0, "?", "-"]
NEW = ["--title", "T", "--source", "S", "--licence", "CC0-1.0"]


def sheet(file: Path, coder: str, models: int) -> Path:
    """Write a filled-in sheet with the columns that `soila sheet new` gives it."""
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("Coding")
    goals = [f"goal:{goal}" for goal in TAXONOMY.goal_ids]
    features = [part for f in TAXONOMY.feature_ids for part in (f"feature:{f}", f"note:{f}")]
    page.append(["model_id", "name", *goals, *features, "note", "coder_id", "taxonomy_version"])
    for n in range(models):
        served = ["yes" if n % len(goals) == g else None for g in range(len(goals))]
        codes = [c for f in range(len(features) // 2) for c in (CODES[n * f % 7 % 4], None)]
        start = [f"M{n:05}", f"Model {n}", *served, *codes, None]
        page.append([*start, coder, TAXONOMY.version])
    book.save(file)
    return file


@click.command()
@click.option("--models", default=20_000, show_default=True)
@click.option("--coders", default=3, show_default=True)
def main(models: int, coders: int) -> None:
    """Print CPU seconds and the most memory that reading takes."""
    with tempfile.TemporaryDirectory() as folder:
        names = [f"C{n}" for n in range(coders)]
        files = [sheet(Path(folder) / f"{name}.xlsx", name, models) for name in names]
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.process_time()
        arguments = ["sheet", "read", *map(str, files), str(Path(folder) / "round"), *NEW]
        result = CliRunner().invoke(soila, arguments, catch_exceptions=False)
        seconds, after = time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF)
    if result.exit_code:
        sys.exit(result.output)
    codes = models * coders * len(TAXONOMY.feature_ids)
    print(f"{codes:,} codes: {seconds:.1f} s of CPU, at most {after.ru_maxrss / 1024:.0f} MB")
    print(f"(memory before reading: {before.ru_maxrss / 1024:.0f} MB)")


if __name__ == "__main__":
    main()
