"""The operators' console in a real browser: by keyboard, on a phone, without scripts, under attack, and for everybody
(WCAG 2.2 AA as far as axe-core tells). Ends with status 1 and says what does not hold.

    scripts/test-browser        sets everything up and runs it
"""
import argparse
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from county import PASSWORD, County

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
ATTACK = "\"'><script>window.hit=1</script><img src=x onerror=window.hit=1>{{1337*1337}}';DROP TABLE x;--"

PAGES = {
    "wang.clerk": [
        "/home", "/visits", "/visits?state=assigned", "/visits/R-1-E1", "/leads", "/plans", "/items", "/items/edit",
        "/items/edit?id=SCJG-1", "/rounds", "/rounds/R-1", "/returns", "/deadlines", "/ledger", "/quarantine",
        "/forms/visit-confirm?visit=R-1-E1", "/forms/visit-begin?visit=R-1-E1", "/forms/visit-end?visit=R-1-E1",
        "/forms/visit-failed?visit=R-1-E1", "/forms/visit-amend?visit=R-1-E1", "/forms/part-entrust?visit=R-1-E1",
        "/forms/result?visit=R-1-E1", "/forms/consequence?visit=R-1-E1", "/forms/lead", "/forms/plan",
        "/forms/plan?kind=joint", "/forms/draw-request?round=R-1", "/forms/activity", "/forms/return?period=2026-11",
        "/forms/checklist", "/forms/document", "/forms/absence", "/forms/recusal", "/forms/reveal?round=R-1",
        "/forms/witness-commit?round=R-1", "/forms/public-value?round=R-1", "/dead-letters", "/dead-letters/2",
        "/dead-letters/2/correct", "/dead-letters/2/correct?as=text", "/dead-letters/3/correct", "/rules", "/publications",
        "/forms/platform", "/forms/outside-draw", "/forms/sub-register", "/forms/sub-register?register=entities",
        "/forms/return?period=2026&kind=annual", "/returns?kind=half-year&period=2026-H1",
    ],
    "zhou.office": [
        "/home", "/operations", "/dead-letters", "/dead-letters/1", "/dead-letters/1/correct", "/circular",
        "/quarantine/1", "/returns", "/forms/round", "/forms/round-close?round=R-1", "/rules", "/forms/freshness",
        "/forms/rule?key=publication_working_days", "/forms/rule?key=rate_bands", "/forms/rule?key=yearly_floor_ppm",
        "/forms/rule?key=credit_class_confidential",
    ],
    "zhao.head": ["/home", "/items", "/forms/class", "/plans"],
}


class Failed(Exception):
    """Something does not hold; the sentence says what."""


def check(holds, what):
    if not holds:
        raise Failed(what)


class Visitor:
    """A browser of somebody's own; whatever its scripts complain of is a failure."""

    def __init__(self, browser, url, width=DESK, scripts=True, language="zh-CN"):
        self.context = browser.new_context(viewport=width, locale=language, java_script_enabled=scripts)
        self.page, self.url, self.complaints = self.context.new_page(), url, []
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("dialog", lambda d: (self.complaints.append("dialog"), d.dismiss()))

    def sign_in(self, login, password=PASSWORD):
        self.page.goto(self.url + "/sign-in")
        self.page.fill("#login", login)
        self.page.fill("#password", password)
        self.page.click(".sign-in button")
        return self

    def goto(self, path):
        return self.page.goto(self.url + path)

    def send(self):
        self.page.click("form.entry .actions button")
        self.page.wait_for_load_state()
        return self.page

    def accepted(self, what):
        problems = self.page.locator('#problems')
        said = (problems if problems.count() else self.page.locator('main')).inner_text()
        check("/receipts/" in self.page.url, f"{what}: {self.page.url}: {said[:400]}")
        return self


def every_page(browser, county, shots):
    """In both languages and widths: it is there, fits, has no violation, and its scripts are content."""
    for login, pages in PAGES.items():
        for width, name in [(PHONE, "phone"), (DESK, "desk")]:
            visitor = Visitor(browser, county.url, width).sign_in(login)
            for path in pages:
                for language in ["zh", "en"] if width == DESK else ["zh"]:
                    answer = visitor.goto(path + ("&" if "?" in path else "?") + "lang=" + language)
                    check(answer.status == 200, f"{path}: {answer.status}")
                    over = visitor.page.evaluate(
                        "document.documentElement.scrollWidth - document.documentElement.clientWidth")
                    check(over <= 0, f"{path} is {over} px wider than the {name}")
                    found = Axe().run(visitor.page).response["violations"]
                    check(not found, f"{path} ({language}, {name}): " + "; ".join(
                        f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found))
                    slug = login + path.replace("/", "_").replace("?", "_")
                    visitor.page.screenshot(path=f"{shots}/{name}-{language}-{slug}.png", full_page=True)
            check(not visitor.complaints, f"scripts complain: {visitor.complaints[:3]}")
            visitor.context.close()


