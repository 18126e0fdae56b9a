package control

import (
	"bufio"
	"fmt"
	"hash"
	"os"
	"slices"
	"strings"
)

// system adds the namespaces and the rights of the process (namespaces(7),
// proc_pid_status(5)).
func system(h hash.Hash) {
	for _, ns := range []string{"mnt", "net", "user"} {
		name, _ := os.Readlink("/proc/self/ns/" + ns)
		fmt.Fprintln(h, ns, name)
	}
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch key {
		case "Umask", "Uid", "Gid":
			fmt.Fprintln(h, key, value)
		case "Groups":
			groups := strings.Fields(value)
			slices.Sort(groups)
			fmt.Fprintln(h, key, groups)
			return // the last of them
		}
	}
}
