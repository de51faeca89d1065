"""The README is true: its links lead somewhere, its commands exist, its figure is today's.

`python tests/test_readme.py` draws the headline figure anew.
"""

import re
import shutil
import tempfile
from pathlib import Path

import api

import soila_analysis as soila
from soila_analysis.cli import soila as command

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HEADLINE = ROOT / "docs" / "feature-shares.en.svg"


def headline(folder: Path) -> Path:
    """Draw the figure as notebook 03 does, outside of a run."""
    data = soila.load(ROOT / "data" / "review-2024")
    soila.publish(soila.table("feature-shares", data, "en"), folder=folder)
    return folder / "figures" / "feature-shares-redesigned.svg"


def test_the_headline_figure_is_the_one_that_the_code_draws(tmp_path: Path) -> None:
    assert HEADLINE.read_bytes() == headline(tmp_path).read_bytes()


def test_every_link_leads_to_a_file_of_the_repository() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert named
    assert named <= targets


def test_every_soila_command_in_the_readme_exists() -> None:
    named = set(re.findall(r"\bsoila ([a-z]+(?:-[a-z]+)*)", README))
    assert named
    assert named <= set(command.commands)


def test_the_readme_lists_every_notebook() -> None:
    notebooks = {file.stem for file in (ROOT / "notebooks").glob("*.ipynb")}
    assert re.findall(r"^\| `(\d\d_[\w-]+)`", README, re.MULTILINE) == sorted(notebooks)


def test_the_api_page_lists_every_public_name_with_its_first_line() -> None:
    assert api.PAGE.read_text(encoding="utf-8") == api.page()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copyfile(headline(Path(scratch)), HEADLINE)
