"""Races kestrel against its peers, side by side in one run, and prints one table.

    python3 -m venv ~/peers && ~/peers/bin/pip install -r benches/peers/requirements.txt
    cargo build --release && ~/peers/bin/python benches/peers/race.py --folder ~/peers/data

Figures are CPU seconds (all threads) of the work alone: bars stand in memory, averages are part of the work. Machines are
shared and noisy, so the contenders take turns in rounds, and of each the best round and the middle one are shown. Kestrel's
trades and equity must equal the reference's, or the run fails; where a peer's differ, the table says by how much equity.
"""

import argparse
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

import market

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CASES = [("20/50", 0.0, 0.0), ("stop 2 %, target 4 %", 0.02, 0.04), ("stop 0.2 %, target 0.4 %", 0.002, 0.004)]
PEERS = ["reference", "vectorbt-rust", "vectorbt-numba", "numba-loop", "backtesting.py"]
# Too slow for more than one round, and far from the others whatever the round.
SLOW = ["reference", "backtesting.py"]
RUNS = 7
PAIRS = [(fast, slow) for fast in range(5, 55, 2) for slow in range(60, 260, 5)]


def kestrel(program, data, sets, folder, threads=None):
    """One sweep; returns its summary with the peak memory of the process in MiB."""
    plan = pathlib.Path(folder) / "sweep.json"
    plan.write_text(json.dumps({"sets": sets}))
    command = [program, "backtest", "--config", ROOT / "benches/race.json", "--data", data, "--sweep", plan, "--json"]
    environment = {"KESTREL_HOME": folder} | ({"RAYON_NUM_THREADS": str(threads)} if threads else {})
    # Run by a process of its own, so that the children's peak is this one's.
    measured = [sys.executable, __file__, "--measure", *map(str, command)]
    done = subprocess.run(measured, env=environment, capture_output=True, text=True, check=True)
    summary, peak = done.stdout.splitlines()[-2:]
    return {**json.loads(summary), "peak_mib": float(peak)}


def measure(command):
    status = subprocess.run(command).returncode
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    return status


def peer(name, data, *options):
    command = [sys.executable, HERE / "peers.py", name, data, *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return None, (done.stderr.strip().splitlines() or ["it failed"])[-1]
    return json.loads(done.stdout.splitlines()[-1]), None


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def contend(name, program, data, folder, stop, target):
    """One round of one contender: what it came to, or why it did not."""
    if name != "kestrel":
        return peer(name, data, "--stop", stop, "--target", target)
    stops = {"stop_loss_percent": stop * 100, "take_profit_percent": target * 100}
    ours = kestrel(program, data, [stops] * RUNS, folder, threads=1)
    result = ours["results"][0]
    figures = {"cpu_seconds": ours["cpu_seconds"] / RUNS, "peak_mib": ours["peak_mib"]}
    return {"equity": float(result["equity"]), "trades": result["trades"], **figures}, None


def single(program, data, folder, rounds):
    row("case", "who", "trades", "final equity", "off the reference", "CPU ms, best", "middle", "million bars per CPU second",
        "kestrel is, best", "middle", "peak MiB")  # fmt: skip
    row("---", "---", *["--:"] * 9)
    for case, stop, target in CASES:
        seen = {name: [] for name in ["kestrel", *PEERS]}
        for at in range(rounds):
            for name in seen:
                if at == 0 or name not in SLOW:
                    seen[name].append(contend(name, program, data, folder, stop, target))
        costs = {}
        for name, turns in seen.items():
            failed = next((error for _, error in turns if error), None)
            if failed:
                row(case, name, *["-"] * 8, failed)
                continue
            result, reference = turns[0][0], seen["reference"][0][0]
            off = result["equity"] - reference["equity"]
            times = [turn["cpu_seconds"] for turn, _ in turns]
            costs[name] = best, middle = min(times), statistics.median(times)
            ratios = [f"{cost / ours:.2f} x as fast" for cost, ours in zip(costs[name], costs["kestrel"])]
            row(case, name, result["trades"], f"{result['equity']:.4f}", "0" if abs(off) < 1e-3 else f"{off:+.2f}",
                f"{best * 1e3:.1f}", f"{middle * 1e3:.1f}", f"{market.YEAR / best / 1e6:.2f}",
                *(["", ""] if name == "kestrel" else ratios), f"{result['peak_mib']:.0f}")  # fmt: skip
            if name == "kestrel" and (off > 1e-3 or off < -1e-3 or result["trades"] != reference["trades"]):
                sys.exit(f"{case}: kestrel differs from the reference")


def sweep(program, data, folder, names):
    row("sweep", "who", "sets", "CPU seconds", "kestrel is", "peak MiB", "mean equity")
    row("---", "---", "--:", "--:", "--:", "--:", "--:")
    sets = [{"trend_fast": fast, "trend_slow": slow} for fast, slow in PAIRS]
    ours = kestrel(program, data, sets, folder)
    mean = sum(float(result["equity"]) for result in ours["results"]) / len(sets)
    row("averages", "kestrel", len(sets), f"{ours['cpu_seconds']:.1f}", "", f"{ours['peak_mib']:.0f}", f"{mean:.3f}")
    for name in names:
        theirs, error = peer(name, data, "--pairs", json.dumps(PAIRS))
        if error:
            row("averages", name, "-", "-", error, "-", "-")
            continue
        mean = sum(value for value, _ in theirs["results"]) / len(sets)
        # Averages are exact everywhere, so every set trades at the same bars.
        pairs = zip(ours["results"], theirs["results"])
        if not all(us["trades"] == trades and abs(float(us["equity"]) - value) < 1e-2 for us, (value, trades) in pairs):
            row("averages", name, "-", "-", "its sets end elsewhere", "-", f"{mean:.3f}")
            continue
        times = f"{theirs['cpu_seconds'] / ours['cpu_seconds']:.2f} x as fast"
        row("averages", name, len(sets), f"{theirs['cpu_seconds']:.1f}", times, f"{theirs['peak_mib']:.0f}", f"{mean:.3f}")


def main():
    if sys.argv[1:2] == ["--measure"]:
        sys.exit(measure(sys.argv[2:]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="where the market is kept between runs")
    parser.add_argument("--kestrel", default=ROOT / "target/release/kestrel", help="the program")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contender of a case")
    parser.add_argument("--only", choices=["single", "sweep"])
    parser.add_argument("--sweep-peers", nargs="*", default=["vectorbt-rust", "numba-loop"])
    given = parser.parse_args()
    data = market.write(given.folder)
    with tempfile.TemporaryDirectory() as folder:
        if given.only != "sweep":
            single(given.kestrel, data, folder, given.rounds)
            print()
        if given.only != "single":
            sweep(given.kestrel, data, folder, given.sweep_peers)


if __name__ == "__main__":
    main()
