// Choosing a point: the mark stands still in the middle, the town moves under it; keys and thumbs do the same.
import { draw, settingsOf } from "./map_draw.js";

const DEGREES = 6;   // decimals of a degree that are kept: 0.1 m

function fill(sentence, facts) {
  return sentence.replace(/\{(\w+)\}/g, (_, key) => facts[key]);
}

export function startPicking(box) {
  const field = box.closest("fieldset");
  const [lon, lat] = ["lon", "lat"].map((axis) => field.querySelector(`[data-map-${axis}]`));
  const said = box.querySelector("[data-map-said]");
  const [opener, locator] = ["open", "locate"].map((name) => box.querySelector(`[data-map-${name}]`));
  const { words, bounds } = settingsOf(box);
  const within = (x, y) => !bounds || (x >= bounds[0] && x <= bounds[2] && y >= bounds[1] && y <= bounds[3]);
  let opened = null;

  const choose = ({ lng, lat: north }) => {
    lon.value = lng.toFixed(DEGREES);
    lat.value = north.toFixed(DEGREES);
    said.textContent = fill(words.here, { lon: lon.value, lat: lat.value });
  };
  const open = () => opened ??= (async () => {
    const canvas = box.querySelector("[data-map-canvas]");
    canvas.hidden = false;
    opener.hidden = true;
    const centre = lon.value && lat.value ? [Number(lon.value), Number(lat.value)] : null;
    const { map } = await draw(box, { centre, still: false });
    box.querySelector("[data-map-aim]").removeAttribute("hidden");
    map.on("moveend", () => choose(map.getCenter()));
    map.on("click", (event) => map.easeTo({ center: event.lngLat }));
    return map;
  })().catch(() => { said.textContent = words.failed; });
  const found = async ({ coords: { longitude, latitude } }) => {
    if (!within(longitude, latitude)) { said.textContent = words.outside; return open(); }
    choose({ lng: longitude, lat: latitude });
    return (await open())?.jumpTo({ center: [longitude, latitude], zoom: 17.5 });
  };

  opener.hidden = false;
  opener.addEventListener("click", open);
  if (!navigator.geolocation) return;
  locator.hidden = false;
  locator.addEventListener("click", () => {
    said.textContent = words.locating;
    navigator.geolocation.getCurrentPosition(found, () => { said.textContent = words.nowhere; open(); },
      { enableHighAccuracy: true, timeout: 12_000, maximumAge: 30_000 });
  });
}
