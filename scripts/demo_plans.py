"""The demonstration's plans, from drafts to publication, and what is refused on the way."""
import glob
import json
import os

from demo_console import write_lines

HERE = os.path.dirname(os.path.abspath(__file__))


class Plans:
    def plan(self):
        self.step(3, "年度计划和联合计划：填报、审核、批准、上报、回执、配合部门确认、公布，批准工作方案",
                  "Annual and joint plans: drafted, checked, approved, reported, received, confirmed, published; schemes approved")
        self.yaohao("submit", os.path.join(HERE, "..", "examples", "guyang", "rules.yaml"), "--key", self.key("office"))
        plans = self.turn("填报 drafted", ("1-drafts", ""))
        # A line of a plan that is no more than drafted, for a request that comes too early.
        with open(os.path.join(self.data, "plans", "1-drafts", "SCJG.yaml"), encoding="utf-8") as file:
            self.unpublished = file.read().split("---\n")[0].replace("GY-", "GY-DRAFT-")
        draft = os.path.join(self.run, "draft.yaml")
        with open(draft, "w", encoding="utf-8") as file:
            file.write(self.unpublished)
        self.yaohao("submit", draft, "--key", self.key("SCJG"), "--json")
        receipts = self.turn("审核、批准、上报 checked, approved, reported", ("2-reports", "-head"))
        warnings = [finding for receipt in receipts for finding in receipt["details"].get("warnings", [])]
        merges = [merge for receipt in receipts for merge in receipt["details"].get("merges_to_decide", [])]
        self.say(f"规则检查提示 {len(warnings)} 条，没有错误；建议合并 {len(merges)} 处",
                 f"the rules warn {len(warnings)} times and find no error; {len(merges)} mergings proposed")
        short = next((finding for finding in warnings if finding["rule"] == "enough_inspectors"), None)
        if short:
            self.say(f"如 for example: {short['message']}")
        self.turn("回执与确认 received, confirmed", ("3-receipts", ""), ("3-confirmations", "-head"))
        receipts = self.turn("公布、批准工作方案 published, schemes approved", ("4-publications", "-head"))
        schemes = sum("scheme-approved" in receipt["type"] for receipt in receipts)
        listed = [json.loads(line) for line in self.yaohao("plan", "list", "--json").splitlines()]
        in_force = [plan for plan in listed if plan["in_force"] == 1]
        self.say(f"{len(in_force)} 个计划已公布（其中 {sum(plan['kind'] == 'joint' for plan in in_force)} 个联合计划），"
                 f"{sum(plan['lines'] for plan in in_force)} 行，{schemes} 个工作方案已批准",
                 f"{len(in_force)} plans published, {schemes} schemes approved")
        self.promise(len(in_force) == len(plans), "每个计划经审核、批准、上报、回执后公布",
                     "every plan is published after check, approval, report and receipt")
        self.look_ahead(in_force[0]["year"], next(plan for plan in in_force if plan["id"].endswith("GAJ-L")))
        self.change(next(plan["id"] for plan in in_force if plan["department"] == "SCJG" and plan["kind"] == "annual"))
        self.end_step("plans 计划")

    def look_ahead(self, year, plan):
        """What follows from the plans before anything is drawn, and a scheme as it was approved."""
        proposals = json.loads(self.yaohao("plan", "propose", "--year", str(year), "--json"))
        for kind, chinese, english in (("internal", "内部联合建议", "internal"), ("joint", "部门联合建议", "joint")):
            saved = sum(proposal["visits_saved_millionths"] for proposal in proposals[kind])
            self.say(f"{chinese} {len(proposals[kind])} 项，预计减少 {saved / 1e6:.0f} 户次",
                     f"{len(proposals[kind])} {english} proposals would save {saved / 1e6:.0f} visits")
        forecast = json.loads(self.yaohao("plan", "forecast", "--year", str(year), "--json"))
        enterprises = forecast["enterprises"]
        drawn = sum(line["drawn_a_year"] * len(line["departments"]) for line in forecast["lines"]
                    if not line["line"].startswith("GY-DRAFT"))
        self.say(f"预计抽中 {drawn} 户次，合并后检查约 {enterprises['visits_millionths'] / 1e6:.0f} 户次，"
                 f"一户最多预计 {enterprises['most_millionths'] / 1e6:.1f} 次",
                 f"{drawn} drawn and about {enterprises['visits_millionths'] / 1e6:.0f} visits are expected")
        self.expected_drawn = drawn
        shown = json.loads(self.yaohao("plan", "show", plan["id"], "--json"))["document"]
        scheme = os.path.join(self.run, "scheme.html")
        said = self.yaohao("plan", "scheme", plan["id"], shown["lines"][0]["id"], "--out", scheme)
        self.say(f"工作方案 scheme: {scheme}")
        with open(scheme, encoding="utf-8") as file:
            self.promise("approved" in said and shown["lines"][0]["title"] in file.read(), "每次抽取有经批准、可供打印的工作方案",
                         "every draw has an approved scheme that can be printed")

    def turn(self, title, *parts):
        """Everybody says what a turn has for them, at the same time; the receipts, all of which accept."""
        commands = {}
        for turn, suffix in parts:
            for path in sorted(glob.glob(os.path.join(self.data, "plans", turn, "*.yaml"))):
                speaker = os.path.basename(path)[:-5] + suffix
                commands[speaker] = ("submit", path, "--key", self.key(speaker), "--json")
        said = self.together(title, commands)
        self.check_children()
        return [json.loads(line) for text in said.values() for line in text.splitlines()]

    def change(self, plan):
        """A change of a published plan has to go the whole way again, and the old version stays in force meanwhile."""
        document = json.loads(self.yaohao("plan", "show", plan, "--json"))["document"]
        document["version"], document["lines"][0]["note"] = 2, "演示：调整说明"
        path = os.path.join(self.run, "change.jsonl")
        write_lines(path, [
            {"type": "cn.yaohao.plans.plan-changed.v1", "subject": plan,
             "data": {"plan": document, "what": "补充第一行的说明", "why": "演示计划调整须重新审批"}}])
        self.yaohao("submit", path, "--key", self.key("SCJG"), "--json")
        write_lines(path, [{"type": "cn.yaohao.plans.plan-published.v1", "subject": plan,
                            "data": {"plan": plan, "version": 2}}])
        receipt = json.loads(self.yaohao("submit", path, "--key", self.key("SCJG-head"), "--json", accepted=(0, 1)))
        for reason in receipt["reasons"]:
            self.say(f"{reason['field']}: {reason['message']}")
        shown = json.loads(self.yaohao("plan", "show", plan, "--json"))
        self.promise(receipt["status"] == "rejected" and shown["version"] == 1 and shown["state"] == "published",
                     "调整后的计划须重新审核、批准、上报，此前原版本继续有效",
                     "a changed plan is checked, approved and reported again; until then the old version stays in force")

    def request_too_early(self):
        """A draw request against a plan that is not published is rejected, and the receipt names the line."""
        with open(self.requests["SCJG"], encoding="utf-8") as file:
            documents = file.read().split("---\n")
        document = next(text for text in documents if "-SCJG-L/" in text).replace('["GY-', '["GY-DRAFT-', 1)
        path = os.path.join(self.run, "too-early.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(document.replace("SCJG-R", "SCJG-DRAFT-R"))
        receipt = json.loads(self.yaohao("submit", path, "--key", self.key("SCJG"), "--json", accepted=(0, 1)))
        for reason in receipt["reasons"]:
            self.say(f"{reason['field']}: {reason['message']}")
        self.promise(receipt["status"] == "rejected" and [reason["code"] for reason in receipt["reasons"]] == ["plan-line.unpublished"],
                     "未公布的计划不能抽取", "a draw against a plan that is not published is rejected", str(receipt["reasons"]))
