"""Take out each guard in turn: its trap must then pass for success, and the trap's test be red.

With the guards in place the tests are green: `make test`. `guards.toml` has the traps. Run it for
all, or for those whose names hold a word: .venv/bin/python tests/guards.py [WORD ...]
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
TREE = ("src", "tests", "notebooks", "data", "reference", "Makefile", "pyproject.toml")
TREE += ("requirements.lock", "README.md", "CITATION.cff", "LICENSE")
TRAPS = tomllib.loads(Path(__file__).with_name("guards.toml").read_text(encoding="utf-8"))
LIMIT = 300  # seconds
WORKERS = 2  # the Makefile's tests and notebooks have processes of their own


def project_copy(source, target):
    target.mkdir()
    for name in TREE:
        copy = shutil.copytree if (source / name).is_dir() else shutil.copy2
        copy(source / name, target / name)
    return target


def changes(trap):
    """List file, old and new text of the guard of a trap, and of those that stand behind it."""
    own = [TRAPS[name] for name in (trap, *TRAPS[trap].get("also", []))]
    return [(one["file"], one["old"], one["new"]) for one in own if "file" in one]


def tested(project, test):
    options = ["-q", "--tb=short", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, f"tests/{test}"]
    env = {**os.environ, "PYTHONPATH": str(project / "src")}
    return subprocess.run(
        command, cwd=project, env=env, capture_output=True, text=True, timeout=LIMIT
    )


def verdict(snapshot, trap):
    """Say what is wrong with a trap; nothing if its test is red, and for the right reason."""
    with tempfile.TemporaryDirectory(prefix="guards-") as scratch:
        project = project_copy(snapshot, Path(scratch) / "project")
        for file, old, new in changes(trap):
            text = (project / file).read_text(encoding="utf-8")
            (project / file).write_text(text.replace(old, new), encoding="utf-8")
        try:
            done = tested(project, TRAPS[trap]["test"])
        except subprocess.TimeoutExpired:
            return f"no end within {LIMIT} seconds"
    if done.returncode == 0 or " passed" in done.stdout.splitlines()[-1]:
        return "GREEN without its guard"
    if TRAPS[trap]["red"] not in done.stdout:
        return f"red for another reason than {TRAPS[trap]['red']!r}\n{done.stdout}{done.stderr}"
    return ""


def main(*words):
    chosen = [trap for trap in TRAPS if not words or any(word in trap for word in words)]
    with tempfile.TemporaryDirectory(prefix="guards-") as scratch:
        snapshot = project_copy(ROOT, Path(scratch) / "project")
        survivors = 0
        with ThreadPoolExecutor(WORKERS) as pool:
            verdicts = pool.map(partial(verdict, snapshot), chosen)
            for trap, found in zip(chosen, verdicts, strict=True):
                print(f"{trap}: {found or 'red'}", flush=True)
                survivors += bool(found)
    print(f"{len(chosen)} traps, {survivors} survive")
    return survivors


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
