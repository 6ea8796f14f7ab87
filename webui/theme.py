"""The theme of the app for light and dark mode, with system fonts; ``static/page.css`` has the layout."""

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
    "button_primary_background_fill_dark": "*primary_600",
    "button_primary_background_fill_hover_dark": "*primary_700",
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