def by_keyboard(browser, county, _):
    """Nothing but Tab, Space, Enter and letters, from the sign-in to the receipt."""
    page = Visitor(browser, county.url, PHONE).page
    page.goto(county.url + "/sign-in?to=/forms/visit-begin%3Fvisit%3DR-1-E3")

    def tab_to(test):
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(f"(() => {{ const e = document.activeElement; return {test} }})()"):
                return
        raise Failed(f"the keyboard does not reach {test}")

    page.keyboard.press("Tab")
    check(page.evaluate("document.activeElement.className") == "skip", "the first stop is not the skip link")
    tab_to("e.id === 'login'")
    page.keyboard.type("wang.clerk")
    tab_to("e.id === 'password'")
    page.keyboard.insert_text(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.wait_for_load_state()
    tab_to("e.name === 'inspectors'")
    page.keyboard.press("Space")
    tab_to("e.matches('form.entry button')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/receipts/**")
    check(county.sql("SELECT count(*) FROM inspections.visit_events WHERE visit = 'R-1-E3' AND kind = 'begun'") == "1",
          "the visit has not begun in the database")


def two_people(browser, county, _):
    """A result is entered by one person and reviewed by another; the same person is refused."""
    clerk = Visitor(browser, county.url, PHONE).sign_in("wang.clerk")
    both = Visitor(browser, county.url, PHONE).sign_in("qian.both")
    for visitor, visit in [(clerk, "R-1-E1"), (both, "R-1-E2")]:
        visitor.goto(f"/forms/visit-begin?visit={visit}")
        visitor.send()
        visitor.accepted("begin")
        visitor.goto(f"/forms/result?visit={visit}")
        check(visitor.page.locator("input:checked").count() == 0, "something is pre-set")
        visitor.page.fill("[name='items[0].findings']", "样例情况")
        visitor.send()
        check("请填写检查结果" in visitor.page.inner_text("#problems"), "a result without categories was sent")
        check(visitor.page.input_value("[name='items[0].findings']") == "样例情况", "what was typed is lost")
        check(visitor.page.evaluate("document.activeElement.id") == "problems", "the errors are not where one starts")
        visitor.page.fill("[name=ended_on]", county.sql("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date"))
        for row in [0, 1]:
            visitor.page.check(f"[name='items[{row}].categories'][value='未发现问题']")
        visitor.send()
        visitor.accepted("result")
    both.goto("/forms/review?visit=R-1-E2")
    both.page.check("[name=decision][value=approved]")
    both.send()
    check("不得为同一人" in both.page.inner_text("#problems"), "who entered it reviewed it")
    both.goto("/forms/review?visit=R-1-E1")
    both.page.check("[name=decision][value=approved]")
    both.send()
    both.accepted("review by another")
    check(county.sql("SELECT string_agg(DISTINCT person, ',' ORDER BY person) FROM cluster.acts WHERE kind = 'submission'"
                     " AND type LIKE '%result-re%'") == "qian.both,wang.clerk", "the audit log does not name the persons")


def without_scripts(browser, county, _):
    """The same works where there are no scripts."""
    visitor = Visitor(browser, county.url, PHONE, scripts=False).sign_in("wang.clerk")
    visitor.goto("/forms/visit-failed?visit=R-1-E4")
    visitor.page.select_option("[name=state]", "注销")
    visitor.page.fill("[name=note]", "样例：现场已无此单位")
    visitor.send()
    visitor.accepted("without scripts")
    visitor.goto("/forms/lead")
    for name, text in [("id", "X-1"), ("entity", "E1"), ("summary", "样例举报")]:
        visitor.page.fill(f"[name={name}]", text)
    visitor.page.check("[name=origin][value=complaint]")
    visitor.page.check("[name=items][value=SCJG-1]")
    visitor.send()
    visitor.accepted("a lead")
    visitor.goto("/rounds/R-2")
    check(visitor.page.locator("noscript meta, meta[http-equiv=refresh]").count() > 0, "no refresh without scripts")


def shot(visitor, shots, name):
    """A picture of a page on somebody's way, which fits, is for everybody and whose scripts are content."""
    visitor.page.screenshot(path=f"{shots}/way-{name}.png", full_page=True)
    over = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    found = Axe().run(visitor.page).response["violations"]
    check(over <= 0 and not found, f"{name}: {over} px too wide; " + "; ".join(
        f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found))
    # Browsers note each answer that refuses something.
    complaints = [c for c in visitor.complaints if "the server responded with a status of 4" not in c]
    check(not complaints, f"{name}: scripts complain: {complaints[:3]}")


def plan(browser, county, shots):
    """The whole way of a plan: draft, check, merging confirmed, approval, report, receipt, publication, scheme."""
    people = {login: Visitor(browser, county.url, PHONE).sign_in(login) for login in
              ["wang.clerk", "li.review", "zhao.head", "zhou.office"]}
    clerk = people["wang.clerk"]

    def step(login, slug, title, fill=lambda page: None):
        """From the plan's page, by the button that is offered to that person."""
        visitor = people[login]
        visitor.goto("/plans/P-1")
        visitor.page.click(f"main a.button:has-text('{title}')")
        check(f"/forms/{slug}?" in visitor.page.url, f"{title}: {visitor.page.url}")
        fill(visitor.page)
        shot(visitor, shots, slug)
        visitor.send()
        visitor.accepted(title)
        shot(visitor, shots, slug + "-receipt")

    for number in (1, 2):
        clerk.goto("/forms/checklist")
        for name, text in [("id", f"C-{number}"), ("title", "样例检查表"), ("steps[0].step", "查看证照"),
                           ("steps[0].matters", "证照在有效期内"), ("steps[0].methods", "查看原件")]:
            clerk.page.fill(f"[name='{name}']", text)
        clerk.page.check(f"[name=item][value=SCJG-{number}]")
        clerk.send()
        clerk.accepted("checklist")
    clerk.goto("/forms/plan")
    year = county.sql("SELECT extract(year FROM now())::int")
    clerk.page.fill("[name='plan.id']", "P-1")
    clerk.page.fill("[name='plan.title']", "样例年度计划")
    clerk.page.fill("[name='plan.year']", year)
    clerk.page.click("#f-plan-lines > button")
    for number in (0, 1):
        prefix = f"plan.lines[{number}]."
        for name, text in [("id", f"L{number + 1}"), ("title", f"样例任务{number + 1}"),
                           ("windows[0][0]", f"{year}-12-01"), ("windows[0][1]", f"{year}-12-31"), ("sample.count", "3")]:
            if name == "sample.count":
                clerk.page.check(f"[name='{prefix}sample'][value=count]")
            clerk.page.fill(f"[name='{prefix}{name}']", text)
        clerk.page.check(f"[name='{prefix}methods'][value=onsite]")
        clerk.page.check(f"[name='{prefix}parts[0].items'][value=SCJG-{number + 1}]")
        clerk.page.check(f"[name='{prefix}parts[0].department']")
    shot(clerk, shots, "plan")
    clerk.send()
    clerk.accepted("draft")
    check(clerk.goto("/forms/plan-check?plan=P-1&version=1").status == 403, "a clerk opened the check")
    other = Visitor(browser, county.url).sign_in("sun.other")
    check(other.goto("/plans/P-1").status == 404, "another department sees a draft")
    check("P-1" not in other.goto("/plans").text(), "another department's list has a draft")
    # A rule that the plan breaks is told with its basis. This county leaves the rule out, and says so.
    reviewer, office = people["li.review"], people["zhou.office"]
    reviewer.goto("/forms/plan-check?plan=P-1&version=1")
    reviewer.send()
    check("部门联合抽查" in reviewer.page.inner_text("#problems"), "the rule that is broken is not named")
    shot(reviewer, shots, "plan-check-refused")
    office.goto("/forms/rule?key=joint_inspections_per_year")
    office.page.fill("[name=value]", "0")
    office.send()
    office.accepted("rule")
    step("li.review", "plan-check", "审核")
    # The check proposes to draw both lines together; the department answers.
    clerk.goto("/plans/P-1")
    shot(clerk, shots, "plan-checked")
    clerk.page.click("text=确认或不采纳")
    clerk.page.check("[name=decision][value=confirmed]")
    shot(clerk, shots, "merge-decide")
    clerk.send()
    clerk.accepted("merging")
    step("zhao.head", "plan-approve", "批准")
    step("zhao.head", "plan-report", "上报")
    step("zhou.office", "plan-receive", "接收或退回", lambda page: page.check("[name=outcome][value=received]"))
    step("zhao.head", "plan-publish", "公布")
    step("zhao.head", "scheme-approve", "批准工作方案", lambda page: page.check("[name=line][value=L1]"))
    check(county.sql("SELECT state FROM plans.versions WHERE plan = 'P-1'") == "published", "the plan is not in force")
    check(county.sql("SELECT count(*) FROM plans.schemes WHERE plan = 'P-1' AND line = 'L1'") == "1", "no scheme")
    check(county.sql("SELECT decision FROM plans.merges WHERE plan = 'P-1'") == "confirmed", "the merging is not confirmed")
    clerk.goto("/plans/P-1")
    shot(clerk, shots, "plan-published")
    check(other.goto("/plans/P-1").status == 200, "a published plan is not open to another department")


def follow_ups(browser, county, shots):
    """A part is entrusted and concluded; a referral is ordered, approved and handed over, each at its instant."""
    clerk = Visitor(browser, county.url, PHONE).sign_in("wang.clerk")

    def fill(path, fields, boxes=()):
        if path:
            clerk.goto(path)
        for name, text in fields:
            clerk.page.fill(f"[name='{name}']", text)
        for name, value in boxes:
            clerk.page.check(f"[name='{name}'][value='{value}']")
        clerk.send()
        clerk.accepted(path)

    today = county.sql("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")
    clerk.goto("/forms/part-entrust?visit=R-1-E3")
    fill(None, [("id", "W-1"), ("organisation", "样例检测中心"), ("qualification.name", "样例资质"),
                ("qualification.number", "SAMPLE-1"), ("qualification.until", "2030-12-31")],
         [("items", "SCJG-1"), ("service", "testing")])
    clerk.goto("/visits/R-1-E3")
    clerk.page.click("text=录入结论")
    # The report stays here: its hash is computed on the device.
    clerk.page.set_input_files("input[type=file]", {"name": "样例报告.pdf", "mimeType": "application/pdf", "buffer": b"sample"})
    clerk.page.wait_for_function("document.querySelector(\"[name='document.sha256']\").value.length === 64")
    shot(clerk, shots, "part-conclude")
    fill(None, [("conclusion", "样例结论：合格")])
    check(county.sql("SELECT name || sha256 FROM inspections.entrusted_conclusions") ==
          "样例报告.pdf" + hashlib.sha256(b"sample").hexdigest(), "the conclusion is not in the database")

    if county.sql("SELECT count(*) FROM inspections.results WHERE visit = 'R-1-E1'") == "0":
        two_people(browser, county, shots)
    clerk.goto("/forms/consequence?visit=R-1-E1")
    clerk.page.select_option("[name=kind]", "judiciary")
    fill(None, [("id", "Y-1"), ("demand", "移送样例线索"), ("addressee", "样例机关")], [("items", "SCJG-1")])
    clerk.goto("/visits/R-1-E1")
    shot(clerk, shots, "visit-referral")
    check(clerk.page.locator("text=不批准移送").count() == 1, "a referral cannot be refused")
    clerk.page.click("a:text-is('批准移送')")
    clerk.page.fill("[name=at]", f"{today}T00:00")
    shot(clerk, shots, "referral-approved")
    fill(None, [])
    clerk.goto("/visits/R-1-E1")
    clerk.page.click("a:text-is('移交')")
    fill(None, [("at", f"{today}T00:01")])
    check(county.sql("SELECT string_agg(kind || to_char(instant AT TIME ZONE 'Asia/Shanghai', 'HH24:MI'), ' ' ORDER BY number)"
                     " FROM inspections.consequence_events WHERE consequence = 'Y-1'") == "approved00:00 handed-over00:01",
          "the instants are not those of China's time")


def monthly_return(browser, county, shots):
    """A month's return: submitted with a problem, approved by the head, the problem answered by the office."""
    month = county.sql("SELECT to_char(now() AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')")
    clerk, head, office = (Visitor(browser, county.url, PHONE).sign_in(login)
                           for login in ["wang.clerk", "zhao.head", "zhou.office"])
    clerk.goto("/returns")
    clerk.page.click("a.button:has-text('报送本部门月报')")
    clerk.page.fill("[name=problems]", "样例问题：检查人员不足")
    shot(clerk, shots, "return")
    clerk.send()
    clerk.accepted("return")
    head.goto("/returns")
    head.page.click("a.button:has-text('审批月报')")
    head.page.check("[name=decision][value=approved]")
    head.send()
    head.accepted("approval")
    office.goto("/returns")
    office.page.click("main td a:text-is('SCJG')")
    office.page.click("a.button:has-text('答复')")
    check("检查人员不足" in office.page.inner_text("main"), "the problem is not beside its answer")
    office.page.fill("[name='answers[0].answer']", "样例答复：已协调")
    shot(office, shots, "return-answer")
    office.send()
    office.accepted("answer")
    clerk.goto(f"/returns/SCJG?month={month}")
    check("已协调" in clerk.page.inner_text("main"), "the department does not see the answer")
    shot(clerk, shots, "return-answered")


def letter(browser, county, shots):
    """A dead letter is corrected on its form, filled in from it, and goes in as a new submission; the original stays."""
    clerk = Visitor(browser, county.url, PHONE).sign_in("wang.clerk")
    clerk.goto("/dead-letters")
    clerk.page.click("main a:text-is('2')")
    shot(clerk, shots, "letter")
    clerk.page.click("a.button:has-text('更正后重新报送')")
    check(clerk.page.input_value("[name=summary]") == "样例：<i>店内有异味</i>", "the form is not filled in from the letter")
    check(clerk.page.is_checked("[name=items][value=SCJG-2]"), "the choices are not those of the letter")
    shot(clerk, shots, "letter-correct")
    clerk.send()
    check(clerk.page.locator("#f-entity-error").count() == 1, "what is still wrong is not told at its field")
    clerk.page.fill("[name=entity]", "E2")
    clerk.send()
    clerk.accepted("correction")
    clerk.goto("/dead-letters/2")
    text = clerk.page.inner_text("main")
    check("已更正" in text and "E9999" in text and "wang.clerk" in text, "the letter is not linked to its correction")
    shot(clerk, shots, "letter-corrected")
    check(clerk.goto("/dead-letters/2/correct").status == 403, "a settled letter is corrected again")
    check(county.sql("SELECT entity FROM inspections.leads WHERE id = 'X-9'") == "E2", "the lead is not there")
    # No JSON: the text itself is corrected.
    clerk.goto("/dead-letters/3/correct")
    clerk.send()
    check("JSON" in clerk.page.inner_text("#problems"), "broken JSON was sent")
    today = county.sql("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")
    clerk.page.fill("[name=data]", json.dumps({
        "id": "A-1", "department": "SCJG", "kind": "training", "held_on": today, "title": "样例培训", "form": "培训班",
        "participants": 3}, ensure_ascii=False))
    clerk.send()
    clerk.accepted("correction as text")
    check(county.sql("SELECT count(*) FROM cluster.waiting_letters WHERE id > 1") == "0", "settled letters still wait")


def rules(browser, county, shots):
    """The office sets a rule of the county and goes back to the default; a head gives an entity a class."""
    office = Visitor(browser, county.url).sign_in("zhou.office")
    for key, value, expected in [("publication_working_days", "15", "15"), ("yearly_floor_ppm", "2.5", "25000")]:
        office.goto(f"/forms/rule?key={key}")
        office.page.fill("[name=value]", value)
        office.page.fill("[name=basis]", "样例文件〔2026〕1号")
        office.send()
        office.accepted(key)
        check(county.sql(f"SELECT body ->> 'value' FROM registers.statements WHERE id = '{key}'"
                         " ORDER BY valid_from DESC LIMIT 1") == expected, f"{key} is not set")
    office.goto("/forms/rule?key=rate_bands")
    office.page.fill("[name=value]", '{"A": {"max_ppm": "x"}}')
    office.send()
    check("/receipts/" not in office.page.url and office.page.locator("#problems").count() == 1, "nonsense became a rule")
    office.goto("/rules")
    shot(office, shots, "rules")
    office.page.click("a:text-is('恢复默认值') >> nth=0")
    office.page.fill("[name=withdrawn]", "样例理由")
    office.send()
    office.accepted("withdrawal")
    head = Visitor(browser, county.url, PHONE).sign_in("zhao.head")
    head.goto("/forms/class")
    for name, text in [("entity", "E3"), ("reason", "样例：严重违法"), ("until", "2030-01-01")]:
        head.page.fill(f"[name={name}]", text)
    head.page.check("[name=class][value=D]")
    head.send()
    head.accepted("class")


def paper(browser, county, shots):
    """The printed notice has the enterprise's word for "was I in the pool?", and is one sheet of A4."""
    folder = pathlib.Path(county.folder) / "papers"
    county.run("visits", "papers", "R-1-E1", "--department", "SCJG", "--out", str(folder))
    page = Visitor(browser, county.url).page
    notice = next(path for path in folder.glob("*.html") if "核验词" in path.read_text(encoding="utf-8"))
    page.goto(notice.as_uri())
    page.emulate_media(media="print")
    word = re.search(r"核验词：([0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2})", page.inner_text("body"))
    check(word and word[1] == county.sql("SELECT site.word_of('E1')"), "the word on the notice is not the enterprise's")
    page.screenshot(path=f"{shots}/way-notice.png", full_page=True)
    sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(path=f"{shots}/way-notice.pdf", format="A4", prefer_css_page_size=True)))
    check(sheets == 1, f"the notice takes {sheets} sheets")


