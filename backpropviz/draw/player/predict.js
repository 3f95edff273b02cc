// Asks about a step of the backward pass before it is shown. The questions are those of `backpropviz quiz`.
const predicting = (asked, part, make, shown) => {
  const score = { right: 0, asked: 0 };
  let on = false;
  part("predict").hidden = !asked.questions.length;
  const lines = (places) => places.map((place) => asked.lines[place]);

  // the terms that meet at the inputs belong to no step
  const of = (frame) => {
    if (frame.pass !== "backward" || !frame.step) return [];
    return asked.questions.filter((each) => each.step === (frame.step === "0" ? "" : frame.step));
  };
  const open = (frame) => on && of(frame).some((each) => !each.told);

  // A number as people write it: 0.5, .5, 0,5, 1/2, 5e-1.
  const readNumber = (reply) => {
    let text = reply.replace(/ /g, "").replace(/\u2212/g, "-");
    if (text.split(",").length === 2 && !text.includes(".")) text = text.replace(",", ".");
    const [top, bottom] = text.split("/");
    const plain = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
    if (!plain.test(top) || (bottom !== undefined && (!plain.test(bottom) || !Number(bottom)))) return null;
    return Number(top) / (bottom === undefined ? 1 : Number(bottom));
  };

  // A shape in any usual notation: (4, 3), 4x3, 4 by 3, N, D, like w, scalar.
  const readShape = (reply, question) => {
    let text = reply.trim().replace(/^shape of /, "").replace(/^like /, "").replace(/\.shape$/, "");
    if (Object.hasOwn(asked.shapes, text) && !question.unsaid.includes(text)) return asked.shapes[text];
    if (["()", "[]", "scalar", "number", "a number", "a single number"].includes(text.toLowerCase())) return [];
    text = text.replace(/\bby\b|[()[\],;*\u00d7]|(?<=[\d\s])x(?=[\d\s])/g, " ");
    const words = text.split(/\s+/).filter(Boolean);
    const sizes = words.map((word) => (Object.hasOwn(asked.sizes, word) ? asked.sizes[word] : word));
    return words.length && sizes.every((size) => /^\d+$/.test(size)) ? sizes.map(Number) : null;
  };

  const read = (question, reply) => (question.kind === "shape" ? readShape(reply, question) : readNumber(reply));
  const alike = (question, found, value) => {
    if (question.kind === "number") return Math.abs(found - value) <= 0.005 + 0.01 * Math.abs(value);
    return String(found) === String(value);
  };

  // `found` is a shape, a number, or the place of a choice; null where the answer is to be told.
  const answered = (question, found, reply) => {
    const known = found !== null;
    const right = known && alike(question, found, question.value);
    score.asked += 1;
    score.right += right ? 1 : 0;
    const slip = known && !right && question.slips.find(([value]) => alike(question, found, value));
    const said = right ? "Right: " : known ? "Not " + reply + ", but " : "It is ";
    question.told = { right, lines: [said + question.answer + ".", ...lines(slip ? [slip[1]] : []), ...lines(question.explanation)] };
    part("score").textContent = score.right + " of " + score.asked + " right";
    shown();
  };

  const HELP = { shape: "a shape, such as (4, 3)", number: "a number, such as 0.25" };
  const form = (question) => {
    const box = make("div", undefined, "asks");
    for (const line of lines(question.given)) box.append(make("pre", line));
    const text = make("p", question.text);
    text.id = "player-question";
    box.append(text);
    const button = (label, action) => {
      const made = make("button", label);
      made.type = "button";
      made.addEventListener("click", action);
      return made;
    };
    if (question.choices.length) {
      question.choices.forEach((choice, at) => {
        box.append(button(choice, () => answered(question, at, choice)));
      });
    } else {
      const field = make("input");
      field.type = "text";
      field.autocomplete = "off";
      field.setAttribute("aria-labelledby", "player-question");
      field.placeholder = HELP[question.kind];
      const help = make("p", "", "help");
      help.setAttribute("role", "alert");
      const answer = () => {
        const found = read(question, field.value);
        if (found === null) help.textContent = "That is not " + HELP[question.kind] + ".";
        else answered(question, found, field.value.trim());
      };
      field.addEventListener("keydown", (event) => { if (event.key === "Enter") answer(); });
      box.append(field, button("answer", answer), help);
    }
    box.append(button("tell me", () => answered(question, null)));
    return box;
  };

  // What stands in the place of the answer: what was asked and told already, and the next question.
  const ask = (frame) => {
    const questions = on ? of(frame) : [];
    const parts = [];
    for (const question of questions) {
      if (!question.told) {
        parts.push(form(question));
        break;
      }
      const box = make("div", undefined, question.told.right ? "told right" : "told wrong");
      box.append(make("p", question.text), ...question.told.lines.map((line) => make("p", line)));
      parts.push(box);
    }
    part("questions").replaceChildren(...parts);
    const field = part("questions").querySelector(".asks input, .asks button");
    if (field) field.focus({ preventScroll: true });
    return open(frame);
  };

  part("predict").addEventListener("click", () => {
    on = !on;
    part("predict").setAttribute("aria-pressed", String(on));
    shown();
  });
  return { ask, hides: (own) => on && /^(backward|inner|sum)_/.test(own) };
};
