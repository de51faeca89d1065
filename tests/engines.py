"""The same tables from any engine: called by a test for those in the lock, alone for Spark.

Run: python tests/engines.py spark
"""

import sys
import warnings
from pathlib import Path

import duckdb
import pandas as pd
import polars

from soila_analysis import dataset as datasets
from soila_analysis import metrics
from soila_analysis.dataset import Dataset

ROOT = Path(__file__).parents[1]
NAMES = ("review-2024", "example-two-coders")


def spark(codings: pd.DataFrame):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    rows = [tuple(map(str, row)) for row in codings.itertuples(index=False)]
    return builder.getOrCreate().createDataFrame(rows, list(codings))


ENGINES = {
    "pandas": lambda codings: codings,
    "duckdb": duckdb.from_df,
    "polars": lambda codings: polars.DataFrame(codings.to_dict("list")),
    "polars, lazy": lambda codings: polars.DataFrame(codings.to_dict("list")).lazy(),
    "spark": spark,
}


def tables(data: Dataset) -> dict[str, str]:
    """Write all tables of a data set that have to do with its codes."""
    status, served, goals = data.status, data.memberships, data.taxonomy.goal_ids
    of = {"contested": data.contested}
    coded = (data.cube, data.taxonomy.counts_as, data.taxonomy.feature_ids)
    map_of = metrics.evidence_map(status, served, goals, **of)
    made = {
        "shares": metrics.feature_shares(status, **of),
        "map": metrics.gaps(map_of),
        "features per model": metrics.features_per_model(status, served, goals, **of),
        "agreement": metrics.agreement_by_feature(*coded, replicates=50),
        "pairs": metrics.agreement_by_coders(*coded, replicates=50),
        "disagreement": metrics.disagreement(*coded),
        "trace": datasets.trace(data, data.taxonomy.feature_ids[0]),
        "tidy": data.tidy("en"),
        "codings": data.codings,
    }
    return {name: table.to_csv() for name, table in made.items()}


def compare(engine: str, folder: Path) -> None:
    """Hold the tables from an engine against those from the files."""
    small = datasets.load(folder)
    held = datasets.load(folder, codings=ENGINES[engine](small.codings))
    assert "codings" not in vars(held)
    assert held == small
    assert tables(held) == tables(small)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # what engines say of each other's versions
    for name in NAMES:
        compare(sys.argv[1], ROOT / "data" / name)
    print(f"equal tables of {', '.join(NAMES)}")
