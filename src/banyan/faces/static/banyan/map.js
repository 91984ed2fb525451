// Maps: loaded when a map is opened or scrolled to.  MapLibre stands in ../vendor under its own names, worker beside it.
import { SWITCHES, townStyle } from "./map_style.js";

const VENDOR = new URL("../vendor/maplibre/", import.meta.url);
const DEGREES = 6;   // decimals of a degree that are kept: 0.1 m
let library = null;

function loadLibrary() {
  library ??= (async () => {
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = new URL("maplibre-gl.css", VENDOR).href;
    document.head.append(sheet);
    return import(new URL("maplibre-gl.mjs", VENDOR).href);
  })();
  return library;
}

function settingsOf(box) {
  const { layers, words, states, language, bounds, lon, lat } = box.dataset;
  return {
    layers: JSON.parse(layers), words: JSON.parse(words), states: JSON.parse(states), language,
    bounds: bounds ? bounds.split(",").map(Number) : null,
    spot: lon && lat ? [Number(lon), Number(lat)] : null,
  };
}

function fill(sentence, facts) {
  return sentence.replace(/\{(\w+)\}/g, (_, key) => facts[key]);
}

async function draw(box, { centre = null, still = true } = {}) {
  const settings = settingsOf(box);
  const { words, bounds } = settings;
  const canvas = box.querySelector("[data-map-canvas]");
  const { Map: TownMap, NavigationControl, ScaleControl } = await loadLibrary();
  canvas.replaceChildren();
  const map = new TownMap({
    container: canvas, style: townStyle(settings), attributionControl: false, cooperativeGestures: still,
    dragRotate: false, pitchWithRotate: false, touchPitch: false, maxZoom: 19, fadeDuration: 0,
    ...(centre ? { center: centre, zoom: 17 } : bounds ? { bounds, fitBoundsOptions: { padding: 24 } } : {}),
    locale: {
      "Map.Title": words.map, "NavigationControl.ZoomIn": words.zoom_in, "NavigationControl.ZoomOut": words.zoom_out,
      "Popup.Close": words.close, "CooperativeGesturesHandler.MobileHelpText": words.two_fingers,
      "CooperativeGesturesHandler.WindowsHelpText": words.ctrl_scroll, "CooperativeGesturesHandler.MacHelpText": words.ctrl_scroll,
    },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl({ maxWidth: 90 }), "bottom-left");
  const redraw = () => map.setStyle(townStyle(settings));
  document.addEventListener("banyan:theme", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  await map.once("load");
  if (!centre && !bounds) await showAll(map, settings);
  return { map, settings };
}

async function showAll(map, { layers }) {
  const source = ["grids", "requests", "streets"].find((name) => layers[name]);
  const extent = source && await map.getSource(source).getBounds();
  if (extent && !extent.isEmpty()) map.fitBounds(extent, { padding: 24, duration: 0, maxZoom: 17 });
}

// -- looking: switches, popups, clusters -----------------------------------------------------------------------------

function addSwitches(box, map, { layers, words }) {
  const place = box.querySelector("[data-map-switches]");
  if (!place) return;
  place.className = "map-switches";
  for (const name of Object.keys(SWITCHES).filter((one) => layers[one])) {
    const label = document.createElement("label");
    const tick = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
    tick.addEventListener("change", () => {
      for (const id of SWITCHES[name]) map.setLayoutProperty(id, "visibility", tick.checked ? "visible" : "none");
    });
    label.append(tick, words[name]);
    place.append(label);
  }
}

function paragraph(text) {
  return Object.assign(document.createElement("p"), { textContent: text });
}

function popupContent({ state, title, text, href }, { states, words }) {
  const content = document.createElement("div");
  const heading = document.createElement("p");
  heading.append(Object.assign(document.createElement("strong"), { textContent: title ?? "" }));
  const [word, tone] = states[state] ?? [state, "grey"];
  const badge = Object.assign(document.createElement("span"), { className: `badge tone-${tone}`, textContent: word });
  content.append(heading, badge);
  if (text) content.append(paragraph(text));
  if (href && new URL(href, location.href).origin === location.origin) {
    const link = paragraph("");
    link.append(Object.assign(document.createElement("a"), { href, textContent: words.open }));
    content.append(link);
  }
  return content;
}

async function openFeature(map, feature, settings) {
  const at = feature.geometry.coordinates;
  if (feature.properties.cluster) {
    const zoom = await map.getSource("requests").getClusterExpansionZoom(feature.properties.cluster_id);
    map.easeTo({ center: at, zoom: Math.max(zoom, map.getZoom() + 1) });
    return;
  }
  const { Popup } = await loadLibrary();
  new Popup({ maxWidth: "18rem" }).setLngLat(at).setDOMContent(popupContent(feature.properties, settings)).addTo(map);
}

async function explore(box) {
  const { map, settings } = await draw(box);
  addSwitches(box, map, settings);
  const shown = { layers: ["clusters", "points"] };
  map.on("click", (event) => {
    const [feature] = map.queryRenderedFeatures(event.point, shown);
    if (feature) openFeature(map, feature, settings);
  });
  map.on("mousemove", (event) => {
    map.getCanvas().style.cursor = map.queryRenderedFeatures(event.point, shown).length ? "pointer" : "";
  });
  map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;   // arrows move, plus and minus zoom, Enter opens what stands in the middle
    const { x, y } = map.project(map.getCenter());
    const [feature] = map.queryRenderedFeatures([[x - 30, y - 30], [x + 30, y + 30]], shown);
    if (feature) openFeature(map, feature, settings);
  });
}

async function spot(box) {
  const { map, settings } = await draw(box, { centre: settingsOf(box).spot });
  const { Marker } = await loadLibrary();
  new Marker({ color: getComputedStyle(box).getPropertyValue("--danger") }).setLngLat(settings.spot).addTo(map);
}

// -- choosing a point ----------------------------------------------------------------------------------------------------

function startPicking(box) {
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

function whenSeen(box, start) {
  const watcher = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) return;
    watcher.disconnect();
    start(box).catch(() => { box.querySelector("[data-map-canvas]").textContent = settingsOf(box).words.failed; });
  }, { rootMargin: "200px" });
  watcher.observe(box);
}

export function startMaps(boxes) {
  for (const box of boxes) {
    if (box.dataset.map === "pick") startPicking(box);
    else whenSeen(box, box.dataset.map === "spot" ? spot : explore);
  }
}
