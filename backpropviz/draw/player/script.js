"use strict";
(() => {
  const frames = JSON.parse(document.getElementById("player-frames").textContent);
  const part = (name) => document.getElementById("player-" + name);
  const drawing = part("drawing");
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const SECONDS = 1.8;
  let at = 0;
  let timer = null;

  const make = (tag, text, name) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (name) element.className = name;
    return element;
  };

  const number = (value) => {
    if (typeof value !== "number") return String(value);
    if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
    const size = Math.abs(value);
    return size >= 1e-3 && size < 1e5 ? value.toFixed(4) : value.toExponential(3);
  };

  // An array as tables: the last axis to the right, the one before it downward, one table for each matrix.
  const tables = (data, depth) => {
    if (depth > 2) return data.flatMap((each) => tables(each, depth - 1));
    const rows = depth === 2 ? data : depth === 1 ? [data] : [[data]];
    const table = make("table");
    for (const row of rows) {
      const line = table.insertRow();
      for (const value of row) line.insertCell().textContent = number(value);
    }
    return [table];
  };

  const figure = (array) => {
    const shown = make("figure", undefined, array.role);
    const caption = make("figcaption", array.name + " ");
    caption.append(make("span", "(" + array.shape.join(", ") + (array.shape.length === 1 ? ",)" : ")")));
    shown.append(caption);
    if (array.summary) shown.append(make("div", array.summary));
    else shown.append(...tables(array.data, array.shape.length));
    return shown;
  };

  const fill = (element, lines) => element.replaceChildren(...lines.map((line) => make("div", line)));

  // What an element belongs to: on a board its class says so, "of_backward_3"; a card is itself.
  const owner = (element) => {
    for (const name of element.classList) if (name.startsWith("of_")) return name.slice(3);
    return element.id;
  };

  const board = drawing.querySelector('[class*="of_"]') !== null;
  const light = (frame, quick) => {
    const lit = new Set([...frame.lit, ...frame.edges]);
    const known = new Set(frame.known);
    const backward = frame.pass === "backward";
    for (const element of drawing.querySelectorAll("g.node, g.edge")) {
      const own = owner(element);
      const passed = own.startsWith("backward_") ? backward && seen.has(own)
        : own.startsWith("sum_") || own.startsWith("inner_") ? backward && reached.has(own)
        : own.startsWith("forward_") ? backward || seen.has(own)
        : known.has(own) || own.startsWith("chip_") || own.startsWith("outside_") || own === "legend" || own === "title";
      element.classList.toggle("lit", lit.has(own));
      element.classList.toggle("faint", !(lit.has(own) || passed));
      element.classList.toggle("waiting", !board && !reached.has(own));
    }
    const first = frame.lit.length ? document.getElementById(frame.lit[0]) : null;
    if (!first) return;
    const box = first.getBoundingClientRect();
    const pane = drawing.getBoundingClientRect();
    drawing.scrollBy({
      left: box.left + box.width / 2 - pane.left - pane.width / 2,
      top: box.top + box.height / 2 - pane.top - pane.height / 2,
      behavior: quick || still.matches ? "auto" : "smooth",
    });
  };

  let seen = new Set(); // edges that something has passed along
  let reached = new Set(); // cards at which a gradient has arrived
  const show = (to, quick) => {
    at = Math.max(0, Math.min(frames.length - 1, to));
    const frame = frames[at];
    const past = frames.slice(0, at + 1);
    seen = new Set(past.flatMap((each) => each.edges));
    reached = new Set(past.flatMap((each) => each.reached));
    document.body.className = frame.pass;
    const step = frame.step && frame.step !== "0" ? frame.pass + ", step " + frame.step + ": " : "";
    part("title").textContent = step + frame.title;
    part("caption").textContent = frame.caption;
    fill(part("code"), frame.code);
    fill(part("formulas"), frame.formulas);
    part("arrays").replaceChildren(...frame.arrays.map(figure));
    part("slider").value = at;
    part("slider").setAttribute("aria-valuetext", step + frame.title);
    part("count").textContent = at + 1 + " of " + frames.length;
    light(frame, quick);
    if (at === frames.length - 1) stop();
  };

  const stop = () => {
    clearInterval(timer);
    timer = null;
    part("play").textContent = "▶ play";
    part("play").setAttribute("aria-pressed", "false");
  };

  const play = () => {
    if (timer) return stop();
    if (at === frames.length - 1) show(0);
    timer = setInterval(() => show(at + 1), SECONDS * 1000);
    part("play").textContent = "pause";
    part("play").setAttribute("aria-pressed", "true");
  };

  const go = (to) => () => { stop(); show(to()); };
  part("slider").max = frames.length - 1;
  part("first").addEventListener("click", go(() => 0));
  part("back").addEventListener("click", go(() => at - 1));
  part("next").addEventListener("click", go(() => at + 1));
  part("last").addEventListener("click", go(() => frames.length - 1));
  part("play").addEventListener("click", play);
  part("slider").addEventListener("input", (event) => { stop(); show(Number(event.target.value)); });
  const keys = {
    ArrowRight: go(() => at + 1), ArrowLeft: go(() => at - 1), Home: go(() => 0), End: go(() => frames.length - 1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const onButton = event.target instanceof HTMLButtonElement;
    const action = event.key === " " && !onButton ? play : keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  const asked = /^#(\d+)$/.exec(window.location.hash);
  show(asked ? Number(asked[1]) - 1 : 0, true);
})();
