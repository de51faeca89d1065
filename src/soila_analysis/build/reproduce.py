"""Regenerate all outputs in ways that should not matter, and compare every byte with a plain run.

A perturbation changes one thing about where or how the notebooks are executed: the folder, the
home, the clock's zone, the language, the order of hashes and of notebooks, the kernels. Several go
into one run, so that the whole is short; where a run differs, they are tried one by one.
"""

import hashlib
import locale
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from soila_analysis.files import UserError

TREE = ("src", "data", "notebooks", "pyproject.toml", "requirements.lock")
# How long a notebook took; hashes of what is compared already; who is at work there.
UNSTABLE = (".timing.json", ".run.json", ".lock")
HOME = "~"  # in the values of an environment, the new home


class ReproductionError(UserError):
    """A run that failed, so that there is nothing to compare; the message has its last lines."""


@dataclass(frozen=True, slots=True)
class Perturbation:
    """One thing that should not matter.

    Attributes
    ----------
    name : str
        As it is reported.
    env : mapping of str to str
        Environment variables; ``~`` at the front of a value stands for a new home.
    options : tuple of str
        For `soila run`.
    folder : str
        Name of the folder of the copy.
    umask : int
        -1 leaves it alone.
    read_only : bool
        Whether the copy may not be written to.
    shuffled : bool
        Whether the notebooks come in another order.
    files : mapping of str to str
        What is in the new home.
    """

    name: str
    env: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    folder: str = ""
    umask: int = -1
    read_only: bool = False
    shuffled: bool = False
    files: Mapping[str, str] = field(default_factory=dict)


def _env(name: str, value: str) -> Perturbation:
    return Perturbation(f"{name}={value}", {name: value})


