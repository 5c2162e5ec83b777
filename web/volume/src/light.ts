// Which surfaces are seen when some phases are hidden, how they lie, and how deep.

import type { Triple } from "./data";
import type { Net } from "./surface";

const EVEN = 3; // times that directions are averaged with their neighbours
const AROUND = 0.05; // of the longest side: the surroundings that darken

export interface Seen {
  indices: Uint32Array; // triangles, phase after phase
  groups: { start: number; count: number; phase: number }[];
  normals: Float32Array;
  open: Uint8Array; // three alike bytes a corner: 255 where nothing is near
}

export function seen(net: Net, cells: Uint8Array, shape: Triple, shown: boolean[]): Seen {
  const counts = shown.map(() => 0);
  const total = net.near.length;
  for (let quad = 0; quad < total; quad++) {
    if (shown[net.near[quad]] !== shown[net.far[quad]]) counts[side(net, quad, shown)]++;
  }
  const groups: Seen["groups"] = [];
  const next: number[] = [];
  let start = 0;
  counts.forEach((count, phase) => {
    next.push(start);
    if (count) groups.push({ start, count: 6 * count, phase });
    start += 6 * count;
  });
  const indices = new Uint32Array(start);
  for (let quad = 0; quad < total; quad++) {
    if (shown[net.near[quad]] === shown[net.far[quad]]) continue;
    const phase = side(net, quad, shown);
    const [a, b, c, d] = net.quads.subarray(4 * quad, 4 * quad + 4);
    indices.set(shown[net.near[quad]] ? [a, b, c, a, c, d] : [a, c, b, a, d, c], next[phase]);
    next[phase] += 6;
  }
  const normals = slopes(net.corners, indices);
  for (let time = 0; time < EVEN; time++) average(normals, indices);
  return { indices, groups, normals, open: openness(net.corners, normals, cells, shape, shown) };
}

function side(net: Net, quad: number, shown: boolean[]): number {
  return shown[net.near[quad]] ? net.near[quad] : net.far[quad];
}

function slopes(corners: Float32Array, indices: Uint32Array): Float32Array {
  const normals = new Float32Array(corners.length);
  const [u, v] = [new Float32Array(3), new Float32Array(3)];
  for (let at = 0; at < indices.length; at += 3) {
    const [a, b, c] = [3 * indices[at], 3 * indices[at + 1], 3 * indices[at + 2]];
    for (let axis = 0; axis < 3; axis++) {
      u[axis] = corners[b + axis] - corners[a + axis];
      v[axis] = corners[c + axis] - corners[a + axis];
    }
    for (let axis = 0; axis < 3; axis++) {
      const [i, j] = [(axis + 1) % 3, (axis + 2) % 3];
      const across = u[i] * v[j] - u[j] * v[i];
      normals[a + axis] += across;
      normals[b + axis] += across;
      normals[c + axis] += across;
    }
  }
  return unit(normals);
}

function average(normals: Float32Array, indices: Uint32Array): void {
  const sums = normals.slice();
  for (let at = 0; at < indices.length; at += 3) {
    const [a, b, c] = [3 * indices[at], 3 * indices[at + 1], 3 * indices[at + 2]];
    for (let axis = 0; axis < 3; axis++) {
      const [u, v, w] = [normals[a + axis], normals[b + axis], normals[c + axis]];
      sums[a + axis] += v + w;
      sums[b + axis] += u + w;
      sums[c + axis] += u + v;
    }
  }
  normals.set(unit(sums));
}

function unit(vectors: Float32Array): Float32Array {
  for (let at = 0; at < vectors.length; at += 3) {
    const length = Math.hypot(vectors[at], vectors[at + 1], vectors[at + 2]) || 1;
    for (let axis = 0; axis < 3; axis++) vectors[at + axis] /= length;
  }
  return vectors;
}

function openness(
  corners: Float32Array,
  normals: Float32Array,
  cells: Uint8Array,
  shape: Triple,
  shown: boolean[],
): Uint8Array {
  const [depth, height, width] = shape;
  const reach = Math.max(1, Math.floor(AROUND * Math.max(...shape)));
  const crowd = Float32Array.from(cells, (label) => (shown[label] ? 1 : 0));
  for (let pass = 0; pass < 2; pass++) {
    blur(crowd, width, 1, reach);
    blur(crowd, height, width, reach);
    blur(crowd, depth, width * height, reach);
  }
  const open = new Uint8Array(corners.length);
  for (let at = 0; at < corners.length; at += 3) {
    const [x, y, z] = [0, 1, 2].map((axis) => Math.floor(corners[at + axis] + reach * normals[at + axis]));
    const inside = x >= 0 && y >= 0 && z >= 0 && x < width && y < height && z < depth;
    const filled = inside ? crowd[(z * height + y) * width + x] : 0;
    open.fill(255 * (1 - Math.min(0.8, Math.max(0, 1.25 * (filled - 0.08)))), at, at + 3);
  }
  return open;
}

// The mean of 2 reach + 1 values along an axis; outside there is nothing.
function blur(values: Float32Array, side: number, stride: number, reach: number): void {
  const line = new Float32Array(side);
  const window = 2 * reach + 1;
  const block = side * stride;
  for (let outer = 0; outer < values.length; outer += block) {
    for (let inner = outer; inner < outer + stride; inner++) {
      let sum = 0;
      for (let at = 0; at < side; at++) line[at] = values[inner + at * stride];
      for (let at = 0; at < Math.min(reach, side); at++) sum += line[at];
      for (let at = 0; at < side; at++) {
        if (at + reach < side) sum += line[at + reach];
        if (at - reach > 0) sum -= line[at - reach - 1];
        values[inner + at * stride] = sum / window;
      }
    }
  }
}
