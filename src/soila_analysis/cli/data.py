"""Commands about one data set."""

import sys

import click

from soila_analysis.cli.command import loaded, soila, told
from soila_analysis.language import LANGUAGES


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
    coded = int((data.cube.codes >= 0).any(axis=(0, 2)).sum())
    click.echo(f"{folder}: valid ({len(data.models)} models, {coded} of them coded)")
    for notice in datasets.notices(data):
        click.echo(f"  note: {notice}")


@soila.command()
@click.argument("folder")
@click.argument("new")
@click.option("--parquet", is_flag=True, help="Tables that grow with the models in Parquet.")
def convert(folder: str, new: str, parquet: bool) -> None:
    """Write the data set in FOLDER to a NEW folder, as CSV or in Parquet; nothing is lost.

    \b
    soila convert data/example-two-coders data/example-packed --parquet
    """  # noqa: D301 - \b keeps click from joining the lines
    from dataclasses import replace

    from soila_analysis import dataset as datasets
    from soila_analysis.files import UserError, dataset_folder

    if dataset_folder(new).exists():
        raise UserError(f"{new}: it exists; name a new folder. Nothing was written.")
    data = datasets.load(folder)
    datasets.save(replace(data, origin=None), new, parquet=parquet)
    click.echo(f"{new}: {len(data.codings):,} codes of {len(data.models):,} models")


@soila.command()
@click.argument("folder", default="data/review-2024")
@click.option("-l", "--lang", type=click.Choice(LANGUAGES), help="Print labels too.")
def features(folder: str, lang: str | None) -> None:
    """List the ids of the features that the data set in FOLDER is coded for."""
    taxonomy = loaded(folder).taxonomy
    for feature in taxonomy.features:
        click.echo(f"{feature.id}\t{feature.label[lang]}" if lang else feature.id)


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

    data = loaded(folder)
    with told(ValueError):
        each = [data.consensus(f"{datasets.ONE_CODER}{c}") for c in (first, second)]
    table = metrics.signed_differences(*each)
    named = {"k_first": f"k_{first}", "k_second": f"k_{second}"}
    named |= {"only_first": f"only_{first}", "only_second": f"only_{second}"}
    click.echo(table.rename(columns=named).round(3).to_string(index=False, na_rep="-"))


@soila.command("plan-double-coding")
@click.argument("folder", default="data/example-two-coders")
@click.option("--width", type=float, default=0.3, show_default=True, help="Wanted width, 0 to 1.")
@click.option("--models", type=click.IntRange(min=1), help="List that many models to code next.")
def plan_double_coding(folder: str, width: float, models: int | None) -> None:
    """Say how many models of FOLDER two coders have to code, by feature; or which ones next.

    WIDTH is that of the 95% interval of a share that is corrected for coder error: 0.3 is 30
    percentage points. Where not even all models suffice, the plan says not-reachable.

    \b
    soila plan-double-coding data/example-two-coders --width 0.4
    soila plan-double-coding data/example-two-coders --models 10
    """  # noqa: D301 - \b keeps click from joining the lines
    from soila_analysis import metrics

    data = loaded(folder)
    if data.info.kind == "reconstructed":
        raise click.ClickException(f"{folder} is a reconstruction: nobody coded its models")
    coded = (data.counted.cube, data.taxonomy.counts_as, data.taxonomy.feature_ids)
    observed = metrics.observed(*coded, data.decisions, data.references)
    with told(ValueError):
        if models:
            table = metrics.next_models(observed, most=models)
        else:
            table = metrics.double_coding(observed, width=width)
    click.echo(table.round(2).to_string(index=False, na_rep="-"))


@soila.command()
@click.argument("folder")
@click.option("-l", "--lang", type=click.Choice(LANGUAGES), default="fi", show_default=True)
def outdated(folder: str, lang: str) -> None:
    """List the codes in FOLDER that were made under definitions which have changed since."""
    from soila_analysis import dataset as datasets

    data = loaded(folder)
    columns = ["model_id", "feature_id", "coder_id", "code", "coded_under", "version", "date"]
    table = datasets.outdated(data)[[*columns, f"change_{lang}"]]
    click.echo(table.to_csv(index=False, sep="\t"), nl=False)
    codes = len(table.drop_duplicates(["model_id", "feature_id", "coder_id"]))
    click.echo(f"{folder}: {codes} of {len(data.codings)} codes are outdated", err=True)


@soila.command()
@click.argument("folder")
def datapackage(folder: str) -> None:
    """Describe the data set in FOLDER in its datapackage.json (Frictionless), for others to read.

    Data sets that soila writes have it already.
    """
    from soila_analysis import dataset as datasets

    click.echo(f"{datasets.describe(folder)}: written")
