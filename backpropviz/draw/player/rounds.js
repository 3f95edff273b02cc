// A loop that is drawn by one round: a slider leads through the others.
const looping = (rounds, part, make, shown) => {
  const bare = (frame) => frame.step.replace(/\[[^\]]*\]/g, "");
  let chosen = null; // the number of the round, the same for all steps
  const range = make("input");
  Object.assign(range, { type: "range", min: 0, step: 1 });
  range.setAttribute("aria-label", "round of the loop");
  const said = make("output");
  const note = make("small");
  const label = make("label", "round ");
  label.append(range, said);
  part("round").append(label, note);
  range.addEventListener("keydown", (event) => event.stopPropagation());
  range.addEventListener("input", () => { chosen = Number(range.value); shown(); });

  // The names of the arrays of a step in the round that is chosen; null where there is nothing to choose.
  const names = (frame) => {
    const its = rounds[bare(frame)];
    part("round").hidden = !its;
    if (!its) return null;
    const drawn = its.labels.indexOf(frame.step);
    const at = Math.min(chosen ?? drawn, its.labels.length - 1);
    range.max = its.labels.length - 1;
    range.value = at;
    range.setAttribute("aria-valuetext", its.said[at]);
    said.textContent = its.said[at];
    note.textContent = at === drawn ? "" : "The drawing and the formulas say the names of " + its.said[drawn] + ".";
    return at === drawn ? null : its[frame.pass][at];
  };
  return { names };
};
