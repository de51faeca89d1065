"""Fixtures that several test files share: the shipped data sets, and what notebooks draw."""

import os

os.environ["MPLBACKEND"] = "Agg"

from pathlib import Path

import pytest

from soila_analysis import coding

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "literal": ROOT / "data" / "review-2024",
    "memberships": ROOT / "data" / "review-2024-memberships",
    "own": ROOT / "tests" / "fixtures" / "two-coders-own-taxonomy",
}


@pytest.fixture(scope="session")
def folders():
    """Folders of the data sets: the two readings of the review, and one with its own taxonomy."""
    return FOLDERS


@pytest.fixture(scope="session")
def datasets():
    """The data sets of these folders, by the same names."""
    return {name: coding.load(folder) for name, folder in FOLDERS.items()}


@pytest.fixture(scope="session", params=["literal", "memberships"])
def review(request, datasets):
    """Each of the two readings of the review in turn."""
    return datasets[request.param]
