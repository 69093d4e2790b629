#!/usr/bin/env python3
"""The worst hour of BTC in two crises, brought to the composite's opening prices.   worst_hours.py DATA_DIR

Of each one-minute path (terra_luna_2022, ftx_2022) the window of 58 minutes with the lowest close relative to its first
one. BTC is scaled to open at the composite's price (measured moves, rescaled level). ETH is synthetic: beta x BTC in logs,
beta = cov(ETH, WBTC) / var(WBTC) of covariance_2023.csv."""
import os
import sys

from common import read_csv, write_csv

MINUTES = 58


def main(data_dir):
    markets = {r["asset"]: r for r in read_csv(os.path.join(data_dir, "positions/compound_v2_2023-05-09.markets.csv"))}
    btc0, eth0 = (float(markets[a]["price_usd"]) for a in ("WBTC", "ETH"))
    cov = {(r["asset_i"], r["asset_j"]): float(r["cov_per_year"])
           for r in read_csv(os.path.join(data_dir, "prices/covariance_2023.csv"))}
    beta = cov["ETH", "WBTC"] / cov["WBTC", "WBTC"]
    columns = {}
    for name in ("terra_luna_2022", "ftx_2022"):
        rows = read_csv(os.path.join(data_dir, f"prices/{name}.csv.gz"))
        btc = [float(r["BTC"]) for r in rows]
        start = min(range(len(btc) - MINUTES), key=lambda i: min(btc[i:i + MINUTES]) / btc[i])
        window = [v / btc[start] for v in btc[start:start + MINUTES]]
        print(f"{name}: from {rows[start]['t_s']} s, lowest {min(window) - 1:.4%}, ETH beta {beta:.6f}")
        columns[name] = window
    write_csv(os.path.join(data_dir, "prices/worst_hours_2022.csv"),
              ["t_s", "terra_BTC", "terra_ETH_synthetic", "ftx_BTC", "ftx_ETH_synthetic"],
              [(60 * i, btc0 * t, eth0 * t ** beta, btc0 * f, eth0 * f ** beta)
               for i, (t, f) in enumerate(zip(columns["terra_luna_2022"], columns["ftx_2022"]))])


if __name__ == "__main__":
    main(sys.argv[1])
