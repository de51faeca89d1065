import ast
import io
import re
import tokenize
from itertools import product
from pathlib import Path

import pytest
from lxml import html
from matplotlib.figure import Figure

from soila_analysis import taxonomy
from soila_analysis.figures import save

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = [file.name for file in sorted(FOLDER.glob("*.ipynb"))]
LOGIC = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.If,
    ast.Try,
    ast.Match,
)
EXITS = {"exit", "quit", "_exit", "get_ipython"}
each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def notebook(name, notebooks):
    return notebooks[name]


def source(cell):
    return "".join(cell["source"])


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def parameters_cells(notebook):
    return [c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", [])]


def declared(notebook, key="outputs", **values):
    """The outputs that a notebook declares, with its parameters put in."""
    soila = notebook["metadata"]["soila"]
    (cell,) = parameters_cells(notebook)
    defaults = {s.target.id: ast.literal_eval(s.value) for s in ast.parse(source(cell)).body}
    chosen = {**defaults, **values}
    expanded = {
        key: soila.get("expand", {}).get(key, {}).get(value, [value])
        for key, value in chosen.items()
    }
    combinations = [dict(zip(expanded, c, strict=True)) for c in product(*expanded.values())]
    return {output.format(**c) for output in soila.get(key, []) for c in combinations}


# How they are written


def test_there_is_a_notebook_for_each_figure_numbered_from_1():
    assert [int(name[:2]) for name in NAMES] == list(range(1, len(NAMES) + 1))
    assert len(NAMES) >= 6


@each
def test_a_notebook_opens_with_a_question(notebook, name):
    first = notebook["cells"][0]
    assert first["cell_type"] == "markdown"
    heading = source(first).splitlines()[0]
    assert heading == f"# {int(name[:2])} · {notebook['metadata']['title']}"
    assert heading.endswith("?")


@each
def test_prose_stands_before_every_figure(notebook):
    kinds = [cell["cell_type"] for cell in notebook["cells"]]
    for position, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code" and "soila.publish" in source(cell):
            assert kinds[position - 1] == "markdown"


@each
def test_one_cell_declares_the_parameters_with_types_and_help(notebook):
    (cell,) = parameters_cells(notebook)
    form = re.compile(r'\w+: (str|int|float|bool) = ("[^"]*"|[\d.]+|True|False)  # \S.*')
    assert [line for line in source(cell).splitlines() if not form.fullmatch(line)] == []


@each
def test_every_notebook_takes_a_data_set_and_a_language(notebook):
    (cell,) = parameters_cells(notebook)
    assert source(cell).startswith('dataset: str = "data/review-2024"  #')
    assert '\nlang: str = "en"  #' in source(cell)  # that of the prose


@each
def test_the_choices_of_a_parameter_are_named_in_its_help(notebook):
    (cell,) = parameters_cells(notebook)
    tokens = tokenize.generate_tokens(io.StringIO(source(cell)).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    statements = ast.parse(source(cell)).body
    for statement, comment in zip(statements, comments, strict=True):
        choices = notebook["metadata"]["soila"]["choices"].get(statement.target.id)
        if choices:
            assert ast.literal_eval(statement.value) in choices
            assert [c for c in choices if not re.search(rf"(?<![\w-]){c}(?![\w-])", comment)] == []


@each
def test_a_code_cell_has_at_most_15_lines_and_no_logic(notebook):
    for cell in code_cells(notebook):
        assert len(source(cell).splitlines()) <= 15
        nodes = list(ast.walk(ast.parse(source(cell))))
        assert [type(n).__name__ for n in nodes if isinstance(n, LOGIC)] == []


@each
def test_nothing_in_a_notebook_leaves_python_or_the_kernel(notebook):
    for cell in code_cells(notebook):
        assert not re.search(r"^\s*[!%]|=\s*[!%]|\?$", source(cell), re.MULTILINE)
        nodes = ast.walk(ast.parse(source(cell)))
        names = {getattr(node, "id", getattr(node, "attr", None)) for node in nodes}
        assert names & EXITS == set()


@each
def test_a_notebook_is_stored_as_it_was_written_not_as_it_was_run(notebook):
    for cell in code_cells(notebook):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
    assert {key for cell in notebook["cells"] for key in cell["metadata"]} <= {"tags"}
    assert set(notebook["metadata"]) == {"kernelspec", "language_info", "soila", "title"}
    assert not any("attachments" in cell for cell in notebook["cells"])


@each
def test_the_ids_of_cells_are_unique(notebook):
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(ids) == len(set(ids))


@each
def test_a_notebook_declares_tables_and_figures_in_every_form(notebook):
    forms = {}
    soila = notebook["metadata"]["soila"]
    for output in map(Path, [*soila["outputs"], *soila.get("optional", [])]):
        forms.setdefault(output.with_suffix(""), set()).add(output.suffix)
    assert {stem.parts[0] for stem in forms} == {"tables", "figures"}
    for stem, endings in forms.items():
        table, figure = {".csv", ".json"}, {".json", ".pdf", ".png", ".svg"}
        assert endings == (table if stem.parts[0] == "tables" else figure)


# What they do


def run(execute, notebooks, folder, monkeypatch, **values):
    """Execute all notebooks into a folder; give what cells show, what must and what may be left."""
    monkeypatch.chdir(FOLDER)
    monkeypatch.setenv("SOILA_OUTPUT", str(folder))
    monkeypatch.setenv("SOILA_PROVENANCE", '{"by": "a test"}')
    shown, outputs, optional = [], set(), set()
    for name, notebook in notebooks.items():
        (cell,) = parameters_cells(notebook)
        own = {key: v for key, v in values.items() if f"{key}: " in source(cell)}
        shown += execute(name, **own)
        outputs |= declared(notebook, **own)
        optional |= declared(notebook, "optional", **own)
    return shown, outputs, optional


def files(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_all_notebooks_leave_exactly_what_they_declare_and_show_it_with_alternative_texts(
    execute, notebooks, tmp_path, monkeypatch
):
    shown, outputs, optional = run(execute, notebooks, tmp_path, monkeypatch, lang="fi")
    made_up = ("contrasts", "ranks", "regions", "together")  # of models that are, nothing to say
    lacking = (*made_up, "agreement", "coder-error", "model-people", "change-over-rounds")
    outputs |= {name for name in optional if not any(part in name for part in lacking)}
    assert files(tmp_path) == outputs
    assert all((tmp_path / name).stat().st_size for name in outputs)
    pages = [html.fromstring(result._repr_html_()) for result in shown if result is not None]
    images = [image for page in pages for image in page.iter("img")]
    assert len(images) == sum(name.endswith(".svg") for name in outputs)
    assert all(image.get("alt").strip() for image in images)
    sections = [page for page in pages if page.tag == "section"]
    assert {section.get("lang") for section in sections} == {"fi"}
    cells = {
        cell.text_content() for page in pages for cell in page.xpath("//table//td|//table//th")
    }
    known = taxonomy.load()
    assert set(known.labels("fi").values()) & cells
    assert {*known.feature_ids, *known.goal_ids, "M01"} & cells == set()
    assert [cell for cell in cells if re.search(r"\d[.,]\d{4}|…|NaN", cell)] == []


@pytest.mark.parametrize(
    ("dataset", "lang", "feature"),
    [
        ("literal", "sv", "participation"),
        ("literal", "en", "ecosystem-anchoring"),
        ("own", "sv", "rarest"),
    ],
)
def test_all_notebooks_run_on_other_data_and_in_other_languages(
    dataset, lang, feature, folders, execute, notebooks, tmp_path, monkeypatch
):
    def only_svg(figure, file, save=Figure.savefig, **options):
        if file.suffix == ".svg":  # the other forms take most of the time
            save(figure, file, **options)
        else:
            file.touch()

    monkeypatch.setattr(Figure, "savefig", only_svg)
    monkeypatch.setattr(save, "_save_png", only_svg)
    values = {"dataset": str(folders[dataset]), "lang": lang, "feature": feature}
    _, outputs, optional = run(execute, notebooks, tmp_path, monkeypatch, **values)
    of_review = ("as-published", "share-bases", "readings")
    made_up = ("agreement", "coder-error", "contrasts", "ranks", "together")
    lacking = ("model-people", "regions", "change-over-rounds")
    left_out = (*(of_review if dataset == "own" else made_up), *lacking)
    called_for = {name for name in optional if not any(part in name for part in left_out)}
    assert files(tmp_path) == outputs | called_for
    assert called_for != optional
