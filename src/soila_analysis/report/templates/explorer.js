"use strict";
// Filters models, recomputes the shares of the map and lists models. Texts only ever go into the
// page as text. The state lives in the address, so that a view can be sent as a link.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { features, goals, labels, columns, words, lang } = data;
  const models = data.models.map(([id, name, own, codes, ...rest]) => ({ id, name, own, codes, rest }));
  const form = document.getElementById("filters");
  const map = document.getElementById("map");
  const body = document.querySelector("#models tbody");
  const SHOWN = 200;
  const number = new Intl.NumberFormat(lang);
  const percent = (k, n) => {
    const value = number.format(Math.floor((200 * k + n) / (2 * n)));
    return lang === "en" ? `${value}%` : `${value}\u00a0%`;
  };
  const original = new Map();
  let selected = { feature: "", goal: "" };

  const element = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    made.textContent = text;
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  };

  const state = () => {
    const fields = new FormData(form);
    const chosen = new Set(fields.getAll("goal"));
    return {
      goals: goals.map((goal) => chosen.has(goal)),
      features: features.map((feature) => fields.get(`feature-${feature}`) || ""),
      columns: columns.map((column) => fields.get(`column-${column}`) || ""),
    };
  };

  const untouched = (now) =>
    now.goals.every(Boolean) && !now.features.some(Boolean) && !now.columns.some(Boolean);

  const left = (now) => models.filter((model) =>
    model.own.some((goal) => now.goals[goal]) &&
    now.features.every((code, i) => !code || model.codes[i] === code) &&
    now.columns.every((value, i) => !value || model.rest[i] === value));

  const count = (shown) => {
    const tally = features.map(() => goals.map(() => [0, 0]).concat([[0, 0]]));
    for (const model of shown) {
      for (let f = 0; f < features.length; f += 1) {
        const code = model.codes[f];
        if (code !== "1" && code !== "0") continue;
        const hit = code === "1" ? 1 : 0;
        for (const goal of model.own) {
          tally[f][goal][0] += hit;
          tally[f][goal][1] += 1;
        }
        tally[f][goals.length][0] += hit;
        tally[f][goals.length][1] += 1;
      }
    }
    return tally;
  };

  const fill = (cell, share, ratio, name) => {
    cell.className = name;
    const [first, second] = cell.querySelectorAll("span");
    first.textContent = share;
    second.textContent = ratio;
  };

  const drawMap = (now, shown) => {
    const tally = untouched(now) ? null : count(shown);
    map.querySelectorAll("td").forEach((cell) => {
      const before = original.get(cell);
      const goal = goals.indexOf(cell.dataset.goal);
      cell.hidden = goal >= 0 && !now.goals[goal];
      if (!tally) {
        fill(cell, before.share, before.ratio, before.name);
        return;
      }
      const [k, n] = tally[features.indexOf(cell.dataset.feature)][goal < 0 ? goals.length : goal];
      const value = n ? Math.floor((200 * k + n) / (2 * n)) : 0;
      const shade = n ? data.classes.filter((edge) => value >= edge).length : "none";
      fill(cell, n ? percent(k, n) : words["no-data"], `${number.format(k)}/${number.format(n)}`, `shade-${shade}`);
    });
    map.querySelectorAll("thead th[data-goal]").forEach((head) => {
      const goal = goals.indexOf(head.dataset.goal);
      head.hidden = goal >= 0 && !now.goals[goal];
    });
  };

  const matching = (shown) => shown.filter((model) =>
    (!selected.feature || model.codes[features.indexOf(selected.feature)] === "1") &&
    (!selected.goal || model.own.includes(goals.indexOf(selected.goal))));

  const assessed = (model) => [...model.codes].filter((code) => code === "0" || code === "1").length;
  const present = (model) => [...model.codes].filter((code) => code === "1").length;

  const drawModels = (shown) => {
    const rows = matching(shown);
    body.replaceChildren(...rows.slice(0, SHOWN).map((model) => {
      const row = document.createElement("tr");
      row.append(element("th", model.name || model.id, { scope: "row" }));
      row.append(element("td", model.own.map((goal) => labels[goals[goal]]).join("; ")));
      model.rest.forEach((value) => row.append(element("td", value)));
      const n = assessed(model);
      row.append(element("td", n ? `${present(model)}/${n}` : words["not-assessed"]));
      return row;
    }));
    const what = [labels[selected.feature], labels[selected.goal]].filter(Boolean).join(" · ");
    document.getElementById("selection").textContent =
      `${what ? `${what}: ` : ""}${number.format(rows.length)}/${number.format(models.length)} ${words.models}`;
    document.getElementById("more")?.remove();
  };

  const remember = (now) => {
    const query = new URLSearchParams();
    if (!now.goals.every(Boolean)) query.set("goals", goals.filter((_, i) => now.goals[i]).join("."));
    now.features.forEach((code, i) => code && query.set(features[i], code));
    now.columns.forEach((value, i) => value && query.set(`col.${columns[i]}`, value));
    if (selected.feature) query.set("of", selected.feature);
    if (selected.goal) query.set("in", selected.goal);
    history.replaceState(null, "", `#${query}`);
  };

  const recall = () => {
    const query = new URLSearchParams(location.hash.slice(1));
    const chosen = query.has("goals") ? new Set(query.get("goals").split(".")) : new Set(goals);
    form.querySelectorAll("[name=goal]").forEach((box) => { box.checked = chosen.has(box.value); });
    features.forEach((feature) => { form.elements[`feature-${feature}`].value = query.get(feature) || ""; });
    columns.forEach((column) => { form.elements[`column-${column}`].value = query.get(`col.${column}`) || ""; });
    const known = (value) => (value && labels[value] ? value : "");
    selected = { feature: known(query.get("of")), goal: known(query.get("in")) };
  };

  const draw = () => {
    const now = state();
    const shown = left(now);
    drawMap(now, shown);
    drawModels(shown);
    const note = !untouched(now) && data.kind === "reconstructed" ? ` ${words.filtered}` : "";
    document.getElementById("state").textContent =
      `${number.format(shown.length)}/${number.format(models.length)} ${words.models}.${note}`;
    remember(now);
  };

  const safe = (value) => {
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };

  const save = () => {
    const rows = matching(left(state()));
    const head = ["model_id", "name", "goals", ...columns, ...features];
    const lines = [head, ...rows.map((model) => [
      model.id, model.name, model.own.map((goal) => goals[goal]).join(";"), ...model.rest,
      ...[...model.codes].map((code) => (code === "." ? "" : code)),
    ])].map((row) => row.map((value, i) => (i < head.length - features.length ? safe(value) : value)).join(","));
    const link = element("a", "", { download: "models.csv" });
    link.href = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv;charset=utf-8" }));
    link.click();
    URL.revokeObjectURL(link.href);
  };

  const choose = (holder) => {
    selected = { feature: holder.dataset.feature || "", goal: holder.dataset.goal || "" };
    draw();
    document.getElementById("models-heading").focus();
  };

  map.querySelectorAll("td").forEach((cell) => {
    const [share, ratio] = cell.querySelectorAll("span");
    original.set(cell, { share: share.textContent, ratio: ratio.textContent, name: cell.className });
  });
  map.querySelectorAll("[data-feature], [data-goal]").forEach((holder) => {
    const button = element("button", "", { type: "button", class: "plain" });
    button.append(...holder.childNodes);
    holder.append(button);
    button.addEventListener("click", () => choose(holder));
  });
  columns.forEach((column, i) => {
    const select = form.elements[`column-${column}`];
    select.append(element("option", words.any, { value: "" }));
    [...new Set(models.map((model) => model.rest[i]))].sort().filter(Boolean)
      .forEach((value) => select.append(element("option", value, { value })));
  });
  form.hidden = false;
  form.addEventListener("change", draw);
  form.addEventListener("reset", () => setTimeout(() => { selected = { feature: "", goal: "" }; draw(); }));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("save").addEventListener("click", save);
  window.addEventListener("hashchange", () => { recall(); draw(); });
  recall();
  draw();
})();
