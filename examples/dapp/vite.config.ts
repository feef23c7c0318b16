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

/**
 * What the built page may load and run: its own files, and answers of any node and worker. `unsafe-eval` is
 * for the verifier's WebAssembly and for secretjs, whose protobuf library looks for Node's `require` by it.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' https: http:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

function policy(): Plugin {
  const attrs = { "http-equiv": "Content-Security-Policy", content: POLICY };
  return {
    name: "secret-ai-policy",
    apply: "build",
    transformIndexHtml: () => [{ tag: "meta", attrs, injectTo: "head-prepend" }],
  };
}

// Relative paths: the built folder works wherever it is served from.
export default defineConfig({
  base: "./",
  plugins: [stage(), policy()],
  server: { host: "127.0.0.1" },
  preview: { host: "127.0.0.1" },
  build: { target: "es2022", chunkSizeWarningLimit: 4096 },
});
