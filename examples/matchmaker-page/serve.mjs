// @ts-check
/** Hands out the page; any other web server would do. The page speaks with visavis itself. */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";

const PORT = Number(process.env.PORT ?? 3000);
const SIGNAL_URL = process.env.SIGNAL_URL ?? "ws://localhost:8080/v1/signal";

/** @type {Record<string, string>} */
const KINDS = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

const server = createServer(async (request, response) => {
  const [path = "/"] = (request.url ?? "/").split("?");
  if (path === "/settings.json") {
    response.setHeader("content-type", "application/json").end(JSON.stringify({ url: SIGNAL_URL }));
    return;
  }
  // Names of files and nothing else: no path leads out of these two folders.
  const [, client, name] = /^\/(client\/)?([a-z-]+\.(?:html|js|css))$/.exec(path.replace(/^\/$/, "/index.html")) ?? [];
  const folder = client ? "node_modules/@visavis/client/dist/" : "./";
  const body = name && (await readFile(new URL(folder + name, import.meta.url)).catch(() => null));
  if (!body) return void response.writeHead(404).end("no such page\n");
  response.setHeader("content-type", `${KINDS[extname(name)]}; charset=utf-8`).end(body);
});

server.listen(PORT, () => console.log(`open http://localhost:${PORT} in two windows`));
