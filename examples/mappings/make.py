#!/usr/bin/env python3
"""Makes the three example files beside it; every name and number in them is invented.

  python3 -m venv V && V/bin/pip install openpyxl && V/bin/python make.py
"""
import datetime
import json
import os

import openpyxl

HERE = os.path.dirname(os.path.abspath(__file__))
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def code(number):
    """A unified social credit code (GB 32100) of an invented business."""
    first = f"92150222MA0{number:06d}"
    total = sum(ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(first))
    return first + ALPHABET[(31 - total % 31) % 31]


def market():
    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = datetime.datetime(2026, 1, 1)
    sheet = book.active
    sheet.title = "检查对象"
    sheet.append(["固阳县市场主体检查对象一览表"])
    sheet.merge_cells("A1:I1")
    sheet.append(["统计时间：2026年3月"])
    sheet.append(["序号", "主体信息", None, None, "经营信息", None, None, "风险等级", "登记状态"])
    sheet.append([None, "主体名称", "统一社会信用代码", "住所", "行业代码", "所属区划", "许可项目", None, None])
    for area in ("A3:A4", "B3:D3", "E3:G3", "H3:H4", "I3:I4"):
        sheet.merge_cells(area)
    rows = [
        ("虚构甲超市", code(1), "固阳县金山镇建设路1号", "F5212", "150222100", "食品经营", "低风险", "存续"),
        ("虚构乙饭馆", code(2), "固阳县金山镇民主街2号", "H6210", "150222100", "食品经营、餐饮服务", "中风险", "存续"),
        ("虚构丙药房", code(3), "固阳县下湿壕镇3号", "F5251", "150222102", "药品经营", "高风险", "存续"),
        ("虚构丁商店", code(4), "固阳县银号镇4号", "F5212", "150222103", None, None, "注销"),
        ("虚构戊修理部", code(5)[:17] + "?", "固阳县怀朔镇5号", "O8111", "150222104", "机动车维修", "较高", "存续"),
    ]
    for number, row in enumerate(rows, 1):
        sheet.append([number, *row])
    sheet.append(["合计", f"{len(rows)}户"])
    sheet.append(["填表人：某某", None, None, "审核人：某某"])
    book.save(os.path.join(HERE, "market.xlsx"))


def staff():
    text = (
        "人员编号,姓名,所属单位,工作区域,专业特长,执法证号,证件有效期,回避企业\r\n"
        f"ZF-001,张三,市场监管局,金山镇,食品；特种设备,1502220001,2027年5月1日,{code(1)}\r\n"
        "ZF-002,李四,应急局,全县,危化,1502220002,2027/12/31,\r\n"
        "ZF-003,王五,文旅局,银号镇、怀朔镇,,1502220003,长期,\r\n"
        "ZF-004,赵六,林草局,全县,,1502220004,2027.1.1,\r\n"
        "合计,4人,,,,,,\r\n")
    with open(os.path.join(HERE, "staff.csv"), "wb") as file:
        file.write(text.encode("gbk"))


def permits():
    rows = [
        {"permitNo": "YJ-2026-0001", "holder": {"name": "虚构己烟花店", "uscc": code(6), "addr": "固阳县金山镇6号"},
         "scope": ["烟花爆竹零售"], "areaCode": 150222100, "industry": "F5244", "level": "III", "valid": True},
        {"permitNo": "YJ-2026-0002", "holder": {"name": "虚构庚加油站", "uscc": code(7), "addr": "固阳县西斗铺镇7号"},
         "scope": ["危险化学品经营", "成品油零售"], "areaCode": 150222101, "industry": "F5265", "level": "I", "valid": True},
        {"permitNo": "YJ-2025-0099", "holder": {"name": "虚构辛化工店", "uscc": code(8), "addr": None},
         "scope": [], "areaCode": 150222100, "industry": "F5266", "level": "II", "valid": False},
    ]
    with open(os.path.join(HERE, "permits.jsonl"), "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


market()
staff()
permits()
