#!/usr/bin/env python3
"""TA-Lib over a year of minutes: ns a row of CPU time, the best of thirty rounds.

Beside it: `cargo bench --bench rates`, the rows "indicators: ..., a year of minutes as a column".
Needs `pip install TA-Lib==0.8.2 numpy`. Its time includes the columns that it allocates for each answer, as its callers pay it.
"""

import time

import numpy as np
import talib

ROWS = 525_600
ROUNDS = 30


def market(seed):
    random = np.random.default_rng(seed)
    close = 30_000 * np.exp(np.cumsum(random.normal(0, 6e-4, ROWS)))
    opened = np.r_[close[0], close[:-1]]
    high = np.maximum(opened, close) * (1 + np.abs(random.normal(0, 2e-4, ROWS)))
    low = np.minimum(opened, close) * (1 - np.abs(random.normal(0, 2e-4, ROWS)))
    return high, low, close


def nanoseconds(call):
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return best * 1e9 / ROWS


def main():
    high, low, close = market(1)
    calls = {
        "SMA 20": lambda: talib.SMA(close, 20),
        "EMA 20": lambda: talib.EMA(close, 20),
        "RSI 14": lambda: talib.RSI(close, 14),
        "ATR 14": lambda: talib.ATR(high, low, close, 14),
        "MACD 12, 26, 9": lambda: talib.MACD(close, 12, 26, 9),
        "Bollinger 20": lambda: talib.BBANDS(close, 20, 2.0, 2.0, 0),
    }
    print(f"| TA-Lib {talib.__version__} | ns a row |\n|---|--:|")
    for name, call in calls.items():
        print(f"| {name} | {nanoseconds(call):.1f} |")


if __name__ == "__main__":
    main()
