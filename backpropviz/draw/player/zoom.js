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

// The drawing fitted to its pane; wheel, fingers, keys and buttons make it larger and move it. Where its letters would be
// too small to read, it stands near the step that is shown, until the reader wants another view.
const zoomable = (pane, drawing) => {
  const [left, top, width, height] = drawn(drawing);
  let box = { x: left, y: top, scale: 1 };
  let follows = true;
  const MOST = 12;
  const READ = 11; // pixels of a letter that can just be read,
  const NEAR = 13; // and of one that is read with ease
  const MARGIN = 30; // of both sides, in pixels
  const written = [...drawing.querySelectorAll("text")].map((each) => parseFloat(getComputedStyle(each).fontSize)).sort((a, b) => a - b);
  const letter = written[written.length >> 1] || NEAR;

  const map = mapping(pane, drawing, [left, top, width, height], (x, y) => {
    follows = false;
    box = { ...box, x: x - width / box.scale / 2, y: y - height / box.scale / 2 };
    place();
  });
  const unit = (scale) => scale * Math.min(drawing.clientWidth / width, drawing.clientHeight / height); // pixels
  // Where the pane shows more than the box, since their sides differ, the drawing still keeps to it.
  const kept = (at, side, from, all, pixels) => {
    const half = Math.min(pixels / unit(box.scale), all) / 2;
    return Math.min(from + all - half, Math.max(from + half, at + side / 2)) - side / 2;
  };
  const place = () => {
    const size = { w: width / box.scale, h: height / box.scale };
    map.stands(box.scale > 1);
    box.x = kept(box.x, size.w, left, width, drawing.clientWidth);
    box.y = kept(box.y, size.h, top, height, drawing.clientHeight);
    drawing.setAttribute("viewBox", [box.x, box.y, size.w, size.h].join(" "));
    const shown = { w: drawing.clientWidth / unit(box.scale), h: drawing.clientHeight / unit(box.scale) };
    map.frames({ x: box.x + (size.w - shown.w) / 2, y: box.y + (size.h - shown.h) / 2, ...shown });
  };
  const inside = (x, y) => new DOMPoint(x, y).matrixTransform(drawing.getScreenCTM().inverse());
  const middle = () => {
    const pixels = drawing.getBoundingClientRect();
    return [pixels.left + pixels.width / 2, pixels.top + pixels.height / 2];
  };
  // getScreenCTM is that of the svg's own contents, in the units of its viewBox
  const zoom = (factor, x, y) => {
    const held = inside(x, y);
    follows = false;
    box.scale = Math.min(MOST, Math.max(1, box.scale * factor));
    place();
    const now = inside(x, y);
    box.x += held.x - now.x;
    box.y += held.y - now.y;
    place();
  };
  const move = (dx, dy) => {
    const unit = 1 / drawing.getScreenCTM().a;
    box.x -= dx * unit;
    box.y -= dy * unit;
    place();
  };
  const whole = () => { box = { x: left, y: top, scale: 1 }; place(); };

  let lit = []; // what the step lights, its gate first
  const around = (elements) => {
    const boxes = elements.map((each) => each.getBoundingClientRect());
    const from = inside(Math.min(...boxes.map((each) => each.left)), Math.min(...boxes.map((each) => each.top)));
    const to = inside(Math.max(...boxes.map((each) => each.right)), Math.max(...boxes.map((each) => each.bottom)));
    return { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2, w: to.x - from.x, h: to.y - from.y };
  };
  const follow = () => {
    map.stands(false);
    if (!lit.length || letter * unit(1) >= READ) return whole();
    map.stands(true);
    const scale = Math.min(MOST, NEAR / (letter * unit(1)));
    const fits = ({ w, h }) => w * unit(scale) <= drawing.clientWidth - MARGIN && h * unit(scale) <= drawing.clientHeight - MARGIN;
    const own = around(lit.slice(0, 1));
    const far = (each) => Math.hypot(around([each]).x - own.x, around([each]).y - own.y);
    const nearest = lit.slice(1).sort((one, other) => far(one) - far(other));
    const all = nearest.reduce((some, each) => (fits(around([...some, each])) ? [...some, each] : some), lit.slice(0, 1));
    const { x, y } = around(all);
    box = { x: x - width / scale / 2, y: y - height / scale / 2, scale };
    place();
  };
  const near = (elements) => {
    lit = elements;
    if (follows) follow();
  };
  const fit = () => { // the whole drawing; once more, and it is near the step again
    follows = box.scale === 1 && !follows;
    (follows ? follow : whole)();
  };
  window.addEventListener("resize", () => near(lit));
  let seen = box; // while all is printed
  window.addEventListener("beforeprint", () => { seen = box; whole(); });
  window.addEventListener("afterprint", () => { box = seen; place(); });

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
    if (!event.buttons) fingers.delete(event.pointerId); // let go outside the window
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
  return { larger: by(1.4), smaller: by(1 / 1.4), fit, near, move, wasDragged: () => dragged > 6, scale: () => box.scale };
};
