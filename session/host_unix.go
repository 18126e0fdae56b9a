//go:build unix

package session

// hostName returns what the system calls p.
func hostName(p Path) string { return "/" + p.raw }

// hostRaw returns the path of the absolute and clean name abs, to be parsed.
func hostRaw(abs string) string { return abs }

// volumes: a Unix has one tree.
func volumes() ([]string, bool) { return nil, false }
