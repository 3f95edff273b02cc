// Arrays as tables of tinted cells, which are filled again when their numbers change.
const gridding = (make) => {
  const number = (value) => {
    if (typeof value !== "number") return String(value);
    if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
    const size = Math.abs(value);
    return size >= 1e-3 && size < 1e5 ? value.toFixed(4) : value.toExponential(3);
  };
  const head = (at, scope) => {
    const cell = make("th", at);
    cell.scope = scope;
    return cell;
  };
  const fillCell = (cell, value, most) => {
    if (!cell.querySelector("input")) cell.textContent = number(value);
    const tinted = Number.isFinite(value) && value && most;
    cell.classList.toggle("up", Boolean(tinted && value > 0));
    cell.classList.toggle("down", Boolean(tinted && value < 0));
    if (tinted) cell.style.setProperty("--part", (0.75 * Math.abs(value)) / most);
  };
  const largest = (entries) => entries.reduce((most, x) => (Math.abs(x) > most ? Math.abs(x) : most), 0);

  // The last axis to the right, the one before it downward, one table for each matrix. Cells know their entry.
  const tables = (array) => {
    const { shape } = array;
    const [columns, rows] = [shape.at(-1) ?? 1, shape.at(-2) ?? 1];
    const outer = shape.slice(0, -2);
    const count = outer.reduce((product, length) => product * length, 1);
    return Array.from({ length: count }, (_, number) => {
      const table = make("table");
      table.setAttribute("aria-label", array.name);
      if (outer.length) {
        const place = [];
        let rest = number;
        for (let axis = outer.length - 1; axis >= 0; axis -= 1) { place.unshift(rest % outer[axis]); rest = Math.floor(rest / outer[axis]); }
        table.createCaption().textContent = "[" + place.join(", ") + "]";
        table.setAttribute("aria-label", array.name + table.caption.textContent);
      }
      if (shape.length && columns) {
        const heads = table.createTHead().insertRow();
        if (shape.length > 1) heads.append(make("td", ""));
        for (let at = 0; at < columns; at += 1) heads.append(head(at, "col"));
      }
      const body = table.createTBody();
      for (let at = 0; at < (columns ? rows : 0); at += 1) {
        const line = body.insertRow();
        if (shape.length > 1) line.append(head(at, "row"));
        for (let column = 0; column < columns; column += 1) {
          line.insertCell().dataset.k = (number * rows + at) * columns + column;
        }
      }
      return table;
    });
  };
  const summary = (entries) => {
    const [low, high] = [Math.min(...entries), Math.max(...entries)];
    const mean = entries.reduce((sum, x) => sum + x, 0) / entries.length;
    return "min " + Number(low.toPrecision(4)) + ", mean " + Number(mean.toPrecision(4)) + ", max " + Number(high.toPrecision(4));
  };

  const fill = (figure, entries) => {
    const told = figure.querySelector(".summary");
    if (told) { told.textContent = summary([...entries]); return; }
    const most = largest([...entries]);
    let wide = 1; // letters of the longest entry: the columns of all its matrices stand below each other
    for (const cell of figure.querySelectorAll("tbody td")) {
      fillCell(cell, entries[Number(cell.dataset.k)], most);
      wide = Math.max(wide, cell.textContent.length);
    }
    figure.style.setProperty("--wide", wide);
  };
  const figure = (array, ref) => {
    const shown = make("figure", undefined, array.role);
    const caption = make("figcaption", array.name + " ");
    caption.append(make("span", "(" + array.shape.join(", ") + (array.shape.length === 1 ? ",)" : ")")));
    shown.append(caption);
    if (ref !== undefined) Object.assign(shown.dataset, { ref, name: array.name });
    if (array.summary) shown.append(make("div", array.summary, "summary"));
    else {
      shown.append(...tables(array));
      fill(shown, [array.data].flat(Infinity));
    }
    return shown;
  };
  return { figure, fill, number };
};
