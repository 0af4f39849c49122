// The annotators' application, served by the labeling service under /portal/.
import { defineConfig } from "vite";

export default defineConfig({
  base: "/portal/",
  build: {
    outDir: "../src/annolake/service/static/portal",
    emptyOutDir: true,
    target: "es2022",
    // Browsers that know light-dark() themselves; without this it is rewritten to a form that needs color-scheme in CSS.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
  },
});
