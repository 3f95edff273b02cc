// Entries: what one came from and where it goes lights up in every array, with the sum written out. A pinned one stays,
// and is followed through the steps.
const following = (engine, panel, part, make, number) => {
  const [words, all] = engine ? [speller(engine, 6), speller(engine, 60)] : []; // terms of a sum: pointed at, pinned
  let pinned = null;
  let pointed = null;
  let whole = false; // whether all terms of the pinned one's sum are said

  const of = (cell) => {
    const figure = cell && cell.closest("figure[data-ref]");
    return figure && cell.dataset.k !== undefined ? { ref: Number(figure.dataset.ref), k: Number(cell.dataset.k), name: figure.dataset.name } : null;
  };
  const same = (one, other) => Boolean(one && other && one.ref === other.ref && one.k === other.k);
  const cells = () => panel.querySelectorAll("figure[data-ref] tbody td");

  const near = (found) => { // the nearest entries with a name, in order
    const said = [];
    found.forEach((how, ref) => {
      if (how && engine.names.has(ref)) how.forEach((mark, k) => { if (mark === 2) said.push(words.called(ref, k)); });
    });
    return said.length > 6 ? [...said.slice(0, 6), "… (" + (said.length - 6) + " more)"] : said;
  };

  // What is said of an entry: how it was made, in names and in numbers, and what uses it.
  const story = ({ ref, k, name: own }, marks) => {
    const node = engine.nodes[ref];
    const name = words.called(ref, k, own);
    const said = whole && same({ ref, k }, pinned) ? all : words;
    const head = name + " = " + number(engine.values[ref][k]);
    if (node.opaque) return [head, "What it came from is not known here: the page has no " + node.opaque + "."];
    const lines = node.kind === "given" ? [head] : [head, "= " + said.names(ref, k), "= " + said.numbers(ref, k, number)];
    const uses = near(marks.to);
    return uses.length ? [...lines, "goes into " + uses.join(", ")] : lines;
  };

  // A line of it, that is not broken inside an index.
  const line = (text) => {
    const shown = make("div");
    shown.append(...text.split(/([\w.]+\[[^\]]*\])/).map((part, odd) => (odd % 2 ? make("span", part) : part)));
    return shown;
  };
  const more = ({ ref, k }) => {
    if (engine.nodes[ref].opaque || engine.nodes[ref].kind === "given" || words.names(ref, k) === all.names(ref, k)) return [];
    const button = make("button", whole ? "fewer terms" : "all terms");
    button.type = "button";
    button.addEventListener("click", () => { whole = !whole; paint(); part("entry").querySelector("button").focus(); });
    return [button, " "];
  };

  const paint = () => {
    const shown = pointed || pinned;
    const marks = shown && engine.marks(shown.ref, shown.k);
    for (const cell of cells()) {
      const at = of(cell);
      const [from, to] = marks ? [marks.from[at.ref], marks.to[at.ref]] : [];
      const [came, goes] = [from ? from[at.k] : 0, to ? to[at.k] : 0];
      cell.classList.toggle("came", came === 2);
      cell.classList.toggle("far", came === 1);
      cell.classList.toggle("goes-to", goes === 2);
      cell.classList.toggle("later", goes === 1);
      cell.classList.toggle("pinned", same(at, pinned));
      cell.classList.toggle("pointed", same(at, shown));
    }
    part("entry").hidden = !shown;
    if (!shown) return;
    const lines = story(shown, marks).map(line);
    const help = same(shown, pinned) ? "pinned: step on or back to follow it; Escape lets go"
      : pinned ? words.called(pinned.ref, pinned.k, pinned.name) + " is pinned" : "click or Enter pins it";
    part("entry").replaceChildren(...lines, ...(same(shown, pinned) ? more(shown) : []), make("small", help));
  };
  let waiting = 0;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(paint, 0); };
  const point = (at) => {
    if (same(at, pointed) || (!at && !pointed)) return;
    pointed = at;
    soon();
  };
  const pin = (at) => { pinned = same(at, pinned) ? null : at; pointed = null; whole = false; paint(); };

  // One cell of every array is in the order of the Tab key; arrow keys go on from there.
  const reachable = () => {
    for (const table of panel.querySelectorAll("figure[data-ref] table")) table.setAttribute("role", "grid");
    for (const figure of panel.querySelectorAll("figure[data-ref]")) {
      figure.querySelectorAll("tbody td").forEach((cell, at) => cell.setAttribute("tabindex", at ? "-1" : "0"));
    }
  };
  const beside = (cell, key) => {
    const row = cell.parentElement;
    const [column, line] = [[...row.querySelectorAll("td")].indexOf(cell), row.sectionRowIndex];
    const body = row.parentElement;
    const to = { ArrowLeft: [line, column - 1], ArrowRight: [line, column + 1], ArrowUp: [line - 1, column], ArrowDown: [line + 1, column] }[key];
    const there = to && body.rows[to[0]] && body.rows[to[0]].querySelectorAll("td")[to[1]];
    if (there || !to || to[0] === line) return there;
    const bodies = [...cell.closest("figure").querySelectorAll("tbody")]; // on to the next matrix
    const next = bodies[bodies.indexOf(body) + (to[0] < 0 ? -1 : 1)];
    return next && next.rows[to[0] < 0 ? next.rows.length - 1 : 0].querySelectorAll("td")[column];
  };

  if (engine) {
    panel.addEventListener("mouseover", (event) => point(of(event.target.closest("td"))));
    panel.addEventListener("mouseleave", () => point(of(document.activeElement)));
    panel.addEventListener("focusin", (event) => {
      const at = of(event.target.closest("td"));
      point(at);
      if (at) part("said").textContent = story(at, engine.marks(at.ref, at.k)).join("; ");
    });
    panel.addEventListener("focusout", () => point(null));
    panel.addEventListener("click", (event) => {
      const cell = event.target.closest("td");
      if (event.target instanceof HTMLInputElement || !of(cell)) return;
      cell.focus();
      pin(of(cell));
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || !pinned) return;
      event.preventDefault();
      pin(pinned);
    });
    panel.addEventListener("keydown", (event) => {
      if (event.target instanceof HTMLInputElement || event.defaultPrevented) return;
      const cell = event.target.closest("td");
      if (!of(cell) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const to = beside(cell, event.key);
      if (event.key === "Enter") pin(of(cell));
      else if (to) to.focus();
      else if (!event.key.startsWith("Arrow")) return;
      event.preventDefault();
    });
  }
  return { paint: () => { if (engine) { pointed = null; reachable(); paint(); } }, of, words, refresh: () => engine && paint() };
};
