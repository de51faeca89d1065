"""Seconds and peak memory by the number of codes, beside pandas' own read of the same files.

Each size is measured in a process of its own. Run: .venv/bin/python benchmarks/scale.py 1e4 1e5 1e6
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from soila_analysis import dataset as datasets
from soila_analysis import metrics, taxonomy

NAMES = ("models", "memberships", "codings")
ABOUT = 'title = "t"\nkind = "synthetic"\nsource = "s"\nlicence = "CC0-1.0"\nround = "1"\n'


def write(folder: Path, codes: int) -> None:
    """Make up a data set: one coder, 3 % unclear, a second goal for a fifth of the models."""
    known, rng = taxonomy.load(), np.random.default_rng(1)
    features, goals = sorted(known.feature_ids), np.array(known.goal_ids)
    models = codes // len(features)
    ids = np.array([f"M{i:0{len(str(models))}d}" for i in range(models)])
    goal, second = rng.integers(0, len(goals), models), rng.random(models) < 0.2
    served = {
        "model_id": np.append(ids, ids[second]),
        "goal_id": goals[np.append(goal, (goal[second] + 1) % len(goals))],
    }
    share, drawn = rng.uniform(0.2, 0.9, len(features)), rng.random((models, len(features)))
    code = np.where(drawn < 0.03, "?", np.where(drawn < 0.03 + 0.97 * share, "1", "0"))
    rows = {
        "model_id": np.repeat(ids, len(features)),
        "feature_id": np.tile(features, models),
        "coder_id": "AB",
        "code": code.ravel(),
        "note": "",
    }
    names = {"model_id": ids, "name": np.char.add("Model ", ids)}
    for name, columns in zip(NAMES, (names, served, rows), strict=True):
        table = pd.DataFrame(columns)
        table.sort_values([*table.columns[:2]]).to_csv(folder / f"{name}.csv", index=False)
    version = f'taxonomy = "{known.version}"\n'
    (folder / "dataset.toml").write_text(ABOUT + version, encoding="utf-8")


def timed(name: str, work: Callable[[], Any]) -> Any:
    before = time.process_time()
    result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"  {name:20} {time.process_time() - before:8.2f} s {peak:8,} MB", flush=True)
    return result


def measure(folder: Path) -> None:
    tables = [folder / f"{name}.csv" for name in NAMES]
    timed("pandas reads text", lambda: [pd.read_csv(one, dtype="str") for one in tables] and None)
    data = timed("load", lambda: datasets.load(folder))
    status = timed("status", lambda: data.status)
    all_of = (status, data.memberships, data.taxonomy.goal_ids)
    timed("feature_shares", lambda: metrics.feature_shares(status, contested=data.contested))
    timed("features_per_model", lambda: metrics.features_per_model(*all_of))
    timed("evidence_map", lambda: metrics.evidence_map(*all_of))


if __name__ == "__main__":
    if Path(sys.argv[-1]).is_dir():
        measure(Path(sys.argv[-1]))
    else:
        for size in sys.argv[1:] or ("1e4", "1e5", "1e6"):
            with TemporaryDirectory() as folder:
                write(Path(folder), int(float(size)))
                print(f"{float(size):,.0f} codes", flush=True)
                subprocess.run([sys.executable, __file__, folder], check=True)
