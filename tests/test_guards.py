"""The list of traps is whole: it cannot rot while `guards.py` is not run."""

import ast
from pathlib import Path

import guards
import pytest

ROOT = Path(__file__).parents[1]


def written_in(file):
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    names = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return {name for name in names if name.startswith("test_")}


@pytest.mark.parametrize("trap", guards.TRAPS)
def test_a_trap_has_a_test_and_a_guard_that_stands_once_where_it_is_said_to(trap):
    file, _, test = guards.TRAPS[trap]["test"].partition("::")
    assert test.split("[")[0] in written_in(file)
    assert guards.changes(trap)
    for place, old, new in guards.changes(trap):
        assert (ROOT / place).read_text(encoding="utf-8").count(old) == 1
        assert old not in new


def test_every_test_of_the_trap_suite_is_that_of_a_trap():
    tests = {trap["test"].split("[")[0] for trap in guards.TRAPS.values()}
    assert {f"test_traps.py::{name}" for name in written_in("test_traps.py")} - tests == set()


def test_there_are_fifty_traps_or_more():
    assert len(guards.TRAPS) >= 50
