"""Through no door does a reconstruction show what nobody published.

Two reconstructions that agree in all that was published, and in nothing else, must look the same.
"""

import html
import json
import re
from dataclasses import replace
from io import BytesIO

import built
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import figures, report
from soila_analysis.language import LANGUAGES, messages
from soila_analysis.report import pdf
from soila_analysis.review import compatible

MADE_UP = ("feature-shares", "feature-by-goal", "features-per-model", "evidence-map")
CODES = {"present": "1", "absent": "0"}


@pytest.fixture(scope="module")
def rivals(shipped, tmp_path_factory):
    """Two data sets that the publication cannot tell apart, each in a folder of the same name."""
    folders = []
    for status, memberships in compatible.sample("literal", 2, seed=11):
        long = status.reset_index().melt("model_id", var_name="feature_id", value_name="code")
        codes = long.assign(code=long["code"].map(CODES)).dropna()
        codes = codes.assign(coder_id="reconstruction", note="")
        folder = tmp_path_factory.mktemp("rival") / "review-2024"
        columns = shipped["literal"].codings.columns
        drawn = replace(
            shipped["literal"], codings=codes.reindex(columns=columns), memberships=memberships
        )
        datasets.save(drawn, folder)
        folders.append(folder)
    one, other = (datasets.load(folder) for folder in folders)
    assert not one.status.equals(other.status)
    return folders


@pytest.fixture(scope="module")
def outputs(rivals, notebooks, execute, tmp_path_factory):
    """What all doors give of each of the two: files by name, and tables that notebooks show."""
    return [gathered(f, notebooks, execute, tmp_path_factory.mktemp("out")) for f in rivals]


def gathered(folder, notebooks, execute, place):
    """Run all notebooks in English on a data set, and write its pages and its report."""
    built_in, shown = place / "review-2024/en", {}
    (built_in / "notebooks").mkdir(parents=True)
    record = json.dumps(built.RECORD | {"parameters": {"lang": "en"}})
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder.parent)
        patched.setenv("SOILA_OUTPUT", str(built_in))
        patched.setenv("SOILA_PROVENANCE", record)
        patched.setattr(Figure, "savefig", only_svg)
        for name in notebooks:
            shown[name] = execute(name, dataset=str(folder), lang="en")
    drawn = [f.relative_to(built_in).as_posix() for f in sorted(built_in.rglob("*.svg"))]
    (built_in / "notebooks/all.outputs").write_text("\n".join(drawn))
    data = datasets.load(folder)
    report.write(built_in.parent, data)
    text = json.dumps(pdf.gathered(built_in, data), sort_keys=True)
    files = {f.relative_to(place): f.read_bytes() for f in place.rglob("*") if f.is_file()}
    return {**files, "the report": text.encode()}, shown


def only_svg(figure, file, save=Figure.savefig, **options):
    """Leave out the forms that take most of the time."""
    if file.suffix == ".svg":
        save(figure, file, **options)
    elif file.suffix == ".png":
        Image.new("1", (1, 1)).save(file)
    else:
        file.touch()


def test_files_pages_map_and_report_are_the_same_whatever_was_made_up(outputs):
    (one, _), (other, _) = outputs
    assert len(one) > 100
    assert {"csv", "json", "svg", "html"} <= {str(name).rpartition(".")[2] for name in one}
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


def test_notebooks_show_the_same_whatever_was_made_up_or_say_that_it_is(outputs):
    (_, one), (_, other) = outputs
    for name, results in one.items():
        for left, right in zip(results, other[name], strict=True):
            if isinstance(left, pd.DataFrame) and "kind" in left:
                assert set(left["kind"]) == set(right["kind"]) == {"reconstructed"}, name
            elif left is not None:
                assert left._repr_html_() == right._repr_html_(), name


def test_a_number_that_is_only_bounded_has_its_range_beside_it_in_every_file(outputs):
    (files, _), _ = outputs
    bounded = 0
    for name in [name for name in files if str(name).endswith(".csv") and "tables" in str(name)]:
        place = str(name)
        table = read(files[name])
        for side in ("", "1", "2"):
            if f"basis{side}" not in table or f"k{side}" not in table:
                continue
            rows = table[table[f"basis{side}"] == "bounded"]
            bounded += len(rows)
            assert rows[f"k{side}"].eq("").all(), place
            low = "mean_bound_low" if "mean" in table else f"bound_low{side}"
            assert rows.empty or rows[low].ne("").all(), place
            made_up = table[f"basis{side}"].eq("reconstructed") & table[f"n{side}"].ne("0")
            assert table.loc[made_up, f"k{side}"].eq("").all(), place
    assert bounded > 64


