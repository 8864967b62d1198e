#!/usr/bin/env python3
"""The open site in a real browser (Chromium by Playwright). scripts/test-site makes the county and calls it.

  open_site.py --base URL --database CONNINFO --pictures FOLDER [--only PART]

Each part is a function named test_…; every failure is one line that says where. Exit status 0 when there is none.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VECTORS = os.path.join(ROOT, "Tests", "DrawTests", "Vectors")
FILES = ["round.json", "commitment.json", "seed.json", "result.json", "digests.json", "roster.tsv", "secret.json"]
WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}
ATTACKS = ["<script>document.title='owned'</script>", "\"><img src=x onerror=document.title='owned'>", "' OR 1=1 --",
           "'; DROP TABLE open.publications; --", "{{#t}}{{.}}{{/t}}{{{content}}}", "%' AND pg_sleep(9) --", "javascript:alert(1)"]

failures = []


def fail(where, what):
    failures.append(f"{where}: {what}")
    print(f"FAIL {where}: {what}", flush=True)


def expect(condition, where, what):
    if not condition:
        fail(where, what)


class County:
    """What is public of the county that the site serves, and one enterprise's word, which only its notice has."""

    def __init__(self, base, database):
        self.base, self.database = base, database
        index = self.json("/index.json")
        self.result = index["results"][0]
        self.round = self.json("/draws.json")["draws"][0]["round"]
        self.plan = self.json("/plans.json")["plans"][0]["address"]
        self.entity = self.sql("SELECT e FROM rounds.selections, unnest(entities) AS e ORDER BY 1 LIMIT 1")
        self.word = self.sql(f"SELECT site.word_of('{self.entity}')")

    def sql(self, statement):
        return subprocess.run(["psql", self.database, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement], check=True,
                              capture_output=True, text=True).stdout.strip()

    def get(self, path, headers={}):
        request = urllib.request.Request(self.base + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode("utf-8", "replace"), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8", "replace"), error.headers

    def json(self, path):
        return json.loads(self.get(path)[1])

    def pages(self):
        result, draw = self.result, f"/draws/{self.round}"
        return ["/", "/search", "/search?q=" + urllib.parse.quote("公司"), "/search?q=zzzz", "/results", result["address"],
                f"/results?department={result['department']}&from=2026-01-01", f"/entities/{result['entity']}",
                "/departments", f"/departments/{result['department']}", "/items", "/joint",
                f"/items/{result['items'][0]['item']}", "/documents", "/rules", "/audit", "/plans", self.plan, "/calendar",
                "/rates", "/timeliness", "/draws", draw, draw + "/visits", draw + "/check", "/check", "/pool", "/about",
                "/no-such-page"]


def watched(context, where):
    """A page whose console errors, refused content and failed requests are failures."""
    page = context.new_page()
    page.on("pageerror", lambda error: fail(where[0], f"script error: {error}"))
    page.on("console", lambda message: fail(where[0], f"console: {message.text}")
            if message.type == "error" and "status of 4" not in message.text else None)
    page.on("request", lambda request: fail(where[0], f"asks elsewhere: {request.url}")
            if not request.url.startswith((where[1], "data:", "blob:")) else None)
    return page


def test_pages(county, browser, pictures):
    """Every page, both languages, phone and desktop: no violation of the policy, no sideways scrolling, an axe audit."""
    axe = Axe()
    audited = 0
    for width, size in WIDTHS.items():
        for language in ("zh", "en"):
            context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN")
            context.add_cookies([{"name": "lang", "value": language, "url": county.base}])
            where = ["", county.base]
            page = watched(context, where)
            for path in county.pages():
                where[0] = f"{path} {language} {width}"
                page.goto(county.base + path)
                expect(page.locator("html").get_attribute("lang") == ("zh-CN" if language == "zh" else "en"), where[0], "lang")
                expect(page.locator("h1").count() == 1, where[0], "not one h1")
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                expect(wide <= 0, where[0], f"scrolls sideways by {wide}")
                shown = page.locator("main").inner_text()
                expect(not re.search(r"\{\{|Optional\(|\bnil\b|NSNull|Absent\(", shown), where[0], "a template shows through")
                for violation in axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
                                                                    "best-practice"]}).response["violations"]:
                    nodes = "; ".join(node["html"][:100] for node in violation["nodes"][:2])
                    fail(where[0], f"axe {violation['id']}: {violation['help']} — {nodes}")
                audited += 1
                name = re.sub(r"[^a-z]+", "-", path.split("?")[0].replace(county.round, "round").lower()).strip("-") or "home"
                name = {county.plan: "plan"}.get(path, name)[:40] + ("-query" if "?" in path else "")
                page.screenshot(path=f"{pictures}/{width}-{language}-{name}.png", full_page=True)
            context.close()
    print(f"pages: {audited} audited")


