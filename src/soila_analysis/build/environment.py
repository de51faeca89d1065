"""The environment of this clone, `.venv`: made from the lock, brought up to date, or made anew.

Run as a script, by whatever Python there is; it imports nothing that has to be installed. It holds
what figures need (`figures.lock` names it), or with the argument `all` everything that is locked.
Where a module of what figures need was edited by hand, it says which, and stops.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OLDEST = (3, 11)
LOCK = "requirements.lock"
INPUTS = (LOCK, "figures.lock", "pyproject.toml")
ENTRY = re.compile(r"^(?=[a-z0-9])", re.MULTILINE)
NAME = re.compile(r"[a-z0-9._-]+")
PLACES = ("lib/python3*/site-packages", "Lib/site-packages")  # POSIX, Windows
MODULES = (".py", ".so", ".pyd")
SHOWN = 5
PIP = ("-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps")
# Of what figures need, all modules compiled would take a quarter of the room and half of the time.
LEAN = "--no-compile"
IMPORT = """
import contextlib, importlib, pkgutil, soila_analysis
for module in pkgutil.walk_packages(soila_analysis.__path__, "soila_analysis."):
    with contextlib.suppress(Exception):
        module.name.endswith("__main__") or importlib.import_module(module.name)
"""
HERE = ("--no-build-isolation", "--editable", ".")


def main(wanted: str = "figures") -> None:
    """Set the environment up unless it is ready: that of this place, as the lock has it."""
    environment = ROOT / ".venv"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = environment / "ready"
    found = _lines(ready)
    holds = "all" if "all" in (wanted, *found[2:3]) else "figures"
    stamp = [str(ROOT), _digest(), holds]
    if not (found[:3] == stamp and python.exists() and {*found[3:]} <= _installed(environment)):
        _set_up(environment, python, stamp)
    _refuse_edited(environment)


def edited(environment: Path) -> list[str]:
    """List the installed modules that figures may import and that are not as they were installed.

    Parameters
    ----------
    environment : Path
        The folder of a virtual environment.

    Returns
    -------
    list of str
        Sorted, in site-packages, those that are gone too. Every module of a package that
        ``figures.lock`` names is hashed, and held against the ``RECORD`` of its package.
    """
    return sorted(name for file, name, known in _modules(environment) if _hash(file) != known)


def _refuse_edited(environment: Path) -> None:
    """Hash the modules, unless none was touched since all were as installed."""
    checked, now = environment / "checked", _touched(_modules(environment))
    if _lines(checked) == [now]:
        return
    if wrong := edited(environment):
        names = "\n  ".join(
            [*wrong[:SHOWN], *([f"and {len(wrong) - SHOWN} more"] * (len(wrong) > SHOWN))]
        )
        sys.exit(
            f"Installed modules are not those of their package's RECORD:\n  {names}\n"
            "Remove .venv and call make again: it installs them as locked. No figure was made."
        )
    checked.write_text(f"{now}\n", encoding="utf-8")


def _modules(environment: Path) -> Iterable[tuple[str, str, str]]:
    """Give path, name and recorded hash of each module of the packages that figures need."""
    named = _named()
    for record in (r for place in PLACES for r in environment.glob(f"{place}/*.dist-info/RECORD")):
        package = re.sub(r"[-_.]+", "-", record.parent.name.partition("-")[0]).lower()
        if package in named:
            site = record.parent.parent
            entries = csv.reader(record.read_text(encoding="utf-8").splitlines())
            yield from ((f"{site}/{e[0]}", e[0], e[1]) for e in entries if e[0].endswith(MODULES))


def _touched(modules: Iterable[tuple[str, str, str]]) -> str:
    """Sum up what changes whenever a file is written; only who sets the clock can hide that."""
    try:
        seen = [
            (known, file, stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns)
            for file, _, known in modules
            for stat in [os.stat(file)]  # noqa: PTH116 - thousands of files, each time
        ]
    except OSError:
        return ""
    return sha256(repr(seen).encode()).hexdigest()


def _hash(file: str) -> str:
    """Hash a file as a RECORD does."""
    try:
        content = Path(file).read_bytes()
    except OSError:
        return "gone"
    return "sha256=" + urlsafe_b64encode(sha256(content).digest()).decode().rstrip("=")


def _set_up(environment: Path, python: Path, stamp: list[str]) -> None:
    """Install what is locked, in a new environment where there is none that is usable."""
    ready, holds = environment / "ready", stamp[-1]
    found = _lines(ready)
    usable = found[:1] == stamp[:1] and _runs(python)
    if not usable and sys.version_info < OLDEST:
        needed = ".".join(map(str, OLDEST))
        sys.exit(
            f"{sys.executable} is older than {needed}. "
            "Name a newer one: make figures PYTHON=python3.12"
        )
    print(f"Setting up .venv from {LOCK} (a minute or two the first time) ...", flush=True)
    ready.unlink() if found else None  # what is interrupted from here on is made anew
    if not usable:
        _call(sys.executable, "-m", "venv", "--clear", str(environment))
    listed = environment / "figures.txt"
    listed.write_text(_figures(), encoding="utf-8")
    lock = LOCK if holds == "all" else str(listed.relative_to(ROOT))
    for step in (("--require-hashes", "-r", lock), HERE):
        _call(str(python), *PIP, *([LEAN] if holds == "figures" else []), *step)
    # What is imported is compiled by that, whatever the user's Python is set to.
    compiled = [str(python), "-I", "-c", IMPORT]
    settings = os.environ | {"MPLCONFIGDIR": str(environment)}
    subprocess.run(compiled, cwd=ROOT, env=settings, capture_output=True, check=False)
    done = "\n".join([*stamp, *sorted(_installed(environment))])
    ready.write_text(f"{done}\n", encoding="utf-8")


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []


def _digest() -> str:
    contents = b"\0".join((ROOT / name).read_bytes() for name in INPUTS)
    return sha256(contents).hexdigest()


def _installed(environment: Path) -> set[str]:
    """Name the packages that are there with their versions, as their folders do."""
    return {p.name for place in PLACES for p in environment.glob(f"{place}/*.dist-info")}


def _named() -> set[str]:
    return {match[0] for line in _lines(ROOT / "figures.lock") if (match := NAME.match(line))}


def _figures() -> str:
    """Take from the lock, with their hashes, the packages that figures need."""
    named = _named()
    entries = ENTRY.split((ROOT / LOCK).read_text(encoding="utf-8"))
    return "".join(e for e in entries if (match := NAME.match(e)) and match[0] in named)


def _runs(python: Path) -> bool:
    """Tell whether a Python is there, new enough, and has pip."""
    code = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    try:
        return not subprocess.run([str(python), "-I", "-c", code], check=False).returncode
    except OSError:
        return False


def _call(*command: str) -> None:
    """Run a command in the clone; where it fails, it has said why."""
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
