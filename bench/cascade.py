"""The world of cascade.yaml in NumPy: all paths at once as arrays [paths, positions], one Python
loop over rounds. The formulas, their order and the rounding to quanta are those of sim/phase_*.cpp.

    cascade.py positions FILE        writes the 1,000 positions that cascade.yaml reads
    cascade.py run PATHS POSITIONS OUT   PATHS: references, one row a round, one column a path
                                     OUT: final price and final debt of every path
    cascade.py sweep BINARY OUT N    the same paths through `faultline sweep` on N threads, timed whole
    cascade.py compare FOLDER        medians, ratios and differences of what cascade.sh left there

Prints the seconds of the loop alone: reading files is not counted.
"""
import os
import sqlite3
import subprocess
import sys
import time

import numpy as np

BASE, QUOTE, FEE = 65e3, 130e6, 0.003
OUTSIDE_FEE = 0.0005
LT, BONUS, SEIZE_SHARE, CLOSE = 0.825, 0.08, 0.028, 1.0
GAS = 5.0
ARBITRAGE_CAPITAL = 55e3
ETH_STEP, USDC_STEP = 2.0 ** -30, 2.0 ** -20
PART_STEPS = 20


def down(x, step):
    return np.floor(x / step) * step


def up(x, step):
    return np.ceil(x / step) * step


def read_positions(path):
    table = np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="ascii")
    return down(table["eth"], ETH_STEP), up(table["usdc"], USDC_STEP)


def fill(given_reserve, taken_reserve, given):
    """Constant product: what `given` takes, net of fee."""
    kept = 1 - FEE
    walked = given_reserve + kept * given
    return taken_reserve * (kept * given / walked)


def arbitrage(base, quote, reference):
    """Towards the reference until the last unit earns nothing, within the round's capital."""
    kept, paid = 1 - FEE, 1 - OUTSIDE_FEE
    # sell base here, buy it back outside;  buy base here, sell it outside
    m_sell = kept * (quote / base) / (reference / paid)
    m_buy = kept * (base / quote) * (reference * paid)
    sell = np.where(m_sell > 1, base * ((np.sqrt(np.maximum(m_sell, 1)) - 1) / kept), 0)
    buy = np.where(m_buy > 1, quote * ((np.sqrt(np.maximum(m_buy, 1)) - 1) / kept), 0)
    with np.errstate(divide="ignore"):
        sell *= np.minimum(1, ARBITRAGE_CAPITAL / (sell * reference))
        buy *= np.minimum(1, ARBITRAGE_CAPITAL / buy)
    sell = down(np.nan_to_num(sell), ETH_STEP)
    buy = down(np.nan_to_num(buy), USDC_STEP)
    quote_out = down(fill(base, quote, sell), USDC_STEP)
    base_out = down(fill(quote, base, buy), ETH_STEP)
    return base + sell - base_out, quote - quote_out + buy


def plan(collateral, debt, price):
    """Size of the liquidation of every position: repay, seize, and the liquidator's part."""
    repay = down(CLOSE * debt, USDC_STEP)
    seize = down(repay * (1 + BONUS) / price, ETH_STEP)
    capped = seize > collateral
    worth = up(collateral * price / (1 + BONUS), USDC_STEP)
    repay = np.where(capped, np.minimum(repay, worth), repay)
    seize = np.where(capped, collateral, seize)
    return repay, seize, seize - down(SEIZE_SHARE * seize, ETH_STEP)


def longest_prefix(base, quote, repay, taken, limit, order, count):
    """How many orders, best limit first, one fill can pay; and the order after them."""
    sold = np.cumsum(np.take_along_axis(taken, order, 1), 1)
    average = fill(base[:, None], quote[:, None], sold) / sold
    ordered = np.take_along_axis(limit, order, 1)
    holds = (average >= ordered) & (np.arange(taken.shape[1]) < count[:, None])
    keep = np.where(holds.all(1), count, np.argmin(holds, 1))
    rows = np.arange(len(keep))
    before = np.where(keep > 0, sold[rows, keep - 1], 0)
    worst = np.where(keep > 0, ordered[rows, keep - 1], 0)  # the prefix's own limit
    return keep, before, worst, order[rows, np.minimum(keep, taken.shape[1] - 1)]


