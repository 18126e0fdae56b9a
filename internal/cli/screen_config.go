package cli

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/bargee/bargee/internal/config"
	"github.com/bargee/bargee/tui"
)

// configure gives the screen what somebody wants.
func (a *app) configure(opts *tui.Options, c *config.Config) {
	opts.Theme, opts.Looks, opts.Keys = c.Theme, c.Looks, c.Keys
	opts.NoMouse, opts.Slow = !c.Mouse, c.Slow
	opts.ASCII = c.ASCII == "yes" || c.ASCII == "auto" && (!speaksUTF8(a.getenv) || drawsWide(a.getenv))
	opts.Notify, opts.Taskbar, opts.Passthrough = c.Notify, c.Taskbar, c.Passthrough
	opts.Sort, opts.Reverse, opts.Hidden = c.Sort, c.Reverse, c.Hidden
}

// configuration is what somebody wants of the screen: by flags, environment and
// file.
func (o *screenOptions) configuration() (*config.Config, error) {
	c, err := o.config()
	if err != nil {
		return nil, err
	}
	for flag, setting := range map[string]string{"slow": "slow", "mouse": "mouse", "theme": "theme"} {
		if f := o.flags.Lookup(flag); f.Changed {
			if bad := c.Flag(setting, f.Value.String()); len(bad) > 0 {
				return nil, usage(bad[0].What, bad[0].Hint)
			}
		}
	}
	if f := o.flags.Lookup("ascii"); f.Changed {
		c.ASCII = map[string]string{"true": "yes", "false": "no"}[f.Value.String()]
	}
	return c, nil
}

// drawsWide tells whether the locale is one in which terminals may draw lines and
// blocks twice as wide as elsewhere.
func drawsWide(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.HasPrefix(v, "zh") || strings.HasPrefix(v, "ja") || strings.HasPrefix(v, "ko")
		}
	}
	return false
}

// whyNotDrawn says why two panes cannot be drawn on the terminal there is; empty
// if they can.
func (a *app) whyNotDrawn() string {
	switch kind := a.getenv("TERM"); {
	case !a.screen:
		return "the screen needs a terminal"
	case kind == "dumb":
		return "the screen cannot be drawn on a dumb terminal (TERM=dumb)"
	case kind == "" && runtime.GOOS != "windows":
		return "the screen needs to know the terminal, and TERM is not set"
	}
	return ""
}

// memoryFile holds what the screen keeps from one time to the next.
func (h home) memoryFile() string { return filepath.Join(h.state, "screen.json") }

// rememberScreen lets the screen find again what it kept. That it cannot be read
// or written is no reason to fail: nobody would miss it.
func (h home) rememberScreen(opts *tui.Options) {
	b, err := readAtMost(h.memoryFile(), 64<<10)
	if err == nil {
		err = json.Unmarshal(b, &opts.Memory)
	}
	if err != nil && !os.IsNotExist(err) {
		slog.Warn("what the screen looked like is forgotten", "error", err)
	}
	opts.Remember = func(m tui.Memory) error {
		b, err := json.Marshal(m)
		if err != nil {
			return err
		}
		return replaceFile(h.memoryFile(), append(b, '\n'))
	}
}
