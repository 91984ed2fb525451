// Light, dark or as the system says: kept on this device and in a cookie, so that the server draws it right at once.
const YEAR_S = 31_536_000;

function apply(theme) {
  const root = document.documentElement;
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  for (const button of document.querySelectorAll("[data-theme-switch] button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
  document.dispatchEvent(new CustomEvent("banyan:theme"));
}

function keep(theme) {
  document.cookie = `theme=${theme}; path=/; max-age=${theme ? YEAR_S : 0}; samesite=lax`;
  try {
    if (theme) localStorage.setItem("theme", theme);
    else localStorage.removeItem("theme");
  } catch { /* the cookie alone will do */ }
}

/** True while the page is drawn dark, whoever decided it. */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

export function startTheme() {
  for (const form of document.querySelectorAll("[data-theme-switch]")) {
    form.hidden = false;
    form.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      keep(button.value);
      apply(button.value);
    });
  }
  apply(document.documentElement.dataset.theme ?? "");
}
