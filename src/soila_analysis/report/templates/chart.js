"use strict";
// The rows of a chart sorted by a column, Escape for details, and the address in the code to embed.
const number = (text) => {
    const found = text.replace(/\s/g, "").replace("\u2212", "-").replace(",", ".").match(/-?[\d.]+/);
    return found ? Number(found[0]) : NaN;
};

function sort(table, head) {
    const text = (row) => (row.cells[head.cellIndex].querySelector(".row") ?? row.cells[head.cellIndex]).textContent;
    const value = (row) => { const found = number(text(row)); return Number.isNaN(found) ? -Infinity : found; };
    const named = head.classList.contains("name");
    const compare = named
        ? (a, b) => text(a).localeCompare(text(b), document.documentElement.lang)
        : (a, b) => (value(a) > value(b)) - (value(a) < value(b));
    const before = head.getAttribute("aria-sort") ?? (named ? "descending" : "ascending");
    const direction = before === "ascending" ? "descending" : "ascending";
    for (const body of table.tBodies) {
        const rows = [...body.querySelectorAll("tr:not(.part)")].sort(compare);
        body.append(...(direction === "descending" ? rows.reverse() : rows));
    }
    for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", direction);
}

for (const table of document.querySelectorAll("main table:not(.matrix)")) {
    for (const head of table.tHead.querySelectorAll("th")) {
        const button = document.createElement("button");
        button.className = "sort";
        button.append(...head.childNodes);
        button.addEventListener("click", () => sort(table, head));
        head.append(button);
    }
    const near = { block: "nearest", inline: "nearest" };
    table.addEventListener("focusin", ({ target }) => target.scrollIntoView(near)); // beyond an edge
    const quiet = (on) => table.classList.toggle("quiet", on);
    document.addEventListener("keydown", (event) => event.key === "Escape" && quiet(true));
    for (const kind of ["focusin", "pointermove"]) table.addEventListener(kind, () => quiet(false));
}

const embed = document.getElementById("embed");
if (embed) embed.textContent = embed.textContent.replace(/src="[^"]*"/, `src="${location.href.split("#")[0]}#chart"`);
