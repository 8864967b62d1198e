"""An invented county, and what its departments say. All people and firms are made up."""
import datetime

import wire

COUNTY = "150222"
INSPECTING = ("SCJG", "WJW", "XFDD", "GAJ")
WITNESSES = ("SCJG", "SFJ", "SJJ")
DEPARTMENTS = ("GAJ", "LXHY", "SCJG", "SFJ", "SJJ", "WJW", "XFDD")
PUBLIC_SOURCE = "public:ssq"
POOL = {"permits": ["旅馆业特种行业"]}
CLASSES = ("A", "B", "C", "D", "-")
TOPIC_OF = {"registers": "register-submissions", "plans": "plan-submissions", "rounds": "draw-requests",
            "inspections": "result-submissions"}


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def today():
    return (now() + datetime.timedelta(hours=8)).date()


def quiet_hour():
    """An hour half a day away, so that people may be reminded whenever the torture runs."""
    hour = (now() + datetime.timedelta(hours=8 + 12)).hour
    return {"from": f"{hour:02d}:00", "to": f"{(hour + 1) % 24:02d}:00", "days_off": False}


def topic_of(event_type):
    return TOPIC_OF[event_type.split(".")[2]]


class County:
    """Keys and register rows. Entities change over the run; `entities` is what was last sent of each."""

    def __init__(self, dice, entities=160, inspectors=12):
        self.dice = dice
        self.day = today()
        self.window = [max(self.day - datetime.timedelta(days=20), self.day.replace(month=1, day=1)).isoformat(),
                       self.day.replace(month=12, day=31).isoformat()]
        self.year = self.day.year
        self.keys = {}
        for department in DEPARTMENTS:
            roles = ["plan", "request", "result"]
            sources = ["dept:" + department]
            if department in WITNESSES:
                roles.append("witness")
                sources.append("witness:" + department)
            if department in ("GAJ", "SCJG"):
                roles.append("feed")
            if department == "SCJG":
                roles.append("round")
            self.keys[department] = wire.Key(dice, department, roles, sources)
            self.keys[department + "-head"] = wire.Key(dice, department, ["approve", "review"])
        self.keys["office"] = wire.Key(dice, "LXHY", ["office"])
        self.departments = [{"id": name, "name": f"固阳县{name}（虚构）", "lead": name == "SCJG",
                             "exempt": name not in INSPECTING} for name in sorted(DEPARTMENTS)]
        self.items = [{"id": f"{name}-01", "name": f"{name} 检查事项（虚构）", "legal_basis": "（虚构）第一条", "department": name,
                       "object_kind": "旅馆", "methods": ["onsite"], "category": "key", "cap_ppm": None,
                       "permits": POOL["permits"], "joint": True, "joint_batch": "第一批",
                       "subject": name, "authority": "行政检查"} for name in sorted(INSPECTING)]
        self.entities = {}
        for number in range(entities):
            row = self.entity(f"TY-{number:05d}", 0)
            self.entities[row["id"]] = row
        self.inspectors = [
            {"id": f"{COUNTY}{place:02d}{number:03d}", "name": f"甲{number}（虚构）", "department": name, "regions": [],
             "specialties": ["治安"], "certificate": f"虚构-{name}-{number:03d}",
             "certificate_until": f"{self.year + 2}-12-31", "recused": []}
            for place, name in enumerate(INSPECTING) for number in range(inspectors)]

    def entity(self, identifier, edition):
        return {"id": identifier, "name": f"固阳县虚构旅店{identifier}第{edition}版", "credit": self.dice.choice("ABCD-"),
                "region": f"150222{self.dice.randrange(100, 106)}", "industry": "H6110", "kind": "site",
                "permits": POOL["permits"], "regulators": sorted(INSPECTING), "address": "固阳县虚构路1号"}

    def clerk(self, number):
        """An inspector whose certificate ends about now, so that rungs fall due while things break."""
        until = self.day + datetime.timedelta(days=self.dice.randrange(-3, 40))
        return {**self.inspectors[-1], "id": f"{COUNTY}9{number:04d}", "name": f"乙{number}（虚构）",
                "certificate": f"虚构-短-{number:04d}", "certificate_until": until.isoformat()}

    # ---- Plans
    def part(self, department):
        return {"department": department, "items": [department + "-01"], "specialties": ["治安"], "team": 2}

    def plan(self, identifier, lead, parts, rate_ppm):
        joint = len(parts) > 1
        plan = {"id": identifier, "department": lead, "year": self.year, "version": 1,
                "kind": "joint" if joint else "annual", "title": "虚构抽查计划 " + identifier,
                "lines": [{"id": "1", "title": "旅馆抽查", "objects": "旅馆", "pool": POOL, "sample": {"rate_ppm": rate_ppm},
                           "draws": 1, "methods": ["onsite"], "windows": [self.window], "joint": joint,
                           "coordination": "joint" if joint else "independent", "parts": [self.part(p) for p in parts],
                           "note": "虚构"}]}
        if joint:
            plan["scope"] = "special"
            plan["participants"] = parts[1:]
        return plan

    def request(self, round_id, plan, department, rate_ppm):
        joint = plan["kind"] == "joint"
        return {"round": round_id, "plan_lines": [plan["id"] + "/1"], "note": "虚构", "request": {
            "id": f"{department}-{plan['id']}", "department": department, "items": [department + "-01"], "pool": POOL,
            "sample": {"rates_ppm": {name: rate_ppm for name in CLASSES}}, "method": "onsite", "joint": joint,
            "coordination": "joint" if joint else "independent", "window": self.window, "specialties": ["治安"], "team": 2}}

    def result(self, visit, department, inspectors):
        categories, findings = self.dice.choice(((["未发现问题"], None), (["发现问题已责令改正"], "台账不完整（虚构）")))
        item = {"item": department + "-01", "categories": categories, **({"findings": findings} if findings else {})}
        return {"visit": visit, "department": department, "ended_on": self.day.isoformat(), "items": [item],
                "inspectors": inspectors}


SEVERITIES = ("general_cap", "joint_organised", "joint_least_departments", "rate_band", "yearly_floor", "same_item",
              "entity_cap", "even_spread", "done_by", "item_in_force", "checklist_in_force", "enough_inspectors",
              "class_without_rate")
