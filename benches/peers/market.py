"""The market of the race: five years of generated minutes, of which the first is the one that is raced.

    python benches/peers/market.py FOLDER --symbols 10

writes five years of each of ten markets into one folder, for the memory of a backtest of all of them.

A geometric random walk with four regimes, the same for every run; its first 525,600 closes are those on which the reference
figures stand. Prices have two decimals.
"""

import argparse
import pathlib

import numpy as np
import pandas as pd

YEAR = 525_600
START_MS = 1_577_836_800_000  # 2020-01-01 00:00 UTC


def regimes(random, bars):
    """For each bar: calm up, calm down, volatile, or crash and rally; each lasts about three days."""
    regime = np.empty(bars, np.int64)
    at = 0
    while at < bars:
        length = int(random.exponential(4_320)) + 60
        regime[at : at + length] = random.choice(4, p=[0.40, 0.30, 0.20, 0.10])
        at += length
    return regime


def minutes(bars=5 * YEAR, seed=20240101):
    """Columns open_time (ms UTC), open, high, low, close, volume."""
    random = np.random.Generator(np.random.PCG64(seed))
    drift = np.array([0.60, -0.50, 0.0, 0.10]) / YEAR
    spread = np.array([0.35, 0.45, 0.80, 1.40]) / np.sqrt(YEAR)
    regime = regimes(random, bars)
    normal, heavy = random.standard_normal(bars), random.standard_t(5, bars) * np.sqrt(3 / 5)
    shock = np.where(random.random(bars) < 0.2, heavy, normal)
    sigma = spread[regime]
    level = np.cumsum(drift[regime] - 0.5 * sigma**2 + sigma * shock)
    # Drawn back to where it came from, so that five years stay in a sane range.
    level -= 0.7 * pd.Series(level).ewm(span=YEAR).mean().to_numpy()
    close = 40_000 * np.exp(level)
    opened = np.empty(bars)
    opened[0] = 40_000
    opened[1:] = close[:-1] * np.exp(random.standard_normal(bars - 1) * sigma[1:] * 0.05)
    reach = close * sigma
    high = np.maximum(opened, close) + np.abs(random.standard_normal(bars)) * reach * 0.6
    low = np.minimum(opened, close) - np.abs(random.standard_normal(bars)) * reach * 0.6
    opened, high, low, close = (np.round(column, 2) for column in (opened, high, low, close))
    day = np.arange(bars) % 1_440 / 1_440
    volume = np.exp(random.standard_normal(bars) * 0.6 + 2.2 + 0.5 * np.sin(2 * np.pi * day) + 0.3 * regime)
    return pd.DataFrame(
        {
            "open_time": START_MS + 60_000 * np.arange(bars, dtype=np.int64),
            "open": opened,
            "high": np.maximum(high, np.maximum(opened, close)),
            "low": np.minimum(low, np.minimum(opened, close)),
            "close": close,
            "volume": np.round(volume, 5),
        }
    )


def save(table, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, index=False, compression="zstd", row_group_size=131_072)


def write(folder):
    """The first year as a kline file; the symbol stands in its name. Written once."""
    path = folder / "RACEUSDT-1m-year.parquet"
    if not path.exists():
        save(minutes().iloc[:YEAR], path)
    return path


def write_five_years(folder):
    """All five years as one kline file. Written once."""
    path = folder / "RACEUSDT-1m-five-years.parquet"
    if not path.exists():
        save(minutes(), path)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--symbols", type=int, default=10)
    given = parser.parse_args()
    for number in range(given.symbols):
        save(minutes(seed=number), given.folder / f"RACE{number}USDT-1m-five-years.parquet")


if __name__ == "__main__":
    main()
