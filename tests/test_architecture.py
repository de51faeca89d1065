import ast
import importlib
import inspect
import re
import subprocess
from pathlib import Path

import code_lines
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "soila_analysis"
MAY_IMPORT = {
    "files": {"language"},
    "language": set(),
    "metrics": set(),
    "taxonomy": {"language"},
    "dataset": {"taxonomy", "files", "language"},
    "figures": {"taxonomy", "metrics", "language", "files"},
    "review": {"dataset", "metrics", "taxonomy", "language"},
    "rounds": {"dataset", "metrics", "review", "taxonomy"},
    "exchange": {"dataset", "taxonomy", "language", "files"},
    "build": {"figures", "files", "language"},
    "front_door": {"dataset", "figures", "files", "metrics", "review", "rounds", "taxonomy"},
    "report": {
        "taxonomy",
        "metrics",
        "dataset",
        "figures",
        "review",
        "rounds",
        "language",
        "files",
    },
}


def module(file):
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(file): file for file in sorted(PACKAGE.rglob("*.py"))}
COMMAND = ("soila_analysis.cli", "soila_analysis.__main__")
LIBRARY = [name for name in MODULES if not name.startswith(COMMAND)]


def imports(tree):
    """Names of our modules that a syntax tree imports, wherever it does."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name for name in names if name.split(".")[0] == "soila_analysis")


def imported_modules(tree):
    """Modules, the packages around them left out; a name in a module stands for the module."""
    for name in imports(tree):
        while name not in MODULES:
            name = name.rpartition(".")[0]
        yield name


def parsed(file):
    return ast.parse(file.read_text(encoding="utf-8"))


def part(name):
    """The part of the house that a module belongs to."""
    return name.split(".")[1] if "." in name else ""


# Who may import whom


@pytest.mark.parametrize("name", LIBRARY)
def test_a_module_imports_only_what_its_part_may(name):
    own = part(name)
    others = {part(other) for other in imported_modules(parsed(MODULES[name]))} - {own, ""}
    assert others <= MAY_IMPORT.get(own, set())


def test_every_part_of_the_house_has_its_rule():
    assert {part(name) for name in LIBRARY} - {""} == set(MAY_IMPORT)


def test_nobody_imports_the_command():
    parts = {part(n) for name in LIBRARY for n in imported_modules(parsed(MODULES[name]))}
    assert parts & {"cli", "__main__"} == set()


def test_notebooks_import_neither_the_runner_nor_the_command(notebooks):
    for notebook in notebooks.values():
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                parts = {part(n) for n in imported_modules(ast.parse("".join(cell["source"])))}
                assert parts & {"build", "cli", "__main__"} == set()


def test_imports_are_not_circular():
    graph = {n: set(imported_modules(parsed(MODULES[n]))) - {n} for n in MODULES}
    graph = {n: {m for m in found if not n.startswith(f"{m}.")} for n, found in graph.items()}
    while free := {n for n, needed in graph.items() if not needed & graph.keys()}:
        graph = {n: needed for n, needed in graph.items() if n not in free}
    assert graph == {}


def test_no_module_and_no_function_is_long():
    sources = {name: file.read_text(encoding="utf-8") for name, file in MODULES.items()}
    counts = {name: len(code_lines.code_lines(source)) for name, source in sources.items()}
    assert {name: n for name, n in counts.items() if n > code_lines.MODULE} == {}
    found = {name: code_lines.long_functions(source) for name, source in sources.items()}
    assert {name: long for name, long in found.items() if long} == {}


def test_comments_docstrings_and_blank_lines_are_no_code():
    lines = ['"""Doc."""', "", "x = 1  # one", "# none", "def f():", '    """Doc', '    more."""']
    assert code_lines.code_lines("\n".join([*lines, '    return """a', 'b"""', ""])) == {3, 5, 8, 9}


# Tests and documentation


def test_every_module_is_reached_by_a_test_directly_or_by_what_it_imports():
    frontier = {
        name
        for file in sorted((ROOT / "tests").glob("*.py"))
        for name in imported_modules(parsed(file))
    }
    reached = {"soila_analysis", "soila_analysis.__main__"}
    while frontier:
        name = frontier.pop()
        reached.add(name)
        found = {name.rpartition(".")[0], *imported_modules(parsed(MODULES[name]))} - {""}
        frontier |= found - reached
    assert set(MODULES) - reached == set()


def public(name):
    """Functions and classes that a wing offers to others: those listed in its ``__all__``."""
    wing = importlib.import_module(name)
    values = {f"{name}.{key}": getattr(wing, key) for key in getattr(wing, "__all__", [])}
    return {k: v for k, v in values.items() if inspect.isfunction(v) or inspect.isclass(v)}


@pytest.fixture(scope="module")
def offered():
    """All that the front door and the wings offer."""
    wings = ["soila_analysis", *(name for name in LIBRARY if name.count(".") == 1)]
    return {key: value for name in wings for key, value in public(name).items()}


@pytest.fixture(scope="module")
def functions(offered):
    """The functions among it."""
    return {key: value for key, value in offered.items() if inspect.isfunction(value)}


def section(function, *headings):
    """The section of a numpydoc docstring under one of the headings, or nothing."""
    parts = re.split(r"^(\w[\w ]*)\n-+\n", inspect.getdoc(function) or "", flags=re.MULTILINE)
    named = dict(zip(parts[1::2], parts[2::2], strict=True))
    return next((named[heading] for heading in headings if heading in named), "")


def test_everything_public_says_what_it_is_for(offered):
    assert len(offered) > 40
    assert [name for name, value in offered.items() if not inspect.getdoc(value)] == []
    methods = {
        f"{name}.{key}": method
        for name, value in offered.items()
        if inspect.isclass(value)
        for key, method in vars(value).items()
        if inspect.isfunction(method) and not key.startswith("_")
    }
    assert [name for name, method in methods.items() if not inspect.getdoc(method)] == []


def test_a_function_documents_every_parameter_in_the_form_of_numpydoc(functions):
    wanting = {}
    for name, function in functions.items():
        heads = re.findall(r"^(?=\S)[^:\n]+", section(function, "Parameters"), re.MULTILINE)
        documented = {one.strip("* ") for head in heads for one in head.split(",")}
        if missing := set(inspect.signature(function).parameters) - documented:
            wanting[name] = missing
    assert wanting == {}


def test_a_function_that_returns_something_says_what(functions):
    wanting = [
        name
        for name, function in functions.items()
        if inspect.signature(function).return_annotation is not None
        and not section(function, "Returns", "Yields")
    ]
    assert wanting == []


# The repository


def tracked():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_package_registry_or_a_folder_of_one_machine():
    hosts = ["pypi" + ".org", "python" + "hosted.org", "ana" + "conda.org", "npm" + "js.org"]
    folders = "|".join(["root", "work", "tmp", "private"])
    machine = rf"(?<![\w.~$}}*/-])/(?:{folders})/\w"
    unwanted = re.compile("|".join([*map(re.escape, [*hosts, str(ROOT)]), machine]))
    found = {}
    for file in tracked():
        content = file.read_bytes()
        if b"\0" not in content and (names := set(unwanted.findall(content.decode("utf-8")))):
            found[file.relative_to(ROOT).as_posix()] = names
    assert found == {}
