#!/usr/bin/env python3
"""Times questions to the open site: measure.py BASE PID [SECONDS [SOAK]]. Each is asked 21 times; the median and the worst are
shown. Then wrk with 200 connections for SECONDS (30) on four pages, and for SOAK seconds (600) on all of them in turn, with
the process's memory every ten seconds and the machine's load.
"""
import os
import re
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request

base, pid = sys.argv[1], sys.argv[2]
seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 30
soak = int(sys.argv[4]) if len(sys.argv) > 4 else 600
quoted = urllib.parse.quote


def ask(path):
    start = time.monotonic()
    with urllib.request.urlopen(base + path, timeout=30) as answer:
        body = answer.read()
    return (time.monotonic() - start) * 1000, body.decode()


def load():
    return " ".join(f"{figure:.1f}" for figure in os.getloadavg())


def memory():
    status = open(f"/proc/{pid}/status").read()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) // 1024


entity = "92150222" + "123456".zfill(10)
result = re.search(r'"address":"(/results/[^"]+)"', ask(f"/entities/{entity}.json")[1])[1]
questions = {
    "one character, common (店)": "/search?q=" + quoted("店"),
    "one character, rare (犇)": "/search?q=" + quoted("犇"),
    "two characters, common (有限)": "/search?q=" + quoted("有限"),
    "two characters, rarer (鹏犇)": "/search?q=" + quoted("鹏犇"),
    "three characters (龙鑫美)": "/search?q=" + quoted("龙鑫美"),
    "a whole name": "/search?q=" + quoted("固阳县金源天超市"),
    "no such name (甲乙)": "/search?q=" + quoted("甲乙"),
    "beginning of a code": "/search?q=9215022200001234",
    "an enterprise's page": f"/entities/{entity}",
    "one result": result,
    "results, newest": "/results",
    "results of a department and item, since a day": "/results?department=D3&item=D3-3&from=2024-01-01",
    "results by a part of a name (鹏犇)": "/results?q=" + quoted("鹏犇"),
    "results by a common part (超市)": "/results?q=" + quoted("超市"),
    "results, deep page": "/results?after=1700000000000000~" + quoted("x"),
    "first page": "/",
    "timeliness": "/timeliness",
    "sitemap, index": "/sitemap.xml",
}
print(f"{os.cpu_count()} processors, load {load()}")
print(f"{'question':48s} {'median ms':>10s} {'worst ms':>10s}")
for name, path in questions.items():
    times = sorted(ask(path)[0] for _ in range(21))
    print(f"{name:48s} {statistics.median(times):10.1f} {times[-1]:10.1f}")


def wrk(duration, *arguments):
    return ["wrk", "-t2", "-c200", f"-d{duration}s", "--latency", "--timeout", "30s", *arguments]


def figures(output):
    rate = re.search(r"Requests/sec:\s+(\S+)", output)[1]
    latency = {p: re.search(rf"(?m)^\s+{p}%\s+(\S+)", output)[1] for p in ("50", "99")}
    errors = re.findall(r"(?:Socket errors|Non-2xx).*", output)
    return f"{rate:>8s}/s  median {latency['50']}, 99 % {latency['99']}  memory {memory()} MB  load {load()}  {' '.join(errors)}"


print(f"\nwrk, 200 connections, {seconds} s each; memory before {memory()} MB")
for name in ("an enterprise's page", "results, newest", "two characters, rarer (鹏犇)", "two characters, common (有限)", "first page"):
    output = subprocess.run(wrk(seconds, base + questions[name]), capture_output=True, text=True).stdout
    print(f"{name:48s} {figures(output)}", flush=True)

print(f"\nwrk, 200 connections, {soak} s, all of the above in turn; memory in MB every ten seconds")
script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mix.lua")
running = subprocess.Popen(wrk(soak, "-s", script, base, "--", *questions.values()), stdout=subprocess.PIPE, text=True)
samples = []
while running.poll() is None:
    samples.append(memory())
    print(samples[-1], end=" ", flush=True)
    time.sleep(10)
print(f"\n{figures(running.stdout.read())}")
half = len(samples) // 2
print(f"memory: largest of the first half {max(samples[:half])} MB, of the second {max(samples[half:])} MB")
