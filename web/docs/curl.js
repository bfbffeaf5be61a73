// @ts-check
/** A request as a command line. */

import { exampleOf } from "./shapes.js";

/** @import { Description, Operation } from "./shapes.js" */

/** For a shell. @param {string} words */
const quoted = (words) => `'${words.replaceAll("'", "'\\''")}'`;

/**
 * @param {Description} description @param {string} method @param {string} path @param {Operation} operation
 */
export function curlOf(description, method, path, operation) {
  const { parameters = [], requestBody, security = [] } = operation;
  const given = (/** @type {string} */ place) => parameters.filter((one) => one.in === place);
  const target = given("path").reduce((path, { name, example }) => path.replace(`{${name}}`, String(example ?? name.toUpperCase())), path);
  const lines = [`curl${method === "get" ? "" : ` -X ${method.toUpperCase()}`} ${location.origin}${target}`];
  if (security.length > 0) lines.push('-H "Authorization: Bearer $TOKEN"');
  for (const { name, example } of given("header")) {
    if (example !== undefined) lines.push(`-H ${quoted(`${name}: ${example}`)}`);
  }
  const [[kind = "", media = {}] = []] = Object.entries(requestBody?.content ?? {});
  if (kind) {
    const body = exampleOf(description, media);
    // An offer is many lines: from a file.
    const data = body.includes("\n") && !kind.endsWith("json") ? "--data-binary @FILE" : `-d ${quoted(body.replaceAll(/\s*\n\s*/g, " "))}`;
    lines.push(`-H ${quoted(`Content-Type: ${kind}`)}`, data);
  }
  return lines.join(" \\\n  ");
}
