"use strict";
(async () => {
  const frames = JSON.parse(document.getElementById("player-frames").textContent);
  const part = (name) => document.getElementById("player-" + name);
  const functions = JSON.parse(part("functions").textContent);
  const listed = [...document.querySelectorAll("#player-list li")];
  const drawing = part("drawing");
  document.documentElement.classList.add("plays");
  const asked = JSON.parse(part("asked").textContent);
  // The same steps in another drawing: an address that begins so asks for the one with the groups opened.
  const OPEN = "#open,";
  const packed = "DecompressionStream" in window && part("opened").textContent;
  const inflated = async () => {
    const letters = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([letters]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
  };
  const wantsOpen = () => Boolean(packed) && window.location.hash.startsWith(OPEN);
  const opened = wantsOpen();
  if (opened) {
    const other = await inflated();
    drawing.replaceChildren(new DOMParser().parseFromString(other.svg, "image/svg+xml").documentElement);
    other.frames.forEach((lights, to) => Object.assign(frames[to], lights));
  }
  const view = zoomable(drawing, drawing.querySelector("svg"));
  const SECONDS = 1.8;
  const MOST = 600; // entries of an array that is shown whole
  let at = 0;
  let timer = null;

  const make = (tag, text, name) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (name) element.className = name;
    return element;
  };

  const program = JSON.parse(part("program").textContent);
  const engine = program.why ? null : machine(program);
  const grids = gridding(make);
  const follow = following(engine, part("panel"), part, make, grids.number);
  const listing = frames.flatMap((frame) => frame.arrays);
  const arrays = new Map(listing.map((array) => [array.name, array]));
  const recorded = listing.filter((array) => array.data !== undefined);
  for (const array of listing) if (array.data === undefined && !array.summary) array.data = [...engine.values[engine.ref(array.name)]];
  const suppose = supposing(engine, program, recorded, part("panel"), part, make, grids, follow);
  const figure = (array) => grids.figure(array, engine ? engine.ref(array.name) : undefined);
  const loop = looping(engine ? JSON.parse(part("rounds").textContent) : {}, part, make, () => {
    fillArrays(frames[at]);
    suppose.refresh();
    follow.paint();
  });

  // What the arrays of a step were computed from, and every array there is.
  const role = (name) => (arrays.has(name) ? arrays.get(name).role : name.startsWith("d") ? "gradient" : "value");
  const called = (ref, name = engine.names.get(ref), pass = "") => {
    const { shape, size } = engine.nodes[ref];
    const known = arrays.get(name) || { name, shape, role: pass === "backward" ? "gradient" : role(name) };
    return size > MOST ? { ...known, summary: " " } : { ...known, shape, data: [...engine.values[ref]] };
  };
  const fillArrays = (frame) => {
    const names = loop.names(frame);
    const shown = names ? names.map((name) => called(engine.ref(name), name, frame.pass)) : frame.arrays;
    part("arrays").replaceChildren(...shown.map(figure));
    used(shown);
  };
  const used = (shown) => {
    if (!engine) return part("used").replaceChildren();
    const own = shown.map((array) => engine.ref(array.name));
    const refs = engine.usedBy(own).filter((ref) => !own.includes(ref)).slice(0, 8);
    part("used").replaceChildren(...(refs.length ? [make("h3", "computed from")] : []),
      ...refs.map((ref) => grids.figure(called(ref), ref)));
  };
  const every = () => {
    if (!engine || !part("every").open) return;
    const list = part("every").querySelector("div");
    if (!list.children.length) list.replaceChildren(...[...engine.names.keys()].slice(0, 80).map((ref) => grids.figure(called(ref), ref)));
  };
  part("every").hidden = !engine;
  part("every").addEventListener("toggle", () => { every(); suppose.refresh(); follow.paint(); });

  // The function that the step stands in, its lines lit; of the inputs, the function of the steps beside them.
  const source = (frame) => {
    const near = frame.place || (frames[at + 1] || {}).place || (frames[at - 1] || {}).place;
    if (!near) return;
    const written = functions[near[0]];
    part("source").replaceChildren(...written.lines.map((text, number) => {
      const here = frame.place && number >= frame.place[1] && number <= frame.place[2];
      const line = make("span", text || " ", here ? "here" : undefined);
      line.style.setProperty("--hang", text.search(/\S|$/) + 4 + "ch"); // what does not fit goes on further in
      return line;
    }));
    const lit = part("source").querySelector(".here");
    if (lit) part("source").scrollTop = lit.offsetTop - part("source").clientHeight / 2 + lit.offsetHeight / 2;
    part("source").setAttribute("aria-label", "the function " + written.name);
  };

  const fill = (element, lines) => element.replaceChildren(...lines.map((line) => make("div", line)));

  // What an element belongs to: on a board its class says so, "of_backward_3"; a card is itself.
  const owner = (element) => {
    for (const name of element.classList) if (name.startsWith("of_")) return name.slice(3);
    return element.id;
  };

  const board = drawing.querySelector('[class*="of_"]') !== null;
  drawing.classList.toggle("board", board);
  const light = (frame, hidden) => {
    const lit = new Set([...frame.lit, ...frame.edges]);
    const backward = frame.pass === "backward";
    const [told, known] = [frames, frames.slice(0, frames.indexOf(frame) + 1)].map((some) => new Set(some.flatMap((each) => each.lit)));
    for (const element of drawing.querySelectorAll("g.node, g.edge")) {
      const own = owner(element);
      const passed = own.startsWith("backward_") ? backward && seen.has(own)
        : /^(sum|inner|back)_/.test(own) ? backward && reached.has(own)
        : own.startsWith("forward_") ? backward || seen.has(own)
        : own.startsWith("on_") ? backward || reached.has(own)
        : backward || known.has(own) || !told.has(own) || own.startsWith("outside_");
      element.classList.toggle("lit", lit.has(own));
      element.classList.toggle("faint", !(lit.has(own) || passed));
      element.classList.toggle("factor", !lit.has(own) && frame.factors.includes(own));
      element.classList.toggle("receiver", !lit.has(own) && frame.receivers.includes(own));
      element.classList.toggle("unsaid", predict.hides(own) && (hidden || !lit.has(own)) && !passedBefore.has(own));
      element.classList.toggle("waiting", !board && !reached.has(own));
    }
    const first = frame.lit.length ? document.getElementById(frame.lit[0]) : null;
    const within = first && frame.step && frame.step !== "0"; // the inputs and the ends are seen in the whole
    view.near(within ? [first, ...drawing.querySelectorAll("g.lit, g.receiver, g.factor")] : []);
    if (!first || view.scale() === 1) return;
    const box = first.getBoundingClientRect();
    const pane = drawing.querySelector("svg").getBoundingClientRect();
    if (box.left >= pane.left && box.right <= pane.right && box.top >= pane.top && box.bottom <= pane.bottom) return;
    view.move(pane.left + pane.width / 2 - box.left - box.width / 2, pane.top + pane.height / 2 - box.top - box.height / 2);
  };

  // Where the first array would be out of sight, it comes before the formulas and the function.
  const ROOM = 150; // pixels of an array that are enough to see what it is
  const crowd = () => {
    const panel = part("panel");
    panel.classList.remove("crowded");
    const first = part("arrays").querySelector("figure");
    const box = first ? first.getBoundingClientRect() : { top: 0, height: 0 };
    panel.classList.toggle("crowded", panel.getBoundingClientRect().bottom - box.top < Math.min(ROOM, box.height));
  };
  window.addEventListener("resize", crowd);

  let seen = new Set(); // edges that something has passed along
  let reached = new Set(); // cards at which a gradient has arrived
  let passedBefore = new Set(); // what was told in earlier steps of the backward pass
  const predict = predicting(asked, part, make, () => show(at));
  const show = (to) => {
    at = Math.max(0, Math.min(frames.length - 1, to));
    const frame = frames[at];
    const past = frames.slice(0, at + 1);
    passedBefore = new Set(past.slice(0, -1).flatMap((each) => [...each.edges, ...each.reached]));
    seen = new Set(past.flatMap((each) => each.edges));
    reached = new Set(past.flatMap((each) => each.reached));
    document.body.className = frame.pass;
    const step = frame.step && frame.step !== "0" ? frame.pass + ", step " + frame.step + ": " : "";
    part("title").textContent = step + frame.title;
    part("caption").textContent = frame.caption;
    fill(part("code"), frame.code);
    const written = listed[at].querySelector(".formulas");
    part("formulas").replaceChildren(...(written ? [written.cloneNode(true)] : []));
    fillArrays(frame);
    part("slider").value = at;
    part("slider").setAttribute("aria-valuetext", step + frame.title);
    part("count").textContent = at + 1 + " of " + frames.length;
    const hidden = predict.ask(frame);
    for (const name of ["caption", "code", "formulas", "arrays", "used"]) part(name).hidden = hidden;
    part("round").hidden ||= hidden;
    part("every").hidden = hidden || !engine;
    suppose.refresh();
    follow.paint();
    source(frame);
    part("panel").scrollTop = 0;
    crowd();
    part("formulas").tabIndex = part("formulas").scrollWidth > part("formulas").clientWidth ? 0 : -1; // to scroll it by keys
    part("said").textContent = [step + frame.title, hidden ? "Predict first." : frame.caption].filter(Boolean).join(". ");
    light(frame, hidden);
    if (hidden || at === frames.length - 1) stop();
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
    timer = setInterval(() => { show(at + 1); note(); }, SECONDS * 1000);
    part("play").textContent = "pause";
    part("play").setAttribute("aria-pressed", "true");
  };

  // The address says where one is: #forward-0, #forward-3, #backward (the gradient arrives), #backward-7, #backward-0.
  const address = (frame, open = opened) => (open ? OPEN : "#") + frame.pass + (frame.step ? "-" + encodeURIComponent(frame.step) : "");
  const said = (written) => {
    try { return decodeURIComponent(written); } catch { return written; } // a lone percent sign
  };
  const addressed = () => {
    const asked = said(window.location.hash).replace(OPEN, "#").replace(/^#step-/, "#forward-");
    const found = frames.findIndex((frame) => said(address(frame, false)) === asked);
    // of a group, or of a step that every round of a loop takes, the first
    const within = frames.findIndex((frame) => [".", "["].some((next) => said(address(frame, false)).startsWith(asked + next)));
    return found >= 0 ? found : asked && within >= 0 ? within : 0;
  };
  const framed = window.location.protocol === "about:"; // in a notebook's frame there is no address
  let noting = 0; // browsers refuse hundreds of addresses in a few seconds: a key that is held, a slider that is dragged
  const note = () => {
    clearTimeout(noting);
    if (!framed) noting = setTimeout(() => window.history.replaceState(null, "", address(frames[at])), 100);
  };
  const visit = (to) => {
    stop();
    const wanted = Math.max(0, Math.min(frames.length - 1, to));
    if (framed) show(wanted);
    else if (wanted !== at) window.location.hash = address(frames[wanted]); // an entry for the back button
  };
  window.addEventListener("hashchange", () => {
    if (wantsOpen() !== opened) window.location.reload();
    else if (addressed() !== at) { stop(); show(addressed()); }
  });
  part("open").hidden = !packed || framed;
  part("open").setAttribute("aria-pressed", String(opened));
  part("open").addEventListener("click", () => { window.location.hash = address(frames[at], !opened); });

  // A gate leads to its step in the pass that is shown; a wire, to the step in which something passes along it.
  const leads = (own) => {
    const wanted = own.startsWith("badge_") ? own.slice(6) : own;
    const there = frames.flatMap((frame, to) => (frame.edges.includes(wanted) || frame.lit.includes(wanted) ? [to] : []));
    const same = there.find((to) => frames[to].pass === frames[at].pass);
    return same ?? there[0];
  };
  for (const element of drawing.querySelectorAll("g.node, g.edge")) {
    const own = owner(element);
    element.classList.toggle("badge", element.id.startsWith("badge_") || element.querySelector('text[fill="#ffffff"]') !== null);
    if (leads(own) === undefined) continue;
    element.classList.add("goes");
    element.addEventListener("click", (event) => {
      event.preventDefault();
      if (!view.wasDragged()) visit(leads(own));
    });
    for (const path of element.classList.contains("edge") ? element.querySelectorAll("path") : []) {
      const grip = path.cloneNode(); // wires are thin: a wider one, not seen, takes the click
      grip.setAttribute("class", "grip");
      path.after(grip);
    }
    if (element.id !== own || element.classList.contains("edge")) continue;
    const to = frames[leads(own)];
    element.setAttribute("tabindex", "0");
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", (to.step && to.step !== "0" ? "step " + to.step + ": " : "") + to.title);
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      visit(leads(own));
    });
  }

  const go = (to) => (event) => {
    if (!event || !event.repeat) return visit(to());
    stop();
    show(to());
    note();
  };
  part("slider").max = frames.length - 1;
  const moves = { first: () => 0, back: () => at - 1, next: () => at + 1, last: () => frames.length - 1 };
  for (const [name, to] of Object.entries(moves)) part(name).addEventListener("click", go(to));
  part("play").addEventListener("click", play);
  part("in").addEventListener("click", view.larger);
  part("out").addEventListener("click", view.smaller);
  part("fit").addEventListener("click", view.fit);
  part("slider").addEventListener("input", (event) => { stop(); show(Number(event.target.value)); note(); });
  const keys = {
    ArrowRight: go(moves.next), ArrowLeft: go(moves.back), Home: go(moves.first), End: go(moves.last),
    "+": view.larger, "=": view.larger, "-": view.smaller, 0: view.fit,
    "?": () => { part("help").open = !part("help").open; },
  };
  const close = () => { part("help").open = false; };
  document.addEventListener("keydown", (event) => { // before all else that Escape ends: one thing at a time
    if (event.key !== "Escape" || !part("help").open) return;
    event.preventDefault();
    event.stopPropagation();
    close();
    if (part("help").contains(document.activeElement)) part("help").querySelector("summary").focus();
  }, true);
  document.addEventListener("click", (event) => { if (!part("help").contains(event.target)) close(); });
  const shifts = { ArrowRight: [-60, 0], ArrowLeft: [60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    if (event.target instanceof HTMLInputElement && event.target.type === "text") return;
    const onButton = event.target instanceof HTMLButtonElement;
    const moved = event.shiftKey ? shifts[event.key] : undefined;
    const action = moved ? () => view.move(...moved) : event.key === " " && !onButton ? play : keys[event.key];
    if (!action) return;
    event.preventDefault();
    action(event);
  });
  show(addressed());
})();
