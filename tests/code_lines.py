"""Count lines of code, without blank lines, comments and docstrings.

`python tests/code_lines.py` prints them by wing, then what is longer than the house allows.
"""

import ast
import io
import tokenize
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src" / "soila_analysis"
MODULE, FUNCTION = 400, 40  # at most
SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def code_lines(source: str) -> set[int]:
    """Return the numbers of the lines that hold code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Function | ast.ClassDef | ast.Module) and ast.get_docstring(node):
            docstring = node.body[0]
            lines.difference_update(range(docstring.lineno, docstring.end_lineno + 1))
    return lines


def long_functions(source: str) -> dict[str, int]:
    """Return the functions that are too long, with their lines of code."""
    lines = code_lines(source)
    functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, Function))
    counts = {f.name: len(lines & {*range(f.lineno, f.end_lineno + 1)}) for f in functions}
    return {name: count for name, count in counts.items() if count > FUNCTION}


def main() -> None:
    counts = Counter()
    for file in sorted(PACKAGE.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        name, count = file.relative_to(PACKAGE), len(code_lines(source))
        counts[name.parts[0]] += count
        if count > MODULE:
            print(f"{name}: {count} lines, more than {MODULE}")
        for function, length in long_functions(source).items():
            print(f"{name}: {function} has {length} lines, more than {FUNCTION}")
    for wing, count in sorted(counts.items()):
        print(f"{count:6} {wing}")
    print(f"{counts.total():6} in all")


if __name__ == "__main__":
    main()
