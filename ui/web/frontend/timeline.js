/** Years and months as columns as high as their photos are many: one leads to the photos from then on. */

import {counted, element} from "./figure.js";
import {go, isPlain} from "./navigation.js";

const HIGH = 40, LOW = 3; // pixels of the most photos, and of one

export default function ({data: {text}, parentElement}) {
  const data = JSON.parse(text);
  const shown = JSON.stringify(data);
  if (parentElement.shownTimeline === shown) return;
  parentElement.shownTimeline = shown;
  const most = Math.max(1, ...data.years.flatMap(year => year.columns.map(column => column.photos)));
  const before = parentElement.querySelector(".vs-timeline"), scrolled = before?.scrollLeft ?? null;
  const hadFocus = before?.contains(document.activeElement);
  before?.remove();
  const root = element("nav", {class: "vs-timeline", "aria-label": "Years and months", onclick: clicked, onkeydown: pressed},
    ...data.years.map(year => element("div", {class: "vs-year", style: `--months:${year.columns.length}`},
      element("div", {class: "vs-months"}, ...year.columns.map(column => link(column, data.chosen, most))),
      element("span", {class: "vs-label"}, year.name, element("small", {}, year.photos.toLocaleString("en"))))));
  parentElement.append(root);
  const links = [...root.querySelectorAll("a")], current = root.querySelector("[aria-current]") ?? links[0];
  current?.setAttribute("tabindex", "0");
  if (scrolled !== null) root.scrollLeft = scrolled;
  else if (current) root.scrollLeft = current.offsetLeft - root.clientWidth / 2;
  if (hadFocus) current?.focus({preventScroll: true});
}

function link({name, photos, href}, chosen, most) {
  const label = `${name}: ${counted(photos)}`;
  const column = element("a", {href, tabindex: "-1", title: label, "aria-label": label, "aria-current": href === chosen && "true"});
  column.style.setProperty("--high", `${Math.round(LOW + (HIGH - LOW) * Math.sqrt(photos / most))}px`);
  return column;
}

function clicked(event) {
  const link = event.target.closest(".vs-year")?.querySelector("a");
  const to = event.target.closest("a") ?? link;
  if (!to || !isPlain(event)) return;
  event.preventDefault();
  go(to.getAttribute("href"));
}

function pressed(event) {
  const links = [...event.currentTarget.querySelectorAll("a")], at = links.indexOf(event.target);
  const years = [...event.currentTarget.querySelectorAll(".vs-year")], year = years.indexOf(event.target.closest(".vs-year"));
  const firstOf = place => years[Math.max(0, Math.min(years.length - 1, place))].querySelector("a");
  const to = {
    ArrowRight: () => links[at + 1], ArrowLeft: () => links[at - 1], Home: () => links[0], End: () => links.at(-1),
    PageDown: () => firstOf(year + 1), PageUp: () => firstOf(year - 1),
  }[event.key]?.();
  if (!to) return;
  event.preventDefault();
  event.target.setAttribute("tabindex", "-1");
  to.setAttribute("tabindex", "0");
  to.focus();
}
