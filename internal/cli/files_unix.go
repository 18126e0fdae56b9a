//go:build unix

package cli

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// fewFiles is how many descriptors a relay should have: each peer that comes over
// TCP needs one.
const fewFiles = 4096

// warnOfFewFiles says so where the system allows less. Go has raised the limit as
// far as it may.
func warnOfFewFiles(log *roleLog) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil && limit.Cur < fewFiles {
		log.Warn("few files may be open: each peer that comes over TCP needs one (ulimit -n, LimitNOFILE)", "limit", limit.Cur)
	}
}

// ownerName returns who owns a file, by name if there is one, else by number.
func ownerName(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return "root"
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "root"
	}
	id := strconv.FormatUint(uint64(stat.Uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}
