#!/usr/bin/env python3
"""Power-law depth of the four Curve crvUSD pools on 30 January 2024.   crvusd_pools.py RAW_DIR OUT_DIR

Balances and A come from the raw market file; the StableSwap invariant (n = 2, Ann = A n) is evaluated exactly, and
N(d) = N1 (d/1%)^h is fitted by least squares in logs at d = 0.1, 0.2, 0.5, 1, 2, 5, 10%."""
import glob
import gzip
import json
import math
import os
import sys

from common import write_csv

DISTANCES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)


def invariant(x, amp):
    """D of A n sum(x) + D = A n D + D^(n+1) / (n^n prod(x)), by Newton as in the contract."""
    total = d = sum(x)
    ann = amp * len(x)
    for _ in range(255):
        dp = d
        for v in x:
            dp = dp * d / (len(x) * v)
        before, d = d, (ann * total + dp * len(x)) * d / ((ann - 1) * d + (len(x) + 1) * dp)
        if abs(d - before) < 1e-9 * d:
            break
    return d


def other(x, d, amp):
    ann = amp * 2
    c = d * d / (x * 2) * d / (ann * 2)
    b = x + d / ann
    y = d
    for _ in range(255):
        before, y = y, (y * y + c) / (2 * y + b - d)
        if abs(y - before) < 1e-10 * y:
            break
    return y


def depth(x, i, amp, distance):
    """Coin i that can be sold before its price in the other has fallen by `distance`; and what it brings."""
    d = invariant(x, amp)

    def price(dx):
        a = x[i] + dx
        return (other(a, d, amp) - other(a * (1 + 1e-7), d, amp)) / (a * 1e-7)

    start, low, high = price(0), 0.0, 1e9
    for _ in range(200):
        middle = (low + high) / 2
        if price(middle) > start * (1 - distance):
            low = middle
        else:
            high = middle
    return low, x[1 - i] - other(x[i] + low, d, amp), start


def fit(points):
    xs = [math.log(p[0] / 0.01) for p in points]
    ys = [math.log(p[1]) for p in points]
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((x - mx) * (y - my) for x, y in zip(xs, ys)) / sum((x - mx) ** 2 for x in xs)
    rest = sum((y - my - slope * (x - mx)) ** 2 for x, y in zip(xs, ys))
    return math.exp(my - slope * mx), slope, 1 - rest / sum((y - my) ** 2 for y in ys)


def main(raw_dir, out_dir):
    with gzip.open(sorted(glob.glob(os.path.join(raw_dir, "market_*.json.gz")))[0]) as handle:
        pools = json.load(handle)["stableswap_pools_params"]
    rows = []
    for pool in pools:
        coins = [c["symbol"] for c in pool["coins"]]
        x = [b * r / 1e36 for b, r in zip(pool["D"], pool["rates"])]
        crv = coins.index("crvUSD")
        sold = [(d, depth(x, crv, pool["A"], d)[0]) for d in DISTANCES]
        bought = [(d, depth(x, 1 - crv, pool["A"], d)[1]) for d in DISTANCES]
        rows.append(("crvUSD", coins[1 - crv], *fit(sold), depth(x, crv, pool["A"], 0.01)[2], *fit(bought),
                     pool["fee"] / 1e10, x[crv], x[1 - crv], pool["A"], pool["address"]))
    write_csv(os.path.join(out_dir, "crvusd_pools_2024-01-30.csv"),
              ["base", "quote", "depth_1pct_base", "exponent", "r2", "price", "buy_depth_1pct_base", "buy_exponent",
               "buy_r2", "fee", "base_held", "quote_held", "A", "pool"], rows)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