def live(browser, county, _):
    """A round's page follows its stages by itself."""
    visitor = Visitor(browser, county.url).sign_in("zhou.office")
    visitor.goto("/rounds/R-2")
    visitor.page.wait_for_selector("#live-state:not(:empty)")
    county.sql("UPDATE rounds.rounds SET state = 'collecting' WHERE id = 'R-2'")
    visitor.page.wait_for_selector("text=收集申请", timeout=10_000)
    county.sql("UPDATE rounds.rounds SET state = 'void', void_reason = '样例 <b>', void_at = now() WHERE id = 'R-2'")
    visitor.page.wait_for_selector("text=作废：样例 <b>", timeout=10_000)


def operators(browser, county, _):
    """A dead letter is looked at and replayed, a quarantined row corrected by its department."""
    visitor = Visitor(browser, county.url).sign_in("wu.ops")
    visitor.goto("/dead-letters/1")
    check(visitor.page.evaluate("window.hit") is None and "<script>alert(1)" in visitor.page.inner_text("main"),
          "a letter's body is not shown as text")
    other = Visitor(browser, county.url, PHONE).sign_in("sun.other")
    other.goto("/quarantine/1")
    check(other.page.locator("#f-legal-basis").get_attribute("aria-invalid") == "true", "the finding is not at its field")
    for name, text in [("legal_basis", "《样例条例》第九条"), ("object_kind", "enterprise"), ("methods", "onsite"),
                       ("category", "key")]:
        other.page.fill(f"[name={name}]", text)
    other.send()
    check("取代" in other.page.inner_text("main"), other.page.inner_text("main")[:500])
    check(county.sql("SELECT count(*) FROM registers.items WHERE id = 'YJGL-9' AND valid_to IS NULL") == "1",
          "the corrected row is not in the register")
    clerk = Visitor(browser, county.url, PHONE).sign_in("wang.clerk")
    clerk.goto("/items/edit")
    for name, text in [("id", "SCJG-7"), ("name", "样例新事项"), ("legal_basis", "样例依据"), ("object_kind", "enterprise")]:
        clerk.page.fill(f"[name={name}]", text)
    clerk.page.check("[name=methods][value=onsite]")
    clerk.page.check("[name=category][value=key]")
    clerk.send()
    check(clerk.page.url.endswith("/items"), clerk.page.inner_text("main")[:400])
    check(county.sql("SELECT name FROM registers.items WHERE id = 'SCJG-7' AND valid_to IS NULL") == "样例新事项",
          "the new item is not in the catalogue")


