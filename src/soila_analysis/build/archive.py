"""A build as one file to deposit: data, notebooks, results and licences, described as an RO-Crate.

Equal builds of one commit give equal bytes: entries are sorted, their times and permissions fixed.
"""

import io
import mimetypes
import re
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from soila_analysis import files
from soila_analysis.build import manifest
from soila_analysis.build import record as records

TIME = (1980, 1, 1, 0, 0, 0)
DESCRIPTION = "ro-crate-metadata.json"
PACKAGE = "datapackage.json"  # what describes the data set, not the archive
TEXTS = (
    "CITATION.cff",
    "LICENSE",
    "README.md",
    "data/LICENSE.md",
    "data/README.md",
    "requirements.lock",
    "src/soila_analysis/figures/fonts/OFL.txt",
)
LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "MIT": "https://spdx.org/licenses/MIT",
}
TYPES = {
    ".ipynb": "application/x-ipynb+json",
    ".cff": "application/yaml",
    ".toml": "application/toml",
    ".md": "text/markdown",
}


def write(folder: Path, data: Path) -> Path:
    """Write the archive of a build into it.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``; its manifest is renewed.
    data : Path
        The data set's folder, wherever it is.

    Returns
    -------
    Path
        ``<data set>-archive.zip`` there.
    """
    manifest.write(folder)
    held = members(folder, data)
    described = {name: file.read_bytes() for name, file in held.items()}
    described[DESCRIPTION] = manifest.text(describe(folder, data, held)).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sorted(described.items()):
            entry = zipfile.ZipInfo(name, TIME)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content, compresslevel=9)
    target = folder / f"{folder.resolve().name}-archive.zip"
    return files.write(target, buffer.getvalue())


def members(folder: Path, data: Path) -> dict[str, Path]:
    """List what goes into the archive of a build.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``.
    data : Path
        The data set's folder.

    Returns
    -------
    dict of str to Path
        Names, which are the paths in the repository, to files.
    """
    root, name = files.root(), folder.resolve().name
    taxonomy = (root / "src/soila_analysis/taxonomy").glob("*.*")
    own = [
        *(root / text for text in TEXTS),
        *(f for f in taxonomy if f.suffix in (".csv", ".toml")),
        *root.glob("notebooks/*.ipynb"),
    ]
    found = {file.relative_to(root).as_posix(): file for file in own if file.is_file()}
    for place, called in ((data, name), *((one, one.name) for one in files.earlier(data))):
        codes = [*files.plain(place), *(f for f in place.iterdir() if f.name == PACKAGE)]
        found |= {f"data/{called}/{file.name}": file for file in codes}
    results = [*manifest.outputs(folder), manifest.NAME]
    return found | {f"build/{name}/{path}": folder / path for path in results}


def describe(folder: Path, data: Path, held: dict[str, Path]) -> dict[str, Any]:
    """Describe an archive by RO-Crate 1.1: its files, and which notebook made which of them.

    Parameters
    ----------
    folder : Path
        ``build/<data set>``.
    data : Path
        The data set's folder.
    held : dict of str to Path
        As `members` gives.

    Returns
    -------
    dict
        JSON-LD.
    """
    from rocrate.model import ContextEntity
    from rocrate.rocrate import ROCrate

    name = folder.resolve().name
    info = tomllib.loads((data / "dataset.toml").read_text(encoding="utf-8"))
    crate = ROCrate(version="1.1")
    crate.name = info["title"]["en"]
    crate.description = (
        f"{info['source']['en']} Figures and tables made from them by soila_analysis."
    )
    crate.datePublished = records.day(files.root()) or info["round"]
    for licence, address in LICENCES.items():
        properties = {"@type": "CreativeWork", "name": licence}
        crate.add(ContextEntity(crate, address, properties=properties))
    crate.license = {"@id": LICENCES.get(info["licence"], info["licence"])}
    author = {"@type": "Organization", "name": _author()}
    crate.creator = crate.add(ContextEntity(crate, "#authors", properties=author))
    entities = {
        path: crate.add_file(file, path, properties=_properties(path))
        for path, file in sorted(held.items())
    }
    _add_runs(crate, folder, name, entities)
    described: dict[str, Any] = crate.metadata.generate()
    return described


def _properties(path: str) -> dict[str, Any]:
    ending = Path(path).suffix
    type_ = TYPES.get(ending) or mimetypes.guess_type(path)[0] or "text/plain"
    properties: dict[str, Any] = {"name": Path(path).name, "encodingFormat": type_}
    if re.match(r"notebooks/", path):
        properties["@type"] = ["File", "SoftwareSourceCode"]
        properties["programmingLanguage"] = "Python"
        properties["license"] = {"@id": LICENCES["MIT"]}
    return properties


def _add_runs(crate: Any, folder: Path, name: str, entities: dict[str, Any]) -> None:
    """Add an action a run: with what notebook, from which data, to which outputs."""
    data = [entity for path, entity in entities.items() if path.startswith(f"data/{name}/")]
    for path, record in manifest.made_from(folder).items():
        if not path.endswith(".ipynb"):
            continue
        results = [f"build/{name}/{p}" for p in (*manifest.listed(folder, path), path)]
        crate.add_action(
            entities[f"notebooks/{record['notebook']}"],
            identifier=f"#run-{path.removesuffix('.ipynb').replace('/', '-')}",
            object=data,
            result=[entities[p] for p in results if p in entities],
            properties={"name": f"Run of {record['notebook']} for {path.split('/')[0]}"},
        )


def _author() -> str:
    import yaml

    text = (files.root() / "CITATION.cff").read_text(encoding="utf-8")
    return ", ".join(author["name"] for author in yaml.safe_load(text)["authors"])
