package cli

import (
	"context"

	"github.com/boombuler/barcode/qr"

	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/tui"
)

// mostInTicket is how many addresses a ticket of a pairing has: it is to be small
// enough for a camera.
const mostInTicket = 2

// admitTicket lets in who has a ticket for this pairing, too, once, and has it found:
// at our addresses if near, and at the relay.
func (p *pairing) admitTicket(ctx context.Context, ep *transport.Endpoint, doors transport.Doors, a *transport.Admission, token transport.Token) {
	t := transport.Ticket{Key: ep.Fingerprint(), Token: token, Relay: doors.Relay.Address, RelayKey: doors.Relay.Key}
	if doors.LAN != nil || p.reach.listen != "" {
		t.Addresses = reachable(ep.Addr())
		t.Addresses = t.Addresses[:min(len(t.Addresses), mostInTicket)]
	}
	p.mu.Lock()
	p.ticket = t
	p.mu.Unlock()
	if t.Relay == "" {
		return
	}
	o := transport.RoomOptions{Admission: a, Patient: true, Changed: func(s transport.RoomState) {
		if s.Err != nil && ctx.Err() == nil {
			p.log.Info("the ticket is not good at the relay now", "reason", reason(s.Err))
		}
	}}
	hosted, err := ep.Host(ctx, doors.Relay, transport.RoomOfToken(token.Public()), o)
	if err != nil {
		p.log.Warn("the ticket is not good at the relay", "reason", reason(err))
		return
	}
	p.running.Go(func() {
		<-ctx.Done()
		hosted.Close()
	})
}

// ticketWord is the ticket that is good now, or "".
func (p *pairing) ticketWord() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shot.State != tui.PairingWaiting || p.ticket.Token.IsZero() {
		return ""
	}
	return p.ticket.Reveal()
}

// QR implements tui.Pairing: the ticket, or else the code.
func (p *pairing) QR(most int) [][]bool {
	for _, word := range []string{p.ticketWord(), p.Look().Code} {
		if squares := qrOf(word); squares != nil && len(squares) <= most {
			return squares
		}
	}
	return nil
}

// qrOf returns the squares of a QR code, true where it is dark, without the margin;
// nil for no text.
func qrOf(text string) [][]bool {
	if text == "" {
		return nil
	}
	code, err := qr.Encode(text, qr.L, qr.Unicode)
	if err != nil { // it is too long for any
		return nil
	}
	at := code.Bounds()
	squares := make([][]bool, at.Dy())
	for y := range squares {
		squares[y] = make([]bool, at.Dx())
		for x := range squares[y] {
			r, _, _, _ := code.At(at.Min.X+x, at.Min.Y+y).RGBA()
			squares[y][x] = r == 0
		}
	}
	return squares
}
