// The annotators' application, served by the labeling service under /portal/.
import { defineConfig } from "vite";

export default defineConfig({
  base: "/portal/",
  build: { outDir: "../src/annolake/service/static/portal", emptyOutDir: true, target: "es2022" },
});
