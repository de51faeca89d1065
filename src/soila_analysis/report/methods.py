"""The methods section of a report, answered from the data: a paragraph, and items of guidance."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from soila_analysis.language import Messages, messages
from soila_analysis.report.evidence_map import FIXED, Coded
from soila_analysis.taxonomy import Taxonomy

ITEMS = {
    "charting": "PRISMA-ScR 10",
    "items": "PRISMA-ScR 11",
    "appraisal": "PRISMA-ScR 12",
    "synthesis": "PRISMA-ScR 13",
    "missing": "ROSES",
    "gaps": "ROSES",
    "agreement": "Lombard 2002",
    "selection": "PRISMA-ScR 5–9",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a reporting guideline and its answer."""

    id: str
    guideline: str
    heading: str
    answer: str


@dataclass(frozen=True, slots=True)
class MethodsSection:
    """What a report says of its methods: one paragraph, then `ITEMS` in their order."""

    lang: str
    paragraph: str
    items: tuple[Item, ...]


def methods(coded: Coded, taxonomy: Taxonomy, lang: str) -> MethodsSection:
    """Write the methods section of a data set.

    Parameters
    ----------
    coded : Coded
        The models, their codes and how these came about.
    taxonomy : Taxonomy
        What they are coded by.
    lang : {"fi", "sv", "en"}
        Language of the texts.

    Returns
    -------
    MethodsSection
        Every number in it is counted in the data.

    References
    ----------
    Tricco et al. (2018). PRISMA extension for scoping reviews. Annals of Internal Medicine 169.
    Haddaway et al. (2018). ROSES reporting standards. Environmental Evidence 7:7.
    Lombard, Snyder-Duch & Bracken (2002). Human Communication Research 28(4), 587-604.
    """
    t = messages(lang)
    said = _sentences(coded, taxonomy, t)
    order = ("unit", "kind", "coding", "agreement", "rule", "base", "synthesis")
    paragraph = _joined(said[name] for name in order)
    charting = _joined(said[name] for name in ("coding", "coders", "rule"))
    answers = said | {"charting": charting}
    items = (
        Item(name, guideline, t(f"methods.{name}"), answers[name])
        for name, guideline in ITEMS.items()
    )
    return MethodsSection(lang, paragraph, tuple(items))


def _joined(sentences: Iterable[str]) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _sentences(coded: Coded, taxonomy: Taxonomy, t: Messages) -> dict[str, str]:
    """Say all that the paragraph and the items are put together from."""
    statuses = pd.Series(coded.status.to_numpy().ravel()).value_counts()
    base = t("methods.base", **{k: t.number(statuses.get(s, 0)) for k, s in _OUTSIDE.items()})
    ranges = [t("methods.ranges")] if coded.kind == "reconstructed" else []
    return {
        "unit": _unit(coded, taxonomy, t),
        "kind": t(f"methods.kind-{coded.kind}", reading=_reading(coded, t)),
        "coding": _coding(coded, taxonomy, t),
        "coders": _coders(coded, t),
        "rule": _rule(coded, t),
        "base": base,
        "items": _data_items(coded, taxonomy, t),
        "appraisal": t("methods.no-appraisal"),
        "synthesis": " ".join([t("methods.intervals"), *ranges]),
        "missing": f"{base} {t('methods.open')}",
        "gaps": t("methods.how-gaps"),
        "agreement": " ".join(_agreement(coded, taxonomy, t)),
        "selection": t("methods.not-in-data"),
    }


_OUTSIDE = {
    "unclear": "unclear",
    "inapplicable": "not-applicable",
    "missing": "not-assessed",
}


def _unit(coded: Coded, taxonomy: Taxonomy, t: Messages) -> str:
    assessed = coded.status.isin(["present", "absent"]).any(axis=1)
    return t(
        "methods.unit",
        models=t.number(len(coded.models)),
        coded=t.number(assessed.sum()),
        goals=t.number(len(taxonomy.goals)),
        memberships=t.number(len(coded.memberships)),
    )


def _reading(coded: Coded, t: Messages) -> str:
    return str(t.catalogue["reading"].get(coded.reading, coded.reading))


def _coding(coded: Coded, taxonomy: Taxonomy, t: Messages) -> str:
    codes = t.listing([f"{c.code} {c.label[t.lang].lower()}" for c in taxonomy.codes])
    features = t.number(len(taxonomy.features))
    return t("methods.coding", features=features, version=taxonomy.version, codes=codes)


def _coders(coded: Coded, t: Messages) -> str:
    if coded.kind == "reconstructed":
        return t("methods.no-coder")
    number = coded.codings["coder_id"].nunique()
    return t("methods.given", coders=t("methods.coders", count=number))


def _rule(coded: Coded, t: Messages) -> str:
    """Say how several codes become one; nothing where no second coder is."""
    if coded.codings["coder_id"].nunique() < 2:
        return ""
    name, _, coder = coded.rule.partition(":")
    return t(f"methods.rule-{name}", coder=coder)


def _agreement(coded: Coded, taxonomy: Taxonomy, t: Messages) -> Iterator[str]:
    """Count the pairs that several coders coded, and those in which all their codes agree."""
    yield _coders(coded, t)
    if coded.kind == "reconstructed":
        return
    pairs = _pairs(coded.codings, taxonomy)
    doubled = pairs[pairs["coders"] > 1]
    if not len(doubled):
        yield t("methods.no-agreement")
        return
    agreed, n = int((doubled["statuses"] == 1).sum()), len(doubled)
    yield t(
        "methods.agreed",
        doubled=t.number(n),
        pairs=t.number(len(pairs)),
        agreed=t.number(agreed),
        percent=t.percent((200 * agreed + n) // (2 * n)),
    )


def _pairs(codings: pd.DataFrame, taxonomy: Taxonomy) -> pd.DataFrame:
    statuses = codings["code"].map(taxonomy.counts_as)
    grouped = codings.assign(status=statuses).groupby(["model_id", "feature_id"])
    return pd.DataFrame(
        {"coders": grouped["coder_id"].nunique(), "statuses": grouped["status"].nunique()}
    )


def _data_items(coded: Coded, taxonomy: Taxonomy, t: Messages) -> str:
    labels = taxonomy.labels(t.lang)
    further = [c for c in coded.models.columns if c not in FIXED]
    parts = [
        t("methods.which-features", names="; ".join(labels[f] for f in taxonomy.feature_ids)),
        t("methods.which-goals", names="; ".join(labels[g] for g in taxonomy.goal_ids)),
    ]
    if further:
        parts.append(t("methods.which-columns", names=", ".join(further)))
    return " ".join([*parts, t("methods.no-code")])
