package cli

import (
	"encoding/json"
	"testing"

	"github.com/bargee/bargee/transport"
)

// TestFECShows: what error correction does is told, and nothing where it does
// nothing.
func TestFECShows(t *testing.T) {
	for want, c := range map[string]struct {
		fec  transport.FEC
		text string
	}{
		`{"id":1,"path":"direct","rate":0,"rtt_ms":0}`: {transport.FEC{}, "off"},
		`{"id":1,"path":"direct","rate":0,"rtt_ms":0,"fec":{"data":0,"parity":0,"loss":0,"recovered":7}}`: {
			transport.FEC{Recovered: 7}, "off"},
		`{"id":1,"path":"direct","rate":0,"rtt_ms":0,"fec":{"data":128,"parity":9,"loss":0.0125,"recovered":7}}`: {
			transport.FEC{Data: 128, Parity: 9, Loss: 0.0125, Recovered: 7}, "on: 9 packets of parity for 128, losses 1.2 %"},
	} {
		b, err := json.Marshal(laneEvent{ID: 1, Path: transport.PathDirect, FEC: newFECEvent(c.fec)})
		if err != nil || string(b) != want {
			t.Errorf("%s, %v; want %s", b, err, want)
		}
		if got := fecText(c.fec); got != c.text {
			t.Errorf("%q, want %q", got, c.text)
		}
	}
}
