"""Prints what openpyxl reads in a workbook, as JSON: for each sheet its cells, merges, widths and print settings."""
import json
import sys

import openpyxl

book = openpyxl.load_workbook(sys.argv[1])
print(json.dumps([{
    "name": sheet.title,
    "cells": {cell.coordinate: {
        "value": cell.value if not isinstance(cell.value, float) else repr(cell.value), "format": cell.number_format,
        "bold": bool(cell.font.b), "wrap": bool(cell.alignment.wrap_text),
        "border": cell.border.left.style == "thin",
    } for cell in sheet._cells.values() if cell.value is not None},  # iter_rows would walk 17 thousand million empty cells
    "merges": sorted(str(range) for range in sheet.merged_cells.ranges),
    "widths": {name: repr(round(column.width)) for name, column in sheet.column_dimensions.items()},
    "landscape": sheet.page_setup.orientation == "landscape",
    "paper": str(sheet.page_setup.paperSize),
} for sheet in book.worksheets], ensure_ascii=False))
