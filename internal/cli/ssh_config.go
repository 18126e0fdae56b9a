package cli

import (
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/bargee/bargee/session"
)

// What is read of ssh's configuration at most: it is looked at for names, and one
// that includes itself is ssh's to complain about.
const (
	sshConfigDepth = 4
	sshConfigFiles = 64
	sshConfigSize  = 1 << 20
)

// sshNames returns the hosts that a configuration of ssh names, in its order, and
// none of its patterns.
func sshNames(file string) []string {
	c := sshConfig{dir: filepath.Dir(file)}
	c.read(file, 0)
	return c.names
}

type sshConfig struct {
	dir   string // of the user's: what is included lies there
	files int
	names []string
}

func (c *sshConfig) read(file string, depth int) {
	if c.files++; c.files > sshConfigFiles || depth > sshConfigDepth {
		return
	}
	text, err := readAtMost(file, sshConfigSize)
	if err != nil {
		return // ssh will say it, if it matters
	}
	for line := range strings.Lines(string(text)) {
		key, values := sshWords(line)
		switch strings.ToLower(key) {
		case "host":
			for _, name := range values {
				if _, err := parseSSH("ssh://" + name); err == nil && !slices.Contains(c.names, name) {
					c.names = append(c.names, name)
				}
			}
		case "include":
			for _, pattern := range values {
				c.include(pattern, depth)
			}
		}
	}
}

func (c *sshConfig) include(pattern string, depth int) {
	if below, ok := strings.CutPrefix(pattern, "~/"); ok {
		pattern = filepath.Join(filepath.Dir(c.dir), below)
	} else if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(c.dir, pattern)
	}
	files, _ := filepath.Glob(pattern) // a pattern that is none includes nothing
	for _, f := range files {
		c.read(f, depth+1)
	}
}

// sshWords takes a line of ssh's configuration apart: a keyword, and words that
// may stand in quotes.
func sshWords(line string) (key string, values []string) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return "", nil
	}
	i := strings.IndexAny(line, " \t=")
	if i < 0 {
		return line, nil
	}
	key, line = line[:i], strings.TrimLeft(line[i:], " \t")
	line = strings.TrimLeft(strings.TrimPrefix(line, "="), " \t")
	for line != "" && line[0] != '#' {
		var word string
		if line[0] == '"' {
			word, line, _ = strings.Cut(line[1:], `"`)
		} else if i := strings.IndexAny(line, " \t"); i >= 0 {
			word, line = line[:i], line[i:]
		} else {
			word, line = line, ""
		}
		values = append(values, word)
		line = strings.TrimLeft(line, " \t")
	}
	return key, values
}

// peers are those that a person may reach over ssh: the ones of this run, and
// those that ssh's configuration names.
func (s *sshReach) peers() (all []session.KnownPeer) {
	s.mu.Lock()
	for word, at := range s.linked {
		all = append(all, session.KnownPeer{Name: word, Address: "ssh", LastSeen: at})
	}
	s.mu.Unlock()
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	home, err := os.UserHomeDir()
	if err != nil {
		return all
	}
	for _, name := range sshNames(filepath.Join(home, ".ssh", "config")) {
		word := "ssh://" + name
		if !slices.ContainsFunc(all, func(k session.KnownPeer) bool { return k.Name == word }) {
			all = append(all, session.KnownPeer{Name: word, Address: "ssh"})
		}
	}
	return all
}