def test_dark(county, browser, pictures):
    """The dark palette keeps the contrast."""
    axe = Axe()
    context = browser.new_context(color_scheme="dark", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    for path in ("/", f"/draws/{county.round}", "/pool", "/results"):
        page.goto(county.base + path)
        for violation in axe.run(page, options={"runOnly": ["wcag2aa"]}).response["violations"]:
            fail("dark " + path, f"axe {violation['id']}: {violation['nodes'][0]['html'][:100]}")
        page.screenshot(path=f"{pictures}/dark-{re.sub('[^a-z]', '', path) or 'home'}.png", full_page=True)
    context.close()


def test_keyboard(county, browser, pictures):
    """By keyboard alone: the skip link, a search from the first page, the question of the pool; focus is always seen."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(county.base + "/")
    page.keyboard.press("Tab")
    expect(page.evaluate("document.activeElement.className") == "skip", "keyboard", "the first stop is not the skip link")
    page.keyboard.press("Enter")
    expect(page.evaluate("document.activeElement.id") == "main", "keyboard", "the skip link does not skip")
    page.keyboard.press("Tab")
    expect(page.evaluate("document.activeElement.id") == "q", "keyboard", "the search does not follow")
    page.keyboard.type(county.result["entity_name"][2:5])
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?**")
    expect(county.result["entity_name"] in page.content(), "keyboard", "the enterprise is not found by a part of its name")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        stop = page.evaluate("""() => { const e = document.activeElement, s = getComputedStyle(e);
            return [e.outerHTML.slice(0, 80), e === document.body || s.outlineStyle !== 'none'] }""")
        expect(stop[1], "keyboard", f"focus is not seen on {stop[0]}")
        if stop[0] in seen:
            break
        seen.add(stop[0])
    context.close()


def test_without_script(county, browser, pictures):
    """Without JavaScript everything is still read, searched and asked."""
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(county.base + "/pool")
    page.fill("#entity", county.entity)
    page.fill("#word", county.word.lower())
    page.click("form.fields button")
    expect("在冻结名录中" in page.content(), "no script", "the pool is not answered")
    page.goto(f"{county.base}/draws/{county.round}/check")
    expect(page.locator("noscript").count() == 1, "no script", "the check does not say what to do")
    context.close()


def check_files(page, county, folder, names=FILES):
    page.goto(county.base + "/check")
    page.set_input_files("#check-files", [os.path.join(folder, name) for name in names if os.path.exists(os.path.join(folder, name))])
    page.wait_for_selector("#check-steps[data-state]", timeout=120_000)
    state = page.locator("#check-steps").get_attribute("data-state")
    return state, page.locator("#check-steps").inner_text()


def tampered(document, name):
    """Copies of a bundle, each with one thing changed; what is rehashed would fool whoever only compares hashes."""
    def other(text):
        return ("0" if text[0] != "0" else "1") + text[1:]

    def change(files, file, edit):
        value = json.loads(files[file])
        edit(value)
        return {**files, file: json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"}

    result = json.loads(document["result.json"])
    chosen = next(index for index, selection in enumerate(result["selections"]) if len(selection["entities"]) > 1)
    yield "a digit of the commitment's roster", change(document, "commitment.json", lambda v: v["roster"].update(root=other(v["roster"]["root"])))
    yield "a rate", change(document, "round.json", lambda v: v["requests"][0].update(team=v["requests"][0]["team"] + 1))
    yield "a sample size", change(document, "commitment.json", lambda v: v["requests"][0]["sample_sizes"].update(A=999))
    yield "a witness's number", change(document, "seed.json", lambda v: next(
        c for c in v["contributions"] if len(c["value"]) == 64).update(value="0" * 64))
    yield "the public value", change(document, "seed.json", lambda v: next(
        c for c in v["contributions"] if len(c["value"]) != 64).update(value="x"))
    yield "the seed's digest", change(document, "digests.json", lambda v: v.update(seed=other(v["seed"])))
    yield "the result's seed", change(document, "result.json", lambda v: v.update(seed=other(v["seed"])))
    yield "an enterprise exchanged", change(document, "result.json", lambda v: v["selections"][chosen]["entities"].__setitem__(0, "91150222MA0000000X"))
    yield "an enterprise left out", change(document, "result.json", lambda v: v["selections"][chosen]["entities"].pop())
    yield "two exchanged in order", change(document, "result.json", lambda v: v["selections"][chosen]["entities"].reverse())
    yield "a visit left out", change(document, "result.json", lambda v: v["visits"].pop())
    yield "a visit's window", change(document, "result.json", lambda v: v["visits"][0]["window"].__setitem__(1, "2099-12-31"))
    yield "a visit's department", change(document, "result.json", lambda v: v["visits"][0]["departments"].__setitem__(0, "NOBODY"))
    yield "a repeated key", {**document, "result.json": document["result.json"].replace('{"commitment"', '{"commitment":"0","commitment"', 1)}
    yield "a space", {**document, "seed.json": document["seed.json"].replace(",", ", ", 1)}
    if "roster.tsv" in document:
        lines = document["roster.tsv"].split("\n")
        yield "a line of the roster", {**document, "roster.tsv": "\n".join([lines[0].replace("\t", "\tD\t", 1).replace("\tD\tD", "\tD", 1) + "x", *lines[1:]])}
        yield "a line removed from the roster", {**document, "roster.tsv": "\n".join(lines[1:])}
        yield "the salt", change(document, "secret.json", lambda v: v.update(salt=other(v["salt"])))
        yield "a loser for the last winner, in order of tickets", swapped(document, chosen)


def swapped(document, chosen):
    """The last winner of a selection exchanged for a loser whose ticket is larger: only the roster gives it away."""
    import hashlib
    result, commitment = json.loads(document["result.json"]), json.loads(document["commitment.json"])
    selection = result["selections"][chosen]
    request = next(r for r in commitment["requests"] if r["id"] == selection["request"])
    sha = lambda text: hashlib.sha256(text.encode()).hexdigest()
    stream = result["seed"] if request["coordination"] == "joint" else sha(result["seed"] + ":" + request["id"])
    last = sha(stream + selection["entities"][-1])
    loser = next(line.split("\t")[0] for line in document["roster.tsv"].split("\n") if line and sha(stream + line.split("\t")[0]) > last)
    text = document["result.json"].replace(selection["entities"][-1], loser)
    return {**document, "result.json": text}


def test_check(county, browser, pictures):
    """The draw is computed anew in the browser: every worked case agrees, every tampered copy is caught."""
    context = browser.new_context(locale="en-GB")
    where = ["check", county.base]
    page = watched(context, where)
    for case in sorted(os.listdir(VECTORS)):
        state, text = check_files(page, county, os.path.join(VECTORS, case))
        expect(state == "right" and "Drawn anew from the roster" in text, f"check {case}", text)
        state, text = check_files(page, county, os.path.join(VECTORS, case), FILES[:5])
        expect(state == "right", f"check {case} without roster", text)
    caught = 0
    for case in ("county", "crossing"):
        folder = os.path.join(VECTORS, case)
        document = {name: open(os.path.join(folder, name), encoding="utf-8", newline="").read() for name in FILES}
        for what, files in tampered(document, case):
            with tempfile.TemporaryDirectory() as copy:
                for name, text in files.items():
                    open(os.path.join(copy, name), "w", encoding="utf-8", newline="").write(text)
                state, text = check_files(page, county, copy)
                expect(files != document, f"check {case}", f"{what}: nothing was changed")
                expect(state == "wrong", f"check {case}", f"{what}: not caught")
                caught += state == "wrong"
    print(f"check: {caught} tampered copies caught")
    # The arithmetic of one entity is the file's order.
    check_files(page, county, os.path.join(VECTORS, "county"))
    result = json.load(open(os.path.join(VECTORS, "county", "result.json")))
    selection = next(s for s in result["selections"] if s["entities"])
    page.select_option("#check-request", selection["request"])
    page.fill("#check-entity", selection["entities"][0])
    page.click("#check-one button")
    page.wait_for_selector("#check-arithmetic pre")
    shell = page.locator("#check-arithmetic pre").inner_text()
    ticket = subprocess.run(["bash", "-c", shell], capture_output=True, text=True).stdout.split()[0]
    expect(ticket in page.locator("#check-arithmetic").inner_text(), "check", "the shell line gives another ticket")
    page.screenshot(path=f"{pictures}/check-done.png", full_page=True)
    context.close()


def test_draw(county, browser, pictures):
    """The county's own draw: checked from the downloads, and the word's question with its proof."""
    context = browser.new_context(locale="zh-CN")
    where = ["draw", county.base]
    page = watched(context, where)
    page.goto(f"{county.base}/draws/{county.round}/check")
    page.click("#check-run")
    page.wait_for_selector("#check-steps[data-state]", timeout=60_000)
    expect(page.locator("#check-steps").get_attribute("data-state") == "right", "draw", page.locator("#check-steps").inner_text())
    page.screenshot(path=f"{pictures}/draw-checked.png", full_page=True)
    page.goto(county.base + "/pool")
    page.fill("#entity", county.entity)
    page.fill("#word", county.word)
    page.click("form.fields button")
    page.wait_for_selector(".proof-result.notice", state="attached")
    expect("good" in page.locator(".proof-result").first.get_attribute("class"), "pool", "the proof does not hold")
    page.wait_for_selector(".own-ticket[data-state]")
    states = page.eval_on_selector_all(".own-ticket", "list => list.map(e => e.dataset.state)")
    expect(states and set(states) == {"right"}, "pool", f"tickets {states}")
    page.screenshot(path=f"{pictures}/pool-answered.png", full_page=True)
    context.close()


def test_attacks(county, browser, pictures):
    """What is typed or put into an address is never run, read as SQL or shown raw."""
    context = browser.new_context()
    where = ["attack", county.base]
    page = watched(context, where)
    for attack in ATTACKS:
        quoted = urllib.parse.quote(attack, safe="")
        for path in (f"/search?q={quoted}", f"/results?q={quoted}&department={quoted}&item={quoted}", f"/results?after={quoted}",
                     f"/results?from={quoted}", f"/entities/{quoted}", f"/draws/{quoted}", f"/items/{quoted}", f"/plans/{quoted}",
                     f"/departments/{quoted}", f"/plans?year={quoted}", f"/results/{quoted}/{quoted}", f"/?lang={quoted}",
                     f"/{quoted}", f"/sitemaps/{quoted}", f"/draws/{county.round}/files/{quoted}"):
            where[0] = path
            answer = page.goto(county.base + path)
            expect(answer.status < 500, path, f"status {answer.status}")
            expect(page.title() != "owned" and page.locator("img[onerror]").count() == 0, path, "was run")
        page.goto(county.base + "/pool")
        page.fill("#entity", attack[:60])
        page.fill("#word", attack[:30])
        page.click("form.fields button")
        expect(page.title() != "owned", "/pool", "was run")
    expect(county.sql("SELECT count(*) > 0 FROM open.publications") == "t", "attack", "the table is gone")
    context.close()


def test_addresses(county, browser, pictures):
    """No address leads out of the site, or to what is not public."""
    secrets = county.sql("SELECT string_agg(name, '|') FROM (SELECT DISTINCT name FROM registers.inspectors LIMIT 200) AS n").split("|")
    secrets += county.sql("SELECT string_agg(certificate, '|') FROM registers.inspectors WHERE length(certificate) > 5").split("|")
    salt = county.sql(f"SELECT encode(salt, 'hex') FROM rounds.rounds WHERE id = '{county.round}'")
    for path in ("/../../etc/passwd", "/assets/../../../etc/passwd", "/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/..%5c..%5cwindows",
                 "/assets/site.css%00.js", f"/draws/{county.round}/files/roster.tsv", f"/draws/{county.round}/files/secret.json",
                 f"/draws/{county.round}/files/inspectors.tsv", f"/draws/{county.round}/files/..%2fround.json", "/.git/config",
                 "/openapi", "/entities/../draws", "/pool/" + county.entity):
        status, body, _ = county.get(path)
        expect(status in (400, 404), path, f"status {status}")
        expect("root:" not in body and salt not in body, path, "shows what it must not")
    for path in county.pages():
        for address in (path, re.sub(r"^([^?]*)", lambda m: ("/index" if m[1] == "/" else m[1]) + ".json", path, count=1)):
            status, body, headers = county.get(address)
            expect("Content-Security-Policy" in headers, address, "no policy")
            found = [secret for secret in secrets if secret and re.search(rf"(?<![\w一-鿿]){re.escape(secret)}(?![\w一-鿿])", body)]
            expect(not found, address, f"names an inspector: {found[:2]}")
            expect(salt not in body and county.word not in body, address, "shows a secret")
            expect('"credit":"' not in body and "inspectors_names" not in body, address, "tells a class")
    for path in ("/pool", "/search", "/results"):
        for method in ("PUT", "DELETE", "TRACE", "PATCH"):
            request = urllib.request.Request(county.base + path, method=method)
            try:
                urllib.request.urlopen(request, timeout=10)
                fail(path, f"{method} is taken")
            except urllib.error.HTTPError as error:
                expect(error.code in (404, 405, 501), path, f"{method}: {error.code}")


def test_undisclosed(county, browser, pictures):
    """While windows are open: neither seed, numbers of witnesses, bundle nor who was drawn by any address."""
    if county.json(f"/draws/{county.round}.json")["disclosed"]:
        return
    seed = county.sql(f"SELECT seed FROM rounds.rounds WHERE id = '{county.round}'")
    nonces = county.sql(f"SELECT string_agg(nonce, '|') FROM rounds.witnesses WHERE round = '{county.round}'").split("|")
    begun = "SELECT visit FROM open.round_visits"
    hidden = county.sql(f"SELECT string_agg(DISTINCT entity, '|') FROM rounds.visits WHERE id NOT IN ({begun}) "
                        "AND entity NOT IN (SELECT entity FROM open.round_visits)").split("|")
    for path in county.pages() + [f"/draws/{county.round}/bundle.zip", f"/draws/{county.round}/files/seed.json",
                                  f"/draws/{county.round}/files/result.json", "/results.atom", "/draws.atom", "/sitemaps/pages.xml"]:
        for address in {path, re.sub(r"^([^?]*)", lambda m: ("/index" if m[1] == "/" else m[1]) + ".json", path, count=1)}:
            body = county.get(address)[1]
            for secret in [seed, *nonces]:
                expect(secret not in body, address, "shows the seed or a part of it")
            shown = [entity for entity in hidden if entity and entity in body]
            expect(not shown, address, f"shows who was drawn: {shown[:2]}")
    confidential = len([entity for entity in hidden if entity])
    expect(confidential > 50, "undisclosed", "nothing is confidential, so nothing was tested")
    print(f"undisclosed: {confidential} enterprises still confidential")


def test_words(county, browser, pictures):
    """Words are guessed in vain, and not for long."""
    statuses = []
    for number in range(60):
        data = urllib.parse.urlencode({"entity": county.entity, "word": f"AAAA-AAAA-{number:04d}"}).encode()
        try:
            with urllib.request.urlopen(county.base + "/pool.json", data=data, timeout=10) as answer:
                fail("/pool", f"a wrong word is taken: {answer.read()[:80]}")
        except urllib.error.HTTPError as error:
            statuses.append(error.code)
    expect(statuses.count(422) <= 20 and statuses[-1] == 429, "/pool", f"attempts are not limited: {statuses}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--pictures", required=True)
    parser.add_argument("--only", action="append")
    options = parser.parse_args()
    os.makedirs(options.pictures, exist_ok=True)
    county = County(options.base, options.database)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, test in list(globals().items()):
            if name.startswith("test_") and (not options.only or name[5:] in options.only):
                print(f"-- {name[5:]}: {test.__doc__.splitlines()[0]}", flush=True)
                test(county, browser, options.pictures)
        browser.close()
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
