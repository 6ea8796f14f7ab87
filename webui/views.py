"""HTML that is generated at run time: progress, the count and the table."""

from __future__ import annotations

from html import escape

from counting.report import JumpReport, SessionReport
from webui.jobs import Progress
from webui.names import choice_name, translated
from webui.texts import say


def note(text: str) -> str:
    """A sentence in the style of a note."""
    return f'<p class="note">{escape(text)}</p>'


def progress_words(language: str, progress: Progress, count: int) -> str:
    """The stage, the time left and the count so far."""
    words = [say(language, f"status.{progress.stage}")]
    if progress.seconds_left is not None:
        words.append(say(language, "status.left", seconds=max(1, round(progress.seconds_left))))
    if count:
        words.append(say(language, "status.sofar", count=count))
    return " · ".join(words)


def progress_view(language: str, progress: Progress, count: int) -> str:
    """The stage in words, the time left, the count so far and a bar."""
    share = progress.share
    bar = f'<i style="width:{100 * share:.0f}%"></i>' if share is not None else ""
    value = f' aria-valuenow="{100 * share:.0f}"' if share is not None else ""
    return (
        f'<div class="card" role="status"><p class="note">{escape(progress_words(language, progress, count))}</p>'
        f'<div class="progress" role="progressbar" aria-valuemin="0" aria-valuemax="100"{value}>{bar}</div></div>'
    )


def total_view(language: str, report: SessionReport) -> str:
    """The large count of the main skipper with rate, style and warnings."""
    main = report.skipper
    if main is None:
        return note(say(language, "status.nobody"))
    side = [
        (say(language, "per_minute"), f"{main.per_minute:.0f}"),
        (say(language, "style"), choice_name(language, main.style)),
        (say(language, "longest"), str(main.longest_streak)),
    ]
    number, unit = main.count, "jumps.all" if main.without_rope and main.count else "jumps"
    if main.without_rope and not main.count:
        number, unit = main.count_without_rope, "jumps.without"
        side = []
    elif main.without_rope:
        side.append((say(language, "jumps.without"), str(main.count_without_rope)))
    facts = "".join(f'<span class="side">{escape(k)} <b>{escape(v)}</b></span>' for k, v in side)
    care = "".join(note(translated(language, warning)) for warning in report.warnings)
    return (
        f'<div class="card"><div class="total" role="status"><span class="number" id="jump-count">{number}'
        f'<span class="unit">{escape(say(language, unit))}</span></span>{facts}</div>{care}</div>'
    )


def table_view(language: str, report: SessionReport) -> str:
    """A row per person and one per segment of one style."""
    if not report.people:
        return ""
    name = escape(say(language, "table"))
    heads = ("table.person", "table.segment", "table.time", "table.jumps", "table.rate", "table.style")
    head = "".join(f'<th scope="col">{escape(say(language, h))}</th>' for h in heads)
    body = "".join(_person_rows(language, i, person, i == report.main) for i, person in enumerate(report.people))
    return (
        f'<div class="card scroll" role="region" tabindex="0" aria-label="{name}"><table class="people">'
        f'<caption class="note">{name}'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _person_rows(language: str, i: int, person: JumpReport, main: bool) -> str:
    name = say(language, "table.person.main" if main else "table.person.n", number=i + 1)
    span = _span(float(person.times[0]), float(person.times[-1])) if len(person.times) else ""
    rows = [(name, say(language, "table.all"), span, person.count, person.per_minute, person.style)]
    free = [part for part in person.without_rope if part not in person.parts]
    for k, part in enumerate((*person.parts, *free), 1):
        rows.append(("", str(k), _span(part.start, part.stop), part.count, part.per_minute, part.style))
    lines = [_cells(*row[:3], str(row[3]), f"{row[4]:.0f}", choice_name(language, row[5])) for row in rows]
    for k in range(len(rows) - len(free), len(rows)):
        style = f"{choice_name(language, rows[k][5])}, {say(language, 'no_rope')}"
        lines[k] = _cells(*rows[k][:3], str(rows[k][3]), f"{rows[k][4]:.0f}", style)
    return f'<tr class="sum">{lines[0]}</tr>' + "".join(f"<tr>{line}</tr>" for line in lines[1:])


def _cells(*texts: str) -> str:
    return "".join(f"<td>{escape(text)}</td>" for text in texts)


def _span(start: float, stop: float) -> str:
    if stop < 60:
        return f"{start:.1f}\u2013{stop:.1f} s"
    return f"{_clock(start)}\u2013{_clock(stop)}"


def _clock(seconds: float) -> str:
    """Minutes and seconds, with hours if needed."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
