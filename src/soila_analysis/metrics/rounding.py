"""How k of n prints as a percentage, in exact integers.

A printed percentage is an integer in units of ``10**-decimals`` percent: 62.5 % is 625 with one
decimal. No floats are involved, so a tie is a tie.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any


def half_up(k: Any, n: Any) -> Any:
    """Return how counts print as whole percentages, half-up: one, or arrays of them at once.

    Parameters
    ----------
    k, n
        Counts and their bases: whole numbers, arrays or Series of them. They are not checked.

    Returns
    -------
    int, array or Series
        Percentages; missing where `n` is.

    Examples
    --------
    >>> half_up(5, 8), half_up(28, 45)
    (63, 62)
    """
    return _half_up(100 * k, n)


def _half_up(numerator: Any, denominator: Any) -> Any:
    return (2 * numerator + denominator) // (2 * denominator)


def _half_even(numerator: int, denominator: int) -> int:
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))


def _truncation(numerator: int, denominator: int) -> int:
    return numerator // denominator


def _ceiling(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


SHARE_RULES: Mapping[str, Callable[[int, int], int]] = MappingProxyType(
    {
        "half-up": _half_up,
        "half-even": _half_even,
        "truncation": _truncation,
        "ceiling": _ceiling,
    }
)
"""Rules that round each share on its own: (numerator, denominator) -> whole number."""


def _largest_remainder(ks: Sequence[int], units: int) -> list[int]:
    n = sum(ks)
    printed = [k * units // n for k in ks]
    by_remainder = sorted(range(len(ks)), key=lambda i: (-(ks[i] * units % n), -ks[i], i))
    for i in by_remainder[: units - sum(printed)]:
        printed[i] += 1
    return printed


def _pie(ks: Sequence[int], units: int) -> list[int]:
    n = sum(ks)
    printed = [_half_up(k * units, n) for k in ks]
    printed[ks.index(max(ks))] += units - sum(printed)
    return printed


SET_RULES: Mapping[str, Callable[[Sequence[int], int], list[int]]] = MappingProxyType(
    {"largest-remainder": _largest_remainder, "pie": _pie}
)
"""Rules that make the shares of a whole print as exactly 100 %: (ks, units in a whole) -> list."""

RULES: tuple[str, ...] = (*SHARE_RULES, *SET_RULES)
"""The names of all rules."""


def percent(k: int, n: int, rule: str = "half-up", decimals: int = 0) -> int:
    """Return how `k` of `n` prints as a percentage.

    Parameters
    ----------
    k, n
        The count and its base, ``0 <= k <= n``.
    rule
        One of `SHARE_RULES`: ``half-up``, ``half-even``, ``truncation`` or ``ceiling``.
    decimals
        Number of decimals that are printed.

    Returns
    -------
    int
        The percentage in units of ``10**-decimals`` percent.

    Raises
    ------
    ValueError
        If `n` is not positive, `k` is not a part of it, `decimals` is negative, or `rule` does not
        round single shares.

    Examples
    --------
    >>> percent(47, 52), percent(28, 45)
    (90, 62)
    >>> percent(5, 8, decimals=1), percent(5, 8, "half-even"), percent(5, 8, "half-up")
    (625, 62, 63)
    """
    if rule not in SHARE_RULES:
        raise ValueError(_unknown(rule))
    if n <= 0:
        raise ValueError(f"a percentage needs a base of at least 1, got n = {n}")
    if not 0 <= k <= n:
        raise ValueError(f"k must lie between 0 and n = {n}, got k = {k}")
    return SHARE_RULES[rule](k * _units(decimals), n)


def percents(ks: Sequence[int], rule: str = "half-up", decimals: int = 0) -> list[int]:
    """Return how the parts `ks` of a whole print as percentages of their sum.

    Under ``largest-remainder`` (Hamilton's method) all shares are rounded down and the missing
    units go to the largest remainders; equal remainders are settled by the larger share, then by
    position. Under ``pie`` each share is rounded half-up and the residual, of either sign, goes to
    the largest slice, the first one if several are largest. The rules for single shares round each
    part on its own, so that their sum may miss 100 %.

    Parameters
    ----------
    ks
        The counts, none negative, not all zero.
    rule
        One of `RULES`.
    decimals
        Number of decimals that are printed.

    Returns
    -------
    list of int
        The percentages in units of ``10**-decimals`` percent, in the order of `ks`.

    Raises
    ------
    ValueError
        If a count is negative, their sum is 0, `decimals` is negative, or `rule` is unknown.

    Examples
    --------
    >>> percents([20, 13, 9, 10], "largest-remainder"), percents([20, 13, 9, 10], "pie")
    ([39, 25, 17, 19], [39, 25, 17, 19])
    >>> percents([20, 13, 9, 10], "half-up")
    [38, 25, 17, 19]
    """
    if rule not in RULES:
        raise ValueError(_unknown(rule))
    if any(k < 0 for k in ks):
        raise ValueError(f"counts must not be negative, got {list(ks)}")
    if sum(ks) == 0:
        raise ValueError(f"percentages need a base of at least 1, got counts {list(ks)}")
    if rule in SET_RULES:
        return SET_RULES[rule](ks, _units(decimals))
    return [percent(k, sum(ks), rule, decimals) for k in ks]


def _units(decimals: int) -> int:
    if decimals < 0:
        raise ValueError(f"decimals must not be negative, got {decimals}")
    return 100 * int(10**decimals)


def _unknown(rule: str) -> str:
    if rule in SET_RULES:
        return f"rule '{rule}' rounds a whole set of shares: give all of them to `percents`"
    return f"unknown rule '{rule}': choose one of {', '.join(RULES)}"
