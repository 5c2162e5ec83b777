// What the controls of one viewer say; whoever draws asks to be told of changes.

import type { Triple } from "./data";

export type Cut = "none" | "z" | "y" | "x" | "corner";

export class State {
  private readonly listeners: (() => void)[] = [];

  constructor(
    public at: Triple, // the slices' numbers
    public shown: boolean[],
    public cut: Cut,
    public otherSide: boolean,
  ) {}

  listen(listener: () => void): void {
    this.listeners.push(listener);
  }

  change(changes: Partial<Pick<State, "at" | "shown" | "cut" | "otherSide">>): void {
    Object.assign(this, changes);
    for (const listener of this.listeners) listener();
  }
}
