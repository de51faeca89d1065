"""The environment of this clone, `.venv`: made from the lock, brought up to date, or made anew.

Run as a script, by whatever Python there is; it imports nothing that has to be installed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OLDEST = (3, 11)
INPUTS = ("requirements.lock", "pyproject.toml")
PIP = ("-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps")
STEPS = (
    ("--require-hashes", "-r", "requirements.lock"),
    ("--no-build-isolation", "--editable", "."),
)


def main() -> None:
    """Set the environment up unless it is ready: that of this place, as the lock has it."""
    environment = ROOT / ".venv"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = environment / "ready"
    wanted = f"{ROOT}\n{_digest()}\n"
    found = ready.read_text(encoding="utf-8") if ready.is_file() else ""
    if found == wanted and python.exists():
        return
    usable = found.startswith(f"{ROOT}\n") and _runs(python)
    if not usable and sys.version_info < OLDEST:
        needed = ".".join(map(str, OLDEST))
        sys.exit(
            f"{sys.executable} is older than {needed}. "
            "Name a newer one: make figures PYTHON=python3.12"
        )
    print("Setting up .venv from requirements.lock (about a minute the first time) ...", flush=True)
    ready.unlink() if found else None  # what is interrupted from here on is made anew
    if not usable:
        _call(sys.executable, "-m", "venv", "--clear", str(environment))
    for step in STEPS:
        _call(str(python), *PIP, *step)
    ready.write_text(wanted, encoding="utf-8")


def _digest() -> str:
    contents = b"\0".join((ROOT / name).read_bytes() for name in INPUTS)
    return hashlib.sha256(contents).hexdigest()


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
    main()
