"""What the browser is told beyond Gradio: how the page looks, and how to paste."""

# Gradio has a button for it; people press Ctrl+V.
PASTE = """() => document.addEventListener("paste", async (event) => {
  const files = [...(event.clipboardData ? event.clipboardData.files : [])];
  const image = files.find((file) => file.type.startsWith("image/"));
  if (!image) return;
  const find = (what) => document.querySelector("#image " + what);
  find("[aria-label='Remove Image']")?.click();
  find("[aria-label='Upload file']")?.click();
  for (let i = 0; i < 50 && !find("input[type=file]"); i++)
    await new Promise((done) => setTimeout(done, 20));
  const given = new DataTransfer();
  given.items.add(image);
  find("input[type=file]").files = given.files;
  find("input[type=file]").dispatchEvent(new Event("change", { bubbles: true }));
})"""

CSS = """
.gradio-container { max-width: 1280px !important; margin: 0 auto !important; }
.gradio-container, .gradio-container > main { width: 100%; }
.html-container { padding: 0 !important; }
#title h1 { margin: 0; font-size: 1.4rem; font-weight: 600; }
#one, #many { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
#one > *, #many > * { min-width: 0 !important; }
#one { grid-template-areas: "given" "results" "controls"; }
#given { grid-area: given; }
#controls { grid-area: controls; }
#results { grid-area: results; align-items: start; }
.result { display: grid !important; gap: 8px; }
.overlay, .map { min-height: 200px; }
.overlay img, .map img { width: 100%; }
.map { margin-top: 8px; }
.status { margin: 0; overflow-wrap: anywhere; }
.refusal {
  margin: 0 0 6px !important; padding: 8px 12px; overflow-wrap: anywhere;
  border-left: 4px solid #d55e00; background: rgba(213, 94, 0, 0.12);
}
.heading h3 { display: inline; margin: 0 10px 0 0; font-size: 1.05rem; }
.heading h3 { font-weight: 600; overflow-wrap: anywhere; }
.heading span, .legend span { opacity: 0.8; white-space: nowrap; }
.legend { display: flex; align-items: center; gap: 8px; font-size: 0.85rem; }
.legend div {
  flex: 1; height: 10px; border: 1px solid var(--border-color-primary);
}
.points table {
  width: 100%; margin: 0 !important; border: 0 !important; border-collapse: collapse;
}
.points th, .points td {
  padding: 4px 10px !important; border: 0 !important; text-align: right !important;
  font-variant-numeric: tabular-nums;
}
.points thead th { font-weight: 400; opacity: 0.8; }
.points tr { border: 0 !important; }
.points tbody tr { border-top: 1px solid var(--border-color-primary) !important; }
@media (hover: hover) {
  .overlay .icon-button-wrapper, .map .icon-button-wrapper { opacity: 0; }
  .overlay:hover .icon-button-wrapper, .map:hover .icon-button-wrapper,
  .overlay:focus-within .icon-button-wrapper,
  .map:focus-within .icon-button-wrapper { opacity: 1; }
}
@media (min-width: 800px) {
  #one {
    grid-template-columns: 320px minmax(0, 1fr);
    grid-template-rows: auto 1fr;
    grid-template-areas: "given results" "controls results";
  }
  .alone .result {
    grid-template-columns: repeat(2, minmax(0, 1fr)); column-gap: 24px;
    grid-template-areas:
      "heading heading" "overlay overlay" "colours colours" "map points"
      "greys points";
    align-items: start;
  }
  .alone .result > .heading { grid-area: heading; }
  .alone .result > .overlay { grid-area: overlay; }
  .alone .result > .colours { grid-area: colours; }
  .alone .result > .map { grid-area: map; }
  .alone .result > .greys { grid-area: greys; }
  .alone .result > .points { grid-area: points; margin-top: 8px !important; }
}
"""