def injected(browser, county, _):
    """Markup, quotes and template braces in every field of every form stay text, and are still there afterwards."""
    visitor = Visitor(browser, county.url).sign_in("wang.clerk")
    for path in [path for path in PAGES["wang.clerk"] if path.startswith("/forms/") or path.startswith("/items/edit")]:
        visitor.goto(path)
        fields = visitor.page.locator("form.entry input[type=text]:visible, form.entry textarea:visible")
        names = [fields.nth(i).get_attribute("name") for i in range(fields.count())]
        for i in range(fields.count()):
            fields.nth(i).evaluate("(e, t) => { e.removeAttribute('maxlength'); e.value = t }", ATTACK)
        visitor.send()
        check(visitor.page.evaluate("window.hit") is None, f"{path}: a script ran")
        check("1787569" not in visitor.page.inner_text("main"), f"{path}: a template was evaluated")
        if "/receipts/" in visitor.page.url or "/forms/" not in visitor.page.url and "/items/edit" not in visitor.page.url:
            continue
        for name in names:
            value = visitor.page.locator(f'form.entry [name="{name}"]').first.input_value()
            check(value == ATTACK, f"{path}: {name} lost what was typed")
    for path in ["/visits?state=", "/returns?month=", "/circular?from=", "/plans/", "/visits/", "/rounds/", "/receipts/",
                 "/forms/", "/sign-in?to="]:
        visitor.goto(path + urllib.parse.quote(ATTACK, safe=""))
        check(visitor.page.evaluate("window.hit") is None, f"{path}: a script ran")
    for path in ["/..%2f..%2fetc/passwd", "/assets/..%2f..%2fetc%2fpasswd", "/%00", "/visits/%ff"]:
        status, text = raw(county, "GET", path, visitor)
        check(status in (400, 404) and "root:" not in text, f"{path}: {status}")


