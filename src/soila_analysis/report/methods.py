"""The methods section of a report, answered from the data: a paragraph, and items of guidance."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from soila_analysis.dataset import ONE_CODER, Dataset
from soila_analysis.figures import model_people
from soila_analysis.figures.agreement import ALPHA, spread_of
from soila_analysis.figures.wording import percent_text
from soila_analysis.language import Messages, messages
from soila_analysis.metrics import agreement_by_feature
from soila_analysis.metrics.coder_error import NOT_IDENTIFIED, observed
from soila_analysis.report.evidence_map import further, source
from soila_analysis.taxonomy import COUNTS_AS

ITEMS = {
    "charting": "PRISMA-ScR 10",
    "items": "PRISMA-ScR 11",
    "appraisal": "PRISMA-ScR 12",
    "synthesis": "PRISMA-ScR 13",
    "missing": "ROSES",
    "gaps": "ROSES",
    "agreement": "Lombard 2002",
    "selection": "PRISMA-ScR 5–9",
    "coder-error": "Dawid & Skene 1979; Joseph et al. 1995",
    "model-people": "Angelopoulos et al. 2023",
    "contrasts": "Newcombe 1998; Holm 1979; Benjamini & Hochberg 1995",
    "ranks": "Mogstad et al. 2024",
    "changes": "McNemar 1947; Holm 1979; Agresti & Min 2005; Newcombe 1998",
    "together": "Benjamini & Hochberg 1995; Benjamini & Yekutieli 2005; Hennig 2007",
    "groups": "PRISMA-ScR 13",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a reporting guideline, or a method with its source, and its answer."""

    id: str
    guideline: str
    heading: str
    answer: str


@dataclass(frozen=True, slots=True)
class MethodsSection:
    """What a report says of its methods: a paragraph, then those of `ITEMS` that it has use for."""

    lang: str
    paragraph: str
    items: tuple[Item, ...]


def methods(dataset: Dataset, lang: str) -> MethodsSection:
    """Write the methods section of a data set.

    Parameters
    ----------
    dataset : Dataset
        The models, their codes, what they are coded by, and how the codes came about.
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
    The sources of statistical methods stand with the functions of `metrics`.
    """
    t = messages(lang)
    said = _sentences(dataset.counted, t) | {"models": _language_models(dataset, t)}
    order = ("unit", "kind", "coding", "agreement", "models", "rule", "base", "synthesis")
    paragraph = _joined(said[name] for name in order)
    charting = _joined(said[name] for name in ("coding", "coders", "models", "rule"))
    answers = said | {"charting": charting} | _statistics(dataset, t)
    items = (
        Item(name, guideline, t(f"methods.{name}"), answers[name])
        for name, guideline in ITEMS.items()
        if answers.get(name)
    )
    return MethodsSection(lang, paragraph, tuple(items))


def facts(dataset: Dataset, lang: str) -> list[tuple[str, str]]:
    """Say what a data set is: its kind, round, models, coders, sources and terms.

    Parameters
    ----------
    dataset : Dataset
    lang : {"fi", "sv", "en"}
        Language of the texts.

    Returns
    -------
    list of (str, str)
        What is told, and the answer; without what the data set does not say.
    """
    t, info = messages(lang), dataset.info
    given = (dataset.cube.codes >= 0).sum(axis=(1, 2))
    told = {
        "kind": t(f"facts.{dataset.kind}"),
        "reading": _reading(dataset, t),
        "round": info.round,
        "date": info.date,
        "author": info.author and info.author[lang],
        "publisher": info.publisher and info.publisher[lang],
        "models": t.number(len(dataset.models)),
        "coders": ", ".join(
            t(
                f"facts.{'model' if coder in dataset.language_models else 'coder'}",
                coder=coder,
                codes=t.number(codes),
            )
            for coder, codes in zip(dataset.cube.coders, given, strict=True)
        ),
        "cite": info.citation and info.citation[lang],
        "source": info.source[lang],
        "licence": info.licence,
    }
    if info.kind == "reconstructed":
        del told["coders"]
    return [(t(f"facts.{name}"), text) for name, text in told.items() if text]


