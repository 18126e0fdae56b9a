package tui

import (
	"bytes"
	"fmt"
	"image/color"
	"regexp"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// looks are the ways in which the same screen may look.
var looks = []struct {
	name       string
	environ    string
	background color.Color
	change     func(*Options)
}{
	{"unknown", "TERM=xterm-256color", nil, nil},
	{"dark", "TERM=xterm-256color", color.Black, nil},
	{"light", "TERM=xterm-256color", color.White, nil},
	{"no-color", "TERM=xterm-256color NO_COLOR=1", nil, nil},
	{"high-contrast", "TERM=xterm", color.Black, func(o *Options) { o.Theme = "high-contrast" }},
}

// TestLooks keeps what is sent for one scene, with every colour in it; Esc is
// written as ^.
func TestLooks(t *testing.T) {
	for _, l := range looks {
		for _, size := range sizes[1:] {
			name := fmt.Sprintf("looks-%s-%dx%d", l.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				d := newDriver(t, size[0], size[1], func(_ *fakeEngine, o *Options) {
					o.Environ = strings.Fields(l.environ)
					if l.change != nil {
						l.change(o)
					}
				})
				if l.background != nil {
					d.send(tea.BackgroundColorMsg{Color: l.background})
				}
				running(d)
				d.press("space")
				sent := d.sent()
				if l.name == "no-color" && coloured.MatchString(sent) {
					t.Errorf("a colour is sent: %q", coloured.FindString(sent))
				}
				wantGolden(t, name, strings.ReplaceAll(sent, "\x1b[", "^")+"\n")
			})
		}
	}
}

// coloured finds a colour of ECMA-48 among the attributes.
var coloured = regexp.MustCompile(`\x1b\[(\d+;)*([34][0-8]|9[0-7]|10[0-7])[;m]`)

// sent is the frame as the renderer would send it with the colours that the
// environment allows.
func (d *driver) sent() string {
	var out bytes.Buffer
	w := colorprofile.Writer{Forward: &out, Profile: profile(d.app.opts.Environ)}
	if _, err := w.Write([]byte(d.app.View().Content)); err != nil {
		d.t.Fatal(err)
	}
	return out.String()
}