def part_of_next(base, quote, before, worst, next_taken, next_repay):
    """The largest part of the order after the prefix that still pays, by bisection."""
    low, high = np.zeros_like(before), np.ones_like(before)
    for _ in range(PART_STEPS):
        part = (low + high) / 2
        sold = before + down(part * next_taken, ETH_STEP)
        average = fill(base, quote, sold) / sold
        pays = (average >= worst) & (part * next_taken * average >= part * next_repay + GAS)
        low, high = np.where(pays, part, low), np.where(pays, high, part)
    return low


def cut(base, quote, repay, taken, orders):
    """Fractions of the orders of one round: one fill for all, worst limits cut first."""
    fraction = orders.astype(float)
    total = (taken * orders).sum(1)
    limit = np.where(orders, (repay + GAS) / np.where(taken > 0, taken, 1), np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        average = fill(base, quote, total) / total
    worst = np.where(orders, limit, 0).max(1)
    bad = np.flatnonzero(~(average >= worst) & (total > 0))
    if bad.size == 0:
        return fraction
    b, q, t, r, l = base[bad], quote[bad], taken[bad], repay[bad], limit[bad]
    order = np.argsort(l, 1, kind="stable")
    with np.errstate(invalid="ignore", divide="ignore"):
        keep, before, worst, after = longest_prefix(b, q, r, t, l, order, orders[bad].sum(1))
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(order.shape[1])[None, :].repeat(len(bad), 0), 1)
    kept = (rank < keep[:, None]).astype(float)
    rows = np.arange(len(bad))
    kept[rows, after] = part_of_next(b, q, before, worst, t[rows, after], r[rows, after])
    fraction[bad] = kept
    return fraction


def run(references, eth, usdc):
    paths = references.shape[1]
    collateral = np.tile(eth, (paths, 1))
    debt = np.tile(usdc, (paths, 1))
    base, quote = np.full(paths, BASE), np.full(paths, QUOTE)
    begin, cpu_begin = time.perf_counter(), time.process_time()
    for reference in references:
        base, quote = arbitrage(base, quote, reference)
        price = (quote / base)[:, None]
        breach = collateral * (price * LT) < debt
        if not breach.any():
            continue
        repay, seize, offered = plan(collateral, debt, price)
        rate = price * (1 - FEE)
        orders = breach & (repay > 0) & (seize > 0) & (offered * rate - repay - GAS > 0)
        if not orders.any():
            continue
        fraction = cut(base, quote, repay, offered, orders)
        part = fraction < 1
        repay = np.where(part, up(fraction * repay, USDC_STEP), repay)
        seize = np.where(part, down(fraction * seize, ETH_STEP), seize)
        offered = np.where(part, np.minimum(seize, down(fraction * offered, ETH_STEP)), offered)
        done = (fraction > 0) & (offered > 0)
        sold = (offered * done).sum(1)
        out = down(fill(base, quote, sold), USDC_STEP)
        base, quote = base + sold, quote - out
        debt = np.where(done, np.maximum(0, debt - repay), debt)
        collateral = np.where(done, np.maximum(0, collateral - seize), collateral)
    taken = time.perf_counter() - begin, time.process_time() - cpu_begin
    return quote / base, debt.sum(1), taken


def write_positions(path):
    rng = np.random.default_rng(1000)
    debt = np.exp(rng.normal(np.log(2.2e4), 1.1, 1000))
    health = 1.02 + rng.gamma(1.6, 0.22, 1000)
    collateral = debt * health / (LT * QUOTE / BASE)
    with open(path, "w", encoding="ascii") as out:
        out.write("account,eth,usdc\n")
        for i in range(1000):
            out.write(f"a{i},{collateral[i]:.6f},{debt[i]:.2f}\n")


