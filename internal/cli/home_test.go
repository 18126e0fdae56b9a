package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/adrg/xdg"
)

// Without HOME files are kept at home all the same, and not below the root.
func TestHomeOfAnEmptyEnvironment(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no HOME")
	}
	t.Cleanup(xdg.Reload)
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"} {
		t.Setenv(name, "")
	}
	findHome()
	dir := os.Getenv("HOME")
	if !filepath.IsAbs(dir) {
		t.Skipf("the system does not say where this user is at home: %q", dir)
	}
	h, err := (&app{getenv: func(string) string { return "" }}).home()
	if err != nil || !strings.HasPrefix(h.config, dir) || !strings.HasPrefix(h.state, dir) {
		t.Errorf("%+v, %v; at home is %s", h, err, dir)
	}
}
