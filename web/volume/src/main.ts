// Viewers of volumes in a page: each is built when it is scrolled into sight.

import { controls } from "./controls";
import { unpack, type Volume } from "./data";
import { make, once } from "./dom";
import { Box } from "./scene";
import { slices } from "./slices";
import { State } from "./state";
import { net } from "./surface";
import { Turn } from "./turn";

const HINT = "Drag to turn. Press it, then the wheel zooms; or use the arrow keys, + and −.";
const NO_WEBGL = "This browser has no WebGL, so the picture in space stands still.";

async function build(root: HTMLElement): Promise<void> {
  const volume = await unpack(root.querySelector("script")?.textContent ?? "");
  const middle = volume.shape.map((n) => Math.floor(n / 2));
  const shown = volume.phases.map((phase) => phase.shown);
  const state = new State([middle[0], middle[1], middle[2]], shown, "corner", false);
  const still = root.querySelector<HTMLElement>(".volume-still");
  const note = root.querySelector<HTMLElement>(".volume-note");
  if (!still || !note) throw new Error("a viewer without its picture or its note");
  const canvas = make("canvas", { tabindex: "0", role: "application" });
  canvas.setAttribute("aria-label", `${root.dataset.title ?? ""}. ${HINT}`);
  let box: Box | null = null;
  try {
    box = new Box(canvas, volume, state);
  } catch {
    note.textContent = NO_WEBGL;
  }
  still.after(slices(volume, state));
  if (box) space(root, still, note, canvas, box, volume, state);
  root.dataset.state = box ? "live" : "still";
}

function space(
  root: HTMLElement,
  still: HTMLElement,
  note: HTMLElement,
  canvas: HTMLCanvasElement,
  box: Box,
  volume: Volume,
  state: State,
): void {
  note.textContent = HINT;
  const [x, y, z] = ["x", "y", "z"].map((axis) => make("span", { class: "axis", "aria-hidden": "true" }, axis));
  const frame = make("div", { class: "volume-frame" }, canvas, x, y, z);
  const draw = once(() => {
    if (!frame.clientWidth) return;
    box.render(turn.pose, frame.clientWidth, frame.clientHeight, getComputedStyle(root).getPropertyValue("--soft"));
    put(x, box.project(0.5, 1.07, 1.07));
    put(y, box.project(1.07, 0.5, 1.07));
    put(z, box.project(-0.07, 1.07, 0.5));
  });
  const turn = new Turn(canvas, draw);
  state.listen(once(() => {
    box.update();
    draw();
  }));
  const left = make("div", {}, frame, note);
  still.replaceWith(make("div", { class: "volume-space" }, left, controls(volume, state, turn.buttons())));
  new ResizeObserver(draw).observe(frame);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

function put(mark: HTMLElement, { left, top }: { left: number; top: number }): void {
  mark.style.left = `${100 * left}%`;
  mark.style.top = `${100 * top}%`;
}

const sight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      sight.unobserve(target);
      build(target as HTMLElement).catch((error: unknown) => console.error("volume viewer:", error));
    }
  },
  { rootMargin: "300px" },
);
for (const root of document.querySelectorAll<HTMLElement>(".volume")) sight.observe(root);

// For the tests, which count what a surface is made of.
Object.assign(globalThis, { pearliteVolume: { net, unpack } });