def raw(county, method, path, visitor=None, data=None, headers=None):
    """A request with a visitor's cookies but without a browser's manners."""
    headers = dict(headers or {})
    if visitor:
        headers["Cookie"] = "; ".join(f"{c['name']}={c['value']}" for c in visitor.context.cookies())
    if data is not None:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        data = urllib.parse.urlencode(data).encode()

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    request = urllib.request.Request(county.url + path, data, headers, method=method)
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=30) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def forged(browser, county, _):
    """Other sites, missing tokens and tokens of other forms are refused; the cookie is out of scripts' reach."""
    visitor = Visitor(browser, county.url).sign_in("wang.clerk")
    path = "/forms/visit-begin?visit=R-1-E5"
    visitor.goto(path)
    token = visitor.page.input_value("form.entry [name='~token']")
    good = {"~token": token, "~once": "x", "on": "2026-11-25"}
    for name, data, headers in [
        ("no token", {"on": "2026-11-25"}, {}), ("a wrong token", {**good, "~token": "0" * 64}, {}),
        ("another site", good, {"Origin": "https://evil.example"}),
        ("another site's frame", good, {"Sec-Fetch-Site": "cross-site"}),
    ]:
        status, _ = raw(county, "POST", path, visitor, data, headers)
        check(status == 403, f"{name}: {status}")
    visitor.goto("/forms/visit-end?visit=R-1-E5")
    other = visitor.page.input_value("form.entry [name='~token']")
    check(raw(county, "POST", path, visitor, {**good, "~token": other})[0] == 403, "another form's token was taken")
    check(raw(county, "POST", path, None, good)[0] == 401, "nobody was taken for somebody")
    check(raw(county, "GET", "/sign-out", visitor)[0] in (404, 405), "a link signs out")
    check(county.sql("SELECT count(*) FROM cluster.inbox WHERE subject = 'R-1-E5'") == "0", "a forged form was submitted")
    cookie = [c for c in visitor.context.cookies() if c["name"] == "yaohao-session"][0]
    check(cookie["httpOnly"] and cookie["sameSite"] == "Strict", f"{cookie}")
    check("yaohao-session" not in visitor.page.evaluate("document.cookie"), "scripts see the session")
    old = cookie["value"]
    visitor.page.click("form.out button")
    check("/sign-in" in visitor.page.url, visitor.page.url)
    check(raw(county, "GET", "/home", headers={"Cookie": f"yaohao-session={old}"})[0] in (302, 303, 307),
          "the old session still works after the sign-out")


