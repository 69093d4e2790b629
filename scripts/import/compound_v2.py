#!/usr/bin/env python3
"""Compound v2 (Ethereum), every account in debt on 9 May 2023.   compound_v2.py RAW_DIR OUT_DIR

The source gives per account the ETH value of debt and the collateral value times collateral factor, summed over the
markets the account has entered, and per market the cToken balance and the stored debt. Which markets were entered is
not given; it is found as the subset of cToken legs whose constants add up to the stated total.

Two pairs of markets share a symbol in the source: cDAI (SAI, 0xf5dc.., and DAI, 0x5d3a..) and cWBTC (the legacy market
0xc11b.. and its successor 0xccf4..). Rows of an account come in order of market address, which tells them apart when
both stand there or when a neighbour fixes the place; otherwise the stated totals do.
"""
import itertools
import os
import sys
from collections import Counter, defaultdict

from common import copy_licence, read_csv, write_csv

ADDRESS = {"USDP": "041171", "TUSD": "12392f", "REP": "158079", "UNI": "35a180", "USDC": "39aa39", "SUSHI": "4b0181",
           "ETH": "4ddc2d", "DAI": "5d3a53", "BAT": "6c8c6b", "COMP": "70e36f", "FEI": "7713dd", "YFI": "80a2ae",
           "ZRX": "b3319f", "WBTC_LEGACY": "c11b12", "WBTC": "ccf4429", "AAVE": "e65cdb", "SAI": "f5dce5",
           "USDT": "f650c3", "LINK": "face85"}
TWINS = {"cDAI": ("DAI", "SAI"), "cWBTC": ("WBTC_LEGACY", "WBTC")}
# Collateral factors. Known: the proposals named in the README; each is checked below against the bounds in the data.
COLLATERAL_FACTOR = {"ETH": 0.825, "DAI": 0.835, "USDC": 0.855, "WBTC": 0.70, "WBTC_LEGACY": 0.60, "UNI": 0.75,
                     "LINK": 0.79, "COMP": 0.60, "BAT": 0.65, "ZRX": 0.65, "AAVE": 0.73, "SUSHI": 0.67, "YFI": 0.75,
                     "USDT": 0.0, "REP": 0.0, "TUSD": 0.0, "FEI": 0.0, "USDP": 0.0, "SAI": 0.0}
BASIS_FACTOR = {"ETH": "measured", "DAI": "measured", "USDC": "measured", "ZRX": "measured", "SUSHI": "measured",
                "UNI": "inferred", "LINK": "inferred", "WBTC": "inferred", "WBTC_LEGACY": "inferred",
                "COMP": "inferred", "AAVE": "inferred", "BAT": "assumed", "YFI": "assumed"}
LEGACY_CONSTANT = 0.17566421162482487     # WBTC_LEGACY, from the largest single-collateral account (3,716 cWBTC)
# The subgraph cuts prices to the coin's decimals, so these two are exact: USDC and USDT have 6.
EXACT_PRICE = {"ETH": 1.0, "USDC": 0.000543, "USDT": 0.000542}
TOLERANCE = 1e-9


class Leg:
    def __init__(self, row, place):
        self.balance = float(row["ctoken_balance"])
        self.debt = float(row["stored_borrow_balance"])
        self.supplied = float(row["total_underlying_supplied"])
        self.redeemed = float(row["total_underlying_redeemed"])
        self.candidates = place


def places(rows):
    """Per row of one account the markets it can be, from the order of addresses."""
    out = []
    for i, row in enumerate(rows):
        symbol = row["ctoken"]
        if symbol not in TWINS:
            out.append((symbol[1:],))
            continue
        twins = [j for j, other in enumerate(rows) if other["ctoken"] == symbol]
        if len(twins) == 2:
            out.append((TWINS[symbol][twins.index(i)],))
            continue
        fixed = [(j, ADDRESS[r["ctoken"][1:]]) for j, r in enumerate(rows) if r["ctoken"] not in TWINS]
        fixed += [(j, "c8") for j, r in enumerate(rows) if r["ctoken"] == "cWBTC" and j != i and symbol == "cDAI"]
        low = max([a for j, a in fixed if j < i], default="")
        high = min([a for j, a in fixed if j > i], default="g")
        # default first: DAI before SAI, WBTC before its legacy market
        order = ("DAI", "SAI") if symbol == "cDAI" else ("WBTC", "WBTC_LEGACY")
        out.append(tuple(m for m in order if low < ADDRESS[m] < high))
    return out


