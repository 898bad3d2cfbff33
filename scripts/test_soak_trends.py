"""What the soak test's findings come from: a trend is found, and a quiet run finds nothing. `make test-scripts`."""

import dataclasses
import unittest

import soak_trends
from node_probe import Sample

QUIET = Sample(
    at=0,
    address="127.0.0.2:8080",
    engine="lmdb",
    role="leader",
    resident=500 << 20,
    private=200 << 20,
    threads=18,
    descriptors=42,
    surplus=38,
    live=100 << 20,
    engine_file=180 << 20,
    log=256 << 20,
    oldest_view=0.4,
)


def run(change=None, last=None, count=30):
    """Findings of `count` samples; `change(number)` and `last` replace fields of each, or of the one at the end."""
    samples = [dataclasses.replace(QUIET, at=number, **(change(number) if change else {})) for number in range(count)]
    after = dataclasses.replace(QUIET, **(last or {}))
    return soak_trends.findings(samples, {QUIET.address: QUIET}, {QUIET.address: after})


class TrendTests(unittest.TestCase):
    def expect(self, text, findings):
        self.assertEqual(len(findings), 1, findings)
        self.assertIn(text, findings[0])

    def test_a_quiet_run_finds_nothing(self):
        self.assertEqual(run(), [])

    def test_what_goes_up_and_down_is_no_trend(self):
        self.assertEqual(run(lambda number: {"private": (200 + 40 * (number % 2)) << 20}), [])

    def test_one_thread_more_is_found(self):
        self.expect("threads grew from 18 to 19", run(last={"threads": 19}))

    def test_one_descriptor_more_is_found(self):
        self.expect("grew from 38 to 39", run(last={"surplus": 39}))

    def test_tables_of_an_engine_may_become_more(self):
        self.assertEqual(run(last={"descriptors": 60}), [])

    def test_another_role_is_found(self):
        self.expect("was leader", run(last={"role": "replica"}))

    def test_growing_memory_is_found(self):
        self.expect("memory grew from 345 MiB to 445 MiB", run(lambda number: {"private": (200 + 10 * number) << 20}))

    def test_a_short_run_leaves_caches_time_to_fill(self):
        samples = [dataclasses.replace(QUIET, at=number, private=(200 + 4 * number) << 20) for number in range(30)]
        ends = {QUIET.address: QUIET}
        short = soak_trends.SHORT
        self.assertEqual(len(soak_trends.findings(samples, ends, ends)), 1)
        self.assertEqual(soak_trends.findings(samples, ends, ends, short), [])
        leak = [dataclasses.replace(QUIET, at=number, private=(200 + 10 * number) << 20) for number in range(30)]
        self.assertEqual(len(soak_trends.findings(leak, ends, ends, short)), 1)

    def test_memory_that_fills_at_first_is_no_growth(self):
        self.assertEqual(run(lambda number: {"private": min(200 + 30 * number, 500) << 20}), [])

    def test_a_large_file_is_found(self):
        self.expect("lmdb took 3.00", run(lambda number: {"engine_file": 300 << 20}))

    def test_a_short_run_has_little_data_beside_a_window(self):
        ends = {QUIET.address: QUIET}

        def short(file):
            samples = [dataclasses.replace(QUIET, at=number, engine_file=file << 20) for number in range(30)]
            return soak_trends.findings(samples, ends, ends, soak_trends.SHORT)

        self.assertEqual(short(300), [])
        self.expect("lmdb took 4.50", short(450))

    def test_a_compaction_is_no_large_file(self):
        self.assertEqual(run(lambda number: {"engine_file": (300 if number % 10 < 4 else 180) << 20}), [])

    def test_little_data_says_nothing_about_a_file(self):
        self.assertEqual(run(lambda number: {"engine_file": 300 << 20, "live": 1 << 20}), [])

    def test_each_engine_has_its_own_bound(self):
        self.expect("rocksdb took 2.20", run(lambda number: {"engine": "rocksdb", "engine_file": 220 << 20}))

    def test_an_old_view_is_found(self):
        self.expect("a read view was 9.0 s old", run(lambda number: {"oldest_view": 9.0 if number == 7 else 0.1}))

    def test_a_node_that_does_not_tell_its_views_is_no_finding(self):
        self.assertEqual(run(lambda number: {"oldest_view": None}), [])

    def test_a_large_log_is_found(self):
        self.expect("the log took 500 MiB", run(lambda number: {"log": 500 << 20}))


class RowsTests(unittest.TestCase):
    def test_no_sample_since_the_first_round(self):
        self.assertEqual(soak_trends.findings([], {QUIET.address: QUIET}, {QUIET.address: QUIET}), [])


if __name__ == "__main__":
    unittest.main()
