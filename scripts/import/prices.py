#!/usr/bin/env python3
"""Minute price paths of three crises, and the fitted price model.   prices.py CRISES_DIR CRVUSD_DIR OUT_DIR

Paths are Binance closes at the end of each minute, in USDT taken as one dollar. t_s counts from the first row's minute.
"""
import calendar
import json
import os
import sys
import time

import numpy as np

from common import copy_licence, read_csv, write_csv

# file -> (asset -> series, first minute, last minute), UTC
PATHS = {"usdc_svb_2023": ({"BTC": "BTCUSDT", "USDC": "USDCUSDT"}, "2023-03-10 00:00", "2023-03-13 23:59"),
         "terra_luna_2022": ({"BTC": "BTCUSDT", "USDC": "USDCUSDT"}, "2022-05-07 00:00", "2022-05-14 23:59"),
         "ftx_2022": ({"BTC": "BTCUSDT"}, "2022-11-06 00:00", "2022-11-11 23:59")}
SYMBOL = {"usd-coin": "USDC", "tether": "USDT", "paxos-standard": "USDP", "true-usd": "TUSD", "weth": "ETH", "wrapped-steth": "wstETH",
          "staked-frax-ether": "sfrxETH", "wrapped-bitcoin": "WBTC", "tbtc": "tBTC"}
STEPS_PER_YEAR = 365 * 24 * 12      # five minutes


def utc_ms(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M")) * 1000


def paths(raw_dir, out_dir):
    for name, (series, first, last) in PATHS.items():
        closes, odd = {}, []
        for asset, pair in series.items():
            closes[asset] = {}
            for row in read_csv(os.path.join(raw_dir, f"{name}_{pair}_1m.csv.gz")):
                when = int(row["open_time_ms"])
                if utc_ms(first) <= when <= utc_ms(last):
                    closes[asset][when] = float(row["close"])
                    if asset == "USDC" and float(row["high"]) > 2:
                        odd.append((time.strftime("%Y-%m-%d %H:%M", time.gmtime(when / 1000)), row["high"], row["close"]))
        common = sorted(set.intersection(*[set(c) for c in closes.values()]))
        rows = [[(when - common[0]) // 1000] + [closes[a][when] for a in series] for when in common]
        write_csv(os.path.join(out_dir, name + ".csv.gz"), ["t_s", *series], rows)
        print("  starts", time.strftime("%Y-%m-%d %H:%M", time.gmtime(common[0] / 1000)), "UTC; steps",
              sorted({b - a for a, b in zip(common, common[1:])}), "misprinted highs (minute, high, close):", odd)
        for asset in series:
            values = np.array([closes[asset][w] for w in common])
            print(f"  {asset}: first {values[0]} min {values.min()} at t_s {(common[values.argmin()] - common[0]) // 1000}"
                  f" max {values.max()} at t_s {(common[values.argmax()] - common[0]) // 1000} last {values[-1]}")


def model(raw_dir, out_dir):
    with open(os.path.join(raw_dir, "prices_5min_1697068800_1704585600.json")) as handle:
        data = json.load(handle)
    names = list(SYMBOL)
    cov = np.array([[data["cov"][a][b] for b in names] for a in names])
    print("  covariance symmetric", np.allclose(cov, cov.T), "smallest eigenvalue", np.linalg.eigvalsh(cov)[0])
    write_csv(os.path.join(out_dir, "covariance_2023.csv"), ["asset_i", "asset_j", "cov_per_year"],
              [(SYMBOL[a], SYMBOL[b], cov[i, j]) for i, a in enumerate(names) for j, b in enumerate(names) if i <= j])
    rows = []
    for i, a in enumerate(names):
        p = data["params"][a]
        yearly = p["sigma"] if p["type"] == "GBM" else p["sigma"] / STEPS_PER_YEAR ** 0.5
        rows.append((SYMBOL[a], p["type"], p["mu"], p["sigma"], p.get("theta", ""), yearly, cov[i, i] ** 0.5))
        still = f" stationary sd {yearly / (2 * p['theta']) ** 0.5:.6f}" if "theta" in p else ""
        print(f"  {SYMBOL[a]}: sigma per sqrt year {yearly:.4f}, sqrt of its covariance {cov[i, i] ** 0.5:.4f}{still}")
    write_csv(os.path.join(out_dir, "models_2023.csv"),
              ["asset", "type", "mu", "sigma", "theta", "sigma_per_sqrt_year", "volatility_per_sqrt_year"], rows)


def main(crises_dir, crvusd_dir, out_dir):
    paths(crises_dir, out_dir)
    model(crvusd_dir, out_dir)
    copy_licence(crises_dir, out_dir, "crises")
    copy_licence(crvusd_dir, out_dir, "crvusd")


if __name__ == "__main__":
    main(*sys.argv[1:4])
