"""The environment of this clone, `.venv`: made from the lock, brought up to date, or made anew.

Run as a script, by whatever Python there is; it imports nothing that has to be installed. It holds
what figures need (`figures.lock` names it), or with the argument `all` everything that is locked.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OLDEST = (3, 11)
LOCK = "requirements.lock"
INPUTS = (LOCK, "figures.lock", "pyproject.toml")
ENTRY = re.compile(r"^(?=[a-z0-9])", re.MULTILINE)
NAME = re.compile(r"[a-z0-9._-]+")
PIP = ("-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps")
HERE = ("--no-build-isolation", "--editable", ".")


def main(wanted: str = "figures") -> None:
    """Set the environment up unless it is ready: that of this place, as the lock has it."""
    environment = ROOT / ".venv"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = environment / "ready"
    found = _lines(ready)
    holds = "all" if "all" in (wanted, *found[2:3]) else "figures"
    stamp = [str(ROOT), _digest(), holds]
    if found[:3] == stamp and python.exists() and {*found[3:]} <= _installed(environment):
        return
    usable = found[:1] == stamp[:1] and _runs(python)
    if not usable and sys.version_info < OLDEST:
        needed = ".".join(map(str, OLDEST))
        sys.exit(
            f"{sys.executable} is older than {needed}. "
            "Name a newer one: make figures PYTHON=python3.12"
        )
    print(f"Setting up .venv from {LOCK} (about a minute the first time) ...", flush=True)
    ready.unlink() if found else None  # what is interrupted from here on is made anew
    if not usable:
        _call(sys.executable, "-m", "venv", "--clear", str(environment))
    listed = environment / "figures.txt"
    listed.write_text(_figures(), encoding="utf-8")
    lock = LOCK if holds == "all" else str(listed.relative_to(ROOT))
    for step in (("--require-hashes", "-r", lock), HERE):
        _call(str(python), *PIP, *step)
    done = "\n".join([*stamp, *sorted(_installed(environment))])
    ready.write_text(f"{done}\n", encoding="utf-8")


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []


def _digest() -> str:
    contents = b"\0".join((ROOT / name).read_bytes() for name in INPUTS)
    return sha256(contents).hexdigest()


def _installed(environment: Path) -> set[str]:
    """Name the packages that are there with their versions, as their folders do."""
    places = ("lib/python3*/site-packages", "Lib/site-packages")  # POSIX, Windows
    return {p.name for place in places for p in environment.glob(f"{place}/*.dist-info")}


def _figures() -> str:
    """Take from the lock, with their hashes, the packages that figures need."""
    named = {match[0] for line in _lines(ROOT / "figures.lock") if (match := NAME.match(line))}
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
