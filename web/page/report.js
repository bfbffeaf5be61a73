// @ts-check
/** The dialog in which a visitor says what a stranger did. */

import { find } from "./find.js";

/** @import { Category } from "../client/contract.js" */

/**
 * @param {(category: Category, note: string) => void} send
 * @returns {() => void} opens the dialog
 */
export function makeReportDialog(send) {
  const dialog = find("report-dialog", HTMLDialogElement);
  const form = find("report-form", HTMLFormElement);
  const note = find("report-note", HTMLTextAreaElement);
  find("report-cancel", HTMLButtonElement).addEventListener("click", () => dialog.close("cancel"));
  dialog.addEventListener("close", () => {
    const category = new FormData(form).get("category");
    if (dialog.returnValue === "send" && category) {
      send(/** @type {Category} */ (category), note.value.trim());
    }
    form.reset();
  });
  return () => {
    dialog.returnValue = "";
    dialog.showModal();
  };
}
