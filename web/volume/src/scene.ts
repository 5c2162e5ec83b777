// The box in space: surfaces of the phases that are shown, slices on its faces and cuts.

import {
  BufferAttribute, BufferGeometry, DataTexture, DirectionalLight, DoubleSide, Group,
  HemisphereLight, LinearFilter, LineBasicMaterial, LineSegments, Matrix4, Mesh,
  MeshLambertMaterial, MeshPhongMaterial, NearestFilter, PerspectiveCamera, Plane, Scene,
  SRGBColorSpace, Vector3, WebGLRenderer,
} from "three";

import type { Volume } from "./data";
import { seen } from "./light";
import { across, slice } from "./slice";
import type { State } from "./state";
import { type Net, net } from "./surface";
import type { Pose } from "./turn";

const FIELD = 22; // degrees
const CLOSE = 1; // of the distance at which the sphere around the box fits
const FACES = 0.18; // of white in the colours of faces and cuts, which tells them from surfaces

// A plane across an axis, in voxels; what lies on the side of its sign is kept.
interface Side {
  axis: number;
  at: number;
  sign: number;
}

export class Box {
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(FIELD, 1, 0.1, 100);
  private readonly lamp = new DirectionalLight(0xffffff, 2);
  private readonly group = new Group(); // in voxels, x, y, z
  private readonly faces = new Group();
  private readonly surface = new BufferGeometry();
  private readonly materials: MeshPhongMaterial[];
  private readonly lines = new LineBasicMaterial();
  private readonly net: Net | null = null;
  private readonly half: number; // the sphere around the box
  private readonly renderer: WebGLRenderer;
  private drawn = ""; // the phases that the surface was made for

