// @ts-check
/** Schemas in words: a type, an example, or a table of fields. */

import { element, paragraphs, prose } from "./prose.js";

/**
 * As much of OpenAPI 3.1 as the description uses.
 * @typedef {object} Schema
 * @property {string} [$ref]
 * @property {string | string[]} [type]
 * @property {string} [description]
 * @property {unknown[]} [enum]
 * @property {unknown} [example]
 * @property {unknown[]} [examples]
 * @property {string} [pattern]
 * @property {Schema} [items]
 * @property {Schema[]} [prefixItems]
 * @property {string[]} [required]
 * @property {Record<string, Schema>} [properties]
 * @property {Schema[]} [allOf]
 * @property {Schema[]} [oneOf]
 *
 * @typedef {{ schema?: Schema, example?: unknown, examples?: Record<string, { value: unknown }>, description?: string }} Media
 * @typedef {{ description: string, headers?: Record<string, { description?: string }>, content?: Record<string, Media> }} Reply
 * @typedef {{ name: string, in: string, description?: string, schema?: Schema, example?: unknown, required?: boolean }} Parameter
 *
 * @typedef {object} Operation
 * @property {string} operationId
 * @property {string[]} [tags]
 * @property {string} [summary]
 * @property {string} [description]
 * @property {Record<string, string[]>[]} [security]
 * @property {Parameter[]} [parameters]
 * @property {{ description?: string, content: Record<string, Media & { description?: string }> }} [requestBody]
 * @property {Record<string, Reply>} responses
 *
 * @typedef {object} Description
 * @property {{ title: string, version: string, description?: string }} info
 * @property {{ name: string, description?: string }[]} [tags]
 * @property {Record<string, Record<string, Operation>>} paths
 * @property {Record<string, Record<string, Operation>>} [webhooks]
 * @property {{ schemas?: Record<string, Schema> }} [components]
 */

/** Where a shape stands on the page. @param {string} name */
export const nameOf = (name) => `shape-${name}`;

/** @param {string} reference */
const lastOf = (reference) => reference.split("/").at(-1) ?? "";

/** @param {Description} description @param {Schema} schema @returns {Schema} */
function resolved(description, schema) {
  return schema.$ref ? (description.components?.schemas?.[lastOf(schema.$ref)] ?? {}) : schema;
}

/** What kind of thing, in a word or a link. @param {Description} description @param {Schema} [schema] @returns {Node} */
export function typeOf(description, schema = {}) {
  if (schema.$ref) {
    const name = lastOf(schema.$ref);
    return element("a", { href: `#${nameOf(name)}` }, name);
  }
  if (schema.enum) return joined(schema.enum.map((word) => element("code", {}, JSON.stringify(word))), " or ");
  const choices = schema.oneOf ?? schema.allOf;
  if (choices) return joined(choices.map((one) => typeOf(description, one)), schema.oneOf ? " or " : " and ");
  const items = schema.items ?? schema.prefixItems?.[0];
  if (items) return joined(["list of ", typeOf(description, items)], "");
  const types = [schema.type ?? "anything"].flat();
  return document.createTextNode(types.join(" or "));
}

/** @param {(Node | string)[]} parts @param {string} between */
function joined(parts, between) {
  const whole = element("span", {});
  parts.forEach((part, index) => whole.append(...(index && between ? [between, part] : [part])));
  return whole;
}

/** An example of a body as text, or nothing. @param {Description} description @param {Media} media */
export function exampleOf(description, media) {
  const [named] = Object.values(media.examples ?? {});
  const schema = resolved(description, media.schema ?? {});
  const example = media.example ?? named?.value ?? schema.example ?? schema.examples?.[0];
  if (example === undefined) return "";
  return typeof example === "string" ? example.trimEnd() : JSON.stringify(example, null, 2);
}

/** The whole of a shape. @param {Description} description @param {Schema} schema @returns {Node[]} */
export function shapeOf(description, schema) {
  const parts = [...paragraphs(schema.description ?? "")];
  const choices = schema.oneOf ?? schema.allOf ?? [];
  const own = { ...schema.properties };
  const rows = Object.entries(own).map(([name, field]) => {
    const isThere = schema.required?.includes(name) ? "" : ", may be missing";
    const kind = element("span", {}, typeOf(description, field), isThere);
    return element("tr", {}, element("th", { scope: "row" }, element("code", {}, name)), element("td", {}, kind), element("td", {}, ...prose(field.description ?? "")));
  });
  if (rows.length > 0) parts.push(element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Fields" }, element("table", {}, element("tbody", {}, ...rows))));
  if (choices.length > 0) {
    const items = choices.map((one) => (one.$ref ? element("li", {}, typeOf(description, one)) : element("li", {}, ...shapeOf(description, one))));
    parts.push(element("p", {}, schema.oneOf ? "One of these:" : "All of these:"), element("ul", { class: "choices" }, ...items));
  }
  if (rows.length === 0 && choices.length === 0) parts.push(element("p", {}, typeOf(description, schema)));
  const example = exampleOf(description, { schema });
  if (example) parts.push(element("pre", { tabindex: "0", "aria-label": "Example" }, example));
  return parts;
}
