// @ts-check
/** The page that shows the API's description: what `GET /v1/openapi.json` says, and nothing of its own. */

import { find } from "../page/find.js";
import { curlOf } from "./curl.js";
import { element, paragraphs, prose } from "./prose.js";
import { exampleOf, nameOf, shapeOf, typeOf } from "./shapes.js";

/** @import { Description, Media, Operation, Reply } from "./shapes.js" */

const METHODS = ["get", "put", "post", "delete", "patch"];

const contents = find("contents", HTMLElement);
const operations = find("operations", HTMLElement);
const schemas = find("schemas", HTMLElement);
const trouble = find("trouble", HTMLElement);

/** @typedef {{ method: string, path: string, operation: Operation }} Entry */

/** Every operation of a tag, in the order of the description. @param {Description} description @param {string} tag */
function entriesOf(description, tag) {
  /** @type {Entry[]} */
  const entries = [];
  const all = { ...description.paths, ...description.webhooks };
  for (const [path, item] of Object.entries(all)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation?.tags?.includes(tag)) entries.push({ method, path, operation });
    }
  }
  return entries;
}

/** Who may ask. @param {Operation} operation */
function rights({ security = [] }) {
  const [[scheme = "", scopes = []] = []] = security.map((one) => Object.entries(one)[0] ?? []);
  if (!scheme) return element("p", { class: "rights" }, "Anybody may ask.");
  const grants = scopes.flatMap((scope, index) => [index ? ", " : "", element("code", {}, scope)]);
  const what = scheme === "access_token" ? "An access token with the grant " : "A token with the role ";
  return element("p", { class: "rights" }, what, ...grants, ".");
}

/** @param {string[]} heads @param {(Node | string)[][]} rows @param {string} caption */
function table(heads, rows, caption) {
  const head = element("tr", {}, ...heads.map((words) => element("th", { scope: "col" }, words)));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell, index) => element(index ? "td" : "th", index ? {} : { scope: "row" }, cell))));
  const whole = element("table", {}, element("caption", {}, caption), element("thead", {}, head), element("tbody", {}, ...body));
  return element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption }, whole);
}

/** @param {string} words */
const code = (words) => element("code", {}, words);

/** What is sent or answered. @param {Description} description @param {Record<string, Media>} content */
function bodies(description, content) {
  return Object.entries(content).flatMap(([kind, media]) => {
    const line = element("p", {}, code(kind), " ", typeOf(description, media.schema));
    const example = exampleOf(description, media);
    return example ? [line, element("pre", { tabindex: "0" }, example)] : [line];
  });
}

/** One row for each status. @param {Description} description @param {Record<string, Reply>} replies */
function answers(description, replies) {
  const rows = Object.entries(replies).map(([status, reply]) => {
    const words = paragraphs(reply.description);
    const headers = Object.entries(reply.headers ?? {}).map(([name, header]) => element("p", { class: "soft" }, code(name), ": ", ...prose(header.description ?? "")));
    // What a problem looks like is said once, among the shapes.
    const isProblem = Number(status) >= 400;
    const body = isProblem ? [] : bodies(description, reply.content ?? {});
    return [status, element("div", {}, ...words, ...headers, ...body)];
  });
  return table(["Status", "Meaning"], rows, "Answers");
}

/** @param {Description} description @param {Entry} entry */
function shown(description, { method, path, operation }) {
  const { parameters = [], requestBody } = operation;
  const isOurs = !path.startsWith("/");
  const title = element("h3", {}, element("span", { class: `method ${method}` }, method.toUpperCase()), " ", isOurs ? "to a URL of yours" : code(path));
  const parts = [title, element("p", { class: "summary" }, operation.summary ?? ""), ...paragraphs(operation.description ?? "")];
  if (!isOurs) parts.push(rights(operation));
  if (parameters.length > 0) {
    const rows = parameters.map((one) => [code(one.name), one.in, typeOf(description, one.schema), element("div", {}, ...prose(one.description ?? ""))]);
    parts.push(table(["Name", "In", "Kind", "Meaning"], rows, "Parameters"));
  }
  if (requestBody) {
    parts.push(element("h4", {}, "Body"), ...paragraphs(Object.values(requestBody.content)[0]?.description ?? requestBody.description ?? ""));
    parts.push(...bodies(description, requestBody.content));
  }
  parts.push(answers(description, operation.responses));
  if (!isOurs) parts.push(copyable(curlOf(description, method, path, operation)));
  return element("article", { id: operation.operationId, "aria-label": operation.summary ?? path }, ...parts);
}

/** A command line, and a button that takes it along. @param {string} line */
function copyable(line) {
  const button = element("button", { type: "button", class: "copy" }, "Copy");
  button.addEventListener("click", async () => {
    // Without the right to the clipboard the line can still be marked by hand.
    const copied = await navigator.clipboard?.writeText(line).then(() => true, () => false);
    button.textContent = copied ? "Copied" : "Mark it by hand";
    setTimeout(() => (button.textContent = "Copy"), 2_000);
  });
  return element("div", { class: "try" }, element("pre", { tabindex: "0", "aria-label": "As a command" }, line), button);
}

/** @param {Description} description */
function show(description) {
  document.title = `${description.info.title}: the HTTP API`;
  const version = element("p", { class: "soft" }, `Version ${description.info.version}`);
  find("about", HTMLElement).replaceChildren(version, ...paragraphs(description.info.description ?? ""));
  for (const { name, description: words = "" } of description.tags ?? []) {
    const entries = entriesOf(description, name);
    if (entries.length === 0) continue;
    const id = `tag-${name}`;
    const heading = element("h2", { id }, name);
    const articles = entries.map((entry) => shown(description, entry));
    operations.append(element("section", { "aria-labelledby": id }, heading, ...paragraphs(words), ...articles));
    const links = entries.map(({ method, operation }) => {
      const mark = element("span", { class: `method ${method}` }, method.toUpperCase());
      return element("li", {}, element("a", { href: `#${operation.operationId}` }, mark, " ", operation.summary ?? ""));
    });
    contents.append(element("h2", {}, name), element("ul", {}, ...links));
  }
  for (const [name, schema] of Object.entries(description.components?.schemas ?? {})) {
    schemas.append(element("article", { id: nameOf(name) }, element("h3", {}, name), ...shapeOf(description, schema)));
  }
  schemas.hidden = false;
  contents.append(element("h2", {}, element("a", { href: "#schemas" }, "Shapes")));
  // What the address names was not there when the page came.
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

try {
  const answer = await fetch("/v1/openapi.json");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  show(await answer.json());
} catch (cause) {
  trouble.textContent = `The description did not come: ${cause instanceof Error ? cause.message : cause}. Load the page again.`;
  trouble.hidden = false;
}
