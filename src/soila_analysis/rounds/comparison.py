"""Rounds of coding side by side: what changed, and what else is different about them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from soila_analysis import metrics
from soila_analysis.dataset import Dataset, outdated
from soila_analysis.metrics.differences import holm
from soila_analysis.review import basis, compatible
from soila_analysis.taxonomy import LANGUAGES, Taxonomy

Span = tuple[int, int]  # places of two rounds
SHARE = ["k", "n", "share", "percent", "interval", "basis", *compatible.NUMBERS]
CHANGE = {"difference": "difference", "low": "difference_low", "high": "difference_high"}
OF_MODELS = [  # what is known only of models that are the same in two rounds
    *("paired", "gained", "lost", "paired_difference", "paired_low", "paired_high"),
    *("p", "p_holm", "models_more", "models_fewer", "p_models"),
]
IN_CELLS = ["goal_id", "feature_id", "since", "until", "k1", "n1", "share1", "k2", "n2", "share2"]
IN_CELLS += ["difference", "low", "high", "paired", "gained", "lost", "p", "p_holm"]


def compare(rounds: Sequence[Dataset]) -> pd.DataFrame:
    """Compare rounds of coding, feature by feature.

    Parameters
    ----------
    rounds : sequence of Dataset
        Oldest first, each brought to a consensus by its own rule; of a single one nothing changes.

    Returns
    -------
    DataFrame
        One row a feature and round that has it, by feature. Of the round: ``ordinal``, from 1;
        ``round``, its name, or that of its folder where two have one name; ``models``, how many;
        ``coders``, the ids of those whose codes count; ``changed``, what else is different from the
        round before, separated by spaces: keys of `CAVEATS`; ``kind`` and ``reading``. The share:
        ``k``, ``n``, ``share``, ``percent``, ``basis``, the interval and bounds, as
        `metrics.shares` and `basis.mark` give.
        ``segment`` counts the definitions that the feature has had: shares of two segments are not
        of the same thing.

        The same in each row of a feature: ``since`` and ``until``, the first and last round of its
        longest segment (of several the last one), which its change is about: ``difference`` with
        ``difference_low`` and ``difference_high``, and ``paired`` to ``p_holm``, as
        `metrics.share_changes` gives, adjusted over all features (Holm). The difference is missing
        where a reconstruction only bounds a share, or makes it up, and whatever compares models
        one by one where their ids are made up.

        The same in each row: ``models_both``, models of the first and the last round by their id;
        ``models_more``, ``models_fewer`` and ``p_models`` over the features whose change is between
        these.
    """
    names, taxonomy = _names(rounds), taxonomy_of(rounds)
    shares = pd.concat(
        [_marked(data).assign(**_about(rounds, i, names[i])) for i, data in enumerate(rounds)]
    )
    order = {feature: i for i, feature in enumerate(taxonomy.feature_ids)}
    shares = shares.assign(order=shares["feature_id"].map(order))
    table = shares.sort_values(["order", "ordinal"]).drop(columns="order").reset_index(drop=True)
    table["segment"] = [
        number for feature in taxonomy.feature_ids for number in _segments(rounds, feature)
    ]
    spans = {f: _span(rows) for f, rows in table.groupby("feature_id", sort=False)}
    table = table.join(_changes(rounds, table, spans, names), on="feature_id")
    both = {*rounds[0].models["model_id"]} & {*rounds[-1].models["model_id"]}
    return table.assign(models_both=len(both), **_over_models(rounds, spans))


def cells(rounds: Sequence[Dataset]) -> pd.DataFrame:
    """Compare two or more rounds by goal and feature, the first of each feature with the last.

    Parameters
    ----------
    rounds : sequence of Dataset
        As for `compare`.

    Returns
    -------
    DataFrame
        One row a goal and feature whose share is known in two rounds of one definition, the largest
        change first: ``goal_id``, ``feature_id``, ``since`` and ``until``, as `compare` gives; then
        of what `metrics.share_changes` gives over the models that serve the goal `IN_CELLS`,
        ``p_holm`` over all rows. Empty where a round is a reconstruction: most cells of these are
        made up.
    """
    known = all(data.info.kind != "reconstructed" for data in rounds)
    spans = compare(rounds).drop_duplicates("feature_id")
    spans = spans[spans["since"].ne(spans["until"]) & known]
    names = _names(rounds)
    found = []
    for (since, until), rows in spans.groupby(["since", "until"], sort=False):
        pair = [rounds[names.index(name)] for name in (since, until)]
        for goal in rounds[-1].taxonomy.goal_ids:
            then, now = (_of_goal(data, goal)[[*rows["feature_id"]]] for data in pair)
            changes = metrics.share_changes(then, now).assign(goal_id=goal)
            found.append(changes.assign(since=since, until=until))
    table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=IN_CELLS)
    table = table.dropna(subset=["difference"])
    table = table.assign(p_holm=holm(table["p"].astype(float)), size=table["difference"].abs())
    table = table.sort_values(["size", "feature_id", "goal_id"], ascending=[False, True, True])
    return table[IN_CELLS].reset_index(drop=True)


def taxonomy_of(rounds: Sequence[Dataset]) -> Taxonomy:
    """Put together what rounds were coded by, to label a comparison.

    Parameters
    ----------
    rounds : sequence of Dataset
        Oldest first.

    Returns
    -------
    Taxonomy
        The last round's, with the features that only earlier ones have after its own.
    """
    own = rounds[-1].taxonomy
    features = {f.id: f for data in reversed(rounds) for f in reversed(data.taxonomy.features)}
    gone = [f for name, f in reversed(features.items()) if name not in own.feature_ids]
    return replace(own, features=(*own.features, *gone))


def source_of(rounds: Sequence[Dataset], lang: str) -> str:
    """Say where rounds come from.

    Parameters
    ----------
    rounds : sequence of Dataset
        Oldest first.
    lang : {"fi", "sv", "en"}
        Language.

    Returns
    -------
    str
        What is to be cited for each, else where its data come from, under the name of its round;
        once where that is the same for all.
    """
    sources = [(data.info.citation or data.info.source)[lang] for data in rounds]
    if len({*sources}) == 1:
        return sources[0]
    return " ".join(f"{name}: {one}" for name, one in zip(_names(rounds), sources, strict=True))


def _names(rounds: Sequence[Dataset]) -> list[str]:
    """Name rounds so that they can be told apart."""
    folders = [data.name for data in rounds]
    for names in ([data.info.round for data in rounds], folders):
        if len({*names}) == len(names):
            return names
    return [f"{name} ({i})" for i, name in enumerate(folders, start=1)]


def _about(rounds: Sequence[Dataset], place: int, name: str) -> dict[str, object]:
    """Say what a round is, and what is different from the one before."""
    data, before = rounds[place], rounds[max(place - 1, 0)]
    return {
        "ordinal": place + 1,
        "round": name,
        "models": len(data.models),
        "coders": ", ".join(sorted(_coders(data))),
        "changed": " ".join(name for name, differ in CAVEATS.items() if differ(before, data)),
        "kind": data.kind,
        "reading": data.info.reading or "",
    }


def _marked(data: Dataset) -> pd.DataFrame:
    """Say of each share of one round where it stands."""
    shares = metrics.shares(metrics.tally(data.status, contested=data.contested))
    marked = basis.mark(shares, data, "feature-share")
    marked = marked.reindex(columns=["feature_id", *SHARE])
    return marked.astype({"k": "Int64", "n": "Int64"} | dict.fromkeys(compatible.NUMBERS, float))


def _segments(rounds: Sequence[Dataset], feature: str) -> Iterator[int]:
    """Count the definitions of a feature, round by round that has it."""
    having = [data for data in rounds if feature in data.taxonomy.feature_ids]
    number = 1
    yield number
    for before, now in pairwise(having):
        number += _redefined(before, now, feature)
        yield number


def _span(rows: pd.DataFrame) -> Span:
    """Find the first and the last round of a feature's longest segment."""
    assessed = rows[rows["n"] > 0]
    if assessed.empty:
        return 0, 0
    ends = assessed.groupby("segment")["ordinal"].agg(["size", "min", "max"])
    longest = ends[ends["size"] == ends["size"].max()].iloc[-1]
    return int(longest["min"]) - 1, int(longest["max"]) - 1


