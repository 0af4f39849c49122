// The crowd-* elements of worker templates: one classic script, because a module in a frame of opaque origin
// would need CORS and existing templates load theirs with a plain <script src>.
import { defineConfig } from "vite";

export default defineConfig({
  publicDir: false,
  build: {
    outDir: "../src/annolake/service/static/elements",
    emptyOutDir: true,
    target: "es2022",
    // Browsers that know light-dark() themselves; without this it is rewritten to a form that needs color-scheme in CSS.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    lib: {
      entry: "src/elements/index.ts",
      formats: ["iife"],
      name: "AnnolakeElements",
      fileName: () => "crowd-html-elements.js",
    },
  },
});
