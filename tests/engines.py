"""The same tables from any engine: called by a test for those in the lock, alone for Spark.

Run: python tests/engines.py spark
"""

import sys
import warnings
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pandas as pd
import polars

from soila_analysis import dataset as datasets
from soila_analysis import metrics
from soila_analysis.dataset import Dataset

ROOT = Path(__file__).parents[1]
NAMES = ("review-2024", "example-two-coders")
DRAWN = range(3)  # seeds of rounds drawn at random


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


def drawn(seed: int) -> Dataset:
    """Draw a round with codes missing, several coders and goals, and decisions."""
    data, rng = datasets.load(ROOT / "data/example-two-coders"), np.random.default_rng(seed)
    third = data.codings[data.codings["coder_id"] == data.cube.coders[0]].assign(coder_id="C")
    codes = pd.concat([data.codings, third]).sample(frac=0.7, random_state=seed)
    codes["code"] = rng.choice([*data.taxonomy.counts_as], len(codes))
    cells = codes.drop_duplicates(["model_id", "feature_id"]).head(40)
    told = {"decided_by": "X", "decided_on": "2025-03-31", "reason": "drawn"}
    decisions = cells[["model_id", "feature_id", "code"]].assign(**told)
    served = data.models[["model_id"]].merge(
        pd.Series(data.taxonomy.goal_ids, name="goal_id"), "cross"
    )
    return replace(
        data,
        info=data.info.model_copy(update={"consensus": "decided"}),
        memberships=served.sample(frac=0.6, random_state=seed),
        codings=codes,
        decisions=decisions,
        origin=None,
    )


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
    for seed in DRAWN:
        with TemporaryDirectory() as folder:
            datasets.save(drawn(seed), f"{folder}/round")
            compare(sys.argv[1], Path(folder) / "round")
    print(f"equal tables of {', '.join(NAMES)}, {len(DRAWN)} drawn rounds")
