"""Compare two builds of one data set: tables by their bytes, figures by what they show.

What outputs were made from is left out, and so are executed notebooks, whose code is theirs.
Renamed files and ids are named by --rename:

    python benchmarks/compare_builds.py old/build/review-2024 build/review-2024 \
        --rename=-better=-redesigned --rename=-faithful=-as-published

Exit status 1 if anything differs.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from soila_analysis.build.kinds import SHOWN

KINDS = ("figures", "tables")


def renamed(text: str, renames: list[tuple[str, str]]) -> str:
    for old, new in renames:
        text = text.replace(old, new)
    return text


def shown(file: Path, renames: list[tuple[str, str]]) -> object:
    if file.suffix == ".csv":
        return file.read_bytes()
    if file.suffix == ".json":
        texts = json.loads(file.read_text(encoding="utf-8"))
        return {k: v for k, v in texts.items() if k != "provenance"}
    content = SHOWN[file.suffix](file.read_bytes())
    return renamed(content.decode(), renames) if file.suffix == ".svg" else content


def compare(before: Path, after: Path, renames: list[tuple[str, str]]) -> list[str]:
    differences, counted = [], Counter()
    files = sorted(f for kind in KINDS for f in before.glob(f"*/{kind}/*") if f.is_file())
    expected = set()
    for old in files:
        new = after / renamed(old.relative_to(before).as_posix(), renames)
        expected.add(new)
        counted[old.suffix] += 1
        if not new.is_file():
            differences.append(f"{new.relative_to(after)}: missing")
            continue
        one, two = shown(old, renames), shown(new, renames)
        if isinstance(one, dict) and isinstance(two, dict):
            changed = [k for k in one if one[k] != two.get(k)]
            further = sorted(two.keys() - one.keys())
            counted[f"further keys: {', '.join(further)}"] += bool(further)
            one, two = changed, []
        if one != two:
            differences.append(f"{new.relative_to(after)}: differs {one if two == [] else ''}")
    found = {f for kind in KINDS for f in after.glob(f"*/{kind}/*") if f.is_file()}
    differences += [f"{f.relative_to(after)}: new" for f in sorted(found - expected)]
    print(", ".join(f"{n} {kind}" for kind, n in sorted(counted.items()) if n))
    return differences


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--rename", action="append", default=[], metavar="OLD=NEW")
    given = parser.parse_args()
    pairs = [tuple(one.rsplit("=", 1)) for one in given.rename]
    found = compare(given.before, given.after, pairs)
    print("\n".join(found) or "nothing else differs")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
