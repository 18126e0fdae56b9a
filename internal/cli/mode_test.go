package cli

import (
	"io/fs"
	"testing"
)

func TestMode(t *testing.T) {
	for _, c := range []struct {
		mode      string
		dir       bool
		from, out fs.FileMode
	}{
		{"640", false, 0o777, 0o640},
		{"0", false, 0o777, 0},
		{"0755", false, 0, 0o755},
		{"u+x", false, 0o644, 0o744},
		{"+x", false, 0o644, 0o755},
		{"go-w", false, 0o666, 0o644},
		{"go-w,a+rX", false, 0o622, 0o644},
		{"go-w,a+rX", true, 0o722, 0o755},
		{"a+X", false, 0o744, 0o755},
		{"a+X", false, 0o644, 0o644},
		{"go=u", false, 0o750, 0o777},
		{"o=", false, 0o757, 0o750},
		{"u=rw,g=r,o=", false, 0o777, 0o640},
		{"u-x+w", false, 0o555, 0o655},
		{"g=o", false, 0o754, 0o744},
		{"a=rx", false, 0o222, 0o555},
	} {
		change, err := parseMode(c.mode)
		if err != nil {
			t.Errorf("%s: %v", c.mode, err)
			continue
		}
		if got := change.of(c.from, c.dir); got != c.out {
			t.Errorf("%s of %04o: %04o, want %04o", c.mode, c.from, got, c.out)
		}
	}
	for _, bad := range []string{"", "8", "7777", "1000", "u", "rw", "z+x", "u+z", "u+x,", ",", "+s", "u+t", "640,u+x"} {
		if m, err := parseMode(bad); err == nil {
			t.Errorf("%q is %v", bad, m)
		}
	}
}