def load(raw_dir):
    totals = {r["account"]: (float(r["total_borrow_eth"]), float(r["total_collateral_eth"]))
              for r in read_csv(os.path.join(raw_dir, "accounts.csv.gz"))}
    constant = {r["ctoken"][1:]: float(r["collateral_eth_per_ctoken"] or 0)
                for r in read_csv(os.path.join(raw_dir, "market_constants.csv"))}
    constant["WBTC_LEGACY"], constant["SAI"] = LEGACY_CONSTANT, 0.0
    rows = defaultdict(list)
    for row in read_csv(os.path.join(raw_dir, "positions.csv.gz")):
        rows[row["account"]].append(row)
    legs = {a: [Leg(r, p) for r, p in zip(own, places(own))] for a, own in rows.items()}
    return totals, constant, legs


def entered(legs, total, constant):
    """(number of subsets that reproduce the total, [market or None per leg]): markets entered as collateral."""
    choices = []
    for leg in legs:
        options = [(None, 0.0)]
        if leg.balance > 0:
            options += [(m, leg.balance * constant[m]) for m in leg.candidates if constant[m] > 0]
        choices.append(options)
    best, found = None, 0
    for pick in itertools.product(*choices):
        error = abs(sum(v for _, v in pick) - total)
        if error > TOLERANCE * total:
            continue
        found += 1
        key = (error > 1e-13 * total, sum(m is None for m, _ in pick), error)
        if best is None or key < best[0]:
            best = (key, [m for m, _ in pick])
    return found, best[1] if best else None


def exchange_floor(legs):
    """Per market the highest underlying-per-cToken of accounts that only ever supplied: the rate only grows."""
    floor = defaultdict(float)
    for own in legs.values():
        for leg in own:
            market = leg.market
            if market and leg.balance > 1e-2 and leg.redeemed == 0 and leg.supplied > 0:
                floor[market] = max(floor[market], leg.supplied / leg.balance)
    return floor


def prices(totals, legs, constant, floor):
    """Upper bounds from both sides; the smaller is the estimate: debt accrues, and the exchange rate only grows."""
    bound = {}
    for account, own in legs.items():
        debts = [leg for leg in own if leg.debt > 0]
        # a debt that may be DAI or SAI can only bound DAI: SAI is worth ten times as much
        if len(debts) == 1 and (len(debts[0].candidates) == 1 or debts[0].candidates[0] == "DAI"):
            market, ratio = debts[0].candidates[0], totals[account][0] / debts[0].debt
            if ratio > 0:
                bound[market] = min(bound.get(market, 1e9), ratio)
    out = {}
    for market in ADDRESS:
        if market in EXACT_PRICE:
            out[market] = (EXACT_PRICE[market], "measured")
            continue
        supply = constant[market] / (COLLATERAL_FACTOR[market] * floor[market]) if constant[market] else 1e9
        borrow = bound.get(market, 1e9)
        out[market] = (min(supply, borrow), "borrow bound" if borrow <= supply else "supply bound")
    return out, bound


def debt_markets(own, total, price):
    """Name the ambiguous debts. Stored debt lacks interest, so value at stored amounts is at most the total."""
    debts = [leg for leg in own if leg.debt > 0]
    best = None
    for pick in itertools.product(*[(leg.market,) if leg.market else leg.candidates for leg in debts]):
        factor = total / sum(leg.debt * price[m][0] for leg, m in zip(debts, pick))
        key = 0 if 1 - 1e-3 <= factor <= 1.5 else 1 if factor > 1.5 else 2
        if best is None or (key, factor if key == 1 else 0) < best[0]:
            best = ((key, factor if key == 1 else 0), pick, factor)
    return debts, best[1], best[2]


