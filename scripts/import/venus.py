#!/usr/bin/env python3
"""Venus core pool (BNB Chain), every account in debt about 27 February 2022.   venus.py RAW_DIR OUT_DIR

The bot refreshed accounts over hours, so each account was valued at the prices of its own moment. Here all accounts get
one price per asset (the median over accounts). Debts are the raw on-chain balances. Collateral is
vToken balance x exchange rate, times one factor per account that keeps the account's own health factor at the common
prices. VAI debt is not listed in the source; it is what the health factor implies beyond the listed loans. Legs the bot
listed but had not valued when it wrote the health factor do not count in it: such collateral becomes side `supply`,
such debt is left out and printed.
"""
import os
import sys
from collections import Counter, defaultdict
from statistics import median

from common import copy_licence, read_csv, write_csv

NO_DEBT = 100.0             # the bot's health factor of an account that owes nothing
DUST_USD = 0.01             # a leg worth more than this at zero value was not valued
SURE_USD = 10.0             # values in the source have six decimals: ratios are taken above this


def decimals(vtoken):
    return 1e8 if vtoken == "vDOGE" else 1e18


def load(raw_dir):
    accounts = {r["account"]: r for r in read_csv(os.path.join(raw_dir, "accounts.csv.gz"))}
    factor = {r["vtoken"]: float(r["collateral_factor"])
              for r in read_csv(os.path.join(raw_dir, "collateral_factors.csv"))}
    factor["vTUSD"] = 0.80   # absent from the table; see the README for how the data gives it
    legs = defaultdict(list)
    for r in read_csv(os.path.join(raw_dir, "positions.csv.gz")):
        legs[r["account"]].append((r["vtoken"], int(r["vtoken_balance_raw"]) / 1e8,
                                   int(r["loan_underlying_raw"]) / decimals(r["vtoken"]),
                                   float(r["balance_usd"]), float(r["loan_usd"])))
    return accounts, factor, legs


def market_constants(legs):
    """Median price over accounts with a loan, and exchange rate from accounts that hold both sides of one market."""
    price, value, both = defaultdict(list), defaultdict(list), defaultdict(list)
    for own in legs.values():
        for vtoken, balance, loan, balance_usd, loan_usd in own:
            if loan_usd > SURE_USD:
                price[vtoken].append(loan_usd / loan)
            if balance_usd > SURE_USD:
                value[vtoken].append(balance_usd / balance)
            if loan_usd > SURE_USD and balance_usd > SURE_USD:
                both[vtoken].append(balance_usd / balance * loan / loan_usd)
    out = {}
    for vtoken in sorted(set(price) | set(value)):
        if not price[vtoken]:     # XVS cannot be borrowed, so its vToken never earned: still the initial 0.02
            out[vtoken] = (median(value[vtoken]) / 0.02, 0.02, "price inferred from vToken value / 0.02", 0)
        elif both[vtoken]:
            out[vtoken] = (median(price[vtoken]), median(both[vtoken]), "measured", len(both[vtoken]))
        else:
            p = median(price[vtoken])
            out[vtoken] = (p, median(value[vtoken]) / p, "exchange rate inferred from medians", 0)
    return out


def vai_debt(account, own, factor):
    """(VAI, noise): what the health factor implies beyond the listed loans, in dollars."""
    health = float(account["health_factor"])
    if health in (0.0, NO_DEBT):
        return 0.0, 0.0
    power = sum(leg[3] * factor[leg[0]] for leg in own)
    loans = sum(leg[4] for leg in own)
    noise = 1e-6 * len(own) * (1 + 1 / health) + 1e-9 * loans
    return power / health - loans, noise


def counts(own, market):
    """Splits legs into what the health factor counts, unvalued collateral (asset, units) and unvalued debt."""
    counted, plain, dropped = [], [], []
    for vtoken, balance, loan, balance_usd, loan_usd in own:
        price, rate = market[vtoken][0], market[vtoken][1]
        if balance_usd == 0 and balance * rate * price > DUST_USD:
            plain.append((vtoken, balance * rate))
            balance = 0.0
        if loan_usd == 0 and loan * price > DUST_USD:
            dropped.append((vtoken, loan, loan * price))
            loan = 0.0
        counted.append((vtoken, balance, loan, balance_usd, loan_usd))
    return counted, plain, dropped


