// How a town is drawn: one MapLibre style made from the page's own colours, so light and dark need no second file.
const NONE = { type: "FeatureCollection", features: [] };
const STROKE = ["interpolate", ["exponential", 1.5], ["zoom"], 12, 1, 15, 4, 18, 18];

function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function named(language) {
  const [first, second] = language === "en" ? ["name_en", "name_zh"] : ["name_zh", "name_en"];
  return ["to-string", ["coalesce", ["get", first], ["get", "name"], ["get", second], ""]];
}

/** Colour of a request's point by the tone of its state, as its badge has it. */
function byState(states) {
  const pairs = Object.entries(states).flatMap(([state, [, tone]]) => [state, ink(tone)]);
  return ["match", ["get", "state"], ...pairs, ink("grey")];
}

function wordOfState(states) {
  const pairs = Object.entries(states).flatMap(([state, [word]]) => [state, word]);
  return ["match", ["get", "state"], ...pairs, ["to-string", ["get", "state"]]];
}

function words(field, { colour = "ink", size = 13, ...layout }) {
  return {
    layout: { "text-field": field, "text-size": size, "text-max-width": 8, "text-padding": 4, ...layout },
    paint: { "text-color": ink(colour), "text-halo-color": ink("map-land"), "text-halo-width": 1.6 },
  };
}

function ground(language) {
  const name = named(language);
  return [
    { id: "land", type: "background", paint: { "background-color": ink("map-land") } },
    { id: "water", source: "water", type: "fill", paint: { "fill-color": ink("map-water") } },
    { id: "grids", source: "grids", type: "fill", paint: { "fill-color": ink("brand"), "fill-opacity": .05 } },
    { id: "buildings", source: "buildings", type: "fill", minzoom: 13.5, paint: { "fill-color": ink("map-building") } },
    { id: "street-edges", source: "streets", type: "line", paint: { "line-color": ink("line"), "line-width": STROKE, "line-gap-width": 1 }, layout: { "line-cap": "round" } },
    { id: "streets", source: "streets", type: "line", paint: { "line-color": ink("map-street"), "line-width": STROKE }, layout: { "line-cap": "round", "line-join": "round" } },
    { id: "grid-edges", source: "grids", type: "line", paint: { "line-color": ink("map-edge"), "line-width": 1.2, "line-dasharray": [3, 2] } },
    { id: "street-names", source: "streets", type: "symbol", minzoom: 14, ...words(name, { colour: "muted", size: 12, "symbol-placement": "line" }) },
    { id: "water-names", source: "water", type: "symbol", ...words(name, { colour: "blue", size: 14 }) },
    { id: "grid-names", source: "grids", type: "symbol", minzoom: 13, ...words(name, { colour: "link", size: 12 }) },
    { id: "building-names", source: "buildings", type: "symbol", minzoom: 16.5, ...words(name, { colour: "muted", size: 11 }) },
    { id: "facilities", source: "facilities", type: "circle", minzoom: 14.2, paint: { "circle-radius": 3.5, "circle-color": ink("surface"), "circle-stroke-color": ink("muted"), "circle-stroke-width": 1.5 } },
    { id: "facility-names", source: "facilities", type: "symbol", minzoom: 15, ...words(name, { colour: "muted", size: 12, "text-anchor": "top", "text-offset": [0, .5] }) },
  ];
}

function requestPoints(states) {
  const many = ["has", "point_count"];
  return [
    { id: "clusters", source: "requests", type: "circle", filter: many, paint: { "circle-color": ink("brand"), "circle-radius": ["step", ["get", "point_count"], 17, 20, 21, 100, 27], "circle-stroke-color": ink("surface"), "circle-stroke-width": 3 } },
    { id: "cluster-counts", source: "requests", type: "symbol", filter: many, layout: { "text-field": ["get", "point_count_abbreviated"], "text-size": 14, "text-allow-overlap": true }, paint: { "text-color": ink("brand-ink") } },
    { id: "points", source: "requests", type: "circle", filter: ["!", many], paint: { "circle-color": byState(states), "circle-radius": 8.5, "circle-stroke-color": ink("surface"), "circle-stroke-width": 2.5 } },
    { id: "point-words", source: "requests", type: "symbol", filter: ["!", many], ...words(wordOfState(states), { size: 12, "text-anchor": "left", "text-offset": [.95, 0], "text-optional": true }) },
  ];
}

/** The layers that one switch shows or hides. */
export const SWITCHES = {
  grids: ["grids", "grid-edges", "grid-names"],
  buildings: ["buildings", "building-names"],
  facilities: ["facilities", "facility-names"],
  requests: ["clusters", "cluster-counts", "points", "point-words"],
};

/** A style for MapLibre: no glyphs, no sprite, no tiles, so nothing is asked of anyone but the town's own server. */
export function townStyle({ layers, states, language }) {
  const sources = {};
  for (const name of ["water", "grids", "buildings", "streets", "facilities", "requests"]) {
    sources[name] = { type: "geojson", data: layers[name] ? new URL(layers[name], location.href).href : NONE };
  }
  Object.assign(sources.requests, { cluster: true, clusterRadius: 44, clusterMaxZoom: 16 });
  return { version: 8, sources, layers: [...ground(language), ...requestPoints(states)] };
}
