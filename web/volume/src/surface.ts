// The surfaces between all phases at once, as quads: surface nets (Gibson, MICCAI 1998) of many
// labels (Frisken, Journal of Computer Graphics Techniques 11, 2022).
//
// A corner stands where eight voxels meet that are not all alike; a quad between two unlike voxels.
// Corners start on the lattice and are smoothed there and back (Taubin, SIGGRAPH 1995), each held
// within half a voxel, so that nothing appears or vanishes. Places are in voxels, x before y before
// z; 0 is one face of the box. Corners on a face of the box stay there.

import type { Triple } from "./data";

const ROUNDS = 12;
const STEPS = [0.5, -0.53];
const REACH = 0.5;

export interface Net {
  corners: Float32Array; // x, y, z of each
  quads: Uint32Array; // four corners each, anticlockwise as seen from the far voxel
  near: Uint8Array; // label of the voxel on the side of lower x, y or z
  far: Uint8Array;
}

export function net(cells: Uint8Array, [depth, height, width]: Triple): Net {
  const strides = [1, width, width * height];
  const sides = [width, height, depth];
  const lattice = [1, width + 1, (width + 1) * (height + 1)];
  const place = new Int32Array((width + 1) * (height + 1) * (depth + 1)).fill(-1);
  const positions: number[] = [];
  const total = count(cells, sides, strides);
  const quads = new Uint32Array(4 * total);
  const near = new Uint8Array(total);
  const far = new Uint8Array(total);
  let made = 0;

  const corner = (at: number): number => {
    if (place[at] < 0) {
      place[at] = positions.length / 3;
      const x = at % lattice[1];
      const rest = (at - x) / lattice[1];
      const y = rest % (height + 1);
      positions.push(x, y, (rest - y) / (height + 1));
    }
    return place[at];
  };

  for (let z = 0, at = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        const here = [x, y, z];
        for (let axis = 0; axis < 3; axis++) {
          if (here[axis] + 1 >= sides[axis]) continue;
          const label = cells[at];
          const next = cells[at + strides[axis]];
          if (label === next) continue;
          const [first, second] = [lattice[(axis + 1) % 3], lattice[(axis + 2) % 3]];
          const from = x + y * lattice[1] + z * lattice[2] + lattice[axis];
          quads[4 * made] = corner(from);
          quads[4 * made + 1] = corner(from + first);
          quads[4 * made + 2] = corner(from + first + second);
          quads[4 * made + 3] = corner(from + second);
          near[made] = label;
          far[made++] = next;
        }
      }
    }
  }
  const corners = Float32Array.from(positions);
  smooth(corners, quads, sides);
  return { corners, quads, near, far };
}

function count(cells: Uint8Array, sides: number[], strides: number[]): number {
  let unlike = 0;
  for (let axis = 0; axis < 3; axis++) {
    const stride = strides[axis];
    for (let at = 0; at + stride < cells.length; at++) {
      if (cells[at] !== cells[at + stride] && Math.floor(at / stride) % sides[axis] < sides[axis] - 1) {
        unlike++;
      }
    }
  }
  return unlike;
}

function smooth(corners: Float32Array, quads: Uint32Array, sides: number[]): void {
  const start = corners.slice();
  const sums = new Float32Array(corners.length);
  const counts = new Float32Array(corners.length / 3);
  for (let round = 0; round < 2 * ROUNDS; round++) {
    sums.fill(0);
    counts.fill(0);
    for (let at = 0; at < quads.length; at++) {
      const here = quads[at];
      const next = quads[at % 4 === 3 ? at - 3 : at + 1];
      counts[here]++;
      counts[next]++;
      for (let axis = 0; axis < 3; axis++) {
        sums[3 * here + axis] += corners[3 * next + axis];
        sums[3 * next + axis] += corners[3 * here + axis];
      }
    }
    for (let at = 0; at < corners.length; at++) {
      const side = sides[at % 3];
      if (start[at] === 0 || start[at] === side) continue;
      const mean = sums[at] / counts[Math.floor(at / 3)];
      const moved = corners[at] + STEPS[round % 2] * (mean - corners[at]);
      corners[at] = Math.min(start[at] + REACH, Math.max(start[at] - REACH, moved));
    }
  }
}