def _changes(
    rounds: Sequence[Dataset],
    table: pd.DataFrame,
    spans: Mapping[str, Span],
    names: Sequence[str],
) -> pd.DataFrame:
    """Compare the first and last round of each feature's span; by feature."""
    found = []
    for since, until in dict.fromkeys(spans.values()):
        features = [f for f, span in spans.items() if span == (since, until)]
        pair = [rounds[i].status.reindex(columns=features) for i in (since, until)]
        changes = metrics.share_changes(*pair).set_index("feature_id")
        changes = changes.rename(columns=CHANGE)[[*CHANGE.values(), *OF_MODELS[:-3]]]
        if since == until or "reconstructed" in (rounds[i].info.kind for i in (since, until)):
            changes[OF_MODELS[:-3]] = np.nan
        bounded = table[
            table["basis"].eq(basis.BOUNDED) & table["ordinal"].isin([since + 1, until + 1])
        ]
        unknown = changes.index.isin(bounded["feature_id"]) | (since == until)
        changes.loc[unknown, [*CHANGE.values()]] = np.nan
        found.append(changes.assign(since=names[since], until=names[until]))
    changes = pd.concat(found).astype(dict.fromkeys(OF_MODELS[:3], "Int64"))
    return changes.assign(p_holm=holm(changes["p"].astype(float)))


