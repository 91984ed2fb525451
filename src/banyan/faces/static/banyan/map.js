// Maps to look at: loaded when a page has one, drawn when it comes into view.
import { draw, loadLibrary, settingsOf } from "./map_draw.js";
import { startPicking } from "./map_pick.js";
import { SWITCHES } from "./map_style.js";

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
    if (event.key !== "Enter") return;   // arrows move, plus and minus zoom, Enter opens what stands nearest the middle
    const feature = nearestMiddle(map, shown);
    if (feature) openFeature(map, feature, settings);
  });
}

function nearestMiddle(map, shown) {
  const middle = map.project(map.getCenter());
  const away = ({ geometry }) => map.project(geometry.coordinates).dist(middle);
  return map.queryRenderedFeatures(undefined, shown).sort((one, other) => away(one) - away(other))[0];
}

async function spot(box) {
  const { map, settings } = await draw(box, { centre: settingsOf(box).spot });
  const { Marker } = await loadLibrary();
  new Marker({ color: getComputedStyle(box).getPropertyValue("--danger") }).setLngLat(settings.spot).addTo(map);
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
