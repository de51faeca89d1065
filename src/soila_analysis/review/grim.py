"""The GRIM test for shares: what a printed percentage implies about the count behind it.

A percentage printed from k of n can only take certain values, so that the printed value tells
which k and n are possible. This is the GRIM test (granularity-related inconsistency of means) of
Brown and Heathers [1]_, here for shares: exact integers throughout, and every rounding rule of
`soila_analysis.metrics.rounding`.

References
----------
.. [1] Brown, N. J. L. & Heathers, J. A. J. (2017). The GRIM test: a simple technique detects
   numerous anomalies in the reporting of results in psychology. Social Psychological and
   Personality Science 8(4), 363-369. https://doi.org/10.1177/1948550616673876
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import product

import pandas as pd

from soila_analysis.metrics.rounding import SET_RULES, SHARE_RULES, percent, percents


def numerators(printed: str, n: int, rule: str = "half-up") -> list[int]:
    """Return every k for which k/n prints as the given percentage.

    Parameters
    ----------
    printed
        The percentage as printed; its decimals count: ``"62"``, ``"62.0"`` and ``"62,0"`` are read
        with none, one and one decimal.
    n
        The base.
    rule
        A rule for single shares, see `soila_analysis.metrics.rounding.SHARE_RULES`.

    Returns
    -------
    list of int
        In ascending order; empty if no k prints so.

    Raises
    ------
    ValueError
        If `printed` is not a percentage, `n` is not positive, or `rule` is not for single shares.

    Examples
    --------
    >>> numerators("91", 52), numerators("91", 45), numerators("91", 300)
    ([], [41], [272, 273, 274])
    """
    return list(_numerators(printed, n, rule))


def fitting_bases(printed: Sequence[str], ns: Iterable[int], rule: str = "half-up") -> list[int]:
    """Return the bases among `ns` at which every printed percentage is possible.

    Parameters
    ----------
    printed
        Percentages of one common base, as printed.
    ns
        The bases to try.
    rule
        A rule for single shares.

    Returns
    -------
    list of int
        Those that fit, in the order of `ns`.

    Examples
    --------
    >>> fitting_bases(["91", "89", "87", "53", "62", "73"], range(1, 61))
    [45, 55]
    """
    return [n for n in ns if all(_numerators(share, n, rule) for share in printed)]


def compositions(printed: Sequence[str], n: int, rule: str) -> list[tuple[int, ...]]:
    """Return every way to divide `n` into parts that print as the given percentages.

    Parameters
    ----------
    printed
        The percentages of all parts of a whole, with equally many decimals.
    n
        The whole.
    rule
        Any rule of `soila_analysis.metrics.rounding.RULES`.

    Returns
    -------
    list of tuple of int
        In lexicographic order; empty if no division prints so.

    Raises
    ------
    ValueError
        If a value is not a percentage, decimals differ, `n` is not positive, or `rule` is unknown.

    Examples
    --------
    >>> compositions(["39", "25", "17", "19"], 52, "pie")
    [(20, 13, 9, 10)]
    >>> compositions(["39", "25", "17", "19"], 52, "half-up")
    []
    """
    values = [parsed(share) for share in printed]
    if len({decimals for _, decimals in values}) != 1:
        raise ValueError(f"give all parts with equally many decimals, got {', '.join(printed)}")
    if n <= 0:
        raise ValueError(f"a percentage needs a base of at least 1, got n = {n}")
    wanted, decimals = [value for value, _ in values], values[0][1]
    near = [_near(share, n, rule) for share in printed]
    last = len(near) - 1
    divisions = {
        (*others[:i], n - sum(others), *others[i:])
        for i in (range(len(near)) if rule == "pie" else [last])
        for others in product(*near[:i], *near[i + 1 :])
        if sum(others) <= n
    }
    return sorted(parts for parts in divisions if percents(parts, rule, decimals) == wanted)


def _near(share: str, n: int, rule: str) -> range:
    """Find the k that may print so in a set, unless the residual of a pie falls on them."""
    if rule == "largest-remainder":  # rounded either down or up
        return range(
            _numerators(share, n, "ceiling").start, _numerators(share, n, "truncation").stop
        )
    return _numerators(share, n, "half-up" if rule == "pie" else rule)


def grim(
    printed: Sequence[str], ns: Iterable[int], rules: Iterable[str] = tuple(SHARE_RULES)
) -> pd.DataFrame:
    """Test a row of printed percentages against bases and rounding rules.

    Parameters
    ----------
    printed
        Percentages of one common base, as printed. Under a set rule they are all parts of a whole.
    ns
        The bases to try.
    rules
        The rounding rules to try.

    Returns
    -------
    DataFrame
        One row for each n and rule: ``n``, ``rule``, ``fits``, ``k`` (the possible k of each share
        in turn, ``-`` where there is none) and ``misfits`` (the shares with no k).

    Examples
    --------
    >>> table = grim(["87", "53"], [45, 52], ["half-up"])
    >>> print(table[["n", "fits", "k"]].to_string(index=False))
     n  fits     k
    45  True 39 24
    52 False  45 -
    """
    rules = list(rules)
    rows = []
    for n, rule in ((n, rule) for n in ns for rule in rules):
        possible = _possible_counts(printed, n, rule)
        misfits = [share for share, ks in zip(printed, possible, strict=True) if not ks]
        rows.append((n, rule, not misfits, " ".join(map(_span, possible)), " ".join(misfits)))
    return pd.DataFrame(rows, columns=["n", "rule", "fits", "k", "misfits"])


@cache
def parsed(printed: str) -> tuple[int, int]:
    """Read a printed percentage.

    Parameters
    ----------
    printed
        Such as ``"62"``, ``"62.5"`` or ``"62,5"``.

    Returns
    -------
    value, decimals : int
        The value in its own last unit, and the number of its decimals.

    Raises
    ------
    ValueError
        If it is no percentage, or more than 100.

    Examples
    --------
    >>> parsed("62.5")
    (625, 1)
    """
    match = re.fullmatch(r"(\d+)(?:[.,](\d+))?", printed.strip(), re.ASCII)
    if match is None:
        raise ValueError(f"'{printed}' is not a percentage: write it as 62, 62.5 or 62,5")
    decimals = len(match[2] or "")
    value = int(match[1] + (match[2] or ""))
    if value > 100 * 10**decimals:
        raise ValueError(f"'{printed}' is more than 100 per cent: give shares of a whole")
    return value, decimals


def _possible_counts(printed: Sequence[str], n: int, rule: str) -> list[list[int]]:
    if rule not in SET_RULES:
        return [numerators(share, n, rule) for share in printed]
    found = compositions(printed, n, rule)
    return [sorted({parts[i] for parts in found}) for i in range(len(printed))]


def _span(ks: Sequence[int]) -> str:
    if not ks:
        return "-"
    return str(ks[0]) if len(ks) == 1 else f"{ks[0]}-{ks[-1]}"


@lru_cache(maxsize=2**16)
def _numerators(printed: str, n: int, rule: str) -> range:
    """Find the k that print so: consecutive, since every rule is monotone in k."""
    value, decimals = parsed(printed)

    def prints(k: int) -> int:
        return percent(k, n, rule, decimals)

    ks = range(n + 1)
    return range(bisect_left(ks, value, key=prints), bisect_right(ks, value, key=prints))