def read(content):
    return pd.read_csv(BytesIO(content), dtype=str, keep_default_na=False)


def test_every_table_of_a_file_says_its_basis_kind_and_source(outputs):
    (files, _), _ = outputs
    for name in [name for name in files if str(name).endswith(".csv") and "tables" in str(name)]:
        if "readings" not in str(name):
            assert {"basis", "kind", "source"} <= set(read(files[name])), name


def test_the_front_door_gives_ranges_for_what_was_not_published(review):
    for by in (None, "goal"):
        table = soila.shares(review, by)
        bounded = table["basis"] == "bounded"
        assert table.loc[bounded, ["k", "share", "percent"]].isna().all(axis=None)
        assert table.loc[bounded, ["bound_low", "bound_high"]].notna().all(axis=None)
        assert set(table["basis"]) == {"bounded", "published"}


def test_shown_tables_write_a_range_where_only_bounds_are_known(review):
    shown = soila.shown(soila.table("evidence-map", review, "en"))
    assert shown.loc["Participation", "Reform of aftercare"].startswith("0–100%, 0–")
    assert shown.loc["Participation", "All"] == "76–84%, 34–38/45"
    assert shown.loc["Anchoring in the ecosystem", "All"] == "53%, 24/45"
    with pytest.raises(ValueError, match="shown takes a table of a figure"):
        soila.shown(pd.DataFrame())


def test_nobody_is_led_from_a_reconstruction_to_a_plot_of_made_up_codes(shipped):
    assert 'soila.plot("feature-shares"' in html.unescape(shipped["literal"]._repr_html_())
    assert "tidy" not in shipped["literal"]._repr_html_()
    assert "sns.barplot(data.tidy(" in shipped["example"]._repr_html_()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_alternative_texts_say_what_the_badge_says(tables, shipped, lang):
    said = messages(lang)("badge.reconstructed").capitalize()
    for figure in ("models-by-goal", *MADE_UP):
        words = figures.texts(figure, tables["literal", lang, figure], lang)
        assert words.alt.startswith(f"{said}. "), figure
    disputed = figures.texts("feature-by-goal", tables["literal", lang, "feature-by-goal"], lang)
    assert messages(lang)("feature-by-goal.unknown") in disputed.alt
    data = shipped["literal"]
    info = data.info.model_copy(update={"kind": "observed", "reading": None})
    later = replace(data, info=info)
    rounds = soila.table("change-over-rounds", later, lang, earlier=[data])
    assert figures.texts("change-over-rounds", rounds, lang).alt.startswith(f"{said}. ")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("figure", ["models-by-goal", *MADE_UP])
def test_of_a_reconstruction_of_something_else_figures_show_what_is_possible(shipped, figure, lang):
    """No claims and no ranges are known of it: any number is possible."""
    changed = {"kind": "reconstructed", "reading": "other", "claims": None}
    info = shipped["own"].info.model_copy(update=changed)
    data = replace(shipped["own"], info=info, claims=None)
    table = soila.table(figure, data, lang)
    assert set(table.loc[table["n"] > 0, "basis"]) == {"bounded"}
    assert table["k"].dropna().empty or set(table.loc[table["k"].notna(), "n"]) == {0}
    words = figures.texts(figure, table, lang)
    rows = words.description.split(words.findings[0])[0]  # the findings may count cells
    assert not re.search(r"(?<![–\d])[1-9]\d*/\d+", f"{words.alt} {rows}")
    for variant in figures.spec(figure).variants:
        if figures.spec(figure).drawable(table, variant):
            drawn = figures.draw(figure, table, lang, variant)
            texts = " ".join(text.get_text() for text in drawn.findobj(Text))
            assert messages(lang)("feature-shares.most") not in texts
        else:
            assert words.findings == (messages(lang)("common.unpublished"),)


def test_ranges_say_on_their_face_what_they_take_for_granted(tables):
    words = figures.texts("features-per-model", tables["literal", "en", "features-per-model"], "en")
    assert words.title == "Number of features in the operating models, by goal"
    assert "on condition that the leading goal is the one the review states" in words.notes
    assert "if all unpublished counts are equally likely" in words.description
    assert "if each data set counts once" in words.description


def test_the_evidence_map_counts_the_cells_that_are_not_known(tables):
    words = figures.texts("evidence-map", tables["literal", "en", "evidence-map"], "en")
    known = "Cells of which only the lower and upper bounds are known: 60/64."
    assert words.findings[1] == known
