"""What the importers share: reproducible gzip, CSV in and out, numbers as the shortest string that reads back as the same double."""
import csv
import gzip
import io
import os
import shutil


def read_csv(path):
    if path.endswith(".gz"):
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as handle:
            return list(csv.DictReader(handle))
    with open(path, encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def number(value):
    """Shortest decimal that reads back as the same double (17 significant digits at most)."""
    if isinstance(value, (str, int)):
        return str(value)
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text


def write_csv(path, header, rows):
    """Plain or gzip CSV. The gzip header carries neither time nor name, so equal rows give equal bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([number(cell) for cell in row])
    data = text.getvalue().encode()
    with open(path, "wb") as handle:
        if path.endswith(".gz"):
            with gzip.GzipFile(filename="", mode="wb", fileobj=handle, compresslevel=9, mtime=0) as packed:
                packed.write(data)
        else:
            handle.write(data)
    print(f"{os.path.basename(path)}: {len(rows)} rows, {os.path.getsize(path)} bytes")


def copy_licence(raw_dir, out_dir, name):
    target = os.path.join(out_dir, f"LICENSE.{name}.txt")
    shutil.copyfile(os.path.join(raw_dir, "LICENSE.source.txt"), target)
    os.chmod(target, 0o644)
