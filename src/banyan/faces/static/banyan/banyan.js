// What every page gets.  Pages work without it; each module only makes a working page quicker to use.
import { startTheme } from "./theme.js";
import { startForms } from "./forms.js";
import { startLayers } from "./layers.js";

/** Prepare a fresh piece of page: the whole document at first, later whatever htmx swapped in. */
function prepare(root) {
  startForms(root);
  startLayers(root);
  const maps = root.querySelectorAll("[data-map]");
  if (maps.length) import("./map.js").then(({ startMaps }) => startMaps(maps));
}

function say(text) {
  const place = document.querySelector("[data-toasts]");
  if (!place || !text) return;
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.textContent = text;
  place.replaceChildren(toast);   // the newest word only: on a telephone more would cover what it is about
  setTimeout(() => toast.remove(), 6000);
}

startTheme();
prepare(document);
document.body.addEventListener("htmx:load", (event) => event.detail.elt !== document.body && prepare(event.detail.elt));
document.body.addEventListener("htmx:responseError", () => say(document.body.dataset.failed));
document.body.addEventListener("htmx:sendError", () => say(document.body.dataset.failed));
document.body.addEventListener("banyan:say", (event) => say(event.detail.value ?? event.detail.text));
