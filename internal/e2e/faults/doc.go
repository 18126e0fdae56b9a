// Package faults does to bargee what machines do: it kills either end at each
// call of the system (strace), has disks fail, fill up, hang and go away, cuts
// the power (an ext4 in a loop, copied as it stands), sends signals and takes
// memory and descriptors away. Then it holds the result against six rules:
//
//  1. A file under its final name is always whole and verified.
//  2. The old file stays until the new one is there, with --fsync on the disk.
//  3. With --fsync, what was reported is on the disk.
//  4. What the journal has is not sent again.
//  5. The message says where and why.
//  6. No partial and no journal is left when a copy ended well; goroutines are
//     counted where they can be seen, in the tests of session.
//
// What may happen is listed in internal/archtest/testdata/catalogue/faults.txt:
// 105 rows, each with what is expected and the tests that hold it, here and in
// session, transport, relay, tui and internal/cli, or what it waits for.
//
// A test that needs root, strace or another tool skips without it and says so;
// .ci/run installs them where it may.
package faults
