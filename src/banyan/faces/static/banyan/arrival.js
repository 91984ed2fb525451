// On arrival a phone can say where it is: the town measures the distance and keeps nothing else.
const READ = { enableHighAccuracy: true, timeout: 15000, maximumAge: 30000 };

const measure = (button) => {
  const form = button.closest("[data-arrival]");
  const said = form.querySelector("[data-said]");
  const [lon, lat] = ["lon", "lat"].map((axis) => form.querySelector(`input[name$="-${axis}"]`));
  navigator.geolocation.getCurrentPosition(
    ({ coords: { longitude, latitude } }) => {
      [lon.value, lat.value] = [longitude, latitude];
      said.textContent = button.dataset.found;
      button.hidden = true;
    },
    () => { said.textContent = button.dataset.failed; },
    READ,
  );
};
const offer = () => document.querySelectorAll("[data-whereabouts]").forEach((button) => { button.hidden = false; });

if (navigator.geolocation) {
  offer();
  document.addEventListener("htmx:afterSwap", offer);
  document.addEventListener("click", ({ target }) => {
    const button = target instanceof Element && target.closest("[data-whereabouts]");
    if (button) measure(button);
  });
}
