// What a page embeds for one viewer, and how it is unpacked.

export type Triple = [number, number, number]; // along z, y, x

export interface Phase {
  name: string;
  colour: string;
  share: number;
  shown: boolean;
}

interface Packed {
  shape: Triple;
  size: Triple;
  unit: string;
  phases: Phase[];
  palette: string; // base64 of three bytes an entry
  cells: string; // base64 of a zlib stream, a byte a cell
  differences: boolean; // each byte but a row's first is the difference to the one before it
}

export interface Volume {
  shape: Triple;
  size: Triple;
  unit: string;
  phases: Phase[];
  palette: Uint8Array;
  cells: Uint8Array;
}

export async function unpack(text: string): Promise<Volume> {
  const packed = JSON.parse(text) as Packed;
  const [depth, height, width] = packed.shape;
  const stream = new Blob([bytes(packed.cells)])
    .stream()
    .pipeThrough(new DecompressionStream("deflate"));
  const cells = new Uint8Array(await new Response(stream).arrayBuffer());
  if (cells.length !== depth * height * width) {
    throw new Error(`${cells.length} cells in a volume of ${packed.shape.join(" × ")}`);
  }
  if (packed.differences) {
    for (let at = 0; at < cells.length; at++) {
      if (at % width) cells[at] += cells[at - 1];
    }
  }
  return { ...packed, palette: bytes(packed.palette), cells };
}

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
