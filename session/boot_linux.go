package session

import (
	"os"
	"strings"
	"sync"
)

// bootID returns 16 bytes that are others after each start of the machine.
var bootID = sync.OnceValue(func() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	id := strings.ReplaceAll(string(b), "-", "")
	if err != nil || len(id) < 16 {
		return noBootID
	}
	return id[:16] // 64 of its 122 random bits
})
