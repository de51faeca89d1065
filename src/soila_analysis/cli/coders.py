"""Commands for coders: lists, sheets and other programs' projects."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from soila_analysis.cli.command import FILE, loaded, soila, to_write, told
from soila_analysis.files import dataset_folder
from soila_analysis.language import LANGUAGES

if TYPE_CHECKING:
    from soila_analysis.dataset.problems import Problem

NEW = "Of a new data set: "
TITLE = NEW + "one text, or fi=TEXT, sv=TEXT and en=TEXT."
ANSWERS = "Have the answers given anew, or correct them; --partial leaves out what is wrong."
CORRECT = "Correct the cells and read the sheets again; --partial leaves out what is wrong."


@soila.command()
@click.argument("folder", default="data/example-two-coders")
@click.option("-l", "--lang", type=click.Choice(LANGUAGES), default="fi", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A CSV file to fill in."
)
def disagreements(folder: str, lang: str, output: Path | None) -> None:
    """List where the coders of the data set in FOLDER differ, what matters most first.

    First come the models and features whose code, once decided, could change a finding: a
    published number, the most common or rarest feature, a leading goal, the order of the features.
    With -o the list has the columns of decisions.csv to fill in; `soila decide` reads it.
    """
    from soila_analysis.exchange import decision_list as lists
    from soila_analysis.review import claims as published
    from soila_analysis.rounds import effects

    data = loaded(folder)
    listed = effects.worklist(data)
    texts = published.of(data).set_index("claim_id")[f"text_{lang}"].to_dict()
    names = data.models.set_index("model_id")["name"].to_dict()
    worded = lists.worded(listed, names, data.taxonomy, texts, lang)
    if output and output.exists():
        advice = "it may hold decisions, which `soila decide` reads; name a new file"
        raise click.ClickException(f"{output}: exists already; {advice}")
    if output:
        lists.write(worded, output, lang)
    else:
        click.echo(worded.drop(columns=worded.columns[-1]).to_csv(index=False, sep="\t"), nl=False)
    open_ones = int((listed["code"] == "").sum())
    click.echo(f"{folder}: {len(listed)} disagreements, {open_ones} of them open", err=True)


@soila.command()
@click.argument("file", type=FILE)
@click.argument("folder")
def decide(file: Path, folder: str) -> None:
    """Add the decisions in FILE, a list of disagreements filled in, to the data set in FOLDER.

    All codes stay; a row without a decision is left out. With consensus = "decided" in its
    dataset.toml, the data set counts by its decisions.
    """
    from soila_analysis import dataset as datasets
    from soila_analysis.exchange import decision_list as lists

    to_write(folder)
    data = loaded(folder)
    decided = datasets.decide(data, file, lists.read(file))
    datasets.save(decided, folder)
    click.echo(f"{folder}: the decisions in {file.name} were added")
    for notice in datasets.notices(decided):
        click.echo(f"  note: {notice}")


@soila.command("import")
@click.argument("file", type=FILE)
@click.argument("folder")
@click.option("--model", metavar="COLUMN", help="The column of models' ids.")
@click.option("--name", "names", metavar="COLUMN", help="Of their names. [default: the ids]")
@click.option("--goal", "goals", multiple=True, metavar="COLUMN[;]", help="A column of goals.")
@click.option("--feature", "features", multiple=True, metavar="COLUMN[;]", help="Of features.")
@click.option("--keep", "kept", multiple=True, metavar="COLUMN", help="Kept in models.csv.")
@click.option("--leave-out", "left", multiple=True, metavar="COLUMN", help="Not read.")
@click.option("--coder", default="?", help="Who coded.")
@click.option("--blank", type=click.Choice(["absent", "not assessed"]), help="What blanks mean.")
@click.option("--mapping", type=FILE, help="Says all this; written if nothing is said.")
@click.option("--title", "titles", multiple=True, metavar="TEXT", help=TITLE)
@click.option("--source", metavar="TEXT", help=NEW + "where the codes come from.")
@click.option("--licence", metavar="TEXT", help=NEW + "terms of use.")
@click.option("--round", "coded", metavar="TEXT", help=NEW + "review or year. [default: its name]")
def import_table(
    file: Path,
    folder: str,
    model: str | None,
    names: str | None,
    goals: Sequence[str],
    features: Sequence[str],
    kept: Sequence[str],
    left: Sequence[str],
    coder: str,
    blank: str | None,
    mapping: Path | None,
    titles: Sequence[str],
    **about: str | None,
) -> None:
    """Make a wide table FILE, a row a model, a new data set in FOLDER.

    Goals and features become a taxonomy of its own. A character such as ; after the name of a
    column says that its cells name several, separated by it. Every column has to be named; without
    options a mapping file is written, to be filled in.

    \b
    soila import wide.csv data/maps --model Study --goal "Outcomes;" --feature Training --coder AB
        --blank absent --title Map --source "A map" --licence CC-BY-4.0
    """  # noqa: D301 - \b keeps click from joining the lines
    from soila_analysis import dataset as datasets
    from soila_analysis.exchange import wide_table

    said = [model, names, *goals, *features, *kept, *left]
    if not mapping and not any(said):
        draft = file.with_suffix(".mapping.toml")
        wide_table.draft(file, draft)
        click.echo(f"{draft}: fill in what each column is, then name it by --mapping")
        return
    roles = {"model": [model], "name": [names], "column": kept, "leave out": left}
    columns = {one: role for role, ones in roles.items() for one in ones if one}
    for role, ones in (("goal", goals), ("feature", features)):
        parted = [(one[:-1], one[-1]) if one[-1:] in ";,|/" else (one, "") for one in ones]
        columns |= {one: role + separator for one, separator in parted}
    said_of = wide_table.ColumnMapping(columns, coder, blank or "?")
    path = to_write(folder)
    info = _described(path.name, titles, about, path.name)
    given = wide_table.load(mapping) if mapping else said_of
    data, tally = wide_table.read(file, given, info, path.name)
    datasets.save(data, folder)
    for line in tally:
        click.echo(line)
    counts = [_counted(len(data.models), "model"), _counted(len(data.codings), "code")]
    counts += [f"{len(data.taxonomy.features)} features", f"{len(data.taxonomy.goals)} goals"]
    click.echo(f"{folder}: {', '.join(counts)}")


@soila.group()
def sheet() -> None:
    """Hand out coding sheets, and read those that come back."""


@sheet.command()
@click.argument("folder")
@click.option("-l", "--lang", type=click.Choice(LANGUAGES), required=True, help="Of the sheet.")
@click.option("--coder", required=True, help="The coder's id, such as initials.")
@click.option("--models", type=FILE, help="A models.csv to list, if FOLDER is no data set yet.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write. [default: FOLDER-CODER.xlsx]",
)
@click.option("--overwrite", is_flag=True, help="Take the place of a sheet that is there.")
def new(
    folder: str, lang: str, coder: str, models: Path | None, output: Path | None, overwrite: bool
) -> None:
    """Write a coding sheet for one coder of the data set in FOLDER, there already or to be.

    \b
    soila sheet new data/review-2024 --lang fi --coder AB
    """  # noqa: D301 - \b keeps click from joining the lines
    from soila_analysis.exchange import own_taxonomy
    from soila_analysis.exchange import sheet_template as sheets
    from soila_analysis.language import messages

    path = dataset_folder(folder)
    dataset = loaded(folder) if (path / "dataset.toml").is_file() else None
    own, _ = (dataset.taxonomy, {}) if dataset else own_taxonomy.load(path)
    if dataset and models:
        raise click.UsageError(f"{folder} has models of its own; leave --models out")
    if not coder.strip():
        raise click.BadParameter("a coder needs an id", param_hint="--coder")
    file = output or path.with_name(f"{path.name}-{_slug(coder)}.xlsx")
    listed = sheets.listed(models) if models else None
    sheets.write(
        file,
        coder.strip(),
        messages(lang),
        lang,
        dataset=dataset,
        models=listed,
        coded_by=own,
        overwrite=overwrite,
    )
    rows = dataset.models if dataset else listed
    count = "blank rows" if rows is None else _counted(len(rows), "model")
    click.echo(f"{file}: a coding sheet for {coder} ({count})")


@sheet.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.argument("folder")
@click.option("--partial", is_flag=True, help="Leave out what is wrong, and list it.")
@click.option("--update", is_flag=True, help="Let the sheets change codes that FOLDER has.")
@click.option("--coder", default="", help="Who coded the rows that do not say so.")
@click.option("--title", "titles", multiple=True, metavar="TEXT", help=TITLE)
@click.option("--source", metavar="TEXT", help=NEW + "where the codes come from.")
@click.option("--licence", metavar="TEXT", help=NEW + "terms of use.")
@click.option("--round", "coded", metavar="TEXT", help=NEW + "review or year. [default: its name]")
def read(
    files: Sequence[Path],
    folder: str,
    partial: bool,
    update: bool,
    coder: str,
    titles: Sequence[str],
    **about: str | None,
) -> None:
    """Read coders' sheets FILES (.xlsx, .ods, .csv) into the data set in FOLDER.

    All that is wrong is listed with sheet and cell, and nothing is written until all is well.

    \b
    soila sheet read AB.xlsx CD.ods data/2025 --title fi=Hankkeet --title sv=Projekt
        --title en=Projects --source "Coded by two coders" --licence CC-BY-4.0
    """  # noqa: D301 - \b keeps click from joining the lines
    from soila_analysis import dataset as datasets
    from soila_analysis.exchange import own_taxonomy, sheet_import

    path = to_write(folder)
    given = [*titles, *filter(None, about.values())]
    known = (path / "dataset.toml").is_file()
    if known and given:
        raise click.UsageError(f"{folder} says what it is in dataset.toml; change it there")
    own, tables = (None, {}) if known else own_taxonomy.load(path)
    version = own.version if own else ""
    target = loaded(folder) if known else _described(path.name, titles, about, version)
    result = sheet_import.collect(
        files,
        target,
        name=path.name,
        coder=coder.strip(),
        partial=partial,
        update=update,
        coded_by=own,
        tables=tables,
        progress=lambda line: click.echo(line, err=True),
    )
    if result.dataset is None:
        raise datasets.DatasetError(folder, result.problems, CORRECT)
    datasets.save(result.dataset, folder)
    for line in sheet_import.report(result):
        click.echo(line)
    coders = ", ".join(sorted(result.dataset.codings["coder_id"].unique()))
    models = _counted(len(result.dataset.models), "model")
    codes = _counted(len(result.dataset.codings), "code")
    click.echo(f"{folder}: {models}, {codes} by {coders}")
    _left_out(result.problems)


def _left_out(problems: Sequence["Problem"]) -> None:
    """Tell what was left out, what is of one kind in one line."""
    from soila_analysis.dataset.problems import listing

    for line in listing(problems):
        click.echo(f"left out: {line}", err=True)


def _described(name: str, titles: Sequence[str], about: dict[str, str | None], version: str):  # type: ignore[no-untyped-def]
    """Describe a new data set by what the options say."""
    from soila_analysis import dataset as datasets

    title = {key: text for key, _, text in (t.partition("=") for t in titles) if key in LANGUAGES}
    if len(titles) == 1 and not title:
        title = dict.fromkeys(LANGUAGES, titles[0])
    missing = [f"--{key}" for key in ("source", "licence") if not about[key]]
    if title.keys() != set(LANGUAGES):
        missing.insert(0, "--title (one text, or fi=TEXT, sv=TEXT and en=TEXT)")
    if missing:
        raise click.UsageError(f"{name} is a new data set; say what it is: {', '.join(missing)}")
    about["round"] = about.pop("coded") or name
    known = {"title": title, "kind": "observed", "taxonomy": version, **about}
    return datasets.DatasetInfo.model_validate(known)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _slug(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text.strip())


@soila.group("codebook")
def codebooks() -> None:
    """Hand out the codebook; for programs for qualitative analysis see `soila refi codebook`."""


@codebooks.command()
@click.argument("folder")
@click.option("-l", "--lang", type=click.Choice(LANGUAGES), default="fi", show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write. [default: FOLDER-prompt-LANG.md]",
)
def prompt(folder: str, lang: str, output: Path | None) -> None:
    """Write the codebook of the data set in FOLDER as an instruction for a language model.

    Beside it is the schema of its answers (.schema.json), a JSON object a line. No model is called
    from here; `soila codes read` reads the answers of any.
    """
    from soila_analysis.exchange import prompt as prompts

    path = dataset_folder(folder)
    file = output or path.with_name(f"{path.name}-prompt-{lang}.md")
    taxonomy = loaded(folder).taxonomy
    with told(ValueError):
        schema, sha256 = prompts.write(taxonomy, lang, file)
    click.echo(f"{file}: {len(taxonomy.features)} features, in {lang}")
    click.echo(f"{schema}: the form of the answers")
    click.echo(f"prompt_sha256 of coders.csv: {sha256}")


@soila.group()
def codes() -> None:
    """Read codes that a language model has given."""


@codes.command("read")
@click.argument("file", type=FILE)
@click.argument("folder")
@click.option("--coder", required=True, help="The language model's id in coders.csv.")
@click.option(
    "--texts",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the texts that it was given, <model_id>.txt. [default: FOLDER/texts]",
)
@click.option("--partial", is_flag=True, help="Leave out what is wrong, and list it.")
@click.option("--update", is_flag=True, help="Let FILE change codes that FOLDER has.")
def read_answers(
    file: Path, folder: str, coder: str, texts: Path | None, partial: bool, update: bool
) -> None:
    """Read a language model's answers FILE (.jsonl) into the data set in FOLDER.

    Each answer is checked as a sheet is, and each quotation found in the text of the model; nothing
    is written until all is well. `soila codebook prompt` writes what to ask, and the form of the
    answers.

    \b
    soila codes read answers.jsonl data/round --coder language-model --texts texts
    """  # noqa: D301 - \b keeps click from joining the lines
    from soila_analysis import dataset as datasets
    from soila_analysis.exchange import answers

    path = to_write(folder)
    place = texts or path / "texts"
    result = answers.read(
        file, loaded(folder), coder.strip(), place, partial=partial, update=update
    )
    if result.dataset is None:
        raise datasets.DatasetError(folder, result.problems, ANSWERS)
    datasets.save(result.dataset, folder)
    for line in result.tally:
        click.echo(line)
    _left_out(result.problems)


@soila.group()
def refi() -> None:
    """Exchange codebooks and projects with NVivo, ATLAS.ti, MAXQDA and others (REFI-QDA)."""


@refi.command()
@click.argument("folder")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("-l", "--lang", type=click.Choice(LANGUAGES), default="fi", show_default=True)
def codebook(folder: str, file: Path, lang: str) -> None:
    """Write the features and goals of the data set in FOLDER as a codebook to FILE (.qdc)."""
    from soila_analysis.exchange import refi_codebook as exchange

    taxonomy = loaded(folder).taxonomy
    with told(OSError, ValueError):
        exchange.write_codebook(taxonomy, file, lang)
    count = f"{len(taxonomy.features)} features and {len(taxonomy.goals)} goals"
    click.echo(f"{file}: {count}, in {lang}")


@refi.command("features")
@click.argument("file", type=FILE)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def own_features(file: Path, folder: Path) -> None:
    """Write features.csv for a data set of its own to FOLDER, from a codebook FILE (.qdc).

    Goals that a codebook of ours holds are written to goals.csv. No file is replaced.
    """
    from soila_analysis.exchange import refi_codebook as exchange

    with told(OSError):
        written = exchange.write_tables(exchange.read_codebook(file), file.name, folder)
    for path, rows in written.items():
        click.echo(f"{path}: {rows} rows")


@refi.command("read")
@click.argument("file", type=FILE)
@click.argument("folder")
@click.option("--absent", is_flag=True, help="What a coder did not apply in a text is absent.")
@click.option("--partial", is_flag=True, help="Leave out what cannot be used, and list it.")
@click.option("--update", is_flag=True, help="Let FILE change codes that FOLDER has.")
@click.option("--coder", default="", help="Who coded where FILE does not say.")
def read_project(
    file: Path, folder: str, absent: bool, partial: bool, update: bool, coder: str
) -> None:
    """Read the codes of a project FILE (.qdpx) into the data set in FOLDER.

    A case, or a text that belongs to no case, is a model; a code that a user applied in it is
    that coder's code "present". What nobody applied is not assessed, unless --absent says that
    all was looked for. A new FOLDER is made; one that holds a data set keeps its models and goals.
    """
    from soila_analysis.exchange import refi_import

    to_write(folder)
    coded = refi_import.read(
        file, folder, absent=absent, partial=partial, update=update, coder=coder
    )
    _left_out(coded.left_out)
    coders = ", ".join(sorted(coded.codings["coder_id"].unique())) or "nobody"
    models = coded.codings["model_id"].nunique()
    click.echo(f"{folder}: {len(coded.codings)} codes of {models} models, by {coders}")
