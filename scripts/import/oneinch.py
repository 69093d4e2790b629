#!/usr/bin/env python3
"""1inch quotes of 20 November 2023 as power-law books.   oneinch.py RAW_DIR OUT_DIR

N(d) = N1 (d / 1%)^h base units can be traded before the price has moved by d; the average slippage of that trade is
d h / (1 + h). Quotes came in hourly rounds of 20 sizes; slippage is against the median price of a round's five smallest
sizes. Between two quotes of a round the market itself moves by 0.1% or so, so the fit takes the median slippage per size
bin, and least squares on logs over the bins above the noise and below 30% (50%, 90% where fewer than four are left).
"""
import os
import sys
from collections import defaultdict

import numpy as np

from common import copy_licence, read_csv, write_csv

TOKENS = {"0xac3e018457b222d93114458476f3e3416abbe38f": ("sfrxETH", 18), "0x7f39c581f595b53c5cb19bd0b3f8da6c935e2ca0": ("wstETH", 18),
          "0x2260fac5e5542a773aa44fbcfedf7c193bc2c599": ("WBTC", 8), "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2": ("ETH", 18),
          "0x0000000000085d4780b73119b644ae5ecd22b376": ("TUSD", 18), "0x8e870d67f660d95d5be530380d0ec0bd388289e1": ("USDP", 18),
          "0xdac17f958d2ee523a2206206994597c13d831ec7": ("USDT", 6), "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48": ("USDC", 6)}
ORDER = [name for name, _ in TOKENS.values()]      # the earlier of two is the base
ROUND_GAP_S, SMALL, BINS_PER_DECADE, ENOUGH = 600, 5, 6, 4
NOISE = (1e-3, 2e-4)
HIGH = (0.3, 0.5, 0.9)


def rounds(quotes):
    """Quotes of one ordered pair, cut where ten minutes pass without one."""
    quotes = sorted(quotes)
    out = [[quotes[0]]]
    for quote in quotes[1:]:
        if quote[0] - out[-1][-1][0] > ROUND_GAP_S:
            out.append([])
        out[-1].append(quote)
    return out


def small_price(batch):
    """Out per in of the smallest sizes."""
    return float(np.median([out / size for _, size, out in sorted(batch, key=lambda q: q[1])[:SMALL]]))


def medians(points):
    """(size, slippage) medians per size bin of at least three quotes, smallest first."""
    bins = defaultdict(list)
    for size, slip in points:
        bins[int(np.floor(np.log10(size) * BINS_PER_DECADE))].append((size, slip))
    return [tuple(np.median(np.array(b), axis=0)) for _, b in sorted(bins.items()) if len(b) >= 3]


def fit(points):
    """(depth at 1%, exponent, r2, bins used, largest size, its slippage) of (size in base, average slippage) points."""
    bins, (top, slip) = medians(points), max(points)
    for low in NOISE:
        first = 1 + max([i for i, (_, s) in enumerate(bins) if s <= low], default=-1)
        for high in HIGH:
            use = [(q, s) for q, s in bins[first:] if s < high]
            if len(use) >= ENOUGH:
                x, y = np.log(np.array(use)).T
                slope, level = np.polyfit(x, y, 1)
                h = 1 / slope
                depth = np.exp((np.log(0.01 * h / (1 + h)) - level) / slope)
                return depth, h, 1 - (y - slope * x - level).var() / y.var(), len(use), top, slip
    return "", "", "", 0, top, slip     # never slips, such as ETH into wstETH, which Lido mints at its rate


def half_spread(sells, buys, bid, ask):
    """Half the round trip at the smallest size: the ask is interpolated to the time of each bid."""
    when = [b[0][0] for b in buys]
    pairs = [(p, np.interp(b[0][0], when, ask)) for b, p in zip(sells, bid) if when[0] <= b[0][0] <= when[-1]]
    return float(np.median([1 - (p / q) ** 0.5 for p, q in pairs]))


def main(raw_dir, out_dir):
    quotes = defaultdict(list)
    for r in read_csv(os.path.join(raw_dir, "oneinch_quotes.csv.gz")):
        (src, s), (dst, d) = TOKENS[r["src"]], TOKENS[r["dst"]]
        if float(r["out_amount"]) > 0:
            quotes[src, dst].append((float(r["timestamp"]), float(r["in_amount"]) / 10 ** s, float(r["out_amount"]) / 10 ** d))
    rows = []
    for i, base in enumerate(ORDER):
        for quote in ORDER[i + 1:]:
            sells, buys = rounds(quotes[base, quote]), rounds(quotes[quote, base])
            bid, ask = [small_price(b) for b in sells], [1 / small_price(b) for b in buys]
            sell = [(size, 1 - out / size / p) for b, p in zip(sells, bid) for _, size, out in b]
            buy = [(out, size / out / p - 1) for b, p in zip(buys, ask) for _, size, out in b]
            low, high = float(np.median(bid)), float(np.median(ask))
            floor = half_spread(sells, buys, bid, ask)
            s, b = fit(sell), fit(buy)
            rows.append((base, quote, s[0], s[1], low, s[4], s[2], floor, s[3], s[5],
                         b[0], b[1], high, b[4], b[2], b[3], b[5], len(sells)))
    rows = [[c if isinstance(c, (str, int)) else float(f"{c:.6g}") for c in row] for row in rows]
    write_csv(os.path.join(out_dir, "oneinch_2023-11-20.csv"),
              ["base", "quote", "depth_1pct_base", "exponent", "price", "max_quoted_base", "r2", "fee_like", "n", "slippage_at_max",
               "buy_depth_1pct_base", "buy_exponent", "buy_price", "buy_max_quoted_base", "buy_r2", "buy_n", "buy_slippage_at_max",
               "rounds"], rows)
    copy_licence(raw_dir, out_dir, "oneinch")


if __name__ == "__main__":
    main(*sys.argv[1:3])
