#!/usr/bin/env python3
"""Uniswap v3 WBTC/WETH 0.3%: every range that stands at block 17,000,000.   uniswap_v3.py RAW_DIR OUT_DIR

token0 = WBTC (8 decimals), token1 = WETH (18). WETH per WBTC = 1.0001^tick x 10^(8-18); liquidity in whole coins is
the raw number x 10^-((8+18)/2), so that WETH = L (sqrt(p) - sqrt(p_lower)) and WBTC = L (1/sqrt(p) - 1/sqrt(p_upper)).
"""
import math
import os
import sys

from common import copy_licence, read_csv, write_csv

BLOCK = 17_000_000
RESIDUE = 1e4


def price(tick):
    return 1.0001 ** tick * 1e-10


def main(raw_dir, out_dir):
    standing = {}
    for row in read_csv(os.path.join(raw_dir, "ethwbtc_net_liquidity.csv.gz")):      # ordered by block
        if int(row["block_number"]) <= BLOCK:
            standing[int(row["tick_lower"]), int(row["tick_upper"])] = float(row["liquidity"])
    # an emptied range keeps what the source's floating-point sums leave of it, up to 291 either way; real ones start at 1e5
    live = {k: v for k, v in standing.items() if v >= RESIDUE}
    print("ranges ever", len(standing), "standing", len(live), "smallest", sorted(live.values())[:3],
          "rounding residues dropped", sum(v < RESIDUE for v in standing.values()),
          "largest residue", max(abs(v) for v in standing.values() if v < RESIDUE))
    rows = [(lo, up, price(lo), price(up), v * 1e-13) for (lo, up), v in sorted(live.items())]
    write_csv(os.path.join(out_dir, "uniswap_v3_wbtc_weth_17000000.csv.gz"),
              ["tick_lower", "tick_upper", "price_lower", "price_upper", "liquidity"], rows)
    copy_licence(raw_dir, out_dir, "uniswap_v3_wbtc_weth")
    swap = [r for r in read_csv(os.path.join(raw_dir, "ethwbtc_swaps.csv.gz")) if int(r["block_number"]) <= BLOCK][-1]
    tick = int(swap["tick"])
    active = sum(r[4] for r in rows if r[0] <= tick < r[1])
    print(f"last swap block {swap['block_number']} tick {tick} price {price(tick)} next tick {price(tick + 1)} "
          f"active {active} stated {swap['liquidity_adjusted']} relative {active / float(swap['liquidity_adjusted']) - 1:.2e}")
    root = math.sqrt(price(tick))
    weth = sum(r[4] * (min(root, math.sqrt(r[3])) - min(root, math.sqrt(r[2]))) for r in rows)
    wbtc = sum(r[4] * (1 / max(root, math.sqrt(r[2])) - 1 / max(root, math.sqrt(r[3]))) for r in rows)
    print(f"in the pool: {wbtc:.4f} WBTC {weth:.4f} WETH")
    for move in (-0.02, -0.05, -0.1, -0.2, 0.02, 0.05):
        end = root * math.sqrt(1 + move)
        a, b = min(root, end), max(root, end)
        if move < 0:
            amount = sum(r[4] * (1 / max(a, math.sqrt(r[2])) - 1 / min(b, math.sqrt(r[3]))) for r in rows
                         if max(a, math.sqrt(r[2])) < min(b, math.sqrt(r[3])))
            print(f"  WBTC sold to move the price {move:+.0%}: {amount:.4f} (before fee)")
        else:
            amount = sum(r[4] * (min(b, math.sqrt(r[3])) - max(a, math.sqrt(r[2]))) for r in rows
                         if max(a, math.sqrt(r[2])) < min(b, math.sqrt(r[3])))
            print(f"  WETH paid to move the price {move:+.0%}: {amount:.4f} (before fee)")


if __name__ == "__main__":
    main(*sys.argv[1:3])
