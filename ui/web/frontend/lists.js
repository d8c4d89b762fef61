/** Photos as files that a browser keeps: a list for a spreadsheet or a program. */

import {element} from "./figure.js";

const COLUMNS = ["id", "path", "name", "line", "width", "height"];

export function download(address, name = "") {
  const link = element("a", {href: address, download: name || true});
  document.body.append(link);
  link.click();
  link.remove();
}

function save(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], {type}));
  download(address, name);
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A value of a CSV file; what a spreadsheet would take for a formula is a text. */
function cell(value) {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function saveCsv(photos) {
  const rows = [COLUMNS, ...photos.map(photo => COLUMNS.map(name => photo[name]))];
  save("photos.csv", "text/csv", `${rows.map(row => row.map(cell).join(",")).join("\r\n")}\r\n`);
}

export function saveJson(photos) {
  const rows = photos.map(photo => Object.fromEntries(COLUMNS.map(name => [name, photo[name]])));
  save("photos.json", "application/json", `${JSON.stringify(rows, null, 2)}\n`);
}
