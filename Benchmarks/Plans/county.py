#!/usr/bin/env python3
"""Makes a large county for `scripts/bench plans`: county.py OUTDIR [--entities 100000] [--departments 40] [--seed 1]

Everything is invented. Each trade has permits of its own, some of which only a part of it holds, and departments that
regulate it; each department plans five lines of its own and leads one line of a joint plan. The same arguments give the same
bytes. Writes departments.csv, items.csv, entities.csv, inspectors.csv, rules.yaml and TURN/DEPARTMENT.yaml.
"""
import argparse
import csv
import json
import os
import random

CREDIT, WEIGHTS = "ABCD-", (28, 40, 18, 6, 8)
YEAR, LINES, INSPECTORS = 2026, 5, 25
SEVERITIES = ("general_cap", "joint_organised", "joint_least_departments", "rate_band", "yearly_floor", "same_item",
              "entity_cap", "even_spread", "done_by", "item_in_force", "checklist_in_force", "enough_inspectors",
              "class_without_rate")
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(number):
    code = f"92150222MA{number:07d}"
    total = sum(ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(code))
    return code + ALPHABET[(31 - total % 31) % 31]


def write_csv(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("out")
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--departments", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    os.makedirs(options.out, exist_ok=True)
    names = [f"D{number:02d}" for number in range(1, options.departments + 1)]
    write_csv(os.path.join(options.out, "departments.csv"),
              [{"id": name, "name": f"虚构{name}局", "lead": "true" if name == "D01" else "false", "exempt": "false"}
               for name in names])
    write_csv(os.path.join(options.out, "items.csv"),
              [{"id": f"{name}-{number}", "name": f"{name} 虚构事项{number}", "legal_basis": "（虚构）第一条", "department": name,
                "object_kind": "企业", "methods": "onsite", "category": "general" if number % 2 else "key",
                "cap_ppm": 500_000 if number % 2 else ""} for name in names for number in range(1, LINES + 3)])
    write_csv(os.path.join(options.out, "inspectors.csv"),
              [{"id": f"150222{place:02d}{number:03d}", "name": f"甲{number}（虚构）", "department": name, "regions": "",
                "specialties": f"专业{number % 3}", "certificate": f"虚构-{name}-{number:03d}",
                "certificate_until": f"{YEAR + 3}-12-31", "recused": ""}
               for place, name in enumerate(names) for number in range(INSPECTORS)])
    # A trade: its permits, those that a part of it holds, its regulators besides the first department.
    trades = []
    for number in range(2 * options.departments):
        owners = dice.sample(names, dice.randint(1, 4))
        trades.append({"industry": f"F52{number % 9 + 1}{number % 7 + 1}", "permits": [f"许可{number:03d}"],
                       "some": [f"许可{dice.randrange(2 * options.departments):03d}" for _ in range(3)],
                       "regulators": sorted({"D01", *owners})})
    objects = []
    for number in range(options.entities):
        trade = trades[min(int(dice.expovariate(8 / len(trades))), len(trades) - 1)]
        permits = {*trade["permits"], *(permit for permit in trade["some"] if dice.random() < 0.3)}
        objects.append({"id": credit_code(number), "name": f"虚构商店{number}", "credit": dice.choices(CREDIT, WEIGHTS)[0],
                        "region": f"15022210{dice.randrange(6)}", "industry": "F5212", "kind": "individual",
                        "permits": ";".join(sorted(permits)), "regulators": ";".join(trade["regulators"]),
                        "address": f"固阳县虚构路{number % 1000}号"})
    write_csv(os.path.join(options.out, "entities.csv"), objects)

    turns = {}

    def say(turn, who, what, plan, data):
        turns.setdefault(turn, {}).setdefault(who, []).append(
            {"type": f"cn.yaohao.plans.{what}.v1", "subject": plan["id"], "data": data})

    def line(number, pool, rate, parts, first):
        return {"id": str(number), "title": f"虚构抽查{number}", "pool": pool, "draws": 1, "methods": ["onsite"],
                "sample": {"rates_ppm": {"A": rate, "B": 2 * rate, "C": 4 * rate, "D": 10 * rate, "-": 2 * rate}},
                "windows": [[f"{YEAR}-{first:02d}-01", f"{YEAR}-{first + 2:02d}-28"]], "joint": True,
                "coordination": "joint", "parts": [{"department": department, "items": [item], "specialties": [], "team": 2}
                                                   for department, item in parts]}

    for place, name in enumerate(names):
        own = [trade for trade in trades if name in trade["regulators"]] or trades[:3]
        lines = []
        for number in range(1, LINES + 1):
            trade = dice.choice(own)
            pool = {"permits": sorted({*trade["permits"], *dice.sample(trade["some"], number % 3)})}
            if number % 3 == 0:
                pool = {"regulators": [name], "regions": [f"15022210{dice.randrange(6)}"]}
            lines.append(line(number, pool, dice.choice((10_000, 20_000, 30_000)), [(name, f"{name}-{number}")],
                              dice.choice((3, 4, 6, 8))))
        others = [names[(place + step) % len(names)] for step in (1, 2)]
        joint = [line(1, {"permits": dice.choice(own)["permits"]}, 20_000,
                      [(part, f"{part}-{LINES + 1 + at % 2}") for at, part in enumerate([name, *others])], 5)]
        plans = [{"id": f"B-{YEAR}-{name}", "department": name, "year": YEAR, "version": 1, "kind": "annual",
                  "title": "虚构年度抽查工作计划", "lines": lines},
                 {"id": f"B-{YEAR}-{name}-L", "department": name, "year": YEAR, "version": 1, "kind": "joint",
                  "scope": "special", "participants": others, "title": "虚构部门联合抽查计划", "lines": joint}]
        for plan in plans:
            named = {"plan": plan["id"], "version": 1}
            say("1-drafts", name, "plan-drafted", plan, {"plan": plan})
            say("2-checks", name + "-head", "plan-checked", plan, named)
            for step in ("plan-approved", "plan-reported"):
                say("3-reports", name + "-head", step, plan, named)
            say("4-receipts", "office", "plan-received", plan, {**named, "outcome": "received"})
            for participant in plan.get("participants", []):
                say("5-confirmations", participant + "-head", "participation-confirmed", plan, named)
            say("6-publications", name + "-head", "plan-published", plan, named)
    # One more plan of the first department, checked when all others are in force.
    whole = {"id": f"B-{YEAR}-ALL", "department": names[0], "year": YEAR, "version": 1, "kind": "annual",
             "title": "虚构专项抽查计划", "lines": [
                 line(number, {"regulators": ["D01"], "permits": trades[number % len(trades)]["permits"]}, 10_000,
                      [(names[0], f"D01-{number % LINES + 1}")], 3 + number % 7) for number in range(1, 41)]}
    say("7-last-draft", names[0], "plan-drafted", whole, {"plan": whole})
    say("8-last-check", names[0] + "-head", "plan-checked", whole, {"plan": whole["id"], "version": 1})
    # The figures of what is invented matter to nobody: every rule is worked out, none refuses.
    rule = {"type": "cn.yaohao.registers.rule-set.v1", "subject": "plan_rule_severities", "data": {
        "key": "plan_rule_severities", "value": {name: "warning" for name in SEVERITIES}, "basis": "虚构"}}
    turns["0-rules"] = {"office": [rule, {"type": "cn.yaohao.registers.rule-set.v1",
                                          "subject": "visits_per_entity_per_year", "data": {
                                              "key": "visits_per_entity_per_year", "value": 2, "basis": "虚构"}}]}
    for turn, documents in turns.items():
        os.makedirs(os.path.join(options.out, turn), exist_ok=True)
        for who, said in documents.items():
            with open(os.path.join(options.out, turn, f"{who}.yaml"), "w", encoding="utf-8") as file:
                file.write("\n---\n".join(json.dumps(document, ensure_ascii=False) for document in said) + "\n")


main()
