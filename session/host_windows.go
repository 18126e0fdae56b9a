package session

import (
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// hostName returns what the system calls p: its first name is the volume, as
// C: or \\server\share. Below the root, which is no place of the disk, stands
// the volume of the current directory for whatever needs one.
func hostName(p Path) string {
	if p.IsRoot() {
		return `\`
	}
	volume, rest, _ := strings.Cut(p.raw, "/")
	return volume + `\` + filepath.FromSlash(rest)
}

// hostRaw returns the path of the absolute and clean name abs, to be parsed.
func hostRaw(abs string) string {
	volume := filepath.VolumeName(abs)
	return volume + filepath.ToSlash(abs[len(volume):])
}

// volumes lists the drives that the root holds.
func volumes() ([]string, bool) {
	mask, err := windows.GetLogicalDrives()
	if err != nil {
		return nil, false
	}
	var names []string
	for i := range 26 {
		if mask&(1<<i) != 0 {
			names = append(names, string(rune('A'+i))+":")
		}
	}
	return names, true
}
