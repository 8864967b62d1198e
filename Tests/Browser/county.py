"""A made-up county on private servers, for tests in a browser: a database with two departments, a drawn round, accounts
and keys, and the processes that serve them. Everything is in one folder, and is ended with it."""
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSWORD = "四只 蓝色 陶罐 在窗台"

PEOPLE = [
    ("wang.clerk", "王填报", "SCJG", "clerk"), ("li.review", "李审核", "SCJG", "reviewer"),
    ("zhao.head", "赵负责", "SCJG", "head"), ("qian.both", "钱双岗", "SCJG", "clerk,reviewer"),
    ("sun.other", "孙他局", "YJGL", "clerk,reviewer,head"), ("zhou.office", "周联办", "SCJG", "office"),
    ("wu.ops", "吴运维", "SCJG", "operator"), ("zheng.lock", "郑锁定", "YJGL", "clerk"),
]

SEED = """
INSERT INTO registers.departments (id, source, version, valid_from, name, lead)
VALUES ('SCJG', 'test', 1, now(), '市场监督管理局', true), ('YJGL', 'test', 1, now(), '应急管理局', false);
INSERT INTO registers.items (id, source, version, valid_from, name, legal_basis, department, object_kind, methods, category)
SELECT d || '-' || n, 'test', 1, now(), '样例事项 ' || d || '-' || n, '样例依据：《样例条例》第' || n || '条', d, 'enterprise',
    '{onsite}', 'key' FROM unnest(ARRAY['SCJG', 'YJGL']) d, generate_series(1, 2) n;
INSERT INTO registers.entities (id, source, version, valid_from, name, credit, region, industry, kind, permits, regulators,
    address)
SELECT 'E' || n, 'test', 1, now(), '样例食品有限公司' || n, 'D', '150222', 'C13', 'enterprise', '{}', '{SCJG,YJGL}',
    '样例镇样例路 ' || n || ' 号' FROM generate_series(1, 6) n;
INSERT INTO registers.inspectors (id, source, version, valid_from, name, department, regions, specialties, certificate,
    certificate_until, recused)
SELECT d || '-I' || n, 'test', 1, now(), '样例检查员' || d || n, d, '{}', '{}', 'SAMPLE-' || d || n, '2030-12-31', '{}'
FROM unnest(ARRAY['SCJG', 'YJGL']) d, generate_series(1, 3) n;
INSERT INTO rounds.counties (county) VALUES ('150222');
INSERT INTO rounds.rounds (id, county, state, opened_by, seed, result_digest, drawn_at, sequence, commitment,
    commitment_json, seed_json, definition, salt)
VALUES ('R-1', '150222', 'drawn', 'dept:SCJG', repeat('5a', 32), repeat('c3', 32), now(), 1, repeat('ab', 32), '{}', '{}',
    '{}', decode(repeat('07', 32), 'hex'));
INSERT INTO rounds.requests (round, id, department, body)
SELECT 'R-1', 'Q-' || d, d, jsonb_build_object('coordination', 'joint', 'department', d, 'id', 'Q-' || d, 'items',
    jsonb_build_array(d || '-1', d || '-2'), 'joint', true, 'method', 'onsite', 'pool', '{}'::jsonb, 'sample',
    '{"count":6}'::jsonb, 'specialties', '[]'::jsonb, 'team', 2, 'window',
    jsonb_build_array(current_date - 20, current_date + 20))::text FROM unnest(ARRAY['SCJG', 'YJGL']) d;
INSERT INTO rounds.visits (round, id, entity, region, method, requests, departments, window_first, window_last)
SELECT 'R-1', 'R-1-E' || n, 'E' || n, '150222', 'onsite',
    CASE WHEN n = 6 THEN '{Q-YJGL}' ELSE '{Q-SCJG,Q-YJGL}' END::text[],
    CASE WHEN n = 6 THEN '{YJGL}' ELSE '{SCJG,YJGL}' END::text[],
    current_date - 20, current_date + 20 FROM generate_series(1, 6) n;
INSERT INTO rounds.teams (round, visit, department, inspectors, missing)
SELECT v.round, v.id, d, ARRAY[d || '-I1', d || '-I2'], '{}' FROM rounds.visits v, unnest(v.departments) d;
INSERT INTO registers.quarantine (register, source, feed, position, version, id, body, field, code, message, received_at)
VALUES ('items', 'dept:YJGL', 'f-1', 3, 1, 'YJGL-9', convert_to('{"id":"YJGL-9","name":"样例","department":"YJGL"}', 'UTF8'),
    'legal_basis', 'missing', '缺少法律依据', now());
INSERT INTO cluster.dead_letters (topic, partition, "offset", key, headers, body, code, reason, fingerprint)
VALUES ('t.result-submissions', 0, 7, 'k', '[["ce_id","3c7363726970743e"]]', convert_to('{"x":"<script>alert(1)</script>"}',
    'UTF8'), 'signature', 'the signature does not fit <b>', decode(repeat('11', 32), 'hex'));
"""