def seconds_in(path, word):
    with open(path, encoding="ascii") as lines:
        return [float(l.split(word)[1].split()[0]) for l in lines if word in l]


def sweep(binary, out, threads):
    """The command as a user gives it: start, reading, direct runs and the results file included."""
    here = os.path.dirname(os.path.abspath(__file__))
    files = [os.path.join(here, name) for name in ("cascade.yaml", "cascade_sweep.yaml")]
    begin, used = time.perf_counter(), os.times()
    subprocess.run([binary, "sweep", *files, "-o", out, "--fresh", "--quiet", "--threads", threads],
                   check=True, stdout=subprocess.DEVNULL)
    end = os.times()
    cpu = end.children_user + end.children_system - used.children_user - used.children_system
    print(f"sweep seconds {time.perf_counter() - begin:.4f}  processor {cpu:.4f}")


def swept_ends(path):
    """Final price and debt of every path; a unit of debt is worth one dollar throughout."""
    with sqlite3.connect(path) as file:
        rows = file.execute('select "price_end ETH", final_debt_usd from scenarios order by id')
        return np.array(rows.fetchall())


def compare(folder):
    """Exit code 1 where a path differs by more than 1e-9 or two runs of the engine at all."""
    numpy_s = seconds_in(folder + "/numpy.txt", "numpy seconds")
    one_s = seconds_in(folder + "/one.txt", "faultline seconds")
    two_s = seconds_in(folder + "/two.txt", "faultline seconds")
    sweeps = [seconds_in(f"{folder}/{name}.txt", "sweep seconds") for name in ("sweep1", "sweep2")]
    ends = [np.loadtxt(f"{folder}/{name}.csv", delimiter=",") for name in ("numpy", "one", "two")]
    apart = np.abs(ends[1] / ends[0] - 1).max(0)
    same = np.array_equal(ends[1], ends[2])
    for name, taken, target in (("engine, 1 thread", one_s, 12), ("engine, 2 threads", two_s, 22),
                                ("sweep, 1 thread", sweeps[0], 12),
                                ("sweep, 2 threads", sweeps[1], 22)):
        ratios = [a / b for a, b in zip(numpy_s, taken)]
        print(f"{name:17s}  numpy {np.median(numpy_s):.3f} s, faultline {np.median(taken):.4f} s: "
              f"{np.median(ratios):.1f} times faster (pairs {min(ratios):.1f} to "
              f"{max(ratios):.1f}; target {target})")
    used = [a / b for a, b in zip(seconds_in(folder + "/numpy.txt", "processor"),
                                  seconds_in(folder + "/one.txt", "processor"))]
    print(f"engine, 1 thread, by processor time, which a busy machine stretches less: "
          f"{np.median(used):.1f} times")
    swept = np.abs(swept_ends(folder + "/sweep.sqlite") / ends[0] - 1).max(0)
    print(f"largest relative difference of a path: price {apart[0]:.2g}, debt {apart[1]:.2g}; in the "
          f"results file price {swept[0]:.2g}, debt {swept[1]:.2g} (allowed 1e-9); 1 and 2 threads "
          f"{'equal' if same else 'DIFFER'}")
    return 0 if max(apart.max(), swept.max()) <= 1e-9 and same else 1


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "positions":
        write_positions(sys.argv[2])
    elif len(sys.argv) == 5 and sys.argv[1] == "run":
        references = np.loadtxt(sys.argv[2], delimiter=",")
        price, debt, seconds = run(references, *read_positions(sys.argv[3]))
        np.savetxt(sys.argv[4], np.column_stack([price, debt]), fmt="%.17g", delimiter=",")
        print(f"numpy seconds {seconds[0]:.4f}  processor {seconds[1]:.4f}")
    elif len(sys.argv) == 5 and sys.argv[1] == "sweep":
        sweep(*sys.argv[2:])
    elif len(sys.argv) == 3 and sys.argv[1] == "compare":
        sys.exit(compare(sys.argv[2]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
