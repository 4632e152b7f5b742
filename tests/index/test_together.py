"""Agents write, processes index, somebody deletes the index: what is answered is what is there."""

import random
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.wf import make_environment
from tests.indexing import Home, dump_rebuilt, say
from tests.transcripts import encode

WRITE = """
import os, sys, time
from tests.indexing import say
from tests.transcripts import encode
folder, name, until = sys.argv[1], sys.argv[2], float(sys.argv[3])
number = 0
while time.time() < until:
    with open(f"{folder}/{name}-{number // 40}.jsonl", "ab", buffering=0) as file:
        line = encode([say(f"{name}{number}", "word " * (number % 50), output=1)])
        file.write(line[:20])
        file.write(line[20:])
    number += 1
    time.sleep(0.002)
"""
# Each answer must have as many responses as there were whole lines before, and no more than after.
ASK = """
import glob, sys, time
from wfsession.index.ask import Sources, ask
home, cache, until = sys.argv[1], sys.argv[2], float(sys.argv[3])
def count():
    return sum(open(path, "rb").read().count(b"\\n")
               for path in glob.glob(f"{home}/projects/*/*.jsonl"))
while True:
    before = count()
    answer = ask(Sources(home, cache), lambda index: index.execute(
        "SELECT count(*) FROM responses").fetchone()[0], wait_s=60)
    assert before <= answer.value <= count() + 3, (before, answer)
    if time.time() > until:
        break
"""


def start(script: str, *words: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, words)],
        env=make_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_no_answer_is_wrong_while_all_happens_at_once(home: Home, is_soak: bool) -> None:
    until = time.time() + (60 if is_soak else 3)
    writers = [start(WRITE, home.project, name, until) for name in "ab"]
    askers = [start(ASK, home.path, home.sources.cache, until) for _ in range(3)]
    draw = random.Random(8)
    folder = Path(home.sources.path).parent
    while time.time() < until:
        time.sleep(draw.uniform(0.05, 0.4))
        for path in list(folder.glob(draw.choice(["*.sqlite", "*.sqlite*", "*"]))):
            path.unlink(missing_ok=True)
    for process in (*writers, *askers):
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert home.dump() == dump_rebuilt(home)


def test_two_refreshes_at_once_double_nothing(home: Home) -> None:
    for number in range(40):
        lines = encode([say(f"m{one}", "word " * 90) for one in range(50)])
        home.put(f"{number}.jsonl", lines)
    until = time.time() + 1
    askers = [start(ASK, home.path, home.sources.cache, until) for _ in range(2)]
    for process in askers:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert home.dump() == dump_rebuilt(home)
