// One drawn map.  MapLibre stands in ../vendor under its own names, its worker beside it.
import { townStyle } from "./map_style.js";

const VENDOR = new URL("../vendor/maplibre/", import.meta.url);
let library = null;

/** MapLibre, fetched once: 440 KB that only readers of a map pay for. */
export function loadLibrary() {
  library ??= (async () => {
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = new URL("maplibre-gl.css", VENDOR).href;
    document.head.append(sheet);
    return import(new URL("maplibre-gl.mjs", VENDOR).href);
  })();
  return library;
}

/** What the page says about one map, read from its data attributes. */
export function settingsOf(box) {
  const { layers, words, states, language, bounds, lon, lat } = box.dataset;
  return {
    layers: JSON.parse(layers), words: JSON.parse(words), states: JSON.parse(states), language,
    bounds: bounds ? bounds.split(",").map(Number) : null,
    spot: lon && lat ? [Number(lon), Number(lat)] : null,
  };
}

/** Put the town into a box; `still` leaves one finger and the plain wheel to the page. */
export async function draw(box, { centre = null, still = true } = {}) {
  const settings = settingsOf(box);
  const { words, bounds } = settings;
  const canvas = box.querySelector("[data-map-canvas]");
  const { Map: TownMap, NavigationControl, ScaleControl } = await loadLibrary();
  canvas.replaceChildren();
  canvas.setAttribute("aria-busy", "true");   // until everything that was asked for is drawn
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
  map.once("idle", () => canvas.removeAttribute("aria-busy"));
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
