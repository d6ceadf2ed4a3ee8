"""A flame, hung upside down: who called whom, and how long it took, as a picture."""

from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape

from _speed_profile import Samples, own_frames, shares, stage_of

from hybrid_zoo.palette import COLOURS

WIDTH, ROW, LETTER, THINNEST = 1200, 22, 7.0, 2.0
SEVERAL, SMALL = "#4a525e", "#70757d"
STRONG = tuple(colour for colour in COLOURS if colour not in ("#3286b8", SMALL))
"""White letters have a contrast of 4.5 to 1 on each."""

HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" \
aria-labelledby="flame-title flame-words" font-family="sans-serif" font-size="11.5">
<title id="flame-title">Where the time of a study goes</title>
<desc id="flame-words">{words}</desc>
<style>
.page {{ fill: #fff }} .ink {{ fill: #1b1f24 }} .box {{ fill: #fff }}
@media (prefers-color-scheme: dark) {{ .page {{ fill: #1b1f24 }} .ink {{ fill: #e9edf2 }} }}
</style>
<rect class="page" width="{width}" height="{height}"/>"""


def flame(samples: Samples, seconds: float) -> str:
    """Draw the functions of this package, outermost on top, with the stage at the end of each.

    Args:
        samples: From `record`.
        seconds: What the program took.
    """
    stages = shares(samples)
    colours = dict(zip(stages, STRONG, strict=False))
    paths: Counter[tuple[str, ...]] = Counter()
    for stack, count in samples.items():
        stage = stage_of(stack)
        paths[("a study", *own_frames(stack), stage)] += count
    scale = WIDTH / paths.total()
    boxes = list(_boxes(paths, colours, 0.0, 0, scale, seconds / paths.total()))
    bottom = max(top for top, _ in boxes) + ROW
    legend = list(_legend(stages, colours, bottom + ROW))
    height = bottom + ROW * (1.5 + len(legend) // 4)
    words = "; ".join(f"{stage} {100 * share:.0f} %" for stage, share in stages.items())
    head = HEAD.format(width=WIDTH, height=f"{height:.0f}", words=escape(words))
    return "\n".join([head, *(box for _, box in boxes), *legend, "</svg>", ""])


def _boxes(
    paths: Mapping[tuple[str, ...], int], colours: Mapping[str, str],
    left: float, depth: int, scale: float, each: float,
) -> Iterator[tuple[float, str]]:  # fmt: skip
    """Yield the upper edge and the element of every box from a depth on."""
    below: dict[str, Counter[tuple[str, ...]]] = {}
    for path, count in paths.items():
        if len(path) > depth:
            below.setdefault(path[depth], Counter())[path] += count
    for name, part in sorted(below.items(), key=lambda item: -item[1].total()):
        width = part.total() * scale
        if width >= THINNEST:
            stages = {path[-1] for path in part}
            colour = colours.get(next(iter(stages)), SMALL) if len(stages) == 1 else SEVERAL
            yield depth * ROW, _box(name, left, depth * ROW, width, colour, part.total() * each)
            yield from _boxes(part, colours, left, depth + 1, scale, each)
        left += width


def _box(name: str, left: float, top: float, width: float, colour: str, seconds: float) -> str:
    short, room = name.rpartition(":")[2], int((width - 6) / LETTER)
    text = short if len(short) <= room else short[: room - 1] + "…" if room > 3 else ""
    return (
        f'<g><title>{escape(name)}, {seconds:.1f} s</title><rect x="{left:.1f}" y="{top}" '
        f'width="{max(width - 1, 1):.1f}" height="{ROW - 1}" fill="{colour}"/>'
        f'<text class="box" x="{left + 3:.1f}" y="{top + 15}">{escape(text)}</text></g>'
    )


def _legend(stages: Mapping[str, float], colours: Mapping[str, str], top: float) -> Iterator[str]:
    for number, (stage, share) in enumerate(stages.items()):
        x, y = 300 * (number % 4), top + ROW * (number // 4)
        colour = colours.get(stage, SMALL)
        yield (
            f'<rect x="{x}" y="{y - 11}" width="13" height="13" fill="{colour}"/>'
            f'<text class="ink" x="{x + 19}" y="{y}">{stage} {100 * share:.1f} %</text>'
        )
