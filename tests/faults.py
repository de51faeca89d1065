"""Faults on purpose: a call that fails, a kill, a power cut, at every call that alters files.

An action is done once for each call that may fail, and once for all kills and power cuts: what a
kill leaves is what is there before a call. A power cut loses more. Two models of it: all names
survive and contents survive only if they were synced (as on ext4), or names survive only if their
folder was synced as well.
"""

import builtins
import errno
import io
import os
import re
import shutil
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from soila_analysis import files

CALLS = ("rename", "replace", "unlink", "remove", "rmdir", "mkdir", "link", "fsync", "open")
RANDOM = re.compile(r"(?<=-)[a-z0-9_]{8}(?=/|$)")  # how names of temporary folders end


class Watch:
    """Stands before every call that alters files under a place, and knows what a cut would lose."""

    def __init__(self, place, before=lambda call: None):
        self.place, self.before, self.busy = place, before, False
        self.old = {_key(s): _written(s) for s in map(os.lstat, place.rglob("*"))}
        self.synced, self.renames = {}, []

    @contextmanager
    def __call__(self):
        calls = {name: getattr(os, name) for name in CALLS} | {"fsync": lambda handle: None}
        with mock.patch.multiple(os, **{n: self._watched(n, call) for n, call in calls.items()}):
            exchange = self._watched("exchange", files.exchange)
            opened = self._opened(io.open)
            with (
                mock.patch.object(files, "exchange", exchange),
                mock.patch.object(io, "open", opened),
                mock.patch.object(builtins, "open", opened),
            ):
                yield self

    def _watched(self, name, real):
        def call(*arguments, **options):
            if self.busy:
                return real(*arguments, **options)
            with self.at_work():
                self.before(name)
                note = self._note(name, arguments)
            result = real(*arguments, **options)
            with self.at_work():
                note()
            return result

        return call

    def _opened(self, real):
        def call(file, mode="r", *arguments, **options):
            writes = not self.busy and isinstance(mode, str) and set(mode) & set("wax+")
            if not writes or isinstance(file, int):
                return real(file, mode, *arguments, **options)
            with self.at_work():
                self.before("open to write")
            result = real(file, mode, *arguments, **options)
            try:
                with self.at_work():
                    self.before("write")
            except BaseException:
                result.close()
                raise
            return result

        return call

    @contextmanager
    def at_work(self):
        self.busy = True
        try:
            yield
        finally:
            self.busy = False

    def _note(self, name, arguments):
        """Prepare to remember what a call makes durable, or how it is undone."""
        if name == "fsync":
            return lambda: self._sync(os.fstat(arguments[0]))
        if name not in ("rename", "replace", "exchange"):
            return lambda: None
        one, other = map(Path, arguments)
        swapped = name == "exchange"
        stashed = other.read_bytes() if not swapped and other.is_file() else None
        return lambda: self.renames.append((one, other, swapped, stashed))

    def _sync(self, status):
        self.synced[_key(status)] = _written(status)
        self.renames = [one for one in self.renames if _key(one[1].parent.stat()) != _key(status)]

    def states(self):
        """What is there now, as it would be after a kill and after power cuts of two kinds."""
        killed = _contents(self.place)
        known = {**self.old, **self.synced}
        status = {name: os.lstat(self.place / name) for name in killed}
        kept = {
            name: b"" if isinstance(found, bytes) and known.get(_key(s)) != _written(s) else found
            for (name, found), s in zip(killed.items(), status.values(), strict=True)
        }
        undone = dict(kept)
        for one, other, swapped, stashed in reversed(self.renames):
            there, back = (path.relative_to(self.place).as_posix() for path in (other, one))
            moved, others = _part(undone, there), _part(undone, back)
            undone |= {back + rest: found for rest, found in moved.items()}
            undone |= {there + rest: found for rest, found in others.items() if swapped}
            undone |= {there: stashed} if stashed is not None else {}
        return {"kills": killed, "cuts": kept, "cuts, names lost": undone}


def every_fault(place, action, look, step=1):
    """Do an action under every fault; what is looked at is as before or as after, never half.

    Parameters
    ----------
    place : Path
        A folder around all that the action writes; it is brought back for each trial.
    action : callable
        Without arguments, in this process. An error of it has to leave things as they were; done
        again after whatever happened, it has to do its work and clear up.
    look : callable
        Without arguments: gives what readers would see, comparable; it may repair, and raises an
        error if it is broken.
    step : int, default 1
        If the action takes long, let only each such call fail; kills and cuts are all tried.

    Returns
    -------
    Counter
        How many ``errors``, ``kills`` and ``cuts`` were survived.
    """
    first, before, states = _contents(place), look(), []
    _restore(place, first)
    with Watch(place, lambda call: states.append((call, watch.states())))() as watch:
        action()
        with watch.at_work():
            states.append(("done", watch.states()))
    after, names = look(), _names(_contents(place))
    assert before != after, "the action changes nothing that is looked at"
    tally, seen, cleared = Counter(), set(), {names}

    def settled(right, what):
        """Look; then do it again, unless that was seen to clear up the same leftovers."""
        left = _names(_contents(place))
        assert look() in right, what
        if left not in cleared:
            cleared.add(left)
            action()
            assert (look(), _names(_contents(place))) == (after, names), (*what, left - names)

    for call, models in states:
        for model, state in models.items():
            right = (after,) if call == "done" else (before, after)
            same = len(right), frozenset((RANDOM.sub("", n), found) for n, found in state.items())
            if same not in seen:
                seen.add(same)
                _restore(place, state)
                settled(right, (model, call))
            tally[model.partition(",")[0]] += 1
    for number in range(1, 100_000, step):
        _restore(place, first)
        failed = _failing(place, action, number)
        settled((before,) if failed else (after,), ("errors", number, failed))
        if failed == "":
            break
        tally["errors"] += 1
    _restore(place, first)
    return tally


def _failing(place, action, number):
    """Do the action with one call failing: which, if that is told; None if not, "" if none did."""
    calls = []

    def fail(call):
        calls.append(call)
        if len(calls) == number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place))

    try:
        with Watch(place, fail)():
            action()
    except (OSError, files.UserError):
        return calls[number - 1]
    return None if len(calls) >= number else ""


def _contents(place):
    """All that is in a folder: bytes of files, texts of links, None for folders, by path."""
    return {
        path.relative_to(place).as_posix(): str(path.readlink())
        if path.is_symlink()
        else None
        if path.is_dir()
        else path.read_bytes()
        for path in sorted(place.rglob("*"))
    }


def _restore(place, contents):
    for path in place.iterdir():
        path.unlink() if path.is_symlink() or not path.is_dir() else shutil.rmtree(path)
    for name, found in contents.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if found is None:
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(found) if isinstance(found, bytes) else path.symlink_to(found)


def _part(contents, name):
    """Take what is at a name, and below it, out of contents."""
    return {n.removeprefix(name): contents.pop(n) for n in [*contents] if _within(n, name)}


def _within(path, name):
    return path == name or path.startswith(f"{name}/")


def _names(contents):
    return frozenset(RANDOM.sub("", name) for name in contents)


def _written(status):
    return status.st_size, status.st_mtime_ns


def _key(status):
    return status.st_dev, status.st_ino
