package tui

import (
	"encoding/hex"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
)

// digest is a hash as far as it is known.
type digest struct {
	asked bool
	hex   string
	err   error
}

var algorithms = [2]session.Algorithm{session.BLAKE3, session.SHA256}

// hashItem computes a hash where the file is.
type hashItem struct {
	d *entryDetails
	n int // of algorithms
}

func (h hashItem) do(a *App) tea.Cmd {
	d, e := h.d, a.engine
	if !d.known || d.whole.Kind != session.RegularFile || d.hashes[h.n].asked {
		return nil
	}
	d.hashes[h.n] = digest{asked: true}
	return func() tea.Msg {
		m := digestMsg{hashItem: h}
		tree, err := e.Tree(d.at.Place)
		if err == nil {
			var p session.Path
			if p, err = d.pathOf(d.items[0]); err == nil {
				var sum []byte
				sum, err = tree.Hash(d.ctx, p, algorithms[h.n])
				m.hex = hex.EncodeToString(sum)
			}
		}
		m.err = err
		return m
	}
}

// digestMsg brings a hash.
type digestMsg struct {
	hashItem
	hex string
	err error
}

func (m digestMsg) apply(*App) tea.Cmd {
	m.d.hashes[m.n] = digest{asked: m.err == nil, hex: m.hex, err: m.err}
	return nil
}
