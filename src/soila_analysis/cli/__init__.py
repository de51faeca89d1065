"""The `soila` command: only wiring."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from soila_analysis import __version__
from soila_analysis.files import dataset_folder, lock, output_folder, root

if TYPE_CHECKING:
    from soila_analysis.build import execute as runs
    from soila_analysis.build import record as records

LANGUAGES = ("fi", "sv", "en")
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
BUILD = click.Path(path_type=Path, exists=True, file_okay=False)
NEW = "Of a new data set: "
TITLE = NEW + "one text, or fi=TEXT, sv=TEXT and en=TEXT."
CORRECT = "Correct the cells and read the sheets again; --partial leaves out what is wrong."
PRELOADED = (
    # what matplotlib and pandera import only when they are used
    "fontTools.subset",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "pandera.strategies.pandas_strategies",
    "soila_analysis.dataset",
    "soila_analysis.figures",
    "soila_analysis.metrics",
    "soila_analysis.report",
    "soila_analysis.review.readings",
    "soila_analysis.review.fragility",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def soila() -> None:
    """From raw codes to the figures of the review, reproducibly.

    The pipeline is the Makefile's (`make help`); these are its pieces.
    """


@soila.command()
@click.argument("notebooks", nargs=-1, type=click.Path(path_type=Path))
@click.option("-p", "values", multiple=True, metavar="NAME=VALUE", help="A parameter; repeatable.")
@click.option(
    "-l",
    "--lang",
    "langs",
    multiple=True,
    type=click.Choice(LANGUAGES),
    help="Language of figures and results; repeatable. [default: the notebook's]",
)
@click.option("-d", "--dataset", help="Data set folder. [default: the notebook's]")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to, with one for each language. [default: build/<data set>]",
)
@click.option("--queue", type=FILE, help="Take runs from a file; remove it.")
@click.option("--workers", type=click.IntRange(1), help="Notebooks at a time. [default: all cores]")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=600,
    show_default=True,
    help="Seconds for each notebook.",
)
@click.option("--plain-kernels", is_flag=True, help="Start each kernel anew; slower.")
@click.option("--help-parameters", is_flag=True, help="List each notebook's parameters and stop.")
def run(
    notebooks: Sequence[Path],
    values: Sequence[str],
    langs: Sequence[str],
    dataset: str | None,
    output: Path | None,
    queue: Path | None,
    workers: int | None,
    timeout: float,
    plain_kernels: bool,
    help_parameters: bool,
) -> None:
    """Execute NOTEBOOKS; figures and tables go to build/<data set>/<language>.

    \b
    soila run notebooks/02_models-by-goal.ipynb -p variant=redesigned -l sv
    soila run notebooks/04_feature-by-goal.ipynb --help-parameters
    """  # noqa: D301 - \b keeps click from joining the lines
    from soila_analysis.build import contract

    if not notebooks and not queue:
        raise click.UsageError("name a notebook, such as notebooks/02_models-by-goal.ipynb")
    try:
        if help_parameters:
            for notebook in notebooks:
                _list_parameters(notebook, contract.parameters(notebook))
            return
        named = {**_pairs(values), **({"dataset": dataset} if dataset else {})}
        wanted = [(n, {**named, "lang": lang}) for lang in langs for n in notebooks]
        wanted = wanted or [(n, named) for n in notebooks]
        if queue:
            wanted += [(n, {**named, **own}) for n, own in _queued(queue)]
        jobs = [_job(n, v, output) for n, v in wanted]
        failures = _executed(jobs, workers=workers, timeout=timeout, plain=plain_kernels)
    except (contract.RunError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("Interrupted: what was not finished is as it was.", err=True)
        sys.exit(130)
    if failures:
        lines = [f"{len(failures)} of {len(jobs)} notebooks failed; earlier outputs are unchanged:"]
        raise click.ClickException("\n  ".join([*lines, *failures]))


@soila.command()
@click.argument("folder")
def validate(folder: str) -> None:
    """List all that is wrong with the data set in FOLDER; nothing is written."""
    from soila_analysis import dataset as datasets

    problems = datasets.validate(folder)
    if problems:
        click.echo(datasets.DatasetError(folder, problems), err=True)
        sys.exit(1)
    data = datasets.load(folder)
    coded = data.codings["model_id"].nunique()
    click.echo(f"{folder}: sound ({len(data.models)} models, {coded} of them coded)")
    for notice in datasets.notices(data):
        click.echo(f"  note: {notice}")


@soila.command()
@click.argument("folder", default="data/example-two-coders")
@click.option("-l", "--lang", type=click.Choice(LANGUAGES), default="fi", show_default=True)
@click.option("--claims", "file", type=FILE, help="A claims file, also for another round.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A CSV file to fill in."
)
def disagreements(folder: str, lang: str, file: Path | None, output: Path | None) -> None:
    """List where the coders of the data set in FOLDER differ, what matters most first.

    First come the models and features whose code, once decided, could change a finding: a
    published number, the most common or rarest feature, a leading goal, the order of the features.
    With -o the list has the columns of decisions.csv to fill in; `soila decide` reads it.
    """
    from soila_analysis.exchange import decision_list as lists
    from soila_analysis.review import claims as published
    from soila_analysis.rounds import effects

    data = _loaded(folder)
    try:
        table = published.load(file)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    listed = effects.worklist(data, table if file else None)
    texts = table.set_index("claim_id")[f"text_{lang}"].to_dict()
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

    data = _loaded(folder)
    try:
        decided = datasets.decide(data, file)
        datasets.save(decided, folder)
    except datasets.DatasetError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{folder}: the decisions in {file.name} were added")
    for notice in datasets.notices(decided):
        click.echo(f"  note: {notice}")


@soila.command()
@click.argument("folder")
@click.argument("first")
@click.argument("second")
def differences(folder: str, first: str, second: str) -> None:
    """Compare two coders of the data set in FOLDER: how much more often FIRST finds a feature.

    \b
    soila differences data/example-two-coders developer assessor
    """  # noqa: D301 - \b keeps click from joining the lines
    from soila_analysis import dataset as datasets
    from soila_analysis import metrics

    data = _loaded(folder)
    try:
        each = [data.consensus(f"{datasets.ONE_CODER}{c}") for c in (first, second)]
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    table = metrics.signed_differences(*each)
    named = {"k_first": f"k_{first}", "k_second": f"k_{second}"}
    named |= {"only_first": f"only_{first}", "only_second": f"only_{second}"}
    click.echo(table.rename(columns=named).round(3).to_string(index=False, na_rep="-"))


@soila.command()
@click.argument("earlier")
@click.argument("later")
@click.option(
    "-l", "--lang", "langs", multiple=True, type=click.Choice(LANGUAGES), help="[default: all]"
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to. [default: build/compare/<earlier>--<later>]",
)
def compare(earlier: str, later: str, langs: Sequence[str], output: Path | None) -> None:
    """Draw what changed between two rounds of coding, the data sets EARLIER and LATER.

    The figure says what else is different: coders, definitions, rules, kind of data.
    """
    from soila_analysis import figures
    from soila_analysis.rounds import comparison

    before, now = _loaded(earlier), _loaded(later)
    table, taxonomy = comparison.compare(before, now), comparison.taxonomy_of(before, now)
    folder = output or root() / "build" / "compare" / f"{before.name}--{now.name}"
    for lang in langs or LANGUAGES:
        source = comparison.source_of(before, now, lang)
        labelled = figures.label(table, taxonomy, lang, source)
        drawn = figures.publish("rounds", labelled, lang, "redesigned", folder / lang)
        click.echo(f"{drawn.files[0]['svg']}")


@soila.command()
@click.argument("folder")
@click.option("-l", "--lang", type=click.Choice(LANGUAGES), default="fi", show_default=True)
def outdated(folder: str, lang: str) -> None:
    """List the codes in FOLDER that were made under definitions which have changed since."""
    from soila_analysis import dataset as datasets

    data = _loaded(folder)
    columns = ["model_id", "feature_id", "coder_id", "code", "coded_under", "version", "date"]
    table = datasets.outdated(data)[[*columns, f"change_{lang}"]]
    click.echo(table.to_csv(index=False, sep="\t"), nl=False)
    codes = len(table.drop_duplicates(["model_id", "feature_id", "coder_id"]))
    click.echo(f"{folder}: {codes} of {len(data.codings)} codes are outdated", err=True)


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
    from soila_analysis import dataset as datasets
    from soila_analysis.exchange import sheet_template as sheets
    from soila_analysis.language import messages

    path = dataset_folder(folder)
    dataset = _loaded(folder) if (path / "dataset.toml").is_file() else None
    if dataset and models:
        raise click.UsageError(f"{folder} has models of its own; leave --models out")
    if not coder.strip():
        raise click.BadParameter("a coder needs an id", param_hint="--coder")
    file = output or path.with_name(f"{path.name}-{_slug(coder)}.xlsx")
    try:
        listed = sheets.listed(models) if models else None
        sheets.write(
            file,
            coder.strip(),
            messages(lang),
            lang,
            dataset=dataset,
            models=listed,
            overwrite=overwrite,
        )
    except (datasets.DatasetError, FileExistsError) as error:
        raise click.ClickException(str(error)) from None
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
    from soila_analysis.exchange import sheet_import

    path = dataset_folder(folder)
    given = [*titles, *filter(None, about.values())]
    known = (path / "dataset.toml").is_file()
    if known and given:
        raise click.UsageError(f"{folder} says what it is in dataset.toml; change it there")
    target = _loaded(folder) if known else _described(path.name, titles, about)
    result = sheet_import.collect(
        files, target, name=path.name, coder=coder.strip(), partial=partial, update=update
    )
    try:
        if result.dataset is None:
            raise datasets.DatasetError(folder, result.problems, CORRECT)
        datasets.save(result.dataset, folder)
    except datasets.DatasetError as error:
        raise click.ClickException(str(error)) from None
    for line in sheet_import.report(result):
        click.echo(line)
    coders = ", ".join(sorted(result.dataset.codings["coder_id"].unique()))
    models = _counted(len(result.dataset.models), "model")
    codes = _counted(len(result.dataset.codings), "code")
    click.echo(f"{folder}: {models}, {codes} by {coders}")
    for problem in result.problems:
        click.echo(f"left out: {problem}", err=True)


def _described(name: str, titles: Sequence[str], about: dict[str, str | None]):  # type: ignore[no-untyped-def]
    """Describe a new data set by what the options say."""
    from soila_analysis import dataset as datasets
    from soila_analysis import taxonomy

    title = {key: text for key, _, text in (t.partition("=") for t in titles) if key in LANGUAGES}
    if len(titles) == 1 and not title:
        title = dict.fromkeys(LANGUAGES, titles[0])
    missing = [f"--{key}" for key in ("source", "licence") if not about[key]]
    if title.keys() != set(LANGUAGES):
        missing.insert(0, "--title (one text, or fi=TEXT, sv=TEXT and en=TEXT)")
    if missing:
        raise click.UsageError(f"{name} is a new data set; say what it is: {', '.join(missing)}")
    about["round"] = about.pop("coded") or name
    known = {"title": title, "kind": "observed", "taxonomy": taxonomy.load().version, **about}
    return datasets.DatasetInfo.model_validate(known)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _slug(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text.strip())


@soila.command()
@click.argument("folder", default="data/review-2024")
@click.option("-l", "--lang", type=click.Choice(LANGUAGES), help="Print labels too.")
def features(folder: str, lang: str | None) -> None:
    """List the ids of the features that the data set in FOLDER is coded for."""
    taxonomy = _loaded(folder).taxonomy
    for feature in taxonomy.features:
        click.echo(f"{feature.id}\t{feature.label[lang]}" if lang else feature.id)


@soila.command()
@click.argument("folder")
def datapackage(folder: str) -> None:
    """Describe the data set in FOLDER in its datapackage.json (Frictionless), for others to read.

    Data sets that soila writes have it already.
    """
    from soila_analysis import dataset as datasets

    try:
        click.echo(f"{datasets.describe(folder)}: written")
    except datasets.DatasetError as error:
        raise click.ClickException(str(error)) from None


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

    taxonomy = _loaded(folder).taxonomy
    try:
        exchange.write_codebook(taxonomy, file, lang)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    count = f"{len(taxonomy.features)} features and {len(taxonomy.goals)} goals"
    click.echo(f"{file}: {count}, in {lang}")


@refi.command("features")
@click.argument("file", type=FILE)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def own_features(file: Path, folder: Path) -> None:
    """Write features.csv for a data set of its own to FOLDER, from a codebook FILE (.qdc).

    Goals that a codebook of ours holds are written to goals.csv. No file is replaced.
    """
    from soila_analysis import dataset as datasets
    from soila_analysis.exchange import refi_codebook as exchange

    try:
        written = exchange.write_tables(exchange.read_codebook(file), file.name, folder)
    except (OSError, datasets.DatasetError) as error:
        raise click.ClickException(str(error)) from None
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
    from soila_analysis import dataset as datasets
    from soila_analysis.exchange import refi_import

    try:
        coded = refi_import.read(
            file, folder, absent=absent, partial=partial, update=update, coder=coder
        )
    except datasets.DatasetError as error:
        raise click.ClickException(str(error)) from None
    for problem in coded.left_out:
        click.echo(f"left out: {problem}", err=True)
    coders = ", ".join(sorted(coded.codings["coder_id"].unique())) or "nobody"
    models = coded.codings["model_id"].nunique()
    click.echo(f"{folder}: {len(coded.codings)} codes of {models} models, by {coders}")


@soila.command()
@click.argument("folder", default="data/review-2024")
@click.option("--file", type=FILE, help="Another claims file.")
@click.option("--strict", is_flag=True, help="Exit with status 1 unless all are reproduced.")
def claims(folder: str, file: Path | None, strict: bool) -> None:
    """Recompute every published number from the codes in FOLDER."""
    from soila_analysis.review import claims as published

    try:
        table = published.check(_loaded(folder), published.load(file))
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    for row in table.itertuples():
        click.echo(published.sentence(row))
    counts = table["verdict"].value_counts()
    click.echo(", ".join(f"{n} {verdict}" for verdict, n in counts.items()))
    if strict and set(table["verdict"]) != {"reproduced"}:
        sys.exit(1)


@soila.command()
@click.argument("printed", nargs=-1, required=True)
@click.option("--n", "bases", default="2:100", show_default=True, help="Bases to try, FIRST:LAST.")
@click.option("--rule", "rules", multiple=True, help="Rounding rule; repeatable. [default: all]")
@click.option("--all", "show_all", is_flag=True, help="Show the bases that do not fit as well.")
def grim(printed: Sequence[str], bases: str, rules: Sequence[str], show_all: bool) -> None:
    """Find the group sizes for which PRINTED percentages are possible.

    \b
    soila grim 91 89 87 53 --n 30:80
    """  # noqa: D301 - \b keeps click from joining the lines
    from soila_analysis.metrics import rounding
    from soila_analysis.review import readings

    try:
        table = readings.grim(
            list(printed), _range(bases), list(rules) or list(rounding.SHARE_RULES)
        )
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    shown = table if show_all else table[table["fits"]]
    click.echo(shown.to_string(index=False) if len(shown) else "no base fits")


@soila.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("-d", "--dataset", help="Data set folder. [default: that of its name in data/]")
def verify(files: Sequence[Path], dataset: str | None) -> None:
    """Say of each figure or table in FILES whether it is current, or what has changed since.

    Works on a file from anywhere, given this clone. Exit status 1 if anything has changed, 2 if a
    file does not tell what it was made from.
    """
    from soila_analysis.build import manifest
    from soila_analysis.build import record as records

    worst = 0
    for file in files:
        try:
            old = records.read(file)
            by_hand = [*records.edited(file, old), *manifest.edited(file, old)]
            found = [*by_hand, *_changes(old, dataset)]
        except records.UnknownProvenanceError as error:
            click.echo(error, err=True)
            worst = 2
            continue
        if not found:
            click.echo(f"{file}: current")
            continue
        worst = max(worst, 1)
        lines = [f"{file}: not current; since it was made there changed", *map(str, found)]
        click.echo("\n  ".join([*lines, f"regenerate it by: {_command(old, dataset)}"]))
    sys.exit(worst)


@soila.command()
@click.argument("notebooks", nargs=-1, type=FILE)
@click.option(
    "-l", "--lang", "langs", multiple=True, type=click.Choice(LANGUAGES), help="[default: all]"
)
def reproduce(notebooks: Sequence[Path], langs: Sequence[str]) -> None:
    """Execute NOTEBOOKS, by default all, in ways that should not matter; compare every byte.

    Exit status 1 if an output differs from that of a plain run; each is named with the cause.
    """
    from soila_analysis.build import reproduce as perturbed

    outcomes: list[perturbed.Outcome] = []

    def report(outcome: perturbed.Outcome) -> None:
        outcomes.append(outcome)
        run = ", ".join(one.name for one in outcome.run)
        verdict = f"{len(outcome.differing)} differ" if outcome.differing else "identical"
        click.echo(f"{len(outcomes):3}  {outcome.compared:7}  {verdict:10}  {run}")
        for note in perturbed.unbound(outcome.run):
            click.echo(f"{'':26}({note})")

    try:
        top = root()
        chosen = notebooks or sorted((top / "notebooks").glob("[0-9]*.ipynb"))
        relative = [notebook.resolve().relative_to(top) for notebook in chosen]
        click.echo("run  outputs  verdict     perturbed by")
        perturbed.reproduce(top, relative, langs or LANGUAGES, report=report)
    except (perturbed.ReproductionError, FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    differing = {n: cause for o in reversed(outcomes) for n, cause in o.differing.items()}
    if differing:
        lines = [f"{name} differs under {cause}" for name, cause in sorted(differing.items())]
        raise click.ClickException("\n  ".join([f"{len(lines)} outputs differ:", *lines]))


@soila.command()
@click.argument("build", type=BUILD)
def manifest(build: Path) -> None:
    """List all outputs in BUILD with their hashes and inputs in its manifest.json."""
    from soila_analysis.build import manifest as manifests

    manifests.write(_build(build))
    _name_strays(build)


@soila.command()
@click.argument("build", type=BUILD)
def check(build: Path) -> None:
    """Compare BUILD with the committed reference; show what differs.

    Exit status 1 if anything does.
    """
    from soila_analysis.build import drift

    try:
        found = drift.check(_build(build), root() / "reference")
    except drift.NoReferenceError as error:
        raise click.ClickException(str(error)) from None
    for change in found:
        click.echo(change)
    if found:
        click.echo(f"{build} differs from its reference; `make reference` renews it on purpose")
        sys.exit(1)
    click.echo(f"{build}: as in the reference")


@soila.command()
@click.argument("build", type=BUILD)
def reference(build: Path) -> None:
    """Make BUILD the reference that later builds of its data set are compared with."""
    from soila_analysis.build import drift

    click.echo(f"{drift.renew(_build(build), root() / 'reference')}: renewed")


@soila.command()
@click.argument("build", type=BUILD)
def archive(build: Path) -> None:
    """Write BUILD with its data, notebooks and licences to one file to deposit."""
    from soila_analysis.build import archive as archives

    try:
        click.echo(archives.write(_build(build)))
    except (FileNotFoundError, ModuleNotFoundError) as error:
        raise click.ClickException(str(error)) from None


@soila.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--reading",
    default="literal",
    show_default=True,
    help="How the printed figures are read: literal, memberships, mixed or unclear.",
)
@click.option("--seed", default=1, show_default=True, help="Equal seeds give equal bytes.")
@click.option("--workers", default=1, show_default=True, help="Threads; the result is the same.")
def reconstruct(folder: Path, reading: str, seed: int, workers: int) -> None:
    """Write a data set that reproduces every printed figure to FOLDER.

    It is a reconstruction, not the review's own data, and says so.
    """
    from soila_analysis import dataset as datasets
    from soila_analysis.review import reconstruction

    try:
        data = reconstruction.reconstruct(reading, seed=seed, workers=workers)
        datasets.save(data, folder)
    except (ValueError, ModuleNotFoundError, datasets.DatasetError) as error:
        raise click.ClickException(str(error)) from None
    except RuntimeError as error:  # of the solver
        advice = "nothing was written; another seed may do"
        raise click.ClickException(f"{reading}, seed {seed}: {error}; {advice}") from None
    click.echo(f"{folder}: {data.info.title.en}")


def _build(folder: Path) -> Path:
    from soila_analysis.build import manifest as manifests

    if not manifests.outputs(folder):
        raise click.ClickException(f"{folder}: holds no outputs; `make figures` makes them")
    return folder


def _name_strays(build: Path) -> None:
    from soila_analysis.build import manifest as manifests

    strays = manifests.strays(build)
    if strays:
        click.echo("\n  ".join([f"{build} holds outputs {manifests.STRAY}:", *strays]), err=True)


def _range(text: str) -> range:
    first, _, last = text.partition(":")
    if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        raise click.BadParameter(f'"{text}" is not FIRST:LAST, such as 30:80', param_hint="--n")
    return range(int(first), int(last) + 1)


@soila.command()
@click.argument("folder", default="data/review-2024")
def site(folder: str) -> None:
    """Write pages for readers from what `make figures` built for the data set in FOLDER."""
    from soila_analysis import report

    data = _loaded(folder)
    build = _built(folder)
    try:
        written = report.write(build, data)
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from None
    _name_strays(build)
    click.echo(f"{written / 'index.html'}")


@soila.command("report")
@click.argument("folder", default="data/review-2024")
def document(folder: str) -> None:
    """Write a PDF to send from what `make figures` built for the data set in FOLDER."""
    from soila_analysis.report import pdf as documents

    data = _loaded(folder)
    try:
        files = documents.write(_built(folder), data)
    except (FileNotFoundError, ModuleNotFoundError) as error:
        raise click.ClickException(str(error)) from None
    click.echo("\n".join(map(str, files)))


def _built(folder: str) -> Path:
    return root() / "build" / dataset_folder(folder).name


def _pairs(values: Sequence[str]) -> dict[str, str]:
    wrong = [v for v in values if "=" not in v]
    if wrong:
        raise click.BadParameter(f'"{wrong[0]}" is not NAME=VALUE', param_hint="-p")
    return dict(v.split("=", 1) for v in values)


def _queued(queue: Path) -> list[tuple[Path, dict[str, str]]]:
    """Take the runs that make put down, a line each: notebook, then name=value, by tabs."""
    lines = dict.fromkeys(queue.read_text(encoding="utf-8").splitlines())
    queue.unlink()
    rows = [line.split("\t") for line in lines]
    return [(Path(notebook), _pairs(values)) for notebook, *values in rows]


def _job(notebook: Path, values: dict[str, str], output: Path | None) -> "runs.Job":
    from soila_analysis.build import contract
    from soila_analysis.build import execute as runs

    if "dataset" in values:
        values = {**values, "dataset": _portable(values["dataset"])}
    known = {p.name: str(p.default) for p in contract.parameters(notebook)} | values
    dataset, lang = known.get("dataset", "."), known.get("lang", "")
    folder = output / lang if output else output_folder(dataset, lang)
    return runs.Job(notebook, values, folder, dataset_folder(dataset), lock())


def _portable(dataset: str) -> str:
    """Name a data set of the project from its root, wherever the command is given."""
    folder, top = dataset_folder(dataset), root()
    if not folder.is_dir():
        raise FileNotFoundError(f"{dataset}: no such data set folder")
    return (folder.relative_to(top) if folder.is_relative_to(top) else folder).as_posix()


def _changes(old: dict[str, Any], dataset: str | None) -> "list[records.Change]":
    """Record the inputs as they are now, and compare."""
    from soila_analysis.build import contract
    from soila_analysis.build import record as records

    data = dataset_folder(dataset or old["dataset"])
    notebook = root() / "notebooks" / old["notebook"]
    for place, what in ((data, f"data set {old['dataset']}"), (notebook, old["notebook"])):
        if not place.exists():
            return [records.Change(f"{what}: not in this clone")]
    kept = {name: old["parameters"][name] for name in old["given"]}
    known = {p.name: p.default for p in contract.parameters(notebook)} | kept
    now = records.record(notebook, known, old["given"], data, lock())
    return records.changes(old, now, root(), data)


def _command(old: dict[str, Any], dataset: str | None) -> str:
    values = (f"-p {name}={old['parameters'][name]}" for name in old["given"])
    data = dataset or f"data/{old['dataset']}"
    return " ".join([f"soila run notebooks/{old['notebook']} -d {data}", *values])


def _executed(jobs: "Sequence[runs.Job]", **options: Any) -> list[str]:
    from soila_analysis.build import execute as runs

    failures: list[str] = []
    with click.progressbar(length=len(jobs), label="Notebooks", hidden=not _terminal()) as bar:

        def report(result: runs.Result) -> None:
            bar.update(1)
            if result.failure:
                failures.append(result.failure)
            if not _terminal():
                verdict = "FAILED" if result.failure else "done"
                click.echo(f"{verdict:6}  {result.seconds:5.1f} s  {result.job.title}")

        runs.run_all(jobs, **options, modules=PRELOADED, report=report)
    return failures


def _terminal() -> bool:
    return sys.stdout.isatty()


def _list_parameters(notebook: Path, declared: Sequence) -> None:  # type: ignore[type-arg]
    click.echo(notebook.name)
    for p in declared:
        click.echo(f"  {p.name}: {p.type} = {p.default!r}\n      {p.help}")


def _loaded(folder: str):  # type: ignore[no-untyped-def]
    from soila_analysis import dataset as datasets

    try:
        return datasets.load(folder)
    except datasets.DatasetError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    soila()