def _over_models(rounds: Sequence[Dataset], spans: Mapping[str, Span]) -> dict[str, object]:
    """Count the models with more and fewer features in the last round than in the first."""
    ends = (0, len(rounds) - 1)
    features = [feature for feature, span in spans.items() if span == ends]
    kinds = {rounds[i].info.kind for i in ends}
    if "reconstructed" in kinds or not features or len(rounds) < 2:
        return dict.fromkeys(OF_MODELS[-3:], np.nan)
    found = metrics.share_changes(*(rounds[i].status[features] for i in ends))
    return {name: found[name].iloc[0] for name in OF_MODELS[-3:]}


def _of_goal(data: Dataset, goal: str) -> pd.DataFrame:
    served = data.memberships.loc[data.memberships["goal_id"] == goal, "model_id"]
    return data.status.loc[data.status.index.isin(served)]


def _coders(data: Dataset) -> set[str]:
    return set(data.counted.cube.coders)


def _words(data: Dataset, feature: str) -> list[str]:
    """Give the label and definition of a feature in all languages."""
    own = next(one for one in data.taxonomy.features if one.id == feature)
    return [words[lang] for words in (own.label, own.definition) for lang in LANGUAGES]


def _redefined(before: Dataset, now: Dataset, feature: str) -> bool:
    """Say whether a feature is another one: by its words, or by a change that asks for recoding."""
    versions = now.taxonomy.versions
    known = before.taxonomy.version in versions
    since = versions[versions.index(before.taxonomy.version) + 1 :] if known else ()
    recoded = any(
        change.recode and change.version in since and change.feature_id in (feature, None)
        for change in now.taxonomy.changes
    )
    return recoded or _words(before, feature) != _words(now, feature)


def _any_redefined(before: Dataset, now: Dataset) -> bool:
    both = {*before.taxonomy.feature_ids} & {*now.taxonomy.feature_ids}
    return any(_redefined(before, now, feature) for feature in both)


# What makes a change of the numbers something else than a change of the models.
CAVEATS: Mapping[str, Callable[[Dataset, Dataset], bool]] = {
    "kind": lambda a, b: a.kind != b.kind,
    "reading": lambda a, b: (
        None not in (a.info.reading, b.info.reading) and a.info.reading != b.info.reading
    ),
    "coders": lambda a, b: _coders(a) != _coders(b),
    "rule": lambda a, b: a.info.consensus != b.info.consensus,
    "version": lambda a, b: a.taxonomy.version != b.taxonomy.version,
    "definitions": _any_redefined,
    "features": lambda a, b: set(a.taxonomy.feature_ids) != set(b.taxonomy.feature_ids),
    "scale": lambda a, b: a.taxonomy.counts_as != b.taxonomy.counts_as,
    "outdated": lambda a, b: len(outdated(a)) + len(outdated(b)) > 0,
}
