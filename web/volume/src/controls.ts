// Which phases are shown, and where the box is cut open.

import type { Volume } from "./data";
import { make } from "./dom";
import type { Cut, State } from "./state";

const CUTS: [Cut, string][] = [
  ["corner", "corner up to the slices"],
  ["z", "at the slice z"],
  ["y", "at the slice y"],
  ["x", "at the slice x"],
  ["none", "nowhere"],
];

export function controls(volume: Volume, state: State, viewButtons: [string, string, () => void][]): HTMLElement {
  const panel = make("div", { class: "volume-controls" });
  if (volume.phases.length > 1) panel.append(phases(volume, state));
  const choice = make("select", {}, ...CUTS.map(([value, words]) => make("option", { value }, words)));
  choice.value = state.cut;
  choice.addEventListener("change", () => state.change({ cut: choice.value as Cut }));
  const flip = make("input", { type: "checkbox" });
  flip.addEventListener("change", () => state.change({ otherSide: flip.checked }));
  const buttons = viewButtons.map(([name, sign, action]) => {
    const button = make("button", { type: "button", "aria-label": name, title: name }, sign);
    button.addEventListener("click", action);
    return button;
  });
  panel.append(
    make("label", { class: "cut" }, "Cut open ", choice),
    make("label", {}, flip, "from the other side"),
    make("div", { class: "buttons", role: "group", "aria-label": "View" }, ...buttons),
  );
  return panel;
}

function phases(volume: Volume, state: State): HTMLElement {
  const boxes = volume.phases.map((phase, number) => {
    const box = make("input", { type: "checkbox" });
    box.checked = state.shown[number];
    box.addEventListener("change", () => {
      state.change({ shown: state.shown.map((was, other) => (other === number ? box.checked : was)) });
    });
    const swatch = make("i", { style: `background:${phase.colour}` });
    const share = make("small", {}, `${(100 * phase.share).toFixed(1)} %`);
    return make("label", {}, box, swatch, make("span", {}, phase.name), share);
  });
  return make("fieldset", {}, make("legend", {}, "Shown in space"), ...boxes);
}
