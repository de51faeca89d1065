"""All codes as one block of small numbers, coders x models x features, whoever has read them."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from soila_analysis.language.likeness import unknown
from soila_analysis.taxonomy import Taxonomy

Numbers = npt.NDArray[np.int64]


class Cube(NamedTuple):
    """What each coder gave each model and feature.

    Attributes
    ----------
    codes : array of int8, coders x models x features
        Position in the codes of the taxonomy; -1 where there is none.
    coders : tuple of str
        Sorted.
    models : Index of str
        All models, coded or not.
    told : callable, optional
        Reads the rows that have more than a code: their keys, ``note``, ``taxonomy_version``.
    """

    codes: npt.NDArray[np.int8]
    coders: tuple[str, ...]
    models: pd.Index
    told: Callable[[], pd.DataFrame] | None = None


def of_table(
    codings: pd.DataFrame, taxonomy: Taxonomy, models: Sequence[str] | pd.Index | None = None
) -> Cube:
    """Lay a table of codes out as a cube.

    Parameters
    ----------
    codings : DataFrame
        ``model_id``, ``feature_id``, ``coder_id``, ``code``.
    taxonomy : Taxonomy
        The features and codes.
    models : sequence of str, optional
        All models, coded or not; by default those of the codings, sorted.

    Returns
    -------
    Cube

    Raises
    ------
    ValueError
        For an unknown model, feature or code; the message says what is allowed.
    """
    if models is None:
        models = sorted(codings["model_id"].unique())
    index = pd.Index(models, name="model_id", dtype="str")
    coder, coders = pd.factorize(codings["coder_id"], sort=True)
    model = positions(codings["model_id"], index, "model")
    feature = positions(codings["feature_id"], taxonomy.feature_ids, "feature")
    shape = (len(coders), len(index), len(taxonomy.feature_ids))
    codes = np.full(shape, -1, dtype=np.int8)
    codes[coder, model, feature] = positions(codings["code"], tuple(taxonomy.counts_as), "code")
    return Cube(codes, tuple(map(str, coders)), index)


def without(cube: Cube, coders: Collection[str]) -> Cube:
    """Leave the codes of some coders out.

    Parameters
    ----------
    cube : Cube
        The codes.
    coders : collection of str
        Who is left out.

    Returns
    -------
    Cube
    """
    kept = [n for n, coder in enumerate(cube.coders) if coder not in coders]
    names, told = tuple(cube.coders[n] for n in kept), cube.told
    of_kept = (lambda: told().loc[lambda rows: rows["coder_id"].isin(names)]) if told else None
    return Cube(cube.codes[kept], names, cube.models, of_kept)


def of_models(cube: Cube, models: pd.Series) -> Cube:
    """Keep the codes of some models.

    Parameters
    ----------
    cube : Cube
        The codes.
    models : Series of str
        Which are kept.

    Returns
    -------
    Cube
    """
    kept, told = cube.models.isin(models), cube.told
    of_kept = (lambda: told().loc[lambda rows: rows["model_id"].isin(models)]) if told else None
    return Cube(cube.codes[:, kept], cube.coders, cube.models[kept], of_kept)


def table(cube: Cube, taxonomy: Taxonomy) -> pd.DataFrame:
    """Lay a cube out as the table of its codes.

    Parameters
    ----------
    cube : Cube
        The codes.
    taxonomy : Taxonomy
        Its features and codes.

    Returns
    -------
    DataFrame
        ``model_id``, ``feature_id``, ``coder_id``, ``code``, ``note``, and ``taxonomy_version`` if
        any row has one, as categories; sorted by the first three.
    """
    order = np.argsort(np.array(taxonomy.feature_ids))
    cells = cube.codes[:, :, order].transpose(1, 2, 0)
    at = np.flatnonzero(cells >= 0)
    model, feature, coder = np.unravel_index(at, cells.shape)
    features = [taxonomy.feature_ids[one] for one in order]
    columns = {
        "model_id": (model, cube.models),
        "feature_id": (feature, features),
        "coder_id": (coder, cube.coders),
        "code": (cells.ravel()[at], tuple(taxonomy.counts_as)),
    }
    rows = {
        name: pd.Categorical.from_codes(number, pd.Index(ids, dtype="str"))
        for name, (number, ids) in columns.items()
    }
    told = cube.told() if cube.told else pd.DataFrame(columns=list(columns)[:3])
    known = (cube.models, features, cube.coders)
    nouns = zip(columns, known, ("model", "feature", "coder"), strict=False)
    place = np.ravel_multi_index(
        [positions(told[name], ids, noun) for name, ids, noun in nouns], cells.shape
    )
    for name in ("note", *told.columns[4:]):
        number, texts = pd.factorize(told.get(name, pd.Series(dtype="str")))
        of_row = np.zeros(len(at), dtype=np.int32)
        of_row[np.searchsorted(at, place)] = number + 1
        rows[name] = _named(of_row, ["", *texts])
    return pd.DataFrame(rows)


def _named(numbers: npt.NDArray[np.int32], texts: list[str]) -> pd.Categorical:
    used = pd.Index(texts, dtype="str")
    return (
        pd.Categorical.from_codes(numbers, used)
        if used.is_unique
        else pd.Categorical(used.to_numpy()[numbers])
    )


def positions(values: pd.Series, known: Sequence[str] | pd.Index, noun: str) -> Numbers:
    """Give each value its position among those that are known.

    Parameters
    ----------
    values : Series of str
        Told soonest of categories.
    known : sequence of str
        Each once.
    noun : str
        What they are, for the error.

    Returns
    -------
    array of int64

    Raises
    ------
    ValueError
        For the first that is not known; the message says which there are.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        number, told = values.cat.codes.to_numpy(), values.cat.categories
    else:
        number, told = pd.factorize(values)
    place = pd.Index(known, dtype="str").get_indexer(pd.Index(told, dtype="str"))
    found = np.append(place, -1)[number]  # the last is that of what is missing
    if (found < 0).any():
        raise ValueError(unknown(f"no {noun}", values.iloc[int((found < 0).argmax())], [*known]))
    return found.astype(np.int64)
