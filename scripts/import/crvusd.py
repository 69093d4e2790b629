#!/usr/bin/env python3
"""crvUSD, every loan of the five LLAMMA markets on 30 January 2024.   crvusd.py RAW_DIR OUT_DIR"""
import glob
import gzip
import json
import os
import sys
from collections import Counter

from common import copy_licence, read_csv, write_csv

RENAME = {"WETH": "ETH"}


def main(raw_dir, out_dir):
    rows, accounts = [], []
    total = Counter()
    for loan in read_csv(os.path.join(raw_dir, "loans.csv.gz")):
        asset = RENAME.get(loan["collateral_symbol"], loan["collateral_symbol"])
        account = f"{loan['user']}@{asset}"
        collateral, stable, debt = (float(loan[k]) for k in ("collateral", "stablecoin", "debt"))
        if debt <= 0:
            print("no debt, left out:", account)
            continue
        bands = (loan["n1"], loan["n2"])
        rows.append((account, "collateral", asset, collateral, *bands))     # 0: all of it is crvUSD now
        if stable > 0:      # already converted by the bands
            rows.append((account, "collateral", "crvUSD", stable, *bands))
        rows.append((account, "debt", "crvUSD", debt, *bands))
        accounts.append((account, asset, debt, loan["health"], loan["n"], loan["n1"], loan["n2"]))
        total[asset, "n"] += 1
        total[asset, "collateral"] += collateral
        total[asset, "debt"] += debt
        total[asset, "stable"] += stable
    rows.sort()
    accounts.sort()
    assert len({r[:3] for r in rows}) == len(rows)
    stem = os.path.join(out_dir, "crvusd_2024-01-30")
    write_csv(stem + ".csv.gz", ["account", "side", "asset", "amount", "first_band", "last_band"], rows)
    write_csv(stem + ".accounts.csv.gz", ["account", "market", "debt", "health", "n", "n1", "n2"], accounts)
    table = []
    for path in glob.glob(os.path.join(raw_dir, "market_0x*.json.gz")):
        with gzip.open(path, "rt") as handle:
            market = json.load(handle)
        amm, controller = market["llamma_params"], market["controller_params"]
        asset = RENAME.get(amm["collateral_symbol"], amm["collateral_symbol"])
        table.append((asset, amm["oracle_price"], market["ammPrice"], controller["loan_discount"],
                      controller["liquidation_discount"], amm["A"], amm["fee"], float(amm["BASE_PRICE"]), float(amm["rate_mul"]) / 1e18,
                      amm["active_band"], amm["min_band"], amm["max_band"], controller["rate"],
                      float(market["debt_ceilings"][controller["address"]]) / 1e18, market["totalDebt"],
                      market["totalCollateral"], total[asset, "n"], total[asset, "debt"], total[asset, "collateral"],
                      total[asset, "stable"], amm["address"], market["blockNumber"], market["timestamp"]))
    write_csv(stem + ".markets.csv",
              ["asset", "oracle_price_usd", "amm_price", "loan_discount", "liquidation_discount", "A", "fee",
               "base_price", "rate_mul", "active_band", "min_band", "max_band", "borrow_rate_per_year", "debt_ceiling",
               "stated_total_debt", "stated_total_collateral", "loans", "debt", "collateral", "crvusd_in_bands", "amm",
               "block", "timestamp"], sorted(table))
    copy_licence(raw_dir, out_dir, "crvusd")
    print({f"{a} {k}": round(v, 4) for (a, k), v in sorted(total.items())})


if __name__ == "__main__":
    main(*sys.argv[1:3])
