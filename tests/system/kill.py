"""kill.py MODE ROUNDS SEED COMMAND…: starts the command, which runs the suite `load` with --json killed.json, again and again, and
kills one of its processes with SIGKILL at a random moment.

MODE worker: one rank but rank 0. The run must end, with every test told of once; not passed only what the killed rank was in,
or what needs more ranks than are left. MODE rank0, launcher: no process may be left after ten seconds.
A process's rank is its place among its siblings in order of birth."""
import json, os, random, subprocess, sys, time

mode, rounds, seed, command = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
print(f"# {mode}, seed {seed}")
choose = random.Random(seed)


def status(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return {"state": fields[0], "parent": int(fields[1]), "start": int(fields[19])}


def children(pid):
    """In the order in which they were forked, which their numbers need not tell. What a test or an isolated one's helper forked
    is nobody's rank, and not a child of the launcher's."""
    found = []
    for task in sorted(os.listdir(f"/proc/{pid}/task"), key=int):
        try:
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += map(int, file.read().split())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def alive(pid, start):
    known = status(pid)
    return known is not None and known["start"] == start and known["state"] not in "ZX"


hits = []


def check_results(killed):
    """What is wrong with the report; None: nothing."""
    outcomes = {}
    for line in open("killed.json"):
        record = json.loads(line)
        if record["type"] != "result":
            continue
        name, outcome = record["test"], record["outcome"]
        if name in outcomes:
            return f"{name} was told twice"
        outcomes[name] = outcome
        if outcome == "crashed":
            hit = [rank["rank"] for rank in record["per_rank"] if rank["outcome"] == "crashed"]
            if hit != [killed]:
                return f"{name} has crashed on ranks {hit}, killed was {killed}"
        elif outcome == "notrun":
            if "needs" not in record["message"]:
                return f"{name} was not run: {record['message']}"
        elif outcome != "passed":
            return f"{name}: {outcome}: {record.get('message')}"
    if len(outcomes) != 210:
        return f"{len(outcomes)} tests were told of, not 210"
    crashed = list(outcomes.values()).count("crashed")
    if crashed > 1:
        return "more than one test has crashed"
    hits.append(crashed)
    return None


def wait_for_ranks(pid, size):
    for _ in range(2000):
        ranks = children(pid) if os.path.exists(f"/proc/{pid}/task") else []
        if len(ranks) >= size:
            return ranks
        time.sleep(0.005)
    raise SystemExit("the ranks did not come")


def play(number):
    if os.path.exists("killed.json"):
        os.unlink("killed.json")
    process = subprocess.Popen(command, stdout=open("killed.out", "w"), stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    ranks = wait_for_ranks(process.pid, 4)[:4]
    births = {pid: status(pid)["start"] for pid in ranks if status(pid)}
    while not os.path.exists("killed.json") and process.poll() is None:
        time.sleep(0.001)
    time.sleep(choose.uniform(0, 0.4))
    rank = choose.randrange(1, 4) if mode == "worker" else 0
    os.kill(process.pid if mode == "launcher" else ranks[rank], 9)
    began = time.monotonic()
    try:
        code = process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        return "the run did not end"
    if mode == "worker":
        wrong = check_results(rank)
        return wrong and f"rank {rank}: {wrong} (status {code})"
    while any(alive(pid, start) for pid, start in births.items()):
        if time.monotonic() - began > 10:
            return f"left: {[pid for pid, start in births.items() if alive(pid, start)]}"
        time.sleep(0.02)
    return None


for number in range(rounds):
    wrong = play(number)
    if wrong:
        print(f"# round {number}: {wrong}")
        print(open("killed.out").read()[-4000:])
        sys.exit(1)
print(f"# {rounds} rounds")
if mode == "worker" and sum(hits) < rounds / 4:
    sys.exit("no test, or hardly any, was hit")
