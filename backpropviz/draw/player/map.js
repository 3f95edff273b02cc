// The whole drawing, small, beside the part of it that is shown, which is framed there; a click goes to another part.
const mapping = (pane, drawing, [left, top, width, height], goes) => {
  const svg = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [each, value] of Object.entries(attributes)) element.setAttribute(each, value);
    return element;
  };
  const map = svg("svg", { id: "player-map", viewBox: [left, top, width, height].join(" "), "aria-hidden": "true" });
  const frame = svg("rect", {});
  const graph = drawing.querySelector("g");
  graph.classList.add(...drawing.classList); // which its colours in the dark ask for
  map.append(svg("use", { href: "#" + graph.id }), frame);
  pane.append(map);
  map.addEventListener("pointerdown", (event) => {
    event.stopPropagation();
    const to = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
    goes(to.x, to.y);
  });
  const WIDE = 850; // pixels of a pane in which there is room for both
  return {
    // whether it stands there: where only a part is shown
    stands: (part) => pane.classList.toggle("mapped", part && pane.clientWidth >= WIDE),
    frames: (at) => {
      const size = { x: at.x, y: at.y, width: at.w, height: at.h };
      for (const [each, value] of Object.entries(size)) frame.setAttribute(each, value);
    },
  };
};