XDG = {f"XDG_{kind}_HOME": f"{HOME}/xdg" for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
NEW_HOME = {"HOME": HOME, "MPLCONFIGDIR": f"{HOME}/mpl", "IPYTHONDIR": f"{HOME}/ipython", **XDG}
SETTINGS = "savefig.bbox: tight\nfont.size: 30\nlines.linewidth: 9\n"
FULL = {
    ".config/matplotlib/matplotlibrc": SETTINGS,
    ".matplotlib/matplotlibrc": SETTINGS,
    ".ipython/profile_default/startup/0.py": "import pandas; pandas.options.display.precision = 1",
    ".ipython/profile_default/ipython_kernel_config.py": "c.IPKernelApp.exec_lines = ['1 / 0']",
    ".jupyter/jupyter_config.py": "raise SystemExit",
    "jupyter/kernels/python3/kernel.json": '{"argv": ["false"], "display_name": "A"}',
    "path/matplotlib.py": "raise ImportError('another one')",
    "startup.py": "raise SystemExit",
}
FULL_HOME = {
    "HOME": HOME,
    "XDG_CONFIG_HOME": f"{HOME}/.config",
    "IPYTHONDIR": f"{HOME}/.ipython",
    "JUPYTER_CONFIG_DIR": f"{HOME}/.jupyter",
    "JUPYTER_PATH": f"{HOME}/jupyter",
    "MATPLOTLIBRC": f"{HOME}/.matplotlib/matplotlibrc",
    "MPLBACKEND": "svg",
    "PYTHONPATH": f"{HOME}/path",
    "PYTHONSTARTUP": f"{HOME}/startup.py",
    "GIT_DIR": f"{HOME}/none",
    "SOILA_OUTPUT": f"{HOME}/mine",
    "SOILA_PROVENANCE": "{}",
}
Run = tuple[Perturbation, ...]
RUNS: tuple[Run, ...] = (
    (
        Perturbation("a path with spaces and ä", folder="työn toinen paikka ä"),
        Perturbation("another HOME, empty configuration", NEW_HOME),
        Perturbation("umask 077", umask=0o077),
    ),
    (
        _env("TZ", "Pacific/Kiritimati"),
        _env("LC_ALL", "fi_FI.UTF-8"),
        _env("PYTHONHASHSEED", "0"),
        Perturbation("one worker", options=("--workers", "1")),
    ),
    (
        _env("TZ", "America/St_Johns"),
        _env("LC_ALL", "C"),
        _env("PYTHONHASHSEED", "1"),
        Perturbation("six workers", options=("--workers", "6")),
    ),
    (
        Perturbation("plain kernels", options=("--plain-kernels",)),
        Perturbation("umask 002", umask=0o002),
    ),
    (
        Perturbation("shuffled notebooks", shuffled=True),
        _env("PYTHONHASHSEED", "random"),
        _env("PYTHONDONTWRITEBYTECODE", "1"),
        Perturbation("a read-only tree", read_only=True),
    ),
    (
        _env("OMP_NUM_THREADS", "1"),
        _env("COLUMNS", "40"),
        _env("PYTHONUTF8", "0"),
        Perturbation("a HOME full of configuration", FULL_HOME, files=FULL),
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one perturbed run.

    Attributes
    ----------
    run : tuple of Perturbation
        What was changed.
    compared : int
        Number of outputs.
    differing : mapping of str to str
        Output to the perturbations under which it differs: those that do it alone, else all.
    """

    run: Run
    compared: int
    differing: Mapping[str, str]


def reproduce(
    root: Path,
    notebooks: Sequence[Path],
    langs: Sequence[str],
    *,
    runs: Sequence[Run] = RUNS,
    report: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Execute notebooks plainly, and then in perturbed ways, and compare what they leave.

    Parameters
    ----------
    root : Path
        The project; it is copied first and not written to.
    notebooks : sequence of Path
        Relative to the root.
    langs : sequence of str
        Languages.
    runs : sequence of tuple of Perturbation, optional
        What to change, run by run.
    report : callable, optional
        Called with each outcome as it comes.

    Returns
    -------
    list of Outcome
        In the order of the runs.

    Raises
    ------
    ReproductionError
        If a run fails.
    """
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="reproduce-") as scratch:
        snapshot = _copy(root, Path(scratch) / "snapshot")  # what is edited meanwhile is left out

        def outputs(run: Run) -> dict[str, str]:
            return _outputs(snapshot, notebooks, langs, run)

        plain = outputs(())
        for run in runs:
            differing = _differing(plain, outputs(run))
            causes = _causes(outputs, run, plain, differing) if differing else {}
            outcomes.append(Outcome(run, len(plain), causes))
            report(outcomes[-1])
    return outcomes


def unbound(run: Run) -> list[str]:
    """Say which perturbations of a run do less on this machine than elsewhere.

    Parameters
    ----------
    run : sequence of Perturbation
        Those of one run.

    Returns
    -------
    list of str
        A note for each of them; empty where all of them bind.
    """
    notes = []
    for one in run:
        if one.read_only and getattr(os, "geteuid", lambda: 1)() == 0:
            notes.append(f"{one.name}: permissions do not bind root")
        wanted = one.env.get("LC_ALL")
        if wanted and not _has_locale(wanted):
            notes.append(f"{one.name}: not installed here, so only its name is seen")
    return notes


def _has_locale(name: str) -> bool:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        return False
    finally:
        locale.setlocale(locale.LC_ALL, before)
    return True


def _causes(
    outputs: Callable[[Run], Mapping[str, str]],
    run: Run,
    plain: Mapping[str, str],
    differing: Sequence[str],
) -> dict[str, str]:
    """Try nothing at all, and then each perturbation alone."""
    found = {"nothing but time or chance": _differing(plain, outputs(()))}
    found |= {one.name: _differing(plain, outputs((one,))) for one in run}
    together = ", ".join(one.name for one in run)
    return {
        name: next((cause for cause, names in found.items() if name in names), together)
        for name in differing
    }


def _differing(plain: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return [name for name in sorted({*plain, *other}) if plain.get(name) != other.get(name)]


def _outputs(
    root: Path, notebooks: Sequence[Path], langs: Sequence[str], run: Run
) -> dict[str, str]:
    """Execute the notebooks in a copy of the project; give the hash of each output."""
    with tempfile.TemporaryDirectory(prefix="reproduce-") as scratch:
        top = Path(scratch)
        home, output = top / "home", top / "output"
        home.mkdir()
        for name, text in (item for p in run for item in p.files.items()):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(text)
        copy = _copy(root, top / (next((p.folder for p in run if p.folder), "") or "copy"))
        order = [str(notebook) for notebook in notebooks]
        if any(p.shuffled for p in run):
            random.Random(16).shuffle(order)
        names = [word for lang in langs for word in ("--lang", lang)]
        options = [option for p in run for option in p.options]
        command = ["run", *order, *names, *options, "--output", str(output)]
        if any(p.read_only for p in run):
            _allow(copy, writing=False)
        try:
            _execute(command, copy, _environment(run, copy, home), run)
        finally:
            _allow(copy, writing=True)
        return _hashes(output)


def _copy(root: Path, target: Path) -> Path:
    target.mkdir()
    for name in TREE:
        if (root / name).is_dir():
            ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            shutil.copytree(root / name, target / name, ignore=ignore)
        else:
            shutil.copy(root / name, target / name)
    return target


def _environment(run: Run, copy: Path, home: Path) -> dict[str, str]:
    given = {name: value for p in run for name, value in p.env.items()}
    moved = {n: f"{home}{v[1:]}" if v.startswith(HOME) else v for n, v in given.items()}
    places = [path for path in (moved.get("PYTHONPATH"), str(copy / "src")) if path]
    return {**os.environ, **moved, "PYTHONPATH": os.pathsep.join(places)}


def _execute(command: Sequence[str], folder: Path, env: Mapping[str, str], run: Run) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "soila_analysis", *command],
        cwd=folder,
        env=env,
        umask=next((p.umask for p in run if p.umask >= 0), -1),
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        names = ", ".join(p.name for p in run) or "no change"
        last = "\n".join(done.stderr.strip().splitlines()[-10:])
        raise ReproductionError(f"the run with {names} failed:\n{last}")


def _allow(folder: Path, *, writing: bool) -> None:
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | stat.S_IWUSR if writing else mode & ~0o222)


def _hashes(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.endswith(UNSTABLE)
    }
