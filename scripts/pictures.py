"""Draws what a terminal shows, with its colours, as SVG: standard input is the screen with its escape sequences."""

import html
import re
import sys

WIDTH, HEIGHT, SIZE = 8.4, 19, 14
BACKGROUND, TEXT = "#1f2430", "#d8dee9"


def style(now, codes):
    """The style after a list of SGR codes, of those that Neovim uses here: true colours, italics, bold, underlines."""
    codes = [int(code.split(":")[0] or 0) for code in codes.split(";")]
    now = dict(now)
    while codes:
        code = codes.pop(0)
        if code == 0:
            now = {}
        elif code in (38, 48) and codes[:1] == [2]:
            now[code] = "#%02x%02x%02x" % tuple(codes[1:4])
            codes = codes[4:]
        elif code in (39, 49):
            now.pop(code - 1, None)
        elif code in (1, 3, 4):
            now[code] = True
        elif code in (22, 23, 24):
            now.pop(code - 21, None)
            now.pop(code - 20, None) if code == 24 else None
    return now


def spans(line):
    """The pieces of a line with their column and style."""
    now, column = {}, 0
    for piece in re.split(r"(\x1b\[[0-9;:]*m)", line):
        if piece.startswith("\x1b["):
            now = style(now, piece[2:-1])
        elif piece:
            yield column, piece, now
            column += len(piece)


def main():
    title = html.escape(sys.argv[1])
    # The last line is where Neovim takes commands.
    lines = [line.rstrip("\n") for line in sys.stdin][:-1]
    plain = [re.sub(r"\x1b\[[0-9;:]*m", "", line).rstrip() for line in lines]
    while not plain[-1]:
        plain.pop()
        lines.pop()
    columns, rows = max(map(len, plain)) + 2, len(lines)
    width, height = columns * WIDTH + 24, rows * HEIGHT + 56
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" font-size="{SIZE}"')
    print('  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" xml:space="preserve">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>')
    for place, colour in enumerate(["#ff5f56", "#ffbd2e", "#27c93f"]):
        print(f'<circle cx="{20 + 20 * place}" cy="20" r="6" fill="{colour}"/>')
    print(f'<text x="50%" y="25" fill="#707a8c" text-anchor="middle">{title}</text>')
    for row, line in enumerate(lines):
        y = 56 + row * HEIGHT
        for column, text, now in spans(line):
            x = 12 + column * WIDTH
            if 48 in now and now[48] != BACKGROUND:
                print(f'<rect x="{x:.1f}" y="{y - 14}" width="{len(text) * WIDTH:.1f}" height="{HEIGHT}" fill="{now[48]}"/>')
            if not text.strip():
                continue
            more = ' font-style="italic"' if 3 in now else ""
            more += ' text-decoration="underline"' if 4 in now else ""
            # The length is said, so that another font changes no column.
            indent = len(text) - len(text.lstrip())
            text = text.strip()
            x += indent * WIDTH
            print(
                f'<text x="{x:.1f}" y="{y}" textLength="{len(text) * WIDTH:.1f}" fill="{now.get(38, TEXT)}"{more}>'
                f"{html.escape(text)}</text>"
            )
    print("</svg>")


main()
