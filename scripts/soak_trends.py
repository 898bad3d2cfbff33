"""What a soak test holds its samples against. Pure: samples in, findings out."""

import statistics
from dataclasses import dataclass

MEBIBYTE = 1 << 20
# Memory may differ by that much from one third of the run to the next before it counts as growth.
MEMORY_GROWTH_SHARE = 0.05
# Bytes of disk for each byte of keys and values.
FILE_RATIO_MAX = {"lmdb": 2.5, "rocksdb": 2.0}
# Below this a file's fixed parts (an empty file, a memtable's first table) say more than its data.
FILE_RATIO_FROM_BYTES = 32 * MEBIBYTE
# A compaction holds its input and output for a moment: only what lasts this many samples counts.
FILE_RATIO_SAMPLES = 5
VIEW_SECONDS_MAX = 2.0
# Retention 128 MiB, one segment begun, one spare; RocksDB keeps 128 MiB more until a flush; a replica's absence holds
# no more than the retention back.
LOG_BYTES_MAX = {"lmdb": 448 * MEBIBYTE, "rocksdb": 576 * MEBIBYTE}


@dataclass(frozen=True)
class Allowance:
    """What a run may take before it counts as growth."""

    # Of memory, from one third of the run to the next, beside its share.
    memory_bytes: int
    # Bytes of disk for each byte of keys and values, by engine.
    file_ratio: dict


LONG = Allowance(16 * MEBIBYTE, FILE_RATIO_MAX)
# In three minutes RocksDB's cache (64 MiB) and memtables (96 MiB) still fill: what leaked at each stop and start were
# 25 MB and more, and a third of such a run has three of them. And its data is little beside a window of 32 MiB, which
# then replaces a good part of LMDB's tree at once: a file of 2.55 that stays so was seen, one of a view that was never
# renewed passed 13.
SHORT = Allowance(64 * MEBIBYTE, {"lmdb": 4.0, "rocksdb": 3.0})


def growth(name, first, last, unit=""):
    return f"{name} grew from {first}{unit} to {last}{unit}"


def counts(before, after):
    """`before` and `after` by address: samples at rest, after the first round and at the end, in the same roles."""
    findings = []
    for address, first in before.items():
        last = after[address]
        if last.role != first.role:
            findings.append(f"{address}: was {first.role} after the first round and is {last.role} at the end")
        for name, old, new in (
            ("threads", first.threads, last.threads),
            ("descriptors (one for each file of the engine apart)", first.surplus, last.surplus),
        ):
            if new > old:
                findings.append(f"{address}: {growth(name, old, new)}")
    return findings


def memory(address, samples, allowance):
    """The median of the last third against that of the middle third; the first is for caches to fill."""
    third = len(samples) // 3
    if third == 0:
        return []
    middle = statistics.median(sample.private for sample in samples[third : 2 * third])
    last = statistics.median(sample.private for sample in samples[2 * third :])
    if last - middle > max(allowance.memory_bytes, middle * MEMORY_GROWTH_SHARE):
        return [f"{address}: {growth('memory', int(middle) >> 20, int(last) >> 20, ' MiB')}"]
    return []


def ratio(sample):
    """Bytes of file for each byte of data; None where there is too little data for it to mean anything."""
    return sample.engine_file / sample.live if sample.live >= FILE_RATIO_FROM_BYTES else None


def bounds(address, samples, allowance):
    """What must hold at every moment after the first round; named is the worst."""
    findings = []
    bound = allowance.file_ratio[samples[0].engine]
    ratios = [value for value in map(ratio, samples) if value is not None]
    lasting = [min(ratios[start : start + FILE_RATIO_SAMPLES]) for start in range(len(ratios) - FILE_RATIO_SAMPLES + 1)]
    if lasting and max(lasting) > bound:
        findings.append(
            f"{address}: {samples[0].engine} took {max(lasting):.2f} file bytes for each live byte, more than {bound} "
            f"(first {ratios[0]:.2f}, last {ratios[-1]:.2f})"
        )
    views = [sample.oldest_view for sample in samples if sample.oldest_view is not None]
    if views and max(views) > VIEW_SECONDS_MAX:
        findings.append(
            f"{address}: a read view was {max(views):.1f} s old, more than {VIEW_SECONDS_MAX} s (first {views[0]:.1f}, "
            f"last {views[-1]:.1f})"
        )
    logs = [sample.log for sample in samples]
    bound = LOG_BYTES_MAX[samples[0].engine]
    if max(logs) > bound:
        findings.append(
            f"{address}: the log took {max(logs) >> 20} MiB, more than {bound >> 20} MiB (first {logs[0] >> 20}, "
            f"last {logs[-1] >> 20})"
        )
    return findings


def findings(samples, before, after, allowance=LONG):
    """`samples` of all nodes since the end of the first round, oldest first."""
    found = counts(before, after)
    for address in before:
        own = [sample for sample in samples if sample.address == address]
        if own:
            found += memory(address, own, allowance) + bounds(address, own, allowance)
    return found
