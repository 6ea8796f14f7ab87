"""The look of the app: one calm theme for light and dark, system fonts only, a layout that suits a phone."""

from __future__ import annotations

from gradio.themes import Base, Color, sizes

SYSTEM_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Noto Sans CJK SC", "PingFang SC", "sans-serif")
SYSTEM_MONO = ("ui-monospace", "SFMono-Regular", "Consolas", "monospace")

_TEAL = Color(
    "#effaf8", "#d3f1ec", "#a8e2d9", "#74ccc1", "#45b0a5", "#23857c", "#1c6f68", "#195a55", "#174845", "#153c3a",
    "#0a2423",
)  # fmt: skip
_SLATE = Color(
    "#f8faf9", "#eff3f2", "#dfe6e5", "#c5cfce", "#93a1a0", "#687776", "#4d5a5a", "#3b4646", "#262f30", "#182021",
    "#101617",
)  # fmt: skip


_COLOURS = {
    "body_background_fill": "*neutral_50",
    "body_background_fill_dark": "*neutral_950",
    "block_background_fill": "white",
    "block_background_fill_dark": "*neutral_900",
    "block_border_color": "*neutral_200",
    "block_border_color_dark": "*neutral_800",
    "block_border_width": "1px",
    "block_shadow": "none",
    "block_label_border_width": "0px",
    "block_label_background_fill": "white",
    "block_label_background_fill_dark": "*neutral_900",
    "block_label_text_color": "*neutral_700",
    "block_label_text_color_dark": "*neutral_200",
    "block_title_text_color": "*neutral_700",
    "block_title_text_color_dark": "*neutral_200",
    "block_info_text_color": "*neutral_600",
    "block_info_text_color_dark": "*neutral_400",
    "body_text_color": "*neutral_900",
    "body_text_color_dark": "*neutral_100",
    "body_text_color_subdued": "*neutral_600",
    "body_text_color_subdued_dark": "*neutral_400",
    "button_primary_background_fill": "*primary_600",
    "button_primary_background_fill_hover": "*primary_700",
    "button_primary_background_fill_dark": "*primary_500",
    "button_primary_background_fill_hover_dark": "*primary_600",
    "button_primary_text_color": "white",
    "button_primary_text_color_dark": "white",
    "button_secondary_background_fill": "*neutral_100",
    "button_secondary_background_fill_hover": "*neutral_200",
    "button_secondary_background_fill_dark": "*neutral_800",
    "button_secondary_background_fill_hover_dark": "*neutral_700",
    "button_large_text_size": "*text_md",
    "button_large_text_weight": "550",
    "button_large_padding": "*spacing_md calc(2 * *spacing_md)",
    "slider_color": "*primary_500",
    "slider_color_dark": "*primary_400",
}


def theme() -> Base:
    """The theme: teal on slate, flat blocks, round corners, no shadows."""
    base = Base(
        primary_hue=_TEAL,
        secondary_hue=_TEAL,
        neutral_hue=_SLATE,
        radius_size=sizes.radius_lg,
        font=SYSTEM_FONTS,
        font_mono=SYSTEM_MONO,
    )
    return base.set(**_COLOURS)


CSS = """
.gradio-container { width: 100% !important; max-width: 1280px !important; margin: 0 auto !important; }
.gradio-container, .gradio-container .prose { line-height: 1.5; }
.gradio-container main, .gradio-container .column { min-width: 0; }
.block:has(.html-container > .prose:empty) { display: none; }
.dark button[role="tab"][aria-selected="true"] { color: var(--primary-300) !important; }
.dark input[type="range"] { --neutral-200: var(--neutral-700); }
.html-container { padding: 0 !important; }
#header { padding: .25rem 0; }
#header h1 { font-size: 1.35rem; font-weight: 600; margin: .25rem 0; letter-spacing: -.01em; }
.note, .note.prose, .prose p.note { color: var(--body-text-color-subdued); font-size: .875rem; margin: 0; }
.card { background: var(--block-background-fill); border: 1px solid var(--block-border-color);
  border-radius: var(--block-radius); padding: .85rem 1rem; }
.prose ul.faces { display: grid; gap: .35rem; margin: 0; padding: .85rem 1rem; list-style: none; font-size: .9rem; }
.prose ul.faces li { display: flex; flex-wrap: wrap; gap: 0 .75rem; margin: 0; }
.faces b { font-weight: 600; white-space: nowrap; }
.faces span { color: var(--body-text-color-subdued); white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.total { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1.5rem; }
.total .number { font-size: 3.25rem; line-height: 1.05; font-weight: 650; color: var(--primary-600);
  font-variant-numeric: tabular-nums; }
.dark .total .number { color: var(--primary-300); }
.total .unit { font-size: 1rem; margin-left: .5rem; font-weight: 400; color: var(--body-text-color-subdued); }
.total .side { font-size: .95rem; }
.total .side b { font-weight: 600; font-variant-numeric: tabular-nums; }
.progress { height: .5rem; border-radius: 1rem; background: var(--neutral-200); overflow: hidden; margin-top: .5rem; }
.dark .progress { background: var(--neutral-800); }
.progress i { display: block; height: 100%; background: var(--primary-500); border-radius: 1rem; }
.chart { position: relative; padding-bottom: 1.25rem; }
.chart + .chart { margin-top: .75rem; }
.chart h4 { font-size: .85rem; font-weight: 600; margin: 0 0 .35rem; }
.chart svg { display: block; width: 100%; height: 110px; overflow: visible; }
.chart .line { fill: none; stroke: var(--primary-500); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.chart .mark { stroke: var(--body-text-color); stroke-width: 5; stroke-linecap: round;
  vector-effect: non-scaling-stroke; }
.chart .grid { stroke: var(--neutral-300); stroke-width: 1; vector-effect: non-scaling-stroke; }
.dark .chart .grid { stroke: var(--neutral-800); }
.chart .tick { position: absolute; bottom: 0; transform: translateX(-50%); font-size: .75rem;
  color: var(--body-text-color-subdued); font-variant-numeric: tabular-nums; white-space: nowrap; }
.chart .tick:first-of-type { transform: none; } .chart .tick.last { transform: translateX(-100%); }
.chart .level { position: absolute; right: 0; top: 0; font-size: .75rem; color: var(--body-text-color-subdued); }
#video video { max-height: 215px; }
#result video { max-height: 60vh; }
.scroll { overflow-x: auto; }
table.people { width: 100%; border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
.prose table.people, .prose table.people tr { border: 0; background: none; }
.prose table.people caption { text-align: left; font-weight: 600; margin-bottom: .35rem; }
.prose table.people th, .prose table.people td { text-align: left; padding: .35rem .6rem; white-space: nowrap;
  border: 0; border-bottom: 1px solid var(--block-border-color); }
.prose table.people th { color: var(--body-text-color-subdued); font-weight: 500; }
table.people tr.sum td { font-weight: 600; }
*:focus-visible { outline: 2px solid var(--primary-500) !important; outline-offset: 2px; }
@media (max-width: 640px) {
  .gradio-container { padding: .5rem !important; }
  .total .number { font-size: 2.75rem; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
"""