def _joined(sentences: Iterable[str]) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _sentences(dataset: Dataset, t: Messages) -> dict[str, str]:
    """Say all that the paragraph and the items are put together from."""
    statuses = dataset.status.apply(lambda cells: cells.value_counts()).sum(axis=1)
    base = t("methods.base", **{k: t.number(statuses.get(s, 0)) for k, s in _OUTSIDE.items()})
    ranges = [t("methods.ranges")] if dataset.info.kind == "reconstructed" else []
    return {
        "unit": _unit(dataset, t),
        "kind": t(f"methods.kind-{dataset.kind}", reading=_reading(dataset, t)),
        "coding": _coding(dataset, t),
        "coders": _coders(dataset, t),
        "rule": _rule(dataset, t),
        "base": base,
        "items": _data_items(dataset, t),
        "appraisal": t("methods.no-appraisal"),
        "synthesis": _joined([t("methods.intervals"), _several(dataset, t), *ranges]),
        "missing": f"{base} {t('methods.open')}",
        "gaps": t("methods.how-gaps"),
        "agreement": _joined(_agreement(dataset, t)),
        "selection": t("methods.not-in-data"),
    }


_OUTSIDE = {
    "unclear": "unclear",
    "disputed": "disagreement",
    "inapplicable": "not-applicable",
    "missing": "not-assessed",
}


def _unit(dataset: Dataset, t: Messages) -> str:
    assessed = dataset.status.isin(["present", "absent"]).any(axis=1)
    return t(
        "methods.unit",
        models=t.number(len(dataset.models)),
        coded=t.number(assessed.sum()),
        goals=t.number(len(dataset.taxonomy.goals)),
        memberships=t.number(len(dataset.memberships)),
    )


def _reading(dataset: Dataset, t: Messages) -> str:
    reading = dataset.info.reading or ""
    return str(t.catalogue["reading"].get(reading, reading))


def _coding(dataset: Dataset, t: Messages) -> str:
    codes = t.listing([f"{c.code} {c.label[t.lang].lower()}" for c in dataset.taxonomy.codes])
    features = t.number(len(dataset.taxonomy.features))
    return t("methods.coding", features=features, version=dataset.taxonomy.version, codes=codes)


def _coders(dataset: Dataset, t: Messages) -> str:
    if dataset.info.kind == "reconstructed":
        return t("methods.no-coder")
    number = len(dataset.cube.coders)
    return t("methods.given", coders=t("methods.coders", count=number))


def _language_models(dataset: Dataset, t: Messages) -> str:
    """Name the language models that coded besides people, and say that they do not count."""
    if dataset.coders is None or dataset.counted is dataset:
        return ""
    left_out = {*dataset.cube.coders} - {*dataset.counted.cube.coders}
    rows = dataset.coders[dataset.coders["coder_id"].isin(left_out)]
    names = [f"{row['name']} ({row['version']})" for row in rows.to_dict("records")]
    return t("methods.language-models", names=t.listing(names))


def _rule(dataset: Dataset, t: Messages) -> str:
    """Say how several codes become one; nothing where no second coder is."""
    if len(dataset.cube.coders) < 2:
        return ""
    name, _, coder = dataset.info.consensus.partition(":")
    return t(f"methods.rule-{name}", coder=coder)


def _several(dataset: Dataset, t: Messages) -> str:
    """Say what intervals of several coders are worth; nothing where one coder's codes count."""
    one = dataset.info.consensus.startswith(ONE_CODER)
    return "" if one or len(dataset.cube.coders) < 2 else t("methods.several")


def _agreement(dataset: Dataset, t: Messages) -> Iterator[str]:
    """Count the pairs that several coders coded, and those in which all their codes agree."""
    yield _coders(dataset, t)
    if dataset.info.kind == "reconstructed":
        return
    pairs, doubled, agreed = _pairs(dataset)
    if not doubled:
        yield t("methods.no-agreement")
        return
    yield t(
        "methods.agreed",
        doubled=t.number(doubled),
        pairs=t.number(pairs),
        agreed=t.number(agreed),
        percent=percent_text(agreed, doubled, t),
    )
    yield from _alpha(dataset, t)


def _alpha(dataset: Dataset, t: Messages) -> Iterator[str]:
    """Say alpha of all features, of the single ones, and what the intervals are worth."""
    taxonomy = dataset.taxonomy
    table = agreement_by_feature(
        dataset.cube, taxonomy.counts_as, taxonomy.feature_ids, replicates=0
    )
    table["feature"] = table["feature_id"].map(taxonomy.labels(t.lang))
    pooled = table.loc[(table["feature_id"] == "") & (table["coefficient"] == ALPHA), "value"]
    if pooled.notna().all():
        yield t("methods.alpha", alpha=t.number(pooled.iloc[0], 2))
        yield spread_of(table, t).get("said", "")
        yield t("methods.alpha-intervals")
        yield t("agreement.coverage")


