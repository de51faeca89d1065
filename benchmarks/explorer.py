"""How long the evidence map takes to answer a filter, in Chromium, by the number of models.

The models of the default data set are repeated. Run: .venv/bin/python benchmarks/explorer.py
"""

import shutil
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

import click
import pandas as pd
from playwright.sync_api import Page, sync_playwright

from soila_analysis import dataset as datasets
from soila_analysis import report

ROOT = Path(__file__).parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
REGIONS = [f"Region {n:02}" for n in range(1, 22)]
FILTERS = {  # what is clicked, or set to a value
    "one goal fewer": [("[name=goal]", None)],
    "a feature present": [("[name=feature-participation]", "1")],
    "a feature absent, a region": [
        ("[name=feature-co-creation]", "0"),
        ("[name=column-0]", "Region 07"),
    ],
    "part of a name": [("[name=name]", "Malli 1")],
    "a cell": [("#map td button", None)],
}
# From the change to the next frame drawn: script, style, layout and painting.
TIMED = """async (steps) => {
    const act = ([at, value]) => {
        const field = document.querySelector(at);
        if (value === null) return field.click();
        field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
    };
    document.querySelector("[type=reset]").click();
    await new Promise((done) => setTimeout(done, 300));
    const started = performance.now();
    steps.forEach(act);
    const script = performance.now() - started;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return [script, performance.now() - started];
}"""


def repeated(size: int) -> datasets.Dataset:
    """Repeat the models of the default data set, spread over regions."""
    data = datasets.load(ROOT / "data" / "review-2024")
    info = data.info.model_copy(update={"kind": "observed", "reading": None})
    ids = data.models["model_id"].tolist()
    order = pd.DataFrame({"copy": f"M{n:06}", "model_id": ids[n % len(ids)]} for n in range(size))

    def copies(table: pd.DataFrame) -> pd.DataFrame:
        return order.merge(table).drop(columns="model_id").rename(columns={"copy": "model_id"})

    models = copies(data.models).assign(
        name=[f"Malli {n}" for n in range(size)],
        region=[REGIONS[n % len(REGIONS)] for n in range(size)],
    )
    goals = data.memberships.drop_duplicates("model_id", keep="last")
    return replace(
        data, info=info, models=models, memberships=copies(goals), codings=copies(data.codings)
    )


def measured(page: Page, turns: int) -> dict[str, list[list[float]]]:
    return {
        name: [page.evaluate(TIMED, steps) for _ in range(turns)] for name, steps in FILTERS.items()
    }


@click.command()
@click.option("--sizes", default="52 10000", show_default=True, help="Numbers of models.")
@click.option("--turns", default=9, show_default=True)
def main(sizes: str, turns: int) -> None:
    """Measure filters of the evidence map; print medians in milliseconds and the page's size."""
    browser_path = next(filter(None, map(shutil.which, NAMES)), None)
    if not browser_path:
        raise click.ClickException("no Chromium found; nothing has been measured")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGS)
        for size in map(int, sizes.split()):
            data = repeated(size)
            file = Path(folder) / f"{size}.html"
            file.write_text(report.evidence_map(data, "en"), encoding="utf-8")
            page = browser.new_page()
            page.goto(file.as_uri())
            click.echo(f"{size} models, {file.stat().st_size / 1000:.0f} kB")
            for name, times in measured(page, turns).items():
                script, drawn = (statistics.median(t) for t in zip(*times, strict=True))
                worst = max(t[1] for t in times)
                click.echo(f"  {name:28}{script:7.1f} script{drawn:7.1f} drawn{worst:7.1f} worst")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
