#!/usr/bin/env python3
"""Makes the fixtures beside it, all of them invented: workbooks, documents and damaged containers.

  python3 -m venv V && V/bin/pip install openpyxl python-docx xlwt && V/bin/python make.py

`libreoffice.xlsx` is `county.xlsx` opened and saved again by LibreOffice (soffice --convert-to xlsx).
"""
import datetime
import os
import shutil
import subprocess
import tempfile
import zipfile

import docx
import openpyxl
import xlwt
from openpyxl.styles import numbers

HERE = os.path.dirname(os.path.abspath(__file__))
FIXED = datetime.datetime(2026, 1, 1)


def path(name):
    return os.path.join(HERE, name)


def county():
    """A sheet as a department exports it: title, heading of two rows with merged cells, totals, notes."""
    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = FIXED
    sheet = book.active
    sheet.title = "检查对象"
    sheet.append(["固阳县2026年度检查对象一览表"])
    sheet.merge_cells("A1:H1")
    sheet.append(["序号", "抽查对象", None, None, "比例", "成立日期", "检查月份", "户数"])
    sheet.append([None, "名 称", "统一社会信用代码", "风险等级", None, None, None, None])
    for area in ("A2:A3", "B2:D2", "E2:E3", "F2:F3", "G2:G3", "H2:H3"):
        sheet.merge_cells(area)
    rows = [
        (1, "甲甲超市", "91350100M000100Y43", "A级", 0.1, datetime.date(2020, 2, 29), datetime.date(2026, 3, 1), 12),
        (2, "乙乙饭馆", "00123", "B级", 0.125, datetime.date(1999, 12, 31), datetime.date(2026, 11, 1), 3.5),
        (3, "丙丙药房", "X-3", None, 1, datetime.datetime(2021, 7, 1, 8, 30), datetime.date(2026, 1, 1), True),
    ]
    for row in rows:
        sheet.append(row)
    sheet.append(["合计", None, None, None, None, None, None, "=SUM(H4:H5)"])
    sheet.append([])
    sheet.append(["备注：数据均为虚构"])
    sheet.append(["填表人：张三", None, None, "审核人：李四"])
    for line in (4, 5, 6):
        sheet.cell(line, 5).number_format = "0%"
        sheet.cell(line, 6).number_format = "yyyy\"年\"m\"月\"d\"日\""
        sheet.cell(line, 7).number_format = "[$-804]yyyy\"年\"m\"月\";@"
    sheet.cell(6, 6).number_format = "yyyy/m/d h:mm"
    sheet.merge_cells("D5:D6")
    sheet["D5"] = "B级"
    codes = book.create_sheet("编号")
    codes.append(["编号", "年份"])
    codes.append([123, 45292])
    codes["A2"].number_format = "000000"
    codes["B2"].number_format = numbers.FORMAT_DATE_XLSX14
    hidden = book.create_sheet("旧表")
    hidden.append(["名称"])
    hidden.sheet_state = "hidden"
    book.save(path("county.xlsx"))


def since1904():
    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = FIXED
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(["日期"])
    book.active.append([datetime.date(2024, 2, 29)])
    book.save(path("since1904.xlsx"))


def lossy():
    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = FIXED
    book.active.append(["统一社会信用代码"])
    book.active.append([150222199001011234])
    book.save(path("lossy.xlsx"))


def old():
    book = xlwt.Workbook()
    sheet = book.add_sheet("名单")
    style = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for column, text in enumerate(["名称", "有效期至"]):
        sheet.write(0, column, text)
    sheet.write(1, 0, "甲甲")
    sheet.write(1, 1, datetime.date(2027, 5, 1), style)
    book.save(path("old.xls"))


def document():
    document = docx.Document()
    document.add_paragraph("附件1 2026年度部门联合抽查计划")
    table = document.add_table(rows=4, cols=4)
    cells = [
        ["序号", "抽查事项", "抽查事项", "比例"], ["序号", "类别", "事项", "比例"], ["1", "食品", "食品经营检查", "10%"],
        ["2", "食品", "餐饮检查", "5%"],
    ]
    for row, texts in zip(table.rows, cells):
        for cell, text in zip(row.cells, texts):
            cell.text = text
    for first, last in (((0, 1), (0, 2)), ((0, 0), (1, 0)), ((0, 3), (1, 3)), ((2, 1), (3, 1))):
        one, other = table.cell(*first), table.cell(*last)
        text = one.text
        other.text = ""
        one.merge(other).text = text
    document.add_paragraph("完")
    document.save(path("plan.docx"))


def damaged():
    whole = open(path("county.xlsx"), "rb").read()
    open(path("truncated.xlsx"), "wb").write(whole[: len(whole) // 2])

    def changed(name, change):
        with zipfile.ZipFile(path("county.xlsx")) as source, zipfile.ZipFile(
                path(name), "w", zipfile.ZIP_DEFLATED) as target:
            for part in source.namelist():
                content = change(part, source.read(part))
                if content is not None:
                    target.writestr(zipfile.ZipInfo(part, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)

    sheet = "xl/worksheets/sheet1.xml"
    changed("badxml.xlsx", lambda part, text: text[:-40] if part == sheet else text)
    changed("nosheet.xlsx", lambda part, text: None if part == sheet else text)
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet>&e;</worksheet>'
    changed("entity.xlsx", lambda part, text: entity if part == sheet else text)
    # 300 MB of spaces in some 300 kB.
    changed("bomb.xlsx", lambda part, text: b"<worksheet>" + b" " * (300 << 20) if part == sheet else text)


def libreoffice():
    if not shutil.which("soffice"):
        return
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(
            ["soffice", "--headless", f"-env:UserInstallation=file://{place}/p", "--convert-to", "xlsx", "--outdir", place,
             path("county.xlsx")], check=True, stdout=subprocess.DEVNULL)
        shutil.copy(os.path.join(place, "county.xlsx"), path("libreoffice.xlsx"))


county()
since1904()
lossy()
old()
document()
damaged()
libreoffice()
