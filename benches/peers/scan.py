#!/usr/bin/env python3
"""Scans of five years of minutes in one Parquet file: Kestrel beside duckdb and polars, in one run.

    python3 benches/peers/scan.py FOLDER        # FOLDER gets the file (about 140 MB); see requirements.txt

`month`: count, sum of the volume and mean of the close of January 2023. `hours`: all minutes joined to hours. Every program
runs alone in a process on one thread; the figure is its best of nine rounds in CPU time, its memory the peak of the process.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

import market

ROUNDS = 9
JANUARY_MS = (1_672_531_200_000, 1_675_209_600_000)
HOUR_MS = 3_600_000


def duckdb_work(file, task):
    import duckdb

    link = duckdb.connect()
    link.execute("SET threads=1")
    table = f"read_parquet('{file}')"
    if task == "month":
        where = f"open_time >= {JANUARY_MS[0]} AND open_time < {JANUARY_MS[1]}"
        query = f"SELECT count(*), sum(volume), avg(close) FROM {table} WHERE {where}"
        return duckdb.__version__, lambda: link.execute(query).fetchall()[0][0]
    query = (
        f"SELECT open_time // {HOUR_MS} * {HOUR_MS} AS hour, arg_min(open, open_time), max(high), min(low),"
        f" arg_max(close, open_time), sum(volume) FROM {table} GROUP BY hour ORDER BY hour"
    )
    return duckdb.__version__, lambda: len(link.execute(query).fetchnumpy()["hour"])


def polars_work(file, task):
    os.environ["POLARS_MAX_THREADS"] = "1"
    import polars as pl

    time_of = pl.col("open_time")
    if task == "month":
        chosen = (time_of >= JANUARY_MS[0]) & (time_of < JANUARY_MS[1])
        columns = [pl.len(), pl.col("volume").sum(), pl.col("close").mean()]
        return pl.__version__, lambda: pl.scan_parquet(file).filter(chosen).select(columns).collect()[0, 0]
    columns = [
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
    ]
    hour = (time_of // HOUR_MS * HOUR_MS).alias("hour")
    plan = pl.scan_parquet(file).group_by(hour, maintain_order=True).agg(columns)
    return pl.__version__, lambda: plan.collect().height


PEERS = {"duckdb": duckdb_work, "polars": polars_work}


def alone(peer, task, file):
    """One piece of work in this process; prints its figures as JSON."""
    version, work = PEERS[peer](file, task)
    rows = work()
    assert rows == {"month": 44_640, "hours": market.YEAR * 5 // 60}[task], rows
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    print(json.dumps({"version": version, "ms": best * 1e3, "mib": peak_mib()}))


def peak_mib():
    """Of this process since it began; what `getrusage` says would hold the parent's peak too."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1_024 for line in lines if line.startswith("VmHWM"))


def kestrel(file):
    """The rows of our own bench on the same file, by their names."""
    command = ["cargo", "bench", "--bench", "rates", "--", "store"]
    environment = {**os.environ, "KESTREL_FIVE_YEARS": str(file)}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    cells = [[cell.strip() for cell in line.split("|")] for line in done.stdout.splitlines()]
    figures = {row[1]: float(row[2].replace(" ", "")) for row in cells if len(row) > 3 and row[1].startswith("store")}
    month, hours = "store: one month of five years, close and volume", "store: five years of minutes joined to hours"
    given, alone_in = "KESTREL_FIVE_YEARS", "alone in a process"
    return {
        task: {"ms": figures[f"{name}, {given}"], "mib": figures[f"{name}, {alone_in}"]}
        for task, name in (("month", month), ("hours", hours))
    }


def main():
    if len(sys.argv) == 5 and sys.argv[1] == "--alone":
        return alone(*sys.argv[2:])
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    file = market.write_five_years(pathlib.Path(sys.argv[1]))
    ours = kestrel(file.resolve())
    print("| work | program | ms of CPU | MiB at the peak |\n|---|---|--:|--:|")
    for task in ("month", "hours"):
        print(f"| {task} | kestrel | {ours[task]['ms']:.1f} | {ours[task]['mib']:.0f} |")
        for peer in PEERS:
            command = [sys.executable, __file__, "--alone", peer, task, str(file)]
            found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
            print(f"| {task} | {peer} {found['version']} | {found['ms']:.1f} | {found['mib']:.0f} |")


if __name__ == "__main__":
    main()
