// Runs before the first paint: says that scripts work, and puts back the theme the reader chose on this device.
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch { /* storage is closed to us: the system's theme stays */ }
})();
