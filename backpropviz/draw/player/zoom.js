// What is drawn, without the empty paper around it.
const drawn = (drawing) => {
  const boxes = [...drawing.querySelectorAll("g.node, g.edge")].map((each) => each.getBoundingClientRect());
  const back = drawing.getScreenCTM().inverse();
  const from = new DOMPoint(Math.min(...boxes.map((box) => box.left)), Math.min(...boxes.map((box) => box.top)));
  const to = new DOMPoint(Math.max(...boxes.map((box) => box.right)), Math.max(...boxes.map((box) => box.bottom)));
  const [one, other] = [from.matrixTransform(back), to.matrixTransform(back)];
  const margin = 0.015 * (other.x - one.x);
  return [one.x - margin, one.y - margin, other.x - one.x + 2 * margin, other.y - one.y + 2 * margin];
};

// The drawing fitted to its pane; wheel, fingers, keys and buttons make it larger and move it.
const zoomable = (pane, drawing) => {
  const [left, top, width, height] = drawn(drawing);
  let box = { x: left, y: top, scale: 1 };
  const MOST = 12;

  const place = () => {
    const size = { w: width / box.scale, h: height / box.scale };
    box.x = Math.min(left + width - size.w, Math.max(left, box.x));
    box.y = Math.min(top + height - size.h, Math.max(top, box.y));
    drawing.setAttribute("viewBox", [box.x, box.y, size.w, size.h].join(" "));
  };
  const inside = (x, y) => new DOMPoint(x, y).matrixTransform(drawing.getScreenCTM().inverse());
  const middle = () => {
    const pixels = pane.getBoundingClientRect();
    return [pixels.left + pixels.width / 2, pixels.top + pixels.height / 2];
  };
  // getScreenCTM is that of the svg's own contents, in the units of its viewBox
  const zoom = (factor, x, y) => {
    const held = inside(x, y);
    const scale = Math.min(MOST, Math.max(1, box.scale * factor));
    const ratio = box.scale / scale;
    box = { x: held.x - (held.x - box.x) * ratio, y: held.y - (held.y - box.y) * ratio, scale };
    place();
  };
  const move = (dx, dy) => {
    const unit = 1 / drawing.getScreenCTM().a;
    box.x -= dx * unit;
    box.y -= dy * unit;
    place();
  };
  const fit = () => { box = { x: left, y: top, scale: 1 }; place(); };

  drawing.setAttribute("preserveAspectRatio", "xMidYMid meet");
  drawing.removeAttribute("width");
  drawing.removeAttribute("height");
  place();
  pane.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX, event.clientY);
  }, { passive: false });

  const fingers = new Map();
  let dragged = 0;
  const spread = () => {
    const [one, other] = [...fingers.values()];
    return { far: Math.hypot(one.x - other.x, one.y - other.y), x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
  };
  pane.addEventListener("pointerdown", (event) => {
    if (!fingers.size) dragged = 0;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  window.addEventListener("pointermove", (event) => {
    const from = fingers.get(event.pointerId);
    if (!from) return;
    const before = fingers.size === 2 ? spread() : null;
    dragged += Math.hypot(event.clientX - from.x, event.clientY - from.y);
    if (fingers.size === 1) move(event.clientX - from.x, event.clientY - from.y);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (!before) return;
    const after = spread();
    if (before.far) zoom(after.far / before.far, after.x, after.y);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    window.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }
  const by = (factor) => () => zoom(factor, ...middle());
  return { larger: by(1.4), smaller: by(1 / 1.4), fit, move, wasDragged: () => dragged > 6, scale: () => box.scale };
};