def strangers(browser, county, _):
    """Another department's addresses, other duties' forms, and everything before the sign-in."""
    clerk = Visitor(browser, county.url).sign_in("wang.clerk")
    for path in ["/visits/R-1-E6", "/forms/result?visit=R-1-E6", "/quarantine/1", "/returns/YJGL?month=2026-11",
                 "/operations", "/dead-letters/1", "/dead-letters/1/correct", "/circular", "/forms/unknown",
                 "/items/edit?id=YJGL-1", "/leads/unknown"]:
        status, text = raw(county, "GET", path, clerk)
        check(status == 404 and "样例食品有限公司6" not in text, f"{path}: {status}")
    for path in ["/forms/review?visit=R-1-E1", "/forms/round", "/forms/round-close?round=R-1", "/forms/class",
                 "/forms/rule?key=publication_working_days"]:
        check(raw(county, "GET", path, clerk)[0] == 403, path)
    letters = raw(county, "GET", "/dead-letters", clerk)[1]
    check("/dead-letters/2" in letters and "/dead-letters/1" not in letters, "the list has letters of nobody or others")
    other = Visitor(browser, county.url).sign_in("sun.other")
    for path in ["/dead-letters/2", "/dead-letters/2/correct"]:
        check(raw(county, "GET", path, other)[0] == 404, f"{path} by another department")
    reviewer = Visitor(browser, county.url).sign_in("li.review")
    check(raw(county, "GET", "/dead-letters/2/correct", reviewer)[0] == 403, "another duty corrects a letter")
    head = Visitor(browser, county.url).sign_in("zhao.head")
    head.goto("/dead-letters/2")
    check(head.page.locator("form[action$=replay]").count() == 0, "who is no operator may replay")
    check("样例食品有限公司6" not in raw(county, "GET", "/visits", clerk)[1], "the list has another department's visit")
    for path in PAGES["wang.clerk"] + PAGES["zhou.office"]:
        check(raw(county, "GET", path)[0] in (302, 303, 307), f"{path} without a sign-in")
    for path in ["/rounds/R-1/progress"]:
        check(raw(county, "GET", path)[0] == 401, path)
    for path in ["/rounds/R-1", "/rounds/R-2"]:
        check("5a" * 32 not in raw(county, "GET", path, clerk)[1], "the seed is shown before its time")


