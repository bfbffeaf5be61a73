// @ts-check
/** Times and ages, in the language of the page. */

const UNITS = /** @type {const} */ ([
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
]);

/** @param {number} ms since 1970 @param {string} language */
export function describeMoment(ms, language) {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(ms);
}

/** "3 minutes", "2 heures": the largest whole unit. @param {number} ms @param {string} language */
export function describeSpan(ms, language) {
  const [unit, size] = UNITS.find(([, size]) => ms >= size) ?? UNITS[3];
  const count = Math.max(0, Math.floor(ms / size));
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(count);
}
