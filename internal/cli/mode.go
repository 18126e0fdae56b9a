package cli

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
)

// A modeChange is what chmod's MODE says: clauses, done one after the other.
type modeChange []modeClause

// A modeClause changes the bits of who.
type modeClause struct {
	who   fs.FileMode // of 0777
	op    byte        // + - =
	bits  fs.FileMode // the same three for each class
	ifAny bool        // X
	from  rune        // u, g or o: the bits that this one has; else 0
}

var errMode = errors.New("is no mode")

// parseMode reads an octal mode, or clauses as POSIX has them, without s and t.
func parseMode(s string) (modeChange, error) {
	if s != "" && strings.Trim(s, "01234567") == "" {
		n, err := strconv.ParseUint(s, 8, 32)
		if err != nil || n > 0o777 {
			return nil, errors.New("has more than the nine bits of permissions, 0 to 777")
		}
		return modeChange{{who: 0o777, op: '=', bits: fs.FileMode(n)}}, nil
	}
	var all modeChange
	for part := range strings.SplitSeq(s, ",") {
		at := strings.IndexAny(part, "+-=")
		if at < 0 {
			return nil, errMode
		}
		who, err := classes(part[:at])
		if err != nil {
			return nil, err
		}
		for rest := part[at:]; rest != ""; {
			c := modeClause{who: who, op: rest[0]}
			end := strings.IndexAny(rest[1:], "+-=") + 1
			if end == 0 {
				end = len(rest)
			}
			if err := c.permissions(rest[1:end]); err != nil {
				return nil, err
			}
			all, rest = append(all, c), rest[end:]
		}
	}
	return all, nil
}

// classes reads whose bits are meant; nobody is everybody: the umask is the other
// machine's.
func classes(s string) (who fs.FileMode, err error) {
	for _, c := range s {
		switch c {
		case 'u':
			who |= 0o700
		case 'g':
			who |= 0o070
		case 'o':
			who |= 0o007
		case 'a':
			who |= 0o777
		default:
			return 0, errMode
		}
	}
	if s == "" {
		who = 0o777
	}
	return who, nil
}

func (c *modeClause) permissions(s string) error {
	if s == "u" || s == "g" || s == "o" {
		c.from = rune(s[0])
		return nil
	}
	for _, r := range s {
		switch r {
		case 'r':
			c.bits |= 0o444
		case 'w':
			c.bits |= 0o222
		case 'x':
			c.bits |= 0o111
		case 'X':
			c.ifAny = true
		default:
			return errMode
		}
	}
	return nil
}

// of returns what mode becomes.
func (m modeChange) of(mode fs.FileMode, isDir bool) fs.FileMode {
	for _, c := range m {
		bits := c.bits
		switch c.from {
		case 'u':
			bits = (mode >> 6 & 7) * 0o111
		case 'g':
			bits = (mode >> 3 & 7) * 0o111
		case 'o':
			bits = (mode & 7) * 0o111
		}
		if c.ifAny && (isDir || mode&0o111 != 0) {
			bits |= 0o111
		}
		switch bits &= c.who; c.op {
		case '+':
			mode |= bits
		case '-':
			mode &^= bits
		case '=':
			mode = mode&^c.who | bits
		}
	}
	return mode
}