def brute_force(browser, county, _):
    """After a few wrong passwords one has to wait, whoever it is; nothing tells whether there is such an account."""
    texts = {}
    for login in ["zheng.lock", "no.such.person"]:
        visitor = Visitor(browser, county.url)
        texts[login] = []
        for _ in range(6):
            visitor.sign_in(login, "wrong-wrong-wrong")
            texts[login].append(visitor.page.inner_text("[role=alert]"))
        check("秒后再试" in texts[login][-1], texts[login][-1])
        visitor.sign_in(login)
        check("/home" not in visitor.page.url, "the right password was taken in spite of the wait")
    check(texts["zheng.lock"][:5] == texts["no.such.person"][:5], "the texts tell who exists")


def whole_log(browser, county, _):
    """The audit log is whole, with the console's lines in it."""
    done = subprocess.run([county.binary, "audit", "verify", "--log-only", "--json"], env=county.environment,
                          capture_output=True, text=True)
    # The dead letter was put there by hand.
    problems = [p for p in json.loads(done.stdout)["problems"] if not p["code"].startswith("letter.")]
    check(not problems, str(problems))
    fed = county.sql("SELECT string_agg(DISTINCT person, ',' ORDER BY person) FROM cluster.acts WHERE kind = 'feed'")
    check(fed == "sun.other,wang.clerk", f"feeds do not name who sent them: {fed}")
    kinds = county.sql("SELECT string_agg(DISTINCT type, ' ' ORDER BY type) FROM cluster.acts WHERE kind = 'console'")
    for what in ["account-stored", "form-refused", "item-fed", "letter-corrected", "row-corrected", "sign-in-limited", "sign-in-refused",
                 "signed-in", "signed-out"]:
        check(f"cn.yaohao.console.{what}.v1" in kinds, f"no line {what}: {kinds}")


STEPS = [every_page, by_keyboard, two_people, without_scripts, plan, follow_ups, monthly_return, letter, rules, paper, live,
         operators, injected, forged, strangers, brute_force, whole_log]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--yaohao", required=True)
    arguments.add_argument("--folder", required=True)
    arguments.add_argument("--only")
    chosen = arguments.parse_args()
    shots = pathlib.Path(chosen.folder) / "screenshots"
    shots.mkdir(parents=True, exist_ok=True)
    failures = 0
    with County(chosen.yaohao, chosen.folder) as county, sync_playwright() as playwright:
        county.sql("INSERT INTO rounds.rounds (id, county, state, opened_by) VALUES ('R-2', '150222', 'opened', 'dept:SCJG')")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for step in STEPS:
            if chosen.only and step.__name__ not in chosen.only.split(","):
                continue
            try:
                step(browser, county, shots)
                print(f"ok      {step.__name__}: {step.__doc__.splitlines()[0]}", flush=True)
            except Exception as error:
                failures += 1
                print(f"FAILED  {step.__name__}: {type(error).__name__}: {str(error)[:1500]}", flush=True)
        browser.close()
    print(f"{len(STEPS)} steps, {failures} failed; screenshots in {shots}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
