// Bundles the viewer with three.js into one script inside the Python package, and its licence.
import { copyFile, readFile, stat } from "node:fs/promises";
import { build } from "esbuild";

const target = "../../src/pearlite/see/volume_viewer.js";
const licence = await readFile("node_modules/three/LICENSE", "utf8");

await build({
  entryPoints: ["src/main.ts"],
  outfile: target,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
  banner: { js: `/*! pearlite's volume viewer, with three.js:\n${licence.trim()}\n*/` },
});
await copyFile("node_modules/three/LICENSE", target.replace(".js", ".LICENSE.txt"));
console.log(`${target}: ${Math.round((await stat(target)).size / 1000)} kB`);
