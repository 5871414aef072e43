"""Bars as an SVG, written out: a picture for the guide that any browser shows, with its figures as text."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, FOOT, HEAD = 720, 260, 56, 44, 34


def bars(title: str, rows: Sequence[tuple[str, float]], *, unit: str, line: float | None = None) -> str:
    """A bar for each row, labelled; `line` is drawn across, such as a quota."""
    most = max([value for _, value in rows] + [line or 0.0]) or 1.0
    step = (WIDTH - LEFT - 10) / len(rows)
    scale = (HEIGHT - FOOT - HEAD) / most
    every = max(1, len(rows) // 12)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="18" font-size="14">{escape(title)}</text>',
        f'<text x="{LEFT - 6}" y="{HEAD + 4}" text-anchor="end">{most:,.0f}</text>',
        f'<text x="{LEFT - 6}" y="{HEIGHT - FOOT}" text-anchor="end">0</text>',
        f'<text x="{LEFT}" y="{HEIGHT - 6}" fill="#555">{escape(unit)}</text>',
    ]
    for number, (label, value) in enumerate(rows):
        x, height = LEFT + number * step, value * scale
        parts.append(
            f'<rect x="{x:.1f}" y="{HEIGHT - FOOT - height:.1f}" width="{step * 0.8:.1f}" height="{height:.1f}" '
            f'fill="#2b6cb0"><title>{escape(label)}: {value:,.1f}</title></rect>'
        )
        if number % every == 0:
            parts.append(
                f'<text x="{x + step * 0.4:.1f}" y="{HEIGHT - FOOT + 16}" text-anchor="middle">{escape(label)}</text>'
            )
    if line is not None:
        y = HEIGHT - FOOT - line * scale
        parts.append(
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - 10}" y2="{y:.1f}" stroke="#c53030" stroke-dasharray="6 4"/>'
        )
    return "\n".join([*parts, "</svg>", ""])
