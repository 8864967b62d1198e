"""The demonstration's results: recorded, reviewed, published, late, counted."""
import datetime
import json
import os
import random

from demo_console import write_lines


class Results:
    def results(self):
        self.step(8, "每次检查由各部门分别录入结果；公示进程公示", "Every department records what it found; the notifier publishes")
        documents = self.result_documents()
        folder = os.path.join(self.run, "results")
        os.makedirs(folder)
        commands, total = {}, 0
        for department, own in documents.items():
            path = os.path.join(folder, f"{department}.jsonl")
            write_lines(path, own)
            total += len(own)
            commands[department] = ("submit", path, "--key", self.key(department), "--json", "--timeout", "150")
        said = self.together("部门 departments", commands, seconds=160)
        receipts = [json.loads(line) for text in said.values() for line in text.splitlines()]
        accepted = sum(receipt["status"] == "accepted" for receipt in receipts)
        self.say(f"{total} 份结果，{accepted} 份已接受", f"{accepted} of {total} results accepted")
        self.promise(accepted == total == len(receipts), "每份结果都得到接受的回执", "every result has its accepting receipt")
        self.odd_results(folder, documents)
        self.promise(self.status()["publications"]["stored"] == 0, "未经审核的结果不公示",
                     "nothing is published before its department has reviewed it")
        self.reviews = {department: [review_of(document) for document in own] for department, own in documents.items()}
        self.total = total
        in_time = {department: own for department, own in self.reviews.items() if department != self.late}
        self.review(in_time)
        wanted = sum(map(len, in_time.values()))
        self.promise(self.until("公示 published", wanted, self.count_published, 45), "审核过的结果全部公示到数据库",
                     "everything reviewed is published in the database")
        self.end_step("results 结果与公示")

    def result_documents(self):
        """One document a visit and department, with the official categories; most find nothing, as most visits do."""
        dice = random.Random(self.seed)
        items = {request["id"]: request for request in self.documents["commitment"]["requests"]}
        documents, windows = {}, {}
        for visit in self.documents["result"]["visits"]:
            windows[visit["visit"]] = visit["window"]
            ended = min(self.today.isoformat(), visit["window"][1])
            for team in visit["teams"]:
                department = team["department"]
                wanted = sorted({item for request in visit["requests"] if items[request]["department"] == department
                                 for item in items[request]["items"]})
                found = [result_of(dice, item) for item in wanted]
                documents.setdefault(department, []).append({
                    "type": "cn.yaohao.inspections.result-recorded.v1", "subject": visit["visit"],
                    "id": f"result-{visit['visit']}-{department}",
                    "data": {"visit": visit["visit"], "department": department, "ended_on": ended, "items": found,
                             "inspectors": team["inspectors"]}})
        # One department inspected at the beginning of its windows and has not published since. In January nobody can be
        # that late yet, since plans are of one year.
        longest = (self.today - datetime.timedelta(days=40)).isoformat()
        late = [department for department, own in documents.items()
                if all(windows[document["data"]["visit"]][0] <= longest for document in own)]
        self.late = min(late, key=lambda department: (len(documents[department]), department), default=None)
        for document in documents.get(self.late, ()):
            document["data"]["ended_on"] = windows[document["data"]["visit"]][0]
        self.ended_this_month = sum(document["data"]["ended_on"][:7] == self.today.isoformat()[:7]
                                    for own in documents.values() for document in own)
        return documents

    def odd_results(self, folder, documents):
        """One sent twice, one that breaks its schema, one for a visit that doesn't exist: the receipts say so."""
        department, own = next(iter(documents.items()))
        broken = json.loads(json.dumps(own[0]))
        broken["id"] += "-broken"
        del broken["data"]["ended_on"]
        unknown = json.loads(json.dumps(own[0]))
        unknown.update(id=unknown["id"] + "-unknown", subject="0" * 32)
        unknown["data"]["visit"] = "0" * 32
        for name, document, status, chinese, english in (
                ("twice", own[0], "accepted", "重复报送得到原来的回执，不产生第二次效力",
                 "a result sent twice gets its receipt again, and no second effect"),
                ("broken", broken, "rejected", "缺少必填项的结果被拒绝，并说明哪一项",
                 "a result that breaks its schema is rejected, naming the field"),
                ("unknown", unknown, "rejected", "检查任务不存在的结果被拒绝", "a result for no visit is rejected")):
            path = os.path.join(folder, f"{name}.jsonl")
            write_lines(path, [document])
            said = self.yaohao("submit", path, "--key", self.key(department), "--json", accepted=(0, 1))
            receipt = json.loads(said)
            for reason in receipt["reasons"]:
                self.say(f"{name}: {reason['field']}: {reason['message']}")
            reasons = " ".join(f"{reason['field']} {reason['message']}" for reason in receipt["reasons"])
            names_it = {"broken": "ended_on" in reasons, "unknown": "visit " in reasons}
            self.promise(receipt["status"] == status and names_it.get(name, True), chinese, english, said.strip())

    def review(self, reviews):
        """Departments' reviewers release results, each with a key of its own."""
        commands = {}
        for department, own in reviews.items():
            path = os.path.join(self.run, "results", f"{department}-reviews.jsonl")
            write_lines(path, own)
            commands[department] = ("submit", path, "--key", self.key(department + "-head"), "--json", "--timeout", "150")
        said = self.together("审核 reviews", commands, seconds=160)
        receipts = [json.loads(line) for text in said.values() for line in text.splitlines()]
        accepted = sum(receipt["status"] == "accepted" for receipt in receipts)
        self.promise(accepted == len(receipts) == sum(map(len, reviews.values())), "各部门审核人审核了每份结果",
                     "every department's reviewer releases every result", f"{accepted} of {len(receipts)}")

    def count_published(self):
        self.check_children()
        return self.status()["publications"]["stored"]

    def account(self):
        self.step(9, "逾期未公示的部门逐级催办，列入通报；补公示；月报", "The late department is reminded, escalated and in "
                  "the draft of the circular; it publishes after all; the monthly return")
        if self.late:
            self.circular()
            self.review({self.late: self.reviews[self.late]})
        self.promise(self.until("公示 published", self.total, self.count_published, 30), "接受的结果全部公示到数据库",
                     "everything accepted is published in the database")
        self.settle()
        self.monthly_return()
        self.end_step("account 通报与月报")

    def circular(self):
        """What the office says of a department whose results should have been published weeks ago."""
        # A demonstration may be at night, when nobody is reminded unless the county wants it.
        rule = os.path.join(self.run, "no-quiet-hours.jsonl")
        write_lines(rule, [{"type": "cn.yaohao.registers.rule-set.v1", "subject": "quiet_hours", "data": {
            "key": "quiet_hours", "value": {"from": "00:00", "to": "00:00", "days_off": False},
            "basis": "固阳县联席会议办公室（演示）：任何时间都可演示"}}])
        self.yaohao("submit", rule, "--key", self.key("office"))
        path = os.path.join(self.run, "circular.html")
        first, last = self.today - datetime.timedelta(days=60), self.today + datetime.timedelta(days=60)

        def matters():
            draft = json.loads(self.yaohao("return", "circular", "--from", first.isoformat(), "--to", last.isoformat(),
                                           "--out", path, "--json").splitlines()[0])
            self.check_children()
            return [matter for matter in draft["matters"] if matter["kind"] == "publication" and not matter["met_on"]]

        late = len(self.reviews[self.late])
        self.until("催办到通报一级 escalated as far as the circular", late,
                   lambda: sum(matter["entered_on"] is not None for matter in matters()), 30)
        # What the others have published a moment ago is noted as done with the notifier's next look.
        self.until("其他部门的公示已记为完成 the others' publications noted", 1, lambda: int(len(matters()) == late), 30)
        named = matters()
        self.promise(len(named) == late and all(matter["department"] == self.late and matter["entered_on"] and
                                                matter["reminders"] for matter in named),
                     "逾期未公示的部门经逐级催办后列入通报草稿，别的部门没有",
                     "who did not publish in time was reminded step by step and is in the draft, nobody else",
                     json.dumps([matter for matter in named if matter["department"] != self.late][:3] or named[:3],
                                ensure_ascii=False))
        reminded = self.yaohao("ledger", "list", "--department", self.late)
        self.say(f"{self.late} 的 {late} 项公示逾期；通报草稿 circular: {path}", f"{len(reminded.splitlines())} lines in the ledger")

    def monthly_return(self):
        """The county's return is counted from the visits, is the sum of the departments', and is a workbook."""
        month, path = f"{self.today:%Y-%m}", os.path.join(self.run, "monthly.xlsx")
        county = json.loads(self.yaohao("return", "monthly", "--county", "--month", month, "--json"))["report"]
        self.yaohao("return", "monthly", "--county", "--month", month, "--xlsx", path)
        own = self.together("月报 monthly returns", {
            department: ("return", "monthly", "--department", department, "--month", month, "--json")
            for department in self.reviews})
        figures = [json.loads(said)["report"]["section"]["all"] for said in own.values()]
        whole = county["section"]["all"]
        self.promise(all(whole[name] == sum(one[name] for one in figures) for name in ("inspected", "published", "due")),
                     "全县月报等于各部门之和", "the county's monthly return is the sum of the departments'", json.dumps(whole))
        self.promise(whole["inspected"] == self.ended_this_month == whole["published"],
                     "月报的已查、已公示数与实际报送的结果相同", "the return counts what was in fact inspected and published",
                     f"{whole['inspected']}, {self.ended_this_month}")
        self.say(f"全县月报 monthly return: {path}")

    def settle(self):
        total, report = self.total, self.status()

        def idle():
            nonlocal report
            report = self.status()
            return int(report["outbox"]["unsent"] == 0)

        self.until("发往公示主题 to the publications topic", 1, idle, 20)
        sent = report["publications"].get("sent")
        self.promise(sent == total if sent is not None else report["outbox"]["unsent"] == 0,
                     "并发往 publications 主题", "and sent to the publications topic", json.dumps(report["outbox"]))
        self.published = report["publications"]["stored"]
        self.promise(self.published == total, "没有一份公示两次，也没有多出来的", "none is published twice, and no other",
                     f"{self.published} of {total}")
        self.promise(report["tasks"]["failed"] == 0 and report["dead_letters"] == 0, "没有失败的任务，没有死信",
                     "no failed task, no dead letter")


def result_of(dice, item):
    categories, findings = dice.choices((
        (["未发现问题"], None),
        (["发现问题已责令改正"], "部分台账记录不完整，已当场责令改正。"),
        (["通过登记的住所（经营场所）无法联系"], "两次实地核查均未找到该经营场所。"),
        (["未发现开展本次抽查涉及的经营活动", "暂停营业"], None),
        (["发现问题待后续处理"], "需进一步核实，已移交承办机构。"),
    ), (82, 9, 3, 3, 3))[0]
    return {"item": item, "categories": categories, **({"findings": findings} if findings else {})}


def review_of(document):
    data = document["data"]
    return {"type": "cn.yaohao.inspections.result-reviewed.v1", "subject": data["visit"],
            "id": f"review-{data['visit']}-{data['department']}",
            "data": {"visit": data["visit"], "department": data["department"], "version": 1, "decision": "approved"}}