def letter(offset, type, subject, body, source="dept:SCJG"):
    """A statement that puts a dead letter of a source there, as a worker would have."""
    text = lambda value: "'" + value.replace("'", "''") + "'"
    headers = [["ce_id", f"letter-{offset}"], ["ce_source", source], ["ce_type", type], ["ce_subject", subject]]
    coded = json.dumps([[name, value.encode().hex()] for name, value in headers])
    return f"""INSERT INTO cluster.dead_letters (topic, partition, "offset", key, headers, body, code, reason, fingerprint)
        VALUES ('t.result-submissions', 0, {offset}, {text(subject)}, {text(coded)}, convert_to({text(body)}, 'UTF8'),
            'signature', 'the key is not known, or was revoked', sha256(convert_to({text(body)}, 'UTF8')));"""


# Letter 2 is a lead that SCJG's own software signed with an old key; letter 3 is no JSON.
LETTERS = letter(8, "cn.yaohao.inspections.lead-reported.v1", "X-9", json.dumps({
    "id": "X-9", "department": "SCJG", "origin": "complaint", "received_on": "2026-03-01", "entity": "E9999",
    "items": ["SCJG-1", "SCJG-2"], "unlicensed": False, "summary": "样例：<i>店内有异味</i>"}, ensure_ascii=False)) + letter(
    9, "cn.yaohao.returns.activity-recorded.v1", "SCJG", '{"id": "A-1", "kind": "training"')


def die_with_parent():
    """The kernel ends the child if this script is killed (Linux)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class County:
    """Starts everything; `with County(folder) as county:` ends it."""

    def __init__(self, binary, folder, port=0):
        self.binary, self.folder, self.port = str(binary), pathlib.Path(folder), port or 18081
        self.children = []
        self.environment = dict(os.environ, YAOHAO_STACK_DIR=str(self.folder / "stack"))

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([ROOT / "scripts/stack", "down", "--wipe"], env=self.environment, capture_output=True)
        subprocess.run([ROOT / "scripts/stack", "up"], env=self.environment, check=True, stdout=subprocess.DEVNULL)
        lines = subprocess.run(
            [ROOT / "scripts/stack", "env"], env=self.environment, check=True, capture_output=True, text=True).stdout
        shell = subprocess.run(
            ["bash", "-c", lines + "\nenv -0"], env=self.environment, check=True, capture_output=True, text=True).stdout
        self.environment = dict(line.split("=", 1) for line in shell.split("\0") if "=" in line)
        self.environment.update(
            YAOHAO_CONSOLE=f"127.0.0.1:{self.port}", YAOHAO_CONSOLE_KEYS=str(self.folder / "keys"),
            YAOHAO_PARTITIONS="2", YAOHAO_LOG_LEVEL="info")
        self.run("migrate")
        self.sql(SEED)
        self.sql(LETTERS)
        keys = self.folder / "keys"
        subprocess.run(["rm", "-rf", keys])
        keys.mkdir(mode=0o700)
        for department, roles, source in [
            ("SCJG", "plan,request,result,feed,review,approve,office,round,witness,console", None),
            ("YJGL", "plan,request,result,feed,review,approve,witness,console", None),
        ]:
            self.run(
                "keys", "generate", "--department", department, "--device", "console", "--roles", roles, "--out",
                str(keys / f"{department}.key"))
        for login, name, department, roles in PEOPLE:
            self.run(
                "accounts", "add", login, "--name", name, "--department", department, "--roles", roles,
                input=PASSWORD + "\n")
        for name in ["worker", "console"]:
            self.start(name)
        self.wait_for(f"{self.url}/sign-in")
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
        subprocess.run([ROOT / "scripts/stack", "down", "--wipe"], env=self.environment, capture_output=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments, input=None):
        """One command of yaohao, which has to succeed."""
        done = subprocess.run(
            [self.binary, *arguments], env=self.environment, input=input, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"yaohao {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def sql(self, text):
        """Statements as the owner; what they print, without headings."""
        done = subprocess.run(
            ["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", self.environment["YAOHAO_POSTGRES"], "-c", text],
            env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout.strip()

    def start(self, *arguments):
        log = open(self.folder / f"{arguments[0]}.log", "w")
        self.children.append(
            subprocess.Popen(
                [self.binary, *arguments], env=self.environment, stdout=log, stderr=log, preexec_fn=die_with_parent))

    def wait_for(self, url, seconds=60):
        for _ in range(seconds * 10):
            try:
                urllib.request.urlopen(url, timeout=2)
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"{url} does not answer; see {self.folder}")
