//go:build unix

package cli

import (
	"fmt"
	"os"
	"syscall"
)

// toJournal tells whether standard output is systemd's journal (systemd.exec(5)):
// a log, which is no place for secrets.
func toJournal() bool {
	info, err := os.Stdout.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}
