"""An HTML table that narrow windows show as a list, so that nobody scrolls sideways."""

from __future__ import annotations

from collections.abc import Sequence


def table_of(head: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> str:
    """A table whose first ``words`` columns contain words; the others contain numbers and are right-aligned.

    Args:
        head: headings as HTML; the style sheet repeats them next to each value in narrow windows. Empty for none.
        rows: cells as HTML.
        words: number of columns of words.
    """
    kinds = ["" if column < words else ' class="number"' for column in range(max(map(len, [head, *rows]), default=0))]
    top = "".join(f"<th{kind}>{name}</th>" for kind, name in zip(kinds, head, strict=False))
    names = [f' data-name="{name}"' for name in head] or [""] * len(kinds)
    body = ""
    for row in rows:
        cells = (f"<td{kind}{name}>{cell}</td>" for kind, name, cell in zip(kinds, names, row, strict=False))
        body += f"<tr>{''.join(cells)}</tr>"
    if not head:
        return f'<div class="scroll"><table><tbody>{body}</tbody></table></div>'
    return (
        f'<div class="scroll"><table class="stacked"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )
