// @ts-check
/** Words as elements: paragraphs with `code` and **weight**, which is as much of Markdown as the description uses. */

/** @param {string} name @param {Record<string, string>} attributes @param {(Node | string)[]} children */
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** One line of words. @param {string} words @returns {(Node | string)[]} */
export function prose(words) {
  return words.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith("`") && part.length > 1) return element("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return element("strong", {}, part.slice(2, -2));
    return part;
  });
}

/** Words with blank lines between. @param {string} words */
export function paragraphs(words) {
  const parts = words.split(/\n\s*\n/).filter((part) => part.trim());
  return parts.map((part) => element("p", {}, ...prose(part.replaceAll("\n", " "))));
}
