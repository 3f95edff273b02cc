// What if: an entry of an input, an upstream gradient or a setting is another one. Both passes are run again.
const supposing = (engine, program, recorded, panel, part, make, grids, follow) => {
  if (!engine) {
    part("whatif").replaceChildren(make("p", program.why));
    return { refresh: () => {}, checked: null };
  }
  const before = engine.values.map((entries) => entries.slice());
  const [NUDGE, SMALL] = [0.1, 1e-5];
  const free = new Set([...program.inputs, ...program.upstream].map((name) => engine.ref(name)));
  let moved = []; // entries and settings that are others, the latest last

  // The recorded numbers against those computed here: only then is the rest believed.
  const check = () => {
    let [count, worst] = [0, 0];
    for (const array of recorded) {
      const entries = before[engine.ref(array.name)];
      const written = array.data === undefined ? [] : [array.data].flat(Infinity);
      const size = written.reduce((most, x) => Math.max(most, Math.abs(x) || 0), 1);
      written.forEach((x, k) => { count += 1; worst = Math.max(worst, Math.abs(Number(x) - entries[k]) / size || 0); });
    }
    return { count, agrees: worst <= 1e-9 };
  };
  const checked = check();
  const missing = [...new Set(engine.nodes.filter((node) => node.opaque).map((node) => node.opaque))];
  const said = checked.agrees
    ? "All " + checked.count + " recorded numbers were computed again in this page, and agree to 1e-9."
    : "This page computes other numbers than were recorded: what is changed here is not to be trusted.";

  const sources = () => new Set(moved.filter((each) => each.ref !== undefined).map((each) => each.ref));
  const lost = () => engine.unsure(sources());
  const refresh = () => {
    const unsure = moved.length ? lost() : new Set();
    for (const figure of panel.querySelectorAll("figure[data-ref]")) {
      const ref = Number(figure.dataset.ref);
      if (moved.length || figure.dataset.other) grids.fill(figure, engine.values[ref]);
      figure.dataset.other = moved.length ? "1" : "";
      figure.classList.toggle("unsure", unsure.has(ref));
      figure.classList.toggle("free", free.has(ref));
      for (const cell of figure.querySelectorAll("tbody td")) {
        const k = Number(cell.dataset.k);
        cell.classList.toggle("other", engine.values[ref][k] !== before[ref][k]);
      }
    }
    tell(unsure);
    follow.refresh();
  };
  const at = (ref, k, value, compute) => {
    const held = engine.values[ref][k];
    engine.values[ref][k] = value;
    engine.run();
    const found = compute();
    engine.values[ref][k] = held;
    engine.run();
    return found;
  };
  const digits = (x) => String(Number(x.toPrecision(6)));

  // The quotient of differences beside the gradient: twice the same number, found in two ways.
  const proof = ({ ref, k, name }) => {
    const gradient = program.gradients[name];
    if (gradient === undefined) return [];
    const x = engine.values[ref][k];
    const step = SMALL * 10 ** Math.ceil(Math.log10(Math.max(1, Math.abs(x))));
    const quotient = (at(ref, k, x + step, engine.loss) - at(ref, k, x - step, engine.loss)) / (2 * step);
    const own = engine.values[engine.ref(gradient)][k];
    return [follow.words.called(engine.ref(gradient), k) + " = " + digits(own)
      + ", and the quotient of differences (L(x + h) - L(x - h)) / 2h = " + digits(quotient) + " with h = " + digits(step)];
  };
  const tell = (unsure) => {
    const box = part("changed");
    box.hidden = !moved.length;
    if (!moved.length) return;
    const latest = moved.at(-1);
    const lines = moved.slice(-3).map((each) => (each.ref === undefined
      ? each.name + " = " + digits(engine.settings[each.name]) + " instead of " + digits(program.settings[each.name])
      : follow.words.called(each.ref, each.k) + " = " + digits(engine.values[each.ref][each.k]) + " instead of " + digits(before[each.ref][each.k])));
    const what = "What if " + lines.join(", ") + (moved.length > 3 ? " and " + (moved.length - 3) + " more" : "") + "?";
    const names = program.outputs.map(([out], at) => engine.names.get(out) + " * " + program.upstream[at]).join(" + ");
    const loss = program.outputs.length === 1 && engine.nodes[program.outputs[0][0]].size === 1 ? engine.names.get(program.outputs[0][0]) : "sum(" + names + ")";
    const proofs = latest.ref === undefined ? [] : proof(latest);
    const warnings = unsure.size ? ["Grey arrays keep the recorded numbers: the page has no " + missing.join(", ") + "."] : [];
    if (program.decided) warnings.push("The function looks at values to choose its path; with these it may take another one.");
    const reset = make("button", "as it was");
    reset.type = "button";
    reset.addEventListener("click", restore);
    box.replaceChildren(make("p", what), make("p", "L = " + loss + " = " + digits(engine.loss())),
      ...[...proofs, ...warnings].map((line) => make("p", line)), reset);
  };
  const note = (change) => {
    moved = moved.filter((each) => each.name !== change.name || each.k !== change.k);
    const same = change.ref === undefined ? engine.settings[change.name] === program.settings[change.name]
      : engine.values[change.ref][change.k] === before[change.ref][change.k];
    if (!same) moved.push(change);
    engine.run();
    refresh();
  };
  const put = (ref, k, value) => {
    if (!Number.isFinite(value)) return;
    engine.values[ref][k] = value;
    note({ ref, k, name: engine.names.get(ref) });
  };
  const set = (name, value) => {
    if (!Number.isFinite(value)) return;
    engine.settings[name] = value;
    note({ name });
  };
  const restore = () => {
    before.forEach((entries, ref) => engine.values[ref].set(entries));
    Object.assign(engine.settings, program.settings);
    moved = [];
    for (const show of shown) show();
    engine.run();
    refresh();
  };

  // A field in the place of the number; the arrow keys nudge it.
  const edit = (cell) => {
    const { ref, k } = follow.of(cell);
    const field = make("input");
    Object.assign(field, { type: "text", inputMode: "decimal", autocomplete: "off", value: String(engine.values[ref][k]) });
    field.setAttribute("aria-label", follow.words.called(ref, k) + ", arrow keys nudge it");
    cell.replaceChildren(field);
    field.select();
    let open = true;
    const close = (focus) => {
      if (!open) return;
      open = false;
      field.remove();
      refresh();
      grids.fill(cell.closest("figure"), engine.values[ref]);
      if (focus) cell.focus();
    };
    const typed = () => Number(field.value.trim().replace(/\u2212/g, "-").replace(",", ".") || NaN);
    field.addEventListener("input", () => put(ref, k, typed()));
    field.addEventListener("blur", () => close(false));
    field.addEventListener("keydown", (event) => {
      const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (way) {
        const step = NUDGE * (event.shiftKey ? 10 : event.altKey ? 0.1 : 1);
        put(ref, k, Number((engine.values[ref][k] + way * step).toPrecision(12)));
        field.value = String(engine.values[ref][k]);
      } else if (event.key === "Enter" || event.key === "Escape") close(true);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    field.focus();
  };
  const isFree = (cell) => { const at = follow.of(cell); return Boolean(at && free.has(at.ref)); };
  panel.addEventListener("dblclick", (event) => {
    const cell = event.target.closest("td");
    if (isFree(cell) && !cell.querySelector("input")) edit(cell);
  });
  panel.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    if (!isFree(cell) || event.target !== cell || event.ctrlKey || event.metaKey) return;
    if (!/^([-\d.]|F2|e)$/.test(event.key)) return;
    event.preventDefault();
    edit(cell);
    if (/^[-\d.]$/.test(event.key)) cell.querySelector("input").value = event.key;
  }, true);

  // A slider over six powers of ten, and a field for any other number.
  const shown = [];
  const slider = (name) => {
    const start = program.settings[name];
    const [row, range, field] = [make("label", name + " "), make("input"), make("input")];
    Object.assign(range, { type: "range", min: start > 0 ? -3 : -5, max: start > 0 ? 3 : 5, step: 0.05, value: 0 });
    Object.assign(field, { type: "text", inputMode: "decimal", autocomplete: "off" });
    range.setAttribute("aria-label", name);
    field.setAttribute("aria-label", name + " as a number");
    const show = () => {
      const value = engine.settings[name];
      field.value = digits(value);
      range.value = start > 0 ? Math.log10(Math.max(value, 1e-300) / start) : value - start;
    };
    range.addEventListener("input", () => {
      set(name, start > 0 ? Number((start * 10 ** Number(range.value)).toPrecision(4)) : start + Number(range.value));
      field.value = digits(engine.settings[name]);
    });
    field.addEventListener("change", () => { set(name, Number(field.value || NaN)); show(); });
    range.addEventListener("keydown", (event) => event.stopPropagation());
    shown.push(show);
    show();
    row.append(range, field);
    return row;
  };
  const how = "What if a number of " + [...program.inputs, ...program.upstream].join(", ")
    + " were another? Double-click it, or type over it; the arrow keys nudge it.";
  const lacks = missing.length ? ["The page has no " + missing.join(", ") + ": what hangs on that is not computed again."] : [];
  part("whatif").replaceChildren(...[how, said, ...lacks].map((line) => make("p", line)), ...Object.keys(program.settings).map(slider));
  return { refresh, checked, put, set, restore };
};
