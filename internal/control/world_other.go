//go:build !linux

package control

import (
	"fmt"
	"hash"
	"os"
	"slices"
)

// system adds the rights of the process.
func system(h hash.Hash) {
	groups, _ := os.Getgroups()
	slices.Sort(groups)
	fmt.Fprintln(h, os.Getuid(), os.Getgid(), groups)
}
