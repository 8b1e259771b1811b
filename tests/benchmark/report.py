"""`docs/speed.md`, with its plot, from the figures of a run."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Results = Mapping[str, Any]
AIMS = {"hot": 0.7, "cold": 0.25, "write": 0.25}
COLOR = {"mock": "#0b7285", "mock with its log": "#66a9b8"}
TEXT = Path(__file__).with_name("page.md").read_text()


def page(results: Results) -> str:
    """The page as Markdown."""
    servers = results["servers"]
    return TEXT.format(
        table="\n".join(_table(results["cases"])),
        server_names=" | ".join(servers),
        server_rules="|".join("---" for _ in servers),
        memory=" | ".join(f"{each['memory_mb']:.0f}" for each in servers.values()),
        start=" | ".join(f"{each['start_s']:.1f}" for each in servers.values()),
        sweeps="\n\n".join(_sweep(name, points) for name, points in results["sweeps"].items()),
        **results["machine"],
    )


def _table(rows: Sequence[Results]) -> Iterator[str]:
    names = [name for name in rows[0]["servers"] if name != "bare Starlette"]
    yield f"| | {' | '.join(names)} | mock, us | bare, us | p50 | p99 |"
    yield "|---" * (len(names) + 5) + "|"
    for row in rows:
        servers, mock = row["servers"], row["servers"]["mock"]
        ratios = " | ".join(
            f"**{servers[name]['ratio']:.2f}**"
            if name == "mock"
            else f"{servers[name]['ratio']:.2f}"
            for name in names
        )
        bare = servers["bare Starlette"]["cpu_us"]
        times = f"{mock['cpu_us']:.0f} | {bare:.0f} | {mock['p50_ms']:.1f} | {mock['p99_ms']:.1f}"
        yield f"| {label(row)} | {ratios} | {times} |"


def label(row: Results) -> str:
    """What was asked, in words."""
    return f"{row['case']}, {row['kind']}{', gzip' if row['gzip'] else ''}"


def _sweep(name: str, points: Mapping[str, float]) -> str:
    return "\n".join(
        [
            f"| {name} | {' | '.join(points)} |",
            "|---" * (len(points) + 1) + "|",
            f"| us | {' | '.join(f'{cost:.0f}' for cost in points.values())} |",
        ]
    )


def plot(rows: Sequence[Results]) -> str:
    """Bars, one group for each case, with the aim as a line; SVG."""
    names = [name for name in rows[0]["servers"] if name != "bare Starlette"]
    bar, left, wide, gap = 12, 150, 520, 14
    parts, y = [], 30
    for row in rows:
        top = y
        parts.append(_text(left - 8, y + 10, label(row), "end"))
        for name in names:
            ratio = row["servers"][name]["ratio"]
            color = COLOR.get(name, "#adb5bd")
            length = max(1, round(ratio * wide / 1.5))
            parts.append(
                f'<rect x="{left}" y="{y}" width="{length}" height="{bar - 2}" fill="{color}"/>'
            )
            parts.append(_text(left + length + 4, y + 9, f"{ratio:.2f} {name}", "start"))
            y += bar
        aim = left + round(AIMS[row["kind"]] * wide / 1.5)
        parts.append(f'<path d="M{aim} {top - 3}V{y}" stroke="#c92a2a" stroke-dasharray="3 2"/>')
        y += gap
    heading = _text(
        left, 16, "Ratio to bare Starlette, by processor time; dashed: the aim", "start"
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + wide + 150} {y}"'
        ' font-family="sans-serif" font-size="10">'
        '<rect width="100%" height="100%" fill="#fff"/>'
    )
    return "\n".join([head, heading, *parts, "</svg>", ""])


def _text(x: int, y: int, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="#212529">{text}</text>'
