#!/usr/bin/env python3
"""MakerDAO ETH-B vaults alive on 13 January 2023, rebuilt from the event ledger.   maker_ethb.py RAW_DIR OUT_DIR

A vault's collateral is deposits + withdrawals (negative in the source) - collateral seized; its debt is DAI minted -
DAI repaid - DAI repaid by liquidations. Alive: both above one millionth. A vault that owes but holds nothing by the
ledger is an error of the ledger (missing repayments or deposits): left out and named.
"""
import os
import sys
from collections import Counter

from common import copy_licence, read_csv, write_csv

NOTHING = 1e-6
LEDGER = [("ethb_vault_deposits", "DEPOSIT_AMOUNT_ADJ", "collateral", 1), ("ethb_dai_borrows", "DAI_MINTED", "debt", 1),
          ("ethb_vault_withdrawals", "WITHDRAWN_AMOUNT_ADJ", "collateral", 1), ("ethb_dai_repayments", "DAI_REPAYED", "debt", -1),
          ("ethb_vault_liquidations", "COLLATERAL_LIQUIDATED_AMOUNT", "collateral", -1),
          ("ethb_vault_liquidations", "DAI_REPAYED_AMOUNT", "debt", -1)]


def main(raw_dir, out_dir):
    held = {"collateral": Counter(), "debt": Counter()}
    for name, column, side, sign in LEDGER:
        for row in read_csv(os.path.join(raw_dir, name + ".csv.gz")):
            held[side][int(row["VAULT_NUMBER"])] += sign * float(row[column])
    collateral, debt = held["collateral"], held["debt"]
    owing = sorted(v for v in debt if debt[v] > NOTHING)
    alive = [v for v in owing if collateral[v] > NOTHING]
    rows = [(f"ETH-B:{v}", side, asset, held[side][v]) for v in alive for side, asset in (("collateral", "ETH"), ("debt", "DAI"))]
    stem = os.path.join(out_dir, "maker_ethb_2023-01-13")
    write_csv(stem + ".csv.gz", ["account", "side", "asset", "amount"], sorted(rows))
    day = [r for r in read_csv(os.path.join(raw_dir, "ethb_dai_fulldata.csv.gz")) if r["day"] == "2023-01-13"][0]
    table = [("ETH price", day["price"], "USD", "ethb_dai_fulldata, 2023-01-13"),
             ("DAI outstanding", day["dai_outstanding"], "DAI", "ethb_dai_fulldata, 2023-01-13 (whole ilk)")]
    latest = {}
    for row in read_csv(os.path.join(raw_dir, "ETHB-Parameter-Changes.csv.gz")):
        if row["TIMESTAMP"][:10] > "2023-01-13":
            continue
        if row["PARAMETER"] not in latest or int(row["BLOCK"]) >= latest[row["PARAMETER"]][0]:
            latest[row["PARAMETER"]] = (int(row["BLOCK"]), row["TO_VALUE"], row["TIMESTAMP"][:10])
    for parameter, (block, value, when) in sorted(latest.items()):
        table.append((parameter, value, "", f"set {when}, block {block}"))
    write_csv(stem + ".markets.csv", ["parameter", "value", "unit", "source"], table)
    copy_licence(raw_dir, out_dir, "maker_ethb")
    price = float(day["price"])
    print(f"alive {len(alive)}: {sum(collateral[v] for v in alive):.6f} ETH, {sum(debt[v] for v in alive):.6f} DAI, price {price}")
    print("left out:", [(v, collateral[v], debt[v]) for v in owing if v not in alive])
    ratios = sorted((collateral[v] * price / debt[v], v) for v in alive)
    print("lowest ratios", ratios[:4], "below 1.3:", sum(r < 1.3 for r, _ in ratios))


if __name__ == "__main__":
    main(*sys.argv[1:3])
