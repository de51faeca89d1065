"""What is done to a data folder is done whole or not at all, and nothing in it can act."""

import pandas as pd
from conftest import made_up
from faults import every_fault

from soila_analysis import dataset as datasets
from soila_analysis import files, taxonomy

LIBRARY = taxonomy.load()


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()} if folder.is_dir() else None


def small(models=2, note=""):
    """A data set of the library's taxonomy, whose folder has few files."""
    goals = LIBRARY.goal_ids
    ids = [f"M{n}" for n in range(models)]
    codings = [(one, "participation", coder, "1", note) for one in ids for coder in "AB"]
    return datasets.Dataset(
        "small",
        made_up(models=1).info.model_copy(update={"taxonomy": LIBRARY.version}),
        pd.DataFrame({"model_id": ids, "name": ids}),
        pd.DataFrame({"model_id": ids * 4, "goal_id": [g for g in goals for _ in ids]}),
        pd.DataFrame(codings, columns=["model_id", "feature_id", "coder_id", "code", "note"]),
    )


# Durability


def test_a_save_survives_every_fault(tmp_path):
    folder = tmp_path / "here" / "round"
    datasets.save(small(), folder)
    (folder / "letter.txt").write_text("kept")
    before, larger = contents(folder), small(3)
    tally = every_fault(
        folder.parent,
        lambda: datasets.save(larger, folder),
        lambda: contents(files.dataset_folder(folder)),
    )
    assert min(tally.values()) > 30
    assert contents(folder) == before
