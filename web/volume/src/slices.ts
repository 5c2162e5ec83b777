// The three slices with their sliders; pressing on a slice moves the other two.

import { type Triple, type Volume } from "./data";
import { make, once } from "./dom";
import { across, slice } from "./slice";
import type { State } from "./state";

const AXES = ["z", "y", "x"];

export function slices(volume: Volume, state: State): HTMLElement {
  const panels = [0, 1, 2].map((normal) => panel(volume, state, normal));
  return make("div", { class: "volume-slices" }, ...panels);
}

function panel(volume: Volume, state: State, normal: number): HTMLElement {
  const [down, right] = across(normal);
  const axis = AXES[normal];
  const last = volume.shape[normal] - 1;
  const canvas = make("canvas", {
    width: String(volume.shape[right]),
    height: String(volume.shape[down]),
    role: "img",
  });
  const ratio = volume.size[right] / volume.size[down];
  const level = make("span", { class: `level ${AXES[down]}` });
  const upright = make("span", { class: `upright ${AXES[right]}` });
  const style = `--ratio:${ratio};aspect-ratio:${ratio}`;
  const frame = make("div", { class: "volume-slice", style }, canvas, level, upright);
  const slider = make("input", { type: "range", min: "0", max: String(last), step: "1" });
  const output = make("output");
  const label = make("label", {}, make("b", { class: axis }, axis), slider, output);
  slider.setAttribute("aria-label", `Slice along ${axis}`);

  const draw = (): void => {
    const at = state.at[normal];
    const picture = slice(volume, normal, at);
    const context = canvas.getContext("2d");
    context?.putImageData(new ImageData(picture.pixels, picture.width, picture.height), 0, 0);
    const words = place(volume, normal, at);
    canvas.setAttribute("aria-label", `Slice at ${axis} = ${words}`);
    slider.value = String(at);
    slider.setAttribute("aria-valuetext", words);
    output.textContent = words;
    level.style.top = `${(100 * (state.at[down] + 0.5)) / volume.shape[down]}%`;
    upright.style.left = `${(100 * (state.at[right] + 0.5)) / volume.shape[right]}%`;
  };
  const move = (axisNumber: number, value: number): void => {
    const at: Triple = [...state.at];
    at[axisNumber] = Math.min(volume.shape[axisNumber] - 1, Math.max(0, Math.floor(value)));
    state.change({ at });
  };
  slider.addEventListener("input", () => move(normal, Number(slider.value)));
  const follow = (event: PointerEvent): void => {
    const box = frame.getBoundingClientRect();
    move(right, ((event.clientX - box.left) / box.width) * volume.shape[right]);
    move(down, ((event.clientY - box.top) / box.height) * volume.shape[down]);
  };
  frame.addEventListener("pointerdown", (event) => {
    frame.setPointerCapture(event.pointerId);
    follow(event);
  });
  frame.addEventListener("pointermove", (event) => {
    if (frame.hasPointerCapture(event.pointerId)) follow(event);
  });
  state.listen(once(draw));
  draw();
  return make("div", {}, frame, label);
}

function place(volume: Volume, axis: number, at: number): string {
  const length = ((at + 0.5) * volume.size[axis]) / volume.shape[axis];
  return volume.unit === "voxels"
    ? `voxel ${Math.floor(length)}`
    : `${Number(length.toPrecision(4))} ${volume.unit}`;
}
