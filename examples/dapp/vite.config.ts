import { defineConfig, type Connect, type Plugin } from "vite";
import { stageConfig } from "./scripts/stage-config.mjs";

/** Answers /config.json for the stage that runs, if one does. */
function stage(): Plugin {
  const answer: Connect.NextHandleFunction = (request, response, next) => {
    const config = stageConfig();
    if (!config || !request.url?.startsWith("/config.json")) return next();
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(config));
  };
  return {
    name: "secret-ai-stage",
    configureServer: (server) => void server.middlewares.use(answer),
    configurePreviewServer: (server) => void server.middlewares.use(answer),
  };
}

// Relative paths: the built folder works wherever it is served from.
export default defineConfig({
  base: "./",
  plugins: [stage()],
  server: { host: "127.0.0.1" },
  preview: { host: "127.0.0.1" },
  build: { target: "es2022", chunkSizeWarningLimit: 4096 },
});
