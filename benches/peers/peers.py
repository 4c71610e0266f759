"""One peer, one task, one process: prints one JSON line with trades, equity, CPU seconds and peak memory.

Semantics, the same for all: long only, one unit, 10,000,000 to begin with, 0.1 % a side, bought at the open after the fast
average crossed above the slow one, sold at the open after it crossed below; stop and target count from the entry's price.
The averages are exact (sums of cents), so every peer sees the same crossings.
"""

import argparse
import json
import resource
import time

import numpy as np
import pyarrow.parquet as pq

CASH, FEE = 10_000_000.0, 0.001
REPEATS = 5


def average(close, length):
    """Rolling mean of cents in whole numbers; NaN before the first."""
    sums = np.cumsum(np.rint(close * 100).astype(np.int64))
    mean = np.full(len(close), np.nan)
    mean[length - 1] = sums[length - 1]
    mean[length:] = sums[length:] - sums[:-length]
    return mean / (100.0 * length)


def crossings(fast, slow):
    up, down = np.zeros(len(fast), bool), np.zeros(len(fast), bool)
    known = ~np.isnan(slow[:-1])
    up[1:] = known & (fast[1:] > slow[1:]) & (fast[:-1] <= slow[:-1])
    down[1:] = known & (fast[1:] < slow[1:]) & (fast[:-1] >= slow[:-1])
    return up, down


def shifted(column):
    """What is decided at a close happens at the next open."""
    later = np.zeros_like(column)
    later[1:] = column[:-1]
    return later


class Reference:
    """Plain Python: what the others are held to."""

    def __init__(self, bars, stop, target):
        self.bars, self.stop, self.target = bars, stop, target

    def run(self, fast, slow):
        close = self.bars["close"]
        up, down = (column.tolist() for column in crossings(average(close, fast), average(close, slow)))
        rows = zip(*(self.bars[name].tolist() for name in ("open", "high", "low")), up, down)
        cash, entry, wanted, trades = CASH, None, None, 0
        for opened, high, low, crossed_up, crossed_down in rows:
            fresh = False
            if wanted == "buy" and entry is None:
                cash, entry, fresh = cash - opened * (1 + FEE), opened, True
            elif wanted == "sell" and entry is not None:
                cash, entry, trades = cash + opened * (1 - FEE), None, trades + 1
            if entry is not None and self.stop > 0:
                exit_price = self.exit(entry, opened, high, low, fresh)
                if exit_price is not None:
                    cash, entry, trades = cash + exit_price * (1 - FEE), None, trades + 1
            wanted = "buy" if crossed_up else "sell" if crossed_down else None
        return cash + (close[-1] if entry is not None else 0.0), trades + (entry is not None)

    def exit(self, entry, opened, high, low, fresh):
        stop, target = entry * (1 - self.stop), entry * (1 + self.target)
        if low <= stop:
            return stop if fresh else min(opened, stop)
        if high >= target:
            return target if fresh else max(opened, target)
        return None


class Vectorbt:
    def __init__(self, bars, stop, target, engine="rust"):
        import vectorbt

        vectorbt.settings.caching["enabled"] = False
        self.vectorbt, self.bars, self.stop, self.target, self.engine = vectorbt, bars, stop, target, engine

    def simulate(self, entries, exits):
        bars, more = self.bars, {}
        column = (lambda name: bars[name][:, None]) if entries.ndim == 2 else (lambda name: bars[name])
        if self.stop > 0:
            more = {"sl_stop": self.stop, "tp_stop": self.target, "open": column("open"), "high": column("high")}
            more |= {"low": column("low"), "stop_entry_price": "fillprice", "stop_exit_price": "stoplimit"}
        return self.vectorbt.Portfolio.from_signals(
            column("close"), entries, exits, price=column("open"), size=1.0, fees=FEE, init_cash=CASH, freq="1min",
            engine=self.engine, **more,
        )  # fmt: skip

    def run(self, fast, slow):
        close = self.bars["close"]
        up, down = crossings(average(close, fast), average(close, slow))
        portfolio = self.simulate(shifted(up), shifted(down))
        return float(portfolio.final_value()), int(portfolio.trades.count())

    def sweep(self, pairs, chunk=20):
        close, results = self.bars["close"], []
        means = {length: average(close, length) for pair in pairs for length in pair}
        for first in range(0, len(pairs), chunk):
            columns = [crossings(means[fast], means[slow]) for fast, slow in pairs[first : first + chunk]]
            entries, exits = (np.column_stack([shifted(column[side]) for column in columns]) for side in (0, 1))
            portfolio = self.simulate(entries, exits)
            values, trades = np.asarray(portfolio.final_value()), np.asarray(portfolio.trades.count())
            results += [(float(value), int(count)) for value, count in zip(values, trades)]
        return results


