"use strict";
// The page is complete without this. It zooms and searches the flame graphs and switches between light and dark.
const theme = document.getElementById("theme");
const isDark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const named = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
theme.hidden = false;
named();
theme.addEventListener("click", () => { document.documentElement.dataset.theme = isDark() ? "light" : "dark"; named(); });

const graphs = [...document.querySelectorAll(".flame")].map((element) => {
  const frames = [...element.children].map((box) => ({
    box, x: parseFloat(box.style.left), width: parseFloat(box.style.width), row: parseFloat(box.style.top),
  }));
  return { element, frames };
});
const SLACK = 1e-3; // percent: positions are rounded

function zoom(graph, frame) {
  for (const each of graph.frames) {
    const above = each.row < frame.row && each.x <= frame.x + SLACK && each.x + each.width >= frame.x + frame.width - SLACK;
    const inside = each.row >= frame.row && each.x >= frame.x - SLACK && each.x + each.width <= frame.x + frame.width + SLACK;
    each.box.hidden = !(above || inside);
    each.box.classList.toggle("dim", above);
    each.box.style.left = above ? "0%" : `${100 * (each.x - frame.x) / frame.width}%`;
    each.box.style.width = above ? "100%" : `${100 * each.width / frame.width}%`;
  }
}

function whole(graph) {
  for (const each of graph.frames) {
    each.box.hidden = false;
    each.box.classList.remove("dim");
    each.box.style.left = `${each.x}%`;
    each.box.style.width = `${each.width}%`;
  }
}

function neighbour(graph, frame, key) {
  const shown = graph.frames.filter((each) => !each.box.hidden);
  const rows = [...new Set(shown.map((each) => each.row))].sort((a, b) => a - b);
  const row = rows[rows.indexOf(frame.row) + (key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0)];
  const line = shown.filter((each) => each.row === row).sort((a, b) => a.x - b.x);
  if (key === "ArrowLeft" || key === "ArrowRight") return line[line.indexOf(frame) + (key === "ArrowRight" ? 1 : -1)];
  if (key === "ArrowUp") return line.filter((each) => each.x <= frame.x + SLACK).pop();
  return line.find((each) => each.x >= frame.x - SLACK && each.x < frame.x + frame.width);
}

for (const graph of graphs) {
  for (const frame of graph.frames) {
    frame.box.addEventListener("click", () => (frame.row === 0 ? whole(graph) : zoom(graph, frame)));
    frame.box.addEventListener("keydown", (event) => {
      if (!event.key.startsWith("Arrow")) return;
      event.preventDefault();
      const next = neighbour(graph, frame, event.key);
      if (next) next.box.focus();
    });
  }
}

const controls = document.querySelector(".controls");
if (controls) {
  controls.hidden = false;
  for (const each of document.querySelectorAll(".scripted")) each.hidden = false;
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const reset = () => { graphs.forEach(whole); search.value = ""; seek(); };
  // Of frames inside each other that both match, the outer one counts.
  const covered = (hits) => hits.filter((a) => !hits.some((b) => b !== a && b.row < a.row && b.x <= a.x + SLACK && b.x + b.width >= a.x + a.width - SLACK));
  function seek() {
    const words = search.value.trim().toLowerCase();
    const shares = graphs.map((graph) => {
      const hits = graph.frames.filter((each) => words && each.row > 0 && each.box.title.toLowerCase().split(" — ")[0].includes(words));
      graph.frames.forEach((each) => each.box.classList.toggle("found", hits.includes(each)));
      const total = graph.frames[0] ? graph.frames[0].width : 100;
      return `${(100 * covered(hits).reduce((sum, each) => sum + each.width, 0) / total).toFixed(1)} %`;
    });
    found.textContent = words ? `${shares.join(" before, ")}${shares.length > 1 ? " after" : ""}` : "";
  }
  search.addEventListener("input", seek);
  document.getElementById("reset").addEventListener("click", reset);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") reset(); });
}

// A link from the picture of candidates opens what it leads to.
const open = () => { const target = document.querySelector(location.hash || "#main"); const details = target && target.querySelector("details"); if (details) details.open = true; };
addEventListener("hashchange", open);
