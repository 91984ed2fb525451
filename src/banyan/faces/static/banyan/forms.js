// Small courtesies of forms: focus on the list of problems, photo previews, counters, no double sending.
function previewInto(list, file) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.textContent = file.name;
  if (file.type.startsWith("image/")) {
    const image = new Image();
    image.alt = "";
    image.src = URL.createObjectURL(file);
    image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    item.append(image);
  }
  item.append(name);
  list.append(item);
}

function startUpload(box) {
  const input = box.querySelector("input[type=file]");
  const list = box.parentElement.querySelector("[data-previews]");
  const most = Number(box.dataset.max) || Infinity;
  input.addEventListener("change", () => {
    input.setCustomValidity(input.files.length > most ? box.dataset.tooMany : "");
    input.reportValidity();
    list.replaceChildren();
    for (const file of [...input.files].slice(0, most)) previewInto(list, file);
  });
}

function startCounter(area) {
  const counter = document.createElement("p");
  counter.className = "counter";
  counter.setAttribute("aria-hidden", "true");   // the limit itself is announced by maxlength
  const count = () => {
    counter.textContent = area.dataset.count.replace("{left}", String(area.maxLength - area.value.length));
  };
  area.after(counter);
  area.addEventListener("input", count);
  count();
}

/** A thumb on a slow network presses twice: the second press within five seconds is ignored. */
function sendOnce(form) {
  let sentAt = -Infinity;
  form.addEventListener("submit", (event) => {
    if (event.timeStamp - sentAt < 5000) event.preventDefault();
    else sentAt = event.timeStamp;
  });
}

function sendOnChange(form) {
  form.addEventListener("change", (event) => event.target.matches("select") && form.requestSubmit());
}

/** On a phone an open filter bar would push the list off the screen; it stays open where something is filtered. */
function foldFilters(box) {
  const used = [...box.querySelectorAll("select, input:not([type=hidden])")].some((field) => field.value !== "");
  if (matchMedia("(max-width: 47.99rem)").matches && !used) box.open = false;
}

export function startForms(root) {
  root.querySelectorAll("[data-upload]").forEach(startUpload);
  root.querySelectorAll("textarea[data-count]").forEach(startCounter);
  root.querySelectorAll("form[data-once]").forEach(sendOnce);
  root.querySelectorAll("form[data-autosubmit]").forEach(sendOnChange);
  root.querySelectorAll("details.filters").forEach(foldFilters);
  root.querySelector("[data-focus]")?.focus();
}