def _statistics(dataset: Dataset, t: Messages) -> dict[str, str]:
    """Say how figures 12 to 17 came about, those of them that the data can feed."""
    if dataset.info.kind == "reconstructed":
        return {}
    data = dataset.counted
    return {
        "coder-error": _coder_error(dataset, t),
        "model-people": _model_people(dataset, t),
        "contrasts": t("methods.how-contrasts") if _comparable(data) else "",
        "ranks": t("methods.how-ranks") if _varying(data, once=False) > 1 else "",
        "changes": t("methods.how-changes") if data.info.earlier else "",
        "together": t("methods.how-together") if _varying(data) > 1 else "",
        "groups": _groups(data.models, t),
    }


def _coder_error(data: Dataset, t: Messages) -> str:
    """Say how many features have corrected shares and how many bounds, and how both come about."""
    features = data.taxonomy.feature_ids
    told = observed(data.cube, data.taxonomy.counts_as, features, data.decisions, data.references)
    reasons = told.counts()["reason"]
    known, bounded = ((reasons == reason).sum() for reason in ("", NOT_IDENTIFIED))
    ratios = {"known": t.ratio(known, len(features)), "bounded": t.ratio(bounded, len(features))}
    keys = [
        *(["methods.corrected", "coder-error.assumed", "coder-error.coverage"] if known else []),
        *(["methods.bounds", "methods.bounds-coverage"] if bounded else []),
        *(["methods.model-as-coder"] if known and data.counted is not data else []),
        *(["methods.planning"] if known or bounded else []),
    ]
    return _joined(t(key, **ratios) for key in keys)


def _model_people(dataset: Dataset, t: Messages) -> str:
    """Say how a language model's codes are compared with people's; nothing where they are not."""
    table = model_people.metric(dataset)
    if not model_people.drawable(table):
        return ""
    frozen = t.number(table["frozen"].iloc[0])
    keys = ("methods.how-model-people", "model-people.caveat", "model-people.coverage")
    return _joined(t(key, n=frozen) for key in keys)


def _comparable(data: Dataset) -> bool:
    """Say whether of any feature models of a goal and other models are assessed."""
    decided = data.status.isin(["present", "absent"])
    members = data.memberships.groupby("goal_id")["model_id"]
    inside = (decided.index.isin(models) for _, models in members)
    return any((decided[one].any() & decided[~one].any()).any() for one in inside)


def _varying(data: Dataset, *, once: bool = True) -> int:
    """Count the features that were assessed; `once`: that some but not all models have."""
    found = [(data.status == one).any() for one in ("present", "absent")]
    return int((found[0] & found[1] if once else found[0] | found[1]).sum())


def _groups(models: pd.DataFrame, t: Messages) -> str:
    """Name the columns by which models can be grouped: all but addresses."""
    columns = [column for column in further(models) if column != source(models)]
    return t("methods.how-groups", names=", ".join(columns)) if columns else ""


def _pairs(dataset: Dataset) -> tuple[int, int, int]:
    """Count the pairs of model and feature coded, by several, and by all of these alike."""
    codes = dataset.cube.codes
    counted = np.array([COUNTS_AS.index(one) for one in dataset.taxonomy.counts_as.values()])
    kinds = np.append(counted, -1)[codes]
    found = sum((kinds == one).any(axis=0).astype(int) for one in range(len(COUNTS_AS)))
    coders = (codes >= 0).sum(axis=0)
    agreed = (coders > 1) & (found == 1)
    return int((coders > 0).sum()), int((coders > 1).sum()), int(agreed.sum())


def _data_items(dataset: Dataset, t: Messages) -> str:
    taxonomy, labels = dataset.taxonomy, dataset.taxonomy.labels(t.lang)
    columns = further(dataset.models)
    parts = [
        t(
            "methods.which-features",
            names="; ".join(labels[f] for f in taxonomy.feature_ids),
        ),
        t("methods.which-goals", names="; ".join(labels[g] for g in taxonomy.goal_ids)),
    ]
    if columns:
        parts.append(t("methods.which-columns", names=", ".join(columns)))
    return " ".join([*parts, t("methods.no-code")])