class NumbaLoop:
    """The floor: the same loop as machine code, without orders, records or measures."""

    def __init__(self, bars, stop, target):
        import numba

        self.columns = [bars[name] for name in ("open", "high", "low", "close")]
        self.columns.append(np.rint(bars["close"] * 100).astype(np.int64))
        self.stop, self.target = stop, target
        self.loop = numba.njit(loop, nogil=True)
        self.loop(*[column[:100] for column in self.columns], 20, 50, stop, target, CASH, FEE)

    def run(self, fast, slow):
        return self.loop(*self.columns, fast, slow, self.stop, self.target, CASH, FEE)

    def sweep(self, pairs):
        return [self.run(fast, slow) for fast, slow in pairs]


def loop(opens, highs, lows, closes, cents, fast, slow, stop, target, cash, fee):
    held, entry, wanted, trades = False, 0.0, 0, 0
    fast_sum, slow_sum, fast_before, slow_before = 0, 0, 0.0, 0.0
    for at in range(len(opens)):
        opened, fresh = opens[at], False
        if wanted > 0 and not held:
            cash, held, entry, fresh = cash - opened * (1 + fee), True, opened, True
        elif wanted < 0 and held:
            cash, held, trades = cash + opened * (1 - fee), False, trades + 1
        wanted = 0
        if held and stop > 0.0:
            below, above, price = entry * (1 - stop), entry * (1 + target), 0.0
            if lows[at] <= below:
                price = below if fresh else min(opened, below)
            elif highs[at] >= above:
                price = above if fresh else max(opened, above)
            if price > 0.0:
                cash, held, trades = cash + price * (1 - fee), False, trades + 1
        fast_sum += cents[at] - (cents[at - fast] if at >= fast else 0)
        slow_sum += cents[at] - (cents[at - slow] if at >= slow else 0)
        fast_mean, slow_mean = fast_sum / (100.0 * fast), slow_sum / (100.0 * slow)
        if at >= slow:
            if fast_mean > slow_mean and fast_before <= slow_before:
                wanted = 1
            elif fast_mean < slow_mean and fast_before >= slow_before:
                wanted = -1
        fast_before, slow_before = fast_mean, slow_mean
    return cash + (closes[-1] if held else 0.0), trades + held


class BacktestingPy:
    def __init__(self, bars, stop, target):
        import backtesting
        import pandas as pd

        backtesting.backtesting._tqdm = lambda rows, **_: rows
        self.backtesting, self.stop, self.target = backtesting, stop, target
        names = ("open", "high", "low", "close", "volume")
        index = pd.to_datetime(bars["open_time"], unit="ms")
        self.frame = pd.DataFrame({name.capitalize(): bars[name] for name in names}, index=index)

    def run(self, fast, slow):
        stop, target, close = self.stop, self.target, self.frame["Close"].to_numpy()

        class Cross(self.backtesting.Strategy):
            def init(self):
                self.fast, self.slow = self.I(average, close, fast), self.I(average, close, slow)

            def next(self):
                if len(self.fast) < 2:
                    return
                up = self.fast[-1] > self.slow[-1] and self.fast[-2] <= self.slow[-2]
                down = self.fast[-1] < self.slow[-1] and self.fast[-2] >= self.slow[-2]
                if up and not self.position:
                    # Its orders carry prices, and the entry's is not known yet: near the reference, not equal to it.
                    last = self.data.Close[-1]
                    self.buy(size=1, **({"sl": last * (1 - stop), "tp": last * (1 + target)} if stop > 0 else {}))
                elif down and self.position:
                    self.position.close()

        ended = self.backtesting.Backtest(self.frame, Cross, cash=CASH, commission=FEE, finalize_trades=False).run()
        return float(ended["Equity Final [$]"]), int(ended["# Trades"])


PEERS = {
    "reference": Reference,
    "vectorbt-rust": Vectorbt,
    "vectorbt-numba": lambda *given: Vectorbt(*given, engine="numba"),
    "numba-loop": NumbaLoop,
    "backtesting.py": BacktestingPy,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("data")
    parser.add_argument("--stop", type=float, default=0.0, help="as a fraction")
    parser.add_argument("--target", type=float, default=0.0, help="as a fraction")
    parser.add_argument("--pairs", help="JSON list of (fast, slow): a sweep instead of one run")
    given = parser.parse_args()
    table = pq.read_table(given.data)
    bars = {name: np.ascontiguousarray(table[name].to_numpy()) for name in table.column_names}
    del table
    peer = PEERS[given.peer](bars, given.stop, given.target)
    if given.pairs:
        pairs = [tuple(pair) for pair in json.loads(given.pairs)]
        peer.sweep(pairs[:20])
        began = time.process_time()
        result = {"results": peer.sweep(pairs), "cpu_seconds": time.process_time() - began}
    else:
        slow_peer = given.peer == "backtesting.py"
        costs = []
        for _ in range(1 if slow_peer else REPEATS + 1):
            began = time.process_time()
            equity, trades = peer.run(20, 50)
            costs.append(time.process_time() - began)
        # The first of several runs compiles.
        costs = sorted(costs[1:] or costs)
        result = {"equity": equity, "trades": int(trades), "cpu_seconds": costs[len(costs) // 2]}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**result, "peak_mib": peak}))


if __name__ == "__main__":
    main()
