"""Tables on the terminal."""


def print_table(rows):
    """Rows of texts, the head first; a column is as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
