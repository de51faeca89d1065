"""Seconds and peak memory by the number of codes, beside the engine's own scan of the same columns.

Each size is measured in a process of its own. Run: .venv/bin/python benchmarks/scale.py 1e4 1e5 1e6
1e7; with --csv first, from CSV instead of Parquet.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from math import log
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from soila_analysis import dataset as datasets
from soila_analysis import metrics, taxonomy
from soila_analysis.dataset import engine

ABOUT = 'title = "t"\nkind = "synthetic"\nsource = "s"\nlicence = "CC0-1.0"\nround = "1"\n'
PART = 625_000  # models in a part of the codes
COLUMNS = ("model_id", "feature_id", "coder_id", "code")


def write(folder: Path, codes: int, csv: bool) -> None:
    """Make up a data set: one coder, 3 % unclear, a second goal for a fifth of the models."""
    known, rng = taxonomy.load(), np.random.default_rng(1)
    features, goals = sorted(known.feature_ids), np.array(known.goal_ids)
    models = codes // len(features)
    ids = np.array([f"M{i:0{len(str(models))}d}" for i in range(models)], dtype=object)
    goal, second = rng.integers(0, len(goals), models), rng.random(models) < 0.2
    served = pd.DataFrame(
        {
            "model_id": np.append(ids, ids[second]),
            "goal_id": goals[np.append(goal, (goal[second] + 1) % len(goals))],
        }
    )
    named = pd.DataFrame({"model_id": ids, "name": "Model " + ids})
    tables = {"models": named, "memberships": served.sort_values(["model_id", "goal_id"])}
    share, parts = rng.uniform(0.2, 0.9, len(features)), []
    for start in range(0, models, PART):
        own = ids[start : start + PART]
        drawn = rng.random((len(own), len(features)))
        code = np.where(drawn < 0.03, "?", np.where(drawn < 0.03 + 0.97 * share, "1", "0"))
        rows = {
            "model_id": pd.Categorical.from_codes(np.repeat(np.arange(len(own)), len(share)), own),
            "feature_id": pd.Categorical(np.tile(features, len(own))),
            "coder_id": pd.Categorical.from_codes(np.zeros(code.size, dtype=np.int8), ["AB"]),
            "code": pd.Categorical(code.ravel()),
            "note": pd.Categorical.from_codes(np.zeros(code.size, dtype=np.int8), [""]),
        }
        parts.append(pd.DataFrame(rows))
        if not csv:
            (folder / "codings.parquet").mkdir(exist_ok=True)
            engine.write(parts.pop(), folder / f"codings.parquet/{start:09d}.parquet")
    for name, table in tables.items():
        if csv:
            table.to_csv(folder / f"{name}.csv", index=False)
        else:
            engine.write(table, folder / f"{name}.parquet")
    if csv:
        pd.concat(parts).to_csv(folder / "codings.csv", index=False)
    version = f'taxonomy = "{known.version}"\n'
    (folder / "dataset.toml").write_text(ABOUT + version, encoding="utf-8")


def used() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


def timed(name: str, work: Callable[[], Any]) -> Any:
    passed, before = time.perf_counter(), used()
    result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = time.perf_counter() - passed, used() - before
    print(f"  {name:26} {seconds[0]:8.2f} s {seconds[1]:8.2f} s cpu {peak:8,} MB", flush=True)
    return result


def measure(folder: Path) -> None:
    packed = folder / "codings.parquet"
    source = f"'{packed}/*.parquet'" if packed.exists() else f"'{folder}/codings.csv'"
    columns = ", ".join(f"sum(hash({column}))" for column in COLUMNS)
    scan = f"select {columns} from {source}"
    timed("scan by DuckDB alone", lambda: duckdb.sql(scan).fetchall() and None)
    started = used()
    if packed.exists():
        held = duckdb.read_parquet(f"{packed}/*.parquet")
        timed("codes added up", lambda: engine.added_up(held, taxonomy.load()) is None)
    else:
        text = [folder / f"{n}.csv" for n in ("models", "memberships", "codings")]
        timed("pandas reads text", lambda: [pd.read_csv(one, dtype="str") for one in text] and None)
    data = timed("load, with validation", lambda: datasets.load(folder))
    status = timed("status", lambda: data.status)
    all_of, contested = (status, data.memberships, data.taxonomy.goal_ids), data.contested
    timed("feature shares", lambda: metrics.feature_shares(status, contested=contested))
    timed("features per model", lambda: metrics.features_per_model(*all_of, contested=contested))
    timed("map", lambda: metrics.gaps(metrics.evidence_map(*all_of, contested=contested)))
    print(f"  {'everything':26} {'':10} {used() - started:8.2f} s cpu")


def main(csv: bool, sizes: list[float]) -> None:
    spent = []
    for size in sizes:
        with TemporaryDirectory() as folder:
            drawn = ["--write", str(int(size)), *["--csv"] * csv, folder]
            subprocess.run([sys.executable, __file__, *drawn], check=True)
            print(f"{size:,.0f} codes", flush=True)
            made = [sys.executable, __file__, folder]
            told = subprocess.run(made, check=True, capture_output=True, text=True).stdout
            print(told, end="", flush=True)
            spent.append(float(told.split()[-3]))
    for (small, few), (large, many) in zip(
        zip(sizes, spent, strict=True), list(zip(sizes, spent, strict=True))[1:], strict=False
    ):
        slope = log(many / few) / log(large / small)
        print(f"from {small:,.0f} to {large:,.0f} codes: slope {slope:.2f}")


if __name__ == "__main__":
    if "--write" in sys.argv:  # in a process of its own, whose memory is not measured
        write(Path(sys.argv[-1]), int(sys.argv[2]), "--csv" in sys.argv)
    elif Path(sys.argv[-1]).is_dir():
        measure(Path(sys.argv[-1]))
    else:
        given = [one for one in sys.argv[1:] if one != "--csv"]
        main("--csv" in sys.argv, [float(one) for one in given or ("1e4", "1e5", "1e6")])
