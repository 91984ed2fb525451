// Things that lie over the page: native dialogs and folding menus.
function startDialog(dialog) {
  dialog.removeAttribute("open");
  dialog.removeAttribute("data-dialog");
  for (const button of dialog.querySelectorAll("[data-closes]")) {
    button.hidden = false;
    button.addEventListener("click", () => dialog.close());
  }
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();   // the backdrop belongs to the dialog itself
  });
}

function closeMenu(menu, { refocus }) {
  if (!menu.open) return;
  menu.open = false;
  if (refocus) menu.querySelector("summary").focus();
}

export function startLayers(root) {
  root.querySelectorAll("dialog[data-dialog]").forEach(startDialog);
  for (const button of root.querySelectorAll("[data-opens]")) {
    button.addEventListener("click", () => document.getElementById(button.dataset.opens)?.showModal());
  }
  for (const menu of root.querySelectorAll("details[data-menu]")) {
    menu.addEventListener("keydown", (event) => event.key === "Escape" && closeMenu(menu, { refocus: true }));
    document.addEventListener("click", (event) => menu.contains(event.target) || closeMenu(menu, { refocus: false }));
  }
}
