"""The ways to set up the project agree."""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from soila_analysis.build import bom, environment, record

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def locked() -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[.+\])?==([^\s;\\]+)", LOCK, re.MULTILINE))


def declared() -> set[str]:
    named = PROJECT["project"]["optional-dependencies"].items()
    extras = [packages for name, packages in named if name != "spark"]  # said to be too large
    groups = (PROJECT["project"]["dependencies"], *extras, *PROJECT["dependency-groups"].values())
    return {re.split(r"[<>=]", entry)[0] for group in groups for entry in group}


def test_conda_users_get_the_versions_of_the_lock() -> None:
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in dependencies if isinstance(entry, dict))
    pins = [e for e in (*dependencies, *pip) if isinstance(e, str) and "==" in e]
    assert dict(pin.split("==") for pin in pins) == {
        name: version for name, version in locked().items() if name in declared() - {"pip"}
    }


def test_everything_that_is_declared_is_locked_once_for_all_pythons() -> None:
    names = re.findall(r"^([a-z0-9._-]+)==", LOCK, re.MULTILINE)
    assert declared() <= set(names)
    assert len(names) == len(set(names))


def test_every_locked_package_has_a_hash_and_no_address() -> None:
    entries = re.split(r"^(?=[a-z0-9._-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in LOCK


def test_the_bill_of_materials_lists_what_is_locked() -> None:
    written = (ROOT / "sbom.cdx.json").read_text(encoding="utf-8")
    assert written == bom.text(LOCK)
    bill = json.loads(written)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    listed = {one["name"]: one["version"] for one in bill["components"]}
    assert listed == locked()
    for one in bill["components"]:
        assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}"
        assert {entry["alg"] for entry in one["hashes"]} == {"SHA-256"}
    hashes = [entry["content"] for one in bill["components"] for entry in one["hashes"]]
    assert hashes == re.findall(r"--hash=sha256:(\w+)", LOCK)  # of each package, in this order
    assert "://" not in str(bill)


def test_figures_need_a_part_of_the_lock_with_the_same_versions() -> None:
    lines = (ROOT / "figures.lock").read_text(encoding="utf-8").splitlines()
    entries = {line.partition(" ;")[0] for line in lines if not line.startswith("#")}
    named = dict(entry.split("==") for entry in entries)
    assert named.items() < locked().items()
    setup = (*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["setup"])
    assert {re.split(r"[<>=]", entry)[0] for entry in setup} <= named.keys()
    of_wings = {"jupyterlab", "mypy", "nbconvert", "ortools", "playwright", "pytest", "typst"}
    assert not of_wings & named.keys()
    taken = re.findall(r"^([a-z0-9._-]+)[\[=]", environment._figures(), re.MULTILINE)
    assert taken == sorted(named)


def test_verify_names_an_installed_module_that_was_edited(tmp_path, monkeypatch) -> None:
    site = tmp_path / "lib/python3.11/site-packages"
    for name in ("pandas", "other"):  # of these, figures need only the first
        (site / name).mkdir(parents=True)
        (site / name / "frame.py").write_text("total = a + b\n")
        (site / f"{name}-3.dist-info").mkdir()
        digest = base64.urlsafe_b64encode(hashlib.sha256(b"total = a + b\n").digest()).decode()
        line = f"{name}/frame.py,sha256={digest.rstrip('=')},14\n"
        (site / f"{name}-3.dist-info/RECORD").write_text(line)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(record, "_edited_packages", record._edited_packages.__wrapped__)
    kept = {"data": {}, "parameters": {}, "cells": [], "code": {}, "packages": {}, "lock": ""}
    assert record.changes(kept, kept, ROOT, ROOT) == []
    for name in ("pandas", "other"):
        (site / name / "frame.py").write_text("total = a - b\n")
    found = [str(change) for change in record.changes(kept, kept, ROOT, ROOT)]
    assert found == ["installed pandas/frame.py: not as in the RECORD of its package"]


def test_actions_are_pinned_by_the_hash_of_their_commit() -> None:
    steps = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]["all"]["steps"]
    used = [step["uses"] for step in steps if "uses" in step]
    assert [u for u in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", u)] == []


def test_a_clone_has_the_same_bytes_whatever_git_is_set_to(tmp_path) -> None:
    clone = ["git", "-c", "core.autocrlf=true", "clone", "-q", "--shared", ROOT, tmp_path / "clone"]
    subprocess.run(clone, check=True)
    listed = ["git", "-C", tmp_path / "clone", "ls-files", "--eol"]
    files = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines()
    changed = [line for line in files if line.split()[0][2:] != line.split()[1][2:]]
    assert changed == []


def test_the_minimum_python_is_the_same_everywhere() -> None:
    minimum = PROJECT["project"]["requires-python"]
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert f"python{minimum}" in dependencies
    assert PROJECT["tool"]["ruff"]["target-version"] == "py" + minimum[2:].replace(".", "")
    assert PROJECT["tool"]["mypy"]["python_version"] == minimum[2:]


def test_the_ci_runs_the_two_commands_of_the_readme_the_check_and_the_lint() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    called = re.findall(r"^make (.+)$", script, re.MULTILINE)
    assert called == ["figures", "test", "reproduce LANGS=fi", "check", "lint"]
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    steps = workflow["jobs"]["all"]["steps"]
    assert {"run": "bash .ci/run"} in steps
