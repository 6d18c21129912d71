"use strict";
(() => {
  const list = document.getElementById("panels");
  if (!list) return;
  const byId = (id) => document.getElementById(id);
  const { runs, metrics, images } = JSON.parse(byId("data").textContent);
  const metric = byId("metric");
  const ofRun = byId("of-run");
  const orders = [...document.querySelectorAll("[data-order]")];
  const items = [...list.children];
  const viewer = byId("viewer");
  const stacks = [...viewer.querySelectorAll(".stack")];
  let order = "failures";
  let current = null;

  const text = (score, digits = 3) =>
    score === null ? "none" : score.toFixed(digits).replace("-", "\u2212");

  // How good an image is by what is chosen; null where there is no score.
  function goodness(image) {
    const [run, other] = ofRun.value.split("-").map(Number);
    const column = Number(metric.value);
    const scores = [run, ...(other === undefined ? [] : [other])].map(
      (index) => image.scores[index][column],
    );
    if (scores.includes(null)) return null;
    const value = scores[0] - (scores[1] ?? 0);
    return metrics[column].lessIsBetter ? -value : value;
  }

  function compare(a, b) {
    const [one, other] = [a, b].map((item) => images[item.dataset.index]);
    if (order === "dataset") return one.row - other.row;
    const [first, second] = [goodness(one), goodness(other)];
    if (first === null || second === null) {
      return (first === null) - (second === null) || one.row - other.row;
    }
    const difference = order === "failures" ? first - second : second - first;
    return difference || one.row - other.row;
  }

  function arrange() {
    const column = Number(metric.value);
    const { name } = metrics[column];
    for (const item of items) {
      const { scores } = images[item.dataset.index];
      item.querySelectorAll(".score").forEach((span, run) => {
        span.textContent = `${name} ${text(scores[run][column])}`;
      });
    }
    items.sort(compare);
    list.append(...items);
    for (const button of orders) {
      button.setAttribute("aria-pressed", String(button.dataset.order === order));
    }
    const pressed = orders.find((button) => button.dataset.order === order);
    const which = ofRun.selectedOptions[0].textContent;
    byId("order").textContent = `Sorted by ${name} of ${which}: ${pressed.textContent}`;
  }

  function dots(image) {
    const [width, height] = image.size;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("aria-hidden", "true");
    const radius = Math.max(width, height) / 110;
    for (let i = 0; i < image.fixations.length; i += 2) {
      const dot = document.createElementNS(svg.namespaceURI, "circle");
      dot.setAttribute("cx", image.fixations[i] + 0.5);
      dot.setAttribute("cy", image.fixations[i + 1] + 0.5);
      dot.setAttribute("r", radius);
      dot.setAttribute("stroke-width", radius / 3);
      svg.append(dot);
    }
    return svg;
  }

  function draw() {
    const image = images[current.dataset.index];
    const pictures = [...current.querySelectorAll("img")];
    const isOver = byId("over-image").checked;
    stacks.forEach((stack, i) => {
      const said = stack.nextElementSibling.querySelector(".score");
      if (said) said.textContent = current.querySelectorAll(".score")[i - 2].textContent;
      const map = pictures[i].cloneNode();
      map.className = i ? "map" : "";
      const under = pictures[0].cloneNode();
      under.alt = "";
      stack.classList.toggle("over", isOver && i > 0);
      stack.replaceChildren(...(isOver && i ? [under, map] : [map]));
      if (byId("with-fixations").checked) stack.append(dots(image));
    });
    const number = image.fixations.length / 2;
    byId("num-fixations").textContent = number
      ? `people looked at ${number} places`
      : "no fixations are known for this image";
    byId("viewer-title").textContent =
      `${image.id} (${items.indexOf(current) + 1} of ${items.length})`;
    byId("viewer-scores").replaceChildren(
      ...runs.map((name, run) => row("td", name, image.scores[run].map((x) => text(x)))),
    );
  }

  function row(tag, name, cells) {
    const made = document.createElement("tr");
    const head = document.createElement(name ? "th" : "td");
    if (name) head.scope = "row";
    head.textContent = name;
    made.append(head);
    for (const content of cells) {
      const cell = document.createElement(tag);
      if (tag === "th") cell.scope = "col";
      cell.textContent = content;
      made.append(cell);
    }
    return made;
  }

  function show(item) {
    if (!item) return;
    current = item;
    draw();
    if (viewer.open) return;
    viewer.showModal();
    byId("next").focus();
  }

  const step = (by) => show(items.at((items.indexOf(current) + by) % items.length));

  byId("viewer-heads").append(row("th", "", metrics.map(({ name }) => name)));
  metric.addEventListener("change", arrange);
  ofRun.addEventListener("change", arrange);
  for (const button of orders) {
    button.addEventListener("click", () => {
      order = button.dataset.order;
      arrange();
    });
  }
  list.addEventListener("click", (event) => show(event.target.closest("#panels > li")));
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("close").addEventListener("click", () => viewer.close());
  byId("with-fixations").addEventListener("change", draw);
  byId("over-image").addEventListener("change", draw);
  viewer.addEventListener("click", (event) => {
    if (event.target === viewer) viewer.close();
  });
  viewer.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && event.target.type !== "checkbox") step(by);
  });
  viewer.addEventListener("close", () => current.querySelector(".open").focus());
  arrange();
})();
