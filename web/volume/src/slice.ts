// A slice of a volume as red, green, blue and opacity.

import type { Volume } from "./data";

export interface Picture {
  width: number;
  height: number;
  pixels: Uint8ClampedArray<ArrayBuffer>;
}

// Axes by number, as in a volume's shape: 0 is z, 1 is y, 2 is x.
export function across(normal: number): [down: number, right: number] {
  return normal === 0 ? [1, 2] : normal === 1 ? [0, 2] : [0, 1];
}

export function slice(volume: Volume, normal: number, at: number, shown?: boolean[]): Picture {
  const [down, right] = across(normal);
  const strides = [volume.shape[1] * volume.shape[2], volume.shape[2], 1];
  const [height, width] = [volume.shape[down], volume.shape[right]];
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let row = 0, pixel = 0; row < height; row++) {
    let cell = at * strides[normal] + row * strides[down];
    for (let column = 0; column < width; column++, pixel += 4, cell += strides[right]) {
      const value = volume.cells[cell];
      pixels[pixel] = volume.palette[3 * value];
      pixels[pixel + 1] = volume.palette[3 * value + 1];
      pixels[pixel + 2] = volume.palette[3 * value + 2];
      pixels[pixel + 3] = !shown || shown[value] ? 255 : 0;
    }
  }
  return { width, height, pixels };
}
