// Turning and zooming: by pointer, by wheel once the picture has been pressed, by keys.

export interface Pose {
  azimuth: number; // degrees
  elevation: number;
  zoom: number;
}

const START: Pose = { azimuth: 38, elevation: 27, zoom: 1 };
const DEGREES = 0.4; // a pixel
const STEP = 6; // degrees a key
const CLOSER = 1.15;

export class Turn {
  pose: Pose = { ...START };

  constructor(
    private readonly element: HTMLElement,
    private readonly changed: () => void,
  ) {
    element.addEventListener("pointerdown", (event) => element.setPointerCapture(event.pointerId));
    element.addEventListener("pointermove", (event) => {
      if (!element.hasPointerCapture(event.pointerId)) return;
      this.by(-DEGREES * event.movementX, DEGREES * event.movementY);
    });
    element.addEventListener("dblclick", () => this.reset());
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    element.addEventListener("keydown", (event) => this.key(event));
  }

  by(azimuth: number, elevation: number): void {
    this.pose.azimuth += azimuth;
    this.pose.elevation = Math.min(89, Math.max(-89, this.pose.elevation + elevation));
    this.changed();
  }

  closer(factor: number): void {
    this.pose.zoom = Math.min(12, Math.max(0.4, this.pose.zoom * factor));
    this.changed();
  }

  reset(): void {
    this.pose = { ...START };
    this.changed();
  }

  private wheel(event: WheelEvent): void {
    if (document.activeElement !== this.element) return; // the page scrolls
    event.preventDefault();
    this.closer(Math.exp(-event.deltaY / (event.deltaMode === 0 ? 500 : 15)));
  }

  private key(event: KeyboardEvent): void {
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.by(STEP, 0),
      ArrowRight: () => this.by(-STEP, 0),
      ArrowUp: () => this.by(0, STEP),
      ArrowDown: () => this.by(0, -STEP),
      "+": () => this.closer(CLOSER),
      "-": () => this.closer(1 / CLOSER),
      "0": () => this.reset(),
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  }

  buttons(): [name: string, sign: string, action: () => void][] {
    return [
      ["Zoom in", "+", () => this.closer(CLOSER)],
      ["Zoom out", "−", () => this.closer(1 / CLOSER)],
      ["Reset the view", "⟲", () => this.reset()],
    ];
  }
}
