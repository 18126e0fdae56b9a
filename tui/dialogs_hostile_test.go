package tui

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
)

// Whatever is pressed in the dialogs of the panes, at any size and with names made
// to steer the terminal, nothing of these reaches a cell, and nothing breaks.
func TestDialogsTakeAnyNameKeyAndSize(t *testing.T) {
	names := []string{"\x1b[2J\x1b]52;c;AAAA\x07", "\u202egnp.exe", "a\u0300\u0301\u0302\u0303", "東京\u200d", "\xff\xfe", strings.Repeat("long ", 50), " ", "..."}
	keys := []string{"p", "'", `\`, "b", "f", "i", "C", "L", "N", "=", "d", "H", "Y", "w", "[", "]", "h", "s", "space", "down", "up", "pgdown",
		"enter", "enter", "tab", "esc", "backspace", "1", "2", "7", "*", "/", "r", "J", "left", "end"}
	rounds := uint64(12)
	if testing.Short() {
		rounds = 3
	}
	for seed := range rounds {
		rnd := rand.New(rand.NewPCG(seed, 5))
		d := newDriver(t, 80, 24)
		for _, tree := range d.engine.trees {
			for dir := range tree.dirs {
				for _, name := range names {
					kind := session.EntryKind(rnd.IntN(3))
					if strings.HasPrefix(dir, "home/Films/") {
						kind = session.RegularFile
					}
					tree.put(dir, session.Entry{Name: name, Kind: kind, Size: int64(rnd.IntN(9)), Target: name, Modified: testNow})
				}
			}
		}
		d.press("ctrl+r", "2", "ctrl+r", "1")
		for range 150 {
			if rnd.IntN(10) == 0 {
				size := sizes[rnd.IntN(len(sizes))]
				d.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			}
			key := keys[rnd.IntN(len(keys))]
			d.press(key)
			for _, row := range d.screen() {
				if i := strings.IndexFunc(row, func(r rune) bool { return unicode.IsControl(r) || r >= 0x202a && r <= 0x202e }); i >= 0 {
					t.Fatalf("seed %d: after %q a row holds %q", seed, key, row[i:])
				}
			}
		}
	}
}
