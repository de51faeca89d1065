"use strict";
// Filters models, recomputes the shares of the map, marks its gaps and lists the models a page at a
// time. Texts only ever go into the page as text. The state lives in the address, so that a view
// can be sent as a link. Codes are kept by feature in bytes, so that 10,000 models answer at once.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { features, goals, labels, columns, words, lang } = data;
  const regions = new Map(Object.entries(data.named));
  const named = (value) => regions.get(value) ?? value;
  const held = data.held.map((cells) => new Map(Object.entries(cells)));
  const values = (cell, i) => held[i].get(cell) ?? [cell]; // of one cell, in column i
  const models = data.models.map(([id, name, own, codes, ...rest]) =>
    ({ id, name, own, codes, link: data.link ? rest.shift() : "", rest }));
  const find = (id) => document.getElementById(id);
  const form = find("filters");
  const map = find("map");
  const body = document.querySelector("#models tbody");
  const titles = document.querySelectorAll("#models thead th");
  const { closed } = data; // models that are made up, or too many, are not here
  const PAGE = 50;
  const PRESENT = 1;
  const ABSENT = 0;
  const OTHER = { "?": 2, "-": 3, ".": 4, "!": 5 };
  const ALL = goals.length;

  const codes = features.map((_, f) => Uint8Array.from(models, ({ codes: own }) =>
    OTHER[own[f]] ?? Number(own[f])));
  const member = goals.map((_, g) => Uint8Array.from(models, ({ own }) => own.includes(g)));
  const assessed = Uint8Array.from(models, ({ codes: own }) => /[01]/.test(own));
  const names = models.map(({ id, name }) => `${name}\n${id}`.toLowerCase());
  const logFactorial = new Float64Array(models.length + 1);
  for (let i = 2; i <= models.length; i += 1) logFactorial[i] = logFactorial[i - 1] + Math.log(i);

  const number = new Intl.NumberFormat(lang);
  const round = (k, n) => Math.floor((200 * k + n) / (2 * n));
  const percent = (k, n) => `${number.format(round(k, n))}${lang === "en" ? "" : "\u00a0"}%`;
  const ratio = (k, n) => `${number.format(k)}/${number.format(n)}`;
  const fill = (text, values) => text.replace(/\{([\w-]+)\}/g, (_, name) => values[name]);

  const element = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    made.textContent = text;
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  };

  // What is chosen

  let selected = { feature: "", goal: "" };
  let page = 0;
  const field = (name) => form.elements[name];

  const state = () => ({
    goals: [...form.querySelectorAll("[name=goal]")].map((box) => box.checked),
    features: closed ? [] : features.map((feature) => field(`feature-${feature}`).value),
    columns: columns.map((_, i) => field(`column-${i}`).value),
    name: closed ? "" : field("name").value,
    rows: field("rows").value,
    show: field("show").value,
    colour: field("colour")?.value ?? "",
  });

  const untouched = (now) =>
    now.goals.every(Boolean) && ![...now.features, ...now.columns, now.name].some(Boolean);

  const remember = (now) => {
    const query = new URLSearchParams();
    const chosen = goals.filter((_, i) => now.goals[i]);
    if (chosen.length < goals.length) (chosen.length ? chosen : [""]).forEach((goal) => query.append("goals", goal));
    now.features.forEach((code, i) => code && query.set(`feature.${features[i]}`, code));
    now.columns.forEach((value, i) => value && query.set(`column.${columns[i]}`, value));
    if (now.name) query.set("name", now.name);
    for (const name of ["rows", "show", "colour"]) if (now[name]) query.set(name, now[name]);
    if (selected.feature) query.set("of", selected.feature);
    if (selected.goal) query.set("in", selected.goal);
    if (page) query.set("page", page + 1);
    const hash = `#${query}`;
    find("here").href = hash;
    document.querySelectorAll("a[hreflang]").forEach((link) => { link.hash = hash; });
    if (hash === (location.hash || "#")) return;
    try {
      history.replaceState(null, "", hash);
    } catch {
      // inside a notebook the page has no address of its own
    }
  };

  const put = (input, value) => {
    const offered = input.options ? [...input.options].some((option) => option.value === value) : true;
    input.value = offered ? value : "";
  };

  const recall = () => {
    const query = new URLSearchParams(location.hash.slice(1));
    const chosen = query.has("goals") ? query.getAll("goals") : goals;
    form.querySelectorAll("[name=goal]").forEach((box) => { box.checked = chosen.includes(box.value); });
    if (!closed) {
      features.forEach((feature) => put(field(`feature-${feature}`), query.get(`feature.${feature}`) || ""));
      columns.forEach((column, i) => put(field(`column-${i}`), query.get(`column.${column}`) || ""));
      put(field("name"), query.get("name") || "");
    }
    for (const name of ["rows", "show", "colour"]) if (field(name)) put(field(name), query.get(name) || "");
    const known = (value, ids) => (ids.includes(value) ? value : "");
    selected = { feature: known(query.get("of"), features), goal: known(query.get("in"), goals) };
    page = Math.max(0, (Number.parseInt(query.get("page"), 10) || 1) - 1);
  };

  // Which models are left, and what they add up to

  const left = (now) => {
    const kept = Uint8Array.from(models, ({ own }) => own.some((g) => now.goals[g]));
    if (now.goals.every(Boolean)) kept.fill(1);
    const demand = (fits) => { for (let m = 0; m < kept.length; m += 1) if (kept[m] && !fits(m)) kept[m] = 0; };
    now.features.forEach((code, f) => {
      const wanted = OTHER[code] ?? Number(code);
      if (code) demand((m) => codes[f][m] === wanted);
    });
    now.columns.forEach((value, i) => {
      const part = value.toLowerCase();
      if (value && field(`column-${i}`).options) demand((m) => values(models[m].rest[i], i).includes(value));
      else if (value) demand((m) => models[m].rest[i].toLowerCase().includes(part));
    });
    const part = now.name.toLowerCase();
    if (part) demand((m) => names[m].includes(part));
    return models.map((_, m) => m).filter((m) => kept[m]);
  };

  const tally = (shown, own) => {
    const inside = goals.map((_, g) => shown.filter((m) => member[g][m])).concat([shown]);
    return own.map((codesOf) => inside.map((list) => {
      let k = 0;
      let n = 0;
      for (const m of list) {
        if (codesOf[m] === PRESENT) k += 1;
        if (codesOf[m] <= PRESENT) n += 1;
      }
      return [k, n, list.length];
    }));
  };

  // Probability of k or fewer among n drawn from N of whom K have the feature
  const tail = (k, n, K, N) => {
    const choose = (a, b) => logFactorial[a] - logFactorial[b] - logFactorial[a - b];
    const all = choose(N, n);
    let sum = 0;
    for (let i = Math.max(0, n - (N - K)); i <= k; i += 1) sum += Math.exp(choose(K, i) + choose(N - K, n - i) - all);
    return sum;
  };

  // What kind of gap each cell is: as metrics.gaps, Benjamini and Hochberg over all assessed cells
  const gapsOf = (counts) => {
    const tails = counts.map((row) => row.map(([k, n], g) => (
      n && g < ALL ? tail(k, n, ...row[ALL]) : NaN)));
    const sorted = tails.flat().filter((p) => p >= 0).sort((a, b) => a - b);
    const last = sorted.findLastIndex((p, i) => p <= (data.level * (i + 1)) / sorted.length);
    return counts.map((row, f) => row.map(([k, n, size], g) => {
      if (g === ALL || !row[ALL][2]) return ""; // no model is left: nothing is said of goals
      if (!n) return size ? "not-assessed" : "no-models";
      if (data.kind === "reconstructed") return ""; // such numbers are not known well enough
      if (last < 0 || tails[f][g] > sorted[last]) return "";
      if (k) return "fewer";
      return n * row[ALL][0] >= row[ALL][1] ? "none" : "";
    }));
  };

  // The map

  const cells = [...map.querySelectorAll("td")].map((cell) => {
    const [share, count, mark] = cell.children;
    const why = cell.querySelector(".why")?.textContent.slice(2) ?? "";
    const texts = [share.textContent, count.textContent, why];
    const goal = goals.indexOf(cell.dataset.goal);
    return {
      cell, share, count, mark, texts, look: cell.className, hint: cell.querySelector(".sr"),
      f: features.indexOf(cell.dataset.feature), g: goal < 0 ? ALL : goal,
      known: data.cells[`${cell.dataset.feature} ${cell.dataset.goal}`],
    };
  });
  const place = (goal) => (goal ? goals.indexOf(goal) : ALL);
  const heads = [...document.querySelectorAll("#map thead [data-goal], .goals [data-goal]")];
  const counted = [...document.querySelectorAll("[data-n]")];

  const write = (place, [share, count, why], look) => {
    place.cell.className = look;
    place.share.textContent = share;
    place.count.textContent = count;
    place.mark.textContent = why && words.gap;
    if (why) place.mark.append(element("span", `: ${why}`, { class: "why" }));
    place.why = why;
  };

  // Rows in the order that is asked for: by name, as the features are defined, or by share

  const likely = ({ numbers: [k, n, low, high] }) => (n ? (k ?? (low + high) / 2) / n : -1);
  const first = [...map.tBodies[0].rows];
  const collator = new Intl.Collator(lang);
  const sort = (by) => {
    const lines = [...first];
    const feature = (line) => line.cells[0].dataset.feature;
    if (by === "name") lines.sort((a, b) => collator.compare(labels[feature(a)], labels[feature(b)]));
    if (by === "order") lines.sort((a, b) => features.indexOf(feature(a)) - features.indexOf(feature(b)));
    if (by.startsWith("in:") || !by) {
      const g = place(by.slice(3));
      const shares = new Map(cells.filter((cell) => cell.g === g).map((cell) => [features[cell.f], likely(cell)]));
      lines.sort((a, b) => shares.get(feature(b)) - shares.get(feature(a)));
    }
    if (lines.some((line, i) => line !== map.tBodies[0].rows[i])) map.tBodies[0].append(...lines);
  };

  // Neighbouring rows of which no goal's number was published say so once, in their middle

  const note = find("unpublished");
  const tellUnpublished = () => {
    const quiet = note && !form.elements.bounds?.checked && !map.classList.contains("bubbles");
    map.classList.toggle("block", Boolean(quiet));
    if (!note) return;
    const bare = (line) => {
      const own = [...line.cells].filter((cell) => cell.dataset.goal && !cell.hidden);
      return own.length && own.every((cell) => cell.classList.contains("shade-b")) ? own : null;
    };
    let run = [];
    let longest = [];
    for (const line of map.tBodies[0].rows) {
      run = bare(line) ? [...run, bare(line)] : [];
      if (run.length > longest.length) longest = run;
    }
    note.hidden = !quiet || longest.length < 4;
    if (note.hidden) return;
    const [a, z] = [longest[0][0], longest.at(-1).at(-1)];
    const shaded = cells.filter(({ cell, g }) => g < ALL && !cell.hidden && cell.classList.contains("shade-b"));
    note.textContent = fill(words["unpublished-block"], { n: number.format(shaded.length) });
    note.style.left = `${map.offsetLeft + (a.offsetLeft + z.offsetLeft + z.offsetWidth) / 2}px`;
    note.style.top = `${map.offsetTop + (a.offsetTop + z.offsetTop + z.offsetHeight) / 2}px`;
    note.style.maxWidth = `${z.offsetLeft + z.offsetWidth - a.offsetLeft - 8}px`;
  };
  const resized = new ResizeObserver(() => {
    document.querySelector(".hint").hidden = map.parentElement.scrollWidth <= map.parentElement.clientWidth + 1;
    tellUnpublished();
  });
  [map, map.parentElement].forEach((one) => resized.observe(one)); // the map changes with its font

  const drawMap = (now, shown) => {
    const counts = closed || untouched(now) ? null : tally(shown, codes);
    const gaps = counts && gapsOf(counts);
    for (const place of cells) {
      const { cell, f, g } = place;
      cell.hidden = g < ALL && !now.goals[g];
      if (place.hint) place.hint.hidden = counts !== null;
      place.numbers = counts ? [...counts[f][g].slice(0, 2), null, null, data.kind] : place.known;
      if (!counts) {
        write(place, place.texts, place.look);
      } else {
        const [k, n, size] = counts[f][g];
        const share = Math.max(n && round(k, n), k ? 1 : 0);
        const rank = data.classes.filter((edge) => share >= edge).length - data.sparse;
        const shade = !n ? "e" : n < data.few || rank < 0 ? "none" : rank;
        const kind = gaps[f][g];
        const texts = [n ? percent(k, n) : words[size ? "no-data" : "no-models"], ratio(k, n), kind && words[`gap-${kind}`]];
        write(place, texts, `shade-${shade}${kind ? " gap" : ""}`);
      }
    }
    for (const head of heads) {
      const g = place(head.dataset.goal);
      head.hidden = g < ALL && !now.goals[g];
    }
    map.style.setProperty("--goals", now.goals.filter(Boolean).length);
    const sizes = closed ? [] : [...goals, ""].map((_, g) => {
      const own = g < ALL ? shown.filter((m) => member[g][m]) : shown;
      const n = own.filter((m) => assessed[m]).length;
      return fill(words.assessed, { n: number.format(n), all: number.format(own.length) });
    });
    if (!closed) counted.forEach((n) => { n.textContent = sizes[place(n.dataset.n)]; });
    sort(now.rows);
    drawBubbles(now, shown);
    tellUnpublished();
    find("plain-gaps").hidden = counts !== null;
    map.querySelectorAll("[aria-pressed]").forEach((button) => {
      const { feature = "", goal = "" } = button.parentElement.dataset;
      button.setAttribute("aria-pressed", String(
        Boolean(feature || goal) && feature === selected.feature && goal === selected.goal,
      ));
    });
  };

  // Bubbles: their area is the number of models, of each value of the column that colours them

  const DIAMETER = 2.2; // rem, of the largest
  const bubble = (text, size, look, name = "") => {
    const made = element("span", "", { class: "bubble" });
    const disc = element("span", "", { class: `disc ${look}`, style: `--d:${size}rem` });
    made.append(disc, name && element("span", `${name}: `, { class: "sr" }), text);
    return made;
  };

  const coloured = (column) => {
    const i = columns.indexOf(column);
    if (i < 0) return null;
    const offered = [...field(`column-${i}`).options].slice(1).map(({ value }) => value);
    const places = (cell) => values(cell, i).map((value) => offered.indexOf(value)).filter((at) => at >= 0);
    const of = models.map(({ rest }) => (places(rest[i]).length ? places(rest[i]) : [offered.length]));
    return { values: [...offered.map(named), words["no-value"]], of };
  };

  const drawBubbles = (now, shown) => {
    const on = now.show === "bubbles";
    find("bubble-key").hidden = !on;
    if (field("colour")) field("colour").parentElement.hidden = !on;
    if (!on && !map.classList.contains("bubbles")) return;
    map.classList.toggle("bubbles", on);
    map.querySelectorAll(".bubble").forEach((one) => one.remove());
    if (!on) return;
    const colours = coloured(now.colour);
    const own = cells.filter(({ cell, g, numbers }) => g < ALL && !cell.hidden && numbers[1]);
    const parts = own.map(({ f, g, numbers: [k, , low, high] }) => {
      if (!colours) return k === null ? [[low, high]] : [[k, k]];
      const counts = colours.values.map(() => 0);
      for (const m of shown) if (member[g][m] && codes[f][m] === PRESENT) colours.of[m].forEach((at) => { counts[at] += 1; });
      return counts.map((n) => [n, n]);
    });
    const most = Math.max(1, ...parts.flat(2));
    const size = (n) => DIAMETER * Math.sqrt(n / most);
    own.forEach(({ share }, i) => parts[i].forEach(([low, high], at) => {
      if (colours && !high) return;
      const text = low === high ? number.format(high) : `${number.format(low)}–${number.format(high)}`;
      const made = bubble(text, size(high), low === high ? `c${at}` : "ring", colours?.values[at]);
      if (low && low < high) made.firstChild.append(element("span", "", { class: "disc", style: `--d:${size(low)}rem` }));
      share.before(made);
    }));
    const key = (made, text) => {
      const item = element("li", "");
      item.append(made, text);
      return item;
    };
    const steps = [...new Set([1, Math.round(most / 4), most])].filter(Boolean);
    const sizes = steps.map((n) => key(bubble("", size(n), "c0"), fill(words.sized, { n: number.format(n) })));
    const names = (colours?.values ?? []).map((name, at) => key(bubble("", 1, `c${at}`), name));
    const open = parts.flat().some(([low, high]) => low < high) ? [key(bubble("", 1, "ring"), words["sized-open"])] : [];
    find("bubble-key").replaceChildren(...sizes, ...names, ...open);
  };

  // The list of models, or of a reconstruction what is known of a cell

  const drawKnown = () => {
    const { feature, goal } = selected;
    const what = [labels[feature], labels[goal]].filter(Boolean).join(" · ");
    const cell = data.cells[`${feature} ${goal}`];
    find("clear").hidden = !what;
    find("selection").textContent = what ? `${what}${cell ? `: ${known(cell)}` : ""}` : "";
    drawSpan(cell);
  };

  const drawSpan = ([k, n, low, high] = []) => {
    find("span").hidden = !n;
    if (!n) return;
    const mark = find("span").querySelector(".m");
    mark.className = `m ${k === null ? "m-range" : "m-bar"}`;
    mark.style.left = `${(100 * (k === null ? low : 0)) / n}%`;
    mark.style.width = `${(100 * (k === null ? high - low : k)) / n}%`;
    find("of").textContent = number.format(n);
  };

  const known = ([k, n, low, high]) => {
    if (!n) return words["not-assessed"];
    if (k !== null) return fill(words.having, { n: ratio(k, n) });
    return fill(words.unpublished, { low: number.format(low), high: number.format(high), n: number.format(n) });
  };

  const matching = (shown) => {
    const f = features.indexOf(selected.feature);
    const g = goals.indexOf(selected.goal);
    return shown.filter((m) => (f < 0 || codes[f][m] === PRESENT) && (g < 0 || member[g][m]));
  };

  const row = (m) => {
    const { id, name, own, link, rest } = models[m];
    const made = document.createElement("tr");
    const n = codes.filter((of) => of[m] <= PRESENT).length;
    const k = codes.filter((of) => of[m] === PRESENT).length;
    const head = element("th", link ? "" : name || id, { scope: "row" });
    if (link) head.append(element("a", name || id, { href: link, rel: "noreferrer" }));
    made.append(head);
    made.append(element("td", own.map((goal) => labels[goals[goal]]).join("; ")));
    rest.forEach((cell, i) => made.append(element("td", values(cell, i).map(named).join("; "))));
    made.append(element("td", n ? ratio(k, n) : words["not-assessed"]));
    [...made.cells].slice(1).forEach((cell, i) => { cell.dataset.head = titles[i + 1].textContent; });
    return made;
  };

  const chosen = (shown, rows) => {
    const f = features.indexOf(selected.feature);
    const what = [labels[selected.feature], labels[selected.goal]].filter(Boolean).join(" · ");
    if (f < 0) return `${what ? `${what}: ` : ""}${fill(words.of, { n: ratio(rows.length, models.length) })}`;
    const g = goals.indexOf(selected.goal);
    const n = shown.filter((m) => codes[f][m] <= PRESENT && (g < 0 || member[g][m])).length;
    return `${what}: ${fill(words.having, { n: ratio(rows.length, n) })}`;
  };

  const drawModels = (shown, whole = false) => {
    const rows = matching(shown);
    const last = Math.max(0, Math.ceil(rows.length / PAGE) - 1);
    page = Math.min(page, last);
    const first = page * PAGE;
    const listed = whole ? rows : rows.slice(first, first + PAGE);
    body.replaceChildren(...listed.map(row));
    if (!rows.length) body.append(emptied(words.empty));
    find("selection").textContent = chosen(shown, rows);
    find("clear").hidden = !selected.feature && !selected.goal;
    find("turn").hidden = !last;
    find("page").textContent = last
      ? `${number.format(first + 1)}–${number.format(first + listed.length)}/${number.format(rows.length)}`
      : "";
    find("back").setAttribute("aria-disabled", String(!page));
    find("next").setAttribute("aria-disabled", String(page === last));
    find("more")?.remove();
  };

  const emptied = (text) => {
    const made = document.createElement("tr");
    made.append(element("td", text, { colspan: columns.length + 3 }));
    return made;
  };

  const draw = () => {
    const now = state();
    const shown = left(now);
    drawMap(now, shown);
    const chosen = [!now.goals.every(Boolean), ...now.features, ...now.columns, now.name].filter(Boolean).length;
    find("chosen").textContent = chosen ? `(${number.format(chosen)})` : "";
    if (closed) {
      drawKnown();
      const none = !now.goals.some(Boolean);
      find("state").textContent = none ? words["no-goal"] : untouched(now) ? "" : words.filtered;
      remember(now);
      return;
    }
    drawModels(shown);
    const filtered = !untouched(now);
    const active = now.features.filter(Boolean).length;
    find("active").textContent = active ? `(${number.format(active)})` : "";
    const n = shown.filter((m) => assessed[m]).length;
    const parts = [fill(words.shown, { n: ratio(shown.length, models.length), assessed: number.format(n) })];
    if (!shown.length) parts.push(words.empty);
    else if (filtered) {
      const marked = cells.filter(({ cell }) => !cell.hidden && cell.classList.contains("gap")).length;
      parts.push(fill(words.gaps, { n: number.format(marked) }));
    }
    find("state").textContent = parts.join(" ");
    remember(now);
    if (parent !== window) parent.postMessage({ models: matching(shown).map((m) => models[m].id) }, "*"); // to a notebook
  };

  // CSV: text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV
  // injection), also after a semicolon or line end inside it, where some would start a new cell.
  const plainNumber = /^-?\d+([.,]\d+)?$/;
  const safe = (value) => {
    const text = String(value);
    const harmless = plainNumber.test(text) || text === "-";
    const guarded = harmless ? text : text.replace(/^(?=[\t\r\n])|(^|[;\t\r\n])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])/g, "$1'");
    return /[",;\t\n\r]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
  };

  const save = (name, table) => {
    const text = table.map((line) => `${line.map(safe).join(",")}\n`).join("");
    const link = element("a", "", { download: name });
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href));
  };

  const origin = [data.kind, data.source];
  const saveModels = () => {
    const letters = ["0", "1", "?", "-", "", "disagreement"];
    const lines = matching(left(state())).map((m) => {
      const { id, name, own, link, rest } = models[m];
      const linked = data.link ? [link] : [];
      return [id, name, own.map((goal) => goals[goal]).join(" "), ...linked, ...rest, ...codes.map((of) => letters[of[m]]), ...origin];
    });
    save("models.csv", [["model_id", "name", "goals", ...(data.link ? [data.link] : []), ...columns, ...features, "kind", "source"], ...lines]);
  };

  const saveMap = () => {
    const lines = cells.filter(({ cell }) => !cell.hidden).map(({ f, g, why, numbers: [k, n, low, high, basis] }) => [
      ...[features[f], goals[g] ?? "", k, n, k === null || !n ? null : round(k, n), low, high].map((x) => x ?? ""),
      ...[basis, why && `${words.gap}: ${why}`, ...origin]]);
    const heads = ["feature_id", "goal_id", "k", "n", "percent", "bound_low", "bound_high", "basis", "gap", "kind", "source"];
    save("map.csv", [heads, ...lines]);
  };

  // What the reader does

  const choose = (feature, goal) => {
    selected = { feature, goal };
    page = 0;
    draw();
    find("models-heading").focus();
  };

  // Escape leads back to the cell from what it opened; so does the end of the choice.
  let from = null;
  const back = () => from?.focus();

  const turn = (button, step) => {
    if (button.getAttribute("aria-disabled") === "true") return;
    page += step;
    draw();
  };

  const opened = (holder) => {
    const { feature = "", goal = "" } = holder.dataset;
    const button = element("button", "", { type: "button", class: "plain", "aria-pressed": "false" });
    if (holder.tagName === "TD") {
      const of = [labels[feature], labels[goal] || words.all].join(", ");
      button.append(element("span", `${of}: `, { class: "sr" }));
    }
    button.append(...holder.childNodes);
    holder.append(button);
    button.addEventListener("click", () => { from = button; choose(feature, goal); });
  };

  // Arrow keys go from cell to cell; the tabulator reaches them all as well.
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const walk = (event) => {
    const step = STEPS[event.key];
    const at = event.target.closest("td, th");
    if (!step || !at) return;
    const rows = [...map.rows].map((line) => [...line.cells].filter((cell) => !cell.hidden));
    const y = at.parentElement.rowIndex + step[0];
    const x = rows[at.parentElement.rowIndex].indexOf(at) + step[1];
    rows[y]?.[x]?.querySelector("button")?.focus();
    event.preventDefault();
  };

  // What has the focus is not left under the columns that stay in place, nor beyond the edge.
  const uncover = ({ target }) => {
    const cell = target.closest("[data-goal]");
    if (!cell?.dataset.goal) return;
    const edge = map.tHead.querySelector("[data-goal='']").getBoundingClientRect().right;
    const own = cell.getBoundingClientRect();
    const beyond = Math.max(0, own.right - map.parentElement.getBoundingClientRect().right);
    map.parentElement.scrollLeft += beyond - Math.max(0, edge - own.left);
  };

  const changed = () => { page = 0; draw(); };

  map.querySelectorAll("[data-feature], [data-goal]").forEach(opened);
  map.addEventListener("keydown", walk);
  map.addEventListener("focusin", uncover);
  document.querySelectorAll(".scripted").forEach((part) => { part.hidden = false; });
  form.hidden = false;
  const wide = matchMedia("(min-width: 40.01em)"); // narrower, filters open when they are asked for
  const unfold = () => { find("choose").open = wide.matches; };
  wide.addEventListener("change", unfold);
  unfold();
  form.addEventListener("input", changed);
  form.addEventListener("reset", () => setTimeout(() => {
    selected = { feature: "", goal: "" };
    changed();
  }));
  form.addEventListener("submit", (event) => event.preventDefault());
  find("save")?.addEventListener("click", saveModels);
  find("save-map").addEventListener("click", saveMap);
  find("clear").addEventListener("click", () => { choose("", ""); back(); });
  document.addEventListener("keydown", (event) => event.key === "Escape" && !form.contains(event.target) && back());
  if (!closed) {
    window.addEventListener("beforeprint", () => drawModels(left(state()), true));
    window.addEventListener("afterprint", draw);
  }
  find("back")?.addEventListener("click", (event) => turn(event.currentTarget, -1));
  find("next")?.addEventListener("click", (event) => turn(event.currentTarget, 1));
  window.addEventListener("hashchange", () => {
    if (find(location.hash.slice(1))) remember(state()); // a jump within the page
    else { recall(); draw(); }
  });
  recall();
  draw();
})();
