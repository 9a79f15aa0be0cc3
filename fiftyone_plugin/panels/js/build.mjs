// Bundles the panels' components into one script that FiftyOne's page loads.
// React is the page's own: it is not bundled, and two copies on a page do not get along.
//
//   node build.mjs [OUTPUT]
import { build } from "esbuild";

const fromPage = {
  name: "react-from-page",
  setup(builder) {
    builder.onResolve({ filter: /^react$/ }, () => ({ path: "react", namespace: "page" }));
    builder.onLoad({ filter: /.*/, namespace: "page" }, () => ({
      contents: "module.exports = window.React;",
    }));
  },
};

await build({
  entryPoints: ["src/index.ts"],
  outfile: process.argv[2] ?? "../dist/index.umd.js",
  bundle: true,
  format: "iife",
  target: "es2020",
  // Readable: the bundle is committed, and a reader should be able to see what runs.
  minify: false,
  charset: "ascii",
  legalComments: "none",
  banner: {
    js: "// Made from fiftyone_plugin/panels/js by `make bundle`; do not edit.",
  },
  plugins: [fromPage],
  logLevel: "warning",
});
