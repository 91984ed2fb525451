// The board by keyboard: j and k walk the list, Enter opens, s takes the first step offered, / goes to the search.
let walkedTo = 0;

function links() {
  return [...document.querySelectorAll("[data-board] tbody th a, [data-board] .entry-title a")];
}

function walk(step) {
  const found = links();
  const here = found.indexOf(document.activeElement);
  const next = here < 0 ? (step > 0 ? 0 : found.length - 1) : here + step;
  found[Math.min(Math.max(next, 0), found.length - 1)]?.focus();
}

function takeFirstStep() {
  const row = document.activeElement.closest("[data-board] tr, [data-board] .entry");
  row?.querySelector("[data-first-step]")?.click();
}

function isTyping(target) {
  return target.closest("input, select, textarea, [contenteditable], dialog, .maplibregl-map") !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
  const search = document.querySelector("[data-board] input[type=search]");
  if (event.key === "j") walk(1);
  else if (event.key === "k") walk(-1);
  else if (event.key === "s") takeFirstStep();
  else if (event.key === "/" && search) {
    search.closest("details").open = true;
    search.focus();
  } else return;
  event.preventDefault();
});

// A step takes its row away: the reader goes on at the same place of the list.
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const row = event.target.closest("[data-board] tr, [data-board] .entry");
  const link = row?.querySelector("th a, .entry-title a");
  walkedTo = link ? links().indexOf(link) : -1;
});
document.body.addEventListener("htmx:afterSettle", () => {
  const found = links();
  if (walkedTo >= 0 && document.activeElement === document.body) found[Math.min(walkedTo, found.length - 1)]?.focus();
});
document.body.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") return;
  for (const [name, value] of Object.entries(event.detail.parameters)) if (value === "") delete event.detail.parameters[name];
});
