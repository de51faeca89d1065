"""Warm kernels: real IPython kernels, forked from a process that has imported their libraries.

A fork server holds the imports and nothing else: one thread, no event loop, no notebook state.
Each notebook gets a fork of its own, with the working directory and the isolation of a kernel that
Jupyter starts, and an environment that holds nothing of the user's configuration. Where processes
cannot be forked, a plain kernel is started.
"""

import multiprocessing
import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from soila_analysis.files import UserError

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

PROVISIONER = "soila-warm"
LAUNCHER = "ipykernel_launcher"
APART = "--IPKernelApp.ignore_cwd=True"  # nothing beside a notebook is imported
QUIET = "--IPKernelApp.log_level=CRITICAL"  # as that TCP, for want of IPC, is not encrypted
BACKEND = "module://matplotlib_inline.backend_inline"  # as ipykernel sets it
KEPT = re.compile(
    "PATH|HOME|USER|LOGNAME|TMPDIR|TZ|LANG|LANGUAGE|LC_.*|COLUMNS|XDG_CACHE_HOME|OMP_NUM_THREADS|"
    "PYTHONHASHSEED|PYTHONUTF8|PYTHONDONTWRITEBYTECODE|SYSTEMROOT|USERPROFILE|COMSPEC"
)
ENDING = {getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)}
FILES = 256
SHORT = 60  # of the 107 bytes, on macOS 103, that the path of a socket may have
SOURCE = str(Path(__file__).parents[2])


class PlainKernelManager(AsyncKernelManager):
    """Starts the running interpreter's kernel, over IPC, whatever kernels are installed."""

    provisioned: ClassVar[dict[str, Any]] = {}

    def __init__(self, **kwargs: Any) -> None:
        self._folder = scratch()
        base = Path(self._folder.name)
        ipc = {"transport": "ipc", "ip": str(base / "k")} if can_fork() else {}
        super().__init__(connection_file=str(base / "k.json"), **ipc, **kwargs)
        quiet = [] if can_fork() else [QUIET]
        argv = [sys.executable, "-m", LAUNCHER, "-f", "{connection_file}", APART, *quiet]
        metadata = self.provisioned if can_fork() else {}
        self._kernel_spec = KernelSpec(argv=argv, language="python", metadata=metadata)

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart)
        self._folder.cleanup()

    cleanup_resources = _async_cleanup_resources


class KernelManager(PlainKernelManager):
    """Forks that kernel from a process that has imported its libraries, where that is possible."""

    provisioned: ClassVar = {"kernel_provisioner": {"provisioner_name": PROVISIONER}}


class WarmProvisioner(LocalProvisioner):
    """Launches kernels as forks; found by Jupyter through its entry point."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel that is given the arguments of the command."""
        arguments = cmd[cmd.index(LAUNCHER) + 1 :]
        fork = _Fork(arguments, kwargs.get("cwd") or Path.cwd(), kwargs["env"])
        self.process = fork  # type: ignore[assignment]
        self.pid = self.pgid = fork.pid
        return self.connection_info


class _Fork:
    """A forked kernel with the interface of the `subprocess.Popen` that Jupyter expects."""

    stdin = stdout = stderr = None

    def __init__(self, arguments: list[str], cwd: str | Path, env: Mapping[str, str]) -> None:
        self._process = _context().Process(target=_serve, args=(arguments, cwd, dict(env)))
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")  # else the fork would import this one
        try:
            self._process.start()
        finally:
            sys.modules["__main__"] = main
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, signum: int) -> None:
        if self.pid and self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()


def can_fork() -> bool:
    """Tell whether this platform has a fork server.

    Returns
    -------
    bool
    """
    return hasattr(os, "fork") and "forkserver" in multiprocessing.get_all_start_methods()


def preload(modules: Sequence[str]) -> None:
    """Name the modules that the kernels of this process are to have imported.

    Parameters
    ----------
    modules : sequence of str
        Full names; what cannot be imported is left to the notebook to fail on.
    """
    if can_fork():
        _context().set_forkserver_preload([__name__, "ipykernel.kernelapp", *modules])


def scratch() -> "tempfile.TemporaryDirectory[str]":
    """Make a temporary folder whose path leaves room for that of a socket.

    Returns
    -------
    TemporaryDirectory
    """
    base = tempfile.gettempdir()
    fits = len(base) < SHORT or not can_fork()
    return tempfile.TemporaryDirectory(prefix="soila-", dir=base if fits else "/tmp")


def allow_files() -> None:
    """Ask for as many open files as a run needs.

    Raises
    ------
    UserError
        If so many are not allowed.
    """
    if not resource:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if most < FILES:
        raise UserError(f"a run needs {FILES} open files, {hard} are allowed: ulimit -n {FILES}")
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def environment(home: str | Path) -> dict[str, str]:
    """Give the environment that notebooks run in: the user's machine without the configuration.

    Parameters
    ----------
    home : str or Path
        An empty folder, in place of those that hold configuration.

    Returns
    -------
    dict of str to str
    """
    own = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
    library = find_spec("matplotlib")
    settings = Path(library.origin or "").parent if library else Path()
    places = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    return {
        **own,
        **dict.fromkeys((*places, "XDG_CONFIG_HOME"), str(home)),
        "MATPLOTLIBRC": str(settings / "mpl-data/matplotlibrc"),
        "MPLBACKEND": BACKEND,
        "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": SOURCE,
    }


@contextmanager
def isolated(home: Path) -> Iterator[None]:
    """Start processes in that environment, which no interrupt reaches but from here.

    Parameters
    ----------
    home : Path
        As for `environment`; temporary files go there too.
    """
    before, path = dict(os.environ), sys.path[:]
    foreign = {*before.get("PYTHONPATH", "").split(os.pathsep)} - {SOURCE}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING) if can_fork() else None
    try:
        sys.path[:] = [place for place in path if place not in foreign]
        _exchange({**environment(home), "TMPDIR": str(home)})
        yield
    finally:
        sys.path[:] = path
        _exchange(before)
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _exchange(env: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(env)


def _context() -> ForkServerContext:
    return multiprocessing.get_context("forkserver")


def _serve(arguments: list[str], cwd: str | Path, env: Mapping[str, str]) -> None:
    """Run the kernel's event loop."""
    os.setsid()
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    os.chdir(cwd)
    _exchange(env)
    quiet = [f"--IPKernelApp.parent_handle={os.getppid()}", QUIET]
    sys.argv = [LAUNCHER, *arguments, *quiet]
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # half a second for what no run uses
    _renew()
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance(sys.argv[1:])


def _end_with_the_run() -> None:
    """Wait for the process that asked for this kernel; where it is killed, nothing else would."""
    run = multiprocessing.parent_process()
    if run:
        run.join()
        os.killpg(os.getpgrp(), signal.SIGKILL)


def _renew() -> None:
    """Set anew what libraries settle when they are imported, before there was a kernel."""
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # else all forks would draw the same numbers
    if "matplotlib" in sys.modules:
        settings = sys.modules["matplotlib"]
        settings.rcParams.update(settings.rcParamsDefault | {"backend": BACKEND})
    if "pandas" in sys.modules:
        sys.modules["pandas"].set_option("display.max_columns", 20)  # its default in a kernel