  constructor(canvas: HTMLCanvasElement, private readonly volume: Volume, private readonly state: State) {
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true, preserveDrawingBuffer: true });
    this.renderer.localClippingEnabled = true;
    const longest = Math.max(...volume.size);
    const [depth, height, width] = volume.size.map((length) => length / longest);
    const [cz, cy, cx] = volume.shape.map((n, axis) => volume.size[axis] / longest / n);
    // Plane 0 lies on top, x runs to the right, y to the viewer.
    this.group.matrixAutoUpdate = false;
    this.group.matrix.copy(
      new Matrix4().set(cx, 0, 0, -width / 2, 0, 0, -cz, depth / 2, 0, cy, 0, -height / 2, 0, 0, 0, 1),
    );
    this.half = Math.hypot(width, height, depth) / 2;
    this.materials = volume.phases.map(
      (phase) => new MeshPhongMaterial({ color: phase.colour, vertexColors: true, side: DoubleSide, specular: 0x2c2c2c, shininess: 32 }),
    );
    if (volume.phases.length > 1) {
      this.net = net(volume.cells, volume.shape);
      this.surface.setAttribute("position", new BufferAttribute(this.net.corners, 3));
      const mesh = new Mesh(this.surface, this.materials);
      mesh.frustumCulled = false;
      this.group.add(mesh);
    }
    this.group.add(this.faces, new LineSegments(this.edges(), this.lines));
    this.scene.add(this.group, new HemisphereLight(0xffffff, 0xb0b0b0, 1.75), this.lamp);
    this.update();
  }

  update(): void {
    const shown = this.state.shown.join();
    if (this.net && shown !== this.drawn) this.showSurfaces(this.net);
    this.drawn = shown;
    this.showFaces();
  }

  render(pose: Pose, width: number, height: number, ink: string): void {
    this.renderer.setPixelRatio(Math.min(2, devicePixelRatio));
    this.renderer.setSize(width, height, false);
    this.lines.color.set(ink);
    const [a, e] = [(pose.azimuth * Math.PI) / 180, (pose.elevation * Math.PI) / 180];
    const far = (CLOSE * this.half) / Math.sin(((FIELD / 2) * Math.PI) / 180) / pose.zoom;
    const toward = new Vector3(Math.cos(e) * Math.sin(a), Math.sin(e), Math.cos(e) * Math.cos(a));
    this.camera.aspect = width / height;
    this.camera.zoom = Math.min(1, this.camera.aspect);
    this.camera.near = Math.max(0.01, far - 2 * this.half);
    this.camera.far = far + 2 * this.half;
    this.camera.position.copy(toward).multiplyScalar(far);
    this.camera.lookAt(0, 0, 0);
    this.camera.updateProjectionMatrix();
    // The lamp stands at the viewer's left shoulder.
    this.lamp.position.set(Math.sin(a - 0.75), Math.max(0.25, Math.sin(e) + 0.75), Math.cos(a - 0.75));
    this.renderer.render(this.scene, this.camera);
  }

  // Where a place of the box, in shares of it along x, y, z, is drawn: shares of the picture.
  project(x: number, y: number, z: number): { left: number; top: number } {
    const [depth, height, width] = this.volume.shape;
    const at = new Vector3(x * width, y * height, z * depth).applyMatrix4(this.group.matrix).project(this.camera);
    return { left: (at.x + 1) / 2, top: (1 - at.y) / 2 };
  }

  private showSurfaces(surfaces: Net): void {
    const made = seen(surfaces, this.volume.cells, this.volume.shape, this.state.shown);
    this.surface.setIndex(new BufferAttribute(made.indices, 1));
    this.surface.setAttribute("normal", new BufferAttribute(made.normals, 3));
    this.surface.setAttribute("color", new BufferAttribute(made.open, 3, true));
    this.surface.clearGroups();
    for (const { start, count, phase } of made.groups) this.surface.addGroup(start, count, phase);
  }

  private cuts(): Side[] {
    const named = { none: [], z: [0], y: [1], x: [2], corner: [0, 1, 2] }[this.state.cut];
    return named.map((axis) => {
      const upward = (axis === 0) === this.state.otherSide;
      return { axis, at: this.state.at[axis] + 0.5, sign: upward ? -1 : 1 };
    });
  }

  private showFaces(): void {
    const cuts = this.cuts();
    const planes = cuts.map(({ axis, at, sign }) => {
      const normal = new Vector3().setComponent(2 - axis, sign);
      return new Plane(normal, -sign * at).applyMatrix4(this.group.matrix);
    });
    for (const material of this.materials) {
      material.clippingPlanes = planes;
      material.clipIntersection = true;
    }
    for (const old of this.faces.children as Mesh<BufferGeometry, MeshLambertMaterial>[]) {
      old.geometry.dispose();
      old.material.map?.dispose();
      old.material.dispose();
    }
    this.faces.clear();
    for (let axis = 0; axis < 3; axis++) {
      const last = this.volume.shape[axis] - 1;
      const [low, high] = [{ axis, at: 0, sign: 1 }, { axis, at: last + 1, sign: -1 }];
      this.faces.add(this.face(low, 0, [], planes), this.face(high, last, [], planes));
    }
    for (const cut of cuts) this.faces.add(this.face(cut, Math.floor(cut.at), cuts, []));
  }

  // A slice as a rectangle: the whole of it, or what of it the other cuts lay open.
  private face({ axis, at, sign }: Side, index: number, cuts: Side[], planes: Plane[]): Mesh {
    const [down, right] = across(axis);
    const ends = [0, 1, 2].map((other) => {
      const cut = cuts.find((one) => one.axis === other);
      const side = this.volume.shape[other];
      return !cut ? [0, side] : cut.sign < 0 ? [cut.at, side] : [0, cut.at];
    });
    const positions: number[] = [];
    const places: number[] = [];
    for (const [d, r] of [[0, 0], [0, 1], [1, 1], [1, 0]]) {
      const point = [at, at, at];
      point[down] = ends[down][d];
      point[right] = ends[right][r];
      positions.push(point[2], point[1], point[0]);
      places.push(point[right] / this.volume.shape[right], point[down] / this.volume.shape[down]);
    }
    const outward = [0, 0, 0];
    outward[2 - axis] = -sign;
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(Float32Array.from(positions), 3));
    geometry.setAttribute("normal", new BufferAttribute(Float32Array.from([...outward, ...outward, ...outward, ...outward]), 3));
    geometry.setAttribute("uv", new BufferAttribute(Float32Array.from(places), 2));
    const upward = axis === 1 ? -1 : 1; // which way the four places turn
    geometry.setIndex(sign !== upward ? [0, 1, 2, 0, 2, 3] : [0, 2, 1, 0, 3, 2]);
    const material = new MeshLambertMaterial({
      map: this.texture(axis, index), side: DoubleSide, alphaTest: 0.5, clippingPlanes: planes, clipIntersection: true,
    });
    return new Mesh(geometry, material);
  }

  private texture(axis: number, index: number): DataTexture {
    const labelled = this.volume.phases.length > 0;
    const picture = slice(this.volume, axis, index, labelled ? this.state.shown : undefined);
    if (labelled && !this.state.shown.every(Boolean)) {
      picture.pixels.forEach((value, at) => {
        if (at % 4 !== 3) picture.pixels[at] = value + FACES * (255 - value);
      });
    }
    const texture = new DataTexture(new Uint8Array(picture.pixels.buffer), picture.width, picture.height);
    texture.colorSpace = SRGBColorSpace;
    texture.magFilter = NearestFilter;
    texture.minFilter = LinearFilter;
    texture.needsUpdate = true;
    return texture;
  }

  private edges(): BufferGeometry {
    const [depth, height, width] = this.volume.shape;
    const points: number[] = [];
    for (let axis = 0; axis < 3; axis++) {
      for (const [a, b] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
        for (const end of [0, 1]) {
          const corner = [0, 0, 0];
          corner[axis] = end;
          corner[(axis + 1) % 3] = a;
          corner[(axis + 2) % 3] = b;
          points.push(corner[0] * width, corner[1] * height, corner[2] * depth);
        }
      }
    }
    return new BufferGeometry().setAttribute("position", new BufferAttribute(Float32Array.from(points), 3));
  }
}