def main(raw_dir, out_dir):
    accounts, factor, legs = load(raw_dir)
    market = market_constants(legs)
    rows, kept, scales, vai, negative, unvalued = [], [], [], [], [], []
    lent = Counter()
    supplied, borrowed, unscaled = Counter(), Counter(), Counter()
    for account in sorted(accounts):
        info = accounts[account]
        own, plain, dropped = counts(legs[account], market)
        unvalued += [(usd, vtoken, account) for vtoken, _, usd in dropped]
        health = float(info["health_factor"])
        extra, noise = vai_debt(info, own, factor)
        if extra < -5 * noise:
            negative.append((extra, account, float(info["loan_usd"])))
        has_vai = extra > 5 * noise
        if not has_vai and not any(leg[2] > 0 for leg in own):
            continue
        # Without inferred VAI the listed loans are the debt. Tiny loans carry no usable health factor: factor 1.
        debt = sum(leg[2] * market[leg[0]][0] for leg in own) + (extra if has_vai else 0.0)
        power = sum(leg[1] * market[leg[0]][1] * market[leg[0]][0] * factor[leg[0]] for leg in own)
        usable = has_vai or float(info["loan_usd"]) > 1e-3
        scale = health * debt / power if usable and power > 0 and health > 0 else 1.0
        if usable and power > 0:
            scales.append((scale, debt, account))
        for vtoken, balance, loan, _, _ in own:
            asset = vtoken[1:]
            if balance > 0:
                amount = balance * market[vtoken][1] * scale
                rows.append((account, "collateral", asset, amount, 0))
                supplied[asset] += amount
                unscaled[asset] += balance * market[vtoken][1]
            if loan > 0:
                rows.append((account, "debt", asset, loan, 0))
                borrowed[asset] += loan
        if has_vai:
            rows.append((account, "debt", "VAI", extra, 1))
            borrowed["VAI"] += extra
            vai.append((extra, account, any(leg[2] > 0 for leg in own)))
        for vtoken, amount in plain:
            rows.append((account, "supply", vtoken[1:], amount, 0))
            lent[vtoken[1:]] += amount
        kept.append((account, info["health_factor"], info["loan_usd"], info["collateral_usd"]))
    rows.sort(key=lambda r: r[:3])
    assert len({r[:3] for r in rows}) == len(rows)
    stem = os.path.join(out_dir, "venus_2022-02-27")
    write_csv(stem + ".csv.gz", ["account", "side", "asset", "amount", "marked"], rows)
    write_csv(stem + ".accounts.csv.gz", ["account", "health_factor", "loan_usd", "collateral_usd"], kept)
    table = [(v[1:], m[0], factor[v], m[1], m[2], m[3]) for v, m in market.items()]
    table.append(("VAI", 1.0, 0.0, "", "assumed", 0))
    write_csv(stem + ".markets.csv", ["asset", "price_usd", "collateral_factor", "exchange_rate", "basis", "n_both"],
              sorted(table))
    copy_licence(raw_dir, out_dir, "venus")
    print(f"VAI: {len(vai)} accounts, {sum(v[0] for v in vai):.2f}; without other debt "
          f"{sum(not v[2] for v in vai)}: {sum(v[0] for v in vai if not v[2]):.2f}; largest {sorted(vai)[-4:]}")
    print(f"unvalued debt left out: {len(unvalued)} legs, {sum(u[0] for u in unvalued):.2f}", sorted(unvalued)[-3:])
    print("unvalued collateral as supply:", {a: round(v, 4) for a, v in lent.items()},
          f"{sum(v * market['v' + a][0] for a, v in lent.items()):.2f} USD")
    print("negative beyond noise", len(negative), sorted(negative)[:8])
    big = sorted(s for s in scales if s[1] > 1)
    print("scale, debt > $1:", len(big), [round(big[int(f * (len(big) - 1))][0], 6)
                                          for f in (0, .001, .01, .05, .5, .95, .99, .999, 1)], big[:3], big[-3:])
    for asset in sorted(set(supplied) | set(borrowed)):
        p = market["v" + asset][0] if asset != "VAI" else 1.0
        print(f"{asset:5s} price {p:14.6f} cf {factor.get('v' + asset, 0):.2f} collateral {supplied[asset]:18.4f} "
              f"(${supplied[asset] * p / 1e6:9.3f}M, unscaled {unscaled[asset]:18.4f}) "
              f"debt {borrowed[asset]:18.4f} (${borrowed[asset] * p / 1e6:9.3f}M)")


if __name__ == "__main__":
    main(*sys.argv[1:3])