def main(raw_dir, out_dir):
    totals, constant, legs = load(raw_dir)
    debtors = sorted(a for a, (debt, _) in totals.items() if debt > 0)
    # every account, debtor or not, helps to name the twins and to bound the exchange rates
    explained, chosen = Counter(), {}
    for account, own in legs.items():
        found, pick = entered(own, totals[account][1], constant)
        chosen[account] = pick
        if totals[account][0] > 0:
            explained[min(found, 2)] += 1
        for leg, market in zip(own, pick or [None] * len(own)):
            leg.market = market or (leg.candidates[0] if len(leg.candidates) == 1 else None)
    whole = sum(all(m or l.balance <= 0 or not any(constant[c] for c in l.candidates) or "SAI" in l.candidates
                    for l, m in zip(legs[a], chosen[a])) for a in debtors if chosen[a])
    print("debtors all of whose legs with a collateral factor count:", whole)
    print("debtors by number of subsets that reproduce the total (2 = two or more):", dict(explained))
    floor = exchange_floor(legs)
    price, bound = prices(totals, legs, constant, floor)
    rate = {m: constant[m] / (COLLATERAL_FACTOR[m] * price[m][0]) if constant[m] else floor[m] for m in ADDRESS}

    rows, factors, guessed, marked = [], [], Counter(), 0
    supplied, borrowed, plain = Counter(), Counter(), Counter()
    for account in debtors:
        own, (debt, collateral) = legs[account], totals[account]
        pick, mark = chosen[account], 0
        if pick is None:
            mark, marked = 1, marked + 1
            pick = [leg.candidates[0] if leg.balance > 0 and constant[leg.candidates[0]] > 0 else None for leg in own]
        scale = collateral / sum(l.balance * constant[m] for l, m in zip(own, pick) if m) if mark else 1.0
        debts, names, factor = debt_markets(own, debt, price)
        factors.append((factor, debt, account))
        for leg, name in zip(debts, names):
            if leg.market is None:
                guessed["debt " + name] += 1
                leg.market = name
            amount = leg.debt * factor
            borrowed[name] += amount
            rows.append((account, "debt", name, amount, mark))
        for leg, market in zip(own, pick):
            if leg.balance <= 0:
                continue
            if market:
                amount = leg.balance * scale * rate[market]
                supplied[market] += amount
                rows.append((account, "collateral", market, amount, mark))
                continue
            name = leg.market
            if name is None:      # a leg that adds nothing to the total although it might be DAI is SAI
                name = leg.candidates[-1]
                guessed["supply " + name] += 1
            plain[name] += leg.balance * rate[name]
            rows.append((account, "supply", name, leg.balance * rate[name], mark))
    rows.sort(key=lambda r: r[:3])
    assert len({r[:3] for r in rows}) == len(rows)
    stem = os.path.join(out_dir, "compound_v2_2023-05-09")
    write_csv(stem + ".csv.gz", ["account", "side", "asset", "amount", "marked"], rows)
    write_csv(stem + ".accounts.csv.gz", ["account", "total_borrow_eth", "total_collateral_eth"],
              [(a, *totals[a]) for a in debtors])
    usd = 1 / price["USDC"][0]
    table = []
    for m in sorted(ADDRESS):
        basis = BASIS_FACTOR.get(m, "measured")
        table.append((m, price[m][0], price[m][0] * usd, COLLATERAL_FACTOR[m], rate[m], basis, price[m][1],
                      bound.get(m, ""), floor[m]))
    write_csv(stem + ".markets.csv", ["asset", "price_eth", "price_usd", "collateral_factor", "exchange_rate", "basis",
                                      "price_basis", "price_eth_borrow_bound", "exchange_rate_floor"], table)
    copy_licence(raw_dir, out_dir, "compound_v2")
    print(f"marked accounts {marked}; names by default: {dict(guessed)}")
    factors.sort()
    print("debt factor: min", factors[:3], "median", factors[len(factors) // 2][0], "max", factors[-3:])
    heavy = [f for f, d, _ in factors if d > 1]
    print("debt factor, accounts above 1 ETH of debt: min", min(heavy), "max", max(heavy), "n", len(heavy))
    for m in sorted(ADDRESS):
        print(f"{m:12s} price_usd {price[m][0] * usd:14.6f} cf {COLLATERAL_FACTOR[m]:.3f} collateral {supplied[m]:18.4f} "
              f"supply {plain[m]:16.4f} debt {borrowed[m]:18.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
